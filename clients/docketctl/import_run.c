/* import_run.c - see the header.
 *
 * Each line is a job in a ring.  Its steps: submit; if it has a reply, look
 * at the case until the assignment worker has brought it to a unit; accept;
 * answer.  The ring's head leaves when it is done, so what the state file
 * says is always a prefix.
 */
#include "import_run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    RING = 8192,
    LOOK_MIN = 5,
    LOOK_MAX = 1000,
    SCAN_MS = 2,
    DRAIN = 512
};

enum step {
    SUBMIT,
    LOOK,
    ACCEPT,
    ANSWER,
    DONE,
    REFUSED
};

struct job {
    int64_t line;       /* number in the file, from 1 */
    int64_t start, end; /* bytes in the file */
    enum step step;
    bool in_flight;
    bool has_reply;
    uint32_t tag; /* of the request in flight: answers to older ones count
                     for nothing */
    dk_ms at;     /* in flight: when it was sent; else not before */
    dk_ms since;  /* LOOK: when the submission was acknowledged */
    int back_off;
    int parts; /* of its weight, 0..4 */
    char case_no[DK_CASE_NO_MAX];
};

struct import_run {
    struct import_setup s;
    struct job ring[RING];
    int64_t head, tail; /* jobs ever retired, ever begun */
    int in_flight;
    int64_t submitted, finished, refused;
    int64_t weighed;    /* bytes of lines, by the steps they have done */
    int64_t ready_line; /* the latest line known to be with a unit */
    dk_ms look_ms;      /* how long that takes, smoothed */
    dk_ms scan_at, progress_at, heard_at;
    bool ended; /* no more lines */
    char text[IMPORT_LINE_MAX + 2];
    struct dk_jw body;
};

struct import_run *import_run_new(const struct import_setup *s)
{
    struct import_run *r = calloc(1, sizeof *r);

    if (r == NULL)
        return NULL;
    r->s = *s;
    r->look_ms = 40;
    r->progress_at = r->heard_at = -1;
    return r;
}

void import_run_free(struct import_run *r)
{
    if (r == NULL)
        return;
    dk_jw_fini(&r->body);
    free(r);
}

static struct job *job_at(struct import_run *r, int64_t i)
{
    return &r->ring[i % RING];
}

/* A line's weight comes in four parts, one for each step. */
static void weigh(struct import_run *r, struct job *j, int parts)
{
    if (j->parts == 0)
        r->submitted++;
    r->weighed += (j->end - j->start) * (parts - j->parts) / 4;
    j->parts = parts;
}

static void refuse(struct import_run *r, struct job *j,
                   const struct dk_problem *p)
{
    j->step = REFUSED;
    j->in_flight = false;
    weigh(r, j, 4);
    r->refused++;
    r->finished++;
    r->s.on_refused(r->s.arg, j->line, p);
}

static void finish(struct import_run *r, struct job *j)
{
    j->step = DONE;
    weigh(r, j, 4);
    r->finished++;
}

/* The body of the job's step.  `text` is its line. */
static int write_body(struct import_run *r, struct job *j, const char *text,
                      size_t len, struct dk_problem *p)
{
    static const char *const actions[] = {
        [ACCEPT] = "accept", [ANSWER] = "answer"};
    struct import_line line;

    dk_jw_reset(&r->body);
    if (j->step == LOOK) {
        dk_jw_obj(&r->body, NULL);
        dk_jw_str(&r->body, "case_no", j->case_no);
        dk_jw_end_obj(&r->body);
        return r->body.oom ? dk_fail(p, DK_ENOMEM, NULL, NULL, NULL) : 0;
    }
    int rc = import_line_read(text, len, r->s.how, &line, p);
    if (rc != 0)
        return rc;
    j->has_reply = line.reply != NULL;
    if (j->step == SUBMIT)
        rc = import_write_submit(&line, r->s.how, &r->body, p);
    else
        rc = import_write_act(&line, r->s.how, actions[j->step], j->case_no,
                              &r->body, p);
    import_line_fini(&line);
    return rc;
}

