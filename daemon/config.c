#include "daemon/config.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/bucket.h"
#include "daemon/seal.h"
#include "proto/jsonx.h"
#include "proto/timefmt.h"

enum key_type {
    KEY_TEXT,
    KEY_INT,
    KEY_OFFSET,
    KEY_LEVEL
};

struct key {
    const char *name; /* "section.key" */
    enum key_type type;
    size_t at, size; /* KEY_TEXT: room for the text */
    int64_t min, max;
};

#define AT(f)   offsetof(struct config, f)
#define ROOM(f) sizeof(((struct config *)0)->f)
#define TEXT(n, f)                                                             \
    {                                                                          \
        n, KEY_TEXT, AT(f), ROOM(f), 0, 0                                      \
    }
#define INT(n, f, lo, hi)                                                      \
    {                                                                          \
        n, KEY_INT, AT(f), 0, lo, hi                                           \
    }

static const struct key keys[] = {
    INT("office.county", county, 100000, 999999),
    {"office.utc_offset", KEY_OFFSET, AT(offset_min), 0, 0, 0},
    TEXT("broker.data", data),
    TEXT("broker.store", store),
    TEXT("broker.name", name),
    TEXT("broker.clients", clients),
    TEXT("broker.workers", workers),
    TEXT("keys.file", keys),
    TEXT("keys.secret", curve_secret),
    {"broker.log_level", KEY_LEVEL, AT(log), 0, 0, 0},
    INT("broker.ballast_mb", ballast_mb, 0, 65536),
    INT("limits.batch", batch, 1, 4096),
    INT("limits.heartbeat_ms", heartbeat_ms, 50, 60000),
    INT("limits.lease_ms", lease_ms, 100, 3600000),
    INT("limits.max_attempts", max_attempts, 1, 1000),
    INT("limits.followers", followers, 1, 10000),
    INT("limits.rate", rate, 0, DK_RATE_MAX),
    INT("limits.burst", burst, 1, DK_RATE_MAX),
    INT("limits.full_pause_ms", full_pause_ms, 1, 60000),
    TEXT("seal.key", seal.key),
    TEXT("seal.lost", seal.lost),
    INT("limits.query_tries", query_tries, 1, 1000),
    INT("limits.query_pause_s", query_pause_s, 1, 86400),
    INT("watch.no_worker_s", watch.no_worker_s, 0, 86400),
    INT("watch.unassigned_h", watch.unassigned_h, 0, 8760),
    INT("watch.queue_min", watch.queue_min, 0, 525600),
    INT("watch.disk_mb", watch.disk_mb, 0, 1000000000),
    INT("watch.clock_jump_s", watch.clock_jump_s, 0, 86400),
    TEXT("watch.backup", watch.backup),
    INT("watch.backup_h", watch.backup_h, 1, 8760),
    INT("watch.settle_s", watch.settle_s, 0, 3600),
    INT("watch.look_s", watch.look_s, 1, 3600),
    INT("watch.repeat_h", watch.repeat_h, 1, 8760),
    INT("watch.ack_h", watch.ack_h, 1, 8760),
    INT("history.checkpoint_min", history.checkpoint_min, 0, 10080),
    TEXT("history.key", history.key),
    TEXT("history.old_keys", history.old_keys),
};
#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

void config_defaults(struct config *c)
{
    *c = (struct config){
        .data = "/var/lib/docket",
        .clients = "ipc:///run/docket/clients.sock",
        .workers = "ipc:///run/docket/workers.sock",
        .county = -1,
        .offset_min = 8 * 60,
        .batch = 1024,
        .heartbeat_ms = 2000,
        .lease_ms = 30000,
        .max_attempts = 8,
        .followers = 256,
        .rate = 200,
        .burst = 1000,
        .full_pause_ms = 500,
        .query_tries = 5,
        .query_pause_s = 300,
        .log = LOG_INFO_,
        .ballast_mb = 64,
        .watch = {.no_worker_s = 60,
                  .unassigned_h = 24,
                  .queue_min = 15,
                  .disk_mb = 512,
                  .clock_jump_s = 30,
                  .backup_h = 26,
                  .settle_s = 10,
                  .look_s = 10,
                  .repeat_h = 24,
                  .ack_h = 72},
        .history = {.checkpoint_min = 60},
    };
}

