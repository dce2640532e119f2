/* fuzz_core.c - one case, driven by the fuzzer's bytes through commands, time
 * and damage; everything that must always hold is checked (core_kit.h).
 */
#include <stdio.h>
#include <stdlib.h>

#include "core/order.h"
#include "tests/support/core_walk.h"

#define STEPS_MAX 200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Two bytes where one is not enough; 0 when there are no more. */
static unsigned pick_byte(struct walk *w, unsigned n)
{
    unsigned v = 0;

    for (unsigned m = n; m > 1 && w->left > 0; m = (m + 255) / 256) {
        v = v << 8 | *w->bytes++;
        w->left--;
    }
    return v % n;
}

static void die(const struct walk *w)
{
    fprintf(stderr, "%s\n", w->k.fault);
    for (size_t i = 0; i < w->k.log.n; i++)
        fprintf(stderr, "  %u %s %s\n", w->k.log.v[i].n,
                dk_ev_name(w->k.log.v[i].type), w->k.log.v[i].body);
    abort();
}

/* Neither how many people stand behind a case nor how it came changes its place
 * in line.
 */
static void check_order(struct walk *w)
{
    struct dk_case *a = w->k.c, *b = dk_case_clone(a);

    if (b == NULL)
        abort();
    for (unsigned i = 0; i < 2; i++) { /* one that came before, one after */
        b->key = i == 0 ? a->key - 1 : a->key + 1;
        for (unsigned ch = 0; ch < DK_CH_N; ch++) {
            b->channel = (enum dk_channel)ch;
            b->petitioners = 1 + (int64_t)ch * 1000;
            b->imported = (ch & 1) != 0;
            if ((dk_order_cmp(b, a) < 0) != (i == 0) ||
                (dk_order_cmp(a, b) < 0) != (i == 1))
                w->k.fault = "the order depends on what it must not";
        }
    }
    dk_case_free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct walk w = {.pick = pick_byte, .bytes = data, .left = size};

    kit_open(&w.k);
    for (int i = 0; i < STEPS_MAX && w.left > 0 && w.k.fault == NULL; i++)
        walk_step(&w);
    if (w.k.fault == NULL && w.k.c->n > 0)
        w.k.fault = kit_check_json(&w.k);
    if (w.k.fault == NULL)
        w.k.fault = kit_check_replay(&w.k);
    if (w.k.fault == NULL && w.k.c->n > 0)
        check_order(&w);
    if (w.k.fault != NULL)
        die(&w);
    kit_close(&w.k);
    return 0;
}
