/* book_code.c - codes of places: GB/T 2260 for provinces, cities and counties,
 * nine digits for a township, twelve for a village or neighbourhood.
 */
#include <stdio.h>
#include <string.h>

#include "book_impl.h"

const char *const book_kind_names[] = {"",           "province", "city",
                                       "county",     "township", "village",
                                       "department", NULL};

/* The first two digits of GB/T 2260. */
static bool is_province(const char *code)
{
    static const char known[] = "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 "
                                "41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 "
                                "65 71 81 82";
    const char two[] = {code[0], code[1], '\0'};

    return strstr(known, two) != NULL;
}

static bool is_zero(const char *digits, size_t n)
{
    return strspn(digits, "0") >= n;
}

/* A code of six digits. */
static enum book_kind six_kind(const char *code, char hint[128])
{
    if (!is_province(code)) {
        (void)snprintf(hint, 128,
                       "no province has the code %.2s; see GB/T 2260", code);
        return BOOK_KIND_NONE;
    }
    if (is_zero(code + 2, 4))
        return BOOK_PROVINCE;
    if (is_zero(code + 4, 2))
        return BOOK_CITY;
    if (is_zero(code + 2, 2)) {
        (void)snprintf(hint, 128,
                       "digits 3 and 4 of a county's code are not 00; see "
                       "GB/T 2260");
        return BOOK_KIND_NONE;
    }
    return BOOK_COUNTY;
}

enum book_kind book_code_kind(const char *code, char hint[128])
{
    size_t n = strspn(code, "0123456789"), keep = 0;

    hint[0] = '\0';
    if (code[n] != '\0' || (n != 6 && n != 9 && n != 12)) {
        (void)snprintf(hint, 128,
                       "write six digits for a county, nine for a township, "
                       "twelve for a village");
        return BOOK_KIND_NONE;
    }
    if (n == 6)
        return six_kind(code, hint);
    if (is_zero(code + 6, n - 6))
        keep = 6;
    else if (n == 12 && is_zero(code + 9, 3))
        keep = 9;
    if (keep > 0) {
        (void)snprintf(hint, 128,
                       "the zeros only fill it up; write its first %d digits, "
                       "%.*s",
                       (int)keep, (int)keep, code);
        return BOOK_KIND_NONE;
    }
    if (is_zero(code + 6, 3)) {
        (void)snprintf(hint, 128, "digits 7 to 9 are a township's, not 000");
        return BOOK_KIND_NONE;
    }
    if (six_kind(code, hint) == BOOK_KIND_NONE)
        return BOOK_KIND_NONE;
    return n == 9 ? BOOK_TOWNSHIP : BOOK_VILLAGE;
}

size_t book_code_prefix(const char *code)
{
    size_t n = strlen(code);

    if (n != 6)
        return n;
    if (is_zero(code + 2, 4))
        return 2;
    return is_zero(code + 4, 2) ? 4 : 6;
}

/* The nearest unit above that has a code. */
static const struct book_unit *find_coded(const struct book_unit *u, int most)
{
    u = u->parent;
    while (u != NULL && u->code == NULL && most-- > 0)
        u = u->parent;
    return u != NULL && u->code != NULL ? u : NULL;
}

static void check_place(const struct dk_rj *f, const struct dk_book *b,
                        const struct book_unit *u, const struct dk_at *at)
{
    const struct book_unit *up = find_coded(u, b->n_unit);
    char county[8];
    size_t n;

    if (up != NULL) {
        n = book_code_prefix(up->code);
        if (strncmp(u->code, up->code, n) != 0 ||
            book_code_prefix(u->code) <= n)
            dk_rj_error(f, at, "code",
                        "%s is not below %s, the code of \"%s\", which is "
                        "above it; begin it with %.*s, or mend \"parent\"",
                        u->code, up->code, up->id, (int)n, up->code);
        return;
    }
    if (u->kind != BOOK_TOWNSHIP && u->kind != BOOK_VILLAGE)
        return;
    (void)snprintf(county, sizeof county, "%06d", (int)b->county % 1000000);
    n = book_code_prefix(county);
    if (strncmp(u->code, county, n) != 0)
        dk_rj_error(f, at, "code",
                    "%s does not lie in the book's county %s; begin it with "
                    "%.*s, or name a \"parent\" that has a code",
                    u->code, county, (int)n, county);
}

/* Two units may have a code one after the other, not at the same time. */
static void check_twin(const struct dk_rj *f, const struct dk_book *b, int i,
                       const struct dk_at *at)
{
    const struct book_unit *u = &b->unit[i];

    for (int k = 0; k < i; k++) {
        const struct book_unit *v = &b->unit[k];
        if (v->code != NULL && strcmp(v->code, u->code) == 0 &&
            u->valid_from <= v->valid_to && v->valid_from <= u->valid_to) {
            dk_rj_error(f, at, "code",
                        "unit \"%s\" has the code %s at the same time; mend "
                        "one, or end one by \"valid_to\"",
                        v->id, u->code);
            return;
        }
    }
}

void book_codes_check(const struct dk_rj *f, const struct dk_book *b)
{
    const struct dk_at at = {NULL, "units", 0};
    struct dk_at item = {&at, NULL, 0};

    for (int i = 0; i < b->n_unit; i++) {
        const struct book_unit *u = &b->unit[i];
        item.index = u->place;
        if (u->code == NULL)
            continue;
        check_place(f, b, u, &item);
        check_twin(f, b, i, &item);
    }
}
