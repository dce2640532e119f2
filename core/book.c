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

void dk_book_free(struct dk_book *b)
{
    if (b == NULL)
        return;
    for (int i = 0; i < b->n_unit; i++)
        free(b->unit[i].handler);
    free(b->unit);
    free(b->rule);
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

bool book_is_accused_unit(const struct dk_case *c, const struct book_unit *u)
{
    for (int i = 0; i < c->n_respondent; i++) {
        const char *who = c->respondent[i].unit;
        if (who[0] != '\0' &&
            (is_same(who, u->id) || is_same(who, u->name.zh) ||
             is_same(who, u->name.en)))
            return true;
    }
    return book_is_accused_officer(c, &u->head);
}

/* The nearest head from `u` upwards who is not complained about. */
static const char *find_head(const struct dk_case *c, const struct book_unit *u)
{
    for (; u != NULL; u = u->parent) {
        if (u->head.id != NULL && !book_is_accused_unit(c, u))
            return u->head.id;
    }
    return NULL;
}

static const char *find_handler(const struct dk_book *b,
                                const struct dk_case *c)
{
    const struct book_unit *u = book_unit_find(b, c->unit);
    struct book_officer o = {.id = c->handler};

    if (c->handler[0] == '\0')
        return NULL;
    for (int i = 0; u != NULL && i < u->n_handler; i++) {
        if (strcmp(u->handler[i].id, c->handler) == 0)
            o = u->handler[i];
    }
    return book_is_accused_officer(c, &o) ? NULL : c->handler;
}

const char *dk_book_role(const struct dk_book *b, const struct dk_case *c,
                         const char *role)
{
    if (strcmp(role, "handler") == 0)
        return find_handler(b, c);
    if (strcmp(role, "unit_head") == 0)
        return find_head(c, c->unit[0] != '\0' ? book_unit_find(b, c->unit)
                                               : b->office);
    if (strcmp(role, "office") == 0)
        return book_is_accused_unit(c, b->office) ? NULL : b->office->id;
    if (strcmp(role, "leader") == 0)
        return book_is_accused_officer(c, &b->leader) ? NULL : b->leader.id;
    return NULL;
}

const char *dk_book_unit_name(const struct dk_book *b, const char *unit,
                              const char *lang)
{
    const struct book_unit *u = book_unit_find(b, unit);
    const char *name = NULL;

    if (u != NULL)
        name = strcmp(lang, "en") == 0 ? u->name.en : u->name.zh;
    return name != NULL ? name : unit;
}
