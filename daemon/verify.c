/* verify.c - does the store still say what was written?
 *
 * In slices of bounded size, by a cursor: case after case (its chain, its
 * replay, and every row that is made of it), then the open tasks, the dead
 * letters, the stream against its checkpoints (verify_stream.c), and at the
 * very end the totals.  It reads and never mends.
 *
 * The figures are recounted on the way.  Rows are too many to be held, so the
 * cursor carries a sum over them (dk_tally_print()), and what that must come to
 * after the last case: the sum that the store kept when the first slice began.
 * Only events recorded before then count, whatever happens meanwhile.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/replay.h"
#include "daemon/verify_int.h"
#include "proto/caseno.h"

static const char letters[] = "ctdys"; /* in the cursor, of all but the end */

bool verify_is_case(const struct daemon *d, int64_t key)
{
    char no[DK_CASE_NO_MAX];

    return dk_case_no_of((int32_t)d->cfg->county, key, no);
}

bool verify_full(const struct slice *x)
{
    return x->w->len - x->start >= DK_REPLY_MAX / 2;
}

static int on_first(void *arg, const struct dk_event *e)
{
    (void)dk_case_evolve(arg, e); /* what cannot be read tells of nobody */
    return 1;
}

/* As the case's row says, or its first event: one of them may be the damage. */
static bool is_hidden(struct slice *x, int64_t key)
{
    struct dk_case *row = NULL, *first;
    bool hidden = false;

    if (dk_sees_all(x->who))
        return false;
    if (store_load_cases(x->d->st, &key, 1, &row) == DK_OK && row != NULL)
        hidden = sight_of(x->d, x->who, row) != 1;
    dk_case_free(row);
    first = dk_case_new();
    if (first == NULL)
        return true;
    if (store_case_events(x->d->st, key, 1, 1, on_first, first) == DK_OK)
        hidden = hidden || sight_of(x->d, x->who, first) != 1;
    dk_case_free(first);
    return hidden;
}

void verify_fault(struct slice *x, int64_t key, const char *what,
                  const char *detail)
{
    bool named = verify_is_case(x->d, key);

    if (named && is_hidden(x, key)) {
        named = false;
        detail = "in a case that is not yours to see; an administrator's "
                 "verify names it";
    }
    dk_jw_obj(x->w, NULL);
    if (named)
        wire_case_no(x->d, x->w, "case_no", key);
    else
        dk_jw_null(x->w, "case_no");
    dk_jw_str(x->w, "what", what);
    dk_jw_str(x->w, "detail", detail);
    dk_jw_end_obj(x->w);
}

/* ---- cases --------------------------------------------------------------- */

/* The events carry a commitment to the personal data: it must be what it was,
 * or, when an event says so, be erased.
 */
static int check_person(struct slice *x, int64_t key, const struct replay *r,
                        struct store_finding *f)
{
    bool erased = r->c->last_n[DK_EV_PERSON_ERASED] != 0;
    struct persons_open o;
    const char *why = NULL;

    int rc = persons_get(x->d, key, &o);
    if (rc != DK_OK && rc != DK_EJSON)
        return rc;
    if (rc == DK_EJSON)
        why = "the petitioners' data cannot be read";
    else if (erased && o.is != PERSONS_ERASED && o.is != PERSONS_NONE)
        why = "the petitioners' data was erased and is there";
    else if (o.is == PERSONS_SHUT)
        why = "the petitioners' data is sealed by a key that is not here, or "
              "was changed";
    else if (!erased && r->person[0] != '\0' &&
             (o.is != PERSONS_THERE || strcmp(o.commitment, r->person) != 0))
        why = "the petitioners' data is not what was handed in";
    else if (r->person[0] == '\0' && o.is != PERSONS_NONE)
        why = "there is data of petitioners who are not known";
    persons_close(&o);
    if (why != NULL) {
        f->what = "person-differs";
        snprintf(f->detail, sizeof(f->detail), "%s", why);
    }
    return DK_OK;
}

