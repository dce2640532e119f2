/* list.c - every list of the protocol: pages, tables, NDJSON. */
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "table.h"
#include "text.h"
#include "when.h"

static enum table_style state_style(const char *state)
{
    static const struct {
        const char *word;
        enum table_style style;
    } styles[] = {
        {"submitted", CELL_WARN},   {"objected", CELL_WARN},
        {"suspended", CELL_WARN},   {"answered", CELL_GOOD},
        {"closed", CELL_GOOD},      {"settled", CELL_GOOD},
        {"ended", CELL_DIM},        {"withdrawn", CELL_DIM},
        {"not_accepted", CELL_DIM}, {"discipline", CELL_DIM},
        {"reminder", CELL_PLAIN},   {"yellow", CELL_WARN},
        {"red", CELL_BAD},          {"overdue", CELL_BAD},
        {"long_overdue", CELL_BAD},
    };

    for (size_t i = 0; i < sizeof styles / sizeof styles[0]; i++)
        if (strcmp(styles[i].word, state) == 0)
            return styles[i].style;
    return CELL_PLAIN;
}

static const char *in_language(const struct ctl *ctl, const cJSON *o)
{
    const cJSON *v =
        cJSON_GetObjectItemCaseSensitive(o, ctl->zh ? "zh-CN" : "en");
    return cJSON_IsString(v) ? v->valuestring : NULL;
}

/* Texts, or objects that are known by their unit. */
static void add_array(struct table *t, const cJSON *v)
{
    const cJSON *item;
    char buf[512] = "";
    size_t len = 0;

    cJSON_ArrayForEach (item, v) {
        const char *s = cJSON_GetStringValue(
            cJSON_IsObject(item)
                ? cJSON_GetObjectItemCaseSensitive(item, "unit")
                : item);
        int n = snprintf(buf + len, sizeof buf - len, "%s%s",
                         len == 0 ? "" : " ", s != NULL ? s : "?");
        if (n < 0 || (size_t)n >= sizeof buf - len)
            break;
        len += (size_t)n;
    }
    table_cell(t, buf, CELL_PLAIN);
}

/* "handler:zhang", its role in the language. */
void recipient_label(const struct ctl *ctl, const char *to, char *buf,
                     size_t cap)
{
    size_t n = strcspn(to, ":");
    char role[64];

    (void)snprintf(role, sizeof role, "%.*s", (int)(n < 63 ? n : 63), to);
    (void)snprintf(buf, cap, "%s%s", T(ctl, role, role_zh(role)), to + n);
}

static void add_recipients(const struct ctl *ctl, struct table *t,
                           const cJSON *v)
{
    const cJSON *item;
    char all[512] = "", one[256];
    size_t len = 0;

    cJSON_ArrayForEach (item, v) {
        recipient_label(ctl, cJSON_IsString(item) ? item->valuestring : "?",
                        one, sizeof one);
        int n = snprintf(all + len, sizeof all - len, "%s%s",
                         len == 0 ? "" : " ", one);
        if (n < 0 || (size_t)n >= sizeof all - len)
            break;
        len += (size_t)n;
    }
    table_cell(t, all, CELL_PLAIN);
}

static void add_cell(const struct ctl *ctl, struct table *t,
                     const struct column *c, const cJSON *item)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(item, c->member);
    char buf[32], time[WHEN_TEXT];
    const char *s = member_text(item, c->member, buf);

    if (c->kind == COL_LANG) {
        table_cell(t, in_language(ctl, v), CELL_PLAIN);
    } else if (c->kind == COL_TO) {
        add_recipients(ctl, t, v);
    } else if (cJSON_IsArray(v)) {
        add_array(t, v);
    } else if (c->kind == COL_LATE) {
        bool late = cJSON_IsTrue(v);
        table_cell(t, late ? T(ctl, "late", "超期") : "", CELL_BAD);
    } else if (s == NULL) {
        table_cell(t, NULL, CELL_DIM);
    } else if (c->kind == COL_CLOCK) {
        char name[2 * DK_ID_MAX];
        clock_label(ctl, s, name, sizeof name);
        table_cell(t, name, CELL_PLAIN);
    } else if (c->kind == COL_TIME) {
        when_short(s, time);
        table_cell(t, time, CELL_PLAIN);
    } else if (c->kind == COL_INT && cJSON_IsNumber(v)) {
        table_int(t, (int64_t)v->valuedouble, CELL_PLAIN);
    } else if (c->kind == COL_TEXT || c->kind == COL_INT) {
        table_cell(t, s, CELL_PLAIN);
    } else {
        table_cell(t, T(ctl, s, word_zh(s)), state_style(s));
    }
}

static struct table *new_table(const struct ctl *ctl,
                               const struct list_spec *spec)
{
    const char *heads[TABLE_COLUMNS];

    for (int i = 0; i < spec->n; i++)
        heads[i] = T(ctl, spec->columns[i].en, spec->columns[i].zh);
    return table_new(heads, spec->n);
}

