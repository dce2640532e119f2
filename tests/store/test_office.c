/* test_office.c - the office's own alerts, and the case without a unit: one
 * contract, both back ends, with faults.
 */
#include "world.h"

#define LIST 40

struct rows {
    int64_t id[LIST], told[LIST];
    size_t n;
    int stop_after; /* 0: never */
};

static int on_row(void *arg, const struct store_office *o)
{
    struct rows *r = arg;

    r->id[r->n] = o->id;
    r->told[r->n++] = o->told;
    return r->stop_after != 0 && (int)r->n >= r->stop_after;
}

static struct rows list(struct world *w, bool open, int64_t before,
                        int64_t limit)
{
    struct rows r = {.n = 0};

    assert_int_equal(store_list_office(w->st, open, before, limit, on_row, &r),
                     0);
    return r;
}

static struct store_office alert(int64_t id, int kind, const char *subject)
{
    return (struct store_office){.id = id,
                                 .kind = kind,
                                 .subject = subject,
                                 .about = "",
                                 .told = 1,
                                 .raised_at = T0 + id,
                                 .told_at = T0 + id,
                                 .cleared_at = DK_NEVER,
                                 .acked_at = DK_NEVER};
}

static int put(struct world *w, const struct store_office *o, size_t n)
{
    struct store_changes ch = {
        .office = o, .n_office = n, .test_now = DK_NEVER};

    return store_commit(w->st, &ch);
}

static void rows_come_newest_first_page_by_page(void **state)
{
    struct world *w = *state;

    for (int64_t i = 1; i <= 20; i++) {
        struct store_office o = alert(i, (int)(i % 9), "");
        o.cleared_at = i % 4 == 0 ? DK_NEVER : T0 + 99;
        if (i % 4 == 0)
            o.kind = (int)i; /* open ones are of different kinds */
        assert_int_equal(put(w, &o, 1), 0);
    }
    for (int64_t page = 1; page <= 21; page++) {
        int64_t before = 0, seen = 0;
        for (;;) {
            struct rows r = list(w, false, before, page);
            for (size_t i = 0; i < r.n; i++)
                assert_int_equal(r.id[i], 20 - seen++);
            if (r.n == 0)
                break;
            before = r.id[r.n - 1];
        }
        assert_int_equal(seen, 20);
    }
    struct rows r = list(w, true, 0, 9);
    assert_int_equal(r.n, 5);
    assert_int_equal(r.id[0], 20);
    assert_int_equal(r.id[4], 4);
    r = list(w, true, 12, 1);
    assert_int_equal(r.n, 1);
    assert_int_equal(r.id[0], 8);
}

static int check_texts(void *arg, const struct store_office *o)
{
    const struct store_office *want = arg;

    assert_int_equal(o->kind, want->kind);
    assert_int_equal(o->level, want->level);
    assert_int_equal(o->value, want->value);
    assert_int_equal(o->threshold, want->threshold);
    assert_int_equal(o->told, want->told);
    assert_int_equal(o->raised_at, want->raised_at);
    assert_int_equal(o->told_at, want->told_at);
    assert_int_equal(o->cleared_at, want->cleared_at);
    assert_int_equal(o->acked_at, want->acked_at);
    assert_string_equal(o->subject, want->subject);
    assert_string_equal(o->about, want->about);
    assert_int_equal(o->acked_by != NULL, want->acked_by != NULL);
    if (want->acked_by != NULL)
        assert_string_equal(o->acked_by, want->acked_by);
    assert_int_equal(o->note != NULL, want->note != NULL);
    if (want->note != NULL)
        assert_string_equal(o->note, want->note);
    return 0;
}

static void check_one(struct world *w, struct store_office *want)
{
    assert_int_equal(
        store_list_office(w->st, false, want->id + 1, 1, check_texts, want), 0);
    if (w->file) {
        world_reopen(w);
        assert_int_equal(
            store_list_office(w->st, false, want->id + 1, 1, check_texts, want),
            0);
    }
}

