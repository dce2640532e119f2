/* verify_stream.c - verify, where it is about what is not there: case numbers
 * that were given out, and the stream against its checkpoints.
 *
 * A checkpoint signs the root of a tree over its events, and keeps the roots
 * of the tree's blocks: block by block the events are hashed again, so that a
 * slice reads a few thousand events and says near which one the change is.
 * What kind of change it was is told from what else the checkpoint says: how
 * many cases began, and a sum that does not depend on the order.
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/verify_int.h"
#include "proto/caseno.h"

#define BLOCK_COST 8  /* of a slice, beside a case or a task */
#define TELL_MAX   10 /* missing numbers of a place, told one by one */

/* ---- case numbers -------------------------------------------------------- */

static void tell_missing(struct slice *x, int64_t first, int64_t last)
{
    char detail[160];

    for (int64_t k = first; k <= last && k < first + TELL_MAX; k++)
        verify_fault(x, k, "missing-case",
                     "this number was given out, and nothing is kept of it");
    if (last - first < TELL_MAX)
        return;
    snprintf(detail, sizeof(detail),
             "and the numbers after it up to %" PRId64 " of that day",
             (int64_t)dk_case_key_seq(last));
    verify_fault(x, first + TELL_MAX, "missing-case", detail);
}

#define DAY INT64_C(1000000) /* keys of one */

/* A restored store goes on with the next hundred thousand of the day
 * (docs/adr/0012): numbers up to there were never given out.
 */
static bool is_jump(int64_t last)
{
    return last % 100000 == 0;
}

int verify_gap(struct slice *x, int64_t before, int64_t key)
{
    int32_t given = 0;
    int64_t day = key / DAY * DAY;
    int64_t first = before > day ? before + 1 : day + 1, last = key - 1;

    if (first >= key || is_jump(last) || !verify_is_case(x->d, key))
        return DK_OK;
    int rc = store_day_seq(x->d->st, (int32_t)(day / DAY), &given);
    if (last > day + given)
        last = day + given;
    if (rc == DK_OK && first <= last)
        tell_missing(x, first, last);
    return rc;
}

static int on_day(void *arg, const struct store_day *day)
{
    struct slice *x = arg;

    x->more = x->n == x->left;
    if (x->more)
        return 1;
    x->key[x->n++] = (int64_t)day->day * DAY + day->seq;
    return 0;
}

static int on_first_key(void *arg, int64_t key)
{
    *(int64_t *)arg = key;
    return 1;
}

/* `key` is the last number of its day; nothing comes after it. */
static int check_day(struct slice *x, int64_t key)
{
    int64_t first = key + 1;

    if (is_jump(key))
        return DK_OK;
    for (int i = 0; i <= TELL_MAX && verify_is_case(x->d, first - 1); i++) {
        int64_t found = 0;
        int rc = store_list_keys(x->d->st, first - 2, 1, on_first_key, &found);
        if (rc != DK_OK)
            return rc;
        if (found == first - 1)
            break;
        first--;
    }
    if (first <= key)
        tell_missing(x, first, key);
    return DK_OK;
}

int verify_days(struct slice *x)
{
    int32_t after = x->after < 0 ? 0 : (int32_t)x->after;
    int rc = store_list_days(x->d->st, after, (int64_t)x->left + 1, on_day, x);

    for (size_t i = 0; rc == DK_OK && i < x->n; i++) {
        if (verify_full(x)) {
            x->more = true;
            break;
        }
        x->after = x->key[i] / DAY;
        rc = check_day(x, x->key[i]);
    }
    return rc;
}

/* ---- a checkpoint's row -------------------------------------------------- */

struct row { /* copied: what a callback is given lives no longer */
    bool there;
    int64_t number, from, to;
    bool good; /* the text can be read and says the same as the columns */
    struct dk_ckpt what;
    uint8_t hash[DK_HASH_LEN]; /* of the text */
    bool genuine;              /* signed by the key that it names */
    bool rooted;               /* the blocks give the root */
    uint8_t *blocks;           /* owned */
    size_t n_block;
};