static int check_case(struct slice *x, int64_t key)
{
    struct replay r;
    struct store_finding f = {.what = NULL};
    int rc =
        replay_case(x->d->st, key, x->d->cfg->offset_min, x->figures.until, &r);

    x->figures.sum += r.tallies;
    if (rc == DK_OK && r.finding.what != NULL) {
        f = r.finding;
        x->figures.on = false;
    } else if (rc == DK_OK) {
        struct store_want w = {.c = r.c,
                               .county = (int32_t)x->d->cfg->county,
                               .alert = r.alert,
                               .n_alert = r.n_alert,
                               .ack = r.ack,
                               .n_ack = r.n_ack,
                               .request = r.has_request ? &r.request : NULL};
        rc = store_check_case(x->d->st, key, &w, &f);
        if (f.what != NULL && strcmp(f.what, "missing-event") == 0)
            x->figures.on = false;
        if (rc == DK_OK && f.what == NULL)
            rc = check_person(x, key, &r, &f);
    }
    x->cases++;
    x->events += r.events;
    if (rc == DK_OK && !verify_is_case(x->d, key)) {
        f.what = "bad-key";
        snprintf(f.detail, sizeof(f.detail),
                 "something is kept for %" PRId64 ", which is no case", key);
    }
    if (rc == DK_OK && f.what != NULL)
        verify_fault(x, key, f.what, f.detail);
    replay_fini(&r);
    return rc;
}

static int on_key(void *arg, int64_t key)
{
    struct slice *x = arg;

    x->more = x->n == x->left;
    if (x->more)
        return 1;
    x->key[x->n++] = key;
    return 0;
}

static int check_cases(struct slice *x)
{
    int rc =
        store_list_keys(x->d->st, x->after, (int64_t)x->left + 1, on_key, x);

    for (size_t i = 0; rc == DK_OK && i < x->n; i++) {
        if (verify_full(x)) {
            x->more = true;
            break;
        }
        rc = verify_gap(x, x->after, x->key[i]);
        x->after = x->key[i];
        if (rc == DK_OK)
            rc = check_case(x, x->key[i]);
    }
    return rc;
}

/* ---- tasks --------------------------------------------------------------- */

struct asked { /* the event a task is about */
    bool found;
    int64_t seq;
    enum dk_ev type;
};

static int on_asked(void *arg, const struct dk_event *e)
{
    *(struct asked *)arg = (struct asked){true, e->seq, e->type};
    return 1;
}

static int check_task(struct slice *x, const struct store_task *t)
{
    struct asked a = {.found = false};
    char detail[120];
    int rc = store_case_events(x->d->st, t->key, t->n, 1, on_asked, &a);

    if (rc != DK_OK && rc != DK_EJSON) /* unreadable: told of its case */
        return rc;
    if (rc == DK_EJSON ||
        (a.found && t->id % STORE_TASK_RANGE / TASK_STEP == a.seq &&
         t->id % TASK_STEP == (int64_t)t->service &&
         (dk_ev_services(a.type) >> t->service & 1) != 0))
        return DK_OK;
    snprintf(detail, sizeof(detail),
             "task %" PRId64 " is about an event that is not there, or asks "
             "nothing",
             t->id);
    verify_fault(x, t->key, "stray-task", detail);
    return DK_OK;
}

static int on_task(void *arg, const struct store_task_info *t)
{
    struct slice *x = arg;

    x->more = x->n == x->left;
    if (x->more)
        return 1;
    x->task[x->n++] = t->t;
    return 0;
}

static int check_tasks(struct slice *x)
{
    int rc = store_task_list(x->d->st, x->phase == PHASE_DEAD, x->after,
                             (int64_t)x->left + 1, on_task, x);

    for (size_t i = 0; rc == DK_OK && i < x->n; i++) {
        if (verify_full(x)) {
            x->more = true;
            break;
        }
        x->after = x->task[i].id;
        rc = check_task(x, &x->task[i]);
    }
    return rc;
}

/* ---- figures ------------------------------------------------------------- */

#define ALL_EVENTS INT64_C(999999999999999999) /* as a cursor can say it */

