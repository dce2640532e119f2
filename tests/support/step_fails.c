/* step_fails.c - preloaded into docketd by a test: the n-th step of an SQLite
 * statement fails, n and the code as $DK_STEP_FAILS says them, "n code".  With
 * $DK_STEPS the number of steps is written to that file at the end.
 */
#include <dlfcn.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static long steps, at;
static int code;

__attribute__((constructor)) static void begin(void)
{
    const char *told = getenv("DK_STEP_FAILS");

    if (told != NULL && sscanf(told, "%ld %d", &at, &code) != 2)
        abort();
}

__attribute__((destructor)) static void end(void)
{
    const char *path = getenv("DK_STEPS");
    FILE *file = path != NULL ? fopen(path, "w") : NULL;

    if (file == NULL)
        return;
    fprintf(file, "%ld\n", steps);
    fclose(file);
}

int sqlite3_step(sqlite3_stmt *q)
{
    static int (*next)(sqlite3_stmt * q);

    if (next == NULL) {
        void *found = dlsym(RTLD_NEXT, "sqlite3_step");
        memcpy(&next, &found, sizeof next);
    }
    return ++steps == at ? code : next(q);
}