static void the_whole_row_changes_when_it_is_put_again(void **state)
{
    struct world *w = *state;
    struct store_office o = alert(7, 4, "");

    o.value = -(INT64_C(1) << 60);
    o.threshold = 512;
    o.about = "/var/lib/docket 数据'; DROP TABLE meta";
    assert_int_equal(put(w, &o, 1), 0);
    check_one(w, &o);
    o.level = 1;
    o.value = 3;
    o.told = 2;
    o.told_at += DK_DAY;
    o.about = "";
    o.acked_at = o.told_at + 5;
    o.acked_by = "officer:李";
    o.note = "已联系机房\n明天扩容";
    assert_int_equal(put(w, &o, 1), 0);
    check_one(w, &o);
    o.acked_by = o.note = NULL;
    o.cleared_at = o.told_at + 9;
    assert_int_equal(put(w, &o, 1), 0);
    check_one(w, &o);
    assert_int_equal(list(w, true, 0, 9).n, 0);
    assert_int_equal(list(w, false, 0, 9).n, 1);
}

static void two_open_alerts_of_one_thing_are_refused_whole(void **state)
{
    struct world *w = *state;
    struct store_office o[3] = {alert(1, 0, "assign"), alert(2, 0, "deadline"),
                                alert(3, 0, "assign")};

    assert_int_equal(put(w, o, 2), 0);
    assert_int_equal(put(w, &o[2], 1), DK_EBUG);
    o[1].told = 9; /* with a good one in front: neither */
    assert_int_equal(put(w, &o[1], 2), DK_EBUG);
    struct rows r = list(w, false, 0, 9);
    assert_int_equal(r.n, 2);
    assert_int_equal(r.told[0], 1);

    struct store_office change[2] = {o[0], o[2]}; /* one clears, one comes */
    change[0].cleared_at = T0 + 50;
    assert_int_equal(put(w, change, 2), 0);
    assert_int_equal(list(w, true, 0, 9).n, 2);
    assert_int_equal(list(w, false, 0, 9).n, 3);
    assert_int_equal(put(w, &o[0], 1), DK_EBUG); /* nor opened anew */
    struct store_office none = alert(0, 3, "");
    assert_int_equal(put(w, &none, 1), DK_EBUG);
}

static void an_alert_goes_with_its_batch_or_not_at_all(void **state)
{
    struct world *w = *state;
    struct store_office o = alert(1, 8, "");
    struct batch *b = batch_new();

    add_submission(w, b, 1);
    b->ch.office = &o;
    b->ch.n_office = 1;
    b->ch.event = NULL;
    b->ch.n_event = 0;
    add_request(b, 1, KEY(1)); /* the same id twice: refused */
    assert_int_equal(store_commit(w->st, &b->ch), DK_EBUG);
    assert_int_equal(list(w, false, 0, 9).n, 0);
    b->ch.n_request = 1;
    assert_int_equal(store_commit(w->st, &b->ch), 0);
    assert_int_equal(list(w, false, 0, 9).n, 1);
    /* (the event was taken out above; its text is still ours) */
    free(b->event[0].body);
    batch_free(b);
}

static void a_full_disk_keeps_it_out_and_an_error_latches(void **state)
{
    struct world *w = *state;
    struct store_office o = alert(1, 8, "");
    struct rows r = {.n = 0};

    store_fault(w->st, 1, 2, DK_EFULL, false);
    assert_int_equal(put(w, &o, 1), DK_EFULL);
    assert_int_equal(list(w, true, 0, 9).n, 0);
    assert_int_equal(put(w, &o, 1), DK_EFULL);
    assert_int_equal(put(w, &o, 1), 0);
    assert_int_equal(list(w, true, 0, 9).n, 1);

    store_fault(w->st, 1, 1, DK_ENOMEM, true);
    assert_int_equal(store_list_office(w->st, true, 0, 9, on_row, &r),
                     DK_ENOMEM);
    assert_int_equal(r.n, 0);
    int64_t key = 0, last = 0;
    store_fault(w->st, 1, 1, DK_ENOMEM, true);
    assert_int_equal(
        store_next_unassigned(w->st, DK_S_SUBMITTED, 0, 9, &key, &last),
        DK_ENOMEM);

    store_fault(w->st, 1, 1, DK_EIO, false);
    o.told = 2;
    assert_int_equal(put(w, &o, 1), DK_EIO);
    assert_int_equal(put(w, &o, 1), DK_EIO);
    assert_int_equal(store_list_office(w->st, true, 0, 9, on_row, &r), DK_EIO);
}

