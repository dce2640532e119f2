/* peer_pg.c - PostgreSQL: three rows for each message in one transaction, as
 * bench/ceiling.c writes them, answered after the commit (synchronous_commit).
 *
 *     peer_pg NAME CLIENTS WINDOW SECONDS "host=... port=..."
 *
 * A window above one is libpq's pipeline: each message is a transaction of its
 * own, the next does not wait for the answer.
 */
#include <libpq-fe.h>

#include "bench/peers/hand.h"

static const char put_case[] =
    "WITH r AS (INSERT INTO request (id, key) VALUES ($1::text::uuid, "
    "nextval('case_key')) RETURNING key), e AS (INSERT INTO event (key, n, "
    "body)"
    " SELECT key, 1, $2 FROM r) INSERT INTO case_file (key, doc) SELECT key, "
    "$2 "
    "FROM r";

static void must(PGconn *db, int ok)
{
    if (!ok)
        hand_fail("postgresql:", PQerrorMessage(db));
}

static int open_pg(struct hand_client *c, int i, char **argv)
{
    PGconn *db = PQconnectdb(argv[0]);
    PGresult *r;

    (void)i;
    must(db, PQstatus(db) == CONNECTION_OK);
    r = PQprepare(db, "put", put_case, 2, NULL);
    must(db, PQresultStatus(r) == PGRES_COMMAND_OK);
    PQclear(r);
    must(db, PQsetnonblocking(db, 1) == 0);
    must(db, PQenterPipelineMode(db));
    c->peer = db;
    return PQsocket(db);
}

static void send_pg(struct hand_client *c, const char *body)
{
    char id[DK_UUID_TEXT];
    const char *value[] = {id, body};

    memcpy(id, body + BODY_ID, DK_UUID_TEXT - 1);
    id[DK_UUID_TEXT - 1] = '\0';
    must(c->peer, PQsendQueryPrepared(c->peer, "put", 2, value, NULL, NULL, 0));
    must(c->peer, PQpipelineSync(c->peer));
}

static void flush_pg(struct hand_client *c)
{
    int rc;

    while ((rc = PQflush(c->peer)) == 1)
        (void)PQconsumeInput(c->peer);
    must(c->peer, rc == 0);
}

/* Of each message: its result, a NULL, and the end of its transaction. */
static unsigned confirmed_pg(struct hand_client *c)
{
    unsigned n = 0;

    must(c->peer, PQconsumeInput(c->peer));
    while (n < c->under_way && !PQisBusy(c->peer)) {
        PGresult *r = PQgetResult(c->peer);
        ExecStatusType s = PQresultStatus(r);

        if (r == NULL)
            continue;
        must(c->peer, s == PGRES_COMMAND_OK || s == PGRES_PIPELINE_SYNC);
        n += s == PGRES_PIPELINE_SYNC;
        PQclear(r);
    }
    return n;
}

int main(int argc, char **argv)
{
    static const struct hand_peer peer = {open_pg, send_pg, flush_pg,
                                          confirmed_pg};

    return hand_main(&peer, argc, argv);
}
