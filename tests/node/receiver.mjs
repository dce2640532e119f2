// A webhook receiver: it verifies the signature with the published library of
// Standard Webhooks and reads the event with the published SDK of CloudEvents,
// and writes one line of JSON for each request.
//
//     node receiver.mjs SECRET        answers as the file ANSWER says, each time
//
// On standard output first {"port":N}.  The environment's ANSWER names a file
// with a status, and optionally milliseconds to wait: "503 0".
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";
import { HTTP } from "cloudevents";

const hook = new Webhook(process.argv[2]);
const say = (line) => process.stdout.write(JSON.stringify(line) + "\n");

function verify(headers, body) {
  try {
    hook.verify(body, headers);
    return true;
  } catch (error) {
    return String(error.message);
  }
}

function read(headers, body) {
  try {
    const event = HTTP.toEvent({ headers, body });
    event.validate();
    return event.toJSON();
  } catch (error) {
    return { error: String(error.message ?? error) };
  }
}

const server = createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    const body = Buffer.concat(parts).toString("utf8");
    const [status, wait] = readFileSync(process.env.ANSWER, "utf8").trim()
      .split(" ").map(Number);
    say({ id: request.headers["webhook-id"], verified:
      verify(request.headers, body), forged: verify(request.headers, body + " "),
      event: read(request.headers, body), headers: request.headers, status });
    setTimeout(() => {
      response.writeHead(status, status === 503 ? { "Retry-After": "1" } : {});
      response.end();
    }, wait || 0);
  });
});
server.listen(0, "127.0.0.1", () => say({ port: server.address().port }));
