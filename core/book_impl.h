/* book_impl.h - the book in memory; private to core/book*.c.
 *
 * Strings are borrowed from the parsed file, which the book keeps.  A day is a
 * day of the office's zone, counted from 1970-01-01; spans hold both their
 * ends.
 */
#ifndef DK_BOOK_IMPL_H
#define DK_BOOK_IMPL_H

#include "book.h"
#include "calendar.h"
#include "report_json.h"

#define BOOK_UNITS_MAX    2000
#define BOOK_RULES_MAX    2000
#define BOOK_URGENT_MAX   200
#define BOOK_HANDLERS_MAX 100       /* candidates of one assignment (wire) */
#define BOOK_AWAY_MAX     100       /* leaves of one officer */
#define BOOK_NAMES_MAX    50        /* former names of one unit */
#define BOOK_SEASONS_MAX  20        /* of one urgent rule */
#define BOOK_ANY          INT64_MIN /* valid_from: always was */
#define BOOK_OPEN         INT64_MAX /* valid_to: no end */

enum book_mode {
    BOOK_TRANSFER,
    BOOK_HAND_OVER,
    BOOK_PROPOSE
};

/* What a unit is; of all but a department the code says it as well. */
enum book_kind {
    BOOK_KIND_NONE,
    BOOK_PROVINCE,
    BOOK_CITY,
    BOOK_COUNTY,
    BOOK_TOWNSHIP,
    BOOK_VILLAGE,
    BOOK_DEPARTMENT
};

struct book_away {
    int64_t from, to;
    const char *delegate; /* an officer's id; NULL: nobody */
};

struct book_officer {
    const char *id; /* NULL: nobody is named */
    int place;      /* among all that are listed */
    const char *name;
    bool absent; /* until the book says otherwise */
    struct book_away *away;
    int n_away;
};

struct book_former {
    struct dk_rj_name name;
    int64_t until;
};

struct book_unit {
    const char *id;
    int place;        /* in the file's list */
    const char *code; /* GB/T 2260 and the codes below it; NULL: none */
    enum book_kind kind;
    struct dk_rj_name name;
    const struct book_unit *parent; /* NULL: nothing above it in the book */
    struct book_officer head;
    struct book_officer *handler;
    int n_handler;
    int64_t valid_from, valid_to;
    const struct book_unit *heir; /* merged_into: who takes over after that */
    struct book_former *former;   /* by `until` */
    int n_former;
};

struct book_rule {
    const char *id;
    int place;                      /* in the file's list */
    const cJSON *region, *category; /* a string or a list; NULL: any */
    uint64_t channel, kind;         /* masks; 0: any */
    const struct book_unit *unit;
    enum book_mode mode;
    int report_days; /* 0: not said */
};

/* Days of each year, as month * 100 + day; from > to goes over the new year. */
struct book_season {
    int from, to;
};

struct book_urgent {
    const char *id;
    enum dk_need need;
    unsigned needs;                 /* as told, a mask; 0: none */
    const cJSON *region, *category; /* as of a rule */
    uint64_t kind;
    struct book_season season[BOOK_SEASONS_MAX];
    int n_season; /* 0: all the year */
};

struct dk_book {
    cJSON *root;
    int32_t county;
    struct dk_zone zone;
    struct book_officer leader;
    struct book_unit *unit;
    int n_unit;
    struct book_officer **officer; /* all of them, by id */
    int n_officer;
    struct book_rule *rule;
    int n_rule;
    struct book_urgent *urgent;
    int n_urgent;
    const struct book_unit *office, *discipline; /* discipline may be NULL */
    struct book_rule fallback; /* "default"; unit NULL: none */
};

/* ---- book.c: finding ---- */

const struct book_unit *book_unit_find(const struct dk_book *b, const char *id);
/* The first listing of an officer; others of the same id come after it. */
struct book_officer *const *book_officer_find(const struct dk_book *b,
                                              const char *id);
void book_officer_fini(struct book_officer *o);
void book_unit_fini(struct book_unit *u);

/* ---- book_time.c: as of a day ---- */

bool book_is_valid(const struct book_unit *u, int64_t day);
/* `u`, or who took over from it, and so on; NULL: there is nobody that day. */
const struct book_unit *book_heir(const struct book_unit *u, int64_t day);
/* Who has taken over at last: it stays, or nobody takes over from it.  In a
 * circle of heirs, which is an error of its own, one of them.
 */
const struct book_unit *book_last_heir(const struct dk_book *b,
                                       const struct book_unit *u);
