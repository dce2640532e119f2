#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <ini.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "proto/jsonx.h"

#define PROGRAM "docket-metrics"
#define GO_ON   (-1)
#define AT(m)                                                                  \
    offsetof(struct metrics_config, m), sizeof(((struct metrics_config *)0)->m)

/* One table for the file and the command line. */
static const struct key {
    const char *name, *option;
    size_t at, size;
} keys[] = {
    {"metrics.listen", "listen", AT(listen)},
    {"metrics.broker", "broker", AT(broker)},
    {"metrics.key", "key", AT(key)},
    {"metrics.server_key", "server-key", AT(server_key)},
};
#define N_KEYS ((int)(sizeof(keys) / sizeof(keys[0])))

static const char help[] =
    "usage: " PROGRAM " [--config FILE] [options]\n"
    "\n"
    "Serves how the broker is doing: /metrics (OpenMetrics), /healthz, "
    "/readyz.\n"
    "No names and nothing of any case.\n"
    "\n"
    "options (in the file without the dashes, '_' for '-'):\n"
    "  --config FILE        docket-metrics.conf\n"
    "  --listen ADDRESS     127.0.0.1:PORT, [::1]:PORT or unix:/PATH\n"
    "                       (127.0.0.1:9464)\n"
    "  --broker ENDPOINT    the broker's endpoint for clients\n"
    "                       (ipc:///run/docket/clients.sock)\n"
    "  --key FILE           over tcp://: our key, of docketctl keys new\n"
    "  --server-key KEY     and the broker's, where FILE does not name it\n"
    "  --check-config       say whether all this is good, and end\n"
    "  --help, --version\n";

int metrics_config_set(struct metrics_config *c, const char *name,
                       const char *value, struct dk_problem *p)
{
    const char *names[N_KEYS + 1] = {0};
    const char *near;

    for (int i = 0; i < N_KEYS; i++) {
        names[i] = keys[i].name;
        if (strcmp(keys[i].name, name) != 0)
            continue;
        if (strlen(value) >= keys[i].size)
            return dk_failf(p, DK_EFIELD, NULL, "%s is too long", "%s 过长",
                            name);
        memcpy((char *)c + keys[i].at, value, strlen(value) + 1);
        return 0;
    }
    near = dk_nearest(name, names);
    return dk_failf(p, DK_EFIELD, NULL, "there is no key %.60s%s%s%s",
                    "没有配置项 %.60s%s%s%s", name,
                    near != NULL ? "; did you mean " : "",
                    near != NULL ? near : "", near != NULL ? "?" : "");
}

/* ---- the file ------------------------------------------------------------
 */

struct loading {
    struct metrics_config *c;
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
    if (metrics_config_set(l->c, full, value, &p) != 0) {
        fprintf(stderr, "%s: %s: %s\n", PROGRAM, l->file, p.detail);
        l->mistakes++;
    }
    return 1; /* every mistake is told, not only the first */
}

static int load(struct metrics_config *c, const char *file)
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
    O_CHECK,
    O_HELP,
    O_VERSION
};

static const struct option more[] = {
    {"config", required_argument, NULL, O_CONFIG},
    {"check-config", no_argument, NULL, O_CHECK},
    {"help", no_argument, NULL, O_HELP},
    {"version", no_argument, NULL, O_VERSION},
};
#define N_MORE ((int)(sizeof(more) / sizeof(more[0])))

struct line {
    struct metrics_config *c;
    struct option option[N_KEYS + N_MORE + 1];
    const char *file;
    bool check;
};

static int complain(const char *what, const char *word)
{
    fprintf(stderr, "%s: %s%s\nTry %s --help.\n", PROGRAM, what, word, PROGRAM);
    return EX_USAGE;
}

static int unknown(const struct line *l, const char *word)
{
    const char *names[N_KEYS + N_MORE + 1] = {0};
    char bare[64], what[96];
    const char *near;

    for (int i = 0; i < N_KEYS + N_MORE; i++)
        names[i] = l->option[i].name;
    snprintf(bare, sizeof(bare), "%s", word + strspn(word, "-"));
    bare[strcspn(bare, "=")] = '\0';
    near = dk_nearest(bare, names);
    if (near == NULL)
        return complain("there is no option ", word);
    snprintf(what, sizeof(what), "did you mean --%s?  There is no option ",
             near);
    return complain(what, word);
}

static int apply(struct line *l, int v, const char *arg)
{
    struct dk_problem p = {0};

    switch (v) {
    case O_CONFIG: /* read before all others */
        return GO_ON;
    case O_CHECK:
        l->check = true;
        return GO_ON;
    case O_HELP:
        fputs(help, stdout);
        return 0;
    case O_VERSION:
        puts(PROGRAM " " DK_VERSION_TEXT);
        return 0;
    default:
        if (metrics_config_set(l->c, keys[v].name, arg, &p) == 0)
            return GO_ON;
        return complain(p.detail, "");
    }
}

/* Once for the file, which comes first, and once for all others. */
static int walk(int argc, char **argv, struct line *l, bool file)
{
    int v, rc = GO_ON;

    optind = 1;
    opterr = 0;
    /* One thread so far. */
    /* NOLINTNEXTLINE(concurrency-mt-unsafe) */
    while (rc == GO_ON &&
           (v = getopt_long(argc, argv, ":", l->option, NULL)) != -1) {
        if (v == ':')
            return complain("a value is missing after ", argv[optind - 1]);
        if (v == '?')
            return unknown(l, argv[optind - 1]);
        if (!file)
            rc = apply(l, v, optarg);
        else if (v == O_CONFIG)
            rc = load(l->c, l->file = optarg);
    }
    if (rc == GO_ON && optind < argc)
        return complain("what is meant by ", argv[optind]);
    return rc;
}

static int read_keys(struct metrics_config *c)
{
    struct dk_problem p = {0};

    if (strncmp(c->broker, "tcp://", 6) != 0)
        return GO_ON;
    if (dk_client_keys_load(c->key[0] != '\0' ? c->key : NULL,
                            c->server_key[0] != '\0' ? c->server_key : NULL,
                            &c->keys, &p) == 0)
        return GO_ON;
    fprintf(stderr, "%s: %s\n", PROGRAM, p.detail);
    return EX_CONFIG;
}

int metrics_options(int argc, char **argv, struct metrics_config *out)
{
    struct line l = {.c = out};
    int rc;

    *out = (struct metrics_config){
        .listen = "127.0.0.1:9464",
        .broker = "ipc:///run/docket/clients.sock",
    };
    for (int i = 0; i < N_KEYS; i++)
        l.option[i] =
            (struct option){keys[i].option, required_argument, NULL, i};
    memcpy(l.option + N_KEYS, more, sizeof(more));
    rc = walk(argc, argv, &l, true);
    if (rc == GO_ON)
        rc = walk(argc, argv, &l, false);
    if (rc == GO_ON)
        rc = read_keys(out);
    if (rc != GO_ON || !l.check)
        return rc;
    printf(PROGRAM ": %s is good\n",
           l.file != NULL ? l.file : "the configuration");
    return 0;
}
