/* state_message.c - messages: made of what is due, tried, settled, listed. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/uuid.h"
#include "state_int.h"

/* One alert that is due for somebody, copied out of a row. */
struct due {
    int64_t alert;
    char to[160];
    struct dk_notify_item item;
    char *block; /* its texts */
};

static void new_key(dk_ms wall, char key[DK_UUID_TEXT])
{
    uint8_t chance[10];
    struct dk_uuid u;

    randombytes_buf(chance, sizeof(chance));
    dk_uuid_v7(&u, wall, chance);
    dk_uuid_format(&u, key);
}

static const char *pack(char **at, const char *s)
{
    char *here = *at;
    size_t n = strlen(s) + 1;

    memcpy(here, s, n);
    *at += n;
    return here;
}

/* Columns 1 on: told, alert_id, case_no, clock, rung, level, zh, en, due_at,
 * raised_at.
 */
static int read_due(sqlite3_stmt *q, struct due *d)
{
    const char *v[8];
    size_t bytes = 0;
    char *at;

    for (int i = 0; i < 8; i++) {
        v[i] = state_text(q, 1 + i);
        bytes += strlen(v[i]) + 1;
    }
    at = malloc(bytes);
    if (at == NULL)
        return DK_ENOMEM;
    *d = (struct due){.alert = sqlite3_column_int64(q, 0), .block = at};
    d->item.to = pack(&at, v[0]);
    d->item.alert_id = pack(&at, v[1]);
    d->item.case_no = pack(&at, v[2]);
    d->item.clock = pack(&at, v[3]);
    d->item.rung = pack(&at, v[4]);
    d->item.level = pack(&at, v[5]);
    d->item.text[0] = pack(&at, v[6]);
    d->item.text[1] = pack(&at, v[7]);
    d->item.due_at = sqlite3_column_int64(q, 9);
    d->item.raised_at = sqlite3_column_int64(q, 10);
    return 0;
}

/* What is due for one recipient by one channel: the first `most` of it. */
static int read_all(struct state *s, dk_ms now, const char *recipient,
                    int64_t channel, bool held, struct due *d, size_t most,
                    size_t *n)
{
    sqlite3_stmt *q = state_prepare(
        s, "SELECT alert, told, alert_id, case_no, clock, rung, level, zh, en,"
           " due_at, raised_at FROM want JOIN alert ON alert.id = want.alert"
           " WHERE message IS NULL AND due <= ? AND recipient = ? AND"
           " channel = ? AND held = ? ORDER BY raised_at, alert LIMIT ?");
    int rc = 0;

    *n = 0;
    if (q == NULL)
        return DK_EIO;
    (void)sqlite3_bind_int64(q, 1, now);
    (void)sqlite3_bind_text(q, 2, recipient, -1, SQLITE_TRANSIENT);
    (void)sqlite3_bind_int64(q, 3, channel);
    (void)sqlite3_bind_int64(q, 4, held);
    (void)sqlite3_bind_int64(q, 5, (int64_t)most);
    while ((rc = state_step(s, q)) == 1) {
        rc = read_due(q, &d[*n]);
        if (rc != 0)
            break;
        ++*n;
    }
    (void)sqlite3_finalize(q);
    return rc;
}

struct forming {
    struct state *s;
    dk_ms now, wall;
    state_make_fn make;
    void *arg;
    char recipient[DK_ID_MAX + 1];
    int64_t channel;
    bool held;
};

static int put_message(const struct forming *f, const struct due *d, size_t n)
{
    struct dk_notify_item item[STATE_ITEMS];
    char key[DK_UUID_TEXT], *subject = NULL, *body = NULL;
    int64_t id;
    int rc;

    new_key(f->wall, key);
    for (size_t i = 0; i < n; i++)
        item[i] = d[i].item;
    rc = f->make(f->arg, f->recipient, (enum channel)f->channel, key, item, n,
                 &subject, &body);
    if (rc == 0)
        rc = state_run(f->s,
                       "INSERT INTO message(key, recipient, channel, subject, "
                       "body, made_at, next_at) VALUES(?, ?, ?, ?, ?, ?, ?)",
                       "ttittii", key, f->recipient, f->channel, subject, body,
                       f->now, f->now);
    id = sqlite3_last_insert_rowid(f->s->db);
    free(subject);
    free(body);
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = state_run(f->s,
                       "UPDATE want SET message = ? WHERE alert = ? AND "
                       "recipient = ? AND channel = ?",
                       "iiti", id, d[i].alert, f->recipient, f->channel);
    return rc;
}

