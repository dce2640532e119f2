/* import_run.c - see the header.
 *
 * Each line is a job in a ring.  Its steps: submit; if it has a reply, look
 * at the case until the assignment worker has done with it; then accept and
 * answer, sent together so that the limits that acceptance starts are stopped
 * by the answer before they are reckoned.  The ring's head leaves when it is
 * done, so what the state file says is always a prefix.
 */
#include "import_run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "import_int.h"

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

static void finish(struct import_run *r, struct job *j)
{
    j->step = DONE;
    import_weigh(r, j, 4);
    r->finished++;
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
        import_refuse(r, j, &why);
        return 0;
    }
    if (strspn(in->text, " \t") >= in->len) {
        finish(r, j);
        return 0;
    }
    return import_do_step(r, j, in->text, in->len, now, p);
}

static int fill(struct import_run *r, dk_ms now, struct dk_problem *p)
{
    while (!r->ended && !r->full && r->in_flight < r->s.window &&
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
    import_refuse(r, j, &why);
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
        int rc = due ? import_send_step(r, j, now, p) : 0;
        if (rc != 0 || r->full)
            return rc;
    }
    return 0;
}

/* "line.tag.k": the job that this answers, if it still waits for it. */
static struct job *job_of(struct import_run *r, const char *request, int *k)
{
    int64_t line = 0;
    uint32_t tag = 0;

    if (sscanf(request, "%" SCNd64 ".%" SCNu32 ".%d", &line, &tag, k) != 3)
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

/* The case is there; is more to be done? */
static int submitted(struct import_run *r, struct job *j, const cJSON *body,
                     dk_ms now, struct dk_problem *p)
{
    const char *text = NULL;
    int rc = dk_json_str(body, "case_no", DK_REQUIRED, 1, DK_CASE_NO_MAX - 1,
                         &text, NULL, p);

    if (rc != 0)
        return rc;
    (void)snprintf(j->case_no, sizeof j->case_no, "%s", text);
    r->progress_at = now;
    if (!j->has_reply) {
        finish(r, j);
        return 0;
    }
    import_weigh(r, j, 1);
    j->step = LOOK;
    j->since = now;
    look_later(j, now, r->look_ms / 2);
    return 0;
}

/* Has the assignment worker done with the case?  It registers and assigns at
 * one stroke; whether it also transfers is the office's rule.
 */
static int looked(struct import_run *r, struct job *j, const cJSON *body,
                  dk_ms now, struct dk_problem *p)
{
    const char *state = NULL, *unit = NULL;
    int rc = dk_json_str(body, "state", DK_REQUIRED, 1, 64, &state, NULL, p);

    if (rc == 0)
        rc = dk_json_id(body, "unit", DK_OPTIONAL, &unit, NULL, p);
    if (rc != 0)
        return rc;
    j->transfer = strcmp(state, "registered") == 0 && unit != NULL;
    if (!j->transfer &&
        (strcmp(state, "submitted") == 0 || strcmp(state, "registered") == 0)) {
        look_later(j, now, j->back_off * 2);
        return 0;
    }
    r->look_ms += (now - j->since - r->look_ms) / 8;
    r->progress_at = now;
    if (j->line > r->ready_line)
        r->ready_line = j->line;
    import_weigh(r, j, 2);
    j->step = ACT;
    return import_send_step(r, j, now, p);
}

static int on_ok(struct import_run *r, struct job *j, const cJSON *body,
                 dk_ms now, struct dk_problem *p)
{
    switch (j->step) {
    case SUBMIT:
        return submitted(r, j, body, now, p);
    case LOOK:
        return looked(r, j, body, now, p);
    case ACT:
        r->progress_at = now;
        finish(r, j);
        return 0;
    case DONE:
    case REFUSED:
        return 0;
    }
    return 0;
}

/* Is it about this job?  If not, it counts as lost: the step is sent again. */
static bool is_own(const struct job *j, const struct dk_reply *m)
{
    switch (j->step) {
    case SUBMIT:
        return dk_reply_names(m, "submission_id", j->own);
    case LOOK:
        return dk_reply_names(m, "case_no", j->case_no);
    case ACT: /* an answer to LOOK names no command */
        return cJSON_HasObjectItem(m->json, "command_id") &&
               dk_reply_names(m, "command_id", j->own);
    case DONE:
    case REFUSED:
        break;
    }
    return true;
}

static int on_reply(struct import_run *r, const struct dk_reply *m, dk_ms now,
                    struct dk_problem *p)
{
    int k = 0;
    struct job *j = job_of(r, m->request, &k);
    struct dk_problem theirs = {0};
    bool ok = strcmp(m->type, "ok") == 0;

    r->heard_at = now;
    if (j == NULL || (ok && (k < j->sent - 1 || !is_own(j, m))))
        return 0; /* the last of a step speaks for all before it */
    j->in_flight = false;
    r->in_flight--;
    if (ok)
        return on_ok(r, j, m->json, now, p);
    dk_problem_read(m->json, &theirs);
    if (theirs.retry_after_ms > 0) {
        j->at = now + theirs.retry_after_ms;
        return 0;
    }
    import_refuse(r, j, &theirs);
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
    r->full = false;
    if (now >= r->scan_at && (rc = scan(r, now, p)) != 0)
        return rc;
    if ((rc = fill(r, now, p)) != 0)
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
