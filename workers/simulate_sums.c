#include "simulate_sums.h"

#include <stdlib.h>
#include <string.h>

#include "simulate_pipe.h"

/* ---- days ---------------------------------------------------------------- */

static int days_room(struct days *d, uint32_t n)
{
    uint32_t cap = d->n != 0 ? d->n : 64;
    uint64_t *v;

    if (n <= d->n)
        return 0;
    while (cap < n)
        cap *= 2;
    v = realloc(d->count, cap * sizeof(*v));
    if (v == NULL)
        return DK_ENOMEM;
    memset(v + d->n, 0, (cap - d->n) * sizeof(*v));
    d->count = v;
    d->n = cap;
    return 0;
}

static int days_add(struct days *d, int64_t days, uint64_t times)
{
    uint32_t i = (uint32_t)(days < SUMS_DAYS_MAX ? days : SUMS_DAYS_MAX);
    int rc = days_room(d, i + 1);

    if (rc != 0)
        return rc;
    d->count[i] += times;
    d->all += times;
    return 0;
}

static int days_merge(struct days *d, const struct days *other)
{
    int rc = 0;

    for (uint32_t i = 0; rc == 0 && i < other->n; i++) {
        if (other->count[i] > 0)
            rc = days_add(d, i, other->count[i]);
    }
    return rc;
}

int64_t days_median(const struct days *d)
{
    uint64_t half = (d->all + 1) / 2, seen = 0;

    for (uint32_t i = 0; i < d->n; i++) {
        seen += d->count[i];
        if (seen >= half && half > 0)
            return i;
    }
    return 0;
}

int64_t days_worst(const struct days *d)
{
    for (uint32_t i = d->n; i > 0; i--) {
        if (d->count[i - 1] > 0)
            return i - 1;
    }
    return 0;
}

/* ---- rows ---------------------------------------------------------------- */

static uint32_t hash(const char *unit, const char *clock)
{
    uint32_t h = 2166136261U;

    for (; *unit != '\0'; unit++)
        h = (h ^ (unsigned char)*unit) * 16777619U;
    h = (h ^ 0xffU) * 16777619U;
    for (; *clock != '\0'; clock++)
        h = (h ^ (unsigned char)*clock) * 16777619U;
    return h;
}

static int rehash(struct sums *s)
{
    size_t n = s->n_slot != 0 ? s->n_slot * 2 : 256;
    uint32_t *slot = calloc(n, sizeof(*slot));

    if (slot == NULL)
        return DK_ENOMEM;
    for (size_t i = 0; i < s->n_row; i++) {
        size_t at = hash(s->row[i].unit, s->row[i].clock) & (n - 1);

        while (slot[at] != 0)
            at = (at + 1) & (n - 1);
        slot[at] = (uint32_t)i + 1;
    }
    free(s->slot);
    s->slot = slot;
    s->n_slot = n;
    return 0;
}

static struct row *append_row(struct sums *s)
{
    if (s->n_row == s->cap_row) {
        size_t cap = s->cap_row != 0 ? s->cap_row * 2 : 64;
        struct row *v = realloc(s->row, cap * sizeof(*v));

        if (v == NULL)
            return NULL;
        s->row = v;
        s->cap_row = cap;
    }
    s->row[s->n_row] = (struct row){.limits_then = 0};
    return &s->row[s->n_row++];
}

/* The row of a unit and a clock, new if need be; NULL: out of memory. */
static struct row *find_row(struct sums *s, const char *unit, const char *clock)
{
    size_t at;
    struct row *r;

    if (s->n_row * 2 >= s->n_slot && rehash(s) != 0)
        return NULL;
    at = hash(unit, clock) & (s->n_slot - 1);
    for (; s->slot[at] != 0; at = (at + 1) & (s->n_slot - 1)) {
        r = &s->row[s->slot[at] - 1];
        if (strcmp(r->unit, unit) == 0 && strcmp(r->clock, clock) == 0)
            return r;
    }
    r = append_row(s);
    if (r == NULL)
        return NULL;
    memcpy(r->unit, unit, strlen(unit) + 1);
    memcpy(r->clock, clock, strlen(clock) + 1);
    s->slot[at] = (uint32_t)s->n_row;
    return r;
}

/* ---- one life ------------------------------------------------------------ */

static int add_change(struct sums *s, const struct change *c)
{
    if (!s->list)
        return 0;
    if (s->n_change == s->cap_change) {
        size_t cap = s->cap_change != 0 ? s->cap_change * 2 : 256;
        struct change *v = realloc(s->change, cap * sizeof(*v));

        if (v == NULL)
            return DK_ENOMEM;
        s->change = v;
        s->cap_change = cap;
    }
    s->change[s->n_change++] = *c;
    return 0;
}

