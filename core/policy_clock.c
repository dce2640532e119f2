/* policy_clock.c - one clock of a policy file, checked. */
#include <string.h>

#include "clock.h"
#include "policy_impl.h"
#include "proto/submit.h"

#define BIT(ev) (UINT64_C(1) << (ev))

/* Events a clock can start or stop on: all but what the clocks leave behind. */
static uint64_t read_events(const struct dk_rj *f, const cJSON *o,
                            const char *key, int need, const struct dk_at *at)
{
    const char *names[DK_EV_N + 1];
    int ev[DK_EV_N], word[DK_EV_N], n = 0;
    uint64_t mask = 0;

    for (int e = 0; e < DK_EV_N; e++) {
        if (dk_ev_is_bookkeeping((enum dk_ev)e))
            continue;
        names[n] = dk_ev_name((enum dk_ev)e);
        ev[n++] = e;
    }
    names[n] = NULL;
    n = pol_words_read(f, o, key, need, 1, names, DK_EV_N, word, at);
    for (int i = 0; i < n; i++)
        mask |= BIT(ev[word[i]]);
    return mask;
}

static void read_length(const struct dk_rj *f, const cJSON *o,
                        const struct dk_at *up, struct pol_clock *k)
{
    static const char *const names[] = {"days", "count", "from_event",
                                        "default", NULL};
    static const char *const fields[] = {"report_days", "answer_days", NULL};
    const struct dk_at at = {up, "length", 0};
    const cJSON *l = NULL;
    int count = 0, field = -1;

    if (!dk_rj_obj(f, o, "length", DK_REQUIRED, &l, up))
        return;
    dk_rj_only(f, l, names, &at);
    (void)dk_rj_enum(f, l, "count", DK_OPTIONAL, pol_count_names, &count, &at);
    k->working = count == 1;
    if (!dk_rj_has(l, "from_event")) {
        (void)dk_rj_int(f, l, "days", DK_REQUIRED, 0, POL_DAYS_MAX, &k->days,
                        &at);
        if (dk_rj_has(l, "default"))
            dk_rj_error(f, &at, "default",
                        "\"default\" goes with \"from_event\"; write \"days\"");
        return;
    }
    if (dk_rj_enum(f, l, "from_event", DK_REQUIRED, fields, &field, &at))
        k->from_event = fields[field];
    (void)dk_rj_int(f, l, "default", DK_REQUIRED, 0, POL_DAYS_MAX, &k->days,
                    &at);
    if (dk_rj_has(l, "days"))
        dk_rj_error(f, &at, "days",
                    "the length comes from the event; write \"default\" for "
                    "events that do not set it");
}

static void read_rung(const struct dk_rj *f, const cJSON *o,
                      const struct dk_at *at, const struct pol_clock *k,
                      struct pol_rung *out)
{
    static const char *const names[] = {"id", "after_start", "before_due",
                                        "after_due", NULL};
    int n = 0, found = 0;

    if (!cJSON_IsObject(o)) {
        dk_rj_error(f, at, NULL, "write {\"id\": .., \"before_due\": days}");
        return;
    }
    dk_rj_only(f, o, names, at);
    for (int i = 0; pol_when_names[i] != NULL; i++) {
        if (!dk_rj_has(o, pol_when_names[i]))
            continue;
        found++;
        out->when = (enum pol_when)i;
        (void)dk_rj_int(f, o, pol_when_names[i], DK_REQUIRED, 1, POL_DAYS_MAX,
                        &n, at);
    }
    out->n = n;
    if (found != 1)
        dk_rj_error(f, at, NULL,
                    "write one of \"after_start\", \"before_due\" and "
                    "\"after_due\"");
    if (!dk_rj_id(f, o, "id", DK_REQUIRED, &out->id, at))
        return;
    if (strlen(out->id) >= DK_RUNG_ID)
        dk_rj_error(f, at, "id", "a rung's id has at most %d bytes",
                    DK_RUNG_ID - 1);
    if (pol_is_due_name(out->id))
        dk_rj_error(f, at, "id",
                    "\"%s\" is the rung at the due time or what repeats it, "
                    "which a clock has anyway; choose another id",
                    out->id);
    else if (pol_has_rung(k, out->id))
        dk_rj_error(f, at, "id",
                    "the clock has a rung \"%s\" already; choose another id",
                    out->id);
}

