#include "sign.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static void add(crypto_auth_hmacsha256_state *h, const char *s)
{
    (void)crypto_auth_hmacsha256_update(h, (const unsigned char *)s, strlen(s));
}

void sign_v1(const unsigned char *secret, size_t secret_len, const char *id,
             int64_t seconds, const char *body, char out[SIGN_TEXT])
{
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state h;
    char stamp[32];

    (void)snprintf(stamp, sizeof(stamp), ".%" PRId64 ".", seconds);
    (void)crypto_auth_hmacsha256_init(&h, secret, secret_len);
    add(&h, id);
    add(&h, stamp);
    add(&h, body);
    (void)crypto_auth_hmacsha256_final(&h, mac);
    memcpy(out, "v1,", 4);
    (void)sodium_bin2base64(out + 3, SIGN_TEXT - 3, mac, sizeof(mac),
                            sodium_base64_VARIANT_ORIGINAL);
}

void sign_new_secret(char out[SIGN_TEXT])
{
    unsigned char key[32];

    randombytes_buf(key, sizeof(key));
    memcpy(out, "whsec_", 7);
    (void)sodium_bin2base64(out + 6, SIGN_TEXT - 6, key, sizeof(key),
                            sodium_base64_VARIANT_ORIGINAL);
    sodium_memzero(key, sizeof(key));
}
