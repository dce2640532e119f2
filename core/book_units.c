/* book_units.c - a book's units, checked: their names, their time, their tree.
 */
#include <stdlib.h>
#include <string.h>

#include "book_impl.h"

static void read_handlers(const struct dk_rj *f, const cJSON *o,
                          const struct dk_at *up, struct book_unit *u)
{
    const struct dk_at at = {up, "handlers", 0};
    struct dk_at item = {&at, NULL, 0};
    const cJSON *list = NULL, *v = NULL;

    if (!dk_rj_arr(f, o, "handlers", DK_OPTIONAL, 0, BOOK_HANDLERS_MAX, &list,
                   up) ||
        list == NULL || cJSON_GetArraySize(list) == 0)
        return;
    u->handler = calloc((size_t)cJSON_GetArraySize(list), sizeof *u->handler);
    if (u->handler == NULL) {
        f->r->oom = true;
        return;
    }
    cJSON_ArrayForEach (v, list) {
        struct book_officer h = {.id = NULL};
        book_officer_read(f, v, &item, &h);
        for (int i = 0; h.id != NULL && i < u->n_handler; i++) {
            if (strcmp(u->handler[i].id, h.id) == 0)
                dk_rj_error(
                    f, &item, "id",
                    "the unit has a handler \"%s\" already; list each once",
                    h.id);
        }
        if (h.id != NULL)
            u->handler[u->n_handler++] = h;
        else
            book_officer_fini(&h);
        item.index++;
    }
}

/* ---- former names ---- */

static void read_former(const struct dk_rj *f, const cJSON *o,
                        const struct dk_at *at, struct book_unit *u)
{
    static const char *const names[] = {"name", "until", NULL};
    struct book_former n = {.until = BOOK_ANY};
    int i = u->n_former;

    if (!cJSON_IsObject(o)) {
        dk_rj_error(f, at, NULL,
                    "write {\"name\": .., \"until\": \"YYYY-MM-DD\"}: the last "
                    "day of the name");
        return;
    }
    dk_rj_only(f, o, names, at);
    book_name_read(f, o, at, &n.name);
    (void)dk_rj_day(f, o, "until", DK_REQUIRED, &n.until, at);
    if (n.until == BOOK_ANY || n.name.zh == NULL)
        return;
    if (!book_is_valid(u, n.until))
        dk_rj_error(f, at, "until",
                    "the unit is not there on that day; give the last day on "
                    "which it had the name");
    for (; i > 0 && u->former[i - 1].until >= n.until; i--) {
        if (u->former[i - 1].until == n.until)
            dk_rj_error(f, at, "until",
                        "another name ends on the same day; only one can");
        u->former[i] = u->former[i - 1];
    }
    u->former[i] = n;
    u->n_former++;
}

static void read_formers(const struct dk_rj *f, const cJSON *o,
                         const struct dk_at *up, struct book_unit *u)
{
    const struct dk_at at = {up, "former_names", 0};
    struct dk_at item = {&at, NULL, 0};
    const cJSON *list = NULL, *v = NULL;

    if (!dk_rj_arr(f, o, "former_names", DK_OPTIONAL, 0, BOOK_NAMES_MAX, &list,
                   up) ||
        list == NULL || list->child == NULL)
        return;
    u->former = calloc((size_t)cJSON_GetArraySize(list), sizeof *u->former);
    if (u->former == NULL) {
        f->r->oom = true;
        return;
    }
    cJSON_ArrayForEach (v, list) {
        read_former(f, v, &item, u);
        item.index++;
    }
}

/* ---- one unit ---- */

static void read_place(const struct dk_rj *f, const cJSON *o,
                       const struct dk_at *at, struct book_unit *u)
{
    char hint[128];
    enum book_kind says;
    int kind = BOOK_KIND_NONE - 1;

    (void)dk_rj_enum(f, o, "kind", DK_OPTIONAL, book_kind_names + 1, &kind, at);
    u->kind = (enum book_kind)(kind + 1);
    if (!dk_rj_str(f, o, "code", DK_OPTIONAL, 64, &u->code, at) ||
        u->code == NULL)
        return;
    says = book_code_kind(u->code, hint);
    if (says == BOOK_KIND_NONE)
        dk_rj_error(f, at, "code", "\"%s\" is no code of a place; %s", u->code,
                    hint);
    else if (u->kind == BOOK_DEPARTMENT)
        dk_rj_error(f, at, "code",
                    "a department has no code of a place; take it out");
    else if (u->kind != BOOK_KIND_NONE && u->kind != says)
        dk_rj_error(f, at, "code",
                    "%s is the code of a %s, and \"kind\" says %s; mend one",
                    u->code, book_kind_names[says], book_kind_names[u->kind]);
    if (says == BOOK_KIND_NONE)
        u->code = NULL;
    else if (u->kind == BOOK_KIND_NONE)
        u->kind = says;
}

