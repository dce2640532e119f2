/* policy_print.c - what a policy says, for people and for programs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy_text.h"
#include "proto/words.h"

#define BIT(ev) (UINT64_C(1) << (ev))
#define CELL    200
#define COLUMNS 6

struct printing {
    const struct dk_policy *p;
    bool en;
    struct pol_text t;
    int width[COLUMNS];
};

static void add(char cell[CELL], const char *s)
{
    size_t n = strlen(cell), more = strlen(s);

    if (n + more >= CELL)
        more = dk_utf8_valid(s, CELL - 1 - n);
    memcpy(cell + n, s, more);
    cell[n + more] = '\0';
}

static void cell_text(char cell[CELL], struct pol_text *t)
{
    if (t->buf != NULL)
        add(cell, t->buf);
    free(pol_take(t));
}

static void cell_length(char cell[CELL], const struct pol_clock *k, bool en)
{
    struct pol_text t = {0};

    pol_say_length(&t, k, en);
    if (k->extend_times > 0)
        pol_put(&t, en ? " + at most %d, %d time(s)" : "，可延长%d天%d次",
                k->extend_days, k->extend_times);
    if (k->next_working_day)
        pol_put(&t, en ? ", then next working day" : "，遇休息日顺延");
    cell_text(cell, &t);
}

static void cell_events(char cell[CELL], uint64_t mask, bool en)
{
    struct pol_text t = {0};

    pol_say_events(&t, mask, en);
    cell_text(cell, &t);
}

static void fill(char cell[COLUMNS][CELL], const struct pol_clock *k, bool en)
{
    const char *name = en ? k->name.en : k->name.zh;

    memset(cell, 0, COLUMNS * (size_t)CELL);
    add(cell[0], k->id);
    add(cell[1], name != NULL ? name : "-");
    cell_length(cell[2], k, en);
    cell_events(cell[3], k->starts_on, en);
    cell_events(cell[4], k->stops_on, en);
    add(cell[5], k->article != NULL ? k->article : "-");
    if (!k->verified)
        add(cell[5], en ? " (not verified)" : "（未核对）");
}

static void put_word(struct printing *x, const char *group, const char *name)
{
    pol_put(&x->t, "%s",
            x->en ? name : dk_word_named(group, name, DK_LANG_ZH_CN));
}

static void put_step(struct printing *x, const struct pol_version *v,
                     const struct pol_clock *k, const char *rung)
{
    const struct pol_step *s = pol_step_of(v, k, rung);

    if (s == NULL || s->n_role == 0) {
        pol_put(&x->t, x->en ? " -> nobody\n" : " → 不通知\n");
        return;
    }
    pol_put(&x->t, x->en ? " -> " : " → ");
    put_word(x, "level", pol_level_names[s->level]);
    pol_put(&x->t, x->en ? ": " : "：");
    for (int i = 0; i < s->n_role; i++) {
        if (i > 0)
            pol_put(&x->t, x->en ? ", " : "、");
        put_word(x, "role", pol_role_names[s->role[i]]);
    }
    pol_put(&x->t, "\n");
}

static void put_rungs(struct printing *x, const struct pol_version *v,
                      const struct pol_clock *k)
{
    static const char *const en[] = {"%d after the start", "%d before due",
                                     "%d after due"};
    static const char *const zh[] = {"起算后第%d天结束", "到期前%d天",
                                     "到期后%d天"};
    bool due_done = false;

    for (int i = 0; i <= k->n_rung; i++) {
        const struct pol_rung *g = i < k->n_rung ? &k->rung[i] : NULL;
        if (!due_done && (g == NULL || g->when == POL_AFTER_DUE)) {
            pol_put(&x->t, "    %s", pol_on_due_names[k->on_due]);
            pol_put(&x->t, x->en ? " (at the due time)" : "（到期时）");
            put_step(x, v, k, pol_on_due_names[k->on_due]);
            due_done = true;
        }
        if (g == NULL)
            break;
        char when[64];
        const char *fmt = x->en ? en[g->when] : zh[g->when];
        const char *at = strstr(fmt, "%d");
        (void)snprintf(when, sizeof when, "%.*s%d%s", (int)(at - fmt), fmt,
                       g->n, at + 2);
        pol_put(&x->t, x->en ? "    %s (%s)" : "    %s（%s）", g->id, when);
        put_step(x, v, k, g->id);
    }
}

static bool is_default(const struct pol_member *m, const struct pol_version *v,
                       const struct pol_clock *k)
{
    const struct pol_clock none = {0};
    struct dk_jw a = {0}, b = {0};
    bool same;

    m->json(&a, v, k);
    m->json(&b, v, &none);
    same = a.oom || b.oom || strcmp(a.buf, b.buf) == 0;
    dk_jw_fini(&a);
    dk_jw_fini(&b);
    return same;
}

/* What is not in the row of a clock, where the file says it. */
static void put_more(struct printing *x, const struct pol_version *v,
                     const struct pol_clock *k)
{
    static const char *const more[] = {"only",         "holds_on",  "holds_for",
                                       "when_running", "first_day", "repeat",
                                       "ack_holds",    "excuses",   NULL};

    for (const struct pol_member *m = pol_clock_members; m->name != NULL; m++) {
        int i = 0;

        while (more[i] != NULL && strcmp(more[i], m->name) != 0)
            i++;
        if (more[i] == NULL || is_default(m, v, k))
            continue;
        pol_put(&x->t, x->en ? "    %s: " : "    %s：", x->en ? m->en : m->zh);
        m->say(&x->t, v, k, x->en);
        pol_put(&x->t, "\n");
    }
}

