/* fsm_table.h - print the life cycle as PROTOCOL.md shows it.  Included by
 * tests/support/print_fsm.c, which writes that part of the document, and by
 * tests/unit/test_fsm.c, which compares the document with core/fsm.c.
 */
#ifndef DK_FSM_TABLE_H
#define DK_FSM_TABLE_H

#include <stdio.h>

#include "core/fsm.h"

#define FSM_MARK "<!-- fsm-table -->\n"

struct fsm_set {
    const char *name;
    int n;
    enum dk_ev ev[6];
};

/* Events that stand in a row by the name of their set, if all of them are
 * allowed there and lead nowhere.
 */
static const struct fsm_set fsm_sets[] = {
    {"bookkeeping",
     6,
     {DK_EV_CLOCK_SET, DK_EV_CLOCK_FIRED, DK_EV_ALERT_RAISED, DK_EV_ALERT_ACKED,
      DK_EV_PERSON_READ, DK_EV_PERSON_ERASED}},
    {"aside",
     5,
     {DK_EV_LINKED, DK_EV_UNLINKED, DK_EV_REPEATED, DK_EV_INFORMED,
      DK_EV_RELAYED}},
};
#define FSM_SETS (sizeof(fsm_sets) / sizeof(fsm_sets[0]))

static bool fsm_has(const struct fsm_set *set, enum dk_ev ev)
{
    for (int i = 0; i < set->n; i++) {
        if (set->ev[i] == ev)
            return true;
    }
    return false;
}

static bool fsm_keeps(enum dk_state s, const struct fsm_set *set)
{
    for (int i = 0; i < set->n; i++) {
        if (dk_fsm_next(s, set->ev[i]) != (int)s)
            return false;
    }
    return true;
}

static bool fsm_in_a_set(enum dk_state s, enum dk_ev ev)
{
    for (size_t i = 0; i < FSM_SETS; i++) {
        if (fsm_has(&fsm_sets[i], ev) && fsm_keeps(s, &fsm_sets[i]))
            return true;
    }
    return false;
}

static void fsm_print_row(FILE *f, enum dk_state s)
{
    int n = 0;

    fprintf(f, "| `%s` | %s | %s |", dk_state_name(s), dk_state_zh(s),
            dk_state_owes(s) ? "yes" : "no");
    for (int ev = 0; ev < DK_EV_N; ev++) {
        int to = dk_fsm_next(s, (enum dk_ev)ev);

        if (to >= 0 && to != (int)s)
            fprintf(f, "%s `%s` → `%s`", n++ > 0 ? ";" : "",
                    dk_ev_name((enum dk_ev)ev),
                    dk_state_name((enum dk_state)to));
    }
    fprintf(f, "%s |", n == 0 ? " –" : "");
    n = 0;
    for (int ev = 0; ev < DK_EV_N; ev++) {
        if (dk_fsm_next(s, (enum dk_ev)ev) == (int)s &&
            !fsm_in_a_set(s, (enum dk_ev)ev))
            fprintf(f, "%s `%s`", n++ > 0 ? "," : "",
                    dk_ev_name((enum dk_ev)ev));
    }
    for (size_t i = 0; i < FSM_SETS; i++) {
        if (fsm_keeps(s, &fsm_sets[i]))
            fprintf(f, "%s *%s*", n++ > 0 ? "," : "", fsm_sets[i].name);
    }
    fprintf(f, "%s |\n", n == 0 ? " –" : "");
}

static void fsm_print_services(FILE *f)
{
    fprintf(f, "\n| event | 中文 | services that answer for it |\n"
               "| --- | --- | --- |\n");
    for (int ev = 0; ev < DK_EV_N; ev++) {
        unsigned mask = dk_ev_services((enum dk_ev)ev);

        fprintf(f, "| `%s` | %s |", dk_ev_name((enum dk_ev)ev),
                dk_ev_zh((enum dk_ev)ev));
        for (int svc = 0; svc < DK_SVC_N; svc++) {
            if ((mask & (1u << svc)) != 0)
                fprintf(f, " %s", dk_service_names[svc]);
        }
        fprintf(f, "%s |\n", mask == 0 ? " –" : "");
    }
}

static void fsm_print(FILE *f)
{
    fprintf(f, "An event that is not in a state's row is refused there "
               "(`wrong-state`). In the last column");
    for (size_t k = 0; k < FSM_SETS; k++) {
        fprintf(f, "%s *%s* is", k > 0 ? "," : "", fsm_sets[k].name);
        for (int i = 0; i < fsm_sets[k].n; i++)
            fprintf(f, "%s `%s`",
                    i == 0                  ? ""
                    : i < fsm_sets[k].n - 1 ? ","
                                            : " and",
                    dk_ev_name(fsm_sets[k].ev[i]));
    }
    fprintf(f, ".\n\n| state | 中文 | a step is owed | event → next state | "
               "events after which it stays |\n"
               "| --- | --- | --- | --- | --- |\n");
    for (int s = 0; s < DK_S_N; s++)
        fsm_print_row(f, (enum dk_state)s);
    fsm_print_services(f);
}

#endif /* DK_FSM_TABLE_H */
