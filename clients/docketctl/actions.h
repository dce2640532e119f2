/* actions.h - the actions of a case and their fields, as PROTOCOL.md
 * ("Actions") lists them: for --help, for typing what people write as
 * field=value, and for telling slips before the broker is asked.  Pure.
 */
#ifndef DK_CTL_ACTIONS_H
#define DK_CTL_ACTIONS_H

#include <stdbool.h>

#include "proto/jsonw.h"
#include "proto/problem.h"

enum field_kind {
    FIELD_END,
    FIELD_TEXT,
    FIELD_ID,
    FIELD_INT,
    FIELD_IDS,
    FIELD_ENUM,
    FIELD_TIME, /* RFC 3339; whoever calls turns dates into that */
    FIELD_CASE  /* a case number */
};

enum field_need {
    FIELD_MAY,
    FIELD_MUST,
    FIELD_MOSTLY /* needed, with the exception that the action's note tells */
};

struct field {
    const char *name;
    enum field_kind kind;
    enum field_need need;
    int min, max; /* FIELD_INT; FIELD_TEXT: most bytes, FIELD_IDS: most ids */
    const char *const *names; /* FIELD_ENUM, NULL-terminated */
};

#define ACTION_FIELDS 5
#define ACTION_USAGE  400 /* bytes that action_usage() may need */
struct action {
    const char *name;
    const char *en, *zh;
    struct field field[ACTION_FIELDS + 1];
    const char *example;           /* its fields, as typed; NULL: none */
    const char *note_en, *note_zh; /* what the fields do not say, or NULL */
};

extern const struct action actions[]; /* ends with a NULL name */

/* NULL with *p filled: unknown, the nearest named. */
const struct action *action_find(const char *name, struct dk_problem *p);

/* Write `field=value` into the open object of `w`, typed as the action wants
 * it.  DK_EFIELD: unknown field or a value of the wrong kind.
 */
int action_write(const struct action *a, const char *field, const char *value,
                 struct dk_jw *w, struct dk_problem *p);

const struct field *action_field(const struct action *a, const char *name);

/* A line such as "days=1..365 reason=TEXT [clock=ID]". */
void action_usage(const struct action *a, char *buf, size_t cap);

#endif /* DK_CTL_ACTIONS_H */
