#include "daemon/seal.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD     "docket-seal-1\n"
#define RING_MAX 1024 /* bytes of the file */
#define NONCE    crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG      crypto_aead_xchacha20poly1305_ietf_ABYTES
#define PAD      64 /* lengths say less about names and addresses */

_Static_assert(SEAL_KEY_LEN == crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
               "one size of keys");

/* ---- ids ----------------------------------------------------------------- */

void seal_id_text(int64_t id, char out[SEAL_ID_TEXT])
{
    snprintf(out, SEAL_ID_TEXT, "%016" PRIx64, (uint64_t)id);
}

int64_t seal_id_parse(const char *text)
{
    uint64_t v = 0;

    if (strlen(text) != SEAL_ID_TEXT - 1 ||
        strspn(text, "0123456789abcdef") != SEAL_ID_TEXT - 1 ||
        sscanf(text, "%16" SCNx64, &v) != 1 || v >> 62 != 1)
        return 0;
    return (int64_t)v;
}

static int64_t id_of(const uint8_t *key)
{
    static const char what[] = "docket: which key is this";
    uint64_t v;
    uint8_t h[16];

    crypto_generichash(h, sizeof(h), (const uint8_t *)what, sizeof(what) - 1,
                       key, SEAL_KEY_LEN);
    memcpy(&v, h, sizeof(v));
    return (int64_t)((v & ((UINT64_C(1) << 62) - 1)) | UINT64_C(1) << 62);
}

/* ---- the ring ------------------------------------------------------------ */

void seal_init(struct seal *s, int32_t county, const char *file)
{
    *s = (struct seal){.county = county};
    if (file == NULL)
        return;
    snprintf(s->file, sizeof(s->file), "%s", file);
    snprintf(s->path, sizeof(s->path), "%s", file);
}

void seal_fini(struct seal *s)
{
    secret_wipe(&s->keys);
    s->n = 0;
}

static uint8_t *key_at(const struct seal *s, int i)
{
    return s->keys.v + (size_t)i * SEAL_KEY_LEN;
}

static int find(const struct seal *s, int64_t id)
{
    for (int i = 0; i < s->n; i++) {
        if (s->id[i] == id)
            return i;
    }
    return -1;
}

bool seal_has(const struct seal *s, int64_t id)
{
    return find(s, id) >= 0;
}

int64_t seal_current(const struct seal *s)
{
    return s->n > 0 ? s->id[0] : 0;
}

/* "key ID HEX\n"; what it is `at` moves behind it. */
static bool read_key(struct seal *s, const char **at)
{
    char id[SEAL_ID_TEXT];
    size_t len = 0;

    if (s->n == SEAL_KEYS_MAX || strncmp(*at, "key ", 4) != 0 ||
        strlen(*at) < 4 + 16 + 1 + 64)
        return false;
    snprintf(id, sizeof(id), "%s", *at + 4);
    const char *hex = *at + 4 + 16;
    if (*hex++ != ' ' ||
        sodium_hex2bin(key_at(s, s->n), SEAL_KEY_LEN, hex, 64, NULL, &len,
                       NULL) != 0 ||
        len != SEAL_KEY_LEN || id_of(key_at(s, s->n)) != seal_id_parse(id))
        return false;
    s->id[s->n] = seal_id_parse(id);
    s->n++;
    *at = hex + 64;
    if (**at == '\n')
        ++*at;
    else if (**at != '\0')
        return false;
    return true;
}

static int read_ring(struct seal *s, const struct secret *text,
                     struct dk_problem *p)
{
    const char *at = (const char *)text->v;
    bool good =
        strlen(at) == text->len && strncmp(at, HEAD, sizeof(HEAD) - 1) == 0;

    if (secret_room(&s->keys, SEAL_KEYS_MAX * SEAL_KEY_LEN) != DK_OK)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    s->n = 0;
    if (good)
        at += sizeof(HEAD) - 1;
    do
        good = good && read_key(s, &at);
    while (good && *at != '\0');
    if (good)
        return DK_OK;
    seal_fini(s);
    return dk_failf(
        p, DK_EFIELD, NULL,
        "%.200s is not a ring of seal keys of docket, or was "
        "changed; put its copy back",
        "%.200s 不是 docket 的封存密钥文件，或已被改动；请恢复其备份",
        text->path);
}

