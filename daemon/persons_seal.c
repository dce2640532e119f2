/* persons_seal.c - sealing anew, slice after slice, what older keys sealed.
 *
 * Nothing remembers how far it came: rows name their key, so what is left to do
 * is there to be seen after any crash.  An old key goes when no row needs it
 * and the log that still holds such rows is empty.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "daemon/daemon.h"

/* The next older key that rows are sealed by; s->from is the last one done.  It
 * stays where it is when the store does not tell.
 */
static int next_key(struct daemon *d)
{
    struct persons *s = &d->persons;
    int64_t id = s->from;
    int rc;

    do
        rc = store_next_seal(d->st, id, &id);
    while (rc == DK_OK && (id == seal_current(&s->ring) || id == s->lost));
    if (rc != DK_OK && rc != DK_ENOTFOUND)
        return rc;
    s->from = rc == DK_OK ? id : STORE_ERASED;
    s->after = INT64_MIN;
    return DK_OK;
}

/* Up to a number that costs nothing at a start; when so many are done, those
 * that are left are counted again.
 */
static int count_left(struct daemon *d)
{
    struct persons *s = &d->persons;
    int64_t id = STORE_ERASED, rows = 0;
    int rc;

    s->left = 0;
    while ((rc = store_next_seal(d->st, id, &id)) == DK_OK) {
        if (id == seal_current(&s->ring) || id == s->lost)
            continue;
        rc = store_seal_rows(d->st, id, PERSONS_COUNTED - s->left, &rows);
        if (rc != DK_OK)
            return rc;
        s->left += rows;
    }
    return rc == DK_ENOTFOUND ? DK_OK : rc;
}

int persons_start(struct daemon *d)
{
    struct persons *s = &d->persons;
    int rc = count_left(d);

    s->done = s->stuck = 0;
    s->from = STORE_ERASED;
    if (rc == DK_OK)
        rc = next_key(d);
    s->on = rc == DK_OK && (s->from != STORE_ERASED || s->ring.n > 1 ||
                            d->info.seal != seal_current(&s->ring));
    if (s->on)
        log_info("sealing_anew", "rows=%" PRId64 " keys=%d", s->left,
                 s->ring.n - 1);
    return rc;
}

/* ---- a slice ------------------------------------------------------------- */

/* Something of the batch changes this row already: an erasure, or a case that
 * is new.
 */
static bool in_batch(const struct batch *b, int64_t key)
{
    for (size_t i = 0; i < b->n_person; i++) {
        if (b->person[i].key == key)
            return true;
    }
    return false;
}

static int seal_row(struct daemon *d, const struct store_person *row)
{
    struct persons *s = &d->persons;
    void *plain = NULL;
    size_t n = 0;
    int rc = seal_unwrap(&s->ring, row->key, row->seal, row->data, row->len,
                         &plain, &n);

    if (rc == DK_EJSON || rc == DK_ENOTFOUND) {
        s->staged_stuck++; /* verify names it; its key stays */
        return DK_OK;
    }
    if (rc == DK_OK)
        rc = persons_put(d, row->key, plain, n);
    seal_forget(plain, n);
    s->staged += rc == DK_OK;
    return rc;
}

struct slice {
    struct daemon *d;
    size_t seen;
};

static int on_row(void *arg, const struct store_person *row)
{
    struct slice *x = arg;
    struct persons *s = &x->d->persons;

    x->seen++;
    s->staged_last = row->key;
    return in_batch(&x->d->batch, row->key) ? DK_OK : seal_row(x->d, row);
}

static int stage_secret(struct daemon *d)
{
    struct persons *s = &d->persons;
    void *out = NULL;
    size_t n = 0;
    int rc = seal_wrap(&s->ring, 0, s->codes.v, s->codes.len, &out, &n,
                       &s->secret.seal);

    if (rc == DK_OK && n > sizeof(s->sealed))
        rc = DK_EBUG;
    if (rc == DK_OK) {
        memcpy(s->sealed, out, n);
        s->secret.data = s->sealed;
        s->secret.len = n;
        d->batch.changes.secret = &s->secret;
    }
    free(out);
    return rc;
}

void persons_stage(struct daemon *d)
{
    struct persons *s = &d->persons;
    struct slice x = {.d = d};
    int rc = DK_OK;

    s->staged = s->staged_stuck = 0;
    s->staged_last = s->after;
    if (!s->on || d->pause_until != 0 || d->cautious > 0 || d->batch.broken)
        return;
    if (d->info.seal != seal_current(&s->ring))
        rc = stage_secret(d);
    if (rc == DK_OK && s->from != STORE_ERASED)
        rc = store_persons(d->st, s->from, s->after, PERSONS_SLICE, on_row, &x);
    s->at_end = x.seen < PERSONS_SLICE;
    if (rc != DK_OK)
        d->batch.broken = true; /* no memory, or the disk: it is tried again */
}

