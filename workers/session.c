#include "session.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>
#include <unistd.h>

#include "log.h"

#define DRAIN_MAX      256
#define BEATS_MISSED   3
#define WELCOME_MS     5000 /* how long a welcome may take */
#define BACKOFF_MS     100
#define BACKOFF_MAX_MS 5000
#define QUIET_MS       1000 /* one line a second about failing tasks */

static void make_name(const struct worker_conf *conf, char *out)
{
    char host[24] = "";

    if (conf->name != NULL) {
        snprintf(out, SESSION_NAME_MAX + 1, "%s", conf->name);
        return;
    }
    gethostname(host, sizeof(host) - 1);
    for (char *p = host; *p != '\0'; p++) {
        if (strchr("/\\\" ", *p) != NULL || *p < 0x21 || *p > 0x7e)
            *p = '-';
    }
    snprintf(out, SESSION_NAME_MAX + 1, "%s-%s-%ld", conf->service,
             host[0] != '\0' ? host : "host", (long)getpid());
}

int session_init(struct session *s, const struct worker_conf *conf, void *ctx,
                 dk_ms now, struct dk_problem *p)
{
    *s = (struct session){.conf = conf, .at = now};
    make_name(conf, s->name);
    s->wire.ctx = ctx;
    s->wire.key_file = conf->key_file;
    s->wire.server_key = conf->server_key;
    /* The first try here, so that a bad endpoint is a mistake at the start. */
    return wire_open(&s->wire, conf->endpoint, p);
}

void session_fini(struct session *s)
{
    wire_close(&s->wire, s->leaving ? 500 : 0);
    dk_jw_fini(&s->commands);
    dk_jw_fini(&s->out);
}

/* Half fixed, half chance: many workers do not come back at one instant. */
static dk_ms backoff(int tries)
{
    dk_ms full = tries < 6 ? BACKOFF_MS << tries : BACKOFF_MAX_MS;
    uint32_t r = 0;

    if (getrandom(&r, sizeof(r), GRND_NONBLOCK) != sizeof(r))
        r = (uint32_t)getpid();
    return full / 2 + (dk_ms)(r % (uint64_t)(full / 2));
}

/* The session is over; what was under way, the broker hands out again. */
static void lose(struct session *s, dk_ms now, dk_ms wait, const char *why)
{
    wire_close(&s->wire, 0);
    s->state = SESSION_DOWN;
    s->in_hand = 0;
    s->at = now + (wait > 0 ? wait : backoff(s->tries));
    s->tries++;
    worker_log("warn", "session-lost", "service=%s why=\"%s\" retry_ms=%lld",
               s->conf->service, why, (long long)(s->at - now));
}

static bool emit(struct session *s, dk_ms now, const char *type,
                 const char *request)
{
    if (wire_send(&s->wire, type, request, s->out.buf, s->out.len) == 0)
        return true;
    lose(s, now, 0, "the broker takes no messages");
    return false;
}

static void make_request(struct session *s, const char *what, char *out)
{
    snprintf(out, DK_REQUEST_MAX + 1, "%s-%u", what, ++s->number);
}

static void emit_empty(struct session *s, dk_ms now, const char *type)
{
    char request[DK_REQUEST_MAX + 1];

    make_request(s, type, request);
    dk_jw_reset(&s->out);
    dk_jw_obj(&s->out, NULL);
    dk_jw_end_obj(&s->out);
    emit(s, now, type, request);
}

static void say_hello(struct session *s, dk_ms now)
{
    make_request(s, "hello", s->hello);
    dk_jw_reset(&s->out);
    s->about = (struct worker_about){0};
    if (s->conf->about != NULL)
        s->conf->about(s->conf->arg, &s->about);
    task_write_hello(&s->out, s->conf->service, s->name, s->conf->credit,
                     &s->about);
    s->in_hand = 0; /* an older session's leases are void */
    if (!emit(s, now, "hello", s->hello))
        return;
    s->state = SESSION_HELLO;
    s->at = now + WELCOME_MS;
}

void session_writable(struct session *s, dk_ms now)
{
    if (s->state == SESSION_CONNECT)
        say_hello(s, now);
}

void session_renew(struct session *s, dk_ms now)
{
    struct worker_about now_is = {0};

    if (s->conf->about != NULL)
        s->conf->about(s->conf->arg, &now_is);
    if (now_is.county == s->about.county &&
        now_is.calendar_until == s->about.calendar_until)
        return;
    if (s->state == SESSION_UP && !s->leaving)
        say_hello(s, now);
}

