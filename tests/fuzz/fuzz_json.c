/* fuzz_json.c - the strict reader against two others.  What it takes is what
 * rfc8259.h takes, byte for byte; what it takes jansson takes too and reads
 * alike, and where jansson takes more there is a reason that PROTOCOL.md gives.
 * What is written of it is taken again and written alike.
 */
#include <jansson.h>

#include "proto/jsonw.h"
#include "proto/jsonx.h"
#include "rfc8259.h"

static bool same(const cJSON *a, const json_t *b)
{
    const char *key;
    json_t *v;
    size_t i, n = 0;

    switch (json_typeof(b)) {
    case JSON_OBJECT:
        json_object_foreach((json_t *)(uintptr_t)b, key, v)
        {
            const cJSON *x = cJSON_GetObjectItemCaseSensitive(a, key);
            if (x == NULL || !same(x, v))
                return false;
            n++;
        }
        return cJSON_IsObject(a) && (int)n == cJSON_GetArraySize(a);
    case JSON_ARRAY:
        json_array_foreach(b, i, v)
        {
            if (!same(cJSON_GetArrayItem(a, (int)i), v))
                return false;
        }
        return cJSON_IsArray(a) &&
               cJSON_GetArraySize(a) == (int)json_array_size(b);
    case JSON_STRING:
        return cJSON_IsString(a) &&
               strcmp(a->valuestring, json_string_value(b)) == 0;
    case JSON_INTEGER:
        return cJSON_IsNumber(a) &&
               (json_int_t)a->valuedouble == json_integer_value(b);
    case JSON_TRUE:
        return cJSON_IsTrue(a);
    case JSON_FALSE:
        return cJSON_IsFalse(a);
    case JSON_NULL:
        return cJSON_IsNull(a);
    case JSON_REAL:
    default:
        return false;
    }
}

/* Has the value something that docket alone refuses? */
static bool is_odd(const json_t *b, int depth)
{
    const json_int_t most = (json_int_t)9007199254740991;
    const char *key;
    json_t *v;
    size_t i;

    if (depth > 32 || json_is_real(b))
        return true;
    if (json_is_integer(b))
        return json_integer_value(b) > most || json_integer_value(b) < -most ||
               json_integer_value(b) == 0; /* may have been "-0" */
    if (json_object_size(b) > 256)
        return true;
    json_object_foreach((json_t *)(uintptr_t)b, key, v)
    {
        if (is_odd(v, depth + (json_is_object(v) || json_is_array(v))))
            return true;
    }
    json_array_foreach(b, i, v)
    {
        if (is_odd(v, depth + (json_is_object(v) || json_is_array(v))))
            return true;
    }
    return false;
}

static void against_jansson(const uint8_t *data, size_t size, const cJSON *v)
{
    json_error_t e;
    json_t *other = json_loadb((const char *)data, size,
                               JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &e);

    if (v != NULL)
        CHECK(other != NULL && same(v, other));
    else if (other != NULL) /* a NUL ends the text for jansson */
        CHECK(is_odd(other, 1) || memchr(data, 0, size) != NULL);
    json_decref(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dk_problem p = {0};
    struct dk_jw w = {0}, again = {0};
    cJSON *v, *back;
    int rc = dk_json_parse((const char *)data, size, DK_BODY_MAX, &v, &p);

    CHECK((rc == 0) == (v != NULL));
    if (size <= DK_BODY_MAX) {
        CHECK((rc == 0) == rfc_good(data, size));
        against_jansson(data, size, v);
    }
    if (rc != 0) {
        CHECK(rc == DK_EJSON || rc == DK_ETOOBIG);
        CHECK(p.detail[0] != '\0' && p.detail_zh[0] != '\0');
        return 0;
    }
    CHECK(dk_utf8_valid((const char *)data, size) == size);
    dk_jw_cjson(&w, NULL, v);
    CHECK(!w.oom);
    /* Escapes may make it longer, but not deeper or wider. */
    rc = (cJSON_IsObject(v) ? dk_json_parse_fixed
                            : dk_json_parse)(w.buf, w.len, w.len, &back, NULL);
    CHECK(rc == 0);
    dk_jw_cjson(&again, NULL, back);
    CHECK(again.len == w.len && memcmp(again.buf, w.buf, w.len) == 0);
    cJSON_Delete(back);
    cJSON_Delete(v);
    dk_jw_fini(&w);
    dk_jw_fini(&again);
    return 0;
}