/* The same limit in the other life, or NULL. */
static const struct sim_limit *find_limit(const struct sim_limits *in,
                                          const struct sim_limit *l)
{
    for (size_t i = 0; i < in->n; i++) {
        if (in->v[i].basis == l->basis && strcmp(in->v[i].clock, l->clock) == 0)
            return &in->v[i];
    }
    return NULL;
}

/* Count one limit, which exists in at least one life. */
static int add_limit(struct sums *s, const struct change *of,
                     const struct sim_limit *then, const struct sim_limit *now)
{
    const struct sim_limit *any = now != NULL ? now : then;
    bool was = then != NULL && then->late, is = now != NULL && now->late;
    struct row *r = find_row(s, any->unit, any->clock);
    struct change c = *of;
    int rc = 0;

    if (r == NULL)
        return DK_ENOMEM;
    r->limits_then += then != NULL;
    r->limits_now += now != NULL;
    r->late_then += was;
    r->late_now += is;
    r->newly_late += is && !was;
    r->newly_in_time += was && !is;
    if (was)
        rc = days_add(&r->days_then, then->days, 1);
    if (rc == 0 && is)
        rc = days_add(&r->days_now, now->days, 1);
    if (rc != 0 || was == is)
        return rc;
    c.basis = any->basis;
    c.late = is;
    c.days = is ? now->days : then->days;
    c.due_then = then != NULL ? then->due : DK_NEVER;
    c.due_now = now != NULL ? now->due : DK_NEVER;
    memcpy(c.unit, any->unit, sizeof(c.unit));
    memcpy(c.clock, any->clock, sizeof(c.clock));
    return add_change(s, &c);
}

static bool is_any_late(const struct sim_limits *in)
{
    for (size_t i = 0; i < in->n; i++) {
        if (in->v[i].late)
            return true;
    }
    return false;
}

static void note_uncounted(struct sums *s, int64_t key, uint32_t county,
                           const struct dk_problem *why)
{
    if (s->uncounted == 0 || key < s->uncounted_key ||
        (key == s->uncounted_key && county < s->uncounted_county)) {
        s->uncounted_key = key;
        s->uncounted_county = county;
        s->why = *why;
    }
}

int sums_add(struct sums *s, int64_t key, uint32_t county,
             const struct sim_life *l)
{
    const struct change of = {.key = key, .county = county};
    bool was = is_any_late(&l->was), is = is_any_late(&l->is);
    int rc = 0;

    if (l->left_out) {
        s->left_out++;
        return 0;
    }
    if (l->uncounted) {
        note_uncounted(s, key, county, &l->why);
        s->uncounted++;
        return 0;
    }
    s->cases++;
    s->late_then += was;
    s->late_now += is;
    s->newly_late += is && !was;
    s->newly_in_time += was && !is;
    if (l->refused >= 0)
        s->refused[l->refused]++;
    for (size_t i = 0; rc == 0 && i < l->is.n; i++)
        rc = add_limit(s, &of, find_limit(&l->was, &l->is.v[i]), &l->is.v[i]);
    for (size_t i = 0; rc == 0 && i < l->was.n; i++) {
        if (find_limit(&l->is, &l->was.v[i]) == NULL)
            rc = add_limit(s, &of, &l->was.v[i], NULL);
    }
    return rc;
}

/* ---- all of them --------------------------------------------------------- */

static int merge_row(struct row *to, const struct row *from)
{
    int rc = days_merge(&to->days_then, &from->days_then);

    if (rc == 0)
        rc = days_merge(&to->days_now, &from->days_now);
    to->limits_then += from->limits_then;
    to->limits_now += from->limits_now;
    to->late_then += from->late_then;
    to->late_now += from->late_now;
    to->newly_late += from->newly_late;
    to->newly_in_time += from->newly_in_time;
    return rc;
}

int sums_merge(struct sums *s, const struct sums *other)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < other->n_row; i++) {
        const struct row *from = &other->row[i];
        struct row *to = find_row(s, from->unit, from->clock);

        rc = to != NULL ? merge_row(to, from) : DK_ENOMEM;
    }
    for (size_t i = 0; rc == 0 && i < other->n_change; i++)
        rc = add_change(s, &other->change[i]);
    s->cases += other->cases;
    s->late_then += other->late_then;
    s->late_now += other->late_now;
    s->newly_late += other->newly_late;
    s->newly_in_time += other->newly_in_time;
    s->left_out += other->left_out;
    for (int e = 0; e < DK_EV_N; e++)
        s->refused[e] += other->refused[e];
    if (other->uncounted > 0)
        note_uncounted(s, other->uncounted_key, other->uncounted_county,
                       &other->why);
    s->uncounted += other->uncounted;
    return rc;
}

