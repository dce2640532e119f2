#include "lockbox.h"

#include <sodium.h>
#include <string.h>

#include "proto/jsonx.h"

#define PASSES 3

_Static_assert(LOCKBOX_SALT == crypto_pwhash_SALTBYTES, "salt");
_Static_assert(LOCKBOX_NONCE == crypto_secretbox_NONCEBYTES, "nonce");
_Static_assert(LOCKBOX_KEY == crypto_secretbox_KEYBYTES, "key");
_Static_assert(LOCKBOX_SEALED == DK_CLIENT_KEY - 1 + crypto_secretbox_MACBYTES,
               "sealed");

static bool one_character(const char *s)
{
    return s[strspn(s, (char[]){s[0], '\0'})] == '\0';
}

int lockbox_check_password(const char *password, const char *name,
                           struct dk_problem *p)
{
    size_t n = strlen(password);

    if (n < PASSWORD_MIN || n > PASSWORD_MAX)
        return dk_failf(p, DK_EFIELD, "/password",
                        "a password has %d to %d bytes; a few words that do "
                        "not belong together are easy to keep in mind",
                        "密码应为 %d 至 %d 字节；几个互不相关的词便于记忆",
                        PASSWORD_MIN, PASSWORD_MAX);
    if (dk_utf8_valid(password, n) != n)
        return dk_fail(p, DK_EFIELD, "/password",
                       "the password is not text in UTF-8",
                       "密码不是合格的 UTF-8 文本");
    if (strcmp(password, name) == 0 || one_character(password))
        return dk_fail(p, DK_EFIELD, "/password",
                       "this password is the first that anybody would try",
                       "该密码过于容易猜到");
    return 0;
}

int lockbox_derive(const struct lockbox *b, const char *password,
                   unsigned char key[LOCKBOX_KEY])
{
    int rc = crypto_pwhash(key, LOCKBOX_KEY, password, strlen(password),
                           b->salt, (unsigned long long)b->passes,
                           (size_t)b->mib << 20, crypto_pwhash_ALG_ARGON2ID13);

    return rc == 0 ? 0 : DK_ENOMEM;
}

void lockbox_begin(struct lockbox *b, int64_t mib)
{
    memset(b, 0, sizeof(*b));
    randombytes_buf(b->salt, sizeof(b->salt));
    b->passes = PASSES;
    b->mib = mib;
}

void lockbox_seal(struct lockbox *b, const unsigned char key[LOCKBOX_KEY],
                  const char secret[DK_CLIENT_KEY])
{
    randombytes_buf(b->nonce, sizeof(b->nonce));
    crypto_secretbox_easy(b->sealed, (const unsigned char *)secret,
                          DK_CLIENT_KEY - 1, b->nonce, key);
}

int lockbox_open(const struct lockbox *b, const unsigned char key[LOCKBOX_KEY],
                 char secret[DK_CLIENT_KEY])
{
    memset(secret, 0, DK_CLIENT_KEY);
    if (crypto_secretbox_open_easy((unsigned char *)secret, b->sealed,
                                   sizeof(b->sealed), b->nonce, key) != 0)
        return DK_EFORBIDDEN;
    return 0;
}
