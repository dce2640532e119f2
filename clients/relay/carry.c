#include "carry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "carry_int.h"
#include "journal/note.h"

#define REST_MS     250   /* after the first failure; doubles .. */
#define REST_MAX_MS 10000 /* .. up to this */
#define HELLO_MS    1000  /* the other side waits so long when one is away */
#define AGAIN_MS    2000 /* whose stream it is, and who we are, is asked anew */
#define BUSY_MS     20   /* to look for events, while there is much to do; .. */
#define IDLE_MS     500  /* .. doubles up to this while there is nothing */
#define AT_ONCE     64   /* requests of a side in one turn */

/* Told once, until something else is wrong or it works again. */
static void tell(struct carry_side *s, const char *what,
                 const struct dk_problem *p)
{
    const char *slug = dk_err_slug(p->code);

    if (strcmp(s->told, slug) == 0)
        return;
    snprintf(s->told, sizeof(s->told), "%s", slug);
    /* A detail may quote what was sent: of a case it is not told. */
    note("warn", "relay_waiting", "side=%s what=%s code=%s detail=\"%s\"",
         side_names[s->side], what, slug,
         strcmp(what, "hello") == 0 ? p->detail : dk_err_title(p->code));
}

static void rest(struct carry_side *s, int64_t at_least_ms)
{
    int64_t ms = REST_MS;

    for (int i = 0; i < s->fails && ms < REST_MAX_MS; i++)
        ms *= 2;
    if (ms > REST_MAX_MS)
        ms = REST_MAX_MS;
    s->fails++;
    s->greet_at = 0;
    s->again_at = dk_client_now() + (ms > at_least_ms ? ms : at_least_ms);
}

/* Begin anew: a connection that was refused does not come back by itself. */
static void hang_up(struct carry_side *s)
{
    dk_client_close(s->client);
    s->client = NULL;
    s->up = false;
}

void carry_rest(struct carry_side *s, const char *what,
                const struct dk_problem *p, int64_t at_least_ms)
{
    tell(s, what, p);
    rest(s, at_least_ms);
    hang_up(s);
}

/* Who may not do this at all may do nothing: that is the key's fault, not the
 * case's.
 */
static bool is_case(const struct dk_problem *p)
{
    return p->retry_after_ms == 0 && p->code != DK_EKEY &&
           p->code != DK_ETIMEOUT && p->code != DK_EBUSY &&
           p->code != DK_ENOMEM && p->code != DK_EBUG;
}

enum verdict carry_ask(struct carry *c, struct carry_side *s, const char *type,
                       const char *body, const char *member, const char *id,
                       struct dk_reply *out, struct dk_problem *p)
{
    int rc;

    (void)c;
    dk_problem_clear(p);
    rc = dk_client_call(s->client, type, body, s->up ? ASK_MS : HELLO_MS, out,
                        p);
    if (rc == 0 && member != NULL && !dk_reply_names(out, member, id)) {
        dk_reply_free(out); /* parts of two answers: ask again */
        rc = dk_fail(p, DK_ETIMEOUT, NULL, NULL, NULL);
    }
    if (rc == 0) {
        s->fails = 0;
        return VERDICT_OK;
    }
    if (is_case(p))
        return VERDICT_REFUSED;
    tell(s, type, p);
    /* Who is not on the list may be a moment later. */
    rest(s, s->up ? p->retry_after_ms : 0);
    if (rc == DK_ETIMEOUT || rc == DK_EKEY || rc == DK_EBUSY)
        hang_up(s);
    return VERDICT_LATER;
}

/* ---- hello --------------------------------------------------------------- */

static int no_relay(const char *name, struct dk_problem *p)
{
    return dk_failf(p, DK_EFORBIDDEN, NULL,
                    "'%.60s' is no relay there: docketctl keys allow %.60s "
                    "--roles relay --unit UNIT --key KEY --replace",
                    "“%.60s”在该平台不是流转服务：请执行 docketctl keys allow "
                    "%.60s --roles relay --unit UNIT --key KEY --replace",
                    name, name);
}

static int who_we_are(struct carry_side *s, const cJSON *o,
                      struct dk_problem *p)
{
    const cJSON *you = NULL, *roles = NULL;
    const char *unit = NULL, *name = "?", *broker = NULL, *county = NULL;
    int rc = dk_json_str(o, "broker", DK_REQUIRED, 32, 32, &broker, NULL, p);

    if (rc == 0)
        rc = dk_json_str(o, "county", DK_REQUIRED, 6, 6, &county, NULL, p);
    if (rc == 0)
        rc = dk_json_obj(o, "you", DK_REQUIRED, &you, NULL, p);
    if (rc == 0)
        rc =
            dk_json_str(you, "name", DK_REQUIRED, 1, DK_ID_MAX, &name, NULL, p);
    if (rc == 0)
        rc = dk_json_id(you, "unit", DK_OPTIONAL, &unit, NULL, p);
    if (rc != 0)
        return rc;
    roles = cJSON_GetObjectItemCaseSensitive(you, "roles");
    if (unit == NULL || cJSON_GetArraySize(roles) != 1 ||
        !cJSON_IsString(roles->child) ||
        strcmp(roles->child->valuestring, "relay") != 0)
        return no_relay(name, p);
    snprintf(s->broker, sizeof(s->broker), "%s", broker);
    snprintf(s->county, sizeof(s->county), "%s", county);
    snprintf(s->unit, sizeof(s->unit), "%s", unit);
    return 0;
}

