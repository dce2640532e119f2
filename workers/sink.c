#include "sink.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "journal/journal.h"
#include "log.h"
#include "proto/caseno.h"

#define LINE_CAP 2048 /* below PIPE_BUF: a line goes out whole */
#define WAIT_MS  1000

static const char *text_of(const cJSON *o, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);

    return cJSON_IsString(v) ? v->valuestring : "-";
}

/* Append `s` and cut where there is no room. */
static void add(char *line, const char *s)
{
    size_t n = strlen(line);

    snprintf(line + n, LINE_CAP - n, "%s", s);
}

static void add_to(char *line, const cJSON *command)
{
    const cJSON *to = cJSON_GetObjectItemCaseSensitive(command, "to");
    const cJSON *e;
    const char *comma = "";

    add(line, " to=");
    cJSON_ArrayForEach (e, to) {
        add(line, comma);
        add(line, cJSON_IsString(e) ? e->valuestring : "-");
        comma = ",";
    }
}

static void print(struct sink *s, const char *line)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    size_t n = strlen(line);
    bool was = s->stuck;

    if (journal_entry(STDOUT_FILENO, line, n - 1))
        return;
    s->stuck = poll(&out, 1, was ? 0 : WAIT_MS) <= 0 ||
               (out.revents & POLLOUT) == 0 ||
               write(STDOUT_FILENO, line, n) != (ssize_t)n;
    if (s->stuck && !was)
        worker_log("error", "alert-unread",
                   "errno=%d detail=\"nobody reads "
                   "standard output; the alerts stand in the broker\"",
                   errno);
}

static void write_one(struct sink *s, const cJSON *command, const char *no,
                      int attempt)
{
    char line[LINE_CAP], tail[32];
    const size_t room = sizeof(line) - sizeof(tail);

    snprintf(line, sizeof(line), "alert level=%s case=%s clock=%s rung=%s",
             text_of(command, "level"), no, text_of(command, "clock"),
             text_of(command, "rung"));
    add_to(line, command);
    snprintf(tail, sizeof(tail), " attempt=%d\n", attempt);
    if (strlen(line) > room) /* whole characters, and room for the tail */
        line[dk_utf8_valid(line, room)] = '\0';
    add(line, tail);
    print(s, line);
}

int sink_write(struct sink *s, int64_t case_key, const struct worker_env *env,
               const struct dk_jw *commands, struct dk_problem *why)
{
    cJSON *list = NULL;
    const cJSON *c;
    char no[DK_CASE_NO_MAX];
    int rc;

    if (commands->len == 0)
        return 0;
    rc = dk_json_parse(commands->buf, commands->len, DK_REPLY_MAX, &list, why);
    if (rc != 0)
        return rc;
    dk_case_no_format(env->county, case_key, no);
    cJSON_ArrayForEach (c, list) {
        if (strcmp(text_of(c, "action"), "alert") == 0)
            write_one(s, c, no, env->attempt);
    }
    cJSON_Delete(list);
    return 0;
}
