/* policy_text.h - what a policy says, in words and as values; private to
 * core/policy*.c.
 */
#ifndef DK_POLICY_TEXT_H
#define DK_POLICY_TEXT_H

#include "policy_impl.h"

/* A text that grows; all zero is an empty one. */
struct pol_text {
    char *buf;
    size_t len, cap;
    bool oom; /* and then every later call does nothing */
};
__attribute__((format(printf, 2, 3))) void pol_put(struct pol_text *t,
                                                   const char *fmt, ...);
/* In `width` columns, two spaces before the next; 0: as long as it is. */
void pol_put_cell(struct pol_text *t, const char *s, int width);
/* Columns a text takes on a terminal; Chinese takes two each. */
int pol_width(const char *s);
/* The text, which the caller frees; NULL when out of memory. */
char *pol_take(struct pol_text *t);

/* A member of a clock or a version, as the file calls it: its value as JSON,
 * by which two files are compared, and in words.  `k` is NULL for a version.
 */
struct pol_member {
    const char *name, *en, *zh;
    void (*json)(struct dk_jw *w, const struct pol_version *v,
                 const struct pol_clock *k);
    void (*say)(struct pol_text *t, const struct pol_version *v,
                const struct pol_clock *k, bool en);
};
/* Both end with a NULL name. */
extern const struct pol_member pol_clock_members[];
extern const struct pol_member pol_version_members[];

/* 1 when both say the same, 0 when not, or DK_ENOMEM. */
int pol_same_member(const struct pol_member *m, const struct pol_version *va,
                    const struct pol_clock *ka, const struct pol_version *vb,
                    const struct pol_clock *kb);
int pol_same_version(const struct pol_version *a, const struct pol_version *b);

/* Pieces of these. */
void pol_say_word(struct pol_text *t, const char *group, const char *name,
                  bool en);
/* What parts it from what stands before, if something does since `start`. */
void pol_say_sep(struct pol_text *t, size_t start, bool en);
/* The names of a mask, in the order of `names`. */
void pol_say_mask(struct pol_text *t, const char *group, uint64_t mask,
                  const char *const names[], bool en);
void pol_say_events(struct pol_text *t, uint64_t mask, bool en);
void pol_say_days(struct pol_text *t, int n, bool working, bool en);
/* "60 days", "5 working days", "report_days, else 60 days". */
void pol_say_length(struct pol_text *t, const struct pol_clock *k, bool en);
/* The name in the language, else the one there is, else "-". */
const char *pol_name(const struct dk_rj_name *n, bool en);
void pol_json_name(struct dk_jw *w, const struct dk_rj_name *n);
void pol_json_mask(struct dk_jw *w, const char *key, uint64_t mask,
                   const char *const names[]);
void pol_json_events(struct dk_jw *w, uint64_t mask);

#endif /* DK_POLICY_TEXT_H */
