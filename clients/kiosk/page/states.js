// How a case stands, in plain words: one sentence for each state of the life
// cycle (proto/PROTOCOL.md), and what the petitioner can do by themselves.
// Loaded when somebody asks, not with the first page.

// stages: what is behind, now (the last one), and to come. What is not certain
// of a state is not in its list.
const BEGIN = ["submitted", "registered"];
const WAY = [...BEGIN, "transferred", "accepted", "answered"];

export const STATES = {
  submitted: { now: 0, way: WAY, zh: ["已提交", "已经收到，等信访部门登记。"],
    en: ["submitted", "It has arrived and waits for the office to register it."] },
  registered: { now: 1, way: WAY, zh: ["已登记", "已经登记，信访部门正在确定由哪个单位办理。"],
    en: ["registered", "It is registered; the office decides which unit is to handle it."] },
  transferred: { now: 2, way: WAY, zh: ["已转送", "已经转送责任单位，责任单位正在决定是否受理，会书面告知。"],
    en: ["transferred", "It was passed to the responsible unit, which decides whether to accept it and says so in writing."] },
  objected: { now: 2, way: WAY, zh: ["提出异议", "收到的单位认为不归自己办理。信访部门正在决定由谁办理，这期间由信访部门负责。"],
    en: ["objected", "The unit holds that it is not its own matter. The office decides who handles it, and is responsible meanwhile."] },
  accepted: { now: 3, way: WAY, zh: ["已受理", "责任单位已经受理，正在办理，办完会给书面答复。"],
    en: ["accepted", "The responsible unit has accepted it, works on it, and will answer in writing."] },
  suspended: { now: 3, way: WAY, zh: ["中止", "办理暂时中止（例如正在听证或者鉴定），原因消除后接着办。"],
    en: ["suspended", "Work stands still for a reason such as a hearing or an expert appraisal, and goes on afterwards."] },
  answered: { now: 4, way: WAY, zh: ["已答复", "责任单位已经作出书面答复。"],
    en: ["answered", "The responsible unit has answered in writing."] },
  in_review: { now: 2, way: [...BEGIN, "in_review", "reviewed"], zh: ["复查中", "已经申请复查，由上一级机关复查，不由原来的单位复查。"],
    en: ["in review", "A review was asked for. The next level up does it, not the unit that decided."] },
  review_suspended: { now: 2, way: [...BEGIN, "in_review", "reviewed"], zh: ["复查中止", "复查暂时中止（例如正在听证），原因消除后接着进行。"],
    en: ["review suspended", "The review stands still for a reason such as a hearing, and goes on afterwards."] },
  reviewed: { now: 3, way: [...BEGIN, "in_review", "reviewed"], zh: ["已复查", "复查机关已经作出复查意见。"],
    en: ["reviewed", "The review body has given its opinion."] },
  in_re_review: { now: 3, way: [...BEGIN, "reviewed", "in_re_review", "ended"], zh: ["复核中", "已经申请复核，由再上一级机关复核。"],
    en: ["in re-review", "A re-review was asked for. The level above that does it."] },
  re_review_suspended: { now: 3, way: [...BEGIN, "reviewed", "in_re_review", "ended"], zh: ["复核中止", "复核暂时中止（例如正在听证），原因消除后接着进行。"],
    en: ["re-review suspended", "The re-review stands still for a reason such as a hearing, and goes on afterwards."] },
  ended: { now: 4, way: [...BEGIN, "reviewed", "in_re_review", "ended"], zh: ["终结", "复核意见已经作出，信访程序到此终结。"],
    en: ["ended", "The re-review opinion was given; the procedure ends with it."] },
  not_accepted: { now: 2, way: [...BEGIN, "not_accepted"], zh: ["不予受理", "责任单位决定不予受理。书面告知里写明理由，以及可以去哪里解决。"],
    en: ["not accepted", "The responsible unit does not accept it. The written notice says why, and where else to go."] },
  discipline: { now: 1, way: ["submitted", "discipline"], zh: ["移送纪检监察", "已经移送纪检监察机关，由其依法办理。"],
    en: ["sent to a discipline body", "It was sent to the discipline body, which handles it by its own law."] },
  withdrawn: { now: 1, way: ["submitted", "withdrawn"], zh: ["已撤回", "已经按信访人的申请撤回。"],
    en: ["withdrawn", "It was withdrawn as the petitioner asked."] },
  closed: { now: 2, way: [...BEGIN, "closed"], zh: ["已办结", "这件事已经办结。"],
    en: ["closed", "The matter is closed."] },
  settled: { now: 2, way: [...BEGIN, "settled"], zh: ["已化解", "双方已经达成一致，事情已化解。"],
    en: ["settled", "An agreement was reached and the matter is settled."] },
};

