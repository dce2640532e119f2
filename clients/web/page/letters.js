// The papers of the law, in Chinese as the law has them: which event each is of,
// what it says, and the drafts of texts that officers write. Pure.
import { article, clock as clockName, unit as unitName, word } from "./names.js";
import { dateText, dayOf, lastDay, timeText } from "./time.js";
import { now, session } from "./api.js";

const offset = () => session.utc_offset ?? 480;
// "2026年5月3日"
export const day = (at) => {
  const [y, m, d] = dateText(dayOf(Date.parse(at), offset())).split("-").map(Number);
  return `${y}年${m}月${d}日`;
};
const ZH = "zh-CN";
const zh = (group, name) => word(group, name, ZH);
const unit = (id) => unitName(id, ZH);
const clock = (id) => clockName(id, ZH);
const window_of = (file, id) => {
  const found = (file.clocks ?? []).find((c) => c.clock === id);
  return found ? `（截至 ${dateText(lastDay(found.due_at, offset()))}）` : "";
};
const about = (file) => `你于${day(file.submitted_at)}提出的“${file.subject}”信访事项（编号 ${file.case_no}）`;
const review = (file) => `如不服本意见，你可以自收到之日起三十日内，向作出本意见机关的上一级机关申请复查${window_of(file, "review-window")}。`;

const paper = (document, of, body) => ({ document, of, body, title: (lang) => word("document", document, lang) });
const is = (type, more = () => true) => (event) => event.type === type && more(event.body ?? {});

// Each: which event it is of, and its paragraphs for the petitioner (or a unit).
export const letters = [
  paper("transfer", is("transferred"), (file, b) => ({ to: unit(b.unit ?? file.unit),
    text: [`现将“${file.subject}”信访事项（编号 ${file.case_no}）转送你单位。请自收到之日起十五日内决定是否受理，并书面告知信访人；不属于你单位职权范围的，请自收到之日起五个工作日内提出异议并详述理由。`, b.note] })),
  paper("hand_over", is("handed_over"), (file, b) => ({ to: unit(b.unit ?? file.unit),
    text: [`现将“${file.subject}”信访事项（编号 ${file.case_no}）交办你单位办理。请依法受理、按期办结，并于${b.report_days ? `${b.report_days}日内` : "规定期限内"}将办理结果回报本局。`, b.note] })),
  paper("acceptance", is("notice_given", (b) => b.document === "acceptance"), (file, b) => ({ number: b.number, petitioner: true,
    text: [`${about(file)}，经审查属于本机关职权范围，现决定予以受理。`, "本机关将自受理之日起六十日内办结；情况复杂需要延长的，将另行告知。你可凭案件编号和查询码查询办理情况。", b.note] })),
  paper("non_acceptance", is("notice_given", (b) => b.document === "non_acceptance"), (file, b, events) => {
    const refused = [...events].reverse().find((event) => event.type === "not_accepted")?.body ?? {};
    return { number: b.number, petitioner: true, text: [`${about(file)}，经审查，决定不予受理。`,
      `理由：${refused.ground ?? ""}`, `你可以通过以下途径提出：${refused.other_door ?? ""}。`, review(file), b.note] };
  }),
  paper("extension", is("extended"), (file, b) => ({ petitioner: true,
    text: [`${about(file)}，因情况复杂，经本单位负责人批准，办理期限延长${b.days}日。`, `理由：${b.reason ?? ""}`, `延长后的期限：${window_of(file, b.clock ?? "conclude") || "见办理系统"}。`] })),
  paper("suspension", is("suspended"), (file, b, events, event) => ({ petitioner: true,
    text: [`${about(file)}，因${zh("suspend_ground", b.ground ?? "hearing")}，自${day(event.at)}起中止办理，该期间不计入办理期限。`, `理由：${b.reason ?? ""}`] })),
  paper("answer", is("answered"), (file, b) => ({ petitioner: true, text: [`${about(file)}，现答复如下：`, b.text,
    b.legal_basis && `依据：${b.legal_basis}`, b.explanation, review(file)] })),
  paper("settlement", is("settled"), (file, b) => ({ petitioner: true, parties: true,
    text: [`关于“${file.subject}”信访事项（编号 ${file.case_no}），经${zh("manner", b.manner)}，达成以下内容：`, b.text,
      b.fulfil_by && `履行期限：${timeText(b.fulfil_by, offset())} 前。`] })),
  paper("review", is("reviewed"), (file, b) => ({ petitioner: true,
    text: [`${about(file)}，你申请复查。经复查，决定${zh("result", b.result)}原处理意见。`, b.text,
      `如不服本意见，你可以自收到之日起三十日内，向复查机关的上一级机关申请复核${window_of(file, "re-review-window")}。`] })),
  paper("re_review", is("re_reviewed"), (file, b) => ({ petitioner: true,
    text: [`${about(file)}，你申请复核。经复核，决定${zh("result", b.result)}复查意见。`, b.text, "本意见为信访事项终结意见。"] })),
  paper("urge", is("urged"), (file, b) => ({ to: unit(file.unit),
    text: [`“${file.subject}”信访事项（编号 ${file.case_no}）办理中，你单位存在“${zh("urge_ground", b.ground)}”情形。`, b.grounds,
      `请依照《信访工作条例》的规定予以改正，并于${b.answer_days ?? 10}日内将改正情况书面反馈。`] })),
];

// What an officer begins with; each bracket is to be filled in.
export const drafts = {
  answer: (file) => [`关于你反映的“${file.subject}”，经调查核实，答复如下：`, "一、你的诉求：〔……〕", "二、查明的事实：〔……〕",
    "三、处理意见：〔……〕", "四、后续安排：〔……〕"].join("\n"),
  settle: () => ["一、〔……〕", "二、双方确认上述内容系自愿达成。"].join("\n"),
  report: (file) => ["一、受理和告知情况：〔……〕", `二、办理情况：“${file.subject}”〔……〕`, "三、结果和信访人意见：〔……〕"].join("\n"),
  review: () => ["一、申请复查、复核的理由：〔……〕", "二、经审查查明：〔……〕", "三、意见：〔……〕"].join("\n"),
  urge: (file) => (file.clocks ?? []).filter((c) => c.on_due === "overdue" && c.state === "running" && Date.parse(c.due_at) <= now())
    .map((c) => `${clock(c.clock)}（${article(c.clock) ?? ""}）期限为${dateText(lastDay(c.due_at, offset()))}，至今未完成。`).join("\n") || "〔……〕",
};
