#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <ini.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <zmq.h>

#include "proto/jsonx.h"

#define PROGRAM "docket-web"
#define GO_ON   (-1)
#define AT(m)                                                                  \
    offsetof(struct web_config, m), sizeof(((struct web_config *)0)->m)

enum kind {
    TEXT,
    NUMBER
};

/* One table for the file and the command line. */
static const struct key {
    const char *name; /* in the file; the option is what follows the dot */
    enum kind kind;
    size_t at, size;
    int64_t min, max;
} keys[] = {
    {"web.listen", TEXT, AT(listen), 0, 0},
    {"web.broker", TEXT, AT(broker), 0, 0},
    {"web.server_key", TEXT, AT(server_key), 0, 0},
    {"web.data", TEXT, AT(data), 0, 0},
    {"web.page_files", TEXT, AT(page_files), 0, 0},
    {"web.book", TEXT, AT(book), 0, 0},
    {"web.policy", TEXT, AT(policy), 0, 0},
    {"web.hosts", TEXT, AT(hosts), 0, 0},
    {"web.certificate", TEXT, AT(certificate), 0, 0},
    {"web.private_key", TEXT, AT(private_key), 0, 0},
    {"limits.idle_min", NUMBER, AT(idle_min), 1, 1440},
    {"limits.session_h", NUMBER, AT(session_h), 1, 168},
    {"limits.sessions", NUMBER, AT(sessions), 1, 2000},
    {"limits.per_account", NUMBER, AT(per_account), 1, 100},
    {"limits.connections", NUMBER, AT(connections), 8, 10000},
    {"limits.password_mib", NUMBER, AT(password_mib), 8, 1024},
};
#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

static const char help[] =
    "usage: " PROGRAM " [--config FILE] [options]         serve the pages\n"
    "       " PROGRAM " account add NAME [--allow ROLES [--unit ID]]\n"
    "       " PROGRAM " account list|passwd|reset|disable|enable|remove "
    "[NAME]\n"
    "       " PROGRAM " audit [--most N]                  who logged in\n"
    "\n"
    "Serves the office's pages and a JSON API.  Every account has a key of "
    "its\n"
    "own, so the broker decides what each may see and do.  docs/WEB.md tells\n"
    "all of it.\n"
    "\n"
    "options (in the file without the dashes, '_' for '-'):\n"
    "  --config FILE        docket-web.conf\n"
    "  --listen ADDRESS     127.0.0.1:PORT, [::1]:PORT or unix:/PATH\n"
    "                       (127.0.0.1:8087)\n"
    "  --broker ENDPOINT    the broker's endpoint for clients, tcp://...\n"
    "  --server-key KEY     and its public key, or a file with it\n"
    "  --data FOLDER        the accounts (/var/lib/docket-web)\n"
    "  --page-files FOLDER  the pages (" DK_WEB_PAGE_DIR ")\n"
    "  --book FILE          names of units and officers\n"
    "  --policy FILE        names of limits\n"
    "  --hosts 'NAME ...'   names in a browser's address line that are ours\n"
    "  --certificate FILE, --private-key FILE\n"
    "                       speak TLS (PEM)\n"
    "  --idle-min N         a session ends after so long a silence (30)\n"
    "  --session-h N        and in any case after (12)\n"
    "  --sessions N, --per-account N, --connections N\n"
    "                       bounds (500, 4, 256)\n"
    "  --password-mib N     memory that guessing a password costs (64)\n"
    "\n"
    "account add:\n"
    "  --allow ROLES        tell the broker as well: handler, supervisor,\n"
    "                       auditor, administrator (commas between)\n"
    "  --unit ID            a handler's unit\n"
    "  --admin ENDPOINT     where the administrator reaches the broker\n"
    "                       ($DOCKET_CLIENTS or "
    "ipc:///run/docket/clients.sock)\n"
    "  --random             make a password and print it\n"
    "  --json               print JSON\n"
    "  --help, --version\n"
    "\n"
    "A password is asked for on the terminal, or read as one line from\n"
    "standard input.\n";

void web_config_defaults(struct web_config *c)
{
    *c = (struct web_config){
        .listen = "127.0.0.1:8087",
        .broker = "tcp://127.0.0.1:7070",
        .data = "/var/lib/docket-web",
        .page_files = DK_WEB_PAGE_DIR,
        .idle_min = 30,
        .session_h = 12,
        .sessions = 500,
        .per_account = 4,
        .connections = 256,
        .password_mib = 64,
    };
}