static int set_text(const struct key *k, char *to, const char *value,
                    struct dk_problem *p)
{
    size_t n = strlen(value);

    if (n == 0 || n >= k->size)
        return dk_failf(p, DK_EFIELD, NULL,
                        "'%s' must have 1 to %zu bytes; shorten it",
                        "“%s”的长度须为 1 至 %zu 字节", k->name, k->size - 1);
    memcpy(to, value, n + 1);
    return DK_OK;
}

static int set_int(const struct key *k, int64_t *to, const char *value,
                   struct dk_problem *p)
{
    char *end;

    errno = 0;
    long long v = strtoll(value, &end, 10);
    if (errno != 0 || end == value || *end != '\0' || v < k->min || v > k->max)
        return dk_failf(p, DK_EFIELD, NULL,
                        "'%s' must be a whole number from %lld to %lld, not "
                        "'%s'",
                        "“%s”须为 %lld 至 %lld 的整数，而不是“%s”", k->name,
                        (long long)k->min, (long long)k->max, value);
    *to = v;
    return DK_OK;
}

static int set_offset(const struct key *k, int *to, const char *value,
                      struct dk_problem *p)
{
    if (dk_offset_parse(value, to) != DK_OK)
        return dk_failf(p, DK_EFIELD, NULL,
                        "'%s' must be an offset such as +08:00, not '%s'",
                        "“%s”须为形如 +08:00 的时差，而不是“%s”", k->name,
                        value);
    return DK_OK;
}

static int set_level(const struct key *k, int64_t *to, const char *value,
                     struct dk_problem *p)
{
    enum log_level l;

    if (log_level_parse(value, &l) != DK_OK)
        return dk_failf(p, DK_EFIELD, NULL,
                        "'%s' must be error, warn, info or debug, not '%s'",
                        "“%s”须为 error、warn、info 或 debug，而不是“%s”",
                        k->name, value);
    *to = (int64_t)l;
    return DK_OK;
}

static int unknown_key(const char *name, struct dk_problem *p)
{
    const char *names[N_KEYS + 1] = {0};

    for (size_t i = 0; i < N_KEYS; i++)
        names[i] = keys[i].name;
    const char *near = dk_nearest(name, names);
    if (near != NULL)
        return dk_failf(p, DK_EFIELD, NULL,
                        "there is no key '%s'; did you mean '%s'?",
                        "没有配置项“%s”；是否想写“%s”？", name, near);
    return dk_failf(p, DK_EFIELD, NULL,
                    "there is no key '%s'; docs/OPERATIONS.md lists all keys",
                    "没有配置项“%s”；全部配置项见 docs/OPERATIONS.md", name);
}

int config_set(struct config *c, const char *name, const char *value,
               struct dk_problem *p)
{
    for (size_t i = 0; i < N_KEYS; i++) {
        const struct key *k = &keys[i];
        void *to = (char *)c + k->at;
        if (strcmp(k->name, name) != 0)
            continue;
        switch (k->type) {
        case KEY_TEXT:
            return set_text(k, to, value, p);
        case KEY_INT:
            return set_int(k, to, value, p);
        case KEY_OFFSET:
            return set_offset(k, to, value, p);
        case KEY_LEVEL:
            return set_level(k, to, value, p);
        }
    }
    return unknown_key(name, p);
}

struct load_state {
    struct config *c;
    const char *file;
    char *errors;
    size_t cap, len;
    int mistakes;
};

static int on_pair(void *arg, const char *section, const char *name,
                   const char *value)
{
    struct load_state *s = arg;
    char full[256];
    struct dk_problem p = {0};

    snprintf(full, sizeof(full), "%s.%s", section, name);
    if (config_set(s->c, full, value, &p) == DK_OK)
        return 1;
    s->mistakes++;
    int n = snprintf(s->errors + s->len, s->cap - s->len, "%s: [%s] %s: %s\n",
                     s->file, section, name, p.detail);
    if (n > 0)
        s->len += (size_t)n < s->cap - s->len ? (size_t)n : s->cap - s->len - 1;
    return 1; /* go on: every mistake is told, not only the first */
}

