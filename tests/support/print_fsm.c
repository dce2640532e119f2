/* print_fsm.c - print the part of proto/PROTOCOL.md between its fsm-table
 * marks.  From the root of the repository:
 *
 *     cc -I. tests/support/print_fsm.c core/fsm.c -o /tmp/print_fsm
 *     /tmp/print_fsm                     # only print it
 *     /tmp/print_fsm proto/PROTOCOL.md   # put it in its place
 */
#include <stdlib.h>
#include <string.h>

#include "fsm_table.h"

static char *read_all(const char *name)
{
    FILE *f = fopen(name, "rb");
    char *buf = NULL;
    size_t len = 0, cap = 0, n = 1;

    while (f != NULL && n > 0) {
        if (cap - len < 65536) {
            char *more = realloc(buf, cap = len + 131072);

            if (more == NULL)
                break;
            buf = more;
        }
        n = fread(buf + len, 1, cap - len - 1, f);
        len += n;
        buf[len] = '\0';
    }
    if (f != NULL)
        (void)fclose(f);
    return buf;
}

int main(int argc, char **argv)
{
    char *text, *begin, *end;
    FILE *f;

    if (argc < 2) {
        fsm_print(stdout);
        return 0;
    }
    text = read_all(argv[1]);
    begin = text != NULL ? strstr(text, FSM_MARK) : NULL;
    end = begin != NULL ? strstr(begin + 1, FSM_MARK) : NULL;
    f = end != NULL ? fopen(argv[1], "wb") : NULL;
    if (f == NULL) {
        fprintf(stderr, "%s: cannot be read or written, or lacks its two %s",
                argv[1], FSM_MARK);
        free(text);
        return 1;
    }
    (void)fwrite(text, 1, (size_t)(begin - text), f);
    fputs(FSM_MARK, f);
    fsm_print(f);
    fputs(end, f);
    free(text);
    return fclose(f) == 0 ? 0 : 1;
}
