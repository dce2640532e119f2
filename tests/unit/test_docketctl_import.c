#include "clients/docketctl/import_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "clients/docketctl/import_state.h"
#include "proto/submit.h"
#include "proto/uuid.h"
#include "tests/support/folder.h"

static const char good[] =
    "{\"id\":\"7\",\"user\":\"A0001\","
    "\"submitted_at\":\"2012-03-04T05:06:07+08:00\",\"subject\":\"路灯\","
    "\"body\":\"不亮\",\"region\":\"A市\",\"reply\":\"已修\","
    "\"replied_at\":\"2012-03-20T10:00:00+08:00\"}";

static struct import_how how(const char *map)
{
    struct import_how h = {.source = "import:test", .channel = "online"};

    assert_int_equal(import_map_parse(map, &h.map, NULL), 0);
    return h;
}

static int read_text(const char *text, const struct import_how *h,
                     struct import_line *l, struct dk_problem *p)
{
    return import_line_read(text, strlen(text), h, l, p);
}

static cJSON *submit_of(const struct import_line *l, const struct import_how *h)
{
    struct dk_jw w = {0};
    struct dk_problem p = {0};
    cJSON *o = NULL;

    assert_int_equal(import_write_submit(l, h, &w, &p), 0);
    assert_int_equal(dk_json_parse_obj(w.buf, w.len, DK_BODY_MAX, &o, &p), 0);
    dk_jw_fini(&w);
    return o;
}

static const char *str(const cJSON *o, const char *key)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key));
}

static void a_line_becomes_a_submission_of_its_day(void **state)
{
    struct import_how h = how(NULL);
    struct import_line l;
    struct dk_submit s;

    (void)state;
    assert_int_equal(read_text(good, &h, &l, NULL), 0);
    cJSON *o = submit_of(&l, &h);
    assert_int_equal(dk_submit_read(o, &s, NULL), 0);
    assert_true(s.import);
    assert_string_equal(s.subject, "路灯");
    assert_string_equal(s.facts, "不亮");
    assert_string_equal(s.region, "A市");
    assert_int_equal(s.channel, DK_CH_ONLINE);
    assert_int_equal(s.n_person, 0);
    assert_int_equal(s.submitted_at, dk_uuid_time(&s.submission));
    assert_true(dk_uuid_is_v7(&s.submission));
    cJSON_Delete(o);
    import_line_fini(&l);
}

/* Who wrote it is nobody's business here: not one byte of `user` travels. */
static void the_user_is_never_sent(void **state)
{
    static const char *const actions[] = {"accept", "answer"};
    struct import_how h = how(NULL);
    struct import_line l;
    struct dk_jw w = {0};

    (void)state;
    assert_int_equal(read_text(good, &h, &l, NULL), 0);
    assert_int_equal(import_write_submit(&l, &h, &w, NULL), 0);
    assert_null(strstr(w.buf, "A0001"));
    for (int i = 0; i < 2; i++) {
        dk_jw_reset(&w);
        assert_int_equal(
            import_write_act(&l, &h, actions[i], "1-2-3-4", &w, NULL), 0);
        assert_null(strstr(w.buf, "A0001"));
    }
    dk_jw_fini(&w);
    import_line_fini(&l);
}

static void the_answer_has_the_time_of_the_reply(void **state)
{
    struct import_how h = how(NULL);
    struct import_line l;
    struct dk_jw w = {0};
    cJSON *o;

    (void)state;
    assert_int_equal(read_text(good, &h, &l, NULL), 0);
    assert_int_equal(import_write_act(&l, &h, "answer", "1-2-3-4", &w, NULL),
                     0);
    assert_int_equal(dk_json_parse_obj(w.buf, w.len, DK_BODY_MAX, &o, NULL), 0);
    assert_string_equal(str(o, "at"), "2012-03-20T10:00:00+08:00");
    assert_string_equal(str(o, "text"), "已修");
    assert_string_equal(str(o, "actor"), "import:test");
    cJSON_Delete(o);
    dk_jw_reset(&w);
    assert_int_equal(import_write_act(&l, &h, "accept", "1-2-3-4", &w, NULL),
                     0);
    assert_int_equal(dk_json_parse_obj(w.buf, w.len, DK_BODY_MAX, &o, NULL), 0);
    assert_string_equal(str(o, "at"), "2012-03-04T05:06:07+08:00");
    assert_null(str(o, "text"));
    cJSON_Delete(o);
    dk_jw_fini(&w);
    import_line_fini(&l);
}

