#include "daemon/replay.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/alert_row.h"
#include "daemon/batch.h"
#include "daemon/chain.h"
#include "proto/uuid.h"

__attribute__((format(printf, 3, 4))) static void
fault(struct replay *r, const char *what, const char *fmt, ...)
{
    va_list ap;

    if (r->finding.what != NULL)
        return;
    r->finding.what = what;
    va_start(ap, fmt);
    vsnprintf(r->finding.detail, sizeof(r->finding.detail), fmt, ap);
    va_end(ap);
}

/* What a submission leaves behind: the id it came with, and who it was. */
static int keep_submission(struct replay *r, const struct dk_event *e)
{
    cJSON *o = NULL;
    const char *id = NULL, *person = NULL;
    int rc = dk_json_parse_fixed(e->body, e->body_len, e->body_len, &o, NULL);

    if (rc == DK_OK)
        rc = dk_json_str(o, "submission_id", DK_REQUIRED, 1, DK_UUID_TEXT, &id,
                         NULL, NULL);
    if (rc == DK_OK)
        rc = dk_json_str(o, "person", DK_OPTIONAL, 0, sizeof(r->person) - 1,
                         &person, NULL, NULL);
    r->request = (struct store_request){.key = e->key,
                                        .n = e->n,
                                        .state = r->c->state,
                                        .at = e->at,
                                        .submitted_at = r->c->submitted_at};
    if (rc == DK_OK)
        rc = dk_uuid_parse(id, strlen(id), &r->request.id);
    r->has_request = rc == DK_OK;
    if (rc == DK_OK && person != NULL)
        snprintf(r->person, sizeof(r->person), "%s", person);
    cJSON_Delete(o);
    return rc;
}

static int keep_alert(struct replay *r, const struct dk_event *e)
{
    size_t n = r->n_alert + 1;

    if (vec_grow(&r->alert, &r->cap_alert, n) != DK_OK ||
        vec_grow(&r->body, &r->cap_body, n) != DK_OK)
        return DK_ENOMEM;
    r->body[n - 1] = NULL;
    r->n_alert = n;
    return alert_row(e, r->c, &r->body[n - 1], &r->alert[n - 1]);
}

static int keep_ack(struct replay *r, const struct dk_event *e)
{
    size_t n = r->n_ack + 1;

    if (vec_grow(&r->ack, &r->cap_ack, n) != DK_OK ||
        vec_grow(&r->by, &r->cap_by, n) != DK_OK)
        return DK_ENOMEM;
    int rc = alert_row_ack(e, &r->ack[n - 1]);
    if (rc != DK_OK || r->ack[n - 1].n == 0)
        return rc;
    r->by[n - 1] = strdup(r->ack[n - 1].by);
    if (r->by[n - 1] == NULL)
        return DK_ENOMEM;
    r->ack[n - 1].by = r->by[n - 1];
    r->n_ack = n;
    return DK_OK;
}

/* Of the events that leave more behind than the case. */
static int keep(struct replay *r, const struct dk_event *e)
{
    if (e->type == DK_EV_SUBMITTED)
        return keep_submission(r, e);
    if (e->type == DK_EV_ALERT_RAISED) {
        int rc = keep_alert(r, e);
        return rc == DK_OK ? keep_ack(r, e) : rc;
    }
    return e->type == DK_EV_ALERT_ACKED ? keep_ack(r, e) : DK_OK;
}

/* Do what the event says, and count what it adds to the figures. */
static int evolve(struct replay *r, const struct dk_event *e)
{
    struct dk_tally_was was;
    struct dk_tallies rows;

    dk_tally_before(r->c, r->offset_min, &was);
    int rc = dk_case_evolve(r->c, e);
    if (rc != DK_OK || e->seq > r->until)
        return rc;
    rc = dk_tally(&was, e, r->c, r->offset_min, &rows);
    for (int i = 0; rc == DK_OK && i < rows.n; i++)
        r->tallies += (uint64_t)rows.v[i].n * dk_tally_print(&rows.v[i]);
    return rc;
}

static int on_event(void *arg, const struct dk_event *e)
{
    struct replay *r = arg;
    uint8_t h[DK_HASH_LEN];

    r->events++;
    if (e->n != r->c->n + 1) {
        fault(r, "missing-event",
              "after event %" PRIu32 " comes event %" PRIu32, r->c->n, e->n);
        return 1;
    }
    chain_hash(r->c->hash, e, h);
    if (memcmp(h, e->hash, DK_HASH_LEN) != 0) {
        fault(r, "changed-event",
              "event %" PRIu32 " is not the one that was written", e->n);
        return 1;
    }
    int rc = evolve(r, e);
    if (rc == DK_OK)
        rc = keep(r, e);
    if (rc == DK_ENOMEM)
        return rc;
    if (rc != DK_OK) {
        fault(r, "impossible-event", "event %" PRIu32 " (%s) cannot follow",
              e->n, dk_ev_name(e->type));
        return 1;
    }
    memcpy(r->c->hash, h, DK_HASH_LEN);
    return 0;
}

int replay_case(struct store *st, int64_t key, int offset_min, int64_t until,
                struct replay *r)
{
    *r = (struct replay){
        .c = dk_case_new(), .offset_min = offset_min, .until = until};
    if (r->c == NULL)
        return DK_ENOMEM;
    int rc = store_case_events(st, key, 1, INT64_MAX, on_event, r);
    if (rc == DK_EJSON) {
        fault(r, "bad-event",
              "the event after event %" PRIu32 " cannot be read", r->c->n);
        rc = DK_OK;
    }
    return rc;
}

void replay_fini(struct replay *r)
{
    for (size_t i = 0; i < r->n_alert; i++)
        cJSON_Delete(r->body[i]);
    for (size_t i = 0; i < r->n_ack; i++)
        free(r->by[i]);
    free(r->alert);
    free(r->body);
    free(r->ack);
    free(r->by);
    dk_case_free(r->c);
}
