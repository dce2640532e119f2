/* case.h - one case as it stands, and how events change it.
 *
 * `dk_case_evolve()` is the only function that changes a case, and it looks at
 * nothing but the case and the event.  So a replay of a case's events always
 * gives the stored case (`docketctl verify` and the tests hold this).
 *
 * Nothing here reads a clock, a file or a random source.
 */
#ifndef DK_CASE_H
#define DK_CASE_H

#include <stdbool.h>

#include "fsm.h"
#include "proto/jsonw.h"
#include "proto/jsonx.h"
#include "proto/submit.h"

#define DK_CLOCKS_MAX 16 /* different clocks of one case */
#define DK_RUNGS_MAX  12 /* warnings and steps of a clock, its end included */
#define DK_RUNG_ID    24 /* bytes of a rung's id with its NUL */
#define DK_CO_MAX     8  /* units that handle a case beside the one in charge */
#define DK_JUDGED_MAX 12 /* units that may not review: they took part */

enum dk_on_due {
    DK_DUE_OVERDUE, /* the office is late: the clock runs on, rungs go on */
    DK_DUE_CLOSE,   /* the petitioner's window ends: the case closes */
    DK_DUE_LAPSE    /* a right ends: the events in stops_on are refused after */
};

enum dk_clock_state {
    DK_CLOCK_RUNNING,
    DK_CLOCK_HELD,    /* by an event of holds_on, until set again */
    DK_CLOCK_STOPPED, /* by an event of stops_on, or the case's end */
    DK_CLOCK_LAPSED   /* came to its end with on_due LAPSE or CLOSE */
};

struct dk_rung {
    char id[DK_RUNG_ID];
    dk_ms at;
    bool fired;
    bool alerted;   /* an alert was raised for it */
    uint32_t alert; /* number of that event; 0: not known */
};

/* Why a matter may stand still. */
enum dk_ground {
    DK_GROUND_HEARING,
    DK_GROUND_APPRAISAL,
    DK_GROUND_FORCE_MAJEURE,
    DK_GROUND_N
};

/* A legal time limit.  `due` is the first instant that is too late: the limit
 * ends "at 24:00", so it is midnight at the start of the day after the last.
 * The rung at `due` has the id "overdue" (OVERDUE), "close" or "lapse"; it is
 * part of `rung`, which is sorted by time.
 */
struct dk_clock {
    char id[DK_ID_MAX + 1];
    uint32_t no;    /* 1, 2, ..: the clock of this id may start again */
    uint32_t basis; /* number of the event that started it */
    enum dk_clock_state state;
    enum dk_on_due on_due;
    dk_ms started_at, due_at;
    dk_ms stopped_at; /* DK_NEVER while it has not stopped */
    /* An OVERDUE clock's due rung has fired, or it stopped at or after due; a
     * held limit does not pass meanwhile.  Of an imported case only the stop
     * tells, once there is one: its rungs fired long after the fact.
     */
    bool late;
    uint64_t stops_on, holds_on; /* masks of 1 << enum dk_ev */
    uint32_t holds_for;          /* suspensions that hold it: mask of 1 << enum
                                    dk_ground; 0: any */
    int extend_times;            /* extensions still allowed */
    int extend_days;             /* longest one */
    /* How `due_at` came about, in days as the clock counts; 0: not said. */
    int days;          /* its length */
    int extended_days; /* that were added to it */
    int held_days;     /* for which it stood still */
    int late_days;     /* for which it stood still when it was late already */
    /* When the first number of this clock was due, as long as the matter was
     * not reopened; 0: this is the first number.  Passing a case around starts
     * a limit anew and leaves this as it is.
     */
    dk_ms first_due;
    /* After its end an OVERDUE clock says so again and again: first at
     * `repeat_at`, then every `repeat_days` natural days (0: never).
     */
    dk_ms repeat_at;
    int repeat_days;
    uint32_t times;        /* repetitions that are past */
    uint32_t told;         /* the latest of them that an alert was raised for */
    uint32_t repeat_alert; /* number of that event; 0: none */
    /* Until then nothing fires but the end; 0: nothing waits.  Somebody has
     * acknowledged an alert, `quiets` times so far.
     */
    dk_ms quiet_until;
    int quiets;
    /* Until then no repetition and no rung after the end fires; 0: not muted.
     */
    dk_ms muted_until;
    uint32_t muted_n;             /* event that said so, with its reason */
    char muted_by[DK_ID_MAX + 1]; /* its actor */
    int n_rung;
    struct dk_rung rung[DK_RUNGS_MAX];
};

