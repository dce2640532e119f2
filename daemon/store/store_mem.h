/* store_mem.h - the parts of the in-memory back end; private to its files.
 *
 * Written apart from the SQLite one on purpose: two independent answers to
 * one conformance suite.  Tables are sorted arrays of row pointers, and a
 * commit keeps a list of what it replaced, to put back if it fails.
 */
#ifndef DK_STORE_MEM_H
#define DK_STORE_MEM_H

#include "store_impl.h"

enum mem_table {
    MEM_REQUEST,
    MEM_EVENT,    /* by seq; owns its events */
    MEM_EVENT_OF, /* the same events by (key, n) */
    MEM_CASE,
    MEM_CLOCK,
    MEM_TASK,
    MEM_ALERT,
    MEM_PERSON,
    MEM_LOAD,
    MEM_DAY,
    MEM_OFFICE,
    MEM_TALLY,
    MEM_CKPT,
    MEM_BESIDE,
    MEM_N
};

struct mem_case {
    int64_t key;
    enum dk_state state;
    bool overdue, urgent;
    dk_ms due;
    int64_t grp;
    char unit[DK_ID_MAX + 1], handler[DK_ID_MAX + 1];
    char *region, *category; /* NULL: not said */
    uint8_t hash[DK_HASH_LEN];
    char *doc;
    size_t doc_len;
};

struct mem_clock {
    int64_t key;
    char id[DK_ID_MAX + 1], unit[DK_ID_MAX + 1];
    enum dk_clock_state state;
    bool overdue;
    dk_ms due_at, fire_at;
};

struct mem_alert {
    int64_t key;
    uint32_t n;
    char *clock, *rung, *level, *unit, *acked_by;
    dk_ms raised_at, due_at, acked_at;
};

struct mem_person {
    int64_t key;
    int64_t seal;
    void *data;
    size_t len;
};

struct mem_beside {
    int64_t key;
    char unit[DK_ID_MAX + 1], handler[DK_ID_MAX + 1];
    bool open;
};

struct mem_load {
    char unit[DK_ID_MAX + 1], handler[DK_ID_MAX + 1];
    int64_t open;
};

struct mem_rows {
    void **v; /* sorted, each row once */
    size_t n, cap;
};

struct mem_undo {
    enum mem_table table;
    void *old, *fresh; /* NULL: there was, there is none */
};

struct mem {
    struct store base;
    struct mem_rows t[MEM_N];
    struct mem_undo *undo; /* of the commit under way */
    size_t n_undo, cap_undo;
    struct store_totals tot;
    int64_t last_seq;
    dk_ms test_now;
};

/* `probe` is a row of the table with its key filled in. */
void *mem_find(const struct mem *m, enum mem_table t, const void *probe);
/* Index of the first row that is not before `probe`. */
size_t mem_lower(const struct mem *m, enum mem_table t, const void *probe);

/* Add a row or replace the one of the same key.  Takes the row, also when it
 * fails; DK_ENOMEM also for a NULL row, so that a failed allocation can be
 * handed over as it is.
 */
int mem_put(struct mem *m, enum mem_table t, void *row);
int mem_del(struct mem *m, enum mem_table t, const void *probe);
void mem_undo_all(struct mem *m);
void mem_keep_all(struct mem *m);

int mem_commit(struct store *st, const struct store_changes *ch);
int mem_find_requests(struct store *st, const struct dk_uuid *ids, size_t n,
                      struct store_request *out, bool *found);
int mem_load_cases(struct store *st, const int64_t *keys, size_t n,
                   struct dk_case **out);
int mem_events(struct store *st, int64_t from_seq, int64_t limit,
               store_event_fn fn, void *arg);
int mem_case_events(struct store *st, int64_t key, uint32_t from_n,
                    int64_t limit, store_event_fn fn, void *arg);
int mem_due_clocks(struct store *st, dk_ms now, int64_t limit, store_due_fn fn,
                   void *arg);
int mem_next_due(struct store *st, dk_ms *out);
int mem_tasks(struct store *st, enum dk_service service, int64_t after,
              int64_t limit, store_task_fn fn, void *arg);
int mem_task_get(struct store *st, int64_t id, struct store_task_info *out);
int mem_task_list(struct store *st, bool dead, int64_t after, int64_t limit,
                  store_task_info_fn fn, void *arg);
int mem_task_count(struct store *st, enum dk_service service, bool dead,
                   int64_t limit, int64_t *out);
int mem_list_cases(struct store *st, const struct store_case_filter *f,
                   int64_t limit, store_case_fn fn, void *arg);
int mem_list_alerts(struct store *st, const struct store_alert_filter *f,
                    int64_t limit, store_alert_fn fn, void *arg);
int mem_cmp_office(const void *a, const void *b);
void mem_drop_office(void *row);
int mem_put_office(struct mem *m, const struct store_changes *ch);
int mem_list_office(struct store *st, bool open, int64_t before, int64_t limit,
                    store_office_fn fn, void *arg);
int mem_list_days(struct store *st, int32_t after, int64_t limit,
                  store_day_fn fn, void *arg);
int mem_cmp_ckpt(const void *a, const void *b);
void mem_drop_ckpt(void *row);
int mem_put_ckpt(struct mem *m, const struct store_changes *ch);
int mem_list_ckpt(struct store *st, int64_t after, int64_t limit,
                  store_ckpt_fn fn, void *arg);
int mem_ckpt_newest(struct store *st, store_ckpt_fn fn, void *arg);
int mem_ckpt_covering(struct store *st, int64_t seq, store_ckpt_fn fn,
                      void *arg);
int mem_cmp_beside(const void *a, const void *b);
int mem_put_beside(struct mem *m, const struct dk_case *c);
bool mem_is_beside(const struct mem *m, int64_t key, const char *unit,
                   const char *handler); /* handler NULL: whoever */
int mem_beside_rows(struct store *st, int64_t key, row_beside_fn fn, void *arg);
int mem_cmp_tally(const void *a, const void *b);
void mem_drop_tally(void *row);
int mem_put_tally(struct mem *m, const struct store_changes *ch);
int mem_tally(struct store *st, const struct store_tally_filter *f,
              int64_t limit, store_tally_fn fn, void *arg);
int mem_next_unassigned(struct store *st, enum dk_state state, int64_t after,
                        int64_t limit, int64_t *key, int64_t *last);
int mem_list_clocks(struct store *st, const struct store_clock_filter *f,
                    int64_t limit, store_clock_fn fn, void *arg);
int mem_put_persons(struct mem *m, const struct store_changes *ch);
int mem_person_get(struct store *st, int64_t key, struct store_person *out);
int mem_persons(struct store *st, int64_t seal, int64_t after, int64_t limit,
                store_person_fn fn, void *arg);
int mem_next_seal(struct store *st, int64_t after, int64_t *seal);
int mem_seal_rows(struct store *st, int64_t seal, int64_t limit, int64_t *rows);
int mem_loads(struct store *st, store_load_fn fn, void *arg);
int mem_day_seq(struct store *st, int32_t day, int32_t *seq);
int mem_list_keys(struct store *st, int64_t after, int64_t limit,
                  store_key_fn fn, void *arg);
int mem_case_row(struct store *st, int64_t key, row_case_fn fn, void *arg);
int mem_clock_rows(struct store *st, int64_t key, row_clock_fn fn, void *arg);
int mem_alert_rows(struct store *st, int64_t key, row_alert_fn fn, void *arg);
int mem_recount(struct store *st, struct store_totals *out);

#endif /* DK_STORE_MEM_H */
