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
#include "proto/who.h"

#define PROGRAM "docket-relay"
#define GO_ON   (-1)
#define AT(m)                                                                  \
    offsetof(struct relay_options, m), sizeof(((struct relay_options *)0)->m)

static const struct key {
    const char *name;
    size_t at, size;
} keys[] = {
    {"from.broker", AT(end[0].broker)},
    {"from.key", AT(end[0].key)},
    {"from.server_key", AT(end[0].server_key)},
    {"to.broker", AT(end[1].broker)},
    {"to.key", AT(end[1].key)},
    {"to.server_key", AT(end[1].server_key)},
    {"carry.acts", 0, 0},
    {"carry.categories", 0, 0},
    {"carry.spool", AT(spool)},
    {"carry.spool_key", AT(spool_key)},
};
#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

static const char help[] =
    "usage: " PROGRAM " [--config FILE]          carry cases, until SIGTERM\n"
    "       " PROGRAM " [--config FILE] --check-config\n"
    "       " PROGRAM " [--config FILE] --status [--json]\n"
    "       " PROGRAM " [--config FILE] --again\n"
    "\n"
    "Carries the cases that one docket passes on to another, a county's to "
    "its\n"
    "city's, and brings home what becomes of them.  docs/RELAY.md tells all "
    "of\n"
    "it.\n"
    "\n"
    "  --config FILE    (/etc/docket/relay.conf)\n"
    "  --check-config   read it and the keys, say what is wrong, and end\n"
    "  --status         what the spool holds, and what was refused; the relay\n"
    "                   must not run (send it SIGUSR1 to have the same "
    "logged)\n"
    "  --json           that as JSON\n"
    "  --again          what was refused is to be tried again\n"
    "  --help, --version\n"
    "\n"
    "Exit status: 0 done; 64 a wrong option; 66 there is no spool; 74 the "
    "disk;\n"
    "75 another relay has the spool; 78 a wrong configuration or key.\n";

/* ---- values -------------------------------------------------------------- */

/* Take the next of words with commas between them; "" when there is none. */
static void next_word(const char **at, char *out, size_t cap)
{
    size_t n;

    *at += strspn(*at, ", \t");
    n = strcspn(*at, ",");
    snprintf(out, cap, "%.*s", (int)n, *at);
    *at += n;
    for (n = strlen(out); n > 0 && (out[n - 1] == ' ' || out[n - 1] == '\t');)
        out[--n] = '\0';
}

static int set_acts(struct shape_rules *r, const char *value,
                    struct dk_problem *p)
{
    char word[64];

    r->n_acts = 0;
    for (;;) {
        next_word(&value, word, sizeof(word));
        if (word[0] == '\0')
            break;
        if (strcmp(word, "transferred") != 0 &&
            strcmp(word, "handed_over") != 0)
            return dk_failf(p, DK_EFIELD, NULL,
                            "carry.acts: '%.40s' passes no case on; write "
                            "transferred, handed_over or both, with a comma",
                            "carry.acts：“%.40s”不是转出案件的操作；请填写 "
                            "transferred、handed_over 或两者，以逗号分隔",
                            word);
        if (r->n_acts < SHAPE_RULES)
            snprintf(r->acts[r->n_acts++], DK_ID_MAX + 1, "%s", word);
    }
    return 0;
}

static int set_categories(struct shape_rules *r, const char *value,
                          struct dk_problem *p)
{
    char word[201];

    r->n_categories = 0;
    for (;;) {
        next_word(&value, word, sizeof(word));
        if (word[0] == '\0')
            return 0;
        if (r->n_categories == SHAPE_RULES)
            return dk_failf(p, DK_EFIELD, NULL,
                            "carry.categories: %d at most; name those above",
                            "carry.categories：最多 %d 个；请填写上级类别",
                            SHAPE_RULES);
        snprintf(r->category[r->n_categories++], sizeof(r->category[0]), "%s",
                 word);
    }
}

