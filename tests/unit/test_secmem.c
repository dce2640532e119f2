/* Locked memory kept ready: what libsodium promises of its own still holds,
 * and libzmq's handshakes do come here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include "daemon/secmem.h"

static int open_box(void **state)
{
    (void)state;
    return sodium_init() < 0 ? -1 : secmem_open();
}

static void what_is_given_back_is_wiped(void **state)
{
    static const uint8_t none[96];
    size_t given = secmem_given();
    uint8_t *p = sodium_allocarray(96, 1);

    (void)state;
    assert_non_null(p);
    assert_int_equal(secmem_given(), given + 1);
    assert_int_equal(secmem_out(), 1);
    memset(p, 0xa5, 96);
    sodium_free(p);
    assert_int_equal(secmem_out(), 0);
    assert_memory_equal(p, none, sizeof none); /* the block is still there */
    assert_int_equal(secmem_open(), 0);        /* once is enough */
    assert_int_equal(secmem_given(), given + 1);
}

/* All slots and more; sizes up to a slot's and beyond it. */
static void what_does_not_fit_is_libsodiums(void **state)
{
    uint8_t *p[SECMEM_SLOTS + 9];
    size_t n = sizeof p / sizeof p[0];

    (void)state;
    for (size_t i = 0; i < n; i++) {
        p[i] = sodium_allocarray(i * SECMEM_ROOM / (n - 1), 1);
        assert_non_null(p[i]);
        memset(p[i], (int)i, i * SECMEM_ROOM / (n - 1));
    }
    assert_int_equal(secmem_out(), SECMEM_SLOTS);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < i * SECMEM_ROOM / (n - 1); k++)
            assert_int_equal(p[i][k], (uint8_t)i);
        sodium_free(p[i]);
    }
    assert_int_equal(secmem_out(), 0);
    size_t given = secmem_given();
    uint8_t *big = sodium_allocarray(SECMEM_ROOM + 1, 1);
    assert_non_null(big);
    memset(big, 1, SECMEM_ROOM + 1);
    sodium_free(big);
    sodium_free(NULL);
    assert_int_equal(secmem_given(), given);
    errno = 0;
    assert_null(sodium_allocarray(SIZE_MAX / 2, 3));
    assert_int_equal(errno, ENOMEM);
}

/* ---- locked, and in no core dump ------------------------------------------
 */

static bool mlock_works(void)
{
    return dlsym(RTLD_DEFAULT, "__asan_init") == NULL;
}

static void the_block_is_locked_and_not_dumped(void **state)
{
    uint8_t *p = sodium_allocarray(16, 1);
    FILE *f = fopen("/proc/self/smaps", "r");
    char line[400], flags[400] = "";
    uint64_t from = 0, to = 0;
    bool here = false;
    struct rlimit r;

    (void)state;
    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL) {
        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " ", &from, &to) == 2)
            here = from <= (uintptr_t)p && (uintptr_t)p < to;
        else if (here && strncmp(line, "VmFlags:", 8) == 0)
            memcpy(flags, line, sizeof flags);
    }
    (void)fclose(f);
    assert_non_null(strstr(flags, " dd"));
    assert_int_equal(getrlimit(RLIMIT_MEMLOCK, &r), 0);
    /* Else nothing can be locked; and a sanitizer makes mlock() do nothing. */
    if (r.rlim_cur >= 256 * 1024 && mlock_works())
        assert_non_null(strstr(flags, " lo"));
    sodium_free(p);
}

/* ---- a buffer that was overrun --------------------------------------------
 */

