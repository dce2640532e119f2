/* fuzz_book.c - a book of units of any content: refused with every mistake
 * named, or one that gives every case somebody, or says why not, and never who
 * is complained about.
 */
#include "core/book.h"
#include "fuzz.h"
#include "tests/support/core_kit.h"

static struct kit kits[3];

static void open_once(void)
{
    if (kits[0].c != NULL)
        return;
    for (int i = 0; i < 3; i++) {
        struct dk_submit s = kit_submission();
        kit_open(&kits[i]);
        s.region = i == 0 ? "镇" : NULL;
        s.category = i == 1 ? "城乡建设/市政" : NULL;
        if (i == 2) {
            s.n_respondent = 1;
            s.respondent[0] = (struct dk_respondent){.unit = "t"};
        }
        CHECK(kit_submit(&kits[i], &s) == 0);
    }
}

static void assign(const struct dk_book *b, const struct kit *k)
{
    struct dk_jw w = {0};
    struct dk_problem why = {0};
    cJSON *list = NULL;
    const cJSON *o;
    int rc = dk_book_assign(b, k->c, &k->log.v[0], &w, &why);

    if (rc != 0) {
        CHECK(why.detail[0] != '\0');
    } else {
        CHECK(dk_json_parse(w.buf, w.len, w.len, &list, NULL) == 0 &&
              cJSON_IsArray(list));
        cJSON_ArrayForEach (o, list) {
            const char *unit = cJSON_GetStringValue(
                cJSON_GetObjectItemCaseSensitive(o, "unit"));
            CHECK(unit == NULL || k->c->n_respondent == 0 ||
                  strcmp(unit, "t") != 0);
        }
    }
    cJSON_Delete(list);
    dk_jw_fini(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const roles[] = {"handler", "unit_head", "office",
                                        "leader"};
    struct dk_report r = {0};

    open_once();
    struct dk_book *b = dk_book_load("b", (const char *)data, size, &r);
    CHECK((b == NULL) == (r.errors > 0));
    for (int i = 0; b != NULL && i < 3; i++) {
        assign(b, &kits[i]);
        for (int j = 0; j < 4; j++)
            (void)dk_book_role(b, kits[i].c, roles[j]);
        CHECK(dk_book_unit_name(b, "t", "en") != NULL);
        CHECK(dk_book_officer_name(b, "h") != NULL);
    }
    dk_book_free(b);
    dk_report_fini(&r);
    return 0;
}
