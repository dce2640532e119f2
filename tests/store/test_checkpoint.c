/* test_checkpoint.c - checkpoints and the days' last numbers: one contract,
 * both back ends, with faults.
 */
#include "world.h"

#define LIST 40

struct rows {
    int64_t number[LIST], to[LIST];
    size_t n, stop_after; /* 0: never */
};

static int on_row(void *arg, const struct store_ckpt *c)
{
    struct rows *r = arg;

    r->number[r->n] = c->number;
    r->to[r->n++] = c->to;
    return r->stop_after != 0 && r->n >= r->stop_after;
}

static uint8_t blocks[5 * DK_HASH_LEN];

static struct store_ckpt sample(int64_t number, int64_t from, int64_t to)
{
    struct store_ckpt c = {.number = number,
                           .from = from,
                           .to = to,
                           .text = "docket checkpoint 1\nbroker 01\n",
                           .text_len = 30,
                           .blocks = blocks,
                           .n_block = (size_t)(number % 5) + 1};

    memset(c.sig, (int)number, sizeof c.sig);
    for (size_t i = 0; i < sizeof blocks; i++)
        blocks[i] = (uint8_t)i;
    return c;
}

static int put(struct world *w, const struct store_ckpt *c)
{
    struct store_changes ch = {.ckpt = c, .test_now = DK_NEVER};

    return store_commit(w->st, &ch);
}

static struct rows list(struct world *w, int64_t after, int64_t limit)
{
    struct rows r = {.n = 0};

    assert_int_equal(store_list_ckpt(w->st, after, limit, on_row, &r), 0);
    return r;
}

static void they_come_in_order_page_by_page(void **state)
{
    struct world *w = *state;

    for (int64_t i = 1; i <= 20; i++) {
        struct store_ckpt c = sample(i, i * 10 - 9, i * 10);
        assert_int_equal(put(w, &c), 0);
    }
    for (int64_t page = 1; page <= 21; page++) {
        int64_t after = 0;
        for (;;) {
            struct rows r = list(w, after, page);
            for (size_t i = 0; i < r.n; i++) {
                assert_int_equal(r.number[i], after + 1);
                assert_int_equal(r.to[i], ++after * 10);
            }
            if (r.n == 0)
                break;
        }
        assert_int_equal(after, 20);
    }
}

static void the_newest_and_the_one_that_covers_an_event(void **state)
{
    struct world *w = *state;
    struct rows r = {.n = 0};

    assert_int_equal(store_ckpt_newest(w->st, on_row, &r), 0);
    assert_int_equal(store_ckpt_covering(w->st, 1, on_row, &r), 0);
    assert_int_equal(r.n, 0);
    for (int64_t i = 1; i <= 3; i++) {
        struct store_ckpt c = sample(i, i * 10 - 9, i * 10);
        assert_int_equal(put(w, &c), 0);
    }
    assert_int_equal(store_ckpt_newest(w->st, on_row, &r), 0);
    assert_int_equal(r.number[0], 3);
    for (int64_t seq = 1; seq <= 30; seq++) {
        r.n = 0;
        assert_int_equal(store_ckpt_covering(w->st, seq, on_row, &r), 0);
        assert_int_equal(r.n, 1);
        assert_int_equal(r.number[0], (seq + 9) / 10);
    }
    r.n = 0;
    assert_int_equal(store_ckpt_covering(w->st, 31, on_row, &r), 0);
    assert_int_equal(r.n, 0);
}

static int check_whole(void *arg, const struct store_ckpt *c)
{
    const struct store_ckpt *want = arg;

    assert_int_equal(c->number, want->number);
    assert_int_equal(c->from, want->from);
    assert_int_equal(c->to, want->to);
    assert_int_equal(c->text_len, want->text_len);
    assert_memory_equal(c->text, want->text, want->text_len);
    assert_memory_equal(c->sig, want->sig, sizeof want->sig);
    assert_int_equal(c->n_block, want->n_block);
    assert_memory_equal(c->blocks, want->blocks, want->n_block * DK_HASH_LEN);
    return 0;
}

static void every_byte_of_one_comes_back(void **state)
{
    struct world *w = *state;
    struct store_ckpt c = sample(INT64_C(9) << 40, 1, INT64_C(1) << 50);

    assert_int_equal(put(w, &c), 0);
    assert_int_equal(store_ckpt_newest(w->st, check_whole, &c), 0);
    if (w->file) {
        world_reopen(w);
        assert_int_equal(store_ckpt_newest(w->st, check_whole, &c), 0);
    }
    assert_int_equal(list(w, 0, 9).n, 1);
}

