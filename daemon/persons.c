#include "daemon/persons.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/chain.h"
#include "daemon/daemon.h"

#define SALT 16 /* sealed with the data, in front of it */

/* ---- opening ------------------------------------------------------------- */

/* The first thing that is sealed asks for the ring: before that nothing is
 * known of the store, and no key must be left behind for one that is not used.
 */
static int load_ring(struct daemon *d, bool make, struct dk_problem *p)
{
    bool made = false;
    char id[SEAL_ID_TEXT], path[SECRET_PATH_MAX + 8];
    struct seal *ring = &d->persons.ring;

    if (ring->n > 0)
        return DK_OK;
    int rc = seal_load(ring, make, &made, p);
    if (rc != DK_OK || !made)
        return rc;
    seal_id_text(seal_current(ring), id);
    log_warn("seal_key_made", "key=%s file=%s why=\"%s\"", id,
             log_quote(ring->path, path, sizeof(path)),
             "keep a copy of this file apart from the backups: without it "
             "nobody can read who the petitioners are");
    return DK_OK;
}

static int on_seal(void *arg, int64_t key, const void *plain, size_t len,
                   void **out, size_t *out_len, int64_t *id)
{
    struct daemon *d = arg;
    dk_problem_clear(&d->persons.problem);
    int rc = load_ring(d, true, &d->persons.problem);

    return rc != DK_OK
               ? rc
               : seal_wrap(&d->persons.ring, key, plain, len, out, out_len, id);
}

void persons_rehash(const uint8_t secret[32], uint8_t hash[16])
{
    static const char what[] = "docket request";
    crypto_generichash_state st;

    crypto_generichash_init(&st, secret, 32, 16);
    crypto_generichash_update(&st, (const uint8_t *)what, sizeof(what));
    crypto_generichash_update(&st, hash, 16);
    crypto_generichash_final(&st, hash, 16);
}

void persons_open(struct daemon *d, struct store_options *opt)
{
    char file[SECRET_PATH_MAX];
    const struct config *c = d->cfg;
    bool memory = strncmp(c->store, "mem:", 4) == 0;

    if (c->seal.key[0] != '\0')
        snprintf(file, sizeof(file), "%s", c->seal.key);
    else
        snprintf(file, sizeof(file), "%s/seal.key", c->data);
    d->persons = (struct persons){.lost = seal_id_parse(c->seal.lost)};
    seal_init(&d->persons.ring, (int32_t)c->county, memory ? NULL : file);
    opt->seal = on_seal;
    opt->seal_arg = d;
    opt->rehash = persons_rehash;
}

static int no_such_key(const struct daemon *d, int64_t id, struct dk_problem *p)
{
    char text[SEAL_ID_TEXT];

    seal_id_text(id, text);
    return dk_failf(p, DK_ENOTFOUND, NULL,
                    "personal data is sealed with key %s, which is not in "
                    "%.160s; put the copy of the key file back. Only if it is "
                    "lost for ever: seal.lost = %s, see docs/SECURITY.md",
                    "个人信息以密钥 %s 封存，但 %.160s 中没有该密钥；请恢复密钥"
                    "文件备份。确已永久丢失时方可设置 seal.lost = %s，参见 "
                    "docs/SECURITY.md",
                    text, d->persons.ring.path, text);
}

/* Every key that something is sealed with, but the one given up. */
static int check_keys(struct daemon *d, struct dk_problem *p)
{
    struct persons *s = &d->persons;
    int64_t id = STORE_ERASED;
    int rc;

    if (d->info.seal != STORE_PLAIN && !seal_has(&s->ring, d->info.seal) &&
        d->info.seal != s->lost)
        return no_such_key(d, d->info.seal, p);
    while ((rc = store_next_seal(d->st, id, &id)) == DK_OK) {
        if (id != STORE_PLAIN && !seal_has(&s->ring, id) && id != s->lost)
            return no_such_key(d, id, p);
    }
    return rc == DK_ENOTFOUND ? DK_OK : dk_fail(p, rc, NULL, NULL, NULL);
}

