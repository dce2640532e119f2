/* A case.submit of any content: its canonical text is a submission that says
 * the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/submit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
    if (!ok)
        abort();
}

static void check_problem(int rc, const struct dk_problem *p)
{
    check(rc == DK_EFIELD && p->code == rc);
    check(p->pointer[0] == '/' || p->pointer[0] == '\0');
    check(dk_utf8_valid(p->detail, strlen(p->detail)) == strlen(p->detail));
    check(dk_utf8_valid(p->detail_zh, strlen(p->detail_zh)) ==
          strlen(p->detail_zh));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dk_problem p = {0};
    struct dk_jw a = {0}, b = {0};
    struct dk_submit s;
    cJSON *v, *back;
    int rc;

    if (dk_json_parse_obj((const char *)data, size, DK_BODY_MAX, &v, NULL) != 0)
        return 0;
    rc = dk_submit_read(v, &s, &p);
    if (rc != 0) {
        check_problem(rc, &p);
        cJSON_Delete(v);
        return 0;
    }
    dk_submit_write_canonical(&a, &s);
    check(dk_json_parse_obj(a.buf, a.len, a.len, &back, NULL) == 0);
    check(dk_submit_read(back, &s, NULL) == 0);
    dk_submit_write_canonical(&b, &s);
    check(a.len == b.len && memcmp(a.buf, b.buf, a.len) == 0);
    cJSON_Delete(back);
    cJSON_Delete(v);
    dk_jw_fini(&a);
    dk_jw_fini(&b);
    return 0;
}
