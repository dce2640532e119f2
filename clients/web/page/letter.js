// A paper on an A4 sheet, to be printed; or the case on one.
import { getCase, getEvents, session } from "./api.js";
import { day, letters } from "./letters.js";
import { clock, officer, office, unit, word } from "./names.js";
import { readPersons } from "./case.js";
import { told_of } from "./story.js";
import { button, facts, h, link, replace } from "./ui.js";
import { dateText, lastDay, timeText } from "./time.js";
import { now } from "./api.js";
import { BOOKKEEPING } from "./actions.js";
import { t } from "./words.js";

const ZH = "zh-CN"; // whatever the language of the page
const lines = (text) => String(text).split("\n").filter((line) => line.trim());

function summary(file, events) {
  const told = events.filter((event) => !BOOKKEEPING.includes(event.type)).map(told_of);
  return h("article", { class: "sheet plain" }, h("h1", {}, file.subject), h("p", { class: "digits" }, file.case_no),
    facts([[t("状态", "State"), word("state", file.state)], [word("who", "unit"), unit(file.unit)], [word("who", "handler"), officer(file.handler)],
      [word("matter", "category"), file.category], [word("matter", "region"), file.region], [t("提交", "Handed in"), timeText(file.submitted_at, session.utc_offset)]]),
    h("h2", {}, word("matter", "facts")), lines(events[0]?.body?.facts ?? "").map((line) => h("p", { class: "written" }, line)),
    h("h2", {}, t("期限", "Limits")), h("ul", {}, (file.clocks ?? []).map((c) =>
      h("li", {}, `${clock(c.clock)} · ${word("clock_state", c.state)} · ${t("至 ", "until ")}${dateText(lastDay(c.due_at, session.utc_offset))}`))),
    h("h2", {}, t("经过", "What happened")), h("ol", {}, told.map((e) => h("li", {}, h("strong", {}, e.title), ` · ${e.at} · ${e.who}`))));
}

export async function show(main, number, n) {
  const [file, events] = [await getCase(number), await getEvents(number)];
  const event = events.find((e) => e.n === n);
  const letter = event && letters.find((l) => l.of(event));
  const addressee = h("p", { class: "to" });
  let sheet;
  if (letter) {
    const said = letter.body(file, event.body ?? {}, events, event);
    addressee.textContent = (said.to ?? "____________") + "：";
    const from = letter.document === "urge" || letter.document === "transfer" || letter.document === "hand_over"
      ? unit(office(), ZH) : unit(event.body?.unit ?? file.unit ?? file.owner, ZH);
    sheet = h("article", { class: "sheet", lang: "zh-CN" }, h("p", { class: "issuer" }, from), h("hr", { class: "red-line" }),
      said.number && h("p", { class: "doc-number" }, said.number), h("h1", {}, letter.title(ZH)), addressee,
      said.text.filter(Boolean).flatMap(lines).map((line) => h("p", { class: "para" }, line)),
      h("p", { class: "sign" }, from), h("p", { class: "sign" }, day(event.at)),
      h("p", { class: "receipt-line" }, `案件编号：${file.case_no}　送达方式：${
        event.body?.way ? word("way", event.body.way, ZH) : "________"}　签收：________　日期：________`));
    replace(main, h("div", { class: "tools-of-letter" }, link("#/case/" + file.case_no, t("返回案件", "Back to the case")),
      button(t("打印", "Print"), { kind: "lead", id: "print", onclick: () => print() }),
      said.petitioner && !file.anonymous && button(t("填入姓名……", "Fill in the name…"), { id: "fill", onclick: async () => {
        const answer = await readPersons(file.case_no);
        const names = (answer?.persons ?? []).map((person) => person.name).filter(Boolean);
        if (names.length) addressee.textContent = names.join("、") + "：";
      } }), h("p", { class: "hint" }, t("按 A4 打印；可在纸上填写的地方已留空。", "Prints on A4; what is written by hand is left open."))), sheet);
    return null;
  }
  sheet = summary(file, events);
  replace(main, h("div", { class: "tools-of-letter" }, link("#/case/" + file.case_no, t("返回案件", "Back to the case")),
    button(t("打印", "Print"), { kind: "lead", id: "print", onclick: () => print() }),
    h("p", { class: "hint" }, t("打印于 ", "Printed at ") + timeText(now(), session.utc_offset))), sheet);
  return null;
}
