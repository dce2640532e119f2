/* calendar_dump.c - print what core makes of a calendar file, for the oracle
 * test (tests/it/calendar_oracle.mjs):
 *
 *   calendar_dump FILE FIRST LAST
 *
 * prints for every day FIRST .. LAST "YYYY-MM-DD works" (1 or 0), and
 * "YYYY-MM-DD + a b .." and "YYYY-MM-DD - a b ..": how many days later (or
 * earlier) the 1st, 2nd .. 90th working day after (before) it is, as far as
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
                       const char *text, int step)
{
    int64_t to = 0;

    (void)printf("%s %c", text, step > 0 ? '+' : '-');
    for (int n = 1; n <= 90 && dk_calendar_add(c, day, n * step, &to) == 0; n++)
        (void)printf(" %d", (int)((to - day) * step));
    (void)printf("\n");
}

int main(int argc, char **argv)
{
    struct dk_date first, last;

    if (argc != 4 || dk_date_parse(argv[2], strlen(argv[2]), &first) != 0 ||
        dk_date_parse(argv[3], strlen(argv[3]), &last) != 0) {
        (void)fprintf(stderr, "calendar_dump FILE FIRST LAST\n");
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
        print_sums(c, day, text, 1);
        print_sums(c, day, text, -1);
    }
    dk_calendar_free(c);
    return 0;
}
