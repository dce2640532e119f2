/* store_pg.h - the parts of the PostgreSQL back end; private to its files:
 *
 *   store_pg.c        open, close, what it refuses to work on
 *   store_pg_link.c   the connection: made step by step, lost, made again
 *   store_pg_lib.c    libpq, loaded when it is wanted
 *   store_pg_talk.c   statements in a pipeline, and what errors mean
 *   store_pg_args.c   parameters, arrays of them, and columns of rows
 *   store_pg_schema.c the tables
 *   store_pg_write.c  store_commit(), and the transaction of a batch
 *   store_pg_put.c    the rows of a batch, one statement for each table
 *   store_pg_rest.c   ... of tasks, persons, counters, figures, checkpoints
 *   store_pg_read.c   reads by key, the stream, the queues
 *   store_pg_few.c    reads of persons, figures, checkpoints, counters
 *   store_pg_list.c   filtered lists, page by page
 *   store_pg_check.c  rows as they are, for `verify`
 *
 * docs/adr/0025.
 */
#ifndef DK_STORE_PG_H
#define DK_STORE_PG_H

#include <stdlib.h>
#include <string.h>

#include "store_impl.h"
#include "store_pg_lib.h"
#include "store_pg_sql.h"

#define PG_ARGS     16
#define PG_PIPE     96    /* messages in one pipeline */
#define PG_SILENCE  2000  /* ms without a sign of life: the server is gone */
#define PG_SLOW     12000 /* ... while it reads much; less than FENCE_OFF's */
#define PG_WAIT     1500  /* ms that a commit in doubt may be waited for */
#define PG_RETURN   15000 /* ms that FENCE_OFF waits after an outage */
#define PG_PATIENCE 60    /* ms that a step towards a connection may take */

#define PG_ENUM(name, sql) PG_##name,
enum pg_stmt {
    PG_STATEMENTS(PG_ENUM) PG_N
};
#undef PG_ENUM

/* Columns of rows, as an array for each: one statement writes them all. */
struct pg_array {
    unsigned elem; /* type of an element */
    unsigned char *buf;
    size_t len, cap;
    int32_t n;
    bool nulls, oom;
};

enum pg_state {
    PG_DOWN,
    PG_DIALING,
    PG_GREETING,
    PG_UP
};

/* What was sent and not yet answered, in order. */
struct pg_sent {
    int stmt;      /* enum pg_stmt; -1: one of its own text */
    bool prepare;  /* this is its Parse, not its execution */
    PGresult *res; /* of an execution */
};

struct pg {
    struct store base;
    PGconn *c;
    char **key, **val; /* connection parameters, owned, NULL at the end */
    enum pg_state state;
    bool ready[PG_N]; /* prepared in this connection */
    struct pg_sent sent[PG_PIPE];
    int n_sent;
    bool slow;       /* a statement that may take long is under way */
    bool spoiled;    /* the pipeline is not what it should be: no memory */
    int failed_stmt; /* the statement that failed in the last pipeline */
    char why[200];   /* the last failure; never what people wrote */
    char sqlstate[6];
    bool unsure; /* a commit returned, but not because a standby has it */
    dk_ms (*mono)(void);
    dk_ms again_at; /* DOWN: not before; with mono */
    dk_ms until;    /* DIALING, GREETING: longest; with mono */
    PostgresPollingStatusType polling;
    int greeted;   /* answers of the greeting that came */
    bool unfit;    /* the last server that answered cannot be used */
    dk_ms beat_at; /* when the other brokers are told next; with mono */
    int failures;  /* connections that failed in a row */
    bool renewed;  /* ... and the caller was not told yet */
    dk_ms back_at; /* when a lost connection was made again; 0: none was */

    int64_t no, epoch, commits, last_seq; /* of this broker's row */
    dk_ms last_at;
    struct store_totals mine; /* what this broker added; tasks in the row */
    bool shared;              /* others may write here, too */
    bool hold;    /* the batch has begun: what is read for it is locked */
    bool open_tx; /* a transaction of the batch is open */
    bool undone;  /* ... was, and what it had locked is free again */
    struct pg_array col[PG_ARGS];
};

/* ---- store_pg_link.c ---------------------------------------------------- */

/* From a connection string to the parameters; *p says what is wrong. */
int pg_params(struct pg *s, const char *conninfo, struct dk_problem *p);
void pg_params_free(struct pg *s);
/* Go towards a connection for at most `ms`, or (0) as far as it goes without
 * waiting.  0: up; DK_EBUSY: not yet; DK_EIO: this broker was replaced.
 */