/* A digest of what was held back, or each alert by itself. */
static int form_some(const struct forming *f)
{
    struct due d[STATE_ITEMS];
    size_t n = 0;
    int rc = read_all(f->s, f->now, f->recipient, f->channel, f->held, d,
                      STATE_ITEMS, &n);

    if (rc == 0 && f->held && n > 0)
        rc = put_message(f, d, n);
    for (size_t i = 0; rc == 0 && !f->held && i < n; i++)
        rc = put_message(f, &d[i], 1);
    for (size_t i = 0; i < n; i++)
        free(d[i].block);
    return rc;
}

int state_form(struct state *s, dk_ms now, dk_ms wall, state_make_fn make,
               void *arg)
{
    static const char sql[] =
        "SELECT recipient, channel, held FROM want WHERE message IS NULL AND "
        "due <= ? ORDER BY due LIMIT 1";
    struct forming f = {
        .s = s, .now = now, .wall = wall, .make = make, .arg = arg};
    int rc = 1;

    for (int rounds = 0; rc == 1 && rounds < 64; rounds++) {
        rc = state_begin(s);
        sqlite3_stmt *q = rc == 0 ? state_prepare(s, sql) : NULL;
        if (q == NULL) {
            state_rollback(s);
            return rc == 0 ? DK_EIO : rc;
        }
        (void)sqlite3_bind_int64(q, 1, now);
        rc = state_step(s, q);
        if (rc == 1) {
            (void)snprintf(f.recipient, sizeof(f.recipient), "%s",
                           state_text(q, 0));
            f.channel = sqlite3_column_int64(q, 1);
            f.held = sqlite3_column_int64(q, 2) != 0;
        }
        (void)sqlite3_finalize(q);
        int did = rc == 1 ? form_some(&f) : 0;
        if (rc < 0 || did != 0) {
            state_rollback(s);
            return rc < 0 ? rc : did;
        }
        did = state_commit(s);
        if (did != 0)
            return did;
    }
    return 0;
}

/* ---- one message ---- */

void state_message(sqlite3_stmt *q, struct message *m)
{
    *m = (struct message){.id = sqlite3_column_int64(q, 0),
                          .channel = (enum channel)sqlite3_column_int(q, 3),
                          .tries = sqlite3_column_int(q, 4),
                          .made_at = sqlite3_column_int64(q, 5),
                          .subject = strdup(state_text(q, 6)),
                          .body = strdup(state_text(q, 7))};
    (void)snprintf(m->key, sizeof(m->key), "%s", state_text(q, 1));
    (void)snprintf(m->recipient, sizeof(m->recipient), "%s", state_text(q, 2));
    (void)snprintf(m->error, sizeof(m->error), "%s", state_text(q, 8));
}

void message_fini(struct message *m)
{
    free(m->subject);
    free(m->body);
    m->subject = m->body = NULL;
}

int state_next(struct state *s, dk_ms now, int64_t after, struct message *out)
{
    sqlite3_stmt *q = state_prepare(
        s, "SELECT " MESSAGE_COLUMNS " FROM message WHERE state = 0 AND"
           " next_at <= ? AND id > ? ORDER BY id LIMIT 1");
    int rc;

    if (q == NULL)
        return DK_EIO;
    (void)sqlite3_bind_int64(q, 1, now);
    (void)sqlite3_bind_int64(q, 2, after);
    rc = state_step(s, q);
    if (rc == 1) {
        state_message(q, out);
        if (out->subject == NULL || out->body == NULL) {
            message_fini(out);
            rc = DK_ENOMEM;
        }
    }
    (void)sqlite3_finalize(q);
    return rc;
}

int state_sent(struct state *s, int64_t id, dk_ms now)
{
    return state_run(s,
                     "UPDATE message SET state = 1, tries = tries + 1, error = "
                     "NULL, done_at = ? WHERE id = ?",
                     "ii", now, id);
}

int state_failed(struct state *s, int64_t id, const char *error, dk_ms at)
{
    return state_run(s,
                     "UPDATE message SET tries = tries + 1, error = ?, "
                     "next_at = ?, state = CASE WHEN state = 0 AND ? THEN 2 "
                     "ELSE state END WHERE id = ?",
                     "tiii", error, at, (int64_t)(at == DK_NEVER), id);
}

