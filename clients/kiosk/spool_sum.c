/* spool_sum.c - a sum over each row of the spool, and what happens to a row
 * that is no longer what was written.
 *
 * SQLite sees damage of its own structure, not of what is kept in it: a bit
 * that falls over in a text would be sent to the office as the petitioner's
 * words, one in the state would make a case that waits one that is done.
 */
#include <sodium.h>
#include <string.h>

#include "spool_int.h"

#define COLUMNS 12
#define SUM     16

static void add(crypto_generichash_state *h, sqlite3_value *v)
{
    uint8_t head[9] = {(uint8_t)sqlite3_value_type(v)};
    const void *data = NULL;
    int64_t n = 0;

    if (head[0] == SQLITE_INTEGER) {
        n = sqlite3_value_int64(v);
    } else if (head[0] != SQLITE_NULL) {
        data = sqlite3_value_blob(v);
        n = sqlite3_value_bytes(v);
    }
    for (int i = 0; i < 8; i++)
        head[i + 1] = (uint8_t)((uint64_t)n >> (8 * i));
    crypto_generichash_update(h, head, sizeof(head));
    if (data != NULL)
        crypto_generichash_update(h, data, (unsigned long long)n);
}

static void sum(sqlite3_context *ctx, int n, sqlite3_value **v)
{
    crypto_generichash_state h;
    uint8_t out[SUM];

    crypto_generichash_init(&h, NULL, 0, SUM);
    for (int i = 0; i < n; i++)
        add(&h, v[i]);
    crypto_generichash_final(&h, out, SUM);
    sqlite3_result_blob(ctx, out, SUM, SQLITE_TRANSIENT);
}

int spool_sum_define(sqlite3 *db)
{
    return sqlite3_create_function_v2(db, "docket_sum", COLUMNS,
                                      SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
                                      sum, NULL, NULL, NULL);
}

int spool_sum_check(sqlite3 *db, struct dk_problem *p)
{
    static const char find[] =
        "SELECT 1 FROM item WHERE NOT (" SPOOL_WHOLE ") LIMIT 1";
    static const char move[] =
        "BEGIN IMMEDIATE;"
        "INSERT INTO aside(submission, taken_at, state, body, case_no, code)"
        " SELECT submission, taken_at, state, body, case_no, code FROM item"
        " WHERE NOT (" SPOOL_WHOLE ") ORDER BY id;"
        "DELETE FROM item WHERE NOT (" SPOOL_WHOLE ");"
        "COMMIT";
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db, find, -1, &st, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_step(st);
    sqlite3_finalize(st);
    if (rc == SQLITE_ROW)
        rc = sqlite3_exec(db, move, NULL, NULL, NULL);
    if (rc == SQLITE_OK || rc == SQLITE_DONE)
        return 0;
    return spool_trouble(db, rc, "checking", p);
}
