/* store_pg_talk.c - statements in a pipeline, and what errors mean.
 *
 * A pipeline is filled by pg_send() and sent by pg_sync(), which waits for all
 * of its answers: one round trip, however many statements.  Nothing here waits
 * longer than PG_SILENCE for a server that says nothing.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>

#include "store_pg.h"

#define PG_TEXT(name, sql) sql,
static const char *const texts[PG_N] = {PG_STATEMENTS(PG_TEXT)};
#undef PG_TEXT
#define PG_NAME(name, sql) #name,
static const char *const names[PG_N] = {PG_STATEMENTS(PG_NAME)};
#undef PG_NAME

const char *pg_text_of(enum pg_stmt stmt)
{
    return texts[stmt];
}

int pg_damaged(struct pg *s)
{
    s->base.failed = true;
    return DK_EIO;
}

int pg_odd(struct pg *s)
{
    return s->base.checking ? DK_EJSON : pg_damaged(s);
}

int pg_poll(const struct pg *s, bool write, int ms)
{
    struct pollfd p = {.fd = PQsocket(s->c),
                       .events = (short)(POLLIN | (write ? POLLOUT : 0))};
    int n;

    if (p.fd < 0)
        return DK_EIO;
    do
        n = poll(&p, 1, ms);
    while (n < 0 && errno == EINTR);
    return n < 0 ? DK_EIO : n;
}

/* A commit that an administrator let go before the standby had it comes with a
 * warning only.
 */
void pg_on_notice(void *arg, const PGresult *res)
{
    struct pg *s = arg;
    const char *code = PQresultErrorField(res, PG_DIAG_SQLSTATE);

    if (code != NULL &&
        (strcmp(code, "57014") == 0 || strncmp(code, "57P0", 4) == 0))
        s->unsure = true;
}

/* ---- errors ------------------------------------------------------------- */

static bool in_class(const char *code, const char *class)
{
    return strncmp(code, class, strlen(class)) == 0;
}

/* The connection is of no use: closed by the server, or a server that may only
 * be read from.
 */
static bool is_loss(const char *code)
{
    return in_class(code, "08") || in_class(code, "57P0") ||
           in_class(code, "25P03") || strcmp(code, "25006") == 0;
}

static int code_of(struct pg *s, const char *code)
{
    if (is_loss(code))
        return DK_EBUSY;
    /* Somebody else was at the same rows: it may be tried again. */
    if (in_class(code, "40") || strcmp(code, "55P03") == 0 ||
        strcmp(code, "57014") == 0)
        return DK_ESTALE;
    if (s->shared && strcmp(code, "23505") == 0)
        return DK_ESTALE;
    if (strcmp(code, "53100") == 0)
        return DK_EFULL;
    if (strcmp(code, "53200") == 0)
        return DK_ENOMEM;
    if (in_class(code, "53"))
        return DK_EBUSY;
    if (in_class(code, "58") || strcmp(code, "XX001") == 0 ||
        strcmp(code, "XX002") == 0)
        return pg_damaged(s);
    return DK_EBUG;
}

/* Keep what a failed result says: never its detail, which quotes values. */
static int note(struct pg *s, const struct pg_sent *m, const PGresult *res)
{
    const char *code = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    const char *what = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);

    s->failed_stmt = m->stmt;
    (void)snprintf(s->sqlstate, sizeof s->sqlstate, "%s",
                   code != NULL ? code : "08006");
    (void)snprintf(s->why, sizeof s->why, "%s (%s, %s)",
                   what != NULL ? what : "the connection was lost", s->sqlstate,
                   m->stmt >= 0 ? names[m->stmt] : "list");
    return code_of(s, s->sqlstate);
}

/* ---- sending ------------------------------------------------------------ */

static bool has_room(struct pg_args *a, int n)
{
    struct pg *s = a->s;

    if (a->oom || s->n_sent + n > PG_PIPE)
        s->spoiled = true;
    return s->state == PG_UP && !s->spoiled;
}

static void queue(struct pg *s, int stmt, bool prepare)
{
    s->sent[s->n_sent++] = (struct pg_sent){.stmt = stmt, .prepare = prepare};
}

void pg_send(struct pg_args *a, enum pg_stmt stmt)
{
    struct pg *s = a->s;

    if (!has_room(a, 2))
        return;
    if (!s->ready[stmt]) {
        if (PQsendPrepare(s->c, names[stmt], texts[stmt], a->n, a->type) != 1) {
            s->spoiled = true;
            return;
        }
        queue(s, (int)stmt, true);
    }
    if (PQsendQueryPrepared(s->c, names[stmt], a->n, a->v, a->len, a->format,
                            1) != 1)
        s->spoiled = true;
    else
        queue(s, (int)stmt, false);
}

void pg_send_text(struct pg_args *a, const char *sql)
{
    struct pg *s = a->s;

    if (!has_room(a, 1))
        return;
    if (PQsendQueryParams(s->c, sql, a->n, a->type, a->v, a->len, a->format,
                          1) != 1)
        s->spoiled = true;
    else
        queue(s, -1, false);
}

/* ---- waiting ------------------------------------------------------------ */

static int lost(struct pg *s, const char *why)
{
    pg_drop(s, why);
    return DK_EBUSY;
}

