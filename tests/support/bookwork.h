/* bookwork.h - a book in a test, and what it answers for a case. */
#ifndef DK_TEST_BOOKWORK_H
#define DK_TEST_BOOKWORK_H

#include "tests/support/casework.h"

#include "core/book.h"

struct bookwork {
    struct casework w;
    struct dk_book *b;
    struct dk_jw out;
};

static inline void bw_load(struct bookwork *k, const char *text, size_t len)
{
    struct dk_report r = {0};

    dk_book_free(k->b);
    k->b = dk_book_load("book", text, len, &r);
    if (k->b == NULL || r.warnings != 0)
        fail_msg("%s", r.text);
    dk_report_fini(&r);
}

static inline void bw_load_file(struct bookwork *k, const char *path)
{
    size_t len = 0;
    char *text = cw_read_file(path, &len);

    bw_load(k, text, len);
    free(text);
}

/* A book of a test's own around "units", "rules", ..: `more` are members. */
static inline void bw_load_units(struct bookwork *k, const char *units,
                                 const char *more)
{
    char text[16384];
    int n = snprintf(text, sizeof text,
                     "{\"format\":\"docket-units/1\",\"county\":\"330699\","
                     "\"office\":\"o\",\"default\":\"o\",\"units\":["
                     "{\"id\":\"top\",\"name\":\"顶\"},{\"id\":\"o\","
                     "\"name\":\"办\",\"parent\":\"top\"},%s]%s%s}",
                     units, more[0] != '\0' ? "," : "", more);

    assert_in_range(n, 1, sizeof text - 1);
    bw_load(k, text, (size_t)n);
}

/* What the book answers for the case's latest event. */
static inline const char *bw_answer(struct bookwork *k)
{
    struct dk_problem why = {0};
    const struct dk_event *e = &k->w.last.v[k->w.last.n - 1];

    dk_jw_reset(&k->out);
    if (dk_book_assign(k->b, k->w.c, e, &k->out, &why) != 0)
        fail_msg("%s", why.detail);
    return k->out.buf;
}

/* The same, applied. */
static inline void bw_assign(struct bookwork *k)
{
    const char *commands = bw_answer(k);

    cw_apply(&k->w, commands);
}

static inline void bw_submit(struct bookwork *k, const char *at,
                             const char *more)
{
    cw_submit(&k->w, at, more);
    bw_assign(k);
}

static inline void bw_says(struct bookwork *k, const char *part)
{
    if (strstr(k->out.buf, part) == NULL)
        fail_msg("\"%s\" is not said in %s", part, k->out.buf);
}

static inline void bw_says_not(struct bookwork *k, const char *part)
{
    if (strstr(k->out.buf, part) != NULL)
        fail_msg("\"%s\" is said in %s", part, k->out.buf);
}

static inline int bw_setup(void **state)
{
    struct bookwork *k = calloc(1, sizeof *k);

    assert_non_null(k);
    *state = k;
    return 0;
}

static inline int bw_teardown(void **state)
{
    struct bookwork *k = *state;

    cw_fini(&k->w);
    dk_book_free(k->b);
    dk_jw_fini(&k->out);
    free(k);
    return 0;
}

#define BW(f) cmocka_unit_test_setup_teardown(f, bw_setup, bw_teardown)

#endif /* DK_TEST_BOOKWORK_H */