/* Send the body.  DK_EBUSY: the queue is full, later. */
static int post(struct import_run *r, struct job *j, dk_ms now,
                struct dk_problem *p)
{
    static const char *const types[] = {[SUBMIT] = "case.submit",
                                        [LOOK] = "case.get",
                                        [ACCEPT] = "case.act",
                                        [ANSWER] = "case.act"};
    char request[DK_REQUEST_MAX + 1];

    (void)snprintf(request, sizeof request, "%" PRId64 ".%" PRIu32, j->line,
                   j->tag + 1);
    int rc = dk_client_send(r->s.client, types[j->step], request, r->body.buf,
                            r->body.len, NULL, p);
    if (rc != 0)
        return rc;
    j->tag++;
    j->at = now;
    if (!j->in_flight)
        r->in_flight++;
    j->in_flight = true;
    return 0;
}

/* Do the job's step from the file's own bytes. */
static int send_step(struct import_run *r, struct job *j, dk_ms now,
                     struct dk_problem *p)
{
    struct dk_problem why = {0};
    size_t len = (size_t)(j->end - j->start);

    if (j->step != LOOK) {
        if (lines_get(r->s.lines, j->start, j->end, r->text) != 0)
            return dk_fail(p, DK_EIO, NULL, "the import file cannot be read",
                           "无法读取导入文件");
        while (len > 0 &&
               (r->text[len - 1] == '\n' || r->text[len - 1] == '\r'))
            len--;
    }
    int rc = write_body(r, j, r->text, len, &why);
    if (rc == DK_ENOMEM)
        return dk_fail(p, rc, NULL, NULL, NULL);
    if (rc == 0)
        return post(r, j, now, p);
    if (j->in_flight)
        r->in_flight--;
    refuse(r, j, &why);
    return 0;
}

/* A line becomes a job; what is wrong with it shows at once. */
static int begin(struct import_run *r, const struct line *in, dk_ms now,
                 struct dk_problem *p)
{
    struct job *j = job_at(r, r->tail);
    struct dk_problem why = {0};

    memset(j, 0, sizeof *j);
    j->line = r->s.state->lines + (r->tail - r->head) + 1;
    j->start = in->start;
    j->end = in->end;
    j->step = SUBMIT;
    r->tail++;
    if (in->too_long) {
        (void)dk_failf(&why, DK_ETOOBIG, NULL,
                       "the line has more than %zu "
                       "bytes",
                       "该行超过 %zu 字节", IMPORT_LINE_MAX);
        refuse(r, j, &why);
        return 0;
    }
    if (strspn(in->text, " \t") >= in->len) {
        finish(r, j);
        return 0;
    }
    int rc = write_body(r, j, in->text, in->len, &why);
    if (rc == DK_ENOMEM)
        return dk_fail(p, rc, NULL, NULL, NULL);
    if (rc != 0) {
        refuse(r, j, &why);
        return 0;
    }
    rc = post(r, j, now, p);
    return rc == DK_EBUSY ? 0 : rc; /* the scan sends it */
}

static int fill(struct import_run *r, dk_ms now, struct dk_problem *p)
{
    while (!r->ended && r->in_flight < r->s.window &&
           r->tail - r->head < RING) {
        struct line in;
        int rc = lines_next(r->s.lines, &in);
        if (rc < 0)
            return dk_fail(p, rc, NULL, "the import file cannot be read",
                           "无法读取导入文件");
        r->ended = rc == 0;
        if (rc == 1 && (rc = begin(r, &in, now, p)) != 0)
            return rc;
    }
    return 0;
}

static bool is_stuck(const struct import_run *r, const struct job *j, dk_ms now)
{
    return j->step == LOOK && now - j->since > r->s.patience &&
           r->ready_line > j->line;
}

