/* store_impl.h - what a back end gives to store.c; private to this folder. */
#ifndef DK_STORE_IMPL_H
#define DK_STORE_IMPL_H

#include "store.h"

/* ---- rows --------------------------------------------------------------- */

/* What is written of a case, a clock, an alert: the back ends write these, and
 * store_check_case() holds what it reads against these, so that the two cannot
 * come apart.  Numbers are as wide as a damaged row may have them.
 */
struct row_case {
    int64_t key, state, overdue, urgent;
    dk_ms due;                                      /* DK_NEVER: none */
    int64_t grp;                                    /* 0: none */
    const char *unit, *handler, *region, *category; /* NULL: not said */
    const void *hash;
    size_t hash_len;
};

struct row_clock {
    int64_t key;
    const char *id, *unit;
    int64_t state, overdue;
    dk_ms due_at, fire_at; /* fire_at DK_NEVER: none to come */
};

struct row_alert {
    int64_t key, n;
    const char *clock, *rung, *level, *unit;
    dk_ms raised_at, due_at, acked_at; /* acked_at DK_NEVER: not */
    const char *acked_by;
};

/* A unit that handles a case beside the one in charge. */
struct row_beside {
    int64_t key;
    const char *unit, *handler; /* "": it has not named one */
    int64_t open;               /* 1: the office owes a step */
};

struct row_case store_row_case(const struct dk_case *c);
/* Of co-handler i, below c->n_co. */
struct row_beside store_row_beside(const struct dk_case *c, int i);
/* False: such a clock is no row (key and id say which one must go). */
bool store_row_clock(const struct store_clock_put *put, struct row_clock *out);
struct row_alert store_row_alert(const struct store_alert *a);
void store_row_ack(struct row_alert *r, const struct store_alert_ack *a);

typedef int (*row_case_fn)(void *arg, const struct row_case *row,
                           const char *doc, size_t doc_len);
typedef int (*row_clock_fn)(void *arg, const struct row_clock *row);
typedef int (*row_alert_fn)(void *arg, const struct row_alert *row);
typedef int (*row_beside_fn)(void *arg, const struct row_beside *row);

/* Each member has the contract of the store_ function of the same name.  The
 * faults of store_fault() and the latch `failed` are store.c's affair, before
 * a back end is called.
 */
struct store_ops {
    void (*close)(struct store *st);
    int (*commit)(struct store *st, const struct store_changes *ch);
    int (*find_requests)(struct store *st, const struct dk_uuid *ids, size_t n,
                         struct store_request *out, bool *found);
    int (*load_cases)(struct store *st, const int64_t *keys, size_t n,
                      struct dk_case **out);
    int (*events)(struct store *st, int64_t from_seq, int64_t limit,
                  store_event_fn fn, void *arg);
    int (*case_events)(struct store *st, int64_t key, uint32_t from_n,
                       int64_t limit, store_event_fn fn, void *arg);
    int (*due_clocks)(struct store *st, dk_ms now, int64_t limit,
                      store_due_fn fn, void *arg);
    int (*next_due)(struct store *st, dk_ms *out);
    int (*tasks)(struct store *st, enum dk_service service, int64_t after,
                 int64_t limit, store_task_fn fn, void *arg);
    int (*task_get)(struct store *st, int64_t id, struct store_task_info *out);
    int (*task_list)(struct store *st, bool dead, int64_t after, int64_t limit,
                     store_task_info_fn fn, void *arg);
    int (*task_count)(struct store *st, enum dk_service service, bool dead,
                      int64_t limit, int64_t *out);
    int (*list_cases)(struct store *st, const struct store_case_filter *f,
                      int64_t limit, store_case_fn fn, void *arg);
    int (*list_alerts)(struct store *st, const struct store_alert_filter *f,
                       int64_t limit, store_alert_fn fn, void *arg);
    int (*list_clocks)(struct store *st, const struct store_clock_filter *f,
                       int64_t limit, store_clock_fn fn, void *arg);
    int (*list_office)(struct store *st, bool open, int64_t before,
                       int64_t limit, store_office_fn fn, void *arg);
    int (*next_unassigned)(struct store *st, enum dk_state state, int64_t after,
                           int64_t limit, int64_t *key, int64_t *last);
    int (*person_get)(struct store *st, int64_t key, struct store_person *out);
    int (*persons)(struct store *st, int64_t seal, int64_t after, int64_t limit,
                   store_person_fn fn, void *arg);
    int (*next_seal)(struct store *st, int64_t after, int64_t *seal);
    int (*seal_rows)(struct store *st, int64_t seal, int64_t limit,
                     int64_t *rows);
    int (*loads)(struct store *st, store_load_fn fn, void *arg);
    int (*day_seq)(struct store *st, int32_t day, int32_t *seq);
    int (*list_days)(struct store *st, int32_t after, int64_t limit,
                     store_day_fn fn, void *arg);
    int (*list_ckpt)(struct store *st, int64_t after, int64_t limit,
                     store_ckpt_fn fn, void *arg);
    int (*ckpt_newest)(struct store *st, store_ckpt_fn fn, void *arg);
    int (*ckpt_covering)(struct store *st, int64_t seq, store_ckpt_fn fn,
                         void *arg);
    int (*tally)(struct store *st, const struct store_tally_filter *f,
                 int64_t limit, store_tally_fn fn, void *arg);
    int (*totals)(struct store *st, struct store_totals *out);
    int (*list_keys)(struct store *st, int64_t after, int64_t limit,
                     store_key_fn fn, void *arg);
    /* The rows of one case as they are, for store_check_case(). */
    int (*case_row)(struct store *st, int64_t key, row_case_fn fn, void *arg);
    int (*clock_rows)(struct store *st, int64_t key, row_clock_fn fn,
                      void *arg);
    int (*alert_rows)(struct store *st, int64_t key, row_alert_fn fn,
                      void *arg); /* in order of n */
    int (*beside_rows)(struct store *st, int64_t key, row_beside_fn fn,
                       void *arg);
    /* The name of an index that does not find a row of the case, or "".  NULL:
     * the back end has none that could come apart from the rows.
     */
    int (*lost_row)(struct store *st, int64_t key, char *index, size_t cap);
    int (*recount)(struct store *st, struct store_totals *out);
    int (*checkpoint)(struct store *st, bool whole);
    int (*backup_begin)(struct store *st, const char *path,
                        struct dk_problem *p); /* NULL: it has no file */
    int (*backup_step)(struct store *st, int pages, struct store_backup *b,
                       struct dk_problem *p);
    void (*backup_end)(struct store *st);
    /* Over a network, and among several brokers; NULL: nothing to do. */
    int (*tend)(struct store *st, struct store_info *info);
    const char *(*said)(struct store *st);
    void (*hold)(struct store *st);
    void (*rest)(struct store *st);
    int (*claim)(struct store *st, enum dk_service service, int64_t limit,
                 int64_t *first);
};

