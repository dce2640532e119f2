/* store_sqlite_check.c - rows as they are, for `verify`.
 *
 * Nothing is believed here: numbers are given as wide as the file has them and
 * blobs with their size.  What is wrong with them is store_check.c's affair.
 */
#include "store_sqlite.h"

#include <stdio.h>

int sq_list_keys(struct store *st, int64_t after, int64_t limit,
                 store_key_fn fn, void *arg)
{
    struct sq_use u = sq_use((struct sq *)st, SQ_KEYS);
    int rc;

    sq_int(&u, after);
    sq_int(&u, limit);
    while ((rc = sq_step(&u)) == 1) {
        rc = fn(arg, sq_col_int(&u, 0));
        if (rc != 0)
            break;
    }
    sq_end(&u);
    return rc < 0 ? rc : 0;
}

int sq_case_row(struct store *st, int64_t key, row_case_fn fn, void *arg)
{
    struct sq_use u = sq_use((struct sq *)st, SQ_CASE_ROW);

    sq_int(&u, key);
    int rc = sq_step(&u);
    if (rc == 1) {
        struct row_case row = {.key = key,
                               .state = sq_col_int(&u, 0),
                               .overdue = sq_col_int(&u, 1),
                               .unit = sq_col_text(&u, 2),
                               .handler = sq_col_text(&u, 3),
                               .region = sq_col_text(&u, 4),
                               .category = sq_col_text(&u, 5),
                               .hash = sqlite3_column_blob(u.q, 6),
                               .hash_len = sq_col_len(&u, 6),
                               .urgent = sq_col_int(&u, 8),
                               .due = sq_col_when(&u, 9),
                               .grp = sq_col_int(&u, 10)};
        const char *doc = sq_col_text(&u, 7);

        rc = row.unit == NULL || row.handler == NULL || doc == NULL
                 ? DK_ENOMEM
                 : fn(arg, &row, doc, sq_col_len(&u, 7));
    }
    sq_end(&u);
    return rc < 0 ? rc : 0;
}

int sq_clock_rows(struct store *st, int64_t key, row_clock_fn fn, void *arg)
{
    struct sq_use u = sq_use((struct sq *)st, SQ_CLOCK_ROWS);
    int rc;

    sq_int(&u, key);
    while ((rc = sq_step(&u)) == 1) {
        struct row_clock row = {.key = key,
                                .id = sq_col_text(&u, 0),
                                .unit = sq_col_text(&u, 1),
                                .state = sq_col_int(&u, 2),
                                .overdue = sq_col_int(&u, 3),
                                .due_at = sq_col_int(&u, 4),
                                .fire_at = sq_col_when(&u, 5)};

        rc = row.id == NULL || row.unit == NULL ? DK_ENOMEM : fn(arg, &row);
        if (rc != 0)
            break;
    }
    sq_end(&u);
    return rc < 0 ? rc : 0;
}

int sq_alert_rows(struct store *st, int64_t key, row_alert_fn fn, void *arg)
{
    struct sq_use u = sq_use((struct sq *)st, SQ_ALERT_ROWS);
    int rc;

    sq_int(&u, key);
    while ((rc = sq_step(&u)) == 1) {
        struct row_alert row = {.key = key,
                                .n = sq_col_int(&u, 0),
                                .raised_at = sq_col_int(&u, 1),
                                .due_at = sq_col_int(&u, 2),
                                .acked_at = sq_col_when(&u, 3),
                                .acked_by = sq_col_text(&u, 4),
                                .level = sq_col_text(&u, 5),
                                .unit = sq_col_text(&u, 6),
                                .clock = sq_col_text(&u, 7),
                                .rung = sq_col_text(&u, 8)};

        rc = row.level == NULL || row.unit == NULL || row.clock == NULL ||
                     row.rung == NULL
                 ? DK_ENOMEM
                 : fn(arg, &row);
        if (rc != 0)
            break;
    }
    sq_end(&u);
    return rc < 0 ? rc : 0;
}

int sq_lost_row(struct store *st, int64_t key, char *index, size_t cap)
{
    struct sq_use u = sq_use((struct sq *)st, SQ_LOST_ROW);

    sq_int(&u, key);
    int rc = sq_step(&u);
    const char *name = rc == 1 ? sq_col_text(&u, 0) : NULL;
    (void)snprintf(index, cap, "%s", name != NULL ? name : "");
    sq_end(&u);
    return rc < 0 ? rc : 0;
}

int sq_recount(struct store *st, struct store_totals *out)
{
    struct sq_use u = sq_use((struct sq *)st, SQ_RECOUNT);
    int rc = sq_step(&u);

    *out = (struct store_totals){sq_col_int(&u, 0), sq_col_int(&u, 1),
                                 sq_col_int(&u, 2), sq_col_int(&u, 3),
                                 sq_col_int(&u, 4), 0};
    sq_end(&u);
    return rc < 0 ? rc : sq_recount_tally((struct sq *)st, &out->tallies);
}
