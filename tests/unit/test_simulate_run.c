/* A whole history through the processes of docket-simulate: what comes out does
 * not depend on how many there are, and what is wrong is told by its line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <unistd.h>

#include "tests/support/history.h"
#include "tests/support/lawwork.h"
#include "workers/simulate_judge.h"
#include "workers/simulate_print.h"

#define CASES 60

/* The law of the history with a shorter time to conclude. */
static char *shorter(void)
{
    size_t len = 0;
    char *text = cw_read_file("policy/xinfang-2022.json", &len), *at = text;
    int n = 0;

    text[len] = '\0';
    while ((at = strstr(at, "\"length\": {\"days\": 60,")) != NULL) {
        at = strstr(at, "60");
        memcpy(at, "48", 2);
        n++;
    }
    assert_true(n > 0);
    return text;
}

struct world {
    struct law *then, *now;
    char *text; /* the history .. */
    size_t len;
    dk_ms to; /* .. and its last event */
};

static int setup_world(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    FILE *f;
    struct dk_jw line = {0};
    char *text = shorter();

    assert_non_null(w);
    w->then = new_law(NULL);
    w->now = new_law(text);
    free(text);
    f = open_memstream(&w->text, &w->len);
    assert_non_null(f);
    for (int i = 0; i < CASES; i++) {
        struct office o;

        office_open(&o, w->then->p, w->then->cal, 1000 + (uint64_t)i);
        office_live(&o, cw_time("2026-01-05T08:30:00+08:00") + i * DK_DAY,
                    KIT_KEY + i);
        for (size_t e = 0; e < o.k.log.n; e++) {
            dk_jw_reset(&line);
            history_write(&line, &o.k.log.v[e], KIT_KEY + i, 1);
            assert_int_equal(fwrite(line.buf, 1, line.len, f), line.len);
            assert_int_equal(fputc('\n', f), '\n');
            if (o.k.log.v[e].at > w->to)
                w->to = o.k.log.v[e].at;
        }
        office_close(&o);
    }
    assert_int_equal(fclose(f), 0);
    dk_jw_fini(&line);
    *state = w;
    return 0;
}

static int teardown_world(void **state)
{
    struct world *w = *state;

    free_law(w->then);
    free_law(w->now);
    free(w->text);
    free(w);
    return 0;
}

/* One run, and what it printed. */
struct result {
    struct sim_history history;
    struct faults faults;
    struct sums sums;
    char *out;
    size_t len;
};

typedef int (*print_fn)(FILE *out, const struct sim_report *r);

static void run(const struct world *w, const struct law *law, const char *text,
                size_t len, int jobs, print_fn print, struct result *r)
{
    struct sim_heaps heaps = {0};
    struct dk_problem p = {0};
    struct sim_law sim = {.policy = law->p,
                          .calendar = law->cal,
                          .from = INT64_MIN,
                          .to = w->to,
                          .law_of = DK_NEVER};
    struct sim_report report = {&sim, &r->history, &r->sums, false};
    FILE *in = tmpfile(), *out;

    memset(r, 0, sizeof *r);
    assert_non_null(in);
    assert_int_equal(fwrite(text, 1, len, in), len);
    assert_int_equal(fflush(in), 0);
    assert_int_equal(lseek(fileno(in), 0, SEEK_SET), 0);
    if (sim_read(fileno(in), jobs, "/tmp", false, &heaps, &r->history,
                 &r->faults, &p) != 0)
        fail_msg("%s", p.detail);
    assert_int_equal(fclose(in), 0);
    if (r->faults.all == 0 && sim_judge(&heaps, &sim, jobs, false, true,
                                        &r->sums, &r->faults, &p) != 0)
        fail_msg("%s", p.detail);
    sim_heaps_fini(&heaps);
    out = open_memstream(&r->out, &r->len);
    assert_non_null(out);
    assert_int_equal(print(out, &report), 0);
    assert_int_equal(fclose(out), 0);
}

static void fini(struct result *r)
{
    sums_fini(&r->sums);
    free(r->out);
}

