/* decide_internal.h - what the files of decide share among themselves. */
#ifndef DK_DECIDE_INTERNAL_H
#define DK_DECIDE_INTERNAL_H

#include "decide.h"

/* One decision under way.  The body of the event is written into `w`, whose
 * object is open.
 */
struct dk_decision {
    const struct dk_case *c;
    const struct dk_command *cmd;
    const struct dk_env *env;
    const cJSON *args; /* an object */
    struct dk_problem *p;
    struct dk_jw w;
    dk_ms effective; /* when the event counts as done */
    dk_ms due;       /* of the limit that is set */
    bool nothing;    /* the case has it already: success without an event */
};

/* A field of an action.  SPECIAL ones are read and written by the action's own
 * function; the others are copied into the body as given.
 */
enum dk_field_kind {
    DK_FIELD_TEXT, /* 1..max bytes */
    DK_FIELD_ID,
    DK_FIELD_INT,  /* min..max */
    DK_FIELD_ENUM, /* one of `names` */
    DK_FIELD_SPECIAL
};
struct dk_field {
    const char *name; /* NULL ends the list */
    enum dk_field_kind kind;
    int need;
    int64_t min, max;
    const char *const *names;
};

#define DK_FIELDS_MAX 24
#define DK_TEXT_MAX   32768 /* bytes of a text, if not said otherwise (wire) */

/* Refuse members of the arguments that `fields` does not name. */
int dk_fields_only(const struct dk_decision *d, const struct dk_field *fields);
/* Read, check and write all but the special ones. */
int dk_fields_copy(struct dk_decision *d, const struct dk_field *fields);

/* As dk_json_id() and dk_json_str(), for element `i` of the array at `at`. */
int dk_item_id(const cJSON *v, int i, const char **out, const struct dk_at *at,
               struct dk_problem *p);
int dk_item_str(const cJSON *v, int i, size_t max_bytes, const char **out,
                const struct dk_at *at, struct dk_problem *p);

/* The actions that need more than their fields: each reads its special fields
 * and writes the body's first members.
 */
int dk_decide_assign(struct dk_decision *d);
int dk_decide_transfer(struct dk_decision *d);
int dk_decide_discipline(struct dk_decision *d);
int dk_decide_extend(struct dk_decision *d);
int dk_decide_clock(struct dk_decision *d);
int dk_decide_alert(struct dk_decision *d);
int dk_decide_ack_alert(struct dk_decision *d);
int dk_decide_submit(struct dk_decision *d);
int dk_decide_mute(struct dk_decision *d);
int dk_decide_resume(struct dk_decision *d);
int dk_decide_refuse_objection(struct dk_decision *d);
int dk_decide_answer(struct dk_decision *d);
int dk_decide_ask(struct dk_decision *d);
int dk_decide_close(struct dk_decision *d);
int dk_decide_withdraw(struct dk_decision *d);
int dk_decide_settle(struct dk_decision *d);
int dk_decide_give_notice(struct dk_decision *d);
int dk_decide_deliver(struct dk_decision *d);
int dk_decide_add_co(struct dk_decision *d);
int dk_decide_remove_co(struct dk_decision *d);
int dk_decide_opinion(struct dk_decision *d);
int dk_decide_link(struct dk_decision *d);
int dk_decide_unlink(struct dk_decision *d);
int dk_decide_note_repeat(struct dk_decision *d);
int dk_decide_prioritise(struct dk_decision *d);
int dk_decide_relay(struct dk_decision *d);

/* The second event of an action that says two things at once (accepted, and
 * told so in writing): appends it, numbered c->n + 2, if the arguments ask.
 */
int dk_decide_also(struct dk_decision *d, struct dk_events *out);

extern const char *const dk_way_names[]; /* how a paper reached them */

/* May `unit` have charge of the case, or stand beside who has?  DK_ERESPONDENT
 * if not, under "/unit".
 */
int dk_check_unit(const struct dk_decision *d, const char *unit);

/* Fire everything of the case that is due: appends to *out. */
int dk_decide_fire(const struct dk_decision *d, struct dk_events *out);

/* A limit that passed while nobody watched it - its clock was set late, or the
 * step that it waits for came before it could fire - is told all the same:
 * adds its CLOCK_FIRED after the events from index `from` on.
 */
int dk_decide_missed(const struct dk_decision *d, size_t from,
                     struct dk_events *out);

/* A limit that has passed but has not fired fires before a later number takes
 * its place: appends its CLOCK_FIRED, numbered c->n + 1.
 */
int dk_decide_replaced(const struct dk_decision *d, struct dk_events *out);

/* Append an event numbered `n` with the body in `w`, which is taken.  `actor`
 * was checked.
 */
int dk_events_add(struct dk_events *es, const struct dk_decision *d,
                  enum dk_ev type, uint32_t n, const char *actor,
                  struct dk_jw *w);

bool dk_is_respondent_unit(const struct dk_case *c, const char *unit);
bool dk_is_respondent_officer(const struct dk_case *c, const char *officer);
/* DK_ERESPONDENT, naming who, under `pointer`. */
int dk_refuse_respondent(const struct dk_decision *d, const char *pointer,
                         const char *who);

#endif /* DK_DECIDE_INTERNAL_H */
