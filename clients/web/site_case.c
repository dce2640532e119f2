/* site_case.c - cases, and what is done with them. */
#include <stdio.h>
#include <string.h>

#include "site_int.h"

#define WORD_MAX 64

/* "NUMBER" or "NUMBER/what" behind a route; false: neither. */
static bool split(const char *tail, char id[WORD_MAX], const char **what)
{
    size_t n = strcspn(tail, "/");

    if (n == 0 || n >= WORD_MAX)
        return false;
    memcpy(id, tail, n);
    id[n] = '\0';
    *what = tail[n] == '/' ? tail + n + 1 : "";
    return true;
}

static void nothing(struct http_ask *a)
{
    struct dk_problem p = {0};

    dk_fail(&p, DK_ENOTFOUND, NULL, NULL, NULL);
    http_problem(a, &p);
}

void site_case(void *arg, struct http_ask *a)
{
    static const struct query_param events[] = {
        {"from_n", QUERY_INT}, {"limit", QUERY_INT}, {NULL, QUERY_TEXT}};
    static const struct query_param none[] = {{NULL, QUERY_TEXT}};
    struct site *s = arg;
    struct sess *who = site_who(s, a, false);
    struct dk_problem p = {0};
    struct dk_jw w = {0};
    char no[WORD_MAX];
    const char *what;
    bool list;

    if (who == NULL)
        return;
    if (!split(a->tail, no, &what) ||
        (what[0] != '\0' && strcmp(what, "events") != 0)) {
        nothing(a);
        return;
    }
    list = what[0] != '\0';
    dk_jw_obj(&w, NULL);
    dk_jw_str(&w, "case_no", no);
    if (query_write(a->query, list ? events : none, &w, &p) != 0) {
        dk_jw_fini(&w);
        http_problem(a, &p);
        return;
    }
    dk_jw_end_obj(&w);
    site_pass(s, who, a, list ? "case.events" : "case.get", &w, 200, NULL,
              NULL);
}

/* ---- what is asked for by POST -------------------------------------------
 */

/* What the server adds; NULL: nothing of it. */
struct added {
    const char *id_member, *id, *actor;
};

static int refuse_member(const cJSON *o, const char *name, struct dk_problem *p)
{
    char pointer[WORD_MAX];

    if (name == NULL || cJSON_GetObjectItemCaseSensitive(o, name) == NULL)
        return 0;
    snprintf(pointer, sizeof(pointer), "/%s", name);
    return dk_failf(p, DK_EFIELD, pointer,
                    "leave out '%s': the server writes it",
                    "请勿填写“%s”：由服务器写入", name);
}

/* The body as the broker wants it; *command: its command or submission id. */
static int make_body(struct http_ask *a, const struct sess *who,
                     const struct added *add, struct dk_jw *w,
                     const char *member, char command[DK_REQUEST_MAX + 1],
                     struct dk_problem *p)
{
    char actor[DK_WHO_MAX + 16];
    const cJSON *m = NULL;
    const char *id = NULL;
    cJSON *o = NULL;
    int rc = dk_json_parse_obj(a->body, a->len, DK_BODY_MAX, &o, p);

    if (rc == 0)
        rc = refuse_member(o, add->id_member, p);
    if (rc == 0)
        rc = refuse_member(o, add->actor, p);
    if (rc == 0 && member != NULL)
        rc = dk_json_str(o, member, DK_REQUIRED, 1, DK_REQUEST_MAX, &id, NULL,
                         p);
    if (rc == 0) {
        snprintf(actor, sizeof(actor), "officer:%s", who->name);
        snprintf(command, DK_REQUEST_MAX + 1, "%s", id != NULL ? id : "");
        dk_jw_obj(w, NULL);
        if (add->id_member != NULL)
            dk_jw_str(w, add->id_member, add->id);
        if (add->actor != NULL)
            dk_jw_str(w, add->actor, actor);
        cJSON_ArrayForEach (m, o)
            dk_jw_cjson(w, m->string, m);
        dk_jw_end_obj(w);
    }
    cJSON_Delete(o);
    return rc;
}

/* A command of an officer about `add->id`. */
static void post(struct site *s, struct http_ask *a, const char *type,
                 const char *member, const struct added *add, int status)
{
    struct sess *who = site_who(s, a, true);
    char command[DK_REQUEST_MAX + 1];
    struct dk_problem p = {0};
    struct dk_jw w = {0};

    if (who == NULL)
        return;
    if (make_body(a, who, add, &w, member, command, &p) != 0) {
        dk_jw_fini(&w);
        http_problem(a, &p);
        return;
    }
    site_pass(s, who, a, type, &w, status, member,
              member != NULL ? command : NULL);
}