bool sums_is_first(const struct sums *s, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (strcmp(s->row[k].clock, s->row[i].clock) == 0)
            return false;
    }
    return true;
}

void sums_free_row(struct row *r)
{
    free(r->days_then.count);
    free(r->days_now.count);
}

int sums_total(const struct sums *s, const char *clock_or_null, struct row *out)
{
    int rc = 0;

    *out = (struct row){.limits_then = 0};
    if (clock_or_null != NULL)
        memcpy(out->clock, clock_or_null, strlen(clock_or_null) + 1);
    for (size_t i = 0; rc == 0 && i < s->n_row; i++) {
        if (clock_or_null == NULL ||
            strcmp(s->row[i].clock, clock_or_null) == 0)
            rc = merge_row(out, &s->row[i]);
    }
    return rc;
}

static int by_unit(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    int d = strcmp(x->unit, y->unit);

    return d != 0 ? d : strcmp(x->clock, y->clock);
}

static int by_case(const void *a, const void *b)
{
    const struct change *x = a, *y = b;

    if (x->county != y->county)
        return x->county < y->county ? -1 : 1;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    if (x->basis != y->basis)
        return x->basis < y->basis ? -1 : 1;
    return strcmp(x->clock, y->clock);
}

void sums_sort(struct sums *s)
{
    if (s->n_row > 0)
        qsort(s->row, s->n_row, sizeof(*s->row), by_unit);
    if (s->n_change > 0)
        qsort(s->change, s->n_change, sizeof(*s->change), by_case);
    /* The table of slots speaks of the old order. */
    free(s->slot);
    s->slot = NULL;
    s->n_slot = 0;
}

void sums_fini(struct sums *s)
{
    for (size_t i = 0; i < s->n_row; i++)
        sums_free_row(&s->row[i]);
    free(s->row);
    free(s->slot);
    free(s->change);
    *s = (struct sums){.row = NULL};
}

/* ---- through a pipe ------------------------------------------------------ */

int sums_send(int fd, const struct sums *s)
{
    int rc = pipe_send(fd, s, sizeof(*s));

    if (rc == 0)
        rc = pipe_send(fd, s->row, s->n_row * sizeof(*s->row));
    for (size_t i = 0; rc == 0 && i < s->n_row; i++) {
        const struct row *r = &s->row[i];

        rc = pipe_send(fd, r->days_then.count, r->days_then.n * 8);
        if (rc == 0)
            rc = pipe_send(fd, r->days_now.count, r->days_now.n * 8);
    }
    if (rc == 0)
        rc = pipe_send(fd, s->change, s->n_change * sizeof(*s->change));
    return rc;
}

static int receive_days(int fd, struct days *d)
{
    if (d->n == 0)
        return 0;
    d->count = malloc(d->n * sizeof(*d->count));
    if (d->count == NULL)
        return DK_ENOMEM;
    return pipe_receive(fd, d->count, d->n * sizeof(*d->count));
}

static int receive_rows(int fd, struct sums *s, size_t n)
{
    int rc;

    s->row = calloc(n, sizeof(*s->row));
    if (s->row == NULL)
        return DK_ENOMEM;
    rc = pipe_receive(fd, s->row, n * sizeof(*s->row));
    /* Their counts are addresses of the other process. */
    for (size_t i = 0; i < n; i++)
        s->row[i].days_then.count = s->row[i].days_now.count = NULL;
    s->n_row = s->cap_row = n;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        rc = receive_days(fd, &s->row[i].days_then);
        if (rc == 0)
            rc = receive_days(fd, &s->row[i].days_now);
    }
    return rc;
}

int sums_receive(int fd, struct sums *s)
{
    size_t n_row, n_change;
    int rc = pipe_receive(fd, s, sizeof(*s));

    if (rc != 0) {
        *s = (struct sums){.row = NULL};
        return rc;
    }
    n_row = s->n_row;
    n_change = s->n_change;
    s->row = NULL;
    s->slot = NULL;
    s->change = NULL;
    s->n_row = s->cap_row = s->n_slot = s->n_change = s->cap_change = 0;
    if (n_row > 0)
        rc = receive_rows(fd, s, n_row);
    if (rc != 0 || n_change == 0)
        return rc;
    s->change = malloc(n_change * sizeof(*s->change));
    if (s->change == NULL)
        return DK_ENOMEM;
    s->n_change = s->cap_change = n_change;
    return pipe_receive(fd, s->change, n_change * sizeof(*s->change));
}
