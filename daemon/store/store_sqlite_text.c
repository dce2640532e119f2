#include "store_sqlite_text.h"

#include <string.h>

void sq_add(struct sq_text *q, const char *text)
{
    size_t n = strlen(text);

    if (n >= sizeof q->buf - q->len) {
        q->cut = true;
        return;
    }
    memcpy(q->buf + q->len, text, n + 1);
    q->len += n;
}

void sq_add_if(struct sq_text *q, bool wanted, const char *text)
{
    if (wanted)
        sq_add(q, text);
}

int sq_make(struct sq *s, const struct sq_text *q, struct sq_use *u)
{
    *u = (struct sq_use){.s = s};
    if (q->cut)
        return DK_EBUG;
    return sq_code(
        s, sqlite3_prepare_v2(s->db, q->buf, (int)q->len + 1, &u->q, NULL));
}

static void keep_first(struct sq_use *u, int rc)
{
    if (u->rc == SQLITE_OK)
        u->rc = rc;
}

void sq_bind_int(struct sq_use *u, int i, int64_t v)
{
    if (i <= sqlite3_bind_parameter_count(u->q))
        keep_first(u, sqlite3_bind_int64(u->q, i, v));
}

void sq_bind_text(struct sq_use *u, int i, const char *v)
{
    if (v != NULL && i <= sqlite3_bind_parameter_count(u->q))
        keep_first(u, sqlite3_bind_text(u->q, i, v, -1, SQLITE_STATIC));
}
