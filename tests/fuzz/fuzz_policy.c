/* fuzz_policy.c - a policy file of any content: refused with every mistake
 * named, or one that answers a case's events with commands that are JSON, the
 * same each time.
 */
#include "core/policy.h"
#include "fuzz.h"
#include "tests/support/core_kit.h"

static struct dk_calendar *calendar;
static struct kit kit;

static void open_once(void)
{
    struct dk_report r = {0};
    struct dk_submit s = kit_submission();
    size_t len;

    if (calendar != NULL)
        return;
    char *text = fuzz_read("policy/calendar-cn.json", &len);
    calendar = dk_calendar_load("c", text, len, &r);
    CHECK(calendar != NULL);
    free(text);
    dk_report_fini(&r);
    kit_open(&kit);
    CHECK(kit_submit(&kit, &s) == 0);
    CHECK(kit_do(&kit, DK_ACT_REGISTER, "{}") == 0);
    CHECK(kit_do(&kit, DK_ACT_ASSIGN, "{\"unit\":\"u\"}") == 0);
    CHECK(kit_do(&kit, DK_ACT_TRANSFER, "{}") == 0);
    CHECK(kit_do(&kit, DK_ACT_ACCEPT, "{\"notice\":\"1\",\"way\":\"left\"}") ==
          0);
}

static void answers(const struct dk_policy *p)
{
    struct dk_jw w = {0}, again = {0};
    struct dk_problem why = {0};

    for (size_t i = 0; i < kit.log.n; i++) {
        cJSON *list = NULL;
        dk_jw_reset(&w);
        dk_jw_reset(&again);
        int rc =
            dk_policy_answer(p, calendar, kit.c, &kit.log.v[i], 480, &w, &why);
        CHECK(rc == dk_policy_answer(p, calendar, kit.c, &kit.log.v[i], 480,
                                     &again, &why));
        if (rc != 0)
            continue;
        CHECK(w.len == again.len && memcmp(w.buf, again.buf, w.len) == 0);
        CHECK(dk_json_parse(w.buf, w.len, w.len, &list, NULL) == 0 &&
              cJSON_IsArray(list));
        cJSON_Delete(list);
    }
    dk_jw_fini(&w);
    dk_jw_fini(&again);
}

static void prints(const struct dk_policy *p)
{
    struct dk_jw w = {0};
    char *text = NULL;
    cJSON *o = NULL;

    dk_policy_print(p, "zh-CN", &w, &text);
    CHECK(text != NULL && dk_json_parse(w.buf, w.len, w.len, &o, NULL) == 0);
    cJSON_Delete(o);
    dk_jw_fini(&w);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dk_report r = {0}, more = {0};

    open_once();
    struct dk_policy *p = dk_policy_load("p", (const char *)data, size, &r);
    CHECK((p == NULL) == (r.errors > 0));
    if (p != NULL) {
        dk_policy_check(p, calendar, &more);
        prints(p);
        answers(p);
    }
    dk_policy_free(p);
    dk_report_fini(&r);
    dk_report_fini(&more);
    return 0;
}
