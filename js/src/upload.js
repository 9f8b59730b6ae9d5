// One file on its way: carries out the effects of machine.js.

/** @import { Effect, Event as Input, Method } from './machine.js' */
/** @import { Answer, Settings } from './transport.js' */

import { initial, over, retryAfter as milliseconds, step } from './machine.js';
import { fingerprint } from './memory.js';
import { Meter } from './meter.js';
import { Gateway, Problem, problemOf, tus } from './transport.js';

/**
 * @typedef {object} UploadSettings
 * @property {string} [path] inside the bundle; by default the file's relative path or name
 * @property {string} [push] id of the push it belongs to
 * @property {Record<string, string>} [metadata] further Upload-Metadata
 * @property {string | undefined} [url] an upload that the server already has
 * @property {number} [chunk] most bytes in one request; all of them by default
 * @property {'chunk' | undefined} [digest] `chunk`: appends of at most 8 MiB, each with its SHA-256
 *   where the page may hash (https, localhost); none by default
 *
 * @typedef {{ url: string, stamp: string }} Remembered
 * @typedef {{ chunk: number, at: number }} Limited
 */

const hashedBytes = 8 << 20;
const limitKeptFor = 86_400_000;

const bytesType = { 'Content-Type': 'application/offset+octet-stream' };

/** Upload-Metadata: the values are base64 of UTF-8. @param {Record<string, string>} values */
export const encodeMetadata = (values) =>
  Object.entries(values).map(([key, value]) =>
    `${key} ${btoa(String.fromCharCode(...new TextEncoder().encode(value)))}`.trim()
  ).join();

/** Upload-Checksum of an append. @param {Blob} body @param {SubtleCrypto} subtle */
const checksum = async (body, subtle) => {
  const digest = await subtle.digest('SHA-256', await body.arrayBuffer());
  return `sha256 ${btoa(String.fromCharCode(...new Uint8Array(digest)))}`;
};

/** @param {string | null | undefined} value */
const integer = (value) => value && /^\d+$/.test(value) ? +value : undefined;

/** What an answer tells the machine; a Location is as the server gave it. An answer of success that
 * lacks what it must have is an error.
 * @param {Method} method @param {Answer} answer @param {number} now @returns {Input} */
export const interpret = (method, answer, now) => {
  const { header } = answer;
  const offset = integer(header('Upload-Offset'));
  const limit = integer(/(?:^|,)\s*max-append-size=(\d+)/.exec(`${header('Upload-Limit')}`)?.[1]);
  const lost = ['rejected', 'cancelled', 'expired'].includes(`${header('Upload-State')}`);
  const status = lost && method === 'HEAD' ? 410 : answer.status;
  const url = (method === 'POST' && header('Location')) || undefined;
  if (status >= 300) {
    const { retryable: again } = problemOf(answer);
    const retryAfter = milliseconds(header('Retry-After'), now);
    return { type: 'failed', method, status, retryAfter, again, offset, url, limit };
  }
  if (method === 'POST' && url) return { type: 'created', url, offset: offset ?? 0, limit };
  if (method === 'POST' || offset === undefined) throw new Problem('bad-answer');
  return { type: method === 'HEAD' ? 'head' : 'appended', offset, limit };
};

/** A resumable upload. Events: `progress` (of bytes or of its state), `changed` (the file is not the one begun
 * earlier, so it starts anew) and `elsewhere` (another tab has it; this one waits). */
export class Upload extends EventTarget {
  #file;
  #settings;
  #gateway;
  #key;
  #limitKey;
  #stamp;
  #state;
  #meter = new Meter();
  #over = new AbortController();
  #request = new AbortController();
  #stopWait = () => {};
  /** @type {(value: { url: string }) => void} */
  #resolve = () => {};
  /** @type {(reason: unknown) => void} */
  #reject = () => {};
  /** @type {unknown} why the last request failed */
  #problem;

