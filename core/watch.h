/* watch.h - the office's own failures: when one is told, told again, cleared.
 *
 * The daemon looks (daemon/watch.c) and hands over what it saw; here is
 * decided what comes of it.  Pure: two times come in, the wall clock for what
 * people read and the monotonic one for how long something lasts.
 *
 * A cause must last for a while before it is believed, and be gone for a while
 * before its alert clears: a worker that comes and goes makes one alert, not
 * twenty.  An open alert is told again every day.  An acknowledgement stops
 * that for a stated time, and only as long as it does not get worse.
 */
#ifndef DK_WATCH_H
#define DK_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/dk_types.h"

/* X(NAME, wire name); proto/words.h has their names for people.  Stored as
 * numbers: new ones go to the end.
 */
#define DK_WATCH_KINDS(X)                                                      \
    X(NO_WORKER, "no_worker")                                                  \
    X(UNASSIGNED, "unassigned")                                                \
    X(CALENDAR, "calendar")                                                    \
    X(CLOCK_JUMP, "clock_jump")                                                \
    X(DISK, "disk")                                                            \
    X(BACKUP, "backup")                                                        \
    X(DEAD_LETTER, "dead_letter")                                              \
    X(QUEUE, "queue")                                                          \
    X(STORAGE_FULL, "storage_full")

#define DK_WATCH_ENUM(name, wire) DK_W_##name,
enum dk_watch_kind {
    DK_WATCH_KINDS(DK_WATCH_ENUM) DK_W_N
};
#undef DK_WATCH_ENUM

const char *dk_watch_name(enum dk_watch_kind k);

/* Stored as numbers. */
enum dk_watch_level {
    DK_WL_WARNING, /* mend it soon */
    DK_WL_SERIOUS, /* the office does not do its duty now, or is about to */
    DK_WL_N
};
extern const char *const dk_watch_level_names[]; /* "warning", "serious" */

enum dk_watch_saw {
    DK_SAW_NOTHING, /* could not look: nothing is raised and nothing cleared */
    DK_SAW_GOOD,
    DK_SAW_BAD
};

#define DK_WATCH_ABOUT 200

/* What was seen of one thing.  The unit of value and limit is the kind's:
 * no_worker, unassigned, backup, queue, storage_full: seconds (backup -1: there
 * is none, -2: it failed); clock_jump: seconds, negative when it was set back;
 * disk: MB that are free; calendar: a year; dead_letter: how many.
 */
struct dk_watch_obs {
    enum dk_watch_saw saw;
    enum dk_watch_level level;
    int64_t value, limit;
    char about[DK_WATCH_ABOUT]; /* a case number, a task, a path; or "" */
};

struct dk_watch_rules {
    dk_ms hold;   /* so long a cause must last; monotonic */
    dk_ms calm;   /* so long it must be gone; monotonic */
    dk_ms repeat; /* an open alert is told again after */
    dk_ms quiet;  /* so long an acknowledgement stops that */
};

/* An alert as it is kept. */
struct dk_watch_alert {
    bool open;
    enum dk_watch_level level;
    int64_t value;
    dk_ms raised_at, told_at;
    dk_ms acked_at; /* DK_NEVER: not */
};

/* How long a cause has been there, or gone; all zero at the start. */
struct dk_watch_state {
    bool bad, good;
    dk_ms bad_since, good_since; /* monotonic */
    dk_ms bad_at;                /* wall: when it was first seen */
};

enum dk_watch_verdict {
    DK_WATCH_KEEP,
    DK_WATCH_RAISE, /* a new alert */
    DK_WATCH_TELL,  /* the open one once more: a day passed, or it got worse */
    DK_WATCH_CLEAR
};

/* Take note of what was seen now; call it at every look. */
void dk_watch_see(struct dk_watch_state *s, const struct dk_watch_obs *o,
                  const struct dk_watch_rules *r, dk_ms now, dk_ms mono);

/* What is to be done about it now.  Changes nothing: if it cannot be written
 * down, ask again.
 */
enum dk_watch_verdict
dk_watch_judge(enum dk_watch_kind k, const struct dk_watch_state *s,
               const struct dk_watch_obs *o, const struct dk_watch_alert *a,
               const struct dk_watch_rules *r, dk_ms now, dk_ms mono);

/* An occurrence and not a state: nothing clears it but somebody who looked. */
bool dk_watch_until_acked(enum dk_watch_kind k);

/* When an acknowledged alert will be told again; DK_NEVER: it is not quiet. */
dk_ms dk_watch_quiet_until(const struct dk_watch_alert *a,
                           const struct dk_watch_rules *r);

/* A step of the wall clock against the monotonic one.  `*offset` is the
 * difference of the two at the last look (DK_NEVER: none yet), and is moved
 * on.  A slow clock that is led back to the right time makes no step.  Returns
 * the step in ms, or 0 when it is not more than `limit`.
 */
dk_ms dk_watch_step(dk_ms *offset, dk_ms now, dk_ms mono, dk_ms limit);

/* Does a calendar that ends with the year `until` cover what begins soon?  Its
 * last year must be the next one from 1 November on, this one before.
 */
struct dk_watch_obs dk_watch_calendar(int until, dk_ms now, int offset_min);

/* What is wrong and what to do, one sentence or two, as snprintf(). */
int dk_watch_text(char *buf, size_t cap, bool zh, enum dk_watch_kind k,
                  const char *subject, int64_t value, int64_t limit,
                  const char *about);

#endif /* DK_WATCH_H */