static void refuse_stuck(struct import_run *r, struct job *j)
{
    struct dk_problem why = {0};

    if (j->in_flight)
        r->in_flight--;
    (void)dk_failf(&why, DK_ESTATE, NULL,
                   "case %s has not been brought to a unit, though later ones "
                   "have: see 'docketctl dead' and 'docketctl show %s'",
                   "案件 %s 未能转送，而其后的案件已转送：请查看 docketctl "
                   "dead 与 docketctl show %s",
                   j->case_no, j->case_no);
    refuse(r, j, &why);
}

/* Send what is due, and again what was not answered. */
static int scan(struct import_run *r, dk_ms now, struct dk_problem *p)
{
    r->scan_at = now + SCAN_MS;
    for (int64_t i = r->head; i < r->tail; i++) {
        struct job *j = job_at(r, i);
        if (j->step >= DONE)
            continue;
        if (is_stuck(r, j, now)) {
            refuse_stuck(r, j);
            continue;
        }
        bool due = j->in_flight ? now - j->at >= r->s.timeout_ms
                                : now >= j->at && r->in_flight < r->s.window;
        int rc = due ? send_step(r, j, now, p) : 0;
        if (rc == DK_EBUSY)
            return 0;
        if (rc != 0)
            return rc;
    }
    return 0;
}

/* "line.tag": the job that this answers, if it still waits for it. */
static struct job *job_of(struct import_run *r, const char *request)
{
    int64_t line = 0;
    uint32_t tag = 0;

    if (sscanf(request, "%" SCNd64 ".%" SCNu32, &line, &tag) != 2)
        return NULL;
    int64_t i = line - 1 - r->s.state->lines + r->head;
    if (i < r->head || i >= r->tail)
        return NULL;
    struct job *j = job_at(r, i);
    return j->in_flight && j->tag == tag ? j : NULL;
}

static void look_later(struct job *j, dk_ms now, dk_ms wait)
{
    if (wait < LOOK_MIN)
        wait = LOOK_MIN;
    j->back_off = (int)(wait > LOOK_MAX ? LOOK_MAX : wait);
    j->at = now + j->back_off;
}

/* A step has succeeded; the next one, 0 time away unless it is a look. */
static int advance(struct import_run *r, struct job *j, const cJSON *body,
                   dk_ms now, struct dk_problem *p)
{
    const char *text = NULL;

    r->progress_at = now;
    switch (j->step) {
    case SUBMIT:
        if (dk_json_str(body, "case_no", DK_REQUIRED, 1, DK_CASE_NO_MAX - 1,
                        &text, NULL, p) != 0)
            return p->code;
        (void)snprintf(j->case_no, sizeof j->case_no, "%s", text);
        if (!j->has_reply) {
            finish(r, j);
            return 0;
        }
        weigh(r, j, 1);
        j->step = LOOK;
        j->since = now;
        look_later(j, now, r->look_ms / 2);
        return 0;
    case LOOK:
        weigh(r, j, 2);
        j->step = ACCEPT;
        break;
    case ACCEPT:
        weigh(r, j, 3);
        j->step = ANSWER;
        break;
    case ANSWER:
        finish(r, j);
        return 0;
    case DONE:
    case REFUSED:
        return 0;
    }
    int rc = send_step(r, j, now, p);
    return rc == DK_EBUSY ? 0 : rc;
}

/* Is the case with a unit? */
static int looked(struct import_run *r, struct job *j, const cJSON *body,
                  dk_ms now, struct dk_problem *p)
{
    const char *state = NULL;
    int rc = dk_json_str(body, "state", DK_REQUIRED, 1, 64, &state, NULL, p);

    if (rc != 0)
        return rc;
    if (strcmp(state, "submitted") == 0 || strcmp(state, "registered") == 0) {
        look_later(j, now, j->back_off * 2);
        return 0;
    }
    r->look_ms += (now - j->since - r->look_ms) / 8;
    if (j->line > r->ready_line)
        r->ready_line = j->line;
    return advance(r, j, body, now, p);
}