static void one_goes_with_its_batch_or_not_at_all(void **state)
{
    struct world *w = *state;
    struct store_ckpt c = sample(1, 1, 1), again = sample(1, 2, 2);
    struct batch *b = batch_new();

    add_submission(w, b, 1);
    b->ch.ckpt = &c;
    b->ch.event = NULL;
    b->ch.n_event = 0;
    add_request(b, 1, KEY(1)); /* the same id twice: refused */
    assert_int_equal(store_commit(w->st, &b->ch), DK_EBUG);
    assert_int_equal(list(w, 0, 9).n, 0);
    b->ch.n_request = 1;
    assert_int_equal(store_commit(w->st, &b->ch), 0);
    assert_int_equal(list(w, 0, 9).n, 1);
    free(b->event[0].body); /* it was taken out above */
    batch_free(b);

    assert_int_equal(put(w, &again), DK_EBUG); /* never changed */
    assert_int_equal(list(w, 0, 9).to[0], 1);
}

static void nonsense_is_refused(void **state)
{
    struct world *w = *state;
    struct store_ckpt c = sample(0, 1, 1);

    assert_int_equal(put(w, &c), DK_EBUG);
    c = sample(1, 0, 1);
    assert_int_equal(put(w, &c), DK_EBUG);
    c = sample(1, 5, 4);
    assert_int_equal(put(w, &c), DK_EBUG);
    c = sample(1, 1, 1);
    c.n_block = 0;
    assert_int_equal(put(w, &c), DK_EBUG);
    assert_int_equal(list(w, 0, 9).n, 0);
}

static void a_full_disk_keeps_it_out_and_reads_may_fail(void **state)
{
    struct world *w = *state;
    struct store_ckpt c = sample(1, 1, 1);
    struct rows r = {.n = 0};

    store_fault(w->st, 1, 1, DK_EFULL, false);
    assert_int_equal(put(w, &c), DK_EFULL);
    assert_int_equal(list(w, 0, 9).n, 0);
    assert_int_equal(put(w, &c), 0);
    store_fault(w->st, 1, 3, DK_ENOMEM, true);
    assert_int_equal(store_list_ckpt(w->st, 0, 9, on_row, &r), DK_ENOMEM);
    assert_int_equal(store_ckpt_newest(w->st, on_row, &r), DK_ENOMEM);
    assert_int_equal(store_ckpt_covering(w->st, 1, on_row, &r), DK_ENOMEM);
    assert_int_equal(r.n, 0);
}

static int refuse(void *arg, const struct store_ckpt *c)
{
    (void)arg;
    (void)c;
    return DK_EFIELD;
}

static void a_reader_may_stop_and_may_fail(void **state)
{
    struct world *w = *state;
    struct rows r = {.stop_after = 2};

    for (int64_t i = 1; i <= 5; i++) {
        struct store_ckpt c = sample(i, i, i);
        assert_int_equal(put(w, &c), 0);
    }
    assert_int_equal(store_list_ckpt(w->st, 0, 9, on_row, &r), 0);
    assert_int_equal(r.n, 2);
    assert_int_equal(store_list_ckpt(w->st, 0, 9, refuse, NULL), DK_EFIELD);
    assert_int_equal(store_ckpt_newest(w->st, refuse, NULL), DK_EFIELD);
    assert_int_equal(list(w, 0, 99).n, 5); /* nothing is left half used */
}

struct days {
    int32_t day[LIST], seq[LIST];
    size_t n;
};

static int on_day(void *arg, const struct store_day *d)
{
    struct days *x = arg;

    x->day[x->n] = d->day;
    x->seq[x->n++] = d->seq;
    return 0;
}

static void days_come_in_order(void **state)
{
    struct world *w = *state;
    struct store_day day[] = {{20270103, 7}, {20270101, 2}, {20270102, 999999}};
    struct store_changes ch = {.day = day, .n_day = 3, .test_now = DK_NEVER};
    struct days x = {.n = 0};

    assert_int_equal(store_commit(w->st, &ch), 0);
    assert_int_equal(store_list_days(w->st, 0, 9, on_day, &x), 0);
    assert_int_equal(x.n, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(x.day[i], 20270101 + i);
    assert_int_equal(x.seq[1], 999999);
    x.n = 0;
    assert_int_equal(store_list_days(w->st, 20270101, 1, on_day, &x), 0);
    assert_int_equal(x.n, 1);
    assert_int_equal(x.day[0], 20270102);
}

#define EACH(X)                                                                \
    X(they_come_in_order_page_by_page)                                         \
    X(the_newest_and_the_one_that_covers_an_event)                             \
    X(every_byte_of_one_comes_back)                                            \
    X(one_goes_with_its_batch_or_not_at_all)                                   \
    X(nonsense_is_refused)                                                     \
    X(a_full_disk_keeps_it_out_and_reads_may_fail)                             \
    X(a_reader_may_stop_and_may_fail)                                          \
    X(days_come_in_order)

WORLD_MAIN(EACH)
