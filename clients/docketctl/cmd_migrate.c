/* cmd_migrate.c - migrate: docketd reads and writes its own stores (docs/adr/
 * 0010, 0039).
 */
#include "ctl.h"
#include "spawn.h"

/* clang-format off */
const struct opt opts_migrate[] = {
    {.name = "name", .kind = OPT_TEXT, .arg = "NAME",
     .en = "of the broker, if several will use the database",
     .zh = "本服务的名称，多个服务共用该库时使用"},
    {.name = "back-out", .kind = OPT_FLAG,
     .en = "as it was before, if no docketd was started on the database yet",
     .zh = "撤回迁移（须尚无 docketd 使用该库）"},
    OPT_END,
};
/* clang-format on */

int cmd_migrate(struct ctl *ctl, const struct args *a)
{
    const char *argv[8];
    const char *name = args_get(a, "name");
    int n = 0;

    argv[n++] = "--migrate";
    argv[n++] = a->pos[0];
    argv[n++] = "--to";
    argv[n++] = a->pos[1];
    if (name != NULL) {
        argv[n++] = "--name";
        argv[n++] = name;
    }
    if (args_has(a, "back-out"))
        argv[n++] = "--back-out";
    argv[n] = NULL;
    return spawn_run(ctl, "docketd", argv);
}