static size_t blocks_of(const struct row *r)
{
    return (size_t)((r->to - r->from) / MERKLE_BLOCK) + 1;
}

static int on_row(void *arg, const struct store_ckpt *c)
{
    struct row *r = arg;
    merkle_hash root;

    r->there = true;
    r->number = c->number;
    r->from = c->from;
    r->to = c->to;
    r->good = dk_ckpt_read(c->text, c->text_len, &r->what) == DK_OK &&
              r->what.number == c->number && r->what.from == c->from &&
              r->what.to == c->to && c->to - c->from < HISTORY_EVENTS;
    history_text_hash(c->text, c->text_len, r->hash);
    if (!r->good)
        return 0;
    r->genuine =
        crypto_sign_verify_detached(c->sig, (const unsigned char *)c->text,
                                    c->text_len, r->what.key) == 0;
    r->n_block = c->n_block;
    if (r->n_block != blocks_of(r))
        return 0;
    merkle_root_of(c->blocks, c->n_block, root);
    r->rooted = memcmp(root, r->what.root, sizeof(root)) == 0;
    r->blocks = malloc(c->n_block * DK_HASH_LEN);
    if (r->blocks == NULL)
        return DK_ENOMEM;
    memcpy(r->blocks, c->blocks, c->n_block * DK_HASH_LEN);
    return 0;
}

/* The first row with a number over `after`. */
static int read_row(struct slice *x, int64_t after, struct row *r)
{
    *r = (struct row){.there = false};
    int rc = store_list_ckpt(x->d->st, after, 1, on_row, r);
    if (rc != DK_EJSON)
        return rc;
    r->there = true; /* a row that no store could have written */
    r->number = after + 1;
    return DK_OK;
}

/* What is wrong with the row that comes after `before`. */
static const char *row_fault(const struct slice *x, const struct row *r,
                             const struct row *before, const char **why)
{
    static const uint8_t none[DK_HASH_LEN];
    const uint8_t *previous = before->there ? before->hash : none;

    *why = "its row was changed";
    if (!r->good)
        return "changed-checkpoint";
    *why = "it is not signed by the key that it names";
    if (!r->genuine)
        return "forged-signature";
    *why = "it is signed with a key that is neither this broker's nor one of "
           "'old_keys'";
    if (!history_trusts(&x->d->history, r->what.key))
        return "wrong-key";
    *why = "it does not follow the checkpoint before it";
    if (r->number == before->number + 1 &&
        (memcmp(r->what.previous, previous, DK_HASH_LEN) != 0 ||
         r->from != before->to + 1))
        return "changed-checkpoint";
    *why = "the hashes kept with it do not give the root that it signs";
    return r->rooted ? NULL : "changed-checkpoint";
}

static bool is_usable(const struct slice *x, const struct row *r)
{
    return r->good && r->rooted && r->from >= x->walk.seq;
}

static void tell_row(struct slice *x, const struct row *r,
                     const struct row *before)
{
    char detail[200];
    const char *why, *what;

    if (r->number != before->number + 1) {
        snprintf(detail, sizeof(detail),
                 "checkpoint %" PRId64 " is not there, up to %" PRId64,
                 before->number + 1, r->number - 1);
        verify_fault(x, 0, "missing-checkpoint", detail);
    }
    what = row_fault(x, r, before, &why);
    if (what == NULL)
        return;
    snprintf(detail, sizeof(detail), "checkpoint %" PRId64 ": %s", r->number,
             why);
    verify_fault(x, 0, what, detail);
}

/* ---- its events ---------------------------------------------------------- */

struct block {
    struct walk *k;
    int64_t first;
    size_t n;
    uint8_t leaf[MERKLE_BLOCK * DK_HASH_LEN];
    bool there[MERKLE_BLOCK];
};

static int on_block_event(void *arg, const struct dk_event *e)
{
    struct block *b = arg;
    int64_t i = e->seq - b->first;

    if (i >= (int64_t)b->n)
        return 1;
    merkle_leaf(e->seq, e->hash, b->leaf + i * DK_HASH_LEN);
    b->there[i] = true;
    b->k->sum += history_weight(e->hash);
    b->k->cases += e->type == DK_EV_SUBMITTED;
    b->k->last = e->seq;
    return 0;
}

