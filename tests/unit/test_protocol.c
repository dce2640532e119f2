/* PROTOCOL.md says what the code does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/decide_internal.h"
#include "core/roles.h"
#include "proto/frames.h"
#include "proto/jsonx.h"
#include "proto/submit.h"
#include "tests/support/problem_table.h"

static char *slurp(const char *name)
{
    FILE *f = fopen(name, "rb");
    char *buf = calloc(1, 1 << 20);

    assert_non_null(f);
    assert_non_null(buf);
    assert_true(fread(buf, 1, (1 << 20) - 1, f) > 0);
    assert_int_equal(fclose(f), 0);
    return buf;
}

static int load(void **state)
{
    *state = slurp("proto/PROTOCOL.md");
    return 0;
}

static int unload(void **state)
{
    free(*state);
    return 0;
}

static void the_document_prints_the_catalogue_of_problems(void **state)
{
    const char *doc = *state;
    const char *from = strstr(doc, PROBLEM_MARK);
    const char *to = strstr(doc, PROBLEM_MARK_END);
    char *want = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&want, &n);

    assert_non_null(f);
    problems_print(f);
    assert_int_equal(fclose(f), 0);
    assert_non_null(from);
    assert_non_null(to);
    from += strlen(PROBLEM_MARK);
    assert_int_equal(to - from, n);
    assert_memory_equal(from, want, n);
    free(want);
}

/* The line of the table of limits that begins with `what`. */
static void limit_is(const char *doc, const char *what, const char *value)
{
    char row[256], want[256];
    const char *at, *end;

    (void)snprintf(row, sizeof(row), "\n| %s | ", what);
    at = strstr(doc, row);
    if (at == NULL)
        fail_msg("no limit '%s'", what);
    at += strlen(row);
    end = strchr(at, '\n');
    assert_non_null(end);
    (void)snprintf(want, sizeof(want), "%.*s", (int)(end - at), at);
    if (strstr(want, value) == NULL)
        fail_msg("%s: '%s' does not say %s", what, want, value);
}

static void the_document_tells_the_limits_of_the_code(void **state)
{
    char n[64];

    assert_int_equal(DK_BODY_MAX, 65536);
    limit_is(*state, "body of a request", "65,536");
    assert_int_equal(DK_REPLY_MAX, 262144);
    limit_is(*state, "body from the broker", "262,144");
    (void)snprintf(n, sizeof(n), "%d, %d", DK_DEPTH_MAX, DK_KEYS_MAX);
    limit_is(*state, "nesting, members of an object", n);
    (void)snprintf(n, sizeof(n), "%d, %d", DK_PETITION_MAX, DK_RESPOND_MAX);
    limit_is(*state, "persons, respondents", n);
    (void)snprintf(n, sizeof(n), "%d, %d", DK_CO_MAX, DK_JUDGED_MAX);
    limit_is(*state,
             "co-handlers of a case, units that it remembers as having taken "
             "part",
             n);
    (void)snprintf(n, sizeof(n), "| 2 | type: 1–%d bytes", DK_TYPE_MAX);
    assert_non_null(strstr(*state, n));
    (void)snprintf(n, sizeof(n), "| 3 | request id: 1–%d bytes",
                   DK_REQUEST_MAX);
    assert_non_null(strstr(*state, n));
    (void)snprintf(n, sizeof(n), "| 1 | `%s`", DK_VERSION_FRAME);
    assert_non_null(strstr(*state, n));
}

static void names_are(const char *doc, const char *what,
                      const char *const names[])
{
    char want[256];
    size_t n = (size_t)snprintf(want, sizeof(want), "`%s`: ", what);

    for (int i = 0; names[i] != NULL; i++)
        n += (size_t)snprintf(want + n, sizeof(want) - n, "%s`%s`",
                              i > 0 ? ", " : "", names[i]);
    if (strstr(doc, want) == NULL)
        fail_msg("not in the document: %s", want);
}

static void the_document_lists_the_names_of_fields(void **state)
{
    names_are(*state, "channel", dk_channel_names);
    names_are(*state, "kind", dk_kind_names);
    names_are(*state, "need", dk_need_names);
    names_are(*state, "way", dk_way_names);
    names_are(*state, "relation", dk_relation_names);
}