static int say_no(void *arg, const struct store_office *o)
{
    (void)o;
    return *(const int *)arg;
}

static void a_reader_may_stop_and_may_fail(void **state)
{
    struct world *w = *state;
    struct store_office o[3] = {alert(1, 0, "assign"), alert(2, 0, "deadline"),
                                alert(3, 0, "escalate")};
    struct rows r = {.stop_after = 2};
    int code = DK_ENOTFOUND;

    assert_int_equal(put(w, o, 3), 0);
    assert_int_equal(store_list_office(w->st, true, 0, 9, on_row, &r), 0);
    assert_int_equal(r.n, 2);
    assert_int_equal(store_list_office(w->st, true, 0, 9, say_no, &code),
                     DK_ENOTFOUND);
}

/* ---- the case without a unit -------------------------------------------- */

static void put_case(struct world *w, int64_t no, bool is_new,
                     enum dk_state state, const char *unit)
{
    struct batch *b = batch_new();

    add_case(b, make_case(KEY(no), 1, state, unit, ""), is_new);
    assert_int_equal(commit(w, b), 0);
}

static int64_t unassigned(struct world *w, enum dk_state state, int64_t after,
                          int64_t limit, int64_t *last)
{
    int64_t key = -1;

    assert_int_equal(
        store_next_unassigned(w->st, state, after, limit, &key, last), 0);
    return key;
}

static void the_oldest_case_without_a_unit_is_found_in_slices(void **state)
{
    struct world *w = *state;
    int64_t last = 0;

    assert_int_equal(unassigned(w, DK_S_SUBMITTED, 5, 9, &last), 0);
    assert_int_equal(last, 5);
    for (int64_t i = 1; i <= 30; i++)
        put_case(w, i, true, i % 2 != 0 ? DK_S_SUBMITTED : DK_S_REGISTERED,
                 i == 21 || i == 24 || i == 25 ? "" : "民政局");
    put_case(w, 31, true, DK_S_WITHDRAWN, "");
    assert_int_equal(unassigned(w, DK_S_SUBMITTED, 0, 99, &last), KEY(21));
    assert_int_equal(last, KEY(21));
    assert_int_equal(unassigned(w, DK_S_SUBMITTED, KEY(21), 99, &last),
                     KEY(25));
    assert_int_equal(unassigned(w, DK_S_SUBMITTED, KEY(25), 99, &last), 0);
    assert_int_equal(last, KEY(29));
    assert_int_equal(unassigned(w, DK_S_REGISTERED, 0, 99, &last), KEY(24));
    assert_int_equal(unassigned(w, DK_S_SUBMITTED, 0, 4, &last), 0);
    assert_int_equal(last, KEY(7));
    assert_int_equal(unassigned(w, DK_S_SUBMITTED, last, 7, &last), KEY(21));
    put_case(w, 21, false, DK_S_SUBMITTED, "城关镇");
    assert_int_equal(unassigned(w, DK_S_SUBMITTED, 0, 99, &last), KEY(25));
    put_case(w, 25, false, DK_S_WITHDRAWN, "");
    assert_int_equal(unassigned(w, DK_S_SUBMITTED, 0, 99, &last), 0);
}

#define EACH(X)                                                                \
    X(rows_come_newest_first_page_by_page)                                     \
    X(the_whole_row_changes_when_it_is_put_again)                              \
    X(two_open_alerts_of_one_thing_are_refused_whole)                          \
    X(an_alert_goes_with_its_batch_or_not_at_all)                              \
    X(a_full_disk_keeps_it_out_and_an_error_latches)                           \
    X(a_reader_may_stop_and_may_fail)                                          \
    X(the_oldest_case_without_a_unit_is_found_in_slices)

WORLD_MAIN(EACH)
