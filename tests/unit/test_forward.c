/* From the kiosk's spool to a ROUTER that plays the broker: lines, checks and
 * the forwarder, in one process.  Time is handed to the forwarder, so that
 * waiting costs none.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>
#include <zmq.h>

#include "clients/kiosk/forward.h"
#include "clients/kiosk/intake.h"
#include "clients/kiosk/lines.h"
#include "tests/support/folder.h"

#define WAIT_MS 10000

struct world {
    char dir[64], spool_file[96], endpoint[128], out_file[96];
    void *ctx, *sock;
    struct spool *spool;
    struct say say;
    struct forward *f;
    dk_ms now;
    int real_stdout;
    char peer[64], type[64], request[80], body[4096];
    size_t peer_len;
};

static void bind_broker(struct world *w)
{
    const int zero = 0;

    w->ctx = zmq_ctx_new();
    w->sock = zmq_socket(w->ctx, ZMQ_ROUTER);
    assert_non_null(w->sock);
    zmq_setsockopt(w->sock, ZMQ_LINGER, &zero, sizeof(zero));
    assert_int_equal(zmq_bind(w->sock, w->endpoint), 0);
}

/* What the kiosk tells goes to a file while a test runs. */
static void catch_stdout(struct world *w)
{
    int fd = open(w->out_file, O_RDWR | O_CREAT | O_TRUNC, 0600);

    fflush(stdout);
    w->real_stdout = dup(STDOUT_FILENO);
    assert_true(fd >= 0 && w->real_stdout >= 0);
    dup2(fd, STDOUT_FILENO);
    close(fd);
}

static void release_stdout(struct world *w)
{
    if (w->real_stdout >= 0)
        dup2(w->real_stdout, STDOUT_FILENO);
    close(w->real_stdout);
    w->real_stdout = -1;
}

static bool was_told(struct world *w, const char *line)
{
    char buf[65536] = "\n", want[256];
    FILE *f = fopen(w->out_file, "r");
    size_t n;

    assert_non_null(f);
    n = fread(buf + 1, 1, sizeof(buf) - 2, f);
    buf[n + 1] = '\0';
    fclose(f);
    snprintf(want, sizeof(want), "\n%s", line);
    return strstr(buf, want) != NULL;
}

static int start(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    struct dk_problem p = {0};

    folder_make(w->dir, sizeof(w->dir), "dk-forward");
    if (sodium_init() < 0)
        return -1;
    snprintf(w->spool_file, sizeof(w->spool_file), "%s/s.db", w->dir);
    snprintf(w->out_file, sizeof(w->out_file), "%s/out", w->dir);
    snprintf(w->endpoint, sizeof(w->endpoint), "ipc://%s/c.sock", w->dir);
    if (spool_open(w->spool_file, true, &w->spool, &p) != 0)
        return -1;
    w->say.sigfd = -1;
    w->now = 1000000;
    w->f = calloc(1, sizeof(*w->f));
    w->f->spool = w->spool;
    w->f->say = &w->say;
    w->f->client = dk_client_open(w->endpoint, NULL, &p);
    if (w->f->client == NULL)
        return -1;
    bind_broker(w);
    catch_stdout(w);
    *state = w;
    return 0;
}

static int stop(void **state)
{
    struct world *w = *state;

    release_stdout(w);
    dk_client_close(w->f->client);
    free(w->f);
    if (w->sock != NULL) {
        zmq_close(w->sock);
        zmq_ctx_term(w->ctx);
    }
    spool_close(w->spool);
    unlink(w->spool_file);
    unlink(w->out_file);
    unlink(w->endpoint + 6);
    rmdir(w->dir);
    free(w);
    return 0;
}

/* ---- steps --------------------------------------------------------------- */

static void id_of(int n, char id[DK_UUID_TEXT])
{
    snprintf(id, DK_UUID_TEXT, "0192f0c0-0000-7000-8000-%012x", (unsigned)n);
}

