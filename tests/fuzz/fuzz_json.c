/* The strict reader: what it takes, cJSON reads too, and what is written of it
 * is taken again and written alike.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/jsonw.h"
#include "proto/jsonx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
    if (!ok)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dk_problem p = {0};
    struct dk_jw w = {0}, again = {0};
    cJSON *v, *back;
    int rc = dk_json_parse((const char *)data, size, DK_BODY_MAX, &v, &p);

    check((rc == 0) == (v != NULL));
    if (rc != 0) {
        check(rc == DK_EJSON || rc == DK_ETOOBIG);
        check(p.detail[0] != '\0' && p.detail_zh[0] != '\0');
        return 0;
    }
    check(dk_utf8_valid((const char *)data, size) == size);
    dk_jw_cjson(&w, NULL, v);
    check(!w.oom);
    /* Escapes may make it longer, but not deeper or wider. */
    check(dk_json_parse(w.buf, w.len, w.len, &back, NULL) == 0);
    dk_jw_cjson(&again, NULL, back);
    check(again.len == w.len && memcmp(again.buf, w.buf, w.len) == 0);
    cJSON_Delete(back);
    cJSON_Delete(v);
    dk_jw_fini(&w);
    dk_jw_fini(&again);
    return 0;
}
