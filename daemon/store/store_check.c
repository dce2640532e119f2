/* store_check.c - are the rows of a case what its events give?
 *
 * What they must be comes from the functions that make the rows when they are
 * written (store_common.c); what they are, from the back end.  Only the first
 * finding is kept: a damaged case has many ways to show it.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proto/timefmt.h"
#include "store_impl.h"

struct check {
    struct store *st;
    int64_t key;
    const struct store_want *w;
    struct store_finding *f;
    bool has_case;
    uint32_t clocks; /* mask of the replay's clocks that have their row */
    size_t alerts;   /* the replay's alerts that were met or missed */
};

_Static_assert(DK_CLOCKS_MAX <= 32, "clocks fit into a mask");

__attribute__((format(printf, 3, 4))) static void
say(struct check *k, const char *what, const char *fmt, ...)
{
    va_list ap;

    if (k->f->what != NULL)
        return;
    k->f->what = what;
    va_start(ap, fmt);
    (void)vsnprintf(k->f->detail, sizeof k->f->detail, fmt, ap);
    va_end(ap);
}

/* A damaged file may have anything for a name. */
static const char *readable(const char *id)
{
    size_t n = strlen(id);

    return n <= DK_ID_MAX && dk_utf8_valid(id, n) == n ? id : "?";
}

static bool same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* "2026-05-01T01:30:00.000+00:00", or "never" */
static const char *when(dk_ms t, char buf[DK_TIME_MAX])
{
    if (t == DK_NEVER)
        return "never";
    dk_time_format(t, 0, buf);
    return buf;
}

/* ---- the case ------------------------------------------------------------ */

/* Minutes east of UTC of the times in a stored case, which is what the office's
 * zone was when it was kept; any number when there is no such time.
 */
static int offset_of(const char *doc)
{
    static const char first[] = "\"submitted_at\":\"";
    const char *at = strstr(doc, first);
    const char *end = at != NULL ? strchr(at + sizeof first - 1, '"') : NULL;
    char text[7] = "";
    int min = 0;

    if (end != NULL && end - at >= 6)
        (void)snprintf(text, sizeof text, "%.6s", end - 6);
    return dk_offset_parse(text, &min) == 0 ? min : 0;
}

/* Byte for byte: clients are given the text as it is kept, and a changed name
 * of a member, or a time written another way, reads as the same case.
 */
static int same_text(const struct check *k, const char *doc, size_t len,
                     bool *out)
{
    struct dk_jw w = {0};

    dk_case_write(&w, NULL, k->w->c, k->w->county, offset_of(doc));
    *out = !w.oom && w.len == len && memcmp(w.buf, doc, len) == 0;
    int rc = w.oom ? DK_ENOMEM : 0;
    dk_jw_fini(&w);
    return rc;
}

static int check_doc(struct check *k, const char *doc, size_t len)
{
    static const uint8_t no_hash[DK_HASH_LEN];
    struct dk_case *kept = NULL;
    bool same_as_written = false;

    if (k->w->c->n == 0) {
        say(k, "missing-event", "the case is there, but none of its events");
        return 0;
    }
    int rc = same_text(k, doc, len, &same_as_written);
    if (rc != 0 || same_as_written)
        return rc;
    rc = store_read_doc(doc, len, no_hash, &kept);
    if (rc == DK_ENOMEM)
        return rc;
    if (rc != 0) {
        say(k, "bad-case", "the stored case cannot be read");
        return 0;
    }
    if (kept->n > k->w->c->n)
        say(k, "missing-event",
            "the case has %" PRIu32 " events, %" PRIu32 " are there", kept->n,
            k->w->c->n);
    say(k, "case-differs", "the stored case is not what its events give");
    dk_case_free(kept);
    return 0;
}