static void open_again(struct session *s, dk_ms now)
{
    struct dk_problem p = {0};

    if (s->wire.sock == NULL &&
        wire_open(&s->wire, s->conf->endpoint, &p) != 0) {
        lose(s, now, 0, p.detail);
        return;
    }
    s->state = SESSION_CONNECT;
}

dk_ms session_tick(struct session *s, dk_ms now)
{
    if (s->state == SESSION_DOWN && now >= s->at)
        open_again(s, now);
    if (s->state == SESSION_HELLO && now >= s->at)
        lose(
            s, now, 0,
            strncmp(s->conf->endpoint, "tcp://", 6) != 0
                ? "no welcome came: is this user allowed (docketctl keys list)?"
                : "no welcome came: is the key allowed (docketctl keys list), "
                  "and the broker's key right (--server-key)?");
    if (s->state == SESSION_UP &&
        now >= s->heard_at + BEATS_MISSED * s->beat_ms)
        lose(s, now, 0, "three beats of the broker are missing");
    if (s->state == SESSION_UP && now >= s->beat_at) {
        /* Early by a third, so that a late timer is not a late beat. */
        s->beat_at = now + (s->beat_ms * 2 + 2) / 3;
        emit_empty(s, now, "heartbeat");
    }
    switch (s->state) {
    case SESSION_UP:
        return s->beat_at < s->heard_at + BEATS_MISSED * s->beat_ms
                   ? s->beat_at
                   : s->heard_at + BEATS_MISSED * s->beat_ms;
    case SESSION_DOWN:
    case SESSION_HELLO:
        return s->at;
    case SESSION_CONNECT:
    default:
        return DK_NEVER;
    }
}

void session_leave(struct session *s, dk_ms now)
{
    if (s->leaving)
        return;
    if (s->state == SESSION_UP || s->state == SESSION_HELLO)
        emit_empty(s, now, "bye");
    s->leaving = true;
}

bool session_over(const struct session *s)
{
    if (s->status != 0)
        return true;
    if (!s->leaving)
        return false;
    return s->state == SESSION_DOWN || s->state == SESSION_CONNECT ||
           (s->left && s->in_hand <= 0);
}

/* ---- what the broker says ---------------------------------------------- */

static void on_welcome(struct session *s, const struct dk_msg *m, dk_ms now)
{
    struct dk_problem p = {0};
    struct welcome w;

    if (s->state != SESSION_HELLO || strcmp(m->request, s->hello) != 0)
        return; /* of a hello that we gave up */
    if (welcome_read(m, &w, &p) != 0) {
        worker_log("error", "bad-welcome", "at=%s detail=\"%s\"", p.pointer,
                   p.detail);
        lose(s, now, BACKOFF_MAX_MS, "the welcome cannot be read");
        return;
    }
    s->state = SESSION_UP;
    s->tries = 0;
    s->beat_ms = w.heartbeat_ms;
    s->lease_ms = w.lease_ms;
    s->beat_at = now + (s->beat_ms * 2 + 2) / 3;
    s->env = (struct worker_env){.now = w.now,
                                 .offset_min = w.offset_min,
                                 .county = w.county,
                                 .test_clock = w.test_clock};
    worker_log("info", "welcome",
               "service=%s worker=%s epoch=%s credit=%d heartbeat_ms=%d%s",
               s->conf->service, s->name, w.epoch, s->conf->credit,
               w.heartbeat_ms, w.test_clock ? " clock=test" : "");
}

/* Lines about failures are held to one a second: a wrong book would else
 * write one for every case of the county.
 */
static void tell_failure(struct session *s, dk_ms now, const char *event,
                         const char *lease, const struct dk_problem *p)
{
    char quoted[400];
    const char *detail =
        p->detail[0] != '\0' ? p->detail : dk_err_title(p->code);

    if (now < s->quiet_until) {
        s->untold++;
        return;
    }
    worker_log("warn", event,
               "service=%s lease=%s code=%s at=\"%s\" detail=%s untold=%llu",
               s->conf->service, lease, dk_err_slug(p->code), p->pointer,
               worker_quote(detail, quoted, sizeof(quoted)),
               (unsigned long long)s->untold);
    s->quiet_until = now + QUIET_MS;
    s->untold = 0;
}

static int answer(struct session *s, const struct task *t,
                  struct dk_problem *why)
{
    int rc;

    s->env.now = t->now;
    s->env.attempt = t->attempt;
    dk_jw_reset(&s->commands);
    rc = s->conf->answer(s->conf->arg, t->kase, &t->event, &s->env,
                         &s->commands, why);
    if (rc == 0 && (s->commands.oom || s->commands.len == 0))
        rc = dk_fail(why, DK_ENOMEM, NULL, NULL, NULL);
    if (rc != 0)
        return rc;
    dk_jw_reset(&s->out);
    task_write_result(&s->out, t, &s->commands);
    if (s->out.oom)
        return dk_fail(why, DK_ENOMEM, NULL, NULL, NULL);
    if (s->out.len > DK_BODY_MAX)
        return dk_failf(why, DK_ETOOBIG, NULL,
                        "the answer has %zu bytes; at most %d can be sent",
                        "答复有 %zu 字节，最多可发送 %d 字节", s->out.len,
                        DK_BODY_MAX);
    return 0;
}

