#include "policy_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/words.h"

#define BIT(ev) (UINT64_C(1) << (ev))

void pol_put(struct pol_text *t, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0 || t->oom)
        return;
    if (t->len + (size_t)n + 1 > t->cap) {
        size_t cap = (t->len + (size_t)n + 1) * 2;
        char *buf = realloc(t->buf, cap);
        if (buf == NULL) {
            t->oom = true;
            return;
        }
        t->buf = buf;
        t->cap = cap;
    }
    va_start(ap, fmt);
    (void)vsnprintf(t->buf + t->len, (size_t)n + 1, fmt, ap);
    va_end(ap);
    t->len += (size_t)n;
}

int pol_width(const char *s)
{
    int width = 0;

    for (const unsigned char *p = (const unsigned char *)s; *p != '\0'; p++) {
        if ((*p & 0xC0) == 0x80)
            continue;
        /* From U+2E80 on, which three bytes from E2 BA on and four hold. */
        bool wide = *p > 0xE2 || (*p == 0xE2 && p[1] >= 0xBA);
        width += wide ? 2 : 1;
    }
    return width;
}

void pol_put_cell(struct pol_text *t, const char *s, int width)
{
    pol_put(t, "%s%*s", s, width > 0 ? width - pol_width(s) + 2 : 0, "");
}

char *pol_take(struct pol_text *t)
{
    char *text = t->buf;

    if (t->oom) {
        free(text);
        text = NULL;
    }
    *t = (struct pol_text){0};
    return text;
}

/* ---- words ---- */

const char *pol_name(const struct dk_rj_name *n, bool en)
{
    const char *s = en && n->en != NULL ? n->en : n->zh;

    return s != NULL ? s : "-";
}

void pol_say_word(struct pol_text *t, const char *group, const char *name,
                  bool en)
{
    pol_put(t, "%s", en ? name : dk_word_named(group, name, DK_LANG_ZH_CN));
}

void pol_say_sep(struct pol_text *t, size_t start, bool en)
{
    if (t->len > start)
        pol_put(t, "%s", en ? ", " : "、");
}

/* The names of a mask, in the order of `names`. */
void pol_say_mask(struct pol_text *t, const char *group, uint64_t mask,
                  const char *const names[], bool en)
{
    size_t start = t->len;

    for (int i = 0; names[i] != NULL; i++) {
        if ((mask & BIT(i)) == 0)
            continue;
        pol_say_sep(t, start, en);
        pol_say_word(t, group, names[i], en);
    }
}

void pol_say_events(struct pol_text *t, uint64_t mask, bool en)
{
    size_t start = t->len;

    for (int e = 0; e < DK_EV_N; e++) {
        if ((mask & BIT(e)) == 0)
            continue;
        pol_say_sep(t, start, en);
        pol_put(t, "%s",
                en ? dk_ev_name((enum dk_ev)e) : dk_ev_zh((enum dk_ev)e));
    }
}

void pol_say_days(struct pol_text *t, int n, bool working, bool en)
{
    const char *one =
        working ? (en ? " working day" : "个工作日") : (en ? " day" : "天");

    pol_put(t, "%d%s%s", n, one, en && n != 1 ? "s" : "");
}

void pol_say_length(struct pol_text *t, const struct pol_clock *k, bool en)
{
    if (k->from_event != NULL)
        pol_put(t, en ? "%s, else " : "按%s，默认", k->from_event);
    pol_say_days(t, k->days, k->working, en);
}

/* ---- values ---- */

void pol_json_name(struct dk_jw *w, const struct dk_rj_name *n)
{
    if (n->zh == NULL) {
        dk_jw_null(w, NULL);
        return;
    }
    dk_jw_obj(w, NULL);
    dk_jw_str(w, "zh-CN", n->zh);
    if (n->en != NULL)
        dk_jw_str(w, "en", n->en);
    dk_jw_end_obj(w);
}

void pol_json_mask(struct dk_jw *w, const char *key, uint64_t mask,
                   const char *const names[])
{
    dk_jw_arr(w, key);
    for (int i = 0; names[i] != NULL; i++) {
        if ((mask & BIT(i)) != 0)
            dk_jw_str(w, NULL, names[i]);
    }
    dk_jw_end_arr(w);
}

void pol_json_events(struct dk_jw *w, uint64_t mask)
{
    dk_jw_arr(w, NULL);
    for (int e = 0; e < DK_EV_N; e++) {
        if ((mask & BIT(e)) != 0)
            dk_jw_str(w, NULL, dk_ev_name((enum dk_ev)e));
    }
    dk_jw_end_arr(w);
}
