/* opts.h - the command line, read from the same tables that --help prints.
 * Pure.
 */
#ifndef DK_CTL_OPTS_H
#define DK_CTL_OPTS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/problem.h"

enum opt_kind {
    OPT_FLAG,
    OPT_TEXT,
    OPT_INT,  /* min..max */
    OPT_NAME, /* one of `names` */
    OPT_TIME, /* RFC 3339 or a date */
    OPT_SPAN  /* 90m, 3d */
};

struct opt {
    const char *name; /* without the dashes; NULL ends a table */
    enum opt_kind kind;
    const char *member; /* of the request's body that it fills; NULL: none */
    const char *arg;    /* what its value is called; NULL for a flag */
    const char *en, *zh;
    int64_t min, max;         /* OPT_INT */
    const char *const *names; /* OPT_NAME, NULL-terminated */
};

#define ARGS_OPTS 64

struct args {
    struct {
        const struct opt *opt;
        const char *value; /* "" for a flag */
    } set[ARGS_OPTS];
    int n_set;
    const char **pos; /* owned array of borrowed words */
    int n_pos;
};

/* Read argv[0..argc) with the options of both tables (`more` may be NULL).
 * Options and words mix; "--" ends the options; "-" is a word.  Values are
 * checked by kind, but for times, which may need the office's offset.  On
 * failure (DK_EFIELD, DK_ENOMEM) there is nothing to free.
 */
int args_parse(struct args *a, const struct opt *table, const struct opt *more,
               int argc, const char *const argv[], struct dk_problem *p);
void args_fini(struct args *a);

/* The last value given, or NULL; for a flag "" when it is set. */
const char *args_get(const struct args *a, const char *name);
bool args_has(const struct args *a, const char *name);
int64_t args_int(const struct args *a, const char *name, int64_t otherwise);

/* Index of the first word of argv that is not an option or an option's value,
 * reading options of `table` only; argc if there is none.  Unknown options
 * fail with the nearest known one named.
 */
int args_first_word(const struct opt *table, int argc, const char *const argv[],
                    int *out, struct dk_problem *p);

/* A whole number of decimal digits with an optional minus; 0 or DK_EFIELD. */
int int_parse(const char *s, int64_t min, int64_t max, int64_t *out);

#endif /* DK_CTL_OPTS_H */
