/* site_login.c - logging in and out, and changing a password. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/note.h"
#include "site_int.h"

/* Five slips are free; then 10 s, 20 s, ... up to a quarter of an hour. */
static const struct lockout_rule by_name = {5, 10 * DK_SECOND, 15 * DK_MINUTE,
                                            DK_HOUR};
/* Many people may sit behind one address. */
static const struct lockout_rule by_address = {20, 5 * DK_SECOND, 5 * DK_MINUTE,
                                               DK_HOUR};

struct login {
    struct chore chore;
    struct site *site;
    struct http_ask *ask;
    char from[AUDIT_TEXT];
    uint64_t name_key, address_key;
    char password[PASSWORD_MAX + 1];
    struct account account;
    bool known;
    int rc; /* of the derivation */
    unsigned char key[LOCKBOX_KEY];
    struct dk_client_keys keys;
    struct tie *tie;
    struct login *next, **at; /* of those that wait for the broker */
};

static uint64_t key_of(const struct site *s, char kind, const char *text)
{
    unsigned char out[crypto_shorthash_BYTES];
    char buf[AUDIT_TEXT + 2];
    uint64_t v = 0;
    int n = snprintf(buf, sizeof(buf), "%c%s", kind, text);

    if (n >= (int)sizeof(buf))
        n = sizeof(buf) - 1;
    crypto_shorthash(out, (const unsigned char *)buf, (unsigned long long)n,
                     s->lockout_key);
    memcpy(&v, out, sizeof(v));
    return v != 0 ? v : 1;
}

int site_charge(struct site *s, const char *name)
{
    uint64_t key = key_of(s, 'n', name);
    dk_ms now = dk_client_now();
    dk_ms wait = lockout_wait(&s->lockout, key, &by_name, now);

    if (wait == 0)
        lockout_charge(&s->lockout, key, &by_name, now);
    return (int)((wait + 999) / 1000);
}

void site_was_right(struct site *s, const char *name)
{
    lockout_refund(&s->lockout, key_of(s, 'n', name), 1);
}

void site_locked_out(struct http_ask *a, int wait_s)
{
    http_own_problem(a, 429, "locked-out",
                     "Too many wrong passwords: wait, then try again",
                     "密码错误次数过多，请稍候再试", wait_s);
}

static void login_free(struct login *l)
{
    if (l->at != NULL) {
        *l->at = l->next;
        if (l->next != NULL)
            l->next->at = l->at;
    }
    tie_close(l->tie);
    sodium_memzero(l, sizeof(*l));
    free(l);
}

static void write_session(struct site *s, const struct sess *who,
                          const cJSON *hello, struct dk_jw *w)
{
    static const char *const copied[] = {"county", "utc_offset", "now",
                                         "test_clock"};
    const cJSON *you = cJSON_GetObjectItemCaseSensitive(hello, "you");

    dk_jw_obj(w, NULL);
    dk_jw_str(w, "name", who->name);
    dk_jw_cjson(w, "roles", cJSON_GetObjectItemCaseSensitive(you, "roles"));
    dk_jw_cjson(w, "unit", cJSON_GetObjectItemCaseSensitive(you, "unit"));
    dk_jw_str(w, "csrf", who->csrf);
    dk_jw_int(w, "idle_s", s->c->idle_min * 60);
    for (size_t i = 0; i < sizeof(copied) / sizeof(copied[0]); i++)
        dk_jw_cjson(w, copied[i],
                    cJSON_GetObjectItemCaseSensitive(hello, copied[i]));
    dk_jw_end_obj(w);
}

static void set_cookie(const struct site *s, struct http_ask *a,
                       const char *token)
{
    char text[160];

    snprintf(text, sizeof(text),
             SITE_COOKIE "=%s; HttpOnly; SameSite=Strict; Path=/%s%s", token,
             site_is_secure(s, a) ? "; Secure" : "",
             token[0] == '\0' ? "; Max-Age=0" : "");
    http_add(a, "Set-Cookie", text);
    sodium_memzero(text, sizeof(text));
}

/* ---- in ------------------------------------------------------------------
 */

static const char *name_here(const struct dk_reply *hello)
{
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(
        cJSON_GetObjectItemCaseSensitive(hello->json, "you"), "name"));

    return name != NULL ? name : "";
}