static int set_respondent(struct shape_rules *r, const char *here,
                          const char *there, struct dk_problem *p)
{
    int rc = dk_name_check(here, DK_ID_MAX, NULL, p);
    size_t i = (size_t)r->n_names;

    if (rc == 0)
        rc = dk_name_check(there, DK_ID_MAX, NULL, p);
    if (rc != 0)
        return rc;
    if (r->n_names == SHAPE_NAMES)
        return dk_failf(p, DK_EFIELD, NULL, "[respondents]: %d units at most",
                        "[respondents]：最多 %d 个单位", SHAPE_NAMES);
    memcpy(r->name[i].here, here, strlen(here) + 1); /* checked above */
    memcpy(r->name[i].there, there, strlen(there) + 1);
    r->n_names++;
    return 0;
}

static int set_value(struct relay_options *o, const char *name,
                     const char *value, struct dk_problem *p)
{
    const char *names[N_KEYS + 1] = {0};
    const char *near;

    if (strncmp(name, "respondents.", 12) == 0)
        return set_respondent(&o->rules, name + 12, value, p);
    for (size_t i = 0; i < N_KEYS; i++) {
        const struct key *k = &keys[i];

        names[i] = k->name;
        if (strcmp(k->name, name) != 0)
            continue;
        if (strcmp(name, "carry.acts") == 0)
            return set_acts(&o->rules, value, p);
        if (strcmp(name, "carry.categories") == 0)
            return set_categories(&o->rules, value, p);
        if (strlen(value) >= k->size)
            return dk_failf(p, DK_EFIELD, NULL, "%s is too long", "%s 过长",
                            name);
        memcpy((char *)o + k->at, value, strlen(value) + 1);
        return 0;
    }
    near = dk_nearest(name, names);
    return dk_failf(p, DK_EFIELD, NULL, "there is no key %.60s%s%s%s",
                    "没有配置项 %.60s%s%s%s", name,
                    near != NULL ? "; did you mean " : "",
                    near != NULL ? near : "", near != NULL ? "?" : "");
}

/* ---- the file ------------------------------------------------------------ */

struct loading {
    struct relay_options *o;
    int mistakes;
};

static int on_pair(void *arg, const char *section, const char *name,
                   const char *value)
{
    struct loading *l = arg;
    struct dk_problem p = {0};
    char full[160];

    snprintf(full, sizeof(full), "%s.%s", section, name);
    if (set_value(l->o, full, value, &p) != 0) {
        fprintf(stderr, "%s: %s: %s\n", PROGRAM, l->o->config, p.detail);
        l->mistakes++;
    }
    return 1; /* every mistake is told, not only the first */
}

static int load(struct relay_options *o)
{
    struct loading l = {.o = o};
    struct dk_problem p = {0};
    int rc = ini_parse(o->config, on_pair, &l);

    if (rc < 0)
        fprintf(stderr, "%s: %s cannot be read: %s\n", PROGRAM, o->config,
                strerrordesc_np(errno));
    else if (rc > 0)
        fprintf(stderr,
                "%s: %s:%d: this line is no [section], key = value or "
                "; comment\n",
                PROGRAM, o->config, rc);
    else if (l.mistakes == 0 && relay_options_check(o, &p) != 0)
        fprintf(stderr, "%s: %s: %s\n", PROGRAM, o->config, p.detail);
    else if (l.mistakes == 0)
        return GO_ON;
    return EX_CONFIG;
}

int relay_options_check(const struct relay_options *o, struct dk_problem *p)
{
    static const char *const side[] = {"from", "to"};

    for (int i = 0; i < 2; i++) {
        const struct relay_end *e = &o->end[i];

        if (strncmp(e->broker, "tcp://", 6) != 0)
            return dk_failf(p, DK_EFIELD, NULL,
                            "%s.broker must be the endpoint of a docket for "
                            "clients, tcp://HOST:PORT",
                            "%s.broker 须为平台的客户端地址 tcp://HOST:PORT",
                            side[i]);
        if (e->key[0] == '\0' || e->server_key[0] == '\0')
            return dk_failf(
                p, DK_EFIELD, NULL,
                "%s.key and %s.server_key must be set: the key "
                "file of docketctl keys new, and the public key of "
                "that docket",
                "须填写 %s.key 和 %s.server_key：docketctl keys new "
                "生成的密钥文件，以及该平台的公钥",
                side[i], side[i]);
    }
    if (o->rules.n_acts == 0)
        return dk_fail(p, DK_EFIELD, NULL,
                       "carry.acts is empty: nothing would be carried",
                       "carry.acts 为空：不会流转任何案件");
    return 0;
}

