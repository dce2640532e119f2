/* fuzz_page.c - bytes of a browser that is none, at the kiosk's page: each is
 * answered in HTTP or hung up on, and the next request is served as before.
 *
 * Input: what is sent on one connection; "@@" stands for the port.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clients/kiosk/wake.h"
#include "clients/kiosk/web_int.h"
#include "fuzz.h"

#define ROUNDS 24

static struct wake *wake; /* kept: it is nobody's leak */
static struct event_base *base;
static struct web *web;
static char folder[64];

static const char form[] =
    "{\"format\":\"docket-kiosk/1\",\"county\":\"330699\","
    "\"office\":{\"zh-CN\":\"某局\",\"en\":\"Office\"},"
    "\"categories\":[{\"category\":\"a\",\"name\":{\"zh-CN\":\"甲\",\"en\":\"A"
    "\"}}],\"places\":[{\"region\":\"t\",\"name\":{\"zh-CN\":\"乙\",\"en\":\"B"
    "\"}}]}";

static const char *in_folder(const char *name, const char *text)
{
    static char path[4][96];
    static int turn;
    char *p = path[turn++ % 4];
    FILE *f;

    (void)snprintf(p, sizeof(path[0]), "%s/%s", folder, name);
    if (text != NULL) {
        f = fopen(p, "w");
        CHECK(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0);
    }
    return p;
}

static void forget(void)
{
    static const char *const names[] = {
        "page/index.html", "page",         "form.json",    "printer",
        "spool.db",        "spool.db-wal", "spool.db-shm", "spool.db.page"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        (void)remove(in_folder(names[i], NULL));
    (void)remove(folder);
}

static void begin(void)
{
    static struct say say = {.sigfd = -1};
    static struct forward forward;
    struct dk_problem p = {0};
    struct spool *spool = NULL;
    struct web_options o = {.where = "127.0.0.1:0", .idle_s = 120};
    char files[80];

    (void)snprintf(folder, sizeof(folder), "/dev/shm/fuzz_page.XXXXXX");
    if (mkdtemp(folder) == NULL) {
        (void)snprintf(folder, sizeof(folder), "/tmp/fuzz_page.XXXXXX");
        CHECK(mkdtemp(folder) != NULL);
    }
    (void)snprintf(files, sizeof(files), "%s/page", folder);
    CHECK(mkdir(files, 0700) == 0);
    in_folder("page/index.html", "<!doctype html><title>x</title>");
    o.files = files;
    o.form = in_folder("form.json", form);
    o.printer = in_folder("printer", "");
    o.spool = in_folder("spool.db", NULL);
    CHECK(freopen("/dev/null", "w", stdout) != NULL);
    CHECK(spool_open(o.spool, true, &spool, &p) == 0);
    forward.spool = spool;
    forward.say = &say;
    forward.client = dk_client_open("ipc:///nonexistent/docket", NULL, &p);
    CHECK(forward.client != NULL);
    wake = wake_new();
    CHECK(wake != NULL);
    base = wake_base(wake);
    CHECK(atexit(forget) == 0);
    CHECK(web_open(base, &o, spool, &say, &forward, &web, &p) == 0);
}

static int connect_here(void)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)http_port(web->http)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK(fd >= 0);
    CHECK(connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0);
    CHECK(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
    /* No TIME_WAIT: there are fewer ports than inputs. */
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    return fd;
}

/* What was answered begins as HTTP does; true: something was. */
static bool hear(int fd, bool *closed)
{
    char got[8192];
    ssize_t n = recv(fd, got, sizeof(got), 0);

    *closed = n == 0 || (n < 0 && errno != EAGAIN);
    if (n <= 0)
        return false;
    CHECK(n >= 5 && memcmp(got, "HTTP/", 5) == 0);
    while (n > 0)
        n = recv(fd, got, sizeof(got), 0);
    return true;
}

/* Send it all and look for an answer for a bounded time. */
static bool talk(const char *text, size_t len)
{
    struct dk_problem p = {0};
    int fd = connect_here();
    bool heard = false, closed = false;
    size_t sent = 0;

    for (int i = 0; i < ROUNDS && !heard && !closed; i++) {
        if (sent < len) {
            ssize_t n = send(fd, text + sent, len - sent, MSG_NOSIGNAL);

            sent += n > 0 ? (size_t)n : 0;
        }
        event_base_loop(base, EVLOOP_NONBLOCK);
        CHECK(web_pump(web, dk_client_now(), &p) == 0);
        heard = hear(fd, &closed);
    }
    close(fd);
    event_base_loop(base, EVLOOP_NONBLOCK);
    return heard;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static unsigned runs;
    char *text;
    char port[8], good[80];
    size_t n = 0;
    int len;

    if (web == NULL)
        begin();
    if (size > 65536)
        return 0;
    (void)snprintf(port, sizeof(port), "%d", http_port(web->http));
    text = malloc(size * 4 + 1);
    CHECK(text != NULL);
    for (size_t i = 0; i < size; i++) {
        if (i + 1 < size && data[i] == '@' && data[i + 1] == '@') {
            memcpy(text + n, port, strlen(port));
            n += strlen(port);
            i++;
        } else {
            text[n++] = (char)data[i];
        }
    }
    talk(text, n);
    free(text);
    if (runs++ % 16 == 0) {
        len = snprintf(good, sizeof(good),
                       "GET / HTTP/1.1\r\nHost: 127.0.0.1:%s\r\n\r\n", port);
        CHECK(talk(good, (size_t)len));
    }
    return 0;
}
