/* Frames of any number and content.  Input: a byte of length before each
 * frame; 255 stands for "the rest".
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/frames.h"

#define FRAMES_MAX 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int ok)
{
    if (!ok)
        abort();
}

static size_t split(const uint8_t *data, size_t size,
                    struct dk_frame f[FRAMES_MAX])
{
    size_t n = 0;

    while (size > 0 && n < FRAMES_MAX) {
        size_t len = *data++;

        size--;
        if (len == 255 || len > size)
            len = size;
        f[n++] = (struct dk_frame){data, len};
        data += len;
        size -= len;
    }
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dk_frame f[FRAMES_MAX];
    struct dk_problem p = {0};
    struct dk_msg m;
    size_t n = split(data, size, f);
    int rc = dk_frames_read(f, n, &m, &p);

    check(strlen(m.request) <= DK_REQUEST_MAX && strlen(m.type) <= DK_TYPE_MAX);
    for (const char *s = m.request; *s != '\0'; s++)
        check(*s >= 0x20 && *s <= 0x7e);
    if (rc != 0) {
        check(p.code == rc && p.detail[0] != '\0' && p.detail_zh[0] != '\0');
        return 0;
    }
    check(n == 4 && m.request[0] != '\0' && m.type[0] != '\0');
    check(m.body == f[3].data && m.body_len == f[3].len);
    check(m.body_len <= DK_BODY_MAX);
    return 0;
}
