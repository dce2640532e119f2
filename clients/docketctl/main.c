/* docketctl - what an operator does, from a terminal or a script. */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "complete.h"
#include "ctl.h"

static bool is_chinese(const char *lang)
{
    static const char *const vars[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

    for (size_t i = 0; lang == NULL && i < 3; i++) {
        const char *v = getenv(vars[i]);
        if (v != NULL && v[0] != '\0')
            lang = v;
    }
    return lang != NULL && strncmp(lang, "zh", 2) == 0;
}

static bool colors(const char *when, int fd)
{
    const char *no = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    if (when != NULL && strcmp(when, "auto") != 0)
        return strcmp(when, "always") == 0;
    return isatty(fd) && (no == NULL || no[0] == '\0') &&
           (term == NULL || strcmp(term, "dumb") != 0);
}

static int terminal_columns(void)
{
    struct winsize ws;

    if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) != 0)
        return 0;
    return ws.ws_col;
}

/* What the global options say; `a` may be empty. */
static void set_up(struct ctl *ctl, const struct args *a)
{
    const char *endpoint = args_get(a, "connect");
    const char *color = args_get(a, "color");

    if (endpoint == NULL)
        endpoint = getenv("DOCKET_CLIENTS");
    if (endpoint == NULL || endpoint[0] == '\0')
        endpoint = "ipc:///run/docket/clients.sock";
    ctl->endpoint = endpoint;
    ctl->key_file = args_get(a, "key");
    ctl->server_key = args_get(a, "server-key");
    ctl->json = args_has(a, "json");
    ctl->timeout_ms = (int)args_int(a, "timeout", 0);
    ctl->zh = is_chinese(args_get(a, "lang"));
    ctl->color = colors(color, STDOUT_FILENO);
    ctl->color_err = colors(color, STDERR_FILENO);
    ctl->columns = terminal_columns();
    ctl->out = stdout;
    ctl->err = stderr;
}

static int check_words(const struct command *c, const struct args *a,
                       struct dk_problem *p)
{
    if (a->n_pos < c->min_words)
        return dk_failf(p, DK_EFIELD, NULL, "usage: docketctl %s %s",
                        "用法：docketctl %s %s", c->name, c->words);
    if (c->max_words >= 0 && a->n_pos > c->max_words)
        return dk_failf(p, DK_EFIELD, NULL,
                        "'%.60s' is one word too many: docketctl %s %s",
                        "多出了“%.60s”：docketctl %s %s", a->pos[c->max_words],
                        c->name, c->words);
    return 0;
}

/* A script must not take a cut output for the whole. */
static int flush_all(const struct ctl *ctl, int code)
{
    if (fflush(ctl->out) == 0 && ferror(ctl->out) == 0)
        return code;
    (void)fputs(T(ctl, "docketctl: the output could not be written\n",
                  "docketctl：无法写出结果\n"),
                ctl->err);
    return code == 0 ? EX_IOERR : code;
}

static int run(struct ctl *ctl, const struct command *c, int argc,
               const char *const argv[])
{
    struct dk_problem p = {0};
    struct args a;
    int code;

    if (args_parse(&a, global_opts, c->opts, argc, argv, &p) != 0)
        return say_usage(ctl, &p);
    set_up(ctl, &a);
    ctl->args = &a;
    if (args_has(&a, "help")) {
        help_command(ctl, c);
        code = 0;
    } else if (check_words(c, &a, &p) != 0) {
        code = say_usage(ctl, &p);
    } else {
        code = c->run(ctl, &a);
    }
    ctl->args = NULL;
    args_fini(&a);
    dk_client_close(ctl->client);
    return flush_all(ctl, code);
}

/* No command: --help, --version, or a slip. */
static int run_bare(struct ctl *ctl, const struct args *a)
{
    if (args_has(a, "version")) {
        (void)fprintf(ctl->out, "docketctl %s\n", DK_VERSION_TEXT);
        return flush_all(ctl, 0);
    }
    if (args_has(a, "help")) {
        help_program(ctl);
        return flush_all(ctl, 0);
    }
    (void)fputs(T(ctl, "docketctl: which command? See docketctl --help.\n",
                  "docketctl：请给出命令，见 docketctl --help。\n"),
                ctl->err);
    return EX_USAGE;
}

/* The options before the command: they are parsed again with it. */
static int run_line(struct ctl *ctl, int argc, const char *const argv[],
                    const char **words)
{
    struct dk_problem p = {0};
    struct args front;
    int first = 0, n_words = 0;

    if (args_first_word(global_opts, argc, argv, &first, &p) != 0)
        return say_usage(ctl, &p);
    if (args_parse(&front, global_opts, NULL, first, argv, &p) != 0)
        return say_usage(ctl, &p);
    set_up(ctl, &front);
    if (first == argc) {
        int code = run_bare(ctl, &front);
        args_fini(&front);
        return code;
    }
    args_fini(&front);
    const struct command *c =
        command_find(argc - first, argv + first, &n_words, &p);
    if (c == NULL)
        return say_usage(ctl, &p);
    int n = 0;
    for (int i = 0; i < argc; i++)
        if (i < first || i >= first + n_words)
            words[n++] = argv[i];
    return run(ctl, c, n, words);
}

int main(int argc, char **argv)
{
    struct ctl ctl = {0};
    struct args none = {.n_set = 0};
    int n = argc > 0 ? argc - 1 : 0;
    const char **in = calloc((size_t)n + 1, sizeof *in);
    const char **words = calloc((size_t)n + 1, sizeof *words);
    int code = EX_OSERR;

    set_up(&ctl, &none);
    if (in != NULL && words != NULL) {
        for (int i = 0; i < n; i++)
            in[i] = argv[i + 1];
        if (n > 0 && strcmp(in[0], "--complete") == 0) {
            complete_line(stdout, ctl.zh, n - 1, in + 1);
            code = flush_all(&ctl, 0);
        } else {
            code = run_line(&ctl, n, in, words);
        }
    }
    free(in);
    free(words);
    return code;
}
