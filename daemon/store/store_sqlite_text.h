/* store_sqlite_text.h - the text of a query, put together from constants for
 * one call.  Values are always bound.
 */
#ifndef DK_STORE_SQLITE_TEXT_H
#define DK_STORE_SQLITE_TEXT_H

#include "store_sqlite.h"

#define SQ_TEXT_MAX 16000

struct sq_text {
    char buf[SQ_TEXT_MAX];
    size_t len;
    bool cut; /* did not fit: our bug */
};

void sq_add(struct sq_text *q, const char *text);
void sq_add_if(struct sq_text *q, bool wanted, const char *text);

/* A statement of its own; sqlite3_finalize(u->q) ends it. */
int sq_make(struct sq *s, const struct sq_text *q, struct sq_use *u);

/* Bind parameter ?i, if the query has it; a text that is NULL is not bound. */
void sq_bind_int(struct sq_use *u, int i, int64_t v);
void sq_bind_text(struct sq_use *u, int i, const char *v);

#endif /* DK_STORE_SQLITE_TEXT_H */
