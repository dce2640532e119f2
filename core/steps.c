#include "steps.h"

#include "clock.h"

const char *const dk_step_names[] = {"evaluate", "ask_review", "ask_re_review",
                                     "withdraw", NULL};

static const enum dk_ev events[DK_STEP_N] = {
    [DK_STEP_EVALUATE] = DK_EV_EVALUATED,
    [DK_STEP_ASK_REVIEW] = DK_EV_REVIEW_ASKED,
    [DK_STEP_ASK_RE_REVIEW] = DK_EV_RE_REVIEW_ASKED,
    [DK_STEP_WITHDRAW] = DK_EV_WITHDRAWN,
};

/* When the time for it ends; DK_NEVER: none runs. */
static dk_ms window(const struct dk_case *c, enum dk_ev ev)
{
    dk_ms until = DK_NEVER;

    for (int i = 0; i < c->n_clock; i++) {
        const struct dk_clock *k = &c->clock[i];

        if (k->on_due != DK_DUE_OVERDUE && k->state == DK_CLOCK_RUNNING &&
            (k->stops_on & UINT64_C(1) << ev) != 0 && k->due_at < until &&
            !dk_clock_superseded(c, k))
            until = k->due_at;
    }
    return until;
}

static bool asks(enum dk_ev ev)
{
    return ev == DK_EV_REVIEW_ASKED || ev == DK_EV_RE_REVIEW_ASKED;
}

int dk_case_steps(const struct dk_case *c, dk_ms now,
                  struct dk_step out[DK_STEP_N])
{
    uint64_t may = dk_fsm_allowed(c->state);
    int n = 0;

    for (int i = 0; i < DK_STEP_N; i++) {
        enum dk_ev ev = events[i];
        /* Only asking ends with a time; a word on how it was handled and a
         * withdrawal stop such a clock, but do not need it.
         */
        dk_ms until = asks(ev) ? window(c, ev) : DK_NEVER;

        if ((may & UINT64_C(1) << ev) == 0 || dk_clock_forbids(c, ev, now) >= 0)
            continue;
        if (asks(ev) && c->state == DK_S_CLOSED && until == DK_NEVER)
            continue; /* it ended with the case */
        out[n++] =
            (struct dk_step){.kind = (enum dk_step_kind)i, .until = until};
    }
    return n;
}
