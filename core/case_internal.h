/* case_internal.h - what the files of the case share among themselves. */
#ifndef DK_CASE_INTERNAL_H
#define DK_CASE_INTERNAL_H

#include "clock.h"

/* Bodies are our own: a client's body of DK_BODY_MAX bytes, written anew and
 * with what was decided added, may be longer than it came.
 */
#define DK_EVENT_BODY_MAX ((size_t)DK_BODY_MAX * 4)

/* Texts of a case that a submission brings; PROTOCOL.md has tighter ones. */
#define DK_CASE_TEXT_MAX 4096

/* What an event will do to a case, read from it and checked whole. */
struct dk_change {
    const struct dk_event *e;
    const cJSON *body;
    const char *unit, *handler, *rule; /* borrowed from the body */
    int64_t other;                     /* key of the case that a link names */
    int64_t group;                     /* key */
    int relation;
    int co;   /* index among the co-handlers */
    int need; /* enum dk_need */
    bool undone;
    int clock; /* index; n_clock: a new one */
    int rung;
    uint32_t skipped;     /* mask of rungs */
    size_t alert;         /* index; n_alert: none */
    uint32_t times;       /* of a repetition; 0: it is not one */
    int ground;           /* enum dk_ground */
    dk_ms until;          /* of a mute */
    const char *there;    /* case number in another docket; NULL: as it was */
    bool known;           /* the alert is the rung's */
    struct dk_clock set;  /* the clock as it will be */
    struct dk_case facts; /* of a submission, up to the respondents; owns its
                             texts until applied */
};

/* Copy an optional id member; absent or null gives "". */
int dk_case_id_read(const cJSON *o, const char *key, char to[DK_ID_MAX + 1],
                    const struct dk_at *at, struct dk_problem *p);
void dk_case_id_write(struct dk_jw *w, const char *key, const char *id);

/* What a submission says of the case, in a submitted body and in a case file:
 * channel, kind, subject, region, category, petitioners, respondents.  The
 * texts are newly allocated; on failure nothing is left in *c.
 */
int dk_case_facts_read(const cJSON *o, struct dk_case *c, struct dk_problem *p);
/* The same from the submission itself, into zeroed facts: 0 or DK_ENOMEM. */
int dk_case_facts_take(const struct dk_submit *s, struct dk_case *c);
void dk_case_respondents_write(struct dk_jw *w, const struct dk_case *c);

/* Who takes part, and which cases belong together (case_parts.c). */
int dk_case_read_answered(struct dk_case *c, struct dk_change *ch);
void dk_case_apply_answered(struct dk_case *c, struct dk_change *ch);
void dk_case_apply_review_asked(struct dk_case *c, struct dk_change *ch);
int dk_case_read_co_added(struct dk_case *c, struct dk_change *ch);
void dk_case_apply_co_added(struct dk_case *c, struct dk_change *ch);
int dk_case_read_co_removed(struct dk_case *c, struct dk_change *ch);
void dk_case_apply_co_removed(struct dk_case *c, struct dk_change *ch);
int dk_case_read_linked(struct dk_case *c, struct dk_change *ch);
void dk_case_apply_linked(struct dk_case *c, struct dk_change *ch);
int dk_case_read_unlinked(struct dk_case *c, struct dk_change *ch);
void dk_case_apply_unlinked(struct dk_case *c, struct dk_change *ch);
int dk_case_read_repeated(struct dk_case *c, struct dk_change *ch);
void dk_case_apply_repeated(struct dk_case *c, struct dk_change *ch);
int dk_case_read_prioritised(struct dk_case *c, struct dk_change *ch);
void dk_case_apply_prioritised(struct dk_case *c, struct dk_change *ch);

/* Clocks and alerts (case_clock.c). */
int dk_case_read_extended(struct dk_case *c, struct dk_change *ch);
void dk_case_apply_extended(struct dk_case *c, struct dk_change *ch);
int dk_case_read_suspended(struct dk_case *c, struct dk_change *ch);
void dk_case_apply_suspended(struct dk_case *c, struct dk_change *ch);
int dk_case_read_clock_set(struct dk_case *c, struct dk_change *ch);
void dk_case_apply_clock_set(struct dk_case *c, struct dk_change *ch);
int dk_case_read_clock_fired(struct dk_case *c, struct dk_change *ch);
void dk_case_apply_clock_fired(struct dk_case *c, struct dk_change *ch);
int dk_case_read_alert_raised(struct dk_case *c, struct dk_change *ch);
void dk_case_apply_alert_raised(struct dk_case *c, struct dk_change *ch);
int dk_case_read_alert_acked(struct dk_case *c, struct dk_change *ch);
void dk_case_apply_alert_acked(struct dk_case *c, struct dk_change *ch);
int dk_case_read_alert_muted(struct dk_case *c, struct dk_change *ch);
void dk_case_apply_alert_muted(struct dk_case *c, struct dk_change *ch);

/* Other dockets (case_relay.c). */
void dk_case_from_take(const struct dk_submit *s, struct dk_case *c);
int dk_case_from_read(const cJSON *o, struct dk_case *c, struct dk_problem *p);
int dk_case_read_relayed(struct dk_case *c, struct dk_change *ch);
void dk_case_apply_relayed(struct dk_case *c, struct dk_change *ch);
void dk_case_relay_write(struct dk_jw *w, const struct dk_case *c);
int dk_case_relay_read(const cJSON *o, struct dk_case *c, struct dk_problem *p);

void dk_case_put_id(char to[DK_ID_MAX + 1], const char *id); /* NULL: "" */
/* The unit that has charge of the case does not also stand beside itself. */
void dk_case_lead_is_no_co(struct dk_case *c);

/* The members of all that, in a case document; left out at their default. */
void dk_case_parts_write(struct dk_jw *w, const struct dk_case *c,
                         int32_t county);
int dk_case_parts_read(const cJSON *o, struct dk_case *c, struct dk_problem *p);

/* An optional member with a case number; 0 when absent. */
int dk_case_no_read(const cJSON *o, const char *key, int64_t *out,
                    struct dk_problem *p);

#endif /* DK_CASE_INTERNAL_H */
