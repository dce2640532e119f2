#include "form.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/jsonx.h"

#define CATEGORIES 24
#define PLACES     500
#define UNITS      200

/* What is read, and where. */
struct reading {
    const cJSON *o;
    const struct dk_at *at;
    struct dk_problem *p;
};

/* {"zh-CN": …, "en": …} */
static int read_words(const struct reading *r, const char *key, int need,
                      const char **zh, const char **en)
{
    static const char *const names[] = {"zh-CN", "en", NULL};
    const struct dk_at at = {.up = r->at, .key = key};
    const cJSON *o = NULL;
    int rc = dk_json_obj(r->o, key, need, &o, r->at, r->p);

    *zh = *en = "";
    if (rc != 0 || o == NULL)
        return rc;
    rc = dk_json_only(o, names, &at, r->p);
    if (rc == 0)
        rc = dk_json_str(o, "zh-CN", DK_REQUIRED, 1, 255, zh, &at, r->p);
    if (rc == 0)
        rc = dk_json_str(o, "en", DK_REQUIRED, 1, 255, en, &at, r->p);
    return rc;
}

static int read_category(const struct reading *r)
{
    static const char *const names[] = {"category", "name", "hint", "icon",
                                        NULL};
    const char *zh, *en, *id;
    int rc = dk_json_only(r->o, names, r->at, r->p);

    if (rc == 0)
        rc = dk_json_str(r->o, "category", DK_REQUIRED, 1, 200, &id, r->at,
                         r->p);
    if (rc == 0)
        rc = read_words(r, "name", DK_REQUIRED, &zh, &en);
    if (rc == 0)
        rc = read_words(r, "hint", DK_OPTIONAL, &zh, &en);
    if (rc == 0) /* one of the page's pictures; it knows which it has */
        rc = dk_json_id(r->o, "icon", DK_OPTIONAL, &id, r->at, r->p);
    return rc;
}

/* What units are called: {"zjj": {"zh-CN": …, "en": …}, …} */
static int read_units(const struct reading *r)
{
    const struct dk_at at = {.key = "units"};
    struct reading inner = {.at = &at, .p = r->p};
    const char *zh, *en;
    const cJSON *u;
    int n = 0,
        rc = dk_json_obj(r->o, "units", DK_OPTIONAL, &inner.o, NULL, r->p);

    if (rc != 0 || inner.o == NULL)
        return rc;
    cJSON_ArrayForEach (u, inner.o) {
        if (++n > UNITS)
            return dk_failf(r->p, DK_EFIELD, "/units",
                            "there may be %d units at most", "最多 %d 个单位",
                            UNITS);
        rc = read_words(&inner, u->string, DK_REQUIRED, &zh, &en);
        if (rc != 0)
            return rc;
    }
    return 0;
}

/* Each element of the array `key` by `each`. */
static int read_array(const struct reading *r, const char *key, int need,
                      int max, int (*each)(const struct reading *))
{
    const struct dk_at at = {.up = r->at, .key = key};
    struct dk_at place = {.up = &at};
    struct reading inner = {.at = &place, .p = r->p};
    const cJSON *arr = NULL;
    int rc = dk_json_arr(r->o, key, need, 1, max, &arr, r->at, r->p);

    if (rc != 0 || arr == NULL)
        return rc;
    cJSON_ArrayForEach (inner.o, arr) {
        rc = each(&inner);
        if (rc != 0)
            return rc;
        place.index++;
    }
    return 0;
}

static int read_named_place(const struct reading *r, const char *const names[])
{
    const char *zh, *en, *id;
    int rc = dk_json_only(r->o, names, r->at, r->p);

    if (rc == 0)
        rc = dk_json_id(r->o, "region", DK_REQUIRED, &id, r->at, r->p);
    if (rc == 0)
        rc = read_words(r, "name", DK_REQUIRED, &zh, &en);
    return rc;
}

static int read_village(const struct reading *r)
{
    static const char *const names[] = {"region", "name", NULL};

    return read_named_place(r, names);
}

static int read_place(const struct reading *r)
{
    static const char *const names[] = {"region", "name", "places", NULL};
    int rc = read_named_place(r, names);

    return rc != 0 ? rc
                   : read_array(r, "places", DK_OPTIONAL, PLACES, read_village);
}

static int copy(const char *from, char **out, struct dk_problem *p)
{
    *out = from != NULL ? strdup(from) : NULL;
    if (from != NULL && *out == NULL)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    return 0;
}

static int read_url(const cJSON *o, struct form *out, struct dk_problem *p)
{
    const char *url = NULL;
    int rc = dk_json_str(o, "status_url", DK_OPTIONAL, 1, 300, &url, NULL, p);

    if (rc == 0 && url != NULL && strncmp(url, "https://", 8) != 0)
        rc = dk_fail(p, DK_EFIELD, "/status_url",
                     "the page for inquiries begins with https://; leave this "
                     "out if there is none",
                     "查询页面地址应以 https:// 开头；没有则请省略");
    return rc != 0 ? rc : copy(url, &out->status_url, p);
}

