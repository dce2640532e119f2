#include "fsm.h"

#include <stddef.h>
#include <string.h>

/* Rows are states, columns events.  A cell holds next state + 1; a cell left
 * out is 0, which means "refused".  proto/PROTOCOL.md prints this table and
 * tests/unit/test_fsm.c walks every cell of it.
 */
/* clang-format off */
#define TO(s) ((uint8_t)(DK_S_##s + 1))

/* What the clocks leave behind never changes the state; nor does it matter
 * when somebody reads who the petitioners are, or that is erased.
 */
#define BOOKKEEPING(s)                                                         \
    [DK_EV_CLOCK_SET] = TO(s), [DK_EV_CLOCK_FIRED] = TO(s),                    \
    [DK_EV_ALERT_RAISED] = TO(s), [DK_EV_ALERT_ACKED] = TO(s),                 \
    [DK_EV_PERSON_READ] = TO(s), [DK_EV_PERSON_ERASED] = TO(s)

/* What is said about a case, at any time. */
#define ANY_TIME(s)                                                            \
    [DK_EV_LINKED] = TO(s), [DK_EV_UNLINKED] = TO(s),                          \
    [DK_EV_REPEATED] = TO(s), [DK_EV_INFORMED] = TO(s),                        \
    [DK_EV_RELAYED] = TO(s), BOOKKEEPING(s)

/* As long as a step is owed, somebody can be put in charge of it and the
 * petitioner can take the matter back.
 */
#define OWING(s)                                                               \
    [DK_EV_ASSIGNED] = TO(s), [DK_EV_WITHDRAWN] = TO(WITHDRAWN),               \
    [DK_EV_PRIORITISED] = TO(s), [DK_EV_ALERT_MUTED] = TO(s), ANY_TIME(s)

/* Once it is with a unit, the office can urge it (Arts. 39-40). */
#define URGEABLE(s)                                                            \
    [DK_EV_URGED] = TO(s), [DK_EV_URGE_ANSWERED] = TO(s), OWING(s)

/* A result that is not carried out is urged as well; that answer may be late,
 * so its alerts can be muted.
 */
#define DONE(s)                                                                \
    [DK_EV_URGED] = TO(s), [DK_EV_URGE_ANSWERED] = TO(s),                      \
    [DK_EV_DELIVERED] = TO(s), [DK_EV_REOPENED] = TO(REGISTERED),              \
    [DK_EV_EVALUATED] = TO(s), [DK_EV_ALERT_MUTED] = TO(s), ANY_TIME(s)

/* Several units work on it together. */
#define SHARED(s)                                                              \
    [DK_EV_CO_HANDLER_ADDED] = TO(s), [DK_EV_CO_HANDLER_REMOVED] = TO(s),      \
    [DK_EV_OPINION_GIVEN] = TO(s), [DK_EV_SETTLED] = TO(SETTLED)