  /** @param {File} file @param {UploadSettings & Settings} [settings] */
  constructor(file, settings = {}) {
    super();
    const { name, size, lastModified: mtime } = file;
    this.path = settings.path ?? (file.webkitRelativePath || name);
    const { base } = this.#gateway = new Gateway(settings);
    this.#settings = this.#gateway.settings;
    const { maxRetryTime: budget, digest } = this.#settings;
    const chunk = Math.min(settings.chunk ?? Infinity, digest ? hashedBytes : Infinity);
    this.#file = file;
    this.#stamp = `${size} ${mtime}`;
    this.#key = fingerprint({ base, push: settings.push, path: this.path, size, mtime });
    this.#limitKey = `limit ${base.origin}`;
    this.#state = initial(size, { budget, chunk });
    /** Settles when all bytes are acknowledged, or when they never will be.
     * @type {Promise<{ url: string }>} */
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.done.catch(() => {}); // the state tells of failures too
  }

  get state() {
    return this.#state.phase;
  }

  /** Starts, or resumes what an earlier page began. */
  start() {
    const { signal } = this.#settings;
    const listening = { signal: this.#over.signal };
    const stop = () => this.#stop(true, signal?.reason);
    if (signal?.aborted) stop();
    signal?.addEventListener('abort', stop, listening);
    const wake = () =>
      this.#take({ type: globalThis.navigator?.onLine === false ? 'offline' : 'online' });
    wake();
    for (const event of ['online', 'offline', 'visibilitychange']) {
      globalThis.addEventListener?.(event, wake, listening);
    }
    this.#lock();
    return this.done;
  }

  pause() {
    this.#take({ type: 'pause' });
  }

  resume() {
    this.#take({ type: 'resume' });
  }

  /** Gives up; the server forgets the upload too. */
  cancel() {
    this.#stop(false);
  }

  /** How far it is: `sent` are bytes on their way, `acked` those the server has for good. */
  progress() {
    const { acked, sent, size } = this.#state;
    return { acked, ...this.#meter.add(this.#settings.clock.now(), sent, size) };
  }

  /** @param {boolean} keep @param {unknown} [reason] an AbortError by default */
  #stop(keep, reason) {
    this.#take({ type: 'cancel', keep });
    this.#reject(reason ?? this.#over.signal.reason);
  }

  /** J-6: one tab uploads a file; others wait until it is done or closed. */
  #lock() {
    const { locks } = this.#settings;
    const name = `sheaf:${this.#key}`;
    if (!locks) return this.#run();
    const tell = () => this.dispatchEvent(new Event('elsewhere'));
    locks.request(name, { ifAvailable: true }, (lock) => lock || tell());
    locks.request(name, { signal: this.#over.signal }, () => this.#run()).catch(() => {});
  }

  async #run() {
    const { memory, url = '', clock } = this.#settings;
    const known = // as `save` stored it
      /** @type {Remembered | undefined} */ (await memory.get(this.#key));
    const limited = // as #take stored it
      /** @type {Limited | undefined} */ (await memory.get(this.#limitKey));
    const same = !known || known.stamp === this.#stamp;
    const valid = limited && clock.now() - limited.at < limitKeptFor;
    const limit = valid ? limited.chunk : undefined;
    this.#take({ type: 'start', url: known?.url ?? url, same, limit });
    await this.done.catch(() => {});
  }

  /** @param {Input} event */
  #take(event) {
    const { clock, random } = this.#settings;
    const before = this.#state;
    const [state, effects] = step(before, event, { now: clock.now(), random: random() });
    this.#state = state;
    if (state.chunk < before.chunk && event.type !== 'start') {
      this.#settings.memory.set(this.#limitKey, { chunk: state.chunk, at: clock.now() });
    }
    if (state.phase !== 'waiting') this.#stopWait();
    for (const effect of effects) this.#perform(effect);
    if (over(state.phase)) this.#over.abort();
    if (state !== before) this.dispatchEvent(new Event('progress'));
  }

  /** @param {Effect} effect */
  #perform(effect) {
    const { clock, random } = this.#settings;
    switch (effect.type) {
      case 'create':
        this.#create(effect.body && this.#file.size ? this.#file : null);
        break;
      case 'head':
        this.#exchange({ method: 'HEAD', url: effect.url });
        break;
      case 'compare':
        this.#exchange({ method: 'GET', url: `${effect.url}/blocks` }, async ({ text }) => {
          const { sameBytes } = await import('./changed.js'); // few uploads need it
          return { type: 'compared', same: await sameBytes(this.#file, JSON.parse(text), random) };
        });
        break;
      case 'patch': {
        const { url, offset, length } = effect;
        const headers = { ...bytesType, 'Upload-Offset': `${offset}` };
        const body = this.#file.slice(offset, offset + length);
        this.#exchange({ method: 'PATCH', url, headers, body });
        break;
      }
      case 'abort':
        this.#request.abort();
        break;
      case 'wait':
        this.#stopWait();
        this.#stopWait = clock.after(effect.ms, () => this.#take({ type: 'timer' }));
        break;
      case 'remove':
        this.#gateway.remove(effect.url);
        break;
      case 'save':
        this.#settings.memory.set(this.#key, { url: effect.url, stamp: this.#stamp });
        break;
      case 'forget':
        this.#settings.memory.delete(this.#key);
        break;
      case 'changed':
        this.dispatchEvent(new Event('changed'));
        break;
      case 'done':
        this.#resolve({ url: effect.url });
        break;
      case 'fail':
        this.#reject(effect.code ? new Problem(effect.code) : this.#problem);
    }
  }

  /** @param {Blob | null} body */
  #create(body) {
    const { push, metadata } = this.#settings;
    const { name, size, lastModified } = this.#file;
    const url = this.#gateway.url('files/');
    const values = {
      ...(push && { push }),
      path: this.path,
      filename: name,
      mtime: `${lastModified / 1000}`,
      ...metadata,
    };
    const headers = {
      ...(body && bytesType),
      'Upload-Length': `${size}`,
      'Upload-Metadata': encodeMetadata(values),
    };
    this.#exchange({ method: 'POST', url, headers, body });
  }

  /** Sends a request and feeds what comes of it to the machine, unless it was aborted meanwhile.
   * @param {{ method: Method, url: string, headers?: Record<string, string>, body?: Blob | null }} request
   * @param {(answer: Answer) => Promise<Input>} [read] in place of `interpret` when it succeeded */
  async #exchange(request, read) {
    const { method, url, headers, body } = request;
    const subtle = this.#settings.digest && globalThis.crypto?.subtle;
    const { signal } = this.#request = new AbortController();
    const report = (/** @type {number} */ sent) => this.#take({ type: 'progress', sent });
    /** @type {Input} */
    let event = { type: 'failed', method, status: 0, retryAfter: null };
    try {
      const fields = {
        ...tus,
        ...headers,
        ...(body && subtle && { 'Upload-Checksum': await checksum(body, subtle) }),
      };
      const full = { ...request, headers: fields, signal, report };
      const answer = await this.#gateway.send(full);
      event = read && answer.status < 300
        ? await read(answer)
        : interpret(method, answer, this.#settings.clock.now());
      if (event.type === 'failed') this.#problem = problemOf(answer);
      if ('url' in event && event.url) event.url = this.#gateway.url(event.url, url);
    } catch (cause) {
      const lost = body && await body.slice(0, 1).arrayBuffer().then(() => '', () => 'unreadable');
      const fatal = cause instanceof Problem;
      this.#problem = fatal ? cause : new Problem(lost || 'network', { cause });
      event = { type: 'failed', method, status: 0, retryAfter: null, fatal: fatal || !!lost };
    }
    if (!signal.aborted) this.#take(event);
  }
}
