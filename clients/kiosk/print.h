/* print.h - a receipt on a printer that speaks ESC/POS (Epson's reference).
 *
 * The bytes are made here and written by the loop, so that a printer without
 * paper holds up nothing.
 */
#ifndef DK_KIOSK_PRINT_H
#define DK_KIOSK_PRINT_H

#include <stdbool.h>

#include "proto/dk_types.h"
#include "proto/problem.h"

struct event_base;
struct print;

struct receipt {
    const char *office, *phone; /* "" : none */
    const char *number;         /* of the receipt: K... */
    const char *case_no, *code; /* NULL: not known yet */
    dk_ms taken_at;             /* wall clock */
    dk_ms due_at;               /* the next legal day; DK_NEVER: not known */
    const char *qr;             /* what the QR code says */
    int offset_min;             /* the office's, minutes east */
    bool zh;
};

struct bytes {
    unsigned char *at; /* owned */
    size_t n, cap;
    bool oom;
};

/* The receipt's bytes: initialised, centred, with its QR code as a picture, and
 * cut.  Chinese in GB18030 (FS &).  0 or DK_ENOMEM.
 */
int print_receipt(const struct receipt *r, struct bytes *out);
void bytes_put(struct bytes *b, const void *data, size_t n);
void bytes_fini(struct bytes *b);

/* QR code, one byte for a module (0 or 1), side by side; NULL: cannot be made.
 * The caller frees it.
 */
unsigned char *qr_make(const char *text, int *side);

typedef void (*print_done)(void *arg,
                           const struct dk_problem *p); /* NULL: ok */

int print_open(struct event_base *base, const char *path, struct print **out,
               struct dk_problem *p);
void print_close(struct print *p); /* what is under way is told as failed */

/* Write `b` (taken) to the printer; `done` is called once, later.  DK_EBUSY: it
 * prints already; DK_EIO: it cannot be opened.
 */
int print_start(struct print *p, struct bytes *b, print_done done, void *arg,
                struct dk_problem *why);

#endif /* DK_KIOSK_PRINT_H */
