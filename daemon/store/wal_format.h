/* wal_format.h - SQLite's log as it is on the disk, for those who read it by
 * themselves (https://www.sqlite.org/fileformat.html, 4).
 *
 *   header   magic, version, page size, number, salt (8), sum (8)
 *   frame    page number, pages of the file after a commit or 0, salt (8),
 *            sum of it all so far (8), and the page
 */
#ifndef DK_WAL_FORMAT_H
#define DK_WAL_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WAL_PAGE        4096 /* SQLite's own choice, which the store keeps */
#define WAL_HEADER      32
#define WAL_HEAD        24 /* of a frame */
#define WAL_FRAME       (WAL_HEAD + WAL_PAGE)
#define WAL_FRAME_AT(i) (WAL_HEADER + (int64_t)(i)*WAL_FRAME)

static inline uint32_t wal_be32(const uint8_t *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 |
           b[3];
}

/* The running sum; over words of the byte order that the log's header names. */
struct wal_sum {
    uint32_t a, b;
};

static inline struct wal_sum wal_add(struct wal_sum s, const uint8_t *p,
                                     size_t n, bool big)
{
    for (; n >= 8; p += 8, n -= 8) {
        uint32_t x = wal_be32(p), y = wal_be32(p + 4);
        s.a += (big ? x : __builtin_bswap32(x)) + s.b;
        s.b += (big ? y : __builtin_bswap32(y)) + s.a;
    }
    return s;
}

/* What the sum of this frame comes to after `before`. */
static inline struct wal_sum wal_add_frame(struct wal_sum before,
                                           const uint8_t *frame, bool big)
{
    return wal_add(wal_add(before, frame, 8, big), frame + WAL_HEAD, WAL_PAGE,
                   big);
}

/* A sum as it was written down. */
static inline struct wal_sum wal_told(const uint8_t *p)
{
    return (struct wal_sum){wal_be32(p), wal_be32(p + 4)};
}

static inline bool wal_same(struct wal_sum a, struct wal_sum b)
{
    return a.a == b.a && a.b == b.b;
}

static inline bool wal_big(const uint8_t header[WAL_HEADER])
{
    return (wal_be32(header) & 1) != 0;
}

/* A log of pages of our size; its sum may be wrong. */
static inline bool wal_is_log(const uint8_t header[WAL_HEADER])
{
    return (wal_be32(header) & ~UINT32_C(1)) == 0x377f0682 &&
           wal_be32(header + 8) == WAL_PAGE;
}

#endif /* DK_WAL_FORMAT_H */
