#include "simulate_shape.h"

#include <stdlib.h>
#include <string.h>

#include "core/clock.h"

#define SHAPES 1024

/* ---- clocks that are set ------------------------------------------------- */

/* The texts that bodies have in common, each with the clock that it says. */
struct sim_shapes {
    struct {
        struct dk_clock clock;
        char *text;
        size_t len;
    } slot[SHAPES];
};

struct sim_shapes *sim_shapes_new(void)
{
    return calloc(1, sizeof(struct sim_shapes));
}

void sim_shapes_free(struct sim_shapes *s)
{
    for (int i = 0; s != NULL && i < SHAPES; i++)
        free(s->slot[i].text);
    free(s);
}

/* The members of which each setting has its own. */
struct setting {
    struct span basis, no, started, due;
};

static bool take(struct span key, struct span value, struct setting *own)
{
    switch (key.len) {
    case 5:
        own->basis = span_is(key, "basis") ? value : own->basis;
        return span_is(key, "basis") || span_is(key, "rungs");
    case 6:
        own->due = span_is(key, "due_at") ? value : own->due;
        return span_is(key, "due_at") || span_is(key, "policy");
    case 7:
        return span_is(key, "version") || span_is(key, "article");
    case 8:
        own->no = span_is(key, "clock_no") ? value : own->no;
        return span_is(key, "clock_no");
    case 9:
        return span_is(key, "repeat_at");
    case 10:
        own->started = span_is(key, "started_at") ? value : own->started;
        return span_is(key, "started_at");
    case 11:
        return span_is(key, "repeat_days") || span_is(key, "quiet_until");
    default:
        return false;
    }
}

/* The shape of a body as JSON text.  Warnings, repetitions and sources are left
 * out: nobody is late by them.
 */
static void write_shape(struct span body, struct setting *own, struct dk_jw *w)
{
    struct span key, value;
    struct members m;
    char name[32];

    dk_jw_obj(w, NULL);
    members_open(&m, body);
    while (members_next(&m, &key, &value)) {
        if (key.len >= sizeof(name) || take(key, value, own))
            continue;
        memcpy(name, key.at, key.len);
        name[key.len] = '\0';
        dk_jw_raw(w, name, value.at, value.len);
    }
    dk_jw_arr(w, "rungs");
    dk_jw_end_arr(w);
}

static int read_shape(struct dk_jw *w, struct dk_clock *out,
                      struct dk_problem *p)
{
    cJSON *o = NULL;
    int rc;

    dk_jw_int(w, "basis", 1);
    dk_jw_time(w, "started_at", 0, 0);
    dk_jw_time(w, "due_at", DK_DAY, 0);
    dk_jw_end_obj(w);
    if (w->oom)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    rc = dk_json_parse_obj(w->buf, w->len, w->len, &o, p);
    if (rc == 0)
        rc = dk_clock_read_set(o, out, p);
    cJSON_Delete(o);
    return rc;
}

/* The clock of a shape, from the table or into it. */
static int find_shape(struct sim_shapes *s, struct dk_jw *w,
                      struct dk_clock *out, struct dk_problem *p)
{
    uint32_t h = 2166136261U;
    size_t len = w->len;
    char *text;
    int rc;

    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)w->buf[i]) * 16777619U;
    h = (h ^ h >> 15) % SHAPES;
    if (s->slot[h].text != NULL && s->slot[h].len == len &&
        memcmp(s->slot[h].text, w->buf, len) == 0) {
        *out = s->slot[h].clock;
        return 0;
    }
    text = malloc(len);
    if (text == NULL)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    memcpy(text, w->buf, len);
    rc = read_shape(w, out, p);
    if (rc != 0) {
        free(text);
        return rc;
    }
    free(s->slot[h].text);
    s->slot[h].text = text;
    s->slot[h].len = len;
    s->slot[h].clock = *out;
    return 0;
}