/* The document's table of actions has a row, and the schemas a file, for each
 * action that a client or worker may ask for.
 */
static void every_action_has_its_row_and_its_schema(void **state)
{
    const char *from = strstr(*state, "\n## Actions");
    const char *stop = from != NULL ? strstr(from + 4, "\n## ") : NULL;
    int found = 0;

    assert_non_null(stop);
    for (int a = 0; a < DK_ACT_N; a++) {
        const char *name = dk_action_name((enum dk_action)a), *at;
        char want[64], file[96];

        if ((dk_action_who((enum dk_action)a) &
             (DK_BY_CLIENT | DK_BY_WORKER)) == 0)
            continue;
        (void)snprintf(want, sizeof(want), "`%s`", name);
        at = strstr(from, want);
        if (at == NULL || at > stop)
            fail_msg("the table of actions does not name %s", want);
        (void)snprintf(file, sizeof(file), "proto/schemas/action.%s.json",
                       name);
        free(slurp(file));
        found++;
    }
    assert_true(found > 30);
}

/* Every message of the document's tables has its schema, and every schema is
 * JSON that the strict reader takes.
 */
static void every_message_has_its_schema(void **state)
{
    static const char *const ends[] = {"## Messages on the client endpoint",
                                       "## Messages on the worker endpoint"};
    int found = 0;

    for (int e = 0; e < 2; e++) {
        const char *at = strstr(*state, ends[e]);
        const char *stop = at != NULL ? strstr(at + 4, "\n## ") : NULL;

        assert_non_null(stop);
        while ((at = strstr(at, "\n| `")) != NULL && at < stop) {
            char name[64] = "", file[128];
            const char *q = strchr(at + 4, '`');

            assert_non_null(q);
            (void)snprintf(name, sizeof(name), "%.*s", (int)(q - at - 4),
                           at + 4);
            (void)snprintf(file, sizeof(file), "proto/schemas/%s%s.json",
                           e == 1 ? "worker." : "", name);
            if (strcmp(name, "problem") == 0)
                (void)strcpy(file, "proto/schemas/problem.json");
            char *text = slurp(file);
            cJSON *o;
            assert_int_equal(
                dk_json_parse_obj(text, strlen(text), 1 << 20, &o, NULL), 0);
            cJSON_Delete(o);
            free(text);
            found++;
            at = q;
        }
    }
    assert_true(found >= 35);
}

/* ---- who may what -------------------------------------------------------- */

/* The roles that begin a cell: letters, until a word or a comma. */
static unsigned roles_of(const char *cell)
{
    static const struct {
        char letter;
        unsigned roles;
    } of[] = {{'K', DK_ROLE_KIOSK},   {'W', DK_ROLES_WORKER},
              {'H', DK_ROLE_HANDLER}, {'S', DK_ROLE_SUPERVISOR},
              {'A', DK_ROLE_AUDITOR}, {'M', DK_ROLE_ADMINISTRATOR},
              {'R', DK_ROLE_RELAY},   {'O', DK_ROLE_MONITOR}};
    unsigned roles = 0;

    if (strncmp(cell, "all ", 4) == 0)
        return DK_ROLES_ALL;
    for (const char *s = cell; s[0] != '\0' && s[1] == ' '; s += 2) {
        size_t i = 0;
        while (i < 8 && of[i].letter != s[0])
            i++;
        if (i == 8)
            break;
        roles |= of[i].roles;
    }
    return roles;
}

/* A row "| `a`, `b` (words) | cell |": its next name from *at on, "" when there
 * is none.  What stands in brackets is no name.
 */
static void next_name(const char **at, const char *end, char name[64])
{
    int depth = 0;

    name[0] = '\0';
    for (const char *s = *at; s < end; s++) {
        depth += (*s == '(') - (*s == ')');
        if (*s != '`' || depth > 0)
            continue;
        const char *q = strchr(s + 1, '`');
        assert_non_null(q);
        assert_true(q < end && q - s < 64);
        (void)snprintf(name, 64, "%.*s", (int)(q - s - 1), s + 1);
        *at = q + 1;
        return;
    }
    *at = end;
}

