/* history_talk.c - what is said of checkpoints. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon.h"

void wire_ckpt(const struct daemon *d, struct dk_jw *w, const char *key,
               const struct store_ckpt *c)
{
    struct dk_ckpt what;
    uint8_t hash[DK_HASH_LEN];
    bool good = dk_ckpt_read(c->text, c->text_len, &what) == DK_OK;

    history_text_hash(c->text, c->text_len, hash);
    dk_jw_obj(w, key);
    wire_id(w, "number", c->number);
    wire_id(w, "from", c->from);
    wire_id(w, "to", c->to);
    if (good)
        dk_jw_int(w, "cases", what.cases);
    else
        dk_jw_null(w, "cases");
    dk_jw_time(w, "at", good ? what.at : DK_NEVER, d->cfg->offset_min);
    dk_jw_hex(w, "hash", hash, sizeof(hash));
    if (good)
        dk_jw_strn(w, "text", c->text, c->text_len);
    else
        dk_jw_null(w, "text");
    dk_jw_hex(w, "signature", c->sig, sizeof(c->sig));
    dk_jw_end_obj(w);
}

/* ---- checkpoint.make ----------------------------------------------------- */

struct answer {
    struct daemon *d;
    struct dk_jw *w;
    bool there;
};

static int on_ckpt(void *arg, const struct store_ckpt *c)
{
    struct answer *x = arg;

    wire_ckpt(x->d, x->w, "checkpoint", c);
    x->there = true;
    return 0;
}

int history_reply(struct daemon *d, struct item *it, bool made,
                  struct dk_problem *p)
{
    struct answer x = {.d = d, .w = batch_reply(&d->batch, it)};
    int rc = DK_OK;

    dk_jw_obj(x.w, NULL);
    dk_jw_bool(x.w, "made", made);
    dk_jw_hex(x.w, "public_key", d->history.key, sizeof(d->history.key));
    if (made)
        on_ckpt(&x, &d->history.row);
    else
        rc = store_ckpt_newest(d->st, on_ckpt, &x);
    dk_jw_end_obj(x.w);
    if (rc != DK_OK)
        return dk_fail(p, rc, NULL, NULL, NULL);
    if (!x.there)
        return dk_fail(p, DK_ENOTFOUND, NULL,
                       "nothing has happened here yet that could be signed",
                       "尚无可签名的事件");
    batch_reply_end(&d->batch, it, "ok");
    return DK_OK;
}

/* ---- checkpoint.list ----------------------------------------------------- */

struct page {
    struct daemon *d;
    struct dk_jw *w;
    size_t start;
    int64_t left, last;
    bool more;
};

static int on_item(void *arg, const struct store_ckpt *c)
{
    struct page *x = arg;

    if (x->left-- == 0 || x->w->len - x->start > DK_REPLY_MAX / 2) {
        x->more = true;
        return 1;
    }
    wire_ckpt(x->d, x->w, NULL, c);
    x->last = c->number;
    return 0;
}

int read_ckpts(struct daemon *d, const struct item *it, struct dk_jw *w,
               struct dk_problem *p)
{
    const char *after = "0";
    int64_t limit = 50;
    int rc =
        dk_json_str(it->body, "after", DK_OPTIONAL, 1, 18, &after, NULL, p);

    if (rc == DK_OK)
        rc = dk_json_int(it->body, "limit", DK_OPTIONAL, 1, 500, &limit, NULL,
                         p);
    if (rc == DK_OK && strspn(after, "0123456789") != strlen(after))
        rc = dk_fail(p, DK_EFIELD, "/after",
                     "give the number of a checkpoint, or 'next' of the page "
                     "before",
                     "请给出检查点编号，或上一页返回的 next");
    if (rc != DK_OK)
        return rc;
    struct page x = {.d = d, .w = w, .start = w->len, .left = limit};
    dk_jw_obj(w, NULL);
    dk_jw_hex(w, "public_key", d->history.key, sizeof(d->history.key));
    dk_jw_arr(w, "items");
    store_check(d->st, true); /* a damaged one is for verify to tell */
    rc = store_list_ckpt(d->st, strtoll(after, NULL, 10), limit + 1, on_item,
                         &x);
    store_check(d->st, false);
    dk_jw_end_arr(w);
    if (x.more)
        wire_id(w, "next", x.last);
    else
        dk_jw_null(w, "next");
    dk_jw_end_obj(w);
    return rc == DK_OK ? rc : dk_fail(p, rc, NULL, NULL, NULL);
}
