/* Mistakes that people make in the four kinds of files: each is refused (or, of
 * a few, warned of) with the file, the place, what is wrong and what to do; and
 * all the mistakes of a file are told at once.
 *
 * A row changes one place of a file that is right.  `set` NULL: the member is
 * taken out; a path that ends in "-" appends to a list.
 */
#include "tests/support/casework.h"

#include "core/book.h"
#include "core/policy.h"

enum kind {
    POLICY,
    CALENDAR,
    UNITS,
    KINDS
};

static const char *const files[KINDS] = {"p.json", "c.json", "u.json"};

static const char *const right[KINDS] = {
    /* policy */
    "{\"format\":\"docket-policy/1\",\"id\":\"p\",\"calendar\":\"cn\","
    "\"zone\":\"+08:00\",\"versions\":[{\"effective_from\":\"2005-05-01\","
    "\"clocks\":[{\"id\":\"old\",\"starts_on\":[\"submitted\"],"
    "\"stops_on\":[\"answered\"],\"length\":{\"days\":90}}]},"
    "{\"effective_from\":\"2022-05-01\","
    "\"hours\":\"08:30-12:00,14:00-17:30\",\"repeat\":{\"days\":1},"
    "\"ladder\":{\"yellow\":{\"level\":\"yellow\",\"tell\":[\"handler\"]},"
    "\"overdue\":{\"level\":\"overdue\",\"tell\":[\"handler\","
    "\"unit_head\"]},\"late\":{\"level\":\"long_overdue\",\"tell\":"
    "[\"unit_head\",\"leader\"]}},\"clocks\":["
    "{\"id\":\"conclude\",\"name\":{\"zh-CN\":\"n\"},\"starts_on\":"
    "[\"accepted\"],\"stops_on\":[\"answered\"],\"holds_on\":[\"suspended\"],"
    "\"length\":{\"days\":60},\"extend\":{\"times\":1,\"max_days\":30},"
    "\"rungs\":[{\"id\":\"yellow\",\"after_start\":40},{\"id\":\"late\","
    "\"after_due\":7}]},"
    "{\"id\":\"report\",\"starts_on\":[\"handed_over\"],\"stops_on\":"
    "[\"reported\"],\"length\":{\"from_event\":\"report_days\","
    "\"default\":60}},"
    "{\"id\":\"window\",\"starts_on\":[\"answered\"],\"stops_on\":"
    "[\"review_asked\"],\"length\":{\"days\":30},\"on_due\":\"close\","
    "\"rungs\":[{\"id\":\"remind\",\"after_start\":20}],\"ladder\":"
    "{\"remind\":{\"level\":\"reminder\",\"tell\":[\"petitioner\"]}}},"
    "{\"id\":\"object\",\"starts_on\":[\"transferred\"],\"stops_on\":"
    "[\"objected\"],\"length\":{\"days\":5,\"count\":\"working\"},"
    "\"on_due\":\"lapse\"}]}]}",
    /* calendar */
    "{\"format\":\"docket-calendar/1\",\"id\":\"cn\",\"zone\":\"+08:00\","
    "\"rest\":[\"saturday\",\"sunday\"],\"years\":{\"2025\":{\"source\":\"s\","
    "\"holidays\":[\"2025-01-01\"],\"workdays\":[]},\"2026\":{\"source\":"
    "\"s\",\"verified\":false,\"holidays\":[\"2026-05-01..2026-05-05\","
    "\"2026-10-01\"],\"workdays\":[\"2026-05-09\"]}}}",
    /* units and rules */
    "{\"format\":\"docket-units/1\",\"county\":\"330699\",\"office\":\"xfj\","
    "\"default\":\"xfj\",\"units\":["
    "{\"id\":\"xian\",\"name\":\"县\",\"kind\":\"county\",\"code\":"
    "\"330699\"},{\"id\":\"xfj\",\"name\":\"信访局\",\"parent\":\"xian\"},"
    "{\"id\":\"zjj\",\"name\":\"住建局\",\"parent\":\"xian\",\"head\":"
    "{\"id\":\"zjj-ju\",\"name\":\"魏长风\"},\"handlers\":[{\"id\":\"qin\","
    "\"away\":[{\"from\":\"2026-05-01\",\"to\":\"2026-05-10\",\"delegate\":"
    "\"yao-yinuo\"}]},{\"id\":\"yao-yinuo\"}]},"
    "{\"id\":\"zhen\",\"name\":\"镇\",\"kind\":\"township\",\"code\":"
    "\"330699101\",\"parent\":\"xian\"}],\"rules\":["
    "{\"id\":\"jianshe\",\"category\":\"城乡建设\",\"unit\":\"zjj\"},"
    "{\"id\":\"zhen\",\"region\":\"330699101\",\"unit\":\"zhen\",\"mode\":"
    "\"hand_over\",\"report_days\":30}],\"urgent\":[{\"id\":\"weifang\","
    "\"need\":\"safety\",\"needs\":[\"safety\"]}]}"};

