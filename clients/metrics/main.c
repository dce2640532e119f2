/* docket-metrics - how a broker is doing, for a monitoring system.
 *
 * A program of its own, with the smallest role there is: the broker has no HTTP
 * in it, and whatever reaches this one learns numbers (docs/adr/0040).
 */
#include <event2/event.h>
#include <signal.h>
#include <sysexits.h>

#include "journal/note.h"
#include "serve.h"

static void on_signal(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    event_base_loopbreak(arg);
}

static int run(struct event_base *base, const struct metrics_config *c)
{
    struct event *term = evsignal_new(base, SIGTERM, on_signal, base);
    struct event *interrupt = evsignal_new(base, SIGINT, on_signal, base);
    struct dk_problem p = {0};
    struct serve *s = NULL;
    int status = EX_OSERR;

    if (term != NULL && interrupt != NULL && event_add(term, NULL) == 0 &&
        event_add(interrupt, NULL) == 0) {
        if (serve_open(base, c, &s, &p) == 0)
            status = event_base_dispatch(base) < 0 ? EX_OSERR : 0;
        else
            status = p.code == DK_ENOMEM       ? EX_OSERR
                     : p.code == DK_EFORBIDDEN ? EX_UNAVAILABLE
                                               : EX_CONFIG;
    }
    if (status != 0)
        note("error", "stopped", "code=%s detail=\"%s\"", dk_err_slug(p.code),
             p.detail);
    serve_close(s);
    if (term != NULL)
        event_free(term);
    if (interrupt != NULL)
        event_free(interrupt);
    return status;
}

int main(int argc, char **argv)
{
    static struct metrics_config c;
    int status = metrics_options(argc, argv, &c);
    struct event_base *base;

    if (status >= 0)
        return status;
    signal(SIGPIPE, SIG_IGN);
    base = event_base_new();
    status = base != NULL ? run(base, &c) : EX_OSERR;
    dk_client_keys_wipe(&c.keys);
    if (base != NULL)
        event_base_free(base);
    return status;
}
