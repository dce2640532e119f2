// The six steps. Each view is a function of the app that gives
// {title, step, body, actions, focus}: what stands on the page, and what next.

import { field, h, icon, tick } from "./dom.js";
import { MAX_PERSONS, faults, personsOf } from "./model.js";
import { LANGUAGES, pick, words } from "./words.js";

export const STEPS = 6;

const button = (text, onclick, kind = "second", more = {}) =>
  h("button", { type: "button", class: "button " + kind, onclick, ...more }, text);

// A large face to touch: a choice that leads on.
function tile({ name, hint, picture, chosen, onclick, language }) {
  return h("button", { type: "button", class: chosen ? "tile chosen" : "tile", onclick,
    lang: language, "aria-current": chosen ? "true" : null },
    picture && icon(picture),
    h("span", { class: "tile-text" }, h("span", { class: "tile-name" }, name),
      hint && h("span", { class: "hint" }, hint)));
}

// What is to be mended, and where; each line leads to its field.
function faultList(app, found) {
  if (!found.length) return null;
  const { w } = app;
  return h("div", { class: "faults", id: "faults", tabindex: "-1", role: "group",
    "aria-labelledby": "faults-title" },
    h("h2", { id: "faults-title" }, found.length === 1 ? w.wrong : w.wrongs(found.length)),
    h("ul", {}, found.map((fault) => h("li", {},
      h("button", { type: "button", class: "link",
        onclick: () => document.getElementById(fault.id)?.focus() }, w[fault.word])))));
}

// "Continue" of a step with fields: mend first, then on.
function onward(app, step) {
  const { w } = app;
  const forward = () => {
    app.faults = faults(app.draft, step);
    if (app.faults.length) app.render({ focus: "faults" });
    else app.forward();
  };
  return [
    button(w.back, () => app.back(), "second", { id: "back" }),
    button(app.returning ? w.keep : w.next, forward, "first", { id: "next" }),
  ];
}

function choices(app) {
  return [button(app.returning ? app.w.keep : app.w.back, () => app.back(), "second", { id: "back" })];
}

// ---- 1: language, and what to do ----

export function start(app) {
  const notices = [];
  const both = (key, ...values) => LANGUAGES.map((language) => {
    const text = words[language][key];
    return h("p", { lang: language }, values.length ? text(...values.map((v) => v(language))) : text);
  });
  const cut = app.state?.interrupted;
  if (cut)
    notices.push(h("div", { class: "notice warn", id: "cut" },
      h("h2", {}, h("span", { lang: "zh-CN" }, words["zh-CN"].cutTitle), " ",
        h("span", { lang: "en" }, words.en.cutTitle)),
      cut.at ? both("cutAt", (language) => app.time(cut.at, language)) : both("cutNone"),
      both("cutAfter")));
  if (app.down) notices.push(h("div", { class: "notice warn", id: "down" }, both("noService")));
  else if (app.state?.link === "down")
    notices.push(h("div", { class: "notice", id: "offline" }, both("linkDown")));
  const column = (language) => {
    const w = words[language];
    const go = (screen) => () => { app.setLanguage(language); app.go(screen); };
    return h("section", { class: "door", lang: language, "aria-label": language === "en" ? "English" : "中文" },
      h("h2", {}, language === "en" ? "English" : "中文"),
      tile({ name: w.file, hint: w.fileHint, picture: "pen", onclick: go(2), language }),
      tile({ name: w.query, hint: w.queryHint, picture: "search", onclick: go("query"), language }),
      h("p", { class: "promise" }, w.promise));
  };
  return {
    title: words["zh-CN"].welcome, second: words.en.welcome, wide: true,
    body: [notices, h("div", { class: "doors" }, LANGUAGES.map(column)), house(app)],
    actions: [],
  };
}

// Whose kiosk it is, and where people are.
function house({ form }) {
  return form && h("div", { class: "house" }, LANGUAGES.map((language) => {
    const w = words[language];
    const colon = language === "en" ? ": " : "：";
    return h("p", { lang: language }, h("strong", {}, pick(form.office, language)), h("br"),
      [[w.phoneLine, form.phone], [w.hoursLine, pick(form.hours, language)]]
        .filter(([, value]) => value).map(([name, value]) => [name, colon, value, h("br")]),
      pick(form.address, language));
  }));
}

// ---- 2: what kind of matter ----

function kindChoice(app) {
  const { w, draft } = app;
  return h("fieldset", { class: "segments" },
    h("legend", {}, w.kindTitle),
    Object.entries(w.kinds).map(([kind, name]) =>
      h("label", { class: "segment" },
        h("input", { type: "radio", name: "kind", value: kind, checked: draft.kind === kind,
          autocomplete: "off",
          onchange: () => { draft.kind = kind; note.hidden = kind !== "accusation"; } }),
        h("span", {}, name))));
}
let note;

