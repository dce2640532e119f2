/* store_sqlite_office.c - the office's own alerts, and the case that has been
 * without a unit for longest.
 */
#include "store_sqlite.h"

int sq_put_office(struct sq *s, const struct store_changes *ch)
{
    for (size_t i = 0; i < ch->n_office; i++) {
        const struct store_office *o = &ch->office[i];
        struct sq_use u = sq_use(s, SQ_OFFICE_PUT);

        sq_int(&u, o->id);
        sq_int(&u, o->kind);
        sq_text(&u, o->subject);
        sq_int(&u, o->level);
        sq_int(&u, o->value);
        sq_int(&u, o->threshold);
        sq_text(&u, o->about);
        sq_int(&u, o->told);
        sq_int(&u, o->raised_at);
        sq_int(&u, o->told_at);
        sq_when(&u, o->cleared_at);
        sq_when(&u, o->acked_at);
        sq_text(&u, o->acked_by);
        sq_text(&u, o->note);
        int rc = sq_run(&u);
        if (rc != 0)
            return rc;
    }
    return 0;
}

static int read_office(const struct sq_use *u, struct store_office *o)
{
    *o = (struct store_office){.id = sq_col_int(u, 0),
                               .kind = (int)sq_col_int(u, 1),
                               .subject = sq_col_text(u, 2),
                               .level = (int)sq_col_int(u, 3),
                               .value = sq_col_int(u, 4),
                               .threshold = sq_col_int(u, 5),
                               .about = sq_col_text(u, 6),
                               .told = sq_col_int(u, 7),
                               .raised_at = sq_col_int(u, 8),
                               .told_at = sq_col_int(u, 9),
                               .cleared_at = sq_col_when(u, 10),
                               .acked_at = sq_col_when(u, 11),
                               .acked_by = sq_col_text(u, 12),
                               .note = sq_col_text(u, 13)};
    return o->subject == NULL || o->about == NULL ? DK_ENOMEM : 0;
}

int sq_list_office(struct store *st, bool open, int64_t before, int64_t limit,
                   store_office_fn fn, void *arg)
{
    struct sq_use u =
        sq_use((struct sq *)st, open ? SQ_OFFICE_OPEN : SQ_OFFICE_LIST);
    int rc;

    sq_int(&u, before == 0 ? INT64_MAX : before);
    sq_int(&u, limit);
    while ((rc = sq_step(&u)) == 1) {
        struct store_office o;

        rc = read_office(&u, &o);
        if (rc == 0)
            rc = fn(arg, &o);
        if (rc != 0)
            break;
    }
    sq_end(&u);
    return rc < 0 ? rc : 0;
}

int sq_next_unassigned(struct store *st, enum dk_state state, int64_t after,
                       int64_t limit, int64_t *key, int64_t *last)
{
    struct sq_use u = sq_use((struct sq *)st, SQ_UNASSIGNED);
    int rc;

    *key = 0;
    *last = after;
    sq_int(&u, state);
    sq_int(&u, after);
    sq_int(&u, limit);
    while ((rc = sq_step(&u)) == 1) {
        *last = sq_col_int(&u, 0);
        if (sq_col_int(&u, 1) == 0)
            continue;
        *key = *last;
        break;
    }
    sq_end(&u);
    return rc < 0 ? rc : 0;
}