/* ---- what came of it ----------------------------------------------------- */

/* What the rows say themselves, just before keys go that nothing brings back:
 * is one of the older ones needed?
 */
static int still_needed(struct daemon *d, bool *out)
{
    const struct persons *s = &d->persons;
    int rc = DK_OK;

    *out = d->info.seal != seal_current(&s->ring);
    for (int i = 1; rc == DK_OK && !*out && i < s->ring.n; i++) {
        int64_t id = STORE_ERASED;

        rc = store_next_seal(d->st, s->ring.id[i] - 1, &id);
        *out = rc == DK_OK && id == s->ring.id[i];
        rc = rc == DK_ENOTFOUND ? DK_OK : rc;
    }
    return rc;
}

static void drop_old(struct daemon *d, const char *id)
{
    struct persons *s = &d->persons;
    struct dk_problem p = {0};
    char text[800];

    if (s->ring.n > 1 && s->ring.credential)
        log_warn("sealed_anew", "rows=%" PRId64 " key=%s why=\"%s\"", s->done,
                 id,
                 "nothing needs the older keys any more: take their lines out "
                 "of the credential");
    else if (seal_drop_old(&s->ring, &p) != DK_OK)
        log_error("seal_key_kept", "why=%s",
                  log_quote(p.detail, text, sizeof(text)));
    else
        log_info("sealed_anew", "rows=%" PRId64 " key=%s", s->done, id);
}

/* Nothing is sealed by an older key any more, in the file or in its log. */
static void finish(struct daemon *d)
{
    struct persons *s = &d->persons;
    bool needed = true;
    char id[SEAL_ID_TEXT];

    s->on = false;
    seal_id_text(seal_current(&s->ring), id);
    if (s->stuck > 0) {
        log_warn("sealed_anew",
                 "rows=%" PRId64 " unreadable=%" PRId64
                 " key=%s why=\"the old keys stay; docketctl verify names the "
                 "cases\"",
                 s->done, s->stuck, id);
        return;
    }
    int rc = store_checkpoint(d->st, true);
    if (rc == DK_OK)
        rc = still_needed(d, &needed);
    if (rc != DK_OK) {
        if (rc == DK_EIO)
            spine_stop(d, EX_IOERR);
        s->on = rc != DK_EIO; /* the housekeeping tries again */
        return;
    }
    if (needed)
        log_error("seal_key_kept", "why=\"rows are still sealed by an older "
                                   "key; they are sealed anew at the next "
                                   "start\"");
    else
        drop_old(d, id);
}

static void empty_log(struct daemon *d)
{
    int rc = store_checkpoint(d->st, true);

    if (rc == DK_OK)
        d->persons.empty_log = false; /* else the housekeeping tries again */
    else if (rc == DK_EIO)
        spine_stop(d, EX_IOERR);
}

void persons_settle(struct daemon *d, int rc)
{
    struct persons *s = &d->persons;

    if (rc != DK_OK)
        return;
    if (s->empty_log)
        empty_log(d);
    if (!s->on || d->pause_until != 0 || d->cautious > 0)
        return;
    if (d->batch.changes.secret != NULL)
        d->info.seal = s->secret.seal;
    s->done += (int64_t)s->staged;
    s->left -= (int64_t)s->staged < s->left ? (int64_t)s->staged : s->left;
    s->stuck += (int64_t)s->staged_stuck;
    s->after = s->staged_last;
    if (s->from != STORE_ERASED && s->at_end)
        rc = next_key(d);
    if (rc == DK_OK && s->left == 0 && s->from != STORE_ERASED)
        rc = count_left(d);
    if (rc == DK_EIO)
        spine_stop(d, EX_IOERR);
    if (rc == DK_OK && s->from == STORE_ERASED &&
        d->info.seal == seal_current(&s->ring))
        finish(d);
    else if (rc == DK_OK)
        spine_again(d);
}

void persons_house(struct daemon *d)
{
    const struct persons *s = &d->persons;

    if (s->empty_log && d->pause_until == 0)
        empty_log(d);
    if (s->on && s->from == STORE_ERASED &&
        d->info.seal == seal_current(&s->ring))
        finish(d);
}