export function what(app) {
  const { w, draft, form } = app;
  note = h("p", { class: "notice", role: "status", hidden: draft.kind !== "accusation" }, w.kindNote);
  return {
    title: w.whatTitle, intro: w.whatHint, step: 2, wide: true,
    body: [
      kindChoice(app), note,
      h("div", { class: "tiles", id: "categories" }, (form?.categories ?? []).map((category) =>
        tile({
          name: pick(category.name, app.language), hint: pick(category.hint, app.language),
          picture: category.icon ?? "more", chosen: draft.category === category.category,
          onclick: () => { draft.category = category.category; app.forward(); },
        }))),
    ],
    actions: choices(app),
  };
}

// ---- 3: where ----

export function where(app) {
  const { w, draft, form } = app;
  const open = app.openPlace;
  const take = (region) => () => {
    draft.region = region;
    draft.regionKnown = true;
    app.forward();
  };
  if (open)
    return {
      title: w.villageTitle(pick(open.name, app.language)), step: 3, wide: true,
      body: [h("div", { class: "tiles", id: "places" },
        open.places.map((place) => tile({ name: pick(place.name, app.language), picture: "pin",
          chosen: draft.region === place.region, onclick: take(place.region) })),
        tile({ name: w.wholePlace(pick(open.name, app.language)),
          chosen: draft.region === open.region, onclick: take(open.region) }))],
      actions: [button(w.back, () => { app.openPlace = null; app.render(); }, "second", { id: "back" })],
    };
  return {
    title: w.whereTitle, intro: w.whereHint, step: 3, wide: true,
    body: [h("div", { class: "tiles", id: "places" },
      (form?.places ?? []).map((place) => tile({
        name: pick(place.name, app.language), picture: "pin",
        chosen: draft.region === place.region ||
          place.places?.some((inner) => inner.region === draft.region),
        onclick: place.places?.length
          ? () => { app.openPlace = place; app.render(); } : take(place.region),
      })),
      tile({ name: w.unknownPlace, chosen: draft.regionKnown && !draft.region, onclick: take(null) }))],
    actions: choices(app),
  };
}

// ---- 4: what happened ----

export function happened(app) {
  const { w, draft } = app;
  const fault = (id) => w[app.faults.find((f) => f.id === id)?.word];
  return {
    title: w.factsTitle, step: 4, focus: "facts",
    body: [
      faultList(app, app.faults),
      field("facts", { label: w.factsLabel, hint: w.factsHint, kind: "long",
        value: draft.facts, rows: 7, maxlength: 20000, fault: fault("facts"),
        oninput: (value) => { draft.facts = value; } }),
      button([w.moreFacts, extras(app) ? h("span", { class: "badge" }, extras(app)) : null],
        () => { app.faults = []; app.go("more"); }, "second wide", { id: "more" }),
    ],
    actions: onward(app, 4),
  };
}

const extras = ({ draft }) => draft.needs.length + (draft.respondentUnit ? 1 : 0) +
  (draft.respondentPerson.trim() ? 1 : 0);

export function more(app) {
  const { w, draft, form } = app;
  const units = Object.entries(form?.units ?? {});
  const unit = (value, name) => h("label", { class: "choice" },
    h("input", { type: "radio", name: "unit", value: value ?? "", autocomplete: "off",
      checked: draft.respondentUnit === value,
      onchange: () => { draft.respondentUnit = value; } }),
    h("span", { class: "box" }, icon("tick")), h("span", {}, name));
  return {
    title: w.moreTitle, step: 4,
    body: [
      h("fieldset", {}, h("legend", {}, w.needsTitle),
        h("div", { class: "ticks" }, Object.entries(w.needs).map(([need, name]) =>
          tick("need-" + need, { label: name, checked: draft.needs.includes(need),
            onchange: (on) => {
              draft.needs = draft.needs.filter((other) => other !== need).concat(on ? [need] : []);
            } })))),
      field("respondent", { label: w.respondentPerson, hint: w.respondentPersonHint,
        value: draft.respondentPerson, maxlength: 40,
        oninput: (value) => { draft.respondentPerson = value; } }),
      units.length > 0 && h("fieldset", {}, h("legend", {}, w.respondentUnit),
        h("p", { class: "hint" }, w.respondentUnitHint),
        h("div", { class: "choices" }, unit(null, w.noUnit),
          units.map(([id, name]) => unit(id, pick(name, app.language))))),
    ],
    keysLater: true,
    actions: [button(app.returning ? w.keep : w.next, () => (app.returning ? app.forward() : app.go(4)),
      "first", { id: "next" })],
  };
}

