/* fuzz.h - what the fuzz targets share. */
#ifndef DK_FUZZ_H
#define DK_FUZZ_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold; libFuzzer keeps the input of an abort. */
#define CHECK(ok)                                                              \
    do {                                                                       \
        if (!(ok)) {                                                           \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #ok);           \
            abort();                                                           \
        }                                                                      \
    } while (0)

/* A file's text, from the project's folder; the caller frees it. */
static inline char *fuzz_read(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    char *buf = malloc((size_t)1 << 22);

    CHECK(f != NULL && buf != NULL);
    *len = fread(buf, 1, ((size_t)1 << 22) - 1, f);
    buf[*len] = '\0';
    fclose(f);
    return buf;
}

#endif /* DK_FUZZ_H */
