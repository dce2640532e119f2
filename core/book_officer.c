/* book_officer.c - a book's officers, checked: who they are, when they are on
 * leave, and who stands in.
 */
#include <stdlib.h>
#include <string.h>

#include "book_impl.h"

static void read_away(const struct dk_rj *f, const cJSON *v,
                      const struct dk_at *at, struct book_officer *o)
{
    static const char *const names[] = {"from", "to", "delegate", "note", NULL};
    struct book_away a = {.from = BOOK_OPEN, .to = BOOK_ANY};
    const char *note = NULL;

    if (!cJSON_IsObject(v)) {
        dk_rj_error(f, at, NULL,
                    "write {\"from\": \"YYYY-MM-DD\", \"to\": \"YYYY-MM-DD\", "
                    "\"delegate\": an officer's id}");
        return;
    }
    dk_rj_only(f, v, names, at);
    (void)dk_rj_day(f, v, "from", DK_REQUIRED, &a.from, at);
    (void)dk_rj_day(f, v, "to", DK_REQUIRED, &a.to, at);
    (void)dk_rj_id(f, v, "delegate", DK_OPTIONAL, &a.delegate, at);
    (void)dk_rj_str(f, v, "note", DK_OPTIONAL, 2000, &note, at);
    if (a.from == BOOK_OPEN || a.to == BOOK_ANY)
        a = (struct book_away){.from = BOOK_OPEN, .to = BOOK_ANY}; /* no day */
    else if (a.to < a.from)
        dk_rj_error(f, at, "to",
                    "the leave ends before it begins; both days are part of "
                    "it");
    for (int i = 0; i < o->n_away; i++) {
        if (o->away[i].from <= a.to && a.from <= o->away[i].to) {
            dk_rj_error(f, at, "from",
                        "two leaves overlap; make one of them, or end the "
                        "first the day before");
            break;
        }
    }
    o->away[o->n_away++] = a;
}

static void read_aways(const struct dk_rj *f, const cJSON *o,
                       const struct dk_at *up, struct book_officer *out)
{
    const struct dk_at at = {up, "away", 0};
    struct dk_at item = {&at, NULL, 0};
    const cJSON *list = NULL, *v = NULL;

    if (!dk_rj_arr(f, o, "away", DK_OPTIONAL, 0, BOOK_AWAY_MAX, &list, up) ||
        list == NULL || list->child == NULL)
        return;
    out->away = calloc((size_t)cJSON_GetArraySize(list), sizeof *out->away);
    if (out->away == NULL) {
        f->r->oom = true;
        return;
    }
    cJSON_ArrayForEach (v, list) {
        read_away(f, v, &item, out);
        item.index++;
    }
}

void book_officer_read(const struct dk_rj *f, const cJSON *o,
                       const struct dk_at *at, struct book_officer *out)
{
    static const char *const names[] = {"id", "name", "absent", "away", NULL};

    if (!cJSON_IsObject(o)) {
        dk_rj_error(f, at, NULL, "write {\"id\": .., \"name\": ..}");
        return;
    }
    dk_rj_only(f, o, names, at);
    (void)dk_rj_id(f, o, "id", DK_REQUIRED, &out->id, at);
    (void)dk_rj_str(f, o, "name", DK_OPTIONAL, 200, &out->name, at);
    (void)dk_rj_bool(f, o, "absent", DK_OPTIONAL, &out->absent, at);
    read_aways(f, o, at, out);
}

/* ---- all of them, by id ---- */

static int by_id(const void *a, const void *b)
{
    const struct book_officer *const *x = a, *const *y = b;
    int c = strcmp((*x)->id, (*y)->id);

    if (c != 0)
        return c;
    return (*x)->place - (*y)->place; /* qsort() need not keep their order */
}

static void add(struct dk_book *b, struct book_officer *o)
{
    if (o->id == NULL)
        return;
    o->place = b->n_officer;
    b->officer[b->n_officer++] = o;
}

