/* explain_impl.h - a case as it is explained; private to core/explain*.c. */
#ifndef DK_EXPLAIN_IMPL_H
#define DK_EXPLAIN_IMPL_H

#include "explain.h"
#include "proto/caseno.h"
#include "proto/words.h"

struct ex_event {
    struct dk_event e; /* owns its body's text */
    cJSON *body;
    dk_ms effective;
    enum dk_state after;
    char unit_before[DK_ID_MAX + 1];
};

/* One setting of a clock. */
struct ex_set {
    uint32_t n;        /* of the clock_set event */
    uint32_t cause;    /* of the event that called for it; 0: not known */
    dk_ms computed;    /* due by the files; DK_NEVER: they set no such clock */
    struct dk_clock k; /* as it was set */
};

/* One number of one clock: all that one start led to. */
struct ex_clock {
    struct dk_clock k; /* as it stands, or stood when the next took over */
    struct ex_set *set;
    size_t n_set, cap_set;
    struct dk_counting count;
    int count_rc;
    struct dk_problem count_why;
    bool replaced; /* another number took over */
};

/* What the policy answers an event with. */
struct ex_want {
    uint32_t cause;
    struct dk_clock k;
    bool used;
};

/* An event that the policy could not be asked about (yet). */
struct ex_trouble {
    uint32_t n;
    bool again; /* an earlier event's clocks come first */
    struct dk_problem why;
};

struct ex_text {
    char *buf;
    size_t len, cap;
    bool oom;
};

struct explain {
    const struct dk_explain_by *by;
    const struct dk_zone *zone;
    bool zh;
    enum dk_lang lang;
    const char *tag; /* "zh-CN", "en" */
    struct dk_case *c;
    int32_t county;
    int64_t key;
    char no[DK_CASE_NO_MAX];
    dk_ms now;
    bool differs;        /* the stored case is not what its events give */
    struct ex_event *ev; /* ev[n - 1] is event number n */
    size_t n_ev;
    struct ex_clock *clock;
    size_t n_clock, cap_clock;
    struct ex_want *want;
    size_t n_want, cap_want;
    struct ex_trouble *trouble;
    size_t n_trouble, cap_trouble;
    struct ex_text t;
};

#define EX_T(x, in_en, in_zh) ((x)->zh ? (in_zh) : (in_en))

/* ---- explain_replay.c ---- */
int ex_replay(struct explain *x, const cJSON *doc, struct dk_problem *p);
void ex_fini(struct explain *x);

/* ---- explain_find.c: looking things up in the events ---- */
/* Event number n; NULL if there is none. */
const struct ex_event *ex_event(const struct explain *x, uint32_t n);
const char *ex_str(const struct ex_event *e, const char *key); /* or NULL */
int64_t ex_int(const struct ex_event *e, const char *key, int64_t otherwise);
dk_ms ex_time(const struct ex_event *e, const char *key); /* or DK_NEVER */
/* The event that fired the rung, or passed over it (*skipped); NULL. */
const struct ex_event *ex_fired(const struct explain *x,
                                const struct ex_clock *k, const char *rung,
                                bool *skipped);
/* The alert raised for the rung, and who acknowledged alert number n. */
const struct ex_event *ex_alert(const struct explain *x,
                                const struct ex_clock *k, const char *rung);
const struct ex_event *ex_acked(const struct explain *x, uint32_t n);
/* What stopped the clock; NULL: it did not stop, or that is not known. */
const struct ex_event *ex_stopper(const struct explain *x,
                                  const struct ex_clock *k);
/* A want that no setting came of, though the case has no such limit. */
bool ex_is_missing(const struct explain *x, const struct ex_want *w);
/* Is the setting another than the files give? */
bool ex_set_differs(const struct ex_set *s);
int64_t ex_day(const struct explain *x, dk_ms t);

/* ---- explain_put.c: words ---- */
__attribute__((format(printf, 2, 3))) void ex_put(struct explain *x,
                                                  const char *fmt, ...);
