/* complete.h - what may come next on a command line, for shells that complete
 * it (docs/completion): from the tables that the line is read by.  Pure.
 */
#ifndef DK_CTL_COMPLETE_H
#define DK_CTL_COMPLETE_H

#include <stdio.h>

#include "ctl.h"

/* The words after `docketctl`, the last of them being typed (it may be "").
 * One line to `out` for each word that may stand in its place: the word, and
 * for a command, action or option a tab and what it does.  The line ":files"
 * means that it is the name of a file.  Numbers of cases, ids and keys are
 * never among them: they are other people's matters.
 */
void complete_line(FILE *out, bool zh, int argc, const char *const argv[]);

#endif /* DK_CTL_COMPLETE_H */
