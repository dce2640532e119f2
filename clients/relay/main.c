/* docket-relay - carries cases from one docket to another.
 *
 * One loop over both sides; what is not finished when it ends is in the spool.
 */
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sysexits.h>

#include "carry.h"
#include "journal/note.h"

static volatile sig_atomic_t stop, asked;

static void on_signal(int number)
{
    if (number == SIGUSR1)
        asked = 1;
    else
        stop = 1;
}

static int exit_status(int code)
{
    switch (code) {
    case DK_EFIELD:
    case DK_EFORBIDDEN:
    case DK_EVERSION:
        return EX_CONFIG;
    case DK_ENOTFOUND:
        return EX_NOINPUT;
    case DK_EBUSY:
        return EX_TEMPFAIL;
    case DK_EIO:
    case DK_EFULL:
        return EX_IOERR;
    default:
        return EX_SOFTWARE;
    }
}

/* What petitioners said is in memory: a crash must not put it on the disk. */
static void no_core(void)
{
    const struct rlimit none = {0, 0};

    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    setrlimit(RLIMIT_CORE, &none);
}

static void signals(void)
{
    struct sigaction a = {.sa_handler = on_signal};

    sigemptyset(&a.sa_mask);
    sigaction(SIGTERM, &a, NULL);
    sigaction(SIGINT, &a, NULL);
    sigaction(SIGUSR1, &a, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* ---- what there is ------------------------------------------------------- */

static void note_refused(void *arg, const char *what, const char *case_no,
                         const char *problem)
{
    (void)arg;
    note("info", "relay_refused", "what=%s case=%s code=%s", what, case_no,
         problem);
}

static void log_status(struct spool *s)
{
    struct spool_counts n;

    asked = 0;
    if (spool_count(s, &n, NULL) != 0)
        return;
    note("info", "relay_status",
         "wanted=%lld ready=%lld arrived=%lld gone=%lld refused=%lld "
         "returned=%lld acts_from=%lld acts_to=%lld acts_refused=%lld",
         (long long)n.items[ITEM_WANTED], (long long)n.items[ITEM_READY],
         (long long)n.items[ITEM_ARRIVED], (long long)n.items[ITEM_GONE],
         (long long)n.items[ITEM_REFUSED], (long long)n.items[ITEM_RETURNED],
         (long long)n.acts[FROM], (long long)n.acts[TO], (long long)n.refused);
    (void)spool_refused(s, note_refused, NULL, NULL);
}

static void print_refused(void *arg, const char *what, const char *case_no,
                          const char *problem)
{
    struct dk_jw *w = arg;

    if (w == NULL) {
        printf("refused %s %s: %s\n", what, case_no, problem);
        return;
    }
    dk_jw_obj(w, NULL);
    dk_jw_str(w, "what", what);
    dk_jw_str(w, "case_no", case_no);
    dk_jw_str(w, "problem", problem);
    dk_jw_end_obj(w);
}

static int status_json(struct spool *s, const struct spool_counts *n,
                       struct dk_problem *p)
{
    struct dk_jw w = {0};
    int rc;

    dk_jw_obj(&w, NULL);
    for (int i = 0; i < ITEM_STATES; i++)
        dk_jw_int(&w, item_state_names[i], n->items[i]);
    dk_jw_int(&w, "acts_from", n->acts[FROM]);
    dk_jw_int(&w, "acts_to", n->acts[TO]);
    dk_jw_arr(&w, "refusals");
    rc = spool_refused(s, print_refused, &w, p);
    dk_jw_end_arr(&w);
    dk_jw_end_obj(&w);
    if (rc == 0 && !w.oom)
        puts(w.buf);
    dk_jw_fini(&w);
    return rc;
}

static int show_status(struct spool *s, bool json, struct dk_problem *p)
{
    struct spool_counts n;
    int rc = spool_count(s, &n, p);

    if (rc != 0 || json)
        return rc != 0 ? rc : status_json(s, &n, p);
    for (int i = 0; i < ITEM_STATES; i++)
        printf("%s %lld\n", item_state_names[i], (long long)n.items[i]);
    printf("acts for the docket they came from %lld, for the other %lld\n",
           (long long)n.acts[FROM], (long long)n.acts[TO]);
    return spool_refused(s, print_refused, NULL, p);
}

/* ---- the loop ------------------------------------------------------------ */

static int carry(const struct relay_options *o, struct spool *s,
                 struct dk_problem *p)
{
    struct carry c = {.spool = s, .rules = &o->rules, .stop = &stop};
    int rc = 0;

    for (int i = 0; i < SIDES; i++) {
        c.side[i].side = (enum side)i;
        c.side[i].end = &o->end[i];
    }
    note("info", "started", "version=" DK_VERSION_TEXT);
    while (rc == 0 && !stop) {
        if (asked)
            log_status(s);
        rc = carry_turn(&c, p);
    }
    carry_close(&c);
    note("info", "stopped", "carried=%lld", (long long)c.done);
    return rc;
}

static int work(struct relay_options *o, struct dk_problem *p)
{
    unsigned char key[SEAL_KEY];
    struct spool *s = NULL;
    bool create = !o->status && !o->again;
    int rc = seal_key(o->spool_key, create, key, p);

    if (rc == 0)
        rc = spool_open(o->spool, create, key, &s, p);
    sodium_memzero(key, sizeof(key));
    if (rc != 0)
        return rc;
    if (o->status)
        rc = show_status(s, o->json, p);
    else if (o->again)
        rc = spool_again(s, p);
    else
        rc = carry(o, s, p);
    spool_close(s);
    return rc;
}

int main(int argc, char **argv)
{
    static struct relay_options o; /* too large for a stack */
    struct dk_problem p = {0};
    int rc = relay_options_read(argc, argv, &o);

    if (rc >= 0)
        return rc;
    no_core();
    signals();
    if (sodium_init() < 0)
        return EX_OSERR;
    rc = o.status || o.again ? 0 : relay_options_keys(&o, &p);
    if (rc == 0 && o.check)
        puts("the configuration and the keys are in order");
    else if (rc == 0)
        rc = work(&o, &p);
    for (int i = 0; i < SIDES; i++)
        dk_client_keys_wipe(&o.end[i].keys);
    if (rc == 0)
        return 0;
    fprintf(stderr, "docket-relay: %s\n", p.detail);
    return exit_status(rc);
}
