#include "daemon/stats.h"

#include "daemon/daemon.h"

static void write_totals(struct dk_jw *w, const struct store_totals *t)
{
    dk_jw_obj(w, "store");
    dk_jw_int(w, "cases", t->cases);
    dk_jw_int(w, "events", t->events);
    dk_jw_int(w, "tasks_open", t->tasks_open);
    dk_jw_int(w, "tasks_dead", t->tasks_dead);
    dk_jw_int(w, "alerts_open", t->alerts_open);
    dk_jw_end_obj(w);
}

static void write_refused(struct dk_jw *w, const struct stats *s)
{
    dk_jw_obj(w, "refused");
    for (int i = 1; i < DK_ORD_N; i++) {
        if (s->refused[i] != 0)
            dk_jw_int(w, dk_err_slug(-i), s->refused[i]);
    }
    dk_jw_end_obj(w);
}

static void write_workers(struct dk_jw *w, const struct desk *k)
{
    int64_t n[DK_SVC_N] = {0};

    for (size_t i = 0; i < k->n_session; i++)
        n[k->session[i]->service]++;
    dk_jw_obj(w, "workers");
    for (int i = 0; i < DK_SVC_N; i++)
        dk_jw_int(w, dk_service_names[i], n[i]);
    dk_jw_end_obj(w);
}

int read_stats(struct daemon *d, const struct item *it, struct dk_jw *w,
               struct dk_problem *p)
{
    struct store_totals t;
    struct stats *s = &d->stats;
    int rc = store_totals(d->st, &t);

    (void)it;
    if (rc != DK_OK)
        return dk_fail(p, rc, NULL, NULL, NULL);
    s->clock_steps = d->wall.jumps;
    dk_jw_obj(w, NULL);
    dk_jw_time(w, "now", wall_now(&d->wall), d->cfg->offset_min);
    dk_jw_int(w, "uptime_ms", mono_now() - s->started_mono);
    dk_jw_str(w, "version", DK_VERSION_TEXT);
    wire_id(w, "last_seq", d->info.last_seq);
    wire_id(w, "epoch", d->info.epoch);
    dk_jw_time(w, "next_due", d->next_due, d->cfg->offset_min);
    dk_jw_bool(w, "storage_full",
               d->ballast.r.tight ||
                   (d->pause_until != 0 && d->pause_code == DK_EFULL));
    notify_stats(d, w);
    dk_jw_int(w, "ballast", d->ballast.r.have);
    dk_jw_int(w, "followers", (int64_t)d->follows.n);
    write_totals(w, &t);
    write_workers(w, &d->desk);
    watch_write_stats(d, w);
    persons_stats(d, w, "seal");
    dk_jw_obj(w, "counters");
#define STATS_WRITE(name) dk_jw_int(w, #name, s->name);
    STATS(STATS_WRITE)
#undef STATS_WRITE
    dk_jw_end_obj(w);
    histo_write(s->histo, w);
    write_refused(w, s);
    dk_jw_end_obj(w);
    return DK_OK;
}