struct dk_event {
    int64_t seq; /* in this broker's stream; 0 until numbered */
    int64_t key; /* of the case */
    uint32_t n;  /* in the case: 1, 2, .. */
    enum dk_ev type;
    dk_ms at;      /* recorded */
    dk_ms claimed; /* as claimed by the actor; DK_NEVER: not claimed */
    char actor[DK_ID_MAX + 1];
    char *body; /* JSON object text, owned, NUL-terminated */
    size_t body_len;
    uint8_t hash[DK_HASH_LEN]; /* all zero until chained */
};

struct dk_case_respondent {
    char unit[DK_ID_MAX + 1]; /* "" = none named */
    char officer[DK_ID_MAX + 1];
};

struct dk_co_handler {
    char unit[DK_ID_MAX + 1];
    char handler[DK_ID_MAX + 1]; /* "" = the unit has not named one */
};

/* How a limit of the case stands for the figures (marks.c). */
enum dk_limit_state {
    DK_LIMIT_NONE,   /* there was none (since the case was reopened) */
    DK_LIMIT_OPEN,   /* owed */
    DK_LIMIT_PAUSED, /* held: it cannot pass now */
    DK_LIMIT_VOID,   /* no longer owed, before it had passed */
    DK_LIMIT_LOST,   /* passed, and will not be done any more */
    DK_LIMIT_DONE
};

/* What a case must remember for its figures beside what it knows anyway; all
 * zero at first.
 */
struct dk_limit_mark {
    enum dk_limit_state state;
    dk_ms due;   /* of the first number of its clock */
    uint32_t no; /* that number */
    bool passed; /* OPEN: an event came at or after `due` */
    bool late;   /* DONE */
    char unit[DK_ID_MAX + 1];
};

struct dk_marks {
    struct dk_limit_mark notice, conclude;
    struct {
        dk_ms at;         /* the first conclusion of the case; 0: none yet */
        uint32_t repeats; /* that came within DK_REPEAT_DAYS of it */
        bool lost;        /* review was asked, or it was reopened */
        char unit[DK_ID_MAX + 1];
    } first;
    struct {
        dk_ms at; /* the latest evaluation; 0: none (since reopened) */
        bool handling, result; /* satisfied with */
        char unit[DK_ID_MAX + 1];
    } evaluated;
    dk_ms latest; /* highest recorded time of an event; 0: none */
};

struct dk_case {
    int64_t key; /* proto/caseno.h */
    uint32_t n;  /* events so far */
    enum dk_state state;
    dk_ms submitted_at; /* effective: what the clocks count from */
    dk_ms recorded_at, updated_at;
    bool imported;
    bool anonymous;    /* nobody is named */
    bool unreachable;  /* no name, or neither address nor telephone */
    bool confidential; /* asked that nobody but who handles it hears of it */
    unsigned needs;    /* of enum dk_need, as told at the submission */
    int urgent;        /* 1 + enum dk_need that it was put first for; 0: not */
    enum dk_channel channel;
    enum dk_kind kind;
    char *subject, *region, *category; /* owned; region, category may be NULL */
    int64_t petitioners;
    int n_respondent;
    struct dk_case_respondent respondent[DK_RESPOND_MAX];
    /* It came from another docket: its number there, and who brought it. */
    char from[DK_CASE_NO_MAX], from_unit[DK_ID_MAX + 1]; /* "": it did not */
    /* So far what a submission says; what follows comes later. */
    char unit[DK_ID_MAX + 1];    /* responsible unit; "" before assignment */
    char handler[DK_ID_MAX + 1]; /* "" = the unit has not named one */
    char rule[DK_ID_MAX + 1];    /* which rule assigned it */
    /* Unit that gave the latest answer, refusal to accept, or opinion on
     * review: it does not review that itself.
     */
    char answered_by[DK_ID_MAX + 1];
    /* Every unit that did so, or handled the matter beside one that did. */
    char judged[DK_JUDGED_MAX][DK_ID_MAX + 1];
    int n_judged;
    struct dk_co_handler co[DK_CO_MAX];
    int n_co;
    /* The same matter again from the same person: the case before, and who had
     * it when they were linked ("": nobody).
     */
    int64_t repeat_of; /* key; 0: none */
    char repeat_unit[DK_ID_MAX + 1], repeat_handler[DK_ID_MAX + 1];
    int64_t group;    /* same matter of many: key of the group's first; 0 */
    uint32_t repeats; /* later cases that repeat this one */
    /* It was passed on to another docket: its number there, and the unit here
     * that it was with.
     */
    char relayed_to[DK_CASE_NO_MAX], relayed_unit[DK_ID_MAX + 1]; /* "": no */
    int extensions;
    enum dk_ground suspended_for; /* ground of the latest suspension */
    uint32_t last_n[DK_EV_N]; /* number of the latest event of a type; 0 none */
    dk_ms last_at[DK_EV_N];   /* its effective time */
    uint32_t
        *alert; /* numbers of alert_raised events not acknowledged; owned */
    size_t n_alert;
    uint8_t hash[DK_HASH_LEN]; /* head of its chain; kept by the daemon */
    struct dk_marks marks;     /* for the figures; kept by marks.c */
    int n_clock;
    /* Most of a case's bytes, and of most cases unused: dk_case_new() leaves
     * them as they come, and nobody reads behind the first n_clock.
     */
    struct dk_clock clock[DK_CLOCKS_MAX];
};

