#include "feed.h"

#include <string.h>

#define PAGE       200
#define CURSOR_MAX 512

static void write_ask(struct dk_jw *w, const char *state, const char *after)
{
    dk_jw_obj(w, NULL);
    if (state != NULL)
        dk_jw_str(w, "state", state);
    else
        dk_jw_bool(w, "open", true);
    dk_jw_int(w, "limit", PAGE);
    if (after[0] != '\0')
        dk_jw_str(w, "after", after);
    dk_jw_end_obj(w);
}

static int write_items(struct ctl *ctl, const cJSON *items, FILE *in,
                       int64_t *n)
{
    struct dk_jw w = {0};
    const cJSON *item = NULL;
    bool oom;

    cJSON_ArrayForEach (item, items) {
        dk_jw_reset(&w);
        dk_jw_cjson(&w, NULL, item);
        if (!w.oom)
            (void)fprintf(in, "%s\n", w.buf);
        ++*n;
    }
    oom = w.oom;
    dk_jw_fini(&w);
    return oom ? say_oom(ctl) : 0;
}

/* One page; *next is where the following one starts, "" at the end. */
static int feed_page(struct ctl *ctl, const char *state, FILE *in,
                     char next[CURSOR_MAX], int64_t *n)
{
    struct dk_jw w = {0};
    struct dk_reply r;
    const char *cursor;
    int rc;

    write_ask(&w, state, next);
    rc = ctl_ask(ctl, "case.list", &w, &r);
    if (rc != 0)
        return rc;
    cursor =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(r.json, "next"));
    if (cursor != NULL && strlen(cursor) >= CURSOR_MAX)
        rc = say_odd_reply(ctl, "next");
    else
        (void)snprintf(next, CURSOR_MAX, "%s", cursor != NULL ? cursor : "");
    if (rc == 0)
        rc = write_items(ctl, cJSON_GetObjectItemCaseSensitive(r.json, "items"),
                         in, n);
    dk_reply_free(&r);
    return rc;
}

int feed_cases(struct ctl *ctl, const char *state, FILE *in, int64_t *n)
{
    char next[CURSOR_MAX] = "";
    int rc;

    do {
        rc = feed_page(ctl, state, in, next, n);
    } while (rc == 0 && next[0] != '\0' && ferror(in) == 0);
    return rc;
}
