#include "core/roles.h"

#include <string.h>

#include "decide_internal.h"

struct row {
    const char *message;
    unsigned may;
};

#define K   ((unsigned)DK_ROLE_KIOSK)
#define H   ((unsigned)DK_ROLE_HANDLER)
#define S   ((unsigned)DK_ROLE_SUPERVISOR)
#define A   ((unsigned)DK_ROLE_AUDITOR)
#define ADM ((unsigned)DK_ROLE_ADMINISTRATOR)
#define MON ((unsigned)DK_ROLE_MONITOR)
#define W   DK_ROLES_WORKER
#define R   ((unsigned)DK_ROLE_RELAY)
#define ALL DK_ROLES_ALL

/* A message that is not here is refused, whoever sends it.  PROTOCOL.md shows
 * the same table, and tests/unit/test_roles.c has it once more and walks every
 * cell.
 */
/* clang-format off */
static const struct row clients[] = {
    {"hello",           ALL},
    {"clock.now",       ALL},
    {"case.submit",     K | S | ADM | R},
    {"case.query",      K | S | ADM},
    {"case.get",        H | S | A | ADM | R},
    {"case.list",       H | S | A | ADM},
    {"case.events",     H | S | A | ADM | R},
    {"case.act",        H | S | ADM | R}, /* and the table of actions below */
    {"case.export",     S | A | ADM},
    {"person.get",      H | S | ADM | R},
    {"person.erase",    S | ADM},
    {"alert.list",      H | S | A | ADM},
    {"alert.ack",       H | S | ADM},
    {"clock.list",      H | S | A | ADM},
    {"tally.list",      S | A | ADM},
    {"task.list",       ADM},
    {"task.get",        ADM},
    {"task.retry",      ADM},
    {"task.drop",       ADM},
    {"worker.list",     S | A | ADM},
    {"office.list",     S | A | ADM},
    {"office.ack",      S | ADM},
    {"stats",           S | A | ADM | MON},
    {"verify",          A | ADM},
    {"events.follow",   S | A | ADM | R},
    {"events.credit",   S | A | ADM | R},
    {"events.stop",     S | A | ADM | R},
    {"checkpoint.make", A | ADM},
    {"checkpoint.list", S | A | ADM},
    {"seal.rotate",     ADM},
    {"backup.start",    ADM},
    {"backup.status",   S | A | ADM},
    {"keys.list",       A | ADM},
    {"keys.allow",      ADM},
    {"keys.revoke",     ADM},
    {"clock.set",       ADM},
    {"clock.advance",   ADM},
};

static const struct row workers[] = {
    {"hello",           W}, /* and only for the service of the role */
    {"result",          W},
    {"fail",            W},
    {"extend",          W},
    {"heartbeat",       W},
    {"bye",             W},
};

/* Who asks for an action by case.act: the office itself (S), the unit in
 * charge (H), or one that handles the case beside it (H with `beside`).  A relay
 * (R) speaks for the unit in charge, which is elsewhere; what happened elsewhere it
 * also tells in a case that it brought, or has passed on.
 */