/* A key, or the first word of the file that is named. */
static const char *server_key(const struct relay_end *e, char line[128])
{
    FILE *f = fopen(e->server_key, "re");

    snprintf(line, 128, "%s", e->server_key);
    if (f == NULL)
        return line;
    if (fgets(line, 128, f) == NULL)
        line[0] = '\0';
    (void)fclose(f);
    line[strcspn(line, " \t\r\n")] = '\0';
    return line;
}

/* A name without a folder is that of a credential, or a file of ours. */
static void find_key(const char *name, char *out, size_t cap)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe) */
    const char *folder = getenv("CREDENTIALS_DIRECTORY");

    if (strchr(name, '/') != NULL)
        snprintf(out, cap, "%s", name);
    else
        snprintf(out, cap, "%s/%s", folder != NULL ? folder : "/etc/docket",
                 name);
}

int relay_options_keys(struct relay_options *o, struct dk_problem *p)
{
    char line[128], file[2 * RELAY_PATH];
    int rc = 0;

    for (int i = 0; i < 2 && rc == 0; i++) {
        find_key(o->end[i].key, file, sizeof(file));
        rc = dk_client_keys_load(file, server_key(&o->end[i], line),
                                 &o->end[i].keys, p);
    }
    return rc;
}

/* ---- the command line ---------------------------------------------------- */

static const struct option options[] = {
    {"config", required_argument, NULL, 'c'},
    {"check-config", no_argument, NULL, 'k'},
    {"status", no_argument, NULL, 's'},
    {"again", no_argument, NULL, 'a'},
    {"json", no_argument, NULL, 'j'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'v'},
    {NULL, 0, NULL, 0},
};

static int wrong(const char *what, const char *word)
{
    const char *names[sizeof(options) / sizeof(options[0])] = {0};
    char bare[64];
    const char *near;

    for (size_t i = 0; options[i].name != NULL; i++)
        names[i] = options[i].name;
    snprintf(bare, sizeof(bare), "%s", word + strspn(word, "-"));
    bare[strcspn(bare, "=")] = '\0';
    near = dk_nearest(bare, names);
    fprintf(stderr, "%s: %s%s%s%s\nTry %s --help.\n", PROGRAM, what, word,
            near != NULL ? "; did you mean --" : "", near != NULL ? near : "",
            PROGRAM);
    return EX_USAGE;
}

static int apply(int v, struct relay_options *o)
{
    switch (v) {
    case 'c':
        o->config = optarg;
        break;
    case 'k':
        o->check = true;
        break;
    case 's':
        o->status = true;
        break;
    case 'a':
        o->again = true;
        break;
    case 'j':
        o->json = true;
        break;
    case 'h':
        fputs(help, stdout);
        return 0;
    default:
        puts(PROGRAM " " DK_VERSION_TEXT);
        return 0;
    }
    return GO_ON;
}

int relay_options_read(int argc, char **argv, struct relay_options *out)
{
    int v, rc = GO_ON;

    *out = (struct relay_options){
        .config = "/etc/docket/relay.conf",
        .end = {{.key = "relay-from.key"}, {.key = "relay-to.key"}},
        .spool = "/var/lib/docket-relay/relay.db",
        .spool_key = "/var/lib/docket-relay/seal.key",
        .rules = {.acts = {"transferred", "handed_over"}, .n_acts = 2},
    };
    opterr = 0;
    /* One thread so far. */
    /* NOLINTNEXTLINE(concurrency-mt-unsafe) */
    while (rc == GO_ON &&
           (v = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        if (v == ':')
            return wrong("a value is missing after ", argv[optind - 1]);
        if (v == '?')
            return wrong("there is no option ", argv[optind - 1]);
        rc = apply(v, out);
    }
    if (rc == GO_ON && optind < argc)
        return wrong("there is no command ", argv[optind]);
    return rc == GO_ON ? load(out) : rc;
}
