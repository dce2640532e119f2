#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "proto/jsonx.h"

#define PROGRAM    "docket-kiosk"
#define GO_ON      (-1)
#define NOT_MINE   (-2)
#define TIMEOUT_MS 60000
#define NAME_BYTES 64

enum {
    O_SPOOL = 256,
    O_CONNECT,
    O_KEY,
    O_SERVER_KEY,
    O_STDIN,
    O_FOLDER,
    O_DRAIN,
    O_STATUS,
    O_KIOSK,
    O_TIMEOUT,
    O_PAGE,
    O_PAGE_FILES,
    O_FORM,
    O_PRINTER,
    O_IDLE,
    O_JSON,
    O_HELP,
    O_VERSION
};

static const struct option table[] = {
    {"spool", required_argument, NULL, O_SPOOL},
    {"connect", required_argument, NULL, O_CONNECT},
    {"key", required_argument, NULL, O_KEY},
    {"server-key", required_argument, NULL, O_SERVER_KEY},
    {"stdin", no_argument, NULL, O_STDIN},
    {"folder", required_argument, NULL, O_FOLDER},
    {"drain", no_argument, NULL, O_DRAIN},
    {"status", no_argument, NULL, O_STATUS},
    {"kiosk", required_argument, NULL, O_KIOSK},
    {"timeout", required_argument, NULL, O_TIMEOUT},
    {"page", required_argument, NULL, O_PAGE},
    {"page-files", required_argument, NULL, O_PAGE_FILES},
    {"form", required_argument, NULL, O_FORM},
    {"printer", required_argument, NULL, O_PRINTER},
    {"idle", required_argument, NULL, O_IDLE},
    {"json", no_argument, NULL, O_JSON},
    {"help", no_argument, NULL, O_HELP},
    {"version", no_argument, NULL, O_VERSION},
    {0},
};

static const char help[] =
    "usage: " PROGRAM " --spool FILE [--connect ENDPOINT] [options]\n"
    "\n"
    "Takes cases (JSON, the body of case.submit), keeps each in its spool\n"
    "before it says \"taken\", and forwards them to the broker until it has\n"
    "acknowledged each with its case number and query code.\n"
    "\n"
    "options:\n"
    "  --spool FILE         the spool; made if it is not there\n"
    "  --connect ENDPOINT   the broker's endpoint for clients\n"
    "                       ($DOCKET_CLIENTS or "
    "ipc:///run/docket/clients.sock)\n"
    "  --key FILE           over tcp://: our key, of docketctl keys new\n"
    "                       ($DOCKET_KEY)\n"
    "  --server-key KEY     and the broker's, unless it is in FILE\n"
    "                       ($DOCKET_SERVER_KEY)\n"
    "  --stdin              take cases from standard input, one per line\n"
    "  --folder DIR         take cases from files DIR/*.json\n"
    "  --page ADDRESS       serve the petitioners' page, on 127.0.0.1:PORT\n"
    "  --page-files DIR     its files (" DK_PAGE_DIR ")\n"
    "  --form FILE          what it offers: kinds of matter, places\n"
    "                       (/etc/docket/kiosk.json)\n"
    "  --printer FILE       an ESC/POS printer, /dev/usb/lp0 say\n"
    "  --idle SECONDS       the page forgets what was typed after (120)\n"
    "  --drain              end when all that was handed in is acknowledged\n"
    "  --timeout MS         with --drain: give up (exit 75) so long after the\n"
    "                       last case was taken (60000)\n"
    "  --status             print what the spool holds, and exit\n"
    "  --kiosk NAME         this kiosk's name in the broker's log\n"
    "  --json               one JSON object per line of output\n"
    "  --help, --version\n"
    "\n"
    "SIGUSR1 prints the counts of --status; SIGTERM stops at any moment\n"
    "without loss.  docs/KIOSK.md tells more.\n";

static int complain(const char *what, const char *word)
{
    fprintf(stderr, "%s: %s%s\nTry %s --help.\n", PROGRAM, what, word, PROGRAM);
    return EX_USAGE;
}

static int unknown(const char *word)
{
    const char *names[sizeof(table) / sizeof(table[0])];
    char bare[64], what[96];
    const char *near;
    int n = 0;

    for (; table[n].name != NULL; n++)
        names[n] = table[n].name;
    names[n] = NULL;
    snprintf(bare, sizeof(bare), "%s", word + strspn(word, "-"));
    bare[strcspn(bare, "=")] = '\0';
    near = dk_nearest(bare, names);
    if (near == NULL)
        return complain("there is no option ", word);
    snprintf(what, sizeof(what), "did you mean --%s?  There is no option ",
             near);
    return complain(what, word);
}

