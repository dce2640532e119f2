/* kit.h - what every program of the battery needs: numbers from a seed, words
 * on failure, options, and memory that is never refused.
 */
#ifndef DK_FAULT_KIT_H
#define DK_FAULT_KIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- numbers ------------------------------------------------------------ */

struct rng {
    uint64_t s;
};

struct rng rng_of(uint64_t seed, uint64_t stream);
uint64_t rng_next(struct rng *r);
/* 0..n-1; n is at least 1. */
uint64_t rng_below(struct rng *r, uint64_t n);

uint64_t kit_hash(const void *p, size_t n, uint64_t seed); /* not for secrets */

/* ---- memory of the test's own ------------------------------------------- */

/* While above 0, nth_alloc refuses nothing. */
extern volatile int kit_exempt;
void *kit_realloc(void *p, size_t n); /* never NULL */
void *kit_calloc(size_t n);           /* zeroed, never NULL */
/* Room for one more of *v. */
void *kit_grow(void *v, size_t n, size_t *cap, size_t size);

/* ---- what went wrong ---------------------------------------------------- */

/* What is being tried, for whoever dies in it; "": nothing. */
extern char kit_context[160];
/* Say it, whatever `stderr` is just now, and exit with 1. */
_Noreturn void kit_die(const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
#define need(cond)                                                             \
    do {                                                                       \
        if (!(cond))                                                           \
            kit_die(__FILE__, __LINE__, "%s", #cond);                          \
    } while (0)
#define need_msg(cond, ...)                                                    \
    do {                                                                       \
        if (!(cond))                                                           \
            kit_die(__FILE__, __LINE__, __VA_ARGS__);                          \
    } while (0)

/* ---- options ------------------------------------------------------------ */

struct kit_options {
    uint64_t seed;
    int64_t count;  /* of what the program counts; 0: its short form */
    int64_t only;   /* replay just this one; -1: all */
    double budget;  /* seconds; 0: none */
    int jobs;       /* processes */
    const char *at; /* --at: a program's own word */
};

/* --seed N, --count N, --only N, --budget SECONDS, --jobs N, --at WORD.
 * Prints the seed.  Exits on --help or a mistake.
 */
struct kit_options kit_options(int argc, char **argv, int64_t short_count,
                               const char *usage);
double kit_seconds(void); /* since some moment */
/* With a budget a program plays its short form again and again, each pass with
 * the next seed: is there time for another?  Without one: once.  `first` is
 * what the options were, `o` those of the pass.
 */
bool kit_pass(const struct kit_options *first, struct kit_options *o, int pass,
              double start);

/* ---- several processes -------------------------------------------------- */

#define KIT_SUMS 24

/* Sums of all workers, in shared memory. */
struct kit_shared {
    int64_t sum[KIT_SUMS];
    int64_t failed;
};

/* Run fn(arg, worker, workers, sums) in `jobs` processes, each with sums of its
 * own; true if all ended well.  The sums are added up into *total.
 */
typedef void (*kit_fn)(void *arg, int worker, int workers, int64_t *sum);
bool kit_spread(int jobs, kit_fn fn, void *arg, int64_t total[KIT_SUMS]);

#endif /* DK_FAULT_KIT_H */
