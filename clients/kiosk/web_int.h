/* web_int.h - what the files of the page's server share. */
#ifndef DK_KIOSK_WEB_INT_H
#define DK_KIOSK_WEB_INT_H

#include "clients/http/http.h"
#include "form.h"
#include "print.h"
#include "web.h"

#define WEB_ASKED 8  /* questions to the broker at once */
#define WEB_TRIES 10 /* wrong receipt numbers at once */

struct web_asked {
    struct http_ask *ask; /* NULL: free */
    char request[16];
    char case_no[DK_CASE_NO_MAX];
    dk_ms by; /* monotonic */
};

struct web {
    struct http *http;
    struct http_files *files;
    struct spool *spool;
    struct say *say;
    struct forward *forward;
    struct form form;
    char *running; /* the file that says that we run */
    int idle_s;
    bool interrupted;
    dk_ms interrupted_at;   /* wall clock; DK_NEVER: nothing was ever taken */
    dk_ms interrupted_till; /* monotonic */
    uint32_t n_asked;
    struct web_asked asked[WEB_ASKED];
    double tries; /* wrong receipt numbers that are still free */
    dk_ms tries_at;
    struct print *print;
    struct dk_problem broken; /* of the spool */
};

/* The routes. */
void web_form(void *arg, struct http_ask *a);
void web_state(void *arg, struct http_ask *a);
void web_take(void *arg, struct http_ask *a);
void web_case(void *arg, struct http_ask *a); /* /api/cases/ID[/qr.svg] */
void web_by_receipt(void *arg, struct http_ask *a);
void web_query(void *arg, struct http_ask *a);
void web_print(void *arg, struct http_ask *a);

void web_on_reply(void *arg, const struct dk_reply *r);

/* A failure of the spool: answered, and noted for web_pump(). */
void web_failed(struct web *w, struct http_ask *a, const struct dk_problem *p);

/* A QR code as SVG; false: it cannot be made.  Either way `out` is to be
 * freed.
 */
bool web_qr_svg(const char *text, struct bytes *out);

/* What the QR code of a case says; owned by the caller, NULL: no memory. */
char *web_qr_text(const struct web *w, const struct spool_found *found);

#endif /* DK_KIOSK_WEB_INT_H */
