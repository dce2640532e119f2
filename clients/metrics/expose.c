#include "expose.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "proto/timefmt.h"
#include "proto/words.h"

enum kind {
    COUNTER,
    GAUGE,
    TIME, /* a gauge: an instant, in seconds since 1970; left out if null */
    HISTOGRAM,
    TEXT /* an info metric: the text is its label */
};

/* What a unit of the answer is in units of the metric: one of so many. */
#define ONE   1
#define MILLI 1000
#define MICRO 1000000

static const struct metric {
    const char *name, *at; /* where it stands in the answer */
    enum kind kind;
    int scale;
    const char *unit;  /* the name ends in it; NULL: none */
    const char *label; /* each member of the object at `at` is one value */
    const char
        *words; /* the group of words that the label takes, all of them */
    const char *help;
} metrics[] = {
#define C(name, help)                                                          \
    {                                                                          \
        "docket_" #name, "counters." #name, COUNTER, ONE, NULL, NULL, NULL,    \
            help                                                               \
    }
#define G(name, at, help)                                                      \
    {                                                                          \
        "docket_" name, at, GAUGE, ONE, NULL, NULL, NULL, help                 \
    }
    {"docket_broker", "version", TEXT, ONE, NULL, "version", NULL,
     "The version of docketd"},
    {"docket_uptime_seconds", "uptime_ms", GAUGE, MILLI, "seconds", NULL, NULL,
     "For how long docketd has run"},
    G("takes_cases", "takes_cases", "Would a new case be taken now: 1 or 0"),
    G("storage_full", "storage_full",
      "New cases are refused for want of room: 1 or 0"),
    {"docket_ballast_bytes", "ballast", GAUGE, ONE, "bytes", NULL, NULL,
     "Kept back on the disk for finishing work"},
    G("epoch", "epoch", "Rises with each start"),
    G("followers", "followers", "Peers that follow the event stream"),
    {"docket_next_due_timestamp_seconds", "next_due", TIME, ONE, "seconds",
     NULL, NULL, "The earliest limit or warning to come"},
    G("cases_in_hand", "load.cases_in_hand", "Cases that some handler owes"),
    G("clocks_overdue", "load.clocks_overdue",
      "Limits that have passed, counted up to 500"),
    {"docket_oldest_task_seconds", "load.oldest_task_ms", GAUGE, MILLI,
     "seconds", NULL, NULL, "How long the oldest open task has waited"},
    G("cases_stored", "store.cases", "Cases ever taken"),
    G("events_stored", "store.events", "Events ever recorded"),
    G("tasks_open", "store.tasks_open", "Tasks that no worker has answered"),
    G("dead_letters", "store.tasks_dead",
      "Tasks that failed too often; should be 0"),
    G("alerts_open", "store.alerts_open",
      "Alerts that nobody has acknowledged"),
    {"docket_workers", "workers", GAUGE, ONE, NULL, "service", NULL,
     "Workers that are connected, by service; 0 is a fault"},
    {"docket_office_alerts", "office.kinds", GAUGE, ONE, NULL, "kind", "watch.",
     "Alerts about the office itself that are open"},
    G("office_alerts_unacked", "office.unacked",
      "Those of them that nobody sees to"),
    G("office_alerts_unwritten", "office.unwritten",
      "Causes that could not be written down yet"),
    G("seal_rows_left", "seal.left",
      "Rows to be sealed anew after a change of the key"),
    {"docket_refused", "refused", COUNTER, ONE, NULL, "problem", NULL,
     "Messages refused, by problem"},
    C(messages_clients, "Messages of clients"),
    C(messages_workers, "Messages of workers"),
    C(submitted, "Cases taken"),
    C(submitted_again, "Submissions repeated under the same id"),
    C(acted, "Actions taken"),
    C(acted_again, "Actions repeated under the same id"),
    C(results, "Workers' answers taken"),
    C(results_refused, "Workers' answers refused"),
    C(tasks_sent, "Tasks handed out, repeats included"),
    C(tasks_failed, "Attempts that a worker gave up"),
    C(tasks_lost, "Attempts that ended because a worker fell silent"),
    C(tasks_dead, "Tasks that became dead letters"),
    C(leases_stale, "Late answers refused"),
    C(clocks_fired, "Limits and warnings reached"),
    C(alerts_raised, "Alerts recorded"),
    C(events, "Events recorded"),
    C(batches, "Rounds of the loop that had something to do"),
    C(commits, "Transactions"),
    C(commits_failed, "Transactions that failed"),
    {"docket_commit_max_seconds", "counters.commit_us_max", GAUGE, MICRO,
     "seconds", NULL, NULL, "The longest transaction since the start"},
    C(replies_lost, "Answers for peers that were gone"),
    C(events_followed, "Events sent to followers"),
    C(clock_steps, "Steps of the machine's clock"),
    C(checkpoints, "Checkpoints made"),
    C(peers_refused, "Connections turned away: an unknown key or user"),
    C(messages_unnamed, "Messages without an identity; should be 0"),
    C(messages_unknown, "Messages of a key that was revoked"),
    C(messages_too_many, "Messages refused because they were too many"),
    C(query_codes_wrong, "Wrong query codes"),
    {"docket_commit_seconds", "histograms.commit_us", HISTOGRAM, MICRO,
     "seconds", NULL, NULL, "How long transactions took: the disk"},
    {"docket_batch_items", "histograms.batch_items", HISTOGRAM, ONE, "items",
     NULL, NULL, "Commands in one transaction"},
    {"docket_answer_seconds", "histograms.answer_ms", HISTOGRAM, MILLI,
     "seconds", NULL, NULL, "How long workers took for a task"},
#undef C
#undef G
};
#define N_METRICS (sizeof(metrics) / sizeof(metrics[0]))

