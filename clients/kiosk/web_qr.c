/* web_qr.c - a QR code as SVG: one path of the dark runs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "web_int.h"

#define QUIET 4 /* light modules around it (ISO/IEC 18004) */

static void add(struct bytes *out, const char *text)
{
    bytes_put(out, text, strlen(text));
}

static void add_row(struct bytes *out, const unsigned char *m, int side, int y)
{
    char run[64];

    for (int x = 0; x < side; x++) {
        int n = 0;

        while (x + n < side && m[y * side + x + n] != 0)
            n++;
        if (n == 0)
            continue;
        snprintf(run, sizeof(run), "M%d %dh%dv1h-%dz", x + QUIET, y + QUIET, n,
                 n);
        add(out, run);
        x += n;
    }
}

bool web_qr_svg(const char *text, struct bytes *out)
{
    char head[160];
    int side = 0;
    unsigned char *m = qr_make(text, &side);

    if (m == NULL)
        return false;
    snprintf(head, sizeof(head),
             "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\">"
             "<path fill=\"#fff\" d=\"M0 0h%dv%dH0z\"/><path d=\"",
             side + 2 * QUIET, side + 2 * QUIET, side + 2 * QUIET,
             side + 2 * QUIET);
    add(out, head);
    for (int y = 0; y < side; y++)
        add_row(out, m, side, y);
    add(out, "\"/></svg>");
    free(m);
    return !out->oom;
}
