/* store_sqlite_seal.c - personal data: bytes that others sealed, the key by
 * which each row is, and what it takes to leave nothing of a row behind.
 *
 * A row is erased by as many zeroes, and an id as long as any other: it stays
 * where it is, so that no copy is left in a page that was tidied up.
 */
#include <stdlib.h>
#include <string.h>

#include "migrate.h"
#include "store_sqlite.h"

static int put_person(struct sq *s, const struct store_person *k)
{
    bool erase = k->seal == STORE_ERASED;
    struct sq_use u = sq_use(s, erase ? SQ_PERSON_ERASE : SQ_PERSON_PUT);

    if (erase) {
        sq_int(&u, k->seal);
        sq_int(&u, k->key);
    } else {
        sq_int(&u, k->key);
        sq_int(&u, k->seal);
        sq_blob(&u, k->data, k->len);
    }
    return sq_run(&u);
}

static int forget(struct sq *s, const struct dk_uuid *id)
{
    struct sq_use u = sq_use(s, SQ_REQUEST_FORGET);

    sq_int(&u, sq_slot(id));
    sq_blob(&u, id->b, sizeof id->b);
    int rc = sq_run(&u);
    if (rc != 0 || sq_changes(&u) != 0)
        return rc;
    u = sq_use(s, SQ_CLASH_FORGET);
    sq_blob(&u, id->b, sizeof id->b);
    return sq_run(&u);
}

int sq_put_persons(struct sq *s, const struct store_changes *ch)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < ch->n_person; i++)
        rc = put_person(s, &ch->person[i]);
    for (size_t i = 0; rc == 0 && i < ch->n_forget; i++)
        rc = forget(s, &ch->forget[i]);
    if (rc == 0 && ch->secret != NULL) {
        struct sq_use u = sq_use(s, SQ_SECRET_PUT);

        sq_blob(&u, ch->secret->data, ch->secret->len);
        sq_int(&u, ch->secret->seal);
        rc = sq_run(&u);
    }
    return rc;
}

/* The row that was stepped to; its data is borrowed. */
static struct store_person row_of(const struct sq_use *u)
{
    return (struct store_person){.key = sq_col_int(u, 0),
                                 .seal = sq_col_int(u, 1),
                                 .data = sqlite3_column_blob(u->q, 2),
                                 .len = sq_col_len(u, 2)};
}

int sq_person_get(struct store *st, int64_t key, struct store_person *out)
{
    struct sq_use u = sq_use((struct sq *)st, SQ_PERSON_GET);

    sq_int(&u, key);
    int rc = sq_step(&u);
    if (rc == 1) {
        struct store_person row = row_of(&u);
        void *data = malloc(row.len + 1);

        if (data == NULL)
            rc = DK_ENOMEM;
        else if (row.len != 0)
            memcpy(data, row.data, row.len);
        *out = row;
        out->data = data;
    } else if (rc == 0) {
        rc = DK_ENOTFOUND;
    }
    sq_end(&u);
    return rc == 1 ? 0 : rc;
}

int sq_persons(struct store *st, int64_t seal, int64_t after, int64_t limit,
               store_person_fn fn, void *arg)
{
    struct sq_use u = sq_use((struct sq *)st, SQ_PERSONS);
    int rc;

    sq_int(&u, seal);
    sq_int(&u, after);
    sq_int(&u, limit);
    while ((rc = sq_step(&u)) == 1) {
        struct store_person row = row_of(&u);

        rc = row.key > after ? fn(arg, &row) : sq_odd(u.s);
        after = row.key;
        if (rc != 0)
            break;
    }
    sq_end(&u);
    return rc < 0 ? rc : 0;
}

int sq_next_seal(struct store *st, int64_t after, int64_t *seal)
{
    struct sq_use u = sq_use((struct sq *)st, SQ_SEAL_NEXT);

    sq_int(&u, after);
    int rc = sq_step(&u);
    if (rc == 1)
        *seal = sq_col_int(&u, 0);
    sq_end(&u);
    if (rc != 1)
        return rc == 0 ? DK_ENOTFOUND : rc;
    /* Else it is damage, and whoever asks on would never come to an end. */
    return *seal > after ? 0 : sq_odd((struct sq *)st);
}

