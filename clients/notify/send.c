#include "send.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/client.h"
#include "send_int.h"

static void end_child(struct try *t)
{
    (void)kill(-t->pid, SIGKILL); /* it and what it started */
    (void)kill(t->pid, SIGKILL);  /* should it not lead its group yet */
    while (waitpid(t->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    t->pid = 0;
}

static void try_free(struct try *t)
{
    if (t->pid > 0)
        end_child(t);
    if (t->fd >= 0)
        close(t->fd);
    message_fini(&t->m);
    free(t);
}

void sender_fini(struct sender *s)
{
    while (s->first != NULL) {
        struct try *t = s->first;
        s->first = t->next;
        try_free(t);
    }
}

bool sender_has(const struct sender *s, int64_t id)
{
    for (const struct try *t = s->first; t != NULL; t = t->next)
        if (t->m.id == id)
            return true;
    return false;
}

static int begin(const struct sender *s, struct try *t,
                 const struct recipient *r, struct verdict *v)
{
    switch (t->m.channel) {
    case CHANNEL_EMAIL:
    case CHANNEL_WEBHOOK:
        return send_by_net(s->conf, t, r, v);
    case CHANNEL_COMMAND:
        return send_by_command(s->conf, t, r, v);
    case CHANNEL_JOURNAL:
        return send_by_journal(t, v);
    case CHANNEL_N:
    default:
        return -1;
    }
}

void sender_start(struct sender *s, struct message *m)
{
    const struct recipient *r = conf_find(s->conf, m->recipient);
    struct try *t = calloc(1, sizeof(*t));
    struct verdict v = {.outcome = DK_NOTIFY_AGAIN};

    if (t == NULL) { /* it is tried again by itself */
        message_fini(m);
        return;
    }
    *t = (struct try){.m = *m, .fd = -1};
    m->subject = m->body = NULL;
    if (r == NULL || !conf_has_channel(r, t->m.channel)) {
        v.outcome = DK_NOTIFY_NEVER;
        (void)snprintf(v.why, sizeof(v.why),
                       "the configuration has no recipient %.64s with %s any "
                       "more",
                       t->m.recipient, channel_names[t->m.channel]);
    } else if (begin(s, t, r, &v) == 0 && t->pid > 0) {
        t->until = dk_client_now() + s->conf->timeout_s * DK_SECOND +
                   (t->m.channel == CHANNEL_COMMAND ? 0 : 2 * DK_SECOND);
        t->next = s->first;
        s->first = t;
        s->n++;
        return;
    }
    s->done(s->arg, &t->m, v.outcome, 0, v.why);
    try_free(t);
}

/* ---- what came of it ---- */

/* "OUTCOME WISH WHY" in one write, or nothing. */
static bool read_verdict(const struct try *t, struct verdict *v)
{
    char text[WHY_BYTES + 64];
    ssize_t n = t->fd < 0 ? 0 : read(t->fd, text, sizeof(text) - 1);
    char *end;

    if (n <= 0)
        return false;
    text[n] = '\0';
    v->outcome = (enum dk_notify_outcome)strtol(text, &end, 10);
    v->wish = strtoll(end, &end, 10);
    (void)snprintf(v->why, sizeof(v->why), "%s", *end == ' ' ? end + 1 : end);
    return true;
}

static void read_status(int status, struct verdict *v)
{
    v->outcome = DK_NOTIFY_AGAIN;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        v->outcome = DK_NOTIFY_SENT;
    else if (WIFSIGNALED(status))
        (void)snprintf(v->why, sizeof(v->why), "was ended by signal %d",
                       WTERMSIG(status));
    else
        (void)snprintf(v->why, sizeof(v->why), "the command ended with %d",
                       WEXITSTATUS(status));
}

/* True: it is over. */
static bool look(struct try *t, struct verdict *v)
{
    int status = 0;
    pid_t pid = waitpid(t->pid, &status, WNOHANG);

    *v = (struct verdict){.outcome = DK_NOTIFY_AGAIN};
    if (pid == 0 && dk_client_now() < t->until)
        return false;
    if (pid == 0) {
        end_child(t);
        (void)snprintf(v->why, sizeof(v->why), "took too long");
        (void)read_verdict(t, v); /* it may only have been slow to go */
        return true;
    }
    t->pid = 0;
    if (!read_verdict(t, v))
        read_status(status, v);
    return true;
}

dk_ms sender_work(struct sender *s)
{
    struct try **at = &s->first;
    dk_ms left = DK_NEVER;

    while (*at != NULL) {
        struct try *t = *at;
        struct verdict v;

        if (!look(t, &v)) {
            if (t->until - dk_client_now() < left)
                left = t->until - dk_client_now();
            at = &t->next;
            continue;
        }
        *at = t->next;
        s->n--;
        s->done(s->arg, &t->m, v.outcome, v.wish, v.why);
        try_free(t);
    }
    return left;
}
