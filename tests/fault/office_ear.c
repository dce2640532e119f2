/* office_ear.c - at the moment at which docketd commits, opens its store or
 * gives an answer away: write it down.  Linked with --wrap.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/fault/disk.h"
#include "tests/fault/kit.h"
#include "tests/fault/office_int.h"
#include "tests/fault/truth.h"

static struct office *listening;
bool office_lies;

void office_listen(struct office *o)
{
    listening = o;
}

int __real_store_commit(struct store *st, const struct store_changes *ch);
int __wrap_store_commit(struct store *st, const struct store_changes *ch);
int __wrap_store_commit(struct store *st, const struct store_changes *ch)
{
    struct office *o = listening;

    if (o == NULL)
        return __real_store_commit(st, ch);
    kit_exempt++;
    o->commit =
        kit_grow(o->commit, o->n_commit, &o->cap_commit, sizeof(*o->commit));
    kit_exempt--;
    struct office_commit *c = &o->commit[o->n_commit++];
    *c = (struct office_commit){.begun = disk_now(), .done = HISTORY_NEVER};
    int rc = __real_store_commit(st, ch);
    if (rc != 0)
        return office_lies ? 0 : rc;
    c->done = disk_now();
    c->last_seq = o->d.info.last_seq + (int64_t)ch->n_event;
    if (o->truths) {
        bool moved = ch->test_now != DK_NEVER;
        struct truth t =
            truth_read(st, moved ? ch->test_now : o->d.info.test_now);
        need(t.rc == 0);
        c->hash = t.hash;
        truth_free(&t);
    }
    return rc;
}

int __real_store_open(const char *url, const struct store_options *opt,
                      const uint8_t random[48], struct store **out,
                      struct store_info *info, struct dk_problem *p);
int __wrap_store_open(const char *url, const struct store_options *opt,
                      const uint8_t random[48], struct store **out,
                      struct store_info *info, struct dk_problem *p);
int __wrap_store_open(const char *url, const struct store_options *opt,
                      const uint8_t random[48], struct store **out,
                      struct store_info *info, struct dk_problem *p)
{
    struct office *o = listening;
    int rc = __real_store_open(url, opt, random, out, info, p);

    if (o == NULL || rc != 0)
        return rc;
    o->opening = kit_grow(o->opening, o->n_opening, &o->cap_opening,
                          sizeof(*o->opening));
    struct office_opening *k = &o->opening[o->n_opening++];
    k->done = disk_now();
    k->epoch = info->epoch;
    memcpy(k->broker, info->broker, sizeof(k->broker));
    return rc;
}

int __real_zev_send(struct zev *z, const struct zev_peer *peer,
                    const char *type, const char *request, const char *body,
                    size_t len);
int __wrap_zev_send(struct zev *z, const struct zev_peer *peer,
                    const char *type, const char *request, const char *body,
                    size_t len);
int __wrap_zev_send(struct zev *z, const struct zev_peer *peer,
                    const char *type, const char *request, const char *body,
                    size_t len)
{
    struct office *o = listening;

    if (o != NULL && strcmp(type, "ok") == 0 && request[0] == 'c') {
        kit_exempt++;
        history_ack(&o->history, strtoul(request + 1, NULL, 10), disk_now());
        kit_exempt--;
    }
    return __real_zev_send(z, peer, type, request, body, len);
}

/* What goes wrong is what these programs want: nothing for a journal. */
void __wrap_log_line(enum log_level l, const char *event, const char *fmt, ...);
void __wrap_log_line(enum log_level l, const char *event, const char *fmt, ...)
{
    (void)l;
    (void)event;
    (void)fmt;
}