void site_case_post(void *arg, struct http_ask *a)
{
    char no[WORD_MAX];
    const char *what = "";
    const struct added add = {"case_no", no, "actor"};

    if (!split(a->tail, no, &what))
        what = "";
    if (strcmp(what, "actions") == 0)
        post(arg, a, "case.act", "command_id", &add, 200);
    else if (strcmp(what, "persons") == 0)
        post(arg, a, "person.get", NULL, &add, 200);
    else
        nothing(a);
}

void site_submit(void *arg, struct http_ask *a)
{
    /* Refused here, so that no page can bring in "history". */
    const struct added add = {NULL, NULL, NULL};

    post(arg, a, "case.submit", "submission_id", &add, 201);
}

static void ack(void *arg, struct http_ask *a, const char *type)
{
    char id[WORD_MAX];
    const char *what = "";
    const struct added add = {"alert_id", id, "actor"};

    if (split(a->tail, id, &what) && strcmp(what, "ack") == 0)
        post(arg, a, type, NULL, &add, 200);
    else
        nothing(a);
}

void site_alert_ack(void *arg, struct http_ask *a)
{
    ack(arg, a, "alert.ack");
}

void site_office_ack(void *arg, struct http_ask *a)
{
    ack(arg, a, "office.ack");
}

/* ---- lists ---------------------------------------------------------------
 */

static const struct query_param of_cases[] = {
    {"state", QUERY_TEXT},    {"unit", QUERY_TEXT},
    {"handler", QUERY_TEXT},  {"region", QUERY_TEXT},
    {"category", QUERY_TEXT}, {"open", QUERY_BOOL},
    {"overdue", QUERY_BOOL},  {"newest_first", QUERY_BOOL},
    {"group", QUERY_TEXT},    {"order", QUERY_TEXT},
    {"from", QUERY_TEXT},     {"to", QUERY_TEXT},
    {"due_from", QUERY_TEXT}, {"due_to", QUERY_TEXT},
    {"text", QUERY_TEXT},     {"after", QUERY_TEXT},
    {"limit", QUERY_INT},     {NULL, QUERY_TEXT}};
static const struct query_param of_alerts[] = {
    {"open", QUERY_BOOL},    {"level", QUERY_TEXT}, {"unit", QUERY_TEXT},
    {"case_no", QUERY_TEXT}, {"after", QUERY_TEXT}, {"limit", QUERY_INT},
    {NULL, QUERY_TEXT}};
static const struct query_param of_clocks[] = {
    {"unit", QUERY_TEXT},       {"clock", QUERY_TEXT}, {"overdue", QUERY_BOOL},
    {"due_before", QUERY_TEXT}, {"after", QUERY_TEXT}, {"limit", QUERY_INT},
    {NULL, QUERY_TEXT}};
static const struct query_param of_figures[] = {
    {"from", QUERY_TEXT},      {"to", QUERY_TEXT},    {"as_of", QUERY_TEXT},
    {"measures", QUERY_NAMES}, {"unit", QUERY_TEXT},  {"category", QUERY_TEXT},
    {"by", QUERY_NAMES},       {"after", QUERY_TEXT}, {"limit", QUERY_INT},
    {NULL, QUERY_TEXT}};
static const struct query_param of_office[] = {{"open", QUERY_BOOL},
                                               {"after", QUERY_TEXT},
                                               {"limit", QUERY_INT},
                                               {NULL, QUERY_TEXT}};
static const struct query_param of_nothing[] = {{NULL, QUERY_TEXT}};

static const struct listing {
    const char *path, *type;
    const struct query_param *params;
} listings[] = {
    {"/api/v1/cases", "case.list", of_cases},
    {"/api/v1/alerts", "alert.list", of_alerts},
    {"/api/v1/clocks", "clock.list", of_clocks},
    {"/api/v1/figures", "tally.list", of_figures},
    {"/api/v1/office", "office.list", of_office},
    {"/api/v1/workers", "worker.list", of_nothing},
    {"/api/v1/stats", "stats", of_nothing},
};

void site_list(void *arg, struct http_ask *a)
{
    struct site *s = arg;
    const struct listing *l = &listings[0];
    struct sess *who = site_who(s, a, false);
    struct dk_problem p = {0};
    struct dk_jw w = {0};

    if (who == NULL)
        return;
    while (strcmp(l->path, a->path) != 0)
        l++; /* each has its route */
    dk_jw_obj(&w, NULL);
    if (query_write(a->query, l->params, &w, &p) != 0) {
        dk_jw_fini(&w);
        http_problem(a, &p);
        return;
    }
    dk_jw_end_obj(&w);
    site_pass(s, who, a, l->type, &w, 200, NULL, NULL);
}
