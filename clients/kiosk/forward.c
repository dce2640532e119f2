#include "forward.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "journal/note.h"
#include "proto/jsonw.h"

#define ANSWER_MS      10000
#define LINK_MS        100
#define LINK_MAX_MS    2000
#define TROUBLE_MS     500
#define TROUBLE_MAX_MS 60000
#define HELLO_REQUEST  "hello"

/* base, 2 base, 4 base .. max, of which the second half is chance. */
static dk_ms backoff(dk_ms base, dk_ms max, unsigned tries)
{
    dk_ms full = tries < 16 ? base << tries : max;
    uint32_t r = 0;

    if (full > max)
        full = max;
    if (getrandom(&r, sizeof(r), GRND_NONBLOCK) != sizeof(r))
        r = (uint32_t)dk_client_wall();
    return full / 2 + (dk_ms)(r % (uint64_t)(full / 2 + 1));
}

/* ---- slots --------------------------------------------------------------- */

static void release(struct forward *f, struct forward_slot *s)
{
    if (s->state == SLOT_SENT)
        f->n_sent--;
    s->state = SLOT_FREE;
    f->n_used--;
}

static void later(struct forward *f, struct forward_slot *s, dk_ms at)
{
    if (s->state == SLOT_SENT)
        f->n_sent--;
    s->state = SLOT_LATER;
    s->at = at;
    if (s->tries < 16)
        s->tries++;
}

static struct forward_slot *find(struct forward *f, const char *submission)
{
    for (int i = 0; i < FORWARD_SLOTS; i++) {
        if (f->slot[i].state != SLOT_FREE &&
            strcmp(f->slot[i].submission, submission) == 0)
            return &f->slot[i];
    }
    return NULL;
}

/* A slot to send from now: one whose time has come, else a free one. */
static struct forward_slot *pick(struct forward *f, dk_ms now)
{
    struct forward_slot *free_slot = NULL;

    for (int i = 0; i < FORWARD_SLOTS; i++) {
        struct forward_slot *s = &f->slot[i];

        if (s->state == SLOT_LATER && s->at <= now)
            return s;
        if (s->state == SLOT_FREE && free_slot == NULL)
            free_slot = s;
    }
    return free_slot;
}

/* The broker as a whole cannot serve: ask less, and later.  The answers of one
 * round count once.
 */
static void broker_trouble(struct forward *f, dk_ms now, dk_ms at_least,
                           const char *why)
{
    dk_ms wait;

    if (now < f->pause_until)
        return;
    wait = backoff(TROUBLE_MS, TROUBLE_MAX_MS, f->trouble);
    if (f->trouble < 16)
        f->trouble++;
    if (wait < at_least)
        wait = at_least + backoff(LINK_MS, LINK_MAX_MS, 0);
    f->pause_until = now + wait;
    f->window = 1;
    note("warn", "not-now", "code=%s retry_ms=%lld", why, (long long)wait);
}

static void all_well(struct forward *f)
{
    f->trouble = 0;
    f->window = f->window * 2 < FORWARD_WINDOW ? f->window * 2 : FORWARD_WINDOW;
}

static void link_up(struct forward *f)
{
    if (f->link == LINK_UP)
        return;
    f->link = LINK_UP;
    f->trouble = 0;
    note("info", "connected", "detail=\"forwarding\"");
}

/* ---- answers ---------------------------------------------------------------
 */

/* Write the answers down, then tell them. */
static int settle(struct forward *f, dk_ms now, struct dk_problem *p)
{
    size_t n = f->n_answer;
    int rc;

    if (n == 0)
        return 0;
    f->n_answer = 0;
    rc = spool_settle(f->spool, f->answer, n, p);
    if (rc == DK_EFULL) { /* the broker gives the same answers once more */
        for (size_t i = 0; i < n; i++)
            later(f, &f->slot[f->answer_slot[i]], now);
        broker_trouble(f, now, 0, "disk-full");
        return 0;
    }
    for (size_t i = 0; i < n && rc == 0; i++) {
        const struct spool_answer *a = &f->answer[i];

        if (a->state == SPOOL_DONE)
            say_case(f->say, f->answered[i], a->case_no, a->code);
        else
            say_refused(f->say, f->answered[i], &a->problem);
        release(f, &f->slot[f->answer_slot[i]]);
    }
    if (rc == 0 && !f->say->failed)
        spool_told(f->spool);
    return rc;
}

static struct spool_answer *new_answer(struct forward *f,
                                       const struct forward_slot *s,
                                       enum spool_state state)
{
    struct spool_answer *a = &f->answer[f->n_answer];

    *a = (struct spool_answer){
        .id = s->id, .state = state, .at = dk_client_wall()};
    memcpy(f->answered[f->n_answer], s->submission, DK_UUID_TEXT);
    f->answer_slot[f->n_answer] = (int)(s - f->slot);
    f->n_answer++;
    return a;
}

