// The office's events as they are committed. Read by hand rather than by
// EventSource: so a silence is noticed, for the server says something every 15 s.
const SILENCE = 35000;

// told.live(bool) whenever that changes; told.event(event) for each one. Returns
// what ends it.
export function follow(told) {
  let ended = false, controller = null, last = null, live = null, heard = 0;
  const set = (now) => { if (now !== live) told.live(live = now); };
  const watch = setInterval(() => {
    if (live && performance.now() - heard > SILENCE) {
      set(false);
      controller?.abort();
    }
  }, 1000);

  function line(text, message) {
    if (text === "") {
      if (message.data !== undefined) {
        if (message.id !== undefined) last = message.id;
        told.event(JSON.parse(message.data));
      }
      return {};
    }
    const [, name, value] = /^([^:]*):? ?(.*)$/.exec(text);
    if (name === "data") message.data = (message.data === undefined ? "" : message.data + "\n") + value;
    if (name === "id") message.id = value;
    return message;
  }

  async function once() {
    controller = new AbortController();
    const response = await fetch("api/v1/stream", { cache: "no-store", credentials: "same-origin", redirect: "error",
      signal: controller.signal, headers: { Accept: "text/event-stream", ...(last === null ? {} : { "Last-Event-ID": last }) } });
    if (!response.ok || !response.body) throw new Error("status " + response.status);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "", message = {};
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      heard = performance.now();
      set(true);
      const lines = (rest + value).split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop();
      for (const text of lines) message = line(text, message);
    }
  }

  (async () => {
    for (let wait = 500; !ended;) {
      heard = performance.now();
      try {
        await once();
      } catch {
        // away: tried again below
      }
      set(false);
      if (ended) return;
      await new Promise((then) => setTimeout(then, wait));
      wait = performance.now() - heard > 10000 ? 500 : Math.min(wait * 2, 5000);
    }
  })();
  return () => {
    ended = true;
    clearInterval(watch);
    controller?.abort();
  };
}
