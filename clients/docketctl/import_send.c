/* import_send.c - the requests that a line becomes, step by step. */
#include <inttypes.h>
#include <string.h>

#include "import_int.h"

void import_weigh(struct import_run *r, struct job *j, int parts)
{
    if (j->parts == 0)
        r->submitted++;
    r->weighed += (j->end - j->start) * (parts - j->parts) / 4;
    j->parts = parts;
}

void import_refuse(struct import_run *r, struct job *j,
                   const struct dk_problem *p)
{
    j->step = REFUSED;
    j->in_flight = false;
    import_weigh(r, j, 4);
    r->refused++;
    r->finished++;
    r->s.on_refused(r->s.arg, j->line, p);
}

/* Send the body as request number `k` of the job's step.  DK_EBUSY: the queue
 * is full, later.
 */
static int post(struct import_run *r, const struct job *j, int k,
                const char *type, struct dk_problem *p)
{
    char request[DK_REQUEST_MAX + 1];

    (void)snprintf(request, sizeof request, "%" PRId64 ".%" PRIu32 ".%d",
                   j->line, j->tag, k);
    return dk_client_send(r->s.client, type, request, r->body.buf, r->body.len,
                          NULL, p);
}

static int post_submit(struct import_run *r, struct job *j,
                       const struct import_line *line, struct dk_problem *why,
                       struct dk_problem *p)
{
    dk_jw_reset(&r->body);
    import_uuid(r->s.how->source, "submit", line->id, line->submitted, j->own);
    int rc = import_write_submit(line, r->s.how, &r->body, why);
    return rc != 0 ? rc : post(r, j, 0, "case.submit", p);
}

static int post_look(struct import_run *r, const struct job *j,
                     struct dk_problem *p)
{
    dk_jw_reset(&r->body);
    dk_jw_obj(&r->body, NULL);
    dk_jw_str(&r->body, "case_no", j->case_no);
    dk_jw_end_obj(&r->body);
    if (r->body.oom)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    return post(r, j, 0, "case.get", p);
}

static int post_acts(struct import_run *r, struct job *j,
                     const struct import_line *line, struct dk_problem *why,
                     struct dk_problem *p)
{
    static const char *const actions[] = {"transfer", "accept", "answer"};
    int rc = 0;

    j->sent = 0;
    import_uuid(r->s.how->source, actions[2], line->id, line->replied, j->own);
    for (int i = j->transfer ? 0 : 1; i < 3 && rc == 0; i++) {
        dk_jw_reset(&r->body);
        rc = import_write_act(line, r->s.how, actions[i], j->case_no, &r->body,
                              why);
        if (rc == 0)
            rc = post(r, j, j->sent++, "case.act", p);
    }
    return rc;
}

/* `text` is the job's line.  What is wrong with it goes to *why, what is wrong
 * with us to *p.
 */
static int post_step(struct import_run *r, struct job *j, const char *text,
                     size_t len, struct dk_problem *why, struct dk_problem *p)
{
    struct import_line line;

    j->tag++;
    j->sent = 1;
    if (j->step == LOOK)
        return post_look(r, j, p);
    int rc = import_line_read(text, len, r->s.how, &line, why);
    if (rc != 0)
        return rc;
    j->has_reply = line.reply != NULL;
    rc = j->step == SUBMIT ? post_submit(r, j, &line, why, p)
                           : post_acts(r, j, &line, why, p);
    import_line_fini(&line);
    return rc;
}

int import_do_step(struct import_run *r, struct job *j, const char *text,
                   size_t len, dk_ms now, struct dk_problem *p)
{
    struct dk_problem why = {0};
    int rc = post_step(r, j, text, len, &why, p);

    if (j->in_flight)
        r->in_flight--;
    j->in_flight = false;
    if (why.code != 0 && why.code != DK_ENOMEM) {
        import_refuse(r, j, &why);
        return 0;
    }
    if (rc == DK_EBUSY) { /* the scan comes back to it */
        r->full = true;
        j->at = now;
        return 0;
    }
    if (rc != 0)
        return rc == DK_ENOMEM ? dk_fail(p, rc, NULL, NULL, NULL) : rc;
    j->at = now;
    j->in_flight = true;
    r->in_flight++;
    return 0;
}

int import_send_step(struct import_run *r, struct job *j, dk_ms now,
                     struct dk_problem *p)
{
    size_t len = (size_t)(j->end - j->start);

    if (j->step != LOOK) {
        if (lines_get(r->s.lines, j->start, j->end, r->text) != 0)
            return dk_fail(p, DK_EIO, NULL, "the import file cannot be read",
                           "无法读取导入文件");
        while (len > 0 &&
               (r->text[len - 1] == '\n' || r->text[len - 1] == '\r'))
            len--;
    }
    return import_do_step(r, j, r->text, len, now, p);
}
