#include "tests/fault/truth.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>
#include <sqlite3.h>

#include "daemon/daemon.h"
#include "tests/fault/disk.h"
#include "tests/fault/kit.h"
#include "tests/fault/office.h"
#include "tests/support/folder.h"

/* ---- rows --------------------------------------------------------------- */

static void put_hex(FILE *f, const void *p, size_t n)
{
    const uint8_t *b = p;

    for (size_t i = 0; i < n; i++)
        fprintf(f, "%02x", b[i]);
}

static int on_event(void *arg, const struct dk_event *e)
{
    FILE *f = arg;

    fprintf(f, "event %" PRId64 " %" PRId64 " %u %d %" PRId64 " %" PRId64,
            e->seq, e->key, e->n, (int)e->type, e->at, e->claimed);
    fprintf(f, " %s ", e->actor);
    put_hex(f, e->hash, sizeof(e->hash));
    fprintf(f, " %zu %s\n", e->body_len, e->body);
    return 0;
}

static int on_case(void *arg, const struct store_case_row *r)
{
    fprintf(arg, "case %" PRId64 " %d %" PRId64 " %.*s\n", r->key, r->urgent,
            r->due, (int)r->doc_len, r->doc);
    return 0;
}

static int on_task(void *arg, const struct store_task_info *t)
{
    fprintf(arg, "task %" PRId64 " %d %" PRId64 " %u %d %d %" PRId64 " %s\n",
            t->t.id, (int)t->t.service, t->t.key, t->t.n, t->t.attempts,
            t->dead, t->failed_at, t->reason);
    return 0;
}

static int on_open_task(void *arg, const struct store_task_row *r)
{
    fprintf(arg, "open %" PRId64 " %" PRId64 " %.*s\n", r->t.id,
            r->e != NULL ? r->e->seq : -1, (int)r->doc_len,
            r->doc != NULL ? r->doc : "");
    return 0;
}

static const char *or_none(const char *s)
{
    return s != NULL ? s : "-";
}

static int on_alert(void *arg, const struct store_alert_row *r)
{
    fprintf(arg,
            "alert %" PRId64 " %u %s %s %s %s %" PRId64 " %" PRId64 " %s "
            "%" PRId64 " %s\n",
            r->a.key, r->a.n, r->a.clock, r->a.rung, r->a.level, r->a.unit,
            r->a.raised_at, r->a.due_at, or_none(r->a.body), r->acked_at,
            or_none(r->acked_by));
    return 0;
}

static int on_clock(void *arg, const struct store_clock_row *r)
{
    fprintf(arg, "clock %" PRId64 " %s %s %d %d %" PRId64 " %" PRId64 "\n",
            r->key, r->id, r->unit, (int)r->state, r->overdue, r->due_at,
            r->fire_at);
    return 0;
}

static int on_due(void *arg, const struct store_due *r)
{
    fprintf(arg, "due %" PRId64 " %s %" PRId64 "\n", r->key, r->clock,
            r->fire_at);
    return 0;
}

static int on_load(void *arg, const struct store_load *l)
{
    fprintf(arg, "load %s %s %" PRId64 "\n", l->unit, l->handler, l->open);
    return 0;
}

static int on_office(void *arg, const struct store_office *o)
{
    fprintf(arg, "office %" PRId64 " %d %d %s %s %" PRId64 " %" PRId64 " ",
            o->id, o->kind, o->level, o->subject, o->about, o->value, o->told);
    fprintf(arg, "%" PRId64 " %" PRId64 " %" PRId64 " %s\n", o->raised_at,
            o->cleared_at, o->acked_at, or_none(o->acked_by));
    return 0;
}

static int on_tally(void *arg, const struct dk_tally *t)
{
    fprintf(arg, "tally %d %d %s %s %d %d %" PRId64 "\n", (int)t->measure,
            (int)t->day, or_none(t->unit), or_none(t->category), (int)t->tag,
            (int)t->known, t->n);
    return 0;
}

