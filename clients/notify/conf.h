/* conf.h - notify.conf: who is told of which alerts, and how. */
#ifndef DK_NOTIFY_CONF_H
#define DK_NOTIFY_CONF_H

#include "core/notify.h"
#include "proto/words.h"

#define CONF_FILE       "/etc/docket/notify.conf"
#define CONF_RECIPIENTS 1000 /* most of them */
#define CONF_ARGS       16   /* words of a command */
#define CONF_SECRET_MAX 128  /* bytes of a webhook's secret */

enum channel {
    CHANNEL_EMAIL,
    CHANNEL_WEBHOOK,
    CHANNEL_COMMAND,
    CHANNEL_JOURNAL,
    CHANNEL_N
};
extern const char *const channel_names[CHANNEL_N + 1];

enum conf_tls {
    TLS_STARTTLS, /* and no mail without it */
    TLS_DIRECT,   /* from the first byte */
    TLS_NONE      /* on this machine only */
};

struct recipient {
    char name[DK_ID_MAX + 1];
    char to[512];
    int lang; /* enum dk_lang; -1: as [notify] lang */
    struct dk_notify_rule rule;
    /* Which channels: those of these that are set. */
    char email[256];
    char webhook[512], webhook_secret[512];
    char command[512];
    int64_t journal;
    /* Made of them by conf_check(). */
    unsigned char secret[CONF_SECRET_MAX];
    size_t secret_len;
    char words[512];
    char *argv[CONF_ARGS + 1];
};

struct conf {
    char connect[512], key[512], server_key[512];
    char data[512];
    char office_zone[64];
    struct dk_zone zone;
    enum dk_lang lang;
    char templates[512]; /* folder; "": those that docket comes with */
    char ca_file[512];   /* "": the system's */
    int64_t tries, first_wait_s, most_wait_min, timeout_s, at_once, keep_days;
    struct {
        char server[256]; /* HOST:PORT */
        enum conf_tls tls;
        char user[256], password_file[512], from[256], hello[256];
        char password[256];
    } smtp;
    char *text[2][2]; /* own templates [enum: zh-CN, en][many]; NULL: none */
    struct recipient *recipient;
    size_t n;
};

/* Read and check the whole file; every mistake is reported.  NULL if there is
 * one.  Warnings do not count.
 */
struct conf *conf_load(const char *file, struct dk_report *r);
void conf_free(struct conf *c);

const struct recipient *conf_find(const struct conf *c, const char *name);
bool conf_has_channel(const struct recipient *r, enum channel ch);

/* The template of this language. */
const char *conf_template(const struct conf *c, enum dk_lang lang, bool many);
enum dk_lang conf_lang(const struct conf *c, const struct recipient *r);

/* conf_check.c: what only the whole can tell; secrets are read. */
void conf_check(struct conf *c, const char *file, struct dk_report *r);

#endif /* DK_NOTIFY_CONF_H */
