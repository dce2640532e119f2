#include "command.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <zmq.h>

#include "accounts.h"
#include "ask_password.h"
#include "proto/client.h"
#include "proto/jsonw.h"
#include "proto/timefmt.h"

#define WAIT_MS 5000

static int complain(const struct dk_problem *p)
{
    fprintf(stderr, "docket-web: %s\n            %s\n", p->detail,
            p->detail_zh);
    switch (p->code) {
    case DK_EFIELD:
        return EX_USAGE;
    case DK_ENOTFOUND:
        return EX_NOINPUT;
    case DK_ECONFLICT:
        return EX_DATAERR;
    case DK_EFORBIDDEN:
        return EX_NOPERM;
    case DK_EIO:
    case DK_EFULL:
        return EX_IOERR;
    case DK_ETIMEOUT:
    case DK_EBUSY:
        return EX_TEMPFAIL;
    default:
        return EX_SOFTWARE;
    }
}

/* ---- keys ----------------------------------------------------------------
 */

/* One in 85 begins with what looks like an option where it is typed. */
static int new_pair(char public[DK_CLIENT_KEY], char secret[DK_CLIENT_KEY],
                    struct dk_problem *p)
{
    int n;

    do {
        n = zmq_curve_keypair(public, secret);
    } while (n == 0 && public[0] == '-');
    if (n != 0)
        return dk_fail(p, DK_EBUG, NULL, "this libzmq has no CURVE",
                       "本机的 libzmq 不支持 CURVE");
    return 0;
}

static int seal(struct account *is, const char *password, int64_t mib,
                const char secret[DK_CLIENT_KEY], struct dk_problem *p)
{
    unsigned char key[LOCKBOX_KEY];
    int rc;

    lockbox_begin(&is->box, mib);
    rc = lockbox_derive(&is->box, password, key);
    if (rc == 0)
        lockbox_seal(&is->box, key, secret);
    sodium_memzero(key, sizeof(key));
    return rc == 0 ? 0 : dk_fail(p, rc, NULL, NULL, NULL);
}

static void write_roles(struct dk_jw *w, const char *roles)
{
    dk_jw_arr(w, "roles");
    while (*roles != '\0') {
        size_t n = strcspn(roles, ",");

        dk_jw_strn(w, NULL, roles, n);
        roles += n + (roles[n] == ',');
    }
    dk_jw_end_arr(w);
}

/* The broker's administrator, here, tells it of the key. */
static int allow(const struct web_options *o, const struct account *is,
                 bool replace, struct dk_problem *p)
{
    struct dk_client *c = dk_client_open(o->admin, NULL, p);
    struct dk_jw w = {0};
    struct dk_reply r;
    int rc;

    if (c == NULL)
        return p->code;
    dk_jw_obj(&w, NULL);
    dk_jw_str(&w, "name", is->name);
    write_roles(&w, o->allow);
    if (o->unit != NULL)
        dk_jw_str(&w, "unit", o->unit);
    dk_jw_str(&w, "key", is->public);
    dk_jw_bool(&w, "replace", replace);
    dk_jw_end_obj(&w);
    rc = w.oom ? dk_fail(p, DK_ENOMEM, NULL, NULL, NULL)
               : dk_client_call(c, "keys.allow", w.buf, WAIT_MS, &r, p);
    if (rc == 0)
        dk_reply_free(&r);
    dk_jw_fini(&w);
    dk_client_close(c);
    return rc;
}

static void print_made(const struct web_options *o, const struct account *is,
                       const char *password, bool replace)
{
    struct dk_jw w = {0};

    if (o->json) {
        dk_jw_obj(&w, NULL);
        dk_jw_str(&w, "name", is->name);
        dk_jw_str(&w, "key", is->public);
        dk_jw_bool(&w, "allowed", o->allow != NULL);
        if (o->random)
            dk_jw_str(&w, "password", password);
        dk_jw_end_obj(&w);
        if (!w.oom)
            puts(w.buf);
        dk_jw_fini(&w);
        return;
    }
    if (o->random)
        printf("password 密码\n  %s\n", password);
    if (o->allow != NULL)
        printf("%s: allowed 已登记 (%s)\n", is->name, o->allow);
    else
        printf("Run this where the broker runs 请在后台服务器上执行:\n\n"
               "  docketctl keys allow --roles ROLES [--unit ID]%s -- '%s' "
               "'%s'\n",
               replace ? " --replace" : "", is->name, is->public);
}