static void take(struct world *w, int n)
{
    struct dk_problem p = {0};
    struct intake in;
    struct spool_item it = {0};
    char text[400], id[DK_UUID_TEXT];

    id_of(n, id);
    snprintf(text, sizeof(text),
             "{\"submission_id\":\"%s\",\"channel\":\"kiosk\","
             "\"subject\":\"lamp %d\",\"facts\":\"dark\"}",
             id, n);
    assert_int_equal(intake_read(text, strlen(text), id, 1000, &in, &p), 0);
    memcpy(it.submission, in.submission, sizeof(it.submission));
    memcpy(it.digest, in.digest, SPOOL_HASH);
    it.body = in.body;
    it.len = in.len;
    assert_int_equal(spool_take(w->spool, &it, 1, &p), 0);
    intake_fini(&in);
}

static void pump(struct world *w)
{
    struct dk_problem p = {0};

    assert_int_equal(forward_pump(w->f, w->now, &p), 0);
}

static bool waiting_at_broker(struct world *w, int ms)
{
    zmq_pollitem_t item = {.socket = w->sock, .events = ZMQ_POLLIN};

    return zmq_poll(&item, 1, ms) > 0;
}

static void recv_text(struct world *w, char *buf, size_t cap)
{
    int n = zmq_recv(w->sock, buf, cap - 1, 0);

    assert_true(n >= 0 && (size_t)n < cap);
    buf[n] = '\0';
}

static void recv_one(struct world *w)
{
    char version[16];
    int n = zmq_recv(w->sock, w->peer, sizeof(w->peer), 0);

    assert_true(n > 0);
    w->peer_len = (size_t)n;
    recv_text(w, version, sizeof(version));
    recv_text(w, w->type, sizeof(w->type));
    recv_text(w, w->request, sizeof(w->request));
    recv_text(w, w->body, sizeof(w->body));
}

/* Pump, with the time going on, until the broker has a message. */
static void until_sent(struct world *w)
{
    for (int i = 0; i < 1000; i++) {
        pump(w);
        if (waiting_at_broker(w, 10)) {
            recv_one(w);
            return;
        }
        w->now += 10;
    }
    fail_msg("the kiosk sends nothing");
}

static void expect_submit(struct world *w, int n)
{
    char id[DK_UUID_TEXT];

    id_of(n, id);
    until_sent(w);
    assert_string_equal(w->type, "case.submit");
    assert_string_equal(w->request, id);
    assert_non_null(strstr(w->body, id));
}

static void say(struct world *w, const char *type, const char *body)
{
    zmq_send(w->sock, w->peer, w->peer_len, ZMQ_SNDMORE);
    zmq_send(w->sock, "DKT1", 4, ZMQ_SNDMORE);
    zmq_send(w->sock, type, strlen(type), ZMQ_SNDMORE);
    zmq_send(w->sock, w->request, strlen(w->request), ZMQ_SNDMORE);
    zmq_send(w->sock, body, strlen(body), 0);
}

static void refuse(struct world *w, const char *slug, int retry_ms)
{
    char body[300];
    char retry[64] = "";

    if (retry_ms > 0)
        snprintf(retry, sizeof(retry), ",\"retry_after_ms\":%d", retry_ms);
    snprintf(body, sizeof(body),
             "{\"type\":\"urn:docket:problem:%s\",\"title\":\"-\","
             "\"status\":500,\"detail\":\"why\"%s}",
             slug, retry);
    say(w, "problem", body);
}

static void say_receipt(struct world *w, const char *submission)
{
    char body[300];

    snprintf(body, sizeof(body),
             "{\"submission_id\":\"%s\","
             "\"case_no\":\"330699-20261125-000001-7\","
             "\"query_code\":\"12345678\",\"submitted_at\":\"-\","
             "\"recorded_at\":\"-\"}",
             submission);
    say(w, "ok", body);
}

static void acknowledge(struct world *w)
{
    say_receipt(w, w->request);
}

