#include "complete.h"

#include <string.h>

#include "actions.h"

struct comp {
    FILE *out;
    bool zh;
    const char *typed; /* the word under the cursor, as far as it is there */
};

static bool starts(const char *word, const char *with)
{
    return strncmp(word, with, strlen(with)) == 0;
}

/* A candidate `before` + `word` + `after`, if that is what is being typed. */
static void put(const struct comp *c, const char *before, const char *word,
                const char *after, const char *what)
{
    char all[200];

    (void)snprintf(all, sizeof all, "%s%s%s", before, word, after);
    if (!starts(all, c->typed))
        return;
    (void)fputs(all, c->out);
    if (what != NULL)
        (void)fprintf(c->out, "\t%s", what);
    (void)fputc('\n', c->out);
}

static void put_options(const struct comp *c, const struct opt *o)
{
    for (; o != NULL && o->name != NULL; o++)
        put(c, "--", o->name, "", c->zh ? o->zh : o->en);
}

/* Is what --help calls its value the name of a file? */
static bool is_file(const char *arg)
{
    static const char *const names[] = {"FILE", "FOLDER", "DIR",
                                        "NEW",  "OLD",    "POLICY",
                                        "BOOK", "UNITS",  "CALENDAR"};

    if (arg == NULL)
        return false;
    arg += arg[0] == '[' ? 1 : 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t n = strlen(names[i]);
        if (starts(arg, names[i]) && !(arg[n] >= 'A' && arg[n] <= 'Z'))
            return true;
    }
    return false;
}

static void put_value(const struct comp *c, const char *before,
                      const struct opt *o)
{
    for (int i = 0; o->names != NULL && o->names[i] != NULL; i++)
        put(c, before, o->names[i], "", NULL);
    if (is_file(o->arg))
        (void)fputs(":files\n", c->out);
}

static const struct opt *find_in(const struct opt *o, const char *name,
                                 size_t n)
{
    for (; o != NULL && o->name != NULL; o++)
        if (strlen(o->name) == n && memcmp(o->name, name, n) == 0)
            return o;
    return NULL;
}

/* The option that a word such as --json or --lang=en names, or NULL. */
static const struct opt *option_of(const struct command *cmd, const char *word)
{
    if (word[0] != '-' || word[1] != '-' || word[2] == '\0')
        return NULL;
    size_t n = strcspn(word + 2, "=");
    const struct opt *o = find_in(global_opts, word + 2, n);
    return o != NULL || cmd == NULL ? o : find_in(cmd->opts, word + 2, n);
}

static bool takes_next(const struct opt *o, const char *word)
{
    return o != NULL && o->kind != OPT_FLAG && strchr(word, '=') == NULL;
}

/* Words of names of commands: the first, or (after `group`) the second. */
static void put_commands(const struct comp *c, const char *group)
{
    size_t len = group == NULL ? 0 : strlen(group);
    char last[40] = "";

    for (const struct command *k = commands; k->name != NULL; k++) {
        const char *what = c->zh ? k->zh : k->en;
        if (group != NULL) {
            if (starts(k->name, group) && k->name[len] == ' ')
                put(c, "", k->name + len + 1, "", what);
            continue;
        }
        size_t n = strcspn(k->name, " ");
        if (strlen(last) == n && memcmp(last, k->name, n) == 0)
            continue;
        (void)snprintf(last, sizeof last, "%.*s", (int)n, k->name);
        put(c, "", last, "", k->name[n] == '\0' ? what : NULL);
    }
}

static void put_fields(const struct comp *c, const struct action *a)
{
    char before[40];

    for (const struct field *f = a->field; f->kind != FIELD_END; f++) {
        if (strchr(c->typed, '=') == NULL) {
            put(c, "", f->name, "=", NULL);
            continue;
        }
        (void)snprintf(before, sizeof before, "%s=", f->name);
        for (int i = 0; f->names != NULL && f->names[i] != NULL; i++)
            put(c, before, f->names[i], "", NULL);
    }
}

/* act CASE ACTION FIELD=VALUE...: `pos` are the words before the cursor's. */
static void put_act(const struct comp *c, int n, const char *const pos[])
{
    if (n == 1)
        for (const struct action *a = actions; a->name != NULL; a++)
            put(c, "", a->name, "", c->zh ? a->zh : a->en);
    for (const struct action *a = actions; n >= 2 && a->name != NULL; a++)
        if (strcmp(a->name, pos[1]) == 0)
            put_fields(c, a);
}

/* The `n`-th word that --help shows after the command: a file? */
static void put_word(const struct comp *c, const struct command *cmd, int n)
{
    const char *w = cmd->words;

    if (cmd->max_words >= 0 && n >= cmd->max_words)
        return;
    for (int i = 0; i < n && *w != '\0'; i++) {
        w += strcspn(w, " ");
        w += strspn(w, " ");
    }
    if (is_file(w))
        (void)fputs(":files\n", c->out);
}

/* The command that argv[0..n) begins with; *used is how many words it has. */
static const struct command *command_of(int n, const char *const argv[],
                                        int *used)
{
    const struct command *best = NULL;

    *used = 0;
    for (const struct command *k = commands; k->name != NULL; k++) {
        size_t len = strcspn(k->name, " ");
        if (strlen(argv[0]) != len || memcmp(argv[0], k->name, len) != 0)
            continue;
        bool two = k->name[len] == ' ';
        if (two && (n < 2 || strcmp(argv[1], k->name + len + 1) != 0))
            continue;
        if (best == NULL || two) {
            best = k;
            *used = two ? 2 : 1;
        }
    }
    return best;
}

static void after_command(const struct comp *c, const struct command *cmd,
                          int argc, const char *const argv[])
{
    const char *pos[2] = {NULL, NULL};
    int n = 0;

    for (int i = 0; i + 1 < argc; i++) {
        const struct opt *o = option_of(cmd, argv[i]);
        if (takes_next(o, argv[i])) {
            if (i + 2 == argc) {
                put_value(c, "", o);
                return;
            }
            i++;
        } else if (argv[i][0] != '-') {
            if (n < 2)
                pos[n] = argv[i];
            n++;
        }
    }
    const struct opt *o = option_of(cmd, c->typed);
    const char *value = strchr(c->typed, '=');
    if (o != NULL && value != NULL) {
        char before[60];
        (void)snprintf(before, sizeof before, "--%s=", o->name);
        put_value(c, before, o);
    } else if (c->typed[0] == '-') {
        put_options(c, cmd == NULL ? NULL : cmd->opts);
        put_options(c, global_opts);
    } else if (cmd == NULL) {
        put_commands(c, NULL);
    } else if (strcmp(cmd->name, "act") == 0) {
        put_act(c, n, pos);
    } else {
        put_word(c, cmd, n);
    }
}

void complete_line(FILE *out, bool zh, int argc, const char *const argv[])
{
    int first = 0, used = 0;

    if (argc == 0)
        return;
    struct comp c = {.out = out, .zh = zh, .typed = argv[argc - 1]};
    while (first + 1 < argc && argv[first][0] == '-')
        first += takes_next(option_of(NULL, argv[first]), argv[first]) ? 2 : 1;
    if (first + 1 >= argc) { /* before the command, or its first word */
        after_command(&c, NULL, argc, argv);
        return;
    }
    const struct command *cmd =
        command_of(argc - 1 - first, argv + first, &used);
    if (argc - first == 2 && c.typed[0] != '-')
        put_commands(&c, argv[first]);
    if (cmd != NULL)
        after_command(&c, cmd, argc - first - used, argv + first + used);
}
