// The on-screen keyboard: simple-keyboard draws the keys, ime.js finds the
// characters, and what is typed goes into the field that was touched last.
// Loaded with the first field, not with the first page.

import { h } from "./dom.js";
import { makeIme } from "./ime.js";

const LETTERS = [
  "q w e r t y u i o p",
  "a s d f g h j k l",
  "{shift} z x c v b n m {bksp}",
  "{num} {lang} {space} {enter}",
];
const CHINESE = [
  LETTERS[0], LETTERS[1], "z x c v b n m {bksp}", "{num} {lang} ， {space} 。 {enter}",
];
const LAYOUTS = {
  pinyin: CHINESE,
  default: LETTERS,
  shift: [
    "Q W E R T Y U I O P",
    "A S D F G H J K L",
    "{shift} Z X C V B N M {bksp}",
    "{num} {lang} {space} {enter}",
  ],
  signs: [
    "1 2 3 4 5 6 7 8 9 0",
    "- / : . , ( ) @ #",
    "， 。 、 ？ ！ ： “ ” {bksp}",
    "{abc} {lang} {space} {enter}",
  ],
  phone: ["1 2 3", "4 5 6", "7 8 9", "- 0 {bksp}"],
  number: ["1 2 3", "4 5 6", "7 8 9", "K 0 {bksp}"],
};

let Keyboard = null, ime = null;

// Fetch what it needs; false where this machine has it not.
export async function load() {
  if (Keyboard) return true;
  try {
    const [drawn, chinese, phrases] = await Promise.all([
      import("./lib/simple-keyboard.js"),
      import("./lib/chinese.js"),
      import("./phrases.js"),
    ]);
    ime = makeIme(chinese.default.layoutCandidates, phrases.default);
    Keyboard = drawn.default;
    return true;
  } catch {
    return false;
  }
}

export class ScreenKeys {
  // dock: where it is drawn; say: what a screen reader is told
  constructor(dock, { words, language, say }) {
    this.dock = dock;
    this.words = words;
    this.say = say;
    this.buffer = "";
    this.field = null;
    this.chinese = language !== "en";
    this.more = false;
    this.row = h("div", { class: "candidates", role: "group", "aria-label": words.candidates });
    this.keys = h("div", { class: "keys simple-keyboard", role: "group", "aria-label": words.keyboard });
    dock.replaceChildren(this.row, this.keys);
    this.keyboard = new Keyboard(this.keys, {
      layout: LAYOUTS, layoutName: this.letters(), display: words.keyFaces, mergeDisplay: true,
      theme: "hg-theme-default", useButtonTag: true, useMouseEvents: true,
      disableButtonHold: true, preventMouseDownDefault: true,
      disableCaretPositioning: true, physicalKeyboardHighlight: false,
      buttonAttributes: Object.entries(words.keys).map(([buttons, value]) =>
        ({ attribute: "aria-label", value, buttons })),
      onKeyPress: (key) => this.press(key),
    });
    this.onKeyDown = (event) => this.physical(event);
  }

  letters() {
    return this.chinese ? "pinyin" : "default";
  }

  layout(name) {
    this.keyboard.setOptions({ layoutName: name });
    this.keys.dataset.layout = name;
  }

  // The field that is written into from now on.
  attach(field) {
    if (this.field !== field) this.drop();
    this.field?.removeEventListener("keydown", this.onKeyDown);
    this.field = field;
    field.addEventListener("keydown", this.onKeyDown);
    const kind = field.dataset.keys;
    this.layout(kind === "phone" || kind === "number" ? kind : this.letters());
    this.show();
  }

  detach() {
    this.drop();
    this.field?.removeEventListener("keydown", this.onKeyDown);
    this.field = null;
    this.keyboard.destroy();
    this.dock.replaceChildren();
  }

  press(key) {
    if (!this.field) return;
    const focused = document.activeElement;
    const composing = this.composes();
    if (key === "{bksp}") this.backspace();
    else if (key === "{enter}") this.enter();
    else if (key === "{space}") this.space();
    else if (key === "{shift}")
      this.layout(this.keys.dataset.layout === "shift" ? "default" : "shift");
    else if (key === "{num}") { this.take(); this.layout("signs"); }
    else if (key === "{abc}") this.layout(this.letters());
    else if (key === "{lang}") {
      this.take();
      this.chinese = !this.chinese;
      this.layout(this.letters());
    } else if (composing && /^[a-z]$/.test(key)) this.compose(key);
    else {
      this.take();
      this.insert(key);
      if (this.keys.dataset.layout === "shift") this.layout("default");
    }
    // A new layout draws new keys: stay where one was.
    if (this.keys.isConnected && !focused?.isConnected) this.find(key)?.focus();
  }