static int show_page(const struct ctl *ctl, const struct list_spec *spec,
                     struct table *t, const cJSON *items)
{
    const struct table_look look = {ctl->color, ctl->columns};
    const cJSON *item;

    cJSON_ArrayForEach (item, items)
        for (int i = 0; i < spec->n; i++)
            add_cell(ctl, t, &spec->columns[i], item);
    return table_print(t, ctl->out, &look) == 0 ? 0 : say_oom(ctl);
}

static int json_lines(const struct ctl *ctl, const cJSON *items)
{
    const cJSON *item;
    struct dk_jw w = {0};

    cJSON_ArrayForEach (item, items) {
        dk_jw_reset(&w);
        dk_jw_cjson(&w, NULL, item);
        if (w.oom)
            break;
        (void)fprintf(ctl->out, "%s\n", w.buf);
    }
    bool oom = w.oom;
    dk_jw_fini(&w);
    return oom ? say_oom(ctl) : 0;
}

/* Where a list goes on; "" at its end. */
struct cursor {
    char text[512];
    bool any; /* something was listed */
};

static int read_next(const struct ctl *ctl, const cJSON *reply,
                     struct cursor *next)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(reply, "next");

    next->text[0] = '\0';
    if (!cJSON_IsString(v))
        return 0;
    if (strlen(v->valuestring) >= sizeof next->text)
        return say_odd_reply(ctl, "next");
    (void)snprintf(next->text, sizeof next->text, "%s", v->valuestring);
    return 0;
}

static int ask_page(struct ctl *ctl, const struct args *a,
                    const struct list_spec *spec, const struct cursor *after,
                    struct dk_reply *r)
{
    struct dk_jw w = {0};
    bool all = args_has(a, "all");

    dk_jw_obj(&w, NULL);
    int rc = ctl_write_opts(ctl, a, &w);
    if (rc != 0) {
        dk_jw_fini(&w);
        return rc;
    }
    if (spec->on != NULL)
        dk_jw_bool(&w, spec->on, true);
    if (spec->off != NULL)
        dk_jw_bool(&w, spec->off, false);
    if (all && !args_has(a, "limit"))
        dk_jw_int(&w, "limit", 200);
    if (after->text[0] != '\0')
        dk_jw_str(&w, "after", after->text);
    dk_jw_end_obj(&w);
    return ctl_ask(ctl, spec->type, &w, r);
}

/* The broker looks at so many cases for one page, and may have found none yet
 * that we may see.
 */
static bool is_pause(const cJSON *items, const struct cursor *next)
{
    return items->child == NULL && next->text[0] != '\0';
}

/* Print one page; *next is where the following one starts. */
static int one_page(struct ctl *ctl, const struct args *a,
                    const struct list_spec *spec, struct table *t,
                    struct cursor *next)
{
    struct dk_reply r;
    int rc = ask_page(ctl, a, spec, next, &r);

    if (rc != 0)
        return rc;
    const cJSON *items = cJSON_GetObjectItemCaseSensitive(r.json, "items");
    rc = read_next(ctl, r.json, next);
    if (!cJSON_IsArray(items))
        rc = say_odd_reply(ctl, "items");
    else if (rc == 0 && is_pause(items, next))
        ; /* nothing to print, and not the end */
    else if (rc == 0 && ctl->json && args_has(a, "all"))
        rc = json_lines(ctl, items);
    else if (rc == 0 && ctl->json)
        print_raw(ctl, &r);
    else if (rc == 0)
        rc = show_page(ctl, spec, t, items);
    next->any = next->any || (rc == 0 && items->child != NULL);
    dk_reply_free(&r);
    return rc;
}

int list_run(struct ctl *ctl, const struct args *a,
             const struct list_spec *spec)
{
    const char *after = args_get(a, "after");
    struct cursor next = {.any = false};
    struct table *t = new_table(ctl, spec);
    int rc;

    if (t == NULL)
        return say_oom(ctl);
    (void)snprintf(next.text, sizeof next.text, "%s",
                   after == NULL ? "" : after);
    do {
        rc = one_page(ctl, a, spec, t, &next);
    } while (rc == 0 && next.text[0] != '\0' &&
             (args_has(a, "all") || !next.any));
    table_free(t);
    if (rc != 0 || ctl->json)
        return rc;
    if (!next.any)
        (void)fprintf(ctl->err, "%s\n", T(ctl, spec->none_en, spec->none_zh));
    if (next.text[0] != '\0')
        (void)fprintf(ctl->err,
                      T(ctl, "There is more: --after '%s', or --all.\n",
                        "还有更多：--after '%s' 或 --all。\n"),
                      next.text);
    return rc;
}
