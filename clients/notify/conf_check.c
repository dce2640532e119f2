/* conf_check.c - what only the whole configuration can tell; secrets are read
 * here, so that a wrong one shows before it is needed.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf.h"
#include "core/notify_text.h"

#define TEMPLATE_MAX (64 * 1024)
#define SECRET_WORD  "whsec_"
#define SECRET_MIN   24 /* bytes, as Standard Webhooks has it */
#define SECRET_MOST  64

struct check {
    struct conf *c;
    const char *file;
    struct dk_report *r;
};

/* A whole file of at most cap - 1 bytes, NUL-terminated; -1 with errno. */
static ssize_t slurp(const char *path, bool secret, bool credential, char *buf,
                     size_t cap)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct stat st;
    size_t n = 0;
    ssize_t got = 1;

    if (fd < 0)
        return -1;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        errno = EINVAL;
        return -1;
    }
    if (secret && (st.st_mode & (credential ? 0007 : 0077)) != 0) {
        close(fd);
        errno = EPERM;
        return -1;
    }
    while (n + 1 < cap && (got = read(fd, buf + n, cap - 1 - n)) > 0)
        n += (size_t)got;
    buf[n] = '\0';
    close(fd);
    if (got < 0)
        return -1;
    if (n + 1 == cap || strlen(buf) != n) {
        errno = EFBIG;
        return -1;
    }
    return (ssize_t)n;
}

/* A name without a slash is that of a systemd credential. */
static bool read_secret(const struct check *k, const char *place,
                        const char *name, char *buf, size_t cap)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    bool credential = strchr(name, '/') == NULL;
    char path[1024];

    if (credential && folder == NULL) {
        dk_report_error(k->r, k->file, place,
                        "%s has no slash, so it is a systemd credential, and "
                        "there are none here; write a path",
                        name);
        return false;
    }
    (void)snprintf(path, sizeof(path), "%s%s%s", credential ? folder : "",
                   credential ? "/" : "", name);
    if (slurp(path, true, credential, buf, cap) < 0) {
        dk_report_error(k->r, k->file, place, "%s cannot be used: %s", name,
                        errno == EPERM ? "others can read it; chmod 0400"
                                       : strerrordesc_np(errno));
        return false;
    }
    buf[strcspn(buf, "\r\n")] = '\0';
    return true;
}

static bool is_local(const char *host, size_t n)
{
    static const char *const names[] = {"localhost", "127.0.0.1", "[::1]",
                                        "::1"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strlen(names[i]) == n && strncmp(names[i], host, n) == 0)
            return true;
    }
    return false;
}

/* ---- mail ---- */

/* One address as it stands in an envelope: nothing that could end a line or
 * begin another address.
 */
static bool is_address(const char *s)
{
    const char *at = strrchr(s, '@');

    if (at == NULL || at == s || at[1] == '\0' || strchr(s, '@') != at)
        return false;
    for (; *s != '\0'; s++) {
        if ((unsigned char)*s <= ' ' || *s == 0x7f ||
            strchr("<>()[],;:\\\"", *s) != NULL)
            return false;
    }
    return true;
}

static void check_smtp(const struct check *k, bool wanted)
{
    struct conf *c = k->c;
    const char *host = c->smtp.server;
    const char *colon = strrchr(host, ':');

    if (host[0] == '\0') {
        if (wanted)
            dk_report_error(k->r, k->file, "smtp.server",
                            "somebody is told by e-mail: name the mail "
                            "server, HOST:PORT");
        return;
    }
    if (colon == NULL || colon == host ||
        strspn(colon + 1, "0123456789") != strlen(colon + 1) ||
        atoi(colon + 1) < 1 || atoi(colon + 1) > 65535 ||
        strpbrk(host, "/ @") != NULL)
        dk_report_error(k->r, k->file, "smtp.server",
                        "must be HOST:PORT, as in mail.example:587");
    else if (c->smtp.tls == TLS_NONE && !is_local(host, (size_t)(colon - host)))
        dk_report_error(k->r, k->file, "smtp.tls",
                        "none is for a server on this machine; over a network "
                        "use starttls or direct");
    if (!is_address(c->smtp.from))
        dk_report_error(k->r, k->file, "smtp.from",
                        "must be the address that messages come from");
    if (c->smtp.hello[strcspn(c->smtp.hello, "/ \t")] != '\0')
        dk_report_error(k->r, k->file, "smtp.hello", "must be a host's name");
    if ((c->smtp.user[0] == '\0') != (c->smtp.password_file[0] == '\0'))
        dk_report_error(k->r, k->file, "smtp.user",
                        "user and password_file come together");
    else if (c->smtp.user[0] != '\0')
        (void)read_secret(k, "smtp.password_file", c->smtp.password_file,
                          c->smtp.password, sizeof(c->smtp.password));
}

/* ---- one recipient ---- */

