#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/config.h"

static char path[] = "/tmp/test_config.XXXXXX";

static void write_file(const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static int make_file(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    if (fd >= 0)
        close(fd);
    return fd < 0;
}

static int drop_file(void **state)
{
    (void)state;
    return unlink(path);
}

static void a_good_file_sets_every_key(void **state)
{
    struct config c;
    char errors[1024];

    (void)state;
    config_defaults(&c);
    write_file("# a comment\n[office]\ncounty = 330699\nutc_offset = -03:30\n"
               "[broker]\ndata = /srv/docket\nclients = ipc:///run/c\n"
               "workers = tcp://127.0.0.1:7071\nlog_level = debug\n"
               "[limits]\nbatch = 64\nheartbeat_ms = 500\nlease_ms = 9000\n"
               "max_attempts = 3\nfollowers = 7\n");
    assert_int_equal(config_load(&c, path, errors, sizeof(errors)), 0);
    assert_string_equal(errors, "");
    assert_int_equal(c.county, 330699);
    assert_int_equal(c.offset_min, -210);
    assert_string_equal(c.data, "/srv/docket");
    assert_string_equal(c.workers, "tcp://127.0.0.1:7071");
    assert_int_equal(c.log, LOG_DEBUG_);
    assert_int_equal(c.batch, 64);
    assert_int_equal(c.heartbeat_ms, 500);
    assert_int_equal(c.lease_ms, 9000);
    assert_int_equal(c.max_attempts, 3);
    assert_int_equal(c.followers, 7);
    assert_int_equal(config_check(&c, NULL), 0);
}

static void every_mistake_is_told_with_its_key_and_the_nearest(void **state)
{
    struct config c;
    char errors[2048];

    (void)state;
    config_defaults(&c);
    write_file("[office]\ncounty = 33x\nutc_ofset = +08:00\n"
               "[limits]\nbatch = 0\nlease_ms = 1e3\n"
               "[broker]\nlog_level = loud\n");
    assert_int_equal(config_load(&c, path, errors, sizeof(errors)), DK_EFIELD);
    assert_non_null(strstr(errors, "[office] county"));
    assert_non_null(strstr(errors, "did you mean 'office.utc_offset'?"));
    assert_non_null(strstr(errors, "[limits] batch"));
    assert_non_null(strstr(errors, "[limits] lease_ms"));
    assert_non_null(strstr(errors, "[broker] log_level"));
}

static void a_line_that_is_no_pair_is_told_with_its_number(void **state)
{
    struct config c;
    char errors[1024];

    (void)state;
    config_defaults(&c);
    write_file("[office]\ncounty = 330699\nwhat is this\n");
    assert_int_equal(config_load(&c, path, errors, sizeof(errors)), DK_EFIELD);
    assert_non_null(strstr(errors, ":3:"));
}

static void a_missing_file_is_told(void **state)
{
    struct config c;
    char errors[1024];

    (void)state;
    config_defaults(&c);
    assert_int_equal(
        config_load(&c, "/nonexistent/docketd.conf", errors, sizeof(errors)),
        DK_ENOTFOUND);
    assert_non_null(strstr(errors, "/nonexistent/docketd.conf"));
}

static void a_list_of_endpoints_is_taken_apart(void **state)
{
    const char *at = " ipc:///a b,c , tcp://[::]:1\ttcp://x:2 ";
    char one[32];

    (void)state;
    assert_true(config_endpoint(&at, one, sizeof(one)));
    assert_string_equal(one, "ipc:///a b,c");
    assert_false(config_endpoint(&at, one, 5)); /* too long: not at the end */
    assert_int_not_equal(*at, '\0');
    assert_true(config_endpoint(&at, one, sizeof(one)));
    assert_string_equal(one, "tcp://[::]:1");
    assert_true(config_endpoint(&at, one, sizeof(one)));
    assert_string_equal(one, "tcp://x:2");
    assert_false(config_endpoint(&at, one, sizeof(one)));
    assert_int_equal(*at, '\0');
}

static void check_of(const char *clients, const char *workers, int want)
{
    struct config c;
    struct dk_problem p = {0};

    config_defaults(&c);
    c.county = 330699;
    snprintf(c.clients, sizeof(c.clients), "%s", clients);
    snprintf(c.workers, sizeof(c.workers), "%s", workers);
    int rc = config_check(&c, &p);
    if (rc != want)
        print_message("%s %s: %s\n", clients, workers, p.detail);
    assert_int_equal(rc, want);
    assert_int_equal(p.detail[0] != '\0', want != 0);
    assert_int_equal(p.detail_zh[0] != '\0', want != 0);
}

static void endpoints_are_checked(void **state)
{
    (void)state;
    check_of("ipc:///run/a", "ipc:///run/b", 0);
    check_of("tcp://127.0.0.1:*", "tcp://localhost:7071", 0);
    check_of("tcp://0.0.0.0:1", "ipc:///run/b", 0);
    check_of("ipc:///run/b", "tcp://eth0:1", 0);
    check_of("ipc:///run/a tcp://0.0.0.0:1", "ipc:///run/b,tcp://[::]:2", 0);
    check_of("ipc:///run/a b, c", "ipc:///run/b", 0);
    check_of("ipc:///run/a  ", "ipc:///run/b", 0);
    check_of("ipc:///run/a nonsense tcp://", "ipc:///run/b", 0);
    check_of("", "ipc:///run/b", DK_EFIELD);
    check_of(" , ", "ipc:///run/b", DK_EFIELD);
    check_of("udp://127.0.0.1:1", "ipc:///run/b", DK_EFIELD);
    check_of("ipc:///run/b", "ipc:///run/b", DK_EFIELD);
    check_of("ipc:///aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
             "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
             "ipc:///run/b", DK_EFIELD);
}

static void the_county_must_be_given(void **state)
{
    struct config c;
    struct dk_problem p = {0};

    (void)state;
    config_defaults(&c);
    assert_int_equal(config_check(&c, &p), DK_EFIELD);
    assert_non_null(strstr(p.detail, "--county"));
}

static void what_the_office_watches_is_read_and_zero_is_off(void **state)
{
    struct config c;
    char errors[1024];
    struct dk_problem p = {0};

    (void)state;
    config_defaults(&c);
    assert_int_equal(c.watch.no_worker_s, 60);
    assert_string_equal(c.watch.backup, "");
    write_file("[office]\ncounty = 330699\n"
               "[watch]\nno_worker_s = 0\nunassigned_h = 48\nqueue_min = 5\n"
               "disk_mb = 1\nclock_jump_s = 2\nbackup = backups/last\n"
               "backup_h = 30\nsettle_s = 0\nlook_s = 60\nrepeat_h = 12\n"
               "ack_h = 1\n");
    assert_int_equal(config_load(&c, path, errors, sizeof(errors)), 0);
    assert_int_equal(c.watch.no_worker_s, 0);
    assert_int_equal(c.watch.unassigned_h, 48);
    assert_int_equal(c.watch.backup_h, 30);
    assert_int_equal(c.watch.ack_h, 1);
    assert_int_equal(config_check(&c, &p), DK_EFIELD);
    assert_non_null(strstr(p.detail, "begins with /"));
    strcpy(c.watch.backup, "/backups/last");
    assert_int_equal(config_check(&c, &p), 0);
    write_file("[watch]\nlook_s = 0\nno_workers_s = 1\n");
    assert_int_equal(config_load(&c, path, errors, sizeof(errors)), DK_EFIELD);
    assert_non_null(strstr(errors, "from 1 to 3600"));
    assert_non_null(strstr(errors, "did you mean 'watch.no_worker_s'"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_file_sets_every_key),
        cmocka_unit_test(every_mistake_is_told_with_its_key_and_the_nearest),
        cmocka_unit_test(a_line_that_is_no_pair_is_told_with_its_number),
        cmocka_unit_test(a_missing_file_is_told),
        cmocka_unit_test(endpoints_are_checked),
        cmocka_unit_test(a_list_of_endpoints_is_taken_apart),
        cmocka_unit_test(the_county_must_be_given),
        cmocka_unit_test(what_the_office_watches_is_read_and_zero_is_off),
    };
    return cmocka_run_group_tests(tests, make_file, drop_file);
}
