#include "decide_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

/* A claimed time may be ahead of ours by as much as clocks are apart. */
#define AHEAD_MAX (5 * DK_MINUTE)

static const char *const results[] = {"upheld", "changed", "revoked", NULL};
static const char *const manners[] = {"on_the_spot", "mediated", "agreed",
                                      NULL};
static const char *const urge_grounds[] = {"not_accepted",
                                           "not_concluded",
                                           "not_reported",
                                           "procedure",
                                           "not_carried_out",
                                           "falsification",
                                           NULL};
static const char *const documents[] = {"transfer", "extension", "suspension",
                                        "other", NULL};

/* clang-format off */
#define TEXT(name, need)      {name, DK_FIELD_TEXT, need, 1, DK_TEXT_MAX, NULL}
#define SHORT(name, max)      {name, DK_FIELD_TEXT, DK_OPTIONAL, 1, max, NULL}
#define ID(name, need)        {name, DK_FIELD_ID, need, 0, 0, NULL}
#define INT(name, need, a, b) {name, DK_FIELD_INT, need, a, b, NULL}
#define SPECIAL(name)         {name, DK_FIELD_SPECIAL, DK_OPTIONAL, 0, 0, NULL}
#define ENUM(name, need, n)   {name, DK_FIELD_ENUM, need, 0, 0, n}
#define OPT DK_OPTIONAL
#define REQ DK_REQUIRED
#define END {NULL, DK_FIELD_SPECIAL, 0, 0, 0, NULL}

/* The fields of each action, in the order in which its body has them.
 * PROTOCOL.md ("Actions") has the same list for people.
 */
