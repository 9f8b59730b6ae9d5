// Speed and time left, smoothed.

const settling = 5000;
const sampleEvery = 250;

/** An exponential moving average of speed, and the end it promises. */
export class Meter {
  #rate = 0;
  #end = 0;
  #now = 0;
  #sent = 0;

  /** Gives bytes per second, and seconds left or null while unknown.
   * @param {number} now @param {number} sent bytes so far @param {number} total */
  add(now, sent, total) {
    const ms = now - this.#now;
    const more = sent - this.#sent;
    const fresh = !this.#now || more < 0; // what was cut off is sent twice, and counts anew
    if (!fresh && ms >= sampleEvery) {
      const weight = this.#rate ? 1 - Math.exp(-ms / settling) : 1;
      this.#rate += (more / ms * 1000 - this.#rate) * weight;
      const end = now + (total - sent) / this.#rate * 1000;
      // A promise is kept while it is at most a tenth off, so that the display does not flicker.
      if (!(Math.abs(end - this.#end) <= (end - now) / 10)) this.#end = end;
    }
    if (fresh || ms >= sampleEvery) {
      this.#now = now;
      this.#sent = sent;
    }
    const rate = this.#rate;
    const eta = rate ? Math.max(0, this.#end - now) / 1000 : null;
    return { sent, total, rate, eta };
  }
}
