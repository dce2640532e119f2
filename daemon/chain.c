#include "daemon/chain.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

size_t chain_head(const struct dk_event *e, char out[CHAIN_HEAD])
{
    char claimed[24] = "-";

    if (e->claimed != DK_NEVER)
        snprintf(claimed, sizeof(claimed), "%" PRId64, e->claimed);
    int n = snprintf(
        out, CHAIN_HEAD, "%" PRId64 "\n%" PRIu32 "\n%s\n%" PRId64 "\n%s\n%s\n",
        e->key, e->n, dk_ev_name(e->type), e->at, claimed, e->actor);
    return n > 0 ? (size_t)n : 0;
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
