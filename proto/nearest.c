#include <string.h>

#include "jsonx.h"

#define LONGEST 64

/* Levenshtein distance of a and b, each at most LONGEST bytes. */
static size_t distance(const char *a, size_t la, const char *b, size_t lb)
{
    size_t row[LONGEST + 1];

    for (size_t j = 0; j <= lb; j++)
        row[j] = j;
    for (size_t i = 1; i <= la; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            size_t best = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);

            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[lb];
}

const char *dk_nearest(const char *word, const char *const names[])
{
    size_t len = strlen(word);
    size_t best = len / 3 + 1;
    const char *found = NULL;

    if (len > LONGEST)
        return NULL;
    for (int i = 0; names[i] != NULL; i++) {
        size_t n = strlen(names[i]);
        size_t d = n <= LONGEST ? distance(word, len, names[i], n) : best;

        if (d < best) {
            best = d;
            found = names[i];
        }
    }
    return found;
}
