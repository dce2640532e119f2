#include "daemon/page.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon.h"

/* ---- who sees what ------------------------------------------------------- */

bool page_narrow(const struct dk_who *who, const char **unit)
{
    if (!dk_sees_unit(who))
        return true;
    if (who->unit[0] == '\0' ||
        (*unit != NULL && **unit != '\0' && strcmp(*unit, who->unit) != 0))
        return false;
    *unit = who->unit;
    return true;
}

/* ---- cursors that tell nothing ------------------------------------------- */

#define SEAL_MARK  '~'
#define SEAL_BYTES (crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES)
#define BASE64     sodium_base64_VARIANT_URLSAFE_NO_PADDING

static void seal_key(struct daemon *d, uint8_t key[crypto_secretbox_KEYBYTES])
{
    static const char what[] = "docket: where a page ended";

    crypto_generichash(key, crypto_secretbox_KEYBYTES, (const uint8_t *)what,
                       sizeof(what), persons_secret(d), 32);
}

static void seal_cursor(struct daemon *d, const char *plain,
                        char out[PAGE_SEALED])
{
    uint8_t key[crypto_secretbox_KEYBYTES], box[SEAL_BYTES + PAGE_CURSOR];
    size_t n = strlen(plain);

    _Static_assert(sodium_base64_ENCODED_LEN(sizeof(box), BASE64) + 1 <=
                       PAGE_SEALED,
                   "a sealed cursor fits");
    seal_key(d, key);
    randombytes_buf(box, crypto_secretbox_NONCEBYTES);
    crypto_secretbox_easy(box + crypto_secretbox_NONCEBYTES,
                          (const uint8_t *)plain, n, box, key);
    sodium_memzero(key, sizeof(key));
    out[0] = SEAL_MARK;
    sodium_bin2base64(out + 1, PAGE_SEALED - 1, box, SEAL_BYTES + n, BASE64);
}

/* False: it is none of ours. */
static bool open_cursor(struct daemon *d, const char *text,
                        char out[PAGE_CURSOR])
{
    uint8_t key[crypto_secretbox_KEYBYTES], box[SEAL_BYTES + PAGE_CURSOR];
    const char *end;
    size_t n;

    if (sodium_base642bin(box, sizeof(box) - 1, text + 1, strlen(text + 1),
                          NULL, &n, &end, BASE64) != 0 ||
        *end != '\0' || n < SEAL_BYTES)
        return false;
    seal_key(d, key);
    bool ok = crypto_secretbox_open_easy(
                  (uint8_t *)out, box + crypto_secretbox_NONCEBYTES,
                  n - crypto_secretbox_NONCEBYTES, box, key) == 0;
    sodium_memzero(key, sizeof(key));
    out[ok ? n - SEAL_BYTES : 0] = '\0';
    return ok;
}

/* ---- pages --------------------------------------------------------------- */

int page_read(const cJSON *o, const char **after, int64_t *limit,
              struct dk_problem *p)
{
    int rc;

    *after = NULL;
    *limit = 50;
    rc = dk_json_str(o, "after", DK_OPTIONAL, 1, PAGE_SEALED - 1, after, NULL,
                     p);
    if (rc == DK_OK)
        rc = dk_json_int(o, "limit", DK_OPTIONAL, 1, PAGE_LIMIT_MAX, limit,
                         NULL, p);
    return rc;
}

/* A page is full by its rows, or by its bytes: no row has more than half of
 * DK_REPLY_MAX.
 */
bool page_over(struct page *x)
{
    x->row_at = x->w->len;
    if (x->left-- > 0 && x->w->len - x->start < DK_REPLY_MAX / 2)
        return false;
    x->more = true;
    return true;
}

void page_row(struct page *x, int64_t key)
{
    if (x->row == NULL)
        return;
    struct page_row *r = &x->row[x->n_row++];
    r->key = key;
    r->at = x->row_at;
    if (r->at < x->w->len && x->w->buf[r->at] == ',')
        r->at++;
    r->len = x->w->len - r->at;
    memcpy(r->next, x->next, sizeof(r->next));
}

int page_nothing(struct page *x, const void *f, int64_t limit)
{
    (void)x;
    (void)f;
    (void)limit;
    return DK_OK;
}

int page_passed(struct page *x)
{
    x->more = x->early = true;
    return 1;
}

