// What an officer can do with a case: the actions of the protocol, in which states
// each may happen, who may, what it needs, and what the law wants of it. The
// broker decides; this only spares people what it would refuse. Pure.
import { t } from "./words.js";

const OWED = ["submitted", "registered", "transferred", "objected", "accepted", "suspended",
  "in_review", "in_re_review", "review_suspended", "re_review_suspended"];
const REVIEW = ["in_review", "in_re_review", "review_suspended", "re_review_suspended"];
const HANDLED = ["transferred", "accepted", "suspended"];
const AFTER = ["answered", "reviewed", "ended", "closed", "settled"];
const UNREPORTED = ["discipline", "withdrawn"];
export const STATES = [...OWED, ...AFTER, "not_accepted", ...UNREPORTED];

// ---- fields ----

const text = (name, label, more = {}) => ({ name, kind: "text", label, max: 200, ...more });
const long = (name, label, more = {}) => ({ name, kind: "long", label, max: 32768, ...more });
const must = { required: true };
const note = () => long("note", t("备注", "Note"), { rows: 2 });
const reason = (hint) => long("reason", t("理由", "Reason"), { ...must, hint, rows: 3 });
const way = (name, label, more = {}) => ({ name, kind: "group", group: "way", label, ...more });
const unitField = (label, more = {}) => ({ name: "unit", kind: "unit", label: label ?? t("单位", "Unit"), ...more });
const days = (name, label, max, more = {}) => ({ name, kind: "days", label, max, ...more });
const when = (name, label, more = {}) => ({ name, kind: "day", label, ...more });
const caseNo = () => ({ name: "to", kind: "case", label: t("较早的案件编号", "Number of the earlier case"), ...must });

// ---- actions ----
// key: one press; first: the states in which it is the usual next step;
// who: "office" (a supervisor), "beside" (also a co-handler), else the unit's
// handler or the office. `fields` and texts are functions: languages change.