int config_load(struct config *c, const char *file, char *errors, size_t cap)
{
    struct load_state s = {.c = c, .file = file, .errors = errors, .cap = cap};

    errors[0] = '\0';
    struct stat st;
    if (stat(file, &st) == 0 && S_ISDIR(st.st_mode)) {
        snprintf(errors, cap, "%s: this is a folder; give a file\n", file);
        return DK_EFIELD;
    }
    int rc = ini_parse(file, on_pair, &s);
    if (rc < 0) {
        snprintf(errors, cap,
                 "%s: cannot be read: %s; check the path and its rights\n",
                 file, strerror(errno));
        return DK_ENOTFOUND;
    }
    if (rc > 0) {
        snprintf(errors + s.len, cap - s.len,
                 "%s:%d: this line is not [section], key = value or a "
                 "# comment\n",
                 file, rc);
        return DK_EFIELD;
    }
    return s.mistakes != 0 ? DK_EFIELD : DK_OK;
}

bool config_is_tcp(const char *endpoint)
{
    return strncmp(endpoint, "tcp://", 6) == 0;
}

#define BETWEEN " ,\t"

/* Bytes up to the next endpoint: a path may have spaces and commas itself. */
static size_t endpoint_len(const char *s)
{
    size_t n = 0;

    while (s[n] != '\0') {
        size_t gap = strspn(s + n, BETWEEN);
        if (gap > 0 && (s[n + gap] == '\0' || config_is_tcp(s + n + gap) ||
                        strncmp(s + n + gap, "ipc://", 6) == 0))
            break;
        n += gap > 0 ? gap : 1;
    }
    return n;
}

bool config_endpoint(const char **at, char *buf, size_t cap)
{
    const char *s = *at + strspn(*at, BETWEEN);
    size_t n = endpoint_len(s);

    *at = s;
    if (n == 0 || n >= cap)
        return false;
    memcpy(buf, s, n);
    buf[n] = '\0';
    *at = s + n + strspn(s + n, BETWEEN);
    return true;
}

bool config_is_local(const char *endpoint)
{
    const char *host = endpoint + 6;

    return !config_is_tcp(endpoint) || strncmp(host, "127.", 4) == 0 ||
           strncmp(host, "localhost:", 10) == 0 ||
           strncmp(host, "[::1]:", 6) == 0;
}

bool config_has_endpoint(const char *list, const char *endpoint)
{
    char one[256];

    while (config_endpoint(&list, one, sizeof(one)))
        if (strcmp(one, endpoint) == 0)
            return true;
    return false;
}

static int check_endpoint(const struct config *c, const char *name,
                          const char *endpoint, struct dk_problem *p)
{
    bool ipc = strncmp(endpoint, "ipc://", 6) == 0;

    if (!ipc && !config_is_tcp(endpoint))
        return dk_failf(p, DK_EFIELD, NULL,
                        "'%s' must begin with ipc:// or tcp://, not '%s'",
                        "“%s”须以 ipc:// 或 tcp:// 开头，而不是“%s”", name,
                        endpoint);
    if (ipc && strlen(endpoint) - 6 > 107)
        return dk_failf(p, DK_EFIELD, NULL,
                        "'%s': the path of an ipc endpoint may have 107 bytes "
                        "at most; choose a shorter folder than '%s'",
                        "“%s”：ipc 路径最长 107 字节，请缩短“%s”", name,
                        endpoint);
    if (c->test_clock && !config_is_local(endpoint))
        return dk_failf(
            p, DK_EFORBIDDEN, NULL,
            "'%s': '%s' can be reached from other machines, and a "
            "broker with a test clock is for trying out; listen on "
            "ipc:// or tcp://127.0.0.1",
            "“%s”：“%s”可被其他机器访问，而测试时钟仅供试用；请使用 "
            "ipc:// 或 tcp://127.0.0.1",
            name, endpoint);
    return DK_OK;
}