/* Is this case seen, and if not as it stands, how?  `other` is the caller's. */
static int sift_case(struct page *to, int64_t key, struct dk_case **other)
{
    struct dk_case *c = NULL;
    int seen = store_load_cases(to->d->st, &key, 1, &c), cut = 0;

    if (seen == DK_OK)
        seen = c != NULL ? sight_of(to->d, to->who, c) : 0;
    if (seen == 1)
        cut = sight_repeat(to->d, to->who, c);
    if (cut == 1) {
        *other = c;
        return 1;
    }
    dk_case_free(c);
    return cut < 0 ? cut : seen;
}

/* Move the rows that may be seen from `from` to the page `to`; 1: it is full.
 */
static int sift(struct page *to, const struct page *from)
{
    struct dk_case *other = NULL;
    int seen = 0;

    for (size_t i = 0; i < from->n_row; i++) {
        const struct page_row *r = &from->row[i];
        if (to->cases) {
            seen = sift_case(to, r->key, &other);
        } else if (i == 0 || r->key != from->row[i - 1].key) {
            seen = sight_key(to->d, to->who, r->key);
        }
        if (seen < 0)
            return seen;
        if (seen == 0)
            continue;
        if (page_over(to)) {
            dk_case_free(other);
            return 1;
        }
        if (other != NULL)
            dk_case_write(to->w, NULL, other, (int32_t)to->d->cfg->county,
                          to->d->cfg->offset_min);
        else
            dk_jw_raw(to->w, NULL, from->w->buf + r->at, r->len);
        dk_case_free(other);
        other = NULL;
        memcpy(to->next, r->next, sizeof(to->next));
    }
    return 0;
}

/* Portions of rows into a room of their own, until the page is full, there are
 * no more, or enough were looked at: a reader from whom nearly all is hidden
 * must not hold up everybody else.
 */
static int write_sifted(struct page *x, const struct page_list *l,
                        int64_t limit)
{
    struct dk_jw room = {0};
    struct page y = {.d = x->d, .who = x->who, .w = &room};
    size_t looked = 0;
    int rc = DK_OK;
    bool more = true;

    y.row = calloc((size_t)limit + 1, sizeof(*y.row));
    if (y.row == NULL)
        return DK_ENOMEM;
    while (rc == DK_OK && more && looked < PAGE_LOOK_MAX) {
        dk_jw_reset(&room);
        dk_jw_arr(&room, NULL);
        y.n_row = 0;
        y.left = limit + 1;
        y.start = room.len;
        y.more = y.early = false;
        rc = l->fetch(&y, l->f, limit + 1);
        if (rc == DK_OK && room.oom)
            rc = DK_ENOMEM;
        if (rc == DK_OK)
            rc = sift(x, &y);
        more = y.more || y.n_row > (size_t)limit;
        looked += y.early ? PAGE_LOOK_MAX : y.n_row;
        if (rc == DK_OK && more && !y.early)
            rc = l->seek(&y, l->f, y.row[y.n_row - 1].next);
    }
    if (rc == DK_OK && more) {
        x->more = x->early = true;
        memcpy(x->next, y.early ? y.next : y.row[y.n_row - 1].next,
               sizeof(x->next));
    }
    free(y.row);
    dk_jw_fini(&room);
    return rc == 1 ? DK_OK : rc;
}

int page_write(struct daemon *d, const struct item *it, struct dk_jw *w,
               const struct page_list *list, struct dk_problem *p)
{
    struct page x = {.d = d, .who = &it->who, .w = w, .cases = list->cases};
    const char *after;
    char plain[PAGE_CURSOR], sealed[PAGE_SEALED];
    int64_t limit;
    int rc = page_read(it->body, &after, &limit, p);

    if (rc != DK_OK)
        return rc;
    if (after != NULL && after[0] == SEAL_MARK)
        after = open_cursor(d, after, plain) ? plain : "";
    if (after != NULL && list->seek(&x, list->f, after) != DK_OK)
        return dk_fail(p, DK_EFIELD, "/after",
                       "this is not a 'next' of a page of this list; leave it "
                       "out to start from the beginning",
                       "不是本列表返回的 next 值；从头开始请省略 after");
    x.left = limit;
    dk_jw_obj(w, NULL);
    dk_jw_arr(w, "items");
    x.start = w->len;
    rc = dk_sees_all(&it->who) ? list->fetch(&x, list->f, limit + 1)
                               : write_sifted(&x, list, limit);
    dk_jw_end_arr(w);
    if (x.early)
        seal_cursor(d, x.next, sealed);
    dk_jw_str(w, "next", x.early ? sealed : x.more ? x.next : NULL);
    dk_jw_end_obj(w);
    return rc == DK_OK ? rc : dk_fail(p, rc, NULL, NULL, NULL);
}
