/* shape.h - what an event of one docket becomes in the other.
 *
 * Nothing here talks to anybody, reads a clock or a file, or is random: of the
 * same events it makes the same bytes and the same ids, so that whatever is
 * sent twice is known by the broker as the same.
 */
#ifndef DK_RELAY_SHAPE_H
#define DK_RELAY_SHAPE_H

#include "proto/jsonw.h"
#include "proto/jsonx.h"

#define SHAPE_RULES 16 /* acts, categories; names of respondents */
#define SHAPE_NAMES 64

/* What the operator decided of it. */
struct shape_rules {
    char acts[SHAPE_RULES][DK_ID_MAX + 1]; /* transferred, handed_over */
    int n_acts;
    char category[SHAPE_RULES][201]; /* none: every category */
    int n_categories;
    struct {
        char here[DK_ID_MAX + 1], there[DK_ID_MAX + 1];
    } name[SHAPE_NAMES]; /* units that are complained about */
    int n_names;
};

/* An event of a follow, as far as it matters here; borrowed from its body. */
struct shape_event {
    const char *type, *case_no, *actor, *hash;
    int64_t n;
    dk_ms at;
    const cJSON *body;
};
/* 1: *out is filled; 0: it is hidden from us; DK_EFIELD. */
int shape_event_read(const cJSON *o, struct shape_event *out,
                     struct dk_problem *p);

/* Does this event pass a case on to `unit`?  (What the case is about is asked
 * when it is read: shape_wanted().)
 */
bool shape_passes_on(const struct shape_rules *r, const struct shape_event *e,
                     const char *unit);
bool shape_wanted(const struct shape_rules *r, const char *category);

/* The submission id of a case that was passed on by this event; the id of a
 * command about `case_no` because of an event (its hash), as `what`.
 */
void shape_submission(const struct shape_event *e, char out[DK_UUID_TEXT]);
void shape_command(const char *case_no, const char *hash, const char *what,
                   dk_ms at, char out[DK_UUID_TEXT]);

struct shape_case {
    const char *case_no, *submission; /* there; the id to hand it in under */
    const cJSON *submitted;           /* body of its first event */
    const cJSON *persons;             /* an array, maybe empty */
    dk_ms came_at;                    /* when it was passed on */
    const char *unit_there;           /* that the relay speaks for there */
};
/* The body of case.submit for the other docket. */
void shape_submit(const struct shape_rules *r, const struct shape_case *c,
                  struct dk_jw *w);

/* What an event of the case there asks of the case here: 1 and the body of
 * case.act in its first form (SHAPE_FULL), 0 if nothing.  `unit_here` acts;
 * `back` is the unit there to which the case is sent back.
 */
struct shape_act {
    /* The case where it came from; the number that the other docket has, as it
     * is told ("": none).
     */
    const char *case_no, *there;
    const char *unit_here, *back;
    bool home; /* "here" is where the case came from: acts are made of events */
};
int shape_act(const struct shape_event *e, const struct shape_act *a,
              struct dk_jw *w, char command[DK_UUID_TEXT]);

/* That the case has arrived there, under this number. */
void shape_arrived(const struct shape_act *a, const char *submission,
                   struct dk_jw *w, char command[DK_UUID_TEXT]);

/* That it will not be taken there: an objection. */
void shape_objection(const struct shape_act *a, const char *submission,
                     const char *problem, struct dk_jw *w,
                     char command[DK_UUID_TEXT]);

/* An act that was refused is tried in the next form: the same without the
 * claimed time, then what happened as `relay`.
 */
enum {
    SHAPE_FULL,
    SHAPE_NO_TIME,
    SHAPE_TOLD,
    SHAPE_FORMS
};
/* The form to come after `form` was refused with this problem; -1: none. */
int shape_next(const cJSON *act, int form, const struct dk_problem *why);
/* The body of case.act in this form.  `act` is its first form, as shape_act()
 * made it for the spool; `case_no` the case's number there where it goes.
 */
void shape_form(const cJSON *act, int form, const char *case_no,
                struct dk_jw *w);

#endif /* DK_RELAY_SHAPE_H */
