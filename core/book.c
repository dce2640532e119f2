#include "book.h"

#include <stdlib.h>
#include <string.h>

#include "book_impl.h"

struct dk_book *dk_book_load(const char *file, const char *text, size_t len,
                             struct dk_report *r)
{
    const struct dk_rj f = {file, r};
    int before = r->errors;
    cJSON *root = dk_rj_parse(&f, "docket-units/1", text, len);
    struct dk_book *b;

    if (root == NULL)
        return NULL;
    b = calloc(1, sizeof *b);
    if (b == NULL) {
        cJSON_Delete(root);
        r->oom = true;
        return NULL;
    }
    b->root = root;
    book_read(&f, b);
    if (r->errors > before || r->oom) {
        dk_book_free(b);
        return NULL;
    }
    return b;
}

void book_officer_fini(struct book_officer *o)
{
    free(o->away);
    *o = (struct book_officer){.id = NULL};
}

void book_unit_fini(struct book_unit *u)
{
    book_officer_fini(&u->head);
    for (int i = 0; i < u->n_handler; i++)
        book_officer_fini(&u->handler[i]);
    free(u->handler);
    free(u->former);
    *u = (struct book_unit){.id = NULL};
}

void dk_book_free(struct dk_book *b)
{
    if (b == NULL)
        return;
    for (int i = 0; i < b->n_unit; i++)
        book_unit_fini(&b->unit[i]);
    book_officer_fini(&b->leader);
    free(b->unit);
    free(b->officer);
    free(b->rule);
    free(b->urgent);
    cJSON_Delete(b->root);
    free(b);
}

int32_t dk_book_county(const struct dk_book *b)
{
    return b->county;
}

const struct book_unit *book_unit_find(const struct dk_book *b, const char *id)
{
    for (int i = 0; i < b->n_unit; i++) {
        if (strcmp(b->unit[i].id, id) == 0)
            return &b->unit[i];
    }
    return NULL;
}

struct book_officer *const *book_officer_find(const struct dk_book *b,
                                              const char *id)
{
    int lo = 0, hi = b->n_officer;

    while (lo < hi) {
        int mid = lo + (hi - lo) / 2;
        if (strcmp(b->officer[mid]->id, id) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == b->n_officer || strcmp(b->officer[lo]->id, id) != 0)
        return NULL;
    return &b->officer[lo];
}

/* ---- roles ---- */

/* The nearest head from `u` upwards who is there and not complained about, or
 * who stands in.
 */
static const char *find_head(const struct dk_book *b, const struct dk_case *c,
                             const struct book_unit *u, int64_t day)
{
    /* An heir may be below the unit that it took over from. */
    for (int i = 0; u != NULL && i <= b->n_unit; i++) {
        const struct book_unit *now = book_heir(u, day);
        if (now != NULL)
            u = now;
        if (u->head.id != NULL && !book_is_accused_unit(b, c, u, day)) {
            const struct book_officer *o = book_stand_in(b, c, &u->head, day);
            if (o != NULL)
                return o->id;
        }
        u = u->parent;
    }
    return NULL;
}

/* The unit's own listing of an officer. */
static const struct book_officer *find_listed(const struct book_unit *u,
                                              const char *id)
{
    for (int i = 0; u != NULL && i < u->n_handler; i++) {
        if (strcmp(u->handler[i].id, id) == 0)
            return &u->handler[i];
    }
    if (u != NULL && u->head.id != NULL && strcmp(u->head.id, id) == 0)
        return &u->head;
    return NULL;
}

static const char *find_handler(const struct dk_book *b,
                                const struct dk_case *c, int64_t day)
{
    const struct book_unit *u =
        c->unit[0] != '\0' ? book_unit_find(b, c->unit) : NULL;
    const struct book_officer named = {.id = c->handler};
    const struct book_officer *o =
        c->handler[0] != '\0' ? find_listed(book_heir(u, day), c->handler)
                              : NULL;
    const char *head;

    if (o != NULL)
        o = book_stand_in(b, c, o, day);
    if (o != NULL)
        return o->id;
    head = find_head(b, c, u, day);
    if (head != NULL || c->handler[0] == '\0' ||
        (u != NULL && u->n_handler > 0))
        return head;
    /* The book keeps neither a head nor handlers: who was named by hand. */
    return book_is_accused_officer(c, &named) ? NULL : c->handler;
}

static const char *find_office(const struct dk_book *b, const struct dk_case *c,
                               int64_t day)
{
    const struct book_unit *u = book_heir(b->office, day);

    if (u == NULL)
        u = b->office;
    return book_is_accused_unit(b, c, u, day) ? NULL : u->id;
}

const char *dk_book_role(const struct dk_book *b, const struct dk_case *c,
                         const char *role)
{
    int64_t day = dk_zone_day(&b->zone, c->updated_at);
    const struct book_officer *o;

    if (strcmp(role, "handler") == 0)
        return find_handler(b, c, day);
    if (strcmp(role, "unit_head") == 0)
        return find_head(
            b, c, c->unit[0] != '\0' ? book_unit_find(b, c->unit) : b->office,
            day);
    if (strcmp(role, "office") == 0)
        return find_office(b, c, day);
    if (strcmp(role, "leader") == 0 && b->leader.id != NULL) {
        o = book_stand_in(b, c, &b->leader, day);
        return o != NULL ? o->id : NULL;
    }
    return NULL;
}

/* ---- names ---- */

const char *dk_book_unit_name(const struct dk_book *b, const char *unit,
                              const char *lang)
{
    const struct book_unit *u = book_unit_find(b, unit);

    return u != NULL ? book_name(u, lang, BOOK_OPEN) : unit;
}

const char *dk_book_unit_name_at(const struct dk_book *b, const char *unit,
                                 const char *lang, dk_ms at)
{
    const struct book_unit *u = book_unit_find(b, unit);

    return u != NULL ? book_name(u, lang, dk_zone_day(&b->zone, at)) : unit;
}

const char *dk_book_officer_name(const struct dk_book *b, const char *officer)
{
    struct book_officer *const *at = book_officer_find(b, officer);

    for (; at != NULL && at < b->officer + b->n_officer; at++) {
        if (strcmp((*at)->id, officer) != 0)
            break;
        if ((*at)->name != NULL)
            return (*at)->name;
    }
    return officer;
}
