/* calendar_dump.c - print what core makes of a calendar file, for the oracle
 * test (tests/it/calendar_oracle.mjs):
 *
 *   calendar_dump FILE FIRST LAST STEP
 *
 * prints "YYYY-MM-DD works" (1 or 0) for every day FIRST .. LAST, and for
 * every STEP-th of them "YYYY-MM-DD + n YYYY-MM-DD" for n = 1 .. 90, as far as
 * the calendar knows the years.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/calendar.h"

#define FILE_MAX ((size_t)1 << 20)

static struct dk_calendar *load(const char *path)
{
    struct dk_report r = {0};
    struct dk_calendar *c = NULL;
    char *text = malloc(FILE_MAX);
    FILE *f = fopen(path, "rb");

    if (text == NULL || f == NULL) {
        perror(path);
    } else {
        size_t len = fread(text, 1, FILE_MAX, f);
        c = dk_calendar_load(path, text, len, &r);
        if (c == NULL)
            (void)fputs(r.text != NULL ? r.text : "out of memory\n", stderr);
    }
    if (f != NULL)
        (void)fclose(f);
    free(text);
    dk_report_fini(&r);
    return c;
}

static void print_sums(const struct dk_calendar *c, int64_t day,
                       const char *text)
{
    for (int n = 1; n <= 90; n++) {
        char sum[16];
        int64_t to = 0;
        if (dk_calendar_add(c, day, n, &to) != 0)
            return;
        dk_date_format(dk_date_from_days(to), sum);
        (void)printf("%s + %d %s\n", text, n, sum);
    }
}

int main(int argc, char **argv)
{
    struct dk_date first, last;
    int64_t step = argc == 5 ? strtol(argv[4], NULL, 10) : 0;

    if (step < 1 || dk_date_parse(argv[2], strlen(argv[2]), &first) != 0 ||
        dk_date_parse(argv[3], strlen(argv[3]), &last) != 0) {
        (void)fprintf(stderr, "calendar_dump FILE FIRST LAST STEP\n");
        return 64;
    }
    struct dk_calendar *c = load(argv[1]);
    if (c == NULL)
        return 65;
    int64_t from = dk_days_from_date(first), to = dk_days_from_date(last);
    for (int64_t day = from; day <= to; day++) {
        char text[16];
        dk_date_format(dk_date_from_days(day), text);
        (void)printf("%s %d\n", text, dk_calendar_works(c, day));
        if ((day - from) % step == 0)
            print_sums(c, day, text);
    }
    dk_calendar_free(c);
    return 0;
}
