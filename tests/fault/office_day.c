/* office_day.c - the scenario: steps, each with an id of its own, so that it
 * can go on where a fault cut it short.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/uuid.h"
#include "tests/fault/disk.h"
#include "tests/fault/kit.h"
#include "tests/fault/office_int.h"

enum kind {
    SUBMIT,  /* case i */
    ACT,     /* on case i */
    SEEN,    /* the first open alert is acknowledged */
    WAIT,    /* the clock moves */
    MOVE,    /* the log moves into the file: i 0 in part, 1 whole */
    RESTART, /* i 1: a clean one */
};

struct step {
    enum kind kind;
    int i;
    const char *what; /* ACT: the action; WAIT: until when */
    const char *mark; /* ACT: the member that takes the mark */
    const char *more; /* ACT: other members */
};

static const struct step steps[] = {
    {SUBMIT, 0, NULL, NULL, NULL},
    {SUBMIT, 1, NULL, NULL, NULL},
    {SUBMIT, 2, NULL, NULL, NULL},
    {WAIT, 0, "2026-05-07T09:00:00+08:00", NULL, NULL},
    {ACT, 0, "accept", "note", ""},
    {MOVE, 0, NULL, NULL, NULL},
    {ACT, 1, "accept", "note", ""},
    {RESTART, 1, NULL, NULL, NULL},
    {SUBMIT, 3, NULL, NULL, NULL},
    {ACT, 0, "report", "text", ""},
    {ACT, 0, "answer", "text", ",\"legal_basis\":\"条例\""},
    {MOVE, 1, NULL, NULL, NULL},
    {SUBMIT, 4, NULL, NULL, NULL},
    {WAIT, 0, "2026-05-20T00:00:00+08:00", NULL, NULL},
    {SEEN, 0, NULL, NULL, NULL},
    {RESTART, 0, NULL, NULL, NULL},
    {ACT, 1, "report", "text", ""},
    {SUBMIT, 5, NULL, NULL, NULL},
    {WAIT, 0, "2026-06-01T00:00:00+08:00", NULL, NULL},
    {ACT, 1, "answer", "text", ",\"legal_basis\":\"条例\""},
    {MOVE, 0, NULL, NULL, NULL},
    {ACT, 2, "accept", "note", ""},
    {ACT, 2, "report", "text", ""},
    {ACT, 3, "accept", "note", ""},
};
#define STEPS (sizeof(steps) / sizeof(steps[0]))

struct dk_uuid office_uuid(size_t id)
{
    struct dk_uuid u;
    uint8_t rnd[10] = {7, 0, 0, 0, (uint8_t)id};

    dk_uuid_v7(&u, INT64_C(1778029200000), rnd);
    return u;
}

static void uuid_of(size_t id, char buf[DK_UUID_TEXT])
{
    struct dk_uuid u = office_uuid(id);

    dk_uuid_format(&u, buf);
}

static bool say(struct office *o, size_t id, const char *type, const char *body,
                bool harmless, cJSON **out)
{
    char request[32];

    snprintf(request, sizeof(request), "c%zu", id);
    history_try(&o->history, id, 0, disk_now());
    cJSON *answer = office_ask(o, type, request, body, harmless);
    if (out != NULL)
        *out = answer;
    else
        cJSON_Delete(answer);
    return answer != NULL;
}

static bool do_submit(struct office *o, size_t id, int i)
{
    char uuid[DK_UUID_TEXT];
    char body[512];
    cJSON *answer = NULL;

    uuid_of(id, uuid);
    snprintf(body, sizeof(body),
             "{\"submission_id\":\"%s\",\"channel\":\"kiosk\","
             "\"subject\":\"路灯 #%zu#\",\"facts\":\"坏了 %d\",\"persons\":"
             "[{\"name\":\"某人\"}]}",
             uuid, id, i);
    if (!say(o, id, "case.submit", body, false, &answer))
        return false;
    const char *no = cJSON_GetStringValue(
        cJSON_GetObjectItemCaseSensitive(answer, "case_no"));
    need(no != NULL && strlen(no) < DK_CASE_NO_MAX);
    strcpy(o->case_no[i], no);
    cJSON_Delete(answer);
    return true;
}

