// CloudEvents on standard input, one JSON object on a line: each is read and
// validated by the published SDK, and what it understood is printed.
import { createInterface } from "node:readline";
import { HTTP } from "cloudevents";

for await (const body of createInterface({ input: process.stdin })) {
  const event = HTTP.toEvent({ body,
    headers: { "content-type": "application/cloudevents+json" } });
  event.validate();
  process.stdout.write(JSON.stringify(event) + "\n");
}