static void measure(struct printing *x, const struct pol_version *v,
                    const char *const head[COLUMNS])
{
    char cell[COLUMNS][CELL];

    for (int i = 0; i < COLUMNS; i++)
        x->width[i] = pol_width(head[i]);
    for (int j = 0; j < v->n_clock; j++) {
        fill(cell, &v->clock[j], x->en);
        for (int i = 0; i < COLUMNS; i++) {
            if (pol_width(cell[i]) > x->width[i])
                x->width[i] = pol_width(cell[i]);
        }
    }
    x->width[COLUMNS - 1] = 0; /* nothing comes after the last one */
}

static void put_version(struct printing *x, const struct pol_version *v)
{
    static const char *const en[COLUMNS] = {"clock",     "name",     "length",
                                            "starts on", "stops on", "article"};
    static const char *const zh[COLUMNS] = {"期限",   "名称", "长度",
                                            "起算于", "止于", "条款"};
    const char *const *head = x->en ? en : zh;
    const char *law = x->en ? v->law.en : v->law.zh;
    char cell[COLUMNS][CELL];

    pol_put(&x->t, x->en ? "\nFrom %s: %s\n" : "\n自 %s 起：%s\n", v->from_text,
            law != NULL ? law : "-");
    measure(x, v, head);
    for (int i = 0; i < COLUMNS; i++)
        pol_put_cell(&x->t, head[i], x->width[i]);
    pol_put(&x->t, "\n");
    for (int j = 0; j < v->n_clock; j++) {
        fill(cell, &v->clock[j], x->en);
        for (int i = 0; i < COLUMNS; i++)
            pol_put_cell(&x->t, cell[i], x->width[i]);
        pol_put(&x->t, "\n");
        put_more(x, v, &v->clock[j]);
        put_rungs(x, v, &v->clock[j]);
    }
}

/* ---- JSON ---- */

static void write_name(struct dk_jw *w, const char *key,
                       const struct dk_rj_name *n)
{
    if (n->zh == NULL)
        return;
    dk_jw_obj(w, key);
    dk_jw_str(w, "zh-CN", n->zh);
    if (n->en != NULL)
        dk_jw_str(w, "en", n->en);
    dk_jw_end_obj(w);
}

static void write_mask(struct dk_jw *w, const char *key, uint64_t mask,
                       const char *const names[])
{
    if (mask == 0)
        return;
    dk_jw_arr(w, key);
    for (int i = 0; i < 64; i++) {
        if ((mask & BIT(i)) != 0)
            dk_jw_str(w, NULL,
                      names != NULL ? names[i] : dk_ev_name((enum dk_ev)i));
    }
    dk_jw_end_arr(w);
}

/* `g` NULL: the rung at the due time. */
static void write_rung(struct dk_jw *w, const struct pol_version *v,
                       const struct pol_clock *k, const struct pol_rung *g)
{
    const char *id = g != NULL ? g->id : pol_on_due_names[k->on_due];
    const struct pol_step *s = pol_step_of(v, k, id);

    dk_jw_obj(w, NULL);
    dk_jw_str(w, "id", id);
    if (g != NULL)
        dk_jw_int(w, pol_when_names[g->when], g->n);
    else
        dk_jw_int(w, pol_when_names[POL_AFTER_DUE], 0);
    dk_jw_str(w, "level", s != NULL ? pol_level_names[s->level] : NULL);
    dk_jw_arr(w, "tell");
    for (int i = 0; s != NULL && i < s->n_role; i++)
        dk_jw_str(w, NULL, pol_role_names[s->role[i]]);
    dk_jw_end_arr(w);
    dk_jw_end_obj(w);
}