static void on_task(struct session *s, const struct dk_msg *m, dk_ms now)
{
    struct dk_problem why = {0};
    struct task t;
    int rc = task_read(m, s->conf->service, &t, &why);
    const char *type = "result";

    if (rc == 0)
        rc = answer(s, &t, &why);
    if (t.lease[0] == '\0') { /* nobody to tell: the lease will run out */
        s->strange++;
        tell_failure(s, now, "bad-task", m->request, &why);
        task_fini(&t);
        return;
    }
    if (rc != 0) {
        if (why.code == DK_OK)
            why.code = rc;
        s->failed++;
        tell_failure(s, now, "task-failed", t.lease, &why);
        type = "fail";
        dk_jw_reset(&s->out);
        task_write_fail(&s->out, &t, &why);
    }
    if (emit(s, now, type, m->request))
        s->in_hand++;
    task_fini(&t);
}

static void give_up_hello(struct session *s, const struct dk_problem *p,
                          dk_ms now)
{
    /* The clients' hello has no service: there is no other way to be told so.
     */
    bool at_clients = strcmp(p->pointer, "/service") == 0;
    char quoted[400];

    worker_log("error", "hello-refused",
               "service=%s worker=%s code=%s "
               "at=\"%s\" detail=%s%s",
               s->conf->service, s->name, dk_err_slug(p->code), p->pointer,
               worker_quote(p->detail, quoted, sizeof(quoted)),
               at_clients ? " hint=\"is --connect the broker's endpoint for "
                            "clients? Workers use the one for workers\""
                          : "");
    /* What is wrong with us stays wrong; anything else may pass. */
    if (p->code == DK_EFIELD || p->code == DK_EFORBIDDEN)
        s->status = EX_CONFIG;
    else
        lose(s, now, p->retry_after_ms, "the broker refused our hello");
}

static void on_problem(struct session *s, const struct dk_msg *m, dk_ms now)
{
    struct dk_problem p = {0};

    task_read_problem(m, &p);
    if (s->state == SESSION_HELLO && strcmp(m->request, s->hello) == 0) {
        give_up_hello(s, &p, now);
        return;
    }
    if (p.code == DK_EHELLO) { /* a broker that started after our hello */
        if (s->leaving)
            s->left = true;
        else if (s->state == SESSION_UP)
            say_hello(s, now);
        return;
    }
    /* Only answers to tasks are left, and those carry their lease. */
    if (strncmp(m->request, "heartbeat-", 10) == 0 ||
        strncmp(m->request, "bye-", 4) == 0) {
        s->left = s->leaving;
        tell_failure(s, now, "problem", m->request, &p);
        return;
    }
    s->in_hand--;
    s->refused++;
    tell_failure(s, now, "result-refused", m->request, &p);
}

static void on_message(struct session *s, const struct dk_msg *m, dk_ms now)
{
    if (strcmp(m->type, "task") == 0) {
        /* A lease more than it has: a machine may have slept. */
        if (s->watch != NULL)
            s->watch(2 * s->lease_ms);
        on_task(s, m, now);
        if (s->watch != NULL)
            s->watch(0);
    } else if (strcmp(m->type, "done") == 0) {
        s->in_hand--;
        s->done++;
    } else if (strcmp(m->type, "welcome") == 0) {
        on_welcome(s, m, now);
    } else if (strcmp(m->type, "problem") == 0) {
        on_problem(s, m, now);
    } else if (strcmp(m->type, "ok") == 0) {
        if (strncmp(m->request, "bye-", 4) == 0)
            s->left = true;
    }
    /* A beat has been heard by now; of others a newer broker knows more. */
}

bool session_drain(struct session *s, dk_ms now)
{
    for (int i = 0; i < DRAIN_MAX; i++) {
        struct dk_problem p = {0};
        struct dk_msg m;
        int rc;

        if (s->wire.sock == NULL || s->status != 0)
            return false;
        rc = wire_next(&s->wire, &m, &p);
        if (rc == DK_ETIMEOUT)
            return false;
        s->heard_at = now;
        if (rc == 0) {
            on_message(s, &m, now);
        } else {
            s->strange++;
            tell_failure(s, now, "bad-message", "-", &p);
        }
    }
    return true;
}