struct dk_case *dk_case_new(void); /* state NONE; NULL: out of memory */
struct dk_case *dk_case_clone(const struct dk_case *c);
void dk_case_free(struct dk_case *c);

/* The same case in as few bytes as it needs, and back; the argument is gone
 * when that worked.  A packed case is read, written and freed like any other,
 * but never changed.  *bytes grows by about what it takes.  NULL: no memory;
 * then pack leaves the case as it was, and unpack has freed it.
 */
struct dk_case *dk_case_pack(struct dk_case *c, size_t *bytes);
struct dk_case *dk_case_unpack(struct dk_case *packed);

/* Apply one event.  DK_ESTATE: the table refuses it; DK_EJSON/DK_EFIELD: its
 * body is not what this version writes, or it is not number n + 1 of this
 * case; DK_ENOMEM.  On failure *c is not
 * changed.
 */
int dk_case_evolve(struct dk_case *c, const struct dk_event *e);

/* The same of the first event of a case, for who has at hand what dk_decide()
 * made it of: the submission, and the case that it repeats (NULL: none was
 * found).  It spares reading the body; what comes of it is the same.
 */
int dk_case_begin(struct dk_case *c, const struct dk_event *e,
                  const struct dk_submit *s, const struct dk_case *before);

/* When an event counts as done: as recorded, except (a) a submission counts
 * from the time the petitioner handed it in, (b) in an imported case a claimed
 * time from before the import counts (docs/adr/0008).
 */
dk_ms dk_event_effective(const struct dk_case *c, const struct dk_event *e);

/* The case as JSON (schemas/case-file.json), and back.  Encoding is canonical:
 * equal cases give equal bytes.  `hash` is not part of it.
 */
void dk_case_write(struct dk_jw *w, const char *key, const struct dk_case *c,
                   int32_t county, int offset_min);
int dk_case_read(const cJSON *o, struct dk_case **out, struct dk_problem *p);

/* The event as JSON (schemas/event.json) but without seq, hash and broker; with
 * effective_at, as tasks carry it.
 */
void dk_event_write_task(struct dk_jw *w, const char *key,
                         const struct dk_event *e, const struct dk_case *c,
                         int offset_min);
int dk_event_read(const cJSON *o, struct dk_event *out, struct dk_problem *p);
void dk_event_fini(struct dk_event *e); /* frees the body */

/* When a running clock next has something to say: a rung that has not fired,
 * or a repetition; DK_NEVER if nothing.
 */
dk_ms dk_clock_next(const struct dk_clock *k);
dk_ms dk_case_next(const struct dk_case *c); /* over all its clocks */

/* How one case belongs to another. */
enum dk_relation {
    DK_REPEAT, /* the same matter again from the same person */
    DK_GROUP   /* the same matter from many: each keeps its rights and clocks */
};
extern const char *const dk_relation_names[]; /* "repeat", "group", NULL */

/* Index of a unit among the co-handlers, or -1. */
int dk_case_co_find(const struct dk_case *c, const char *unit);
/* Did the unit answer, refuse, review or co-handle?  It then judges none of
 * that (Arts. 35, 36).
 */
bool dk_case_took_part(const struct dk_case *c, const char *unit);

/* Whose load the case counts for: false if nobody's (no handler, or nothing is
 * owed).
 */
bool dk_case_load(const struct dk_case *c, const char **unit,
                  const char **handler);

/* Who answers for the case at this moment: its unit from acceptance on, the
 * office ("office") before and while an objection is open.  Never nobody.
 */
const char *dk_case_owner(const struct dk_case *c);

#endif /* DK_CASE_H */
