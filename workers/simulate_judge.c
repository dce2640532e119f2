#include "simulate_judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/caseno.h"
#include "simulate_pipe.h"

struct judging {
    const struct sim_heaps *heaps;
    const struct sim_law *law;
    int jobs;
    bool zh, list;
};

/* One process. */
struct judge {
    const struct judging *x;
    char *buf; /* a heap, as read */
    size_t cap;
    const struct sim_event **ev; /* its events .. */
    char **more;                 /* .. and what belongs to each */
    size_t n, cap_ev;
    struct sim_life life;
    struct sums sums;
    struct faults faults;
};

static int by_case(const void *a, const void *b)
{
    const struct sim_event *x = *(const struct sim_event *const *)a;
    const struct sim_event *y = *(const struct sim_event *const *)b;

    if (x->county != y->county)
        return x->county < y->county ? -1 : 1;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    if (x->n != y->n)
        return x->n < y->n ? -1 : 1;
    return 0;
}

static bool is_same_case(const struct sim_event *a, const struct sim_event *b)
{
    return a->key == b->key && a->county == b->county;
}

static int load(struct judge *j, unsigned heap, size_t *len)
{
    const struct sim_heaps *h = j->x->heaps;
    size_t all = 0;
    int rc = 0;

    for (int i = 0; i < h->n; i++)
        all += (size_t)h->index[i].heap[heap].len;
    *len = all;
    if (all == 0)
        return 0;
    if (all > j->cap) {
        free(j->buf);
        j->cap = all + all / 4;
        j->buf = malloc(j->cap);
        if (j->buf == NULL) {
            j->cap = 0;
            return DK_ENOMEM;
        }
    }
    all = 0;
    for (int i = 0; rc == 0 && i < h->n; i++) {
        rc = spool_read(h->fd[i], &h->index[i], heap, j->buf + all);
        all += (size_t)h->index[i].heap[heap].len;
    }
    return rc;
}

static int list_events(struct judge *j, size_t len)
{
    j->n = 0;
    for (size_t at = 0; at < len;) {
        const struct sim_event *e = (const void *)(j->buf + at);

        if (j->n == j->cap_ev) {
            size_t cap = j->cap_ev != 0 ? j->cap_ev * 2 : 4096;
            const struct sim_event **ev =
                realloc(j->ev, cap * sizeof(const struct sim_event *));

            if (ev == NULL)
                return DK_ENOMEM;
            j->ev = ev;
            j->cap_ev = cap;
        }
        j->ev[j->n++] = e;
        at += sim_event_size(e);
    }
    if (j->n > 1)
        qsort(j->ev, j->n, sizeof(const struct sim_event *), by_case);
    return 0;
}

static void refuse(struct judge *j, const struct sim_event *e, const char *why)
{
    char no[DK_CASE_NO_MAX], text[512];

    dk_case_no_format((int32_t)e->county, e->key, no);
    (void)snprintf(text, sizeof(text), j->x->zh ? "案件 %s：%s" : "case %s: %s",
                   no, why);
    faults_add(&j->faults, e->key, text);
}

/* Two exports that overlap say the same event twice.  Returns how many are
 * left, or -1: the same number is two different events.
 */
static int64_t unique(const struct sim_event **ev, size_t n)
{
    size_t kept = 1;

    for (size_t i = 1; i < n; i++) {
        const struct sim_event *last = ev[kept - 1];

        if (ev[i]->n != last->n)
            ev[kept++] = ev[i];
        else if (ev[i]->len != last->len ||
                 memcmp(ev[i], last, sizeof(*last) + last->len) != 0)
            return -1;
    }
    return (int64_t)kept;
}

