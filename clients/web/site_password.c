/* site_password.c - somebody changes their own password. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "site_int.h"

struct change {
    struct chore chore;
    struct site *site;
    struct http_ask *ask;
    uint64_t serial;
    char from[AUDIT_TEXT];
    char was[PASSWORD_MAX + 1], is[PASSWORD_MAX + 1];
    struct account account;
    int64_t mib;
    int rc;
};

static void change_free(struct change *x)
{
    sodium_memzero(x, sizeof(*x));
    free(x);
}

static void reseal(struct chore *c)
{
    struct change *x = (struct change *)c;
    unsigned char key[LOCKBOX_KEY];
    char secret[DK_CLIENT_KEY];

    x->rc = lockbox_derive(&x->account.box, x->was, key);
    if (x->rc == 0)
        x->rc = lockbox_open(&x->account.box, key, secret);
    if (x->rc == 0) {
        lockbox_begin(&x->account.box, x->mib);
        x->rc = lockbox_derive(&x->account.box, x->is, key);
    }
    if (x->rc == 0)
        lockbox_seal(&x->account.box, key, secret);
    sodium_memzero(key, sizeof(key));
    sodium_memzero(secret, sizeof(secret));
    sodium_memzero(x->was, sizeof(x->was));
    sodium_memzero(x->is, sizeof(x->is));
}

/* Whoever knew the old one is out; who changed it stays. */
static int keep(struct change *x, struct dk_problem *p)
{
    struct site *s = x->site;
    struct sess *who = sess_by_serial(&s->sessions, x->serial);
    int rc = accounts_change(s->accounts, &x->account, p);

    if (rc == 0)
        rc = accounts_find(s->accounts, x->account.name, &x->account, p);
    if (rc != 0)
        return rc;
    sess_end_of(&s->sessions, x->account.name, who);
    if (who != NULL)
        who->version = x->account.version;
    site_audit(s, x->account.name, x->from, "password changed");
    return 0;
}

static void resealed(struct chore *c)
{
    struct change *x = (struct change *)c;
    struct dk_problem p = {0};
    int rc = x->rc;

    if (rc == DK_EFORBIDDEN) {
        site_audit(x->site, x->account.name, x->from,
                   "wrong password for a change");
        http_own_problem(x->ask, 403, "wrong-password",
                         "The old password is wrong", "原密码不正确", 0);
        change_free(x);
        return;
    }
    if (rc == 0)
        site_was_right(x->site, x->account.name);
    if (rc == 0)
        rc = keep(x, &p);
    else
        dk_fail(&p, rc, NULL, NULL, NULL);
    if (rc == 0)
        http_empty(x->ask, 204);
    else
        http_problem(x->ask, &p);
    change_free(x);
}

static int read_change(struct change *x, struct http_ask *a, const char *name,
                       struct dk_problem *p)
{
    static const char *const names[] = {"old", "new", NULL};
    const char *was = NULL, *is = NULL;
    cJSON *o = NULL;
    int rc = dk_json_parse_obj(a->body, a->len, DK_BODY_MAX, &o, p);

    if (rc == 0)
        rc = dk_json_only(o, names, NULL, p);
    if (rc == 0)
        rc = dk_json_str(o, "old", DK_REQUIRED, 1, PASSWORD_MAX, &was, NULL, p);
    if (rc == 0)
        rc = dk_json_str(o, "new", DK_REQUIRED, 1, PASSWORD_MAX, &is, NULL, p);
    if (rc == 0 && lockbox_check_password(is, name, p) != 0) {
        snprintf(p->pointer, sizeof(p->pointer), "/new");
        rc = p->code;
    }
    if (rc == 0) {
        snprintf(x->was, sizeof(x->was), "%s", was);
        snprintf(x->is, sizeof(x->is), "%s", is);
    }
    cJSON_Delete(o);
    return rc;
}

void site_password(void *arg, struct http_ask *a)
{
    struct site *s = arg;
    struct sess *who = site_who(s, a, true);
    struct dk_problem p = {0};
    struct change *x;
    int rc, wait_s;

    if (who == NULL)
        return;
    x = calloc(1, sizeof(*x));
    rc = x != NULL ? read_change(x, a, who->name, &p)
                   : dk_fail(&p, DK_ENOMEM, NULL, NULL, NULL);
    if (rc == 0)
        rc = accounts_find(s->accounts, who->name, &x->account, &p);
    /* Who finds an open page shall not guess more than who finds none. */
    wait_s = rc == 0 ? site_charge(s, who->name) : 0;
    if (wait_s > 0) {
        site_locked_out(a, wait_s);
        change_free(x);
        return;
    }
    if (rc == 0) {
        x->site = s;
        x->ask = a;
        x->serial = who->serial;
        x->mib = s->c->password_mib;
        x->chore.run = reseal;
        x->chore.done = resealed;
        site_from(s, a, x->from);
        if (!chores_add(s->passwords, &x->chore))
            rc = dk_fail(&p, DK_EBUSY, NULL, NULL, NULL);
    }
    if (rc != 0) {
        http_problem(a, &p);
        if (x != NULL)
            change_free(x);
    }
}
