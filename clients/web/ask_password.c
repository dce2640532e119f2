#include "ask_password.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* One line, byte by byte: what follows is for who asks next. */
static int read_line(char *out, size_t cap, struct dk_problem *p)
{
    size_t n = 0;
    char c = '\0';

    while (read(STDIN_FILENO, &c, 1) == 1 && c != '\n') {
        if (n + 1 >= cap)
            return dk_fail(p, DK_EFIELD, NULL, "this password is too long",
                           "密码过长");
        out[n++] = c;
    }
    if (n > 0 && out[n - 1] == '\r')
        n--;
    out[n] = '\0';
    if (n == 0)
        return dk_fail(p, DK_EFIELD, NULL,
                       "no password came; type it, give it as a line on "
                       "standard input, or use --random",
                       "没有收到密码；请输入，或由标准输入给出一行，或用 "
                       "--random");
    return 0;
}

static int ask_unseen(const char *prompt, char *out, size_t cap,
                      struct dk_problem *p)
{
    struct termios before, unseen;
    int rc;

    if (tcgetattr(STDIN_FILENO, &before) != 0)
        return read_line(out, cap, p);
    unseen = before;
    unseen.c_lflag &= ~(tcflag_t)ECHO;
    fprintf(stderr, "%s: ", prompt);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &unseen);
    rc = read_line(out, cap, p);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    fputc('\n', stderr);
    return rc;
}

int ask_password(const char *prompt, bool twice, char *out, size_t cap,
                 struct dk_problem *p)
{
    char again[256] = "";
    int rc;

    if (isatty(STDIN_FILENO) == 0)
        return read_line(out, cap, p);
    rc = ask_unseen(prompt, out, cap, p);
    if (rc != 0 || !twice)
        return rc;
    rc = ask_unseen("once more 再次输入", again, sizeof(again), p);
    if (rc == 0 && strcmp(out, again) != 0)
        rc = dk_fail(p, DK_EFIELD, NULL, "the two differ", "两次输入不一致");
    sodium_memzero(again, sizeof(again));
    return rc;
}
