#include "case.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct dk_case *dk_case_new(void)
{
    struct dk_case *c = malloc(sizeof(*c));

    if (c == NULL)
        return NULL;
    memset(c, 0, offsetof(struct dk_case, clock));
    c->submitted_at = c->recorded_at = c->updated_at = DK_NEVER;
    for (int ev = 0; ev < DK_EV_N; ev++)
        c->last_at[ev] = DK_NEVER;
    return c;
}

/* *to gets a copy of `s`; a NULL stays one. */
static bool copy_text(char **to, const char *s)
{
    *to = s != NULL ? strdup(s) : NULL;
    return s == NULL || *to != NULL;
}

/* Of the structure itself; what is behind the last clock means nothing. */
static size_t used_bytes(const struct dk_case *c)
{
    return offsetof(struct dk_case, clock) +
           (size_t)c->n_clock * sizeof(c->clock[0]);
}

struct dk_case *dk_case_clone(const struct dk_case *c)
{
    struct dk_case *d = malloc(sizeof(*d));
    bool ok;

    if (d == NULL)
        return NULL;
    memcpy(d, c, used_bytes(c));
    ok = copy_text(&d->subject, c->subject);
    ok = copy_text(&d->region, c->region) && ok;
    ok = copy_text(&d->category, c->category) && ok;
    d->alert = NULL;
    if (c->n_alert > 0) {
        d->alert = malloc(c->n_alert * sizeof(*d->alert));
        if (d->alert != NULL)
            memcpy(d->alert, c->alert, c->n_alert * sizeof(*d->alert));
        else
            ok = false;
    }
    if (!ok) {
        dk_case_free(d);
        return NULL;
    }
    return d;
}

void dk_case_free(struct dk_case *c)
{
    if (c == NULL)
        return;
    free(c->subject);
    free(c->region);
    free(c->category);
    free(c->alert);
    free(c);
}

static size_t text_bytes(const char *s)
{
    return s != NULL ? strlen(s) + 1 : 0;
}

struct dk_case *dk_case_pack(struct dk_case *c, size_t *bytes)
{
    size_t n = used_bytes(c);
    struct dk_case *packed = malloc(n);

    if (packed == NULL)
        return NULL;
    memcpy(packed, c, n);
    free(c);
    *bytes += n + text_bytes(packed->subject) + text_bytes(packed->region) +
              text_bytes(packed->category) +
              packed->n_alert * sizeof(*packed->alert);
    return packed;
}

struct dk_case *dk_case_unpack(struct dk_case *packed)
{
    struct dk_case *c = malloc(sizeof(*c));

    if (c == NULL) {
        dk_case_free(packed);
        return NULL;
    }
    memcpy(c, packed, used_bytes(packed));
    free(packed);
    return c;
}

void dk_event_fini(struct dk_event *e)
{
    free(e->body);
    e->body = NULL;
    e->body_len = 0;
}

dk_ms dk_event_effective(const struct dk_case *c, const struct dk_event *e)
{
    if (e->claimed == DK_NEVER)
        return e->at;
    if (e->type == DK_EV_SUBMITTED)
        return e->claimed <= e->at ? e->claimed : e->at;
    if (c->imported && e->claimed <= c->recorded_at)
        return e->claimed;
    return e->at;
}

bool dk_case_load(const struct dk_case *c, const char **unit,
                  const char **handler)
{
    if (c->handler[0] == '\0' || !dk_state_owes(c->state))
        return false;
    *unit = c->unit;
    *handler = c->handler;
    return true;
}

/* Has a unit taken the matter on, and is it still that unit's? */
static bool is_taken_on(const struct dk_case *c)
{
    switch (c->state) {
    case DK_S_ACCEPTED:
    case DK_S_SUSPENDED:
    case DK_S_ANSWERED:
    case DK_S_SETTLED:
    case DK_S_IN_REVIEW:
    case DK_S_REVIEW_SUSPENDED:
    case DK_S_RE_REVIEW_SUSPENDED:
    case DK_S_REVIEWED:
    case DK_S_IN_RE_REVIEW:
    case DK_S_ENDED:
    case DK_S_CLOSED:
        return true;
    case DK_S_WITHDRAWN: /* withdrawn from where? */
        return c->last_n[DK_EV_ACCEPTED] > c->last_n[DK_EV_REOPENED];
    case DK_S_NONE:
    case DK_S_SUBMITTED:
    case DK_S_REGISTERED:
    case DK_S_TRANSFERRED:
    case DK_S_OBJECTED:
    case DK_S_NOT_ACCEPTED:
    case DK_S_DISCIPLINE:
    case DK_S_N:
        break;
    }
    return false;
}

const char *dk_case_owner(const struct dk_case *c)
{
    return c->unit[0] != '\0' && is_taken_on(c) ? c->unit : "office";
}
