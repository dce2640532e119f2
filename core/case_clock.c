/* case_clock.c - what events do to the clocks of a case and to its alerts. */
#include "case_internal.h"

#include <stdlib.h>
#include <string.h>

int dk_case_read_extended(struct dk_case *c, struct dk_change *ch)
{
    const char *id = NULL;
    int rc = dk_json_id(ch->body, "clock", DK_REQUIRED, &id, NULL, NULL);

    if (rc != 0)
        return rc;
    ch->clock = dk_clock_find(c, id);
    return ch->clock >= 0 ? 0 : DK_EFIELD;
}

void dk_case_apply_extended(struct dk_case *c, struct dk_change *ch)
{
    c->extensions++;
    if (c->clock[ch->clock].extend_times > 0)
        c->clock[ch->clock].extend_times--;
}

int dk_case_read_suspended(struct dk_case *c, struct dk_change *ch)
{
    (void)c;
    ch->ground = DK_GROUND_HEARING;
    return dk_json_enum(ch->body, "ground", DK_OPTIONAL, dk_ground_names,
                        &ch->ground, NULL, NULL);
}

void dk_case_apply_suspended(struct dk_case *c, struct dk_change *ch)
{
    c->suspended_for = (enum dk_ground)ch->ground;
}

/* ---- clocks -------------------------------------------------------------- */

/* Where `k` goes, and as which number.  DK_EFIELD: it has no place. */
static int find_place(const struct dk_case *c, struct dk_clock *k, int *index,
                      const struct dk_clock **old)
{
    const struct dk_clock *have;

    *old = NULL;
    *index = dk_clock_find(c, k->id);
    if (*index < 0) {
        *index = c->n_clock;
        k->no = 1;
        return c->n_clock < DK_CLOCKS_MAX ? 0 : DK_EFIELD;
    }
    have = &c->clock[*index];
    k->no = have->basis == k->basis ? have->no : have->no + 1;
    if (have->basis == k->basis && have->state == DK_CLOCK_LAPSED)
        return DK_EFIELD;
    *old = have;
    return 0;
}

int dk_case_read_clock_set(struct dk_case *c, struct dk_change *ch)
{
    struct dk_clock *k = &ch->set;
    const struct dk_clock *old = NULL;
    int64_t no = 0;
    int rc = dk_clock_read_set(ch->body, k, NULL);

    if (rc == 0)
        rc = dk_json_int(ch->body, "clock_no", DK_REQUIRED, 1, UINT32_MAX, &no,
                         NULL, NULL);
    if (rc == 0 && k->basis > c->n)
        rc = DK_EFIELD;
    if (rc == 0)
        rc = find_place(c, k, &ch->clock, &old);
    if (rc == 0 && k->no != no)
        rc = DK_EFIELD;
    if (rc == 0)
        dk_clock_place(c, old, k);
    return rc;
}

void dk_case_apply_clock_set(struct dk_case *c, struct dk_change *ch)
{
    c->clock[ch->clock] = ch->set;
    if (ch->clock == c->n_clock)
        c->n_clock++;
}

int dk_clock_put(struct dk_case *c, const struct dk_clock *k)
{
    struct dk_clock set = *k;
    const struct dk_clock *old = NULL;
    int index = 0;
    int rc;

    if (dk_clock_has(c, k))
        return 1;
    rc = find_place(c, &set, &index, &old);
    if (rc != 0)
        return rc;
    dk_clock_place(c, old, &set);
    c->clock[index] = set;
    if (index == c->n_clock)
        c->n_clock++;
    return 0;
}

/* The clock that a body speaks of: its index, and whether that number of it has
 * been replaced by a later one.
 */
