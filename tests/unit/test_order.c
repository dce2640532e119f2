/* What is urgent, and which case comes first: by the matter alone.
 *
 * The property at the end draws streams of submissions at random and tells each
 * of them twice, differing only in how many people stand behind it, how it
 * came, how often, and whether it was brought in.  Neither what is answered nor
 * the order of the line may differ.
 */
#include "tests/support/bookwork.h"

#include "core/order.h"

#include <time.h>

#define N(list) (sizeof(list) / sizeof(list)[0])

/* ---- the rules of "urgent" ---- */

static const char urgent[] =
    "\"urgent\":[{\"id\":\"season\",\"need\":\"wages\","
    "\"category\":[\"W/P\"],\"kind\":\"appeal\",\"needs\":[\"wages\"],"
    "\"between\":[{\"from\":\"12-01\",\"to\":\"02-20\"}]},"
    "{\"id\":\"child\",\"need\":\"minor\",\"category\":\"E\","
    "\"region\":\"330699\"},"
    "{\"id\":\"told\",\"need\":\"safety\",\"needs\":[\"safety\",\"medical\"]}]";

static void answered(struct bookwork *k, const char *at, const char *more)
{
    bw_load_units(k, "{\"id\":\"u\",\"name\":\"U\"}", urgent);
    cw_submit(&k->w, at, more);
    (void)bw_answer(k);
}

static void a_rule_puts_a_matter_first_before_it_is_assigned(void **state)
{
    struct bookwork *k = *state;

    answered(k, "2026-12-01T00:00:00+08:00", "\"category\":\"W/P/Q\"");
    assert_non_null(strstr(
        k->out.buf,
        "[{\"action\":\"register\"},{\"action\":\"prioritise\","
        "\"need\":\"wages\",\"why\":\"按急办规则“season”，类别“W/P”，"
        "正值12月1日至2月20日，列为急办：节前欠薪。\",\"rule\":\"season\"},"
        "{\"action\":\"assign\","));
    bw_assign(k);
    assert_int_equal(k->w.c->urgent, 1 + DK_NEED_WAGES);
}

static void a_season_goes_over_the_new_year(void **state)
{
    struct bookwork *k = *state;
    static const struct {
        const char *at;
        bool in;
    } want[] = {{"2026-11-30T23:59:59+08:00", false},
                {"2026-12-01T00:00:00+08:00", true},
                {"2026-12-31T23:59:59+08:00", true},
                {"2027-01-01T00:00:00+08:00", true},
                {"2027-02-20T23:59:59+08:00", true},
                {"2027-02-21T00:00:00+08:00", false},
                {"2027-02-20T16:00:00Z", false}}; /* the 21st at the office */

    for (size_t i = 0; i < N(want); i++) {
        answered(k, want[i].at, "\"category\":\"W/P\"");
        if ((strstr(k->out.buf, "prioritise") != NULL) != want[i].in)
            fail_msg("%s: %s", want[i].at, k->out.buf);
    }
}

static void a_need_that_was_told_is_enough(void **state)
{
    struct bookwork *k = *state;

    answered(k, "2026-07-01T10:00:00+08:00", "\"needs\":[\"medical\"]");
    bw_says(k,
            "\"need\":\"safety\",\"why\":\"按急办规则“told”，信访人说明有急需"
            "（救治急需），列为急办：安全险情。\",\"rule\":\"told\"");
    answered(k, "2027-01-01T10:00:00+08:00", "\"needs\":[\"wages\"]");
    bw_says(k, "\"rule\":\"season\"");
    /* But in its season only, if it has one. */
    answered(k, "2026-07-01T10:00:00+08:00", "\"needs\":[\"wages\"]");
    bw_says_not(k, "prioritise");
}

static void every_condition_of_the_matter_must_hold(void **state)
{
    struct bookwork *k = *state;
    const char *at = "2027-01-01T10:00:00+08:00";

    answered(k, at, "\"category\":\"W/P\",\"kind\":\"suggestion\"");
    bw_says_not(k, "prioritise");
    answered(k, at, "\"category\":\"W\"");
    bw_says_not(k, "prioritise");
    answered(k, at, "\"category\":\"E/x\",\"region\":\"330699001001\"");
    bw_says(k, "\"rule\":\"child\"");
    bw_says(k, "地区“330699”，类别“E”");
    answered(k, at, "\"category\":\"E/x\",\"region\":\"330698001001\"");
    bw_says_not(k, "prioritise");
}

static void what_a_person_put_first_is_left_alone(void **state)
{
    struct bookwork *k = *state;

    answered(k, "2027-01-01T10:00:00+08:00", "\"category\":\"W/P\"");
    k->w.c->urgent = 1 + DK_NEED_MINOR;
    (void)bw_answer(k);
    bw_says_not(k, "prioritise");
}

