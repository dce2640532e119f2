/* store_pg_lib.c - loads libpq. */
#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "store_pg_lib.h"

struct pg_lib pg_lib;

static int say_missing(struct dk_problem *p)
{
    const char *why = dlerror();

    return dk_failf(
        p, DK_EFIELD, NULL,
        "a store on PostgreSQL needs the library libpq: %.200s. "
        "Install it (Debian: apt install libpq5) and start again",
        "使用 PostgreSQL 存储需要 libpq 库：%.200s。请安装（Debian：apt "
        "install libpq5）后重新启动",
        why != NULL ? why : "?");
}

#define PG_LIB_CALL(name) {"PQ" #name, offsetof(struct pg_lib, name)},
static const struct {
    const char *name;
    size_t at; /* of its pointer in pg_lib */
} calls[] = {PG_LIB_CALLS(PG_LIB_CALL)};
#undef PG_LIB_CALL

int pg_lib_load(struct dk_problem *p)
{
    static bool loaded;
    void *lib = loaded ? NULL : dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);

    if (loaded)
        return DK_OK;
    if (lib == NULL)
        return say_missing(p);
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        void *found = dlsym(lib, calls[i].name);

        if (found == NULL)
            return say_missing(p); /* the library stays: it is of no harm */
        /* POSIX: it may be a function; C alone has no such cast. */
        memcpy((char *)&pg_lib + calls[i].at, &found, sizeof found);
    }
    loaded = true;
    return DK_OK;
}