/* ---- account add, reset, passwd ------------------------------------------
 */

static int make_random(char password[PASSWORD_MAX + 1])
{
    static const char from[] = "abcdefghijkmnpqrstuvwxyz23456789";
    size_t n = 0;

    for (int i = 0; i < 20; i++) {
        if (i > 0 && i % 5 == 0)
            password[n++] = '-';
        password[n++] = from[randombytes_uniform(sizeof(from) - 1)];
    }
    password[n] = '\0';
    return 0;
}

static int get_password(const struct web_options *o, const char *name,
                        char password[PASSWORD_MAX + 1], struct dk_problem *p)
{
    int rc = o->random ? make_random(password)
                       : ask_password("new password 新密码", true, password,
                                      PASSWORD_MAX + 1, p);

    return rc == 0 ? lockbox_check_password(password, name, p) : rc;
}

/* A new key for `name`: the first one, or one in the place of a forgotten. */
static int give_key(const struct web_options *o, struct accounts *a,
                    const char *name, bool there, struct dk_problem *p)
{
    char password[PASSWORD_MAX + 1] = "", secret[DK_CLIENT_KEY] = "";
    struct account is = {0};
    int rc = dk_name_check(name, DK_WHO_MAX, NULL, p);

    if (rc == 0 && there)
        rc = accounts_find(a, name, &is, p);
    else if (rc == 0 && accounts_find(a, name, &is, NULL) == 0)
        rc = accounts_add(a, &is, p); /* says that there is one */
    snprintf(is.name, sizeof(is.name), "%s", name);
    if (rc == 0)
        rc = get_password(o, name, password, p);
    if (rc == 0)
        rc = new_pair(is.public, secret, p);
    if (rc == 0)
        rc = seal(&is, password, o->c.password_mib, secret, p);
    /* First here: a key that the broker knows and nobody has is no use. */
    if (rc == 0)
        rc = there ? accounts_change(a, &is, p) : accounts_add(a, &is, p);
    if (rc == 0 && o->allow != NULL)
        rc = allow(o, &is, there, p);
    if (rc == 0)
        rc = accounts_note(
            a, name, "console",
            there ? "key and password made anew" : "account made", p);
    if (rc == 0)
        print_made(o, &is, password, there);
    sodium_memzero(password, sizeof(password));
    sodium_memzero(secret, sizeof(secret));
    return rc;
}

static int change_password(const struct web_options *o, struct accounts *a,
                           const char *name, struct dk_problem *p)
{
    char was[PASSWORD_MAX + 1] = "", is[PASSWORD_MAX + 1] = "";
    char secret[DK_CLIENT_KEY] = "";
    unsigned char key[LOCKBOX_KEY];
    struct account account;
    int rc = accounts_find(a, name, &account, p);

    if (rc == 0)
        rc = ask_password("old password 原密码", false, was, sizeof(was), p);
    if (rc == 0 && lockbox_derive(&account.box, was, key) != 0)
        rc = dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    if (rc == 0 && lockbox_open(&account.box, key, secret) != 0)
        rc = dk_fail(p, DK_EFORBIDDEN, NULL,
                     "that is not the password; when it is forgotten, "
                     "docket-web account reset makes a new key",
                     "密码不正确；如已忘记，可用 docket-web account reset "
                     "重新生成密钥");
    if (rc == 0)
        rc = get_password(o, name, is, p);
    if (rc == 0)
        rc = seal(&account, is, o->c.password_mib, secret, p);
    if (rc == 0)
        rc = accounts_change(a, &account, p);
    if (rc == 0)
        rc = accounts_note(a, name, "console", "password changed", p);
    sodium_memzero(was, sizeof(was));
    sodium_memzero(is, sizeof(is));
    sodium_memzero(secret, sizeof(secret));
    sodium_memzero(key, sizeof(key));
    return rc;
}

/* ---- the others ----------------------------------------------------------
 */

static int set_disabled(struct accounts *a, const char *name, bool disabled,
                        struct dk_problem *p)
{
    struct account is;
    int rc = accounts_find(a, name, &is, p);

