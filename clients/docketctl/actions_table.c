/* actions_table.c - what can be done in the life of a case.  A unit test holds
 * the table against core's.
 */
#include <stddef.h>

#include "actions.h"
#include "proto/dk_types.h"

static const char *const results[] = {"upheld", "changed", "revoked", NULL};
static const char *const ways[] = {"in_person", "post",   "electronic",
                                   "left",      "public", NULL};
static const char *const documents[] = {"transfer", "extension", "suspension",
                                        "other", NULL};
static const char *const manners[] = {"on_the_spot", "mediated", "agreed",
                                      NULL};
static const char *const hold_grounds[] = {"hearing", "appraisal",
                                           "force_majeure", NULL};
static const char *const urge_grounds[] = {"not_accepted",
                                           "not_concluded",
                                           "not_reported",
                                           "procedure",
                                           "not_carried_out",
                                           "falsification",
                                           NULL};
static const char *const relations[] = {"repeat", "group", NULL};
static const char *const needs[] = {"medical", "minor", "wages", "safety",
                                    NULL};

/* clang-format off */
#define TEXT(n)          {n, FIELD_TEXT, FIELD_MAY, 1, 32768, NULL}
#define TEXTR(n)         {n, FIELD_TEXT, FIELD_MUST, 1, 32768, NULL}
#define SHORT(n, max)    {n, FIELD_TEXT, FIELD_MAY, 1, max, NULL}
#define SHORTR(n, max)   {n, FIELD_TEXT, FIELD_MUST, 1, max, NULL}
#define ID(n)            {n, FIELD_ID, FIELD_MAY, 1, DK_ID_MAX, NULL}
#define IDR(n)           {n, FIELD_ID, FIELD_MUST, 1, DK_ID_MAX, NULL}
#define INT(n, a, b)     {n, FIELD_INT, FIELD_MAY, a, b, NULL}
#define INTR(n, a, b)    {n, FIELD_INT, FIELD_MUST, a, b, NULL}
#define ENUM(n, names)   {n, FIELD_ENUM, FIELD_MAY, 0, 0, names}
#define ENUMR(n, names)  {n, FIELD_ENUM, FIELD_MUST, 0, 0, names}
#define TIME(n)          {n, FIELD_TIME, FIELD_MAY, 1, 40, NULL}
#define TIMER(n)         {n, FIELD_TIME, FIELD_MUST, 1, 40, NULL}
#define CASER(n)         {n, FIELD_CASE, FIELD_MUST, 1, DK_CASE_NO_MAX - 1, NULL}
#define ACT(n, e, z, ...) .name = n, .en = e, .zh = z, .field = {__VA_ARGS__}

