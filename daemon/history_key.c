/* history_key.c - the key that signs checkpoints, and those that did before. */
#include <libgen.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "daemon/daemon.h"

#define SEED_HEX (2 * crypto_sign_SEEDBYTES)

/* 64 hex digits and a line feed, so that it can be kept on paper. */
static size_t make_seed(void *arg, uint8_t *to, size_t cap)
{
    uint8_t seed[crypto_sign_SEEDBYTES];

    (void)arg;
    if (cap < SEED_HEX + 1)
        return 0;
    randombytes_buf(seed, sizeof(seed));
    for (size_t i = 0; i < sizeof(seed); i++) {
        static const char digits[] = "0123456789abcdef";
        to[2 * i] = (uint8_t)digits[seed[i] >> 4];
        to[2 * i + 1] = (uint8_t)digits[seed[i] & 15];
    }
    to[SEED_HEX] = '\n';
    sodium_memzero(seed, sizeof(seed));
    return SEED_HEX + 1;
}

static bool unhex(const char *s, size_t len, uint8_t *out, size_t n)
{
    size_t got = 0;

    return len == 2 * n &&
           sodium_hex2bin(out, n, s, len, NULL, &got, NULL) == 0 && got == n;
}

static int take_seed(struct history_state *h, const char *hex, size_t len)
{
    uint8_t seed[crypto_sign_SEEDBYTES];

    while (len > 0 && (hex[len - 1] == '\n' || hex[len - 1] == '\r'))
        len--;
    bool good = unhex(hex, len, seed, sizeof(seed));
    if (good)
        crypto_sign_seed_keypair(h->key, h->secret.v, seed);
    sodium_memzero(seed, sizeof(seed));
    return good ? DK_OK : DK_EFIELD;
}

/* A store without a folder, which is for tests: a key that is always the same,
 * for its secret is zeroes as soon as it is sealed.
 */
static int passing_key(const struct daemon *d, struct history_state *h)
{
    static const char what[] = "docket checkpoint";
    uint8_t seed[crypto_sign_SEEDBYTES];

    crypto_generichash(seed, sizeof(seed), (const uint8_t *)what, sizeof(what),
                       d->info.secret, sizeof(d->info.secret));
    crypto_sign_seed_keypair(h->key, h->secret.v, seed);
    sodium_memzero(seed, sizeof(seed));
    return DK_OK;
}

static int kept_key(struct daemon *d, struct dk_problem *p)
{
    char file[SECRET_PATH_MAX];
    struct secret seed;
    bool made = false;

    if (d->cfg->history.key[0] != '\0') {
        snprintf(file, sizeof(file), "%s", d->cfg->history.key);
    } else if (strncmp(d->cfg->store, "sqlite:", 7) != 0) {
        snprintf(file, sizeof(file), "%s/checkpoint.key", d->cfg->data);
    } else { /* beside the database */
        char store[sizeof(d->cfg->store)];
        snprintf(store, sizeof(store), "%s", d->cfg->store + strlen("sqlite:"));
        snprintf(file, sizeof(file), "%s/checkpoint.key", dirname(store));
    }
    struct secret_place at = {
        .credential = "docket.checkpoint", .file = file, .max = SEED_HEX + 2};
    int rc = secret_obtain(&at, make_seed, NULL, &seed, &made, p);
    if (rc != DK_OK)
        return rc;
    rc = take_seed(&d->history, (const char *)seed.v, seed.len);
    if (rc != DK_OK)
        rc = dk_failf(p, rc, NULL,
                      "the checkpoint key %.300s is not 64 hex digits; bring "
                      "back the right file, or move it away and docketd makes "
                      "a new key",
                      "检查点签名密钥 %.300s 应为 64 位十六进制数；请恢复正确的"
                      "文件，或将其移走，由 docketd 生成新密钥",
                      seed.path);
    else if (made)
        log_info("key_made",
                 "what=checkpoint file=%s why=\"there was none; keep a copy "
                 "elsewhere\"",
                 seed.path);
    secret_wipe(&seed);
    return rc;
}

static int old_keys(struct daemon *d, struct dk_problem *p)
{
    struct history_state *h = &d->history;
    const char *s = d->cfg->history.old_keys;

    for (;;) {
        s += strspn(s, " ,");
        size_t len = strcspn(s, " ,");
        if (len == 0)
            return DK_OK;
        if (h->n_old == HISTORY_KEYS - 1 ||
            !unhex(s, len, h->old[h->n_old], DK_CKPT_KEY))
            return dk_fail(p, DK_EFIELD, NULL,
                           "'old_keys' under [history] must be up to 8 public "
                           "keys of 64 hex digits, as docketctl checkpoint key "
                           "prints them",
                           "[history] 下的 old_keys 须为至多 8 个公钥，每个为 "
                           "64 位十六进制数，见 docketctl checkpoint key");
        h->n_old++;
        s += len;
    }
}

int history_key(struct daemon *d, struct dk_problem *p)
{
    struct history_state *h = &d->history;
    int rc = secret_room(&h->secret, crypto_sign_SECRETKEYBYTES);

    if (rc != DK_OK)
        return dk_fail(p, rc, NULL, NULL, NULL);
    rc =
        strcmp(d->cfg->store, "mem:") == 0 ? passing_key(d, h) : kept_key(d, p);
    return rc == DK_OK ? old_keys(d, p) : rc;
}

bool history_trusts(const struct history_state *h,
                    const uint8_t key[DK_CKPT_KEY])
{
    bool known = memcmp(key, h->key, DK_CKPT_KEY) == 0;

    for (int i = 0; i < h->n_old; i++)
        known = known || memcmp(key, h->old[i], DK_CKPT_KEY) == 0;
    return known;
}
