/* book_time.c - the book as of a day: which units there are and what they are
 * called, who is on leave, and who is complained about under whichever name.
 */
#include <string.h>

#include "book_impl.h"

bool book_is_valid(const struct book_unit *u, int64_t day)
{
    return u->valid_from <= day && day <= u->valid_to;
}

const struct book_unit *book_heir(const struct book_unit *u, int64_t day)
{
    while (u != NULL && day > u->valid_to)
        u = u->heir;
    return u != NULL && book_is_valid(u, day) ? u : NULL;
}

const struct book_unit *book_last_heir(const struct dk_book *b,
                                       const struct book_unit *u)
{
    for (int i = 0; i < b->n_unit && u != NULL && u->valid_to != BOOK_OPEN &&
                    u->heir != NULL;
         i++)
        u = u->heir;
    return u;
}

const char *book_name(const struct book_unit *u, const char *lang, int64_t day)
{
    const struct dk_rj_name *n = &u->name;

    for (int i = u->n_former - 1; i >= 0 && day <= u->former[i].until; i--)
        n = &u->former[i].name;
    if (strcmp(lang, "en") != 0)
        return n->zh;
    return n->en != NULL ? n->en : u->id;
}

/* ---- officers ---- */

const struct book_away *book_away_on(const struct dk_book *b,
                                     const struct book_officer *o, int64_t day)
{
    struct book_officer *const *at = book_officer_find(b, o->id);

    /* Whichever unit lists the leave, it is the officer who is away. */
    for (; at != NULL && at < b->officer + b->n_officer; at++) {
        if (strcmp((*at)->id, o->id) != 0)
            break;
        for (int i = 0; i < (*at)->n_away; i++) {
            const struct book_away *a = &(*at)->away[i];
            if (a->from <= day && day <= a->to)
                return a;
        }
    }
    return NULL;
}

/* The officer of that id, in a unit where he is not absent if there is one. */
static const struct book_officer *find_present(const struct dk_book *b,
                                               const char *id)
{
    struct book_officer *const *at = book_officer_find(b, id);
    const struct book_officer *first = at != NULL ? *at : NULL;

    for (; at != NULL && at < b->officer + b->n_officer; at++) {
        if (strcmp((*at)->id, id) != 0)
            break;
        if (!(*at)->absent)
            return *at;
    }
    return first;
}

const struct book_officer *book_stand_in(const struct dk_book *b,
                                         const struct dk_case *c,
                                         const struct book_officer *o,
                                         int64_t day)
{
    /* The book has no circle of delegates; it was checked. */
    for (;;) {
        const struct book_away *a = book_away_on(b, o, day);

        if (a == NULL && !o->absent && !book_is_accused_officer(c, o))
            return o;
        if (a == NULL || a->delegate == NULL)
            return NULL;
        o = find_present(b, a->delegate);
        if (o == NULL)
            return NULL;
    }
}

/* ---- who is complained about ---- */

static bool is_same(const char *word, const char *name)
{
    return name != NULL && strcmp(word, name) == 0;
}

bool book_is_accused_officer(const struct dk_case *c,
                             const struct book_officer *o)
{
    for (int i = 0; i < c->n_respondent; i++) {
        const char *who = c->respondent[i].officer;
        if (who[0] != '\0' && (is_same(who, o->id) || is_same(who, o->name)))
            return true;
    }
    return false;
}

static bool is_called(const struct book_unit *u, const char *who)
{
    if (is_same(who, u->id) || is_same(who, u->code) ||
        is_same(who, u->name.zh) || is_same(who, u->name.en))
        return true;
    for (int i = 0; i < u->n_former; i++) {
        if (is_same(who, u->former[i].name.zh) ||
            is_same(who, u->former[i].name.en))
            return true;
    }
    return false;
}

/* Is `heir` the unit `u`, or who took over from it by that day? */
static bool leads_to(const struct book_unit *u, const struct book_unit *heir,
                     int64_t day)
{
    while (u != NULL && u != heir)
        u = day > u->valid_to ? u->heir : NULL;
    return u != NULL;
}

/* Is the unit meant by a name or id? */
static bool is_meant(const struct dk_book *b, const char *who,
                     const struct book_unit *u, int64_t day)
{
    if (is_called(u, who))
        return true;
    for (int i = 0; i < b->n_unit; i++) {
        const struct book_unit *old = &b->unit[i];
        if (day > old->valid_to && old->heir != NULL && is_called(old, who) &&
            leads_to(old, u, day))
            return true;
    }
    return false;
}

bool book_is_named_unit(const struct dk_book *b, const struct dk_case *c,
                        const struct book_unit *u, int64_t day)
{
    for (int i = 0; i < c->n_respondent; i++) {
        const char *who = c->respondent[i].unit;
        if (who[0] != '\0' && is_meant(b, who, u, day))
            return true;
    }
    return false;
}

bool book_is_accused_unit(const struct dk_book *b, const struct dk_case *c,
                          const struct book_unit *u, int64_t day)
{
    return book_is_named_unit(b, c, u, day) ||
           book_is_accused_officer(c, &u->head);
}

static bool is_id_of(const struct dk_book *b, const char *id,
                     const struct book_unit *u, int64_t day)
{
    return id[0] != '\0' && leads_to(book_unit_find(b, id), u, day);
}

bool book_is_judged_unit(const struct dk_book *b, const struct dk_case *c,
                         const struct book_unit *u, int64_t day)
{
    if (is_id_of(b, c->answered_by, u, day))
        return true;
    for (int i = 0; i < c->n_judged; i++) {
        if (is_id_of(b, c->judged[i], u, day))
            return true;
    }
    for (int i = 0; i < c->n_co; i++) {
        if (is_id_of(b, c->co[i].unit, u, day))
            return true;
    }
    return false;
}
