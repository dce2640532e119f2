#include "frames.h"

#include <stdbool.h>
#include <string.h>

static bool type_ok(const struct dk_frame *f)
{
    const char *s = f->data;

    if (f->len < 1 || f->len > DK_TYPE_MAX)
        return false;
    for (size_t i = 0; i < f->len; i++) {
        if (!((s[i] >= 'a' && s[i] <= 'z') || s[i] == '.'))
            return false;
    }
    return true;
}

static bool request_ok(const struct dk_frame *f)
{
    const char *s = f->data;

    if (f->len < 1 || f->len > DK_REQUEST_MAX)
        return false;
    for (size_t i = 0; i < f->len; i++) {
        if (s[i] < 0x20 || s[i] > 0x7e)
            return false;
    }
    return true;
}

static void copy(char *to, const struct dk_frame *f)
{
    memcpy(to, f->data, f->len);
    to[f->len] = '\0';
}

static bool version_ok(const struct dk_frame *f)
{
    const size_t n = sizeof(DK_VERSION_FRAME) - 1;

    return f->len == n && memcmp(f->data, DK_VERSION_FRAME, n) == 0;
}

int dk_frames_read_max(const struct dk_frame *f, size_t n, size_t max,
                       struct dk_msg *out, struct dk_problem *p)
{
    memset(out, 0, sizeof(*out));
    if (n >= 3 && request_ok(&f[2]))
        copy(out->request, &f[2]);
    if (n != 4)
        return dk_failf(p, DK_EFRAMES, NULL,
                        "the message has %zu frames; send four: \"DKT1\", "
                        "type, request id, JSON body",
                        "消息有 %zu 帧；请发送四帧：“DKT1”、类型、"
                        "请求号、JSON 正文",
                        n);
    if (!version_ok(&f[0]))
        return dk_fail(p, DK_EVERSION, NULL,
                       "the first frame must be \"DKT1\": no other version is "
                       "spoken here",
                       "第一帧必须是“DKT1”：此处不支持其他版本");
    if (!type_ok(&f[1]))
        return dk_failf(p, DK_EFRAMES, NULL,
                        "the type (second frame) is 1 to %d bytes of a-z "
                        "and '.'",
                        "类型（第二帧）须为 1 至 %d 字节，只含 a-z 和 '.'",
                        DK_TYPE_MAX);
    if (out->request[0] == '\0')
        return dk_failf(p, DK_EFRAMES, NULL,
                        "the request id (third frame) is 1 to %d bytes of "
                        "printable ASCII",
                        "请求号（第三帧）须为 1 至 %d 字节的可打印 ASCII "
                        "字符",
                        DK_REQUEST_MAX);
    copy(out->type, &f[1]);
    if (f[3].len > max)
        return dk_failf(p, DK_ETOOBIG, NULL,
                        "the body has %zu bytes; at most %zu are allowed",
                        "正文有 %zu 字节；最多允许 %zu 字节", f[3].len, max);
    out->body = f[3].data;
    out->body_len = f[3].len;
    return 0;
}

int dk_frames_read(const struct dk_frame *f, size_t n, struct dk_msg *out,
                   struct dk_problem *p)
{
    return dk_frames_read_max(f, n, DK_BODY_MAX, out, p);
}
