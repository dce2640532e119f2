#include "receipt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/caseno.h"

#define DIGITS 13

void receipt_format(const char *submission, char out[RECEIPT_MAX])
{
    size_t n = strlen(submission);
    unsigned long long v =
        n < RECEIPT_HEX ? 0 : strtoull(submission + n - RECEIPT_HEX, NULL, 16);

    snprintf(out, RECEIPT_MAX, "K%013llu", v & 0xffffffffffULL);
    out[1 + DIGITS] = dk_check_digit(out + 1, DIGITS);
    out[2 + DIGITS] = '\0';
}

int receipt_parse(const char *text, char hex[RECEIPT_HEX + 1])
{
    char d[DIGITS + 1] = "";
    unsigned long long v = 0;
    int n = 0;

    if (*text == 'K' || *text == 'k')
        text++;
    for (; *text != '\0'; text++) {
        if (*text == ' ' || *text == '-')
            continue;
        if (*text < '0' || *text > '9' || n > DIGITS)
            return DK_EFIELD;
        d[n++] = *text;
    }
    if (n != DIGITS + 1 || d[DIGITS] != dk_check_digit(d, DIGITS))
        return DK_EFIELD;
    for (int i = 0; i < DIGITS; i++)
        v = v * 10 + (unsigned)(d[i] - '0');
    if (v > 0xffffffffffULL)
        return DK_EFIELD;
    snprintf(hex, RECEIPT_HEX + 1, "%010llx", v);
    return 0;
}
