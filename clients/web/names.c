#include "names.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "journal/note.h"
#include "proto/jsonw.h"
#include "proto/jsonx.h"
#include "proto/words.h"

#define FILE_MAX ((size_t)32 << 20)

struct source {
    const char *file; /* "": none */
    struct timespec read_at;
    off_t size;
};

struct names {
    struct source book, policy;
    char *text;
    size_t len;
};

static const cJSON *member(const cJSON *o, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(o, name);
}

static const char *text_of(const cJSON *o, const char *name)
{
    return cJSON_GetStringValue(member(o, name));
}

/* ---- reading -------------------------------------------------------------
 */

static int slurp(const char *file, char **out, size_t *len,
                 struct dk_problem *p)
{
    FILE *f = fopen(file, "re");
    struct stat st;
    int rc = 0;

    *out = NULL;
    if (f == NULL || fstat(fileno(f), &st) != 0 ||
        (size_t)st.st_size > FILE_MAX) {
        rc = dk_failf(p, DK_ENOTFOUND, NULL, "%.200s cannot be read: %s",
                      "%.200s 无法读取：%s", file,
                      f == NULL ? strerrordesc_np(errno) : "too large");
    } else {
        *out = malloc((size_t)st.st_size + 1);
        if (*out == NULL)
            rc = dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
        else
            *len = fread(*out, 1, (size_t)st.st_size, f);
    }
    if (f != NULL)
        (void)fclose(f);
    return rc;
}

static int read_json(const char *file, cJSON **out, struct dk_problem *p)
{
    char *text = NULL;
    size_t len = 0;
    int rc;

    *out = NULL;
    if (file[0] == '\0')
        return 0;
    rc = slurp(file, &text, &len, p);
    if (rc == 0 && dk_json_parse_obj(text, len, FILE_MAX, out, p) != 0) {
        char why[sizeof(p->detail)];

        memcpy(why, p->detail, sizeof(why));
        rc = dk_failf(p, DK_EFIELD, NULL, "%.120s: %.200s", "%.120s：%.200s",
                      file, why);
    }
    free(text);
    return rc;
}

/* ---- the document --------------------------------------------------------
 */

static void put_names(struct dk_jw *w, const cJSON *name)
{
    const char *zh = cJSON_GetStringValue(name); /* an officer's: text */

    if (zh == NULL)
        zh = text_of(name, "zh-CN");
    dk_jw_str(w, "name", zh);
    if (text_of(name, "en") != NULL)
        dk_jw_str(w, "name_en", text_of(name, "en"));
}

/* Who is at its head, and who may have its cases. */
static void put_staff(struct dk_jw *w, const cJSON *unit)
{
    const char *head = text_of(member(unit, "head"), "id");
    const cJSON *h = NULL;

    if (head != NULL)
        dk_jw_str(w, "head", head);
    dk_jw_arr(w, "handlers");
    cJSON_ArrayForEach (h, member(unit, "handlers"))
        if (text_of(h, "id") != NULL)
            dk_jw_str(w, NULL, text_of(h, "id"));
    dk_jw_end_arr(w);
}

static void put_units(struct dk_jw *w, const cJSON *book)
{
    static const char *const copied[] = {"parent", "kind", "code", "valid_to",
                                         "merged_into"};
    const cJSON *u = NULL;

    dk_jw_obj(w, "units");
    cJSON_ArrayForEach (u, member(book, "units")) {
        if (text_of(u, "id") == NULL)
            continue;
        dk_jw_obj(w, text_of(u, "id"));
        put_names(w, member(u, "name"));
        for (size_t i = 0; i < sizeof(copied) / sizeof(copied[0]); i++)
            if (text_of(u, copied[i]) != NULL)
                dk_jw_str(w, copied[i], text_of(u, copied[i]));
        put_staff(w, u);
        dk_jw_end_obj(w);
    }
    dk_jw_end_obj(w);
}

struct seen { /* officers that were written: one may be in several units */
    const char **id;
    size_t n, cap;
};