export const ACTIONS = {
  register: { key: "d", who: "office", states: ["submitted"], first: ["submitted"],
    label: () => t("登记", "Register"), fields: () => [note()],
    law: () => t("第二十二条：收到即登记，不得拒绝。", "Art. 22: whatever is handed in is registered.") },
  assign: { key: "f", who: "office", first: ["registered"],
    states: [...OWED], label: () => t("分派", "Assign"),
    fields: () => [unitField(null, must), { name: "handler", kind: "officer", label: t("承办人", "Handler") },
      text("why", t("原因", "Why"), { max: 300 })],
    law: () => t("被反映的单位和人员不得办理（第三十条）。", "Never to whom the case is about (Art. 30).") },
  transfer: { key: "z", who: "office", states: ["registered", "transferred"], first: ["registered"],
    label: () => t("转送", "Transfer"), fields: () => [unitField(t("转送给（不选：按分派）", "To (none: as assigned)")), note()],
    law: () => t("第二十二条：自收到之日起十五日内转送。", "Art. 22: within 15 days of receipt.") },
  hand_over: { key: "j", who: "office", states: ["registered", "transferred"], first: ["registered"],
    label: () => t("交办", "Hand over"),
    fields: () => [unitField(t("交办给（不选：按分派）", "To (none: as assigned)")),
      days("report_days", t("多少日内回报", "Report within (days)"), 365), note()],
    law: () => t("第二十二条：交办的，责任单位须按期回报。", "Art. 22: what is handed over is reported back by a day.") },
  send_to_discipline: { key: "x", who: "office", states: ["submitted", "registered"],
    label: () => t("移送纪检监察", "Send to a discipline body"),
    fields: () => [{ ...unitField(t("纪检监察机关", "Discipline body"), must), name: "body" }, note()],
    law: () => t("第三十条：材料不得转给被反映的单位和人员。", "Art. 30: nothing goes to whom the matter is about.") },
  object: { key: "y", states: ["transferred"], label: () => t("提出异议", "Object"),
    fields: () => [long("grounds", t("异议理由", "Grounds"), must)],
    law: () => t("第二十三条：自收到之日起五个工作日内，并详述理由。", "Art. 23: within 5 working days of receipt, with detailed grounds.") },
  uphold_objection: { key: "y", who: "office", states: ["objected"], first: ["objected"],
    label: () => t("异议成立", "Uphold the objection"), fields: () => [reason()] },
  refuse_objection: { key: "n", who: "office", states: ["objected"], first: ["objected"],
    label: () => t("异议不成立", "Refuse the objection"), fields: () => [reason()] },
  accept: { key: "s", states: ["transferred"], first: ["transferred"], label: () => t("受理", "Accept"),
    fields: () => [text("notice", t("受理告知书文号", "Number of the notice of acceptance"),
      { hint: t("填写文号或送达方式即同时记录书面告知。", "With a number or a way the written notice is recorded too.") }),
    way("way", t("告知书送达方式", "How the notice is delivered")), note()],
    law: () => t("第二十三条：自收到之日起十五日内决定并书面告知；期限到书面告知为止。",
      "Art. 23: decided within 15 days of receipt, and told in writing: the limit stops on the notice.") },
  not_accept: { key: "b", states: ["transferred"], label: () => t("不予受理", "Do not accept"), kind: "warn",
    fields: () => [long("ground", t("不予受理的理由", "Ground"), { ...must, rows: 3 }),
      text("other_door", t("应当通过的途径", "The way that is open instead"), { ...must, max: 2000,
        hint: t("如：人民法院、仲裁、行政复议机关", "a court, arbitration, administrative review, say") }),
      text("notice", t("不予受理告知书文号", "Number of the notice")), way("way", t("告知书送达方式", "How it is delivered"))],
    law: () => t("第二十三条：书面告知理由和其他途径；信访人可以申请复查。",
      "Art. 23: in writing, with the ground and the way that is open; the petitioner may ask for review.") },
  give_notice: { key: "g", states: ["accepted", "suspended", "answered", "not_accepted", "settled"],
    label: () => t("书面告知", "Give notice"),
    fields: () => [way("way", t("送达方式", "How"), must), text("number", t("文号", "Number")), note()],
    law: () => t("第二十三条：十五日内书面告知是否受理。", "Art. 23: in writing, within 15 days.") },
  inform: { key: "i", states: STATES, label: () => t("告知信访人", "Inform the petitioner"),
    fields: () => [{ name: "document", kind: "group", group: "document", label: t("文书", "Document"), ...must,
      only: ["transfer", "extension", "suspension", "other"] },
    way("way", t("方式", "How"), must), long("text", t("内容", "Text"), { rows: 3 })] },
  extend: { key: "e", states: ["accepted"], label: () => t("延期", "Extend"),
    fields: () => [days("days", t("延长天数", "Days"), 30, { ...must, initial: 30 }), reason(t("情况复杂的具体说明", "what makes it complex")),
      { name: "approved_by", kind: "officer", label: t("批准的单位负责人", "Approved by (head of the unit)"), ...must },
      way("informed", t("已告知信访人的方式", "How the petitioner was told"))],
    law: () => t("第三十四条：情况复杂，经单位负责人批准，限前提出，一次，不超过三十日，并告知信访人理由。",
      "Art. 34: complex matters only; approved by the head, before the limit, once, at most 30 days, and the petitioner is told why.") },
  suspend: { key: "p", states: ["accepted", "in_review", "in_re_review"], label: () => t("中止", "Suspend"),
    fields: () => [{ name: "ground", kind: "group", group: "suspend_ground", label: t("事由", "Ground"), ...must, initial: "hearing" }, reason()],
    law: () => t("第三十一条、第三十六条：听证时间不计入期限。", "Arts. 31, 36: the time of a hearing is not counted.") },
  resume: { key: "p", states: ["suspended", "review_suspended", "re_review_suspended"],
    first: ["suspended", "review_suspended", "re_review_suspended"],
    label: () => t("恢复", "Resume"), fields: () => [note()] },
  report: { key: "h", states: ["transferred", "accepted", "suspended", "answered", "settled"],
    label: () => t("回报", "Report"), fields: () => [long("text", t("回报内容", "Report"), { ...must, draft: "report" })],
    law: () => t("第二十二条：交办事项按期向信访部门回报。", "Art. 22: what was handed over is reported back in time.") },
  answer: { key: "a", states: ["accepted"], first: ["accepted"], label: () => t("答复", "Answer"),
    fields: () => [long("text", t("处理意见", "The answer"), { ...must, rows: 12, draft: "answer" }),
      text("legal_basis", t("依据的法律、法规、规章", "The law it rests on"), { needed: (file) => file.kind !== "suggestion", max: 2000,
        hint: t("建议意见可不填", "not for a suggestion") }),
      long("explanation", t("依据说明", "Explanation"), { rows: 3 }),
      way("delivered", t("送达方式（已送达时）", "Delivered (if it was)"))],
    law: () => t("第三十二条、第三十四条：自受理之日起六十日内书面答复，载明诉求、事实、依据和复查途径。",
      "Arts. 32, 34: in writing within 60 days of acceptance: the request, the facts, the law, and the way to a review.") },
  settle: { key: "t", states: ["registered", ...HANDLED, ...REVIEW], label: () => t("化解", "Settle"),
    fields: () => [{ name: "manner", kind: "group", group: "manner", label: t("方式", "Manner"), ...must },
      long("text", t("达成的内容", "What was agreed"), { ...must, draft: "settle" }), when("fulfil_by", t("履行期限（当日止）", "To be kept by (that day included)"))],
    law: () => t("第三十三条：可以调解、和解；协议内容和履行期限记录在案。", "Art. 33: mediation and agreement; what was agreed, and by when, is kept.") },
  deliver: { key: "l", states: AFTER, first: [], label: () => t("送达", "Deliver"),
    fields: () => [way("way", t("送达方式", "How"), must), note()],
    law: () => t("第三十五条：申请复查的三十日自收到之日起算。", "Art. 35: the 30 days for review begin with the receipt.") },
  ask_review: { key: "q", who: "office", states: ["answered", "not_accepted", "closed"], label: () => t("记录复查申请", "Review asked"),
    fields: () => [long("grounds", t("申请理由", "Grounds"), must)],
    law: () => t("第三十五条：自收到书面答复之日起三十日内。", "Art. 35: within 30 days of the written answer.") },
  ask_re_review: { key: "c", who: "office", states: ["reviewed", "closed"], label: () => t("记录复核申请", "Re-review asked"),
    fields: () => [long("grounds", t("申请理由", "Grounds"), must)],
    law: () => t("第三十六条：自收到复查意见之日起三十日内。", "Art. 36: within 30 days of the review opinion.") },
  review: { key: "w", states: ["in_review"], first: ["in_review"], label: () => t("复查意见", "Review opinion"), fields: opinion,
    law: () => t("第三十五条：自收到复查请求之日起三十日内。", "Art. 35: within 30 days of the request.") },
  re_review: { key: "w", states: ["in_re_review"], first: ["in_re_review"], label: () => t("复核意见", "Re-review opinion"), fields: opinion,
    law: () => t("第三十六条：三十日内；复核意见即为终结。", "Art. 36: within 30 days; it is the end.") },
  close: { key: "k", states: ["answered", "reviewed", "settled"], label: () => t("办结", "Close"),
    fields: () => [long("reason", t("理由", "Reason"), { rows: 2 })],
    law: () => t("信访人申请复查、复核的期限内不能办结。", "Not while the petitioner may still ask for review.") },
  withdraw: { key: "m", who: "office", states: [...OWED, "answered", "reviewed"], label: () => t("记录撤回", "Withdrawn"), kind: "warn",
    fields: () => [text("document", t("信访人签名的撤回申请书编号", "Number of the petitioner's signed request"), must),
      long("reason", t("理由", "Reason"), { rows: 2 })] },
  reopen: { key: "r", who: "office", states: [...AFTER, "not_accepted", ...UNREPORTED], label: () => t("重新受理", "Reopen"),
    fields: () => [long("facts", t("新的事实", "New facts"), must)] },
  evaluate: { key: "o", who: "office", states: AFTER, label: () => t("记录评价", "Evaluation"),
    fields: () => [{ name: "handling", kind: "stars", label: t("对办理的评价", "The handling"), ...must },
      { name: "result", kind: "stars", label: t("对结果的评价", "The result"), ...must }, note()] },
  urge: { key: "u", who: "office", states: ["transferred", "objected", "accepted", "suspended", ...REVIEW, ...AFTER],
    label: () => t("督办", "Urge"),
    fields: () => [{ name: "ground", kind: "group", group: "urge_ground", label: t("情形", "Ground"), ...must },
      long("grounds", t("具体理由", "Reasons"), { ...must, rows: 3, draft: "urge" }), days("answer_days", t("多少日内反馈", "Answer within (days)"), 90, { initial: 10 })],
    law: () => t("第三十九条、第四十条。", "Arts. 39, 40.") },
  answer_urge: { key: "v", states: ["transferred", "objected", "accepted", "suspended", ...REVIEW, ...AFTER],
    when: (file) => (file.clocks ?? []).some((c) => c.clock === "urge-answer" && c.state !== "stopped"),
    label: () => t("督办反馈", "Answer the urging"), fields: () => [long("text", t("反馈内容", "Answer"), must)] },
  add_co_handler: { states: HANDLED, label: () => t("增加会办单位", "Add a co-handler"),
    fields: () => [unitField(null, must), text("why", t("原因", "Why"), { max: 300 })],
    law: () => t("第二十四条：涉及几个单位的，协商办理，由一个单位答复。", "Art. 24: where it concerns several; one of them answers.") },
  remove_co_handler: { who: "office", states: HANDLED, when: (file) => (file.co_handlers ?? []).length > 0,
    label: () => t("撤销会办单位", "Remove a co-handler"), fields: () => [unitField(null, { ...must, of: "co" }), reason()] },
  give_opinion: { who: "beside", states: HANDLED, when: (file) => (file.co_handlers ?? []).length > 0,
    label: () => t("会办意见", "Co-handler's opinion"),
    fields: () => [unitField(null, { ...must, of: "co" }), long("text", t("意见", "Opinion"), must)] },
  prioritise: { who: "office", states: [...OWED], label: () => t("列为急办", "Put first"),
    fields: () => [{ name: "need", kind: "group", group: "need", label: t("情形", "Need"), ...must }, text("why", t("原因", "Why"), { ...must, max: 300 })],
    law: () => t("人数、渠道和次数不是理由。", "How many they are, how they came and how often is no reason.") },
  mute: { who: "office", states: STATES.filter((state) => !UNREPORTED.includes(state)),
    when: (file) => (file.clocks ?? []).some((c) => c.on_due === "overdue" && c.state === "running"),
    label: () => t("暂停催报", "Mute alerts"),
    fields: () => [{ name: "clock", kind: "clock", label: t("期限", "Limit"), ...must }, when("until", t("至（当日止，最多三十日）", "Until (that day included, at most 30 days)"), must), reason()],
    law: () => t("期限届满本身照常警示。", "The end of a limit is told all the same.") },
  link: { who: "office", states: STATES, label: () => t("关联案件", "Link"),
    fields: () => [{ name: "relation", kind: "group", group: "relation", label: t("关系", "Relation"), ...must }, caseNo()] },
  unlink: { who: "office", states: STATES, when: (file) => Boolean(file.repeat_of || file.group), label: () => t("解除关联", "Undo a link"),
    fields: () => [{ name: "relation", kind: "group", group: "relation", label: t("关系", "Relation"), ...must }, caseNo(), reason()] },
};