// What a petitioner can do. `action` is the protocol's name of a step that the
// office tells of, "{d}" its last day; `clock` is the limit that runs for it.
const ASK = { zh: "想知道更多，可以凭案件编号到窗口询问，或者打电话。",
  en: "To know more, ask at the counter or by telephone with the case number." };
const ADD = { zh: "有新的材料，可以随时交到窗口或责任单位。",
  en: "New papers may be handed in at the counter or to the responsible unit at any time." };
const WITHDRAW = { action: "withdraw", zh: "不想继续的，可以书面申请撤回。",
  en: "If you do not want to go on, you may withdraw in writing." };
const RATE = { action: "evaluate",
  zhDay: "可以到窗口或打电话评价办理是否满意，最晚 {d}（含当天）；评不评由自己决定，不影响办理。",
  enDay: "You may rate how it was handled, at the counter or by telephone, on {d} at the latest. Whether you do is up to you and changes nothing.",
  zh: "可以到窗口或打电话评价办理是否满意，评不评由自己决定，不影响办理。",
  en: "You may rate how it was handled, at the counter or by telephone. Whether you do is up to you and changes nothing." };
const REOPEN = { zh: "有新的事实，可以请信访部门重新受理。",
  en: "If there are new facts, you may ask the office to reopen it." };
const REVIEW = { action: "ask_review", clock: "review-window",
  zhDay: "对答复不服，可以申请复查，最晚 {d}（含当天）。", enDay: "If you disagree with the answer you may ask for a review, on {d} at the latest.",
  zh: "对答复不服，可以申请复查，期限写在书面答复里。", en: "If you disagree with the answer you may ask for a review; the written answer says until when." };
const RE_REVIEW = { action: "ask_re_review", clock: "re-review-window",
  zhDay: "对复查意见不服，可以申请复核，最晚 {d}（含当天）。", enDay: "If you disagree with the review opinion you may ask for a re-review, on {d} at the latest.",
  zh: "对复查意见不服，可以申请复核，期限写在复查意见书里。", en: "If you disagree with the review opinion you may ask for a re-review; the opinion says until when." };
const DOOR = { action: "ask_review", clock: "review-window",
  zhDay: "对不予受理不服，可以申请复查，最晚 {d}（含当天）。", enDay: "If you disagree you may ask for a review, on {d} at the latest.",
  zh: "对不予受理不服，可以申请复查，期限写在书面告知里。", en: "If you disagree you may ask for a review; the written notice says until when." };
const OTHER = { zh: "书面告知里写了可以去的其他部门，可以照着去。",
  en: "You may go where the written notice points." };

const OPEN = [ASK, ADD, WITHDRAW];
const OWN = {
  submitted: OPEN, registered: OPEN, transferred: OPEN, objected: OPEN,
  accepted: OPEN, suspended: OPEN, in_review: OPEN, in_re_review: OPEN,
  review_suspended: OPEN, re_review_suspended: OPEN,
  answered: [REVIEW, RATE, REOPEN], reviewed: [RE_REVIEW, RATE, REOPEN],
  ended: [RATE, REOPEN], closed: [RATE, REOPEN], settled: [RATE, REOPEN],
  not_accepted: [OTHER, DOOR, REOPEN], discipline: [ASK], withdrawn: [REOPEN],
};