static void read_time(const struct dk_rj *f, const cJSON *o,
                      const struct dk_at *at, struct book_unit *u)
{
    u->valid_from = BOOK_ANY;
    u->valid_to = BOOK_OPEN;
    (void)dk_rj_day(f, o, "valid_from", DK_OPTIONAL, &u->valid_from, at);
    (void)dk_rj_day(f, o, "valid_to", DK_OPTIONAL, &u->valid_to, at);
    if (u->valid_to < u->valid_from)
        dk_rj_error(f, at, "valid_to",
                    "the unit would close before it begins; it is the last day "
                    "on which the unit is there");
    if (dk_rj_has(o, "merged_into") && u->valid_to == BOOK_OPEN)
        dk_rj_error(f, at, "valid_to",
                    "give the last day of a unit that is merged into another");
}

static void read_unit(const struct dk_rj *f, const cJSON *o,
                      const struct dk_at *at, struct dk_book *b)
{
    static const char *const names[] = {
        "id",          "code", "kind",     "name",       "former_names",
        "parent",      "head", "handlers", "valid_from", "valid_to",
        "merged_into", "note", NULL};
    struct book_unit *u = &b->unit[b->n_unit];
    const struct dk_at head = {at, "head", 0};
    const char *id = NULL, *note = NULL;

    if (!cJSON_IsObject(o)) {
        dk_rj_error(f, at, NULL, "write an object for each unit");
        return;
    }
    dk_rj_only(f, o, names, at);
    (void)dk_rj_id(f, o, "id", DK_REQUIRED, &id, at);
    book_name_read(f, o, at, &u->name);
    read_place(f, o, at, u);
    read_time(f, o, at, u);
    read_formers(f, o, at, u);
    if (dk_rj_has(o, "head"))
        book_officer_read(f, cJSON_GetObjectItemCaseSensitive(o, "head"), &head,
                          &u->head);
    read_handlers(f, o, at, u);
    (void)dk_rj_str(f, o, "note", DK_OPTIONAL, 2000, &note, at);
    if (id == NULL) {
        book_unit_fini(u);
        return;
    }
    if (book_unit_find(b, id) != NULL)
        dk_rj_error(f, at, "id",
                    "there is a unit \"%s\" already; choose another id", id);
    u->id = id;
    u->place = at->index;
    b->n_unit++;
}

/* ---- the tree, and who takes over ---- */

/* A unit that is on the way back to itself. */
static void check_circle(const struct dk_rj *f, const struct dk_book *b,
                         const struct book_unit *u, const struct dk_at *at)
{
    const struct book_unit *v = u->parent;

    for (int i = 0; v != NULL && v != u && i <= b->n_unit; i++)
        v = v->parent;
    if (v == u)
        dk_rj_error(f, at, "parent",
                    "unit \"%s\" is above itself; mend \"parent\"", u->id);
    v = u->heir;
    for (int i = 0; v != NULL && v != u && i <= b->n_unit; i++)
        v = v->heir;
    if (v == u)
        dk_rj_error(f, at, "merged_into",
                    "unit \"%s\" is merged into itself at last; mend "
                    "\"merged_into\"",
                    u->id);
}

static void check_heir(const struct dk_rj *f, const struct book_unit *u,
                       const struct dk_at *at)
{
    if (u->heir == NULL || u->heir == u || u->valid_to == BOOK_OPEN)
        return;
    if (u->heir->valid_from > u->valid_to + 1)
        dk_rj_error(f, at, "merged_into",
                    "\"%s\" is not there yet when \"%s\" closes; mend its "
                    "\"valid_from\"",
                    u->heir->id, u->id);
    if (u->heir->valid_to < u->valid_to)
        dk_rj_error(f, at, "merged_into",
                    "\"%s\" closes earlier than \"%s\"; name who is there "
                    "afterwards",
                    u->heir->id, u->id);
}

/* Units may be named before they are listed, so this comes second. */
static void read_ties(const struct dk_rj *f, const cJSON *list,
                      const struct dk_at *up, struct dk_book *b)
{
    struct dk_at item = {up, NULL, 0};
    const cJSON *o = list->child;

    for (int i = 0; i < b->n_unit; i++) {
        struct book_unit *u = &b->unit[i];
        for (; item.index < u->place; item.index++)
            o = o->next;
        u->parent = book_unit_ref(f, b, o, "parent", DK_OPTIONAL, &item);
        u->heir = book_unit_ref(f, b, o, "merged_into", DK_OPTIONAL, &item);
    }
    for (int i = 0; i < b->n_unit; i++) {
        item.index = b->unit[i].place;
        check_circle(f, b, &b->unit[i], &item);
        check_heir(f, &b->unit[i], &item);
    }
}

void book_units_read(const struct dk_rj *f, struct dk_book *b)
{
    const struct dk_at at = {NULL, "units", 0};
    struct dk_at item = {&at, NULL, 0};
    const cJSON *list = NULL, *o = NULL;

    if (!dk_rj_arr(f, b->root, "units", DK_REQUIRED, 1, BOOK_UNITS_MAX, &list,
                   NULL))
        return;
    b->unit = calloc((size_t)cJSON_GetArraySize(list), sizeof *b->unit);
    if (b->unit == NULL) {
        f->r->oom = true;
        return;
    }
    cJSON_ArrayForEach (o, list) {
        read_unit(f, o, &item, b);
        item.index++;
    }
    read_ties(f, list, &at, b);
    book_codes_check(f, b);
}