static void what_cannot_wait_is_said_even_if_a_person_assigned_it(void **state)
{
    struct bookwork *k = *state;
    struct dk_event e;
    struct dk_problem why = {0};

    answered(k, "2027-01-01T10:00:00+08:00", "\"category\":\"W/P\"");
    e = k->w.last.v[0];
    e.body = strdup(e.body);
    assert_non_null(e.body);
    cw_act(&k->w, NULL, "assign", "{\"unit\":\"u\"}");
    dk_jw_reset(&k->out);
    assert_int_equal(dk_book_assign(k->b, k->w.c, &e, &k->out, &why), 0);
    assert_non_null(strstr(k->out.buf, "[{\"action\":\"prioritise\","));
    bw_says_not(k, "assign\"");
    cw_act(&k->w, NULL, "withdraw", "{\"document\":\"d\"}");
    dk_jw_reset(&k->out);
    assert_int_equal(dk_book_assign(k->b, k->w.c, &e, &k->out, &why), 0);
    assert_string_equal(k->out.buf, "[]");
    dk_event_fini(&e);
}

/* ---- the order ---- */

static void add_clock(struct dk_case *c, enum dk_on_due on_due,
                      enum dk_clock_state state, dk_ms due)
{
    struct dk_clock *k = &c->clock[c->n_clock++];

    *k = (struct dk_clock){.on_due = on_due, .state = state, .due_at = due};
}

static void urgent_then_due_then_age_then_number(void **state)
{
    /* In this order; each pair tests one step. */
    static const struct {
        int urgent;
        dk_ms due, submitted;
        int64_t key;
    } want[] = {{2, 900, 50, 9}, {1, 901, 40, 8},    {3, DK_NEVER, 1, 7},
                {0, 100, 30, 6}, {0, 100, 31, 5},    {0, 200, 10, 3},
                {0, 200, 10, 4}, {0, DK_NEVER, 1, 1}};
    struct dk_case *c[N(want)];

    (void)state;
    for (size_t i = 0; i < N(want); i++) {
        c[i] = dk_case_new();
        assert_non_null(c[i]);
        c[i]->urgent = want[i].urgent;
        c[i]->submitted_at = want[i].submitted;
        c[i]->key = want[i].key;
        if (want[i].due != DK_NEVER)
            add_clock(c[i], DK_DUE_OVERDUE, DK_CLOCK_RUNNING, want[i].due);
        /* Not the office's, or not running: they do not count. */
        add_clock(c[i], DK_DUE_CLOSE, DK_CLOCK_RUNNING, 1);
        add_clock(c[i], DK_DUE_LAPSE, DK_CLOCK_RUNNING, 1);
        add_clock(c[i], DK_DUE_OVERDUE, DK_CLOCK_STOPPED, 1);
        add_clock(c[i], DK_DUE_OVERDUE, DK_CLOCK_HELD, 1);
    }
    for (size_t i = 0; i < N(want); i++) {
        for (size_t j = 0; j < N(want); j++) {
            int got = dk_order_cmp(c[i], c[j]);
            if ((got < 0) != (i < j) || (got > 0) != (i > j))
                fail_msg("%zu and %zu: %d", i, j, got);
        }
    }
    for (size_t i = 0; i < N(want); i++)
        dk_case_free(c[i]);
}

/* ---- the property ---- */

#define STREAMS 60
#define CASES   25

static unsigned draw(unsigned *seed, unsigned n)
{
    return (unsigned)rand_r(seed) % n;
}

static const char *pick(unsigned *seed, const char *const list[], size_t n)
{
    return list[draw(seed, (unsigned)n)];
}

/* What may not matter, drawn anew for each telling. */
static void unlike(unsigned *seed, char *out, size_t cap)
{
    (void)snprintf(out, cap, ",\"channel\":\"%s\",\"petitioners\":%u%s",
                   dk_channel_names[draw(seed, DK_CH_N)],
                   draw(seed, 2) ? 1 : 1 + draw(seed, 5000),
                   draw(seed, 2) ? ",\"import\":true" : "");
}

/* What does: the matter. */
static void matter(unsigned *seed, char *out, size_t cap)
{
    static const char *const regions[] = {"青石镇", "河西镇", "别处"};
    static const char *const categories[] = {"劳动和社会保障/工资福利/工资发放",
                                             "城乡建设/建筑市场/拖欠工程款",
                                             "环境保护/环境污染",
                                             "教育文体/失学辍学",
                                             "城乡建设/安全生产/安全隐患",
                                             "民政/社会救助",
                                             "农村农业/林业管理",
                                             "没有的类别"};
    static const char *const needs[] = {"", "\"medical\"", "\"minor\"",
                                        "\"wages\"", "\"safety\",\"minor\""};
    static const char *const people[] = {
        "", "{\"unit\":\"sthj\"}", "{\"officer\":\"rsj-he\"}",
        "{\"unit\":\"rsj\"},{\"officer\":\"简书言\"}"};

    (void)snprintf(out, cap,
                   "\"submission_id\":\"018f0000-0000-7000-8000-000000000001\","
                   "\"subject\":\"s\",\"facts\":\"f\",\"region\":\"%s\","
                   "\"category\":\"%s\",\"kind\":\"%s\",\"needs\":[%s],"
                   "\"respondents\":[%s]",
                   pick(seed, regions, N(regions)),
                   pick(seed, categories, N(categories)),
                   dk_kind_names[draw(seed, DK_KIND_N)],
                   pick(seed, needs, N(needs)), pick(seed, people, N(people)));
}

