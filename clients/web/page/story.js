// What happened to a case, in words.
import { actor, clock, officer, told, unit, word } from "./names.js";
import { colon, language, t } from "./words.js";
import { timeText } from "./time.js";
import { session } from "./api.js";

const LABELS = {
  note: ["备注", "Note"], reason: ["理由", "Reason"], grounds: ["理由", "Grounds"], ground: ["事由", "Ground"],
  why: ["原因", "Why"], text: ["内容", "Text"], facts: ["事实、理由与请求", "Facts"], legal_basis: ["依据", "Law"],
  explanation: ["依据说明", "Explanation"], other_door: ["其他途径", "Way that is open"], number: ["文号", "Number"],
  document: ["文书", "Document"], way: ["方式", "How"], days: ["天数", "Days"], approved_by: ["批准人", "Approved by"],
  unit: ["单位", "Unit"], handler: ["承办人", "Handler"], report_days: ["回报天数", "Report within (days)"],
  manner: ["方式", "Manner"], fulfil_by: ["履行期限", "To be kept by"], result: ["结果", "Result"],
  handling: ["办理", "Handling"], body: ["机关", "Body"], answer_days: ["反馈天数", "Answer within (days)"],
  relation: ["关系", "Relation"], to: ["对象", "To"], by: ["由", "By"], need: ["情形", "Need"], clock: ["期限", "Limit"],
  until: ["至", "Until"], rung: ["梯级", "Rung"], level: ["级别", "Level"], due_at: ["到期", "Due"], channel: ["渠道", "Channel"],
  kind: ["目的", "Kind"], rule: ["分派规则", "Rule"],
};

const GROUPS = { way: "way", manner: "manner", level: "level", channel: "channel", kind: "kind", need: "need", relation: "relation" };

function value(name, of, type) {
  if (name === "unit" || (name === "body" && typeof of === "string")) return unit(of);
  if (name === "handler" || name === "approved_by") return officer(of);
  if (name === "clock") return clock(of);
  if (name === "document") {
    const known = word("document", of);
    return known;
  }
  if (name === "ground" && type === "suspended") return word("suspend_ground", of);
  if (name === "ground" && type === "urged") return word("urge_ground", of);
  if (name === "result" && (type === "reviewed" || type === "re_reviewed")) return word("result", of);
  if (name === "to" && Array.isArray(of)) return of.map(told).join(t("；", "; "));
  if (name === "text" && of && typeof of === "object") return language() === "en" ? of.en : of["zh-CN"];
  if (GROUPS[name] && typeof of === "string") return word(GROUPS[name], of);
  if (/_at$|^until$|^fulfil_by$/.test(name) && typeof of === "string") return timeText(of, session.utc_offset);
  return String(of);
}

// An event as {title, who, at, pairs: [label, text]}.
export function told_of(event) {
  const pairs = Object.entries(event.body ?? {})
    .filter(([name, of]) => LABELS[name] && of !== null && !(event.type === "submitted" && name === "unit"))
    .map(([name, of]) => [t(...LABELS[name]), value(name, of, event.type)]);
  return { title: word("event", event.type), who: actor(event.actor), pairs,
    at: timeText(event.at, session.utc_offset),
    claimed: event.claimed_at ? word("machine", "claimed_at") + colon() + timeText(event.claimed_at, session.utc_offset) : null };
}