static void assert_same_print(const struct world *w, print_fn print)
{
    struct result one, more;

    run(w, w->now, w->text, w->len, 1, print, &one);
    assert_int_equal(one.faults.all, 0);
    assert_int_equal(one.sums.cases, CASES);
    assert_true(one.sums.newly_late > 3);
    assert_int_equal(one.sums.newly_in_time, 0);
    for (int jobs = 2; jobs <= 5; jobs++) {
        run(w, w->now, w->text, w->len, jobs, print, &more);
        assert_string_equal(more.out, one.out);
        fini(&more);
    }
    fini(&one);
}

static void test_output_does_not_depend_on_the_processes(void **state)
{
    const struct world *w = *state;

    assert_same_print(w, sim_print_table);
    assert_same_print(w, sim_print_csv);
    assert_same_print(w, sim_print_json);
}

static void test_the_same_law_changes_nothing(void **state)
{
    const struct world *w = *state;
    struct result r;

    run(w, w->then, w->text, w->len, 2, sim_print_csv, &r);
    assert_int_equal(r.sums.cases, CASES);
    assert_int_equal(r.sums.n_change, 0);
    assert_int_equal(r.sums.newly_late + r.sums.newly_in_time, 0);
    assert_int_equal(r.sums.uncounted, 0);
    assert_true(r.sums.late_then > 5);
    for (size_t i = 0; i < r.sums.n_row; i++) {
        const struct row *row = &r.sums.row[i];

        assert_int_equal(row->limits_then, row->limits_now);
        assert_int_equal(row->late_then, row->late_now);
        assert_int_equal(days_worst(&row->days_then),
                         days_worst(&row->days_now));
    }
    fini(&r);
}

/* Sums of the rows against the list of changes. */
static void test_rows_and_list_agree(void **state)
{
    const struct world *w = *state;
    struct result r;
    uint64_t late = 0, in_time = 0, all = 0;

    run(w, w->now, w->text, w->len, 2, sim_print_csv, &r);
    for (size_t i = 0; i < r.sums.n_row; i++) {
        const struct row *row = &r.sums.row[i];

        assert_int_equal(row->late_now,
                         row->late_then + row->newly_late - row->newly_in_time);
        assert_int_equal(row->days_now.all, row->late_now);
        late += row->newly_late;
        in_time += row->newly_in_time;
    }
    for (size_t i = 0; i < r.sums.n_change; i++)
        all += r.sums.change[i].late;
    assert_int_equal(all, late);
    assert_int_equal(r.sums.n_change, late + in_time);
    fini(&r);
}

/* The cases in any order, events of one after those of another or among them:
 * a history is a set.
 */
static void test_order_of_lines_does_not_matter(void **state)
{
    const struct world *w = *state;
    struct result one, other;
    char **line = calloc(100000, sizeof *line), *turned = malloc(w->len + 1);
    size_t n = 0, len = 0;

    assert_non_null(line);
    assert_non_null(turned);
    for (char *p = w->text; p < w->text + w->len; p = strchr(p, '\n') + 1)
        line[n++] = p;
    while (n > 0) {
        const char *p = line[--n];
        size_t l = (size_t)(strchr(p, '\n') + 1 - p);

        memcpy(turned + len, p, l);
        len += l;
    }
    assert_int_equal(len, w->len);
    run(w, w->now, w->text, w->len, 2, sim_print_json, &one);
    run(w, w->now, turned, len, 2, sim_print_json, &other);
    assert_string_equal(one.out, other.out);
    fini(&one);
    fini(&other);
    free(line);
    free(turned);
}

/* ---- histories with mistakes --------------------------------------------- */

static char *joined(const char *a, size_t a_len, const char *b, size_t *len)
{
    size_t b_len = strlen(b);
    char *text = malloc(a_len + b_len + 1);

    assert_non_null(text);
    memcpy(text, a, a_len);
    memcpy(text + a_len, b, b_len + 1);
    *len = a_len + b_len;
    return text;
}

static int64_t lines_of(const struct world *w)
{
    int64_t n = 0;

    for (size_t i = 0; i < w->len; i++)
        n += w->text[i] == '\n';
    return n;
}

