// docketd and its companions in a temporary folder, for the Node tests.
import { spawn } from "node:child_process";
import { accessSync, constants, mkdtempSync, openSync, readFileSync, rmSync }
  from "node:fs";
import { fileURLToPath } from "node:url";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { ROOT } from "./dkt1.mjs";

const BIN = process.env.DK_BIN ?? fileURLToPath(new URL("build/dev", ROOT));
const STRETCH = Number(process.env.DK_STRETCH ?? 1);
export const file = (name) => fileURLToPath(new URL(name, ROOT));

export function program(name) {
  for (const folder of ["", "workers", "clients"]) {
    const path = join(BIN, folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // look in the next folder
    }
  }
  throw new Error(`${name} is not built in ${BIN} (set DK_BIN)`);
}

// Poll until `condition()` gives something.
export async function until(condition, what, seconds = 15) {
  const end = Date.now() + seconds * 1000 * STRETCH;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`${what} did not come`);
    await pause(10);
  }
}

export class World {
  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), "dk-n"));
    this.clients = `ipc://${this.folder}/c`;
    this.workers = `ipc://${this.folder}/w`;
    this.children = [];
    this.peers = [];
  }

  start(name, argv, options = {}) {
    const log = join(this.folder, `${name}.${this.children.length}`);
    const child = spawn(program(name), argv, { stdio: [
      "ignore", openSync(log + ".out", "w"), openSync(log + ".err", "w")],
      ...options });
    child.log = () => readFileSync(log + ".err", "utf8");
    child.said = () => readFileSync(log + ".out", "utf8");
    child.ended = new Promise((done) => child.on("exit",
      (code, signal) => done(code ?? signal)));
    this.children.push(child);
    return child;
  }

  async broker(more = []) {
    const child = this.start("docketd", ["--data", this.folder,
      "--clients", this.clients, "--workers", this.workers, "--county",
      "330699", "--test-clock", "2026-05-01T09:00:00+08:00", ...more]);
    await until(() => child.log().includes("event=ready") ||
      (child.exitCode !== null && Promise.reject(new Error(child.log()))),
      "event=ready");
    return child;
  }

  service(name, endpoint = this.workers) {
    const files = { policy: file("policy/xinfang-2022.json"),
      calendar: file("policy/calendar-cn.json"),
      book: file("tests/support/files/book.json") };
    const needs = { assign: ["book"], deadline: ["policy", "calendar"],
      escalate: ["policy", "calendar", "book"] }[name];
    return this.start("docket-" + name, ["--connect", endpoint,
      ...needs.flatMap((need) => ["--" + need, files[need]])]);
  }

  peer(peer) {
    this.peers.push(peer);
    return peer;
  }

  // End everything that was started; complain about a sanitizer's report.
  async close() {
    for (const peer of this.peers) peer.close();
    for (const child of this.children)
      if (child.exitCode === null) child.kill("SIGTERM");
    const reports = [];
    for (const child of this.children) {
      const end = await Promise.race([child.ended,
        pause(15000 * STRETCH, "hangs", { ref: false })]);
      if (end === "hangs") {
        child.kill("SIGKILL");
        reports.push(`${child.spawnfile} does not end on SIGTERM`);
      }
      if (/Sanitizer|runtime error:/.test(child.log()))
        reports.push(child.log());
    }
    rmSync(this.folder, { recursive: true, force: true });
    if (reports.length) throw new Error(reports.join("\n"));
  }
}
