// Many small files in one request, as frames: for each file the length of a header, the header as
// JSON, and the file's bytes. They are parts of one Blob, so that nothing is copied.

/** @import { Item } from './push.js' */
/** @import { Gateway, Settings } from './transport.js' */

import { backoff, retryable, retryAfter } from './machine.js';
import { Problem, problemOf } from './transport.js';

/**
 * @typedef {{ path: string, status: 'stored' | 'exists' | 'refused', upload?: string | null,
 *   error?: { code?: string, detail?: string, title?: string, status?: number, retryable?: boolean }
 *     | string | null }} Result
 *
 * @typedef {object} Fate what became of a file
 * @property {string} [url] of the upload that the gateway now has
 * @property {Problem} [error] why it has none
 * @property {boolean} alone it should be tried by itself
 */

const mostTries = 5;

/** The frames, and where in them each file begins.
 * @param {Pick<Item, 'path' | 'file'>[]} items */
export const frames = (items) => {
  /** @type {BlobPart[]} */
  const parts = [];
  const starts = [];
  let length = 0;
  for (const { path, file } of items) {
    const { size, lastModified } = file;
    const header = new TextEncoder().encode(
      JSON.stringify({ path, size, mtime: lastModified / 1000 }),
    );
    const count = new DataView(new ArrayBuffer(4));
    count.setUint32(0, header.length);
    parts.push(count, header, file);
    starts.push(length += 4 + header.length);
    length += size;
  }
  return { body: new Blob(parts), starts };
};

/** Sends files in one request, again and again while that may help, and gives what became of each.
 * It throws a problem that another request of its kind would meet as well, and an AbortError.
 * @template {Settings} T
 * @param {Gateway<T>} gateway @param {string} push @param {Pick<Item, 'path' | 'file'>[]} items
 * @param {AbortSignal} signal
 * @param {(sent: number[], waits: boolean) => void} report bytes sent of each, and whether it waits
 *   to send them again
 * @returns {Promise<Fate[]>} */
export const sendBatch = async (gateway, push, items, signal, report) => {
  const { clock, random } = gateway.settings;
  const { body, starts } = frames(items);
  const request = {
    method: 'POST',
    url: gateway.url(`files/batch?push=${encodeURIComponent(push)}`),
    headers: { 'Content-Type': 'application/vnd.sheaf.frames', Accept: 'application/json' },
    body,
    signal,
    /** @param {number} sent */
    report: (sent) =>
      report(
        items.map(({ file }, n) => Math.max(0, Math.min(file.size, sent - (starts[n] ?? 0)))),
        false,
      ),
  };
  for (let attempt = 0; attempt < mostTries; attempt++) {
    const answer = await gateway.send(request).catch(() => null);
    signal.throwIfAborted();
    if (answer && answer.status < 300) {
      const results = read(answer.text);
      const byPath = new Map(results.map((result) => [result.path, result]));
      // A path may come back in another form, as it is stored or shown; the order is the same.
      const byPlace = results.length === items.length ? results : [];
      return items.map(({ path }, n) => fate(gateway, byPath.get(path) ?? byPlace[n]));
    }
    const problem = answer ? problemOf(answer) : new Problem('network');
    // 501 is as final as 404: there are gateways without batches.
    const hopeless = problem.status === 501 || problem.retryable === false;
    if (hopeless || !retryable(problem.status)) throw problem;
    report(items.map(() => 0), true);
    const asked = retryAfter(answer?.header('Retry-After'), clock.now());
    if (attempt < mostTries - 1) {
      await gateway.sleep((asked ?? 0) + backoff(attempt, random()), signal);
    }
  }
  return items.map(() => ({ alone: true }));
};

/** @param {string} text @returns {Result[]} none when it cannot be read */
const read = (text) => {
  try {
    return JSON.parse(text).items ?? [];
  } catch {
    return [];
  }
};

/** What is not answered for is tried alone.
 * @template {Settings} T
 * @param {Gateway<T>} gateway @param {Result | undefined} result @returns {Fate} */
const fate = (gateway, result) => {
  const { status, upload, error } = result ?? {};
  if (status === 'stored' || status === 'exists') {
    return { alone: false, ...(upload && { url: gateway.url(`files/${upload}`) }) };
  }
  const { code, detail, title, status: number = 0, retryable } = typeof error === 'string'
    ? { code: error }
    : error ?? {};
  if (status !== 'refused' || retryable) return { alone: true };
  const problem = new Problem(code ?? 'refused', {
    message: detail ?? title,
    status: number,
    retryable,
    cause: error,
  });
  return { alone: false, error: problem };
};
