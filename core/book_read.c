/* book_read.c - a book's units and officers, checked. */
#include <stdlib.h>
#include <string.h>

#include "book_impl.h"

static void read_officer(const struct dk_rj *f, const cJSON *o,
                         const struct dk_at *at, struct book_officer *out)
{
    static const char *const names[] = {"id", "name", "absent", NULL};

    if (!cJSON_IsObject(o)) {
        dk_rj_error(f, at, NULL, "write {\"id\": .., \"name\": ..}");
        return;
    }
    dk_rj_only(f, o, names, at);
    (void)dk_rj_id(f, o, "id", DK_REQUIRED, &out->id, at);
    (void)dk_rj_str(f, o, "name", DK_OPTIONAL, 200, &out->name, at);
    (void)dk_rj_bool(f, o, "absent", DK_OPTIONAL, &out->absent, at);
}

/* {"id": .., "name": ..} under `key`, where somebody is named. */
static void read_one_officer(const struct dk_rj *f, const cJSON *o,
                             const char *key, const struct dk_at *up,
                             struct book_officer *out)
{
    const struct dk_at at = {up, key, 0};

    if (dk_rj_has(o, key))
        read_officer(f, cJSON_GetObjectItemCaseSensitive(o, key), &at, out);
}

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
        struct book_officer h = {NULL, NULL, false};
        read_officer(f, v, &item, &h);
        for (int i = 0; h.id != NULL && i < u->n_handler; i++) {
            if (strcmp(u->handler[i].id, h.id) == 0)
                dk_rj_error(f, &item, "id",
                            "the unit has a handler \"%s\" already", h.id);
        }
        if (h.id != NULL)
            u->handler[u->n_handler++] = h;
        item.index++;
    }
}

/* "name": a text, or {"zh-CN": .., "en": ..}. */
static void read_name(const struct dk_rj *f, const cJSON *o,
                      const struct dk_at *at, struct dk_rj_name *out)
{
    if (cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(o, "name")))
        (void)dk_rj_name(f, o, "name", DK_REQUIRED, out, at);
    else
        (void)dk_rj_str(f, o, "name", DK_REQUIRED, 200, &out->zh, at);
}

static void read_unit(const struct dk_rj *f, const cJSON *o,
                      const struct dk_at *at, struct dk_book *b)
{
    static const char *const names[] = {
        "id", "name", "parent", "head", "handlers", "valid_from", "note", NULL};
    struct book_unit *u = &b->unit[b->n_unit];
    const char *id = NULL, *note = NULL;

    if (!cJSON_IsObject(o)) {
        dk_rj_error(f, at, NULL, "write an object for each unit");
        return;
    }
    u->valid_from = BOOK_ANY;
    dk_rj_only(f, o, names, at);
    (void)dk_rj_id(f, o, "id", DK_REQUIRED, &id, at);
    read_name(f, o, at, &u->name);
    read_one_officer(f, o, "head", at, &u->head);
    read_handlers(f, o, at, u);
    (void)dk_rj_day(f, o, "valid_from", DK_OPTIONAL, &u->valid_from, at);
    (void)dk_rj_str(f, o, "note", DK_OPTIONAL, 2000, &note, at);
    if (id == NULL) {
        free(u->handler);
        *u = (struct book_unit){0};
        return;
    }
    if (book_unit_find(b, id) != NULL)
        dk_rj_error(f, at, "id", "there is a unit \"%s\" already", id);
    u->id = id;
    b->n_unit++;
}