struct mistake {
    enum kind kind;
    const char *path, *set;
    const char *place; /* where it is told */
    const char *what;  /* some words of what is wrong */
    const char *mend;  /* some words of what to do */
    bool alone;        /* it hides others, or others hide it */
};

#define V "/versions/1"
#define C V "/clocks/0"

static const struct mistake mistakes[] = {
    /* the policy's head and versions */
    {POLICY, "/format", "\"docket-policy/2\"", "/format", "docket-policy/2",
     "write \"docket-policy/1\"", true},
    {POLICY, "/id", NULL, "/id", "is missing", "give", false},
    {POLICY, "/calender", "\"cn\"", "/calender", "no member of this name",
     "did you mean \"calendar\"?", false},
    {POLICY, "/zone", "\"Asia/Shanghai\"", "/zone", "is no time zone",
     "such as \"+08:00\"", false},
    {POLICY, V "/effective_from", "\"2022-02-30\"", V "/effective_from",
     "is not a date", "write YYYY-MM-DD", true},
    {POLICY, V "/effective_from", "\"2005-05-01\"", V "/effective_from",
     "another version begins on this day", "a day of its own", true},
    {POLICY, "/versions", "[]", "/versions", "must be an array", "of 1 to 32",
     true},
    {POLICY, V "/hours", "\"8-12\"", V "/hours", "no office hours",
     "such as \"08:30-12:00", false},
    {POLICY, V "/repeat/days", "-1", V "/repeat/days", "whole number",
     "from 0 to 365", false},
    {POLICY, V "/ladder/late/tell/0", "\"boss\"", V "/ladder/late/tell/0",
     "\"boss\" is not known", "\"", false},
    {POLICY, V "/ladder/late/level", "\"orange\"", V "/ladder/late/level",
     "must be one of", "long_overdue", false},
    {POLICY, V "/clocks/0/lader", "{}", V "/clocks/0/lader",
     "no member of this name", "did you mean \"ladder\"?", false},
    /* a clock */
    {POLICY, C "/starts_on/0", "\"acepted\"", C "/starts_on/0",
     "\"acepted\" is not known", "did you mean \"accepted\"?", true},
    {POLICY, C "/stops_on/0", "\"closd\"", C "/stops_on/0",
     "\"closd\" is not known", "did you mean \"closed\"?", true},
    {POLICY, C "/starts_on", "[\"evaluated\"]", C "/starts_on",
     "no clock is set when a case is \"evaluated\"",
     "start it on a step of the case", false},
    {POLICY, C "/starts_on", "[\"answered\"]", C "/stops_on",
     "starts the clock and stops it", "take it out of one", true},
    {POLICY, C "/length/days", "-60", C "/length/days", "whole number",
     "from 0 to 3660", false},
    {POLICY, C "/length/count", "\"workdays\"", C "/length/count",
     "must be one of", "working", false},
    {POLICY, C "/length", NULL, C "/length", "is missing", "give", true},
    {POLICY, C "/extend/times", "0", C "/extend/times", "whole number",
     "from 1 to 100", false},
    {POLICY, C "/holds_on/0", "\"urged\"", C "/holds_on", "can hold a clock",
     "only \"suspended\" and \"objected\"", false},
    {POLICY, C "/rungs/0/id", "\"overdue\"", C "/rungs/0/id",
     "a clock has anyway", "choose another id", true},
    {POLICY, C "/rungs/1/id", "\"yellow\"", C "/rungs/1/id",
     "a rung \"yellow\" already", "choose another id", true},
    {POLICY, C "/rungs/0/before_due", "3", C "/rungs/0", "write one of",
     "\"before_due\" and \"after_due\"", false},
    {POLICY, C "/verified", "true", C "/verified", "write false",
     "\"against\": what it was compared with", false},
    {POLICY, C "/name", "{\"en\":\"n\"}", C "/name/zh-CN", "is missing", "give",
     false},
    {POLICY, C "/on_due", "\"close\"", C "/on_due",
     "somebody else than the petitioner did nothing in time",
     "write \"overdue\"", true},
    {POLICY, C "/on_due", "\"lapse\"", C "/on_due",
     "a duty does not end by being late", "write \"overdue\"", true},
    {POLICY, C "/only", "{\"document\":[\"answer\"]}", C "/only/document",
     "no event that starts this clock hands over a paper", "\"delivered\"",
     true},
    {POLICY, V "/clocks/1/length/default", NULL, V "/clocks/1/length/default",
     "is missing", "give", false},
    {POLICY, V "/clocks/1/starts_on/0", "\"transferred\"",
     V "/clocks/1/length/from_event", "only \"handed_over\" says",
     "start it on that, or write \"days\"", true},
    {POLICY, V "/clocks/2/on_due", "\"overdue\"", V "/clocks/2/on_due",
     "waits for the petitioner, who is never overdue",
     "write \"close\" or \"lapse\"", false},
    {POLICY, V "/clocks/2/ladder/remind/tell/0", "\"leader\"",
     V "/clocks/2/ladder", "may be reminded but never be reported",
     "\"tell\": [\"petitioner\"]", true},
    {POLICY, V "/clocks/2/ladder/red", "{\"level\":\"red\",\"tell\":[]}",
     V "/clocks/2/ladder/red", "no rung of this name", "add it to \"rungs\"",
     false},
    {POLICY, V "/clocks/3/rungs", "[{\"id\":\"late\",\"after_due\":1}]",
     V "/clocks/3/rungs/0/after_due", "nothing comes after",
     "the clock ends at its due time", false},
    {POLICY, V "/clocks/3/repeat", "{\"days\":1}", V "/clocks/3/repeat",
     "the clock ends at its due time", "take it out", false},
    {POLICY, V "/clocks/3/id", "\"conclude\"", V "/clocks/3/id",
     "a clock \"conclude\" already", "choose another id", true},
    /* the calendar */
    {CALENDAR, "/zone", "\"+8\"", "/zone", "is no time zone",
     "such as \"+08:00\"", false},
    {CALENDAR, "/rest/1", "\"sundy\"", "/rest/1", "day of the week",
     "such as \"sunday\"", true},
    {CALENDAR, "/years/2026/source", NULL, "/years/2026/source", "is missing",
     "give", false},
    {CALENDAR, "/years/2026/verified", "\"yes\"", "/years/2026/verified",
     "write false", "\"against\"", false},
    {CALENDAR, "/years/2026/holidays/0", "\"2026-05-05..2026-05-01\"",
     "/years/2026/holidays/0", "ends before it begins",
     "write the earlier day first", false},
    {CALENDAR, "/years/2026/holidays/1", "\"2027-01-01\"",
     "/years/2026/holidays/1", "is not in 2026", "under its own year", false},
    {CALENDAR, "/years/2026/workdays/0", "\"2026-05-02\"",
     "/years/2026/workdays/0", "a day that was named before",
     "name each day once", true},
    {CALENDAR, "/years/2025/holidays/0", "\"1 January\"",
     "/years/2025/holidays/0", "write a day as", "\"YYYY-MM-DD\"", false},
    {CALENDAR, "/years/28",
     "{\"source\":\"s\",\"holidays\":[],\"workdays\":[]}", "/years/28",
     "is no year", "write four digits", false},
    {CALENDAR, "/years/2029",
     "{\"source\":\"s\",\"holidays\":[],\"workdays\":[]}", "/years",
     "2026 and 2029 are there and 2027 is not", "add it", false},
    {CALENDAR, "/years/2025/holyday", "[]", "/years/2025/holyday",
     "no member of this name", "did you mean \"holidays\"?", false},
    /* units */
    {UNITS, "/county", "\"990101\"", "/county", "is no county code",
     "no province has the code 99", true},
    {UNITS, "/office", "\"xfju\"", "/office", "no unit \"xfju\" is listed",
     "did you mean \"xfj\"?", false},
    {UNITS, "/units/0/parent", "\"zhen\"", "/units/0/parent", "is above itself",
     "mend \"parent\"", true},
    {UNITS, "/units/1/parent", "\"xiann\"", "/units/1/parent",
     "no unit \"xiann\" is listed", "did you mean \"xian\"?", true},
    {UNITS, "/units/1/id", "\"zjj\"", "/units/2/id", "a unit \"zjj\" already",
     "choose another id", true},
    {UNITS, "/units/3/code", "\"330799101\"", "/units/3/code",
     "is not below 330699", "mend \"parent\"", false},
    {UNITS, "/units/3/kind", "\"village\"", "/units/3/code",
     "is the code of a township", "mend one", true},
    {UNITS, "/units/2/valid_from", "\"2026-13-01\"", "/units/2/valid_from",
     "is not a date", "write YYYY-MM-DD", false},
    {UNITS, "/units/3/merged_into", "\"zjj\"", "/units/3/valid_to",
     "merged into another", "give the last day", false},
    {UNITS, "/units/2/handlers/1/id", "\"qin\"", "/units/2/handlers/1/id",
     "a handler \"qin\" already", "list each once", true},
    {UNITS, "/units/2/handlers/0/away/0/to", "\"2026-04-30\"",
     "/units/2/handlers/0/away/0/to", "ends before it begins",
     "both days are part of it", false},
    {UNITS, "/units/2/handlers/0/away/0/delegate", "\"yao-yinou\"",
     "/units/2/handlers/0/away/0/delegate",
     "no officer \"yao-yinou\" is listed", "did you mean \"yao-yinuo\"?",
     false},
    /* rules */
    {UNITS, "/rules/0/unit", "\"zij\"", "/rules/0/unit",
     "no unit \"zij\" is listed", "did you mean \"zjj\"?", false},
    {UNITS, "/rules/0/category", "\"城乡建设/\"", "/rules/0/category",
     "levels joined by \"/\"", "without one at the ends", false},
    {UNITS, "/rules/0/kind", "\"apeal\"", "/rules/0/kind",
     "\"apeal\" is not known", "did you mean \"appeal\"", false},
    {UNITS, "/rules/0/channel", "[]", "/rules/0/channel",
     "the list is empty and matches nothing", "take \"channel\" out", false},
    {UNITS, "/rules/1/mode", "\"transfer\"", "/rules/1/report_days",
     "only a case handed over is reported back on", "\"mode\": \"hand_over\"",
     true},
    {UNITS, "/rules/1/report_days", "0", "/rules/1/report_days", "whole number",
     "from 1 to 365", false},
    {UNITS, "/rules/1/id", "\"jianshe\"", "/rules/1/id",
     "a rule \"jianshe\" already", "choose another id", false},
    {UNITS, "/rules/1/petitioners", "100", "/rules/1/petitioners",
     "no member of this name", "take it out", false},
    {UNITS, "/urgent/0/need", "\"money\"", "/urgent/0/need", "must be one of",
     "wages", false},
    {UNITS, "/urgent/0/petitioners", "100", "/urgent/0/petitioners",
     "never that of how many people stand behind it", "take it out", false},
};
#define MISTAKES ((int)(sizeof mistakes / sizeof mistakes[0]))

