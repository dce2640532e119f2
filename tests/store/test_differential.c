/* test_differential.c - random batches, right and wrong ones, given to both
 * back ends: both must answer alike and then hold the same, the file also
 * after it was closed and opened.  Totals are recounted at every look.
 */
#include "dump.h"

#define CASES 40

struct both {
    struct world *w[2];
    uint64_t rng;
    uint32_t n[CASES + 1]; /* events of a case; 0: there is none */
};

static uint32_t roll(struct both *b, uint32_t sides)
{
    b->rng ^= b->rng << 13;
    b->rng ^= b->rng >> 7;
    b->rng ^= b->rng << 17;
    return (uint32_t)(b->rng >> 33) % sides;
}

static const char *const units[] = {"", "城关镇", "民政局"};
static const char *const handlers[] = {"", "li", "wang"};
static const char *const ids[] = {"transfer", "notice", "conclude", "review"};
static const char *const levels[] = {"yellow", "red", "overdue"};

static struct dk_case *random_case(struct both *b, int64_t key, uint32_t n)
{
    enum dk_state state = (enum dk_state)(1 + roll(b, DK_S_N - 1));
    struct dk_case *c =
        make_case(key, n, state, units[roll(b, 3)], handlers[roll(b, 3)]);

    for (int i = 1; i < 3; i++) {
        if (strcmp(units[i], c->unit) != 0 && roll(b, 4) == 0)
            give_co(c, units[i], handlers[roll(b, 3)]);
    }
    c->category = text(roll(b, 2) != 0 ? "城乡建设" : NULL);
    for (int i = 0; i < 4; i++) {
        if (roll(b, 2) == 0)
            continue;
        dk_ms due = T0 + (dk_ms)roll(b, 9) * DK_DAY;
        struct dk_clock *k = give_clock(c, ids[i], due - DK_DAY, due);
        k->state = (enum dk_clock_state)roll(b, 4);
        k->late = roll(b, 3) == 0;
        k->rung[0].fired = roll(b, 2) == 0;
        k->rung[1].fired = roll(b, 4) == 0;
        if (k->state != DK_CLOCK_RUNNING && k->state != DK_CLOCK_HELD)
            k->stopped_at = T0;
    }
    return c;
}

/* One step in the life of a case, with all that may come with it. */
static void random_step(struct both *b, struct batch *t, int no)
{
    int64_t key = KEY(no);
    uint32_t n = b->n[no] + 1;
    int64_t id = b->w[0]->seq + 1 + (int64_t)t->ch.n_event;

    if (n == 1)
        add_request(t, no, key);
    add_event(b->w[0], t, key, n, DK_EV_ALERT_RAISED, "{\"x\":\"值\"}");
    struct dk_case *c = add_case(t, random_case(b, key, n), n == 1);
    if (n == 1 || roll(b, 2) == 0)
        add_clocks(t, c);
    if (roll(b, 2) == 0)
        add_task(t, id * 10, (enum dk_service)roll(b, DK_SVC_N), key, n);
    if (roll(b, 3) == 0)
        add_alert(t, key, n, levels[roll(b, 3)], units[roll(b, 3)]);
    if (roll(b, 3) == 0)
        add_ack(t, key, 1 + roll(b, n));
    if (roll(b, 9) == 0)
        t->forget[t->ch.n_forget++] = uuid((int64_t)roll(b, (uint32_t)id + 1));
    if (roll(b, 4) == 0)
        t->person[t->ch.n_person++] = (struct store_person){
            .key = key,
            .seal = roll(b, 4) == 0 ? STORE_ERASED : 70 + (int64_t)n % 3,
            .data = "abcdef",
            .len = roll(b, 7)};
}

