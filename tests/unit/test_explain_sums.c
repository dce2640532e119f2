/* The sums that an explanation tells, held against the days of the calendar one
 * by one, and against what the policy had set: walks of random cases under laws
 * of every kind.  The seed is printed; again: --seed N.
 */
#include <time.h>

#include "tests/support/explainkit.h"

#define WALKS 1600
#define STEPS 12

static uint64_t seed, stream;
static unsigned long n_clocks, n_sums, n_held, n_extended, n_moved, n_passed;

/* splitmix64 */
static unsigned pick(unsigned n)
{
    uint64_t z = (stream += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    return (unsigned)(z % n);
}

static const char *const hows[] = {"natural", "working"};
static const char *const ends[] = {"next_working_day", "keep"};
static const char *const firsts[] = {"next_day", "same_day"};

/* A law with a clock of random length from each of two events. */
static void random_law(struct story *s)
{
    char text[2000];

    (void)snprintf(
        text, sizeof(text),
        "{\"format\":\"docket-policy/1\",\"id\":\"t\",\"calendar\":\"cn\","
        "\"versions\":[{\"effective_from\":\"2000-01-01\",\"clocks\":["
        "{\"id\":\"conclude\",\"starts_on\":[\"accepted\"],"
        "\"stops_on\":[\"answered\"],\"holds_on\":[\"suspended\"],"
        "\"first_day\":\"%s\",\"on_last_day_rest\":\"%s\","
        "\"extend\":{\"times\":3,\"max_days\":30},"
        "\"length\":{\"days\":%u,\"count\":\"%s\"}},"
        "{\"id\":\"a\",\"starts_on\":[\"submitted\"],"
        "\"stops_on\":[\"answered\"],"
        "\"holds_on\":[\"suspended\",\"objected\"],"
        "\"first_day\":\"%s\",\"on_last_day_rest\":\"%s\","
        "\"length\":{\"days\":%u,\"count\":\"%s\"}}]}]}",
        firsts[pick(2)], ends[pick(2)], 1 + pick(90), hows[pick(2)],
        firsts[pick(2)], ends[pick(2)], 1 + pick(60), hows[pick(2)]);
    xk_policy(s, text);
}

static void restore_law(struct story *s)
{
    size_t len = 0;
    char *text = cw_read_file("policy/xinfang-2022.json", &len);

    dk_policy_free(s->p);
    s->p = load_policy(text, len);
    free(text);
}

/* Anything that may come next; what is refused just does not happen. */
static void random_step(struct story *s)
{
    char args[200];

    s->k.env.now += (dk_ms)pick(12) * DK_DAY + (dk_ms)pick(86400) * 1000;
    switch (pick(9)) {
    case 0:
    case 1:
        (void)xk_try(s, DK_ACT_SUSPEND,
                     "{\"reason\":\"r\",\"ground\":\"hearing\"}");
        break;
    case 2:
    case 3:
        (void)xk_try(s, DK_ACT_RESUME, "{}");
        break;
    case 4:
        (void)snprintf(args, sizeof(args),
                       "{\"days\":%u,\"reason\":\"r\",\"approved_by\":\"h\"}",
                       1 + pick(30));
        (void)xk_try(s, DK_ACT_EXTEND, args);
        break;
    case 5:
        (void)xk_try(s, DK_ACT_OBJECT, "{\"grounds\":\"g\"}");
        break;
    case 6:
        (void)xk_try(s, DK_ACT_REFUSE_OBJECTION, "{\"reason\":\"r\"}");
        break;
    case 7:
        (void)xk_try(s, DK_ACT_ACCEPT, "{}");
        break;
    default:
        (void)kit_fire(&s->k);
        break;
    }
}

static void random_end(struct story *s)
{
    (void)xk_try(s, DK_ACT_RESUME, "{}");
    if (pick(3) == 0)
        return;
    (void)xk_try(s, DK_ACT_ANSWER, "{\"text\":\"t\",\"legal_basis\":\"b\"}");
    s->k.env.now += (dk_ms)pick(30) * DK_DAY;
    if (pick(2) == 0)
        (void)xk_try(s, DK_ACT_ASK_REVIEW, "{\"grounds\":\"g\"}");
    for (unsigned n = pick(4); n > 0; n--)
        random_step(s);
}

/* Days in 2024 and 2025, so that every count ends in a year that is known. */
static void random_case(struct story *s)
{
    struct dk_submit sub = kit_submission();

    s->k.env.now = cw_time("2024-01-01T00:00:00+08:00") +
                   (dk_ms)pick(500) * DK_DAY + (dk_ms)pick(86400) * 1000;
    assert_int_equal(kit_submit(&s->k, &sub), 0);
    xk_answer(s);
    assert_int_equal(xk_try(s, DK_ACT_REGISTER, "{}"), 0);
    (void)xk_try(s, DK_ACT_ASSIGN, "{\"unit\":\"u-1\"}");
    (void)xk_try(s, DK_ACT_TRANSFER, "{}");
    if (pick(4) != 0)
        (void)xk_try(s, DK_ACT_ACCEPT, "{}");
    for (unsigned n = pick(STEPS); n > 0; n--)
        random_step(s);
    random_end(s);
    assert_string_equal(s->trouble, "");
}

/* ---- the same again from the JSON, day by day ---- */

static const cJSON *member(const cJSON *o, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);

    if (v == NULL)
        fail_msg("no \"%s\"", key);
    return v;
}