static int read_number(const char *text, long min, long max, const char *what,
                       int *out)
{
    char *end;
    long v;

    errno = 0;
    v = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || v < min || v > max)
        return complain(what, text);
    *out = (int)v;
    return GO_ON;
}

static int read_name(const char *text, const char **out)
{
    size_t n = strlen(text);

    if (n == 0 || n > NAME_BYTES || strpbrk(text, " \"/\\\n\t") != NULL ||
        dk_utf8_valid(text, n) != n)
        return complain("--kiosk wants 1 to 64 bytes without space, quote or "
                        "slash, not ",
                        text);
    *out = text;
    return GO_ON;
}

/* The options of the page; NOT_MINE: it is none of them. */
static int apply_page(int v, const char *arg, struct kiosk_options *o)
{
    switch (v) {
    case O_PAGE:
        o->page = arg;
        break;
    case O_PAGE_FILES:
        o->page_files = arg;
        break;
    case O_FORM:
        o->form = arg;
        break;
    case O_PRINTER:
        o->printer = arg;
        break;
    case O_IDLE:
        return read_number(arg, 30, 3600,
                           "--idle wants seconds, 30 to 3600, not ",
                           &o->idle_s);
    default:
        return NOT_MINE;
    }
    return GO_ON;
}

static int apply(int v, const char *arg, struct kiosk_options *o)
{
    int rc = apply_page(v, arg, o);

    if (rc != NOT_MINE)
        return rc;
    switch (v) {
    case O_SPOOL:
        o->spool = arg;
        break;
    case O_CONNECT:
        o->endpoint = arg;
        break;
    case O_KEY:
        o->key_file = arg;
        break;
    case O_SERVER_KEY:
        o->server_key = arg;
        break;
    case O_STDIN:
        o->use_stdin = true;
        break;
    case O_FOLDER:
        o->folder = arg;
        break;
    case O_DRAIN:
        o->drain = true;
        break;
    case O_STATUS:
        o->status = true;
        break;
    case O_JSON:
        o->json = true;
        break;
    case O_TIMEOUT:
        return read_number(arg, 1, INT_MAX,
                           "--timeout wants milliseconds, at least 1, not ",
                           &o->timeout_ms);
    case O_KIOSK:
        return read_name(arg, &o->name);
    case O_HELP:
        fputs(help, stdout);
        return 0;
    case O_VERSION:
        puts(PROGRAM " " DK_VERSION_TEXT);
        return 0;
    default:
        break;
    }
    return GO_ON;
}

static int check(const struct kiosk_options *o)
{
    if (o->spool == NULL || o->spool[0] == '\0')
        return complain("--spool FILE is missing", "");
    if (o->status &&
        (o->use_stdin || o->folder != NULL || o->drain || o->page != NULL))
        return complain("--status only prints: leave out --stdin, --folder, "
                        "--page and --drain",
                        "");
    if (o->page == NULL && o->printer != NULL)
        return complain("--printer is for receipts of the page: say --page "
                        "127.0.0.1:PORT, too",
                        "");
    if (o->page != NULL && o->drain)
        return complain("--page serves until it is stopped: leave out --drain",
                        "");
    return GO_ON;
}

int kiosk_options_read(int argc, char **argv, struct kiosk_options *out)
{
    int v, rc;

    /* One thread so far. */
    /* NOLINTNEXTLINE(concurrency-mt-unsafe) */
    const char *from_env = getenv("DOCKET_CLIENTS");

    *out = (struct kiosk_options){
        .endpoint = from_env != NULL && from_env[0] != '\0'
                        ? from_env
                        : "ipc:///run/docket/clients.sock",
        .page_files = DK_PAGE_DIR,
        .form = "/etc/docket/kiosk.json",
        .timeout_ms = TIMEOUT_MS,
        .idle_s = 120,
    };
    optind = 1;
    opterr = 0;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe) */
    while ((v = getopt_long(argc, argv, ":", table, NULL)) != -1) {
        if (v == ':')
            return complain("a value is missing after ", argv[optind - 1]);
        if (v == '?')
            return unknown(argv[optind - 1]);
        rc = apply(v, optarg, out);
        if (rc != GO_ON)
            return rc;
    }
    if (optind < argc)
        return unknown(argv[optind]);
    return check(out);
}
