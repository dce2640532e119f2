// The office's pages in Chromium, against the real docket-web, docketd and workers.
// One browser and one office for all of it: the parts are imported here.
import { after, before } from "node:test";
import { closeBrowser, openBrowser } from "./office.mjs";

before(openBrowser);
after(closeBrowser);

await import("./webpure.mjs");
await import("./webdesk.mjs");
await import("./websearch.mjs");
await import("./webwatch.mjs");
await import("./webaccount.mjs");
await import("./weblooks.mjs");
