/* officework.h - docketd in the test's own process, with a store in memory,
 * driven item by item or tick by tick.
 */
#ifndef DK_TESTS_OFFICEWORK_H
#define DK_TESTS_OFFICEWORK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/daemon.h"
#include "proto/caseno.h"
#include "proto/uuid.h"
#include "tests/support/folder.h"

#define OFFICE_NOW INT64_C(1778029200000) /* 2026-05-06T09:00+08:00 */

struct office {
    char dir[64];
    struct config cfg;
    struct daemon d;
    int said; /* submissions and commands so far: each has an id of its own */
};

static inline int office_open(void **state)
{
    struct office *o = calloc(1, sizeof(*o));

    assert_non_null(o);
    folder_make(o->dir, sizeof(o->dir), "dk-office");
    config_defaults(&o->cfg);
    o->cfg.county = 330699;
    o->cfg.test_clock = true;
    o->cfg.test_time = OFFICE_NOW;
    o->cfg.heartbeat_ms = 60000;
    strcpy(o->cfg.store, "mem:");
    snprintf(o->cfg.data, sizeof(o->cfg.data), "%s", o->dir);
    snprintf(o->cfg.clients, sizeof(o->cfg.clients), "ipc://%s/c", o->dir);
    snprintf(o->cfg.workers, sizeof(o->cfg.workers), "ipc://%s/w", o->dir);
    log_set_level(LOG_ERR_);
    assert_int_equal(daemon_build(&o->d, &o->cfg), 0);
    batch_reset(&o->d.batch, OFFICE_NOW);
    *state = o;
    return 0;
}

static inline int office_close(void **state)
{
    struct office *o = *state;
    char line[96];

    daemon_tear_down(&o->d);
    snprintf(line, sizeof(line), "rm -rf '%s'", o->dir);
    free(o);
    return system(line);
}

/* An item more in the batch, of an administrator's; the others may move. */
static inline struct item *office_item(struct office *o, enum item_kind kind,
                                       const char *body)
{
    struct item *it = batch_item(&o->d.batch);

    assert_non_null(it);
    it->kind = kind;
    it->actor = "officer:li";
    it->who = (struct dk_who){.name = "li", .roles = DK_ROLE_ADMINISTRATOR};
    it->has_peer = true;
    it->peer = (struct zev_peer){.id = {'w'}, .len = 1};
    strcpy(it->request, "1");
    it->body = cJSON_Parse(body);
    assert_non_null(it->body);
    return it;
}

static inline void office_id(struct office *o, struct item *it)
{
    uint8_t rnd[10] = {(uint8_t)++o->said, (uint8_t)(o->said >> 8)};

    dk_uuid_v7(&it->id, OFFICE_NOW, rnd);
    memset(it->hash, o->said, sizeof(it->hash));
}

/* A submission, not yet applied; `more` members of its body. */
static inline struct item *office_submission(struct office *o, const char *more)
{
    struct dk_problem p = {0};
    char id[DK_UUID_TEXT], body[1024];
    struct item *it = office_item(o, ITEM_SUBMIT, "{}");

    office_id(o, it);
    dk_uuid_format(&it->id, id);
    snprintf(body, sizeof(body),
             "{\"submission_id\":\"%s\",\"channel\":\"kiosk\",\"subject\":"
             "\"路灯\",\"facts\":\"坏了\"%s}",
             id, more);
    cJSON_Delete(it->body);
    it->body = cJSON_Parse(body);
    assert_non_null(it->body);
    if (dk_submit_read(it->body, &it->submit, &p) != DK_OK)
        fail_msg("%s", p.detail);
    return it;
}

static inline struct item *office_act(struct office *o, int64_t key,
                                      enum dk_action action, const char *body)
{
    struct item *it = office_item(o, ITEM_ACT, body);

    office_id(o, it);
    it->action = action;
    it->key = key;
    return it;
}

/* Apply it; true: it was taken. */
static inline bool office_apply(struct office *o, struct item *it)
{
    apply_item(&o->d, it);
    assert_non_null(it->type);
    return strcmp(it->type, "ok") == 0;
}

static inline int64_t office_refused(const struct office *o, int code)
{
    return o->d.stats.refused[-code];
}

/* A new case in the batch: its key. */
static inline int64_t office_case(struct office *o, const char *more)
{
    struct batch *b = &o->d.batch;

    assert_true(office_apply(o, office_submission(o, more)));
    return b->request[b->n_request - 1].key;
}

static inline struct dk_case *office_slot(struct office *o, int64_t key)
{
    struct slot *s = batch_slot(&o->d.batch, key);

    assert_non_null(s);
    return s->c;
}

/* What the batch answers to it, parsed. */
static inline cJSON *office_answer(struct office *o, const struct item *it)
{
    cJSON *v = cJSON_ParseWithLength(o->d.batch.replies.buf + it->at, it->len);

    assert_non_null(v);
    return v;
}

#endif
