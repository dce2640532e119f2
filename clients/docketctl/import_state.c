#include "import_state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "file.h"
#include "proto/jsonw.h"
#include "proto/jsonx.h"

static const struct {
    const char *name;
    size_t at;
} counts[] = {
    {"bytes", offsetof(struct import_state, bytes)},
    {"lines", offsetof(struct import_state, lines)},
    {"cases", offsetof(struct import_state, cases)},
    {"answers", offsetof(struct import_state, answers)},
    {"refused", offsetof(struct import_state, refused)},
    {"refused_bytes", offsetof(struct import_state, refused_bytes)},
};
enum {
    COUNT_N = sizeof counts / sizeof counts[0]
};

static int64_t get_count(const struct import_state *s, int i)
{
    int64_t v;
    memcpy(&v, (const char *)s + counts[i].at, sizeof v);
    return v;
}

static int read_state(const cJSON *o, const char *source,
                      struct import_state *s, struct dk_problem *p)
{
    const char *mark = NULL, *from = NULL;
    int rc = dk_json_str(o, "source", DK_REQUIRED, 1, 200, &from, NULL, p);

    if (rc == 0)
        rc = dk_json_str(o, "mark", DK_REQUIRED, IMPORT_MARK - 1,
                         IMPORT_MARK - 1, &mark, NULL, p);
    for (int i = 0; i < COUNT_N && rc == 0; i++) {
        int64_t v = 0;
        rc = dk_json_int(o, counts[i].name, DK_REQUIRED, 0, INT64_MAX, &v, NULL,
                         p);
        memcpy((char *)s + counts[i].at, &v, sizeof v);
    }
    if (rc != 0)
        return rc;
    memcpy(s->mark, mark, IMPORT_MARK);
    if (strcmp(from, source) == 0)
        return 0;
    return dk_failf(p, DK_ECONFLICT, NULL,
                    "this file was begun as '%.64s', not '%.64s': every id "
                    "depends on that name; use the same --actor",
                    "该文件先前以“%.64s”导入，而非“%.64s”；所有编号都由其"
                    "推导，请使用同一 --actor",
                    from, source);
}

int import_state_load(const char *path, const char *source,
                      struct import_state *out, struct dk_problem *p)
{
    struct dk_problem why = {0};
    char *text;
    size_t len;
    cJSON *o;

    memset(out, 0, sizeof *out);
    int rc = file_read(path, 65536, &text, &len, &why);
    if (rc != 0) {
        if (rc != DK_ENOTFOUND && p != NULL)
            *p = why;
        return rc;
    }
    rc = dk_json_parse_obj(text, len, 65536, &o, &why);
    free(text);
    if (rc == 0) {
        rc = read_state(o, source, out, &why);
        cJSON_Delete(o);
    }
    if (rc == 0)
        return 0;
    if (rc == DK_ECONFLICT && p != NULL)
        *p = why;
    if (rc == DK_ECONFLICT)
        return rc;
    return dk_failf(p, DK_EFIELD, why.pointer,
                    "the state file %.100s is damaged (%.120s); remove it to "
                    "begin again: what was imported stays and is not doubled",
                    "状态文件 %.100s 已损坏（%.120s）；删除后可重新开始，"
                    "已导入的不会重复",
                    path, why.detail);
}

int import_state_save(const char *path, const char *source,
                      const struct import_state *s, struct dk_problem *p)
{
    struct dk_jw w = {0};

    dk_jw_obj(&w, NULL);
    dk_jw_str(&w, "source", source);
    dk_jw_str(&w, "mark", s->mark);
    for (int i = 0; i < COUNT_N; i++)
        dk_jw_int(&w, counts[i].name, get_count(s, i));
    dk_jw_end_obj(&w);
    int rc = w.oom ? dk_fail(p, DK_ENOMEM, NULL, NULL, NULL)
                   : file_write(path, w.buf, w.len, p);
    dk_jw_fini(&w);
    return rc;
}

int import_mark(const struct lines *l, int64_t bytes, char out[IMPORT_MARK])
{
    char buf[8192];
    uint8_t hash[(IMPORT_MARK - 1) / 2];
    int64_t first = bytes < 4096 ? bytes : 4096;
    int rc = lines_get(l, 0, first, buf);

    if (rc == 0)
        rc = lines_get(l, bytes - first, bytes, buf + first);
    if (rc != 0)
        return rc;
    (void)crypto_generichash(hash, sizeof hash, (const uint8_t *)buf,
                             (size_t)(2 * first), NULL, 0);
    (void)sodium_bin2hex(out, IMPORT_MARK, hash, sizeof hash);
    return 0;
}

FILE *import_refused_open(const char *path, int64_t bytes, struct dk_problem *p)
{
    FILE *f = NULL;
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);

    if (fd >= 0 && ftruncate(fd, bytes) == 0 && lseek(fd, 0, SEEK_END) >= 0)
        f = fdopen(fd, "w");
    if (f == NULL) {
        (void)file_fail(path, errno, p);
        if (fd >= 0)
            (void)close(fd);
    }
    return f;
}
