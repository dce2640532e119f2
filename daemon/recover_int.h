/* recover_int.h - what the files of recovery share. */
#ifndef DK_RECOVER_INT_H
#define DK_RECOVER_INT_H

#include <sqlite3.h>

#include "daemon/daemon.h"
#include "daemon/store/salvage.h"
#include "proto/caseno.h"

struct recover {
    sqlite3 *db; /* the scratch database */
    struct salvage_report scan;
    bool has_meta, meta_current;
    int32_t county;
    bool test_clock;
    dk_ms test_now;
    uint8_t secret[32]; /* zeroes where it is sealed */
    uint8_t sealed[STORE_SECRET_SEALED];
    size_t sealed_len;
    int64_t seal;
    /* what came of it */
    int64_t cases, events, lost_cases, ids_made, persons_lost, tasks,
        tasks_made;
    struct dk_problem problem;
};

/* recover_stage.c: rows from the damaged file into the scratch database. */
int recover_stage_open(struct recover *r, const char *path);
int recover_stage_row(void *arg, const struct salvage_row *row);
int recover_stage_end(struct recover *r);
void recover_stage_close(struct recover *r);
/* An SQLite result as a DK_E code, the problem filled. */
int recover_failed(struct recover *r, int rc);
/* Something of a case could not be saved, for the report. */
enum {
    RECOVER_PERSON, /* the petitioners' data */
    RECOVER_ID      /* what its submission said, for repetitions */
};
void recover_note(struct recover *r, int64_t key, int what);
bool recover_damaged(const struct recover *r);

/* The number of a case; false: no case can have this key. */
bool recover_case_no(const struct config *cfg, int64_t key,
                     char out[DK_CASE_NO_MAX]);
/* recover_build.c: from the scratch database into the new store of `d`. */
int recover_build(struct recover *r, struct daemon *d);
/* recover_rest.c: numbers of the days, and tasks that may have been lost. */
int recover_rest(struct recover *r, struct daemon *d);

#endif /* DK_RECOVER_INT_H */
