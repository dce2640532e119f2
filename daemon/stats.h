/* stats.h - counters since the start; docs/OPERATIONS.md explains each. */
#ifndef DK_STATS_H
#define DK_STATS_H

#include "daemon/histo.h"
#include "proto/problem.h"

#define STATS(X)                                                               \
    X(messages_clients)                                                        \
    X(messages_workers)                                                        \
    X(submitted)                                                               \
    X(submitted_again)                                                         \
    X(acted)                                                                   \
    X(acted_again)                                                             \
    X(results)                                                                 \
    X(results_refused)                                                         \
    X(tasks_sent)                                                              \
    X(tasks_failed)                                                            \
    X(tasks_lost)                                                              \
    X(tasks_dead)                                                              \
    X(leases_stale)                                                            \
    X(clocks_fired)                                                            \
    X(alerts_raised)                                                           \
    X(events)                                                                  \
    X(batches)                                                                 \
    X(commits)                                                                 \
    X(commits_failed)                                                          \
    X(commit_us_total)                                                         \
    X(commit_us_max)                                                           \
    X(replies_lost)                                                            \
    X(events_followed)                                                         \
    X(clock_steps)                                                             \
    X(checkpoints)                                                             \
    X(peers_refused)                                                           \
    X(messages_unnamed)                                                        \
    X(messages_unknown)                                                        \
    X(messages_too_many)                                                       \
    X(query_codes_wrong)

struct stats {
#define STATS_FIELD(name) int64_t name;
    STATS(STATS_FIELD)
#undef STATS_FIELD
    int64_t refused[DK_ORD_N]; /* by kind of problem */
    struct histo histo[HISTO_N];
    dk_ms started_mono;
};

#endif /* DK_STATS_H */
