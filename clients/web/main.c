/* docket-web - the office's pages and their JSON API; its accounts.
 *
 * One loop; whoever logs in has a connection of their own to the broker.  What
 * is lost when it ends is only who was logged in.
 */
#include <event2/event.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sysexits.h>

#include "command.h"
#include "journal/note.h"
#include "site.h"

static int exit_status(int code)
{
    switch (code) {
    case DK_EFIELD:
    case DK_EFORBIDDEN:
    case DK_EVERSION:
        return EX_CONFIG;
    case DK_ENOTFOUND:
        return EX_NOINPUT;
    case DK_EIO:
    case DK_EFULL:
        return EX_IOERR;
    default:
        return EX_SOFTWARE;
    }
}

static void on_signal(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    event_base_loopbreak(arg);
}

/* Secret keys and what petitioners said are in memory: a crash must not put it
 * on the disk.
 */
static void no_core(void)
{
    const struct rlimit none = {0, 0};

    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    setrlimit(RLIMIT_CORE, &none);
}

static int serve(const struct web_config *c)
{
    struct event_base *base = event_base_new();
    struct event *term = NULL, *interrupt = NULL;
    struct dk_problem p = {0};
    struct site *site = NULL;
    int status = EX_OSERR;

    if (base != NULL) {
        term = evsignal_new(base, SIGTERM, on_signal, base);
        interrupt = evsignal_new(base, SIGINT, on_signal, base);
    }
    if (term != NULL && interrupt != NULL && event_add(term, NULL) == 0 &&
        event_add(interrupt, NULL) == 0) {
        if (site_open(base, c, &site, &p) == 0)
            status = event_base_dispatch(base) < 0 ? EX_OSERR : 0;
        else
            status = exit_status(p.code);
    }
    if (status != 0)
        note("error", "stopped", "code=%s detail=\"%s\"", dk_err_slug(p.code),
             p.detail);
    site_close(site);
    if (term != NULL)
        event_free(term);
    if (interrupt != NULL)
        event_free(interrupt);
    if (base != NULL)
        event_base_free(base);
    return status;
}

int main(int argc, char **argv)
{
    static struct web_options o; /* too large for a stack */
    int status = web_options_read(argc, argv, &o);

    if (status >= 0)
        return status;
    signal(SIGPIPE, SIG_IGN);
    no_core();
    if (sodium_init() < 0)
        return EX_OSERR;
    if (o.n_words == 0)
        return serve(&o.c);
    if (strcmp(o.words[0], "account") == 0)
        return command_account(&o);
    if (strcmp(o.words[0], "audit") == 0 && o.n_words == 1)
        return command_audit(&o);
    fprintf(stderr,
            "docket-web: there is no command '%s'; try docket-web --help\n",
            o.words[0]);
    return EX_USAGE;
}