static int64_t count(struct world *w, enum spool_state state)
{
    struct spool_counts c;
    struct dk_problem p = {0};

    assert_int_equal(spool_count(w->spool, &c, &p), 0);
    return c.n[state];
}

/* Wait on the client's own fd until the spool says so. */
static void until_count(struct world *w, enum spool_state state, int64_t n)
{
    zmq_pollitem_t item = {.fd = dk_client_fd(w->f->client),
                           .events = ZMQ_POLLIN};

    for (int i = 0; i < 1000; i++) {
        pump(w);
        if (count(w, state) == n)
            return;
        zmq_poll(&item, 1, 10);
    }
    fail_msg("the answer does not arrive in the spool");
}

/* ---- forwarding ---------------------------------------------------------- */

static void an_acknowledged_case_is_told_and_kept(void **state)
{
    struct world *w = *state;

    take(w, 1);
    assert_false(forward_idle(w->f));
    expect_submit(w, 1);
    assert_non_null(strstr(w->body, "\"submitted_at\":\"1970-01-01T00:00:01."));
    acknowledge(w);
    until_count(w, SPOOL_DONE, 1);
    assert_true(was_told(w, "case 330699-20261125-000001-7 code 12345678\n"));
    pump(w);
    assert_true(forward_idle(w->f));
}

static void without_an_answer_the_same_id_and_words_are_sent_again(void **state)
{
    struct world *w = *state;
    char first[4096];

    take(w, 1);
    expect_submit(w, 1);
    snprintf(first, sizeof(first), "%s", w->body);
    for (int i = 0; i < 3; i++) {
        w->now += 10001; /* the time an answer may take */
        pump(w);
        assert_false(waiting_at_broker(w, 0)); /* never at once */
        w->now += 120000;
        expect_submit(w, 1);
        assert_string_equal(w->body, first);
    }
    acknowledge(w);
    until_count(w, SPOOL_DONE, 1);
    acknowledge(w); /* late answers to the earlier tries */
    refuse(w, "bad-field", 0);
    take(w, 2);
    expect_submit(w, 2);
    acknowledge(w);
    until_count(w, SPOOL_DONE, 2);
    assert_int_equal(count(w, SPOOL_REFUSED), 0);
}

/* Who sits on the line can put one answer's body behind another's frames. */
static void the_answer_to_another_case_is_not_taken(void **state)
{
    struct world *w = *state;
    char other[DK_UUID_TEXT], body[300];

    id_of(2, other);
    snprintf(body, sizeof(body),
             "{\"type\":\"urn:docket:problem:conflict\",\"title\":\"-\","
             "\"status\":409,\"detail\":\"why\",\"request\":\"%s\"}",
             other);
    take(w, 1);
    expect_submit(w, 1);
    say(w, "problem", body);
    say_receipt(w, other);
    for (int i = 0; i < 1000 && w->f->n_sent > 0; i++) {
        pump(w);
        waiting_at_broker(w, 1);
    }
    assert_int_equal(w->f->n_sent, 0); /* the receipt was read, and left */
    assert_int_equal(count(w, SPOOL_REFUSED) + count(w, SPOOL_DONE), 0);
    assert_false(was_told(w, "12345678"));
    w->now += 120000;
    expect_submit(w, 1); /* the same case again */
    acknowledge(w);
    until_count(w, SPOOL_DONE, 1);
    assert_true(was_told(w, "case 330699-20261125-000001-7 code 12345678\n"));
}