/* What the setting has of its own.  DK_EFIELD: not what docket writes. */
static int read_setting(const struct setting *own, struct dk_clock *k)
{
    int64_t basis = 0, no = 0;

    if (own->basis.at == NULL || !span_int(own->basis, &basis) || basis < 1 ||
        basis > SIM_N_MAX || own->no.at == NULL || !span_int(own->no, &no) ||
        no < 1 || own->started.at == NULL || own->due.at == NULL ||
        span_time(own->started, &k->started_at) != 0 ||
        span_time(own->due, &k->due_at) != 0 || k->due_at <= k->started_at)
        return DK_EFIELD;
    k->basis = (uint32_t)basis;
    k->rung[0].at = k->due_at;
    return 0;
}

int sim_shapes_set(struct sim_shapes *s, struct span body, struct dk_jw *w,
                   struct dk_problem *p)
{
    unsigned char packed[SIM_PACK_MAX];
    struct dk_problem why;
    struct setting own = {.basis = {NULL, 0}};
    struct dk_clock k;
    size_t len;
    int rc;

    dk_problem_clear(&why);
    write_shape(body, &own, w);
    rc = w->oom ? DK_ENOMEM : find_shape(s, w, &k, &why);
    if (rc == 0 && read_setting(&own, &k) != 0)
        rc = dk_fail(&why, DK_EFIELD, NULL, "its number, basis or times",
                     "序号、依据或时间有误");
    if (rc == DK_ENOMEM)
        return dk_fail(p, rc, NULL, NULL, NULL);
    if (rc != 0)
        return dk_failf(p, rc, NULL,
                        "the clock in /body%s cannot be read: %s%.0s; is the "
                        "history of a newer docket?",
                        "无法读取 /body%s 中的期限：%.0s%s；历史是否来自"
                        "更新的版本？",
                        why.pointer, why.detail, why.detail_zh);
    len = sim_clock_pack(&k, packed);
    dk_jw_reset(w);
    dk_jw_raw(w, NULL, (const char *)packed, len);
    return 0;
}

/* ---- clocks as bytes ----------------------------------------------------- */

/* A clock is mostly zeros: a bit for each eight bytes says whether they are
 * there.  Only this program on this machine reads it again.
 */
#define WORDS ((offsetof(struct dk_clock, rung) + sizeof(struct dk_rung)) / 8)
#define MAP   ((WORDS + 63) / 64 * 8)
_Static_assert((offsetof(struct dk_clock, rung) + sizeof(struct dk_rung)) % 8 ==
                   0,
               "a clock with one rung is whole words");
_Static_assert(MAP + WORDS * 8 <= SIM_PACK_MAX, "room for all of it");

void sim_clock_bare(struct dk_clock *k)
{
    int due = dk_clock_due_rung(k);

    if (due < 0 || k->n_rung == 1)
        return;
    k->rung[0] = k->rung[due];
    k->n_rung = 1;
}

size_t sim_clock_pack(const struct dk_clock *k, unsigned char to[SIM_PACK_MAX])
{
    const char *from = (const char *)k;
    uint64_t map[MAP / 8] = {0};
    size_t len = MAP;

    for (size_t i = 0; i < WORDS; i++) {
        uint64_t v;

        memcpy(&v, from + i * 8, 8);
        if (v == 0)
            continue;
        map[i / 64] |= UINT64_C(1) << i % 64;
        memcpy(to + len, &v, 8);
        len += 8;
    }
    memcpy(to, map, MAP);
    return len;
}

bool sim_clock_unpack(const char *from, size_t len, struct dk_clock *k)
{
    uint64_t map[MAP / 8];
    size_t at = MAP;

    if (len < MAP)
        return false;
    memset(k, 0, sizeof(*k));
    memcpy(map, from, MAP);
    for (size_t i = 0; i < WORDS; i++) {
        if ((map[i / 64] >> i % 64 & 1) == 0)
            continue;
        if (len - at < 8)
            return false;
        memcpy((char *)k + i * 8, from + at, 8);
        at += 8;
    }
    return at == len;
}