static bool is_new(struct seen *s, const char *id)
{
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->id[i], id) == 0)
            return false;
    if (s->n < s->cap)
        s->id[s->n++] = id;
    return true;
}

static void put_officer(struct dk_jw *w, struct seen *s, const cJSON *o,
                        const char *unit, const char *role)
{
    const char *id = text_of(o, "id");

    if (id == NULL || !is_new(s, id))
        return;
    dk_jw_obj(w, id);
    put_names(w, member(o, "name"));
    dk_jw_str(w, "unit", unit);
    dk_jw_str(w, "role", role);
    dk_jw_end_obj(w);
}

static size_t count_officers(const cJSON *book)
{
    const cJSON *u = NULL;
    size_t n = 1;

    cJSON_ArrayForEach (u, member(book, "units"))
        n += 1 + (size_t)cJSON_GetArraySize(member(u, "handlers"));
    return n;
}

static void put_officers(struct dk_jw *w, const cJSON *book)
{
    const cJSON *u = NULL, *o = NULL;
    struct seen s = {.cap = count_officers(book)};

    s.id = calloc(s.cap, sizeof(*s.id));
    if (s.id == NULL)
        w->oom = true;
    dk_jw_obj(w, "officers");
    put_officer(w, &s, member(book, "leader"), NULL, "leader");
    cJSON_ArrayForEach (u, member(book, "units")) {
        put_officer(w, &s, member(u, "head"), text_of(u, "id"), "unit_head");
        cJSON_ArrayForEach (o, member(u, "handlers"))
            put_officer(w, &s, o, text_of(u, "id"), "handler");
    }
    dk_jw_end_obj(w);
    free(s.id);
}

/* Of the law in force last: versions stand in the order of their days. */
static void put_clocks(struct dk_jw *w, const cJSON *policy)
{
    const cJSON *versions = member(policy, "versions");
    const cJSON *last =
        cJSON_GetArrayItem(versions, cJSON_GetArraySize(versions) - 1);
    const cJSON *c = NULL;

    dk_jw_obj(w, "clocks");
    cJSON_ArrayForEach (c, member(last, "clocks")) {
        if (text_of(c, "id") == NULL)
            continue;
        dk_jw_obj(w, text_of(c, "id"));
        dk_jw_str(w, "zh-CN", text_of(member(c, "name"), "zh-CN"));
        dk_jw_str(w, "en", text_of(member(c, "name"), "en"));
        dk_jw_str(w, "article", text_of(c, "article"));
        dk_jw_str(w, "on_due", text_of(c, "on_due"));
        if (member(c, "stops_on") != NULL)
            dk_jw_cjson(w, "stops_on", member(c, "stops_on"));
        dk_jw_end_obj(w);
    }
    dk_jw_end_obj(w);
}

static void put_word(struct dk_jw *w, const char *key, int word)
{
    dk_jw_obj(w, key);
    dk_jw_str(w, "zh-CN", dk_word((enum dk_word)word, DK_LANG_ZH_CN));
    dk_jw_str(w, "en", dk_word((enum dk_word)word, DK_LANG_EN));
    dk_jw_end_obj(w);
}

static void put_states(struct dk_jw *w)
{
    dk_jw_obj(w, "states");
    for (int i = 0; i < DK_WORD_N; i++) {
        const char *id = dk_word_id((enum dk_word)i);

        if (strncmp(id, "state.", 6) == 0)
            put_word(w, id + 6, i);
    }
    dk_jw_end_obj(w);
}