struct keys {
    int64_t v[256];
    size_t n;
};

static int on_key(void *arg, int64_t key)
{
    struct keys *k = arg;

    if (k->n < 256)
        k->v[k->n++] = key;
    return 0;
}

/* ---- all of it ---------------------------------------------------------- */

static int read_queues(struct store *st, FILE *f)
{
    int rc = store_task_list(st, false, -1, INT64_MAX, on_task, f);

    if (rc == 0)
        rc = store_task_list(st, true, -1, INT64_MAX, on_task, f);
    for (int svc = 0; rc == 0 && svc < DK_SVC_N; svc++)
        rc = store_tasks(st, (enum dk_service)svc, -1, INT64_MAX, on_open_task,
                         f);
    return rc;
}

static int read_lists(struct store *st, FILE *f)
{
    struct store_case_filter cases = {.state = -1};
    struct store_alert_filter alerts = {.open = false};
    struct store_clock_filter clocks = {.due_before = DK_NEVER};
    struct store_tally_filter figures = {.measures = UINT64_MAX,
                                         .from = 0,
                                         .to = 99991231,
                                         .known = INT32_MAX,
                                         .by_unit = true,
                                         .by_category = true,
                                         .by_day = true};
    int rc = store_list_cases(st, &cases, INT64_MAX, on_case, f);

    if (rc == 0)
        rc = store_list_alerts(st, &alerts, INT64_MAX, on_alert, f);
    if (rc == 0)
        rc = store_list_clocks(st, &clocks, INT64_MAX, on_clock, f);
    if (rc == 0)
        rc = store_due_clocks(st, DK_NEVER, INT64_MAX, on_due, f);
    if (rc == 0)
        rc = store_loads(st, on_load, f);
    if (rc == 0)
        rc = store_list_office(st, false, INT64_MAX, INT64_MAX, on_office, f);
    if (rc == 0)
        rc = store_tally(st, &figures, INT64_MAX, on_tally, f);
    return rc;
}

static int read_persons(struct store *st, FILE *f)
{
    struct keys keys = {.n = 0};
    int rc = store_list_keys(st, INT64_MIN, 256, on_key, &keys);

    for (size_t i = 0; rc == 0 && i < keys.n; i++) {
        struct store_person row;

        rc = store_person_get(st, keys.v[i], &row);
        if (rc == DK_ENOTFOUND) {
            rc = 0;
            continue;
        }
        if (rc == 0) {
            fprintf(f, "person %" PRId64 " %" PRId64 " ", keys.v[i], row.seal);
            put_hex(f, row.data, row.len);
            fprintf(f, "\n");
        }
        free((void *)(uintptr_t)row.data);
    }
    return rc;
}

/* What a client is told who says the same again. */
static int read_requests(struct store *st, FILE *f)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < 32; i++) {
        struct dk_uuid id = office_uuid(i);
        struct store_request r;
        bool found = false;

        rc = store_find_requests(st, &id, 1, &r, &found);
        if (rc != 0 || !found)
            continue;
        fprintf(f, "request %zu %" PRId64 " %u %d %" PRId64 " ", i, r.key, r.n,
                (int)r.state, r.at);
        put_hex(f, r.hash, sizeof(r.hash));
        fprintf(f, "\n");
    }
    return rc;
}

/* The same cases by every way that leads to them. */
static int read_ways(struct store *st, FILE *f)
{
    const struct store_case_filter ways[] = {
        {.state = -1, .unit = "u1"},
        {.state = -1, .unit = "u1", .handler = "h1"},
        {.state = -1, .handler = "h2"},
        {.state = -1, .open = true},
        {.state = -1, .overdue = true},
        {.state = -1, .work = true, .after_due = DK_NEVER},
        {.state = -1, .newest_first = true, .after = INT64_MAX},
    };
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < sizeof(ways) / sizeof(ways[0]); i++) {
        fprintf(f, "way %zu\n", i);
        rc = store_list_cases(st, &ways[i], INT64_MAX, on_case, f);
    }
    for (int s = 0; rc == 0 && s < DK_S_N; s++) {
        struct store_case_filter one = {.state = s};

        fprintf(f, "state %d\n", s);
        rc = store_list_cases(st, &one, INT64_MAX, on_case, f);
    }
    return rc;
}

