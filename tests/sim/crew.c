/* crew.c - workers: the real session over the virtual network, with the real
 * answers of the law and the book, and now and then a lie.
 */
#include <stdlib.h>
#include <string.h>

#include "core/escalate.h"
#include "net.h"
#include "workers/session.h"
#include "world.h"

#define HANDS    6
#define LEAVE_MS 4000 /* as worker.c has it */

struct hand {
    struct worker_conf conf;
    char name[24];
    struct session s;
    bool alive;
    dk_ms at;       /* alive: to be called at the latest; else: starts */
    dk_ms deaf;     /* hangs until then */
    dk_ms pace;     /* between two looks at its messages */
    dk_ms leave_by; /* DK_NEVER: nobody asked it to go */
};

int crew_lies;
static struct hand hands[HANDS];

/* ---- answers ------------------------------------------------------------- */

/* Another service's command, an impossible one, one too much, nonsense. */
static int lie(struct dk_jw *w, struct dk_problem *why)
{
    static const char *const lies[] = {
        "[]",
        "[{\"action\":\"register\"},{\"action\":\"register\"}]",
        "[{\"action\":\"close\"}]",
        "[{\"action\":\"no_such\"}]",
        "[{\"action\":\"assign\",\"unit\":\"nobody\"},{\"action\":\"transfer\"}"
        "]",
        "[{\"action\":\"clock\",\"clock\":\"answer\",\"basis\":99,"
        "\"started_at\":\"2026-05-06T09:00:00+08:00\",\"due_at\":"
        "\"2020-05-06T09:00:00+08:00\",\"on_due\":\"overdue\",\"rungs\":[]}]",
        "[{\"action\":\"alert\",\"clock\":\"conclude\",\"clock_no\":1,\"rung\":"
        "\"overdue\",\"level\":\"red\",\"to\":[\"handler:h\"],\"text\":"
        "{\"zh-CN\":\"x\",\"en\":\"x\"}}]",
        "[{\"action\":17}]",
        "[7]",
    };
    unsigned n = sizeof(lies) / sizeof(lies[0]);
    unsigned i = sim_pick(n + 2);

    if (i >= n)
        return dk_fail(why, DK_EBUSY, NULL, "not today", "今天不行");
    dk_jw_raw(w, NULL, lies[i], strlen(lies[i]));
    return 0;
}

static int answer_assign(void *arg, const struct dk_case *c,
                         const struct dk_event *e, const struct worker_env *env,
                         struct dk_jw *w, struct dk_problem *why)
{
    (void)arg;
    (void)env;
    if (sim_chance(crew_lies))
        return lie(w, why);
    return dk_book_assign(world_files.book, c, e, w, why);
}

static int answer_deadline(void *arg, const struct dk_case *c,
                           const struct dk_event *e,
                           const struct worker_env *env, struct dk_jw *w,
                           struct dk_problem *why)
{
    (void)arg;
    if (sim_chance(crew_lies))
        return lie(w, why);
    return dk_policy_answer(world_files.policy, world_files.calendar, c, e,
                            env->offset_min, w, why);
}

static int answer_escalate(void *arg, const struct dk_case *c,
                           const struct dk_event *e,
                           const struct worker_env *env, struct dk_jw *w,
                           struct dk_problem *why)
{
    (void)arg;
    if (sim_chance(crew_lies))
        return lie(w, why);
    return dk_escalate_answer(world_files.policy, world_files.book, c, e,
                              env->offset_min, w, why);
}

static void about(void *arg, struct worker_about *out)
{
    (void)arg;
    out->county = dk_book_county(world_files.book);
}

/* ---- one of them --------------------------------------------------------- */

static void start(struct hand *h)
{
    struct dk_problem p = {0};

    h->conf.credit = 1 + (int)sim_pick(6);
    h->pace = sim_chance(300) ? sim_span(5, 2000) : 0;
    if (session_init(&h->s, &h->conf, NULL, sim_now(), &p) != 0)
        broken("a worker does not start: %s", p.detail);
    say("%s: starts, credit %d", h->name, h->conf.credit);
    h->alive = true;
    h->at = sim_now();
    h->deaf = 0;
    h->leave_by = DK_NEVER;
}

static void end(struct hand *h, const char *why)
{
    say("%s: %s", h->name, why);
    session_fini(&h->s);
    h->alive = false;
    h->at = sim_now() + sim_span(50, 4000);
}

static void turn(struct hand *h)
{
    dk_ms now = sim_now();

    if (!h->alive) {
        if (h->at <= now)
            start(h);
        return;
    }
    if (h->deaf > now)
        return;
    bool waits = h->s.wire.sock != NULL && net_waiting(h->s.wire.sock);
    if (!waits && h->at > now)
        return;
    while (session_drain(&h->s, now))
        ;
    h->at = session_tick(&h->s, now);
    if (h->s.state == SESSION_CONNECT) {
        session_writable(&h->s, now);
        h->at = session_tick(&h->s, now);
    }
    if (h->pace > 0)
        h->deaf = now + h->pace;
    if (h->leave_by < h->at)
        h->at = h->leave_by;
    if (session_over(&h->s) || now >= h->leave_by)
        end(h, h->s.status != 0 ? "refused" : "leaves");
}

/* ---- all of them --------------------------------------------------------- */

void crew_open(void)
{
    static const worker_answer_fn answers[] = {answer_assign, answer_deadline,
                                               answer_escalate};

    memset(hands, 0, sizeof(hands));
    for (int i = 0; i < HANDS; i++) {
        struct hand *h = &hands[i];
        const char *service = dk_service_names[i % DK_SVC_N];
        (void)snprintf(h->name, sizeof(h->name), "%s-%d", service,
                       1 + i / DK_SVC_N);
        h->conf = (struct worker_conf){.service = service,
                                       .endpoint = WORKERS_AT,
                                       .name = h->name,
                                       .answer = answers[i % DK_SVC_N],
                                       .about = about};
        h->at = sim_now() + sim_span(0, 3000);
    }
}

void crew_turn(void)
{
    for (int i = 0; i < HANDS && sim_broken() == NULL; i++)
        turn(&hands[i]);
}

dk_ms crew_next(void)
{
    dk_ms t = DK_NEVER;

    for (int i = 0; i < HANDS; i++) {
        const struct hand *h = &hands[i];
        dk_ms at = h->at;
        if (h->alive && h->s.wire.sock != NULL && net_waiting(h->s.wire.sock))
            at = sim_now();
        if (h->alive && at < h->deaf)
            at = h->deaf;
        if (at < t)
            t = at;
    }
    return t;
}

void crew_close(void)
{
    for (int i = 0; i < HANDS; i++) {
        if (hands[i].alive)
            session_fini(&hands[i].s);
        hands[i].alive = false;
    }
}

void crew_trouble(void)
{
    struct hand *h = &hands[sim_pick(HANDS)];

    if (!h->alive)
        return;
    switch (sim_pick(4)) {
    case 0:
        end(h, "crashes");
        break;
    case 1:
        h->deaf = sim_now() + sim_span(100, 12000);
        say("%s: hangs", h->name);
        break;
    case 2:
        session_leave(&h->s, sim_now());
        h->leave_by = sim_now() + LEAVE_MS;
        h->at = sim_now();
        break;
    default:
        if (h->s.wire.sock != NULL)
            net_break(h->s.wire.sock);
        break;
    }
}

void crew_calm(void)
{
    crew_lies = 0;
    for (int i = 0; i < HANDS; i++) {
        hands[i].pace = 0;
        hands[i].deaf = 0;
    }
}
