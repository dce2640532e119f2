#include "daemon/chain.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

void chain_hash(const uint8_t prev[DK_HASH_LEN], const struct dk_event *e,
                uint8_t out[DK_HASH_LEN])
{
    crypto_generichash_state st;
    char claimed[24] = "-";
    char head[192 + DK_ID_MAX];

    if (e->claimed != DK_NEVER)
        snprintf(claimed, sizeof(claimed), "%" PRId64, e->claimed);
    snprintf(head, sizeof(head),
             "%" PRId64 "\n%" PRIu32 "\n%s\n%" PRId64 "\n%s\n%s\n", e->key,
             e->n, dk_ev_name(e->type), e->at, claimed, e->actor);
    crypto_generichash_init(&st, NULL, 0, DK_HASH_LEN);
    crypto_generichash_update(&st, prev, DK_HASH_LEN);
    crypto_generichash_update(&st, (const unsigned char *)head, strlen(head));
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