static int on_case_event(void *arg, const struct dk_event *e)
{
    fprintf(arg, "of %" PRId64 " %u %" PRId64 "\n", e->key, e->n, e->seq);
    return 0;
}

static int read_keys(struct store *st, FILE *f)
{
    struct keys keys = {.n = 0};
    int rc = store_list_keys(st, INT64_MIN, 256, on_key, &keys);

    for (size_t i = 0; rc == 0 && i < keys.n; i++)
        rc = store_case_events(st, keys.v[i], 1, INT64_MAX, on_case_event, f);
    return rc;
}

static int read_sums(struct store *st, FILE *f)
{
    static const int32_t days[] = {20260506, 20260507, 20260510, 20260601};
    struct store_totals t, c;
    int32_t seq = 0;
    dk_ms next = 0;
    int rc = store_totals(st, &t);

    if (rc == 0)
        rc = store_recount(st, &c);
    if (rc == 0)
        fprintf(f,
                "totals %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64
                " %" PRId64 " %" PRIx64 " %s\n",
                t.cases, t.events, t.tasks_open, t.tasks_dead, t.alerts_open,
                t.tallies, memcmp(&t, &c, sizeof(t)) == 0 ? "" : "WRONG");
    for (size_t i = 0; rc == 0 && i < 4; i++) {
        rc = store_day_seq(st, days[i], &seq);
        fprintf(f, "day %d %d\n", (int)days[i], (int)seq);
    }
    if (rc == 0)
        rc = store_next_due(st, &next);
    if (rc == 0)
        fprintf(f, "next %" PRId64 "\n", next);
    return rc;
}

struct truth truth_read(struct store *st, dk_ms test_now)
{
    struct truth t = {.rc = 0};

    kit_exempt++;
    FILE *f = open_memstream(&t.text, &t.len);
    need(f != NULL);
    kit_exempt--;
    fprintf(f, "clock %" PRId64 "\n", test_now);
    t.rc = store_events(st, 1, INT64_MAX, on_event, f);
    if (t.rc == 0)
        t.rc = read_lists(st, f);
    if (t.rc == 0)
        t.rc = read_queues(st, f);
    if (t.rc == 0)
        t.rc = read_persons(st, f);
    if (t.rc == 0)
        t.rc = read_keys(st, f);
    if (t.rc == 0)
        t.rc = read_requests(st, f);
    if (t.rc == 0)
        t.rc = read_ways(st, f);
    if (t.rc == 0)
        t.rc = read_sums(st, f);
    fclose(f);
    t.hash = kit_hash(t.text, t.len, 1);
    return t;
}

void truth_free(struct truth *t)
{
    free(t->text);
    t->text = NULL;
}

/* ---- verify ------------------------------------------------------------- */

/* Any 64 hex digits: what is signed here is checked here. */
#define CHECKPOINT_SEED                                                        \
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define HISTORY_CREDENTIAL "docket.checkpoint"
static char key_dir[64], key_file[96], history_file[96];
static pid_t key_owner;

static void forget_keys(void)
{
    if (getpid() != key_owner)
        return;
    unlink(key_file);
    unlink(history_file);
    rmdir(key_dir);
}

void truth_keys(void)
{
    struct seal s;
    bool made;

    if (key_owner != 0)
        return;
    kit_exempt++;
    key_owner = getpid();
    need(sodium_init() >= 0);
    folder_make(key_dir, sizeof(key_dir), "dkfault");
    snprintf(key_file, sizeof(key_file), "%s/%s", key_dir, SEAL_CREDENTIAL);
    seal_init(&s, TRUTH_COUNTY, key_file);
    need(seal_load(&s, true, &made, NULL) == 0);
    seal_fini(&s);
    snprintf(history_file, sizeof(history_file), "%s/%s", key_dir,
             HISTORY_CREDENTIAL);
    need(secret_create(history_file, CHECKPOINT_SEED,
                       sizeof(CHECKPOINT_SEED) - 1, NULL) == 0);
    need(setenv("CREDENTIALS_DIRECTORY", key_dir, 1) == 0);
    need(atexit(forget_keys) == 0);
    kit_exempt--;
}

