/* options.h - one table of options feeds parsing, --help and the mistakes'
 * "did you mean".
 */
#ifndef DK_WORKER_OPTIONS_H
#define DK_WORKER_OPTIONS_H

#include <stddef.h>

/* Options of one program, --help and --version apart. */
#define OPTIONS_MAX 24

enum option_kind {
    OPTION_FLAG, /* int: becomes 1 */
    OPTION_TEXT, /* const char *: borrowed from argv, not empty */
    OPTION_INT   /* int: in min..max */
};

struct option_def {
    const char *name; /* without the two hyphens */
    enum option_kind kind;
    size_t at;       /* offset of the value in the program's own struct */
    const char *arg; /* what --help calls its argument; NULL for a flag */
    const char *help;
    int min, max;
    int required; /* checked by options_need() */
};

/* The two options of a worker's keys, for members key_file and server_key. */
#define OPTION_KEYS(type)                                                      \
    {.name = "key",                                                            \
     .kind = OPTION_TEXT,                                                      \
     .at = offsetof(type, key_file),                                           \
     .arg = "FILE",                                                            \
     .help = "over tcp://: our key, of docketctl keys new ($DOCKET_KEY)"},     \
    {                                                                          \
        .name = "server-key", .kind = OPTION_TEXT,                             \
        .at = offsetof(type, server_key), .arg = "KEY",                        \
        .help = "and the broker's, unless it is in FILE"                       \
    }

struct option_program {
    const char *name;
    const char *about;            /* what it does, one line or several */
    const char *after;            /* printed below the options, or NULL */
    const struct option_def *opt; /* ends with a NULL name */
};

enum {
    OPTIONS_GO = -1
};

/* Fill `values`, the struct that the table's offsets are in.
 * OPTIONS_GO, or the status to exit with: 0 after --help or --version, 64
 * after a mistake, which was written to standard error.
 */
int options_parse(const struct option_program *prog, void *values, int argc,
                  char **argv);

/* 64, with a message, if a required TEXT option was not given, else
 * OPTIONS_GO.  Called after options_parse(), when all of them are needed.
 */
int options_need(const struct option_program *prog, const void *values);

#endif /* DK_WORKER_OPTIONS_H */