static int begin_figures(struct slice *x)
{
    struct store_totals kept;
    int rc = store_totals(x->d->st, &kept);

    /* Events of several brokers have no common number: all of them count, and
     * nothing is said where others wrote meanwhile.
     */
    x->figures = (struct figures){
        .on = true,
        .until = x->d->info.shared ? ALL_EVENTS : x->d->info.last_seq,
        .want = kept.tallies};
    return rc;
}

static int check_figures(struct slice *x)
{
    struct store_totals kept;
    int rc = DK_OK;

    if (!x->figures.on || x->figures.sum == x->figures.want)
        return rc;
    if (x->d->info.shared)
        rc = store_totals(x->d->st, &kept);
    if (rc == DK_OK && (!x->d->info.shared || kept.tallies == x->figures.want))
        verify_fault(x, 0, "wrong-tally",
                     "the figures that are kept are not what the events give");
    return rc;
}

/* ---- totals -------------------------------------------------------------- */

/* Both while nobody wrote; *still is false: others never stopped. */
static int count_still(struct store *st, struct store_totals *kept,
                       struct store_totals *is, bool *still)
{
    struct store_totals after;
    int rc = DK_OK;

    for (int i = 0; rc == DK_OK && !*still && i < 5; i++) {
        rc = store_totals(st, kept);
        if (rc == DK_OK)
            rc = store_recount(st, is);
        if (rc == DK_OK)
            rc = store_totals(st, &after);
        *still = rc == DK_OK && memcmp(kept, &after, sizeof(after)) == 0;
    }
    return rc;
}

static int check_totals(struct slice *x)
{
    struct store_totals kept, is;
    char detail[120];
    bool still = false;
    int rc = count_still(x->d->st, &kept, &is, &still);

    if (rc != DK_OK || !still)
        return rc;
    const struct {
        const char *name;
        int64_t kept, is;
    } v[] = {{"cases", kept.cases, is.cases},
             {"events", kept.events, is.events},
             {"open tasks", kept.tasks_open, is.tasks_open},
             {"dead letters", kept.tasks_dead, is.tasks_dead},
             {"open alerts", kept.alerts_open, is.alerts_open}};
    for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
        if (v[i].kept == v[i].is)
            continue;
        snprintf(detail, sizeof(detail),
                 "there should be %" PRId64 " %s, there are %" PRId64,
                 v[i].kept, v[i].name, v[i].is);
        verify_fault(x, 0, "wrong-total", detail);
    }
    if (kept.tallies != is.tallies)
        verify_fault(x, 0, "wrong-tally",
                     "a row of the figures was changed or is not there");
    return DK_OK;
}

/* ---- the slice ----------------------------------------------------------- */

static int check_phase(struct slice *x)
{
    switch (x->phase) {
    case PHASE_CASES:
        return check_cases(x);
    case PHASE_OPEN:
    case PHASE_DEAD:
        return check_tasks(x);
    case PHASE_DAYS:
        return verify_days(x);
    case PHASE_STREAM:
        return verify_stream(x);
    case PHASE_END:
        break;
    }
    return DK_OK;
}

static int check_slice(struct slice *x)
{
    int rc = DK_OK;

    while (rc == DK_OK && x->phase != PHASE_END) {
        x->n = 0;
        x->more = false;
        rc = check_phase(x);
        x->left -= x->n;
        if (x->more || rc != DK_OK)
            return rc;
        if (x->phase == PHASE_CASES)
            rc = check_figures(x);
        x->phase++;
        x->after = INT64_MIN;
    }
    return rc == DK_OK ? check_totals(x) : rc;
}

/* ---- the cursor ---------------------------------------------------------- */

/* ".until.sum.want" of a cursor; the sums in hex. */
static int read_figures(const char *text, struct figures *f)
{
    int used = 0;

    if (strlen(text) > 55 ||
        sscanf(text, ".%18" SCNd64 ".%16" SCNx64 ".%16" SCNx64 "%n", &f->until,
               &f->sum, &f->want, &used) != 3 ||
        text[used] != '\0')
        return DK_EFIELD;
    f->on = true;
    return DK_OK;
}

