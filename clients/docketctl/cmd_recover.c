/* cmd_recover.c - recover: docketd reads its own file (docs/adr/0010, 0013). */
#include "ctl.h"
#include "spawn.h"

/* clang-format off */
const struct opt opts_recover[] = {
    {.name = "out", .kind = OPT_TEXT, .arg = "NEW",
     .en = "the new database; nothing is there yet (required)",
     .zh = "新数据库文件，须尚不存在（必填）"},
    {.name = "county", .kind = OPT_TEXT, .arg = "NNNNNN",
     .en = "six digits, if the file does not tell any more",
     .zh = "区划代码，文件中已读不出时使用"},
    OPT_END,
};
/* clang-format on */

int cmd_recover(struct ctl *ctl, const struct args *a)
{
    const char *argv[8];
    const char *out = args_get(a, "out"), *county = args_get(a, "county");
    struct dk_problem p = {0};
    int n = 0;

    if (out == NULL) {
        (void)dk_fail(&p, DK_EFIELD, NULL,
                      "name the new database with --out NEW",
                      "请用 --out 指定新数据库文件");
        return say_usage(ctl, &p);
    }
    argv[n++] = "--recover";
    argv[n++] = a->pos[0];
    argv[n++] = "--out";
    argv[n++] = out;
    if (county != NULL) {
        argv[n++] = "--county";
        argv[n++] = county;
    }
    argv[n] = NULL;
    return spawn_run(ctl, "docketd", argv);
}