static void a_receipt_without_a_code_says_what_a_person_can_do(void **state)
{
    struct world *w = *state;
    char body[300];

    take(w, 1);
    expect_submit(w, 1);
    snprintf(body, sizeof(body),
             "{\"submission_id\":\"%s\","
             "\"case_no\":\"330699-20261125-000001-7\"}",
             w->request);
    say(w, "ok", body); /* no word of a code: that is no receipt */
    for (int i = 0; i < 1000 && w->f->n_sent > 0; i++) {
        pump(w);
        waiting_at_broker(w, 1);
    }
    assert_int_equal(count(w, SPOOL_DONE), 0);
    w->now += 120000;
    expect_submit(w, 1);
    body[strlen(body) - 1] = '\0';
    strncat(body, ",\"query_code\":null}", sizeof(body) - strlen(body) - 1);
    say(w, "ok", body);
    until_count(w, SPOOL_DONE, 1);
    assert_true(was_told(w, "case 330699-20261125-000001-7 without code: "));
    w->say.json = true;
    say_case(&w->say, "x", "330699-20261125-000001-7", "");
    assert_true(was_told(w, "{\"event\":\"case\",\"submission_id\":\"x\","
                            "\"case_no\":\"330699-20261125-000001-7\","
                            "\"query_code\":null,\"detail\":\"the office"));
}

static void a_receipt_that_names_no_case_is_taken(void **state)
{
    struct world *w = *state;

    take(w, 1);
    expect_submit(w, 1);
    say(w, "ok", /* as brokers before this one say it */
        "{\"case_no\":\"330699-20261125-000001-7\","
        "\"query_code\":\"12345678\"}");
    until_count(w, SPOOL_DONE, 1);
}

static void retry_after_is_waited_for(void **state)
{
    struct world *w = *state;
    dk_ms at;

    take(w, 1);
    expect_submit(w, 1);
    at = w->now;
    refuse(w, "overloaded", 30000);
    for (int i = 0; i < 100 && w->f->pause_until == 0; i++) {
        pump(w);
        waiting_at_broker(w, 10);
    }
    assert_true(w->f->pause_until >= at + 30000);
    assert_true(forward_next(w->f) >= at + 30000);
    w->now = at + 29999;
    pump(w);
    assert_false(waiting_at_broker(w, 0));
    w->now = w->f->pause_until;
    expect_submit(w, 1);
    acknowledge(w);
    until_count(w, SPOOL_DONE, 1);
}

static void what_is_refused_for_good_is_kept_and_not_sent_again(void **state)
{
    struct world *w = *state;
    char id[DK_UUID_TEXT], line[128];

    id_of(1, id);
    snprintf(line, sizeof(line), "refused %s: conflict: why\n", id);
    take(w, 1);
    take(w, 2);
    expect_submit(w, 1);
    refuse(w, "conflict", 0);
    until_sent(w);
    acknowledge(w);
    until_count(w, SPOOL_DONE, 1);
    until_count(w, SPOOL_REFUSED, 1);
    assert_true(was_told(w, line));
    w->now += 100000000;
    pump(w);
    assert_false(waiting_at_broker(w, 50));
    assert_true(forward_idle(w->f));
}

static void a_fault_of_the_broker_does_not_refuse_the_case(void **state)
{
    static const char *const slug[] = {"internal", "forbidden", "bad-version",
                                       "never-heard-of", "shutting-down"};
    struct world *w = *state;

    take(w, 1);
    for (size_t i = 0; i < sizeof(slug) / sizeof(slug[0]); i++) {
        expect_submit(w, 1);
        refuse(w, slug[i], 0);
        for (int k = 0; k < 1000 && w->f->n_sent > 0; k++) {
            pump(w);
            waiting_at_broker(w, 1);
        }
        w->now += 120000;
    }
    expect_submit(w, 1);
    acknowledge(w);
    until_count(w, SPOOL_DONE, 1);
    assert_int_equal(count(w, SPOOL_REFUSED), 0);
}

static void many_are_under_way_at_once_but_not_too_many(void **state)
{
    struct world *w = *state;

    for (int n = 1; n <= 200; n++)
        take(w, n);
    until_sent(w);
    pump(w);
    for (int n = 2; n <= FORWARD_WINDOW; n++) {
        assert_true(waiting_at_broker(w, WAIT_MS));
        recv_one(w);
    }
    assert_false(waiting_at_broker(w, 50));
    assert_int_equal(w->f->n_sent, FORWARD_WINDOW);
}

