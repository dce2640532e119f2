#include "submit.h"

#include <string.h>

#include "caseno.h"
#include "uuid.h"

#define SUBJECT_MAX     400
#define FACTS_MAX       49152
#define CATEGORY_MAX    200
#define NAME_MAX_BYTES  200
#define ID_NUMBER_MAX   40
#define PHONE_MAX       40
#define ADDRESS_MAX     600
#define PETITIONERS_MAX 1000000

const char *const dk_channel_names[] = {"online", "letter", "call", "visit",
                                        "video",  "kiosk",  NULL};
const char *const dk_kind_names[] = {"appeal", "suggestion", "accusation",
                                     NULL};
const char *const dk_need_names[] = {"medical", "minor", "wages", "safety",
                                     NULL};

static int read_person(const cJSON *o, struct dk_person *out,
                       const struct dk_at *at, struct dk_problem *p)
{
    static const char *const known[] = {"name", "id_number", "phone", "address",
                                        NULL};
    int rc = dk_json_only(o, known, at, p);

    if (rc == 0)
        rc = dk_json_str(o, "name", DK_REQUIRED, 1, NAME_MAX_BYTES, &out->name,
                         at, p);
    if (rc == 0)
        rc = dk_json_str(o, "id_number", DK_OPTIONAL, 1, ID_NUMBER_MAX,
                         &out->id_number, at, p);
    if (rc == 0)
        rc = dk_json_str(o, "phone", DK_OPTIONAL, 1, PHONE_MAX, &out->phone, at,
                         p);
    if (rc == 0)
        rc = dk_json_str(o, "address", DK_OPTIONAL, 1, ADDRESS_MAX,
                         &out->address, at, p);
    return rc;
}

static int read_persons(const cJSON *body, struct dk_submit *out,
                        struct dk_problem *p)
{
    const struct dk_at list = {NULL, "persons", 0};
    const cJSON *arr = NULL, *e;
    int rc = dk_json_arr(body, "persons", DK_OPTIONAL, 0, DK_PETITION_MAX, &arr,
                         NULL, p);

    if (rc != 0)
        return rc;
    cJSON_ArrayForEach (e, arr) {
        const struct dk_at at = {&list, NULL, out->n_person};

        rc = read_person(e, &out->person[out->n_person], &at, p);
        if (rc != 0)
            return rc;
        out->n_person++;
    }
    return 0;
}

static int read_respondent(const cJSON *o, struct dk_respondent *out,
                           const struct dk_at *at, struct dk_problem *p)
{
    static const char *const known[] = {"unit", "officer", NULL};
    char pointer[128];
    int rc = dk_json_only(o, known, at, p);

    if (rc == 0)
        rc = dk_json_id(o, "unit", DK_OPTIONAL, &out->unit, at, p);
    if (rc == 0)
        rc = dk_json_id(o, "officer", DK_OPTIONAL, &out->officer, at, p);
    if (rc == 0 && out->unit == NULL && out->officer == NULL) {
        dk_at_pointer(at, NULL, pointer, sizeof(pointer));
        rc = dk_fail(p, DK_EFIELD, pointer,
                     "nobody is named; give 'unit', 'officer' or both",
                     "未指明对象；请填写“unit”、“officer”或两者");
    }
    return rc;
}

static int read_respondents(const cJSON *body, struct dk_submit *out,
                            struct dk_problem *p)
{
    const struct dk_at list = {NULL, "respondents", 0};
    const cJSON *arr = NULL, *e;
    int rc = dk_json_arr(body, "respondents", DK_OPTIONAL, 0, DK_RESPOND_MAX,
                         &arr, NULL, p);

    if (rc != 0)
        return rc;
    cJSON_ArrayForEach (e, arr) {
        const struct dk_at at = {&list, NULL, out->n_respondent};

        rc = read_respondent(e, &out->respondent[out->n_respondent], &at, p);
        if (rc != 0)
            return rc;
        out->n_respondent++;
    }
    return 0;
}