/* The head of every back end's own struct. */
struct store {
    const struct store_ops *ops;
    bool failed;   /* a write failed: everything is refused from now on */
    bool checking; /* an odd row is DK_EJSON, see store_check() */
    struct {
        int64_t wait; /* calls until the fault; 0: off */
        int times;    /* how often it strikes then; -1: for ever */
        int code;
        bool reads;
    } fault;
};

/* What a failed store, or a test, answers to a read before the back end is
 * asked; 0: go on.
 */
int store_before_read(struct store *st);

int store_mem_open(const struct store_options *opt, const uint8_t random[48],
                   struct store **out, struct store_info *info,
                   struct dk_problem *p);
int store_sqlite_open(const char *path, const struct store_options *opt,
                      const uint8_t random[48], struct store **out,
                      struct store_info *info, struct dk_problem *p);

#ifdef DK_HAVE_PG
int store_pg_open(const char *conninfo, const struct store_options *opt,
                  const uint8_t random[48], struct store **out,
                  struct store_info *info, struct dk_problem *p);
#endif

/* ---- what both back ends derive from a case in the same way ------------- */

#define STORE_TEXT_MAX (1 << 20) /* bytes of a doc, body or sealed person */

/* False when `ch` contradicts itself or cannot belong after `last_seq`: the
 * sizes, the numbering of the events.
 */
bool store_changes_sane(const struct store_changes *ch, int64_t last_seq);
bool store_changes_empty(const struct store_changes *ch);

/* Read a stored document; anything wrong with it is damage: DK_EIO. */
int store_read_doc(const char *doc, size_t len, const uint8_t *hash,
                   struct dk_case **out);

/* The states a case filter asks for, as a mask of 1 << enum dk_state. */
uint32_t store_filter_states(const struct store_case_filter *f);

/* Does a case filter have a bound of the limits? */
bool store_filter_due(const struct store_case_filter *f);

/* In order of the key: where a page begins, exclusive, from where the one
 * before ended and the first key wanted (newest_first: the last).
 */
int64_t store_filter_start(const struct store_case_filter *f);

/* Counts the rows of a case's co-handlers that are as they must be: a
 * row_beside_fn; `arg` is one of these.
 */
struct store_beside {
    const struct dk_case *c;
    int good, odd;
};
int store_match_beside(void *arg, const struct row_beside *row);

#endif /* DK_STORE_IMPL_H */
