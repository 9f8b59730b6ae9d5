// One file on its way: carries out the effects of machine.js.

/** @import { Effect, Event as Input, Failed, Kind } from './machine.js' */
/** @import { Answer, Settings } from './transport.js' */

import { initial, retryAfter, step } from './machine.js';
import { fingerprint, openMemory } from './memory.js';
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
const ended = ['rejected', 'cancelled', 'expired'];

/** Upload-Metadata: the values are base64 of UTF-8. @param {Record<string, string>} values */
export const encodeMetadata = (values) =>
  Object.entries(values).map(([key, value]) =>
    `${key} ${btoa(String.fromCharCode(...new TextEncoder().encode(value)))}`.trim()
  ).join();

/** @param {Answer} answer */
const offsetOf = ({ header }) => {
  const value = header('Upload-Offset') ?? '';
  if (/^\d+$/.test(value)) return +value;
  throw new Problem('bad-answer', 'the server did not say how much it has');
};

/** A resumable upload. Events: `state`, `progress`, `changed` (the file is not the one begun
 * earlier, so it starts anew) and `elsewhere` (another tab has it; this one waits). */
export class Upload extends EventTarget {
  #file;
  #settings;
  #gateway;
  #memory;
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
  #problem = new Problem('network', 'no answer');

  /** @param {File} file @param {UploadSettings & Settings} [settings] */
  constructor(file, settings = {}) {
    super();
    const { name, size, lastModified: mtime } = file;
    this.path = settings.path ?? (file.webkitRelativePath || name);
    const gateway = this.#gateway = new Gateway(settings);
    const { base, budget } = gateway;
    this.#file = file;
    this.#stamp = `${size} ${mtime}`;
    this.#settings = settings;
    this.#memory = settings.memory ?? openMemory();
    this.#key = fingerprint({ base, push: settings.push, path: this.path, size, mtime });
    this.#state = initial(size, { budget, chunk: settings.chunk ?? Infinity });
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
    const stop = () => this.#stop(signal?.reason, true);
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
    this.#stop(new DOMException('cancelled', 'AbortError'), false);
  }

  /** How far it is: `sent` are bytes on their way, `acked` those the server has for good. */
  progress() {
    const { acked, sent, size } = this.#state;
    return { acked, sent, total: size, ...this.#meter.add(this.#gateway.clock.now(), sent, size) };
  }

  /** @param {unknown} reason @param {boolean} keep */
  #stop(reason, keep) {
    this.#take({ type: 'cancel', keep });
    this.#reject(reason);
  }

  /** J-6: one tab uploads a file; others wait until it is done or closed. */
  async #lock() {
    const { locks = globalThis.navigator?.locks } = this.#settings;
    const name = `sheaf:${this.#key}`;
    const run = () => this.#run();
    if (!locks) return run();
    const mine = await locks.request(name, { ifAvailable: true }, async (lock) => {
      if (lock) await run();
      return lock;
    });
    if (mine) return;
    this.dispatchEvent(new Event('elsewhere'));
    locks.request(name, { signal: this.#over.signal }, run).catch(() => {});
  }

  async #run() {
    const known = /** @type {Remembered | undefined} */ (await this.#memory.get(this.#key));
    const same = !known || known.stamp === this.#stamp;
    this.#take({ type: 'start', url: known?.url ?? this.#settings.url ?? '', same });
    await this.done.catch(() => {});
  }

  /** @param {Input} event */
  #take(event) {
    const { clock, random } = this.#gateway;
    const before = this.#state;
    const [state, effects] = step(before, event, { now: clock.now(), random: random() });
    this.#state = state;
    if (state.phase !== 'waiting') this.#stopWait();
    for (const effect of effects) this.#perform(effect);
    if (['done', 'failed', 'cancelled'].includes(state.phase)) this.#over.abort();
    if (state.phase !== before.phase) this.dispatchEvent(new Event('state'));
    if (state.acked !== before.acked || state.sent !== before.sent) {
      this.dispatchEvent(new Event('progress'));
    }
  }

