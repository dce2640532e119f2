// The frame: who is here, where we are, and which way to the other pages.
import { getSession, logOut, onLost, session } from "./api.js";
import { logInAgain, showLogin } from "./login.js";
import { officer, loadNames } from "./names.js";
import { $, button, dialog, h, icon, problem, replace, say } from "./ui.js";
import { language, setTaste, t, taste } from "./words.js";

const PAGES = {
  desk: { key: "1", title: () => t("案件", "Cases"), icon: "pen", load: () => import("./desk.js") },
  supervision: { key: "2", title: () => t("督查", "Supervision"), icon: "shield",
    load: () => import("./supervision.js") },
  wall: { key: "3", title: () => t("大屏", "Wall"), icon: "dark", load: () => import("./wall.js"),
    needs: ["supervisor", "auditor", "administrator"] },
  bulletin: { key: "4", title: () => t("通报", "Bulletin"), icon: "book", load: () => import("./bulletin.js"),
    needs: ["supervisor", "auditor", "administrator"] },
  search: { key: "5", title: () => t("查找", "Search"), icon: "search", load: () => import("./search.js") },
  case: { title: () => t("案件", "Case"), load: () => import("./case.js") },
  account: { title: () => t("账户", "Account"), load: () => import("./account.js") },
};

const may = (page) => !page.needs || page.needs.some((role) => session.roles?.includes(role));
let leave = null; // what the page that is there wants done when it goes
let turn = 0;

// "#/case/330699-…?x=1" as {name, rest, query}.
function where() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [name, ...rest] = path.split("/").map(decodeURIComponent);
  return { name: Object.hasOwn(PAGES, name) ? name : "desk", rest,
    query: Object.fromEntries(new URLSearchParams(query)) };
}

function theme() {
  const chosen = taste("theme", null);
  if (chosen) document.documentElement.dataset.theme = chosen;
  document.documentElement.lang = language();
}

