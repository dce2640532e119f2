/* who.h - the names of those who talk to a broker, and the names of what they
 * may: for the broker, which holds them to it (core/roles.h), and for the
 * programs that help to write them down.
 */
#ifndef DK_WHO_H
#define DK_WHO_H

#include "dk_types.h"
#include "problem.h"

/* X(NAME, name in the key file and on the wire, in Chinese) */
#define DK_ROLES(X)                                                            \
    X(KIOSK, "kiosk", "收件终端")                                              \
    X(WORKER_ASSIGN, "worker:assign", "分派服务")                              \
    X(WORKER_DEADLINE, "worker:deadline", "期限服务")                          \
    X(WORKER_ESCALATE, "worker:escalate", "警示服务")                          \
    X(HANDLER, "handler", "承办人")                                            \
    X(SUPERVISOR, "supervisor", "督办人")                                      \
    X(AUDITOR, "auditor", "审计人")                                            \
    X(ADMINISTRATOR, "administrator", "管理员")                                \
    X(RELAY, "relay", "流转服务")                                              \
    X(MONITOR, "monitor", "监测程序")

/* Longest name of somebody: "officer:" and it must fit an actor. */
#define DK_WHO_MAX (DK_ID_MAX - 8)

/* A name of somebody, or of a unit, in the list of keys: 1 to `max` bytes
 * without spaces, quotes or slashes, and no # in front.  DK_EFIELD at
 * `pointer`.
 */
int dk_name_check(const char *name, int max, const char *pointer,
                  struct dk_problem *p);

#endif /* DK_WHO_H */
