// Who are you? As a page of its own, or over a page whose session has ended.
import { Problem, logIn } from "./api.js";
import { dialog, field, h, input, notice, problem, replace } from "./ui.js";
import { t } from "./words.js";

function fields(name) {
  return [
    field("name", t("用户名", "User name"), input({ name: "username", autocomplete: "username",
      value: name ?? "", maxlength: 56, autocapitalize: "off", required: true })),
    field("password", t("密码", "Password"), input({ type: "password", name: "password",
      autocomplete: "current-password", maxlength: 1024, required: true })),
  ];
}

async function tryIt(form, faults) {
  const [name, password] = ["name", "password"].map((id) => form.querySelector("#" + id));
  if (form.dataset.busy) return false;
  form.dataset.busy = "true";
  try {
    await logIn(name.value.trim(), password.value);
    return true;
  } catch (error) {
    replace(faults, error instanceof Problem && error.status === 401
      ? notice("warn", t("用户名或密码不对。", "The user name or the password is wrong."))
      : problem(error));
    password.value = "";
    password.focus();
    return false;
  } finally {
    delete form.dataset.busy;
  }
}

export function showLogin(main, then) {
  const faults = h("div", {});
  const form = h("form", { class: "login card", method: "post", onsubmit: async (event) => {
    event.preventDefault();
    if (await tryIt(form, faults)) then();
  } },
  h("h1", {}, t("登录", "Log in")),
  h("p", { class: "hint" }, t("信访事项办理系统。操作以本人名义记录。",
    "For officers who handle petitions. What you do is recorded under your name.")),
  faults, fields(),
  h("button", { type: "submit", class: "button lead", id: "login" }, h("span", {}, t("登录", "Log in"))));
  replace(main, form);
  form.querySelector("#name").focus();
}

// Over the page: what stands there stays. True when somebody is logged in again.
export async function logInAgain(name) {
  const faults = h("div", {});
  const said = await dialog(t("会话已结束，请重新登录", "The session has ended: log in again"),
    [h("p", { class: "hint" }, t("页面上已填写的内容都还在。", "What was typed on the page is still there.")),
      faults, fields(name)],
    [["login", t("登录", "Log in"), "lead"], ["leave", t("离开", "Leave")]],
    (form) => tryIt(form, faults));
  return said === "login";
}