static void ids_are_the_same_for_ever_and_apart_from_each_other(void **state)
{
    char a[DK_UUID_TEXT], b[DK_UUID_TEXT];

    (void)state;
    import_uuid("import:test", "submit", "7", 1330808767000, a);
    /* a change here would import everything a second time */
    assert_string_equal(a, "0135da62-4218-772f-8a50-d7c85da047e0");
    import_uuid("import:test", "accept", "7", 1330808767000, b);
    assert_string_not_equal(a, b);
    import_uuid("import:other", "submit", "7", 1330808767000, b);
    assert_string_not_equal(a, b);
    import_uuid("import:test", "submit", "8", 1330808767000, b);
    assert_string_not_equal(a, b);
    /* the parts cannot run together */
    import_uuid("import:test", "submit1", "7", 1330808767000, a);
    import_uuid("import:test", "submit", "17", 1330808767000, b);
    assert_string_not_equal(a, b);
}

static void members_may_be_called_otherwise(void **state)
{
    struct import_how h = how("id=no,facts=content,subject=title");
    struct import_line l;
    struct dk_problem p = {0};

    (void)state;
    assert_int_equal(
        read_text("{\"no\":12,\"title\":\"t\",\"content\":\"c\","
                  "\"submitted_at\":\"2012-03-04T05:06:07Z\",\"reply\":null}",
                  &h, &l, NULL),
        0);
    assert_string_equal(l.id, "12");
    assert_string_equal(l.subject, "t");
    assert_string_equal(l.facts, "c");
    assert_null(l.reply);
    import_line_fini(&l);
    assert_int_equal(read_text(good, &h, &l, &p), DK_EFIELD);
    assert_string_equal(p.pointer, "/no");
    import_map_fini(&h.map);
    assert_int_equal(import_map_parse("fact=content", &h.map, &p), DK_EFIELD);
    assert_int_equal(import_map_parse("facts=", &h.map, &p), DK_EFIELD);
    assert_int_equal(import_map_parse("anything", &h.map, &p), DK_EFIELD);
}

static void what_is_wrong_with_a_line_is_named(void **state)
{
#define LINE(more)                                                             \
    "{\"id\":\"7\",\"submitted_at\":\"2012-03-04T05:06:07Z\","                 \
    "\"subject\":\"s\",\"facts\":\"f\"" more "}"
    static const struct {
        const char *text, *pointer;
        int code;
    } bad[] = {
        {"", "", DK_EJSON},
        {"[]", "", DK_EJSON},
        {"{\"id\":\"7\"", "", DK_EJSON},
        {LINE(",\"id\":\"8\""), "", DK_EJSON},
        {"{}", "/id", DK_EFIELD},
        {"{\"id\":\"\"}", "/id", DK_EFIELD},
        {"{\"id\":-1}", "/id", DK_EFIELD},
        {"{\"id\":\"7\"}", "/subject", DK_EFIELD},
        {"{\"id\":\"7\",\"subject\":\"s\"}", "/facts", DK_EFIELD},
        {"{\"id\":\"7\",\"subject\":\"s\",\"body\":5}", "/body", DK_EFIELD},
        {"{\"id\":\"7\",\"subject\":\"s\",\"body\":\"f\"}", "/submitted_at",
         DK_EFIELD},
        {LINE(",\"reply\":\"r\""), "/replied_at", DK_EFIELD},
        {LINE(",\"replied_at\":\"2012-04-04T05:06:07Z\""), "/reply", DK_EFIELD},
        {LINE(",\"reply\":\"r\",\"replied_at\":\"2012-03-04T05:06:06Z\""),
         "/replied_at", DK_EFIELD},
        {LINE(",\"accepted_at\":\"2012-03-04T05:06:06Z\""), "/accepted_at",
         DK_EFIELD},
        {LINE(",\"reply\":\"r\",\"replied_at\":\"2012-03-05\""), "/replied_at",
         DK_EFIELD},
        {LINE(",\"channel\":\"fax\""), "/channel", DK_EFIELD},
    };
    struct import_how h = how("replied");

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct dk_problem p = {0};
        struct import_line l;
        int rc = read_text(bad[i].text, &h, &l, &p);
        if (rc == 0 || strcmp(p.pointer, bad[i].pointer) != 0 ||
            rc != bad[i].code)
            fail_msg("%s: %d at '%s'", bad[i].text, rc, p.pointer);
    }
#undef LINE
}

static void what_the_broker_would_refuse_does_not_travel(void **state)
{
    struct import_how h = how(NULL);
    struct import_line l;
    struct dk_jw w = {0};
    struct dk_problem p = {0};

    (void)state;
    assert_int_equal(
        read_text("{\"id\":\"7\",\"submitted_at\":\"2012-03-04T05:06:07Z\","
                  "\"subject\":\"s\",\"facts\":\"f\",\"region\":\"a b\"}",
                  &h, &l, NULL),
        0);
    assert_int_equal(import_write_submit(&l, &h, &w, &p), DK_EFIELD);
    assert_string_equal(p.pointer, "/region");
    dk_jw_fini(&w);
    import_line_fini(&l);
}

