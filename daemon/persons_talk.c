/* persons_talk.c - what clients ask: person.get, person.erase, seal.rotate. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/apply_task.h"
#include "daemon/daemon.h"
#include "proto/caseno.h"

#define REASON_MAX 2000 /* bytes */

/* ---- at the door --------------------------------------------------------- */

static int door(struct daemon *d, struct item *it, struct dk_problem *p)
{
    const char *reason;
    cJSON *body = cJSON_Duplicate(it->body, true); /* it will be changed */

    if (body == NULL)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    cJSON_Delete(it->body);
    it->body = body;
    int rc = door_case_no(d, it->body, "case_no", &it->key, p);

    if (rc == DK_OK)
        rc = door_actor(it, p);
    if (rc == DK_OK)
        rc = dk_json_str(it->body, "reason", DK_REQUIRED, 1, REASON_MAX,
                         &reason, NULL, p);
    it->kind = ITEM_PERSON;
    return rc;
}

int door_person(struct daemon *d, struct item *it, struct dk_problem *p)
{
    it->action = DK_ACT_READ_PERSON;
    return door(d, it, p);
}

/* Its body says by itself that it erases: who sits on the line can put the
 * body of a person.get behind this type, but not make one up.
 */
int door_erase(struct daemon *d, struct item *it, struct dk_problem *p)
{
    bool erase = false;
    int rc = door(d, it, p);

    it->action = DK_ACT_ERASE_PERSON;
    if (rc != DK_OK)
        return rc; /* the body may still be one block: nothing is taken out */
    rc = dk_json_bool(it->body, "erase", DK_REQUIRED, &erase, NULL, p);
    cJSON_DeleteItemFromObjectCaseSensitive(it->body, "erase"); /* no fact */
    if (rc != DK_OK || erase)
        return rc;
    return dk_fail(p, DK_EFIELD, "/erase",
                   "erasing is for ever: 'erase' must be true",
                   "删除不可恢复：erase 须为 true");
}

/* ---- reading ------------------------------------------------------------- */

static int on_erased(void *arg, const struct dk_event *e)
{
    struct dk_event *out = arg;

    if (e->type != DK_EV_PERSON_ERASED)
        return 0;
    *out = *e;
    out->body = NULL;
    return 1;
}

static int write_erased(struct daemon *d, struct dk_jw *w, int64_t key)
{
    struct dk_event e = {.n = 0};
    int rc = store_case_events(d->st, key, 1, INT64_MAX, on_erased, &e);

    if (rc != DK_OK)
        return rc;
    dk_jw_obj(w, "erased");
    dk_jw_int(w, "n", e.n);
    dk_jw_time(w, "at", e.at, d->cfg->offset_min);
    dk_jw_str(w, "actor", e.actor);
    dk_jw_end_obj(w);
    return DK_OK;
}

/* After the commit: that it was read is on the disk before anybody has it. */
static int read_person(struct daemon *d, const struct item *it, struct dk_jw *w,
                       struct dk_problem *p)
{
    struct persons_open o;
    int rc = persons_get(d, it->key, &o);

    if (rc != DK_OK)
        return dk_fail(p, rc, NULL, NULL, NULL);
    dk_jw_obj(w, NULL);
    wire_case_no(d, w, "case_no", it->key);
    if (it->event_n != 0)
        dk_jw_int(w, "n", it->event_n);
    else
        dk_jw_null(w, "n");
    if (o.is == PERSONS_THERE) {
        dk_jw_raw(w, "persons", o.text, o.len);
    } else {
        dk_jw_arr(w, "persons");
        dk_jw_end_arr(w);
    }
    if (o.is == PERSONS_ERASED)
        rc = write_erased(d, w, it->key);
    else
        dk_jw_null(w, "erased");
    dk_jw_end_obj(w);
    persons_close(&o);
    return rc == DK_OK ? DK_OK : dk_fail(p, rc, NULL, NULL, NULL);
}

/* Is there something to be read?  What cannot be read is not written down as
 * read.
 */
static int look(struct daemon *d, struct item *it, const struct dk_case *c,
                bool *some, struct dk_problem *p)
{
    struct persons_open o;
    int rc = persons_get(d, it->key, &o);

    *some = false;
    if (rc != DK_OK)
        return dk_fail(p, rc, NULL, NULL, NULL);
    persons_close(&o);
    if (o.is == PERSONS_SHUT)
        return dk_fail(p, DK_ESTATE, "/case_no",
                       "the personal data of this case is sealed by a key that "
                       "is not here, or was changed; run docketctl verify and "
                       "see docs/SECURITY.md",
                       "本案个人信息所用的封存密钥不在此处，或数据已被改动；"
                       "请运行 docketctl verify，参见 docs/SECURITY.md");
    *some = o.is == PERSONS_THERE && c->last_n[DK_EV_PERSON_ERASED] == 0;
    return DK_OK;
}

static int command(struct daemon *d, struct item *it, struct slot *s,
                   struct dk_problem *p)
{
    struct dk_command cmd = {.action = it->action,
                             .by = DK_BY_BROKER,
                             .actor = it->actor,
                             .claimed = DK_NEVER,
                             .args = it->body};
    if (it->who.name[0] != '\0' &&
        cJSON_AddStringToObject(it->body, "by", it->who.name) == NULL)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    int rc = apply_command(d, s->c, &cmd, p);

    it->event_n = s->c->n;
    return rc;
}

static int apply_read(struct daemon *d, struct item *it, struct slot *s,
                      struct dk_problem *p)
{
    bool some;
    int rc = look(d, it, s->c, &some, p);

