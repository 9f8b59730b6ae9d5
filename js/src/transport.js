// How requests travel, what can go wrong with them, and what they share.

import { openMemory } from './memory.js';
import { backoff, patience, retryable, retryAfter } from './machine.js';

/**
 * @typedef {object} Request
 * @property {string} method
 * @property {string} url
 * @property {Record<string, string>} headers
 * @property {Blob | string | null} body
 * @property {AbortSignal | null} signal
 * @property {(sent: number) => void} report bytes sent; called from the start, or never
 *
 * @typedef {{ status: number, header: (name: string) => string | null, text: string }} Answer
 *
 * @typedef {(request: Request) => Promise<Answer>} Transport rejects when no answer came
 *
 * @typedef {{ now: () => number, after: (ms: number, act: () => void) => () => void }} Clock
 *
 * @typedef {{ get: (key: string) => Promise<unknown>, set: (key: string, value: unknown) => Promise<void>,
 *   delete: (key: string) => Promise<void> }} Memory
 *
 * @typedef {Record<string, string>} Fields
 *
 * @typedef {object} Settings
 * @property {string | URL} [base] the gateway's root; by default where this file came from
 * @property {(request: { method: string, url: string }) => Fields | Promise<Fields>} [headers] asked
 *   by each request for more fields, such as Authorization; the gateway alone gets them
 * @property {Transport} [transport]
 * @property {Memory} [memory] by default `openMemory()`
 * @property {Clock} [clock]
 * @property {() => number} [random]
 * @property {LockManager | null} [locks]
 * @property {AbortSignal} [signal] stops here and keeps everything on the server
 * @property {number} [maxRetryTime] milliseconds without an acknowledged byte
 * @property {number} [stallAfter] milliseconds without a byte sent; 20 s by default
 */

export const tus = { 'Tus-Resumable': '1.0.0' };

/** What went wrong: `code` is the server's, or `network`, `unreadable`, `too-many-bytes`, `gone`,
 * `bad-answer`, `foreign-location`, `files-missing`; without words of its own it is the message too. */
export class Problem extends Error {
  /** @override */
  name = 'Problem';
  /** @param {string} code
   * @param {{ message?: string | undefined, status?: number, retryable?: boolean | undefined,
   *   cause?: unknown }} [more] */
  constructor(code, { message = code, status = 0, retryable, cause } = {}) {
    super(message, { cause });
    this.code = code;
    this.status = status;
    /** Whether the server says that trying again may help; it need not say. */
    this.retryable = retryable;
  }
}

/** Reads a problem document, if it is one. @param {Answer} answer */
export const problemOf = ({ status, header, text }) => {
  /** @type {{ code?: string, detail?: string, title?: string, retryable?: unknown }} */
  let body = {};
  try {
    body = Object(JSON.parse(text));
  } catch { /* not a problem document */ }
  const code = body.code ?? header('Upload-Error') ?? `http-${status}`;
  const retryable = typeof body.retryable === 'boolean' ? body.retryable : undefined;
  return new Problem(code, { message: body.detail ?? body.title, status, retryable, cause: body });
};

/** @type {Transport} Reports what was sent, as only XMLHttpRequest can. */
export const viaXHR = ({ method, url, headers, body, signal, report }) =>
  new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    xhr.open(method, url);
    for (const name in headers) xhr.setRequestHeader(name, `${headers[name]}`);
    xhr.upload.onloadstart = xhr.upload.onprogress = ({ loaded }) => report(loaded);
    xhr.onload = () =>
      resolve({
        status: xhr.status,
        header: (name) => xhr.getResponseHeader(name),
        text: xhr.responseText,
      });
    xhr.onerror = xhr.onabort = reject;
    signal?.addEventListener('abort', () => xhr.abort());
    xhr.send(body);
  });

/** @type {Transport} */
export const viaFetch = async ({ report: _, url, ...request }) => {
  const answer = await fetch(url, request);
  const text = await answer.text();
  return { status: answer.status, header: (name) => answer.headers.get(name), text };
};