static int on_reply(struct import_run *r, const struct dk_reply *m, dk_ms now,
                    struct dk_problem *p)
{
    struct job *j = job_of(r, m->request);
    struct dk_problem theirs = {0};

    r->heard_at = now;
    if (j == NULL)
        return 0;
    j->in_flight = false;
    r->in_flight--;
    if (strcmp(m->type, "ok") == 0)
        return j->step == LOOK ? looked(r, j, m->json, now, p)
                               : advance(r, j, m->json, now, p);
    dk_problem_read(m->json, &theirs);
    if (theirs.retry_after_ms > 0)
        j->at = now + theirs.retry_after_ms;
    else
        refuse(r, j, &theirs);
    if (j->step == REFUSED)
        r->progress_at = now;
    return 0;
}

static int drain(struct import_run *r, dk_ms now, struct dk_problem *p)
{
    int wait = r->in_flight > 0 ? 10 : SCAN_MS;

    for (int i = 0; i < DRAIN; i++) {
        struct dk_reply m;
        int rc = dk_client_recv(r->s.client, i == 0 ? wait : 0, &m, p);
        if (rc == DK_ETIMEOUT)
            return 0;
        if (rc != 0)
            return rc;
        rc = on_reply(r, &m, now, p);
        dk_reply_free(&m);
        if (rc != 0)
            return rc;
    }
    return 0;
}

/* The line as it is, to its file; the last of a file may lack its end. */
static int keep_refused(struct import_run *r, const struct job *j,
                        struct dk_problem *p)
{
    char last = '\n';
    int rc = lines_copy(r->s.lines, j->start, j->end, r->s.refused);

    if (rc == 0 && j->end > j->start)
        rc = lines_get(r->s.lines, j->end - 1, j->end, &last);
    if (rc == 0 && last != '\n')
        rc = fputc('\n', r->s.refused) == EOF ? DK_EIO : 0;
    if (rc != 0)
        return dk_fail(p, DK_EIO, NULL,
                       "a refused line cannot be written to the refused file",
                       "无法写入被拒绝的行");
    r->s.state->refused++;
    r->s.state->refused_bytes += j->end - j->start + (last != '\n');
    return 0;
}

/* Let finished jobs leave, in order; refused lines go to their file. */
static int retire(struct import_run *r, struct dk_problem *p)
{
    struct import_state *st = r->s.state;

    for (; r->head < r->tail; r->head++) {
        const struct job *j = job_at(r, r->head);
        if (j->step < DONE)
            return 0;
        int rc = j->step == REFUSED ? keep_refused(r, j, p) : 0;
        if (rc != 0)
            return rc;
        st->cases += j->case_no[0] != '\0';
        st->answers += j->step == DONE && j->has_reply;
        st->lines++;
        st->bytes = j->end;
    }
    return 0;
}

int import_run_step(struct import_run *r, dk_ms now, struct dk_problem *p)
{
    int rc;

    if (r->progress_at < 0)
        r->progress_at = now;
    if ((rc = fill(r, now, p)) != 0)
        return rc;
    if (now >= r->scan_at && (rc = scan(r, now, p)) != 0)
        return rc;
    if (r->head < r->tail && (rc = drain(r, now, p)) != 0)
        return rc;
    if ((rc = retire(r, p)) != 0)
        return rc;
    if (r->ended && r->head == r->tail)
        return 0;
    if (now - r->progress_at > r->s.patience)
        return DK_ETIMEOUT;
    return 1;
}

void import_run_view(const struct import_run *r, dk_ms now,
                     struct import_view *out)
{
    *out = (struct import_view){.submitted = r->submitted,
                                .lines = r->finished,
                                .bytes = r->weighed,
                                .refused = r->refused,
                                .answered = r->heard_at >= r->progress_at &&
                                            r->heard_at >= 0};
    out->quiet = r->progress_at < 0 ? 0 : now - r->progress_at;
    for (int64_t i = r->head; i < r->tail; i++)
        out->waiting += r->ring[i % RING].step == LOOK;
}