static const char *str(const cJSON *o, const char *key)
{
    const char *s = cJSON_GetStringValue(member(o, key));

    if (s == NULL)
        fail_msg("\"%s\" is no text", key);
    return s;
}

static int num(const cJSON *o, const char *key)
{
    return (int)cJSON_GetNumberValue(member(o, key));
}

static int64_t day(const cJSON *o, const char *key)
{
    struct dk_date d;
    const char *s = str(o, key);

    assert_int_equal(dk_date_parse(s, strlen(s), &d), 0);
    return dk_days_from_date(d);
}

/* Every day of a stretch is of its kind, and each that counts is counted. */
static void check_stretch(const struct story *s, const cJSON *o, bool working,
                          int64_t *at, int *counted)
{
    bool counts = strcmp(str(o, "kind"), "counted") == 0;

    assert_int_equal(day(o, "from"), *at + 1);
    assert_true(day(o, "to") >= day(o, "from"));
    assert_int_equal(num(o, "days"), day(o, "to") - *at);
    while (*at < day(o, "to")) {
        ++*at;
        if (working)
            assert_int_equal(dk_calendar_works(s->cal, *at), counts ? 1 : 0);
        else
            assert_true(counts);
        *counted += counts ? 1 : 0;
    }
    assert_int_equal(num(o, "counted"), *counted);
    n_passed += counts ? 0 : 1;
}

/* The day on which the sum ends. */
static int64_t check_sum(const struct story *s, const cJSON *o)
{
    bool working = strcmp(str(o, "in"), "working") == 0;
    int told = num(o, "counted_before"), counted = 0;
    int64_t at = day(o, "day_0"), last;
    const cJSON *run;

    /* What an earlier setting told, day by day all the same. */
    while (counted < told)
        counted += !working || dk_calendar_works(s->cal, ++at) == 1;
    at = working ? at : at + told;
    cJSON_ArrayForEach (run, member(o, "stretches"))
        check_stretch(s, run, working, &at, &counted);
    assert_int_equal(counted, num(o, "days"));
    assert_int_equal(at, day(o, "counted_to"));
    last = day(o, "last_day");
    assert_int_equal(cJSON_IsTrue(member(o, "moved")), last != at);
    for (; at < last; at++, n_moved++)
        assert_int_equal(dk_calendar_works(s->cal, at), 0);
    if (cJSON_IsTrue(member(o, "moved")))
        assert_int_equal(dk_calendar_works(s->cal, last), 1);
    n_sums++;
    n_held += strcmp(str(o, "because_of"), "held") == 0;
    n_extended += strcmp(str(o, "because_of"), "extended") == 0;
    return last;
}

static void check_clock(const struct story *s, const cJSON *k)
{
    const struct dk_zone *zone = dk_calendar_zone(s->cal);
    const cJSON *set, *sum;
    int64_t last = 0;

    assert_true(cJSON_IsTrue(member(k, "agrees")));
    cJSON_ArrayForEach (set, member(k, "set")) {
        assert_true(cJSON_IsTrue(member(set, "agrees")));
        assert_true(cJSON_IsTrue(member(set, "sums_agree")));
        cJSON_ArrayForEach (sum, member(set, "sums"))
            last = check_sum(s, sum);
        assert_int_equal(last, day(set, "last_day"));
        assert_true(cw_time(str(set, "due_at")) ==
                    dk_zone_midnight(zone, last + 1));
    }
    assert_true(cw_time(str(k, "due_at")) == dk_zone_midnight(zone, last + 1));
    n_clocks++;
}

