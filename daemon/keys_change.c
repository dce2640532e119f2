/* keys_change.c - keys.list, keys.allow, keys.revoke: the list of who may talk,
 * changed by an administrator while the broker runs.
 *
 * The file is read anew, one line of it is changed, and it is put in place
 * whole and synced before it counts: what an editor wrote meanwhile is kept.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/daemon.h"
#include "daemon/durable.h"
#include "daemon/keys_int.h"

/* ---- keys.list ----------------------------------------------------------- */

static void write_identity(struct dk_jw *w, const struct identity *i)
{
    dk_jw_obj(w, NULL);
    dk_jw_str(w, "name", i->id.who.name);
    dk_jw_arr(w, "roles");
    for (int r = 0; r < DK_ROLE_N; r++) {
        if ((i->id.who.roles & 1u << r) != 0)
            dk_jw_str(w, NULL, dk_role_name(1u << r));
    }
    dk_jw_end_arr(w);
    dk_jw_str(w, "unit", i->id.who.unit[0] != '\0' ? i->id.who.unit : NULL);
    dk_jw_str(w, "key", i->id.key);
    dk_jw_bool(w, "built_in", i->built_in);
    dk_jw_end_obj(w);
}

int read_keys_list(struct daemon *d, const struct item *it, struct dk_jw *w,
                   struct dk_problem *p)
{
    const struct keyring *k = &d->keys;
    const char *after = NULL;
    int64_t limit = 50;
    size_t i = 0, start = w->len;
    int rc =
        dk_json_str(it->body, "after", DK_OPTIONAL, 1, 64, &after, NULL, p);

    if (rc == DK_OK)
        rc = dk_json_int(it->body, "limit", DK_OPTIONAL, 1, 500, &limit, NULL,
                         p);
    if (rc != DK_OK)
        return rc;
    while (after != NULL && i < k->n && strcmp(k->v[i].id.key, after) != 0)
        i++;
    if (after != NULL && i == k->n)
        return dk_fail(p, DK_EFIELD, "/after",
                       "this is not a 'next' of this list (any more); start "
                       "from the beginning",
                       "不是本列表（当前）的 next 值，请从头开始");
    i += after != NULL;
    dk_jw_obj(w, NULL);
    dk_jw_arr(w, "items");
    for (; i < k->n && limit > 0 && w->len - start < DK_REPLY_MAX / 2; i++) {
        write_identity(w, &k->v[i]);
        limit--;
    }
    dk_jw_end_arr(w);
    dk_jw_str(w, "server_key", k->server_key[0] != '\0' ? k->server_key : NULL);
    dk_jw_str(w, "next", i < k->n ? k->v[i - 1].id.key : NULL);
    dk_jw_end_obj(w);
    return DK_OK;
}

/* ---- the file ------------------------------------------------------------ */

static int cannot_write(const char *file, int err, struct dk_problem *p)
{
    return dk_failf(
        p, err == ENOSPC || err == EDQUOT ? DK_EFULL : DK_EFORBIDDEN, NULL,
        "the key file %.200s cannot be written: %s; nothing was "
        "changed",
        "密钥名单 %.200s 无法写入：%s；未作任何更改", file, strerror(err));
}

/* *done: it is replaced; after a failure all the same it may be the old one
 * again after a power cut.
 */
static int replace_file(const char *file, const char *text, size_t len,
                        bool *done, struct dk_problem *p)
{
    char fresh[SECRET_PATH_MAX + 8];

    snprintf(fresh, sizeof(fresh), "%s.new", file);
    unlink(fresh); /* of an attempt that was cut short */
    int err = durable_create(fresh, 0644, text, len);
    if (err == 0 && rename(fresh, file) != 0) {
        err = errno;
        unlink(fresh);
    }
    if (err != 0)
        return cannot_write(file, err, p);
    *done = true;
    err = durable_folder(file);
    if (err == 0)
        return DK_OK;
    return dk_failf(p, DK_EIO, NULL,
                    "the key file %.200s is changed and in use, but its folder "
                    "cannot be synced: %s; look at the disk, and at the file "
                    "after the next start",
                    "密钥名单 %.200s 已更改并生效，但其文件夹无法落盘：%s；"
                    "请检查磁盘，并在下次启动后核对名单",
                    file, strerror(err));
}

/* Put `id` (NULL: nothing) in place of the line of `name`.  DK_ENOTFOUND: there
 * is no such line to take out; what the file says then counts all the same.
 */
static int change(struct daemon *d, const char *name,
                  const struct dk_identity *id, struct dk_problem *p)
{
    struct keyring *k = &d->keys;
    struct dk_identities l = {0};
    char *text = NULL, *after = NULL;
    size_t len, after_len;
    bool done = false;
    int rc = keys_text(k->file, &text, &len, p);

    if (rc == DK_OK)
        rc = keys_parse(k->file, text, len, &l, p); /* never build on ruins */
    if (rc == DK_OK)
        rc = dk_keyfile_splice(text, len, name, id, &after, &after_len);
    if (rc == DK_ENOTFOUND && keys_take(k, &l, p) != DK_OK)
        rc = DK_ENOMEM;
    dk_identities_fini(&l);
    if (rc == DK_OK && after_len > DK_KEYFILE_MAX)
        rc = dk_fail(p, DK_EFORBIDDEN, NULL, "the key file is full",
                     "密钥名单已满");
    if (rc == DK_OK)
        rc = keys_parse(k->file, after, after_len, &l, p);
    if (rc == DK_OK)
        rc = replace_file(k->file, after, after_len, &done, p);
    if (done) { /* what the file says is what counts */
        int taken = keys_take(k, &l, rc == DK_OK ? p : NULL);
        rc = rc == DK_OK ? taken : rc;
    }
    free(text);
    free(after);
    dk_identities_fini(&l);
    return rc;
}

