/* simulate_faults.h - what is wrong with a history: the first of it, in order,
 * and how much there is.
 */
#ifndef DK_SIMULATE_FAULTS_H
#define DK_SIMULATE_FAULTS_H

#include <stdint.h>

#define FAULTS_SHOWN 20

struct faults {
    int64_t at[FAULTS_SHOWN]; /* line or case key, rising */
    char text[FAULTS_SHOWN][512];
    int n;
    uint64_t all;
};

/* Keeps it if it is among the first. */
void faults_add(struct faults *f, int64_t at, const char *text);
void faults_merge(struct faults *f, const struct faults *other);

#endif /* DK_SIMULATE_FAULTS_H */
