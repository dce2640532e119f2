/* worker.h - the runtime that every handler worker stands on.
 *
 * worker_run() connects to a broker's worker endpoint, says hello with credit,
 * and gives every task to `answer`; what it answers goes back as a result, or
 * as a failure with its reason.  The session (hello, beats, credit, a broker
 * that went away, signals) is this module's affair alone:
 *
 *     down --(back-off)--> connect --hello--> hello --welcome--> up
 *       ^                                       |                 |
 *       +---- no welcome, three beats missed, nowhere to send ----+
 *
 * A worker keeps nothing: whatever was under way when a session ends, the
 * broker hands out again.  docs/WORKERS.md tells it at length.
 */
#ifndef DK_WORKER_H
#define DK_WORKER_H

#include "core/case.h"

#define WORKER_CREDIT     64 /* default */
#define WORKER_CREDIT_MAX 256

struct worker_env {
    dk_ms now;      /* the broker's, when it sent the task */
    int offset_min; /* the office's, for times that people read */
    int32_t county;
    bool test_clock;
    int attempt; /* 1 on the first hand-out of this task */
};

/* Answer for event `e`, which is already part of `c`: write the JSON array of
 * commands to `commands`.  Must neither block nor keep anything.  0, or a
 * negative DK_E code with *why filled: the task is failed with that reason
 * and the broker tries again later; `retry_after_ms` of *why is passed on.
 */
typedef int (*worker_answer_fn)(void *arg, const struct dk_case *c,
                                const struct dk_event *e,
                                const struct worker_env *env,
                                struct dk_jw *commands, struct dk_problem *why);

/* Read the files again (SIGHUP).  On failure nothing may have changed; says
 * itself what was wrong.
 */
typedef int (*worker_reload_fn)(void *arg);

/* What the broker should know of the files a worker works by; 0: nothing. */
struct worker_about {
    int32_t county;     /* of its book; another broker's refuses it */
    int calendar_until; /* last year that its calendar knows */
};
typedef void (*worker_about_fn)(void *arg, struct worker_about *out);

struct worker_conf {
    const char *service;               /* "assign", "deadline", "escalate" */
    const char *endpoint;              /* of the broker, for workers */
    const char *key_file, *server_key; /* over tcp://; proto/client_keys.h */
    const char *name;                  /* NULL: SERVICE-HOST-PID */
    int credit; /* tasks in hand at most, 1..WORKER_CREDIT_MAX */
    worker_answer_fn answer;
    worker_reload_fn reload; /* NULL: SIGHUP is ignored */
    worker_about_fn about;   /* NULL: nothing to tell */
    void *arg;
};

/* Work until SIGTERM or SIGINT: then says bye, finishes what is in hand and
 * returns 0 within five seconds.  Else a sysexits status: EX_USAGE for an
 * endpoint or name that is none, EX_CONFIG when the broker refuses this worker
 * for good, EX_OSERR.  Call once, before any thread is started.
 */
int worker_run(const struct worker_conf *conf);

#endif /* DK_WORKER_H */
