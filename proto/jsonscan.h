/* jsonscan.h - is this text strict JSON?  One pass, no allocation.
 *
 * Private to proto/: everybody else calls dk_json_parse().
 */
#ifndef DK_JSONSCAN_H
#define DK_JSONSCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "dk_types.h"
#include "problem.h"

/* The rules of dk_json_parse() but for the size: 0 or DK_EJSON.  `obj`: the
 * value must be an object.  `len` is below 4 GiB.  *values: how many there are,
 * those in others and the whole among them.
 */
int dk_json_scan(const char *buf, size_t len, bool obj, size_t *values,
                 struct dk_problem *p);

#endif /* DK_JSONSCAN_H */
