/* matter.c - what people hand in and what officers do, made up. */
#include <string.h>

#include "core/decide.h"
#include "disk.h"
#include "people.h"
#include "proto/caseno.h"
#include "proto/uuid.h"

struct dk_uuid matter_uuid(void)
{
    struct dk_uuid u;
    uint8_t rnd[10];

    for (size_t i = 0; i < sizeof(rnd); i++)
        rnd[i] = (uint8_t)sim_rand();
    dk_uuid_v7(&u, SIM_WALL0, rnd);
    return u;
}

static const char *one_of(const char *const list[], unsigned n)
{
    return list[sim_pick(n)];
}
#define ONE_OF(list) one_of(list, (unsigned)(sizeof(list) / sizeof((list)[0])))

/* The number of some case; false: there is none. */
static bool some_case(char no[DK_CASE_NO_MAX], int64_t *key)
{
    int64_t keys[CASES_MAX];
    int n = disk_cases(keys);

    if (n == 0)
        return false;
    *key = keys[sim_pick((unsigned)n)];
    dk_case_no_format(OFFICE_COUNTY, *key, no);
    return true;
}

void matter_submission(char *buf, size_t cap, const struct dk_uuid *id)
{
    static const char *const regions[] = {"青石镇", "河西镇", "南山镇",
                                          "青溪县白沙乡", "没有的镇"};
    static const char *const categories[] = {"劳动和社会保障/工资福利/工资发放",
                                             "城乡建设", "环境保护", "其他"};
    static const char *const more[] = {"",
                                       ",\"kind\":\"suggestion\"",
                                       ",\"kind\":\"accusation\"",
                                       ",\"needs\":[\"wages\"]",
                                       ",\"petitioners\":7",
                                       ",\"respondents\":[{\"unit\":\"rsj\"}]",
                                       ",\"confidential\":true"};
    char text[DK_UUID_TEXT], no[DK_CASE_NO_MAX], repeat[80] = "";
    int64_t key;

    /* One after the other: compilers differ in the order of arguments. */
    unsigned lamp = sim_pick(1000);
    const char *region = ONE_OF(regions);
    const char *category = ONE_OF(categories);
    const char *rest = ONE_OF(more);
    dk_uuid_format(id, text);
    if (sim_chance(150) && some_case(no, &key))
        (void)snprintf(repeat, sizeof(repeat), ",\"repeat_of\":\"%s\"", no);
    (void)snprintf(buf, cap,
                   "{\"submission_id\":\"%s\",\"channel\":\"kiosk\","
                   "\"subject\":\"路灯 %u\",\"facts\":\"坏了\","
                   "\"region\":\"%s\",\"category\":\"%s\",\"persons\":[{"
                   "\"name\":\"某人\",\"phone\":\"13800000000\"}]%s%s}",
                   text, lamp, region, category, rest, repeat);
}

