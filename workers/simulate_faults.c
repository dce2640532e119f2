#include "simulate_faults.h"

#include <stdio.h>
#include <string.h>

static void keep(struct faults *f, int64_t at, const char *text)
{
    int i = f->n;

    while (i > 0 && (f->at[i - 1] > at ||
                     (f->at[i - 1] == at && strcmp(f->text[i - 1], text) > 0)))
        i--;
    if (i == FAULTS_SHOWN)
        return;
    if (f->n == FAULTS_SHOWN)
        f->n--;
    memmove(&f->at[i + 1], &f->at[i], (size_t)(f->n - i) * sizeof(f->at[0]));
    memmove(&f->text[i + 1], &f->text[i],
            (size_t)(f->n - i) * sizeof(f->text[0]));
    f->at[i] = at;
    (void)snprintf(f->text[i], sizeof(f->text[i]), "%s", text);
    f->n++;
}

void faults_add(struct faults *f, int64_t at, const char *text)
{
    keep(f, at, text);
    f->all++;
}

void faults_merge(struct faults *f, const struct faults *other)
{
    for (int i = 0; i < other->n; i++)
        keep(f, other->at[i], other->text[i]);
    f->all += other->all;
}
