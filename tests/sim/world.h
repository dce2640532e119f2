/* world.h - who takes part in one run, and what happens when. */
#ifndef DK_SIM_WORLD_H
#define DK_SIM_WORLD_H

#include "core/book.h"
#include "core/policy.h"
#include "sim.h"

/* What is read once and shared by all runs. */
struct world_files {
    struct dk_policy *policy;
    struct dk_calendar *calendar;
    struct dk_book *book;
};
extern struct world_files world_files;

struct world_result {
    const char *broken; /* NULL: the promise held */
    uint64_t print;     /* equal for equal seeds */
    int64_t cases, events, steps, restarts, fired;
};

/* One run; the same for the same seed. */
void world_run(uint64_t seed, struct world_result *out);

/* ---- the broker (broker.c) ----------------------------------------------- */

#define CLIENTS_AT "sim://clients"
#define WORKERS_AT "sim://workers"

void broker_start(void);
/* Turn its loop while it has something to do at this instant. */
void broker_turn(void);
dk_ms broker_next(void); /* when it is to be turned again, or started */
bool broker_up(void);
void broker_crash(const char *why); /* comes back by itself */
void broker_leave(void);            /* told to stop: comes back, too */
void broker_end(void);              /* for good */
int64_t broker_restarts(void);

/* ---- clients (people.c) -------------------------------------------------- */

void people_open(void);
void people_turn(void);
dk_ms people_next(void);
void people_close(void);
void people_break(void); /* somebody's connection */
/* Has everybody got the answer to everything they asked? */
bool people_done(void);
/* From now on nobody asks anything new but who looks after dead letters and
 * reads the figures.
 */
void people_calm(void);
void people_verify(void); /* ask the broker for a verify of the whole store */
bool people_verified(void);

/* ---- workers (crew.c) ---------------------------------------------------- */

void crew_open(void);
void crew_turn(void);
dk_ms crew_next(void);
void crew_close(void);
void crew_trouble(void); /* one crashes, hangs, leaves or loses the line */
void crew_calm(void);    /* all work, and honestly */
extern int crew_lies;    /* permille of answers */

#endif /* DK_SIM_WORLD_H */
