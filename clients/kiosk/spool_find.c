#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spool_int.h"

static void copy(sqlite3_stmt *st, int column, char *out, size_t cap)
{
    const unsigned char *t = sqlite3_column_text(st, column);

    snprintf(out, cap, "%s", t != NULL ? (const char *)t : "");
}

static int find(struct spool *s, enum spool_stmt which, const char *key,
                struct spool_found *out, struct dk_problem *p)
{
    sqlite3_stmt *st = s->stmt[which];
    const unsigned char *problem;
    int rc;

    *out = (struct spool_found){0};
    sqlite3_bind_text(st, 1, key, -1, SQLITE_STATIC);
    rc = sqlite3_step(st);
    if (rc == SQLITE_ROW && sqlite3_column_int(st, 0) == 0)
        rc = SQLITE_CORRUPT; /* not what was written */
    if (rc == SQLITE_ROW) {
        copy(st, 1, out->submission, sizeof(out->submission));
        out->state = (enum spool_state)sqlite3_column_int(st, 2);
        out->taken_at = sqlite3_column_int64(st, 3);
        copy(st, 4, out->case_no, sizeof(out->case_no));
        copy(st, 5, out->code, sizeof(out->code));
        problem = sqlite3_column_text(st, 6);
        out->problem = problem != NULL ? strdup((const char *)problem) : NULL;
        if (problem != NULL && out->problem == NULL)
            rc = SQLITE_NOMEM;
    }
    sqlite3_reset(st);
    sqlite3_clear_bindings(st);
    if (rc == SQLITE_ROW || rc == SQLITE_DONE)
        return rc == SQLITE_ROW;
    return spool_trouble(s->db, rc, "reading", p);
}

int spool_find(struct spool *s, const char *submission, struct spool_found *out,
               struct dk_problem *p)
{
    return find(s, STMT_FIND, submission, out, p);
}

int spool_find_end(struct spool *s, const char *digits, struct spool_found *out,
                   struct dk_problem *p)
{
    return find(s, STMT_FIND_END, digits, out, p);
}

int spool_last(struct spool *s, dk_ms *at, struct dk_problem *p)
{
    sqlite3_stmt *st = s->stmt[STMT_LAST];
    int rc = sqlite3_step(st);

    *at = rc == SQLITE_ROW ? sqlite3_column_int64(st, 0) : DK_NEVER;
    sqlite3_reset(st);
    return rc == SQLITE_ROW || rc == SQLITE_DONE
               ? 0
               : spool_trouble(s->db, rc, "reading", p);
}