static const struct act_row {
    unsigned may;
    bool beside;
} acts[DK_ACT_N] = {
    [DK_ACT_REGISTER]         = {S | ADM, false},
    [DK_ACT_ASSIGN]           = {S | ADM, false},
    [DK_ACT_TRANSFER]         = {S | ADM, false},
    [DK_ACT_HAND_OVER]        = {S | ADM, false},
    [DK_ACT_DISCIPLINE]       = {S | ADM, false},
    [DK_ACT_UPHOLD_OBJECTION] = {S | ADM, false},
    [DK_ACT_REFUSE_OBJECTION] = {S | ADM, false},
    [DK_ACT_URGE]             = {S | ADM, false},
    [DK_ACT_LINK]             = {S | ADM, false},
    [DK_ACT_UNLINK]           = {S | ADM, false},
    [DK_ACT_MUTE]             = {S | ADM, false},
    [DK_ACT_REOPEN]           = {S | ADM, false},
    [DK_ACT_ASK_REVIEW]       = {S | ADM, false},
    [DK_ACT_ASK_RE_REVIEW]    = {S | ADM, false},
    [DK_ACT_EVALUATE]         = {S | ADM, false},
    [DK_ACT_WITHDRAW]         = {S | ADM | R, false},
    [DK_ACT_REMOVE_CO_HANDLER] = {S | ADM, false},
    [DK_ACT_ADD_CO_HANDLER]   = {H | S | ADM, false},
    [DK_ACT_PRIORITISE]       = {H | S | ADM, false},
    [DK_ACT_OBJECT]           = {H | S | ADM | R, false},
    [DK_ACT_ACCEPT]           = {H | S | ADM | R, false},
    [DK_ACT_NOT_ACCEPT]       = {H | S | ADM | R, false},
    [DK_ACT_GIVE_NOTICE]      = {H | S | ADM | R, false},
    [DK_ACT_INFORM]           = {H | S | ADM, false},
    [DK_ACT_EXTEND]           = {H | S | ADM | R, false},
    [DK_ACT_SUSPEND]          = {H | S | ADM | R, false},
    [DK_ACT_RESUME]           = {H | S | ADM | R, false},
    [DK_ACT_REPORT]           = {H | S | ADM | R, false},
    [DK_ACT_ANSWER]           = {H | S | ADM | R, false},
    [DK_ACT_SETTLE]           = {H | S | ADM | R, false},
    [DK_ACT_DELIVER]          = {H | S | ADM | R, false},
    [DK_ACT_REVIEW]           = {H | S | ADM, false},
    [DK_ACT_RE_REVIEW]        = {H | S | ADM, false},
    [DK_ACT_CLOSE]            = {H | S | ADM, false},
    [DK_ACT_ANSWER_URGE]      = {H | S | ADM, false},
    [DK_ACT_ACK_ALERT]        = {H | S | ADM, false}, /* by alert.ack */
    [DK_ACT_GIVE_OPINION]     = {H | S | ADM, true},
    [DK_ACT_RELAY]            = {S | ADM | R, false},
};
/* clang-format on */

#define N(t) (sizeof(t) / sizeof((t)[0]))

#define ROLE_NAME(name, wire, zh) wire,
static const char *const names[] = {DK_ROLES(ROLE_NAME)};

const char *dk_role_name(unsigned role)
{
    for (int i = 0; i < DK_ROLE_N; i++) {
        if (role == 1u << i)
            return names[i];
    }
    return "?";
}

unsigned dk_role_from_name(const char *name)
{
    for (int i = 0; i < DK_ROLE_N; i++) {
        if (strcmp(names[i], name) == 0)
            return 1u << i;
    }
    return 0;
}

const char *dk_roles_row(enum dk_door door, size_t i, unsigned *may)
{
    const struct row *t = door == DK_DOOR_WORKER ? workers : clients;

    if (i >= (door == DK_DOOR_WORKER ? N(workers) : N(clients)))
        return NULL;
    *may = t[i].may;
    return t[i].message;
}

unsigned dk_roles_action(enum dk_action a, bool *beside)
{
    if ((unsigned)a >= DK_ACT_N)
        return 0;
    if (beside != NULL)
        *beside = acts[a].beside;
    return acts[a].may;
}

bool dk_may(const struct dk_who *who, enum dk_door door, const char *message)
{
    unsigned may;
    const char *m;

    for (size_t i = 0; (m = dk_roles_row(door, i, &may)) != NULL; i++) {
        if (strcmp(m, message) == 0)
            return (who->roles & may) != 0;
    }
    return false;
}

