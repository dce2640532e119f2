/* fuzz_ctl_import.c - a line of a stranger's history, and which of its members
 * is what: what docketctl makes of it is a submission that the broker takes and
 * acts that are JSON, the same each time.
 */
#include "clients/docketctl/import_line.h"
#include "fuzz.h"
#include "proto/submit.h"

static void requests(const struct import_line *l, const struct import_how *how)
{
    static const char *const acts[] = {"transfer", "accept", "answer"};
    struct dk_jw w = {0}, again = {0};
    struct dk_problem p = {0};
    struct dk_submit s;
    cJSON *o = NULL;

    int rc = import_write_submit(l, how, &w, &p);
    CHECK(rc == 0 || p.detail[0] != '\0');
    if (rc == 0) {
        CHECK(import_write_submit(l, how, &again, &p) == 0);
        CHECK(w.len == again.len && memcmp(w.buf, again.buf, w.len) == 0);
        CHECK(dk_json_parse_obj(w.buf, w.len, DK_BODY_MAX, &o, &p) == 0);
        CHECK(dk_submit_read(o, &s, &p) == 0 && s.import);
        cJSON_Delete(o);
    }
    for (int i = 0; i < 3; i++) {
        dk_jw_reset(&w);
        if (import_write_act(l, how, acts[i], "330699-20260506-000001-5", &w,
                             &p) != 0)
            continue;
        CHECK(dk_json_parse_obj(w.buf, w.len, w.len, &o, &p) == 0);
        cJSON_Delete(o);
    }
    dk_jw_fini(&w);
    dk_jw_fini(&again);
}

/* The first line is the map ("": as usual), the rest the line. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct import_how how = {.source = "import:history", .channel = "letter"};
    const uint8_t *end = memchr(data, '\n', size);
    struct dk_problem p = {0};
    struct import_line l;
    size_t n = end != NULL ? (size_t)(end - data) : 0;
    char *map = malloc(n + 1);

    CHECK(map != NULL);
    if (n > 0)
        memcpy(map, data, n);
    map[n] = '\0';
    if (end != NULL) {
        data = end + 1;
        size -= n + 1;
    }
    if (import_map_parse(n > 0 ? map : NULL, &how.map, &p) == 0) {
        if (import_line_read((const char *)data, size, &how, &l, &p) == 0) {
            requests(&l, &how);
            import_line_fini(&l);
        } else {
            CHECK(p.detail[0] != '\0');
        }
        import_map_fini(&how.map);
    } else {
        CHECK(p.detail[0] != '\0');
    }
    free(map);
    return 0;
}
