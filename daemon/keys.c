#include "daemon/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/keys_int.h"
#include "daemon/zap.h"

/* ---- in memory ----------------------------------------------------------- */

/* The first sixteen characters of a random key are as good as a hash. */
static struct map_key key_of(const char *user)
{
    struct map_key k = {{0}};
    size_t n = strlen(user);

    memcpy(k.b, user, n < sizeof(k.b) ? n : sizeof(k.b));
    return k;
}

struct identity *keys_find(const struct keyring *k, const char *user)
{
    struct map_key key = key_of(user);
    uintptr_t i;

    if (!map_get(&k->by_key, &key, &i) || strcmp(k->v[i].id.key, user) != 0)
        return NULL;
    return &k->v[i];
}

/* A key of small order shares one secret with everybody. */
static int check_key(const struct dk_identity *id, struct dk_problem *p)
{
    uint8_t theirs[crypto_box_PUBLICKEYBYTES], pub[crypto_box_PUBLICKEYBYTES];
    uint8_t mine[crypto_box_SECRETKEYBYTES], shared[crypto_box_BEFORENMBYTES];

    if (strncmp(id->key, "uid:", 4) == 0) {
        if (strcmp(id->key, "uid:0") != 0)
            return DK_OK;
        return dk_fail(p, DK_EFIELD, "/key",
                       "root is the administrator without a line; take this "
                       "line out",
                       "root 无需登记即为管理员，请删除该行");
    }
    crypto_box_keypair(pub, mine);
    if (zap_key_bytes(id->key, theirs) &&
        crypto_box_beforenm(shared, theirs, mine) == 0)
        return DK_OK;
    return dk_fail(p, DK_EFIELD, "/key",
                   "this key is not safe: everybody could use it; make one "
                   "with docketctl keys new",
                   "该公钥不安全，请用 docketctl keys new 重新生成");
}

static struct dk_identity local_identity(uid_t uid)
{
    struct dk_identity id = {.who = {.roles = DK_ROLES_ALL}};

    snprintf(id.who.name, sizeof(id.who.name), "%s",
             uid == 0 ? "root" : "local");
    snprintf(id.key, sizeof(id.key), "uid:%lu", (unsigned long)uid);
    return id;
}

static bool has_key(const struct dk_identities *l, const char *key)
{
    for (size_t i = 0; i < l->n; i++) {
        if (strcmp(l->v[i].key, key) == 0)
            return true;
    }
    return false;
}

static int put(struct keyring *k, const struct dk_identity *id, bool built_in,
               struct map *by_key, struct identity *v, size_t *n)
{
    const struct identity *before = keys_find(k, id->key);
    struct map_key key = key_of(id->key);
    uintptr_t other;

    if (map_get(by_key, &key, &other))
        return DK_EFIELD;
    v[*n] = (struct identity){.id = *id, .built_in = built_in};
    if (before != NULL)
        v[*n].bucket = before->bucket;
    int rc = map_put(by_key, &key, (uintptr_t)*n);
    ++*n;
    return rc;
}

int keys_take(struct keyring *k, const struct dk_identities *l,
              struct dk_problem *p)
{
    const uid_t uids[2] = {0, geteuid()};
    struct identity *v = calloc(l->n + 2, sizeof(*v));
    struct map by_key;
    size_t n = 0;
    int rc = v != NULL ? DK_OK : DK_ENOMEM;

    map_init(&by_key, k->seed);
    for (int i = 0; rc == DK_OK && i < (uids[1] == 0 ? 1 : 2); i++) {
        struct dk_identity id = local_identity(uids[i]);
        if (!has_key(l, id.key))
            rc = put(k, &id, true, &by_key, v, &n);
    }
    for (size_t i = 0; rc == DK_OK && i < l->n; i++)
        rc = put(k, &l->v[i], false, &by_key, v, &n);
    if (rc != DK_OK) {
        map_fini(&by_key);
        free(v);
        return dk_fail(p, rc, NULL, NULL, NULL);
    }
    map_fini(&k->by_key);
    free(k->v);
    k->by_key = by_key;
    k->v = v;
    k->n = n;
    k->changed = true;
    return DK_OK;
}

/* ---- the file ------------------------------------------------------------ */

static int cannot_read(const char *file, int err, struct dk_problem *p)
{
    return dk_failf(p, err == EACCES ? DK_EFORBIDDEN : DK_EIO, NULL,
                    "the key file %.200s cannot be read: %s; check the path "
                    "and its rights",
                    "密钥名单 %.200s 无法读取：%s；请检查路径与权限", file,
                    strerror(err));
}