static void assert_fault(const struct result *r, int i, const char *text)
{
    assert_true(i < r->faults.n);
    if (strstr(r->faults.text[i], text) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", text, r->faults.text[i]);
}

static void test_every_bad_line_is_told_by_its_number(void **state)
{
    const struct world *w = *state;
    int64_t n = lines_of(w);
    char want[64];
    struct result r;
    size_t len = 0;
    char *text = joined(w->text, w->len,
                        "no JSON\n\n{\"n\":1}\n{\"seq\":\"1\",\"case_", &len);

    for (int jobs = 1; jobs <= 3; jobs++) {
        run(w, w->now, text, len, jobs, sim_print_csv, &r);
        assert_int_equal(r.faults.all, 3);
        (void)snprintf(want, sizeof want, "history line %lld: byte 0",
                       (long long)n + 1);
        assert_fault(&r, 0, want);
        (void)snprintf(want, sizeof want,
                       "history line %lld: ", (long long)n + 3);
        assert_fault(&r, 1, want);
        assert_fault(&r, 1, "\"case_no\"");
        /* Cut off in the middle of the last line. */
        (void)snprintf(want, sizeof want,
                       "history line %lld: ", (long long)n + 4);
        assert_fault(&r, 2, want);
        fini(&r);
    }
    free(text);
}

static void test_only_the_first_mistakes_are_shown(void **state)
{
    const struct world *w = *state;
    struct result r;
    char text[4000] = "";

    for (int i = 0; i < 500; i++)
        memcpy(text + 2 * i, "x\n", 3);
    run(w, w->now, text, 1000, 3, sim_print_csv, &r);
    assert_int_equal(r.faults.all, 500);
    assert_int_equal(r.faults.n, FAULTS_SHOWN);
    assert_fault(&r, 0, "line 1:");
    assert_fault(&r, FAULTS_SHOWN - 1, "line 20:");
    fini(&r);
}

static void test_a_line_longer_than_any_event(void **state)
{
    const struct world *w = *state;
    size_t len = (size_t)3 << 20;
    char *text = malloc(len + 3);
    struct result r;

    assert_non_null(text);
    memset(text, 'x', len);
    memcpy(text + len, "\nx", 3);
    run(w, w->now, text, len + 2, 2, sim_print_csv, &r);
    assert_int_equal(r.faults.all, 2);
    assert_fault(&r, 0, "line 1: it is longer than any event");
    assert_fault(&r, 1, "line 2:");
    fini(&r);
    /* One that fits into a block all the same. */
    memcpy(text + 300000, "\ny\n", 4);
    run(w, w->now, text, 300003, 2, sim_print_csv, &r);
    assert_int_equal(r.faults.all, 2);
    assert_fault(&r, 0, "line 1: the line has more than");
    fini(&r);
    free(text);
}

static void test_the_last_line_needs_no_end(void **state)
{
    const struct world *w = *state;
    struct result r;

    run(w, w->now, w->text, w->len - 1, 2, sim_print_csv, &r);
    assert_int_equal(r.faults.all, 0);
    assert_int_equal(r.history.events, lines_of(w));
    fini(&r);
}

static void test_exports_may_overlap(void **state)
{
    const struct world *w = *state;
    struct result one, twice;
    size_t len = 0;
    char *text = joined(w->text, w->len, w->text, &len);

    run(w, w->now, w->text, w->len, 2, sim_print_csv, &one);
    run(w, w->now, text, len, 3, sim_print_csv, &twice);
    assert_int_equal(twice.faults.all, 0);
    assert_int_equal(twice.sums.cases, CASES);
    assert_string_equal(one.out, twice.out);
    fini(&one);
    fini(&twice);
    free(text);
}

static void test_two_brokers_in_one_history(void **state)
{
    const struct world *w = *state;
    struct result r;
    size_t len = 0;
    char *text = joined(w->text, w->len, w->text, &len);
    char *at = strstr(text + w->len, "\"type\":\"registered\",\"at\":\"");

    /* Registered a year later: another event of the same number. */
    assert_non_null(at);
    at[strlen("\"type\":\"registered\",\"at\":\"") + 3] = '7';
    run(w, w->now, text, len, 2, sim_print_csv, &r);
    assert_int_equal(r.faults.all, 1);
    assert_fault(&r, 0, "case 330699-");
    assert_fault(&r, 0, "two different events");
    fini(&r);
    free(text);
}

static void test_history_that_does_not_begin_at_the_beginning(void **state)
{
    const struct world *w = *state;
    const char *second = strchr(w->text, '\n') + 1;
    struct result r;

    run(w, w->now, second, w->len - (size_t)(second - w->text), 2,
        sim_print_csv, &r);
    assert_int_equal(r.faults.all, 1);
    assert_fault(&r, 0, "event 1 is missing");
    fini(&r);
}

static void test_a_history_without_cases(void **state)
{
    const struct world *w = *state;
    struct result r;

    run(w, w->now, "", 0, 2, sim_print_json, &r);
    assert_int_equal(r.faults.all, 0);
    assert_int_equal(r.sums.cases, 0);
    assert_int_equal(r.history.last, DK_NEVER);
    fini(&r);
}

/* ---- what is printed ----------------------------------------------------- */

static void test_csv_is_rfc_4180(void **state)
{
    const struct world *w = *state;
    struct dk_case c = {.unit = ""};
    struct sim_life l = {.then = &c, .now = &c, .refused = -1};
    struct sim_limit v = {.clock = "conclude",
                          .unit = "a,\"b\"",
                          .basis = 1,
                          .late = true,
                          .days = 3};
    struct sums s = {.row = NULL};
    struct sim_law law = {w->now->p, w->now->cal, INT64_MIN, w->to, DK_NEVER};
    struct sim_history history = {1, w->to, w->to};
    struct sim_report r = {&law, &history, &s, false};
    char *out = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&out, &len);

    assert_non_null(f);
    l.is = (struct sim_limits){&v, 1, 1};
    assert_int_equal(sums_add(&s, KIT_KEY, 330699, &l), 0);
    v.days = 8;
    assert_int_equal(sums_add(&s, KIT_KEY + 1, 330699, &l), 0);
    sums_sort(&s);
    assert_int_equal(sim_print_csv(f, &r), 0);
    assert_int_equal(fclose(f), 0);
    assert_string_equal(
        out, "unit,clock,name,limits_then,limits_now,late_then,late_now,"
             "newly_late,newly_in_time,median_days_then,worst_days_then,"
             "median_days_now,worst_days_now\r\n"
             "\"a,\"\"b\"\"\",conclude,Conclude,0,2,0,2,2,0,,,3,8\r\n");
    free(out);
    sums_fini(&s);
}

