/* body.h - the message that everything here is measured with: a submission of
 * exactly BODY_LEN bytes, as people write, with a fresh id each time.
 */
#ifndef DK_BENCH_BODY_H
#define DK_BENCH_BODY_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "proto/dk_types.h"
#include "proto/uuid.h"

#define BODY_LEN 704 /* a short real letter: about 150 characters */
#define BODY_ID  18  /* where the id stands: after {"submission_id":" */

static inline int64_t body_clock_us(clockid_t id)
{
    struct timespec t;

    (void)clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Everything but the id, which every submission has of its own. */
static inline void body_make(char body[BODY_LEN + 1])
{
    static const char head[] =
        "{\"submission_id\":\"00000000-0000-7000-8000-000000000000\","
        "\"channel\":\"kiosk\",\"kind\":\"appeal\",\"region\":\"城关街道\","
        "\"category\":\"城乡建设/住房保障与房地产/物业服务\","
        "\"petitioners\":1,\"subject\":\"小区电梯停运多日无人维修\","
        "\"facts\":\"";
    static const char said[] =
        "翠竹苑三幢电梯停运二十天，多次书面催促物业公司没有结果，"
        "楼内老人出行困难，请求督促维修并公布维修资金使用情况。";
    static const char tail[] = "\"}";
    char *p = body;
    char *end = body + BODY_LEN - (sizeof(tail) - 1);

    memcpy(p, head, sizeof(head) - 1);
    p += sizeof(head) - 1;
    while (p + sizeof(said) - 1 <= end) {
        memcpy(p, said, sizeof(said) - 1);
        p += sizeof(said) - 1;
    }
    memset(p, '.', (size_t)(end - p));
    memcpy(end, tail, sizeof(tail));
}

static inline void body_new_id(char body[BODY_LEN + 1])
{
    uint8_t rnd[10];
    struct dk_uuid u;
    char text[DK_UUID_TEXT];

    if (getrandom(rnd, sizeof(rnd), 0) != (ssize_t)sizeof(rnd)) {
        (void)fputs("no random bytes\n", stderr);
        exit(1);
    }
    dk_uuid_v7(&u, body_clock_us(CLOCK_REALTIME) / 1000, rnd);
    dk_uuid_format(&u, text);
    memcpy(body + BODY_ID, text, DK_UUID_TEXT - 1);
}

/* ---- how long things took ------------------------------------------------ */

struct took {
    uint32_t *us;
    size_t n, cap;
};

static inline void took_add(struct took *t, int64_t us)
{
    if (t->n == t->cap) {
        t->cap = t->cap == 0 ? 65536 : t->cap * 2;
        t->us = realloc(t->us, t->cap * sizeof(*t->us));
        if (t->us == NULL) {
            (void)fputs("out of memory\n", stderr);
            exit(1);
        }
    }
    t->us[t->n++] = us < 0 ? 0 : us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

static inline int took_order(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

/* Sort before the first question. */
static inline void took_sort(struct took *t)
{
    if (t->n > 0)
        qsort(t->us, t->n, sizeof(*t->us), took_order);
}

static inline uint32_t took_at(const struct took *t, size_t per_mille)
{
    size_t i = t->n * per_mille / 1000;

    if (t->n == 0)
        return 0;
    return t->us[i < t->n ? i : t->n - 1];
}

#endif /* DK_BENCH_BODY_H */