static int one_slice(struct daemon *d, char *after, size_t cap, char *first,
                     size_t first_cap)
{
    struct dk_jw w = {0};
    struct dk_problem p = {0};
    struct item it = {.kind = ITEM_READ,
                      .who = {.roles = DK_ROLE_ADMINISTRATOR},
                      .body = cJSON_CreateObject()};

    if (after[0] != '\0')
        cJSON_AddStringToObject(it.body, "after", after);
    int rc = read_verify(d, &it, &w, &p);
    cJSON *o = rc == 0 && !w.oom ? cJSON_Parse(w.buf) : NULL;
    if (rc == 0 && o == NULL)
        rc = DK_ENOMEM;
    if (rc == 0) {
        const cJSON *faults = cJSON_GetObjectItemCaseSensitive(o, "faults");
        const char *next =
            cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "next"));
        rc = cJSON_GetArraySize(faults);
        if (rc > 0 && first[0] == '\0')
            snprintf(first, first_cap, "%s",
                     cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(
                         cJSON_GetArrayItem(faults, 0), "what")));
        snprintf(after, cap, "%s", next != NULL ? next : "");
    }
    cJSON_Delete(o);
    cJSON_Delete(it.body);
    dk_jw_fini(&w);
    return rc;
}

int truth_verify(struct store *st, const struct store_info *info, char *first,
                 size_t cap)
{
    static struct config cfg;
    struct daemon *d = kit_calloc(sizeof(*d));
    struct store_options opt = truth_options(false);
    char after[160] = "";
    int faults = 0, rc = 0;

    truth_keys();

    config_defaults(&cfg);
    cfg.county = TRUTH_COUNTY;
    cfg.offset_min = TRUTH_OFFSET;
    strcpy(cfg.store, "sqlite:/nowhere/docket.db"); /* keys: credentials */
    d->cfg = &cfg;
    d->st = st;
    d->info = *info;
    first[0] = '\0';
    persons_open(d, &opt);
    rc = persons_ready(d, NULL);
    if (rc == 0)
        rc = history_key(d, NULL);
    if (rc != 0) {
        snprintf(first, cap, "the keys");
        persons_fini(d);
        history_stop(d);
        free(d);
        return rc == DK_ENOMEM ? rc : 1;
    }
    do {
        rc = one_slice(d, after, sizeof(after), first, cap);
        faults += rc > 0 ? rc : 0;
    } while (rc >= 0 && after[0] != '\0');
    persons_fini(d);
    history_stop(d);
    free(d);
    return rc < 0 ? rc : faults;
}

struct store_options truth_options(bool create)
{
    return (struct store_options){.county = TRUTH_COUNTY,
                                  .test_clock = true,
                                  .test_now = INT64_C(1778029200000),
                                  .create = create,
                                  .offset_min = TRUTH_OFFSET};
}

bool truth_integrity(void)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *q = NULL;
    bool good = sqlite3_open_v2(DISK_STORE, &db, SQLITE_OPEN_READWRITE, NULL) ==
                    SQLITE_OK &&
                sqlite3_exec(db, "PRAGMA locking_mode = EXCLUSIVE", NULL, NULL,
                             NULL) == SQLITE_OK &&
                sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &q,
                                   NULL) == SQLITE_OK &&
                sqlite3_step(q) == SQLITE_ROW &&
                strcmp((const char *)sqlite3_column_text(q, 0), "ok") == 0;

    sqlite3_finalize(q);
    sqlite3_close(db);
    return good;
}