static void test_the_median_is_the_lower_one(void **state)
{
    static const int64_t days[] = {1, 2, 2, 9, 40, 400000};
    struct dk_case c = {.unit = ""};
    struct sim_life l = {.then = &c, .now = &c, .refused = -1};
    struct sim_limit v = {.clock = "c", .unit = "u", .basis = 1, .late = true};
    struct sums s = {.row = NULL};

    (void)state;
    l.was = (struct sim_limits){&v, 1, 1};
    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
        v.days = days[i];
        assert_int_equal(sums_add(&s, (int64_t)i, 330699, &l), 0);
    }
    assert_int_equal(s.n_row, 1);
    assert_int_equal(days_median(&s.row[0].days_then), 2);
    assert_int_equal(days_worst(&s.row[0].days_then), SUMS_DAYS_MAX);
    assert_int_equal(days_median(&s.row[0].days_now), 0);
    assert_int_equal(s.newly_in_time, 6);
    sums_fini(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_output_does_not_depend_on_the_processes),
        cmocka_unit_test(test_the_same_law_changes_nothing),
        cmocka_unit_test(test_rows_and_list_agree),
        cmocka_unit_test(test_order_of_lines_does_not_matter),
        cmocka_unit_test(test_every_bad_line_is_told_by_its_number),
        cmocka_unit_test(test_only_the_first_mistakes_are_shown),
        cmocka_unit_test(test_a_line_longer_than_any_event),
        cmocka_unit_test(test_the_last_line_needs_no_end),
        cmocka_unit_test(test_exports_may_overlap),
        cmocka_unit_test(test_two_brokers_in_one_history),
        cmocka_unit_test(test_history_that_does_not_begin_at_the_beginning),
        cmocka_unit_test(test_a_history_without_cases),
        cmocka_unit_test(test_csv_is_rfc_4180),
        cmocka_unit_test(test_the_median_is_the_lower_one),
    };
    return cmocka_run_group_tests_name("simulate_run", tests, setup_world,
                                       teardown_world);
}