  find(key) {
    const same = { "{num}": "{abc}", "{abc}": "{num}" };
    return this.keys.querySelector(`[data-skbtn="${CSS.escape(key)}"]`) ??
      this.keys.querySelector(`[data-skbtn="${CSS.escape(same[key] ?? key)}"]`);
  }

  composes() {
    const kind = this.field?.dataset.keys;
    return this.chinese && (kind === "text" || kind === "long");
  }

  // Somebody types on a real keyboard while the Chinese letters are shown: the
  // same candidates. An input method of the system goes first (isComposing).
  physical(event) {
    if (!this.composes() || event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
    const { key } = event;
    let taken = true;
    if (/^[a-z]$/.test(key)) this.compose(key);
    else if (!this.buffer || /^(Tab|Shift|Control|Alt|Meta)$/.test(key)) taken = false;
    else if (key === "Backspace") this.backspace();
    else if (key === " ") this.space();
    else if (key === "Enter") this.take();
    else if (key === "Escape") { this.buffer = ""; this.show(); }
    else if (/^[1-9]$/.test(key)) this.choose(this.offered()[Number(key) - 1]);
    else { this.take(); taken = false; }
    if (taken) event.preventDefault();
  }

  compose(letter) {
    this.buffer += letter;
    this.more = false;
    this.show();
  }

  offered() {
    return this.buffer ? ime.candidates(this.buffer) : [];
  }

  choose(candidate) {
    if (!candidate) return;
    const focused = this.row.contains(document.activeElement);
    this.insert(candidate.text);
    this.buffer = this.buffer.slice(candidate.used);
    this.more = false;
    this.show();
    this.say(candidate.text);
    if (focused) (this.row.querySelector("button") ?? this.field).focus();
  }

  // The letters as they stand, when something else comes.
  take() {
    if (!this.buffer) return;
    const letters = this.buffer;
    this.buffer = "";
    this.insert(letters);
    this.show();
  }

  drop() {
    this.buffer = "";
    this.more = false;
    if (this.row.isConnected) this.show();
  }

  space() {
    if (this.buffer) this.choose(this.offered()[0]);
    else this.insert(" ");
  }

  enter() {
    if (this.buffer) this.take();
    else if (this.field.dataset.keys === "long") this.insert("\n");
    else this.field.dispatchEvent(new KeyboardEvent("keydown",
      { key: "Enter", bubbles: true, cancelable: true }));
  }

  backspace() {
    if (this.buffer) {
      this.buffer = this.buffer.slice(0, -1);
      this.show();
      return;
    }
    const { field } = this;
    let start = field.selectionStart;
    const end = field.selectionEnd;
    if (start === end) {
      if (!start) return;
      // Whole characters: half a pair is none.
      start -= [...field.value.slice(0, start)].pop().length;
    }
    field.setRangeText("", start, end, "end");
    this.changed();
  }

  insert(text) {
    const { field } = this;
    if (field.maxLength > 0 && field.value.length + text.length > field.maxLength) return;
    field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
    this.changed();
  }

  changed() {
    this.field.dispatchEvent(new Event("input", { bubbles: true }));
    // The caret stays in sight.
    if (this.field.tagName === "TEXTAREA" &&
        this.field.selectionEnd === this.field.value.length)
      this.field.scrollTop = this.field.scrollHeight;
  }

  show() {
    const text = this.composes();
    this.row.hidden = !text;
    if (!text) return;
    const offered = this.offered();
    this.row.classList.toggle("all", this.more);
    this.row.replaceChildren(...[
      h("span", { class: "letters" }, this.buffer || this.words.pinyin),
      h("div", { class: "offered" }, offered.map((candidate) =>
        h("button", { type: "button", class: "candidate",
          onmousedown: (event) => event.preventDefault(),
          onclick: () => this.choose(candidate) }, candidate.text))),
      offered.length > 6 && h("button", { type: "button", class: "candidate more",
        "aria-expanded": String(this.more),
        onmousedown: (event) => event.preventDefault(),
        onclick: () => {
          this.more = !this.more;
          this.show();
          this.row.querySelector(".more")?.focus();
        } }, this.words.moreChars),
    ].filter(Boolean));
    this.row.classList.toggle("idle", !this.buffer);
  }
}
