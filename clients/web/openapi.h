/* openapi.h - openapi.json, which says what the API is, as bytes (the build
 * makes them).
 */
#ifndef DK_WEB_OPENAPI_H
#define DK_WEB_OPENAPI_H

#include <stddef.h>

extern const unsigned char openapi_json[];
extern const size_t openapi_json_len;

#endif /* DK_WEB_OPENAPI_H */