static const uint8_t next_plus_1[DK_S_N][DK_EV_N] = {
    [DK_S_NONE] = {
        [DK_EV_SUBMITTED] = TO(SUBMITTED),
    },
    [DK_S_SUBMITTED] = {
        [DK_EV_REGISTERED] = TO(REGISTERED),
        [DK_EV_DISCIPLINE] = TO(DISCIPLINE),
        OWING(SUBMITTED),
    },
    [DK_S_REGISTERED] = {
        [DK_EV_TRANSFERRED] = TO(TRANSFERRED),
        [DK_EV_HANDED_OVER] = TO(TRANSFERRED),
        [DK_EV_DISCIPLINE] = TO(DISCIPLINE),
        [DK_EV_SETTLED] = TO(SETTLED),
        OWING(REGISTERED),
    },
    [DK_S_TRANSFERRED] = {
        [DK_EV_TRANSFERRED] = TO(TRANSFERRED),
        [DK_EV_HANDED_OVER] = TO(TRANSFERRED),
        [DK_EV_OBJECTED] = TO(OBJECTED),
        [DK_EV_ACCEPTED] = TO(ACCEPTED),
        [DK_EV_NOT_ACCEPTED] = TO(NOT_ACCEPTED),
        [DK_EV_REPORTED] = TO(TRANSFERRED),
        SHARED(TRANSFERRED),
        URGEABLE(TRANSFERRED),
    },
    [DK_S_OBJECTED] = {
        [DK_EV_OBJECTION_UPHELD] = TO(REGISTERED),
        [DK_EV_OBJECTION_REFUSED] = TO(TRANSFERRED),
        URGEABLE(OBJECTED),
    },
    [DK_S_ACCEPTED] = {
        [DK_EV_NOTICE_GIVEN] = TO(ACCEPTED),
        [DK_EV_EXTENDED] = TO(ACCEPTED),
        [DK_EV_SUSPENDED] = TO(SUSPENDED),
        [DK_EV_REPORTED] = TO(ACCEPTED),
        [DK_EV_ANSWERED] = TO(ANSWERED),
        SHARED(ACCEPTED),
        URGEABLE(ACCEPTED),
    },
    [DK_S_SUSPENDED] = {
        [DK_EV_NOTICE_GIVEN] = TO(SUSPENDED),
        [DK_EV_RESUMED] = TO(ACCEPTED),
        [DK_EV_REPORTED] = TO(SUSPENDED),
        SHARED(SUSPENDED),
        URGEABLE(SUSPENDED),
    },
    [DK_S_ANSWERED] = {
        [DK_EV_NOTICE_GIVEN] = TO(ANSWERED),
        [DK_EV_REPORTED] = TO(ANSWERED),
        [DK_EV_REVIEW_ASKED] = TO(IN_REVIEW),
        [DK_EV_CLOSED] = TO(CLOSED),
        [DK_EV_WITHDRAWN] = TO(WITHDRAWN),
        DONE(ANSWERED),
    },
    [DK_S_SETTLED] = {
        [DK_EV_NOTICE_GIVEN] = TO(SETTLED),
        [DK_EV_REPORTED] = TO(SETTLED),
        [DK_EV_CLOSED] = TO(CLOSED),
        DONE(SETTLED),
    },
    [DK_S_IN_REVIEW] = {
        [DK_EV_SUSPENDED] = TO(REVIEW_SUSPENDED),
        [DK_EV_REVIEWED] = TO(REVIEWED),
        [DK_EV_SETTLED] = TO(SETTLED),
        URGEABLE(IN_REVIEW),
    },
    [DK_S_REVIEW_SUSPENDED] = {
        [DK_EV_RESUMED] = TO(IN_REVIEW),
        [DK_EV_SETTLED] = TO(SETTLED),
        URGEABLE(REVIEW_SUSPENDED),
    },
    [DK_S_REVIEWED] = {
        [DK_EV_RE_REVIEW_ASKED] = TO(IN_RE_REVIEW),
        [DK_EV_CLOSED] = TO(CLOSED),
        [DK_EV_WITHDRAWN] = TO(WITHDRAWN),
        DONE(REVIEWED),
    },
    [DK_S_IN_RE_REVIEW] = {
        [DK_EV_SUSPENDED] = TO(RE_REVIEW_SUSPENDED),
        [DK_EV_RE_REVIEWED] = TO(ENDED),
        [DK_EV_SETTLED] = TO(SETTLED),
        URGEABLE(IN_RE_REVIEW),
    },
    [DK_S_RE_REVIEW_SUSPENDED] = {
        [DK_EV_RESUMED] = TO(IN_RE_REVIEW),
        [DK_EV_SETTLED] = TO(SETTLED),
        URGEABLE(RE_REVIEW_SUSPENDED),
    },
    [DK_S_ENDED] = {
        DONE(ENDED),
    },
    [DK_S_NOT_ACCEPTED] = {
        [DK_EV_NOTICE_GIVEN] = TO(NOT_ACCEPTED),
        [DK_EV_REVIEW_ASKED] = TO(IN_REVIEW),
        [DK_EV_REOPENED] = TO(REGISTERED),
        [DK_EV_ALERT_MUTED] = TO(NOT_ACCEPTED),
        ANY_TIME(NOT_ACCEPTED),
    },
    [DK_S_DISCIPLINE] = {
        [DK_EV_REOPENED] = TO(REGISTERED),
        ANY_TIME(DISCIPLINE),
    },
    [DK_S_WITHDRAWN] = {
        [DK_EV_REOPENED] = TO(REGISTERED),
        ANY_TIME(WITHDRAWN),
    },
    /* What reaches the petitioner only now can still be asked about. */
    [DK_S_CLOSED] = {
        [DK_EV_REVIEW_ASKED] = TO(IN_REVIEW),
        [DK_EV_RE_REVIEW_ASKED] = TO(IN_RE_REVIEW),
        DONE(CLOSED),
    },
};
#undef TO
#undef BOOKKEEPING
#undef ANY_TIME
#undef DONE
#undef SHARED
#undef OWING
#undef URGEABLE