/* Things that may be meant, but hardly are. */
static const struct mistake oddities[] = {
    {POLICY, V "/ladder/overdue/tell", "[]", C, "nobody is told", "name who is",
     false},
    {POLICY, V "/ladder/yellow/tell/0", "\"leader\"", C,
     "\"overdue\" comes after \"yellow\" and reaches less high",
     "add \"leader\" to those it tells", false},
    {POLICY, V "/ladder/late/level", "\"yellow\"", C,
     "\"late\" comes after \"overdue\" and is less", "a ladder climbs", false},
    {POLICY, V "/ladder/spare", "{\"level\":\"red\",\"tell\":[\"office\"]}",
     V "/ladder/spare", "no clock has a rung of this name", "", false},
    {POLICY, C "/rungs/0/after_start", "60", C "/rungs/0/after_start",
     "never reached", "60 of 60 days", false},
    {CALENDAR, "/years/2026/workdays/0", "\"2026-05-11\"",
     "/years/2026/workdays/0", "no weekly day of rest",
     "a workday without being named", false},
    {UNITS, "/default", NULL, "/default",
     "no unit is named for cases that no rule matches", "wait for an operator",
     false},
};

/* ---- changing a file ---- */

static void put(cJSON *doc, const struct mistake *m)
{
    char path[128], *at = path, *next;
    cJSON *o = doc, *v = m->set != NULL ? cJSON_Parse(m->set) : NULL;

    assert_true(m->set == NULL || v != NULL);
    (void)snprintf(path, sizeof path, "%s", m->path + 1);
    while ((next = strchr(at, '/')) != NULL) {
        *next = '\0';
        o = cJSON_IsArray(o) ? cJSON_GetArrayItem(o, atoi(at))
                             : cJSON_GetObjectItemCaseSensitive(o, at);
        if (o == NULL)
            fail_msg("there is no %s in the file", m->path);
        at = next + 1;
    }
    if (cJSON_IsArray(o))
        assert_true(cJSON_ReplaceItemInArray(o, atoi(at), v));
    else if (v == NULL)
        cJSON_DeleteItemFromObjectCaseSensitive(o, at);
    else if (cJSON_GetObjectItemCaseSensitive(o, at) != NULL)
        assert_true(cJSON_ReplaceItemInObjectCaseSensitive(o, at, v));
    else
        assert_true(cJSON_AddItemToObject(o, at, v));
}

