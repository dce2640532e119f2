/* print.c - replies for people and for programs. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "table.h"
#include "text.h"
#include "width.h"

void print_raw(const struct ctl *ctl, const struct dk_reply *r)
{
    (void)fwrite(r->text, 1, r->len, ctl->out);
    (void)fputc('\n', ctl->out);
}

const char *member_text(const cJSON *o, const char *key, char buf[32])
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);

    if (cJSON_IsString(v))
        return v->valuestring;
    if (cJSON_IsBool(v))
        return cJSON_IsTrue(v) ? "true" : "false";
    if (!cJSON_IsNumber(v))
        return NULL;
    (void)snprintf(buf, 32, "%" PRId64, (int64_t)v->valuedouble);
    return buf;
}

void clock_label(const struct ctl *ctl, const char *id, char *buf, size_t cap)
{
    const char *name = id == NULL || !ctl->zh ? id : clock_zh(id);

    if (name == id)
        (void)snprintf(buf, cap, "%s", id == NULL ? "?" : id);
    else
        (void)snprintf(buf, cap, "%s（%s）", name, id);
}

void print_field(const struct ctl *ctl, const char *label, const char *value)
{
    print_field_at(ctl, label, 16, value);
}

void print_field_at(const struct ctl *ctl, const char *label, int width,
                    const char *value)
{
    int pad = width - text_width(label);

    (void)fprintf(ctl->out, "%s%s%s%*s",
                  ctl->color ? table_color(CELL_DIM) : "", label,
                  ctl->color ? TABLE_COLOR_OFF : "", pad > 1 ? pad : 1, "");
    put_text(ctl, value == NULL ? "-" : value, true);
    (void)fputc('\n', ctl->out);
}

static bool is_flat(const cJSON *v)
{
    const cJSON *item;

    if (cJSON_IsObject(v))
        return v->child == NULL;
    cJSON_ArrayForEach (item, v)
        if (cJSON_IsObject(item) || cJSON_IsArray(item))
            return false;
    return true;
}

static void print_value(const struct ctl *ctl, const char *label, int indent,
                        int width, const cJSON *v)
{
    struct dk_jw w = {0};
    char name[160];

    (void)snprintf(name, sizeof name, "%*s%.120s", indent, "", label);
    if (cJSON_IsString(v)) {
        print_field_at(ctl, name, width, v->valuestring);
        return;
    }
    if (!is_flat(v)) {
        (void)fprintf(ctl->out, "%s\n", name);
        print_object(ctl, v, indent + 2);
        return;
    }
    dk_jw_cjson(&w, NULL, v);
    print_field_at(ctl, name, width, w.oom || cJSON_IsNull(v) ? NULL : w.buf);
    dk_jw_fini(&w);
}

void print_object(const struct ctl *ctl, const cJSON *o, int indent)
{
    const cJSON *v;
    char index[24];
    int i = 0, width = 14;

    cJSON_ArrayForEach (v, o)
        if (v->string != NULL && is_flat(v) && text_width(v->string) > width)
            width = text_width(v->string);
    cJSON_ArrayForEach (v, o) {
        (void)snprintf(index, sizeof index, "%d", ++i);
        char *label = text_clean(v->string == NULL ? index : v->string, false);
        print_value(ctl, label == NULL ? "?" : label, indent,
                    indent + width + 2, v);
        free(label);
    }
}

int ctl_show(struct ctl *ctl, const char *type, struct dk_jw *body)
{
    struct dk_reply r;
    int rc = ctl_ask(ctl, type, body, &r);

    if (rc != 0)
        return rc;
    if (ctl->json)
        print_raw(ctl, &r);
    else
        print_object(ctl, r.json, 0);
    dk_reply_free(&r);
    return 0;
}