static int read_clock(const struct dk_case *c, struct dk_change *ch,
                      bool *replaced)
{
    const char *id = NULL;
    int64_t no = 0;
    int rc = dk_json_id(ch->body, "clock", DK_REQUIRED, &id, NULL, NULL);

    if (rc == 0)
        rc = dk_json_int(ch->body, "clock_no", DK_REQUIRED, 1, UINT32_MAX, &no,
                         NULL, NULL);
    if (rc != 0)
        return rc;
    ch->clock = dk_clock_find(c, id);
    if (ch->clock < 0 || c->clock[ch->clock].no < no)
        return DK_EFIELD;
    *replaced = c->clock[ch->clock].no > no;
    return 0;
}

/* The rung, or the repetition, that a body speaks of. */
static int read_rung(const struct dk_case *c, struct dk_change *ch)
{
    const char *rung = NULL;
    int64_t times = 0;
    int rc = dk_json_id(ch->body, "rung", DK_REQUIRED, &rung, NULL, NULL);

    if (rc != 0)
        return rc;
    if (strcmp(rung, DK_RUNG_REPEAT_ID) != 0) {
        ch->rung = dk_rung_find(&c->clock[ch->clock], rung);
        return ch->rung >= 0 ? 0 : DK_EFIELD;
    }
    ch->rung = DK_RUNG_REPEAT;
    rc = dk_json_int(ch->body, "times", DK_REQUIRED, 1, UINT32_MAX, &times,
                     NULL, NULL);
    ch->times = (uint32_t)times;
    return rc;
}

static int check_repeat(const struct dk_clock *k, const struct dk_change *ch)
{
    int due = dk_clock_due_rung(k);

    if (k->state != DK_CLOCK_RUNNING || due < 0 || !k->rung[due].fired ||
        ch->times <= k->times || ch->times != dk_clock_times(k, ch->e->at))
        return DK_EFIELD;
    return 0;
}

int dk_case_read_clock_fired(struct dk_case *c, struct dk_change *ch)
{
    const struct dk_clock *k;
    const cJSON *arr = NULL, *v;
    bool replaced = false;
    int rc = read_clock(c, ch, &replaced);

    if (rc == 0)
        rc = replaced ? DK_EFIELD : read_rung(c, ch);
    if (rc == 0)
        rc = dk_json_arr(ch->body, "skipped", DK_REQUIRED, 0, DK_RUNGS_MAX,
                         &arr, NULL, NULL);
    if (rc != 0)
        return rc;
    k = &c->clock[ch->clock];
    if (ch->rung == DK_RUNG_REPEAT)
        return check_repeat(k, ch);
    if (k->rung[ch->rung].fired ||
        (k->state != DK_CLOCK_RUNNING && !dk_clock_missed(c, k)))
        return DK_EFIELD;
    if (k->state != DK_CLOCK_RUNNING && ch->rung != dk_clock_due_rung(k))
        return DK_EFIELD;
    cJSON_ArrayForEach (v, arr) {
        int r = cJSON_IsString(v) ? dk_rung_find(k, v->valuestring) : -1;

        if (r < 0 || r == ch->rung || k->rung[r].fired)
            return DK_EFIELD;
        ch->skipped |= UINT32_C(1) << r;
    }
    return 0;
}

void dk_case_apply_clock_fired(struct dk_case *c, struct dk_change *ch)
{
    struct dk_clock *k = &c->clock[ch->clock];
    uint32_t past = dk_clock_times(k, ch->e->at);
    uint32_t fired = ch->skipped;

    /* A rung says all that a repetition at the same time would. */
    if (past > k->times)
        k->times = past;
    if (ch->rung == DK_RUNG_REPEAT)
        return;
    fired |= UINT32_C(1) << ch->rung;
    for (int i = 0; i < k->n_rung; i++) {
        if ((fired & (UINT32_C(1) << i)) != 0)
            k->rung[i].fired = true;
    }
    if (ch->rung != dk_clock_due_rung(k))
        return;
    if (k->on_due == DK_DUE_OVERDUE) {
        k->late = true;
        if (k->state == DK_CLOCK_RUNNING && dk_clock_stands_still(c, k))
            k->state = DK_CLOCK_HELD;
    } else {
        k->state = DK_CLOCK_LAPSED;
        k->stopped_at = k->due_at;
    }
}

