/* text.c - the words of the protocol, as people read them.
 *
 * Clients do not link core/, so the words stand here once more; a unit test
 * compares them with core's.
 */
#include "text.h"

#include <string.h>

/* clang-format off */
static const struct word words[] = {
    /* states */
    {"none", "无"}, {"submitted", "已提交"}, {"registered", "已登记"},
    {"transferred", "已转送"}, {"objected", "提出异议"},
    {"accepted", "已受理"}, {"suspended", "中止"}, {"answered", "已答复"},
    {"in_review", "复查中"}, {"reviewed", "已复查"},
    {"in_re_review", "复核中"}, {"ended", "终结"},
    {"not_accepted", "不予受理"}, {"discipline", "移送纪检监察"},
    {"withdrawn", "已撤回"}, {"closed", "已办结"},
    /* channels and kinds */
    {"online", "网上"}, {"letter", "来信"}, {"call", "来电"},
    {"visit", "来访"}, {"video", "视频"}, {"kiosk", "自助终端"},
    {"appeal", "申诉求决"}, {"suggestion", "建议意见"},
    {"accusation", "检举控告"},
    /* levels of an alert, states of a clock */
    {"reminder", "提醒"}, {"yellow", "黄色预警"}, {"red", "红色预警"},
    {"overdue", "超期"}, {"long_overdue", "长期超期"},
    {"running", "计时中"}, {"held", "暂停"}, {"stopped", "已停"},
    {"lapsed", "已过"},
    {"yes", "是"}, {"no", "否"},
    {NULL, NULL},
};

static const struct word event_words[] = {
    {"submitted", "提交"}, {"registered", "登记"}, {"assigned", "分派"},
    {"transferred", "转送"}, {"handed_over", "交办"},
    {"sent_to_discipline", "移送纪检监察"}, {"objected", "异议"},
    {"objection_upheld", "异议成立"}, {"objection_refused", "异议不成立"},
    {"accepted", "受理"}, {"not_accepted", "不予受理"},
    {"extended", "延期"}, {"suspended", "中止"}, {"resumed", "恢复"},
    {"reported", "回报"}, {"answered", "答复"}, {"review_asked", "申请复查"},
    {"reviewed", "复查意见"}, {"re_review_asked", "申请复核"},
    {"re_reviewed", "复核意见"}, {"closed", "办结"}, {"withdrawn", "撤回"},
    {"reopened", "重新受理"}, {"evaluated", "评价"}, {"urged", "督办"},
    {"urge_answered", "督办反馈"}, {"clock_set", "计时"},
    {"clock_fired", "到期"}, {"alert_raised", "警示"},
    {"alert_acked", "警示确认"},
    {NULL, NULL},
};
/* clang-format on */

static const char *find(const struct word *w, const char *wire)
{
    for (; w->wire != NULL; w++)
        if (strcmp(w->wire, wire) == 0)
            return w->zh;
    return wire;
}

const char *word_zh(const char *wire)
{
    return find(words, wire);
}

const char *event_zh(const char *wire)
{
    return find(event_words, wire);
}
