/* ask_password.h - a password from the terminal, unseen, or from a pipe. */
#ifndef DK_WEB_ASK_PASSWORD_H
#define DK_WEB_ASK_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/problem.h"

/* `twice`: on a terminal, to be sure.  DK_EFIELD: none came, it is too long, or
 * the two differ.
 */
int ask_password(const char *prompt, bool twice, char *out, size_t cap,
                 struct dk_problem *p);

#endif /* DK_WEB_ASK_PASSWORD_H */