static void check_case(const struct story *s)
{
    cJSON *doc = xk_doc(s), *all = xk_json_of(s, doc), *k;

    cJSON_ArrayForEach (k, member(all, "clocks"))
        check_clock(s, k);
    assert_int_equal(cJSON_GetArraySize(member(all, "missing")), 0);
    assert_int_equal(cJSON_GetArraySize(member(all, "troubles")), 0);
    assert_true(cJSON_IsFalse(member(all, "differs_from_events")));
    for (int i = 0; i < s->k.c->n_clock; i++) {
        const struct dk_clock *have = &s->k.c->clock[i];
        bool found = false;

        cJSON_ArrayForEach (k, member(all, "clocks"))
            found = found || (strcmp(str(k, "clock"), have->id) == 0 &&
                              num(k, "no") == (int)have->no &&
                              cw_time(str(k, "due_at")) == have->due_at);
        assert_true(found);
    }
    char *text = xk_text_of(s, doc, "en");
    xk_lacks(text, "DIFFERS");
    xk_lacks(text, "MISSING");
    free(text);
    cJSON_Delete(all);
    cJSON_Delete(doc);
}

static void the_sums_give_what_was_set(void **state)
{
    struct story *s = *state;

    stream = seed;
    for (int i = 0; i < WALKS; i++) {
        xk_again(s);
        if (i % 2 == 0)
            random_law(s);
        else if (i % 4 == 1)
            restore_law(s);
        random_case(s);
        check_case(s);
    }
    printf("%lu clocks, %lu sums (%lu held, %lu extended), %lu days moved, "
           "%lu stretches of rest\n",
           n_clocks, n_sums, n_held, n_extended, n_moved, n_passed);
    assert_true(n_clocks > 2000 && n_held > 100 && n_extended > 100 &&
                n_moved > 500 && n_passed > 500);
    restore_law(s);
}

/* A clock that was set a day off is found, whichever it is. */
static void a_day_too_many_is_found(void **state)
{
    struct story *s = *state;
    unsigned tried = 0;

    stream = seed + 1;
    for (int i = 0; i < 50; i++) {
        cJSON *doc, *e, *all, *k;
        bool agrees = true;
        char due[DK_TIME_MAX];

        xk_again(s);
        random_case(s);
        doc = xk_doc(s);
        cJSON_ArrayForEach (e, member(doc, "events")) {
            cJSON *body = cJSON_GetObjectItem(e, "body");
            cJSON *at = cJSON_GetObjectItem(body, "due_at");

            if (strcmp(str(e, "type"), "clock_set") != 0 || pick(3) != 0)
                continue;
            dk_time_format(cw_time(at->valuestring) + DK_DAY, CN_MIN, due);
            cJSON_SetValuestring(at, due);
            /* The rung at the end moves with it. */
            cJSON_ArrayForEach (k, member(body, "rungs"))
                if (strcmp(str(k, "id"), str(body, "on_due")) == 0)
                    cJSON_SetValuestring(cJSON_GetObjectItem(k, "at"), due);
            tried++;
            agrees = false;
            break;
        }
        all = xk_json_of(s, doc);
        cJSON_ArrayForEach (k, member(all, "clocks"))
            agrees = agrees || cJSON_IsFalse(member(k, "agrees"));
        assert_true(agrees);
        cJSON_Delete(all);
        cJSON_Delete(doc);
    }
    assert_true(tried > 20);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_sums_give_what_was_set, xk_setup,
                                        xk_teardown),
        cmocka_unit_test_setup_teardown(a_day_too_many_is_found, xk_setup,
                                        xk_teardown),
    };

    seed = (uint64_t)time(NULL);
    if (argc == 3 && strcmp(argv[1], "--seed") == 0)
        seed = strtoull(argv[2], NULL, 10);
    printf("seed %llu\n", (unsigned long long)seed);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
