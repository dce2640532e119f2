/* keys_use.c - the keys at work: who connects, who sends, and what ends when
 * somebody loses a role.
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/daemon.h"
#include "daemon/keys_int.h"

#define STRANGER_RATE 20 /* answers a second to keys that are not known */
#define TOLD_MS       1000
#define CREDENTIAL    "docket.curve"

/* ---- the broker's own key ------------------------------------------------ */

static size_t make_secret(void *arg, uint8_t *to, size_t cap)
{
    char secret[DK_KEY_TEXT];
    size_t n = DK_KEY_TEXT - 1;

    (void)arg;
    if (cap < n || !zap_new_secret(secret))
        return 0;
    memcpy(to, secret, n);
    sodium_memzero(secret, sizeof(secret));
    return n;
}

int keys_server(struct keyring *k, const struct config *cfg,
                struct dk_problem *p)
{
    char file[SECRET_PATH_MAX];

    snprintf(file, sizeof(file), "%s", cfg->curve_secret);
    if (file[0] == '\0')
        snprintf(file, sizeof(file), "%s/curve.secret", cfg->data);
    struct secret_place at = {CREDENTIAL, file, 64};
    int rc = secret_obtain(&at, make_secret, NULL, &k->secret, &k->made, p);
    if (rc != DK_OK)
        return rc;
    char *text = (char *)k->secret.v;
    text[strcspn(text, "\r\n \t")] = '\0';
    if (!dk_z85_key(text) || !zap_public_key(text, k->server_key)) {
        k->server_key[0] = '\0';
        return dk_failf(p, DK_EFIELD, NULL,
                        "%.200s does not hold a CURVE secret key (forty "
                        "characters); move it away, and docketd makes one",
                        "%.200s 中没有 CURVE 私钥（40 个字符）；请移走该文件，"
                        "docketd 将重新生成",
                        k->secret.path);
    }
    if (k->made)
        log_info("secret_made", "what=curve file=%s", k->secret.path);
    log_info("curve", "server_key=%s", k->server_key);
    return DK_OK;
}

void keys_undo(struct keyring *k)
{
    if (k->made)
        unlink(k->secret.path);
    k->made = false;
}

/* ---- connections --------------------------------------------------------- */

bool keys_welcome(void *arg, const char *name, const char *user)
{
    const struct daemon *d = arg;
    const struct identity *i = keys_find(&d->keys, user);

    if (i == NULL)
        return false;
    return strcmp(name, "workers") != 0 ||
           (i->id.who.roles & DK_ROLES_WORKER) != 0;
}

void keys_told(void *arg, const char *address, const char *user,
               const char *why)
{
    struct daemon *d = arg;
    struct keyring *k = &d->keys;
    dk_ms now = mono_now();

    if (k->knocking)
        return;
    d->stats.peers_refused++;
    if (k->told_at != 0 && now - k->told_at < TOLD_MS) {
        k->untold++;
        return;
    }
    log_warn("peer_refused", "address=%s key=\"%s\" why=\"%s\" untold=%" PRId64,
             address, user, why, k->untold);
    k->told_at = now;
    k->untold = 0;
}

/* ---- messages ------------------------------------------------------------ */

static int stranger(struct daemon *d, struct item *it, struct dk_problem *p)
{
    d->stats.messages_unknown++;
    if (dk_bucket_take(&d->keys.strangers, STRANGER_RATE, STRANGER_RATE,
                       mono_now()) != 0)
        it->has_peer = false; /* they are not answered without end */
    return dk_fail(p, DK_EKEY, NULL,
                   "this key is not on the broker's list (any more); ask the "
                   "administrator for: docketctl keys allow",
                   "该密钥不在名单上或已被撤销；请管理员执行 docketctl keys "
                   "allow");
}

static int too_many(struct daemon *d, const struct identity *i, dk_ms wait,
                    struct dk_problem *p)
{
    d->stats.messages_too_many++;
    dk_failf(p, DK_ERATE, NULL,
             "'%s' sends more than %lld messages a second; send the same "
             "again later",
             "“%s”每秒发送的消息超过 %lld 条，请稍后重发", i->id.who.name,
             (long long)d->cfg->rate);
    p->retry_after_ms = wait;
    return DK_ERATE;
}

static bool has_no_limit(const struct identity *i)
{
    return dk_sees_all(&i->id.who);
}

int keys_admit(struct daemon *d, struct item *it, struct dk_problem *p)
{
    struct identity *i = keys_find(&d->keys, it->user);
    dk_ms wait = 0;

    if (i == NULL)
        return stranger(d, it, p);
    it->who = i->id.who;
    if (has_no_limit(i))
        return DK_OK;
    if (it->worker)
        wait = i->quiet_until != 0 ? i->quiet_until - mono_now() : 0;
    else
        wait =
            dk_bucket_take(&i->bucket, d->cfg->rate, d->cfg->burst, mono_now());
    return wait > 0 ? too_many(d, i, wait, p) : DK_OK;
}

void keys_charge(struct daemon *d, const struct item *it)
{
    struct identity *i = keys_find(&d->keys, it->user);

    if (i == NULL || has_no_limit(i))
        return;
    dk_ms now = mono_now();
    dk_ms wait = dk_bucket_take(&i->bucket, d->cfg->rate, d->cfg->burst, now);
    i->quiet_until = wait > 0 ? now + wait : 0;
}

int door_forbid(const struct item *it, const char *message,
                struct dk_problem *p)
{
    return dk_failf(p, DK_EFORBIDDEN, NULL,
                    "'%.48s' may not send '%s'; PROTOCOL.md says which roles "
                    "may, and docketctl keys list who has which",
                    "“%.48s”无权发送“%s”；各角色的权限见 PROTOCOL.md，"
                    "各人的角色见 docketctl keys list",
                    it->who.name, message);
}

/* ---- changes ------------------------------------------------------------- */

void keys_reload(struct daemon *d)
{
    struct keyring *k = &d->keys;
    struct dk_problem p = {0};

    if (keys_read(k, &p) == DK_OK)
        log_info("reload", "what=keys file=%s identities=%zu", k->file, k->n);
    else
        log_error("reload_refused", "what=keys why=\"%s\" kept=%zu", p.detail,
                  k->n);
    spine_again(d);
}

void keys_settle(struct daemon *d)
{
    struct keyring *k = &d->keys;

    if (!k->changed)
        return;
    k->changed = false;
    for (size_t i = d->desk.n_session; i-- > 0;) {
        struct session *s = d->desk.session[i];
        const struct identity *who = keys_find(k, s->user);
        if (who == NULL || !dk_may_serve(&who->id.who, (int)s->service))
            desk_end(d, s, "its key may not serve any more");
    }
    follow_settle(d);
}