static bool has_answer(const struct forward *f, const struct forward_slot *s)
{
    for (size_t i = 0; i < f->n_answer; i++) {
        if (&f->slot[f->answer_slot[i]] == s)
            return true;
    }
    return false;
}

static void on_ok(struct forward *f, struct forward_slot *s,
                  const struct dk_reply *r, dk_ms now)
{
    struct dk_problem p = {0};
    struct spool_answer *a;
    const char *no = NULL, *code = NULL;

    if (!dk_reply_names(r, "submission_id", s->submission)) {
        note("error", "bad-answer",
             "submission=%s detail=\"the receipt of another case came: "
             "somebody on the line may be joining parts of messages\"",
             s->submission);
        later(f, s, now + backoff(TROUBLE_MS, TROUBLE_MAX_MS, s->tries));
        return;
    }
    if (dk_json_str(r->json, "case_no", DK_REQUIRED, 1, DK_CASE_NO_MAX - 1, &no,
                    NULL, &p) != 0 ||
        dk_reply_code(r, &code, &p) != 0) {
        note("error", "bad-answer", "submission=%s detail=\"%s\"",
             s->submission, p.detail);
        later(f, s, now + backoff(TROUBLE_MS, TROUBLE_MAX_MS, s->tries));
        return;
    }
    a = new_answer(f, s, SPOOL_DONE);
    snprintf(a->case_no, sizeof(a->case_no), "%s", no);
    snprintf(a->code, sizeof(a->code), "%s", code != NULL ? code : "");
    all_well(f);
}

/* What the case itself is refused for.  Anything else (a broker of another
 * version, a fault inside it, a door closed to this kiosk) may be mended
 * without touching the case.
 */
static bool is_final(const struct dk_problem *p)
{
    switch (p->code) {
    case DK_EFIELD:
    case DK_EJSON:
    case DK_ETOOBIG:
    case DK_ECONFLICT:
    case DK_ELIMIT:
    case DK_ERESPONDENT:
        return p->retry_after_ms == 0;
    default:
        return false;
    }
}

static bool is_broker_wide(const struct dk_problem *p)
{
    return p->retry_after_ms > 0 || dk_err_retry_ms(p->code) > 0;
}

static void on_problem(struct forward *f, struct forward_slot *s,
                       const struct dk_reply *r, dk_ms now)
{
    struct dk_problem p = {0};

    dk_problem_read(r->json, &p);
    if (is_final(&p)) {
        new_answer(f, s, SPOOL_REFUSED)->problem = p;
        all_well(f);
        return;
    }
    if (is_broker_wide(&p)) {
        broker_trouble(f, now, p.retry_after_ms, dk_err_slug(p.code));
        later(f, s, f->pause_until);
        return;
    }
    later(f, s, now + backoff(TROUBLE_MS, TROUBLE_MAX_MS, s->tries));
    note("warn", "try-again",
         "submission=%s code=%s detail=\"%s\" "
         "retry_ms=%lld%s",
         s->submission, dk_err_slug(p.code), p.detail, (long long)(s->at - now),
         p.code == DK_ETYPE ? " hint=\"is --connect the broker's endpoint "
                              "for workers? Kiosks use the one for "
                              "clients\""
                            : "");
}

static void on_reply(struct forward *f, const struct dk_reply *r, dk_ms now)
{
    struct forward_slot *s = find(f, r->request);

    link_up(f);
    if (s == NULL && f->other != NULL)
        f->other(f->other_arg, r);
    if (s == NULL || has_answer(f, s)) /* a late answer to an earlier try */
        return;
    if (strcmp(r->type, "ok") == 0)
        on_ok(f, s, r, now);
    else if (strcmp(r->type, "problem") == 0)
        on_problem(f, s, r, now);
}

/* Read until nothing waits: the client's fd announces only what comes after. */
static int receive(struct forward *f, dk_ms now, struct dk_problem *p)
{
    for (;;) {
        struct dk_problem bad = {0};
        struct dk_reply r;
        int rc = dk_client_recv(f->client, 0, &r, &bad);

        if (rc == DK_ETIMEOUT)
            return settle(f, now, p);
        if (rc != 0) {
            note("warn", "bad-message", "detail=\"%s\"", bad.detail);
            if (rc == DK_EIO || rc == DK_ENOMEM)
                return settle(f, now, p);
            continue;
        }
        on_reply(f, &r, now);
        dk_reply_free(&r);
        if (f->n_answer == FORWARD_WINDOW) {
            rc = settle(f, now, p);
            if (rc != 0)
                return rc;
        }
    }
}

/* ---- sending ---------------------------------------------------------------
 */

