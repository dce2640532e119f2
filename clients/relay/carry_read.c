/* The streams: what comes becomes an entry of the spool, in one transaction
 * with the place up to which it was read.
 */
#include <stdio.h>
#include <string.h>

#include "carry_int.h"
#include "journal/note.h"

#define AT_ONCE 200 /* events of one transaction */

struct reading {
    struct carry *c;
    struct carry_side *s;
    struct dk_problem *p;
    int n;        /* events so far */
    dk_ms until;  /* monotonic */
    int64_t next; /* the sequence to come */
    int rc;       /* of the spool */
    bool other;   /* it is the stream of another broker */
};

static struct shape_act act_on(const struct carry *c, const struct item *it,
                               bool home)
{
    return (struct shape_act){
        .case_no = it->case_no,
        .there = home ? it->there : it->case_no,
        .unit_here = home ? c->side[FROM].unit : c->side[TO].unit,
        .back = c->side[TO].unit,
        .home = home,
    };
}

static int put_act(struct carry *c, enum side to, const struct item *it,
                   struct dk_jw *w, const char *command, struct dk_problem *p)
{
    int rc = w->oom ? dk_fail(p, DK_ENOMEM, NULL, NULL, NULL)
                    : spool_act_put(c->spool, to, it->case_no, command, w->buf,
                                    w->len, p);

    dk_jw_fini(w);
    return rc;
}

int carry_arrived(struct carry *c, const struct item *it, const char *there,
                  struct dk_problem *p)
{
    struct item now = *it;
    char command[DK_UUID_TEXT];
    struct dk_jw w = {0};
    int rc =
        spool_item_set(c->spool, it->case_no, ITEM_ARRIVED, there, NULL, p);

    snprintf(now.there, sizeof(now.there), "%s", there);
    if (rc != 0)
        return rc;
    const struct shape_act a = act_on(c, &now, true);
    shape_arrived(&a, it->submission, &w, command);
    c->untidy = true;
    return put_act(c, FROM, &now, &w, command, p);
}

/* ---- where cases come from ----------------------------------------------- */

static int passed_on(struct carry *c, const struct shape_event *e,
                     struct dk_problem *p)
{
    struct item it, is;
    int rc = spool_item(c->spool, e->case_no, &it, p);

    memset(&is, 0, sizeof(is));
    snprintf(is.case_no, sizeof(is.case_no), "%s", e->case_no);
    shape_submission(e, is.submission);
    is.came_n = e->n;
    is.came_at = e->at;
    is.state = ITEM_WANTED;
    if (rc < 0)
        return rc;
    if (rc == 0)
        return spool_item_put(c->spool, &is, p);
    if (strcmp(it.submission, is.submission) != 0)
        /* Passed on once more: another case there only when the first is done
         * with.
         */
        return it.state >= ITEM_GONE ? spool_item_put(c->spool, &is, p) : 0;
    if (it.state != ITEM_ARRIVED)
        return 0;
    /* The stream is read again: what it was told may be lost there. */
    is.state = ITEM_ARRIVED;
    memcpy(is.there, it.there, sizeof(is.there));
    rc = spool_item_put(c->spool, &is, p);
    return rc == 0 ? carry_arrived(c, &is, is.there, p) : rc;
}

static bool is_ours(const struct shape_event *e, const char *unit)
{
    return strncmp(e->actor, "unit:", 5) == 0 &&
           strcmp(e->actor + 5, unit) == 0;
}

static int tell(struct carry *c, const struct shape_event *e,
                const struct item *it, bool home, struct dk_problem *p)
{
    const struct shape_act a = act_on(c, it, home);
    char command[DK_UUID_TEXT];
    struct dk_jw w = {0};

    if (shape_act(e, &a, &w, command) == 0)
        return 0;
    return put_act(c, home ? FROM : TO, it, &w, command, p);
}

static int on_from(struct carry *c, const struct shape_event *e,
                   struct dk_problem *p)
{
    const char *unit = c->side[FROM].unit;
    struct item it;
    int rc;

    if (shape_passes_on(c->rules, e, unit))
        return passed_on(c, e, p);
    if (is_ours(e, unit))
        return 0;
    rc = spool_item(c->spool, e->case_no, &it, p);
    if (rc <= 0 || e->n <= it.came_n)
        return rc < 0 ? rc : 0;
    /* Taken back before anybody there had it. */
    if (strcmp(e->type, "withdrawn") == 0 && it.state <= ITEM_READY) {
        rc = spool_item_set(c->spool, it.case_no, ITEM_GONE, NULL, NULL, p);
        c->untidy = true;
        if (rc != 0)
            return rc;
    }
    return tell(c, e, &it, false, p);
}

