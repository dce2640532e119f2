#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sysexits.h>
#include <unistd.h>

#include "proto/client.h"
#include "proto/jsonw.h"
#include "state.h"

static const char *const words[] = {"dead", "resend", "drop", "status", "test"};

bool command_is(const char *word)
{
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(words[i], word) == 0)
            return true;
    }
    return false;
}

static int wrong(const char *what)
{
    (void)fprintf(stderr, "docket-notify: %s\nTry docket-notify --help.\n",
                  what);
    return EX_USAGE;
}

struct listing {
    const struct conf *c;
    bool json;
    int n;
};

static void print_dead(void *arg, const struct message *m)
{
    struct listing *l = arg;
    int off = dk_zone_offset(&l->c->zone, m->made_at);
    char at[DK_TIME_MAX];
    struct dk_jw w = {0};

    l->n++;
    dk_time_format(m->made_at, off, at);
    if (!l->json) {
        (void)printf("%s  %.19s  %s by %s  tries %d  %s\n    %s\n", m->key, at,
                     m->recipient, channel_names[m->channel], m->tries,
                     m->error, m->subject);
        return;
    }
    dk_jw_obj(&w, NULL);
    dk_jw_str(&w, "key", m->key);
    dk_jw_str(&w, "made_at", at);
    dk_jw_str(&w, "recipient", m->recipient);
    dk_jw_str(&w, "channel", channel_names[m->channel]);
    dk_jw_int(&w, "tries", m->tries);
    dk_jw_str(&w, "error", m->error);
    dk_jw_str(&w, "subject", m->subject);
    dk_jw_end_obj(&w);
    if (!w.oom)
        (void)puts(w.buf);
    dk_jw_fini(&w);
}

static int status(struct state *s, bool json)
{
    struct state_counts n;
    struct place at;

    if (state_count(s, &n) != 0 || state_place(s, &at) != 0)
        return EX_IOERR;
    (void)printf(json ? "{\"next\":%" PRId64 ",\"alerts\":%" PRId64
                        ",\"waiting\":%" PRId64 ",\"open\":%" PRId64
                        ",\"sent\":%" PRId64 ",\"dead\":%" PRId64
                        ",\"moot\":%" PRId64 "}\n"
                      : "next=%" PRId64 " alerts=%" PRId64 " waiting=%" PRId64
                        " open=%" PRId64 " sent=%" PRId64 " dead=%" PRId64
                        " moot=%" PRId64 "\n",
                 at.next, n.alerts, n.waiting, n.open, n.sent, n.dead, n.moot);
    return EX_OK;
}

/* An alert that is none, for one recipient, by every channel that they have:
 * the notifier sends it within seconds.
 */
static int test(struct state *s, const struct conf *c, const char *name)
{
    const struct recipient *r = name == NULL ? NULL : conf_find(c, name);
    dk_ms now = dk_client_wall();
    char uuid[DK_UUID_TEXT], id[64];
    int64_t row;
    int rc;

    if (r == NULL)
        return wrong("test wants the name of a [recipient NAME]");
    dk_client_uuid(uuid);
    (void)snprintf(id, sizeof(id), "test.%s", uuid);
    rc = state_begin(s);
    if (rc == 0)
        rc = state_add_alert(
            s,
            &(struct dk_notify_item){
                .case_no = "000000-00000000-000000-0",
                .alert_id = id,
                .clock = "test",
                .rung = "test",
                .level = "reminder",
                .text = {"这是一条测试消息。", "This is only a test."},
                .due_at = DK_NEVER,
                .raised_at = now},
            &row);
    for (int ch = 0; rc >= 0 && ch < CHANNEL_N; ch++)
        if (conf_has_channel(r, (enum channel)ch))
            rc = state_add_want(s, row, r->name, (enum channel)ch, "test:test",
                                now, false);
    if (rc >= 0 && state_commit(s) == 0)
        return EX_OK;
    state_rollback(s);
    return EX_IOERR;
}

static int count(int n, const char *did)
{
    if (n < 0)
        return EX_IOERR;
    (void)printf("%d %s\n", n, did);
    return n == 0 ? EX_DATAERR : EX_OK;
}

/* The notifier that is at work, if there is one: it looks by itself within
 * seconds, and at once when it is woken.
 */
static void wake(const char *folder)
{
    char path[600], text[24] = "";
    int fd;

    (void)snprintf(path, sizeof(path), "%s/lock", folder);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK &&
        read(fd, text, sizeof(text) - 1) > 0 && strtol(text, NULL, 10) > 1)
        (void)kill((pid_t)strtol(text, NULL, 10), SIGUSR1);
    (void)close(fd);
}

int command_run(const struct conf *c, const char *word, const char *arg,
                bool json)
{
    bool needs = strcmp(word, "dead") != 0 && strcmp(word, "status") != 0;
    struct listing l = {c, json, 0};
    struct dk_problem p = {0};
    struct state *s = NULL;
    const char *key;
    int code;

    if (needs != (arg != NULL))
        return wrong(needs ? "resend and drop want a key, or all; test wants a "
                             "recipient"
                           : "dead and status want no argument");
    if (state_open(&s, c->data, &p) != 0) {
        (void)fprintf(stderr, "docket-notify: %s\n", p.detail);
        return EX_CANTCREAT;
    }
    key = needs && strcmp(arg, "all") == 0 ? NULL : arg;
    if (strcmp(word, "dead") == 0)
        code =
            state_each(s, MESSAGE_DEAD, print_dead, &l) == 0 ? EX_OK : EX_IOERR;
    else if (strcmp(word, "status") == 0)
        code = status(s, json);
    else if (strcmp(word, "test") == 0)
        code = test(s, c, arg);
    else if (strcmp(word, "resend") == 0)
        code =
            count(state_resend(s, key, dk_client_wall()), "to be sent again");
    else
        code = count(state_drop(s, key), "dropped");
    state_close(s);
    if (needs && code == EX_OK)
        wake(c->data);
    return code;
}