static void expire(struct forward *f, dk_ms now)
{
    for (int i = 0; i < FORWARD_SLOTS; i++) {
        struct forward_slot *s = &f->slot[i];

        if (s->state != SLOT_SENT || s->at > now)
            continue;
        broker_trouble(f, now, 0, "no-answer");
        later(f, s, f->pause_until);
    }
}

static int greet(struct forward *f)
{
    char client[80];
    struct dk_jw w = {0};
    int rc = DK_ENOMEM;

    if (f->kiosk == NULL)
        return 0;
    snprintf(client, sizeof(client), "kiosk:%s", f->kiosk);
    dk_jw_obj(&w, NULL);
    dk_jw_str(&w, "client", client);
    dk_jw_end_obj(&w);
    if (!w.oom)
        rc = dk_client_send(f->client, "hello", HELLO_REQUEST, w.buf, w.len,
                            NULL, NULL);
    dk_jw_fini(&w);
    return rc;
}

/* The case for a slot: 1, or 0: there is none (any more). */
static int fetch(struct forward *f, struct forward_slot *s,
                 struct spool_row *row, struct dk_problem *p)
{
    int rc;

    if (s->state == SLOT_LATER) {
        rc = spool_get(f->spool, s->id, row, p);
        if (rc == 0)
            release(f, s);
        return rc;
    }
    rc = spool_next(f->spool, f->cursor, row, p);
    f->dry = rc == 0;
    return rc;
}

static void mark_sent(struct forward *f, struct forward_slot *s,
                      const struct spool_row *row, dk_ms now)
{
    if (s->state == SLOT_FREE) {
        *s = (struct forward_slot){.id = row->id};
        memcpy(s->submission, row->submission, sizeof(s->submission));
        f->cursor = row->id;
        f->n_used++;
    }
    s->state = SLOT_SENT;
    s->at = now + ANSWER_MS;
    f->n_sent++;
}

/* No way to the broker, or its queue is full.  Looked at again often, for
 * that costs nobody anything.
 */
static void unlinked(struct forward *f, dk_ms now)
{
    if (f->link != LINK_DOWN)
        note("warn", "no-connection",
             "detail=\"cases are kept until the "
             "broker is there\"");
    f->link = LINK_DOWN;
    f->pause_until = now + backoff(LINK_MS, LINK_MAX_MS, f->trouble);
    if (f->trouble < 5)
        f->trouble++;
}

/* Send one: 1; 0: nothing to send or no way; or the spool's failure. */
static int send_one(struct forward *f, dk_ms now, bool *touched,
                    struct dk_problem *p)
{
    struct forward_slot *s = pick(f, now);
    struct dk_problem bad = {0};
    struct spool_row row;
    int rc;

    if (s == NULL)
        return 0;
    *touched = s->state == SLOT_LATER;
    rc = fetch(f, s, &row, p);
    if (rc <= 0)
        return rc;
    *touched = true;
    rc = f->greeted ? 0 : greet(f);
    if (rc == 0) {
        f->greeted = true;
        rc = dk_client_send(f->client, "case.submit", row.submission, row.body,
                            row.len, NULL, &bad);
    }
    if (rc == 0) {
        link_up(f);
        mark_sent(f, s, &row, now);
    } else {
        unlinked(f, now);
    }
    free(row.body);
    return rc == 0 ? 1 : 0;
}

int forward_pump(struct forward *f, dk_ms now, struct dk_problem *p)
{
    bool touched = true;
    int rc = 0;

    if (f->window == 0)
        f->window = FORWARD_WINDOW;
    f->dry = false;
    while (touched && rc == 0) {
        touched = false;
        rc = receive(f, now, p);
        if (rc != 0)
            break;
        expire(f, now);
        while (rc == 0 && f->n_sent < f->window && now >= f->pause_until) {
            rc = send_one(f, now, &touched, p);
            if (rc <= 0)
                break;
            rc = 0;
        }
    }
    if (now >= f->pause_until)
        f->pause_until = 0;
    return rc;
}

dk_ms forward_next(const struct forward *f)
{
    dk_ms at = DK_NEVER;

    for (int i = 0; i < FORWARD_SLOTS; i++) {
        const struct forward_slot *s = &f->slot[i];
        dk_ms t = s->at;

        if (s->state == SLOT_FREE)
            continue;
        if (s->state == SLOT_LATER && t < f->pause_until)
            t = f->pause_until;
        if (t < at)
            at = t;
    }
    /* With no connection even the first case waits for the pause to end. */
    if (f->link == LINK_DOWN && f->pause_until != 0 && f->pause_until < at)
        at = f->pause_until;
    return at;
}

bool forward_idle(const struct forward *f)
{
    return f->dry && f->n_used == 0 && f->n_answer == 0;
}
