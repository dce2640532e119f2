/* vtime.c - chance and time.  The program's own clock_gettime(), getrandom()
 * and timerfd take the place of the system's, also for libevent.
 */
#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "sim.h"

/* ---- chance -------------------------------------------------------------- */

static uint64_t state;

uint64_t sim_rand(void)
{
    uint64_t z = (state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

unsigned sim_pick(unsigned n)
{
    return n < 2 ? 0 : (unsigned)(sim_rand() % n);
}

bool sim_chance(int permille)
{
    return permille > 0 && sim_pick(1000) < (unsigned)permille;
}

dk_ms sim_span(dk_ms from, dk_ms to)
{
    return from + (dk_ms)(sim_rand() % (uint64_t)(to - from + 1));
}

static void fill(void *buf, size_t n)
{
    unsigned char *p = buf;

    for (size_t i = 0; i < n; i++)
        p[i] = (unsigned char)sim_rand();
}

/* The worker's back-off asks for it. */
ssize_t getrandom(void *buf, size_t n, unsigned flags)
{
    (void)flags;
    fill(buf, n);
    return (ssize_t)n;
}

static const char *sodium_name(void)
{
    return "simulated";
}

static uint32_t sodium_random(void)
{
    return (uint32_t)sim_rand();
}

static struct randombytes_implementation random_source = {
    .implementation_name = sodium_name,
    .random = sodium_random,
    .buf = fill,
};

/* ---- time ---------------------------------------------------------------- */

static dk_ms mono, wall_off;
static struct {
    int fd; /* an eventfd that stands for the timer */
    dk_ms at;
    bool rung, cancelled;
} timer = {.fd = -1, .at = DK_NEVER};

void sim_seed(uint64_t seed)
{
    state = seed * UINT64_C(0x2545f4914f6cdd1d) + 1;
    mono = 1000000;
    wall_off = SIM_WALL0 - mono;
    randombytes_set_implementation(&random_source);
}

dk_ms sim_now(void)
{
    return mono;
}

dk_ms sim_wall(void)
{
    return mono + wall_off;
}

void sim_set_now(dk_ms at)
{
    if (at > mono)
        mono = at;
}

static void ring(void)
{
    uint64_t one = 1;

    if (timer.fd >= 0 && !timer.rung)
        timer.rung = write(timer.fd, &one, sizeof(one)) == sizeof(one);
}

void sim_step_wall(dk_ms by)
{
    wall_off += by;
    if (timer.fd >= 0 && timer.at != DK_NEVER) {
        timer.cancelled = true;
        ring();
    }
}

dk_ms sim_timer_at(void)
{
    if (timer.fd < 0 || timer.at == DK_NEVER || timer.rung)
        return DK_NEVER;
    return timer.at - wall_off;
}

bool sim_timer_rings(void)
{
    if (timer.fd >= 0 && timer.at <= sim_wall())
        ring();
    return timer.fd >= 0 && timer.rung;
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
    dk_ms t =
        id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE ? sim_wall() : mono;

    ts->tv_sec = (time_t)(t / 1000);
    ts->tv_nsec = (long)(t % 1000) * 1000000;
    return 0;
}

int __wrap_timerfd_create(clockid_t id, int flags);
int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *its,
                           struct itimerspec *old);
ssize_t __wrap_read(int fd, void *buf, size_t n);
ssize_t __real_read(int fd, void *buf, size_t n);

int __wrap_timerfd_create(clockid_t id, int flags)
{
    (void)id;
    (void)flags;
    timer.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    timer.at = DK_NEVER;
    timer.rung = timer.cancelled = false;
    return timer.fd;
}

static void hush(void)
{
    uint64_t n;

    if (timer.rung)
        (void)!__real_read(timer.fd, &n, sizeof(n));
    timer.rung = timer.cancelled = false;
}

int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *its,
                           struct itimerspec *old)
{
    (void)flags;
    (void)old;
    if (fd != timer.fd) {
        errno = EBADF;
        return -1;
    }
    hush();
    timer.at =
        (dk_ms)its->it_value.tv_sec * 1000 + its->it_value.tv_nsec / 1000000;
    if (timer.at == 0)
        timer.at = DK_NEVER;
    return 0;
}

ssize_t __wrap_read(int fd, void *buf, size_t n)
{
    bool cancelled = timer.cancelled;

    if (fd != timer.fd || fd < 0)
        return __real_read(fd, buf, n);
    hush();
    timer.at = cancelled ? timer.at : DK_NEVER; /* one shot */
    if (cancelled) {
        errno = ECANCELED;
        return -1;
    }
    memset(buf, 1, n);
    return (ssize_t)n;
}

/* ---- what is told -------------------------------------------------------- */

static uint64_t print_sum;
static FILE *trace;
static char first[512];

void sim_set_trace(FILE *to)
{
    trace = to;
}

uint64_t sim_print(void)
{
    return print_sum;
}

void say(const char *fmt, ...)
{
    char line[600];
    va_list ap;

    va_start(ap, fmt);
    int n = vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    if (n >= (int)sizeof(line))
        n = (int)sizeof(line) - 1;
    for (int i = 0; i < n; i++)
        print_sum =
            (print_sum ^ (unsigned char)line[i]) * UINT64_C(0x100000001b3);
    print_sum = (print_sum ^ (uint64_t)mono) * UINT64_C(0x100000001b3);
    if (trace != NULL)
        fprintf(trace, "%9.3f %s\n", (double)(mono - 1000000) / 1000, line);
}

void broken(const char *fmt, ...)
{
    va_list ap;

    if (first[0] != '\0')
        return;
    va_start(ap, fmt);
    (void)vsnprintf(first, sizeof(first), fmt, ap);
    va_end(ap);
    say("BROKEN: %s", first);
}

const char *sim_broken(void)
{
    return first[0] != '\0' ? first : NULL;
}

void sim_mend(void)
{
    first[0] = '\0';
    print_sum = 0;
}