/* Until everything is sent and an answer can be taken. */
static int pump(struct pg *s)
{
    for (;;) {
        int left = PQflush(s->c);

        if (left < 0)
            return lost(s, PQerrorMessage(s->c));
        if (left == 0 && PQisBusy(s->c) == 0)
            return 0;
        int n = pg_poll(s, left > 0, s->slow ? PG_SLOW : PG_SILENCE);
        if (n == 0)
            return lost(s, "the server gives no sign of life");
        if (n < 0 || PQconsumeInput(s->c) != 1)
            return lost(s, PQerrorMessage(s->c));
    }
}

/* What one message of ours was answered; 0 also when it was passed over
 * because of an earlier one.
 */
static int take(struct pg *s, struct pg_sent *m)
{
    int rc = pump(s);
    PGresult *res = rc == 0 ? PQgetResult(s->c) : NULL;
    ExecStatusType got = PQresultStatus(res);

    if (rc == 0 && res == NULL)
        rc = lost(s, "an answer did not come");
    if (rc != 0)
        return rc;
    if (got == PGRES_FATAL_ERROR)
        rc = note(s, m, res);
    if (m->prepare)
        s->ready[m->stmt] = got == PGRES_COMMAND_OK;
    if (rc == 0 && !m->prepare && got != PGRES_PIPELINE_ABORTED)
        m->res = res;
    else
        PQclear(res);
    if (PQstatus(s->c) == CONNECTION_BAD || (rc != 0 && is_loss(s->sqlstate)))
        return lost(s, NULL);
    int end = pump(s); /* after each answer comes its end */
    if (end == 0 && (res = PQgetResult(s->c)) != NULL) {
        PQclear(res);
        end = lost(s, "more answers came than were asked for");
    }
    return end != 0 ? end : rc;
}

static int take_sync(struct pg *s)
{
    int rc = pump(s);
    PGresult *res = rc == 0 ? PQgetResult(s->c) : NULL;

    if (rc == 0 && PQresultStatus(res) != PGRES_PIPELINE_SYNC)
        rc = lost(s, "the end of the answers did not come");
    PQclear(res);
    return rc;
}

int pg_sync(struct pg *s)
{
    bool spoiled = s->spoiled;
    int first = 0;

    s->spoiled = false;
    s->failed_stmt = -1;
    if (s->state != PG_UP)
        return DK_EBUSY;
    if (PQpipelineSync(s->c) != 1)
        return lost(s, PQerrorMessage(s->c));
    for (int i = 0; i < s->n_sent && s->state == PG_UP; i++) {
        int rc = take(s, &s->sent[i]);

        if (first == 0)
            first = rc;
    }
    if (s->state == PG_UP) {
        int rc = take_sync(s);

        if (first == 0)
            first = rc;
    }
    if (s->state != PG_UP && first != DK_EIO)
        first = DK_EBUSY;
    return first == 0 && spoiled ? DK_ENOMEM : first;
}

void pg_clear(struct pg *s)
{
    for (int i = 0; i < s->n_sent; i++)
        PQclear(s->sent[i].res);
    s->n_sent = 0;
}

PGresult *pg_result(const struct pg *s, int i)
{
    for (int k = 0; k < s->n_sent; k++) {
        if (!s->sent[k].prepare && i-- == 0)
            return s->sent[k].res;
    }
    return NULL;
}

/* ---- one statement ------------------------------------------------------ */

/* Take the i-th result out of the pipeline and forget the others. */
static int settle(struct pg *s, int rc, int i, PGresult **res)
{
    int k = 0;

    *res = NULL;
    while (k < s->n_sent && (s->sent[k].prepare || i-- > 0))
        k++;
    if (rc == 0 && k < s->n_sent) {
        *res = s->sent[k].res;
        s->sent[k].res = NULL;
    }
    pg_clear(s);
    if (rc != 0 && s->open_tx) /* it is of no use any more */
        pg_undo(s);
    return rc;
}

/* Of a statement that may read much before it answers. */
static int patiently(struct pg *s, PGresult **res)
{
    s->slow = true;
    int rc = settle(s, pg_sync(s), 0, res);
    s->slow = false;
    return rc;
}

int pg_ask_slow(struct pg_args *a, enum pg_stmt stmt, PGresult **res)
{
    pg_send(a, stmt);
    return patiently(a->s, res);
}

int pg_ask(struct pg_args *a, enum pg_stmt stmt, PGresult **res)
{
    pg_send(a, stmt);
    return settle(a->s, pg_sync(a->s), 0, res);
}

int pg_ask_text(struct pg_args *a, const char *sql, PGresult **res)
{
    pg_send_text(a, sql);
    return patiently(a->s, res);
}

int pg_ask_held(struct pg_args *a, enum pg_stmt stmt, PGresult **res)
{
    struct pg *s = a->s;
    struct pg_args none = pg_args(s);
    bool begin = !s->open_tx;

    *res = NULL;
    if (s->undone)
        return DK_ESTALE;
    if (begin)
        pg_send(&none, PG_BEGIN);
    s->open_tx = true;
    pg_send(a, stmt);
    return settle(s, pg_sync(s), begin ? 1 : 0, res);
}
