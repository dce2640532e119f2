/* hot_paths.c - the work of core and proto for a submission, for counting.
 *
 *     hot_paths PATH TIMES
 *
 * Each path is one function, so that callgrind can count what happens inside it
 * alone; everything it needs is made before.  count_hot_paths.py runs this.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/decide.h"

static const char submission[] =
    "{\"submission_id\":\"018f0000-0000-7000-8000-000000000001\","
    "\"channel\":\"kiosk\",\"kind\":\"appeal\",\"region\":\"城关街道\","
    "\"category\":\"城乡建设/住房保障与房地产/物业服务\",\"petitioners\":2,"
    "\"persons\":[{\"name\":\"王小明\",\"phone\":\"13800000000\"},"
    "{\"name\":\"李四\",\"address\":\"翠竹苑三幢201室\"}],"
    "\"respondents\":[{\"unit\":\"物业公司\"}],"
    "\"subject\":\"小区电梯停运多日无人维修\",\"facts\":\""
    "翠竹苑三幢电梯停运二十天，多次书面催促物业公司没有结果，"
    "楼内老人出行困难，请求督促维修并公布维修资金使用情况。\\n"
    "翠竹苑三幢电梯停运二十天，多次书面催促物业公司没有结果，"
    "楼内老人出行困难，请求督促维修并公布维修资金使用情况。\"}";

static const char limit[] =
    "{\"clock\":\"conclude\",\"basis\":1,"
    "\"started_at\":\"2026-03-01T08:00:00+08:00\","
    "\"due_at\":\"2026-05-01T00:00:00+08:00\",\"on_due\":\"overdue\","
    "\"rungs\":[{\"id\":\"first\",\"at\":\"2026-04-10T00:00:00+08:00\"},"
    "{\"id\":\"second\",\"at\":\"2026-04-20T00:00:00+08:00\"}],"
    "\"stops_on\":[\"answered\",\"closed\"],\"holds_on\":[\"suspended\"],"
    "\"extend_times\":1,\"extend_days\":30}";

static const struct dk_env env = {
    .now = INT64_C(1772323200000), .offset_min = 480, .county = 330699};

/* What the paths start from. */
static cJSON *submit_body, *limit_args;
static struct dk_submit submit;
static struct dk_case *kase;
static struct dk_jw doc;

static void must(int rc, const struct dk_problem *p)
{
    if (rc == 0)
        return;
    (void)fprintf(stderr, "hot_paths: %d %s %s\n", rc, p->pointer, p->detail);
    exit(1);
}

static cJSON *parse(const char *text)
{
    struct dk_problem p = {0};
    cJSON *o = NULL;

    must(dk_json_parse_fixed(text, strlen(text), DK_BODY_MAX, &o, &p), &p);
    return o;
}

static void happen(struct dk_case *c, const struct dk_command *cmd)
{
    struct dk_problem p = {0};
    struct dk_events es = {0};

    must(dk_decide(c, cmd, &env, &es, &p), &p);
    for (size_t i = 0; i < es.n; i++)
        must(cmd->submit != NULL ? dk_case_begin(c, &es.v[i], cmd->submit, NULL)
                                 : dk_case_evolve(c, &es.v[i]),
             &p);
    dk_events_fini(&es);
}

static void hand_in(struct dk_case *c)
{
    const struct dk_command cmd = {.action = DK_ACT_SUBMIT,
                                   .by = DK_BY_BROKER,
                                   .actor = "kiosk",
                                   .claimed = DK_NEVER,
                                   .submit = &submit,
                                   .key = INT64_C(20260301000001)};

    happen(c, &cmd);
}

static void set_limit(struct dk_case *c)
{
    const struct dk_command cmd = {.action = DK_ACT_CLOCK,
                                   .by = DK_BY_WORKER,
                                   .actor = "worker:deadline",
                                   .claimed = DK_NEVER,
                                   .args = limit_args};

    happen(c, &cmd);
}

/* ---- the paths ----------------------------------------------------------- */

/* A body is parsed, checked, and written anew for its hash. */
static void path_door(int times)
{
    for (int i = 0; i < times; i++) {
        struct dk_problem p = {0};
        struct dk_submit s;
        struct dk_jw w = {0};
        cJSON *o = parse(submission);

        must(dk_submit_read(o, &s, &p), &p);
        dk_submit_write_canonical(&w, &s);
        dk_jw_fini(&w);
        cJSON_Delete(o);
    }
}

/* It becomes an event, and that a case. */
static void path_submit(int times)
{
    for (int i = 0; i < times; i++) {
        struct dk_case *c = dk_case_new();

        if (c == NULL)
            abort();
        hand_in(c);
        dk_case_free(c);
    }
}

/* A case gets a limit. */
static void path_limit(int times)
{
    for (int i = 0; i < times; i++) {
        struct dk_case *c = dk_case_new();

        if (c == NULL)
            abort();
        hand_in(c);
        set_limit(c);
        dk_case_free(c);
    }
}

/* A case becomes its document. */
static void path_write(int times)
{
    for (int i = 0; i < times; i++) {
        dk_jw_reset(&doc);
        dk_case_write(&doc, NULL, kase, env.county, env.offset_min);
    }
}

/* And a document its case. */
static void path_load(int times)
{
    for (int i = 0; i < times; i++) {
        struct dk_problem p = {0};
        struct dk_case *c = NULL;
        cJSON *o = parse(doc.buf);

        must(dk_case_read(o, &c, &p), &p);
        dk_case_free(c);
        cJSON_Delete(o);
    }
}

static const struct {
    const char *name;
    void (*run)(int times);
} paths[] = {
    {"door", path_door},   {"submit", path_submit}, {"limit", path_limit},
    {"write", path_write}, {"load", path_load},
};

static void prepare(void)
{
    struct dk_problem p = {0};

    submit_body = parse(submission);
    limit_args = parse(limit);
    must(dk_submit_read(submit_body, &submit, &p), &p);
    kase = dk_case_new();
    if (kase == NULL)
        abort();
    hand_in(kase);
    set_limit(kase);
    dk_case_write(&doc, NULL, kase, env.county, env.offset_min);
    if (doc.oom)
        abort();
}

int main(int argc, char **argv)
{
    int times = argc == 3 ? (int)strtol(argv[2], NULL, 10) : 0;
    bool found = false;

    prepare();
    for (size_t i = 0; times > 0 && i < sizeof(paths) / sizeof(paths[0]); i++) {
        if (strcmp(argv[1], paths[i].name) != 0)
            continue;
        paths[i].run(times);
        found = true;
    }
    dk_jw_fini(&doc);
    dk_case_free(kase);
    cJSON_Delete(limit_args);
    cJSON_Delete(submit_body);
    if (!found)
        (void)fprintf(stderr, "usage: hot_paths PATH TIMES\n");
    return found ? 0 : 64;
}