static void let_in(struct login *l, const struct dk_reply *hello)
{
    struct site *s = l->site;
    char token[SESS_TOKEN];
    struct dk_jw w = {0};
    struct sess *who =
        sess_new(&s->sessions, l->account.name, l->tie, dk_client_now(), token);

    if (who == NULL) {
        site_audit(s, l->account.name, l->from, "no room");
        http_own_problem(l->ask, 503, "too-many-sessions",
                         "Too many people are logged in", "同时登录的人数过多",
                         60);
        return;
    }
    l->tie = NULL;
    who->version = l->account.version;
    who->keys = l->keys;
    site_audit(s, who->name, l->from, "logged in");
    write_session(s, who, hello->json, &w);
    set_cookie(s, l->ask, token);
    http_json(l->ask, 200, &w);
    sodium_memzero(token, sizeof(token));
}

static void on_hello(void *arg, const struct dk_reply *r,
                     const struct dk_problem *p)
{
    struct login *l = arg;
    struct site *s = l->site;

    if (r != NULL && strcmp(name_here(r), l->account.name) == 0) {
        let_in(l, r);
    } else if (r != NULL || p->code == DK_EKEY) {
        site_audit(s, l->account.name, l->from, "key not allowed");
        http_own_problem(
            l->ask, 403, "key-not-allowed",
            "The broker does not know this account's key under its name: an "
            "administrator allows it by docketctl keys allow",
            "后台服务未登记本账号的密钥，请管理员用 docketctl keys allow 登记",
            0);
    } else {
        site_audit(s, l->account.name, l->from, "broker away");
        http_problem(l->ask, p);
    }
    login_free(l);
}

static void go_on(struct login *l)
{
    static const char body[] = "{\"client\":\"docket-web\"}";
    struct dk_problem p = {0};
    const struct tie_ask ask = {
        .type = "hello",
        .body = body,
        .len = sizeof(body) - 1,
        .wait_ms = SITE_WAIT_MS,
        .fn = on_hello,
        .arg = l,
    };

    memcpy(l->keys.mine, l->account.public, DK_CLIENT_KEY);
    memcpy(l->keys.server, l->site->server_key, DK_CLIENT_KEY);
    if (site_tie(l->site, &l->keys, &l->tie, &p) == 0 &&
        tie_ask(l->tie, &ask, NULL, &p) == 0) {
        l->next = l->site->logins;
        l->at = &l->site->logins;
        if (l->next != NULL)
            l->next->at = &l->next;
        l->site->logins = l;
        return;
    }
    http_problem(l->ask, &p);
    login_free(l);
}

static void wrong(struct login *l)
{
    site_audit(l->site, l->known ? l->account.name : "?", l->from,
               "wrong password");
    http_own_problem(l->ask, 401, "wrong-password",
                     "The name or the password is wrong", "用户名或密码不正确",
                     0);
    login_free(l);
}

static void derived(struct chore *c)
{
    struct login *l = (struct login *)c;
    struct site *s = l->site;
    bool right = l->rc == 0 &&
                 lockbox_open(&l->account.box, l->key, l->keys.secret) == 0;

    sodium_memzero(l->key, sizeof(l->key));
    if (right || l->rc != 0) {
        lockout_refund(&s->lockout, l->name_key, right);
        lockout_refund(&s->lockout, l->address_key, 0);
    }
    if (l->rc != 0 || s->closing) {
        http_own_problem(l->ask, 503, "no-memory", "Try again", "请稍后重试",
                         5);
        login_free(l);
    } else if (right && l->known) {
        go_on(l);
    } else {
        wrong(l);
    }
}

static void derive(struct chore *c)
{
    struct login *l = (struct login *)c;

    l->rc = lockbox_derive(&l->account.box, l->password, l->key);
    sodium_memzero(l->password, sizeof(l->password));
}

static bool locked_out(struct site *s, struct login *l)
{
    dk_ms now = dk_client_now();
    dk_ms name = lockout_wait(&s->lockout, l->name_key, &by_name, now);
    dk_ms address = lockout_wait(&s->lockout, l->address_key, &by_address, now);
    dk_ms wait = name > address ? name : address;

    if (wait == 0) {
        lockout_charge(&s->lockout, l->name_key, &by_name, now);
        lockout_charge(&s->lockout, l->address_key, &by_address, now);
        return false;
    }
    note("warn", "locked-out", "from=%s wait_s=%lld", l->from,
         (long long)(wait + 999) / 1000);
    site_locked_out(l->ask, (int)((wait + 999) / 1000));
    return true;
}

