/* core_path.h - bring a case into a given state by the shortest way, with
 * something at hand for every action: a clock "conclude" that can be extended,
 * and a clock "bell" with a fired rung to alert of and an alert to acknowledge.
 */
#ifndef DK_CORE_PATH_H
#define DK_CORE_PATH_H

#include <stdio.h>

#include "proto/timefmt.h"
#include "tests/support/core_kit.h"

#define PATH_OTHER "330000-20260215-000001-4"

#define PATH_ARRIVED                                                           \
    "{\"there\":\"330600-20260501-000001-1\",\"event\":\"submitted\"}"

static inline const char *path_args_more(const struct kit *k, enum dk_action a)
{
    static char buf[64];

    switch ((int)a) {
    case DK_ACT_WITHDRAW:
        return "{\"document\":\"撤-1\"}";
    case DK_ACT_GIVE_NOTICE:
    case DK_ACT_DELIVER:
        return "{\"way\":\"post\"}";
    case DK_ACT_INFORM:
        return "{\"document\":\"transfer\",\"way\":\"electronic\"}";
    case DK_ACT_SETTLE:
        return "{\"manner\":\"mediated\",\"text\":\"已和解\"}";
    case DK_ACT_ADD_CO_HANDLER:
        return k->c->n_co == 0 ? "{\"unit\":\"局八\",\"handler\":\"o8\"}"
                               : "{\"unit\":\"局七\"}";
    case DK_ACT_REMOVE_CO_HANDLER:
        return "{\"unit\":\"局八\",\"reason\":\"已无关\"}";
    case DK_ACT_GIVE_OPINION:
        return "{\"unit\":\"局八\",\"text\":\"同意\"}";
    case DK_ACT_LINK:
        return "{\"relation\":\"group\",\"to\":\"" PATH_OTHER "\"}";
    case DK_ACT_RELAY:
        return PATH_ARRIVED;
    case DK_ACT_UNLINK:
        return "{\"relation\":\"repeat\",\"to\":\"" PATH_OTHER
               "\",\"reason\":\"误联\"}";
    case DK_ACT_PRIORITISE:
        return "{\"need\":\"medical\",\"why\":\"急病\"}";
    case DK_ACT_MUTE:
        return "{\"clock\":\"bell\",\"until\":\"2026-03-20T00:00:00+08:00\","
               "\"reason\":\"等待鉴定\"}";
    case DK_ACT_REPORT:
    case DK_ACT_ANSWER_URGE:
        return "{\"text\":\"已办\"}";
    case DK_ACT_REVIEW:
    case DK_ACT_RE_REVIEW:
        return "{\"result\":\"upheld\",\"text\":\"维持\"}";
    case DK_ACT_REOPEN:
        return "{\"facts\":\"新情况\"}";
    case DK_ACT_EVALUATE:
        return "{\"handling\":5,\"result\":5}";
    case DK_ACT_CLOCK:
        return "{\"clock\":\"extra\",\"basis\":1,"
               "\"started_at\":\"2026-03-01T08:00:00+08:00\","
               "\"due_at\":\"2026-06-01T00:00:00+08:00\","
               "\"on_due\":\"overdue\",\"stops_on\":[],\"rungs\":[]}";
    case DK_ACT_ALERT:
        return "{\"clock\":\"bell\",\"clock_no\":1,\"rung\":\"a\","
               "\"level\":\"yellow\",\"to\":[\"handler:o1\"],"
               "\"text\":{\"zh-CN\":\"将到期\",\"en\":\"soon due\"}}";
    case DK_ACT_READ_PERSON:
    case DK_ACT_ERASE_PERSON:
        return "{\"reason\":\"电话联系\",\"by\":\"uid:0\"}";
    case DK_ACT_ACK_ALERT:
        (void)snprintf(buf, sizeof(buf), "{\"alert\":%u}",
                       k->c->n_alert > 0 ? k->c->alert[0] : 1);
        return buf;
    default:
        return "{}";
    }
}

/* Arguments with which the action is right wherever it is possible. */
static inline const char *path_args(const struct kit *k, enum dk_action a)
{
    switch ((int)a) {
    case DK_ACT_ASSIGN:
        return k->c->state == DK_S_IN_REVIEW ||
                       k->c->state == DK_S_REVIEW_SUSPENDED
                   ? "{\"unit\":\"县五\"}"
               : k->c->state == DK_S_IN_RE_REVIEW ||
                       k->c->state == DK_S_RE_REVIEW_SUSPENDED
                   ? "{\"unit\":\"市六\"}"
                   : "{\"unit\":\"局三\",\"handler\":\"o1\"}";
    case DK_ACT_TRANSFER:
    case DK_ACT_HAND_OVER:
        return "{\"unit\":\"局三\"}";
    case DK_ACT_DISCIPLINE:
        return "{\"body\":\"纪委\"}";
    case DK_ACT_OBJECT:
    case DK_ACT_ASK_REVIEW:
    case DK_ACT_ASK_RE_REVIEW:
    case DK_ACT_URGE:
        return "{\"grounds\":\"见附件\"}";
    case DK_ACT_UPHOLD_OBJECTION:
    case DK_ACT_REFUSE_OBJECTION:
    case DK_ACT_SUSPEND:
        return "{\"reason\":\"听证\"}";
    case DK_ACT_NOT_ACCEPT:
        return "{\"ground\":\"已诉讼\",\"other_door\":\"法院\"}";
    case DK_ACT_EXTEND:
        return "{\"days\":30,\"reason\":\"复杂\",\"approved_by\":\"head\"}";
    case DK_ACT_ANSWER:
        return "{\"text\":\"已办\",\"legal_basis\":\"条例\"}";
    default:
        return path_args_more(k, a);
    }
}