static int set_number(struct web_config *c, const struct key *k,
                      const char *value, struct dk_problem *p)
{
    int64_t v = 0;
    char *end;

    errno = 0;
    v = strtoll(value, &end, 10);
    if (errno != 0 || end == value || *end != '\0' || v < k->min || v > k->max)
        return dk_failf(p, DK_EFIELD, NULL, "%s is a number from %lld to %lld",
                        "%s 须为 %lld 至 %lld 的整数", k->name,
                        (long long)k->min, (long long)k->max);
    memcpy((char *)c + k->at, &v, sizeof(v));
    return 0;
}

int web_config_set(struct web_config *c, const char *name, const char *value,
                   struct dk_problem *p)
{
    const char *names[N_KEYS + 1] = {0};
    const char *near;

    for (size_t i = 0; i < N_KEYS; i++) {
        const struct key *k = &keys[i];

        names[i] = k->name;
        if (strcmp(k->name, name) != 0)
            continue;
        if (k->kind == NUMBER)
            return set_number(c, k, value, p);
        if (strlen(value) >= k->size)
            return dk_failf(p, DK_EFIELD, NULL, "%s is too long", "%s 过长",
                            name);
        memcpy((char *)c + k->at, value, strlen(value) + 1);
        return 0;
    }
    near = dk_nearest(name, names);
    return dk_failf(p, DK_EFIELD, NULL, "there is no key %.60s%s%s%s",
                    "没有配置项 %.60s%s%s%s", name,
                    near != NULL ? "; did you mean " : "",
                    near != NULL ? near : "", near != NULL ? "?" : "");
}

static int complain(const char *what, const char *word)
{
    fprintf(stderr, "%s: %s%s\nTry %s --help.\n", PROGRAM, what, word, PROGRAM);
    return EX_USAGE;
}

struct loading {
    struct web_config *c;
    const char *file;
    int mistakes;
};

static int on_pair(void *arg, const char *section, const char *name,
                   const char *value)
{
    struct loading *l = arg;
    struct dk_problem p = {0};
    char full[128];

    snprintf(full, sizeof(full), "%s.%s", section, name);
    if (web_config_set(l->c, full, value, &p) != 0) {
        fprintf(stderr, "%s: %s: %s\n", PROGRAM, l->file, p.detail);
        l->mistakes++;
    }
    return 1; /* every mistake is told, not only the first */
}

static int load(struct web_config *c, const char *file)
{
    struct loading l = {.c = c, .file = file};
    int rc = ini_parse(file, on_pair, &l);

    if (rc < 0)
        fprintf(stderr, "%s: %s cannot be read: %s\n", PROGRAM, file,
                strerrordesc_np(errno));
    else if (rc > 0)
        fprintf(stderr,
                "%s: %s:%d: this line is no [section], key = value or "
                "; comment\n",
                PROGRAM, file, rc);
    return rc != 0 || l.mistakes > 0 ? EX_CONFIG : GO_ON;
}

/* ---- the command line ----------------------------------------------------
 */

enum {
    O_CONFIG = 1000,
    O_ALLOW,
    O_UNIT,
    O_ADMIN,
    O_RANDOM,
    O_JSON,
    O_MOST,
    O_HELP,
    O_VERSION
};

static const struct option more[] = {
    {"config", required_argument, NULL, O_CONFIG},
    {"allow", required_argument, NULL, O_ALLOW},
    {"unit", required_argument, NULL, O_UNIT},
    {"admin", required_argument, NULL, O_ADMIN},
    {"random", no_argument, NULL, O_RANDOM},
    {"json", no_argument, NULL, O_JSON},
    {"most", required_argument, NULL, O_MOST},
    {"help", no_argument, NULL, O_HELP},
    {"version", no_argument, NULL, O_VERSION},
};
#define N_MORE (sizeof(more) / sizeof(more[0]))

struct spelling {
    char name[N_KEYS][32];
    struct option option[N_KEYS + N_MORE + 1];
};

/* An option for each key: "limits.idle_min" is --idle-min. */
static void spell(struct spelling *s)
{
    for (size_t i = 0; i < N_KEYS; i++) {
        snprintf(s->name[i], sizeof(s->name[i]), "%s",
                 strchr(keys[i].name, '.') + 1);
        for (char *c = s->name[i]; *c != '\0'; c++)
            if (*c == '_')
                *c = '-';
        s->option[i] =
            (struct option){s->name[i], required_argument, NULL, (int)i};
    }
    memcpy(s->option + N_KEYS, more, sizeof(more));
    s->option[N_KEYS + N_MORE] = (struct option){0};
}

