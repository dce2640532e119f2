/* test_upgrade_seal.c - a store of an older schema has plain personal data and
 * a plain secret: after the first start nothing of either is in its file, and
 * nothing is lost.
 */
#include <sqlite3.h>

#include "world.h"

#define SAMPLE  "tests/store/files/schema-1.sql"
#define PERSONS 5 /* of the sample */
#define NAME    "欧阳石榴-Wilhelmine"
#define SALT    "x'000102030405060708090a0b0c0d0e0f'"

/* Two cases with persons, one long enough for pages of its own, one erased. */
static const char more[] =
    "INSERT INTO person VALUES (20260506000001, " SALT ", "
    "CAST('[{\"name\":\"" NAME "\"}]' AS BLOB));"
    "INSERT INTO person VALUES (20260506000002, " SALT ", "
    "CAST('[' || printf('%.9000c', 'q') || '" NAME "]' AS BLOB));"
    "INSERT INTO person VALUES (20260506000003, zeroblob(16), x'');"
    "UPDATE meta SET secret = CAST('a-secret-of-thirty-two-bytes-yes' AS BLOB);"
    "INSERT INTO request_clash VALUES (x'00', x'"
    "000102030405060708090a0b0c0d0e"
    "0f', 0, 0, 0, 0, 0);";

static char *read_file(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    char *text = calloc(1, (size_t)4 << 20);

    assert_non_null(text);
    *len = 0;
    if (f == NULL)
        return text;
    *len = fread(text, 1, ((size_t)4 << 20) - 1, f);
    assert_int_equal(fclose(f), 0);
    return text;
}

static bool holds(const char *path, const char *what)
{
    size_t len;
    char *text = read_file(path, &len);
    bool yes = memmem(text, len, what, strlen(what)) != NULL;

    free(text);
    return yes;
}

/* Is it in the database, its log, or anything beside them? */
static bool anywhere(const struct world *w, const char *what)
{
    static const char *const tails[] = {"", "-wal", "-journal", ".new"};
    char path[300];
    bool yes = false;

    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        snprintf(path, sizeof path, "%s%s", w->path, tails[i]);
        yes = yes || holds(path, what);
    }
    return yes;
}

struct sealer {
    int64_t fail_at; /* the n-th call; 0: none */
    int64_t calls;
};

/* Bytes turned over, after the case they are sealed for. */
static int turn(void *arg, int64_t key, const void *plain, size_t len,
                void **out, size_t *out_len, int64_t *id)
{
    struct sealer *s = arg;
    const uint8_t *from = plain;
    uint8_t *to = malloc(len + 8);

    if (++s->calls == s->fail_at || to == NULL) {
        free(to);
        return DK_EFORBIDDEN;
    }
    memcpy(to, &key, 8);
    for (size_t i = 0; i < len; i++)
        to[8 + i] = from[i] ^ 0xA5;
    *out = to;
    *out_len = len + 8;
    *id = 77;
    return 0;
}

static void rehash(const uint8_t secret[32], uint8_t hash[16])
{
    for (int i = 0; i < 16; i++)
        hash[i] ^= secret[i];
}

static struct world *old_world(struct sealer *s)
{
    struct world *w = world_new(true);
    size_t len;
    char *text = read_file(SAMPLE, &len), *err = NULL;
    sqlite3 *db = NULL;

    assert_true(len > 1000);
    w->opt = (struct store_options){.county = 330699,
                                    .test_clock = true,
                                    .offset_min = 480,
                                    .seal = turn,
                                    .seal_arg = s,
                                    .rehash = rehash};
    assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
    if (sqlite3_exec(db, text, NULL, NULL, &err) != SQLITE_OK ||
        sqlite3_exec(db, more, NULL, NULL, &err) != SQLITE_OK)
        fail_msg("%s", err);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    free(text);
    assert_true(anywhere(w, NAME)); /* the search finds what is there */
    assert_true(anywhere(w, "a-secret-of-thirty"));
    return w;
}

static void expect_turned(struct world *w, int64_t key, size_t len,
                          const char *start)
{
    struct store_person row;
    char plain[64];

    assert_int_equal(store_person_get(w->st, key, &row), 0);
    assert_int_equal(row.seal, 77);
    assert_int_equal(row.len, 8 + len);
    assert_memory_equal(row.data, &key, 8);
    for (size_t i = 0; i < sizeof plain; i++)
        plain[i] =
            i < len ? (char)(((const uint8_t *)row.data)[8 + i] ^ 0xA5) : '\0';
    for (int i = 0; i < 16; i++) /* the salt first */
        assert_int_equal(plain[i], i);
    assert_memory_equal(plain + 16, start, strlen(start));
    free((void *)(uintptr_t)row.data);
}

