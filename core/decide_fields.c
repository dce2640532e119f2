#include "decide_internal.h"

#include <stdio.h>

/* Members of a request around the fields of its action; the caller's.  A
 * worker's command has but the first two: its case is its task's, and its name
 * its key's.
 */
static const char *const around[] = {"action",  "at",       "actor",
                                     "case_no", "expect_n", "command_id"};
#define AROUND_N        (sizeof(around) / sizeof(around[0]))
#define AROUND_WORKER_N 2

int dk_fields_only(const struct dk_decision *d, const struct dk_field *fields)
{
    const char *names[DK_FIELDS_MAX + AROUND_N + 1];
    size_t extra = d->cmd->by == DK_BY_WORKER ? AROUND_WORKER_N : AROUND_N;
    size_t n = 0;

    for (; fields[n].name != NULL && n < DK_FIELDS_MAX; n++)
        names[n] = fields[n].name;
    for (size_t i = 0; i < extra; i++)
        names[n++] = around[i];
    names[n] = NULL;
    return dk_json_only(d->args, names, NULL, d->p);
}

static int copy_str(struct dk_decision *d, const struct dk_field *f)
{
    const char *s = NULL;
    int rc;

    if (f->kind == DK_FIELD_ID)
        rc = dk_json_id(d->args, f->name, f->need, &s, NULL, d->p);
    else
        rc = dk_json_str(d->args, f->name, f->need, 1, (size_t)f->max, &s, NULL,
                         d->p);
    if (rc == 0 && s != NULL)
        dk_jw_str(&d->w, f->name, s);
    return rc;
}

static int copy_int(struct dk_decision *d, const struct dk_field *f)
{
    int64_t none = f->min - 1, v = none;
    int rc =
        dk_json_int(d->args, f->name, f->need, f->min, f->max, &v, NULL, d->p);

    if (rc == 0 && v != none)
        dk_jw_int(&d->w, f->name, v);
    return rc;
}

static int copy_enum(struct dk_decision *d, const struct dk_field *f)
{
    int v = -1;
    int rc = dk_json_enum(d->args, f->name, f->need, f->names, &v, NULL, d->p);

    if (rc == 0 && v >= 0)
        dk_jw_str(&d->w, f->name, f->names[v]);
    return rc;
}

static int copy_field(struct dk_decision *d, const struct dk_field *f)
{
    switch (f->kind) {
    case DK_FIELD_TEXT:
    case DK_FIELD_ID:
        return copy_str(d, f);
    case DK_FIELD_INT:
        return copy_int(d, f);
    case DK_FIELD_ENUM:
        return copy_enum(d, f);
    case DK_FIELD_SPECIAL:
        break;
    }
    return 0;
}

int dk_fields_copy(struct dk_decision *d, const struct dk_field *fields)
{
    for (; fields->name != NULL; fields++) {
        int rc = copy_field(d, fields);

        if (rc != 0)
            return rc;
    }
    return 0;
}

/* The getters read members of objects: an element is given to them as the one
 * member of an object, under its index.
 */
struct item {
    cJSON object, member;
    char name[16];
};

static void wrap(struct item *it, const cJSON *v, int i)
{
    (void)snprintf(it->name, sizeof(it->name), "%d", i);
    it->member = *v;
    it->member.next = it->member.prev = NULL;
    it->member.string = it->name;
    it->object = (cJSON){.type = cJSON_Object, .child = &it->member};
}

int dk_item_id(const cJSON *v, int i, const char **out, const struct dk_at *at,
               struct dk_problem *p)
{
    struct item it;

    wrap(&it, v, i);
    return dk_json_id(&it.object, it.name, DK_REQUIRED, out, at, p);
}

int dk_item_str(const cJSON *v, int i, size_t max_bytes, const char **out,
                const struct dk_at *at, struct dk_problem *p)
{
    struct item it;

    wrap(&it, v, i);
    return dk_json_str(&it.object, it.name, DK_REQUIRED, 1, max_bytes, out, at,
                       p);
}