/* The stream is that of one broker: after a restore from a backup its numbers
 * mean something else.  Then both are read again from the start, for what
 * either side was told may be lost there; nothing of it is done twice.
 */
static int check_stream(struct carry *c, struct carry_side *s,
                        struct dk_problem *p)
{
    char known[33];
    int64_t next;
    int rc = spool_place(c->spool, s->side, known, &next, p);

    if (rc != 0 || strcmp(known, s->broker) == 0)
        return rc;
    rc = spool_begin(c->spool, p);
    for (int i = 0; i < SIDES && rc == 0; i++) {
        char broker[33];

        rc = spool_place(c->spool, (enum side)i, broker, &next, p);
        if (rc == 0)
            rc = spool_place_set(c->spool, (enum side)i,
                                 i == (int)s->side ? s->broker : broker, 1, p);
    }
    if (rc == 0)
        rc = spool_commit(c->spool, p);
    if (rc != 0)
        spool_undo(c->spool);
    else if (known[0] != '\0')
        note("warn", "relay_stream",
             "side=%s detail=\"the docket was restored from a backup; both "
             "streams are read again from the start\"",
             side_names[s->side]);
    return rc;
}

/* 0: up, or to be tried later; a DK_E code: the spool's. */
static int greet(struct carry *c, struct carry_side *s, struct dk_problem *p)
{
    const struct dk_client_options o = {.keys = &s->end->keys};
    struct dk_problem why = {0};
    struct dk_reply r;
    enum verdict v;
    int rc;

    if (s->client == NULL) {
        s->client = dk_client_open(s->end->broker, &o, &why);
        if (s->client == NULL) {
            *p = why;
            c->broken = true;
            return why.code;
        }
    }
    v = carry_ask(c, s, "hello", "{\"client\":\"docket-relay\"}", NULL, NULL,
                  &r, &why);
    if (v == VERDICT_LATER)
        return 0;
    rc = why.code;
    if (v == VERDICT_OK) {
        rc = who_we_are(s, r.json, &why);
        dk_reply_free(&r);
    }
    if (rc == 0 && c->side[!s->side].up &&
        strcmp(s->county, c->side[!s->side].county) == 0)
        rc = dk_failf(&why, DK_EFIELD, NULL,
                      "both sides are the docket of %s; name two",
                      "两侧均为 %s 的平台；请填写两个不同的平台", s->county);
    if (rc != 0) { /* an operator mends it: look again now and then */
        s->up = false;
        tell(s, "hello", &why);
        rest(s, 0);
        return 0;
    }
    rc = check_stream(c, s, p);
    if (rc != 0) {
        c->broken = true;
        return rc;
    }
    s->greet_at = dk_client_now() + AGAIN_MS;
    s->told[0] = '\0';
    if (s->up)
        return 0;
    s->up = true;
    note("info", "relay_connected", "side=%s county=%s unit=\"%s\"",
         side_names[s->side], s->county, s->unit);
    return 0;
}

/* ---- a turn -------------------------------------------------------------- */

/* 1: something was done. */
static int side_turn(struct carry *c, struct carry_side *s,
                     struct dk_problem *p)
{
    int rc, did = 0;

    if (dk_client_now() < s->again_at)
        return 0;
    /* A docket that is restored answers the next connection as another one. */
    if (!s->up || dk_client_now() >= s->greet_at) {
        rc = greet(c, s, p);
        if (rc != 0 || !s->up)
            return rc;
    }
    /* What is told of a case names both, so both must be known. */
    if (!c->side[!s->side].unit[0])
        return 0;
    rc = carry_read(c, s, c->look_ms, p);
    did = rc > 0;
    for (int i = 0; rc >= 0 && i < AT_ONCE && s->up && !*c->stop; i++) {
        rc = carry_send(c, s, p);
        if (rc <= 0)
            break;
        did = 1;
    }
    return rc < 0 ? rc : did;
}

static void nap(int ms)
{
    const struct timespec t = {.tv_sec = ms / 1000,
                               .tv_nsec = ms % 1000 * 1000000L};

    nanosleep(&t, NULL);
}

int carry_turn(struct carry *c, struct dk_problem *p)
{
    int did = 0;
    dk_ms began = dk_client_now();

    if (c->look_ms == 0)
        c->look_ms = BUSY_MS;
    for (int i = 0; i < SIDES && !*c->stop; i++) {
        int rc = side_turn(c, &c->side[i], p);

        if (rc < 0)
            return rc;
        did += rc;
    }
    if (did == 0 && c->untidy) {
        c->untidy = false;
        return spool_tidy(c->spool, p);
    }
    c->look_ms = did > 0 ? BUSY_MS : 2 * c->look_ms;
    if (c->look_ms < BUSY_MS || c->look_ms > IDLE_MS)
        c->look_ms = c->look_ms < BUSY_MS ? BUSY_MS : IDLE_MS;
    if (did == 0 && dk_client_now() - began < BUSY_MS)
        nap(BUSY_MS); /* neither side is there */
    return 0;
}

void carry_close(struct carry *c)
{
    for (int i = 0; i < SIDES; i++)
        hang_up(&c->side[i]);
}