const struct book_unit *book_unit_ref(const struct dk_rj *f,
                                      const struct dk_book *b, const cJSON *o,
                                      const char *key, int need,
                                      const struct dk_at *at)
{
    const char *id = NULL, *near = NULL, **ids;
    const struct book_unit *u;

    if (!dk_rj_id(f, o, key, need, &id, at) || id == NULL)
        return NULL;
    u = book_unit_find(b, id);
    if (u != NULL)
        return u;
    ids = calloc((size_t)b->n_unit + 1, sizeof *ids);
    if (ids != NULL) {
        for (int i = 0; i < b->n_unit; i++)
            ids[i] = b->unit[i].id;
        near = dk_nearest(id, ids);
        free(ids);
    }
    if (near != NULL)
        dk_rj_error(f, at, key,
                    "no unit \"%s\" is listed; did you mean "
                    "\"%s\"?",
                    id, near);
    else
        dk_rj_error(f, at, key, "no unit \"%s\" is listed; add it to \"units\"",
                    id);
    return NULL;
}

/* Parents may be named before they are listed, so they come second. */
static void read_parents(const struct dk_rj *f, const cJSON *list,
                         const struct dk_at *up, struct dk_book *b)
{
    struct dk_at item = {up, NULL, 0};
    const cJSON *o = NULL;

    cJSON_ArrayForEach (o, list) {
        const char *id =
            cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "id"));
        struct book_unit *u = NULL;
        for (int i = 0; id != NULL && u == NULL && i < b->n_unit; i++) {
            if (strcmp(b->unit[i].id, id) == 0)
                u = &b->unit[i];
        }
        if (u != NULL)
            u->parent = book_unit_ref(f, b, o, "parent", DK_OPTIONAL, &item);
        item.index++;
    }
    for (int i = 0; i < b->n_unit; i++) {
        const struct book_unit *u = b->unit[i].parent;
        int steps = 0;
        while (u != NULL && u != &b->unit[i] && steps++ <= b->n_unit)
            u = u->parent;
        if (u == &b->unit[i])
            dk_rj_error(f, up, NULL,
                        "unit \"%s\" is above itself; mend \"parent\"",
                        b->unit[i].id);
    }
}

static void read_units(const struct dk_rj *f, struct dk_book *b)
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
    read_parents(f, list, &at, b);
}

static void read_county(const struct dk_rj *f, struct dk_book *b)
{
    const char *s = NULL;
    int32_t county = 0;
    size_t i = 0;

    if (!dk_rj_str(f, b->root, "county", DK_REQUIRED, 64, &s, NULL))
        return;
    for (; s[i] >= '0' && s[i] <= '9' && i < 6; i++)
        county = county * 10 + (s[i] - '0');
    if (i != 6 || s[i] != '\0' || s[0] == '0')
        dk_rj_error(f, NULL, "county",
                    "\"%s\" is no county code; write its six digits (GB/T "
                    "2260)",
                    s);
    b->county = county;
}

void book_read(const struct dk_rj *f, struct dk_book *b)
{
    static const char *const names[] = {"format",
                                        "name",
                                        "county",
                                        "zone",
                                        "office",
                                        "leader",
                                        "note",
                                        "units",
                                        "rules",
                                        "default",
                                        "send_to_discipline",
                                        NULL};
    const char *zone = "+08:00", *note = NULL;
    struct dk_rj_name name = {NULL, NULL};

    dk_rj_only(f, b->root, names, NULL);
    if (dk_rj_has(b->root, "name"))
        read_name(f, b->root, NULL, &name);
    (void)dk_rj_str(f, b->root, "note", DK_OPTIONAL, 4000, &note, NULL);
    read_county(f, b);
    if (dk_rj_str(f, b->root, "zone", DK_OPTIONAL, 64, &zone, NULL) &&
        dk_zone_parse(zone, &b->zone) != 0)
        dk_rj_error(f, NULL, "zone",
                    "\"%s\" is no time zone; write an offset such as "
                    "\"+08:00\"",
                    zone);
    read_one_officer(f, b->root, "leader", NULL, &b->leader);
    read_units(f, b);
    b->office = book_unit_ref(f, b, b->root, "office", DK_REQUIRED, NULL);
    b->discipline =
        book_unit_ref(f, b, b->root, "send_to_discipline", DK_OPTIONAL, NULL);
    book_rules_read(f, b);
}