static int check_rights(const char *file, const struct stat *st,
                        struct dk_problem *p)
{
    bool ours = st->st_uid == 0 || st->st_uid == geteuid();

    if (S_ISREG(st->st_mode) && ours && (st->st_mode & 022) == 0 &&
        st->st_size <= DK_KEYFILE_MAX)
        return DK_OK;
    return dk_failf(p, DK_EFORBIDDEN, NULL,
                    "the key file %.160s must be a plain file of at most 1 "
                    "MiB that only root or user %ld may change; run: chmod "
                    "go-w %.80s",
                    "密钥名单 %.160s 须为不超过 1 MiB 的普通文件，且仅限 root "
                    "或用户 %ld 可写；请执行：chmod go-w %.80s",
                    file, (long)geteuid(), file);
}

int keys_text(const char *file, char **out, size_t *len, struct dk_problem *p)
{
    struct stat st;
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    size_t n = 0;

    *out = NULL;
    *len = 0;
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return (*out = calloc(1, 1)) != NULL
                   ? DK_OK
                   : dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    if (fd < 0)
        return cannot_read(file, errno, p);
    int rc = fstat(fd, &st) == 0 ? check_rights(file, &st, p)
                                 : cannot_read(file, errno, p);
    if (rc == DK_OK && (*out = calloc(1, (size_t)st.st_size + 1)) == NULL)
        rc = dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    while (rc == DK_OK && n < (size_t)st.st_size) {
        ssize_t r = read(fd, *out + n, (size_t)st.st_size - n);
        if (r < 0 && errno != EINTR)
            rc = cannot_read(file, errno, p);
        if (r == 0)
            break;
        n += r > 0 ? (size_t)r : 0;
    }
    close(fd);
    if (rc != DK_OK) {
        free(*out);
        *out = NULL;
    }
    *len = n;
    return rc;
}

static int say_where(const char *file, int line, const char *name, int rc,
                     const struct dk_problem *why, struct dk_problem *p)
{
    char en[384], zh[384];

    if (line > 0) {
        snprintf(en, sizeof(en), "the key file %.100s, line %d: %.250s", file,
                 line, why->detail);
        snprintf(zh, sizeof(zh), "密钥名单 %.100s 第 %d 行：%.240s", file, line,
                 why->detail_zh);
    } else {
        snprintf(en, sizeof(en), "the key file %.100s, '%.60s': %.190s", file,
                 name, why->detail);
        snprintf(zh, sizeof(zh), "密钥名单 %.100s“%.60s”：%.180s", file, name,
                 why->detail_zh);
    }
    return dk_fail(p, rc, NULL, en, zh);
}

int keys_parse(const char *file, const char *text, size_t len,
               struct dk_identities *out, struct dk_problem *p)
{
    struct dk_problem why = {0};
    int line = 0;
    int rc = dk_keyfile_read(text, len, out, &line, &why);

    if (rc != DK_OK)
        return say_where(file, line, "", rc, &why, p);
    for (size_t i = 0; i < out->n; i++) {
        rc = check_key(&out->v[i], &why);
        if (rc != DK_OK)
            return say_where(file, 0, out->v[i].who.name, rc, &why, p);
    }
    return DK_OK;
}

int keys_read(struct keyring *k, struct dk_problem *p)
{
    struct dk_identities l = {0};
    char *text;
    size_t len;
    int rc = keys_text(k->file, &text, &len, p);

    if (rc == DK_OK)
        rc = keys_parse(k->file, text, len, &l, p);
    if (rc == DK_OK)
        rc = keys_take(k, &l, p);
    free(text);
    dk_identities_fini(&l);
    return rc;
}

int keys_init(struct keyring *k, const struct config *cfg, uint64_t seed,
              struct dk_problem *p)
{
    memset(k, 0, sizeof(*k));
    k->seed = seed;
    map_init(&k->by_key, seed);
    if (cfg->keys[0] != '\0')
        snprintf(k->file, sizeof(k->file), "%s", cfg->keys);
    else
        snprintf(k->file, sizeof(k->file), "%s/keys", cfg->data);
    int rc = keys_read(k, p);
    k->changed = false;
    return rc;
}

void keys_fini(struct keyring *k)
{
    map_fini(&k->by_key);
    free(k->v);
    secret_wipe(&k->secret);
}
