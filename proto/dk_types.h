/* dk_types.h - the few types and limits that every layer shares.
 *
 * Limits marked (wire) are part of the contract in PROTOCOL.md: changing one
 * is a protocol change.
 */
#ifndef DK_TYPES_H
#define DK_TYPES_H

#include <stddef.h>
#include <stdint.h>

/* An instant: milliseconds since 1970-01-01T00:00:00Z, leap seconds ignored
 * (POSIX).  Durations in milliseconds use the same type.
 */
typedef int64_t dk_ms;

#define DK_NEVER  INT64_MAX
#define DK_SECOND ((dk_ms)1000)
#define DK_MINUTE ((dk_ms)60000)
#define DK_HOUR   ((dk_ms)3600000)
#define DK_DAY    ((dk_ms)86400000)

#define DK_BODY_MAX     65536  /* bytes of one JSON body (wire) */
#define DK_REPLY_MAX    262144 /* bytes of one body a broker sends (wire) */
#define DK_DEPTH_MAX    32     /* nesting of one JSON body (wire) */
#define DK_KEYS_MAX     256    /* members of one JSON object (wire) */
#define DK_REQUEST_MAX  64     /* bytes of a request id frame (wire) */
#define DK_TYPE_MAX     32     /* bytes of a type frame (wire) */
#define DK_ID_MAX       64     /* bytes of a unit, officer or rule id (wire) */
#define DK_CASE_NO_MAX  40     /* bytes of a case number with its NUL */
#define DK_TIME_MAX     32     /* bytes of an RFC 3339 time with its NUL */
#define DK_UUID_TEXT    37     /* bytes of a UUID's text with its NUL */
#define DK_HASH_LEN     32     /* BLAKE2b-256 */
#define DK_PETITION_MAX 5      /* representatives of a joint matter (Art. 20) */
#define DK_RESPOND_MAX  10     /* units or officers complained about */

struct dk_uuid {
    uint8_t b[16];
};

#endif /* DK_TYPES_H */