static void check_rung(const struct dk_rj *f, const struct dk_at *at,
                       const struct pol_clock *k, const struct pol_rung *g)
{
    if (g->when == POL_AFTER_DUE && k->on_due != DK_DUE_OVERDUE)
        dk_rj_error(f, at, "after_due",
                    "the clock ends at its due time (\"on_due\": \"%s\"); "
                    "nothing comes after, take it out",
                    pol_on_due_names[k->on_due]);
    if (g->when != POL_AFTER_DUE && g->n >= k->days && k->from_event == NULL)
        dk_rj_warn(f, at, pol_when_names[g->when],
                   "%d of %d days: this rung is never reached", g->n, k->days);
}

static void read_rungs(const struct dk_rj *f, const cJSON *o,
                       const struct dk_at *up, struct pol_clock *k)
{
    const struct dk_at at = {up, "rungs", 0};
    struct dk_at item = {&at, NULL, 0};
    const cJSON *list = NULL, *v = NULL;

    if (!dk_rj_arr(f, o, "rungs", DK_OPTIONAL, 0, DK_RUNGS_MAX - 1, &list,
                   up) ||
        list == NULL)
        return;
    cJSON_ArrayForEach (v, list) {
        struct pol_rung g = {NULL, POL_BEFORE_DUE, 0};
        int errors = f->r->errors;

        read_rung(f, v, &item, k, &g);
        if (f->r->errors == errors) {
            check_rung(f, &item, k, &g);
            k->rung[k->n_rung++] = g;
        }
        item.index++;
    }
}

static void read_only_if(const struct dk_rj *f, const cJSON *o,
                         const struct dk_at *up, struct pol_clock *k)
{
    static const char *const names[] = {"kind",     "channel", "reachable",
                                        "document", "urgent",  NULL};
    const struct dk_at at = {up, "only", 0};
    const cJSON *l = NULL;
    bool urgent = false;

    if (!dk_rj_obj(f, o, "only", DK_OPTIONAL, &l, up) || l == NULL)
        return;
    dk_rj_only(f, l, names, &at);
    k->only_kind = pol_mask_read(f, l, "kind", DK_OPTIONAL, dk_kind_names, &at);
    k->only_channel =
        pol_mask_read(f, l, "channel", DK_OPTIONAL, dk_channel_names, &at);
    (void)dk_rj_bool(f, l, "reachable", DK_OPTIONAL, &k->only_reachable, &at);
    k->only_document =
        pol_mask_read(f, l, "document", DK_OPTIONAL, pol_document_names, &at);
    if (dk_rj_has(l, "urgent") &&
        dk_rj_bool(f, l, "urgent", DK_OPTIONAL, &urgent, &at))
        k->only_urgent = urgent ? 1 : -1;
}

static void read_extend(const struct dk_rj *f, const cJSON *o,
                        const struct dk_at *up, struct pol_clock *k)
{
    static const char *const names[] = {"times", "max_days", NULL};
    const struct dk_at at = {up, "extend", 0};
    const cJSON *l = NULL;

    if (!dk_rj_obj(f, o, "extend", DK_OPTIONAL, &l, up) || l == NULL)
        return;
    dk_rj_only(f, l, names, &at);
    (void)dk_rj_int(f, l, "times", DK_REQUIRED, 1, 100, &k->extend_times, &at);
    (void)dk_rj_int(f, l, "max_days", DK_REQUIRED, 1, 365, &k->extend_days,
                    &at);
    /* From the extension to the new due time the old one must not fire. */
    k->holds_on |= BIT(DK_EV_EXTENDED);
}

/* What a unit that is late may plead, for whoever reads the policy. */
static void read_excuses(const struct dk_rj *f, const cJSON *o,
                         const struct dk_at *up, struct pol_clock *k)
{
    const struct dk_at at = {up, "excuses", 0};
    const cJSON *list = NULL, *v = NULL;
    struct dk_at item = {&at, NULL, 0};

    if (!dk_rj_arr(f, o, "excuses", DK_OPTIONAL, 0, POL_EXCUSES_MAX, &list,
                   up) ||
        list == NULL)
        return;
    cJSON_ArrayForEach (v, list) {
        static const char *const names[] = {"name", NULL};

        if (!cJSON_IsObject(v)) {
            dk_rj_error(f, &item, NULL,
                        "write {\"name\": {\"zh-CN\": .., \"en\": ..}}");
        } else {
            dk_rj_only(f, v, names, &item);
            (void)dk_rj_name(f, v, "name", DK_REQUIRED,
                             &k->excuse[k->n_excuse++], &item);
        }
        item.index++;
    }
}