static size_t write_ring(const struct seal *s, int n, uint8_t *to, size_t cap)
{
    char *at = (char *)to, id[SEAL_ID_TEXT];
    size_t len = (size_t)snprintf(at, cap, "%s", HEAD);

    for (int i = 0; i < n; i++) {
        seal_id_text(s->id[i], id);
        len += (size_t)snprintf(at + len, cap - len, "key %s ", id);
        sodium_bin2hex(at + len, cap - len, key_at(s, i), SEAL_KEY_LEN);
        len += (size_t)2 * SEAL_KEY_LEN;
        at[len++] = '\n';
    }
    return len;
}

/* A first key, in memory that is locked.  A store in memory is for tests, and
 * what is in it may outlive the daemon there: its key is always the same.
 */
static int make_ring(struct seal *s)
{
    static const char what[] = "docket: the key of a store in memory";

    if (secret_room(&s->keys, SEAL_KEYS_MAX * SEAL_KEY_LEN) != DK_OK)
        return DK_ENOMEM;
    if (s->file[0] != '\0')
        randombytes_buf(key_at(s, 0), SEAL_KEY_LEN);
    else
        crypto_generichash(key_at(s, 0), SEAL_KEY_LEN, (const uint8_t *)what,
                           sizeof(what) - 1, NULL, 0);
    s->id[0] = id_of(key_at(s, 0));
    s->n = 1;
    return DK_OK;
}

static size_t make_text(void *arg, uint8_t *to, size_t cap)
{
    struct seal *s = arg;

    if (make_ring(s) != DK_OK)
        return 0;
    size_t n = write_ring(s, 1, to, cap);
    seal_fini(s);
    return n;
}

int seal_load(struct seal *s, bool make, bool *made, struct dk_problem *p)
{
    const struct secret_place at = {SEAL_CREDENTIAL, s->file, RING_MAX};
    struct secret text;

    *made = false;
    if (s->file[0] == '\0')
        return make_ring(s) == DK_OK ? DK_OK
                                     : dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    int rc = make ? secret_obtain(&at, make_text, s, &text, made, p)
                  : secret_read(&at, &text, p);
    if (rc != DK_OK)
        return rc;
    rc = read_ring(s, &text, p);
    s->credential = text.credential;
    snprintf(s->path, sizeof(s->path), "%s", text.path);
    secret_wipe(&text);
    return rc;
}

/* The first n keys of the ring become the file. */
static int store_ring(const struct seal *s, int n, struct dk_problem *p)
{
    struct secret text;

    if (s->file[0] == '\0')
        return DK_OK;
    if (s->credential)
        return dk_failf(p, DK_EFORBIDDEN, NULL,
                        "the seal key is a credential (%.160s), which docketd "
                        "cannot change; put the new ring there and restart, "
                        "see docs/SECURITY.md",
                        "封存密钥为系统凭据（%.160s），docketd 无法改动；请更新"
                        "凭据后重启，参见 docs/SECURITY.md",
                        s->path);
    if (secret_room(&text, RING_MAX) != DK_OK)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    size_t len = write_ring(s, n, text.v, RING_MAX);
    int rc = secret_replace(s->file, text.v, len, p);
    secret_wipe(&text);
    return rc;
}

static void shift(struct seal *s, int by)
{
    size_t n = (size_t)s->n;

    if (by > 0) {
        memmove(key_at(s, 1), key_at(s, 0), n * SEAL_KEY_LEN);
        memmove(&s->id[1], &s->id[0], n * sizeof(s->id[0]));
        s->n++;
        return;
    }
    memmove(key_at(s, 0), key_at(s, 1), (n - 1) * SEAL_KEY_LEN);
    memmove(&s->id[0], &s->id[1], (n - 1) * sizeof(s->id[0]));
    s->n--;
    sodium_memzero(key_at(s, s->n), SEAL_KEY_LEN);
}

