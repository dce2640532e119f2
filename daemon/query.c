/* query.c - what a petitioner sees with the number and the code on the receipt.
 *
 * The code is not stored: it is a keyed hash of the submission's id, made anew
 * to compare.  Eight digits are few, so wrong ones are counted, for whoever
 * asks about one case, for that case whoever asks, and for whoever asks
 * whatever about.
 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "daemon/daemon.h"

/* ---- the code ------------------------------------------------------------ */

void query_code(const struct daemon *d, const struct dk_uuid *submission,
                char out[9])
{
    uint8_t h[16];
    uint64_t v;

    crypto_generichash(h, sizeof(h), submission->b, sizeof(submission->b),
                       persons_secret(d), 32);
    memcpy(&v, h, sizeof(v));
    snprintf(out, 9, "%08u", (unsigned)(v % 100000000));
}

/* ---- how often ----------------------------------------------------------- */

enum level {
    OF_BOTH, /* this peer about this case */
    OF_CASE, /* whoever about this case */
    OF_PEER, /* this peer about whatever case */
    LEVELS
};

/* One peer alone never uses up what is everybody's of a case: it gets one in
 * `pause`, all together five.
 */
static struct dk_guess_limit limit_of(const struct daemon *d, enum level l)
{
    int64_t tries = d->cfg->query_tries;
    dk_ms pause = d->cfg->query_pause_s * DK_SECOND;

    switch (l) {
    case OF_CASE:
        return (struct dk_guess_limit){10 * tries, (pause + 4) / 5};
    case OF_PEER:
        return (struct dk_guess_limit){20 * tries, (pause + 299) / 300};
    case OF_BOTH:
    case LEVELS:
        break;
    }
    return (struct dk_guess_limit){tries, pause};
}

static uint64_t id_of(const struct daemon *d, const struct item *it,
                      int64_t key, enum level l)
{
    unsigned char text[sizeof(it->user) + sizeof(key) + 1] = {0};
    uint64_t id = 0;

    text[0] = (unsigned char)l;
    if (l != OF_PEER)
        memcpy(text + 1, &key, sizeof(key));
    if (l != OF_CASE)
        memcpy(text + 1 + sizeof(key), it->user, strlen(it->user));
    crypto_shorthash((unsigned char *)&id, text, sizeof(text), d->query.key);
    return id != 0 ? id : 1;
}

static int check_tries(const struct daemon *d, const struct item *it,
                       int64_t key, dk_ms now, struct dk_problem *p)
{
    dk_ms wait = 0;

    for (int l = 0; l < LEVELS; l++) {
        dk_ms w =
            dk_guess_wait(&d->query.guesses, id_of(d, it, key, (enum level)l),
                          limit_of(d, (enum level)l), now);
        wait = w > wait ? w : wait;
    }
    if (wait == 0)
        return DK_OK;
    long long s = (long long)((wait + DK_SECOND - 1) / DK_SECOND);
    int rc = dk_failf(p, DK_ERATE, "/query_code",
                      "too many wrong query codes; try again in %lld seconds, "
                      "or ask at another kiosk or the counter",
                      "查询码错误次数过多；请 %lld 秒后重试，或到其他终端、窗口"
                      "查询",
                      s);
    if (p != NULL)
        p->retry_after_ms = wait;
    return rc;
}

static void count_wrong(struct daemon *d, const struct item *it, int64_t key,
                        dk_ms now)
{
    d->stats.query_codes_wrong++;
    for (int l = 0; l < LEVELS; l++)
        dk_guess_wrong(&d->query.guesses, id_of(d, it, key, (enum level)l),
                       limit_of(d, (enum level)l), now);
}

/* ---- the answer ---------------------------------------------------------- */

static int on_first(void *arg, const struct dk_event *e)
{
    struct dk_uuid *out = arg;
    cJSON *o = NULL;
    int rc = dk_json_parse_fixed(e->body, e->body_len, e->body_len, &o, NULL);

    if (rc == DK_OK)
        rc = dk_json_uuid(o, "submission_id", DK_REQUIRED, false, out, NULL,
                          NULL);
    cJSON_Delete(o);
    return rc == DK_OK ? 1 : rc;
}

int query_submission(struct daemon *d, int64_t key, struct dk_uuid *out)
{
    return store_case_events(d->st, key, 1, 1, on_first, out);
}

/* Is it the code of this case?  DK_ENOTFOUND: no, or there is no such case,
 * which look the same from outside.
 */
static int check_code(struct daemon *d, int64_t key, const char *code,
                      struct dk_case **out)
{
    struct dk_uuid submission;
    char mine[9];
    int rc = store_load_cases(d->st, &key, 1, out);

    if (rc == DK_OK && *out == NULL)
        rc = DK_ENOTFOUND;
    if (rc == DK_OK)
        rc = query_submission(d, key, &submission);
    if (rc != DK_OK)
        return rc;
    query_code(d, &submission, mine);
    return sodium_memcmp(mine, code, 8) == 0 ? DK_OK : DK_ENOTFOUND;
}

int read_query(struct daemon *d, const struct item *it, struct dk_jw *w,
               struct dk_problem *p)
{
    int64_t key;
    const char *code;
    struct dk_case *c = NULL;
    dk_ms now = mono_now();
    int rc = door_case_no(d, it->body, "case_no", &key, p);

    if (rc == DK_OK)
        rc = dk_json_str(it->body, "query_code", DK_REQUIRED, 8, 8, &code, NULL,
                         p);
    if (rc == DK_OK)
        rc = check_tries(d, it, key, now, p);
    if (rc != DK_OK)
        return rc;
    rc = check_code(d, key, code, &c);
    if (rc == DK_ENOTFOUND) {
        count_wrong(d, it, key, now);
        rc = dk_fail(p, DK_ENOTFOUND, "/query_code",
                     "number and query code do not belong together; both are "
                     "on the receipt",
                     "编号与查询码不符；二者均印在回执上");
    }
    if (rc == DK_OK)
        rc = query_view(d, w, c);
    dk_case_free(c);
    return rc;
}

void query_init(struct daemon *d)
{
    memset(&d->query, 0, sizeof(d->query));
    randombytes_buf(d->query.key, sizeof(d->query.key));
}