static int unknown(const struct spelling *s, const char *word)
{
    const char *names[N_KEYS + N_MORE + 1] = {0};
    char bare[64], what[96];
    const char *near;

    for (size_t i = 0; i < N_KEYS + N_MORE; i++)
        names[i] = s->option[i].name;
    snprintf(bare, sizeof(bare), "%s", word + strspn(word, "-"));
    bare[strcspn(bare, "=")] = '\0';
    near = dk_nearest(bare, names);
    if (near == NULL)
        return complain("there is no option ", word);
    snprintf(what, sizeof(what), "did you mean --%s?  There is no option ",
             near);
    return complain(what, word);
}

static int apply_more(int v, const char *arg, struct web_options *o)
{
    char *end;

    switch (v) {
    case O_ALLOW:
        o->allow = arg;
        break;
    case O_UNIT:
        o->unit = arg;
        break;
    case O_ADMIN:
        o->admin = arg;
        break;
    case O_RANDOM:
        o->random = true;
        break;
    case O_JSON:
        o->json = true;
        break;
    case O_MOST:
        o->most = (int)strtol(arg, &end, 10);
        if (*end != '\0' || o->most < 1 || o->most > 100000)
            return complain("--most wants a number, 1 to 100000, not ", arg);
        break;
    case O_HELP:
        fputs(help, stdout);
        return 0;
    case O_VERSION:
        puts(PROGRAM " " DK_VERSION_TEXT);
        return 0;
    default:
        break;
    }
    return GO_ON;
}

static int apply(int v, const char *arg, struct web_options *o)
{
    struct dk_problem p = {0};

    if (v >= (int)N_KEYS)
        return apply_more(v, arg, o);
    if (web_config_set(&o->c, keys[v].name, arg, &p) == 0)
        return GO_ON;
    return complain(p.detail, "");
}

/* Once for the file, which comes first, and once for all others. */
static int walk(int argc, char **argv, const struct spelling *s, bool file,
                struct web_options *o)
{
    int v, rc = GO_ON;

    optind = 1;
    opterr = 0;
    /* One thread so far. */
    /* NOLINTNEXTLINE(concurrency-mt-unsafe) */
    while (rc == GO_ON &&
           (v = getopt_long(argc, argv, ":", s->option, NULL)) != -1) {
        if (v == ':')
            return complain("a value is missing after ", argv[optind - 1]);
        if (v == '?')
            return unknown(s, argv[optind - 1]);
        if (file == (v == O_CONFIG))
            rc = file ? load(&o->c, optarg) : apply(v, optarg, o);
    }
    o->words = argv + optind;
    o->n_words = argc - optind;
    return rc;
}

int web_options_read(int argc, char **argv, struct web_options *out)
{
    struct spelling s;
    int rc;

    /* NOLINTNEXTLINE(concurrency-mt-unsafe) */
    const char *admin = getenv("DOCKET_CLIENTS");

    *out = (struct web_options){
        .admin = admin != NULL && admin[0] != '\0'
                     ? admin
                     : "ipc:///run/docket/clients.sock",
        .most = 50,
    };
    web_config_defaults(&out->c);
    spell(&s);
    rc = walk(argc, argv, &s, true, out);
    return rc == GO_ON ? walk(argc, argv, &s, false, out) : rc;
}

/* ---- the broker's key ----------------------------------------------------
 */

static bool is_key(const char *s)
{
    uint8_t raw[32];

    return strlen(s) == DK_CLIENT_KEY - 1 && zmq_z85_decode(raw, s) != NULL;
}

int web_server_key(const struct web_config *c, char key[DK_CLIENT_KEY],
                   struct dk_problem *p)
{
    char line[128] = "";
    FILE *f;

    if (is_key(c->server_key)) {
        memcpy(key, c->server_key, DK_CLIENT_KEY);
        return 0;
    }
    f = c->server_key[0] != '\0' ? fopen(c->server_key, "re") : NULL;
    if (f != NULL) {
        if (fgets(line, sizeof(line), f) == NULL)
            line[0] = '\0';
        (void)fclose(f);
    }
    line[strcspn(line, " \t\r\n")] = '\0';
    if (is_key(line)) {
        memcpy(key, line, DK_CLIENT_KEY);
        return 0;
    }
    return dk_failf(p, DK_EFIELD, NULL,
                    "server_key '%.100s' is neither the broker's public key "
                    "(forty characters, docketctl keys list shows it) nor a "
                    "file with it",
                    "server_key“%.100s”既不是服务器公钥（40 个字符，见 "
                    "docketctl keys list），也不是存有公钥的文件",
                    c->server_key);
}