function opinion() {
  return [{ name: "result", kind: "group", group: "result", label: t("结果", "Result"), ...must },
    long("text", t("意见", "Opinion"), { ...must, rows: 8, draft: "review" }), way("delivered", t("送达方式（已送达时）", "Delivered (if it was)"))];
}

// What a trace of a thing is called: the events that keep an officer's action from
// nothing. Bookkeeping of the services changes nothing that an officer decided by.
export const BOOKKEEPING = ["clock_set", "clock_fired", "alert_raised", "alert_acked", "person_read"];

// Those that this officer may do with a case as it stands, the usual next first.
export function offered(file, who) {
  const roles = who.roles ?? [];
  const office = roles.includes("supervisor") || roles.includes("administrator");
  const charge = roles.includes("handler") && file.unit === who.unit;
  const beside = roles.includes("handler") && (file.co_handlers ?? []).some((co) => (co.unit ?? co) === who.unit);
  return Object.entries(ACTIONS).filter(([, a]) => a.states.includes(file.state) && (a.when?.(file) ?? true) &&
    (office || (a.who === "office" ? false : charge || (a.who === "beside" && beside))))
    .map(([name, a]) => ({ name, ...a, usual: (a.first ?? []).includes(file.state) }))
    .sort((a, b) => b.usual - a.usual);
}
