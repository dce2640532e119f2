// One's own account: password, single keys.
import { changePassword, session } from "./api.js";
import { unit, word } from "./names.js";
import { button, facts, field, h, input, notice, problem, replace } from "./ui.js";
import { setTaste, t, taste } from "./words.js";

const ROLES = { handler: () => word("role", "handler"), supervisor: () => t("督查人员", "supervisor"),
  auditor: () => t("审计人员", "auditor"), administrator: () => word("role", "administrator") };

export async function show(main) {
  const said = h("div", {});
  const [old, next, again] = [0, 1, 2].map((n) => input({ type: "password", required: true,
    autocomplete: n === 0 ? "current-password" : "new-password", minlength: n === 0 ? null : 10, maxlength: 200 }));
  const keys = h("input", { type: "checkbox", id: "keys", checked: taste("keys", true),
    onchange: () => setTaste("keys", keys.checked) });
  replace(main, h("h1", {}, t("账户", "Account")),
    h("section", { class: "card" }, facts([[t("用户名", "User name"), session.name],
      [t("角色", "Roles"), (session.roles ?? []).map((role) => ROLES[role]?.() ?? role).join(t("、", ", "))],
      [word("who", "unit"), session.unit ? unit(session.unit) : null]])),
    h("section", { class: "card" }, h("h2", {}, t("按键", "Keys")),
      h("label", { class: "check" }, keys, h("span", {}, t("单键操作（如 a 答复）", "Single keys (a for answer, say)")))),
    h("section", { class: "card" }, h("h2", {}, t("更改密码", "Change the password")), said,
      h("form", { onsubmit: async (event) => {
        event.preventDefault();
        if (next.value !== again.value)
          return replace(said, notice("warn", t("两次输入的新密码不一致。", "The new password was not repeated alike.")));
        try {
          await changePassword(old.value, next.value);
          for (const each of [old, next, again]) each.value = "";
          return replace(said, notice("good", t("密码已更改。", "The password was changed.")));
        } catch (error) {
          return replace(said, problem(error));
        }
      } },
      field("old", t("现在的密码", "Password now"), old),
      field("next", t("新密码", "New password"), next),
      field("again", t("再输入一次新密码", "New password again"), again),
      button(t("更改", "Change"), { type: "submit", kind: "lead" }))));
}