/** @type {Clock} */
const wallClock = {
  now: Date.now,
  after(ms, act) {
    const timer = setTimeout(act, ms);
    return () => clearTimeout(timer);
  },
};

/** The gateway as one client sees it: where it is, and how and when to talk to it.
 * @template {Settings} T */
export class Gateway {
  /** @param {T} settings */
  constructor(settings) {
    this.settings = {
      base: '..',
      transport: globalThis.XMLHttpRequest ? viaXHR : viaFetch,
      memory: openMemory(),
      clock: wallClock,
      random: Math.random,
      locks: globalThis.navigator?.locks,
      maxRetryTime: patience,
      ...settings,
    };
    this.base = new URL(this.settings.base, import.meta.url);
  }

  /** Resolves a link; one that leaves the gateway's origin is refused.
   * @param {string} link @param {string | URL} [from] */
  url(link, from = this.base) {
    const { origin, href } = new URL(link, from);
    if (origin === this.base.origin) return href;
    throw new Problem('foreign-location', { cause: href });
  }

  /** Sends one request, with the caller's own fields added; one that stands still is cut off.
   * @param {Pick<Request, 'method' | 'url' | 'headers'> & Partial<Request>} request */
  async send(request) {
    const { headers, transport, clock, stallAfter = 20_000 } = this.settings;
    const { signal, body = null, report } = request;
    const fields = { ...request.headers, ...await headers?.(request) };
    signal?.throwIfAborted();
    const control = new AbortController();
    const cut = () => control.abort();
    signal?.addEventListener('abort', cut);
    let most = -1;
    let unwatch = () => {};
    const watch = () => {
      unwatch();
      unwatch = clock.after(stallAfter, cut);
    };
    if (!body) watch(); // without reports there is no telling a stall from a long body
    try {
      return await transport({
        ...request,
        body,
        headers: fields,
        signal: control.signal,
        report(sent) {
          if (sent <= most || control.signal.aborted) return;
          most = sent;
          watch();
          report?.(sent);
        },
      });
    } finally {
      unwatch();
      signal?.removeEventListener('abort', cut);
    }
  }

  /** Ends an upload, as best it can: what stays behind expires. @param {string} url */
  remove(url) {
    this.send({ method: 'DELETE', url, headers: tus }).catch(() => {});
  }

  /** Calls the API until it answers for good, and gives the JSON it answered with.
   * @template T
   * @param {string} method @param {string} link @param {AbortSignal | null} signal @param {unknown} [content]
   * @returns {Promise<T>} */
  async call(method, link, signal, content) {
    const { clock, random, maxRetryTime } = this.settings;
    const started = clock.now();
    const url = this.url(link);
    const body = content ? JSON.stringify(content) : null;
    const headers = { Accept: 'application/json', 'Content-Type': 'application/json' };
    for (let attempt = 0;; attempt++) {
      const answer = await this.send({ method, url, headers, signal, body }).catch(() => null);
      signal?.throwIfAborted();
      if (answer && answer.status < 300) return JSON.parse(answer.text);
      const problem = answer ? problemOf(answer) : new Problem('network');
      const now = clock.now();
      const ms = (retryAfter(answer?.header('Retry-After'), now) ?? 0) + backoff(attempt, random());
      const hopeless = problem.retryable === false || !retryable(problem.status);
      if (hopeless || now + ms - started > maxRetryTime) throw problem;
      await this.sleep(ms, signal);
    }
  }

  /** Ends early when aborted. @param {number} ms @param {AbortSignal | null} signal */
  async sleep(ms, signal) {
    let stop = () => {};
    await new Promise((resolve) => {
      stop = this.settings.clock.after(ms, () => resolve(null));
      signal?.addEventListener('abort', resolve, { once: true });
    });
    stop();
    signal?.throwIfAborted();
  }
}
