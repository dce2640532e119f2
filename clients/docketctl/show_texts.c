/* show_texts.c - what people wrote in a case, without the rest. */
#include <stdlib.h>
#include <string.h>

#include "show.h"
#include "table.h"
#include "text.h"
#include "when.h"

static const struct written {
    const char *member, *en, *zh;
} written[] = {
    {"facts", "facts", "事实、理由与请求"},
    {"ground", "ground", "理由"},
    {"grounds", "grounds", "理由"},
    {"reason", "reason", "理由"},
    {"text", "text", "内容"},
    {"legal_basis", "legal basis", "依据"},
    {"explanation", "explanation", "说明"},
    {"other_door", "where else to go", "可向何处提出"},
    {"note", "note", "备注"},
};
enum {
    WRITTEN_N = sizeof written / sizeof written[0]
};

/* NULL: the event has no such text.  An alert's text is docket's own. */
static const char *text_of(const cJSON *e, const struct written *m)
{
    const cJSON *body = cJSON_GetObjectItemCaseSensitive(e, "body");
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(body, m->member);

    return cJSON_IsString(v) ? v->valuestring : NULL;
}

static bool has_texts(const cJSON *e)
{
    for (int i = 0; i < WRITTEN_N; i++)
        if (text_of(e, &written[i]) != NULL)
            return true;
    return false;
}

static void put_lines(const struct ctl *ctl, const char *s)
{
    while (*s != '\0') {
        size_t n = strcspn(s, "\n");
        char *line = strndup(s, n);
        (void)fputs("      ", ctl->out);
        put_text(ctl, line == NULL ? "?" : line, false);
        (void)fputc('\n', ctl->out);
        free(line);
        s += n + (s[n] == '\n' ? 1 : 0);
    }
}

int print_texts(struct ctl *ctl, const cJSON *e, void *arg)
{
    char n[32], buf[32], at[WHEN_TEXT] = "";
    const char *num = member_text(e, "n", n);
    const char *type = member_text(e, "type", buf);
    const char *actor = member_text(e, "actor", buf);
    const char *when = member_text(e, "at", buf);

    (void)arg;
    if (!has_texts(e))
        return 0;
    if (when != NULL)
        when_short(when, at);
    (void)fprintf(ctl->out, "\n%s%4s  %s  ", ctl->color ? "\033[1m" : "",
                  num == NULL ? "?" : num, at);
    put_text(ctl, type == NULL ? "?" : T(ctl, type, event_zh(type)), false);
    (void)fputs(ctl->color ? TABLE_COLOR_OFF "  " : "  ", ctl->out);
    put_text(ctl, actor == NULL ? "?" : actor, false);
    (void)fputc('\n', ctl->out);
    for (int i = 0; i < WRITTEN_N; i++) {
        const char *s = text_of(e, &written[i]);
        if (s == NULL)
            continue;
        (void)fprintf(ctl->out, T(ctl, "    %s:\n", "    %s：\n"),
                      T(ctl, written[i].en, written[i].zh));
        put_lines(ctl, ctl->zh && strcmp(written[i].member, "ground") == 0
                           ? word_zh(s)
                           : s);
    }
    return 0;
}

int write_texts(struct ctl *ctl, const cJSON *e, void *arg)
{
    static const char *const about[] = {"n", "type", "at", "actor"};
    struct dk_jw *w = arg;

    (void)ctl;
    if (!has_texts(e))
        return 0;
    dk_jw_obj(w, NULL);
    for (size_t i = 0; i < sizeof about / sizeof about[0]; i++)
        dk_jw_cjson(w, about[i], cJSON_GetObjectItemCaseSensitive(e, about[i]));
    for (int i = 0; i < WRITTEN_N; i++)
        if (text_of(e, &written[i]) != NULL)
            dk_jw_str(w, written[i].member, text_of(e, &written[i]));
    dk_jw_end_obj(w);
    return 0;
}