static inline void path_do(struct kit *k, enum dk_action a)
{
    if (kit_do(k, a, path_args(k, a)) != 0 || k->fault != NULL) {
        fprintf(stderr, "%s: %s %s\n", dk_action_name(a), k->p.detail,
                k->fault != NULL ? k->fault : "");
        abort();
    }
}

/* Submit, and set up the two clocks. */
static inline void path_begin(struct kit *k, const struct dk_submit *s)
{
    if (kit_submit(k, s) != 0 ||
        kit_do(k, DK_ACT_CLOCK,
               "{\"clock\":\"conclude\",\"basis\":1,"
               "\"started_at\":\"2026-03-01T08:00:00+08:00\","
               "\"due_at\":\"2026-05-01T00:00:00+08:00\","
               "\"on_due\":\"overdue\",\"stops_on\":[\"answered\"],"
               "\"holds_on\":[\"extended\",\"suspended\"],"
               "\"extend_times\":1,\"extend_days\":30,\"rungs\":[]}") != 0 ||
        kit_do(k, DK_ACT_CLOCK,
               "{\"clock\":\"bell\",\"basis\":1,"
               "\"started_at\":\"2026-03-01T08:00:00+08:00\","
               "\"due_at\":\"2026-07-01T00:00:00+08:00\","
               "\"on_due\":\"overdue\","
               "\"stops_on\":[\"notice_given\",\"urge_answered\"],\"rungs\":["
               "{\"id\":\"a\",\"at\":\"2026-03-01T08:01:00+08:00\"},"
               "{\"id\":\"b\",\"at\":\"2026-03-01T08:01:00+08:00\"}]}") != 0)
        abort();
    k->env.now += DK_MINUTE;
    if (kit_fire(k) != 0 || k->new_events != 2 ||
        kit_do(k, DK_ACT_ALERT,
               "{\"clock\":\"bell\",\"clock_no\":1,\"rung\":\"b\","
               "\"level\":\"red\",\"to\":[],"
               "\"text\":{\"zh-CN\":\"将到期\",\"en\":\"soon due\"}}") != 0)
        abort();
    if (kit_do(k, DK_ACT_LINK,
               "{\"relation\":\"repeat\",\"to\":\"" PATH_OTHER "\"}") != 0)
        abort();
    k->env.now += DK_MINUTE;
}

/* One way through the states, and the branches that leave it. */
static inline void path_walk(struct kit *k, enum dk_state to)
{
    static const enum dk_action way[] = {
        DK_ACT_REGISTER, DK_ACT_ASSIGN,        DK_ACT_TRANSFER,
        DK_ACT_ACCEPT,   DK_ACT_ANSWER,        DK_ACT_ASK_REVIEW,
        DK_ACT_REVIEW,   DK_ACT_ASK_RE_REVIEW, DK_ACT_RE_REVIEW};
    static const struct {
        enum dk_state to, from;
        enum dk_action by;
    } branch[] = {
        {DK_S_OBJECTED, DK_S_TRANSFERRED, DK_ACT_OBJECT},
        {DK_S_SUSPENDED, DK_S_ACCEPTED, DK_ACT_SUSPEND},
        {DK_S_NOT_ACCEPTED, DK_S_TRANSFERRED, DK_ACT_NOT_ACCEPT},
        {DK_S_DISCIPLINE, DK_S_REGISTERED, DK_ACT_DISCIPLINE},
        {DK_S_WITHDRAWN, DK_S_TRANSFERRED, DK_ACT_WITHDRAW},
        {DK_S_CLOSED, DK_S_ANSWERED, DK_ACT_CLOSE},
        {DK_S_SETTLED, DK_S_ACCEPTED, DK_ACT_SETTLE},
        {DK_S_REVIEW_SUSPENDED, DK_S_IN_REVIEW, DK_ACT_SUSPEND},
        {DK_S_RE_REVIEW_SUSPENDED, DK_S_IN_RE_REVIEW, DK_ACT_SUSPEND},
    };

    for (size_t i = 0; i < sizeof(branch) / sizeof(branch[0]); i++) {
        if (branch[i].to == to) {
            path_walk(k, branch[i].from);
            path_do(k, branch[i].by);
            return;
        }
    }
    for (size_t i = 0; k->c->state != to; i++) {
        path_do(k, way[i]);
        if (way[i] == DK_ACT_TRANSFER)
            path_do(k, DK_ACT_ADD_CO_HANDLER);
    }
}

/* A new case in state `to`. */
static inline void path_to_with(struct kit *k, enum dk_state to,
                                const struct dk_submit *s)
{
    kit_open(k);
    if (to == DK_S_NONE)
        return;
    path_begin(k, s);
    path_walk(k, to);
}

static inline void path_to(struct kit *k, enum dk_state to)
{
    struct dk_submit s = kit_submission();

    path_to_with(k, to, &s);
}

#endif /* DK_CORE_PATH_H */
