// Nobody there any more: first a question, then everything is wiped. The
// question stands for WARN seconds, and any touch answers it.

const WARN = 30;

export class Idle {
  // seconds: () => how long nobody may be there; warn(left): ask, or null: no
  // more; wipe(): clear everything
  constructor({ seconds, warn, wipe }) {
    Object.assign(this, { seconds, warn, wipe });
    this.on = false;
    this.last = performance.now();
    this.shown = null;
    for (const event of ["pointerdown", "keydown", "input", "wheel", "touchmove"])
      window.addEventListener(event, (e) => this.touch(e), { capture: true, passive: true });
    this.timer = setInterval(() => this.look(), 250);
  }

  // Is somebody's text on the screen?
  watch(on) {
    if (on && !this.on) this.last = performance.now();
    this.on = on;
    if (!on) this.hide();
  }

  // What is done on the question itself is answered by its buttons: it must
  // still be there when the finger is lifted.
  touch(event) {
    if (this.shown !== null && event?.target?.closest?.("#dialog")) return;
    this.last = performance.now();
    this.hide();
  }

  hide() {
    if (this.shown !== null) {
      this.shown = null;
      this.warn(null);
    }
  }

  look() {
    if (!this.on) return;
    const all = Math.max(this.seconds(), WARN + 5);
    const left = Math.ceil(all - (performance.now() - this.last) / 1000);
    if (left <= 0) {
      this.hide();
      this.on = false;
      this.wipe();
    } else if (left <= WARN && left !== this.shown) {
      this.shown = left;
      this.warn(left);
    }
  }
}
