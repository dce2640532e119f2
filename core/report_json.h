/* report_json.h - read a person's JSON file whole, noting every mistake.
 *
 * The strict getters of proto/jsonx.h stop at the first mistake; a file that
 * somebody wrote is read to its end, so that it is mended in one go.  Each
 * function reports what is wrong and goes on; callers look at `r->errors` once
 * at the end.
 */
#ifndef DK_REPORT_JSON_H
#define DK_REPORT_JSON_H

#include "proto/jsonx.h"
#include "report.h"

#define DK_FILE_MAX ((size_t)1 << 20) /* bytes of a policy, calendar, book */

/* The file being read. */
struct dk_rj {
    const char *file;
    struct dk_report *r;
};

/* Parse the text, which must be one strict JSON object whose "format" is
 * `format`.  NULL: reported.  The caller frees it by cJSON_Delete().
 */
cJSON *dk_rj_parse(const struct dk_rj *f, const char *format, const char *text,
                   size_t len);

/* Report `p` if `rc` is a failure; true when it is not. */
bool dk_rj_ok(const struct dk_rj *f, int rc, const struct dk_problem *p);

__attribute__((format(printf, 4, 5))) void dk_rj_error(const struct dk_rj *f,
                                                       const struct dk_at *at,
                                                       const char *key,
                                                       const char *fmt, ...);
__attribute__((format(printf, 4, 5))) void dk_rj_warn(const struct dk_rj *f,
                                                      const struct dk_at *at,
                                                      const char *key,
                                                      const char *fmt, ...);

/* Report every member that is not in `names` (NULL-terminated). */
void dk_rj_only(const struct dk_rj *f, const cJSON *o,
                const char *const names[], const struct dk_at *at);

/* True when member `key` is there and not null. */
bool dk_rj_has(const cJSON *o, const char *key);

/* The getters of jsonx.h.  An absent optional member leaves *out as it is;
 * false: it was reported.
 */
bool dk_rj_id(const struct dk_rj *f, const cJSON *o, const char *key, int need,
              const char **out, const struct dk_at *at);
bool dk_rj_str(const struct dk_rj *f, const cJSON *o, const char *key, int need,
               size_t max, const char **out, const struct dk_at *at);
bool dk_rj_int(const struct dk_rj *f, const cJSON *o, const char *key, int need,
               int min, int max, int *out, const struct dk_at *at);
bool dk_rj_bool(const struct dk_rj *f, const cJSON *o, const char *key,
                int need, bool *out, const struct dk_at *at);
bool dk_rj_enum(const struct dk_rj *f, const cJSON *o, const char *key,
                int need, const char *const names[], int *out,
                const struct dk_at *at);
bool dk_rj_arr(const struct dk_rj *f, const cJSON *o, const char *key, int need,
               int min, int max, const cJSON **out, const struct dk_at *at);
bool dk_rj_obj(const struct dk_rj *f, const cJSON *o, const char *key, int need,
               const cJSON **out, const struct dk_at *at);

/* "name": {"zh-CN": .., "en": ..}; absent: both stay NULL. */
struct dk_rj_name {
    const char *zh, *en;
};
bool dk_rj_name(const struct dk_rj *f, const cJSON *o, const char *key,
                int need, struct dk_rj_name *out, const struct dk_at *at);

/* "verified": false, or {"by": .., "on": "YYYY-MM-DD", "against": ..}: who has
 * compared this with the office's own copy of the law.
 */
bool dk_rj_verified(const struct dk_rj *f, const cJSON *o, bool *out,
                    const struct dk_at *at);

/* "YYYY-MM-DD" as a day number (days since 1970-01-01). */
bool dk_rj_day(const struct dk_rj *f, const cJSON *o, const char *key, int need,
               int64_t *out, const struct dk_at *at);

#endif /* DK_REPORT_JSON_H */