static const struct dk_field fields[DK_ACT_N][DK_FIELDS_MAX] = {
    [DK_ACT_REGISTER] = {TEXT("note", OPT), END},
    [DK_ACT_ASSIGN] = {SPECIAL("unit"), SPECIAL("candidates"),
                       SPECIAL("handler"), SPECIAL("rule"), SPECIAL("why"),
                       END},
    [DK_ACT_TRANSFER] = {SPECIAL("unit"), TEXT("note", OPT), END},
    [DK_ACT_HAND_OVER] = {SPECIAL("unit"), INT("report_days", OPT, 1, 365),
                          TEXT("note", OPT), END},
    [DK_ACT_DISCIPLINE] = {SPECIAL("body"), TEXT("note", OPT), END},
    [DK_ACT_OBJECT] = {TEXT("grounds", REQ), END},
    [DK_ACT_UPHOLD_OBJECTION] = {TEXT("reason", REQ), END},
    [DK_ACT_REFUSE_OBJECTION] = {TEXT("reason", REQ), END},
    [DK_ACT_ACCEPT] = {TEXT("note", OPT), SHORT("notice", 200), SPECIAL("way"),
                       END},
    [DK_ACT_NOT_ACCEPT] = {TEXT("ground", REQ), TEXT("other_door", REQ),
                           SHORT("notice", 200), SPECIAL("way"), END},
    [DK_ACT_EXTEND] = {SPECIAL("clock"), SPECIAL("days"),
                       SPECIAL("approved_by"), TEXT("reason", REQ),
                       SPECIAL("informed"), END},
    [DK_ACT_SUSPEND] = {ENUM("ground", OPT, dk_ground_names), TEXT("reason", REQ),
                        END},
    [DK_ACT_RESUME] = {TEXT("note", OPT), END},
    [DK_ACT_REPORT] = {TEXT("text", REQ), END},
    [DK_ACT_ANSWER] = {SPECIAL("unit"), TEXT("text", REQ),
                       TEXT("legal_basis", OPT), TEXT("explanation", OPT),
                       SPECIAL("delivered"), END},
    [DK_ACT_ASK_REVIEW] = {TEXT("grounds", REQ), END},
    [DK_ACT_REVIEW] = {ENUM("result", REQ, results), TEXT("text", REQ),
                       SPECIAL("delivered"), END},
    [DK_ACT_ASK_RE_REVIEW] = {TEXT("grounds", REQ), END},
    [DK_ACT_RE_REVIEW] = {ENUM("result", REQ, results), TEXT("text", REQ),
                          SPECIAL("delivered"), END},
    [DK_ACT_CLOSE] = {TEXT("reason", OPT), END},
    [DK_ACT_WITHDRAW] = {SHORT("document", 200), TEXT("reason", OPT), END},
    [DK_ACT_REOPEN] = {TEXT("facts", REQ), END},
    [DK_ACT_EVALUATE] = {INT("handling", REQ, 1, 5), INT("result", REQ, 1, 5),
                         TEXT("note", OPT), END},
    [DK_ACT_URGE] = {ENUM("ground", OPT, urge_grounds), TEXT("grounds", REQ),
                     INT("answer_days", OPT, 1, 90), END},
    [DK_ACT_ANSWER_URGE] = {TEXT("text", REQ), END},
    [DK_ACT_GIVE_NOTICE] = {SHORT("number", 200),
                            ENUM("way", REQ, dk_way_names), TEXT("note", OPT),
                            END},
    [DK_ACT_INFORM] = {ENUM("document", REQ, documents),
                       ENUM("way", REQ, dk_way_names), TEXT("text", OPT), END},
    [DK_ACT_DELIVER] = {ENUM("way", REQ, dk_way_names),
                        TEXT("note", OPT), END},
    [DK_ACT_SETTLE] = {ENUM("manner", REQ, manners), TEXT("text", REQ),
                       SPECIAL("fulfil_by"), END},
    [DK_ACT_ADD_CO_HANDLER] = {SPECIAL("unit"), SPECIAL("handler"),
                               SHORT("why", 1000), END},
    [DK_ACT_REMOVE_CO_HANDLER] = {SPECIAL("unit"), TEXT("reason", REQ), END},
    [DK_ACT_GIVE_OPINION] = {SPECIAL("unit"), TEXT("text", REQ), END},
    [DK_ACT_LINK] = {SPECIAL("relation"), SPECIAL("to"), END},
    [DK_ACT_UNLINK] = {SPECIAL("relation"), SPECIAL("to"), TEXT("reason", REQ),
                        END},
    [DK_ACT_NOTE_REPEAT] = {END},
    [DK_ACT_PRIORITISE] = {SPECIAL("need"), ID("rule", OPT), SPECIAL("why"),
                           END},
    [DK_ACT_MUTE] = {SPECIAL("clock"), SPECIAL("until"), TEXT("reason", REQ),
                     END},
    [DK_ACT_CLOCK] = {SPECIAL("clock"), SPECIAL("basis"),
                      SPECIAL("started_at"), SPECIAL("due_at"),
                      SPECIAL("on_due"), SPECIAL("stops_on"),
                      SPECIAL("holds_on"), SPECIAL("extend_times"),
                      SPECIAL("extend_days"), SPECIAL("holds_for"), SPECIAL("days"),
                      SPECIAL("extended_days"), SPECIAL("held_days"),
                      SPECIAL("late_days"), SPECIAL("repeat_at"),
                      SPECIAL("repeat_days"), SPECIAL("quiet_until"),
                      SPECIAL("rungs"),
                      SHORT("policy", 200), SHORT("version", 200),
                      SHORT("article", 200), END},
    [DK_ACT_ALERT] = {SPECIAL("clock"), SPECIAL("clock_no"), SPECIAL("rung"),
                      SPECIAL("level"), SPECIAL("due_at"), SPECIAL("times"),
                      SPECIAL("to"), SPECIAL("text"), END},
    [DK_ACT_ACK_ALERT] = {SPECIAL("alert"), TEXT("note", OPT), END},
    [DK_ACT_READ_PERSON] = {TEXT("reason", REQ), ID("by", OPT), END},
    [DK_ACT_ERASE_PERSON] = {TEXT("reason", REQ), ID("by", OPT), END},
    [DK_ACT_RELAY] = {SPECIAL("there"), ID("event", REQ), TEXT("text", OPT),
                      END},
    /* SUBMIT and FIRE have none. */
};

