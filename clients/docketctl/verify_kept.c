/* verify_kept.c - verify against what the store's own machine cannot change: a
 * checkpoint in a file that was kept elsewhere, a public key on paper.
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "cmd_verify.h"
#include "file.h"
#include "proto/checkpoint.h"

#define KEPT_MAX 16 /* files, and keys */

struct signed_text {
    char text[DK_CKPT_TEXT];
    size_t len;
    uint8_t sig[DK_CKPT_SIG];
    struct dk_ckpt what;
    bool readable, genuine;
    uint8_t hash[DK_HASH_LEN];
};

struct kept {
    struct verify *v;
    uint8_t key[KEPT_MAX][DK_CKPT_KEY];
    int n_key;
    struct signed_text file[KEPT_MAX];
    bool seen[KEPT_MAX], known[KEPT_MAX]; /* known: its stream is here */
    int n_file;
    /* of the list so far */
    struct signed_text last;
    int64_t last_number;
};

static void fault(const struct ctl *ctl, struct kept *k, const char *what,
                  const char *detail)
{
    cJSON *list = cJSON_CreateArray(), *f = cJSON_CreateObject();

    cJSON_AddItemToObject(f, "case_no", cJSON_CreateNull());
    cJSON_AddItemToObject(f, "what", cJSON_CreateString(what));
    cJSON_AddItemToObject(f, "detail", cJSON_CreateString(detail));
    cJSON_AddItemToArray(list, f);
    verify_put_faults(ctl, k->v, list);
    cJSON_Delete(list);
}

/* ---- reading ------------------------------------------------------------- */

static bool unhex(const char *s, uint8_t *out, size_t n)
{
    size_t got = 0;

    return strlen(s) == 2 * n &&
           sodium_hex2bin(out, n, s, 2 * n, NULL, &got, NULL) == 0 && got == n;
}

/* The members text and signature of a file or of an item.  `text` is null
 * where the broker itself could not read it.
 */
static bool read_signed(const cJSON *o, struct signed_text *out)
{
    const char *text = NULL, *sig = NULL;

    memset(out, 0, sizeof *out);
    if (dk_json_str(o, "text", DK_OPTIONAL, 1, DK_CKPT_TEXT - 1, &text, NULL,
                    NULL) != 0 ||
        dk_json_str(o, "signature", DK_REQUIRED, 2 * DK_CKPT_SIG,
                    2 * DK_CKPT_SIG, &sig, NULL, NULL) != 0 ||
        !unhex(sig, out->sig, sizeof out->sig))
        return false;
    if (text == NULL)
        return true;
    out->len = strlen(text);
    memcpy(out->text, text, out->len + 1);
    out->readable = dk_ckpt_read(text, out->len, &out->what) == 0;
    out->genuine =
        out->readable &&
        crypto_sign_verify_detached(out->sig, (const unsigned char *)out->text,
                                    out->len, out->what.key) == 0;
    (void)crypto_generichash(out->hash, sizeof out->hash,
                             (const unsigned char *)out->text, out->len, NULL,
                             0);
    return true;
}

static int read_file(const struct ctl *ctl, struct kept *k, const char *path)
{
    struct dk_problem p = {0};
    struct signed_text *t = &k->file[k->n_file];
    cJSON *o = NULL;
    char *text = NULL;
    size_t len = 0;
    int64_t version = 0;
    int rc = file_read(path, 65536, &text, &len, &p);

    if (rc == 0)
        rc = dk_json_parse_obj(text, len, 65536, &o, &p);
    if (rc == 0 && (dk_json_int(o, "docket_checkpoint", DK_REQUIRED, 1, 1,
                                &version, NULL, NULL) != 0 ||
                    !read_signed(o, t) || !t->readable))
        rc = dk_failf(&p, DK_EJSON, NULL,
                      "%.200s is not a checkpoint as docketctl checkpoint "
                      "--out writes it",
                      "%.200s 不是 docketctl checkpoint --out 生成的检查点文件",
                      path);
    cJSON_Delete(o);
    free(text);
    if (rc != 0)
        return say_problem(ctl, &p);
    k->n_file++;
    return 0;
}

static int read_options(const struct ctl *ctl, const struct args *a,
                        struct kept *k)
{
    struct dk_problem p = {0};

    for (int i = 0; i < a->n_set; i++) {
        const char *name = a->set[i].opt->name, *value = a->set[i].value;
        bool file = strcmp(name, "checkpoint") == 0;
        if (!file && strcmp(name, "public-key") != 0)
            continue;
        if ((file ? k->n_file : k->n_key) == KEPT_MAX) {
            (void)dk_fail(&p, DK_EFIELD, NULL,
                          "at most 16 checkpoints and 16 keys at once",
                          "一次最多给出 16 个检查点和 16 个公钥");
            return say_usage(ctl, &p);
        }
        if (file) {
            int rc = read_file(ctl, k, value);
            if (rc != 0)
                return rc;
        } else if (!unhex(value, k->key[k->n_key++], DK_CKPT_KEY)) {
            (void)dk_fail(
                &p, DK_EFIELD, NULL,
                "a public key has 64 hex digits, as docketctl "
                "checkpoint key prints it",
                "公钥为 64 位十六进制数，见 docketctl checkpoint key");
            return say_usage(ctl, &p);
        }
    }
    return 0;
}

/* ---- judging ------------------------------------------------------------- */

/* With keys given, only those; else those that signed the files. */
static bool is_trusted(const struct kept *k, const uint8_t key[DK_CKPT_KEY])
{
    for (int i = 0; i < k->n_key; i++) {
        if (memcmp(key, k->key[i], DK_CKPT_KEY) == 0)
            return true;
    }
    for (int i = 0; k->n_key == 0 && i < k->n_file; i++) {
        if (memcmp(key, k->file[i].what.key, DK_CKPT_KEY) == 0)
            return true;
    }
    return false;
}

