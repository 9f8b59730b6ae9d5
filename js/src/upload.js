// One file on its way: carries out the effects of machine.js.

/** @import { Effect, Event as Input, Failed, Method } from './machine.js' */
/** @import { Answer, Settings } from './transport.js' */

import { initial, over, retryAfter, step } from './machine.js';
import { fingerprint } from './memory.js';
import { Meter } from './meter.js';
import { Gateway, Problem, problemOf } from './transport.js';

/**
 * @typedef {object} UploadSettings
 * @property {string} [path] inside the bundle; by default the file's relative path or name
 * @property {string} [push] id of the push it belongs to
 * @property {Record<string, string>} [metadata] further Upload-Metadata
 * @property {string | undefined} [url] an upload that the server already has
 * @property {number} [chunk] most bytes in one append; all of them by default
 * @property {number} [stallAfter] milliseconds without a byte sent; 20 s by default
 *
 * @typedef {{ url: string, stamp: string }} Remembered
 */

const tus = { 'Tus-Resumable': '1.0.0' };
const bytesType = { 'Content-Type': 'application/offset+octet-stream' };

/** Upload-Metadata: the values are base64 of UTF-8. @param {Record<string, string>} values */
export const encodeMetadata = (values) =>
  Object.entries(values).map(([key, value]) =>
    `${key} ${btoa(String.fromCharCode(...new TextEncoder().encode(value)))}`.trim()
  ).join();

/** @param {Answer} answer @param {string} [none] */
const offsetOf = ({ header }, none = '') => {
  const value = header('Upload-Offset') ?? none;
  if (/^\d+$/.test(value)) return +value;
  throw new Problem('bad-answer');
};

/** A resumable upload. Events: `progress` (of bytes or of its state), `changed` (the file is not the one begun
 * earlier, so it starts anew) and `elsewhere` (another tab has it; this one waits). */
export class Upload extends EventTarget {
  #file;
  #settings;
  #gateway;
  #key;
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
    const { maxRetryTime: budget, chunk = Infinity } = this.#settings = this.#gateway.settings;
    this.#file = file;
    this.#stamp = `${size} ${mtime}`;
    this.#key = fingerprint({ base, push: settings.push, path: this.path, size, mtime });
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
    const known = // as `save` stored it
      /** @type {Remembered | undefined} */ (await this.#settings.memory.get(this.#key));
    const same = !known || known.stamp === this.#stamp;
    this.#take({ type: 'start', url: known?.url ?? this.#settings.url ?? '', same });
    await this.done.catch(() => {});
  }

  /** @param {Input} event */
  #take(event) {
    const { clock, random } = this.#settings;
    const before = this.#state;
    const [state, effects] = step(before, event, { now: clock.now(), random: random() });
    this.#state = state;
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
        this.#create(effect.body ? this.#file : null);
        break;
      case 'head':
        this.#exchange(
          { method: 'HEAD', url: effect.url },
          (answer) =>
            ['rejected', 'cancelled', 'expired'].includes(`${answer.header('Upload-State')}`)
              ? { type: 'failed', method: 'HEAD', status: 410, retryAfter: null }
              : { type: 'head', offset: offsetOf(answer) },
        );
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
        this.#exchange({ method: 'PATCH', url, headers, body }, (answer) => (
          { type: 'appended', offset: offsetOf(answer) }
        ));
        break;
      }
      case 'abort':
        this.#request.abort();
        break;
      case 'wait':
        this.#stopWait();
        this.#stopWait = clock.after(effect.ms, () => this.#take({ type: 'timer' }));
        break;
      case 'remove': // best effort: what stays behind expires
        this.#gateway.send({ method: 'DELETE', url: effect.url, headers: tus }).catch(() => {});
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
    this.#exchange({ method: 'POST', url, headers, body }, (answer) => ({
      type: 'created',
      url: this.#gateway.url(`${answer.header('Location')}`, url),
      offset: offsetOf(answer, '0'),
    }));
  }

  /** Sends a request and feeds what comes of it to the machine, unless it was aborted meanwhile.
   * @param {{ method: Method, url: string, headers?: Record<string, string>, body?: Blob | null }} request
   * @param {(answer: Answer) => Input | Promise<Input>} read */
  async #exchange(request, read) {
    const { clock, stallAfter = 20_000 } = this.#settings;
    const { method, headers, body } = request;
    const control = this.#request = new AbortController();
    const { signal } = control;
    let stalled = false;
    let most = -1;
    let unwatch = () => {};
    const watch = () => {
      unwatch();
      unwatch = clock.after(stallAfter, () => {
        stalled = true;
        control.abort();
      });
    };
    if (!body?.size) watch(); // without reports there is no telling a stall from a long body
    const report = (/** @type {number} */ sent) => {
      if (sent <= most || signal.aborted) return;
      most = sent;
      watch();
      this.#take({ type: 'progress', sent });
    };
    /** @type {Failed} */
    const failed = { type: 'failed', method, status: 0, retryAfter: null };
    /** @type {Input} */
    let event = failed;
    try {
      const full = { ...request, headers: { ...tus, ...headers }, signal, report };
      const answer = await this.#gateway.send(full);
      const { status, header } = answer;
      if (status < 300) event = await read(answer);
      else {
        this.#problem = problemOf(answer);
        event = { ...failed, status, retryAfter: retryAfter(header('Retry-After'), clock.now()) };
      }
    } catch (cause) {
      const lost = body && await body.slice(0, 1).arrayBuffer().then(() => '', () => 'unreadable');
      const fatal = cause instanceof Problem;
      this.#problem = fatal ? cause : new Problem(lost || 'network', { cause });
      event = { ...failed, fatal: fatal || !!lost };
    }
    unwatch();
    if (!signal.aborted || stalled) this.#take(event);
  }
}