/* Hand it in, let the book answer, and note its answer in `said`. */
static struct dk_case *tell(struct bookwork *k, const char *what,
                            const char *how, dk_ms at, int64_t key, char **said)
{
    char text[2048];
    struct dk_submit s = {0};
    struct dk_problem p = {0};
    struct dk_command cmd = {.action = DK_ACT_SUBMIT,
                             .by = DK_BY_BROKER,
                             .actor = "kiosk",
                             .claimed = DK_NEVER,
                             .submit = &s,
                             .key = key};
    struct dk_case *c;

    (void)snprintf(text, sizeof text, "{%s%s}", what, how);
    cJSON *body = cw_json(text);
    if (dk_submit_read(body, &s, &p) != 0)
        fail_msg("%s: %s", p.pointer, p.detail);
    dk_case_free(k->w.c);
    k->w.c = dk_case_new();
    assert_non_null(k->w.c);
    k->w.now = at;
    cw_must(&k->w, &cmd);
    cJSON_Delete(body);
    bw_assign(k);
    *said = strdup(k->out.buf);
    assert_non_null(*said);
    c = k->w.c;
    k->w.c = NULL;
    return c;
}

static int by_order(const void *a, const void *b)
{
    struct dk_case *const *x = a, *const *y = b;

    return dk_order_cmp(*x, *y);
}

/* One stream in its two tellings, and the same case with what came of it. */
static void one_stream(struct bookwork *k, unsigned *seed)
{
    struct dk_case *line[2][CASES];
    dk_ms at =
        cw_time("2026-01-15T08:00:00+08:00") + (dk_ms)draw(seed, 365) * DK_DAY;

    for (int i = 0; i < CASES; i++) {
        char what[1024], how[2][256], *said[2];
        dk_ms due = at + (dk_ms)draw(seed, 20) * DK_DAY;
        int64_t key = INT64_C(20260101000001) + i;

        at += (dk_ms)draw(seed, 3) * DK_HOUR;
        matter(seed, what, sizeof what);
        for (int t = 0; t < 2; t++) {
            struct dk_case *c;
            unlike(seed, how[t], sizeof how[t]);
            c = tell(k, what, how[t], at, key, &said[t]);
            add_clock(c, DK_DUE_OVERDUE, DK_CLOCK_RUNNING, due);
            c->repeats = draw(seed, 2) ? draw(seed, 40) : 0;
            c->repeat_of = draw(seed, 2) ? key - 1 - draw(seed, 9) : 0;
            c->group = draw(seed, 2) ? key : 0;
            line[t][i] = c;
        }
        if (strcmp(said[0], said[1]) != 0)
            fail_msg("%s\n%s -> %s\n%s -> %s", what, how[0], said[0], how[1],
                     said[1]);
        assert_int_equal(line[0][i]->urgent, line[1][i]->urgent);
        free(said[0]);
        free(said[1]);
    }
    for (int t = 0; t < 2; t++)
        qsort(line[t], CASES, sizeof line[t][0], by_order);
    for (int i = 0; i < CASES; i++) {
        assert_int_equal(line[0][i]->key, line[1][i]->key);
        dk_case_free(line[0][i]);
        dk_case_free(line[1][i]);
    }
}

static void numbers_and_channels_change_neither_place_nor_unit(void **state)
{
    struct bookwork *k = *state;
    const char *given = getenv("DK_SEED");
    unsigned seed = given != NULL ? (unsigned)strtoul(given, NULL, 10)
                                  : (unsigned)time(NULL);

    print_message("seed %u\n", seed);
    bw_load_file(k, "policy/units-sample.json");
    for (int i = 0; i < STREAMS; i++)
        one_stream(k, &seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BW(a_rule_puts_a_matter_first_before_it_is_assigned),
        BW(a_season_goes_over_the_new_year),
        BW(a_need_that_was_told_is_enough),
        BW(every_condition_of_the_matter_must_hold),
        BW(what_a_person_put_first_is_left_alone),
        BW(what_cannot_wait_is_said_even_if_a_person_assigned_it),
        BW(urgent_then_due_then_age_then_number),
        BW(numbers_and_channels_change_neither_place_nor_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