static int check_endpoints(const struct config *c, const char *name,
                           const char *list, struct dk_problem *p)
{
    char one[256];
    const char *at = list;
    int rc = DK_OK, n = 0;

    while (rc == DK_OK && config_endpoint(&at, one, sizeof(one))) {
        rc = check_endpoint(c, name, one, p);
        n++;
    }
    if (rc != DK_OK || (n > 0 && *at == '\0'))
        return rc;
    return dk_failf(p, DK_EFIELD, NULL,
                    "'%s' must be one or more endpoints of at most 255 bytes, "
                    "with spaces between them, not '%.100s'",
                    "“%s”须为一个或多个以空格分隔的地址（各不超过 255 字节），"
                    "而不是“%.100s”",
                    name, list);
}

/* "tcp://127.0.0.1:0" or ":*": the system chooses, each time another. */
static bool any_port(const char *endpoint)
{
    const char *colon = strrchr(endpoint, ':');

    return config_is_tcp(endpoint) && colon != NULL &&
           (strcmp(colon, ":0") == 0 || strcmp(colon, ":*") == 0);
}

static int check_store(const struct config *c, struct dk_problem *p)
{
    bool postgres = strncmp(c->store, "postgres:", 9) == 0;

    if (c->name[0] != '\0' && !postgres)
        return dk_fail(p, DK_EFIELD, NULL,
                       "'name' is for several brokers on one PostgreSQL; a "
                       "broker on SQLite is alone and has none",
                       "“name”用于共用一个 PostgreSQL 的多个服务；使用 SQLite "
                       "的服务是单独的，无须命名");
    if (c->store[0] == '\0' || strncmp(c->store, "sqlite:", 7) == 0 ||
        strcmp(c->store, "mem:") == 0 || postgres)
        return DK_OK;
    return dk_failf(
        p, DK_EFIELD, NULL,
        "'store' must be sqlite: and a file's path, or postgres: "
        "and a connection string, not '%s'",
        "“store”须为 sqlite: 加文件路径，或 postgres: 加连接字符串，"
        "而不是“%s”",
        c->store);
}

/* A service starts in another folder than its operator. */
static int check_backup(const struct config *c, struct dk_problem *p)
{
    if (c->watch.backup[0] == '\0' || c->watch.backup[0] == '/')
        return DK_OK;
    return dk_failf(p, DK_EFIELD, NULL,
                    "'backup' must be a path that begins with /, not '%s'",
                    "“backup”须为以 / 开头的路径，而不是“%s”", c->watch.backup);
}

static int check_seal(const struct config *c, struct dk_problem *p)
{
    if (c->seal.lost[0] == '\0' || seal_id_parse(c->seal.lost) != 0)
        return DK_OK;
    return dk_failf(p, DK_EFIELD, NULL,
                    "'lost' must be the 16 hex digits of a seal key's id, as "
                    "docketd names it, not '%s'",
                    "“lost”须为 docketd 所报封存密钥编号（16 位十六进制），而"
                    "不是“%s”",
                    c->seal.lost);
}

int config_check(const struct config *c, struct dk_problem *p)
{
    if (c->county < 0)
        return dk_fail(p, DK_EFIELD, NULL,
                       "the county is not set; write 'county = ' and its six "
                       "digits (GB/T 2260) under [office], or give --county",
                       "未设置县级行政区划代码；请在 [office] 下写明 county "
                       "（六位数字，GB/T 2260），或使用 --county");
    int rc = check_store(c, p);
    if (rc == DK_OK)
        rc = check_backup(c, p);
    if (rc == DK_OK)
        rc = check_seal(c, p);
    if (rc == DK_OK)
        rc = check_endpoints(c, "clients", c->clients, p);
    if (rc == DK_OK)
        rc = check_endpoints(c, "workers", c->workers, p);
    if (rc == DK_OK && !any_port(c->clients) &&
        strcmp(c->clients, c->workers) == 0)
        rc = dk_fail(p, DK_EFIELD, NULL,
                     "clients and workers must be two different endpoints",
                     "clients 与 workers 须为两个不同的地址");
    return rc;
}
