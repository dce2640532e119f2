// The petitioner's page in Chromium, against the real docket-kiosk, docketd and
// workers. One browser for all of it: the parts are imported here.
import { after, before } from "node:test";
import { closeBrowser, openBrowser } from "./office.mjs";

before(openBrowser);
after(closeBrowser);

await import("./pure.mjs");
await import("./filing.mjs");
await import("./trouble.mjs");
await import("./looks.mjs");