/* ".number.open.seq. .." of a cursor. */
static int read_walk(const char *text, struct walk *k)
{
    int64_t open = 0;
    int used = 0;

    if (sscanf(text,
               ".%18" SCNd64 ".%1" SCNd64 ".%18" SCNd64 ".%18" SCNd64
               ".%18" SCNd64 ".%18" SCNd64 ".%18" SCNd64 ".%18" SCNd64
               ".%18" SCNd64 ".%16" SCNx64 "%n",
               &k->number, &open, &k->seq, &k->last, &k->cases, &k->missing,
               &k->first_missing, &k->changed, &k->first_changed, &k->sum,
               &used) != 10 ||
        text[used] != '\0' || k->seq < 1)
        return DK_EFIELD;
    k->open = open != 0;
    return DK_OK;
}

static int read_cursor(const char *text, struct slice *x)
{
    const char *at;
    int used = 0;

    x->after = INT64_MIN;
    if (text == NULL)
        return begin_figures(x);
    at = text[0] != '\0' ? strchr(letters, text[0]) : NULL;
    if (at == NULL || strcspn(text, ".") > 21 ||
        sscanf(text + 1, "%" SCNd64 "%n", &x->after, &used) != 1)
        return DK_EFIELD;
    x->phase = (enum verify_phase)(at - letters);
    text += 1 + used;
    if (text[0] == '\0')
        return DK_OK;
    if (x->phase == PHASE_STREAM)
        return read_walk(text, &x->walk);
    return x->phase == PHASE_CASES ? read_figures(text, &x->figures)
                                   : DK_EFIELD;
}

static void put_result(struct slice *x)
{
    const struct figures *f = &x->figures;
    const struct walk *k = &x->walk;
    char next[240], rest[200] = "";

    dk_jw_int(x->w, "cases", x->cases);
    dk_jw_int(x->w, "events", x->events);
    dk_jw_int(x->w, "checkpoints", x->checkpoints);
    if (x->phase == PHASE_END) {
        dk_jw_null(x->w, "next");
        return;
    }
    if (x->phase == PHASE_CASES && f->on)
        snprintf(rest, sizeof(rest), ".%" PRId64 ".%" PRIx64 ".%" PRIx64,
                 f->until, f->sum, f->want);
    if (x->phase == PHASE_STREAM)
        snprintf(rest, sizeof(rest),
                 ".%" PRId64 ".%d.%" PRId64 ".%" PRId64 ".%" PRId64 ".%" PRId64
                 ".%" PRId64 ".%" PRId64 ".%" PRId64 ".%" PRIx64,
                 k->number, k->open, k->seq, k->last, k->cases, k->missing,
                 k->first_missing, k->changed, k->first_changed, k->sum);
    snprintf(next, sizeof(next), "%c%" PRId64 "%s", letters[x->phase], x->after,
             rest);
    dk_jw_str(x->w, "next", next);
}

int read_verify(struct daemon *d, const struct item *it, struct dk_jw *w,
                struct dk_problem *p)
{
    struct slice x = {.d = d, .who = &it->who, .w = w, .walk = {.seq = 1}};
    const char *after = NULL;
    int64_t limit = 100;
    int rc =
        dk_json_str(it->body, "after", DK_OPTIONAL, 1, 239, &after, NULL, p);

    if (rc == DK_OK)
        rc = dk_json_int(it->body, "limit", DK_OPTIONAL, 1, VERIFY_MAX, &limit,
                         NULL, p);
    if (rc == DK_OK && read_cursor(after, &x) != DK_OK)
        rc = dk_fail(p, DK_EFIELD, "/after",
                     "give the 'next' of the slice before",
                     "请给出上一段返回的 next");
    if (rc != DK_OK)
        return rc;
    x.left = (size_t)limit;
    dk_jw_obj(w, NULL);
    dk_jw_arr(w, "faults");
    x.start = w->len;
    store_check(d->st, true);
    rc = check_slice(&x);
    store_check(d->st, false);
    dk_jw_end_arr(w);
    put_result(&x);
    dk_jw_end_obj(w);
    return rc == DK_OK ? rc : dk_fail(p, rc, NULL, NULL, NULL);
}
