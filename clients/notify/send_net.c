/* send_net.c - a try by e-mail or webhook: in a child, by libcurl, which waits
 * (for a name, a server, or the answer to its goodbye).
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mail.h"
#include "proto/client.h"
#include "proto/cloudevent.h"
#include "send_int.h"
#include "sign.h"

#define ANSWER_MOST 65536 /* bytes of a receiver's answer that are read */

struct letter {
    const char *left;
};

static CURL *prepare(const struct conf *c, char why[CURL_ERROR_SIZE])
{
    CURL *e = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK
                  ? curl_easy_init()
                  : NULL;

    why[0] = '\0';
    if (e == NULL)
        return NULL;
    (void)curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(e, CURLOPT_ERRORBUFFER, why);
    (void)curl_easy_setopt(e, CURLOPT_TIMEOUT, (long)c->timeout_s);
    (void)curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT, (long)c->timeout_s);
    (void)curl_easy_setopt(e, CURLOPT_SERVER_RESPONSE_TIMEOUT,
                           (long)c->timeout_s);
    (void)curl_easy_setopt(e, CURLOPT_SSLVERSION,
                           (long)CURL_SSLVERSION_TLSv1_2);
    /* What the environment or a .netrc says is not for us. */
    (void)curl_easy_setopt(e, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    if (c->ca_file[0] != '\0')
        (void)curl_easy_setopt(e, CURLOPT_CAINFO, c->ca_file);
    return e;
}

static size_t give(char *to, size_t size, size_t n, void *arg)
{
    struct letter *l = arg;
    size_t len = strnlen(l->left, size * n);

    memcpy(to, l->left, len);
    l->left += len;
    return len;
}

/* What a server answers is read, and not kept. */
/* NOLINTNEXTLINE(readability-non-const-parameter): libcurl's type */
static size_t swallow(char *s, size_t size, size_t n, void *arg)
{
    size_t *had = arg;

    (void)s;
    *had += size * n;
    return *had > ANSWER_MOST ? 0 : size * n;
}

/* `why` is libcurl's; the status of the last answer is what counts. */
static void judge(CURL *e, CURLcode code, bool mail, const char *why,
                  struct verdict *v)
{
    curl_off_t wish = 0;
    long status = 0;

    (void)curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, &status);
    if (mail) {
        v->outcome = code == CURLE_OK ? DK_NOTIFY_SENT : dk_notify_smtp(status);
    } else {
        (void)curl_easy_getinfo(e, CURLINFO_RETRY_AFTER, &wish);
        v->outcome =
            code == CURLE_OK ? dk_notify_http(status) : DK_NOTIFY_AGAIN;
    }
    if (wish > 0 && wish < 86400)
        v->wish = wish * DK_SECOND;
    if (v->outcome == DK_NOTIFY_SENT)
        v->why[0] = '\0';
    else if (code == CURLE_OK)
        (void)snprintf(v->why, sizeof(v->why), "answered %ld", status);
    else
        (void)snprintf(v->why, sizeof(v->why), "%s (last answer %ld)",
                       why[0] != '\0' ? why : curl_easy_strerror(code), status);
}

static void out_of_memory(struct verdict *v)
{
    v->outcome = DK_NOTIFY_AGAIN;
    (void)snprintf(v->why, sizeof(v->why), "out of memory");
}

static void set_mail(CURL *e, const struct conf *c, const char *url,
                     const char *from, struct curl_slist *to, struct letter *l)
{
    (void)curl_easy_setopt(e, CURLOPT_URL, url);
    (void)curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    (void)curl_easy_setopt(
        e, CURLOPT_USE_SSL,
        (long)(c->smtp.tls == TLS_STARTTLS ? CURLUSESSL_ALL : CURLUSESSL_NONE));
    if (c->smtp.user[0] != '\0') {
        (void)curl_easy_setopt(e, CURLOPT_USERNAME, c->smtp.user);
        (void)curl_easy_setopt(e, CURLOPT_PASSWORD, c->smtp.password);
    }
    (void)curl_easy_setopt(e, CURLOPT_MAIL_FROM, from);
    (void)curl_easy_setopt(e, CURLOPT_MAIL_RCPT, to);
    (void)curl_easy_setopt(e, CURLOPT_READFUNCTION, give);
    (void)curl_easy_setopt(e, CURLOPT_READDATA, l);
    (void)curl_easy_setopt(e, CURLOPT_UPLOAD, 1L);
}

void net_email(const struct conf *c, const struct message *m,
               const struct recipient *r, struct verdict *v)
{
    char url[600], from[300], to[300], why[CURL_ERROR_SIZE];
    const struct mail mail = {.from = c->smtp.from,
                              .to = r->email,
                              .subject = m->subject,
                              .body = m->body,
                              .key = m->key,
                              .at = m->made_at,
                              .offset_min =
                                  dk_zone_offset(&c->zone, m->made_at),
                              .english = conf_lang(c, r) == DK_LANG_EN};
    struct letter l = {mail_write(&mail)};
    struct curl_slist *list;
    CURL *e = prepare(c, why);

    (void)snprintf(url, sizeof(url), "%s://%s%s%s",
                   c->smtp.tls == TLS_DIRECT ? "smtps" : "smtp", c->smtp.server,
                   c->smtp.hello[0] != '\0' ? "/" : "", c->smtp.hello);
    (void)snprintf(from, sizeof(from), "<%s>", c->smtp.from);
    (void)snprintf(to, sizeof(to), "<%s>", r->email);
    list = curl_slist_append(NULL, to);
    if (l.left == NULL || e == NULL || list == NULL) {
        out_of_memory(v);
        return;
    }
    set_mail(e, c, url, from, list, &l);
    judge(e, curl_easy_perform(e), true, why, v);
}

static struct curl_slist *add_header(struct curl_slist *list, bool *oom,
                                     const char *name, const char *value)
{
    char line[256];
    struct curl_slist *more;

    (void)snprintf(line, sizeof(line), "%s: %s", name, value);
    more = curl_slist_append(list, line);
    *oom = *oom || more == NULL;
    return more == NULL ? list : more;
}

void net_webhook(const struct conf *c, const struct message *m,
                 const struct recipient *r, struct verdict *v)
{
    int64_t now = dk_client_wall() / DK_SECOND;
    char signature[SIGN_TEXT], stamp[24], why[CURL_ERROR_SIZE];
    struct curl_slist *h = NULL;
    CURL *e = prepare(c, why);
    size_t had = 0;
    bool oom = e == NULL;

    sign_v1(r->secret, r->secret_len, m->key, now, m->body, signature);
    (void)snprintf(stamp, sizeof(stamp), "%lld", (long long)now);
    h = add_header(h, &oom, "Content-Type", DK_CLOUDEVENT_TYPE);
    h = add_header(h, &oom, "webhook-id", m->key);
    h = add_header(h, &oom, "webhook-timestamp", stamp);
    h = add_header(h, &oom, "webhook-signature", signature);
    h = add_header(h, &oom, "User-Agent", "docket-notify/" DK_VERSION_TEXT);
    h = add_header(h, &oom, "Expect", "");
    if (oom) {
        out_of_memory(v);
        return;
    }
    (void)curl_easy_setopt(e, CURLOPT_URL, r->webhook);
    (void)curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(e, CURLOPT_HTTPHEADER, h);
    (void)curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE, (long)strlen(m->body));
    (void)curl_easy_setopt(e, CURLOPT_POSTFIELDS, m->body);
    (void)curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, swallow);
    (void)curl_easy_setopt(e, CURLOPT_WRITEDATA, &had);
    judge(e, curl_easy_perform(e), false, why, v);
}
