#include "daemon/secmem.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/problem.h"

#define GUARD 16 /* bytes before and after a buffer, that must not change */
#define SLOT  (GUARD + SECMEM_ROOM + GUARD)

/* One for the process, as the functions that it stands in for. */
static struct {
    pthread_mutex_t lock;
    uint8_t *base; /* NULL: not open */
    uint8_t guard[GUARD];
    uint16_t len[SECMEM_SLOTS]; /* of the buffer in each slot */
    uint8_t free[SECMEM_SLOTS]; /* slots, the first n_free */
    size_t n_free, given;
} box = {.lock = PTHREAD_MUTEX_INITIALIZER};

int secmem_open(void)
{
    if (box.base != NULL)
        return 0;
    box.base = sodium_malloc((size_t)SECMEM_SLOTS * SLOT);
    if (box.base == NULL)
        return DK_ENOMEM;
    randombytes_buf(box.guard, sizeof box.guard);
    for (int i = 0; i < SECMEM_SLOTS; i++)
        box.free[box.n_free++] = (uint8_t)i;
    return 0;
}

size_t secmem_given(void)
{
    pthread_mutex_lock(&box.lock);
    size_t n = box.given;
    pthread_mutex_unlock(&box.lock);
    return n;
}

size_t secmem_out(void)
{
    pthread_mutex_lock(&box.lock);
    size_t n = box.base != NULL ? SECMEM_SLOTS - box.n_free : 0;
    pthread_mutex_unlock(&box.lock);
    return n;
}

static void *take(size_t n)
{
    uint8_t *p = NULL;

    pthread_mutex_lock(&box.lock);
    if (box.n_free > 0) {
        size_t i = box.free[--box.n_free];

        p = box.base + i * SLOT + GUARD;
        box.len[i] = (uint16_t)n;
        box.given++;
    }
    pthread_mutex_unlock(&box.lock);
    if (p == NULL)
        return NULL;
    memcpy(p - GUARD, box.guard, GUARD);
    memcpy(p + n, box.guard, GUARD);
    return p;
}

/* Whoever wrote beyond a buffer has spoilt what is beside it: there is nothing
 * to go on with.  libsodium ends the process, too.
 */
static void give_back(uint8_t *p)
{
    size_t i = (size_t)(p - box.base) / SLOT;
    size_t n = box.len[i];

    if (p != box.base + i * SLOT + GUARD ||
        sodium_memcmp(p - GUARD, box.guard, GUARD) != 0 ||
        sodium_memcmp(p + n, box.guard, GUARD) != 0)
        abort();
    /* The guards too: what is given back twice has none. */
    sodium_memzero(p - GUARD, GUARD + n + GUARD);
    pthread_mutex_lock(&box.lock);
    box.free[box.n_free++] = (uint8_t)i;
    pthread_mutex_unlock(&box.lock);
}

static bool is_ours(const void *p)
{
    uintptr_t base = (uintptr_t)box.base, at = (uintptr_t)p;

    return base != 0 && at >= base && at - base < (size_t)SECMEM_SLOTS * SLOT;
}

void *sodium_allocarray(size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size) {
        errno = ENOMEM;
        return NULL;
    }
    size_t n = count * size;
    void *p = n <= SECMEM_ROOM ? take(n) : NULL;
    return p != NULL ? p : sodium_malloc(n);
}

void sodium_free(void *p)
{
    void (*next)(void *) = NULL;

    if (is_ours(p)) {
        give_back(p);
        return;
    }
    /* ISO C has no cast from an object's pointer to a function's. */
    void *found = dlsym(RTLD_NEXT, "sodium_free");
    memcpy(&next, &found, sizeof next);
    next(p);
}
