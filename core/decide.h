/* decide.h - from a command to events, or to a refusal with its reason.
 *
 * decide() never changes the case: the caller gives the resulting events to
 * dk_case_evolve() one after the other.  Commands come from clients
 * (case.submit, case.act), from workers (the commands of a result) and from
 * the clocks (fire).
 */
#ifndef DK_DECIDE_H
#define DK_DECIDE_H

#include "case.h"

/* X(NAME, wire name, event, who may: 1 client, 2 worker, 4 the broker itself)
 * The fields of each are in PROTOCOL.md ("Actions") and schemas/action.*.json.
 */
#define DK_ACTIONS(X)                                                          \
    X(SUBMIT, "submit", SUBMITTED, 4)                                          \
    X(REGISTER, "register", REGISTERED, 3)                                     \
    X(ASSIGN, "assign", ASSIGNED, 3)                                           \
    X(TRANSFER, "transfer", TRANSFERRED, 3)                                    \
    X(HAND_OVER, "hand_over", HANDED_OVER, 3)                                  \
    X(DISCIPLINE, "send_to_discipline", DISCIPLINE, 3)                         \
    X(OBJECT, "object", OBJECTED, 1)                                           \
    X(UPHOLD_OBJECTION, "uphold_objection", OBJECTION_UPHELD, 1)               \
    X(REFUSE_OBJECTION, "refuse_objection", OBJECTION_REFUSED, 1)              \
    X(ACCEPT, "accept", ACCEPTED, 1)                                           \
    X(NOT_ACCEPT, "not_accept", NOT_ACCEPTED, 1)                               \
    X(EXTEND, "extend", EXTENDED, 1)                                           \
    X(SUSPEND, "suspend", SUSPENDED, 1)                                        \
    X(RESUME, "resume", RESUMED, 1)                                            \
    X(REPORT, "report", REPORTED, 1)                                           \
    X(ANSWER, "answer", ANSWERED, 1)                                           \
    X(ASK_REVIEW, "ask_review", REVIEW_ASKED, 1)                               \
    X(REVIEW, "review", REVIEWED, 1)                                           \
    X(ASK_RE_REVIEW, "ask_re_review", RE_REVIEW_ASKED, 1)                      \
    X(RE_REVIEW, "re_review", RE_REVIEWED, 1)                                  \
    X(CLOSE, "close", CLOSED, 1)                                               \
    X(WITHDRAW, "withdraw", WITHDRAWN, 1)                                      \
    X(REOPEN, "reopen", REOPENED, 1)                                           \
    X(EVALUATE, "evaluate", EVALUATED, 1)                                      \
    X(URGE, "urge", URGED, 1)                                                  \
    X(ANSWER_URGE, "answer_urge", URGE_ANSWERED, 1)                            \
    X(GIVE_NOTICE, "give_notice", NOTICE_GIVEN, 1)                             \
    X(INFORM, "inform", INFORMED, 1)                                           \
    X(DELIVER, "deliver", DELIVERED, 1)                                        \
    X(SETTLE, "settle", SETTLED, 1)                                            \
    X(ADD_CO_HANDLER, "add_co_handler", CO_HANDLER_ADDED, 3)                   \
    X(REMOVE_CO_HANDLER, "remove_co_handler", CO_HANDLER_REMOVED, 1)           \
    X(GIVE_OPINION, "give_opinion", OPINION_GIVEN, 1)                          \
    X(LINK, "link", LINKED, 1)                                                 \
    X(UNLINK, "unlink", UNLINKED, 1)                                           \
    X(NOTE_REPEAT, "note_repeat", REPEATED, 4)                                 \
    X(PRIORITISE, "prioritise", PRIORITISED, 3)                                \
    X(MUTE, "mute", ALERT_MUTED, 1)                                            \
    X(CLOCK, "clock", CLOCK_SET, 2)                                            \
    X(ALERT, "alert", ALERT_RAISED, 2)                                         \
    X(ACK_ALERT, "ack_alert", ALERT_ACKED, 4)                                  \
    X(FIRE, "fire", CLOCK_FIRED, 4)                                            \
    X(READ_PERSON, "read_person", PERSON_READ, 4)                              \
    X(ERASE_PERSON, "erase_person", PERSON_ERASED, 4)                          \
    X(RELAY, "relay", RELAYED, 1)

#define DK_ACTION_ENUM(name, wire, ev, who) DK_ACT_##name,
enum dk_action {
    DK_ACTIONS(DK_ACTION_ENUM) DK_ACT_N
};
#undef DK_ACTION_ENUM

enum {
    DK_BY_CLIENT = 1,
    DK_BY_WORKER = 2,
    DK_BY_BROKER = 4
};

const char *dk_action_name(enum dk_action a);
int dk_action_from_name(const char *name); /* -1: unknown */
enum dk_ev dk_action_event(enum dk_action a);
unsigned dk_action_who(enum dk_action a);

/* How many owing cases a handler has now.  Pure: reads the caller's table. */
typedef int64_t (*dk_load_fn)(void *arg, const char *unit, const char *handler);

struct dk_env {
    dk_ms now;
    int offset_min; /* the office's, for the times written into bodies */
    int32_t county;
    dk_load_fn load; /* NULL: every load is 0 */
    void *load_arg;
};

struct dk_command {
    enum dk_action action;
    unsigned by;       /* DK_BY_CLIENT, .. */
    const char *actor; /* "officer:zhang", "worker:assign", "kiosk", .. */
    dk_ms claimed;     /* DK_NEVER: not claimed */
    int64_t expect_n;  /* refuse (DK_ESTALE) unless the case has so many
                          events; 0: any */
    const cJSON *args; /* the fields of the action; NULL for SUBMIT and FIRE.
                          Members "action" and "at" are the caller's and are
                          skipped here, and but for a worker also "actor",
                          "case_no", "command_id" and "expect_n" */
    /* SUBMIT only */
    const struct dk_submit *submit;
    int64_t key;        /* the new case's */
    const char *person; /* commitment to the sealed persons, hex */
    /* LINK, UNLINK, and SUBMIT with a repeat_of: the case that is named; NULL:
     * there is none.  Borrowed.
     */
    const struct dk_case *other;
    /* NOTE_REPEAT only: the later case, and whether that link was undone */
    int64_t by_case;
    bool undone;
};

struct dk_events {
    struct dk_event *v;
    size_t n, cap;
};
void dk_events_fini(struct dk_events *es);

/* Decide `cmd` on `c` (state NONE for SUBMIT).  On success appends to *out the
 * events that happened, numbered c->n + 1 .. (seq and hash still 0).  For a
 * FIRE with nothing due, and for a CLOCK or ALERT that the case already has,
 * success with no event: these are repeated harmlessly.  Nor is there one for a
 * CLOCK whose basis is older than that of the clock the case has: an answer to
 * an older event that came after the newer one's.
 * Refusals: DK_EFIELD, DK_ESTATE, DK_ESTALE, DK_ELIMIT (too late, or too
 * early), DK_ERESPONDENT, DK_EFORBIDDEN (not for this `by`), DK_ENOTFOUND
 * (clock or alert), DK_ENOMEM; *out is as before then.
 */
int dk_decide(const struct dk_case *c, const struct dk_command *cmd,
              const struct dk_env *env, struct dk_events *out,
              struct dk_problem *p);

/* Least loaded of n candidates; of equals the first in byte order of the id,
 * so that the choice is the same everywhere.  -1 when n is 0.
 */
int dk_pick_handler(const char *unit, const char *const candidates[], int n,
                    dk_load_fn load, void *arg);

#endif /* DK_DECIDE_H */