static void check_clock(const struct dk_rj *f, const struct dk_at *at,
                        const struct pol_clock *k)
{
    const uint64_t holds =
        BIT(DK_EV_SUSPENDED) | BIT(DK_EV_OBJECTED) | BIT(DK_EV_EXTENDED);

    pol_clock_check(f, at, k);
    if ((k->holds_on & ~holds) != 0)
        dk_rj_error(f, at, "holds_on",
                    "only \"suspended\" and \"objected\" can hold a clock, "
                    "because \"resumed\" and \"objection_refused\" set it "
                    "going again");
    if (k->holds_for != 0 && (k->holds_on & BIT(DK_EV_SUSPENDED)) == 0)
        dk_rj_error(f, at, "holds_for",
                    "grounds of a suspension, but \"suspended\" does not hold "
                    "this clock; add it to \"holds_on\"");
    if (k->on_due != DK_DUE_OVERDUE && (k->repeat.said || k->hold.said))
        dk_rj_error(f, at, k->repeat.said ? "repeat" : "ack_holds",
                    "the clock ends at its due time (\"on_due\": \"%s\"); "
                    "nothing comes after, take it out",
                    pol_on_due_names[k->on_due]);
    if (k->stops_on != 0 && pol_is_petitioners(k) &&
        k->on_due == DK_DUE_OVERDUE)
        dk_rj_error(f, at, "on_due",
                    "this clock waits for the petitioner, who is never "
                    "overdue; write \"close\" or \"lapse\"");
    for (int i = 0; i < k->ladder.n; i++) {
        const struct dk_at ladder = {at, "ladder", 0};
        if (!pol_has_rung(k, k->ladder.step[i].rung))
            dk_rj_error(f, &ladder, k->ladder.step[i].rung,
                        "the clock has no rung of this name; add it to "
                        "\"rungs\" or take the step out");
    }
}

void pol_clock_read(const struct dk_rj *f, const cJSON *o,
                    const struct dk_at *at, struct pol_clock *k)
{
    static const char *const names[] = {
        "id",        "name",         "article",
        "verified",  "starts_on",    "stops_on",
        "holds_on",  "only",         "on_last_day_rest",
        "length",    "on_due",       "extend",
        "rungs",     "ladder",       "note",
        "holds_for", "when_running", "repeat",
        "ack_holds", "first_day",    "excuses",
        NULL};
    static const char *const first[] = {"next_day", "same_day", NULL};
    static const char *const rest[] = {"keep", "next_working_day", NULL};
    const char *note = NULL;
    int choice = 0, on_due = 0, again = 0, first_day = 0;

    if (!cJSON_IsObject(o)) {
        dk_rj_error(f, at, NULL, "write an object for each clock");
        return;
    }
    dk_rj_only(f, o, names, at);
    (void)dk_rj_id(f, o, "id", DK_REQUIRED, &k->id, at);
    (void)dk_rj_name(f, o, "name", DK_OPTIONAL, &k->name, at);
    (void)dk_rj_str(f, o, "article", DK_OPTIONAL, 200, &k->article, at);
    (void)dk_rj_str(f, o, "note", DK_OPTIONAL, 2000, &note, at);
    (void)dk_rj_verified(f, o, &k->verified, at);
    k->starts_on = read_events(f, o, "starts_on", DK_REQUIRED, at);
    k->stops_on = read_events(f, o, "stops_on", DK_REQUIRED, at);
    k->holds_on = read_events(f, o, "holds_on", DK_OPTIONAL, at);
    (void)dk_rj_enum(f, o, "first_day", DK_OPTIONAL, first, &first_day, at);
    k->same_day = first_day == 1;
    (void)dk_rj_enum(f, o, "on_last_day_rest", DK_OPTIONAL, rest, &choice, at);
    k->next_working_day = choice == 1;
    (void)dk_rj_enum(f, o, "on_due", DK_OPTIONAL, pol_on_due_names, &on_due,
                     at);
    k->on_due = (enum dk_on_due)on_due;
    k->holds_for = (uint32_t)pol_mask_read(f, o, "holds_for", DK_OPTIONAL,
                                           dk_ground_names, at);
    (void)dk_rj_enum(f, o, "when_running", DK_OPTIONAL, pol_again_names, &again,
                     at);
    k->again = (enum pol_again)again;
    read_only_if(f, o, at, k);
    read_length(f, o, at, k);
    read_extend(f, o, at, k);
    read_rungs(f, o, at, k);
    pol_ladder_read(f, o, at, &k->ladder);
    pol_repeat_read(f, o, at, &k->repeat);
    pol_hold_read(f, o, at, &k->hold);
    read_excuses(f, o, at, k);
    check_clock(f, at, k);
}