const isDark = () => (taste("theme", null) ??
  (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";

function tool(id, name, text, onclick) {
  return h("button", { type: "button", class: "tool", id, onclick, title: text },
    icon(name), h("span", {}, text));
}

function drawBar() {
  const at = where().name;
  const here = session.name !== undefined;
  replace($("bar"),
    h("div", { class: "whose" }, h("strong", {}, t("信访办理", "docket")),
      here && h("span", { class: "who" }, officer(session.name))),
    here && h("nav", { "aria-label": t("页面", "Pages") }, h("ul", {},
      Object.entries(PAGES).filter(([, page]) => page.key && may(page)).map(([name, page]) =>
        h("li", {}, h("a", { href: "#/" + name, class: "tab", "data-key": page.key,
          "aria-current": name === at || (name === "desk" && at === "case") ? "page" : null },
        page.title(), h("kbd", { "aria-hidden": "true" }, page.key)))))),
    h("div", { class: "tools" },
      tool("language", "text", t("English", "中文"), () => {
        setTaste("language", t("en", "zh-CN"));
        theme();
        route(false);
      }),
      tool("theme", isDark() ? "light" : "dark", isDark() ? t("浅色", "Light") : t("深色", "Dark"), () => {
        setTaste("theme", isDark() ? "light" : "dark");
        theme();
        drawBar();
        $("theme").focus();
      }),
      here && tool("account", "people", t("账户", "Account"), () => { location.hash = "#/account"; }),
      here && tool("leave", "leave", t("退出", "Log out"), async () => {
        await logOut().catch(() => {});
        location.hash = "#/";
        start();
      })));
}

// A place of its own for each page: one that still waits for an answer when somebody
// has gone on, or has logged out, is not drawn over what came after it.
function freshMain() {
  const place = $("main").cloneNode(false);
  $("main").replaceWith(place);
  return place;
}

// Show the page that the address names. `fresh`: it was just come to.
export async function route(fresh = true) {
  const mine = ++turn;
  leave?.();
  leave = null;
  drawBar();
  const to = where();
  const page = PAGES[to.name];
  let main = $("main");
  main.className = "page-" + to.name;
  document.documentElement.dataset.page = to.name;
  document.title = page.title() + t(" · 信访办理", " · docket");
  try {
    if (!may(page))
      return replace(main, h("h1", { tabindex: "-1" }, page.title()),
        h("p", {}, t("你的账户不能看这一页。", "Your account may not see this page.")));
    const { show } = await page.load();
    if (mine !== turn) return null;
    main = freshMain();
    const then = await show(main, to, { current: () => mine === turn });
    if (mine !== turn) return then?.();
    leave = then ?? null;
    if (fresh) {
      const title = main.querySelector("h1");
      if (title && !main.contains(document.activeElement)) {
        title.tabIndex = -1;
        title.focus({ preventScroll: true });
      }
      say(document.title);
    }
  } catch (error) {
    if (mine === turn)
      replace(main, h("h1", {}, page.title()), problem(error, () => route()));
  }
  return null;
}

// ---- keys ----

export const KEYS_ON = () => taste("keys", true);

async function help() {
  const keys = [...document.querySelectorAll("[data-key]")]
    .map((e) => [e.dataset.key, (e.querySelector("span") ?? e).firstChild.textContent]);
  await dialog(t("按键", "Keys"), [
    h("table", { class: "keys" }, h("tbody", {}, [
      ...keys, ["j / k", t("下一行、上一行", "next row, row before")], ["/", t("查找案件", "find a case")],
      ["?", t("本说明", "this help")]].map(([key, what]) =>
      h("tr", {}, h("th", { scope: "row" }, h("kbd", {}, key)), h("td", {}, what))))),
    h("p", { class: "hint" }, t("单键操作可在账户页关闭。", "Single keys can be switched off on the account page.")),
  ], [["done", t("好", "Close"), "lead"]]);
}

function onKey(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || !KEYS_ON()) return;
  if (event.target.closest?.("input, textarea, select, dialog, [contenteditable]")) return;
  if (event.key === "?") {
    event.preventDefault();
    help();
    return;
  }
  if (event.key === "/") {
    const find = $("find");
    if (find) event.preventDefault();
    find?.focus();
    return;
  }
  if (event.key === "j" || event.key === "k") {
    const rows = [...document.querySelectorAll("[data-row]")];
    if (rows.length) {
      const at = rows.findIndex((row) => row.contains(document.activeElement));
      const next = at < 0 ? 0 : at + (event.key === "j" ? 1 : -1);
      event.preventDefault();
      rows[Math.min(rows.length - 1, Math.max(0, next))]?.querySelector("a, button")?.focus();
      return;
    }
  }
  const target = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (target && !target.disabled) {
    event.preventDefault();
    target.click();
  }
}

// ---- stillness ----

let touched = Date.now();
for (const kind of ["pointerdown", "keydown", "scroll"])
  addEventListener(kind, () => { touched = Date.now(); }, { passive: true, capture: true });
setInterval(() => {
  // The wall stands where everybody sees it, and shows nothing of a person.
  if (session.name === undefined || where().name === "wall") return;
  if (session.idle_s && Date.now() - touched > session.idle_s * 1000)
    logOut().catch(() => {}).finally(start);
}, 5000);

async function start() {
  theme();
  drawBar();
  turn++;
  leave?.();
  leave = null;
  document.querySelector("dialog")?.close();
  if (session.name === undefined) {
    document.documentElement.dataset.page = "login";
    document.title = t("登录 · 信访办理", "Log in · docket");
    showLogin(freshMain(), enter);
    return;
  }
  await enter();
}

async function enter() {
  touched = Date.now();
  try {
    await loadNames();
  } catch (error) {
    return replace($("main"), problem(error, enter));
  }
  return route();
}

let asking = null;
onLost(() => {
  const name = session.name;
  if (name === undefined) return false;
  asking ??= logInAgain(name).then((done) => {
    asking = null;
    touched = Date.now();
    if (done && session.name !== name) setTimeout(enter); // somebody else: nothing of the first is shown
    if (!done) {
      for (const key of Object.keys(session)) delete session[key];
      start();
    }
    return done && session.name === name;
  });
  return asking;
});

addEventListener("hashchange", () => { if (session.name !== undefined) route(); });
addEventListener("keydown", onKey);
theme();
drawBar();
getSession().then(start, start);