/* Members beside the usual ones; NULL: none are needed. */
static const char *const plain[DK_ACT_N] = {
    [DK_ACT_ASSIGN] = "\"unit\":\"rsj\"",
    [DK_ACT_DISCIPLINE] = "\"body\":\"jwjw\"",
    [DK_ACT_OBJECT] = "\"grounds\":\"不属本单位\"",
    [DK_ACT_UPHOLD_OBJECTION] = "\"reason\":\"属实\"",
    [DK_ACT_REFUSE_OBJECTION] = "\"reason\":\"不成立\"",
    [DK_ACT_NOT_ACCEPT] = "\"ground\":\"已诉讼\",\"other_door\":\"法院\"",
    [DK_ACT_EXTEND] = "\"clock\":\"conclude\",\"days\":10,\"reason\":\"复杂\","
                      "\"approved_by\":\"o1\"",
    [DK_ACT_SUSPEND] = "\"ground\":\"appraisal\",\"reason\":\"鉴定\"",
    [DK_ACT_REPORT] = "\"text\":\"已核实\"",
    [DK_ACT_ANSWER] = "\"text\":\"已修复\",\"legal_basis\":\"条例\"",
    [DK_ACT_ASK_REVIEW] = "\"grounds\":\"不服\"",
    [DK_ACT_REVIEW] = "\"result\":\"changed\",\"text\":\"改变\"",
    [DK_ACT_ASK_RE_REVIEW] = "\"grounds\":\"不服\"",
    [DK_ACT_RE_REVIEW] = "\"result\":\"upheld\",\"text\":\"维持\"",
    [DK_ACT_REOPEN] = "\"facts\":\"又坏了\"",
    [DK_ACT_EVALUATE] = "\"handling\":5,\"result\":4",
    [DK_ACT_URGE] = "\"grounds\":\"逾期\",\"answer_days\":10",
    [DK_ACT_ANSWER_URGE] = "\"text\":\"即办\"",
    [DK_ACT_GIVE_NOTICE] = "\"way\":\"in_person\",\"number\":\"受-2\"",
    [DK_ACT_DELIVER] = "\"way\":\"public\"",
    [DK_ACT_INFORM] = "\"document\":\"other\",\"way\":\"post\"",
    [DK_ACT_SETTLE] = "\"manner\":\"agreed\",\"text\":\"和解\"",
    [DK_ACT_ADD_CO_HANDLER] = "\"unit\":\"rsj\"",
    [DK_ACT_REMOVE_CO_HANDLER] = "\"unit\":\"rsj\",\"reason\":\"x\"",
    [DK_ACT_GIVE_OPINION] = "\"unit\":\"rsj\",\"text\":\"x\"",
    [DK_ACT_PRIORITISE] = "\"need\":\"wages\",\"why\":\"年前\"",
};

static bool may(const struct dk_case *c, enum dk_action a)
{
    return (dk_action_who(a) & DK_BY_CLIENT) != 0 &&
           dk_fsm_next(c->state, dk_action_event(a)) >= 0;
}

static enum dk_action choose(const struct dk_case *c)
{
    enum dk_action a = DK_ACT_REPORT;

    for (int i = 0; i < 20; i++) {
        a = (enum dk_action)sim_pick(DK_ACT_N);
        bool out = a == DK_ACT_WITHDRAW || a == DK_ACT_DISCIPLINE ||
                   a == DK_ACT_NOT_ACCEPT || a == DK_ACT_SETTLE;
        if (may(c, a) && (!out || sim_chance(150)))
            break;
    }
    return a;
}

bool matter_act(char *buf, size_t cap, const struct dk_uuid *id)
{
    char text[DK_UUID_TEXT], no[DK_CASE_NO_MAX], to[DK_CASE_NO_MAX];
    char more[200] = "";
    int64_t key, other;

    if (!some_case(no, &key))
        return false;
    enum dk_action a = choose(disk_case(key));
    if (a == DK_ACT_LINK || a == DK_ACT_UNLINK) {
        (void)some_case(to, &other);
        (void)snprintf(more, sizeof(more),
                       ",\"relation\":\"%s\",\"to\":\"%s\"%s",
                       sim_pick(2) == 0 ? "repeat" : "group", to,
                       a == DK_ACT_UNLINK ? ",\"reason\":\"x\"" : "");
    } else if (plain[a] != NULL) {
        (void)snprintf(more, sizeof(more), ",%s", plain[a]);
    }
    dk_uuid_format(id, text);
    (void)snprintf(buf, cap,
                   "{\"command_id\":\"%s\",\"case_no\":\"%s\",\"action\":"
                   "\"%s\",\"actor\":\"officer:li\"%s}",
                   text, no, dk_action_name(a), more);
    return true;
}

bool matter_ack(char *buf, size_t cap)
{
    char no[DK_CASE_NO_MAX];
    int64_t key;

    if (!some_case(no, &key))
        return false;
    const struct dk_case *c = disk_case(key);
    if (c->n_alert == 0)
        return false;
    (void)snprintf(buf, cap,
                   "{\"alert_id\":\"%s.%u\",\"actor\":\"officer:li\"}", no,
                   c->alert[sim_pick((unsigned)c->n_alert)]);
    return true;
}