int sq_seal_rows(struct store *st, int64_t seal, int64_t limit, int64_t *rows)
{
    struct sq_use u = sq_use((struct sq *)st, SQ_SEAL_COUNT);

    sq_int(&u, seal);
    sq_int(&u, limit);
    int rc = sq_step(&u);
    if (rc == 1)
        *rows = sq_col_int(&u, 0);
    sq_end(&u);
    return rc < 0 ? rc : 0;
}

/* ---- from schema 2 ------------------------------------------------------- */

static int prepare(sqlite3 *db, const char *sql, sqlite3_stmt **q)
{
    return sqlite3_prepare_v2(db, sql, -1, q, NULL);
}

/* Run a statement that gives no row, and make it ready for the next time. */
static int run(sqlite3_stmt *q)
{
    int rc = sqlite3_step(q);
    int end = sqlite3_reset(q);

    return rc == SQLITE_DONE ? end : rc;
}

/* What the caller's sealing answered; it has told why. */
static int code_of(int rc)
{
    return rc == DK_OK       ? SQLITE_OK
           : rc == DK_ENOMEM ? SQLITE_NOMEM
           : rc == DK_EFULL  ? SQLITE_FULL
                             : SQLITE_ABORT;
}

/* Seal and bind: the id at parameter i, the bytes at i + 1. */
static int bind_sealed(sqlite3_stmt *q, int i, const struct store_options *opt,
                       int64_t key, const void *plain, size_t len)
{
    void *out = NULL;
    size_t n = len;
    int64_t id = STORE_PLAIN;
    int rc = SQLITE_OK;

    if (opt->seal != NULL)
        rc = code_of(opt->seal(opt->seal_arg, key, plain, len, &out, &n, &id));
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(q, i, id);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_blob64(q, i + 1, out != NULL ? out : plain, n,
                                 SQLITE_TRANSIENT);
    free(out);
    return rc;
}

int migrate_seal_secret(sqlite3 *db, const struct store_options *opt,
                        const uint8_t secret[32])
{
    sqlite3_stmt *q = NULL;
    int rc = prepare(db,
                     opt->seal == NULL
                         ? "UPDATE meta SET secret = ?1"
                         : "UPDATE meta SET secret = zeroblob(32), seal = ?1, "
                           "sealed = ?2",
                     &q);

    if (rc == SQLITE_OK && opt->seal == NULL)
        rc = sqlite3_bind_blob(q, 1, secret, 32, SQLITE_STATIC);
    else if (rc == SQLITE_OK)
        rc = bind_sealed(q, 1, opt, 0, secret, 32);
    if (rc == SQLITE_OK)
        rc = run(q);
    (void)sqlite3_finalize(q);
    return rc;
}

/* The salt of the commitment is sealed with the data: whoever has one without
 * the other could try out what the data may have been.
 */
static int move_person(sqlite3_stmt *from, sqlite3_stmt *to,
                       const struct store_options *opt)
{
    int64_t key = sqlite3_column_int64(from, 0);
    const void *salt = sqlite3_column_blob(from, 1);
    size_t n_salt = (size_t)sqlite3_column_bytes(from, 1);
    const void *data = sqlite3_column_blob(from, 2);
    size_t len = (size_t)sqlite3_column_bytes(from, 2);
    uint8_t *plain = malloc(n_salt + len + 1);
    int rc = plain == NULL ? SQLITE_NOMEM : sqlite3_bind_int64(to, 1, key);

    if (rc == SQLITE_OK && len == 0) {
        rc = sqlite3_bind_int64(to, 2, STORE_ERASED);
        if (rc == SQLITE_OK)
            rc = sqlite3_bind_zeroblob(to, 3, 0);
    } else if (rc == SQLITE_OK) {
        if (n_salt != 0)
            memcpy(plain, salt, n_salt);
        memcpy(plain + n_salt, data, len);
        rc = bind_sealed(to, 2, opt, key, plain, n_salt + len);
        explicit_bzero(plain, n_salt + len);
    }
    free(plain);
    return rc == SQLITE_OK ? run(to) : rc;
}