static bool judge(const struct ctl *ctl, struct kept *k, const char *whose,
                  int64_t number, const struct signed_text *t)
{
    const char *what = NULL, *why = "";
    char detail[200];

    if (!t->readable) {
        what = "changed-checkpoint";
        why = "its text was changed";
    } else if (!t->genuine) {
        what = "forged-signature";
        why = "it is not signed by the key that it names";
    } else if (!is_trusted(k, t->what.key)) {
        what = "wrong-key";
        why = "it is signed with another key than the one that was given";
    }
    if (what == NULL)
        return true;
    (void)snprintf(detail, sizeof detail, "%s checkpoint %" PRId64 ": %s",
                   whose, number, why);
    fault(ctl, k, what, detail);
    return false;
}

static void follow(const struct ctl *ctl, struct kept *k,
                   const struct signed_text *t)
{
    const struct signed_text *before = &k->last;
    char detail[200];

    if (k->last_number == 0 || !before->readable || !t->readable ||
        t->what.number != k->last_number + 1)
        return; /* a hole has been told */
    if (memcmp(t->what.previous, before->hash, DK_HASH_LEN) == 0 &&
        t->what.from == before->what.to + 1)
        return;
    (void)snprintf(detail, sizeof detail,
                   "the store's checkpoint %" PRId64
                   " does not follow the one before it",
                   t->what.number);
    fault(ctl, k, "changed-checkpoint", detail);
}

static int take_item(struct ctl *ctl, struct kept *k, const cJSON *item)
{
    struct signed_text t;
    char detail[200], buf[32];
    const char *text = member_text(item, "number", buf);
    int64_t number = text == NULL ? 0 : strtoll(text, NULL, 10);

    if (number <= k->last_number || !read_signed(item, &t))
        return say_odd_reply(ctl, "items");
    if (number != k->last_number + 1) {
        (void)snprintf(detail, sizeof detail,
                       "the store has no checkpoint %" PRId64,
                       k->last_number + 1);
        fault(ctl, k, "missing-checkpoint", detail);
    }
    (void)judge(ctl, k, "the store's", number, &t);
    follow(ctl, k, &t);
    for (int i = 0; i < k->n_file; i++) {
        const struct signed_text *f = &k->file[i];
        if (t.readable &&
            memcmp(t.what.broker, f->what.broker, sizeof f->what.broker) == 0)
            k->known[i] = true;
        if (f->what.number != number)
            continue;
        k->seen[i] = true;
        if (f->len == t.len && memcmp(f->text, t.text, t.len) == 0)
            continue;
        (void)snprintf(detail, sizeof detail,
                       "the store has another checkpoint %" PRId64
                       " than the one that was kept: its past was rewritten",
                       number);
        fault(ctl, k, "changed-checkpoint", detail);
    }
    k->last = t;
    k->last_number = number;
    return 0;
}

static int take_list(struct ctl *ctl, struct kept *k)
{
    bool more = true;

    while (more) {
        struct dk_jw w = {0};
        struct dk_reply r;
        char after[24];
        const cJSON *item;
        (void)snprintf(after, sizeof after, "%" PRId64, k->last_number);
        dk_jw_obj(&w, NULL);
        dk_jw_str(&w, "after", after);
        dk_jw_int(&w, "limit", 100);
        dk_jw_end_obj(&w);
        int rc = ctl_ask(ctl, "checkpoint.list", &w, &r);
        if (rc != 0)
            return rc;
        more = cJSON_IsString(cJSON_GetObjectItemCaseSensitive(r.json, "next"));
        cJSON_ArrayForEach (item,
                            cJSON_GetObjectItemCaseSensitive(r.json, "items")) {
            rc = rc == 0 ? take_item(ctl, k, item) : rc;
        }
        dk_reply_free(&r);
        if (rc != 0)
            return rc;
    }
    return 0;
}

/* What was kept and is not in the store.  (A restored store goes on under
 * another name, but still has the checkpoints of the old one.)
 */
static void missing(const struct ctl *ctl, struct kept *k)
{
    char detail[240];

    for (int i = 0; i < k->n_file; i++) {
        const struct dk_ckpt *f = &k->file[i].what;
        if (!k->known[i]) {
            (void)snprintf(detail, sizeof detail,
                           "checkpoint %" PRId64 " that was kept is of another "
                           "store: this one was put in its place",
                           f->number);
            fault(ctl, k, "other-store", detail);
        } else if (!k->seen[i]) {
            (void)snprintf(detail, sizeof detail,
                           "the store's last checkpoint is %" PRId64
                           "; checkpoint %" PRId64
                           " that was kept says that there were events up to "
                           "%" PRId64,
                           k->last_number, f->number, f->to);
            fault(ctl, k,
                  f->number > k->last_number ? "truncated-tail"
                                             : "missing-checkpoint",
                  detail);
        }
    }
}

int verify_kept(struct ctl *ctl, const struct args *a, struct verify *v)
{
    if (!args_has(a, "checkpoint") && !args_has(a, "public-key"))
        return 0;
    struct kept *k = calloc(1, sizeof *k);
    if (k == NULL || sodium_init() < 0) {
        free(k);
        return say_oom(ctl);
    }
    k->v = v;
    int rc = read_options(ctl, a, k);
    for (int i = 0; rc == 0 && i < k->n_file; i++)
        (void)judge(ctl, k, "the kept", k->file[i].what.number, &k->file[i]);
    if (rc == 0)
        rc = take_list(ctl, k);
    if (rc == 0)
        missing(ctl, k);
    free(k);
    return rc;
}