static int read_office(const struct reading *r, struct form *out)
{
    const char *zh, *en, *phone = "";
    int64_t offset = 480;
    int rc = read_words(r, "office", DK_REQUIRED, &zh, &en);

    if (rc != 0)
        return rc;
    snprintf(out->office[0], sizeof(out->office[0]), "%s", zh);
    snprintf(out->office[1], sizeof(out->office[1]), "%s", en);
    rc = read_words(r, "address", DK_OPTIONAL, &zh, &en);
    if (rc == 0)
        rc = read_words(r, "hours", DK_OPTIONAL, &zh, &en);
    if (rc == 0)
        rc = dk_json_str(r->o, "phone", DK_OPTIONAL, 1, sizeof(out->phone) - 1,
                         &phone, NULL, r->p);
    if (rc == 0)
        rc = dk_json_int(r->o, "utc_offset", DK_OPTIONAL, -840, 840, &offset,
                         NULL, r->p);
    snprintf(out->phone, sizeof(out->phone), "%s", phone);
    out->offset_min = (int)offset;
    return rc;
}

static int read_form(const cJSON *o, struct form *out, struct dk_problem *p)
{
    static const char *const names[] = {
        "format",     "county",     "office",    "phone", "address",
        "hours",      "note",       "what_next", "units", "utc_offset",
        "status_url", "categories", "places",    NULL};
    const struct reading top = {.o = o, .p = p};
    const char *format, *county, *note, *zh, *en;
    int rc = dk_json_str(o, "format", DK_REQUIRED, 1, 32, &format, NULL, p);

    if (rc == 0 && strcmp(format, "docket-kiosk/1") != 0)
        rc = dk_fail(p, DK_EFIELD, "/format",
                     "this is no form of docket-kiosk: its format must be "
                     "docket-kiosk/1",
                     "这不是 docket-kiosk 的表单：format 应为 docket-kiosk/1");
    if (rc == 0)
        rc = dk_json_only(o, names, NULL, p);
    if (rc == 0)
        rc = dk_json_str(o, "county", DK_REQUIRED, 6, 6, &county, NULL, p);
    if (rc == 0)
        rc = dk_json_str(o, "note", DK_OPTIONAL, 1, 2000, &note, NULL, p);
    if (rc == 0)
        rc = read_office(&top, out);
    if (rc == 0)
        rc = read_words(&top, "what_next", DK_OPTIONAL, &zh, &en);
    if (rc == 0)
        rc = read_units(&top);
    if (rc == 0)
        rc = read_url(o, out, p);
    if (rc == 0)
        rc = read_array(&top, "categories", DK_REQUIRED, CATEGORIES,
                        read_category);
    if (rc == 0)
        rc = read_array(&top, "places", DK_REQUIRED, PLACES, read_place);
    return rc;
}

int form_parse(const char *text, size_t len, struct form *out,
               struct dk_problem *p)
{
    cJSON *o = NULL;
    int rc = dk_json_parse_obj(text, len, FORM_BYTES, &o, p);

    *out = (struct form){0};
    if (rc == 0)
        rc = read_form(o, out, p);
    cJSON_Delete(o);
    if (rc == 0)
        rc = copy(text, &out->text, p);
    out->len = len;
    if (rc != 0)
        form_free(out);
    return rc;
}

static int read_file(const char *path, char **out, size_t *len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    size_t got = 0;
    ssize_t n = 1;

    *out = fd >= 0 ? malloc(FORM_BYTES + 2) : NULL;
    if (*out != NULL && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
        n = -1;
    while (*out != NULL && n > 0 && got <= FORM_BYTES) {
        n = read(fd, *out + got, FORM_BYTES + 1 - got);
        if (n > 0)
            got += (size_t)n;
    }
    if (fd >= 0)
        close(fd);
    if (*out == NULL)
        return -1;
    (*out)[got] = '\0';
    *len = got;
    return n < 0 ? -1 : 0;
}

int form_read(const char *path, struct form *out, struct dk_problem *p)
{
    char *text = NULL, was[sizeof(p->detail)], zh[sizeof(p->detail_zh)];
    char pointer[sizeof(p->pointer)];
    size_t len = 0;
    int rc;

    *out = (struct form){0};
    if (read_file(path, &text, &len) != 0) {
        free(text);
        return dk_failf(p, DK_ENOTFOUND, NULL, "the form %s cannot be read: %s",
                        "表单文件 %s 无法读取：%s", path,
                        strerrordesc_np(errno));
    }
    rc = form_parse(text, len, out, p);
    free(text);
    if (rc != 0 && p != NULL) {
        memcpy(was, p->detail, sizeof(was));
        memcpy(zh, p->detail_zh, sizeof(zh));
        memcpy(pointer, p->pointer, sizeof(pointer));
        dk_failf(p, rc, pointer, "the form %.120s, at %s: %.200s%.0s",
                 "表单 %.120s 的 %s：%.0s%.200s", path,
                 pointer[0] != '\0' ? pointer : "/",
                 was[0] != '\0' ? was : dk_err_title(rc),
                 zh[0] != '\0' ? zh : dk_err_title_zh(rc));
    }
    return rc;
}

void form_free(struct form *f)
{
    free(f->text);
    free(f->status_url);
    *f = (struct form){0};
}
