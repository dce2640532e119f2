// Two languages, each text in both where it is used: t("中文", "English").
// Terms of the law come from the glossary, through names.js.

const KEPT = "docket-web";
let kept = {};
try {
  kept = JSON.parse(localStorage.getItem(KEPT) ?? "{}") ?? {};
} catch {
  // a browser that keeps nothing: the defaults, each time
}

// What a browser remembers of its user's taste: language, theme, keys. Nothing
// of a case or a person is ever kept.
export const taste = (name, otherwise) => kept[name] ?? otherwise;

export function setTaste(name, value) {
  kept = { ...kept, [name]: value };
  try {
    localStorage.setItem(KEPT, JSON.stringify(kept));
  } catch {
    // as above
  }
}

export const language = () => taste("language", "zh-CN");
export const t = (zh, en) => language() === "en" ? en : zh;
export const colon = () => t("：", ": ");
