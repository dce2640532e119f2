/* import_line.h - one line of history and the requests it becomes.  Pure.
 *
 * Every id is derived from the source's name, the line's own id and its time,
 * so that the same line gives the same requests however often it is imported.
 */
#ifndef DK_CTL_IMPORT_LINE_H
#define DK_CTL_IMPORT_LINE_H

#include "proto/jsonw.h"
#include "proto/jsonx.h"

#define IMPORT_LINE_MAX ((size_t)256 * 1024)

enum import_field {
    IMPORT_ID,
    IMPORT_SUBMITTED,
    IMPORT_SUBJECT,
    IMPORT_FACTS,
    IMPORT_REGION,
    IMPORT_CATEGORY,
    IMPORT_REPLY,
    IMPORT_REPLIED,
    IMPORT_ACCEPTED,
    IMPORT_CHANNEL,
    IMPORT_FIELD_N
};

/* Which member of a line is which field. */
struct import_map {
    const char *member[IMPORT_FIELD_N];
    char *text; /* owned: what member[] points into */
};

/* "replied" (also for NULL): {id, submitted_at, subject, body or facts, region,
 * category, reply, replied_at, accepted_at, channel}; or changes to it as in
 * "facts=content,id=no".  0, DK_EFIELD or DK_ENOMEM.
 */
int import_map_parse(const char *text, struct import_map *out,
                     struct dk_problem *p);
void import_map_fini(struct import_map *m);

struct import_how {
    struct import_map map;
    const char *source;  /* "import:history": the actor, part of every id */
    const char *channel; /* of lines that name none */
};

struct import_line {
    cJSON *json; /* owned; the rest points into it */
    const char *id, *subject, *facts, *region, *category, *channel;
    const char *submitted_at, *accepted_at, *replied_at; /* as written */
    const char *reply; /* NULL: not answered */
    dk_ms submitted, accepted, replied;
    char number[32]; /* an id written as a number */
};

/* Problems point into the line.  On failure there is nothing to free. */
int import_line_read(const char *text, size_t len, const struct import_how *how,
                     struct import_line *out, struct dk_problem *p);
void import_line_fini(struct import_line *l);

/* The body of case.submit, checked as the broker checks it. */
int import_write_submit(const struct import_line *l,
                        const struct import_how *how, struct dk_jw *w,
                        struct dk_problem *p);

/* The body of case.act: "transfer", "accept" or "answer". */
int import_write_act(const struct import_line *l, const struct import_how *how,
                     const char *action, const char *case_no, struct dk_jw *w,
                     struct dk_problem *p);

/* The UUIDv7 of a step of a line: "submit", or the name of an action. */
void import_uuid(const char *source, const char *step, const char *id, dk_ms at,
                 char out[DK_UUID_TEXT]);

#endif /* DK_CTL_IMPORT_LINE_H */
