#include "daemon/histo.h"

static const struct {
    const char *name;
    int64_t le[HISTO_BOUNDS];
} kinds[HISTO_N] = {
#define HISTO_KIND(name, ...) [HISTO_##name] = {#name, {__VA_ARGS__}},
    HISTOS(HISTO_KIND)
#undef HISTO_KIND
};

void histo_add(struct histo h[HISTO_N], enum histo_name which, int64_t v)
{
    int i = 0;

    while (i < HISTO_BOUNDS && v > kinds[which].le[i])
        i++;
    h[which].n[i]++;
    h[which].sum += v;
}

void histo_write(const struct histo h[HISTO_N], struct dk_jw *w)
{
    dk_jw_obj(w, "histograms");
    for (int k = 0; k < HISTO_N; k++) {
        dk_jw_obj(w, kinds[k].name);
        dk_jw_arr(w, "le");
        for (int i = 0; i < HISTO_BOUNDS; i++)
            dk_jw_int(w, NULL, kinds[k].le[i]);
        dk_jw_end_arr(w);
        dk_jw_arr(w, "n");
        for (int i = 0; i <= HISTO_BOUNDS; i++)
            dk_jw_int(w, NULL, h[k].n[i]);
        dk_jw_end_arr(w);
        dk_jw_int(w, "sum", h[k].sum);
        dk_jw_end_obj(w);
    }
    dk_jw_end_obj(w);
}
