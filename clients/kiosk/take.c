#include "take.h"

#include <stdlib.h>
#include <string.h>

#include "journal/note.h"
#include "proto/client.h"

#define HOLD_MS  1000
#define PASS_MAX (4 * TAKE_BATCH) /* cases at one call */

/* A file that is no case goes to refused/; a line is only told. */
static void refuse(struct take *t, const struct say_from *from,
                   const struct dk_problem *why)
{
    struct dk_problem p = {0};
    char id[DK_UUID_TEXT];

    if (from->file != NULL) {
        dk_client_uuid(id);
        if (folder_refuse(&t->folder, from->file, id, why, &p) != 0) {
            note("error", "not-moved", "detail=\"%s\"", p.detail);
            return; /* it is found, and told, again */
        }
    }
    say_bad(t->say, from, why);
}

static void add(struct take *t, const char *text, size_t len,
                const struct say_from *from)
{
    struct take_entry *e = &t->entry[t->n];
    struct spool_item *item = &t->item[t->n];
    struct dk_problem p = {0};
    char fresh[DK_UUID_TEXT];
    dk_ms now = dk_client_wall();

    dk_client_uuid(fresh);
    if (intake_read(text, len, fresh, now, &e->in, &p) != 0) {
        refuse(t, from, &p);
        return;
    }
    e->from = *from;
    *item = (struct spool_item){
        .taken_at = now, .body = e->in.body, .len = e->in.len};
    memcpy(item->submission, e->in.submission, sizeof(item->submission));
    memcpy(item->digest, e->in.digest, SPOOL_HASH);
    if (from->file != NULL) {
        memcpy(e->name, from->file, strlen(from->file) + 1);
        e->from.file = item->file = e->name;
        intake_hash(text, len, item->file_hash);
    }
    t->n++;
}

/* One case of the batch is decided, and on the disk if it was taken. */
static void finish(struct take *t, size_t i)
{
    const struct spool_item *item = &t->item[i];
    const struct take_entry *e = &t->entry[i];
    struct dk_problem p = {0};

    if (item->verdict == SPOOL_CONFLICT) {
        dk_fail(&p, DK_ECONFLICT, "/submission_id",
                "this id was taken before for other words; give every matter "
                "an id of its own",
                "该编号已用于其他内容；请为每件事项使用各自的编号");
        refuse(t, &e->from, &p);
        return;
    }
    if (e->from.file != NULL &&
        folder_taken(&t->folder, e->from.file, item->submission, &p) != 0) {
        note("error", "not-moved", "detail=\"%s\"", p.detail);
        if (item->verdict == SPOOL_ALREADY)
            return; /* told when it was taken; found again */
    }
    say_taken(t->say, item->submission, item->verdict == SPOOL_ALREADY,
              &e->from);
    /* Whoever asks again may not have read the number the first time. */
    if (item->case_no[0] != '\0')
        say_case(t->say, item->submission, item->case_no, item->code);
}

static int flush(struct take *t, dk_ms now, struct dk_problem *p)
{
    int rc;

    if (t->n == 0)
        return 0;
    rc = spool_take(t->spool, t->item, t->n, p);
    if (rc == DK_EFULL) {
        if (t->hold_until == 0)
            note("error", "disk-full",
                 "detail=\"nothing is taken until "
                 "there is room again\"");
        t->hold_until = now + HOLD_MS;
        return 0;
    }
    if (rc != 0)
        return rc;
    if (t->hold_until != 0)
        note("info", "disk-room", "detail=\"taking again\"");
    t->hold_until = 0;
    for (size_t i = 0; i < t->n; i++)
        finish(t, i);
    for (size_t i = 0; i < t->n; i++)
        intake_fini(&t->entry[i].in);
    t->n = 0;
    return 0;
}

/* One line: 1, or 0: none is there now. */
static int take_line(struct take *t)
{
    struct say_from from = {0};
    struct dk_problem p = {0};
    const char *line = NULL;
    size_t len = 0;
    enum lines_got got = lines_next(&t->lines, &line, &len);

    if (got == LINES_NONE) {
        t->line_wanted = !t->lines.eof;
        return 0;
    }
    from.line = t->lines.number;
    if (got == LINES_LINE) {
        add(t, line, len, &from);
        return 1;
    }
    dk_failf(&p, DK_ETOOBIG, NULL,
             "the line is longer than %d bytes; one case is one line",
             "该行超过 %d 字节；一行一个案件", DK_BODY_MAX);
    refuse(t, &from, &p);
    return 1;
}

/* One file: 1, or 0: none is there now. */
static int take_file(struct take *t, dk_ms now)
{
    char name[NAME_MAX + 1];
    struct say_from from = {.file = name};
    struct dk_problem p = {0};
    char *text = NULL;
    size_t len = 0;
    int rc;

    if (!folder_next(&t->folder, now, name))
        return 0;
    rc = folder_read(&t->folder, name, DK_BODY_MAX, &text, &len, &p);
    if (rc == 0)
        add(t, text, len, &from);
    else if (rc != DK_ENOTFOUND)
        refuse(t, &from, &p);
    free(text);
    return 1;
}

int take_some(struct take *t, dk_ms now, bool *more, struct dk_problem *p)
{
    int rc = 0;

    *more = false;
    if (t->hold_until != 0) {
        if (now < t->hold_until)
            return 0;
        rc = flush(t, now, p);
        if (rc != 0 || t->hold_until != 0)
            return rc;
    }
    for (int i = 0; i < PASS_MAX && rc == 0 && t->hold_until == 0; i++) {
        bool got = !t->line_wanted && take_line(t) != 0;

        if (t->n == TAKE_BATCH)
            rc = flush(t, now, p);
        if (rc == 0 && t->hold_until == 0 && take_file(t, now) != 0)
            got = true;
        if (rc == 0 && t->n == TAKE_BATCH)
            rc = flush(t, now, p);
        *more = got;
        if (!got || t->say->failed)
            break;
    }
    if (rc == 0 && t->hold_until == 0)
        rc = flush(t, now, p);
    return rc;
}

bool take_over(const struct take *t)
{
    return t->n == 0 && lines_over(&t->lines) &&
           (t->folder.dir < 0 || (t->folder.empty && !t->folder.changed));
}

void take_fini(struct take *t)
{
    for (size_t i = 0; i < t->n; i++)
        intake_fini(&t->entry[i].in);
    t->n = 0;
    folder_close(&t->folder);
}
