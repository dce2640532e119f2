/* submit.h - the body of case.submit, decoded and checked.
 *
 * PROTOCOL.md (case.submit) is the contract; schemas/case.submit.json says the
 * same for machines.
 */
#ifndef DK_SUBMIT_H
#define DK_SUBMIT_H

#include "jsonw.h"
#include "jsonx.h"

enum dk_channel {
    DK_CH_ONLINE,
    DK_CH_LETTER,
    DK_CH_CALL,
    DK_CH_VISIT,
    DK_CH_VIDEO,
    DK_CH_KIOSK,
    DK_CH_N
};
enum dk_kind {
    DK_KIND_APPEAL,
    DK_KIND_SUGGESTION,
    DK_KIND_ACCUSATION,
    DK_KIND_N
};

/* Why a case cannot wait like others.  It raises the case's place in line; how
 * many people stand behind it, how they came or how often never does.
 */
enum dk_need {
    DK_NEED_MEDICAL,
    DK_NEED_MINOR,
    DK_NEED_WAGES,
    DK_NEED_SAFETY,
    DK_NEED_N
};

extern const char *const dk_need_names[];    /* "medical", "minor", .. */
extern const char *const dk_channel_names[]; /* "online" .., NULL-terminated */
extern const char *const dk_kind_names[];    /* "appeal", "suggestion", .. */

struct dk_person {
    const char *name, *id_number, *phone, *address; /* NULL: not given */
};

struct dk_respondent {
    const char *unit;    /* NULL: only an officer is named */
    const char *officer; /* NULL: the unit as a whole */
};

/* Every string is borrowed from the parsed body. */
struct dk_submit {
    struct dk_uuid submission;
    enum dk_channel channel;
    enum dk_kind kind;
    const char *subject;  /* 1..400 bytes */
    const char *facts;    /* 1..49152 bytes */
    const char *region;   /* NULL: not said */
    const char *category; /* NULL: not said; levels joined by '/' */
    dk_ms submitted_at;   /* as claimed; DK_NEVER: not claimed */
    int64_t petitioners;  /* how many people; at least 1 */
    bool import;          /* history brought in, PROTOCOL.md "Importing" */
    bool confidential;
    unsigned needs;        /* mask of 1 << enum dk_need */
    const char *repeat_of; /* case number as given; NULL: not said */
    /* Of a case that comes from another docket: its number there (NULL: it does
     * not), and who brought it, which is the broker's to say and no part of
     * what was handed in.
     */
    const char *from;
    char from_unit[DK_ID_MAX + 1];
    struct dk_person person[DK_PETITION_MAX];
    int n_person; /* 0: anonymous */
    struct dk_respondent respondent[DK_RESPOND_MAX];
    int n_respondent;
};

int dk_submit_read(const cJSON *body, struct dk_submit *out,
                   struct dk_problem *p);

/* Somebody is named and has an address or a telephone. */
bool dk_submit_reachable(const struct dk_submit *s);

/* Needs as an array of their names. */
void dk_needs_write(struct dk_jw *w, const char *key, unsigned needs);

/* The petitioners as JSON text, for sealing: [{"name":...},...]. */
void dk_submit_write_persons(struct dk_jw *w, const struct dk_submit *s);

/* A canonical text of everything in `s` but nothing else: two submissions say
 * the same exactly when these bytes are equal.  For the idempotency check.
 */
void dk_submit_write_canonical(struct dk_jw *w, const struct dk_submit *s);

#endif /* DK_SUBMIT_H */
