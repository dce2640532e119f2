/* spool.h - the kiosk's own memory: one SQLite file that holds every case from
 * the moment it is taken until the office has it, and its answer after that.
 *
 * What spool_take() reported as taken is on the disk.  One connection, one
 * process: the file is locked while it is open.  Once the broker has
 * acknowledged a case, its text is wiped from the file and only the case
 * number, the query code and a digest stay: a kiosk in a hall is no place to
 * keep what people complain about.
 */
#ifndef DK_KIOSK_SPOOL_H
#define DK_KIOSK_SPOOL_H

#include <stdbool.h>

#include "proto/dk_types.h"
#include "proto/problem.h"

#define SPOOL_HASH 32
#define SPOOL_CODE 16 /* bytes of a query code with its NUL, with room */

struct spool;

/* Every row has a sum over all it says.  What the disk changed is never sent or
 * told: at the opening it is set aside, later it is DK_EIO.
 */
enum spool_state {
    SPOOL_WAITING,
    SPOOL_DONE,
    SPOOL_REFUSED,
    SPOOL_STATE_N
};

enum spool_verdict {
    SPOOL_TAKEN,   /* new, and on the disk */
    SPOOL_ALREADY, /* was there before: nothing was changed */
    SPOOL_CONFLICT /* its id was there before, with other words */
};

struct spool_item {
    char submission[DK_UUID_TEXT]; /* ALREADY by file: the id of then */
    dk_ms taken_at;                /* wall clock */
    const char *body;              /* borrowed; what is sent to the broker */
    size_t len;
    uint8_t digest[SPOOL_HASH];    /* of what the petitioner says */
    const char *file;              /* borrowed; NULL: not from a folder */
    uint8_t file_hash[SPOOL_HASH]; /* of the file's bytes */
    enum spool_verdict verdict;    /* set by spool_take() */
    char case_no[DK_CASE_NO_MAX], code[SPOOL_CODE]; /* ALREADY: the broker's
                                          answer of then, or "" */
};

struct spool_row {
    int64_t id;
    char submission[DK_UUID_TEXT];
    char *body; /* owned by the caller */
    size_t len;
};

struct spool_answer {
    int64_t id;
    enum spool_state state;                         /* DONE or REFUSED */
    dk_ms at;                                       /* wall clock */
    char case_no[DK_CASE_NO_MAX], code[SPOOL_CODE]; /* DONE */
    struct dk_problem problem;                      /* REFUSED */
};

struct spool_counts {
    int64_t n[SPOOL_STATE_N];
    dk_ms oldest_waiting; /* DK_NEVER: none */
};

/* Open, or with `create` make, a spool.  DK_ENOTFOUND: there is none;
 * DK_EBUSY: another process has it open; DK_EVERSION: a newer docket's, or no
 * spool at all; DK_EFORBIDDEN: may not be written here; DK_EIO, DK_EFULL:
 * the disk.  *p says it for a person.  An existing file that is refused is not
 * changed.
 */
int spool_open(const char *path, bool create, struct spool **out,
               struct dk_problem *p);
void spool_close(struct spool *s); /* NULL is allowed */

/* Take n cases in one transaction.  0: each item's verdict holds.  Otherwise
 * none was taken: DK_EFULL may be tried again, after DK_EIO the spool must be
 * closed (what is on the disk is known only after it is opened again).
 */
int spool_take(struct spool *s, struct spool_item *items, size_t n,
               struct dk_problem *p);

/* The oldest waiting case with id > after.  1: *out is filled; 0: none; or a
 * DK_E code.
 */
int spool_next(struct spool *s, int64_t after, struct spool_row *out,
               struct dk_problem *p);
/* One waiting case again; as spool_next(). */
int spool_get(struct spool *s, int64_t id, struct spool_row *out,
              struct dk_problem *p);

/* Write down n answers in one transaction; failures as for spool_take(). */
int spool_settle(struct spool *s, const struct spool_answer *a, size_t n,
                 struct dk_problem *p);

/* What was settled has been told.  That is written down with what is written
 * next, at the latest by spool_tidy(): after a power cut an answer may be told
 * twice, but never not at all.
 */
void spool_told(struct spool *s);

/* Each answer that may not have been told, oldest first.  `case_no` is NULL for
 * a refused case, `problem` (as below) for the others.
 */
typedef void (*spool_untold_fn)(void *arg, const char *submission,
                                const char *case_no, const char *code,
                                const char *problem);
int spool_untold(struct spool *s, spool_untold_fn fn, void *arg,
                 struct dk_problem *p);

/* Empty the write-ahead log, and with it the last traces of wiped texts.  For
 * idle moments.
 */
int spool_tidy(struct spool *s, struct dk_problem *p);

/* What became of one case: by its id, or by the last ten digits of it (of
 * several the newest).  1: *out is filled, its problem (RFC 9457, or NULL) is
 * the caller's to free; 0: there is none; or a DK_E code.
 */
struct spool_found {
    char submission[DK_UUID_TEXT];
    enum spool_state state;
    dk_ms taken_at;
    char case_no[DK_CASE_NO_MAX], code[SPOOL_CODE]; /* "": none (yet) */
    char *problem;
};
int spool_find(struct spool *s, const char *submission, struct spool_found *out,
               struct dk_problem *p);
int spool_find_end(struct spool *s, const char *digits, struct spool_found *out,
                   struct dk_problem *p);

/* When the newest was taken (wall clock); DK_NEVER: nothing ever was. */
int spool_last(struct spool *s, dk_ms *at, struct dk_problem *p);

int spool_count(struct spool *s, struct spool_counts *out,
                struct dk_problem *p);

/* Each case that the disk changed after it was written, and that was set aside
 * when the spool was opened: neither sent nor told any more.  `submission` may
 * itself be what was changed.  With `untold`, those that were not yet told.
 */
typedef void (*spool_aside_fn)(void *arg, const char *submission);
int spool_aside(struct spool *s, bool untold, spool_aside_fn fn, void *arg,
                struct dk_problem *p);

/* Each refused case, oldest first.  `problem` is an RFC 9457 object. */
typedef void (*spool_refused_fn)(void *arg, const char *submission,
                                 const char *problem);
int spool_refused(struct spool *s, spool_refused_fn fn, void *arg,
                  struct dk_problem *p);

#endif /* DK_KIOSK_SPOOL_H */
