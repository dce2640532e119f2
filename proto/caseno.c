#include "caseno.h"

#define DIGITS 21 /* 6 county, 8 date, 6 number, 1 check */

char dk_check_digit(const char *d, size_t n)
{
    int p = 10;

    for (size_t i = 0; i < n; i++) {
        int s = p + (d[i] - '0');

        s = s >= 10 ? s - 10 : s;
        p = 2 * (s == 0 ? 10 : s);
        p = p >= 11 ? p - 11 : p;
    }
    return (char)('0' + (11 - p) % 10);
}

int64_t dk_case_key(struct dk_date day, int32_t seq)
{
    return ((int64_t)day.year * 10000 + day.month * 100 + day.day) * 1000000 +
           seq;
}

struct dk_date dk_case_key_day(int64_t key)
{
    int64_t ymd = key / 1000000;

    return (struct dk_date){
        .year = (int)(ymd / 10000),
        .month = (int)(ymd / 100 % 100),
        .day = (int)(ymd % 100),
    };
}

int32_t dk_case_key_seq(int64_t key)
{
    return (int32_t)(key % 1000000);
}

static void put(char *p, int64_t v, int width)
{
    for (int i = width - 1; i >= 0; i--) {
        p[i] = (char)('0' + v % 10);
        v /= 10;
    }
}

static int64_t get(const char *p, int width)
{
    int64_t v = 0;

    for (int i = 0; i < width; i++)
        v = v * 10 + (p[i] - '0');
    return v;
}

/* Is there a hyphen before digit i of a case number? */
static int hyphen_before(int i)
{
    return i == 6 || i == 14 || i == 20;
}

void dk_case_no_format(int32_t county, int64_t key, char buf[DK_CASE_NO_MAX])
{
    char d[DIGITS];

    if (county < 0)
        county = 0;
    if (key < 0)
        key = 0;
    put(d, county, 6);
    put(d + 6, key, 14);
    d[20] = dk_check_digit(d, DIGITS - 1);
    for (int i = 0; i < DIGITS; i++) {
        if (hyphen_before(i))
            *buf++ = '-';
        *buf++ = d[i];
    }
    *buf = '\0';
}

int dk_case_no_parse(const char *s, int32_t *county, int64_t *key)
{
    char d[DIGITS];
    int64_t k;

    for (int i = 0; i < DIGITS; i++) {
        if (hyphen_before(i) && *s == '-')
            s++;
        if (*s < '0' || *s > '9')
            return DK_EFIELD;
        d[i] = *s++;
    }
    if (*s != '\0' || d[20] != dk_check_digit(d, DIGITS - 1))
        return DK_EFIELD;
    k = get(d + 6, 14);
    if (!dk_date_valid(dk_case_key_day(k)) || dk_case_key_seq(k) == 0)
        return DK_EFIELD;
    *county = (int32_t)get(d, 6);
    *key = k;
    return 0;
}

bool dk_case_no_of(int32_t county, int64_t key, char buf[DK_CASE_NO_MAX])
{
    int64_t back;

    dk_case_no_format(county, key, buf);
    return dk_case_no_parse(buf, &county, &back) == 0 && back == key;
}