void book_officers_index(const struct dk_rj *f, struct dk_book *b)
{
    size_t n = 1;

    for (int i = 0; i < b->n_unit; i++)
        n += 1 + (size_t)b->unit[i].n_handler;
    b->officer = calloc(n, sizeof(struct book_officer *));
    if (b->officer == NULL) {
        f->r->oom = true;
        return;
    }
    for (int i = 0; i < b->n_unit; i++) {
        add(b, &b->unit[i].head);
        for (int k = 0; k < b->unit[i].n_handler; k++)
            add(b, &b->unit[i].handler[k]);
    }
    add(b, &b->leader);
    qsort(b->officer, (size_t)b->n_officer, sizeof(struct book_officer *),
          by_id);
}

/* ---- who stands in ---- */

static void report_unknown(const struct dk_rj *f, const struct dk_book *b,
                           const char *id, const struct dk_at *at)
{
    const char *near = NULL,
               **ids = calloc((size_t)b->n_officer + 1, sizeof *ids);

    if (ids != NULL) {
        for (int i = 0; i < b->n_officer; i++)
            ids[i] = b->officer[i]->id;
        near = dk_nearest(id, ids);
        free(ids);
    }
    if (near != NULL)
        dk_rj_error(f, at, "delegate",
                    "no officer \"%s\" is listed; did you mean \"%s\"?", id,
                    near);
    else
        dk_rj_error(f, at, "delegate",
                    "no officer \"%s\" is listed; list the delegate as a "
                    "handler or head",
                    id);
}

/* A circle of delegates exists on the first day of the leave that begins last
 * of those in it, if it exists at all.
 */
static bool comes_back(const struct dk_book *b, const struct book_officer *o,
                       const struct book_away *a)
{
    const char *id = a->delegate;

    for (int i = 0; id != NULL && i <= b->n_officer; i++) {
        const struct book_officer who = {.id = id};
        const struct book_away *next;
        if (strcmp(id, o->id) == 0)
            return true;
        next = book_away_on(b, &who, a->from);
        id = next != NULL ? next->delegate : NULL;
    }
    return false;
}

/* An officer in several units has one leave, in one place. */
static bool is_listed_before(const struct dk_book *b,
                             const struct book_officer *o)
{
    struct book_officer *const *at = book_officer_find(b, o->id);

    for (; *at != o; at++) {
        if ((*at)->n_away > 0)
            return true;
    }
    return false;
}

static void check_officer(const struct dk_rj *f, const struct dk_book *b,
                          const struct book_officer *o, const struct dk_at *up)
{
    const struct dk_at at = {up, "away", 0};
    struct dk_at item = {&at, NULL, 0};

    if (o->n_away > 0 && is_listed_before(b, o))
        dk_rj_error(f, up, "away",
                    "the leave of \"%s\" is listed in another place as well; "
                    "list it once",
                    o->id);
    for (; item.index < o->n_away; item.index++) {
        const struct book_away *a = &o->away[item.index];
        if (a->delegate == NULL)
            continue;
        if (book_officer_find(b, a->delegate) == NULL)
            report_unknown(f, b, a->delegate, &item);
        else if (comes_back(b, o, a))
            dk_rj_error(f, &item, "delegate",
                        "\"%s\" would stand in for \"%s\" and the other way "
                        "round on the same day; name somebody who is there",
                        a->delegate, o->id);
    }
}

void book_delegates_check(const struct dk_rj *f, const struct dk_book *b)
{
    const struct dk_at units = {NULL, "units", 0}, leader = {NULL, "leader", 0};
    struct dk_at unit = {&units, NULL, 0};
    const struct dk_at head = {&unit, "head", 0}, list = {&unit, "handlers", 0};
    struct dk_at item = {&list, NULL, 0};

    if (b->officer == NULL)
        return;
    if (b->leader.id != NULL)
        check_officer(f, b, &b->leader, &leader);
    for (int i = 0; i < b->n_unit; i++) {
        const struct book_unit *u = &b->unit[i];
        unit.index = u->place;
        if (u->head.id != NULL)
            check_officer(f, b, &u->head, &head);
        for (item.index = 0; item.index < u->n_handler; item.index++)
            check_officer(f, b, &u->handler[item.index], &item);
    }
}
