// Elements without markup in strings: whatever people write stays text.

// h("p", {class: "hint", onclick: f}, "text", node, [more], null)
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  append(element, children);
  return element;
}

function append(element, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (Array.isArray(child)) append(element, child);
    else element.append(child);
  }
}

export const $ = (id) => document.getElementById(id);

// Line drawings of 24 by 24, for who does not read well. A form names one.
const ICONS = {
  work: "M4 8h16v11H4zM9 8V5h6v3M4 13h16",
  home: "M3 11l9-7 9 7M6 9.5V20h12V9.5M10 20v-6h4v6",
  land: "M3 7l6-3 6 3 6-3v13l-6 3-6-3-6 3zM9 4v13M15 7v13",
  leaf: "M5 19C4 9 10 4 20 4c0 10-5 16-13 14M5 20c2-6 5-9 10-11",
  book: "M12 6c-3-2-6-2-9-1v14c3-1 6-1 9 1 3-2 6-2 9-1V5c-3-1-6-1-9 1zM12 6v14",
  bus: "M5 5h14v12H5zM5 11h14M8 17v3M16 17v3M8 14h.5M15.5 14h.5",
  health: "M9 4h6v5h5v6h-5v5H9v-5H4V9h5z",
  people: "M8 11a3 3 0 100-6 3 3 0 000 6zM2.5 20c0-4 2.5-6 5.5-6s5.5 2 5.5 6M16 11a2.5 2.5 0 100-5M17 14c2.5.3 4.5 2.2 4.5 6",
  farm: "M12 21V9M12 12c-4 0-6-2-6-6 4 0 6 2 6 6zM12 15c4 0 6-2 6-6-4 0-6 2-6 6zM8 21h8",
  shield: "M12 3l8 3v6c0 5-3.5 8-8 9-4.5-1-8-4-8-9V6zM8.5 12l2.5 2.5 4.5-5",
  shop: "M4 9l1.5-5h13L20 9v2H4zM5.5 11v9h13v-9M10 20v-5h4v5",
  more: "M5 12h.5M11.75 12h.5M18.5 12h.5",
  pen: "M4 20l1-5L16 4l4 4L9 19zM13.5 6.5l4 4",
  search: "M10.5 17a6.5 6.5 0 100-13 6.5 6.5 0 000 13zM15.5 15.5L21 21",
  sound: "M4 9.5v5h4l5 4V5.5l-5 4zM16.5 9c1.5 1.8 1.5 4.2 0 6M19 6.5c3 3.3 3 7.7 0 11",
  text: "M3 19L8.5 5 14 19M5 14h7M15.5 19L18 12.5l2.5 6.5M16.3 17h3.4",
  dark: "M19.5 14.5A8 8 0 119.5 4.5a6.5 6.5 0 0010 10z",
  light: "M12 16a4 4 0 100-8 4 4 0 000 8zM12 2v2.5M12 19.5V22M2 12h2.5M19.5 12H22M5 5l1.7 1.7M17.3 17.3L19 19M19 5l-1.7 1.7M6.7 17.3L5 19",
  leave: "M10 4H5v16h5M14 8l4 4-4 4M9 12h9",
  print: "M7 9V4h10v5M5 9h14v8h-2.5M7.5 17H5V9M7.5 14h9v6h-9z",
  tick: "M5 12.5l5 5L20 7",
  pin: "M12 21c-5-5.5-7-8.5-7-11.5a7 7 0 0114 0c0 3-2 6-7 11.5zM12 12a2.5 2.5 0 100-5 2.5 2.5 0 000 5z",
};

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [key, value] of [["viewBox", "0 0 24 24"], ["class", "icon"],
    ["aria-hidden", "true"], ["focusable", "false"]])
    svg.setAttribute(key, value);
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name] ?? ICONS.more);
  svg.append(path);
  return svg;
}

// A field with its label, its hint and its fault, tied together for readers.
// kind: "text" | "long" | "phone" | "number", as the on-screen keyboard has it.
export function field(id, { label, hint, kind = "text", value = "", rows,
  fault, oninput, maxlength }) {
  const long = kind === "long";
  const describedby = [hint && id + "-hint", fault && id + "-fault"]
    .filter(Boolean).join(" ");
  const input = h(long ? "textarea" : "input", {
    id, value, rows: long ? rows ?? 6 : null, type: long ? null : "text",
    "data-keys": kind, class: fault ? "input wrong" : "input",
    inputmode: kind === "phone" ? "tel" : null,
    autocomplete: "off", autocapitalize: "off", autocorrect: "off",
    spellcheck: "false", maxlength, enterkeyhint: long ? null : "next",
    "aria-describedby": describedby || null,
    "aria-invalid": fault ? "true" : null,
    oninput: (event) => oninput(event.target.value),
  });
  return h("div", { class: fault ? "field faulty" : "field" },
    h("label", { for: id }, label),
    hint && h("p", { class: "hint", id: id + "-hint" }, hint),
    fault && h("p", { class: "fault", id: id + "-fault" }, fault),
    input);
}

// A large tick box; its whole face is the target.
export function tick(id, { label, hint, checked, onchange }) {
  return h("label", { class: "tick", for: id },
    h("input", { type: "checkbox", id, checked,
      autocomplete: "off",
      "aria-describedby": hint ? id + "-hint" : null,
      onchange: (event) => onchange(event.target.checked) }),
    h("span", { class: "box" }, icon("tick")),
    h("span", {}, h("span", { class: "tick-name" }, label),
      hint && h("span", { class: "hint", id: id + "-hint" }, hint)));
}