/* ---- where they go ------------------------------------------------------- */

static const char *str(const cJSON *o, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);

    return cJSON_IsString(v) ? v->valuestring : "";
}

/* A case that we handed in.  Its answer may be lost, and so may be the spool.
 */
static int handed_in(struct carry *c, const struct shape_event *e,
                     struct dk_problem *p)
{
    const char *from = str(e->body, "from");
    const char *id = str(e->body, "submission_id");
    struct item it;
    int rc;

    if (from[0] == '\0' || strlen(from) >= sizeof(it.case_no) ||
        strlen(id) != DK_UUID_TEXT - 1 ||
        strcmp(str(e->body, "from_unit"), c->side[TO].unit) != 0)
        return 0;
    rc = spool_item(c->spool, from, &it, p);
    if (rc < 0)
        return rc;
    if (rc == 1 && strcmp(it.submission, id) != 0)
        return 0; /* of a time before */
    if (rc == 0) {
        memset(&it, 0, sizeof(it));
        snprintf(it.case_no, sizeof(it.case_no), "%s", from);
        snprintf(it.submission, sizeof(it.submission), "%s", id);
        it.came_at = e->at;
        it.state = ITEM_ARRIVED;
        rc = spool_item_put(c->spool, &it, p);
        if (rc != 0)
            return rc;
    }
    return carry_arrived(c, &it, e->case_no, p);
}

static int on_to(struct carry *c, const struct shape_event *e,
                 struct dk_problem *p)
{
    struct item it;
    int rc;

    if (strcmp(e->type, "submitted") == 0)
        return handed_in(c, e, p);
    if (is_ours(e, c->side[TO].unit))
        return 0;
    rc = spool_item_there(c->spool, e->case_no, &it, p);
    if (rc <= 0)
        return rc;
    rc = tell(c, e, &it, true, p);
    if (rc == 0 &&
        (strcmp(e->type, "transferred") == 0 ||
         strcmp(e->type, "handed_over") == 0) &&
        strcmp(str(e->body, "unit"), c->side[TO].unit) == 0)
        rc = spool_item_set(c->spool, it.case_no, ITEM_RETURNED, NULL, NULL, p);
    return rc;
}

/* ---- following ----------------------------------------------------------- */

static int on_event(void *arg, const struct dk_reply *r, int64_t seq)
{
    struct reading *x = arg;
    struct shape_event e = {0};
    int rc = 0;

    if (strcmp(str(r->json, "broker"), x->s->broker) != 0) {
        x->other = true;
        return 1;
    }
    if (x->n == 0)
        rc = spool_begin(x->c->spool, x->p);
    if (rc == 0)
        rc = shape_event_read(r->json, &e, x->p);
    if (rc == 1)
        rc = x->s->side == FROM ? on_from(x->c, &e, x->p)
                                : on_to(x->c, &e, x->p);
    x->rc = rc;
    x->n++;
    x->next = seq + 1;
    return rc != 0 || x->n >= AT_ONCE || dk_client_now() >= x->until ||
           *x->c->stop;
}

int carry_read(struct carry *c, struct carry_side *s, int ms,
               struct dk_problem *p)
{
    struct reading x = {
        .c = c, .s = s, .p = p, .until = dk_client_now() + ms + 300};
    struct dk_problem why = {0};
    char broker[33];
    int rc = spool_place(c->spool, s->side, broker, &x.next, p);

    if (rc != 0)
        return rc;
    rc = dk_client_follow(s->client, x.next, ms, on_event, &x, &why);
    if (x.rc == 0 && x.n > 0)
        x.rc = spool_place_set(c->spool, s->side, s->broker, x.next, p);
    if (x.rc == 0 && x.n > 0)
        x.rc = spool_commit(c->spool, p);
    if (x.rc != 0) {
        spool_undo(c->spool);
        return x.rc;
    }
    if (rc < 0)
        carry_rest(s, "events.follow", &why, why.retry_after_ms);
    else if (x.other)
        s->up = false; /* hello tells whose it is now */
    return x.n > 0;
}
