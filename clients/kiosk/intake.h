/* intake.h - one case as it is handed in: read, completed, checked. */
#ifndef DK_KIOSK_INTAKE_H
#define DK_KIOSK_INTAKE_H

#include "proto/dk_types.h"
#include "proto/problem.h"
#include "spool.h"

struct intake {
    char submission[DK_UUID_TEXT];
    char *body; /* owned: what is sent to the broker, for ever the same */
    size_t len;
    uint8_t digest[SPOOL_HASH];
};

/* `text` is the body of case.submit.  Without a submission_id it gets
 * `fresh_id`; without a submitted_at it gets `now`: the petitioner's clock
 * starts when the matter was handed in, not when the network was there.  The
 * digest is the same for every repetition that says the same.
 */
int intake_read(const char *text, size_t len, const char *fresh_id, dk_ms now,
                struct intake *out, struct dk_problem *p);
void intake_fini(struct intake *in);

/* BLAKE2b-256. */
void intake_hash(const void *data, size_t len, uint8_t out[SPOOL_HASH]);

#endif /* DK_KIOSK_INTAKE_H */