typedef int (*special_fn)(struct dk_decision *d);
static const special_fn specials[DK_ACT_N] = {
    [DK_ACT_SUBMIT] = dk_decide_submit,
    [DK_ACT_ASSIGN] = dk_decide_assign,
    [DK_ACT_TRANSFER] = dk_decide_transfer,
    [DK_ACT_HAND_OVER] = dk_decide_transfer,
    [DK_ACT_DISCIPLINE] = dk_decide_discipline,
    [DK_ACT_REFUSE_OBJECTION] = dk_decide_refuse_objection,
    [DK_ACT_EXTEND] = dk_decide_extend,
    [DK_ACT_RESUME] = dk_decide_resume,
    [DK_ACT_ANSWER] = dk_decide_answer,
    [DK_ACT_ASK_REVIEW] = dk_decide_ask,
    [DK_ACT_ASK_RE_REVIEW] = dk_decide_ask,
    [DK_ACT_CLOSE] = dk_decide_close,
    [DK_ACT_WITHDRAW] = dk_decide_withdraw,
    [DK_ACT_SETTLE] = dk_decide_settle,
    [DK_ACT_GIVE_NOTICE] = dk_decide_give_notice,
    [DK_ACT_DELIVER] = dk_decide_deliver,
    [DK_ACT_ADD_CO_HANDLER] = dk_decide_add_co,
    [DK_ACT_REMOVE_CO_HANDLER] = dk_decide_remove_co,
    [DK_ACT_GIVE_OPINION] = dk_decide_opinion,
    [DK_ACT_LINK] = dk_decide_link,
    [DK_ACT_UNLINK] = dk_decide_unlink,
    [DK_ACT_NOTE_REPEAT] = dk_decide_note_repeat,
    [DK_ACT_PRIORITISE] = dk_decide_prioritise,
    [DK_ACT_MUTE] = dk_decide_mute,
    [DK_ACT_CLOCK] = dk_decide_clock,
    [DK_ACT_ALERT] = dk_decide_alert,
    [DK_ACT_ACK_ALERT] = dk_decide_ack_alert,
    [DK_ACT_RELAY] = dk_decide_relay,
};
/* clang-format on */

struct action_row {
    const char *name;
    enum dk_ev ev;
    unsigned who;
};
#define ACTION_ROW(name, wire, ev, who) {wire, DK_EV_##ev, who},
static const struct action_row action_rows[] = {DK_ACTIONS(ACTION_ROW)};
#undef ACTION_ROW

static bool is_action(enum dk_action a)
{
    return (unsigned)a < DK_ACT_N;
}

const char *dk_action_name(enum dk_action a)
{
    return is_action(a) ? action_rows[a].name : "?";
}

int dk_action_from_name(const char *name)
{
    for (int a = 0; a < DK_ACT_N; a++) {
        if (strcmp(name, action_rows[a].name) == 0)
            return a;
    }
    return -1;
}

enum dk_ev dk_action_event(enum dk_action a)
{
    return is_action(a) ? action_rows[a].ev : DK_EV_N;
}

unsigned dk_action_who(enum dk_action a)
{
    return is_action(a) ? action_rows[a].who : 0;
}

void dk_events_fini(struct dk_events *es)
{
    for (size_t i = 0; i < es->n; i++)
        dk_event_fini(&es->v[i]);
    free(es->v);
    *es = (struct dk_events){0};
}

int dk_events_add(struct dk_events *es, const struct dk_decision *d,
                  enum dk_ev type, uint32_t n, const char *actor,
                  struct dk_jw *w)
{
    struct dk_event *e;

    if (es->n == es->cap) {
        size_t cap = es->cap == 0 ? 4 : es->cap * 2;
        struct dk_event *v = realloc(es->v, cap * sizeof(*v));

        if (v == NULL)
            return DK_ENOMEM;
        es->v = v;
        es->cap = cap;
    }
    e = &es->v[es->n];
    *e = (struct dk_event){.key = d->c->n == 0 ? d->cmd->key : d->c->key,
                           .n = n,
                           .type = type,
                           .at = d->env->now,
                           .claimed = d->cmd->claimed};
    if (type == DK_EV_SUBMITTED)
        e->claimed = d->cmd->submit->submitted_at;
    memcpy(e->actor, actor, strlen(actor) + 1);
    e->body = dk_jw_take(w, &e->body_len);
    if (e->body == NULL)
        return DK_ENOMEM;
    es->n++;
    return 0;
}