/* An unreadable event ends the reading: step over it, for its case has told. */
static int read_events_of(struct slice *x, struct block *b)
{
    int64_t from = b->first, end = b->first + (int64_t)b->n;
    int rc;

    while ((rc = store_events(x->d->st, from, end - from, on_block_event, b)) ==
               DK_EJSON &&
           from < end) {
        int64_t next = b->k->last >= from ? b->k->last + 1 : from;
        if (next < end)
            b->there[next - b->first] = true; /* but its leaf is not */
        from = next + 1;
    }
    return rc == DK_EJSON ? DK_OK : rc;
}

static int check_block(struct slice *x, const struct row *r)
{
    static const uint8_t nothing[DK_HASH_LEN];
    struct walk *k = &x->walk;
    struct block *b = calloc(1, sizeof(*b));
    size_t at = (size_t)((k->seq - r->from) / MERKLE_BLOCK);
    merkle_hash root;

    if (b == NULL)
        return DK_ENOMEM;
    b->k = k;
    b->first = r->from + (int64_t)at * MERKLE_BLOCK;
    b->n = r->to - b->first + 1 < MERKLE_BLOCK ? (size_t)(r->to - b->first + 1)
                                               : MERKLE_BLOCK;
    for (size_t i = 0; i < b->n; i++)
        merkle_leaf(b->first + (int64_t)i, nothing, b->leaf + i * DK_HASH_LEN);
    int rc = read_events_of(x, b);
    for (size_t i = 0; rc == DK_OK && i < b->n; i++) {
        if (!b->there[i] && k->missing++ == 0)
            k->first_missing = b->first + (int64_t)i;
    }
    merkle_root_of(b->leaf, b->n, root);
    if (rc == DK_OK &&
        memcmp(root, r->blocks + at * DK_HASH_LEN, DK_HASH_LEN) != 0 &&
        k->changed++ == 0)
        k->first_changed = b->first;
    k->seq = b->first + (int64_t)b->n;
    free(b);
    return rc;
}

static const char *missing_word(const struct walk *k, const struct row *r,
                                char *detail, size_t cap)
{
    if (k->changed == 0) {
        snprintf(detail, cap,
                 "event %" PRId64 " of the stream is not there, and was not "
                 "when checkpoint %" PRId64 " was made (%" PRId64 " in all)",
                 k->first_missing, r->number, k->missing);
        return "missing-event";
    }
    int64_t last = k->last < r->from ? r->from - 1 : k->last;
    if (k->first_missing > last && r->to - last == k->missing) {
        snprintf(detail, cap,
                 "the stream ends with event %" PRId64 "; checkpoint %" PRId64
                 " says that it had %" PRId64,
                 k->last, r->number, r->to);
        return "truncated-tail";
    }
    snprintf(detail, cap,
             "checkpoint %" PRId64 ": %" PRId64 " events of the stream are not "
             "there, the first is %" PRId64 "; of %" PRId64 " cases that "
             "began, %" PRId64 " are there",
             r->number, k->missing, k->first_missing, r->what.cases, k->cases);
    return k->cases < r->what.cases ? "missing-case" : "missing-event";
}

/* The walk has passed the last event of the checkpoint. */
static void close_row(struct slice *x, const struct row *r)
{
    struct walk *k = &x->walk;
    const char *what = NULL;
    char detail[240];

    if (k->missing > 0) {
        what = missing_word(k, r, detail, sizeof(detail));
    } else if (k->changed > 0) {
        bool same = k->sum == r->what.sum && k->cases == r->what.cases;
        what = same ? "reordered-stream" : "changed-history";
        snprintf(detail, sizeof(detail),
                 "checkpoint %" PRId64 " signed %s, first among the %d events "
                 "from %" PRId64 " on",
                 r->number,
                 same ? "these events in another order"
                      : "other events than are there",
                 MERKLE_BLOCK, k->first_changed);
    }
    if (what != NULL)
        verify_fault(x, 0, what, detail);
    k->open = false;
    x->checkpoints++;
}