static bool load(enum kind kind, cJSON *doc, struct dk_report *r)
{
    char *text = cJSON_PrintUnformatted(doc);
    size_t len = strlen(text);
    bool loaded = false;

    if (kind == POLICY) {
        struct dk_policy *p = dk_policy_load(files[kind], text, len, r);
        loaded = p != NULL;
        dk_policy_free(p);
    } else if (kind == CALENDAR) {
        struct dk_calendar *c = dk_calendar_load(files[kind], text, len, r);
        loaded = c != NULL;
        dk_calendar_free(c);
    } else {
        struct dk_book *b = dk_book_load(files[kind], text, len, r);
        loaded = b != NULL;
        dk_book_free(b);
    }
    cJSON_free(text);
    return loaded;
}

/* One line names the file, the place, what is wrong and what to do; prints what
 * is missing.
 */
static bool is_told(const struct dk_report *r, const char *level,
                    const struct mistake *m)
{
    char head[200];
    const char *line = r->text;
    size_t n = (size_t)snprintf(head, sizeof head, "%s %s: %s: ", level,
                                files[m->kind], m->place);

    while (line != NULL && *line != '\0') {
        const char *end = strchr(line, '\n');
        char text[1024];

        (void)snprintf(text, sizeof text, "%.*s", (int)(end - line), line);
        if (strncmp(text, head, n) == 0 && strstr(text, m->what) != NULL &&
            strstr(text, m->mend) != NULL)
            return true;
        line = end + 1;
    }
    print_error("%s = %s: no line \"%s\" with \"%s\" and \"%s\" in\n%s",
                m->path, m->set != NULL ? m->set : "(taken out)", head, m->what,
                m->mend, r->text != NULL ? r->text : "");
    return false;
}

