/* site_names.c - what a page calls things. */
#include "site_int.h"

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