/* The one chore, whether there is such an account or not. */
static void begin_login(struct site *s, struct login *l, const char *name)
{
    struct dk_problem p = {0};
    int rc;

    l->name_key = key_of(s, 'n', name);
    l->address_key = key_of(s, 'a', l->from);
    if (locked_out(s, l)) {
        login_free(l);
        return;
    }
    rc = accounts_find(s->accounts, name, &l->account, &p);
    l->known = rc == 0 && !l->account.disabled;
    if (!l->known)
        l->account.box = s->nobody;
    if ((rc == 0 || rc == DK_ENOTFOUND) && chores_add(s->passwords, &l->chore))
        return;
    if (rc == 0 || rc == DK_ENOTFOUND)
        dk_fail(&p, DK_EBUSY, NULL, NULL, NULL);
    p.retry_after_ms = 2000;
    lockout_refund(&s->lockout, l->name_key, 0);
    lockout_refund(&s->lockout, l->address_key, 0);
    http_problem(l->ask, &p);
    login_free(l);
}

void site_login(void *arg, struct http_ask *a)
{
    static const char *const names[] = {"name", "password", NULL};
    const char *name = NULL, *password = NULL;
    struct login *l = calloc(1, sizeof(*l));
    struct dk_problem p = {0};
    cJSON *o = NULL;
    int rc = dk_json_parse_obj(a->body, a->len, DK_BODY_MAX, &o, &p);

    if (rc == 0)
        rc = dk_json_only(o, names, NULL, &p);
    if (rc == 0)
        rc =
            dk_json_str(o, "name", DK_REQUIRED, 1, DK_WHO_MAX, &name, NULL, &p);
    if (rc == 0)
        rc = dk_json_str(o, "password", DK_REQUIRED, 1, PASSWORD_MAX, &password,
                         NULL, &p);
    if (rc == 0 && l == NULL)
        rc = dk_fail(&p, DK_ENOMEM, NULL, NULL, NULL);
    if (rc == 0) {
        l->site = arg;
        l->ask = a;
        l->chore.run = derive;
        l->chore.done = derived;
        site_from(arg, a, l->from);
        snprintf(l->password, sizeof(l->password), "%s", password);
        begin_login(arg, l, name);
    } else {
        free(l);
        http_problem(a, &p);
    }
    cJSON_Delete(o);
}

void site_end_logins(struct site *s)
{
    while (s->logins != NULL)
        tie_close(s->logins->tie); /* answers and frees it */
}

/* ---- there, and out ------------------------------------------------------
 */

struct look {
    struct site *site;
    struct http_ask *ask;
    uint64_t serial;
};

static void looked(void *arg, const struct dk_reply *r,
                   const struct dk_problem *p)
{
    struct look *x = arg;
    struct sess *who = sess_by_serial(&x->site->sessions, x->serial);
    struct dk_jw w = {0};

    if (r == NULL) {
        site_refused(x->site, x->serial, x->ask, p);
    } else if (who == NULL) {
        site_not_logged_in(x->site, x->ask);
    } else {
        write_session(x->site, who, r->json, &w);
        http_json(x->ask, 200, &w);
    }
    free(x);
}

void site_session(void *arg, struct http_ask *a)
{
    struct site *s = arg;
    struct sess *who = site_who(s, a, false);
    struct look *x = who != NULL ? calloc(1, sizeof(*x)) : NULL;
    struct dk_problem p = {0};
    const struct tie_ask ask = {.type = "hello",
                                .body = "{}",
                                .len = 2,
                                .wait_ms = SITE_WAIT_MS,
                                .fn = looked,
                                .arg = x};

    if (who == NULL)
        return;
    if (x != NULL) {
        *x = (struct look){s, a, who->serial};
        if (tie_ask(who->tie, &ask, NULL, &p) == 0)
            return;
    } else {
        dk_fail(&p, DK_ENOMEM, NULL, NULL, NULL);
    }
    free(x);
    http_problem(a, &p);
}

void site_logout(void *arg, struct http_ask *a)
{
    struct site *s = arg;
    struct sess *who = site_who(s, a, true);
    char from[AUDIT_TEXT];

    if (who == NULL)
        return;
    site_from(s, a, from);
    site_audit(s, who->name, from, "logged out");
    sess_end(&s->sessions, who);
    set_cookie(s, a, "");
    http_empty(a, 204);
}