/* The states in which `ev` is possible, as far as they fit. */
static void list_states(enum dk_ev ev, char *buf, size_t cap)
{
    size_t len = 0;

    buf[0] = '\0';
    for (int s = 0; s < DK_S_N; s++) {
        const char *name = dk_state_name((enum dk_state)s);

        if (dk_fsm_next((enum dk_state)s, ev) < 0)
            continue;
        if (len + strlen(name) + 8 > cap) {
            (void)snprintf(buf + len, cap - len, ", ...");
            return;
        }
        len += (size_t)snprintf(buf + len, cap - len, "%s%s",
                                len > 0 ? ", " : "", name);
    }
}

static int refuse_state(const struct dk_decision *d, enum dk_ev ev)
{
    char list[160];

    list_states(ev, list, sizeof(list));
    return dk_failf(d->p, DK_ESTATE, NULL,
                    "'%s' is not possible while the case is '%s'; it is in: %s",
                    "不能执行“%s”：案件当前为“%s”；可执行的状态：%s",
                    dk_action_name(d->cmd->action), dk_state_name(d->c->state),
                    list);
}

/* An officer or unit that is complained about does not act in the case. */
static int check_actor(const struct dk_decision *d)
{
    const char *actor = d->cmd->actor;
    size_t n = actor != NULL ? strlen(actor) : 0;

    if (n < 1 || n > DK_ID_MAX || dk_utf8_valid(actor, n) != n)
        return dk_failf(d->p, DK_EFIELD, "/actor",
                        "who acts is missing or longer than %d bytes",
                        "缺少操作人，或超过 %d 字节", DK_ID_MAX);
    if (d->cmd->action == DK_ACT_RELAY)
        return 0; /* tells what others did, and decides nothing */
    if ((strncmp(actor, "officer:", 8) == 0 &&
         dk_is_respondent_officer(d->c, actor + 8)) ||
        (strncmp(actor, "unit:", 5) == 0 &&
         dk_is_respondent_unit(d->c, actor + 5)))
        return dk_refuse_respondent(d, "/actor", actor);
    return 0;
}

/* What holds for every action, before its own fields are looked at. */
static int check(const struct dk_decision *d)
{
    const struct dk_command *cmd = d->cmd;
    enum dk_ev ev = dk_action_event(cmd->action);
    int k;

    if ((dk_action_who(cmd->action) & cmd->by) == 0)
        return dk_failf(d->p, DK_EFORBIDDEN, "/action",
                        "'%s' is not an action for this peer",
                        "此方不能执行“%s”", dk_action_name(cmd->action));
    if (cmd->expect_n != 0 && cmd->expect_n != (int64_t)d->c->n)
        return dk_failf(d->p, DK_ESTALE, "/expect_n",
                        "the case has %u events, not %lld; read it again",
                        "案件已有 %u 个事件，而非 %lld 个；请重新读取", d->c->n,
                        (long long)cmd->expect_n);
    if (dk_fsm_next(d->c->state, ev) < 0)
        return refuse_state(d, ev);
    /* What docket notes by itself is no claim: after the office's clock was set
     * back, what it knows of another case may lie ahead.
     */
    if (cmd->action != DK_ACT_SUBMIT && cmd->by != DK_BY_BROKER &&
        cmd->claimed != DK_NEVER && cmd->claimed > d->env->now + AHEAD_MAX)
        return dk_fail(d->p, DK_EFIELD, "/at",
                       "'at' lies in the future; check the clock of the sender",
                       "“at”晚于当前时间；请检查发送方的时钟");
    k = dk_clock_forbids(d->c, ev, d->effective);
    if (k >= 0)
        return dk_failf(d->p, DK_ELIMIT, NULL,
                        "'%s' is no longer possible: the limit '%s' has passed",
                        "不能再执行“%s”：期限“%s”已过",
                        dk_action_name(cmd->action), d->c->clock[k].id);
    return check_actor(d);
}

