/* dk_bug.h - what no input leads to. */
#ifndef DK_BUG_H
#define DK_BUG_H

/* True only if we or a library break our word: no test can take this branch,
 * and script/coverage does not ask for it.
 */
#define DK_BUG(condition) (condition)

#endif /* DK_BUG_H */
