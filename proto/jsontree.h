/* jsontree.h - the values of strict JSON, as a tree of cJSON.
 *
 * Private to proto/: everybody else calls dk_json_parse().
 */
#ifndef DK_JSONTREE_H
#define DK_JSONTREE_H

#include <cjson/cJSON.h>
#include <stddef.h>

/* The text must have passed dk_json_scan(): it is not checked again.  The
 * caller frees the tree by cJSON_Delete().  NULL: out of memory.
 */
cJSON *dk_json_tree(const char *buf, size_t len);

/* The same of an object that holds `values` values, itself among them, in one
 * block of memory: it must not be changed.  cJSON_Delete() frees it all.
 */
cJSON *dk_json_tree_fixed(const char *buf, size_t len, size_t values);

#endif /* DK_JSONTREE_H */