/* Write the body of the one event of an action. */
static int write_body(struct dk_decision *d)
{
    enum dk_action a = d->cmd->action;
    int rc = 0;

    if (a != DK_ACT_SUBMIT)
        rc = dk_fields_only(d, fields[a]);
    if (rc != 0)
        return rc;
    dk_jw_obj(&d->w, NULL);
    if (specials[a] != NULL)
        rc = specials[a](d);
    if (rc == 0 && !d->nothing && a != DK_ACT_SUBMIT)
        rc = dk_fields_copy(d, fields[a]);
    dk_jw_end_obj(&d->w);
    return rc;
}

static dk_ms effective(const struct dk_decision *d)
{
    struct dk_event e = {.type = dk_action_event(d->cmd->action),
                         .at = d->env->now,
                         .claimed = d->cmd->claimed};

    if (d->cmd->action == DK_ACT_SUBMIT)
        e.claimed = d->cmd->submit->submitted_at;
    return dk_event_effective(d->c, &e);
}

/* Forget what this decision added before it failed. */
static int undo(struct dk_events *out, size_t n, int code, struct dk_problem *p)
{
    while (out->n > n)
        dk_event_fini(&out->v[--out->n]);
    if (code == DK_ENOMEM)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    return code;
}

/* Can this command leave a limit behind that passed unseen?  Cheap, and rarely
 * true: it decides whether to look closer.
 */
static bool may_miss(const struct dk_decision *d)
{
    const struct dk_case *c = d->c;
    dk_ms latest =
        c->marks.latest > d->env->now ? c->marks.latest : d->env->now;

    /* What stopped it before it was set counts no later than this. */
    if (d->cmd->action == DK_ACT_CLOCK)
        return d->due <= latest + AHEAD_MAX;
    for (int i = 0; i < c->n_clock; i++) {
        const struct dk_clock *k = &c->clock[i];
        int due = dk_clock_due_rung(k);

        if (k->state == DK_CLOCK_RUNNING && k->due_at <= d->env->now &&
            due >= 0 && !k->rung[due].fired)
            return true;
    }
    return false;
}

int dk_decide(const struct dk_case *c, const struct dk_command *cmd,
              const struct dk_env *env, struct dk_events *out,
              struct dk_problem *p)
{
    cJSON none = {.type = cJSON_Object};
    struct dk_decision d = {.c = c, .cmd = cmd, .env = env, .p = p};
    size_t before = out->n;
    int rc;

    if (!is_action(cmd->action) ||
        (cmd->action == DK_ACT_SUBMIT && cmd->submit == NULL))
        return dk_fail(p, DK_EBUG, "/action", NULL, NULL);
    d.args = cmd->args != NULL ? cmd->args : &none;
    d.effective = effective(&d);
    rc = check(&d);
    if (rc != 0)
        return rc;
    if (cmd->action == DK_ACT_FIRE) {
        rc = dk_decide_fire(&d, out);
        return rc == 0 ? 0 : undo(out, before, rc, p);
    }
    rc = write_body(&d);
    if (rc == 0 && !d.nothing && cmd->action == DK_ACT_CLOCK)
        rc = dk_decide_replaced(&d, out);
    if (rc == 0 && !d.nothing)
        rc = dk_events_add(out, &d, dk_action_event(cmd->action),
                           c->n + 1 + (uint32_t)(out->n - before), cmd->actor,
                           &d.w);
    if (rc == 0 && !d.nothing)
        rc = dk_decide_also(&d, out);
    dk_jw_fini(&d.w);
    if (rc == 0 && out->n > before && may_miss(&d))
        rc = dk_decide_missed(&d, before, out);
    return rc == 0 ? 0 : undo(out, before, rc, p);
}