#define A (1u << DK_SVC_ASSIGN)
#define D (1u << DK_SVC_DEADLINE)
#define E (1u << DK_SVC_ESCALATE)
static const uint8_t services[DK_EV_N] = {
    [DK_EV_SUBMITTED] = A | D,
    [DK_EV_REGISTERED] = D,
    [DK_EV_TRANSFERRED] = D,
    [DK_EV_HANDED_OVER] = D,
    [DK_EV_DISCIPLINE] = D,
    [DK_EV_OBJECTED] = D,
    [DK_EV_OBJECTION_UPHELD] = A | D,
    [DK_EV_OBJECTION_REFUSED] = D,
    [DK_EV_ACCEPTED] = D,
    [DK_EV_NOT_ACCEPTED] = D,
    [DK_EV_EXTENDED] = D,
    [DK_EV_SUSPENDED] = D,
    [DK_EV_RESUMED] = D,
    [DK_EV_REPORTED] = D,
    [DK_EV_ANSWERED] = D,
    [DK_EV_REVIEW_ASKED] = A | D,
    [DK_EV_REVIEWED] = D,
    [DK_EV_RE_REVIEW_ASKED] = A | D,
    [DK_EV_RE_REVIEWED] = D,
    [DK_EV_CLOSED] = D,
    [DK_EV_WITHDRAWN] = D,
    [DK_EV_REOPENED] = A | D,
    [DK_EV_URGED] = D,
    [DK_EV_URGE_ANSWERED] = D,
    [DK_EV_NOTICE_GIVEN] = D,
    [DK_EV_DELIVERED] = D,
    [DK_EV_SETTLED] = D,
    [DK_EV_LINKED] = A,
    [DK_EV_CLOCK_FIRED] = E,
    [DK_EV_ALERT_ACKED] = D,
};
#undef A
#undef D
#undef E
/* clang-format on */

struct state_row {
    const char *name, *zh;
    bool owes;
};
#define STATE_ROW(name, wire, zh, owes) {wire, zh, owes},
static const struct state_row state_rows[] = {DK_STATES(STATE_ROW)};
#undef STATE_ROW

struct event_row {
    const char *name, *zh;
};
#define EVENT_ROW(name, wire, zh) {wire, zh},
static const struct event_row event_rows[] = {DK_EVENTS(EVENT_ROW)};
#undef EVENT_ROW

const char *const dk_service_names[] = {"assign", "deadline", "escalate", NULL};

static bool is_state(enum dk_state s)
{
    return (unsigned)s < DK_S_N;
}

static bool is_event(enum dk_ev e)
{
    return (unsigned)e < DK_EV_N;
}

int dk_fsm_next(enum dk_state from, enum dk_ev ev)
{
    if (!is_state(from) || !is_event(ev))
        return -1;
    return (int)next_plus_1[from][ev] - 1;
}

uint64_t dk_fsm_allowed(enum dk_state from)
{
    uint64_t mask = 0;

    for (int e = 0; e < DK_EV_N; e++) {
        if (dk_fsm_next(from, (enum dk_ev)e) >= 0)
            mask |= UINT64_C(1) << e;
    }
    return mask;
}

const char *dk_state_name(enum dk_state s)
{
    return is_state(s) ? state_rows[s].name : "?";
}

const char *dk_state_zh(enum dk_state s)
{
    return is_state(s) ? state_rows[s].zh : "?";
}

bool dk_state_owes(enum dk_state s)
{
    return is_state(s) && state_rows[s].owes;
}

int dk_state_from_name(const char *name)
{
    for (int s = 0; s < DK_S_N; s++) {
        if (strcmp(name, state_rows[s].name) == 0)
            return s;
    }
    return -1;
}

bool dk_ev_is_bookkeeping(enum dk_ev e)
{
    return e == DK_EV_CLOCK_SET || e == DK_EV_CLOCK_FIRED ||
           e == DK_EV_ALERT_RAISED || e == DK_EV_ALERT_ACKED ||
           e == DK_EV_ALERT_MUTED || e == DK_EV_PERSON_READ ||
           e == DK_EV_PERSON_ERASED;
}

bool dk_ev_is_aside(enum dk_ev e)
{
    return e == DK_EV_LINKED || e == DK_EV_UNLINKED || e == DK_EV_REPEATED ||
           e == DK_EV_INFORMED || e == DK_EV_RELAYED;
}

const char *dk_ev_name(enum dk_ev e)
{
    return is_event(e) ? event_rows[e].name : "?";
}

const char *dk_ev_zh(enum dk_ev e)
{
    return is_event(e) ? event_rows[e].zh : "?";
}

int dk_ev_from_name(const char *name)
{
    for (int e = 0; e < DK_EV_N; e++) {
        if (strcmp(name, event_rows[e].name) == 0)
            return e;
    }
    return -1;
}

unsigned dk_ev_services(enum dk_ev e)
{
    return is_event(e) ? services[e] : 0;
}
