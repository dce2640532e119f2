#include "daemon/chain.h"

#include <sodium.h>
#include <string.h>

/* A number, then `after`. */
static char *put_int(char *p, int64_t v, char after)
{
    char digits[20];
    size_t i = sizeof(digits);
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

    do {
        digits[--i] = (char)('0' + u % 10);
        u /= 10;
    } while (u > 0);
    if (v < 0)
        *p++ = '-';
    memcpy(p, digits + i, sizeof(digits) - i);
    p += sizeof(digits) - i;
    *p++ = after;
    return p;
}

/* At most `max` bytes of s, then a line end. */
static char *put_line(char *p, const char *s, size_t max)
{
    size_t n = strnlen(s, max);

    memcpy(p, s, n);
    p += n;
    *p++ = '\n';
    return p;
}

size_t chain_head(const struct dk_event *e, char out[CHAIN_HEAD])
{
    char *p = put_int(out, e->key, '\n');

    p = put_int(p, e->n, '\n');
    p = put_line(p, dk_ev_name(e->type), 64);
    p = put_int(p, e->at, '\n');
    p = e->claimed != DK_NEVER ? put_int(p, e->claimed, '\n')
                               : put_line(p, "-", 1);
    p = put_line(p, e->actor, DK_ID_MAX);
    *p = '\0';
    return (size_t)(p - out);
}

void chain_hash(const uint8_t prev[DK_HASH_LEN], const struct dk_event *e,
                uint8_t out[DK_HASH_LEN])
{
    crypto_generichash_state st;
    char head[CHAIN_HEAD];
    size_t len = chain_head(e, head);

    crypto_generichash_init(&st, NULL, 0, DK_HASH_LEN);
    crypto_generichash_update(&st, prev, DK_HASH_LEN);
    crypto_generichash_update(&st, (const unsigned char *)head, len);
    crypto_generichash_update(&st, (const unsigned char *)e->body, e->body_len);
    crypto_generichash_final(&st, out, DK_HASH_LEN);
}

void chain_commit(const uint8_t salt[16], const void *data, size_t len,
                  char out[2 * DK_HASH_LEN + 1])
{
    uint8_t h[DK_HASH_LEN];

    crypto_generichash(h, sizeof(h), data, len, salt, 16);
    sodium_bin2hex(out, 2 * DK_HASH_LEN + 1, h, sizeof(h));
}
