/* spool.h - the relay's own memory: one SQLite file that holds what is to be
 * carried, how far each docket's stream was read, and what became of each case.
 *
 * Case numbers, names of events and of problems stand in it as they are; all
 * that people wrote, and who they are, is sealed (seal.h), and wiped once the
 * other side has it.  One connection, one process: the file is locked while it
 * is open.  What spool_commit() reported is on the disk.
 *
 * Functions return 0, or a DK_E code with *p filled; after one that fails call
 * spool_undo().
 */
#ifndef DK_RELAY_SPOOL_H
#define DK_RELAY_SPOOL_H

#include <stdbool.h>

#include "proto/dk_types.h"
#include "proto/problem.h"
#include "seal.h"

struct spool;

enum side {
    FROM, /* the docket that passes cases on: a county's */
    TO,   /* the docket that gets them: its city's */
    SIDES
};
extern const char *const side_names[SIDES]; /* "from", "to" */

enum item_state {
    ITEM_WANTED,   /* passed on; not read yet */
    ITEM_READY,    /* read and sealed; to be handed in */
    ITEM_ARRIVED,  /* the other docket has it */
    ITEM_GONE,     /* taken back before it was read */
    ITEM_REFUSED,  /* the other docket will not have it */
    ITEM_RETURNED, /* it was sent back */
    ITEM_STATES
};
extern const char *const item_state_names[ITEM_STATES];

/* A case on its way: one at a time for each case of the FROM side. */
struct item {
    char case_no[DK_CASE_NO_MAX]; /* on the FROM side */
    char there[DK_CASE_NO_MAX];   /* on the TO side; "": not known yet */
    char submission[DK_UUID_TEXT];
    int64_t came_n; /* number of the event that passed it on .. */
    dk_ms came_at;  /* .. and its time */
    enum item_state state;
    char *body; /* spool_item_ready() only: to be sent; the caller's */
    size_t len;
};

/* Something to be written down on one side.  `form` counts the ways in which it
 * was tried (shape.h).
 */
struct act {
    int64_t id;
    enum side side;
    char case_no[DK_CASE_NO_MAX]; /* on the FROM side */
    char number[DK_CASE_NO_MAX];  /* on the side where it goes */
    int form;
    char *body; /* the caller's */
    size_t len;
};

/* DK_ENOTFOUND (without `create`), DK_EBUSY: another process has it open;
 * DK_EVERSION: no spool, or a newer docket's; DK_EFORBIDDEN: its key is another
 * one; DK_EIO, DK_EFULL.
 */
int spool_open(const char *path, bool create, const unsigned char key[SEAL_KEY],
               struct spool **out, struct dk_problem *p);
void spool_close(struct spool *s); /* NULL is allowed */

int spool_begin(struct spool *s, struct dk_problem *p);
int spool_commit(struct spool *s, struct dk_problem *p);
void spool_undo(struct spool *s);
/* For idle moments: the log is emptied, with the last traces of wiped texts. */
int spool_tidy(struct spool *s, struct dk_problem *p);

/* The stream of a side: whose it is ("": none yet), and the sequence to come.
 */
int spool_place(struct spool *s, enum side side, char broker[33], int64_t *next,
                struct dk_problem *p);
int spool_place_set(struct spool *s, enum side side, const char *broker,
                    int64_t next, struct dk_problem *p);

/* 1: *out is filled; 0: there is none. */
int spool_item(struct spool *s, const char *case_no, struct item *out,
               struct dk_problem *p);
int spool_item_there(struct spool *s, const char *there, struct item *out,
                     struct dk_problem *p);
/* The first one in this state. */
int spool_item_first(struct spool *s, enum item_state state, struct item *out,
                     struct dk_problem *p);
/* ... and what is to be sent of it. */
int spool_item_ready(struct spool *s, struct item *out, struct dk_problem *p);

/* New, or in the place of the one that there is for this case; without body. */
int spool_item_put(struct spool *s, const struct item *it,
                   struct dk_problem *p);
/* It was read: sealed, READY. */
int spool_item_seal(struct spool *s, const char *case_no, const char *body,
                    size_t len, struct dk_problem *p);
/* Its state, and its number there (NULL: as it was); the body is wiped.
 * `problem` (may be NULL) is a word of proto/problem.h.
 */
int spool_item_set(struct spool *s, const char *case_no, enum item_state state,
                   const char *there, const char *problem,
                   struct dk_problem *p);

/* Add what is to be written down; one with this command is there only once. */
int spool_act_put(struct spool *s, enum side side, const char *case_no,
                  const char *command, const char *body, size_t len,
                  struct dk_problem *p);
/* The oldest that waits for this side and has a number there.  1: *out is
 * filled; 0: none. */
int spool_act_first(struct spool *s, enum side side, struct act *out,
                    struct dk_problem *p);
int spool_act_done(struct spool *s, int64_t id, struct dk_problem *p);
/* Refused in this form: to be tried in the next one, or (form < 0) never. */
int spool_act_refused(struct spool *s, int64_t id, int form,
                      const char *problem, struct dk_problem *p);
/* Try again whatever was refused. */
int spool_again(struct spool *s, struct dk_problem *p);

struct spool_counts {
    int64_t items[ITEM_STATES];
    int64_t acts[SIDES], refused; /* acts that wait; that were refused */
};
int spool_count(struct spool *s, struct spool_counts *out,
                struct dk_problem *p);
/* Each case and each act that was refused. */
typedef void (*spool_refused_fn)(void *arg, const char *what,
                                 const char *case_no, const char *problem);
int spool_refused(struct spool *s, spool_refused_fn fn, void *arg,
                  struct dk_problem *p);

#endif /* DK_RELAY_SPOOL_H */