static int on_case(void *arg, const struct row_case *row, const char *doc,
                   size_t doc_len)
{
    struct check *k = arg;
    struct row_case want = store_row_case(k->w->c);

    k->has_case = true;
    int rc = check_doc(k, doc, doc_len);
    if (rc != 0)
        return rc;
    if (row->hash == NULL || row->hash_len != want.hash_len ||
        memcmp(row->hash, want.hash, want.hash_len) != 0)
        say(k, "truncated-chain",
            "the chain ends elsewhere than the case says");
    if (row->state != want.state)
        say(k, "case-differs",
            "it is listed under state %" PRId64 ", its events give %" PRId64,
            row->state, want.state);
    if (row->overdue != want.overdue)
        say(k, "case-differs",
            "it is listed as %s, its events give that it "
            "is %s",
            row->overdue == 1 ? "overdue" : "not overdue",
            want.overdue != 0 ? "overdue" : "not");
    if (row->urgent != want.urgent || row->due != want.due)
        say(k, "case-differs",
            "its place in the order of work is not what its events give");
    if (row->grp != want.grp)
        say(k, "case-differs",
            "the group it is listed under is not what its events give");
    static const char text[] =
        "the %s it is listed under is not what its events give";
    if (!same(row->unit, want.unit))
        say(k, "case-differs", text, "unit");
    if (!same(row->handler, want.handler))
        say(k, "case-differs", text, "handler");
    if (!same(row->region, want.region))
        say(k, "case-differs", text, "region");
    if (!same(row->category, want.category))
        say(k, "case-differs", text, "category");
    return 0;
}

/* ---- clocks -------------------------------------------------------------- */

/* The row that clock `i` of the replay must have; false: none. */
static bool want_clock(const struct check *k, int i, struct row_clock *out)
{
    struct store_clock_put put = {
        .key = k->key, .k = &k->w->c->clock[i], .unit = k->w->c->unit};

    return store_row_clock(&put, out);
}

static int find_clock(const struct check *k, const char *id)
{
    for (int i = 0; i < k->w->c->n_clock; i++) {
        if (strcmp(k->w->c->clock[i].id, id) == 0)
            return i;
    }
    return -1;
}

static int on_clock(void *arg, const struct row_clock *row)
{
    struct check *k = arg;
    struct row_clock want;
    int i = find_clock(k, row->id);
    char a[DK_TIME_MAX], b[DK_TIME_MAX];

    if (i < 0 || !want_clock(k, i, &want)) {
        say(k, "extra-clock",
            "a limit '%s' is kept that its events do not have running",
            readable(row->id));
        return 0;
    }
    k->clocks |= UINT32_C(1) << i;
    if (row->due_at != want.due_at)
        say(k, "clock-differs",
            "the limit '%s' is kept to end at %s, its events give %s", want.id,
            when(row->due_at, a), when(want.due_at, b));
    if (row->fire_at != want.fire_at)
        say(k, "clock-differs",
            "the next step of the limit '%s' is kept for %s, its events give "
            "%s",
            want.id, when(row->fire_at, a), when(want.fire_at, b));
    if (row->state != want.state || row->overdue != want.overdue)
        say(k, "clock-differs",
            "the limit '%s' is kept as running, held or "
            "overdue where its events give something else",
            want.id);
    if (!same(row->unit, want.unit))
        say(k, "clock-differs",
            "the limit '%s' is kept for another unit than its events give",
            want.id);
    return 0;
}

static int check_clocks(struct check *k)
{
    int rc = k->st->ops->clock_rows(k->st, k->key, on_clock, k);

    for (int i = 0; rc == 0 && i < k->w->c->n_clock; i++) {
        struct row_clock want;

        if ((k->clocks >> i & 1) == 0 && want_clock(k, i, &want))
            say(k, "missing-clock",
                "nothing watches the limit '%s', which its "
                "events set",
                want.id);
    }
    return rc;
}

/* ---- alerts -------------------------------------------------------------- */

static struct row_alert want_alert(const struct store_want *w, size_t i)
{
    struct row_alert row = store_row_alert(&w->alert[i]);

    for (size_t j = 0; j < w->n_ack; j++) {
        if (w->ack[j].n == w->alert[i].n)
            store_row_ack(&row, &w->ack[j]);
    }
    return row;
}

static void missed_alerts(struct check *k, int64_t before)
{
    while (k->alerts < k->w->n_alert && k->w->alert[k->alerts].n < before)
        say(k, "missing-alert",
            "the alert raised by event %" PRIu32 " is not kept",
            k->w->alert[k->alerts++].n);
}