/* ---- keys.allow ---------------------------------------------------------- */

static int read_role_names(const cJSON *o, char *buf, size_t cap,
                           struct dk_problem *p)
{
    const cJSON *list, *v;
    int rc = dk_json_arr(o, "roles", DK_REQUIRED, 1, DK_ROLE_N, &list, NULL, p);

    buf[0] = '\0';
    if (rc != DK_OK)
        return rc;
    cJSON_ArrayForEach (v, list) {
        size_t n = strlen(buf);
        if (!cJSON_IsString(v) || strchr(v->valuestring, ',') != NULL)
            return dk_fail(p, DK_EFIELD, "/roles",
                           "a role is a name; docs/SECURITY.md lists them",
                           "角色须为名称，见 docs/SECURITY.md");
        snprintf(buf + n, cap - n, "%s%.40s", n > 0 ? "," : "", v->valuestring);
    }
    return DK_OK;
}

static int read_identity(const cJSON *o, struct dk_identity *out,
                         struct dk_problem *p)
{
    const char *name, *key, *unit = NULL;
    char roles[400];
    int rc = dk_json_str(o, "name", DK_REQUIRED, 1, DK_WHO_MAX, &name, NULL, p);

    if (rc == DK_OK)
        rc = dk_json_str(o, "key", DK_REQUIRED, 1, DK_KEY_TEXT - 1, &key, NULL,
                         p);
    if (rc == DK_OK)
        rc = dk_json_id(o, "unit", DK_OPTIONAL, &unit, NULL, p);
    if (rc == DK_OK)
        rc = read_role_names(o, roles, sizeof(roles), p);
    return rc == DK_OK ? dk_identity_make(out, name, roles, unit, key, p) : rc;
}

static const struct identity *find_name(const struct keyring *k,
                                        const char *name)
{
    for (size_t i = 0; i < k->n; i++) {
        if (!k->v[i].built_in && strcmp(k->v[i].id.who.name, name) == 0)
            return &k->v[i];
    }
    return NULL;
}

/* An enrolled key is not given to another by a slip of the pen. */
static int may_replace(const struct daemon *d, const struct item *it,
                       const struct dk_identity *id, struct dk_problem *p)
{
    const struct identity *before = find_name(&d->keys, id->who.name);
    bool replace = false;
    int rc = dk_json_bool(it->body, "replace", DK_OPTIONAL, &replace, NULL, p);

    if (rc != DK_OK || replace || before == NULL ||
        strcmp(before->id.key, id->key) == 0)
        return rc;
    return dk_failf(p, DK_ECONFLICT, "/name",
                    "'%s' has another key already; say so (replace) if it "
                    "shall get this one instead",
                    "“%s”已登记另一公钥；如需更换，请注明 replace",
                    id->who.name);
}

int read_keys_allow(struct daemon *d, const struct item *it, struct dk_jw *w,
                    struct dk_problem *p)
{
    struct dk_identity id;
    char roles[160];
    int rc = read_identity(it->body, &id, p);

    if (rc == DK_OK)
        rc = may_replace(d, it, &id, p);
    if (rc == DK_OK)
        rc = change(d, id.who.name, &id, p);
    if (rc != DK_OK)
        return rc;
    dk_roles_text(id.who.roles, roles, sizeof(roles));
    log_info("key_allowed", "name=\"%s\" roles=%s key=\"%s\" by=\"%s\"",
             id.who.name, roles, id.key, it->who.name);
    dk_jw_obj(w, NULL);
    dk_jw_str(w, "name", id.who.name);
    dk_jw_str(w, "key", id.key);
    dk_jw_str(w, "server_key",
              d->keys.server_key[0] != '\0' ? d->keys.server_key : NULL);
    dk_jw_end_obj(w);
    return DK_OK;
}

/* ---- keys.revoke --------------------------------------------------------- */

int read_keys_revoke(struct daemon *d, const struct item *it, struct dk_jw *w,
                     struct dk_problem *p)
{
    const char *name;
    int rc = dk_json_str(it->body, "name", DK_REQUIRED, 1, DK_WHO_MAX, &name,
                         NULL, p);

    if (rc != DK_OK)
        return rc;
    /* Somebody may have taken the line out without a word to us. */
    bool known = find_name(&d->keys, name) != NULL;
    rc = change(d, name, NULL, p);
    if (rc == DK_ENOTFOUND && known)
        rc = DK_OK;
    if (rc == DK_ENOTFOUND)
        return dk_failf(p, rc, "/name",
                        "nobody on the list is called '%.64s'; docketctl keys "
                        "list shows who is",
                        "名单上没有“%.64s”；见 docketctl keys list", name);
    if (rc != DK_OK)
        return rc;
    log_info("key_revoked", "name=\"%s\" by=\"%s\"", name, it->who.name);
    dk_jw_obj(w, NULL);
    dk_jw_str(w, "name", name);
    dk_jw_end_obj(w);
    return DK_OK;
}