/* Members that the lines above do not have, as the file has them. */
static void write_more(struct dk_jw *w, const struct pol_version *v,
                       const struct pol_clock *k)
{
    static const char *const more[] = {"holds_for", "only",      "when_running",
                                       "first_day", "ack_holds", "repeat",
                                       "excuses",   NULL};

    for (const struct pol_member *m = pol_clock_members; m->name != NULL; m++) {
        struct dk_jw value = {0};
        int i = 0;

        while (more[i] != NULL && strcmp(more[i], m->name) != 0)
            i++;
        if (more[i] == NULL)
            continue;
        m->json(&value, v, k);
        if (value.oom)
            w->oom = true;
        else
            dk_jw_raw(w, m->name, value.buf, value.len);
        dk_jw_fini(&value);
    }
}

static void write_clock(struct dk_jw *w, const struct pol_version *v,
                        const struct pol_clock *k)
{
    dk_jw_obj(w, NULL);
    dk_jw_str(w, "id", k->id);
    write_name(w, "name", &k->name);
    dk_jw_str(w, "article", k->article);
    dk_jw_bool(w, "verified", k->verified);
    write_mask(w, "starts_on", k->starts_on, NULL);
    write_mask(w, "stops_on", k->stops_on, NULL);
    write_mask(w, "holds_on", k->holds_on, NULL);
    write_mask(w, "only_kind", k->only_kind, dk_kind_names);
    write_mask(w, "only_channel", k->only_channel, dk_channel_names);
    dk_jw_int(w, "days", k->days);
    dk_jw_str(w, "from_event", k->from_event);
    dk_jw_str(w, "count", pol_count_names[k->working ? 1 : 0]);
    dk_jw_str(w, "on_last_day_rest",
              k->next_working_day ? "next_working_day" : "keep");
    dk_jw_str(w, "on_due", pol_on_due_names[k->on_due]);
    dk_jw_int(w, "extend_times", k->extend_times);
    dk_jw_int(w, "extend_days", k->extend_days);
    write_more(w, v, k);
    dk_jw_arr(w, "rungs");
    for (int i = 0; i < k->n_rung; i++)
        write_rung(w, v, k, &k->rung[i]);
    write_rung(w, v, k, NULL);
    dk_jw_end_arr(w);
    dk_jw_end_obj(w);
}

static void write_json(struct dk_jw *w, const struct dk_policy *p)
{
    dk_jw_obj(w, NULL);
    dk_jw_str(w, "id", p->id);
    write_name(w, "name", &p->name);
    dk_jw_str(w, "calendar", p->calendar);
    dk_jw_arr(w, "versions");
    for (int i = 0; i < p->n_version; i++) {
        const struct pol_version *v = &p->version[i];
        dk_jw_obj(w, NULL);
        dk_jw_str(w, "effective_from", v->from_text);
        write_name(w, "law", &v->law);
        dk_jw_arr(w, "clocks");
        for (int j = 0; j < v->n_clock; j++)
            write_clock(w, v, &v->clock[j]);
        dk_jw_end_arr(w);
        dk_jw_end_obj(w);
    }
    dk_jw_end_arr(w);
    dk_jw_end_obj(w);
}

void dk_policy_print(const struct dk_policy *p, const char *lang,
                     struct dk_jw *json_or_null, char **text_or_null)
{
    struct printing x = {.p = p, .en = strcmp(lang, "en") == 0};
    const char *name = x.en ? p->name.en : p->name.zh;

    if (json_or_null != NULL)
        write_json(json_or_null, p);
    if (text_or_null == NULL)
        return;
    pol_put(&x.t,
            x.en ? "Policy %s: %s\nCalendar: %s\n"
                 : "期限规则 %s：%s\n日历：%s\n",
            p->id, name != NULL ? name : "-", p->calendar);
    for (int i = 0; i < p->n_version; i++)
        put_version(&x, &p->version[i]);
    *text_or_null = pol_take(&x.t);
}