static int on_alert(void *arg, const struct row_alert *row)
{
    struct check *k = arg;

    missed_alerts(k, row->n);
    if (k->alerts == k->w->n_alert || k->w->alert[k->alerts].n != row->n) {
        say(k, "extra-alert",
            "an alert is kept for event %" PRId64 ", which raised none",
            row->n);
        return 0;
    }
    struct row_alert want = want_alert(k->w, k->alerts++);
    if (row->acked_at != want.acked_at || !same(row->acked_by, want.acked_by))
        say(k, "alert-differs",
            "who acknowledged the alert of event %" PRId64
            " and when is not what its events give",
            row->n);
    if (row->raised_at != want.raised_at || row->due_at != want.due_at)
        say(k, "alert-differs",
            "the times of the alert of event %" PRId64
            " are not what its events give",
            row->n);
    if (!same(row->clock, want.clock) || !same(row->rung, want.rung) ||
        !same(row->level, want.level) || !same(row->unit, want.unit))
        say(k, "alert-differs",
            "limit, step, level or unit of the alert of "
            "event %" PRId64 " is not what its events give",
            row->n);
    return 0;
}

static int check_alerts(struct check *k)
{
    int rc = k->st->ops->alert_rows(k->st, k->key, on_alert, k);

    if (rc == 0)
        missed_alerts(k, INT64_MAX);
    return rc;
}

/* ---- co-handlers --------------------------------------------------------- */

static int check_beside(struct check *k)
{
    struct store_beside m = {.c = k->w->c};
    int rc = k->st->ops->beside_rows(k->st, k->key, store_match_beside, &m);

    if (rc == 0 && (m.odd != 0 || m.good != k->w->c->n_co))
        say(k, "case-differs",
            "the co-handlers it is listed under are not what its events give");
    return rc;
}

/* ---- the submission ------------------------------------------------------ */

static int check_request(struct check *k)
{
    const struct store_request *want = k->w->request;
    struct store_request r = {.key = 0};
    bool found = false;

    if (want == NULL)
        return 0;
    int rc = k->st->ops->find_requests(k->st, &want->id, 1, &r, &found);
    if (rc == DK_EJSON)
        rc = 0; /* unreadable: as good as not there */
    if (rc == 0 && !found)
        say(k, "missing-request",
            "its submission id is not kept: sent again, it would be a new "
            "case");
    if (rc == 0 &&
        (r.key != want->key || r.n != want->n || r.state != want->state ||
         r.at != want->at || r.submitted_at != want->submitted_at))
        say(k, "request-differs",
            "what is kept of its submission id is not what its events give");
    return rc;
}

/* ---- indexes ------------------------------------------------------------- */

/* Every row is right: is each found where lists and the clocks look for it? */
static int check_indexes(struct check *k)
{
    static const struct {
        const char *begins, *what;
    } of[] = {{"event", "missing-event"},
              {"clock", "missing-clock"},
              {"alert", "missing-alert"},
              {"person", "person-differs"},
              {"", "case-differs"}};
    char index[40];
    size_t i = 0;

    if (k->f->what != NULL || k->st->ops->lost_row == NULL)
        return 0;
    int rc = k->st->ops->lost_row(k->st, k->key, index, sizeof index);
    if (rc != 0 || index[0] == '\0')
        return rc;
    while (strncmp(index, of[i].begins, strlen(of[i].begins)) != 0)
        i++;
    say(k, of[i].what,
        "the index %s does not find it: what looks there passes it over",
        index);
    return 0;
}

int store_check_case(struct store *st, int64_t key, const struct store_want *w,
                     struct store_finding *out)
{
    struct check k = {.st = st, .key = key, .w = w, .f = out};

    *out = (struct store_finding){.what = NULL};
    int rc = store_before_read(st);
    if (rc == 0)
        rc = st->ops->case_row(st, key, on_case, &k);
    if (rc == 0 && !k.has_case && w->c->n != 0)
        say(&k, "missing-case",
            "%" PRIu32 " events are there, but not the case", w->c->n);
    if (rc == 0)
        rc = check_clocks(&k);
    if (rc == 0)
        rc = check_alerts(&k);
    if (rc == 0)
        rc = check_beside(&k);
    if (rc == 0)
        rc = check_request(&k);
    if (rc == 0)
        rc = check_indexes(&k);
    return rc;
}
