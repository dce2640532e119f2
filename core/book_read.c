/* book_read.c - a book's own members; what is in its lists is read elsewhere.
 */
#include <stdlib.h>
#include <string.h>

#include "book_impl.h"

void book_name_read(const struct dk_rj *f, const cJSON *o,
                    const struct dk_at *at, struct dk_rj_name *out)
{
    if (cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(o, "name")))
        (void)dk_rj_name(f, o, "name", DK_REQUIRED, out, at);
    else
        (void)dk_rj_str(f, o, "name", DK_REQUIRED, 200, &out->zh, at);
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

static void read_county(const struct dk_rj *f, struct dk_book *b)
{
    char hint[128];
    const char *s = NULL;
    int32_t county = 0;

    if (!dk_rj_str(f, b->root, "county", DK_REQUIRED, 64, &s, NULL))
        return;
    if (strspn(s, "0123456789") != 6 || s[6] != '\0') {
        dk_rj_error(f, NULL, "county",
                    "\"%s\" is no county code; write its six digits (GB/T "
                    "2260)",
                    s);
        return;
    }
    if (book_code_kind(s, hint) == BOOK_KIND_NONE) {
        dk_rj_error(f, NULL, "county", "\"%s\" is no county code; %s", s, hint);
        return;
    }
    for (int i = 0; i < 6; i++)
        county = county * 10 + (s[i] - '0');
    b->county = county;
}

/* A unit that the book cannot do without: somebody takes over from it. */
static void check_lasting(const struct dk_rj *f, const struct dk_book *b,
                          const struct book_unit *u, const char *key)
{
    const struct book_unit *last = book_last_heir(b, u);

    if (last != NULL && last->valid_to != BOOK_OPEN && last->heir == NULL)
        dk_rj_error(f, NULL, key,
                    "\"%s\" closes and nobody takes over; name another "
                    "unit here, or the one that takes over as "
                    "\"merged_into\" of \"%s\"",
                    u->id, last->id);
}

static void read_zone(const struct dk_rj *f, struct dk_book *b)
{
    const char *zone = "+08:00";

    if (dk_rj_str(f, b->root, "zone", DK_OPTIONAL, 64, &zone, NULL) &&
        dk_zone_parse(zone, &b->zone) != 0)
        dk_rj_error(f, NULL, "zone",
                    "\"%s\" is no time zone; write an offset such as "
                    "\"+08:00\"",
                    zone);
}

void book_read(const struct dk_rj *f, struct dk_book *b)
{
    static const char *const names[] = {
        "format", "name",  "county", "zone",   "office",  "leader",
        "note",   "units", "rules",  "urgent", "default", "send_to_discipline",
        NULL};
    static const struct dk_at leader = {NULL, "leader", 0};
    const char *note = NULL;
    struct dk_rj_name name = {NULL, NULL};

    dk_rj_only(f, b->root, names, NULL);
    if (dk_rj_has(b->root, "name"))
        book_name_read(f, b->root, NULL, &name);
    (void)dk_rj_str(f, b->root, "note", DK_OPTIONAL, 4000, &note, NULL);
    read_county(f, b);
    read_zone(f, b);
    if (dk_rj_has(b->root, "leader"))
        book_officer_read(f,
                          cJSON_GetObjectItemCaseSensitive(b->root, "leader"),
                          &leader, &b->leader);
    book_units_read(f, b);
    book_officers_index(f, b);
    book_delegates_check(f, b);
    b->office = book_unit_ref(f, b, b->root, "office", DK_REQUIRED, NULL);
    b->discipline =
        book_unit_ref(f, b, b->root, "send_to_discipline", DK_OPTIONAL, NULL);
    book_rules_read(f, b);
    book_urgent_read(f, b);
    check_lasting(f, b, b->office, "office");
    check_lasting(f, b, b->discipline, "send_to_discipline");
    check_lasting(f, b, b->fallback.unit, "default");
}