static int judge_case(struct judge *j, const struct sim_event **ev, size_t n)
{
    struct dk_problem p;
    int64_t kept = unique(ev, n);
    int rc;

    dk_problem_clear(&p);
    if (kept < 0) {
        refuse(j, ev[0],
               j->x->zh ? "同一序号有两个不同的事件；请勿混合不同服务器的历史"
                        : "one number names two different events; do not mix "
                          "the histories of two brokers");
        return 0;
    }
    for (size_t i = 0; i < (size_t)kept; i++) {
        union {
            const struct sim_event *in;
            char *out;
        } u = {ev[i] + 1}; /* in j->buf, which is ours */
        j->more[i] = u.out;
    }
    rc = sim_life_run(&j->life, j->x->law, ev, j->more, (size_t)kept, &p);
    if (rc == DK_ESTATE)
        refuse(j, ev[0], j->x->zh ? p.detail_zh : p.detail);
    if (rc == 0)
        rc = sums_add(&j->sums, ev[0]->key, ev[0]->county, &j->life);
    return rc == DK_ESTATE ? 0 : rc;
}

static int judge_heap(struct judge *j, unsigned heap)
{
    size_t len = 0;
    int rc = load(j, heap, &len);

    if (rc == 0)
        rc = list_events(j, len);
    if (rc == 0 && j->n > 0) {
        free(j->more);
        j->more = malloc(j->n * sizeof(char *));
        rc = j->more != NULL ? 0 : DK_ENOMEM;
    }
    for (size_t from = 0; rc == 0 && from < j->n;) {
        size_t to = from + 1;

        while (to < j->n && is_same_case(j->ev[from], j->ev[to]))
            to++;
        rc = judge_case(j, j->ev + from, to - from);
        from = to;
    }
    return rc;
}

static int judge_work(void *arg, int i, int in, int out)
{
    const struct judging *x = arg;
    struct judge *j = calloc(1, sizeof(*j));
    int rc = 0, sent;

    (void)in;
    if (j == NULL)
        return DK_ENOMEM;
    j->x = x;
    j->sums.list = x->list;
    for (unsigned h = (unsigned)i; rc == 0 && h < SPOOL_HEAPS;
         h += (unsigned)x->jobs)
        rc = judge_heap(j, h);
    sent = pipe_send(out, &rc, sizeof(rc));
    if (sent == 0 && rc == 0)
        sent = sums_send(out, &j->sums);
    if (sent == 0 && rc == 0)
        sent = pipe_send(out, &j->faults, sizeof(j->faults));
    sim_life_fini(&j->life);
    sums_fini(&j->sums);
    free(j->ev);
    free(j->more);
    free(j->buf);
    free(j);
    return sent;
}

static int collect(int from, struct sums *out, struct faults *faults,
                   struct dk_problem *p)
{
    struct faults *more = malloc(sizeof(*more));
    struct sums sums = {.row = NULL};
    int theirs = 0;
    int rc =
        more != NULL ? pipe_receive(from, &theirs, sizeof(theirs)) : DK_ENOMEM;

    if (rc == 0 && theirs != 0)
        rc = theirs;
    if (rc == 0)
        rc = sums_receive(from, &sums);
    if (rc == 0)
        rc = sums_merge(out, &sums);
    if (rc == 0)
        rc = pipe_receive(from, more, sizeof(*more));
    if (rc == 0)
        faults_merge(faults, more);
    sums_fini(&sums);
    free(more);
    if (rc == DK_EIO)
        return dk_fail(p, rc, NULL, "the temporary file cannot be read again",
                       "无法读回临时文件");
    return rc == 0 ? 0 : dk_fail(p, rc, NULL, NULL, NULL);
}

int sim_judge(const struct sim_heaps *heaps, const struct sim_law *law,
              int jobs, bool zh, bool list, struct sums *out,
              struct faults *faults, struct dk_problem *p)
{
    struct judging x = {heaps, law, jobs, zh, list};
    struct crew crew = {0};
    int rc = crew_start(&crew, jobs, judge_work, &x, p);
    int ended;

    out->list = list;
    for (int i = 0; i < crew.n; i++) {
        int got = collect(crew.hand[i].from, out, faults, p);

        rc = rc != 0 ? rc : got;
    }
    ended = crew_end(&crew, p);
    if (rc == 0)
        sums_sort(out);
    return rc != 0 ? rc : ended;
}
