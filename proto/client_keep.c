/* Messages that came while somebody waited for another. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client_int.h"

void dk_reply_free(struct dk_reply *r)
{
    free(r->text);
    cJSON_Delete(r->json);
    *r = (struct dk_reply){0};
}

bool dk_reply_names(const struct dk_reply *r, const char *member,
                    const char *id)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(r->json, member);

    return v == NULL || (cJSON_IsString(v) && strcmp(v->valuestring, id) == 0);
}

const char *const dk_no_code[2] = {
    "the office has this case; its query code is given only to who hands in "
    "the very same contents, and these can no longer be compared. A code on "
    "an earlier receipt may still hold; else go to the counter with the case "
    "number and proof of who you are",
    "信访机构已收到本案；查询码只提供给提交内容完全相同者，"
    "而原提交内容已无法核对。此前回执上的查询码可能仍然有效；"
    "否则请持案件编号和本人身份证件到接待窗口查询",
};

int dk_reply_code(const struct dk_reply *r, const char **code,
                  struct dk_problem *p)
{
    const char *name = "query_code";

    *code = NULL;
    if (cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(r->json, name)))
        return DK_OK;
    return dk_json_str(r->json, name, DK_REQUIRED, 8, 8, code, NULL, p);
}

void dk_client_id(struct dk_client *c, char k, char buf[DK_REQUEST_MAX + 1])
{
    (void)snprintf(buf, DK_REQUEST_MAX + 1, DK_OWN_ID "%c.%llu", k,
                   (unsigned long long)++c->made);
}

bool dk_client_stale(const struct dk_client *c, const struct dk_reply *r)
{
    if (strncmp(r->request, DK_OWN_ID "f.", sizeof(DK_OWN_ID "f.") - 1) == 0)
        return strcmp(r->request, c->following) != 0;
    return strncmp(r->request, DK_OWN_ID "c.", sizeof(DK_OWN_ID "c.") - 1) == 0;
}

int dk_client_keep(struct dk_client *c, struct dk_reply *r,
                   struct dk_problem *p)
{
    struct dk_kept *k;

    if (c->kept >= c->keep_max)
        return dk_failf(p, DK_EBUSY, NULL,
                        "%d answers wait to be received; receive them first",
                        "有 %d 条答复尚未接收；请先接收", c->kept);
    k = malloc(sizeof(*k));
    if (k == NULL)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    k->next = NULL;
    k->reply = *r;
    *r = (struct dk_reply){0};
    *c->last = k;
    c->last = &k->next;
    c->kept++;
    return 0;
}

bool dk_client_kept(struct dk_client *c, const char *request,
                    struct dk_reply *out)
{
    for (struct dk_kept **at = &c->first; *at != NULL; at = &(*at)->next) {
        struct dk_kept *k = *at;

        if (request != NULL && strcmp(k->reply.request, request) != 0)
            continue;
        *at = k->next;
        if (c->last == &k->next)
            c->last = at;
        c->kept--;
        *out = k->reply;
        free(k);
        return true;
    }
    return false;
}
