/* fuzz_spool.c - a kiosk's spool with any bytes changed or its end cut off: it
 * is refused, or read and written; the program never dies of it.
 *
 * Input: four bytes a change: three of position, one of value.
 */
#include <unistd.h>

#include "clients/kiosk/intake.h"
#include "clients/kiosk/spool.h"
#include "fuzz.h"

static char path[64], wal[72], shm[72];
static char *image;
static size_t image_len;

static void clean(void)
{
    unlink(path);
    unlink(wal);
    unlink(shm);
}

static bool take(struct spool *s, int i)
{
    char id[DK_UUID_TEXT], text[200];
    struct dk_problem p = {0};
    struct intake in;
    struct spool_item it = {.taken_at = INT64_C(1778029200000)};

    (void)snprintf(id, sizeof(id), "019dfacc-8280-7462-8e32-9d1370f891%02d", i);
    (void)snprintf(text, sizeof(text),
                   "{\"submission_id\":\"%s\",\"channel\":\"kiosk\","
                   "\"subject\":\"路灯 %d\",\"facts\":\"坏了\"}",
                   id, i);
    CHECK(intake_read(text, strlen(text), id, it.taken_at, &in, &p) == 0);
    memcpy(it.submission, in.submission, sizeof(it.submission));
    memcpy(it.digest, in.digest, sizeof(it.digest));
    it.body = in.body;
    it.len = in.len;
    int rc = spool_take(s, &it, 1, &p);
    CHECK(rc == 0 || p.detail[0] != '\0');
    intake_fini(&in);
    return rc == 0;
}

static void on_untold(void *arg, const char *submission, const char *case_no,
                      const char *code, const char *problem)
{
    size_t *n = arg;

    *n += strlen(submission) + (case_no != NULL ? strlen(case_no) : 0) +
          (code != NULL ? strlen(code) : 0) +
          (problem != NULL ? strlen(problem) : 0);
}

static void on_refused(void *arg, const char *submission, const char *problem)
{
    on_untold(arg, submission, NULL, NULL, problem);
}

/* Everything that the kiosk ever does with it. */
static void use(struct spool *s)
{
    struct dk_problem p = {0};
    struct spool_counts n;
    struct spool_row row = {.id = 0};
    size_t sum = 0;

    (void)spool_count(s, &n, &p);
    (void)spool_untold(s, on_untold, &sum, &p);
    (void)spool_refused(s, on_refused, &sum, &p);
    for (int i = 0; i < 5; i++) {
        if (spool_next(s, row.id, &row, &p) != 1)
            break;
        struct spool_answer a = {.id = row.id,
                                 .state =
                                     i % 2 == 0 ? SPOOL_DONE : SPOOL_REFUSED,
                                 .at = 1,
                                 .case_no = "330699-20260506-000001-5",
                                 .code = "12345678"};
        CHECK(row.body != NULL && strlen(row.body) <= row.len);
        free(row.body);
        if (i % 2 == 1)
            dk_fail(&a.problem, DK_EFIELD, "/subject", NULL, NULL);
        (void)spool_settle(s, &a, 1, &p);
    }
    spool_told(s);
    (void)take(s, 77);
    (void)spool_tidy(s, &p);
}

static void make_image(void)
{
    struct dk_problem p = {0};
    struct spool *s;

    (void)snprintf(path, sizeof(path), "/dev/shm/dk-spool-%d.db", getpid());
    (void)snprintf(wal, sizeof(wal), "%s-wal", path);
    (void)snprintf(shm, sizeof(shm), "%s-shm", path);
    clean();
    atexit(clean);
    CHECK(spool_open(path, true, &s, &p) == 0);
    for (int i = 10; i < 20; i++)
        CHECK(take(s, i));
    use(s);
    spool_close(s);
    image = fuzz_read(path, &image_len);
    CHECK(image_len >= 4096);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dk_problem p = {0};
    struct spool *s = NULL;

    if (image == NULL)
        make_image();
    char *bytes = malloc(image_len);
    size_t len = image_len;
    CHECK(bytes != NULL);
    memcpy(bytes, image, image_len);
    for (int i = 0; i < 24 && size >= 4; i++, data += 4, size -= 4) {
        size_t at = ((size_t)data[0] << 16 | (size_t)data[1] << 8 | data[2]) %
                    image_len;
        if (data[3] == 0 && i == 0 && (at & 7) == 0)
            len = at;
        else
            bytes[at] = (char)data[3];
    }
    clean();
    FILE *f = fopen(path, "wb");
    CHECK(f != NULL && fwrite(bytes, 1, len, f) == len && fclose(f) == 0);
    free(bytes);
    int rc = spool_open(path, false, &s, &p);
    CHECK(rc == 0 || p.detail[0] != '\0');
    if (rc == 0)
        use(s);
    spool_close(s);
    return 0;
}