static int move_persons(sqlite3 *db, const struct store_options *opt)
{
    sqlite3_stmt *from = NULL, *to = NULL;
    int rc = prepare(
        db, "SELECT key, salt, data FROM person_plain ORDER BY key", &from);

    if (rc == SQLITE_OK)
        rc = prepare(
            db, "INSERT INTO person (key, seal, data) VALUES (?, ?, ?)", &to);
    while (rc == SQLITE_OK && (rc = sqlite3_step(from)) == SQLITE_ROW)
        rc = move_person(from, to, opt);
    (void)sqlite3_finalize(from);
    (void)sqlite3_finalize(to);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* The next row (where, hash) behind `where`, which it moves on; SQLITE_DONE:
 * there is none.  One query for each: a row that is changed while a query is
 * under way may come again.
 */
static int next_hash(sqlite3_stmt *get, sqlite3_value **where, uint8_t hash[16],
                     bool *good)
{
    int rc = *where == NULL ? SQLITE_OK : sqlite3_bind_value(get, 1, *where);

    if (rc == SQLITE_OK)
        rc = sqlite3_step(get);
    if (rc == SQLITE_ROW) {
        sqlite3_value_free(*where);
        *where = sqlite3_value_dup(sqlite3_column_value(get, 0));
        *good = sqlite3_column_bytes(get, 1) == 16; /* else verify tells */
        if (*good)
            memcpy(hash, sqlite3_column_blob(get, 1), 16);
        if (*where == NULL)
            rc = SQLITE_NOMEM;
    }
    int end = sqlite3_reset(get);
    return rc == SQLITE_ROW && end != SQLITE_OK ? end : rc;
}

static int rehash(sqlite3 *db, const char *get, const char *put,
                  const struct store_options *opt, const uint8_t secret[32])
{
    sqlite3_stmt *from = NULL, *to = NULL;
    sqlite3_value *where = NULL;
    uint8_t hash[16];
    bool good = false;
    int rc = prepare(db, get, &from);

    if (rc == SQLITE_OK)
        rc = prepare(db, put, &to);
    while (rc == SQLITE_OK &&
           (rc = next_hash(from, &where, hash, &good)) == SQLITE_ROW) {
        rc = SQLITE_OK;
        if (!good)
            continue;
        opt->rehash(secret, hash);
        rc = sqlite3_bind_blob(to, 1, hash, sizeof hash, SQLITE_STATIC);
        if (rc == SQLITE_OK)
            rc = sqlite3_bind_value(to, 2, where);
        if (rc == SQLITE_OK)
            rc = run(to);
    }
    sqlite3_value_free(where);
    (void)sqlite3_finalize(from);
    (void)sqlite3_finalize(to);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int move_secret(sqlite3 *db, const struct store_options *opt)
{
    uint8_t secret[32];
    sqlite3_stmt *q = NULL;
    int rc = prepare(db, "SELECT secret FROM meta", &q);
    bool some = false;

    if (rc == SQLITE_OK)
        rc = sqlite3_step(q);
    if (rc == SQLITE_ROW) {
        some = sqlite3_column_bytes(q, 0) == sizeof secret;
        if (some)
            memcpy(secret, sqlite3_column_blob(q, 0), sizeof secret);
    }
    (void)sqlite3_finalize(q);
    if (rc == SQLITE_DONE)
        return SQLITE_OK; /* a new store: it has none yet */
    if (rc != SQLITE_ROW)
        return rc;
    rc = some ? SQLITE_OK : SQLITE_CORRUPT;
    if (rc == SQLITE_OK && opt->rehash != NULL)
        rc = rehash(db,
                    "SELECT slot, hash FROM request WHERE slot > "
                    "ifnull(?, -1) ORDER BY slot LIMIT 1",
                    "UPDATE request SET hash = ? WHERE slot = ?", opt, secret);
    if (rc == SQLITE_OK && opt->rehash != NULL)
        rc = rehash(db,
                    "SELECT id, hash FROM request_clash WHERE id > "
                    "ifnull(?, x'') ORDER BY id LIMIT 1",
                    "UPDATE request_clash SET hash = ? WHERE id = ?", opt,
                    secret);
    if (rc == SQLITE_OK)
        rc = migrate_seal_secret(db, opt, secret);
    explicit_bzero(secret, sizeof secret);
    return rc;
}

int migrate_fill_3(sqlite3 *db, const struct store_options *opt)
{
    int rc = move_persons(db, opt);

    if (rc == SQLITE_OK)
        rc = move_secret(db, opt);
    if (rc == SQLITE_OK) /* its pages are overwritten: secure_delete */
        rc = sqlite3_exec(db, "DROP TABLE person_plain", NULL, NULL, NULL);
    return rc;
}
