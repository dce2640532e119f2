/* reads.c - answers about one case, and about the broker itself. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/page.h"

int read_hello(struct daemon *d, const struct item *it, struct dk_jw *w,
               struct dk_problem *p)
{
    const char *client = "";
    int rc =
        dk_json_str(it->body, "client", DK_OPTIONAL, 1, 200, &client, NULL, p);

    if (rc != DK_OK)
        return rc;
    dk_jw_obj(w, NULL);
    dk_jw_str(w, "server", "docketd");
    dk_jw_str(w, "version", DK_VERSION_TEXT);
    dk_jw_str(w, "protocol", DK_VERSION_FRAME);
    dk_jw_hex(w, "broker", d->info.broker, sizeof(d->info.broker));
    wire_county(d, w, "county");
    dk_jw_time(w, "now", wall_now(&d->wall), d->cfg->offset_min);
    wire_offset(w, "utc_offset", d->cfg->offset_min);
    dk_jw_bool(w, "test_clock", d->wall.test);
    dk_jw_obj(w, "limits");
    dk_jw_int(w, "body", DK_BODY_MAX);
    dk_jw_int(w, "depth", DK_DEPTH_MAX);
    dk_jw_int(w, "batch", d->cfg->batch);
    dk_jw_end_obj(w);
    dk_jw_end_obj(w);
    return DK_OK;
}

int read_clock_now(struct daemon *d, const struct item *it, struct dk_jw *w,
                   struct dk_problem *p)
{
    (void)it;
    (void)p;
    dk_jw_obj(w, NULL);
    dk_jw_time(w, "now", wall_now(&d->wall), d->cfg->offset_min);
    dk_jw_bool(w, "test_clock", d->wall.test);
    dk_jw_time(w, "target", d->advance.on ? d->advance.target : DK_NEVER,
               d->cfg->offset_min);
    dk_jw_end_obj(w);
    return DK_OK;
}

/* One case from the store, if the asker may see it; *out is the caller's. */
static int fetch(struct daemon *d, const struct item *it, int64_t key,
                 struct dk_case **out, struct dk_problem *p)
{
    int rc = store_load_cases(d->st, &key, 1, out);

    return rc == DK_OK ? sight_case(it, *out, p)
                       : dk_fail(p, rc, NULL, NULL, NULL);
}

int read_case(struct daemon *d, const struct item *it, struct dk_jw *w,
              struct dk_problem *p)
{
    int64_t key;
    struct dk_case *c = NULL;
    int rc = door_case_no(d, it->body, "case_no", &key, p);

    if (rc == DK_OK)
        rc = fetch(d, it, key, &c, p);
    if (rc == DK_OK)
        dk_case_write(w, NULL, c, (int32_t)d->cfg->county, d->cfg->offset_min);
    dk_case_free(c);
    return rc;
}

static int on_first(void *arg, const struct dk_event *e)
{
    struct dk_uuid *out = arg;
    cJSON *o = NULL;
    int rc = dk_json_parse_obj(e->body, e->body_len, e->body_len, &o, NULL);

    if (rc == DK_OK)
        rc = dk_json_uuid(o, "submission_id", DK_REQUIRED, false, out, NULL,
                          NULL);
    cJSON_Delete(o);
    return rc;
}

static void write_query(struct daemon *d, struct dk_jw *w,
                        const struct dk_case *c)
{
    const struct dk_clock *next = NULL;

    for (int i = 0; i < c->n_clock; i++) {
        const struct dk_clock *k = &c->clock[i];
        if (k->state == DK_CLOCK_RUNNING &&
            (next == NULL || k->due_at < next->due_at))
            next = k;
    }
    dk_jw_obj(w, NULL);
    wire_case_no(d, w, "case_no", c->key);
    dk_jw_str(w, "state", dk_state_name(c->state));
    dk_jw_str(w, "state_zh", dk_state_zh(c->state));
    dk_jw_time(w, "submitted_at", c->submitted_at, d->cfg->offset_min);
    dk_jw_str(w, "unit", c->unit[0] != '\0' ? c->unit : NULL);
    dk_jw_str(w, "owner", dk_case_owner(c));
    if (next == NULL) {
        dk_jw_null(w, "next_limit");
    } else {
        dk_jw_obj(w, "next_limit");
        dk_jw_str(w, "clock", next->id);
        dk_jw_time(w, "due_at", next->due_at, d->cfg->offset_min);
        dk_jw_end_obj(w);
    }
    dk_jw_end_obj(w);
}

int read_query(struct daemon *d, const struct item *it, struct dk_jw *w,
               struct dk_problem *p)
{
    int64_t key;
    const char *code;
    struct dk_case *c = NULL;
    struct dk_uuid submission;
    char mine[9];
    int rc = door_case_no(d, it->body, "case_no", &key, p);

    if (rc == DK_OK)
        rc = dk_json_str(it->body, "query_code", DK_REQUIRED, 8, 8, &code, NULL,
                         p);
    if (rc != DK_OK)
        return rc;
    rc = store_load_cases(d->st, &key, 1, &c);
    if (rc == DK_OK && c == NULL)
        rc = DK_ENOTFOUND;
    if (rc == DK_OK)
        rc = store_case_events(d->st, key, 1, 1, on_first, &submission);
    if (rc == DK_OK)
        query_code(d, &submission, mine);
    /* No such case and a wrong code look the same from outside. */
    if (rc == DK_ENOTFOUND ||
        (rc == DK_OK && sodium_memcmp(mine, code, 8) != 0))
        rc = dk_fail(p, DK_ENOTFOUND, "/query_code",
                     "number and query code do not belong together; both are "
                     "on the receipt",
                     "编号与查询码不符；二者均印在回执上");
    if (rc == DK_OK)
        write_query(d, w, c);
    dk_case_free(c);
    return rc;
}

struct events_page {
    struct daemon *d;
    struct dk_jw *w;
    int64_t left;
    size_t start;
    uint32_t last_n;
    bool more;
};

static int on_case_event(void *arg, const struct dk_event *e)
{
    struct events_page *x = arg;

    if (x->left-- == 0 || x->w->len - x->start > DK_REPLY_MAX / 2) {
        x->more = true;
        return 1;
    }
    wire_event(x->d, x->w, NULL, e);
    x->last_n = e->n;
    return 0;
}

int read_events(struct daemon *d, const struct item *it, struct dk_jw *w,
                struct dk_problem *p)
{
    int64_t key;
    int64_t from = 1;
    int64_t limit = 50;
    struct dk_case *c = NULL;
    int rc = door_case_no(d, it->body, "case_no", &key, p);

    if (rc == DK_OK)
        rc = dk_json_int(it->body, "from_n", DK_OPTIONAL, 1, UINT32_MAX, &from,
                         NULL, p);
    if (rc == DK_OK)
        rc = dk_json_int(it->body, "limit", DK_OPTIONAL, 1, 500, &limit, NULL,
                         p);
    if (rc == DK_OK)
        rc = fetch(d, it, key, &c, p);
    dk_case_free(c);
    if (rc != DK_OK)
        return rc;
    struct events_page x = {d, w, limit, w->len, 0, false};
    dk_jw_obj(w, NULL);
    dk_jw_arr(w, "items");
    rc = store_case_events(d->st, key, (uint32_t)from, limit + 1, on_case_event,
                           &x);
    dk_jw_end_arr(w);
    if (x.more)
        wire_id(w, "next", (int64_t)x.last_n + 1);
    else
        dk_jw_null(w, "next");
    dk_jw_end_obj(w);
    return rc == DK_OK ? rc : dk_fail(p, rc, NULL, NULL, NULL);
}
