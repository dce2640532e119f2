/* history_proof.c - case.export: a case's events as they were hashed, and the
 * way of each up to a signed root.
 *
 * Bounded: a page is a few events, and each reads one block of the stream.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/chain.h"
#include "daemon/daemon.h"

#define PAGE_MAX 50

struct kept { /* an event of the page */
    int64_t seq;
    uint32_t n;
    uint8_t hash[DK_HASH_LEN];
    char *text; /* owned: what its hash covers beside the hash before */
    size_t len;
};

struct page {
    struct kept v[PAGE_MAX];
    size_t n, most, bytes;
    bool more;
};

static int on_event(void *arg, const struct dk_event *e)
{
    struct page *x = arg;
    char head[CHAIN_HEAD];

    /* Quotes in it come out escaped, so a text may double. */
    if (x->n == x->most ||
        (x->n > 0 && x->bytes + 2 * e->body_len > DK_REPLY_MAX / 2)) {
        x->more = true;
        return 1;
    }
    struct kept *k = &x->v[x->n];
    size_t len = chain_head(e, head);
    *k = (struct kept){
        .seq = e->seq, .n = e->n, .len = len + e->body_len, .text = NULL};
    memcpy(k->hash, e->hash, sizeof(k->hash));
    k->text = malloc(k->len + 1);
    if (k->text == NULL)
        return DK_ENOMEM;
    memcpy(k->text, head, len);
    memcpy(k->text + len, e->body, e->body_len);
    x->n++;
    x->bytes += 2 * k->len + 2000;
    return 0;
}

/* ---- proofs -------------------------------------------------------------- */

/* The checkpoint and the block looked at last: the next event of the case is
 * often in the same.
 */
struct proof {
    struct store *st;
    int64_t number, from, to; /* of the checkpoint; number 0: none */
    uint8_t *blocks;          /* owned */
    size_t n_block;
    size_t at; /* which block is in `leaf`; SIZE_MAX: none */
    size_t n_leaf;
    uint8_t leaf[MERKLE_BLOCK * DK_HASH_LEN];
};

static int on_ckpt(void *arg, const struct store_ckpt *c)
{
    struct proof *x = arg;
    size_t len = c->n_block * DK_HASH_LEN;

    free(x->blocks);
    x->blocks = malloc(len + 1);
    if (x->blocks == NULL)
        return DK_ENOMEM;
    if (len > 0)
        memcpy(x->blocks, c->blocks, len);
    x->n_block = c->n_block;
    x->number = c->number;
    x->from = c->from;
    x->to = c->to;
    x->at = SIZE_MAX;
    return 0;
}

static int on_leaf(void *arg, const struct dk_event *e)
{
    struct proof *x = arg;
    int64_t first = x->from + (int64_t)x->at * MERKLE_BLOCK;

    if (e->seq < first || e->seq >= first + (int64_t)x->n_leaf)
        return 1;
    merkle_leaf(e->seq, e->hash, x->leaf + (e->seq - first) * DK_HASH_LEN);
    return 0;
}

static int read_block(struct proof *x, size_t at)
{
    static const uint8_t nothing[DK_HASH_LEN];
    int64_t first = x->from + (int64_t)at * MERKLE_BLOCK;
    int64_t rest = x->to - first + 1;

    x->at = at;
    x->n_leaf = rest < MERKLE_BLOCK ? (size_t)rest : MERKLE_BLOCK;
    for (size_t i = 0; i < x->n_leaf; i++)
        merkle_leaf(first + (int64_t)i, nothing, x->leaf + i * DK_HASH_LEN);
    return store_events(x->st, first, (int64_t)x->n_leaf, on_leaf, x);
}

/* *out is empty when no checkpoint covers the event (x->number is 0 then). */
static int prove(struct proof *x, int64_t seq, struct merkle_path *out)
{
    int rc = DK_OK;

    out->n = 0;
    if (x->number == 0 || seq < x->from || seq > x->to) {
        x->number = 0;
        rc = store_ckpt_covering(x->st, seq, on_ckpt, x);
    }
    if (rc != DK_OK || x->number == 0)
        return rc;
    size_t i = (size_t)(seq - x->from);
    if (seq < x->from || i / MERKLE_BLOCK >= x->n_block) {
        x->number = 0; /* the row is damaged: nothing can be shown by it */
        return DK_OK;
    }
    if (x->at != i / MERKLE_BLOCK)
        rc = read_block(x, i / MERKLE_BLOCK);
    size_t len = x->n_block * DK_HASH_LEN;
    uint8_t leaf[sizeof(x->leaf)], *blocks = malloc(len);
    if (rc != DK_OK || blocks == NULL) {
        free(blocks);
        return rc != DK_OK ? rc : DK_ENOMEM;
    }
    memcpy(leaf, x->leaf, sizeof(leaf));
    memcpy(blocks, x->blocks, len);
    merkle_path_of(leaf, x->n_leaf, i % MERKLE_BLOCK, out);
    merkle_path_of(blocks, x->n_block, i / MERKLE_BLOCK, out);
    free(blocks);
    return DK_OK;
}

