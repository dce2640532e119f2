#include "sess.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The table has hashes: who could read it could not use them. */
static void hash(const char *token, unsigned char out[32])
{
    crypto_generichash(out, 32, (const unsigned char *)token, strlen(token),
                       NULL, 0);
}

static bool over(const struct sess_table *t, const struct sess *s, dk_ms now)
{
    return now - s->used >= t->bounds.idle_ms ||
           now - s->began >= t->bounds.life_ms;
}

static void random_hex(char *out, size_t cap)
{
    unsigned char raw[32];

    randombytes_buf(raw, sizeof(raw));
    sodium_bin2hex(out, cap, raw, (cap - 1) / 2);
    sodium_memzero(raw, sizeof(raw));
}

static void make_room(struct sess_table *t, const char *name, dk_ms now)
{
    struct sess *oldest = NULL;
    int64_t n = 0;

    (void)sess_sweep(t, now);
    for (struct sess *s = t->first; s != NULL; s = s->next) {
        if (strcmp(s->name, name) != 0)
            continue;
        n++;
        if (oldest == NULL || s->used < oldest->used)
            oldest = s;
    }
    if (n >= t->bounds.per_account)
        sess_end(t, oldest);
}

struct sess *sess_new(struct sess_table *t, const char *name, struct tie *tie,
                      dk_ms now, char token[SESS_TOKEN])
{
    struct sess *s;

    make_room(t, name, now);
    s = t->n < t->bounds.all ? calloc(1, sizeof(*s)) : NULL;
    if (s == NULL)
        return NULL;
    random_hex(token, SESS_TOKEN);
    random_hex(s->csrf, SESS_CSRF);
    hash(token, s->token);
    snprintf(s->name, sizeof(s->name), "%s", name);
    s->serial = ++t->made;
    s->began = s->used = now;
    s->tie = tie;
    s->next = t->first;
    t->first = s;
    t->n++;
    return s;
}

struct sess *sess_find(struct sess_table *t, const char *token, dk_ms now)
{
    unsigned char h[32];

    hash(token, h);
    for (struct sess *s = t->first; s != NULL; s = s->next) {
        if (sodium_memcmp(s->token, h, sizeof(h)) != 0)
            continue;
        if (over(t, s, now)) {
            sess_end(t, s);
            return NULL;
        }
        s->used = now;
        return s;
    }
    return NULL;
}

struct sess *sess_by_serial(struct sess_table *t, uint64_t serial)
{
    for (struct sess *s = t->first; s != NULL; s = s->next)
        if (s->serial == serial)
            return s;
    return NULL;
}

bool sess_csrf_is(const struct sess *s, const char *given)
{
    return strlen(given) == SESS_CSRF - 1 &&
           sodium_memcmp(s->csrf, given, SESS_CSRF - 1) == 0;
}

void sess_end(struct sess_table *t, struct sess *s)
{
    for (struct sess **at = &t->first; *at != NULL; at = &(*at)->next) {
        if (*at != s)
            continue;
        *at = s->next;
        t->n--;
        tie_close(s->tie);
        dk_client_keys_wipe(&s->keys);
        sodium_memzero(s, sizeof(*s));
        free(s);
        return;
    }
}

void sess_end_of(struct sess_table *t, const char *name, const struct sess *but)
{
    struct sess *next;

    for (struct sess *s = t->first; s != NULL; s = next) {
        next = s->next;
        if (s != but && strcmp(s->name, name) == 0)
            sess_end(t, s);
    }
}

int sess_sweep(struct sess_table *t, dk_ms now)
{
    struct sess *next;
    int n = 0;

    for (struct sess *s = t->first; s != NULL; s = next) {
        next = s->next;
        if (over(t, s, now)) {
            sess_end(t, s);
            n++;
        }
    }
    return n;
}

void sess_end_all(struct sess_table *t)
{
    while (t->first != NULL)
        sess_end(t, t->first);
}
