/* site_names.c - what a page calls things. */
#include "openapi.h"
#include "site_int.h"

void site_openapi(void *arg, struct http_ask *a)
{
    (void)arg;
    http_bytes(a, 200, "application/json", openapi_json, openapi_json_len);
}

void site_names(void *arg, struct http_ask *a)
{
    struct site *s = arg;
    const char *text;
    size_t len;

    if (site_who(s, a, false) == NULL)
        return;
    text = names_text(s->names, &len);
    http_bytes(a, 200, "application/json", text, len);
}
