/* test_conformance_seal.c - what the contract of store.h promises of personal
 * data: it is found by the key that seals it, and what is erased is gone.
 */
#include "world.h"

static struct store_person person(int64_t no, int64_t seal, const char *text)
{
    return (struct store_person){
        .key = KEY(no), .seal = seal, .data = text, .len = strlen(text)};
}

static void put(struct world *w, struct store_person p)
{
    struct batch *b = batch_new();

    b->person[b->ch.n_person++] = p;
    assert_int_equal(commit(w, b), 0);
}

static void expect(struct world *w, int64_t no, int64_t seal, const char *text,
                   size_t len)
{
    struct store_person row;

    assert_int_equal(store_person_get(w->st, KEY(no), &row), 0);
    assert_int_equal(row.seal, seal);
    assert_int_equal(row.len, len);
    assert_memory_equal(row.data, text, len);
    free((void *)(uintptr_t)row.data);
}

struct keys {
    int64_t v[16];
    int n, most;
};

static int see_row(void *arg, const struct store_person *row)
{
    struct keys *k = arg;

    assert_true(k->n < 16);
    assert_true(row->len == 0 || row->data != NULL);
    k->v[k->n++] = row->key;
    return k->n == k->most;
}

/* Keys that seal 11 (1, 3, .. 9), 5 (2, 4, .. 8), and an erased one (10). */
static void put_many(struct world *w)
{
    for (int i = 1; i <= 9; i++)
        put(w, person(i, i % 2 != 0 ? 11 : 5, "sealed"));
    put(w, person(10, 5, "sealed"));
    put(w, (struct store_person){.key = KEY(10), .seal = STORE_ERASED});
}

static void rows_are_found_by_the_key_that_seals_them(void **state)
{
    struct world *w = *state;
    struct keys k = {.most = -1};

    put_many(w);
    assert_int_equal(store_persons(w->st, 11, INT64_MIN, 99, see_row, &k), 0);
    assert_int_equal(k.n, 5);
    for (int i = 0; i < 5; i++)
        assert_int_equal(k.v[i], KEY(2 * i + 1));
    k.n = 0;
    assert_int_equal(store_persons(w->st, 5, KEY(4), 1, see_row, &k), 0);
    assert_int_equal(k.n, 1);
    assert_int_equal(k.v[0], KEY(6));
    k = (struct keys){.most = 2}; /* a callback may stop early */
    assert_int_equal(store_persons(w->st, 5, 0, 99, see_row, &k), 0);
    assert_int_equal(k.n, 2);
    k = (struct keys){.most = -1};
    assert_int_equal(store_persons(w->st, 6, 0, 99, see_row, &k), 0);
    assert_int_equal(k.n, 0);
}

static void the_keys_in_use_are_told_in_turn_with_their_rows(void **state)
{
    struct world *w = *state;
    int64_t seal = STORE_ERASED, rows = 0;

    assert_int_equal(store_next_seal(w->st, seal, &seal), DK_ENOTFOUND);
    put_many(w);
    assert_int_equal(store_next_seal(w->st, STORE_ERASED, &seal), 0);
    assert_int_equal(seal, 5);
    assert_int_equal(store_seal_rows(w->st, seal, 99, &rows), 0);
    assert_int_equal(rows, 4);
    assert_int_equal(store_next_seal(w->st, seal, &seal), 0);
    assert_int_equal(seal, 11);
    assert_int_equal(store_seal_rows(w->st, seal, 99, &rows), 0);
    assert_int_equal(rows, 5);
    assert_int_equal(store_seal_rows(w->st, seal, 3, &rows), 0);
    assert_int_equal(rows, 3);
    assert_int_equal(store_seal_rows(w->st, 6, 99, &rows), 0);
    assert_int_equal(rows, 0);
    assert_int_equal(store_next_seal(w->st, seal, &seal), DK_ENOTFOUND);
}

static void a_row_sealed_anew_changes_its_key(void **state)
{
    struct world *w = *state;
    int64_t seal = 0, rows = 0;

    put(w, person(1, 5, "sealed"));
    put(w, person(1, 9, "anew"));
    expect(w, 1, 9, "anew", 4);
    assert_int_equal(store_next_seal(w->st, STORE_ERASED, &seal), 0);
    assert_int_equal(seal, 9);
    assert_int_equal(store_seal_rows(w->st, seal, 99, &rows), 0);
    assert_int_equal(rows, 1);
}

static void what_is_erased_is_as_many_zeroes(void **state)
{
    struct world *w = *state;
    struct store_person row;

    put(w, person(1, 5, "sealed"));
    put(w, (struct store_person){.key = KEY(1), .seal = STORE_ERASED});
    expect(w, 1, STORE_ERASED, "\0\0\0\0\0\0", 6);
    put(w, (struct store_person){.key = KEY(1), .seal = STORE_ERASED});
    expect(w, 1, STORE_ERASED, "\0\0\0\0\0\0", 6);
    put(w, (struct store_person){.key = KEY(2), .seal = STORE_ERASED});
    assert_int_equal(store_person_get(w->st, KEY(2), &row), DK_ENOTFOUND);
}

/* Ids that share their first bytes are kept apart, and so are their hashes. */
static void the_hash_of_a_request_can_be_forgotten(void **state)
{
    struct world *w = *state;

    for (int i = 3; i <= 5; i++)
        submit(w, i);
    struct batch *b = batch_new();
    b->forget[b->ch.n_forget++] = uuid(4);
    b->forget[b->ch.n_forget++] = uuid(77); /* there is none */
    assert_int_equal(commit(w, b), 0);
    for (int i = 3; i <= 5; i++) {
        static const uint8_t none[16];
        struct dk_uuid id = uuid(i);
        struct store_request r;
        bool found = false;

        assert_int_equal(store_find_requests(w->st, &id, 1, &r, &found), 0);
        assert_true(found);
        assert_int_equal(r.key, KEY(i));
        assert_int_equal(memcmp(r.hash, none, 16) == 0, i == 4);
    }
}

static void a_failed_commit_erases_nothing(void **state)
{
    struct world *w = *state;
    struct batch *b = batch_new();

    submit(w, 1);
    b->person[b->ch.n_person++] =
        (struct store_person){.key = KEY(1), .seal = STORE_ERASED};
    b->forget[b->ch.n_forget++] = uuid(1);
    add_request(b, 1, KEY(1)); /* is used: refused */
    assert_int_equal(commit(w, b), DK_EBUG);
    expect(w, 1, 7, "sealed", 6);
    struct store_request r;
    struct dk_uuid id = uuid(1);
    bool found = false;
    assert_int_equal(store_find_requests(w->st, &id, 1, &r, &found), 0);
    assert_int_equal(r.hash[15], 1);
}

#define EACH(X)                                                                \
    X(rows_are_found_by_the_key_that_seals_them)                               \
    X(the_keys_in_use_are_told_in_turn_with_their_rows)                        \
    X(a_row_sealed_anew_changes_its_key)                                       \
    X(what_is_erased_is_as_many_zeroes)                                        \
    X(the_hash_of_a_request_can_be_forgotten)                                  \
    X(a_failed_commit_erases_nothing)

WORLD_MAIN(EACH)