static int ends_with(void (*harm)(uint8_t *p))
{
    int status = 0;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        uint8_t *p = sodium_allocarray(40, 1);

        (void)signal(SIGABRT, SIG_DFL);
        harm(p);
        sodium_free(p);
        _exit(7);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

static void one_after(uint8_t *p)
{
    p[40] ^= 1;
}

static void one_before(uint8_t *p)
{
    p[-1] ^= 1;
}

static void twice(uint8_t *p)
{
    sodium_free(p);
}

static void askew(uint8_t *p)
{
    sodium_free(p + 1);
}

static void nothing(uint8_t *p)
{
    memset(p, 0, 40);
}

static void a_buffer_that_was_overrun_ends_the_process(void **state)
{
    (void)state;
    assert_int_equal(ends_with(one_after), SIGABRT);
    assert_int_equal(ends_with(one_before), SIGABRT);
    assert_int_equal(ends_with(twice), SIGABRT);
    assert_int_equal(ends_with(askew), SIGABRT);
    assert_int_equal(ends_with(nothing), -7);
}

/* ---- threads ---------------------------------------------------------------
 */

static void *hammer(void *arg)
{
    uint8_t mark = (uint8_t)(uintptr_t)arg;

    for (int i = 0; i < 20000; i++) {
        size_t n = (size_t)(i * 37 + mark) % 400 + 1;
        uint8_t *p = sodium_allocarray(n, 1);

        memset(p, mark, n);
        for (size_t k = 0; k < n; k++)
            if (p[k] != mark)
                return arg; /* another wrote here */
        sodium_free(p);
    }
    return NULL;
}

static void threads_do_not_share_a_buffer(void **state)
{
    pthread_t t[4];
    void *bad = NULL;

    (void)state;
    for (uintptr_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&t[i], NULL, hammer, (void *)(i + 1)),
                         0);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(t[i], &bad), 0);
        assert_null(bad);
    }
    assert_int_equal(secmem_out(), 0);
}

/* ---- libzmq -----------------------------------------------------------------
 */

static void set(void *s, int option, const char *key)
{
    assert_int_equal(zmq_setsockopt(s, option, key, strlen(key) + 1), 0);
}

/* A handshake: libzmq's buffers are ours, and all come back. */
static void a_handshake_of_libzmq_comes_here(void **state)
{
    void *ctx = zmq_ctx_new();
    void *server = zmq_socket(ctx, ZMQ_ROUTER);
    void *client = zmq_socket(ctx, ZMQ_DEALER);
    char spub[41], ssec[41], cpub[41], csec[41], at[64];
    int one = 1, ms = 10000, none = 0;
    size_t len = sizeof at;

    (void)state;
    assert_int_equal(zmq_curve_keypair(spub, ssec), 0);
    assert_int_equal(zmq_curve_keypair(cpub, csec), 0);
    zmq_setsockopt(server, ZMQ_CURVE_SERVER, &one, sizeof one);
    set(server, ZMQ_CURVE_SECRETKEY, ssec);
    set(client, ZMQ_CURVE_SERVERKEY, spub);
    set(client, ZMQ_CURVE_PUBLICKEY, cpub);
    set(client, ZMQ_CURVE_SECRETKEY, csec);
    zmq_setsockopt(server, ZMQ_RCVTIMEO, &ms, sizeof ms);
    zmq_setsockopt(client, ZMQ_LINGER, &none, sizeof none);
    assert_int_equal(zmq_bind(server, "tcp://127.0.0.1:*"), 0);
    assert_int_equal(zmq_getsockopt(server, ZMQ_LAST_ENDPOINT, at, &len), 0);
    size_t before = secmem_given();
    assert_int_equal(zmq_connect(client, at), 0);
    assert_int_equal(zmq_send(client, "x", 1, 0), 1);
    assert_true(zmq_recv(server, at, sizeof at, 0) > 0);
    assert_true(secmem_given() - before >= 4); /* on both sides */
    zmq_close(client);
    zmq_close(server);
    assert_int_equal(zmq_ctx_term(ctx), 0);
    assert_int_equal(secmem_out(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_given_back_is_wiped),
        cmocka_unit_test(what_does_not_fit_is_libsodiums),
        cmocka_unit_test(the_block_is_locked_and_not_dumped),
        cmocka_unit_test(a_buffer_that_was_overrun_ends_the_process),
        cmocka_unit_test(threads_do_not_share_a_buffer),
        cmocka_unit_test(a_handshake_of_libzmq_comes_here),
    };

    return cmocka_run_group_tests(tests, open_box, NULL);
}