int seal_new_key(struct seal *s, struct dk_problem *p)
{
    if (s->n == 0)
        return dk_fail(p, DK_EBUG, NULL, NULL, NULL);
    if (s->n == SEAL_KEYS_MAX)
        return dk_fail(p, DK_EBUSY, NULL,
                       "there are as many seal keys as can be; wait until the "
                       "rows of the oldest are sealed anew",
                       "封存密钥数量已达上限；请等待旧密钥的数据重新封存完毕");
    shift(s, 1);
    randombytes_buf(key_at(s, 0), SEAL_KEY_LEN);
    s->id[0] = id_of(key_at(s, 0));
    int rc = store_ring(s, s->n, p);
    if (rc != DK_OK)
        shift(s, -1);
    return rc;
}

int seal_drop_old(struct seal *s, struct dk_problem *p)
{
    if (s->n <= 1)
        return DK_OK;
    int rc = store_ring(s, 1, p);
    if (rc != DK_OK)
        return rc;
    sodium_memzero(key_at(s, 1), (size_t)(s->n - 1) * SEAL_KEY_LEN);
    s->n = 1;
    return DK_OK;
}

/* ---- sealing ------------------------------------------------------------- */

struct bound { /* what a sealed text belongs to */
    uint8_t b[64];
    size_t len;
};

static void bind(const struct seal *s, int64_t key, int64_t id,
                 struct bound *out)
{
    int n = snprintf((char *)out->b, sizeof(out->b),
                     "docket-1 %06d %" PRId64 " %016" PRIx64, (int)s->county,
                     key, (uint64_t)id);

    out->len = (size_t)n;
}

int seal_wrap(const struct seal *s, int64_t key, const void *plain, size_t len,
              void **out, size_t *out_len, int64_t *id)
{
    size_t padded = 0, cap = (len / PAD + 1) * PAD;
    struct bound to;
    uint8_t *v;

    *out = NULL;
    if (s->n == 0)
        return DK_EBUG;
    v = malloc(NONCE + cap + TAG);
    if (v == NULL)
        return DK_ENOMEM;
    memcpy(v + NONCE, plain, len);
    if (sodium_pad(&padded, v + NONCE, len, PAD, cap) != 0) {
        seal_forget(v, NONCE + cap);
        return DK_EBUG;
    }
    randombytes_buf(v, NONCE);
    bind(s, key, s->id[0], &to);
    crypto_aead_xchacha20poly1305_ietf_encrypt(v + NONCE, NULL, v + NONCE,
                                               padded, to.b, to.len, NULL, v,
                                               key_at(s, 0));
    *out = v;
    *out_len = NONCE + padded + TAG;
    *id = s->id[0];
    return DK_OK;
}

int seal_unwrap(const struct seal *s, int64_t key, int64_t id, const void *data,
                size_t len, void **plain, size_t *plain_len)
{
    const uint8_t *v = data;
    int k = find(s, id);
    struct bound to;
    size_t n = 0;

    *plain = NULL;
    if (id == 0) {
        *plain = malloc(len + 1);
        if (*plain != NULL)
            memcpy(*plain, data, len);
        *plain_len = len;
        return *plain != NULL ? DK_OK : DK_ENOMEM;
    }
    if (k < 0)
        return DK_ENOTFOUND;
    if (len < NONCE + TAG + PAD)
        return DK_EJSON;
    size_t padded = len - NONCE - TAG;
    uint8_t *out = malloc(padded);
    if (out == NULL)
        return DK_ENOMEM;
    bind(s, key, id, &to);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, v + NONCE,
                                                   len - NONCE, to.b, to.len, v,
                                                   key_at(s, k)) != 0 ||
        sodium_unpad(&n, out, padded, PAD) != 0) {
        seal_forget(out, padded);
        return DK_EJSON;
    }
    *plain = out;
    *plain_len = n;
    return DK_OK;
}

void seal_forget(void *plain, size_t len)
{
    if (plain != NULL)
        sodium_memzero(plain, len);
    free(plain);
}
