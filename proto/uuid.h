/* uuid.h - UUIDs as text and bytes; version 7 of RFC 9562. */
#ifndef DK_UUID_H
#define DK_UUID_H

#include <stdbool.h>

#include "dk_types.h"

/* Lower-case canonical text only, 36 bytes; 0 or DK_EFIELD. */
int dk_uuid_parse(const char *s, size_t n, struct dk_uuid *out);
void dk_uuid_format(const struct dk_uuid *u, char buf[DK_UUID_TEXT]);
bool dk_uuid_is_v7(const struct dk_uuid *u);
dk_ms dk_uuid_time(const struct dk_uuid *u);
/* Build version 7 from a time and ten random bytes. */
void dk_uuid_v7(struct dk_uuid *out, dk_ms now, const uint8_t rnd[10]);

#endif /* DK_UUID_H */