static bool do_act(struct office *o, size_t id, const struct step *s)
{
    char uuid[DK_UUID_TEXT];
    char body[512];

    uuid_of(id, uuid);
    snprintf(body, sizeof(body),
             "{\"command_id\":\"%s\",\"case_no\":\"%s\",\"action\":\"%s\","
             "\"actor\":\"officer:li\",\"%s\":\"#%zu#\"%s}",
             uuid, o->case_no[s->i], s->what, s->mark, id, s->more);
    return say(o, id, "case.act", body, false, NULL);
}

/* Which alert is chosen once: asked again later, another might be first. */
static bool do_seen(struct office *o, size_t id)
{
    char body[256];

    if (o->alert_id[0] == '\0') {
        cJSON *list = office_ask(o, "alert.list", "list", "{}", false);
        if (list == NULL)
            return false;
        const cJSON *item = cJSON_GetArrayItem(
            cJSON_GetObjectItemCaseSensitive(list, "items"), 0);
        const char *alert = cJSON_GetStringValue(
            cJSON_GetObjectItemCaseSensitive(item, "alert_id"));
        need(alert != NULL);
        snprintf(o->alert_id, sizeof(o->alert_id), "%s", alert);
        cJSON_Delete(list);
    }
    snprintf(body, sizeof(body),
             "{\"alert_id\":\"%s\",\"actor\":\"officer:li\",\"note\":"
             "\"#%zu#\"}",
             o->alert_id, id);
    return say(o, id, "alert.ack", body, false, NULL);
}

static bool do_wait(struct office *o, size_t id, const char *to)
{
    char body[128];
    char request[32]; /* an answer that came twice is not the next one's */

    snprintf(request, sizeof(request), "q%zu", id);

    snprintf(body, sizeof(body), "{\"to\":\"%s\",\"settle\":true}", to);
    cJSON *answer = office_ask(o, "clock.set", request, body, false);
    cJSON_Delete(answer);
    return answer != NULL;
}

/* As the housekeeping does after a quiet while. */
static bool do_move(struct office *o, bool whole)
{
    kit_exempt--;
    int rc = store_checkpoint(o->d.st, whole);
    kit_exempt++;
    if (rc == DK_EIO)
        o->d.exit_code = 74;
    return rc != DK_EIO;
}

static bool do_restart(struct office *o, bool clean)
{
    office_stop(o, clean);
    return office_start(o) == 0;
}

static bool do_step(struct office *o, size_t id)
{
    const struct step *s = &steps[id];

    switch (s->kind) {
    case SUBMIT:
        return do_submit(o, id, s->i);
    case ACT:
        return do_act(o, id, s);
    case SEEN:
        return do_seen(o, id);
    case WAIT:
        return do_wait(o, id, s->what);
    case MOVE:
        return do_move(o, s->i != 0);
    case RESTART:
        o->step++; /* a start that fails is somebody else's to repeat */
        return do_restart(o, s->i != 0);
    }
    return false;
}

bool office_day(struct office *o)
{
    while (o->step < STEPS) {
        size_t id = o->step;

        if (!do_step(o, id))
            return false;
        if (o->step == id)
            o->step++;
    }
    return true;
}

/* ---- what is found afterwards ------------------------------------------- */

struct marks {
    struct history_seen *v;
    size_t n, cap;
};

static int on_event(void *arg, const struct dk_event *e)
{
    struct marks *m = arg;
    const char *at = strchr(e->body, '#');
    char *end = NULL;
    unsigned long id = at != NULL ? strtoul(at + 1, &end, 10) : 0;

    if (at == NULL || *end != '#')
        return 0;
    m->v = kit_grow(m->v, m->n, &m->cap, sizeof(*m->v));
    m->v[m->n++] = (struct history_seen){.id = id, .what = 0};
    return 0;
}

int office_seen(struct store *st, struct history_seen **out, size_t *n)
{
    struct marks m = {NULL, 0, 0};
    int rc = store_events(st, 1, INT64_MAX, on_event, &m);

    *out = m.v;
    *n = m.n;
    return rc;
}