/* ---- what no checkpoint covers ------------------------------------------- */

struct plain {
    struct slice *x;
    int64_t end;
};

static void tell_gap(struct slice *x, int64_t first, int64_t last)
{
    char detail[120];

    snprintf(detail, sizeof(detail),
             "events %" PRId64 " to %" PRId64 " of the stream are not there",
             first, last);
    verify_fault(x, 0, "missing-event", detail);
}

static int on_plain_event(void *arg, const struct dk_event *e)
{
    struct plain *p = arg;
    struct walk *k = &p->x->walk;

    if (e->seq > p->end)
        return 1;
    if (e->seq > k->seq)
        tell_gap(p->x, k->seq, e->seq - 1);
    k->last = e->seq;
    k->seq = e->seq + 1;
    return 0;
}

/* Up to MERKLE_BLOCK events. */
static int check_plain(struct slice *x, int64_t end)
{
    struct plain p = {x, end};
    struct walk *k = &x->walk;
    int64_t before = k->seq;
    int rc = store_events(x->d->st, k->seq, MERKLE_BLOCK, on_plain_event, &p);

    if (rc == DK_EJSON) {
        k->seq++; /* its case has told */
        return DK_OK;
    }
    if (rc == DK_OK && k->seq == before) { /* nothing more up to the end */
        if (k->seq <= end)
            tell_gap(x, k->seq, end);
        k->seq = end + 1;
    }
    return rc;
}

/* ---- the walk ------------------------------------------------------------ */

/* Look at the next checkpoint; without one, *end is the end of the stream. */
static int open_row(struct slice *x, struct row *r, int64_t *end)
{
    struct walk *k = &x->walk;
    struct row before = {.there = false};
    int rc = k->number > 0 ? read_row(x, k->number - 1, &before) : DK_OK;

    free(before.blocks);
    if (rc == DK_OK)
        rc = read_row(x, k->number, r);
    if (rc != DK_OK || !r->there) {
        *end = x->d->info.last_seq;
        return rc;
    }
    tell_row(x, r, &before);
    k->number = r->number;
    k->open = is_usable(x, r);
    k->cases = k->missing = k->first_missing = 0;
    k->changed = k->first_changed = 0;
    k->sum = 0;
    *end = k->open ? r->from - 1 : k->seq - 1;
    return DK_OK;
}

/* The next checkpoint if one is due, then a block, or what lies before it.
 * *done: the stream was walked.
 */
static int step(struct slice *x, struct row *r, int64_t *end, bool *done)
{
    struct walk *k = &x->walk;
    int rc = DK_OK;

    if (!k->open && k->seq > *end) {
        free(r->blocks);
        rc = open_row(x, r, end);
        *done = rc == DK_OK && !r->there && k->seq > *end;
        if (rc != DK_OK || *done)
            return rc;
    }
    if (k->seq <= *end) {
        rc = check_plain(x, *end);
    } else if (k->open) {
        rc = check_block(x, r);
        if (rc == DK_OK && k->seq > r->to)
            close_row(x, r);
    }
    return rc;
}

/* Where the slice before stopped. */
static int resume(struct slice *x, struct row *r, int64_t *end)
{
    struct walk *k = &x->walk;

    *end = k->seq - 1;
    if (!k->open)
        return DK_OK;
    int rc = read_row(x, k->number - 1, r);
    /* (Whoever made the cursor up is answered, not trusted.) */
    if (rc == DK_OK && r->good && r->rooted && r->number == k->number &&
        k->seq <= r->to)
        *end = k->seq < r->from ? r->from - 1 : *end;
    else
        k->open = false;
    return rc;
}

int verify_stream(struct slice *x)
{
    struct row r = {.there = false};
    int64_t end;
    bool done = false;
    int rc = resume(x, &r, &end);

    while (rc == DK_OK && !done) {
        x->more = x->left == 0 || verify_full(x);
        if (x->more)
            break;
        x->left -= x->left < BLOCK_COST ? x->left : BLOCK_COST;
        rc = step(x, &r, &end, &done);
    }
    free(r.blocks);
    x->n = 0; /* `left` was counted down here */
    return rc;
}
