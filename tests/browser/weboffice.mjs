// The one office that the tests of the office's pages share: made once, ended once.
import { after } from "node:test";
import { WebWorld } from "./webworld.mjs";

export const ACCOUNTS = { "rsj-jin": ["handler", "rsj"], "rsj-he": ["handler", "rsj"], "xfj-luo": ["supervisor", null], "xfj-bai": ["auditor", null] };
let making = null;

export function theOffice() {
  making ??= (async () => {
    const world = await new WebWorld().office();
    await world.live();
    return world.web(ACCOUNTS);
  })();
  return making;
}

after(async () => { if (making) await (await making).close(); });

let number = 0;
// A matter of its own for a test, with the unit of the accounts above.
export async function matter(world, more = {}, ...acts) {
  const caseNo = await world.submit({ channel: "visit", subject: `拖欠工资（第${++number}件）`, facts: "工地拖欠三个月工资，请求发放。",
    category: "劳动和社会保障/劳动关系/拖欠工资", region: "城关街道", persons: [{ name: "周八", phone: "0571-3333333", address: "城关街道一号" }], ...more });
  await world.client.call("clock.advance", { ms: 1000, settle: true });
  for (const [action, fields, actor] of acts) await world.act(caseNo, action, fields, actor ?? "unit:rsj");
  if (acts.length) await world.client.call("clock.advance", { ms: 1000, settle: true });
  return caseNo;
}