static void the_files_are_right_before_anything_is_changed(void **state)
{
    (void)state;
    for (int k = 0; k < KINDS; k++) {
        struct dk_report r = {0};
        cJSON *doc = cw_json(right[k]);

        if (!load((enum kind)k, doc, &r) || r.len > 0)
            fail_msg("%s", r.text);
        cJSON_Delete(doc);
        dk_report_fini(&r);
    }
}

static void each_of_many_mistakes_is_refused_by_name(void **state)
{
    (void)state;
    int missing = 0;
    assert_true(MISTAKES >= 60);
    for (int i = 0; i < MISTAKES; i++) {
        const struct mistake *m = &mistakes[i];
        struct dk_report r = {0};
        cJSON *doc = cw_json(right[m->kind]);

        put(doc, m);
        if (load(m->kind, doc, &r))
            fail_msg("%s = %s was taken", m->path,
                     m->set != NULL ? m->set : "(taken out)");
        missing += is_told(&r, "error", m) ? 0 : 1;
        cJSON_Delete(doc);
        dk_report_fini(&r);
    }
    assert_int_equal(missing, 0);
}

static void all_mistakes_of_a_file_are_told_at_once(void **state)
{
    (void)state;
    for (int k = 0; k < KINDS; k++) {
        struct dk_report r = {0};
        cJSON *doc = cw_json(right[k]);
        int n = 0;

        for (int i = 0; i < MISTAKES; i++) {
            if (mistakes[i].kind != (enum kind)k || mistakes[i].alone)
                continue;
            put(doc, &mistakes[i]);
            n++;
        }
        assert_true(n >= 7);
        assert_false(load((enum kind)k, doc, &r));
        if (r.errors < n)
            fail_msg("%d mistakes, %d errors:\n%s", n, r.errors, r.text);
        for (int i = 0; i < MISTAKES; i++) {
            if (mistakes[i].kind == (enum kind)k && !mistakes[i].alone)
                assert_true(is_told(&r, "error", &mistakes[i]));
        }
        cJSON_Delete(doc);
        dk_report_fini(&r);
    }
}