static void a_request_larger_than_a_body_is_refused_here(void **state)
{
    enum {
        N = 49152
    };
    char *text = malloc((size_t)2 * N + 200);
    struct import_how h = how(NULL);
    struct import_line l;
    struct dk_jw w = {0};
    struct dk_problem p = {0};

    (void)state;
    assert_non_null(text);
    strcpy(text, "{\"id\":\"7\",\"submitted_at\":\"2012-03-04T05:06:07Z\","
                 "\"subject\":\"s\",\"facts\":\"");
    size_t len = strlen(text);
    for (int i = 0; i < N; i++) { /* each a byte; two when escaped */
        text[len++] = '\\';
        text[len++] = 'n';
    }
    strcpy(text + len, "\"}");
    assert_int_equal(read_text(text, &h, &l, &p), 0);
    assert_int_equal(import_write_submit(&l, &h, &w, &p), DK_ETOOBIG);
    dk_jw_fini(&w);
    import_line_fini(&l);
    free(text);
}

/* ---- files -------------------------------------------------------------- */

struct folder {
    char dir[64], file[96], state[96], refused[96];
};

static int make_folder(void **state)
{
    struct folder *f = calloc(1, sizeof(*f));

    if (f == NULL)
        return -1;
    folder_make(f->dir, sizeof(f->dir), "docketctl-import");
    (void)snprintf(f->file, sizeof(f->file), "%s/a.ndjson", f->dir);
    (void)snprintf(f->state, sizeof(f->state), "%s/a.state", f->dir);
    (void)snprintf(f->refused, sizeof(f->refused), "%s/a.refused", f->dir);
    *state = f;
    return 0;
}

static int drop_folder(void **state)
{
    struct folder *f = *state;

    (void)unlink(f->file);
    (void)unlink(f->state);
    (void)unlink(f->refused);
    int rc = rmdir(f->dir); /* nothing else may be left */
    free(f);
    return rc;
}

static void put(const char *path, const char *text, size_t len)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static void lines_are_found_whole_with_their_places(void **state)
{
    const struct folder *f = *state;
    static const char text[] = "one\r\n\ntwo\n123456789\nlast";
    struct lines *l = NULL;
    struct line in;
    char buf[16] = "";

    put(f->file, text, sizeof(text) - 1);
    assert_int_equal(lines_open(f->file, 0, 8, &l, NULL), 0);
    assert_int_equal(lines_next(l, &in), 1);
    assert_int_equal(in.len, 3);
    assert_memory_equal(in.text, "one", 3);
    assert_int_equal(in.end, 5);
    assert_int_equal(lines_next(l, &in), 1);
    assert_int_equal(in.len, 0);
    assert_int_equal(lines_next(l, &in), 1);
    assert_int_equal(in.start, 6);
    assert_int_equal(lines_next(l, &in), 1);
    assert_true(in.too_long);
    assert_null(in.text);
    assert_int_equal(in.end, 20);
    assert_int_equal(lines_next(l, &in), 1);
    assert_memory_equal(in.text, "last", 4);
    assert_int_equal(in.end, 24);
    assert_int_equal(lines_next(l, &in), 0);
    assert_int_equal(lines_get(l, 20, 24, buf), 0);
    assert_string_equal(buf, "last");
    assert_int_equal(lines_get(l, 20, 25, buf), DK_EIO);
    assert_int_equal(lines_size(l), 24);
    lines_close(l);
    assert_int_equal(lines_open(f->file, 10, 8, &l, NULL), 0);
    assert_int_equal(lines_next(l, &in), 1);
    assert_int_equal(in.start, 10);
    assert_true(in.too_long);
    lines_close(l);
}

static void a_line_far_too_long_is_passed_by(void **state)
{
    const struct folder *f = *state;
    enum {
        LONG = 300000
    };
    char *text = malloc(LONG + 5);
    struct lines *l = NULL;
    struct line in;

    assert_non_null(text);
    memset(text, 'x', LONG);
    memcpy(text + LONG, "\nok\n", 4);
    put(f->file, text, LONG + 4);
    free(text);
    assert_int_equal(lines_open(f->file, 0, 100, &l, NULL), 0);
    assert_int_equal(lines_next(l, &in), 1);
    assert_true(in.too_long);
    assert_int_equal(in.start, 0);
    assert_int_equal(in.end, LONG + 1);
    assert_int_equal(lines_next(l, &in), 1);
    assert_int_equal(in.len, 2);
    assert_memory_equal(in.text, "ok", 2);
    lines_close(l);
}

