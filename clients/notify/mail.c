#include "mail.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/jsonx.h"
#include "proto/timefmt.h"

#define WORD_BYTES                                                             \
    42                /* of text in an encoded word: at most 75 signs in all   \
                       */
#define LINE_BYTES 57 /* of text in a line of base64: 76 signs */

static void base64(FILE *out, const char *s, size_t n)
{
    char text[128];

    (void)sodium_bin2base64(text, sizeof(text), (const unsigned char *)s, n,
                            sodium_base64_VARIANT_ORIGINAL);
    (void)fputs(text, out);
}

/* RFC 2047: words of whole characters, folded. */
static void put_subject(FILE *out, const char *s)
{
    const char *gap = "";
    size_t n;

    (void)fputs("Subject: ", out);
    for (; *s != '\0'; s += n) {
        n = strnlen(s, WORD_BYTES);
        n = dk_utf8_valid(s, n);
        if (n == 0)
            n = 1; /* not UTF-8: let it through in pieces */
        (void)fprintf(out, "%s=?UTF-8?B?", gap);
        base64(out, s, n);
        (void)fputs("?=", out);
        gap = "\r\n ";
    }
    (void)fputs("\r\n", out);
}

static void put_date(FILE *out, dk_ms at, int offset_min)
{
    static const char days[] = "MonTueWedThuFriSatSun";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    dk_ms local = at + offset_min * DK_MINUTE;
    int64_t day = local / DK_DAY;
    struct dk_date d = dk_date_from_days(day);
    int s = (int)(local % DK_DAY / DK_SECOND);
    int off = offset_min < 0 ? -offset_min : offset_min;

    (void)fprintf(out, "Date: %.3s, %02d %.3s %d %02d:%02d:%02d %c%02d%02d\r\n",
                  days + (ptrdiff_t)3 * (dk_weekday(day) - 1), d.day,
                  months + (ptrdiff_t)3 * (d.month - 1), d.year, s / 3600,
                  s / 60 % 60, s % 60, offset_min < 0 ? '-' : '+', off / 60,
                  off % 60);
}

static void put_body(FILE *out, const char *s)
{
    size_t left = strlen(s), n;

    for (; left > 0; left -= n, s += n) {
        n = left < LINE_BYTES ? left : LINE_BYTES;
        base64(out, s, n);
        (void)fputs("\r\n", out);
    }
}

/* Text of a MIME part has lines that end in CRLF. */
static char *with_crlf(const char *s)
{
    char *text = malloc(2 * strlen(s) + 1), *to = text;

    for (; text != NULL && *s != '\0'; s++) {
        if (*s == '\n')
            *to++ = '\r';
        *to++ = *s;
    }
    if (text != NULL)
        *to = '\0';
    return text;
}

char *mail_write(const struct mail *m)
{
    char *text = NULL, *body = with_crlf(m->body);
    size_t len = 0;
    FILE *out = body == NULL ? NULL : open_memstream(&text, &len);

    if (out == NULL) {
        free(body);
        return NULL;
    }
    put_date(out, m->at, m->offset_min);
    (void)fprintf(out, "From: <%s>\r\nTo: <%s>\r\n", m->from, m->to);
    put_subject(out, m->subject);
    (void)fprintf(out,
                  "Message-ID: <%s@%s>\r\n"
                  "Auto-Submitted: auto-generated\r\n"
                  "X-Auto-Response-Suppress: All\r\n"
                  "MIME-Version: 1.0\r\n"
                  "Content-Type: text/plain; charset=UTF-8\r\n"
                  "Content-Language: %s\r\n"
                  "Content-Transfer-Encoding: base64\r\n\r\n",
                  m->key, strrchr(m->from, '@') + 1,
                  m->english ? "en" : "zh-CN");
    put_body(out, body);
    free(body);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}