static void write_path(struct dk_jw *w, const struct merkle_path *path)
{
    char step[2 + 2 * DK_HASH_LEN + 1];

    dk_jw_arr(w, "path");
    for (int i = 0; i < path->n; i++) {
        step[0] = path->step[i].left ? 'L' : 'R';
        step[1] = ':';
        sodium_bin2hex(step + 2, sizeof(step) - 2, path->step[i].hash,
                       DK_HASH_LEN);
        dk_jw_str(w, NULL, step);
    }
    dk_jw_end_arr(w);
}

static int write_item(struct dk_jw *w, const struct kept *k, struct proof *x)
{
    struct merkle_path path;
    int rc = prove(x, k->seq, &path);

    if (rc != DK_OK)
        return rc;
    dk_jw_obj(w, NULL);
    dk_jw_int(w, "n", k->n);
    wire_id(w, "seq", k->seq);
    dk_jw_strn(w, "text", k->text, k->len);
    dk_jw_hex(w, "hash", k->hash, sizeof(k->hash));
    if (x->number != 0)
        wire_id(w, "checkpoint", x->number);
    else
        dk_jw_null(w, "checkpoint");
    write_path(w, &path);
    dk_jw_end_obj(w);
    return DK_OK;
}

/* ---- the message --------------------------------------------------------- */

static int write_page(struct daemon *d, struct dk_jw *w,
                      const struct page *page)
{
    struct proof *x = calloc(1, sizeof(*x));
    int rc = x == NULL ? DK_ENOMEM : DK_OK;

    dk_jw_obj(w, NULL);
    dk_jw_hex(w, "public_key", d->history.key, sizeof(d->history.key));
    dk_jw_arr(w, "items");
    if (x != NULL) {
        x->st = d->st;
        x->at = SIZE_MAX;
    }
    for (size_t i = 0; rc == DK_OK && i < page->n; i++)
        rc = write_item(w, &page->v[i], x);
    dk_jw_end_arr(w);
    if (page->more)
        wire_id(w, "next", (int64_t)page->v[page->n - 1].n + 1);
    else
        dk_jw_null(w, "next");
    dk_jw_end_obj(w);
    if (x != NULL)
        free(x->blocks);
    free(x);
    return rc;
}

int read_export(struct daemon *d, const struct item *it, struct dk_jw *w,
                struct dk_problem *p)
{
    int64_t key = 0, from = 1, limit = PAGE_MAX;
    struct page *page = NULL;
    int rc = door_case_no(d, it->body, "case_no", &key, p);

    if (rc == DK_OK)
        rc = dk_json_int(it->body, "from_n", DK_OPTIONAL, 1, UINT32_MAX, &from,
                         NULL, p);
    if (rc == DK_OK)
        rc = dk_json_int(it->body, "limit", DK_OPTIONAL, 1, 500, &limit, NULL,
                         p);
    if (rc != DK_OK)
        return rc;
    rc = sight_key(d, &it->who, key);
    if (rc < 0)
        return dk_fail(p, rc, NULL, NULL, NULL);
    if (rc == 0)
        return sight_case(d, it, NULL, p);
    page = calloc(1, sizeof(*page));
    if (page == NULL)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    if (limit > PAGE_MAX)
        limit = PAGE_MAX;
    page->most = (size_t)limit;
    rc = store_case_events(d->st, key, (uint32_t)from, limit + 1, on_event,
                           page);
    if (rc == DK_OK && page->n == 0 && from == 1)
        rc = dk_fail(p, DK_ENOTFOUND, "/case_no",
                     "there is no case under this number; check it",
                     "没有该编号的案件，请核对编号");
    if (rc == DK_OK)
        rc = write_page(d, w, page);
    for (size_t i = 0; i < page->n; i++)
        free(page->v[i].text);
    free(page);
    if (rc != DK_OK && p->code == DK_OK)
        dk_fail(p, rc, NULL, NULL, NULL);
    return rc;
}