/* Levels joined by '/', none of them empty. */
static int check_category(const char *c, struct dk_problem *p)
{
    size_t n;

    if (c == NULL)
        return 0;
    n = strlen(c);
    if (c[0] == '/' || c[n - 1] == '/' || strstr(c, "//") != NULL ||
        strpbrk(c, "\t\r\n") != NULL)
        return dk_fail(p, DK_EFIELD, "/category",
                       "'category' must be names joined by '/', such as "
                       "环境保护/水污染",
                       "“category”须为用“/”连接的各级名称，例如 "
                       "环境保护/水污染");
    return 0;
}

/* A case number, as somebody has it.  Whether there is such a case is not asked
 * here: nobody is turned away for a slip of the pen.
 */
static int read_case_no(const cJSON *body, const char *key, const char **out,
                        struct dk_problem *p)
{
    const struct dk_at at = {NULL, key, 0};
    char pointer[32];
    int32_t county;
    int64_t number;
    int rc = dk_json_str(body, key, DK_OPTIONAL, 1, DK_CASE_NO_MAX - 1, out,
                         NULL, p);

    if (rc != 0 || *out == NULL ||
        dk_case_no_parse(*out, &county, &number) == 0)
        return rc;
    dk_at_pointer(&at, NULL, pointer, sizeof(pointer));
    return dk_failf(p, DK_EFIELD, pointer,
                    "'%s' is not a case number (check its digits), or leave it "
                    "out",
                    "“%s”不是案件编号，请核对数字，或不填写", key);
}

static int read_matter(const cJSON *body, struct dk_submit *out,
                       struct dk_problem *p)
{
    int channel = 0, kind = DK_KIND_APPEAL;
    int rc = dk_json_enum(body, "channel", DK_REQUIRED, dk_channel_names,
                          &channel, NULL, p);

    if (rc == 0)
        rc = dk_json_str(body, "subject", DK_REQUIRED, 1, SUBJECT_MAX,
                         &out->subject, NULL, p);
    if (rc == 0)
        rc = dk_json_str(body, "facts", DK_REQUIRED, 1, FACTS_MAX, &out->facts,
                         NULL, p);
    if (rc == 0)
        rc = dk_json_enum(body, "kind", DK_OPTIONAL, dk_kind_names, &kind, NULL,
                          p);
    if (rc == 0)
        rc = dk_json_id(body, "region", DK_OPTIONAL, &out->region, NULL, p);
    if (rc == 0)
        rc = dk_json_str(body, "category", DK_OPTIONAL, 1, CATEGORY_MAX,
                         &out->category, NULL, p);
    if (rc == 0)
        rc = check_category(out->category, p);
    if (rc == 0)
        rc = dk_json_time(body, "submitted_at", DK_OPTIONAL, &out->submitted_at,
                          NULL, p);
    if (rc == 0)
        rc = dk_json_bool(body, "import", DK_OPTIONAL, &out->import, NULL, p);
    if (rc == 0)
        rc = dk_json_bool(body, "confidential", DK_OPTIONAL, &out->confidential,
                          NULL, p);
    if (rc == 0)
        rc = dk_json_set(body, "needs", DK_OPTIONAL, dk_need_names, &out->needs,
                         NULL, p);
    if (rc == 0)
        rc = read_case_no(body, "repeat_of", &out->repeat_of, p);
    if (rc == 0)
        rc = read_case_no(body, "from", &out->from, p);
    out->channel = (enum dk_channel)channel;
    out->kind = (enum dk_kind)kind;
    return rc;
}

int dk_submit_read(const cJSON *body, struct dk_submit *out,
                   struct dk_problem *p)
{
    static const char *const known[] = {
        "submission_id", "channel",  "subject",      "facts",       "kind",
        "region",        "category", "submitted_at", "petitioners", "persons",
        "respondents",   "import",   "confidential", "needs",       "repeat_of",
        "from",          NULL};
    int rc;

