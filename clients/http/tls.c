/* tls.c - TLS for the server, by OpenSSL through libevent. */
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>

#include "http_int.h"

struct http_tls {
    SSL_CTX *ctx;
};

static int failed(const char *file, struct dk_problem *p)
{
    char why[160];

    ERR_error_string_n(ERR_get_error(), why, sizeof(why));
    return dk_failf(p, DK_EFIELD, NULL,
                    "%.120s cannot be used for TLS (a certificate with its "
                    "chain, and its private key, in PEM): %.120s",
                    "%.120s 无法用于 TLS（须为 PEM 格式的证书链及其私钥）："
                    "%.120s",
                    file, why);
}

int http_tls_open(const char *certificate, const char *private_key,
                  struct http_tls **out, struct dk_problem *p)
{
    struct http_tls *t = calloc(1, sizeof(*t));
    int rc = 0;

    *out = NULL;
    if (t != NULL)
        t->ctx = SSL_CTX_new(TLS_server_method());
    if (t == NULL || t->ctx == NULL) {
        free(t);
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    }
    (void)SSL_CTX_set_min_proto_version(t->ctx, TLS1_2_VERSION);
    (void)SSL_CTX_set_options(t->ctx,
                              SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    if (SSL_CTX_use_certificate_chain_file(t->ctx, certificate) != 1)
        rc = failed(certificate, p);
    else if (SSL_CTX_use_PrivateKey_file(t->ctx, private_key,
                                         SSL_FILETYPE_PEM) != 1 ||
             SSL_CTX_check_private_key(t->ctx) != 1)
        rc = failed(private_key, p);
    if (rc != 0) {
        http_tls_close(t);
        return rc;
    }
    *out = t;
    return 0;
}

void http_tls_close(struct http_tls *t)
{
    if (t == NULL)
        return;
    SSL_CTX_free(t->ctx);
    free(t);
}

struct bufferevent *http_tls_conn(struct http_tls *t, struct event_base *base)
{
    SSL *ssl = SSL_new(t->ctx);
    struct bufferevent *b;

    if (ssl == NULL)
        return NULL;
    b = bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING,
                                       BEV_OPT_CLOSE_ON_FREE);
    if (b == NULL)
        SSL_free(ssl);
    else /* many a browser goes without saying so */
        bufferevent_openssl_set_allow_dirty_shutdown(b, 1);
    return b;
}