/* Something about tasks that exist, existed, or never did. */
static void random_tasks(struct both *b, struct batch *t)
{
    for (uint32_t i = roll(b, 4); i > 0; i--) {
        int64_t id = (1 + (int64_t)roll(b, (uint32_t)b->w[0]->seq + 1)) * 10;

        switch (roll(b, 4)) {
        case 0:
            t->done[t->ch.n_task_done++] = id;
            break;
        case 1:
            t->retry[t->ch.n_task_retry++] = id;
            break;
        default:
            add_fail(t, id, (int)roll(b, 6), roll(b, 2) == 0, "原因");
            break;
        }
    }
    if (roll(b, 2) == 0)
        add_load(t, units[1 + roll(b, 2)], handlers[1 + roll(b, 2)],
                 roll(b, 3));
    if (roll(b, 2) == 0)
        t->day[t->ch.n_day++] =
            (struct store_day){20270101, (int32_t)roll(b, 99)};
}

static void random_mistake(struct both *b, struct batch *t)
{
    switch (roll(b, 4)) {
    case 0:
        add_request(t, 1, KEY(1));
        add_request(t, 1, KEY(1));
        break;
    case 1:
        add_case(t, make_case(KEY(CASES + 1), 2, DK_S_CLOSED, "", ""), false);
        break;
    case 2:
        add_task(t, 5, DK_SVC_ASSIGN, KEY(1), 1);
        add_task(t, 5, DK_SVC_ASSIGN, KEY(1), 1);
        break;
    default:
        add_event(b->w[0], t, KEY(1), 1, DK_EV_CLOSED, "{}");
        add_event(b->w[0], t, KEY(1), 1, DK_EV_CLOSED, "{}");
        break;
    }
}

static void random_batch(struct both *b)
{
    struct batch *t = batch_new();
    bool wrong = roll(b, 5) == 0;
    int used[4], n = 0;

    for (uint32_t i = 1 + roll(b, 4); i > 0; i--) {
        int no = 1 + (int)roll(b, CASES);
        bool twice = false;

        for (int k = 0; k < n; k++)
            twice = twice || used[k] == no;
        if (twice)
            continue;
        used[n++] = no;
        random_step(b, t, no);
    }
    random_tasks(b, t);
    if (wrong)
        random_mistake(b, t);

    int rc = store_commit(b->w[0]->st, &t->ch);
    assert_int_equal(store_commit(b->w[1]->st, &t->ch), rc);
    assert_int_equal(rc, wrong ? DK_EBUG : 0);
    for (int i = 0; rc == 0 && i < n; i++)
        b->n[used[i]]++;
    if (rc == 0)
        b->w[0]->seq += (int64_t)t->ch.n_event;
    batch_free(t);
}

static void expect_same(struct both *b)
{
    char *mem = dump(b->w[0]->st, CASES);
    char *file = dump(b->w[1]->st, CASES);

    assert_string_equal(mem, file);
    free(mem);
    free(file);
}

static void
both_back_ends_answer_and_hold_the_same_under_random_batches(void **state)
{
    const char *env = getenv("DOCKET_SEED");
    uint64_t seed = env != NULL ? strtoull(env, NULL, 0) : 20270101;

    bool pg = getenv("DK_PG") != NULL;

    (void)state;
    for (int round = 0; round < (pg ? 2 : 8); round++) {
        struct both b = {
            .w = {world_new(false), pg ? world_new_pg() : world_new(true)},
            .rng = (seed + (uint64_t)round) * 2654435761u + 1};

        print_message("seed %llu\n",
                      (unsigned long long)(seed + (uint64_t)round));
        for (int i = 0; i < 2; i++)
            assert_int_equal(world_open(b.w[i]), 0);
        for (int i = 0; i < 150; i++) {
            random_batch(&b);
            if (i % 10 == 9)
                expect_same(&b);
            if (i % 40 == 39) {
                world_reopen(b.w[1]);
                assert_int_equal(b.w[1]->info.last_seq, b.w[0]->seq);
                expect_same(&b);
            }
        }
        for (int i = 0; i < 2; i++)
            world_free(b.w[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            both_back_ends_answer_and_hold_the_same_under_random_batches),
    };
    use_memory_disk();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
