/* site_bulletin.c - the bulletin, as `docketctl bulletin` puts it together: the
 * same code, in a thread, with the key of who asks.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/docketctl/ctl.h"
#include "site_int.h"

#define TIMEOUT_MS 15000
#define WORDS      24
#define WORD_BYTES 256

struct bulletin_job {
    struct chore chore;
    struct site *site;
    struct http_ask *ask;
    uint64_t serial;
    const char *endpoint;
    void *zmq;
    struct dk_client_keys keys;
    bool csv, zh;
    int n;
    char word[WORDS][WORD_BYTES]; /* options of the command, and their values */
    char *out, *err;
    size_t n_out, n_err;
    int code;
    struct dk_problem told;
};

static void job_free(struct bulletin_job *j)
{
    free(j->out);
    free(j->err);
    dk_client_keys_wipe(&j->keys);
    free(j);
}

static void run_with(struct bulletin_job *j, FILE *out, FILE *err)
{
    const struct dk_client_options with = {.keys = &j->keys, .context = j->zmq};
    struct ctl ctl = {.endpoint = j->endpoint,
                      .json = !j->csv,
                      .zh = j->zh,
                      .timeout_ms = TIMEOUT_MS,
                      .out = out,
                      .err = err,
                      .told = &j->told};
    const char *argv[WORDS];
    struct args a;

    for (int i = 0; i < j->n; i++)
        argv[i] = j->word[i];
    j->code = args_parse(&a, global_opts, opts_bulletin, j->n, argv, &j->told);
    if (j->code != 0)
        return;
    ctl.client = dk_client_open(j->endpoint, &with, &j->told);
    if (ctl.client == NULL) {
        j->code = j->told.code;
    } else if (a.n_pos != 0) {
        j->code = dk_fail(&j->told, DK_EFIELD, NULL, NULL, NULL);
    } else {
        j->code = cmd_bulletin(&ctl, &a);
    }
    args_fini(&a);
    dk_client_close(ctl.client);
}

static void run(struct chore *c)
{
    struct bulletin_job *j = (struct bulletin_job *)c;
    FILE *out = open_memstream(&j->out, &j->n_out);
    FILE *err = open_memstream(&j->err, &j->n_err);
    bool good;

    if (out != NULL && err != NULL)
        run_with(j, out, err);
    good = out != NULL && fclose(out) == 0;
    if (err != NULL)
        (void)fclose(err);
    if (!good || err == NULL)
        j->code = dk_fail(&j->told, DK_ENOMEM, NULL, NULL, NULL);
}

static void done(struct chore *c)
{
    struct bulletin_job *j = (struct bulletin_job *)c;

    if (j->code == 0)
        http_bytes(j->ask, 200,
                   j->csv ? "text/csv; charset=utf-8" : "application/json",
                   j->out, j->n_out);
    else if (j->told.code != 0)
        site_refused(j->site, j->serial, j->ask, &j->told);
    else
        http_own_problem(j->ask, 500, "internal",
                         "The bulletin could not be put together",
                         "通报无法生成", 0);
    job_free(j);
}

/* ---- the question --------------------------------------------------------
 */

/* "--name" and its value, as two words. */
static int add(struct bulletin_job *j, const char *name, const char *value,
               struct dk_problem *p)
{
    char pointer[64];

    if (j->n + 2 > WORDS || strlen(value) >= WORD_BYTES) {
        snprintf(pointer, sizeof(pointer), "/%s", name);
        return dk_fail(p, DK_EFIELD, pointer, NULL, NULL);
    }
    snprintf(j->word[j->n++], WORD_BYTES, "--%s", name);
    snprintf(j->word[j->n++], WORD_BYTES, "%s", value);
    return 0;
}

/* A period by its name, or from a day to a day. */
static int add_period(struct bulletin_job *j, const cJSON *o,
                      struct dk_problem *p)
{
    const char *period = NULL, *from = NULL, *to = NULL;
    char text[64];