const struct action actions[] = {
    {ACT("register", "the office registers it", "登记", TEXT("note"))},
    {ACT("assign", "to a responsible unit", "分派到责任单位",
      IDR("unit"), {"candidates", FIELD_IDS, FIELD_MAY, 1, 100, NULL},
      ID("handler"), ID("rule"), SHORT("why", 1000)),
     .example = "unit=rsj candidates=rsj-he,rsj-jin why=按职责分派",
     .note_en = "Of the candidates the least loaded is chosen; a handler that "
                "is named is taken as it is.",
     .note_zh = "从候选人中选在办最少的一人；写明承办人的，按所写。"},
    {ACT("transfer", "sent to the unit", "转送责任单位",
      ID("unit"), TEXT("note"))},
    {ACT("hand_over", "handed over, with a report owed", "交办（须回报）",
      ID("unit"), INT("report_days", 1, 365), TEXT("note")),
     .example = "unit=rsj report_days=30"},
    {ACT("send_to_discipline", "to a discipline body", "移送纪检监察机关",
      IDR("body"), TEXT("note"))},
    {ACT("object", "the unit says it is not competent", "责任单位提出异议",
      TEXTR("grounds")),
     .example = "grounds=路段养护职责属交通运输局"},
    {ACT("uphold_objection", "the office agrees", "异议成立",
      TEXTR("reason"))},
    {ACT("refuse_objection", "the office does not agree", "异议不成立",
      TEXTR("reason"))},
    {ACT("accept", "the unit accepts it", "受理",
      TEXT("note"), SHORT("notice", 200), ENUM("way", ways)),
     .example = "notice=青信受〔2026〕1号 way=post",
     .note_en = "With notice or way the written notice is recorded as given. "
                "Accepting alone does not stop the limit for the notice: see "
                "give_notice.",
     .note_zh = "写明 notice 或 way 即同时登记书面告知。只登记受理并不停止"
                "告知期限，见 give_notice。"},
    {ACT("not_accept", "the unit does not accept it", "不予受理",
      TEXTR("ground"), TEXTR("other_door"), SHORT("notice", 200),
      ENUM("way", ways)),
     .example = "ground=属诉讼事项 other_door=向县人民法院起诉 "
                "notice=青信不受〔2026〕1号",
     .note_en = "other_door: where else the petitioner can go.",
     .note_zh = "other_door：告知信访人可以向哪里提出。"},
    {ACT("give_notice", "the written notice reaches the petitioner",
      "书面告知信访人（受理、不予受理告知书）",
      SHORT("number", 200), ENUMR("way", ways), TEXT("note")),
     .example = "way=post number=青信受〔2026〕1号",
     .note_en = "Of the latest acceptance or non-acceptance.",
     .note_zh = "指最近一次受理或不予受理的告知书。"},
    {ACT("inform", "the petitioner is told of a step", "告知信访人",
      ENUMR("document", documents), ENUMR("way", ways), TEXT("text")),
     .example = "document=extension way=post text=因需鉴定延期二十日"},
    {ACT("extend", "the limit is extended", "延期",
      INTR("days", 1, 365), TEXTR("reason"), IDR("approved_by"), ID("clock"),
      ENUM("informed", ways)),
     .example = "days=20 reason=案情复杂 approved_by=rsj-ju informed=post",
     .note_en = "clock: conclude if not said. With informed the petitioner "
                "was told at once, that way.",
     .note_zh = "clock 默认为 conclude。写明 informed 即同时登记已告知信访人。"},
    {ACT("suspend", "the work is suspended", "中止办理",
      TEXTR("reason"), ENUM("ground", hold_grounds)),
     .example = "ground=hearing reason=举行听证",
     .note_en = "ground: hearing if not said. In review and re-review too.",
     .note_zh = "ground 默认为 hearing（听证）。复查、复核中也可中止。"},
    {ACT("resume", "and goes on", "恢复办理", TEXT("note"))},
    {ACT("report", "the unit reports back", "回报办理情况", TEXTR("text"))},
    {ACT("add_co_handler", "one more unit works on it", "增加会办单位",
      IDR("unit"), ID("handler"), SHORT("why", 1000)),
     .example = "unit=jtj why=涉及道路养护"},
    {ACT("remove_co_handler", "a co-handler leaves", "撤销会办单位",
      IDR("unit"), TEXTR("reason"))},
    {ACT("give_opinion", "a co-handler gives its opinion", "会办意见",
      IDR("unit"), TEXTR("text")),
     .example = "unit=jtj text=@opinion.txt"},
    {ACT("answer", "the unit gives its written answer", "答复（处理意见）",
      TEXTR("text"), {"legal_basis", FIELD_TEXT, FIELD_MOSTLY, 1, 32768, NULL},
      TEXT("explanation"), ID("unit"), ENUM("delivered", ways)),
     .example = "text=@answer.txt legal_basis=《…条例》第十二条 delivered=post",
     .note_en = "legal_basis may be left out of an answer to a suggestion and "
                "of imported history. unit: which of several units answers. "
                "The petitioner's time for review starts on delivery: with "
                "delivered at once, else on deliver.",
     .note_zh = "答复建议意见和导入历史时可不写 legal_basis。unit：由哪个单位"
                "答复。申请复查期自送达起算：写明 delivered 即同时登记送达，"
                "否则见 deliver。"},
    {ACT("settle", "settled on the spot or by agreement", "当场化解、调解和解",
      ENUMR("manner", manners), TEXTR("text"), TIME("fulfil_by")),
     .example = "manner=mediated text=@agreement.txt fulfil_by=2026-07-01"},
    {ACT("deliver", "answer or opinion reaches the petitioner",
      "送达处理意见书、复查复核意见书",
      ENUMR("way", ways), TEXT("note")),
     .example = "way=in_person"},
    {ACT("ask_review", "the petitioner asks for review", "申请复查",
      TEXTR("grounds"))},
    {ACT("review", "the review body decides", "复查意见",
      ENUMR("result", results), TEXTR("text"), ENUM("delivered", ways)),
     .example = "result=changed text=@review.txt delivered=post"},
    {ACT("ask_re_review", "the petitioner asks for re-review", "申请复核",
      TEXTR("grounds"))},
    {ACT("re_review", "the re-review body decides", "复核意见",
      ENUMR("result", results), TEXTR("text"), ENUM("delivered", ways)),
     .example = "result=upheld text=@re-review.txt delivered=post"},
    {ACT("close", "the matter is closed", "办结", TEXT("reason")),
     .note_en = "Refused while the petitioner's time to ask for review runs, "
                "unless --actor is petitioner:.",
     .note_zh = "申请复查、复核期内不能办结，信访人本人提出的除外。"},
    {ACT("withdraw", "the petitioner withdraws it", "撤回",
      {"document", FIELD_TEXT, FIELD_MOSTLY, 1, 200, NULL}, TEXT("reason")),
     .example = "document=撤回申请2026-7 reason=问题已解决",
     .note_en = "document: number of the petitioner's signed request; not "
                "needed when --actor is petitioner: or import:.",
     .note_zh = "document：信访人签名的撤回申请书编号；由 petitioner: 或 "
                "import: 提出时可不写。"},
    {ACT("reopen", "on new facts", "因新事实重新受理", TEXTR("facts"))},
    {ACT("evaluate", "the petitioner's judgement", "信访人评价",
      INTR("handling", 1, 5), INTR("result", 1, 5), TEXT("note")),
     .example = "handling=5 result=4"},
    {ACT("urge", "the office urges the unit", "督办",
      TEXTR("grounds"), ENUM("ground", urge_grounds),
      INT("answer_days", 1, 90)),
     .example = "ground=not_concluded grounds=期满未答复 answer_days=5"},
    {ACT("answer_urge", "the unit answers that", "督办反馈", TEXTR("text"))},
    {ACT("link", "it belongs to an earlier case", "关联到前案",
      ENUMR("relation", relations), CASER("to")),
     .example = "relation=repeat to=330699-20260506-000001-6",
     .note_en = "repeat: the same matter again from the same person. group: "
                "the same matter from many; each keeps its rights and limits.",
     .note_zh = "repeat：同一人就同一事项再次提出。group：多人反映同一事项，"
                "各案权利与期限不变。"},
    {ACT("unlink", "it does not", "解除关联",
      ENUMR("relation", relations), CASER("to"), TEXTR("reason"))},
    {ACT("prioritise", "it cannot wait like others", "列为急办",
      ENUMR("need", needs), SHORTR("why", 1000), ID("rule")),
     .example = "need=medical why=透析费用中断"},
    {ACT("mute", "no more alerts of a limit for a time", "暂停催报",
      IDR("clock"), TIMER("until"), TEXTR("reason")),
     .example = "clock=conclude until=2026-06-20 reason=已列入下周会议",
     .note_en = "Only by an officer, only of a limit that has passed, and for "
                "at most 30 days; who mutes, why and until when stays "
                "recorded.",
     .note_zh = "仅限工作人员对已超期的期限设置，最长30日；由谁、为何、到何时"
                "均有记录。"},
    {ACT("relay", "what another docket has of it", "平台流转",
      CASER("there"), IDR("event"), TEXT("text")),
     .example = "there=330600-20260506-000001-3 event=submitted",
     .note_en = "event: what happened there. submitted says that the case has "
                "arrived there under this number. docket-relay does this by "
                "itself.",
     .note_zh = "event：对方平台上发生的事件；submitted 表示本案已到达对方平台，"
                "编号如所写。通常由 docket-relay 自动登记。"},
    {.name = NULL},
};
/* clang-format on */
