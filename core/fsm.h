/* fsm.h - the life cycle of a case: states, events, and which event is allowed
 * in which state.  One table (fsm.c); PROTOCOL.md prints the same table and a
 * test compares the two; another test walks every cell.
 *
 * Source: Regulations on Letters-and-Visits Work (2022), Arts. 19-36.
 */
#ifndef DK_FSM_H
#define DK_FSM_H

#include <stdbool.h>
#include <stdint.h>

/* X(NAME, wire name, zh-CN, is the office still owing something?)
 * States and events are stored as numbers: new ones go to the end.
 */
#define DK_STATES(X)                                                           \
    X(NONE, "none", "无", 0)                                                   \
    X(SUBMITTED, "submitted", "已提交", 1)                                     \
    X(REGISTERED, "registered", "已登记", 1)                                   \
    X(TRANSFERRED, "transferred", "已转送", 1)                                 \
    X(OBJECTED, "objected", "提出异议", 1)                                     \
    X(ACCEPTED, "accepted", "已受理", 1)                                       \
    X(SUSPENDED, "suspended", "中止", 1)                                       \
    X(ANSWERED, "answered", "已答复", 0)                                       \
    X(IN_REVIEW, "in_review", "复查中", 1)                                     \
    X(REVIEWED, "reviewed", "已复查", 0)                                       \
    X(IN_RE_REVIEW, "in_re_review", "复核中", 1)                               \
    X(ENDED, "ended", "终结", 0)                                               \
    X(NOT_ACCEPTED, "not_accepted", "不予受理", 0)                             \
    X(DISCIPLINE, "discipline", "移送纪检监察", 0)                             \
    X(WITHDRAWN, "withdrawn", "已撤回", 0)                                     \
    X(CLOSED, "closed", "已办结", 0)                                           \
    X(SETTLED, "settled", "已化解", 0)                                         \
    X(REVIEW_SUSPENDED, "review_suspended", "复查中止", 1)                     \
    X(RE_REVIEW_SUSPENDED, "re_review_suspended", "复核中止", 1)

/* X(NAME, wire name, zh-CN) */
#define DK_EVENTS(X)                                                           \
    X(SUBMITTED, "submitted", "提交")                                          \
    X(REGISTERED, "registered", "登记")                                        \
    X(ASSIGNED, "assigned", "分派")                                            \
    X(TRANSFERRED, "transferred", "转送")                                      \
    X(HANDED_OVER, "handed_over", "交办")                                      \
    X(DISCIPLINE, "sent_to_discipline", "移送纪检监察")                        \
    X(OBJECTED, "objected", "异议")                                            \
    X(OBJECTION_UPHELD, "objection_upheld", "异议成立")                        \
    X(OBJECTION_REFUSED, "objection_refused", "异议不成立")                    \
    X(ACCEPTED, "accepted", "受理")                                            \
    X(NOT_ACCEPTED, "not_accepted", "不予受理")                                \
    X(EXTENDED, "extended", "延期")                                            \
    X(SUSPENDED, "suspended", "中止")                                          \
    X(RESUMED, "resumed", "恢复")                                              \
    X(REPORTED, "reported", "回报")                                            \
    X(ANSWERED, "answered", "答复")                                            \
    X(REVIEW_ASKED, "review_asked", "申请复查")                                \
    X(REVIEWED, "reviewed", "复查意见")                                        \
    X(RE_REVIEW_ASKED, "re_review_asked", "申请复核")                          \
    X(RE_REVIEWED, "re_reviewed", "复核意见")                                  \
    X(CLOSED, "closed", "办结")                                                \
    X(WITHDRAWN, "withdrawn", "撤回")                                          \
    X(REOPENED, "reopened", "重新受理")                                        \
    X(EVALUATED, "evaluated", "评价")                                          \
    X(URGED, "urged", "督办")                                                  \
    X(URGE_ANSWERED, "urge_answered", "督办反馈")                              \
    X(CLOCK_SET, "clock_set", "设定期限")                                      \
    X(CLOCK_FIRED, "clock_fired", "期限提醒")                                  \
    X(ALERT_RAISED, "alert_raised", "警示")                                    \
    X(ALERT_ACKED, "alert_acked", "警示确认")                                  \
    X(NOTICE_GIVEN, "notice_given", "书面告知")                                \
    X(INFORMED, "informed", "告知")                                            \
    X(DELIVERED, "delivered", "送达")                                          \
    X(SETTLED, "settled", "调解和解")                                          \
    X(CO_HANDLER_ADDED, "co_handler_added", "增加会办单位")                    \
    X(CO_HANDLER_REMOVED, "co_handler_removed", "撤销会办单位")                \
    X(OPINION_GIVEN, "opinion_given", "会办意见")                              \
    X(LINKED, "linked", "关联")                                                \
    X(UNLINKED, "unlinked", "解除关联")                                        \
    X(REPEATED, "repeated", "重复信访")                                        \
    X(PRIORITISED, "prioritised", "列为急办")                                  \
    X(ALERT_MUTED, "alert_muted", "暂停催报")                                  \
    X(PERSON_READ, "person_read", "查阅个人信息")                              \
    X(PERSON_ERASED, "person_erased", "删除个人信息")                          \
    X(RELAYED, "relayed", "平台流转")

#define DK_STATE_ENUM(name, wire, zh, owes) DK_S_##name,
enum dk_state {
    DK_STATES(DK_STATE_ENUM) DK_S_N
};
#undef DK_STATE_ENUM

#define DK_EVENT_ENUM(name, wire, zh) DK_EV_##name,
enum dk_ev {
    DK_EVENTS(DK_EVENT_ENUM) DK_EV_N
};
#undef DK_EVENT_ENUM

_Static_assert(DK_EV_N <= 64, "event sets are 64-bit masks");

/* The state after `ev` in `from`, or -1: refused. */
int dk_fsm_next(enum dk_state from, enum dk_ev ev);

/* Events allowed in `from`, as a mask of 1 << ev. */
uint64_t dk_fsm_allowed(enum dk_state from);

const char *dk_state_name(enum dk_state s);
const char *dk_state_zh(enum dk_state s);
bool dk_state_owes(enum dk_state s);      /* the office still owes a step */
int dk_state_from_name(const char *name); /* -1: unknown */
/* What docket itself writes down of clocks, alerts and who saw personal data:
 * no clock waits for it.
 */
bool dk_ev_is_bookkeeping(enum dk_ev e);
/* What is said of a case at any time: no step of its life. */
bool dk_ev_is_aside(enum dk_ev e);
const char *dk_ev_name(enum dk_ev e);
const char *dk_ev_zh(enum dk_ev e);
int dk_ev_from_name(const char *name); /* -1: unknown */

/* Services that must answer for an event: a mask of 1 << enum dk_service. */
enum dk_service {
    DK_SVC_ASSIGN,
    DK_SVC_DEADLINE,
    DK_SVC_ESCALATE,
    DK_SVC_N
};
extern const char
    *const dk_service_names[]; /* "assign", "deadline", "escalate", NULL */
unsigned dk_ev_services(enum dk_ev e);

#endif /* DK_FSM_H */