static void all_of_many_arrive_although_answers_get_lost(void **state)
{
    struct world *w = *state;

    for (int n = 1; n <= 300; n++)
        take(w, n);
    for (int i = 0; i < 5000 && count(w, SPOOL_DONE) < 300; i++) {
        pump(w);
        while (waiting_at_broker(w, 1)) {
            recv_one(w);
            if (i % 7 != 3) /* this round's answers are lost */
                acknowledge(w);
        }
        w->now += 3000;
    }
    assert_int_equal(count(w, SPOOL_DONE), 300);
    assert_int_equal(w->f->n_used, 0);
}

static void a_broker_that_comes_later_gets_what_was_taken_before(void **state)
{
    struct world *w = *state;

    zmq_close(w->sock);
    zmq_ctx_term(w->ctx);
    w->sock = NULL;
    take(w, 1);
    for (int i = 0; i < 20; i++) {
        pump(w);
        assert_false(forward_idle(w->f));
        assert_true(forward_next(w->f) <= w->now + 2000);
        w->now += 500;
    }
    bind_broker(w);
    expect_submit(w, 1);
    acknowledge(w);
    until_count(w, SPOOL_DONE, 1);
}

/* ---- intake -------------------------------------------------------------- */

#define FRESH "0192f0c0-0000-7000-8000-00000000beef"

static int read_case(const char *text, dk_ms now, struct intake *in,
                     struct dk_problem *p)
{
    return intake_read(text, strlen(text), FRESH, now, in, p);
}

static void a_case_without_id_and_time_gets_both(void **state)
{
    struct dk_problem p = {0};
    struct intake in;

    (void)state;
    assert_int_equal(read_case("{\"channel\":\"kiosk\",\"subject\":\"s\","
                               "\"facts\":\"f\",\"submission_id\":null}",
                               2500, &in, &p),
                     0);
    assert_string_equal(in.submission, FRESH);
    assert_non_null(strstr(in.body, "\"submission_id\":\"" FRESH "\""));
    assert_non_null(
        strstr(in.body, "\"submitted_at\":\"1970-01-01T00:00:02.500"));
    intake_fini(&in);
}

static void a_given_time_is_kept(void **state)
{
    struct dk_problem p = {0};
    struct intake in;

    (void)state;
    assert_int_equal(
        read_case("{\"channel\":\"kiosk\",\"subject\":\"s\",\"facts\":\"f\","
                  "\"submitted_at\":\"2026-05-01T09:30:00+08:00\"}",
                  2500, &in, &p),
        0);
    assert_non_null(strstr(in.body, "\"2026-05-01T09:30:00+08:00\""));
    intake_fini(&in);
}

static void
a_repetition_has_the_same_digest_and_other_words_another(void **state)
{
    static const char text[] =
        "{\"channel\":\"kiosk\",\"subject\":\"s\",\"facts\":\"f\"}";
    static const char other[] =
        "{\"channel\":\"kiosk\",\"subject\":\"s\",\"facts\":\"g\"}";
    struct dk_problem p = {0};
    struct intake a, b, c;

    (void)state;
    assert_int_equal(read_case(text, 1000, &a, &p), 0);
    assert_int_equal(read_case(text, 9000, &b, &p), 0);
    assert_int_equal(read_case(other, 1000, &c, &p), 0);
    assert_memory_equal(a.digest, b.digest, SPOOL_HASH);
    assert_memory_not_equal(a.digest, c.digest, SPOOL_HASH);
    intake_fini(&a);
    intake_fini(&b);
    intake_fini(&c);
}

static void what_is_no_case_is_refused_with_its_place(void **state)
{
    struct dk_problem p = {0};
    struct intake in;

    (void)state;
    assert_int_equal(read_case("{\"channel\":\"pigeon\",\"subject\":\"s\","
                               "\"facts\":\"f\"}",
                               0, &in, &p),
                     DK_EFIELD);
    assert_string_equal(p.pointer, "/channel");
    assert_int_equal(read_case("{\"channel\":", 0, &in, &p), DK_EJSON);
    assert_null(in.body);
}