static void only_regular_files_are_imported(void **state)
{
    const struct folder *f = *state;
    struct lines *l = NULL;
    struct dk_problem p = {0};

    assert_int_equal(lines_open(f->dir, 0, 8, &l, &p), DK_EFIELD);
    assert_int_equal(lines_open(f->file, 0, 8, &l, &p), DK_ENOTFOUND);
    assert_non_null(strstr(p.detail, f->file));
}

static void the_state_comes_back_as_it_was(void **state)
{
    const struct folder *f = *state;
    struct import_state s = {.bytes = 1,
                             .lines = 2,
                             .cases = 3,
                             .answers = 4,
                             .refused = 5,
                             .refused_bytes = 6};
    struct import_state back;

    memset(s.mark, 'a', IMPORT_MARK - 1);
    assert_int_equal(import_state_load(f->state, "import:x", &back, NULL),
                     DK_ENOTFOUND);
    assert_int_equal(back.bytes, 0);
    assert_int_equal(import_state_save(f->state, "import:x", &s, NULL), 0);
    assert_int_equal(import_state_load(f->state, "import:x", &back, NULL), 0);
    assert_memory_equal(&back, &s, sizeof(s));
    assert_int_equal(import_state_load(f->state, "import:y", &back, NULL),
                     DK_ECONFLICT);
}

static void a_damaged_state_is_refused_not_guessed(void **state)
{
    static const char *const bad[] = {
        "",
        "{",
        "{}",
        "{\"source\":\"import:x\"}",
        "{\"source\":\"import:x\",\"mark\":\"short\",\"bytes\":0}",
        "{\"source\":\"import:x\",\"mark\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\""
        ",\"bytes\":-1,\"lines\":0,\"cases\":0,\"answers\":0,\"refused\":0,"
        "\"refused_bytes\":0}",
    };
    const struct folder *f = *state;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct import_state s;
        struct dk_problem p = {0};
        put(f->state, bad[i], strlen(bad[i]));
        if (import_state_load(f->state, "import:x", &s, &p) != DK_EFIELD)
            fail_msg("'%s' was taken", bad[i]);
        assert_non_null(strstr(p.detail, f->state));
    }
}

static void the_refused_file_is_cut_to_what_the_state_counts(void **state)
{
    const struct folder *f = *state;
    struct stat st;

    put(f->refused, "kept\nlost\n", 10);
    FILE *r = import_refused_open(f->refused, 5, NULL);
    assert_non_null(r);
    assert_true(fputs("new\n", r) >= 0);
    assert_int_equal(fclose(r), 0);
    assert_int_equal(stat(f->refused, &st), 0);
    assert_int_equal(st.st_size, 9);
}

static void another_file_of_the_same_name_is_noticed(void **state)
{
    const struct folder *f = *state;
    char one[IMPORT_MARK], two[IMPORT_MARK], longer[IMPORT_MARK];
    struct lines *l = NULL;

    put(f->file, "abc\ndef\n", 8);
    assert_int_equal(lines_open(f->file, 4, 8, &l, NULL), 0);
    assert_int_equal(import_mark(l, 4, one), 0);
    lines_close(l);
    put(f->file, "abc\ndef\nghi\n", 12); /* more of the same */
    assert_int_equal(lines_open(f->file, 4, 8, &l, NULL), 0);
    assert_int_equal(import_mark(l, 4, longer), 0);
    assert_int_equal(import_mark(l, 13, two), DK_EIO); /* shorter than that */
    lines_close(l);
    assert_string_equal(one, longer);
    put(f->file, "abd\ndef\n", 8);
    assert_int_equal(lines_open(f->file, 4, 8, &l, NULL), 0);
    assert_int_equal(import_mark(l, 4, two), 0);
    lines_close(l);
    assert_string_not_equal(one, two);
}

#define IN_FOLDER(t)                                                           \
    cmocka_unit_test_setup_teardown(t, make_folder, drop_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_becomes_a_submission_of_its_day),
        cmocka_unit_test(the_user_is_never_sent),
        cmocka_unit_test(the_answer_has_the_time_of_the_reply),
        cmocka_unit_test(ids_are_the_same_for_ever_and_apart_from_each_other),
        cmocka_unit_test(members_may_be_called_otherwise),
        cmocka_unit_test(what_is_wrong_with_a_line_is_named),
        cmocka_unit_test(what_the_broker_would_refuse_does_not_travel),
        cmocka_unit_test(a_request_larger_than_a_body_is_refused_here),
        IN_FOLDER(lines_are_found_whole_with_their_places),
        IN_FOLDER(a_line_far_too_long_is_passed_by),
        IN_FOLDER(only_regular_files_are_imported),
        IN_FOLDER(the_state_comes_back_as_it_was),
        IN_FOLDER(a_damaged_state_is_refused_not_guessed),
        IN_FOLDER(the_refused_file_is_cut_to_what_the_state_counts),
        IN_FOLDER(another_file_of_the_same_name_is_noticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
