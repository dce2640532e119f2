#include "uuid.h"

#include <string.h>

#include "problem.h"

static int nibble(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

static bool hyphen_before(int byte)
{
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

int dk_uuid_parse(const char *s, size_t n, struct dk_uuid *out)
{
    struct dk_uuid u;

    if (n != DK_UUID_TEXT - 1)
        return DK_EFIELD;
    for (int i = 0; i < 16; i++) {
        int hi, lo;

        if (hyphen_before(i) && *s++ != '-')
            return DK_EFIELD;
        hi = nibble(s[0]);
        lo = nibble(s[1]);
        if (hi < 0 || lo < 0)
            return DK_EFIELD;
        u.b[i] = (uint8_t)(hi << 4 | lo);
        s += 2;
    }
    *out = u;
    return 0;
}

void dk_uuid_format(const struct dk_uuid *u, char buf[DK_UUID_TEXT])
{
    static const char hex[] = "0123456789abcdef";

    for (int i = 0; i < 16; i++) {
        if (hyphen_before(i))
            *buf++ = '-';
        *buf++ = hex[u->b[i] >> 4];
        *buf++ = hex[u->b[i] & 15];
    }
    *buf = '\0';
}

bool dk_uuid_is_v7(const struct dk_uuid *u)
{
    return (u->b[6] & 0xf0) == 0x70 && (u->b[8] & 0xc0) == 0x80;
}

dk_ms dk_uuid_time(const struct dk_uuid *u)
{
    dk_ms t = 0;

    for (int i = 0; i < 6; i++)
        t = t << 8 | u->b[i];
    return t;
}

void dk_uuid_v7(struct dk_uuid *out, dk_ms now, const uint8_t rnd[10])
{
    for (int i = 5; i >= 0; i--) {
        out->b[i] = (uint8_t)(now & 0xff);
        now >>= 8;
    }
    memcpy(out->b + 6, rnd, 10);
    out->b[6] = (uint8_t)(0x70 | (out->b[6] & 0x0f));
    out->b[8] = (uint8_t)(0x80 | (out->b[8] & 0x3f));
}