/* A new secret in place of one that nobody can open any more: every query code
 * that was given out is worthless from now on.
 */
static int renew_secret(struct daemon *d)
{
    struct persons *s = &d->persons;

    if (secret_room(&s->codes, 32) != DK_OK)
        return DK_ENOMEM;
    randombytes_buf(s->codes.v, 32);
    d->info.seal = 0; /* of no key: sealed by the first slice */
    log_warn("query_codes_lost", "why=\"the secret they are made with is "
                                 "sealed by the lost key\"");
    return DK_OK;
}

static int open_secret(struct daemon *d, struct dk_problem *p)
{
    struct persons *s = &d->persons;
    void *plain = NULL;
    size_t n = 0;

    if (d->info.seal == STORE_PLAIN) {
        if (secret_room(&s->codes, 32) != DK_OK)
            return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
        memcpy(s->codes.v, d->info.secret, 32);
        return DK_OK;
    }
    if (!seal_has(&s->ring, d->info.seal))
        return renew_secret(d) == DK_OK
                   ? DK_OK
                   : dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    int rc = seal_unwrap(&s->ring, 0, d->info.seal, d->info.sealed,
                         d->info.sealed_len, &plain, &n);
    if (rc == DK_OK && n == 32)
        rc = secret_room(&s->codes, 32);
    if (rc == DK_OK && n == 32)
        memcpy(s->codes.v, plain, 32);
    seal_forget(plain, n);
    if (rc == DK_OK && n == 32)
        return DK_OK;
    if (rc == DK_ENOMEM) /* which says nothing about the store */
        return dk_fail(p, rc, NULL, NULL, NULL);
    return dk_fail(
        p, DK_EIO, NULL,
        "the store's secret is damaged; restore a backup, see "
        "docs/STORE.md, \"Damage\"",
        "数据库中的机密已损坏；请恢复备份，参见 docs/STORE.md“Damage”"
        "一节");
}

/* A key that something is sealed with and that is not given up; STORE_PLAIN:
 * there is none.  A store that was recovered may have nothing sealed yet; else
 * a ring that is not there must never be made anew.
 */
static int needed_key(struct daemon *d, int64_t *id)
{
    int64_t lost = d->persons.lost;
    int rc = DK_OK;

    *id = d->info.seal;
    if (*id != STORE_PLAIN && *id != lost)
        return DK_OK;
    *id = STORE_PLAIN;
    do
        rc = store_next_seal(d->st, *id, id);
    while (rc == DK_OK && *id == lost);
    if (rc == DK_ENOTFOUND)
        *id = STORE_PLAIN;
    return rc == DK_ENOTFOUND ? DK_OK : rc;
}

/* A key that was given up and is here after all opens as any other. */
static void not_lost(struct persons *s)
{
    char id[SEAL_ID_TEXT];

    if (s->lost == 0 || !seal_has(&s->ring, s->lost))
        return;
    seal_id_text(s->lost, id);
    s->lost = 0;
    log_warn("seal_key_found", "key=%s why=\"%s\"", id,
             "it is in the key file: take seal.lost out of the configuration");
}

int persons_ready(struct daemon *d, struct dk_problem *p)
{
    int64_t id;
    int rc = needed_key(d, &id);

    if (rc != DK_OK)
        return dk_fail(p, rc, NULL, NULL, NULL);
    rc = load_ring(d, id == STORE_PLAIN, p);
    if (rc == DK_ENOTFOUND && id != STORE_PLAIN)
        return no_such_key(d, id, p);
    if (rc == DK_OK)
        not_lost(&d->persons);
    if (rc == DK_OK)
        rc = check_keys(d, p);
    if (rc == DK_OK)
        rc = open_secret(d, p);
    if (rc != DK_OK)
        return rc;
    rc = persons_start(d);
    return rc == DK_OK ? DK_OK : dk_fail(p, rc, NULL, NULL, NULL);
}

void persons_fini(struct daemon *d)
{
    secret_wipe(&d->persons.codes);
    seal_fini(&d->persons.ring);
}

const uint8_t *persons_secret(const struct daemon *d)
{
    return d->persons.codes.v != NULL ? d->persons.codes.v : d->info.secret;
}