const char *expose_name(size_t i, const char **at)
{
    *at = i < N_METRICS ? metrics[i].at : NULL;
    return i < N_METRICS ? metrics[i].name : NULL;
}

bool expose_wants_open(const char *accept)
{
    return strstr(accept, "application/openmetrics-text") != NULL;
}

/* ---- values --------------------------------------------------------------
 */

/* Digits of v / scale; `dot`: with at least one behind a point. */
static void put_number(FILE *out, int64_t v, int scale, bool dot)
{
    char rest[8];
    int n = 0;
    int64_t left = (v < 0 ? -v : v) % scale;

    for (int s = scale / 10; s > 0 && left > 0; s /= 10) {
        rest[n++] = (char)('0' + left / s);
        left %= s;
    }
    rest[n] = '\0';
    (void)fprintf(out, "%s%" PRId64, v < 0 ? "-" : "",
                  (v < 0 ? -v : v) / scale);
    if (n > 0 || dot)
        (void)fprintf(out, ".%s", n > 0 ? rest : "0");
}

/* A number, a truth, or a number in a string (ids); false: none of these. */
static bool number_of(const cJSON *v, int64_t *out)
{
    char *end;

    if (cJSON_IsBool(v)) {
        *out = cJSON_IsTrue(v);
        return true;
    }
    if (cJSON_IsNumber(v)) {
        *out = (int64_t)v->valuedouble;
        return true;
    }
    if (!cJSON_IsString(v) || v->valuestring[0] == '\0')
        return false;
    *out = strtoll(v->valuestring, &end, 10);
    return *end == '\0';
}

static const cJSON *find(const cJSON *o, const char *path)
{
    char name[48];

    while (o != NULL && *path != '\0') {
        size_t n = strcspn(path, ".");

        snprintf(name, sizeof(name), "%.*s", (int)n, path);
        o = cJSON_GetObjectItemCaseSensitive(o, name);
        path += n + (path[n] == '.');
    }
    return o;
}

/* A label's value; whatever a broker sends stays inside its quotes. */
static void put_label(FILE *out, const char *label, const char *value)
{
    (void)fprintf(out, "{%s=\"", label);
    for (; *value != '\0'; value++)
        (void)fputc(strchr("\"\\\n", *value) == NULL ? *value : '?', out);
    (void)fputs("\"}", out);
}

/* ---- families ------------------------------------------------------------
 */

static void put_head(FILE *out, const struct metric *m, bool open)
{
    static const char *const types[][2] = {
        [COUNTER] = {"counter", "counter"},
        [GAUGE] = {"gauge", "gauge"},
        [TIME] = {"gauge", "gauge"},
        [HISTOGRAM] = {"histogram", "histogram"},
        [TEXT] = {"gauge", "info"},
    };
    const char *end = "";

    if (!open && m->kind == COUNTER)
        end = "_total"; /* of the family, too, in the older format */
    if (!open && m->kind == TEXT)
        end = "_info";
    (void)fprintf(out, "# HELP %s%s %s.\n", m->name, end, m->help);
    (void)fprintf(out, "# TYPE %s%s %s\n", m->name, end, types[m->kind][open]);
    if (open && m->unit != NULL)
        (void)fprintf(out, "# UNIT %s %s\n", m->name, m->unit);
}