int pg_dial(struct pg *s, int ms);
/* The connection is of no use any more. */
void pg_drop(struct pg *s, const char *why);
int pg_tend(struct store *st, struct store_info *info);
const char *pg_said(struct store *st);

/* ---- store_pg_talk.c ---------------------------------------------------- */

struct pg_args {
    struct pg *s;
    int n;
    const char *v[PG_ARGS];
    int len[PG_ARGS], format[PG_ARGS];
    Oid type[PG_ARGS];
    unsigned char num[PG_ARGS][8];
    bool oom;
};

/* Put a statement into the pipeline; errors come with pg_sync(). */
void pg_send(struct pg_args *a, enum pg_stmt stmt);
void pg_send_text(struct pg_args *a, const char *sql);
/* Send what is in the pipeline and wait for all answers: 0, or the code of the
 * first that failed.  Results stay until pg_clear().
 */
int pg_sync(struct pg *s);
void pg_clear(struct pg *s);
/* The result of the i-th execution of the pipeline. */
PGresult *pg_result(const struct pg *s, int i);
/* One statement alone, or the first of the batch's transaction. */
int pg_ask(struct pg_args *a, enum pg_stmt stmt, PGresult **res);
int pg_ask_text(struct pg_args *a, const char *sql, PGresult **res);
/* The same, where the server may be silent for long while it reads. */
int pg_ask_slow(struct pg_args *a, enum pg_stmt stmt, PGresult **res);
/* The same of a statement that locks what it reads for the batch. */
int pg_ask_held(struct pg_args *a, enum pg_stmt stmt, PGresult **res);
/* End the open transaction; the batch that it was of cannot be written. */
void pg_undo(struct pg *s);
/* Wait for the socket: 1 it is ready, 0 nothing came in `ms`, or DK_EIO. */
int pg_poll(const struct pg *s, bool write, int ms);
/* Damage that we saw ourselves: latches and returns DK_EIO. */
int pg_damaged(struct pg *s);
/* The same of one row's contents; while a check is on it is only DK_EJSON. */
int pg_odd(struct pg *s);
void pg_on_notice(void *arg, const PGresult *res);
const char *pg_text_of(enum pg_stmt stmt);

/* ---- store_pg_args.c ---------------------------------------------------- */

struct pg_args pg_args(struct pg *s);
void pg_int(struct pg_args *a, int64_t v);
void pg_when(struct pg_args *a, dk_ms t);      /* DK_NEVER: NULL */
void pg_str(struct pg_args *a, const char *v); /* NULL: NULL */
void pg_strn(struct pg_args *a, const char *v, size_t n);
void pg_bytes(struct pg_args *a, const void *v, size_t n);
void pg_arr(struct pg_args *a, struct pg_array *v);

/* Make s->col[0..] ready: a letter each, `i` integers, `t` texts, `b` bytes. */
void pg_cols(struct pg *s, const char *types);
void pg_add_int(struct pg_array *v, int64_t x);
void pg_add_when(struct pg_array *v, dk_ms t);
void pg_add_str(struct pg_array *v, const char *x);
void pg_add_bytes(struct pg_array *v, const void *x, size_t n);
/* All of s->col[0..n-1] as parameters. */
void pg_args_cols(struct pg_args *a, int n);

struct pg_row { /* a row of a result */
    const PGresult *res;
    int at;
};
int64_t pg_col_int(const struct pg_row *r, int i);      /* NULL: 0 */
dk_ms pg_col_when(const struct pg_row *r, int i);       /* NULL: DK_NEVER */
const char *pg_col_text(const struct pg_row *r, int i); /* NULL: NULL */
size_t pg_col_len(const struct pg_row *r, int i);
bool pg_col_null(const struct pg_row *r, int i);
/* Copies exactly n bytes; false if the column has another size. */
bool pg_col_bytes(const struct pg_row *r, int i, void *out, size_t n);

/* Give each row to `fn`, as store.h says of row callbacks. */
typedef int (*pg_row_fn)(struct pg *s, const struct pg_row *r, void *arg);
int pg_each(struct pg *s, int rc, PGresult *res, pg_row_fn fn, void *arg);

/* ---- store_pg_schema.c -------------------------------------------------- */

