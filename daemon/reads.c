/* reads.c - answers about one case, and about the broker itself. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/page.h"

/* Who the asker is here: a page shows what its reader may do. */
static void write_you(struct dk_jw *w, const struct dk_who *who)
{
    dk_jw_obj(w, "you");
    dk_jw_str(w, "name", who->name);
    dk_jw_arr(w, "roles");
    for (unsigned i = 0; i < DK_ROLE_N; i++)
        if ((who->roles & 1u << i) != 0)
            dk_jw_str(w, NULL, dk_role_name(1u << i));
    dk_jw_end_arr(w);
    dk_jw_str(w, "unit", who->unit[0] != '\0' ? who->unit : NULL);
    dk_jw_end_obj(w);
}

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
    write_you(w, &it->who);
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

    return rc == DK_OK ? sight_case(d, it, *out, p)
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
    int cut = rc == DK_OK ? sight_repeat(d, &it->who, c) : 0;
    if (cut < 0)
        rc = dk_fail(p, cut, NULL, NULL, NULL);
    if (rc == DK_OK)
        dk_case_write(w, NULL, c, (int32_t)d->cfg->county, d->cfg->offset_min);
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
    /* Of the links of an officer of a unit: who had that case is shown. */
    bool cut;
    int64_t shown;
};

static int write_event(struct events_page *x, const struct dk_event *e)
{
    struct dk_event seen = *e;
    struct dk_jw body = {0};
    int rc = x->cut ? sight_event(e, x->shown, &body) : 0;

    if (rc == 1) {
        seen.body = body.buf;
        seen.body_len = body.len;
    }
    if (rc >= 0)
        wire_event(x->d, x->w, NULL, &seen);
    dk_jw_fini(&body);
    return rc < 0 ? rc : 0;
}

static int on_case_event(void *arg, const struct dk_event *e)
{
    struct events_page *x = arg;

    if (x->left-- == 0 || x->w->len - x->start > DK_REPLY_MAX / 2) {
        x->more = true;
        return 1;
    }
    x->last_n = e->n;
    return write_event(x, e);
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
    int cut = rc == DK_OK ? sight_repeat(d, &it->who, c) : 0;
    if (cut < 0)
        rc = dk_fail(p, cut, NULL, NULL, NULL);
    struct events_page x = {.d = d,
                            .w = w,
                            .left = limit,
                            .start = w->len,
                            .cut = dk_sees_unit(&it->who),
                            .shown =
                                rc == DK_OK && cut == 0 ? c->repeat_of : 0};
    dk_case_free(c);
    if (rc != DK_OK)
        return rc;
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