bool dk_may_serve(const struct dk_who *who, int service)
{
    static const unsigned of[DK_SVC_N] = {
        [DK_SVC_ASSIGN] = DK_ROLE_WORKER_ASSIGN,
        [DK_SVC_DEADLINE] = DK_ROLE_WORKER_DEADLINE,
        [DK_SVC_ESCALATE] = DK_ROLE_WORKER_ESCALATE,
    };

    return service >= 0 && service < DK_SVC_N &&
           (who->roles & of[service]) != 0;
}

bool dk_may_act(const struct dk_who *who, enum dk_action a)
{
    return (who->roles & dk_roles_action(a, NULL)) != 0;
}

/* ---- cases --------------------------------------------------------------- */

bool dk_sees_all(const struct dk_who *who)
{
    return (who->roles & ADM) != 0;
}

bool dk_sees_unit(const struct dk_who *who)
{
    return (who->roles & (S | A | ADM)) == 0;
}

/* As for who may be put in charge: a complaint about one officer of a unit is
 * one about the unit.
 */
static bool complained_about(const struct dk_who *who, const struct dk_case *c)
{
    return dk_is_respondent_officer(c, who->name) ||
           (who->unit[0] != '\0' && dk_is_respondent_unit(c, who->unit));
}

static bool in_charge(const struct dk_who *who, const struct dk_case *c)
{
    return (who->roles & (H | R)) != 0 && who->unit[0] != '\0' &&
           strcmp(who->unit, c->unit) == 0;
}

/* Has this relay brought the case, or passed it on?  Then it knows what was
 * handed in, and carries what becomes of it, also about the place that it comes
 * from: there, the broker hides it from who is complained about.
 */
static bool carries(const struct dk_who *who, const struct dk_case *c)
{
    return (who->roles & R) != 0 && who->unit[0] != '\0' &&
           (strcmp(who->unit, c->from_unit) == 0 ||
            strcmp(who->unit, c->relayed_unit) == 0);
}

static bool is_beside(const struct dk_who *who, const struct dk_case *c)
{
    return (who->roles & H) != 0 && who->unit[0] != '\0' &&
           dk_case_co_find(c, who->unit) >= 0;
}

bool dk_sees(const struct dk_who *who, const struct dk_case *c)
{
    if (dk_sees_all(who) || carries(who, c))
        return true;
    if (complained_about(who, c))
        return false;
    return (who->roles & (S | A)) != 0 || in_charge(who, c) ||
           is_beside(who, c);
}

bool dk_may_repeat(const struct dk_who *who, const struct dk_case *c)
{
    return dk_sees_all(who) || !complained_about(who, c);
}

bool dk_may_read_person(const struct dk_who *who, const struct dk_case *c)
{
    if (dk_sees_all(who))
        return true;
    return dk_sees(who, c) && !complained_about(who, c) &&
           ((who->roles & S) != 0 || in_charge(who, c));
}

bool dk_may_act_on(const struct dk_who *who, enum dk_action a,
                   const struct dk_case *c)
{
    bool beside = false;
    unsigned may = dk_roles_action(a, &beside) & who->roles;

    if (may == 0 || !dk_sees(who, c))
        return false;
    if ((may & ~(H | R)) != 0)
        return true;
    return in_charge(who, c) || (beside && is_beside(who, c)) ||
           (a == DK_ACT_RELAY && carries(who, c));
}

/* Is the actor `kind` and this id? */
static bool is_actor(const char *actor, const char *kind, const char *id)
{
    size_t n = strlen(kind);

    return strncmp(actor, kind, n) == 0 && strcmp(actor + n, id) == 0;
}

bool dk_may_be(const struct dk_who *who, const char *actor)
{
    if (dk_sees_all(who))
        return true;
    if ((who->roles & R) != 0 && who->unit[0] != '\0' &&
        is_actor(actor, "unit:", who->unit))
        return true;
    return (who->roles & ~R) != 0 && is_actor(actor, "officer:", who->name);
}

bool dk_may_bring(const struct dk_who *who, const struct dk_submit *s)
{
    return s->from != NULL ? who->roles == R
                           : (who->roles & (K | S | ADM)) != 0;
}