/* Call `fn` with each name of a table and its second cell up to a comma; the
 * word "beside" follows when the cell ends so.
 */
static void walk_table(const char *doc, const char *head,
                       void (*fn)(const char *name, const char *cell))
{
    const char *row = strstr(doc, head);

    assert_non_null(row);
    row = strstr(row, "| --- |");
    assert_non_null(row);
    for (row = strchr(row, '\n') + 1; row[0] == '|';
         row = strchr(row, '\n') + 1) {
        const char *end = strstr(row + 1, " | "), *at = row;
        char cell[256], name[64];
        assert_non_null(end);
        const char *too = strstr(end, "beside it |");
        bool beside = too != NULL && too < strchr(row, '\n');
        (void)snprintf(cell, sizeof(cell), "%.*s %s",
                       (int)strcspn(end + 3, "|,\n"), end + 3,
                       beside ? "beside" : "");
        for (next_name(&at, end, name); name[0] != '\0';
             next_name(&at, end, name))
            fn(name, cell);
    }
}

static int told[256];

static void message_is(const char *name, const char *cell)
{
    unsigned may = 0;
    const char *m;

    for (size_t i = 0; (m = dk_roles_row(DK_DOOR_CLIENT, i, &may)) != NULL;
         i++) {
        if (strcmp(m, name) != 0)
            continue;
        if (may != roles_of(cell))
            fail_msg("the document says '%s' of %s; the code says %#x", cell,
                     name, may);
        told[i]++;
        return;
    }
    fail_msg("the code has no message %s", name);
}

static void action_is(const char *name, const char *cell)
{
    int a = dk_action_from_name(name);
    bool beside = false;

    if (a < 0)
        fail_msg("the code has no action %s", name);
    unsigned may = dk_roles_action((enum dk_action)a, &beside);
    unsigned want = roles_of(cell);
    if (strstr(cell, "beside") != NULL)
        want |= DK_ROLE_HANDLER;
    if (may != want || beside != (strstr(cell, "beside") != NULL))
        fail_msg("the document says '%s' of %s; the code says %#x", cell, name,
                 may);
    told[a]++;
}

static void the_document_says_who_may_what(void **state)
{
    const unsigned rest =
        DK_ROLE_HANDLER | DK_ROLE_SUPERVISOR | DK_ROLE_ADMINISTRATOR;
    bool beside = false;
    unsigned may;
    const char *m;

    memset(told, 0, sizeof(told));
    walk_table(*state, "\n| message | who |", message_is);
    for (size_t i = 0; (m = dk_roles_row(DK_DOOR_CLIENT, i, &may)) != NULL;
         i++) {
        if (told[i] != 1)
            fail_msg("%s is told %d times", m, told[i]);
    }
    assert_non_null(
        strstr(*state, "\n| every message of the worker endpoint | W,"));
    for (size_t i = 0; dk_roles_row(DK_DOOR_WORKER, i, &may) != NULL; i++)
        assert_int_equal(may, DK_ROLES_WORKER);
    memset(told, 0, sizeof(told));
    walk_table(*state, "\n| action | who |", action_is);
    assert_non_null(
        strstr(*state, "\n| every other | S M, H of the unit in charge |"));
    for (int a = 0; a < DK_ACT_N; a++) {
        may = dk_roles_action((enum dk_action)a, &beside);
        if (told[a] > 1 ||
            (told[a] == 0 && may != 0 && (may != rest || beside)))
            fail_msg("%s: told %d times, and the code says %#x",
                     dk_action_name((enum dk_action)a), told[a], may);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_document_prints_the_catalogue_of_problems),
        cmocka_unit_test(the_document_tells_the_limits_of_the_code),
        cmocka_unit_test(the_document_lists_the_names_of_fields),
        cmocka_unit_test(every_action_has_its_row_and_its_schema),
        cmocka_unit_test(every_message_has_its_schema),
        cmocka_unit_test(the_document_says_who_may_what),
    };

    return cmocka_run_group_tests(tests, load, unload);
}