static void what_can_hardly_be_meant_is_warned_of(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof oddities / sizeof oddities[0]; i++) {
        const struct mistake *m = &oddities[i];
        struct dk_report r = {0};
        cJSON *doc = cw_json(right[m->kind]);

        put(doc, m);
        if (!load(m->kind, doc, &r))
            fail_msg("%s = %s was refused:\n%s", m->path, m->set, r.text);
        assert_true(r.warnings > 0);
        if (m->place == NULL || strcmp(m->place, C) != 0)
            assert_true(is_told(&r, "warning", m));
        else if (strstr(r.text, m->what) == NULL ||
                 strstr(r.text, m->mend) == NULL)
            fail_msg("\"%s\" and \"%s\" are not said in\n%s", m->what, m->mend,
                     r.text);
        cJSON_Delete(doc);
        dk_report_fini(&r);
    }
}

static void what_is_no_json_says_where_it_breaks(void **state)
{
    static const char *const bad[] = {"",
                                      "[]",
                                      "{\"format\":",
                                      "{\"format\":\"docket-policy/1\",}",
                                      "{\"id\":1,\"id\":2}",
                                      "{\"format\":\"\xff\"}"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct dk_report r = {0};

        assert_null(dk_policy_load("p.json", bad[i], strlen(bad[i]), &r));
        assert_null(dk_calendar_load("c.json", bad[i], strlen(bad[i]), &r));
        assert_null(dk_book_load("u.json", bad[i], strlen(bad[i]), &r));
        assert_int_equal(r.errors, 3);
        assert_non_null(strstr(r.text, "error p.json: /"));
        assert_non_null(strstr(r.text, "error u.json: /"));
        dk_report_fini(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_files_are_right_before_anything_is_changed),
        cmocka_unit_test(each_of_many_mistakes_is_refused_by_name),
        cmocka_unit_test(all_mistakes_of_a_file_are_told_at_once),
        cmocka_unit_test(what_can_hardly_be_meant_is_warned_of),
        cmocka_unit_test(what_is_no_json_says_where_it_breaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
