/* explain_find.c - looking things up in the events of a case. */
#include <string.h>

#include "clock.h"
#include "explain_impl.h"

#define BIT(ev) (UINT64_C(1) << (ev))

int64_t ex_day(const struct explain *x, dk_ms t)
{
    return dk_zone_day(x->zone, t);
}

const struct ex_event *ex_event(const struct explain *x, uint32_t n)
{
    return n >= 1 && n <= x->n_ev ? &x->ev[n - 1] : NULL;
}

const char *ex_str(const struct ex_event *e, const char *key)
{
    return e == NULL ? NULL
                     : cJSON_GetStringValue(
                           cJSON_GetObjectItemCaseSensitive(e->body, key));
}

int64_t ex_int(const struct ex_event *e, const char *key, int64_t otherwise)
{
    if (e != NULL)
        (void)dk_json_int(e->body, key, DK_OPTIONAL, INT32_MIN, INT32_MAX,
                          &otherwise, NULL, NULL);
    return otherwise;
}

dk_ms ex_time(const struct ex_event *e, const char *key)
{
    dk_ms t = DK_NEVER;

    if (e != NULL)
        (void)dk_json_time(e->body, key, DK_OPTIONAL, &t, NULL, NULL);
    return t;
}

/* Is the event about this number of the clock? */
static bool is_of(const struct ex_event *e, enum dk_ev type,
                  const struct ex_clock *k)
{
    const char *id = ex_str(e, "clock");

    return e->e.type == type && id != NULL && strcmp(id, k->k.id) == 0 &&
           ex_int(e, "clock_no", 0) == (int64_t)k->k.no;
}

static bool has(const cJSON *array, const char *s)
{
    const cJSON *v;

    cJSON_ArrayForEach (v, array)
        if (cJSON_IsString(v) && strcmp(v->valuestring, s) == 0)
            return true;
    return false;
}

const struct ex_event *ex_fired(const struct explain *x,
                                const struct ex_clock *k, const char *rung,
                                bool *skipped)
{
    *skipped = false;
    for (size_t i = 0; i < x->n_ev; i++) {
        const struct ex_event *e = &x->ev[i];
        const char *id = ex_str(e, "rung");

        if (!is_of(e, DK_EV_CLOCK_FIRED, k) || id == NULL)
            continue;
        *skipped =
            has(cJSON_GetObjectItemCaseSensitive(e->body, "skipped"), rung);
        if (*skipped || strcmp(id, rung) == 0)
            return e;
    }
    return NULL;
}

const struct ex_event *ex_alert(const struct explain *x,
                                const struct ex_clock *k, const char *rung)
{
    const struct ex_event *found = NULL; /* of a repetition the latest */

    for (size_t i = 0; i < x->n_ev; i++) {
        const char *id = ex_str(&x->ev[i], "rung");

        if (is_of(&x->ev[i], DK_EV_ALERT_RAISED, k) && id != NULL &&
            strcmp(id, rung) == 0)
            found = &x->ev[i];
    }
    return found;
}

const struct ex_event *ex_acked(const struct explain *x, uint32_t n)
{
    for (size_t i = 0; i < x->n_ev; i++)
        if (x->ev[i].e.type == DK_EV_ALERT_ACKED &&
            ex_int(&x->ev[i], "alert", 0) == (int64_t)n)
            return &x->ev[i];
    return NULL;
}

const struct ex_event *ex_stopper(const struct explain *x,
                                  const struct ex_clock *k)
{
    const struct ex_event *end = NULL;

    if (k->k.state != DK_CLOCK_STOPPED)
        return NULL;
    for (uint32_t n = k->k.basis + 1; n <= x->n_ev; n++) {
        const struct ex_event *e = &x->ev[n - 1];

        if (e->effective != k->k.stopped_at || dk_ev_is_bookkeeping(e->e.type))
            continue;
        if ((k->k.stops_on & BIT(e->e.type)) != 0)
            return e;
        if (end == NULL && !dk_state_owes(e->after))
            end = e; /* the case came to its end */
    }
    return end;
}

bool ex_set_differs(const struct ex_set *s)
{
    return s->computed != s->k.due_at;
}

bool ex_is_missing(const struct explain *x, const struct ex_want *w)
{
    if (w->used)
        return false;
    for (size_t i = 0; i < x->n_clock; i++)
        for (size_t j = 0; j < x->clock[i].n_set; j++)
            if (strcmp(x->clock[i].k.id, w->k.id) == 0 &&
                x->clock[i].set[j].k.due_at == w->k.due_at &&
                x->clock[i].set[j].n > w->cause)
                return false;
    return true;
}