    if (rc != 0)
        return rc;
    is.disabled = disabled;
    rc = accounts_change(a, &is, p);
    return rc == 0 ? accounts_note(a, name, "console",
                                   disabled ? "disabled" : "enabled", p)
                   : rc;
}

static int remove_account(struct accounts *a, const char *name,
                          struct dk_problem *p)
{
    int rc = accounts_remove(a, name, p);

    if (rc != 0)
        return rc;
    printf("Its key is still on the broker's list 后台服务仍登记其密钥:\n\n"
           "  docketctl keys revoke -- '%s'\n",
           name);
    return accounts_note(a, name, "console", "removed", p);
}

static bool print_account(void *arg, const struct account *is)
{
    const struct web_options *o = arg;
    char at[DK_TIME_MAX];
    struct dk_jw w = {0};

    dk_time_format(is->changed_at, 0, at);
    if (!o->json) {
        printf("%-24s %-8s %s  %s\n", is->name,
               is->disabled ? "disabled" : "enabled", at, is->public);
        return true;
    }
    dk_jw_obj(&w, NULL);
    dk_jw_str(&w, "name", is->name);
    dk_jw_bool(&w, "disabled", is->disabled);
    dk_jw_str(&w, "changed_at", at);
    dk_jw_str(&w, "key", is->public);
    dk_jw_end_obj(&w);
    if (!w.oom)
        puts(w.buf);
    dk_jw_fini(&w);
    return true;
}

static int run(const struct web_options *o, struct accounts *a,
               const char *what, const char *name, struct dk_problem *p)
{
    struct web_options mine = *o;

    if (strcmp(what, "list") == 0)
        return accounts_each(a, print_account, &mine, p);
    if (strcmp(what, "add") == 0)
        return give_key(o, a, name, false, p);
    if (strcmp(what, "reset") == 0)
        return give_key(o, a, name, true, p);
    if (strcmp(what, "passwd") == 0)
        return change_password(o, a, name, p);
    if (strcmp(what, "disable") == 0)
        return set_disabled(a, name, true, p);
    if (strcmp(what, "enable") == 0)
        return set_disabled(a, name, false, p);
    return remove_account(a, name, p);
}

int command_account(const struct web_options *o)
{
    static const char *const verbs[] = {"list",    "add",    "reset",  "passwd",
                                        "disable", "enable", "remove", NULL};
    const char *what = o->n_words > 1 ? o->words[1] : "list";
    const char *name = o->n_words > 2 ? o->words[2] : NULL;
    struct dk_problem p = {0};
    struct accounts *a;
    int i = 0, rc;

    while (verbs[i] != NULL && strcmp(verbs[i], what) != 0)
        i++;
    if (verbs[i] == NULL || (i > 0) != (name != NULL) || o->n_words > 3) {
        fputs("usage: docket-web account list\n"
              "       docket-web account add|reset|passwd|disable|enable|"
              "remove NAME\n",
              stderr);
        return EX_USAGE;
    }
    rc = accounts_open(o->c.data, strcmp(what, "add") == 0, &a, &p);
    if (rc == 0)
        rc = run(o, a, what, name, &p);
    accounts_close(a);
    return rc == 0 ? 0 : complain(&p);
}

static bool print_audit(void *arg, const struct audit *is)
{
    const struct web_options *o = arg;
    char at[DK_TIME_MAX];
    struct dk_jw w = {0};

    dk_time_format(is->at, 0, at);
    if (!o->json) {
        printf("%s  %-24s %-16s %s\n", at, is->name, is->from, is->what);
        return true;
    }
    dk_jw_obj(&w, NULL);
    dk_jw_int(&w, "n", is->n);
    dk_jw_str(&w, "at", at);
    dk_jw_str(&w, "name", is->name);
    dk_jw_str(&w, "from", is->from);
    dk_jw_str(&w, "what", is->what);
    dk_jw_end_obj(&w);
    if (!w.oom)
        puts(w.buf);
    dk_jw_fini(&w);
    return true;
}

int command_audit(const struct web_options *o)
{
    struct web_options mine = *o;
    struct dk_problem p = {0};
    struct accounts *a;
    int rc = accounts_open(o->c.data, false, &a, &p);

    if (rc == 0)
        rc = accounts_audit(a, o->most, print_audit, &mine, &p);
    accounts_close(a);
    return rc == 0 ? 0 : complain(&p);
}
