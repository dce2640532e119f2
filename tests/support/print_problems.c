/* print_problems.c - print the part of proto/PROTOCOL.md between its
 * problems-table marks.
 *
 *     cc -I. tests/support/print_problems.c proto/[!c]*.c -lcjson -o /tmp/p
 */
#include "tests/support/problem_table.h"

int main(void)
{
    problems_print(stdout);
    return 0;
}
