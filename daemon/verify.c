/* verify.c - does history still say what was written?  For a slice of cases:
 * each event's hash follows from the one before, none is missing, and a replay
 * of them gives the stored case.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/chain.h"
#include "daemon/daemon.h"
#include "proto/caseno.h"

struct slice {
    struct daemon *d;
    int64_t *key;
    char **doc;
    size_t n, cap_key, cap_doc;
    int64_t left;
    bool more;
};

struct replay {
    struct dk_case *c;
    const char *what; /* first fault; NULL: none */
    char detail[160];
    int64_t events;
};

static int on_case(void *arg, const struct store_case_row *row)
{
    struct slice *x = arg;

    if (x->left-- == 0) {
        x->more = true;
        return 1;
    }
    if (vec_grow(&x->key, &x->cap_key, x->n + 1) != DK_OK ||
        vec_grow(&x->doc, &x->cap_doc, x->n + 1) != DK_OK)
        return DK_ENOMEM;
    x->key[x->n] = row->key;
    x->doc[x->n] = strndup(row->doc, row->doc_len);
    return x->doc[x->n++] == NULL ? DK_ENOMEM : 0;
}

__attribute__((format(printf, 3, 4))) static void
fault(struct replay *r, const char *what, const char *fmt, ...)
{
    va_list ap;

    if (r->what != NULL)
        return;
    r->what = what;
    va_start(ap, fmt);
    vsnprintf(r->detail, sizeof(r->detail), fmt, ap);
    va_end(ap);
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
    int rc = dk_case_evolve(r->c, e);
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

/* The stored text, read and written again (the office's zone may have changed
 * since), must be the replay's.
 */
static int compare(struct daemon *d, struct replay *r, const char *doc,
                   const struct dk_case *stored)
{
    struct dk_jw a = {0};
    struct dk_jw b = {0};
    cJSON *o = NULL;
    struct dk_case *again = NULL;
    int32_t county = (int32_t)d->cfg->county;

    if (dk_json_parse_obj(doc, strlen(doc), SIZE_MAX, &o, NULL) != DK_OK ||
        dk_case_read(o, &again, NULL) != DK_OK) {
        fault(r, "bad-case", "the stored case cannot be read");
    } else {
        dk_case_write(&a, NULL, again, county, d->cfg->offset_min);
        dk_case_write(&b, NULL, r->c, county, d->cfg->offset_min);
        if (!a.oom && !b.oom &&
            (a.len != b.len || memcmp(a.buf, b.buf, a.len) != 0))
            fault(r, "case-differs",
                  "the stored case is not what its events give");
        if (memcmp(stored->hash, r->c->hash, DK_HASH_LEN) != 0)
            fault(r, "truncated-chain",
                  "the chain ends elsewhere than the case says");
    }
    cJSON_Delete(o);
    dk_case_free(again);
    int rc = a.oom || b.oom ? DK_ENOMEM : DK_OK;
    dk_jw_fini(&a);
    dk_jw_fini(&b);
    return rc;
}

static int check_case(struct daemon *d, int64_t key, const char *doc,
                      struct replay *r)
{
    struct dk_case *stored = NULL;
    int rc = store_load_cases(d->st, &key, 1, &stored);

    if (rc == DK_EJSON || rc == DK_EFIELD || (rc == DK_OK && stored == NULL)) {
        fault(r, "bad-case", "the stored case cannot be read");
        rc = DK_OK;
    }
    if (rc == DK_OK)
        r->c = dk_case_new();
    if (rc == DK_OK && r->c == NULL)
        rc = DK_ENOMEM;
    if (rc == DK_OK)
        rc = store_case_events(d->st, key, 1, INT64_MAX, on_event, r);
    if (rc == DK_OK && r->what == NULL && stored->n != r->c->n)
        fault(r, "missing-event",
              "the case has %" PRIu32 " events, %" PRIu32 " are there",
              stored->n, r->c->n);
    if (rc == DK_OK && r->what == NULL)
        rc = compare(d, r, doc, stored);
    dk_case_free(stored);
    dk_case_free(r->c);
    return rc;
}

static int check_slice(struct slice *x, struct dk_jw *w, int64_t *events)
{
    int rc = DK_OK;

    for (size_t i = 0; rc == DK_OK && i < x->n; i++) {
        struct replay r = {0};
        rc = check_case(x->d, x->key[i], x->doc[i], &r);
        *events += r.events;
        if (r.what == NULL)
            continue;
        dk_jw_obj(w, NULL);
        wire_case_no(x->d, w, "case_no", x->key[i]);
        dk_jw_str(w, "what", r.what);
        dk_jw_str(w, "detail", r.detail);
        dk_jw_end_obj(w);
    }
    return rc;
}

int read_verify(struct daemon *d, const struct item *it, struct dk_jw *w,
                struct dk_problem *p)
{
    struct slice x = {.d = d};
    struct store_case_filter f = {.state = -1};
    const char *after = NULL;
    int64_t limit = 100;
    int64_t events = 0;
    int32_t county;
    int rc = dk_json_str(it->body, "after", DK_OPTIONAL, 1, DK_CASE_NO_MAX,
                         &after, NULL, p);

    if (rc == DK_OK)
        rc = dk_json_int(it->body, "limit", DK_OPTIONAL, 1, 200, &limit, NULL,
                         p);
    if (rc == DK_OK && after != NULL &&
        dk_case_no_parse(after, &county, &f.after) != DK_OK)
        rc = dk_fail(p, DK_EFIELD, "/after",
                     "give the 'next' of the slice before",
                     "请给出上一段返回的 next");
    if (rc != DK_OK)
        return rc;
    x.left = limit;
    rc = store_list_cases(d->st, &f, limit + 1, on_case, &x);
    dk_jw_obj(w, NULL);
    dk_jw_arr(w, "faults");
    if (rc == DK_OK)
        rc = check_slice(&x, w, &events);
    dk_jw_end_arr(w);
    dk_jw_int(w, "cases", (int64_t)x.n);
    dk_jw_int(w, "events", events);
    if (x.more)
        wire_case_no(d, w, "next", x.key[x.n - 1]);
    else
        dk_jw_null(w, "next");
    dk_jw_end_obj(w);
    for (size_t i = 0; i < x.n; i++)
        free(x.doc[i]);
    free(x.doc);
    free(x.key);
    return rc == DK_OK ? rc : dk_fail(p, rc, NULL, NULL, NULL);
}