static void put_value(FILE *out, const struct metric *m, const char *value,
                      int64_t v)
{
    (void)fprintf(out, "%s%s", m->name, m->kind == COUNTER ? "_total" : "");
    if (m->label != NULL)
        put_label(out, m->label, value);
    (void)fputc(' ', out);
    put_number(out, v, m->scale, false);
    (void)fputc('\n', out);
}

/* Every word of the group, those that are not in the answer as 0. */
static void put_words(FILE *out, const struct metric *m, const cJSON *o)
{
    size_t n = strlen(m->words);

    for (int w = 0; w < DK_WORD_N; w++) {
        const char *id = dk_word_id((enum dk_word)w);
        int64_t v = 0;

        if (strncmp(id, m->words, n) != 0)
            continue;
        (void)number_of(cJSON_GetObjectItemCaseSensitive(o, id + n), &v);
        put_value(out, m, id + n, v);
    }
}

static void put_histogram(FILE *out, const struct metric *m, const cJSON *h)
{
    const cJSON *le = cJSON_GetObjectItemCaseSensitive(h, "le");
    const cJSON *n = cJSON_GetObjectItemCaseSensitive(h, "n");
    int bounds = cJSON_GetArraySize(le);
    int64_t sum = 0, so_far = 0, v;

    (void)number_of(cJSON_GetObjectItemCaseSensitive(h, "sum"), &sum);
    for (int i = 0; i <= bounds; i++) {
        v = 0;
        (void)number_of(cJSON_GetArrayItem(n, i), &v);
        so_far += v;
        (void)fprintf(out, "%s_bucket{le=\"", m->name);
        if (i < bounds && number_of(cJSON_GetArrayItem(le, i), &v))
            put_number(out, v, m->scale, true);
        else
            (void)fputs("+Inf", out);
        (void)fprintf(out, "\"} %" PRId64 "\n", so_far);
    }
    (void)fprintf(out, "%s_count %" PRId64 "\n%s_sum ", m->name, so_far,
                  m->name);
    put_number(out, sum, m->scale, false);
    (void)fputc('\n', out);
}

static void put_labelled(FILE *out, const struct metric *m, const cJSON *o)
{
    const cJSON *item;
    int64_t v;

    cJSON_ArrayForEach (item, o)
        if (number_of(item, &v))
            put_value(out, m, item->string, v);
}

/* What the answer of an older broker lacks is left out. */
static void put_metric(FILE *out, const struct metric *m, const cJSON *v,
                       bool open)
{
    dk_ms at = DK_NEVER;
    int64_t number = 0;

    if (v == NULL || cJSON_IsNull(v) ||
        (m->kind == TIME &&
         (!cJSON_IsString(v) ||
          dk_time_parse(v->valuestring, strlen(v->valuestring), &at) != 0)))
        return;
    put_head(out, m, open);
    if (m->kind == TEXT) {
        (void)fprintf(out, "%s_info", m->name);
        put_label(out, m->label, cJSON_IsString(v) ? v->valuestring : "?");
        (void)fputs(" 1\n", out);
    } else if (m->kind == TIME) {
        (void)fprintf(out, "%s ", m->name);
        put_number(out, at, MILLI, false);
        (void)fputc('\n', out);
    } else if (m->kind == HISTOGRAM) {
        put_histogram(out, m, v);
    } else if (m->words != NULL) {
        put_words(out, m, v);
    } else if (m->label != NULL) {
        put_labelled(out, m, v);
    } else if (number_of(v, &number)) {
        put_value(out, m, "", number);
    }
}

void expose(FILE *out, const cJSON *stats, bool open)
{
    static const struct metric up = {
        "docket_up", "",   GAUGE, ONE,
        NULL,        NULL, NULL,  "Did docketd answer: 1 or 0"};

    put_head(out, &up, open);
    put_value(out, &up, "", stats != NULL);
    for (size_t i = 0; stats != NULL && i < N_METRICS; i++)
        put_metric(out, &metrics[i], find(stats, metrics[i].at), open);
    if (open)
        (void)fputs("# EOF\n", out);
}