    (void)dk_json_str(o, "period", DK_OPTIONAL, 1, 40, &period, NULL, p);
    (void)dk_json_str(o, "from", DK_OPTIONAL, 10, 10, &from, NULL, p);
    (void)dk_json_str(o, "to", DK_OPTIONAL, 10, 10, &to, NULL, p);
    if (period == NULL && from != NULL && to != NULL) {
        snprintf(text, sizeof(text), "%s..%s", from, to);
        period = text;
    }
    if (period == NULL)
        return dk_fail(p, DK_EFIELD, "/period",
                       "give a period (2026-05, 2026Q2, 2026), or from and to "
                       "(dates)",
                       "请给出时段（2026-05、2026Q2、2026），或起止日期 from、"
                       "to");
    return add(j, "period", period, p);
}

static int add_all(struct bulletin_job *j, const char *query,
                   struct dk_problem *p)
{
    static const struct query_param params[] = {
        {"period", QUERY_TEXT}, {"from", QUERY_TEXT},     {"to", QUERY_TEXT},
        {"as_of", QUERY_TEXT},  {"against", QUERY_TEXT},  {"by", QUERY_TEXT},
        {"unit", QUERY_TEXT},   {"category", QUERY_TEXT}, {"lang", QUERY_TEXT},
        {NULL, QUERY_TEXT}};
    static const char *const copied[][2] = {{"as_of", "as-of"},
                                            {"against", "against"},
                                            {"by", "by"},
                                            {"unit", "unit"},
                                            {"category", "category"}};
    const cJSON *m;
    struct dk_jw w = {0};
    cJSON *o = NULL;
    int rc;

    dk_jw_obj(&w, NULL);
    rc = query_write(query, params, &w, p);
    dk_jw_end_obj(&w);
    if (rc == 0)
        rc = w.oom ? dk_fail(p, DK_ENOMEM, NULL, NULL, NULL)
                   : dk_json_parse_obj(w.buf, w.len, DK_BODY_MAX, &o, p);
    if (rc == 0)
        rc = add_period(j, o, p);
    for (size_t i = 0; rc == 0 && i < sizeof(copied) / sizeof(copied[0]); i++) {
        m = cJSON_GetObjectItemCaseSensitive(o, copied[i][0]);
        if (m != NULL)
            rc = add(j, copied[i][1], cJSON_GetStringValue(m), p);
    }
    m = cJSON_GetObjectItemCaseSensitive(o, "lang");
    j->zh = m == NULL || strncmp(cJSON_GetStringValue(m), "zh", 2) == 0;
    if (rc == 0 && j->csv)
        snprintf(j->word[j->n++], WORD_BYTES, "--csv");
    cJSON_Delete(o);
    dk_jw_fini(&w);
    return rc;
}

static void bulletin(struct site *s, struct http_ask *a, bool csv)
{
    struct sess *who = site_who(s, a, false);
    struct dk_problem p = {0};
    struct bulletin_job *j;
    int rc;

    if (who == NULL)
        return;
    j = calloc(1, sizeof(*j));
    if (j != NULL)
        j->csv = csv;
    rc = j != NULL ? add_all(j, a->query, &p)
                   : dk_fail(&p, DK_ENOMEM, NULL, NULL, NULL);
    if (rc == 0) {
        j->chore = (struct chore){.run = run, .done = done};
        j->site = s;
        j->ask = a;
        j->serial = who->serial;
        j->endpoint = s->c->broker;
        j->zmq = s->zmq;
        j->keys = who->keys;
        if (!chores_add(s->reports, &j->chore))
            rc = dk_fail(&p, DK_EBUSY, NULL, NULL, NULL);
    }
    if (rc != 0) {
        if (p.code == DK_EBUSY)
            p.retry_after_ms = 3000;
        if (j != NULL)
            job_free(j);
        http_problem(a, &p);
    }
}

void site_bulletin(void *arg, struct http_ask *a)
{
    bulletin(arg, a, false);
}

void site_bulletin_csv(void *arg, struct http_ask *a)
{
    bulletin(arg, a, true);
}
