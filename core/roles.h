/* roles.h - who may say what, and who may see which case: one table, and
 * everything that is not in it is refused.
 *
 * Who somebody is comes from the key (or, on this machine, the user) that a
 * message came with, never from a name in its body.
 */
#ifndef DK_ROLES_H
#define DK_ROLES_H

#include "core/case.h"
#include "core/decide.h"
#include "proto/who.h"

#define DK_ROLE_ORDINAL(name, wire, zh) DK_ROLE_ORD_##name,
enum dk_role_ordinal {
    DK_ROLES(DK_ROLE_ORDINAL) DK_ROLE_N
};
#undef DK_ROLE_ORDINAL

/* One bit each: somebody may have several. */
#define DK_ROLE_BIT(name, wire, zh) DK_ROLE_##name = 1 << DK_ROLE_ORD_##name,
enum dk_role {
    DK_ROLES(DK_ROLE_BIT)
};
#undef DK_ROLE_BIT

#define DK_ROLES_WORKER                                                        \
    ((unsigned)DK_ROLE_WORKER_ASSIGN | (unsigned)DK_ROLE_WORKER_DEADLINE |     \
     (unsigned)DK_ROLE_WORKER_ESCALATE)
#define DK_ROLES_ALL ((1u << DK_ROLE_N) - 1)

struct dk_who {
    char name[DK_ID_MAX + 1]; /* of an officer: as cases name them */
    unsigned roles;           /* mask of enum dk_role */
    char unit[DK_ID_MAX + 1]; /* "": of none */
};

enum dk_door {
    DK_DOOR_CLIENT, /* the clients' endpoint */
    DK_DOOR_WORKER
};

const char *dk_role_name(unsigned role);      /* of one bit; "?" otherwise */
unsigned dk_role_from_name(const char *name); /* 0: there is none */

/* May somebody with these roles send the message at all?  False for every
 * message that the table does not name.  What of the answer they see is
 * dk_sees()'s to say.
 */
bool dk_may(const struct dk_who *who, enum dk_door door, const char *message);

/* May a worker with these roles serve this service? */
bool dk_may_serve(const struct dk_who *who, int service);

/* May somebody ask for this action on some case, by case.act? */
bool dk_may_act(const struct dk_who *who, enum dk_action a);

/* And on this one: it must be theirs to see, and a handler's unit must be in
 * charge of it, or handle it beside the one in charge where the table says so.
 */
bool dk_may_act_on(const struct dk_who *who, enum dk_action a,
                   const struct dk_case *c);

/* Is it any of their business?  Never, when they or their unit are complained
 * about (an administrator's apart, who can read the disk); else always for a
 * supervisor and an auditor, and for a handler when their unit has the case or
 * handles it beside the one that has.  A relay sees the cases of its unit, and
 * those that it brought from another docket or passed on to one, whoever is
 * complained about there: it carries them.
 */
bool dk_sees(const struct dk_who *who, const struct dk_case *c);
/* Is what they hand in linked to the case that it repeats?  Also by who sees no
 * case, as a kiosk does not; but not when they are complained about in it.  Nor
 * does a supervisor or an auditor then see a case that repeats it.
 */
bool dk_may_repeat(const struct dk_who *who, const struct dk_case *c);
/* May they read who the petitioners are?  The office, and of handlers only the
 * unit in charge, whatever else they are (an auditor does not, nor a handler
 * who is an auditor as well).
 */
bool dk_may_read_person(const struct dk_who *who, const struct dk_case *c);
bool dk_sees_all(const struct dk_who *who); /* no case is hidden from them */
/* Sees the cases of one unit only (`who->unit`). */
bool dk_sees_unit(const struct dk_who *who);

/* May they hand in this case?  What comes from another docket only a relay, and
 * that nothing else.
 */
bool dk_may_bring(const struct dk_who *who, const struct dk_submit *s);

/* May they act in the name `actor` ("kind:id")?  An officer only in their own;
 * a relay in that of its unit; an administrator in any, for what others tell
 * them.
 */
bool dk_may_be(const struct dk_who *who, const char *actor);

/* The table, for PROTOCOL.md and the tests: row i's message and who may send
 * it; NULL beyond the end.
 */
const char *dk_roles_row(enum dk_door door, size_t i, unsigned *may);
/* And of the actions: who may ask for it; of handlers, whether also one whose
 * unit only takes part.
 */
unsigned dk_roles_action(enum dk_action a, bool *beside);

#endif /* DK_ROLES_H */
