// The docket protocol (DKT1) in Node, written from proto/PROTOCOL.md and
// proto/schemas alone.
import { readFileSync, readdirSync } from "node:fs";
import { randomBytes } from "node:crypto";
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { Dealer } from "zeromq";
import { BODY_MAX, Refused, parse } from "./strict.mjs";

export const ROOT = new URL("../../", import.meta.url);
const SCHEMAS = new URL("proto/schemas/", ROOT);

// -- schemas

const ajv = new Ajv2020({ allErrors: true, strict: false });
addFormats(ajv);
const names = readdirSync(SCHEMAS).filter((name) => name.endsWith(".json"));
const ids = {};
for (const name of names) {
  const schema = JSON.parse(readFileSync(new URL(name, SCHEMAS), "utf8"));
  ids[name] = schema.$id ?? name;
  ajv.addSchema(schema, ids[name]);
}

export const hasSchema = (name) => name + ".json" in ids;
export const schemaNames = names.map((name) => name.replace(/\.json$/, ""));

const escaped = (key) => key.replaceAll("~", "~0").replaceAll("/", "~1");

// The pointers of what is wrong; empty when nothing is.
export function mistakes(name, body) {
  const validate = ajv.getSchema(ids[name + ".json"]);
  if (!validate) throw new Error(`no schema ${name}`);
  if (validate(body)) return [];
  return validate.errors.map((error) => {
    const more = error.params.missingProperty ??
      error.params.additionalProperty ?? error.params.unevaluatedProperty;
    return error.instancePath +
      (more === undefined ? "" : "/" + escaped(more));
  });
}

export function conform(name, body) {
  const found = mistakes(name, body);
  if (found.length)
    throw new Error(`${name} does not match its schema at ` +
      `${found.join(" ")}: ${JSON.stringify(body).slice(0, 800)}`);
}

// -- frames

const ascii = (bytes) => bytes.every((b) => b >= 0x20 && b < 0x7f);

// {type, request, body} or a Refused with `under`, the id to answer under.
export function readFrames(frames) {
  const id = frames[2];
  const under = id && id.length >= 1 && id.length <= 64 && ascii(id)
    ? id.toString("latin1") : "";
  const refuse = (slug, what) => {
    const refused = new Refused(slug, what);
    refused.under = under;
    throw refused;
  };
  if (frames.length !== 4) refuse("bad-frames", `${frames.length} frames`);
  if (frames[0].toString("latin1") !== "DKT1")
    refuse("bad-version", "version");
  const type = frames[1].toString("latin1");
  if (!/^[a-z.]{1,32}$/.test(type)) refuse("bad-frames", "type");
  if (under === "") refuse("bad-frames", "request id");
  if (frames[3].length > BODY_MAX) refuse("too-large", "body");
  return { type, request: under, body: frames[3] };
}

// The schema of a request, or null: there is no such message there.
export function requestSchema(endpoint, type) {
  const pushes = ["welcome", "task", "done", "problem", "ok", "event"];
  if (pushes.includes(type) || type.endsWith(".ok")) return null;
  const name = endpoint === "workers" ? "worker." + type : type;
  if (endpoint === "clients" && /^(worker\.(?!list$)|action\.)/.test(type))
    return null;
  if (["defs", "case-file", "worker.ok"].includes(name)) return null;
  return hasSchema(name) ? name : null;
}

// -- ids

export function uuid7(now = Date.now()) {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(now, 0, 6);
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16),
    hex.slice(16, 20), hex.slice(20)].join("-");
}

export function checkDigit(digits) {
  let product = 10;
  for (const digit of digits) {
    const sum = (Number(digit) + product) % 10 || 10;
    product = (sum * 2) % 11;
  }
  return String((11 - product) % 10);
}

// -- peers

export class Peer {
  constructor(endpoint) {
    this.socket = new Dealer({ linger: 0, receiveTimeout: 10000,
      reconnectInterval: 10 });
    this.socket.connect(endpoint);
    this.waiting = [];
    this.count = 0;
  }

  close() {
    this.socket.close();
  }

  async raw(frames) {
    await this.socket.send(frames);
  }

  async send(type, body = {}, request = `n${++this.count}`) {
    await this.raw(["DKT1", type, request, JSON.stringify(body)]);
    return request;
  }

  // The next message, checked: frames, strict JSON, a problem's schema.
  async receive() {
    const frames = await this.socket.receive();
    const { type, request, body } = readFrames(
      frames[2].length ? frames : [frames[0], frames[1],
        Buffer.from("-"), frames[3]]);
    const message = { type, body: parse(body),
      request: frames[2].length ? request : "" };
    if (type === "problem") {
      conform("problem", message.body);
      if ((message.body.request ?? request) !== request)
        throw new Error(`a refusal of another request: ${request}`);
    }
    return message;
  }

  async answer(request) {
    for (;;) {
      const at = this.waiting.findIndex((m) => m.request === request);
      if (at >= 0) return this.waiting.splice(at, 1)[0];
      this.waiting.push(await this.receive());
    }
  }

  async next(wanted) {
    for (;;) {
      const at = this.waiting.findIndex(wanted);
      if (at >= 0) return this.waiting.splice(at, 1)[0];
      this.waiting.push(await this.receive());
    }
  }
}

export const slugOf = (message) =>
  message.body.type.replace("urn:docket:problem:", "");

// Answers that name what they answer.
const ownId = { "case.submit": "submission_id", "case.act": "command_id" };

export class Client extends Peer {
  async call(type, body = {}) {
    conform(type, body);
    const answer = await this.answer(await this.send(type, body));
    if (answer.type === "problem")
      throw new Refused(slugOf(answer), answer.body.detail,
        answer.body.pointer);
    if (answer.type !== "ok") throw new Error(`not ok: ${answer.type}`);
    conform(type + ".ok", answer.body);
    const own = ownId[type];
    if (own && answer.body[own] !== body[own])
      throw new Error(`the answer to another command: ${answer.body[own]}`);
    return answer.body;
  }
}

export class Worker extends Peer {
  async hello(service, worker, credit) {
    const answer = await this.answer(
      await this.send("hello", { service, worker, credit }));
    if (answer.type !== "welcome") throw new Error(answer.type);
    conform("worker.welcome", answer.body);
    this.welcome = answer.body;
    this.beat = setInterval(() => this.send("heartbeat"),
      answer.body.heartbeat_ms / 2);
  }

  close() {
    clearInterval(this.beat);
    super.close();
  }

  // Serve until `until()`; `decide(task)` gives the commands.
  async serve(decide, until) {
    this.socket.receiveTimeout = 100;
    while (!until()) {
      let message;
      try {
        message = this.waiting.shift() ?? (await this.receive());
      } catch (error) {
        if (error.code === "EAGAIN") continue;
        throw error;
      }
      if (message.type === "task") await this.work(decide, message);
      else if (message.type === "done") conform("worker.done", message.body);
      else if (message.type !== "heartbeat")
        throw new Error(`${message.type}: ${JSON.stringify(message.body)}`);
    }
  }

  async work(decide, message) {
    const task = message.body;
    conform("worker.task", task);
    const body = { task_id: task.task_id, lease: task.lease,
      commands: decide(task) };
    conform("worker.result", body);
    await this.send("result", body, task.lease);
  }
}