/* ---- alerts -------------------------------------------------------------- */

/* Where alert `n` is among the open ones; n_alert: it is not. */
static size_t find_alert(const struct dk_case *c, int64_t n)
{
    size_t i = 0;

    while (i < c->n_alert && c->alert[i] != n)
        i++;
    return i;
}

/* Was an alert raised for it already, or has it not happened? */
static bool is_told(const struct dk_clock *k, const struct dk_change *ch)
{
    if (ch->rung == DK_RUNG_REPEAT)
        return ch->times <= k->told || ch->times > k->times;
    return !k->rung[ch->rung].fired || k->rung[ch->rung].alerted;
}

int dk_case_read_alert_raised(struct dk_case *c, struct dk_change *ch)
{
    bool replaced = false;
    int64_t before = 0;
    uint32_t *more;
    int rc = read_clock(c, ch, &replaced);

    ch->rung = -1;
    if (rc == 0 && !replaced)
        rc = read_rung(c, ch);
    if (rc == 0)
        rc = dk_json_int(ch->body, "replaces", DK_OPTIONAL, 1, UINT32_MAX,
                         &before, NULL, NULL);
    if (rc != 0)
        return rc;
    if (!replaced && is_told(&c->clock[ch->clock], ch))
        return DK_EFIELD;
    ch->alert = find_alert(c, before);
    if (before != 0 && ch->alert == c->n_alert)
        return DK_EFIELD;
    ch->known = cJSON_HasObjectItem(ch->body, "due_at");
    more = realloc(c->alert, (c->n_alert + 1) * sizeof(*more));
    if (more == NULL)
        return DK_ENOMEM;
    c->alert = more; /* room for one more; n_alert says the same as before */
    return 0;
}

static void remove_alert(struct dk_case *c, size_t i)
{
    c->n_alert--;
    memmove(&c->alert[i], &c->alert[i + 1],
            (c->n_alert - i) * sizeof(*c->alert));
}

void dk_case_apply_alert_raised(struct dk_case *c, struct dk_change *ch)
{
    struct dk_clock *k = &c->clock[ch->clock];

    if (ch->alert < c->n_alert)
        remove_alert(c, ch->alert);
    c->alert[c->n_alert++] = ch->e->n;
    if (ch->rung == DK_RUNG_REPEAT) {
        k->told = ch->times;
        k->repeat_alert = ch->e->n;
    } else if (ch->rung >= 0) {
        k->rung[ch->rung].alerted = true;
        /* Events of before alerts were kept by their rung do not say it. */
        k->rung[ch->rung].alert = ch->known ? ch->e->n : 0;
    }
}

int dk_case_read_alert_acked(struct dk_case *c, struct dk_change *ch)
{
    int64_t n = 0;
    int rc = dk_json_int(ch->body, "alert", DK_REQUIRED, 1, UINT32_MAX, &n,
                         NULL, NULL);

    if (rc != 0)
        return rc;
    ch->alert = find_alert(c, n);
    return ch->alert < c->n_alert ? 0 : DK_EFIELD;
}

void dk_case_apply_alert_acked(struct dk_case *c, struct dk_change *ch)
{
    remove_alert(c, ch->alert);
}

int dk_case_read_alert_muted(struct dk_case *c, struct dk_change *ch)
{
    bool replaced = false;
    int rc = read_clock(c, ch, &replaced);

    if (rc == 0 && replaced)
        rc = DK_EFIELD;
    if (rc == 0)
        rc = dk_json_time(ch->body, "until", DK_REQUIRED, &ch->until, NULL,
                          NULL);
    return rc;
}

void dk_case_apply_alert_muted(struct dk_case *c, struct dk_change *ch)
{
    struct dk_clock *k = &c->clock[ch->clock];

    k->muted_until = ch->until;
    k->muted_n = ch->e->n;
    dk_case_put_id(k->muted_by, ch->e->actor);
}
