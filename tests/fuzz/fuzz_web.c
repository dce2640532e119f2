/* fuzz_web.c - what a browser sends beside a body, at the web desk: a query
 * string is refused, or becomes a strict JSON object; a cookie is found whole,
 * or not at all.
 *
 * Input: text, read as both.
 */
#include "clients/web/query.h"
#include "fuzz.h"
#include "proto/jsonx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct query_param known[] = {{"unit", QUERY_TEXT},
                                               {"open", QUERY_BOOL},
                                               {"limit", QUERY_INT},
                                               {"by", QUERY_NAMES},
                                               {NULL, QUERY_TEXT}};
    char *text = malloc(size + 1), value[16];
    struct dk_problem p = {0};
    struct dk_jw w = {0};
    cJSON *o = NULL;

    CHECK(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    dk_jw_obj(&w, NULL);
    if (query_write(text, known, &w, &p) == 0) {
        dk_jw_end_obj(&w);
        CHECK(dk_json_parse_obj(w.buf, w.len, w.len, &o, &p) == 0);
        cJSON_Delete(o);
    } else {
        CHECK(p.code != 0 && p.detail[0] != '\0' && p.detail_zh[0] != '\0');
    }
    if (query_get(text, "unit", value, sizeof(value)))
        CHECK(value[0] != '\0' && strlen(value) < sizeof(value));
    if (cookie_get(text, "s", value, sizeof(value)))
        CHECK(value[0] != '\0' && strchr(value, ';') == NULL);
    dk_jw_fini(&w);
    free(text);
    return 0;
}
