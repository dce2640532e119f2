#include "tests/fault/kit.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- numbers ------------------------------------------------------------ */

uint64_t rng_next(struct rng *r) /* splitmix64 */
{
    uint64_t z = (r->s += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

struct rng rng_of(uint64_t seed, uint64_t stream)
{
    struct rng r = {seed};
    uint64_t mixed = rng_next(&r) ^ stream * UINT64_C(0xd6e8feb86659fd93);

    r.s = mixed;
    (void)rng_next(&r);
    return r;
}

uint64_t rng_below(struct rng *r, uint64_t n)
{
    return rng_next(r) % n;
}

uint64_t kit_hash(const void *p, size_t n, uint64_t seed)
{
    const uint8_t *b = p;
    uint64_t h = seed ^ n * UINT64_C(0x9e3779b97f4a7c15), v;

    for (; n >= 8; b += 8, n -= 8) {
        memcpy(&v, b, 8);
        h = (h ^ v) * UINT64_C(0xff51afd7ed558ccd);
        h ^= h >> 32;
    }
    v = 0;
    memcpy(&v, b, n);
    h = (h ^ v) * UINT64_C(0xc4ceb9fe1a85ec53);
    return h ^ h >> 29;
}

/* ---- memory ------------------------------------------------------------- */

volatile int kit_exempt;

void *kit_realloc(void *p, size_t n)
{
    kit_exempt++;
    void *q = realloc(p, n != 0 ? n : 1);
    kit_exempt--;
    if (q == NULL) {
        kit_die(__FILE__, __LINE__, "the test itself has no memory left");
    }
    return q;
}

void *kit_calloc(size_t n)
{
    return memset(kit_realloc(NULL, n), 0, n);
}

void *kit_grow(void *v, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return v;
    *cap = n < 8 ? 16 : 2 * n;
    return kit_realloc(v, *cap * size);
}

/* ---- words -------------------------------------------------------------- */

char kit_context[160];

void kit_die(const char *file, int line, const char *fmt, ...)
{
    va_list ap;

    fflush(stdout);
    if (kit_context[0] != '\0')
        dprintf(STDERR_FILENO, "%s: ", kit_context);
    dprintf(STDERR_FILENO, "%s:%d: ", file, line);
    va_start(ap, fmt);
    vdprintf(STDERR_FILENO, fmt, ap);
    va_end(ap);
    dprintf(STDERR_FILENO, "\n");
    _exit(1);
}

double kit_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- options ------------------------------------------------------------ */

_Noreturn static void usage_exit(const char *usage, int code)
{
    fprintf(code == 0 ? stdout : stderr,
            "%s\n"
            "  --seed N        (or DK_SEED) where the numbers come from\n"
            "  --count N       how many; the short form has its own\n"
            "  --only N        play just this one again\n"
            "  --budget S      stop after so many seconds\n"
            "  --jobs N        processes (default: one for each processor)\n"
            "  --at WORD       of this program's own; see above\n",
            usage);
    exit(code);
}

static bool take_option(struct kit_options *o, const char *name, char *value)
{
    if (strcmp(name, "--seed") == 0)
        o->seed = strtoull(value, NULL, 0);
    else if (strcmp(name, "--count") == 0)
        o->count = strtoll(value, NULL, 0);
    else if (strcmp(name, "--only") == 0)
        o->only = strtoll(value, NULL, 0);
    else if (strcmp(name, "--budget") == 0)
        o->budget = strtod(value, NULL);
    else if (strcmp(name, "--jobs") == 0)
        o->jobs = (int)strtol(value, NULL, 0);
    else if (strcmp(name, "--at") == 0)
        o->at = value;
    else
        return false;
    return true;
}

struct kit_options kit_options(int argc, char **argv, int64_t short_count,
                               const char *usage)
{
    const char *seed = getenv("DK_SEED");
    struct kit_options o = {.seed = (uint64_t)time(NULL) * 1000003 +
                                    (uint64_t)getpid(),
                            .count = short_count,
                            .only = -1,
                            .jobs = (int)sysconf(_SC_NPROCESSORS_ONLN)};

    o.seed %= 1000000000;
    if (seed != NULL)
        o.seed = strtoull(seed, NULL, 0);
    for (int i = 1; i < argc; i += 2) {
        if (strcmp(argv[i], "--help") == 0)
            usage_exit(usage, 0);
        if (i + 1 == argc || !take_option(&o, argv[i], argv[i + 1]))
            usage_exit(usage, 2);
    }
    if (o.jobs < 1 || o.only >= 0)
        o.jobs = 1;
    printf("seed %llu\n", (unsigned long long)o.seed);
    fflush(stdout);
    return o;
}

bool kit_pass(const struct kit_options *first, struct kit_options *o, int pass,
              double start)
{
    double left = first->budget - (kit_seconds() - start);

    *o = *first;
    o->seed = first->seed + (uint64_t)pass;
    o->budget = first->budget > 0 ? left : 0;
    return pass == 0 || (first->budget > 0 && first->only < 0 && left > 0);
}

/* In a build with the leak sanitizer; children do not come to their exit(). */
void __lsan_do_leak_check(void) __attribute__((weak));

/* ---- several processes -------------------------------------------------- */

bool kit_spread(int jobs, kit_fn fn, void *arg, int64_t total[KIT_SUMS])
{
    size_t size = sizeof(int64_t) * KIT_SUMS * (size_t)jobs;
    int64_t *sums = mmap(NULL, size, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    bool good = true;

    need(sums != MAP_FAILED);
    fflush(stdout);
    for (int i = 1; i < jobs; i++) {
        pid_t child = fork();
        need(child >= 0);
        if (child == 0) {
            fn(arg, i, jobs, sums + (size_t)i * KIT_SUMS);
            fflush(stdout);
            if (__lsan_do_leak_check != NULL)
                __lsan_do_leak_check();
            _exit(0);
        }
    }
    fn(arg, 0, jobs, sums);
    for (int i = 1; i < jobs; i++) {
        int status = 1;
        need(wait(&status) > 0);
        good = good && status == 0;
    }
    for (int i = 0; i < jobs; i++) {
        for (int k = 0; k < KIT_SUMS; k++)
            total[k] += sums[(size_t)i * KIT_SUMS + (size_t)k];
    }
    munmap(sums, size);
    return good;
}
