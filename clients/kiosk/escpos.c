#include <iconv.h>
#include <qrencode.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "print.h"
#include "proto/timefmt.h"

#define QR_DOTS 6 /* of the printer for a module; 8 dots are a millimetre */

void bytes_fini(struct bytes *b)
{
    free(b->at);
    *b = (struct bytes){0};
}

void bytes_put(struct bytes *b, const void *data, size_t n)
{
    if (b->oom)
        return;
    if (b->n + n > b->cap) {
        size_t cap = (b->n + n) * 2;
        unsigned char *more = realloc(b->at, cap);

        if (more == NULL) {
            b->oom = true;
            return;
        }
        b->at = more;
        b->cap = cap;
    }
    memcpy(b->at + b->n, data, n);
    b->n += n;
}

#define PUT(b, ...)                                                            \
    bytes_put(b, (const unsigned char[]){__VA_ARGS__},                         \
              sizeof((const unsigned char[]){__VA_ARGS__}))

/* One line in the printer's own encoding; what it does not have is '?'. */
static void line(struct bytes *b, const char *text)
{
    char out[1024], *to = out;
    char in[512], *from = in;
    size_t n, left = sizeof(out);
    iconv_t cd = iconv_open("GB18030", "UTF-8");

    if (cd == (iconv_t)-1) { /* NOLINT(performance-no-int-to-ptr) */
        b->oom = true;
        return;
    }
    snprintf(in, sizeof(in), "%s", text);
    n = strlen(in);
    if (iconv(cd, &from, &n, &to, &left) == (size_t)-1 && left > 0)
        *to++ = '?';
    iconv_close(cd);
    bytes_put(b, out, (size_t)(to - out));
    PUT(b, '\n');
}

/* As a picture of dots (GS v 0): every printer that prints pictures can. */
static void qr(struct bytes *b, const char *text)
{
    int side = 0;
    unsigned char *m = qr_make(text, &side);
    int dots = side * QR_DOTS, bytes = (dots + 7) / 8;
    unsigned char row[256];

    if (m == NULL || bytes > (int)sizeof(row)) {
        free(m);
        return;
    }
    PUT(b, 0x1d, 'v', '0', 0, (unsigned char)bytes, 0,
        (unsigned char)(dots & 0xff), (unsigned char)(dots >> 8));
    for (int y = 0; y < dots; y++) {
        memset(row, 0, sizeof(row));
        for (int x = 0; x < dots; x++)
            if (m[y / QR_DOTS * side + x / QR_DOTS] != 0)
                row[x / 8] |= (unsigned char)(0x80 >> x % 8);
        bytes_put(b, row, (size_t)bytes);
    }
    PUT(b, '\n');
    free(m);
}

/* "2026-05-06 09:30", or only the day. */
static void when(dk_ms t, int offset_min, bool time, char out[DK_TIME_MAX])
{
    dk_time_format(t, offset_min, out);
    out[time ? 16 : 10] = '\0';
    out[10] = time ? ' ' : '\0';
}

__attribute__((format(printf, 2, 3))) static void say(struct bytes *b,
                                                      const char *fmt, ...)
{
    char text[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    line(b, text);
}

static void large(struct bytes *b, bool on)
{
    PUT(b, 0x1d, '!', on ? 0x11 : 0); /* twice as wide and as high */
    PUT(b, 0x1c, '!', on ? 0x0c : 0); /* Chinese characters, too */
}

static void numbers(const struct receipt *r, struct bytes *b)
{
    if (r->case_no == NULL) {
        say(b, r->zh ? "回执号" : "Receipt number");
        large(b, true);
        say(b, "%s", r->number);
        large(b, false);
        say(b, "%s",
            r->zh ? "信访编号稍后产生，凭回执号在本机查询。"
                  : "The case number follows: ask at this kiosk.");
        return;
    }
    say(b, r->zh ? "信访编号" : "Case number");
    say(b, "%s", r->case_no);
    if (r->code != NULL) {
        say(b, r->zh ? "查询码" : "Query code");
        large(b, true);
        say(b, "%s", r->code);
        large(b, false);
    }
    say(b, "%s %s", r->zh ? "回执号" : "Receipt", r->number);
}

static void next(const struct receipt *r, struct bytes *b)
{
    char at[DK_TIME_MAX];

    if (r->due_at == DK_NEVER)
        return;
    /* The limit is the first instant that is too late. */
    when(r->due_at - 1, r->offset_min, false, at);
    say(b,
        r->zh ? "下一步最迟办理日期：%s"
              : "The office's next step is due by %s",
        at);
}

int print_receipt(const struct receipt *r, struct bytes *out)
{
    char at[DK_TIME_MAX];

    *out = (struct bytes){0};
    PUT(out, 0x1b, '@');    /* as after switching on */
    PUT(out, 0x1c, '&');    /* Chinese characters */
    PUT(out, 0x1b, 'a', 1); /* centred */
    say(out, "%s", r->office);
    large(out, true);
    say(out, r->zh ? "信访事项回执" : "Receipt");
    large(out, false);
    numbers(r, out);
    when(r->taken_at, r->offset_min, true, at);
    say(out, "%s %s", r->zh ? "提交时间" : "Handed in", at);
    next(r, out);
    qr(out, r->qr);
    say(out,
        r->zh ? "请妥善保管，查询时使用。" : "Keep this: you need it to ask.");
    if (r->phone[0] != '\0')
        say(out, "%s %s", r->zh ? "电话" : "Telephone", r->phone);
    PUT(out, 0x1b, 'd', 3);     /* feed */
    PUT(out, 0x1d, 'V', 66, 0); /* cut */
    if (!out->oom)
        return 0;
    bytes_fini(out);
    return DK_ENOMEM;
}

unsigned char *qr_make(const char *text, int *side)
{
    QRcode *q = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
    size_t n = q != NULL ? (size_t)q->width * (size_t)q->width : 0;
    unsigned char *m = q != NULL ? malloc(n) : NULL;

    if (m != NULL) {
        *side = q->width;
        for (size_t i = 0; i < n; i++)
            m[i] = q->data[i] & 1;
    }
    QRcode_free(q);
    return m;
}
