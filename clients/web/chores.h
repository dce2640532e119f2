/* chores.h - one thread for what would hold up the loop: making a key of a
 * password, putting a bulletin together.
 */
#ifndef DK_WEB_CHORES_H
#define DK_WEB_CHORES_H

#include <stdbool.h>

struct event_base;
struct chores;

struct chore {
    void (*run)(struct chore *c);  /* in the thread; touches only the chore */
    void (*done)(struct chore *c); /* in the loop; frees the chore */
    struct chore *next;            /* the module's own */
};

/* At most `most` wait.  NULL: no memory or no thread. */
struct chores *chores_open(struct event_base *base, int most);

/* False: too many wait; the chore is still the caller's. */
bool chores_add(struct chores *s, struct chore *c);

/* What was added is run to its end, and done() is called of each. */
void chores_close(struct chores *s); /* NULL is allowed */

#endif /* DK_WEB_CHORES_H */
