/* carry_int.h - what the files of the carrier share. */
#ifndef DK_RELAY_CARRY_INT_H
#define DK_RELAY_CARRY_INT_H

#include "carry.h"

#define ASK_MS 5000

/* What an answer means for what was asked. */
enum verdict {
    VERDICT_OK,
    VERDICT_LATER,  /* ask again; the side rests for a while */
    VERDICT_REFUSED /* it will be the same next time: in *p */
};

/* Ask one side and wait.  VERDICT_OK: *out is the caller's to free. */
enum verdict carry_ask(struct carry *c, struct carry_side *s, const char *type,
                       const char *body, const char *member, const char *id,
                       struct dk_reply *out, struct dk_problem *p);

/* Write down that the case is there, and what is to be told of it. */
int carry_arrived(struct carry *c, const struct item *it, const char *there,
                  struct dk_problem *p);

/* The side is left alone for a while, and begins with hello again. */
void carry_rest(struct carry_side *s, const char *what,
                const struct dk_problem *p, int64_t at_least_ms);

/* Read the events that are there, for at most about `ms` (carry_read.c); 1:
 * some came; 0; or a DK_E code: the spool's.
 */
int carry_read(struct carry *c, struct carry_side *s, int ms,
               struct dk_problem *p);

/* Send what waits for this side (carry_send.c): 1: something was done; 0; or a
 * DK_E code: the spool's.
 */
int carry_send(struct carry *c, struct carry_side *s, struct dk_problem *p);

#endif /* DK_RELAY_CARRY_INT_H */