    memset(out, 0, sizeof(*out));
    out->submitted_at = DK_NEVER;
    rc = dk_json_only(body, known, NULL, p);
    if (rc == 0)
        rc = dk_json_uuid(body, "submission_id", DK_REQUIRED, true,
                          &out->submission, NULL, p);
    if (rc == 0)
        rc = read_matter(body, out, p);
    if (rc == 0)
        rc = read_persons(body, out, p);
    if (rc == 0)
        rc = read_respondents(body, out, p);
    out->petitioners = out->n_person > 1 ? out->n_person : 1;
    if (rc == 0)
        rc = dk_json_int(body, "petitioners", DK_OPTIONAL, out->petitioners,
                         PETITIONERS_MAX, &out->petitioners, NULL, p);
    return rc;
}

void dk_needs_write(struct dk_jw *w, const char *key, unsigned needs)
{
    dk_jw_arr(w, key);
    for (int i = 0; i < DK_NEED_N; i++) {
        if ((needs >> i & 1) != 0)
            dk_jw_str(w, NULL, dk_need_names[i]);
    }
    dk_jw_end_arr(w);
}

bool dk_submit_reachable(const struct dk_submit *s)
{
    for (int i = 0; i < s->n_person; i++) {
        if (s->person[i].address != NULL || s->person[i].phone != NULL)
            return true;
    }
    return false;
}

static void write_opt(struct dk_jw *w, const char *key, const char *s)
{
    if (s != NULL)
        dk_jw_str(w, key, s);
}

static void write_persons(struct dk_jw *w, const char *key,
                          const struct dk_submit *s)
{
    dk_jw_arr(w, key);
    for (int i = 0; i < s->n_person; i++) {
        const struct dk_person *one = &s->person[i];

        dk_jw_obj(w, NULL);
        write_opt(w, "name", one->name);
        write_opt(w, "id_number", one->id_number);
        write_opt(w, "phone", one->phone);
        write_opt(w, "address", one->address);
        dk_jw_end_obj(w);
    }
    dk_jw_end_arr(w);
}

void dk_submit_write_persons(struct dk_jw *w, const struct dk_submit *s)
{
    write_persons(w, NULL, s);
}

void dk_submit_write_canonical(struct dk_jw *w, const struct dk_submit *s)
{
    char id[DK_UUID_TEXT];

    dk_uuid_format(&s->submission, id);
    dk_jw_obj(w, NULL);
    dk_jw_str(w, "submission_id", id);
    dk_jw_str(w, "channel", dk_channel_names[s->channel]);
    dk_jw_str(w, "subject", s->subject);
    dk_jw_str(w, "facts", s->facts);
    dk_jw_str(w, "kind", dk_kind_names[s->kind]);
    dk_jw_str(w, "region", s->region);
    dk_jw_str(w, "category", s->category);
    dk_jw_time(w, "submitted_at", s->submitted_at, 0);
    dk_jw_int(w, "petitioners", s->petitioners);
    write_persons(w, "persons", s);
    dk_jw_arr(w, "respondents");
    for (int i = 0; i < s->n_respondent; i++) {
        dk_jw_obj(w, NULL);
        write_opt(w, "unit", s->respondent[i].unit);
        write_opt(w, "officer", s->respondent[i].officer);
        dk_jw_end_obj(w);
    }
    dk_jw_end_arr(w);
    dk_jw_bool(w, "import", s->import);
    /* Members that came later are left out at their default: what was sent
     * before they existed still says the same.
     */
    if (s->confidential)
        dk_jw_bool(w, "confidential", true);
    if (s->needs != 0)
        dk_needs_write(w, "needs", s->needs);
    if (s->repeat_of != NULL)
        dk_jw_str(w, "repeat_of", s->repeat_of);
    if (s->from != NULL)
        dk_jw_str(w, "from", s->from);
    dk_jw_end_obj(w);
}