void ex_put_day(struct explain *x, int64_t day);   /* 2026-05-06（周三） */
void ex_put_short(struct explain *x, int64_t day); /* 5月6日 */
void ex_put_time(struct explain *x, dk_ms t);      /* 2026-05-06 09:30 */
void ex_put_limit(struct explain *x, dk_ms t); /* midnight as 24:00 before it */
void ex_put_unit(struct explain *x, const char *unit);
void ex_put_officer(struct explain *x, const char *officer);
void ex_put_actor(struct explain *x, const char *actor);
void ex_put_clock(struct explain *x, const char *id);
void ex_put_word(struct explain *x, const char *group, const char *name);
/* What somebody wrote, on one line and not for ever. */
void ex_put_brief(struct explain *x, const char *text);
void ex_put_line(struct explain *x, const char *text); /* all of it */
const char *ex_weekday(const struct explain *x, int64_t day);
const char *ex_clock_name(const struct explain *x, const char *id);

/* ---- the parts ---- */
void ex_say_now(struct explain *x); /* explain_now.c */
/* "office", "unit", "petitioner"; NULL: nobody owes anything. */
const char *ex_waits_for(const struct explain *x);
/* Number of the event that put the present owner in charge; 0: not known. */
uint32_t ex_owner_since(const struct explain *x);
void ex_say_story(struct explain *x);  /* explain_story.c */
void ex_say_clocks(struct explain *x); /* explain_clock.c */
void ex_say_rungs(struct explain *x, const struct ex_clock *k);
void ex_write_json(const struct explain *x, struct dk_jw *w);

/* ---- explain_sum.c: how a setting came to its last day ---- */
enum ex_leg_why {
    EX_LEG_LENGTH,  /* the length from its start */
    EX_LEG_HELD,    /* counted on, by the days on which it stood still */
    EX_LEG_EXTENDED /* from the last day on */
};
/* `days` on from day0, which is not counted. */
struct ex_leg {
    enum ex_leg_why why;
    int64_t day0;
    int days;
    bool working;
    int told;        /* so many of them an earlier setting has told */
    int64_t told_to; /* and that is the day of it; day0 where told is 0 */
    int64_t counted; /* the last of them */
    bool unknown;    /* in a year that the calendar lacks: it stays there */
    int64_t last;    /* where that day moves to */
};
struct ex_sum {
    int rc; /* DK_ENOTFOUND: it cannot be counted by the files given */
    struct ex_leg leg[2];
    int n; /* 0: the last day did not move */
    int64_t last;
    bool agrees; /* the sum gives what was set */
};
void ex_sum(const struct explain *x, const struct ex_clock *k, size_t i,
            struct ex_sum *out);

/* ---- explain_count.c: the sums in words ---- */
/* A line of a clock begins with what it is about; all are as wide. */
void ex_head(struct explain *x, const char *en, const char *zh);
void ex_indent(struct explain *x);
void ex_say_count(struct explain *x, const struct ex_clock *k);
/* What setting i > 0 changed. */
void ex_say_move(struct explain *x, const struct ex_clock *k, size_t i);

/* ---- explain_run.c: the days of a count, in stretches ---- */
enum ex_run_kind {
    EX_COUNTED,
    EX_REST,   /* a weekly day of rest */
    EX_HOLIDAY /* rests though its weekday works otherwise */
};
struct ex_run {
    enum ex_run_kind kind;
    int64_t from, to; /* both belong to it */
    int upto;         /* EX_COUNTED: which day of the count `to` is */
    bool makeup;      /* EX_COUNTED: a weekly day of rest that works is in it */
};
/* The stretch that begins on `day` and ends at `last` at the latest.  Natural
 * days: a month; working days: days that all work, or all rest.  `upto` is what
 * was counted before.
 */
struct ex_run ex_run_from(const struct explain *x, bool working, int64_t day,
                          int64_t last, int upto);
/* Why a day rests. */
enum ex_run_kind ex_rest_kind(const struct explain *x, int64_t day);

#endif /* DK_EXPLAIN_IMPL_H */