int state_due(struct state *s, dk_ms *out)
{
    int64_t a = DK_NEVER, b = DK_NEVER;
    int rc = state_number(s,
                          "SELECT ifnull(min(due), 9223372036854775807) FROM "
                          "want WHERE message IS NULL",
                          &a);

    if (rc == 0)
        rc = state_number(s,
                          "SELECT ifnull(min(next_at), 9223372036854775807) "
                          "FROM message WHERE state = 0",
                          &b);
    *out = a < b ? a : b;
    return rc;
}

int state_prune(struct state *s, dk_ms keep)
{
    static const char old[] =
        "SELECT id FROM alert WHERE raised_at < ? AND NOT EXISTS (SELECT 1 "
        "FROM want LEFT JOIN message ON message.id = want.message WHERE "
        "want.alert = alert.id AND (message IS NULL OR state IN (0, 2)))";
    int64_t newest = 0;
    char sql[512];
    int rc =
        state_number(s, "SELECT ifnull(max(raised_at), 0) FROM alert", &newest);

    if (rc != 0 || newest - keep <= 0)
        return rc;
    rc = state_begin(s);
    if (rc != 0)
        return rc;
    (void)snprintf(sql, sizeof(sql), "DELETE FROM want WHERE alert IN (%s)",
                   old);
    rc = state_run(s, sql, "i", newest - keep);
    if (rc == 0)
        rc = state_run(s,
                       "DELETE FROM alert WHERE raised_at < ? AND id NOT IN "
                       "(SELECT alert FROM want)",
                       "i", newest - keep);
    if (rc == 0)
        rc = state_run(s,
                       "DELETE FROM message WHERE state IN (1, 3) AND id NOT "
                       "IN (SELECT message FROM want WHERE message IS NOT "
                       "NULL)",
                       "");
    if (rc == 0)
        rc = state_run(s, "UPDATE place SET since = max(since, ?)", "i",
                       newest - keep);
    if (rc == 0)
        return state_commit(s);
    state_rollback(s);
    return rc;
}

/* ---- for people ---- */

int state_each(struct state *s, enum message_state which, state_each_fn fn,
               void *arg)
{
    sqlite3_stmt *q =
        state_prepare(s, "SELECT " MESSAGE_COLUMNS
                         " FROM message WHERE state = ? ORDER BY id");
    struct message m;
    int rc;

    if (q == NULL)
        return DK_EIO;
    (void)sqlite3_bind_int64(q, 1, (int64_t)which);
    while ((rc = state_step(s, q)) == 1) {
        state_message(q, &m);
        if (m.subject != NULL && m.body != NULL)
            fn(arg, &m);
        message_fini(&m);
    }
    (void)sqlite3_finalize(q);
    return rc;
}

int state_resend(struct state *s, const char *key, dk_ms now)
{
    int rc = state_run(s,
                       "UPDATE message SET state = 0, tries = 0, next_at = ?1 "
                       "WHERE state = 2 AND (?2 = '' OR key = ?2)",
                       "it", now, key == NULL ? "" : key);

    return rc == 0 ? sqlite3_changes(s->db) : rc;
}

int state_drop(struct state *s, const char *key)
{
    int rc = state_run(s,
                       "UPDATE message SET state = 3, done_at = made_at WHERE "
                       "state = 2 AND (?1 = '' OR key = ?1)",
                       "t", key == NULL ? "" : key);

    return rc == 0 ? sqlite3_changes(s->db) : rc;
}

int state_count(struct state *s, struct state_counts *out)
{
    static const char *const sql[] = {
        "SELECT count(*) FROM alert",
        "SELECT count(*) FROM want WHERE message IS NULL",
        "SELECT count(*) FROM message WHERE state = 0",
        "SELECT count(*) FROM message WHERE state = 1",
        "SELECT count(*) FROM message WHERE state = 2",
        "SELECT count(*) FROM message WHERE state = 3"};
    int64_t *const to[] = {&out->alerts, &out->waiting, &out->open,
                           &out->sent,   &out->dead,    &out->moot};
    int rc = 0;

    for (int i = 0; rc == 0 && i < 6; i++)
        rc = state_number(s, sql[i], to[i]);
    return rc;
}