  /** @param {Effect} effect */
  #perform(effect) {
    const { clock, random } = this.#gateway;
    switch (effect.type) {
      case 'create':
        this.#create(effect.body ? this.#file : null);
        break;
      case 'head':
        this.#exchange(
          'head',
          'HEAD',
          effect.url,
          {},
          null,
          (answer) =>
            ended.includes(`${answer.header('Upload-State')}`)
              ? { type: 'failed', kind: 'head', status: 410, retryAfter: null }
              : { type: 'head', offset: offsetOf(answer) },
        );
        break;
      case 'compare':
        this.#exchange('compare', 'GET', `${effect.url}/blocks`, {}, null, async ({ text }) => {
          const { sameBytes } = await import('./changed.js'); // few uploads need it
          return { type: 'compared', same: await sameBytes(this.#file, JSON.parse(text), random) };
        });
        break;
      case 'patch': {
        const { url, offset, length } = effect;
        const headers = { ...bytesType, 'Upload-Offset': `${offset}` };
        const body = this.#file.slice(offset, offset + length);
        this.#exchange('patch', 'PATCH', url, headers, body, (answer) => (
          { type: 'appended', offset: offsetOf(answer) }
        ), offset);
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
        this.#memory.set(this.#key, { url: effect.url, stamp: this.#stamp });
        break;
      case 'forget':
        this.#memory.delete(this.#key);
        break;
      case 'changed':
        this.dispatchEvent(new Event('changed'));
        break;
      case 'done':
        this.#resolve({ url: effect.url });
        break;
      case 'fail':
        this.#reject(effect.code ? new Problem(effect.code, effect.code) : this.#problem);
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
    this.#exchange('create', 'POST', url, headers, body, (answer) => ({
      type: 'created',
      url: this.#gateway.url(`${answer.header('Location')}`, url),
      offset: body ? offsetOf(answer) : 0,
    }));
  }

  /** Sends a request and feeds what comes of it to the machine, unless it was aborted meanwhile.
   * @param {Kind} kind @param {string} method @param {string} url @param {Record<string, string>} fields
   * @param {Blob | null} body @param {(answer: Answer) => Input | Promise<Input>} read @param {number} from */
  async #exchange(kind, method, url, fields, body, read, from = 0) {
    const { clock } = this.#gateway;
    const request = this.#request = new AbortController();
    const { signal } = request;
    const headers = { ...tus, ...fields };
    let stalled = false;
    const watch = () =>
      clock.after(this.#settings.stallAfter ?? 20_000, () => {
        stalled = true;
        request.abort();
      });
    // Without reports there is no telling a stall from a long body.
    let unwatch = body?.size ? () => {} : watch();
    let most = -1;
    const report = (/** @type {number} */ sent) => {
      if (sent <= most || signal.aborted) return;
      most = sent;
      unwatch();
      unwatch = watch();
      this.#take({ type: 'progress', sent: from + sent });
    };
    /** @type {Failed} */
    const failed = { type: 'failed', kind, status: 0, retryAfter: null };
    /** @type {Input} */
    let event = failed;
    try {
      const answer = await this.#gateway.send({ method, url, headers, body, signal, report });
      const { status, header } = answer;
      if (status < 300) event = await read(answer);
      else {
        this.#problem = problemOf(answer);
        event = { ...failed, status, retryAfter: retryAfter(header('Retry-After'), clock.now()) };
      }
    } catch (cause) {
      const lost = body && await body.slice(0, 1).arrayBuffer().then(() => false, () => true);
      this.#problem = cause instanceof Problem ? cause : new Problem(
        lost ? 'unreadable' : 'network',
        `${this.path}: no ${lost ? 'bytes' : 'answer'}`,
        0,
        cause,
      );
      event = { ...failed, fatal: this.#problem.code !== 'network' };
    }
    unwatch();
    if (!signal.aborted || stalled) this.#take(event);
  }
}