const char *book_name(const struct book_unit *u, const char *lang, int64_t day);
/* The leave that an officer is on, or NULL. */
const struct book_away *book_away_on(const struct dk_book *b,
                                     const struct book_officer *o, int64_t day);
/* `o`, or the delegate who stands in, who may be away as well, and so on; NULL:
 * nobody.  Never who is complained about.
 */
const struct book_officer *book_stand_in(const struct dk_book *b,
                                         const struct dk_case *c,
                                         const struct book_officer *o,
                                         int64_t day);

/* Complained about: by id or by name, of today or of before; a unit also by its
 * code, when its head is, and when it took over from one that is.
 */
bool book_is_accused_officer(const struct dk_case *c,
                             const struct book_officer *o);
bool book_is_named_unit(const struct dk_book *b, const struct dk_case *c,
                        const struct book_unit *u, int64_t day);
bool book_is_accused_unit(const struct dk_book *b, const struct dk_case *c,
                          const struct book_unit *u, int64_t day);
/* Took part in what is to be reviewed, or took over from who did. */
bool book_is_judged_unit(const struct dk_book *b, const struct dk_case *c,
                         const struct book_unit *u, int64_t day);

/* ---- conditions of rules ---- */

/* The one of the condition's regions that the case is in, or NULL. */
const char *book_region(const cJSON *cond, const char *region);
/* The deepest of the condition's categories that the case is in, or NULL. */
const char *book_category(const cJSON *cond, const char *category);
int book_depth(const char *category);

/* ---- book_why.c: a sentence for people ---- */

#define BOOK_WHY_MAX 1000 /* bytes (wire) */

struct book_why {
    char s[BOOK_WHY_MAX + 1];
    int n_list; /* things said of the list under way */
    int n_more; /* that no longer had room */
};

__attribute__((format(printf, 2, 3))) void book_say(struct book_why *y,
                                                    const char *fmt, ...);
/* An item of a list, after `sep` if there was one before; long lists are cut
 * short and book_say_list_end() says by how much.
 */
__attribute__((format(printf, 3, 4))) void
book_say_item(struct book_why *y, const char *sep, const char *fmt, ...);
void book_say_list_end(struct book_why *y);

/* ---- book_urgent.c ---- */

/* The command that puts the case first, if a rule says so. */
void book_write_prioritise(const struct dk_book *b, const struct dk_case *c,
                           int64_t day, struct dk_jw *w);

/* ---- reading: fill `b` from b->root; each reports what is wrong ---- */

void book_read(const struct dk_rj *f, struct dk_book *b);
void book_units_read(const struct dk_rj *f, struct dk_book *b);
void book_officer_read(const struct dk_rj *f, const cJSON *o,
                       const struct dk_at *at, struct book_officer *out);
void book_officers_index(const struct dk_rj *f, struct dk_book *b);
/* Delegates are listed, and nobody stands in for himself at last. */
void book_delegates_check(const struct dk_rj *f, const struct dk_book *b);
void book_rules_read(const struct dk_rj *f, struct dk_book *b);
void book_urgent_read(const struct dk_rj *f, struct dk_book *b);

/* "name": a text, or {"zh-CN": .., "en": ..}. */
void book_name_read(const struct dk_rj *f, const cJSON *o,
                    const struct dk_at *at, struct dk_rj_name *out);
/* The unit that member `key` names; NULL: reported, or absent and optional. */
const struct book_unit *book_unit_ref(const struct dk_rj *f,
                                      const struct dk_book *b, const cJSON *o,
                                      const char *key, int need,
                                      const struct dk_at *at);

/* Conditions that assignment and urgent rules share. */
const cJSON *book_region_read(const struct dk_rj *f, const cJSON *o,
                              const struct dk_at *at);
const cJSON *book_category_read(const struct dk_rj *f, const cJSON *o,
                                const struct dk_at *at);
/* A word or a list of words of `names`, as a mask. */
uint64_t book_words_read(const struct dk_rj *f, const cJSON *o, const char *key,
                         const char *const names[], const struct dk_at *at);

/* ---- book_code.c: codes of places ---- */

extern const char *const book_kind_names[]; /* NULL-terminated; [0] is "" */
/* What a code of the right shape is the code of, else BOOK_KIND_NONE with what
 * to do about it in `hint`.
 */
enum book_kind book_code_kind(const char *code, char hint[128]);
/* How many of its digits every code below it begins with. */
size_t book_code_prefix(const char *code);
/* Codes fit their kinds and their place in the tree, and nobody else has them.
 */
void book_codes_check(const struct dk_rj *f, const struct dk_book *b);

#endif /* DK_BOOK_IMPL_H */
