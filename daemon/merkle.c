#include "daemon/merkle.h"

#include <sodium.h>
#include <string.h>

void merkle_leaf(int64_t seq, const uint8_t hash[DK_HASH_LEN], merkle_hash out)
{
    uint8_t text[1 + 8 + DK_HASH_LEN] = {0x00};

    for (int i = 0; i < 8; i++)
        text[1 + i] = (uint8_t)((uint64_t)seq >> (56 - 8 * i));
    memcpy(text + 9, hash, DK_HASH_LEN);
    crypto_generichash(out, DK_HASH_LEN, text, sizeof(text), NULL, 0);
}

void merkle_node(const merkle_hash left, const merkle_hash right,
                 merkle_hash out)
{
    uint8_t text[1 + 2 * DK_HASH_LEN] = {0x01};

    memcpy(text + 1, left, DK_HASH_LEN);
    memcpy(text + 1 + DK_HASH_LEN, right, DK_HASH_LEN);
    crypto_generichash(out, DK_HASH_LEN, text, sizeof(text), NULL, 0);
}

void merkle_push(struct merkle *m, const merkle_hash leaf)
{
    merkle_hash h;

    memcpy(h, leaf, sizeof(h));
    for (uint64_t i = m->n; (i & 1) != 0; i >>= 1)
        merkle_node(m->v[--m->top], h, h);
    memcpy(m->v[m->top++], h, sizeof(h));
    m->n++;
}

void merkle_root(const struct merkle *m, merkle_hash out)
{
    int i = m->top - 1;

    if (i < 0) { /* (nobody asks) */
        memset(out, 0, DK_HASH_LEN);
        return;
    }
    memcpy(out, m->v[i], DK_HASH_LEN);
    while (i-- > 0)
        merkle_node(m->v[i], out, out);
}

void merkle_root_of(const uint8_t *v, size_t n, merkle_hash out)
{
    struct merkle m = {.n = 0};

    for (size_t i = 0; i < n; i++)
        merkle_push(&m, v + i * DK_HASH_LEN);
    merkle_root(&m, out);
}

void merkle_path_of(uint8_t *v, size_t n, size_t i, struct merkle_path *out)
{
    const size_t len = DK_HASH_LEN;

    while (n > 1) {
        size_t beside = i ^ 1;
        if (beside < n) {
            out->step[out->n].left = beside < i;
            memcpy(out->step[out->n++].hash, v + beside * len, len);
        }
        for (size_t k = 0; k < n / 2; k++)
            merkle_node(v + 2 * k * len, v + (2 * k + 1) * len, v + k * len);
        if (n % 2 != 0)
            memmove(v + n / 2 * len, v + (n - 1) * len, len);
        i /= 2;
        n = (n + 1) / 2;
    }
}
