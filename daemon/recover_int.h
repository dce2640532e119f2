/* recover_int.h - what the files of recovery share. */
#ifndef DK_RECOVER_INT_H
#define DK_RECOVER_INT_H

#include <sqlite3.h>

#include "daemon/daemon.h"
#include "daemon/store/salvage.h"
#include "proto/caseno.h"

enum recover_put {
    PUT_EVENT,
    PUT_REQUEST,
    PUT_PERSON,
    PUT_PLAIN_PERSON,
    PUT_TASK,
    PUT_CASE,
    PUT_CKPT,
    PUT_OFFICE,
    PUT_NOTE,
    RECOVER_PUTS
};

struct recover {
    sqlite3 *db; /* the scratch database */
    sqlite3_stmt *put[RECOVER_PUTS];
    struct salvage_report scan;
    bool has_meta;
    int32_t county;
    bool test_clock;
    dk_ms test_now;
    uint8_t secret[32]; /* zeroes where it is sealed */
    uint8_t sealed[STORE_SECRET_SEALED];
    size_t sealed_len;
    int64_t seal;
    /* what came of it */
    int64_t cases, events, lost_cases, ids_made, persons_lost, tasks,
        tasks_made, ckpts, ckpts_lost, office;
    int64_t same_to; /* up to there no event of the stream is missing */
    struct dk_problem problem;
};

/* recover_stage.c: rows from the damaged file into the scratch database. */
int recover_stage_open(struct recover *r, const char *path);
int recover_stage_row(void *arg, const struct salvage_row *row);
int recover_stage_end(struct recover *r);
void recover_stage_close(struct recover *r);
/* An SQLite result as a DK_E code, the problem filled. */
int recover_failed(struct recover *r, int rc);
/* 1: the statement has a row; 0: no more; a DK_E code, the problem filled. */
int recover_next(struct recover *r, sqlite3_stmt *q);
int recover_prepare(struct recover *r, const char *sql, sqlite3_stmt **q);
/* Something of a case could not be saved, for the report. */
enum {
    RECOVER_PERSON, /* the petitioners' data */
    RECOVER_ID      /* what its submission said, for repetitions */
};
int recover_note(struct recover *r, int64_t key, int what);

/* The id that a submission has by its event; false: it says none. */
bool recover_own_id(const cJSON *body, struct dk_uuid *id);
bool recover_damaged(const struct recover *r);

/* recover_build.c: from the scratch database into the new store of `d`. */
int recover_build(struct recover *r, struct daemon *d);
/* recover_rest.c: numbers of the days, checkpoints, the office's own alerts,
 * and tasks that may have been lost.
 */
int recover_rest(struct recover *r, struct daemon *d);

#endif /* DK_RECOVER_INT_H */