/* ---- keeping and opening ------------------------------------------------- */

int persons_put(struct daemon *d, int64_t key, const void *plain, size_t len)
{
    struct batch *b = &d->batch;
    struct store_person row = {.key = key};
    void *sealed = NULL;
    int rc = seal_wrap(&d->persons.ring, key, plain, len, &sealed, &row.len,
                       &row.seal);

    row.data = sealed;
    if (rc == DK_OK &&
        vec_grow(&b->person, &b->cap_person, b->n_person + 1) != DK_OK)
        rc = DK_ENOMEM;
    if (rc == DK_OK)
        b->person[b->n_person++] = row;
    else
        free(sealed);
    return rc;
}

int persons_keep(struct daemon *d, const struct dk_submit *s, int64_t key,
                 char commitment[2 * DK_HASH_LEN + 1])
{
    struct dk_jw w = {0};
    uint8_t salt[SALT];
    size_t len = 0;

    randombytes_buf(salt, sizeof(salt));
    dk_jw_raw(&w, NULL, (const char *)salt, sizeof(salt));
    w.comma = false;
    dk_submit_write_persons(&w, s);
    char *plain = dk_jw_take(&w, &len);
    if (plain == NULL)
        return DK_ENOMEM;
    chain_commit(salt, plain + SALT, len - SALT, commitment);
    int rc = persons_put(d, key, plain, len);
    seal_forget(plain, len);
    return rc;
}

const char *persons_commitment(const void *plain, size_t len,
                               char out[2 * DK_HASH_LEN + 1])
{
    const char *text = (const char *)plain + SALT;

    if (len <= SALT)
        return NULL;
    chain_commit(plain, text, len - SALT, out);
    return text;
}

static bool opens(const struct seal *ring, const struct store_person *row,
                  const char *commitment)
{
    char hex[2 * DK_HASH_LEN + 1] = "";
    void *plain = NULL;
    size_t n = 0;

    if (seal_unwrap(ring, row->key, row->seal, row->data, row->len, &plain,
                    &n) == DK_OK)
        (void)persons_commitment(plain, n, hex);
    seal_forget(plain, n);
    return strcmp(hex, commitment) == 0;
}

bool persons_fit(const struct daemon *d, struct store_person *row,
                 const char *commitment)
{
    const struct seal *ring = &d->persons.ring;
    int64_t told = row->seal;

    if (told == STORE_ERASED)
        return false;
    bool fits = opens(ring, row, commitment);
    for (int i = 0; !fits && i < ring->n; i++) {
        row->seal = ring->id[i];
        fits = opens(ring, row, commitment);
    }
    row->seal = fits ? row->seal : told;
    return fits;
}

int persons_get(struct daemon *d, int64_t key, struct persons_open *out)
{
    struct store_person row;

    *out = (struct persons_open){.is = PERSONS_NONE};
    int rc = store_person_get(d->st, key, &row);
    if (rc != DK_OK)
        return rc == DK_ENOTFOUND ? DK_OK : rc;
    if (row.seal == STORE_ERASED) {
        const uint8_t *v = row.data;
        out->is = row.len == 0 || sodium_is_zero(v, row.len) ? PERSONS_ERASED
                                                             : PERSONS_SHUT;
        free((void *)(uintptr_t)row.data);
        return DK_OK;
    }
    rc = seal_unwrap(&d->persons.ring, key, row.seal, row.data, row.len,
                     &out->base, &out->base_len);
    free((void *)(uintptr_t)row.data);
    if (rc == DK_ENOMEM)
        return rc;
    if (rc == DK_OK)
        out->text =
            persons_commitment(out->base, out->base_len, out->commitment);
    out->is = out->text != NULL ? PERSONS_THERE : PERSONS_SHUT;
    if (out->is == PERSONS_SHUT) {
        persons_close(out);
        return DK_OK;
    }
    out->len = out->base_len - SALT;
    return DK_OK;
}

void persons_close(struct persons_open *o)
{
    seal_forget(o->base, o->base_len);
    o->base = NULL;
    o->text = NULL;
}
