/* store_pg_lib.h - libpq, loaded when a store on PostgreSQL is opened and not
 * before: an office that keeps its cases in a file does without it, and without
 * the thirteen libraries that it draws in (docs/adr/0035).  Private to the
 * back end.
 */
#ifndef DK_STORE_PG_LIB_H
#define DK_STORE_PG_LIB_H

#include <libpq-fe.h>

#include "proto/problem.h"

/* Every function of libpq that the back end calls, without its PQ. */
#define PG_LIB_CALLS(X)                                                        \
    X(clear)                                                                   \
    X(cmdStatus)                                                               \
    X(connectPoll)                                                             \
    X(connectStartParams)                                                      \
    X(conninfoFree)                                                            \
    X(conninfoParse)                                                           \
    X(consumeInput)                                                            \
    X(enterPipelineMode)                                                       \
    X(errorMessage)                                                            \
    X(exec)                                                                    \
    X(exitPipelineMode)                                                        \
    X(finish)                                                                  \
    X(flush)                                                                   \
    X(freemem)                                                                 \
    X(getCopyData)                                                             \
    X(getResult)                                                               \
    X(getisnull)                                                               \
    X(getlength)                                                               \
    X(getvalue)                                                                \
    X(isBusy)                                                                  \
    X(ntuples)                                                                 \
    X(pipelineSync)                                                            \
    X(putCopyData)                                                             \
    X(putCopyEnd)                                                              \
    X(resultErrorField)                                                        \
    X(resultErrorMessage)                                                      \
    X(resultStatus)                                                            \
    X(sendPrepare)                                                             \
    X(sendQueryParams)                                                         \
    X(sendQueryPrepared)                                                       \
    X(setNoticeReceiver)                                                       \
    X(setnonblocking)                                                          \
    X(socket)                                                                  \
    X(status)

/* NOLINTNEXTLINE(bugprone-macro-parentheses): a member's name */
#define PG_LIB_FIELD(name) __typeof__(&PQ##name) name;
struct pg_lib {
    PG_LIB_CALLS(PG_LIB_FIELD)
};
#undef PG_LIB_FIELD

extern struct pg_lib pg_lib; /* valid after pg_lib_load() */

/* Loads the library once for the life of the process: DK_OK, or DK_EFIELD and a
 * problem that says what to install. */
int pg_lib_load(struct dk_problem *p);

/* The back end writes libpq's own names. */
#define PQclear              (pg_lib.clear)
#define PQcmdStatus          (pg_lib.cmdStatus)
#define PQconnectPoll        (pg_lib.connectPoll)
#define PQconnectStartParams (pg_lib.connectStartParams)
#define PQconninfoFree       (pg_lib.conninfoFree)
#define PQconninfoParse      (pg_lib.conninfoParse)
#define PQconsumeInput       (pg_lib.consumeInput)
#define PQenterPipelineMode  (pg_lib.enterPipelineMode)
#define PQerrorMessage       (pg_lib.errorMessage)
#define PQexec               (pg_lib.exec)
#define PQexitPipelineMode   (pg_lib.exitPipelineMode)
#define PQfinish             (pg_lib.finish)
#define PQflush              (pg_lib.flush)
#define PQfreemem            (pg_lib.freemem)
#define PQgetCopyData        (pg_lib.getCopyData)
#define PQgetResult          (pg_lib.getResult)
#define PQgetisnull          (pg_lib.getisnull)
#define PQgetlength          (pg_lib.getlength)
#define PQgetvalue           (pg_lib.getvalue)
#define PQisBusy             (pg_lib.isBusy)
#define PQntuples            (pg_lib.ntuples)
#define PQpipelineSync       (pg_lib.pipelineSync)
#define PQputCopyData        (pg_lib.putCopyData)
#define PQputCopyEnd         (pg_lib.putCopyEnd)
#define PQresultErrorField   (pg_lib.resultErrorField)
#define PQresultErrorMessage (pg_lib.resultErrorMessage)
#define PQresultStatus       (pg_lib.resultStatus)
#define PQsendPrepare        (pg_lib.sendPrepare)
#define PQsendQueryParams    (pg_lib.sendQueryParams)
#define PQsendQueryPrepared  (pg_lib.sendQueryPrepared)
#define PQsetNoticeReceiver  (pg_lib.setNoticeReceiver)
#define PQsetnonblocking     (pg_lib.setnonblocking)
#define PQsocket             (pg_lib.socket)
#define PQstatus             (pg_lib.status)

#endif