    if (rc == DK_OK && some)
        rc = command(d, it, s, p);
    if (rc == DK_OK)
        it->read = read_person;
    return rc;
}

/* ---- erasing ------------------------------------------------------------- */

static void reply_erased(struct daemon *d, struct item *it,
                         const struct dk_case *c)
{
    struct dk_jw *w = batch_reply(&d->batch, it);

    dk_jw_obj(w, NULL);
    wire_case_no(d, w, "case_no", c->key);
    dk_jw_int(w, "n", c->last_n[DK_EV_PERSON_ERASED]);
    dk_jw_time(w, "at", c->last_at[DK_EV_PERSON_ERASED], d->cfg->offset_min);
    dk_jw_end_obj(w);
    batch_reply_end(&d->batch, it, "ok");
}

/* The row's bytes, and the hash of the submission that held them as well. */
static int stage_erasure(struct daemon *d, int64_t key)
{
    struct batch *b = &d->batch;
    struct dk_uuid id;
    int rc = query_submission(d, key, &id);

    if (rc != DK_OK)
        return rc;
    if (vec_grow(&b->person, &b->cap_person, b->n_person + 1) != DK_OK ||
        vec_grow(&b->forget, &b->cap_forget, b->n_forget + 1) != DK_OK)
        return DK_ENOMEM;
    b->person[b->n_person++] =
        (struct store_person){.key = key, .seal = STORE_ERASED};
    b->forget[b->n_forget++] = id;
    return DK_OK;
}

static int apply_erase(struct daemon *d, struct item *it, struct slot *s,
                       struct dk_problem *p)
{
    struct persons_open o;

    if (s->c->last_n[DK_EV_PERSON_ERASED] == 0) {
        int rc = persons_get(d, it->key, &o);
        if (rc != DK_OK)
            return dk_fail(p, rc, NULL, NULL, NULL);
        persons_close(&o);
        if (o.is == PERSONS_NONE)
            return dk_fail(p, DK_ENOTFOUND, "/case_no",
                           "no personal data was handed in with this case; "
                           "there is nothing to erase",
                           "本案提交时未附个人信息，无可删除的内容");
        rc = command(d, it, s, p);
        if (rc != DK_OK)
            return rc;
        rc = stage_erasure(d, it->key);
        if (rc != DK_OK) {
            d->batch.broken = true;
            return dk_fail(p, rc, NULL, NULL, NULL);
        }
        d->persons.empty_log = true;
    }
    reply_erased(d, it, s->c);
    return DK_OK;
}

/* Who complains is for the unit in charge and the office; to others, who may
 * see the case, it is refused, and to the rest there is no such case.
 */
static int check_reader(struct daemon *d, const struct item *it,
                        const struct dk_case *c, struct dk_problem *p)
{
    int seen = sight_of(d, &it->who, c);

    if (seen < 0)
        return dk_fail(p, seen, NULL, NULL, NULL);
    if (seen == 0)
        return apply_not_found(d, it->key, p);
    if (dk_may_read_person(&it->who, c))
        return DK_OK;
    return dk_fail(p, DK_EFORBIDDEN, "/case_no",
                   "who the petitioners are is told to the unit in charge "
                   "only; ask it, or the letters-and-visits office",
                   "信访人信息仅向主办单位提供，请联系主办单位或信访机构");
}

int apply_person(struct daemon *d, struct item *it, struct dk_problem *p)
{
    struct slot *s;
    int rc = apply_slot(d, it->key, &s, p);

    if (rc == DK_OK)
        rc = check_reader(d, it, s->c, p);
    if (rc != DK_OK)
        return rc;
    return it->action == DK_ACT_READ_PERSON ? apply_read(d, it, s, p)
                                            : apply_erase(d, it, s, p);
}

/* ---- the keys ------------------------------------------------------------ */

static void write_state(const struct daemon *d, struct dk_jw *w)
{
    const struct persons *s = &d->persons;
    char id[SEAL_ID_TEXT];

    seal_id_text(seal_current(&s->ring), id);
    dk_jw_str(w, "key", id);
    dk_jw_int(w, "keys", s->ring.n);
    dk_jw_bool(w, "credential", s->ring.credential);
    dk_jw_int(w, "left", s->left);
    dk_jw_int(w, "done", s->done);
    dk_jw_int(w, "unreadable", s->stuck);
}

void persons_stats(const struct daemon *d, struct dk_jw *w, const char *key)
{
    dk_jw_obj(w, key);
    write_state(d, w);
    dk_jw_end_obj(w);
}

int read_rotate(struct daemon *d, const struct item *it, struct dk_jw *w,
                struct dk_problem *p)
{
    struct persons *s = &d->persons;
    char id[SEAL_ID_TEXT];

    (void)it;
    if (s->on)
        return dk_failf(p, DK_EBUSY, NULL,
                        "%lld rows are still being sealed anew with the key "
                        "made before; wait for it: docketctl seal status",
                        "仍有 %lld 行正在以此前的新密钥重新封存，请等待完成："
                        "docketctl seal status",
                        (long long)s->left);
    int rc = seal_new_key(&s->ring, p);
    if (rc != DK_OK)
        return rc;
    seal_id_text(seal_current(&s->ring), id);
    log_info("seal_key_made", "key=%s", id);
    rc = persons_start(d);
    if (rc != DK_OK)
        return dk_fail(p, rc, NULL, NULL, NULL);
    spine_again(d);
    dk_jw_obj(w, NULL);
    write_state(d, w);
    dk_jw_end_obj(w);
    return DK_OK;
}