static void what_was_plain_is_sealed_and_gone(void **state)
{
    struct sealer s = {.calls = 0};
    struct world *w = old_world(&s);
    struct store_person row;
    static const uint8_t none[32];

    (void)state;
    for (int again = 0; again < 2; again++) {
        if ((again ? (world_reopen(w), 0) : world_open(w)) != 0)
            fail_msg("%s", w->problem.detail);
        expect_turned(w, 20260506000001,
                      16 + strlen("[{\"name\":\"" NAME "\"}]"),
                      "[{\"name\":\"" NAME);
        expect_turned(w, 20260506000002, 16 + 9002 + strlen(NAME), "[qqqqqq");
        assert_int_equal(store_person_get(w->st, 20260506000003, &row), 0);
        assert_int_equal(row.seal, STORE_ERASED);
        assert_int_equal(row.len, 0);
        free((void *)(uintptr_t)row.data);
        assert_memory_equal(w->info.secret, none, 32);
        assert_int_equal(w->info.seal, 77);
        assert_int_equal(w->info.sealed_len, 40);
        assert_int_equal(w->info.sealed[8], 'a' ^ 0xA5);
        assert_false(anywhere(w, NAME));
        assert_false(anywhere(w, "a-secret-of-thirty"));
        assert_int_equal(s.calls, PERSONS + 3); /* and the secret, once */
    }
    world_free(w);
}

static int64_t ask(const struct world *w, const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *q = NULL;

    assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(q), SQLITE_ROW);
    int64_t v = sqlite3_column_int64(q, 0);
    assert_int_equal(sqlite3_finalize(q), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return v;
}

static void hashes_of_requests_are_keyed(void **state)
{
    struct sealer s = {.calls = 0};
    struct world *w = old_world(&s);

    (void)state;
    int64_t n = ask(w, "SELECT count(*) FROM request");
    assert_true(n > 3);
    assert_int_equal(world_open(w), 0);
    store_close(w->st);
    w->st = NULL;
    assert_int_equal(ask(w, "SELECT count(*) FROM request"), n);
    /* 'a' ^ 0, '-' ^ 1, 's' ^ 2 */
    assert_int_equal(ask(w, "SELECT substr(hex(hash), 1, 6) = '612C71' "
                            "FROM request_clash WHERE id = x'00'"),
                     1);
    world_free(w);
}

/* Wherever sealing fails, schema 2 is left with all that was there. */
static void a_sealing_that_fails_leaves_schema_2(void **state)
{
    (void)state;
    for (int64_t at = 1; at <= PERSONS + 3; at++) {
        struct sealer s = {.fail_at = at};
        struct world *w = old_world(&s);

        assert_int_not_equal(world_open(w), 0);
        assert_int_equal(ask(w, "PRAGMA user_version"), 2);
        assert_int_equal(ask(w, "SELECT count(*) FROM person"), PERSONS + 3);
        s.fail_at = 0; /* and the next start does it */
        if (world_open(w) != 0)
            fail_msg("%s", w->problem.detail);
        assert_false(anywhere(w, NAME));
        world_free(w);
    }
}

/* The secret of a new store is never in its file. */
static void a_new_store_has_no_plain_secret(void **state)
{
    struct sealer s = {.calls = 0};
    struct world *w = world_new(true);
    char secret[33];

    (void)state;
    w->opt = (struct store_options){
        .county = 330699, .create = true, .seal = turn, .seal_arg = &s};
    assert_int_equal(world_open(w), 0);
    assert_int_equal(w->info.seal, 77);
    memcpy(secret, world_random + 16, 32);
    secret[32] = '\0';
    assert_int_equal(strlen(secret), 32);
    assert_true(anywhere(w, "CREATE TABLE meta"));
    assert_false(anywhere(w, secret));
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_plain_is_sealed_and_gone),
        cmocka_unit_test(hashes_of_requests_are_keyed),
        cmocka_unit_test(a_sealing_that_fails_leaves_schema_2),
        cmocka_unit_test(a_new_store_has_no_plain_secret),
    };

    use_memory_disk();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