// ---- 5: who, and how to reach them ----

function personFields(app, person, at) {
  const { w, draft } = app;
  const fault = (id) => w[app.faults.find((f) => f.id === id)?.word];
  const one = (name, kind, maxlength) => field(`${name}-${at}`, { label: w[name], kind,
    value: person[name], maxlength, fault: fault(`${name}-${at}`),
    oninput: (value) => { person[name] = value; } });
  const joint = draft.persons.length > 1;
  return h("fieldset", { class: joint ? "person joint" : "person" },
    joint && h("legend", {}, w.representative(at + 1)),
    h("div", { class: "pair" }, one("name", "text", 60), one("phone", "phone", 40)),
    one("address", "text", 180),
    joint && at > 0 && button(w.removePerson(at + 1), () => {
      draft.persons.splice(at, 1);
      app.faults = [];
      app.render({ focus: "add-person" });
    }, "second", { id: "remove-" + at }));
}

export function who(app) {
  const { w, draft } = app;
  if (draft.anonymous)
    return {
      title: w.whoTitle, step: 5,
      body: [h("div", { class: "notice" }, h("p", {}, w.anonymousOn)),
        button(w.notAnonymous, () => { draft.anonymous = false; app.render(); }, "second wide",
          { id: "named" })],
      actions: onward(app, 5),
    };
  const joint = draft.persons.length > 1;
  return {
    title: w.whoTitle, intro: w.whoHint, step: 5, focus: "name-0",
    body: [
      faultList(app, app.faults),
      draft.persons.map((person, at) => personFields(app, person, at)),
      joint && field("people", { label: w.people, hint: w.peopleHint, kind: "phone",
        value: draft.people, maxlength: 7,
        fault: w[app.faults.find((f) => f.id === "people")?.word],
        oninput: (value) => { draft.people = value; } }),
      tick("confidential", { label: w.confidential, hint: w.confidentialHint,
        checked: draft.confidential, onchange: (on) => { draft.confidential = on; } }),
      h("div", { class: "row" },
        button(w.anonymous, () => { draft.anonymous = true; app.faults = []; app.render(); },
          "second", { id: "anonymous" }),
        draft.persons.length < MAX_PERSONS && button(w.addPerson, () => {
          draft.persons.push({ name: "", phone: "", address: "" });
          app.faults = [];
          app.render({ focus: `name-${draft.persons.length - 1}` });
        }, "second", { id: "add-person" })),
    ],
    actions: onward(app, 5),
  };
}

// ---- 6: check and send ----

function placeName(app) {
  const { draft, form, w, language } = app;
  for (const place of form?.places ?? []) {
    if (place.region === draft.region) return pick(place.name, language);
    for (const inner of place.places ?? [])
      if (inner.region === draft.region)
        return pick(place.name, language) + (language === "en" ? ", " : "") + pick(inner.name, language);
  }
  return w.unknown;
}

export function check(app) {
  const { w, draft, form, language } = app;
  const list = language === "en" ? ", " : "、";
  const row = (name, value, screen) => h("div", { class: "said" },
    h("dt", {}, name), h("dd", { class: "value" }, value),
    h("dd", { class: "act" }, h("button", { type: "button", class: "button small",
      "aria-label": w.changeOf(name), id: "change-" + screen,
      onclick: () => app.change(screen) }, w.change)));
  const category = form?.categories?.find((c) => c.category === draft.category);
  const persons = personsOf(draft);
  const about = [draft.respondentUnit && pick(form?.units?.[draft.respondentUnit], language),
    draft.respondentPerson.trim()].filter(Boolean);
  return {
    title: w.checkTitle, intro: w.checkHint, step: 6,
    body: [faultList(app, app.faults), h("dl", { class: "check" },
      row(w.category, [h("p", {}, pick(category?.name, language) || w.unknown), h("p", { class: "hint" }, w.kinds[draft.kind])], 2),
      row(w.place, placeName(app), 3),
      row(w.facts, h("p", { class: "facts", tabindex: "0", role: "group", "aria-label": w.facts }, draft.facts.trim()), 4),
      (draft.needs.length > 0 || about.length > 0) && row(w.moreSaid,
        [...draft.needs.map((need) => w.needs[need]), ...about].join(list), "more"),
      row(w.who, persons.length
        ? [persons.map((p) => h("p", {}, [p.name, p.phone, p.address].filter(Boolean).join(list))),
          draft.persons.length > 1 && draft.people && h("p", {}, w.peopleOf(draft.people)),
          draft.confidential && h("p", {}, w.isConfidential)]
        : w.isAnonymous, 5))],
    actions: [button(w.back, () => app.back(), "second", { id: "back" }),
      button(w.send, () => app.send(), "first send", { id: "send" })],
  };
}
