#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "proto/jsonx.h"

enum {
    VAL_HELP = 1000,
    VAL_VERSION,
    VAL_FIRST
};

static void print_option(const struct option_def *o)
{
    char left[64];

    if (o->arg != NULL)
        snprintf(left, sizeof(left), "--%s %s", o->name, o->arg);
    else
        snprintf(left, sizeof(left), "--%s", o->name);
    printf("  %-24s %s\n", left, o->help);
}

static void print_help(const struct option_program *prog)
{
    static const struct option_def own[] = {
        {.name = "help", .help = "this text"},
        {.name = "version", .help = "the version"},
    };

    printf("usage: %s [options]\n\n%s\n\noptions:\n", prog->name, prog->about);
    for (const struct option_def *o = prog->opt; o->name != NULL; o++)
        print_option(o);
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        print_option(&own[i]);
    if (prog->after != NULL)
        printf("\n%s\n", prog->after);
}

static int complain(const struct option_program *prog, const char *what)
{
    fprintf(stderr, "%s: %s\nTry %s --help.\n", prog->name, what, prog->name);
    return EX_USAGE;
}

static int unknown(const struct option_program *prog, const char *word)
{
    const char *names[OPTIONS_MAX + 3];
    char bare[64], what[256];
    const char *near;
    int n = 0;

    for (const struct option_def *o = prog->opt; o->name != NULL; o++)
        names[n++] = o->name;
    names[n++] = "help";
    names[n++] = "version";
    names[n] = NULL;

    snprintf(bare, sizeof(bare), "%s", word + strspn(word, "-"));
    bare[strcspn(bare, "=")] = '\0';
    near = dk_nearest(bare, names);
    if (near != NULL)
        snprintf(what, sizeof(what),
                 "there is no option %.100s; did you mean --%s?", word, near);
    else
        snprintf(what, sizeof(what), "there is no option %.100s", word);
    return complain(prog, what);
}

static void *place(void *values, const struct option_def *o)
{
    return (char *)values + o->at;
}

static int store_int(const struct option_program *prog, void *values,
                     const struct option_def *o, const char *text)
{
    char what[256];
    char *end;
    long v;

    errno = 0;
    v = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || v < o->min || v > o->max) {
        snprintf(what, sizeof(what),
                 "--%s wants a whole number from %d to %d, not \"%.100s\"",
                 o->name, o->min, o->max, text);
        return complain(prog, what);
    }
    *(int *)place(values, o) = (int)v;
    return OPTIONS_GO;
}

static int store(const struct option_program *prog, void *values,
                 const struct option_def *o, const char *text)
{
    char what[128];

    if (o->kind == OPTION_FLAG) {
        *(int *)place(values, o) = 1;
        return OPTIONS_GO;
    }
    if (text[0] == '\0') {
        snprintf(what, sizeof(what), "--%s wants a value, not an empty text",
                 o->name);
        return complain(prog, what);
    }
    if (o->kind == OPTION_INT)
        return store_int(prog, values, o, text);
    *(const char **)place(values, o) = text;
    return OPTIONS_GO;
}

static int missing_value(const struct option_program *prog, const char *word)
{
    char what[160];

    snprintf(what, sizeof(what), "%.100s wants a value", word);
    return complain(prog, what);
}

/* What getopt_long() needs, made from our table. */
static void make_long(const struct option_program *prog, struct option *out)
{
    int i = 0;

    for (; prog->opt[i].name != NULL && i < OPTIONS_MAX; i++) {
        out[i] = (struct option){
            .name = prog->opt[i].name,
            .has_arg = prog->opt[i].kind == OPTION_FLAG ? no_argument
                                                        : required_argument,
            .val = VAL_FIRST + i,
        };
    }
    out[i++] = (struct option){.name = "help", .val = VAL_HELP};
    out[i++] = (struct option){.name = "version", .val = VAL_VERSION};
    out[i] = (struct option){0};
}

int options_parse(const struct option_program *prog, void *values, int argc,
                  char **argv)
{
    struct option table[OPTIONS_MAX + 3];
    int v;

    make_long(prog, table);
    optind = 1;
    opterr = 0;
    /* One thread so far: getopt's static state is ours alone. */
    /* NOLINTNEXTLINE(concurrency-mt-unsafe) */
    while ((v = getopt_long(argc, argv, ":", table, NULL)) != -1) {
        if (v == VAL_HELP) {
            print_help(prog);
            return 0;
        }
        if (v == VAL_VERSION) {
            printf("%s %s\n", prog->name, DK_VERSION_TEXT);
            return 0;
        }
        if (v == ':')
            return missing_value(prog, argv[optind - 1]);
        if (v < VAL_FIRST)
            return unknown(prog, argv[optind - 1]);

        int rc = store(prog, values, &prog->opt[v - VAL_FIRST], optarg);

        if (rc != OPTIONS_GO)
            return rc;
    }
    if (optind < argc)
        return unknown(prog, argv[optind]);
    return OPTIONS_GO;
}

int options_need(const struct option_program *prog, const void *values)
{
    char what[160];

    for (const struct option_def *o = prog->opt; o->name != NULL; o++) {
        if (!o->required || o->kind != OPTION_TEXT)
            continue;
        if (*(const char *const *)((const char *)values + o->at) == NULL) {
            snprintf(what, sizeof(what), "--%s %s is missing", o->name, o->arg);
            return complain(prog, what);
        }
    }
    return OPTIONS_GO;
}