// Each limit: its name, and who owes what by its last day.
export const CLOCKS = {
  transfer: { zh: ["登记转送交办", "信访部门最迟在这一天登记，并转送责任单位。"],
    en: ["Register and pass on", "The office registers it and passes it to the responsible unit on this day at the latest."] },
  notice: { zh: ["受理告知", "责任单位最迟在这一天书面告知是否受理。"],
    en: ["Notice of acceptance", "The responsible unit says in writing whether it accepts, on this day at the latest."] },
  object: { zh: ["异议退回", "收到的单位如果认为不归自己办理，最迟在这一天提出。"],
    en: ["Objection by the unit", "If the unit holds that it is not its own matter, it says so on this day at the latest."] },
  conclude: { zh: ["办结", "责任单位最迟在这一天作出书面答复。"],
    en: ["Conclude", "The responsible unit answers in writing on this day at the latest."] },
  "report-back": { zh: ["交办回报", "责任单位最迟在这一天向信访部门回报。"],
    en: ["Report to the office", "The responsible unit reports to the office on this day at the latest."] },
  "review-window": { zh: ["申请复查期", "可以申请复查，到这一天为止。"],
    en: ["Time to ask for review", "You may ask for a review until this day."] },
  review: { zh: ["复查", "复查机关最迟在这一天作出复查意见。"],
    en: ["Review", "The review body gives its opinion on this day at the latest."] },
  "re-review-window": { zh: ["申请复核期", "可以申请复核，到这一天为止。"],
    en: ["Time to ask for re-review", "You may ask for a re-review until this day."] },
  "re-review": { zh: ["复核", "复核机关最迟在这一天作出复核意见。"],
    en: ["Re-review", "The re-review body gives its opinion on this day at the latest."] },
  "urge-answer": { zh: ["督办反馈", "责任单位最迟在这一天答复信访部门的督办。"],
    en: ["Answer to an urging", "The responsible unit answers the office's urging on this day at the latest."] },
  evaluate: { zh: ["评价", "可以评价，到这一天为止。"],
    en: ["Evaluation", "You may rate how it was handled until this day."] },
};

const lang = (language) => (language === "en" ? "en" : "zh");

export function stateText(state, language, fallback) {
  const known = STATES[state];
  if (!known) return { name: fallback ?? state, sentence: "" };
  const [name, sentence] = known[lang(language)];
  return { name, sentence };
}

// [{name, when: "done" | "now" | "todo"}], empty for a state we do not know.
export function stages(state, language) {
  const known = STATES[state];
  if (!known) return [];
  return known.way.map((id, at) => ({
    name: STATES[id][lang(language)][0],
    when: at < known.now ? "done" : at === known.now ? "now" : "todo",
  }));
}

export function clockText(clock, language) {
  const known = CLOCKS[clock];
  if (!known) return { name: clock, sentence: "" };
  const [name, sentence] = known[lang(language)];
  return { name, sentence };
}

const STEP = { evaluate: RATE, ask_review: REVIEW, ask_re_review: RE_REVIEW, withdraw: WITHDRAW };

// The petitioner's own next steps as sentences; `day` gives a limit's last day.
// The office says which ones are open (`steps`); without that the state does.
export function ownSteps(answer, language, day) {
  const l = lang(language);
  const text = (step, until) => (until && step[l + "Day"] ? step[l + "Day"].replace("{d}", day(until)) : step[l]);
  const own = OWN[answer.state] ?? [ASK];
  if (!Array.isArray(answer.steps)) {
    const limit = answer.next_limit;
    return own.map((step) => text(step, limit && limit.clock === step.clock ? limit.due_at : null));
  }
  const told = answer.steps.filter(({ action }) => STEP[action]).map(({ action, until }) =>
    text(action === "ask_review" && answer.state === "not_accepted" ? DOOR : STEP[action], until));
  return [...told, ...own.filter((step) => !step.action).map((step) => step[l])];
}

// ---- the paper that the petitioner was given ----

const DOCUMENTS = {
  answer: ["处理意见书", "written answer"],
  non_acceptance: ["不予受理告知书", "notice of non-acceptance"],
  settlement: ["调解、和解协议书", "settlement agreement"],
  review: ["复查意见书", "review opinion"],
  re_review: ["复核意见书", "re-review opinion"],
};
const OUTCOMES = {
  upheld: ["维持", "upheld"], changed: ["变更", "changed"], revoked: ["撤销", "revoked"],
  on_the_spot: ["当场化解", "on the spot"], mediated: ["调解", "mediated"], agreed: ["和解", "agreed"],
};
export const PAPER_WORDS = { document: DOCUMENTS, outcome: OUTCOMES };
const PARTS = [["text", "内容", "What it says"], ["legal_basis", "依据", "The law it rests on"],
  ["explanation", "说明", "Explanation"], ["other_door", "可以去哪里解决", "Where else to go"]];

// {name, outcome, parts: [[name, text]]} of the `paper` of an answer.
export function paperText(paper, language) {
  const at = language === "en" ? 1 : 0;
  return {
    name: DOCUMENTS[paper.document]?.[at] ?? paper.document,
    outcome: OUTCOMES[paper.result ?? paper.manner]?.[at] ?? null,
    parts: PARTS.filter(([member]) => paper[member])
      .map(([member, ...names]) => [names[at], paper[member]]),
  };
}