/* ---- lines --------------------------------------------------------------- */

/* All lines of a pipe that `text` is written to in pieces of n bytes, joined
 * by '|'; a line that is too long is '!'.
 */
static void split(const char *text, size_t n, char *out, size_t cap)
{
    struct lines *l = malloc(sizeof(*l));
    size_t left = strlen(text);
    int fd[2];

    assert_non_null(l);
    assert_int_equal(pipe(fd), 0);
    lines_init(l, fd[0]);
    out[0] = '\0';
    while (!lines_over(l)) {
        const char *line = NULL;
        size_t len = 0;
        enum lines_got got = lines_next(l, &line, &len);
        size_t used = strlen(out);

        if (got == LINES_LINE)
            snprintf(out + used, cap - used, "%.*s|", len < 80 ? (int)len : 80,
                     line);
        else if (got == LINES_TOO_LONG)
            snprintf(out + used, cap - used, "!|");
        if (got != LINES_NONE)
            continue;
        if (left > 0) {
            size_t some = left < n ? left : n;

            assert_int_equal(write(fd[1], text, some), (ssize_t)some);
            text += some;
            left -= some;
            if (left == 0)
                close(fd[1]);
        }
        assert_int_equal(lines_fill(l), 0);
    }
    close(fd[0]);
    free(l);
}

static void lines_are_found_whatever_the_pieces(void **state)
{
    static const char text[] = "one\n\n\r\ntwo\r\nthree is longer\nend";
    char out[256];

    (void)state;
    for (size_t n = 1; n < sizeof(text); n++) {
        split(text, n, out, sizeof(out));
        assert_string_equal(out, "one|two|three is longer|end|");
    }
}

static void a_line_that_is_too_long_is_passed_over(void **state)
{
    const size_t size = 3 * (size_t)DK_BODY_MAX;
    char *text = malloc(size + 32);
    char out[256];

    (void)state;
    assert_non_null(text);
    memset(text, 'x', size);
    memcpy(text, "first\n", 6);
    memcpy(text + size, "\nlast\n", 7);
    split(text, 4096, out, sizeof(out));
    assert_string_equal(out, "first|!|last|");
    text[size] = '\0'; /* and with no end at all */
    split(text, 4096, out, sizeof(out));
    assert_string_equal(out, "first|!|");
    free(text);
}

int main(void)
{
#define IN_WORLD(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
        IN_WORLD(an_acknowledged_case_is_told_and_kept),
        IN_WORLD(without_an_answer_the_same_id_and_words_are_sent_again),
        IN_WORLD(the_answer_to_another_case_is_not_taken),
        IN_WORLD(a_receipt_that_names_no_case_is_taken),
        IN_WORLD(a_receipt_without_a_code_says_what_a_person_can_do),
        IN_WORLD(retry_after_is_waited_for),
        IN_WORLD(what_is_refused_for_good_is_kept_and_not_sent_again),
        IN_WORLD(a_fault_of_the_broker_does_not_refuse_the_case),
        IN_WORLD(many_are_under_way_at_once_but_not_too_many),
        IN_WORLD(all_of_many_arrive_although_answers_get_lost),
        IN_WORLD(a_broker_that_comes_later_gets_what_was_taken_before),
        cmocka_unit_test(a_case_without_id_and_time_gets_both),
        cmocka_unit_test(a_given_time_is_kept),
        cmocka_unit_test(
            a_repetition_has_the_same_digest_and_other_words_another),
        cmocka_unit_test(what_is_no_case_is_refused_with_its_place),
        cmocka_unit_test(lines_are_found_whatever_the_pieces),
        cmocka_unit_test(a_line_that_is_too_long_is_passed_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