/* An action is called as the event that it makes. */
static void put_actions(struct dk_jw *w)
{
    static const struct {
        const char *action, *word;
    } actions[] = {
#define A(action, event) {#action, "event." #event}
        A(register, registered),
        A(assign, assigned),
        A(transfer, transferred),
        A(hand_over, handed_over),
        A(send_to_discipline, sent_to_discipline),
        A(object, objected),
        A(uphold_objection, objection_upheld),
        A(refuse_objection, objection_refused),
        A(accept, accepted),
        A(not_accept, not_accepted),
        A(give_notice, notice_given),
        A(inform, informed),
        A(extend, extended),
        A(suspend, suspended),
        A(resume, resumed),
        A(report, reported),
        A(add_co_handler, co_handler_added),
        A(remove_co_handler, co_handler_removed),
        A(give_opinion, opinion_given),
        A(answer, answered),
        A(settle, settled),
        A(deliver, delivered),
        A(ask_review, review_asked),
        A(review, reviewed),
        A(ask_re_review, re_review_asked),
        A(re_review, re_reviewed),
        A(close, closed),
        A(reopen, reopened),
        A(withdraw, withdrawn),
        A(evaluate, evaluated),
        A(urge, urged),
        A(answer_urge, urge_answered),
        A(link, linked),
        A(unlink, unlinked),
        A(prioritise, prioritised),
        A(mute, muted),
        A(relay, relayed),
#undef A
    };

    dk_jw_obj(w, "actions");
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        int word = dk_word_find(actions[i].word);

        if (word >= 0)
            put_word(w, actions[i].action, word);
    }
    dk_jw_end_obj(w);
}

static void put_glossary(struct dk_jw *w)
{
    put_states(w);
    put_actions(w);
    dk_jw_obj(w, "words");
    for (int i = 0; i < DK_WORD_N; i++)
        put_word(w, dk_word_id((enum dk_word)i), i);
    dk_jw_end_obj(w);
}

/* ---- changes -------------------------------------------------------------
 */

static void mark(struct source *s)
{
    struct stat st;

    if (s->file[0] != '\0' && stat(s->file, &st) == 0) {
        s->read_at = st.st_mtim;
        s->size = st.st_size;
    }
}

static bool changed(const struct source *s)
{
    struct stat st;

    return s->file[0] != '\0' && stat(s->file, &st) == 0 &&
           (st.st_mtim.tv_sec != s->read_at.tv_sec ||
            st.st_mtim.tv_nsec != s->read_at.tv_nsec || st.st_size != s->size);
}

static int load(struct names *n, struct dk_problem *p)
{
    cJSON *book = NULL, *policy = NULL;
    struct dk_jw w = {0};
    int rc;

    mark(&n->book);
    mark(&n->policy);
    rc = read_json(n->book.file, &book, p);
    if (rc == 0)
        rc = read_json(n->policy.file, &policy, p);
    if (rc == 0) {
        dk_jw_obj(&w, NULL);
        dk_jw_str(&w, "county", text_of(book, "county"));
        dk_jw_str(&w, "office", text_of(book, "office"));
        dk_jw_str(&w, "leader", text_of(member(book, "leader"), "id"));
        dk_jw_str(&w, "office", text_of(book, "office"));
        put_units(&w, book);
        put_officers(&w, book);
        put_clocks(&w, policy);
        put_glossary(&w);
        dk_jw_end_obj(&w);
        if (w.oom)
            rc = dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    }
    cJSON_Delete(book);
    cJSON_Delete(policy);
    if (rc == 0) {
        free(n->text);
        n->text = dk_jw_take(&w, &n->len);
    }
    dk_jw_fini(&w);
    return rc;
}

int names_open(const char *book, const char *policy, struct names **out,
               struct dk_problem *p)
{
    struct names *n = calloc(1, sizeof(*n));
    int rc;

    *out = NULL;
    if (n == NULL)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    n->book.file = book;
    n->policy.file = policy;
    rc = load(n, p);
    if (rc != 0) {
        names_close(n);
        return rc;
    }
    *out = n;
    return 0;
}

void names_close(struct names *n)
{
    if (n == NULL)
        return;
    free(n->text);
    free(n);
}

const char *names_text(struct names *n, size_t *len)
{
    struct dk_problem p = {0};

    if ((changed(&n->book) || changed(&n->policy)) && load(n, &p) != 0)
        note("error", "names", "detail=\"%s\"", p.detail);
    *len = n->len;
    return n->text;
}