#define PG_SCHEMA 2
/* What `meta.schema` says while a store is moved there (store_pg_move.c). */
#define PG_MOVING      1000000
#define PG_MOVING_TEXT "1000000"
extern const char *const pg_tables[]; /* one statement each; NULL: the end */
/* From schema i + 1 to the next; may run twice, of two brokers at once. */
extern const char *const pg_steps[PG_SCHEMA - 1];

/* ---- the calls ---------------------------------------------------------- */

int pg_commit(struct store *st, const struct store_changes *ch);
void pg_hold(struct store *st);
void pg_rest(struct store *st);
int pg_claim(struct store *st, enum dk_service service, int64_t limit,
             int64_t *first);
void pg_put_all(struct pg *s, const struct store_changes *ch);
void pg_put_rest(struct pg *s, const struct store_changes *ch);
int pg_read_event(struct pg *s, const struct pg_row *r, int i,
                  struct dk_event *e);

int pg_find_requests(struct store *st, const struct dk_uuid *ids, size_t n,
                     struct store_request *out, bool *found);
int pg_load_cases(struct store *st, const int64_t *keys, size_t n,
                  struct dk_case **out);
int pg_events(struct store *st, int64_t from_seq, int64_t limit,
              store_event_fn fn, void *arg);
int pg_case_events(struct store *st, int64_t key, uint32_t from_n,
                   int64_t limit, store_event_fn fn, void *arg);
int pg_due_clocks(struct store *st, dk_ms now, int64_t limit, store_due_fn fn,
                  void *arg);
int pg_next_due(struct store *st, dk_ms *out);
int pg_tasks(struct store *st, enum dk_service service, int64_t after,
             int64_t limit, store_task_fn fn, void *arg);
int pg_task_get(struct store *st, int64_t id, struct store_task_info *out);
int pg_task_list(struct store *st, bool dead, int64_t after, int64_t limit,
                 store_task_info_fn fn, void *arg);
int pg_task_count(struct store *st, enum dk_service service, bool dead,
                  int64_t limit, int64_t *out);
int pg_list_cases(struct store *st, const struct store_case_filter *f,
                  int64_t limit, store_case_fn fn, void *arg);
int pg_list_alerts(struct store *st, const struct store_alert_filter *f,
                   int64_t limit, store_alert_fn fn, void *arg);
int pg_list_clocks(struct store *st, const struct store_clock_filter *f,
                   int64_t limit, store_clock_fn fn, void *arg);
int pg_list_office(struct store *st, bool open, int64_t before, int64_t limit,
                   store_office_fn fn, void *arg);
int pg_next_unassigned(struct store *st, enum dk_state state, int64_t after,
                       int64_t limit, int64_t *key, int64_t *last);
int pg_person_get(struct store *st, int64_t key, struct store_person *out);
int pg_persons(struct store *st, int64_t seal, int64_t after, int64_t limit,
               store_person_fn fn, void *arg);
int pg_next_seal(struct store *st, int64_t after, int64_t *seal);
int pg_seal_rows(struct store *st, int64_t seal, int64_t limit, int64_t *rows);
int pg_loads(struct store *st, store_load_fn fn, void *arg);
int pg_day_seq(struct store *st, int32_t day, int32_t *seq);
int pg_list_days(struct store *st, int32_t after, int64_t limit,
                 store_day_fn fn, void *arg);
int pg_list_ckpt(struct store *st, int64_t after, int64_t limit,
                 store_ckpt_fn fn, void *arg);
int pg_ckpt_newest(struct store *st, store_ckpt_fn fn, void *arg);
int pg_ckpt_covering(struct store *st, int64_t seq, store_ckpt_fn fn,
                     void *arg);
int pg_tally(struct store *st, const struct store_tally_filter *f,
             int64_t limit, store_tally_fn fn, void *arg);
int pg_totals(struct store *st, struct store_totals *out);
int pg_list_keys(struct store *st, int64_t after, int64_t limit,
                 store_key_fn fn, void *arg);
int pg_case_row(struct store *st, int64_t key, row_case_fn fn, void *arg);
int pg_clock_rows(struct store *st, int64_t key, row_clock_fn fn, void *arg);
int pg_alert_rows(struct store *st, int64_t key, row_alert_fn fn, void *arg);
int pg_beside_rows(struct store *st, int64_t key, row_beside_fn fn, void *arg);
int pg_recount(struct store *st, struct store_totals *out);

#endif /* DK_STORE_PG_H */
