/* sign.h - the signature of Standard Webhooks, version 1
 * (https://www.standardwebhooks.com): HMAC-SHA256 over "ID.TIMESTAMP.BODY".
 */
#ifndef DK_NOTIFY_SIGN_H
#define DK_NOTIFY_SIGN_H

#include <stddef.h>
#include <stdint.h>

#define SIGN_TEXT 64 /* "v1," and the base64 of 32 bytes, with its NUL */

void sign_v1(const unsigned char *secret, size_t secret_len, const char *id,
             int64_t seconds, const char *body, char out[SIGN_TEXT]);

/* A new secret as text, "whsec_…", of 32 random bytes. */
void sign_new_secret(char out[SIGN_TEXT]);

#endif /* DK_NOTIFY_SIGN_H */
