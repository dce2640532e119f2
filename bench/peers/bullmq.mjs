// BullMQ on Redis (appendfsync always): `add` is confirmed when Redis has synced.
//
//     node bullmq.mjs NAME CLIENTS WINDOW SECONDS PORT
//
// One process, a connection for each client, each with `window` adds under way.
// Prints one JSON line, as the clients in C do.
import { randomBytes } from "node:crypto";
import { createRequire } from "node:module";

const { Queue } = createRequire(import.meta.url)("bullmq");
const [name, clients, window, seconds, port] = process.argv.slice(2);
const LENGTH = 704;
const warm = 700;

const head =
  '{"submission_id":"00000000-0000-7000-8000-000000000000",' +
  '"channel":"kiosk","kind":"appeal","region":"城关街道",' +
  '"category":"城乡建设/住房保障与房地产/物业服务",' +
  '"petitioners":1,"subject":"小区电梯停运多日无人维修","facts":"';
const said =
  "翠竹苑三幢电梯停运二十天，多次书面催促物业公司没有结果，" +
  "楼内老人出行困难，请求督促维修并公布维修资金使用情况。";
let body = head;
while (Buffer.byteLength(body + said) <= LENGTH - 2) body += said;
body += ".".repeat(LENGTH - 2 - Buffer.byteLength(body)) + '"}';

// A version 7 UUID, as the others make one.
function message() {
  const b = randomBytes(16);
  b.writeUIntBE(Date.now(), 0, 6);
  b[6] = (b[6] & 0x0f) | 0x70;
  b[8] = (b[8] & 0x3f) | 0x80;
  const h = b.toString("hex");
  const id = [0, 8, 12, 16, 20].map((from, i, at) =>
    h.slice(from, at[i + 1] ?? 32)).join("-");
  return body.slice(0, 18) + id + body.slice(54);
}

const queues = [];
for (let i = 0; i < Number(clients); i++)
  queues.push(new Queue("docket", {
    connection: { host: "127.0.0.1", port: Number(port) } }));
await Promise.all(queues.map((q) => q.waitUntilReady()));

const took = [];
const begin = performance.now() + warm;
const end = begin + Number(seconds) * 1000;
async function one(queue) {
  for (;;) {
    const sent = performance.now();
    if (sent >= end) return;
    await queue.add("case", message());
    const now = performance.now();
    if (now >= begin && now < end) took.push((now - sent) * 1000);
  }
}
await Promise.all(queues.flatMap((q) =>
  Array.from({ length: Number(window) }, () => one(q))));
took.sort((a, b) => a - b);
const at = (share) => Math.round(
  took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? 0);
console.log(JSON.stringify({
  name, measure: "peer", clients: Number(clients), window: Number(window),
  seconds: Number(seconds), per_second: Math.round(took.length / seconds),
  p50_us: at(0.5), p99_us: at(0.99), max_us: at(1) }));
await Promise.all(queues.map((q) => q.close()));
process.exit(took.length > 0 ? 0 : 1);
