/* persons.h - who the petitioners are and where they live: sealed when a case
 * is made, read for a reason that is written down first, erased for ever, and
 * sealed anew when there is a new key.  Nothing of it is ever in an event, a
 * task, a log, a counter or a refusal.
 */
#ifndef DK_PERSONS_H
#define DK_PERSONS_H

#include "core/decide.h"
#include "daemon/seal.h"
#include "daemon/store/store.h"

struct daemon;
struct item;

#define PERSONS_SLICE   64     /* rows sealed anew in one commit */
#define PERSONS_COUNTED 100000 /* rows that are counted ahead, at most */

struct persons {
    struct seal ring;
    struct secret codes;       /* the store's secret, opened */
    struct dk_problem problem; /* why sealing failed inside store_open() */
    int64_t lost;              /* id of a key given up for lost; 0: none */
    bool empty_log;            /* something was erased: empty the log */
    /* Sealing anew what older keys sealed. */
    bool on;
    int64_t from, after;         /* the older key (STORE_ERASED: none), and the
                                    last case done */
    int64_t left, done, stuck;   /* rows; left: at least; stuck: cannot be
                                    opened */
    size_t staged, staged_stuck; /* rows in the batch under way */
    int64_t staged_last;
    bool at_end; /* of the rows of `from` */
    struct store_secret secret;
    uint8_t sealed[STORE_SECRET_SEALED]; /* its bytes */
};

/* Before and after store_open().  persons_ready() opens the store's secret and
 * refuses when something is sealed by a key that is not there:
 *   DK_ENOTFOUND, DK_EFORBIDDEN, DK_EFIELD  the ring, see seal.h
 *   else                                    the store's codes
 */
void persons_open(struct daemon *d, struct store_options *opt);
int persons_ready(struct daemon *d, struct dk_problem *p);
void persons_fini(struct daemon *d);

/* The secret that query codes and the hashes of requests are made with. */
const uint8_t *persons_secret(const struct daemon *d);
/* A request's hash as it is kept: nobody without the secret can try out what
 * the request may have said.
 */
void persons_rehash(const uint8_t secret[32], uint8_t hash[16]);

/* Put a case's row into the batch: `plain`, sealed. */
int persons_put(struct daemon *d, int64_t key, const void *plain, size_t len);
/* Put the petitioners' data into the batch so; their commitment goes into
 * the case's first event.
 */
int persons_keep(struct daemon *d, const struct dk_submit *s, int64_t key,
                 char commitment[2 * DK_HASH_LEN + 1]);

enum persons_row {
    PERSONS_NONE, /* none were handed in, or their row is gone */
    PERSONS_ERASED,
    PERSONS_THERE,
    PERSONS_SHUT /* sealed by a key that is not there, or changed */
};
/* What is kept of a case, opened: *text is their JSON array, given back with
 * seal_forget(*base, *base_len).  `commitment` (not NULL) is what it gives.
 */
struct persons_open {
    enum persons_row is;
    void *base;
    size_t base_len;
    const char *text;
    size_t len;
    char commitment[2 * DK_HASH_LEN + 1];
};
int persons_get(struct daemon *d, int64_t key, struct persons_open *out);
/* The commitment to what was sealed, which is a salt and the JSON array; where
 * the array begins, or NULL: it is too short to have one.
 */
const char *persons_commitment(const void *plain, size_t len,
                               char out[2 * DK_HASH_LEN + 1]);

/* Does the row open to what has this commitment?  The number of its key is but
 * a column, which a disk may change: every key of the ring is tried, and the
 * one that opens it is written to row->seal.  An erased row fits nothing.
 */
bool persons_fit(const struct daemon *d, struct store_person *row,
                 const char *commitment);
void persons_close(struct persons_open *o);

/* A tick: put a slice of old rows into the batch; what came of it. */
void persons_stage(struct daemon *d);
void persons_settle(struct daemon *d, int rc);
void persons_house(struct daemon *d); /* what could not be done at once */
/* Look what older keys sealed, and start on it.  A store code. */
int persons_start(struct daemon *d);

/* person.get and person.erase: from the batch to the answer. */
int door_person(struct daemon *d, struct item *it, struct dk_problem *p);
int door_erase(struct daemon *d, struct item *it, struct dk_problem *p);
int apply_person(struct daemon *d, struct item *it, struct dk_problem *p);
/* seal.rotate; and the part of stats about all this */
int read_rotate(struct daemon *d, const struct item *it, struct dk_jw *w,
                struct dk_problem *p);
void persons_stats(const struct daemon *d, struct dk_jw *w, const char *key);

#endif /* DK_PERSONS_H */