static void check_webhook(const struct check *k, struct recipient *v,
                          const char *place)
{
    const char *host = strstr(v->webhook, "://");
    char text[256];
    const char *end;

    if (v->webhook[0] == '\0')
        return;
    host = host == NULL ? "" : host + 3;
    if (strncmp(v->webhook, "https://", 8) != 0 &&
        !(strncmp(v->webhook, "http://", 7) == 0 &&
          is_local(host, *host == '[' ? strcspn(host, "]") + 1
                                      : strcspn(host, ":/?"))))
        dk_report_error(k->r, k->file, place,
                        "webhook must be https://… (http:// on this machine "
                        "only)");
    if (strpbrk(v->webhook, " \t<>\"") != NULL ||
        memchr(host, '@', strcspn(host, "/?")) != NULL)
        dk_report_error(k->r, k->file, place,
                        "webhook is no plain address without name and "
                        "password");
    if (v->webhook_secret[0] == '\0') {
        dk_report_error(k->r, k->file, place,
                        "a webhook is signed: name its webhook_secret_file");
        return;
    }
    if (!read_secret(k, place, v->webhook_secret, text, sizeof(text)))
        return;
    if (strncmp(text, SECRET_WORD, strlen(SECRET_WORD)) != 0 ||
        sodium_base642bin(
            v->secret, sizeof(v->secret), text + strlen(SECRET_WORD),
            strlen(text) - strlen(SECRET_WORD), NULL, &v->secret_len, &end,
            sodium_base64_VARIANT_ORIGINAL) != 0 ||
        *end != '\0' || v->secret_len < SECRET_MIN ||
        v->secret_len > SECRET_MOST)
        dk_report_error(k->r, k->file, place,
                        "webhook_secret_file must hold whsec_ and 24 to 64 "
                        "bytes in base64; docket-notify --new-secret makes "
                        "one");
    explicit_bzero(text, sizeof(text));
}

static void check_command(const struct check *k, struct recipient *v,
                          const char *place)
{
    char *save = NULL;
    int n = 0;

    memcpy(v->words, v->command, sizeof(v->words));
    for (char *w = strtok_r(v->words, " \t", &save); w != NULL;
         w = strtok_r(NULL, " \t", &save)) {
        if (n == CONF_ARGS) {
            dk_report_error(k->r, k->file, place,
                            "command has more than %d words", CONF_ARGS);
            break;
        }
        v->argv[n++] = w;
    }
    v->argv[n] = NULL;
    if (n > 0 && (v->argv[0][0] != '/' || access(v->argv[0], X_OK) != 0))
        dk_report_error(k->r, k->file, place,
                        "command must begin with the whole path of a program "
                        "that can be run; there is no shell");
}

static void check_recipient(const struct check *k, struct recipient *v)
{
    int channels = 0;
    char place[96];

    (void)snprintf(place, sizeof(place), "[recipient %s]", v->name);
    for (int ch = 0; ch < CHANNEL_N; ch++)
        channels += conf_has_channel(v, (enum channel)ch);
    if (channels == 0)
        dk_report_error(k->r, k->file, place,
                        "has no channel: email, webhook, command or journal");
    if (v->to[0] == '\0')
        dk_report_error(k->r, k->file, place,
                        "say whose alerts these are: to = role:id, role:* or "
                        "*");
    for (const char *s = v->to; *s != '\0'; s += strcspn(s, " \t")) {
        s += strspn(s, " \t");
        size_t n = strcspn(s, " \t");
        if (n > 0 && !(n == 1 && *s == '*') && memchr(s, ':', n) == NULL)
            dk_report_error(k->r, k->file, place,
                            "'%.*s' in to is neither role:id, role:* nor *",
                            (int)(n > 64 ? 64 : n), s);
        if (strncmp(s, "petitioner", 10) == 0)
            dk_report_error(k->r, k->file, place,
                            "petitioners are told by the office, not by "
                            "docket-notify");
    }
    if (v->email[0] != '\0' && !is_address(v->email))
        dk_report_error(k->r, k->file, place, "email is no address");
    if (v->rule.digest_at >= 0 && v->rule.digest_every > 0)
        dk_report_error(k->r, k->file, place,
                        "digest and digest_every_min: choose one");
    if (v->rule.quiet_days == 0xfe)
        dk_report_error(k->r, k->file, place,
                        "every day is quiet: nothing would ever be sent");
    check_webhook(k, v, place);
    check_command(k, v, place);
}

/* ---- templates ---- */

static void load_template(const struct check *k, enum dk_lang lang, bool many)
{
    char path[600];
    char *text = malloc(TEMPLATE_MAX);

    (void)snprintf(path, sizeof(path), "%s/%s.%s", k->c->templates,
                   many ? "digest" : "alert", dk_lang_tag(lang));
    if (text == NULL) {
        dk_report_error(k->r, path, "", "out of memory");
        return;
    }
    if (slurp(path, false, false, text, TEMPLATE_MAX) < 0) {
        if (errno != ENOENT)
            dk_report_error(k->r, path, "", "cannot be used: %s",
                            strerrordesc_np(errno));
        free(text); /* one that is not there is docket's own */
        return;
    }
    dk_notify_template_check(path, text, k->r);
    k->c->text[lang == DK_LANG_EN][many] = text;
}

void conf_check(struct conf *c, const char *file, struct dk_report *r)
{
    const struct check k = {c, file, r};
    bool mail = false;

    if (c->office_zone[0] == '\0')
        dk_report_error(r, file, "notify.zone",
                        "name the office's time zone, as in zone = +08:00: "
                        "quiet hours and digests are counted in it");
    else if (dk_zone_parse(c->office_zone, &c->zone) != 0)
        dk_report_error(r, file, "notify.zone",
                        "must be an offset (+08:00) or a POSIX rule "
                        "(CST-8)");
    if (c->n == 0)
        dk_report_error(r, file, "",
                        "there is no [recipient NAME]: nobody would be told");
    for (size_t i = 0; i < c->n; i++) {
        check_recipient(&k, &c->recipient[i]);
        mail = mail || c->recipient[i].email[0] != '\0';
    }
    check_smtp(&k, mail);
    if (c->ca_file[0] != '\0' && access(c->ca_file, R_OK) != 0)
        dk_report_error(r, file, "notify.ca_file", "cannot be read: %s",
                        strerrordesc_np(errno));
    for (int i = 0; c->templates[0] != '\0' && i < 4; i++)
        load_template(&k, i / 2 != 0 ? DK_LANG_EN : DK_LANG_ZH_CN, i % 2);
}
