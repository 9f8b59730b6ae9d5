// A whole push: many files into one bundle.

/** @import { Fate } from './batch.js' */
/** @import { Found } from './folder.js' */
/** @import { UploadSettings } from './upload.js' */
/** @import { Settings } from './transport.js' */

import { Meter } from './meter.js';
import { Gateway, Problem } from './transport.js';
import { Upload } from './upload.js';

/**
 * @typedef {object} PushSettings
 * @property {string} repo
 * @property {string} message
 * @property {string} [label]
 * @property {string} [author]
 * @property {number} [concurrency] requests at a time, 3 by default
 * @property {boolean} [batch] whether small files travel together, true by default
 * @property {boolean} [known] whether the gateway is asked for what it has already, true by default
 *
 * @typedef {'queued' | 'active' | 'paused' | 'done' | 'failed' | 'cancelled'} ItemState
 * @typedef {{ path: string, file: File, state: ItemState, sent: number, upload?: Upload, url?: string,
 *   batch?: AbortController | undefined, alone?: boolean, waits?: boolean, error?: unknown }} Item
 *   `batch`: the one it travels in, `waits`: to be sent again, `alone`: it does not travel in one
 *
 * @typedef {'idle' | 'uploading' | 'paused' | 'sealing' | 'committed' | 'failed' | 'cancelled'} PushState
 * @typedef {{ id: string, sequence: number, digest: string }} Bundle
 * @typedef {{ id: string, repo: string, state: string, bundle: Bundle | null,
 *   error: { code: string, message: string } | null }} PushJSON
 * @typedef {{ path: string, state: string, id: string }} UploadJSON
 */

const pushes = 'api/v1/pushes';
const arrived = ['received', 'verified', 'committed'];
const open = ['queued', 'active', 'paused'];
const begun = ['created', 'receiving'];
const lost = ['failed', 'cancelled', 'expired'];
const smallBytes = 1 << 16;
const batchBytes = 8 << 20;
const batchItems = 256;

/** Uploads files, has them sealed and waits for the bundle. The same files for the same repo
 * continue a push that an earlier page left open. Event: `progress`, of bytes, of an item's state or
 * of the push's. */
export class Push extends EventTarget {
  /** @type {Map<string, Item>} by path */
  items = new Map();
  /** How many items are in each state. */
  counts = { queued: 0, active: 0, paused: 0, done: 0, failed: 0, cancelled: 0 };
  /** @type {PushState} */
  state = 'idle';
  /** Empty until the server knows the push. */
  id = '';
  /** Whether it goes on with an earlier page's push. */
  continued = false;
  /** Bytes of files that the repo had already and that were not sent. */
  skipped = 0;
  #settings;
  #gateway;
  #key;
  /** @type {Item[]} the next one is last */
  #queue = [];
  /** Nothing is sent while the gateway is asked for what it has. */
  #asking = false;
  /** Uploads and batches under way. @type {Set<Item | AbortController>} */
  #running = new Set();
  #total = 0;
  #sent = 0;
  /** @type {unknown} */
  #error;
  #meter = new Meter();
  #over = new AbortController();
  /** @type {(value?: unknown) => void} */
  #finished = () => {};

  /** @param {Iterable<Found>} files
   * @param {PushSettings & Settings & Pick<UploadSettings, 'chunk' | 'digest'>} settings */
  constructor(files, settings) {
    super();
    this.#gateway = new Gateway(settings);
    this.#settings = this.#gateway.settings;
    for (const { file, path } of files) {
      this.items.set(path, { path, file, state: 'queued', sent: 0 });
    }
    let sum = 0;
    for (const { path, file } of this.items.values()) {
      this.#total += file.size;
      sum += hash(`${path} ${file.size}`);
    }
    this.counts.queued = this.items.size;
    this.#queue = this.#chosen().reverse();
    this.#key = JSON.stringify([this.#gateway.base, settings.repo, this.#total, sum]);
    settings.signal?.addEventListener('abort', () => this.#over.abort(settings.signal?.reason));
  }

  /** Runs the push. Rejects when the server gave up on it, and when files failed or were cancelled
   * (`files-missing`): a new Push of the same files then continues it.
   * @returns {Promise<{ bundle: Bundle, push: PushJSON }>} */
  async start() {
    const { signal } = this.#over;
    try {
      this.#settings.signal?.throwIfAborted();
      this.#become('uploading');
      let push = await this.#open();
      this.id = push.id;
      if (push.state === 'open') {
        if (this.continued) await this.#mark();
        await this.#skip();
        await new Promise((resolve) => {
          this.#finished = resolve;
          signal.addEventListener('abort', resolve);
          this.#pump();
        });
        signal.throwIfAborted();
        if (this.counts.done < this.items.size) {
          throw new Problem('files-missing', { cause: this.#error });
        }
      }
      this.#become('sealing');
      for (let pause = 250; !push.bundle; pause = Math.min(5000, pause * 2)) {
        if (push.state === 'open') await this.#seal();
        push = await this.#call('GET', `/${this.id}`);
        if (lost.includes(push.state)) {
          throw new Problem(push.error?.code ?? push.state, { message: push.error?.message });
        }
        if (!push.bundle) await this.#gateway.sleep(pause, signal);
      }
      await this.#settings.memory.delete(this.#key);
      this.#become('committed');
      return { bundle: push.bundle, push };
    } catch (error) {
      this.#become(signal.aborted ? 'cancelled' : 'failed');
      throw error;
    }
  }

  /** Pauses everything, or the file at a path. @param {string} [path] */
  pause(path) {
    if (path === undefined && this.state === 'uploading') this.#become('paused');
    for (const item of this.#chosen(path)) {
      if (item.upload && item.state === 'active') item.upload.pause();
      else if (path === undefined) item.batch?.abort();
      else if (item.state === 'queued' || item.state === 'active') this.#set(item, 'paused');
    }
  }

  /** @param {string} [path] */
  resume(path) {
    if (this.state === 'paused') this.#become('uploading');
    for (const item of this.#chosen(path)) {
      if (item.state !== 'paused') continue;
      if (item.upload) item.upload.resume();
      else if (item.batch) this.#set(item, 'active');
      else {
        this.#set(item, 'queued');
        this.#queue.push(item);
      }
    }
    this.#pump();
  }

  /** Cancels the push on the server too, or only the file at a path: the push then stays open for
   * it, as a push is all of its files. @param {string} [path] */
  cancel(path) {
    for (const item of this.#chosen(path)) {
      if (!open.includes(item.state)) continue;
      this.#set(item, 'cancelled');
      item.upload?.cancel();
    }
    if (path !== undefined) return this.#pump();
    this.#over.abort();
    this.#settings.memory.delete(this.#key);
    if (this.id) this.#gateway.call('POST', `${pushes}/${this.id}/cancel`, null).catch(() => {});
  }

  /** Bytes of all files together. */
  progress() {
    return this.#meter.add(this.#settings.clock.now(), this.#sent, this.#total);
  }

  /** @param {string} [path] */
  #chosen(path) {
    return [...this.items.values()].filter((item) => path === undefined || item.path === path);
  }

  /** @param {PushState} state */
  #become(state) {
    this.state = state;
    this.dispatchEvent(new Event('progress'));
  }

  /** @param {Item} item @param {ItemState} state */
  #set(item, state) {
    this.counts[item.state]--;
    this.counts[state]++;
    item.state = state;
    if (item.upload && state === 'active') this.#running.add(item);
    else this.#running.delete(item);
    this.dispatchEvent(new Event('progress'));
  }

  /** @param {Item} item @param {number} sent */
  #count(item, sent) {
    this.#sent += sent - item.sent;
    item.sent = sent;
  }

  /** @template T @param {string} method @param {string} link @param {unknown} [content]
   * @returns {Promise<T>} */
  #call(method, link, content) {
    return this.#gateway.call(method, pushes + link, this.#over.signal, content);
  }

  /** The open push of these files, or a new one. @returns {Promise<PushJSON>} */
  async #open() {
    const id = await this.#settings.memory.get(this.#key);
    /** @type {PushJSON | null} */
    const known = id ? await this.#call('GET', `/${id}`).catch(() => null) : null;
    this.continued = !!known && !lost.includes(known.state);
    if (known && this.continued) return known;
    const { repo, message, label, author } = this.#settings;
    const files = this.#chosen().map(({ path, file }) => ({ path, size: file.size }));
    const content = { repo, message, label, author, sealWhenComplete: true, files };
    /** @type {PushJSON} */
    const push = await this.#call('POST', '', content);
    await this.#settings.memory.set(this.#key, push.id);
    return push;
  }

  /** Marks what the server has already. */
  async #mark() {
    for (let after = '';;) {
      /** @type {{ items: UploadJSON[], next: string | null }} */
      const { items, next } = await this.#call('GET', `/${this.id}/uploads?limit=1000${after}`);
      for (const { path, state, id } of items) {
        const item = this.items.get(path);
        if (!item || !open.includes(item.state)) continue;
        if (arrived.includes(state)) this.#arrive(item);
        else if (begun.includes(state)) item.url = this.#gateway.url(`files/${id}`);
      }
      if (!next) break;
      after = `&cursor=${encodeURIComponent(next)}`;
    }
  }

  /** Leaves out what the repo has; a gateway or a page that cannot tell sends everything. */
  async #skip() {
    const { signal } = this.#over;
    const { repo, known = true } = this.#settings;
    const items = this.#chosen().filter(({ state, url }) => state === 'queued' && !url);
    if (!known || !items.length) return;
    const wanted = (/** @type {string} */ path) => this.items.get(path)?.state === 'queued';
    this.#asking = true;
    try {
      const { claimKnown } = await import('./known.js');
      await claimKnown(this.#gateway, { push: this.id, repo }, items, signal, wanted, (path) => {
        const item = this.items.get(path);
        if (!item || !open.includes(item.state)) return;
        this.skipped += item.file.size;
        this.#arrive(item);
      });
    } catch {
      signal.throwIfAborted();
    } finally {
      this.#asking = false;
    }
  }

  /** Starts as many requests as may run. */
  #pump() {
    const { counts } = this;
    if (!(counts.queued + counts.active + counts.paused)) this.#finished();
    if (!this.id || this.#asking || this.state !== 'uploading' || this.#over.signal.aborted) return;
    while (this.#running.size < (this.#settings.concurrency ?? 3)) {
      const item = this.#queue.pop();
      if (!item) break;
      if (item.state !== 'queued') continue;
      const batch = [item, ...this.#others(item)];
      if (batch.length > 1) this.#together(batch);
      else this.#begin(item);
    }
  }

  /** Takes from the queue what can travel with an item. @param {Item} first */
  #others(first) {
    const { batch = true } = this.#settings;
    /** @param {Item} item */
    const fits = ({ state, file, upload, url, alone }) =>
      state === 'queued' && !(file.size > smallBytes || upload || url || alone);
    /** @type {Item[]} */
    const taken = [];
    if (!batch || !fits(first)) return taken;
    let bytes = first.file.size;
    for (let n = this.#queue.length; n-- && taken.length < batchItems - 1;) {
      const item = /** @type {Item} */ (this.#queue[n]); // n is below the length
      if (!fits(item)) continue;
      bytes += item.file.size;
      if (bytes > batchBytes) break;
      taken.push(item);
    }
    const gone = new Set(taken);
    if (gone.size) this.#queue = this.#queue.filter((item) => !gone.has(item));
    return taken;
  }

  /** Sends small files in one request. What it leaves goes back to the queue.
   * @param {Item[]} items */
  async #together(items) {
    const batch = new AbortController();
    const abort = () => batch.abort();
    this.#over.signal.addEventListener('abort', abort);
    this.#running.add(batch);
    for (const item of items) {
      item.batch = batch;
      this.#set(item, 'active');
    }
    let answered = true;
    try {
      const { sendBatch } = await import('./batch.js'); // one large file does not need it
      const fates = await sendBatch(this.#gateway, this.id, items, batch.signal, (sent, waits) => {
        items.forEach((item, n) => {
          item.waits = waits;
          this.#count(item, sent[n] ?? 0);
        });
        this.dispatchEvent(new Event('progress'));
      });
      fates.forEach((fate, n) => this.#settle(/** @type {Item} */ (items[n]), fate));
      answered = fates.every(({ alone }) => !alone);
    } catch {
      answered = batch.signal.aborted;
      if (!answered) this.#settings = { ...this.#settings, batch: false };
    }
    // It may have what it did not answer for, and the push may be complete by that.
    if (!answered) await this.#mark().catch(() => {});
    this.#over.signal.removeEventListener('abort', abort);
    this.#running.delete(batch);
    for (const item of items.reverse()) {
      item.batch = undefined;
      item.waits = false;
      if (item.state !== 'done') this.#count(item, 0);
      if (item.state !== 'active') continue;
      this.#set(item, 'queued');
      this.#queue.push(item);
    }
    this.#pump();
  }

  /** @param {Item} item @param {Fate} fate */
  #settle(item, { url, error, alone }) {
    item.alone = alone;
    if (alone) return;
    if (item.state === 'cancelled') {
      if (url) this.#gateway.remove(url);
    } else if (error) {
      this.#error = item.error = error;
      this.#set(item, 'failed');
    } else this.#arrive(item);
  }

  /** @param {Item} item */
  #begin(item) {
    const { path, file, url } = item;
    const { signal } = this.#over;
    const settings = { ...this.#settings, push: this.id, path, url, signal };
    const upload = item.upload = new Upload(file, settings);
    this.#set(item, 'active');
    upload.addEventListener('progress', () => {
      this.#count(item, upload.progress().sent);
      const state = upload.state === 'paused' ? 'paused' : 'active';
      if (open.includes(item.state)) this.#set(item, state);
      this.#pump();
    });
    upload.start().then(() => this.#arrive(item), (error) => {
      this.#error = item.error = error;
      this.#count(item, 0);
      if (item.state !== 'cancelled') this.#set(item, 'failed');
    }).finally(() => this.#pump());
  }

  /** @param {Item} item */
  #arrive(item) {
    this.#count(item, item.file.size);
    this.#set(item, 'done');
  }

  /** Sealing is harmless when the push seals itself; too early merely means to ask again. */
  async #seal() {
    try {
      await this.#call('POST', `/${this.id}/seal`);
    } catch (error) {
      /** @type {{ reason: string }[]} */
      const missing = Object(Object(error).cause).missing ?? [{ reason: '' }];
      if (missing.some(({ reason }) => reason !== 'unfinished')) throw error;
    }
  }
}

/** A short name for a path and size, to be summed up. @param {string} text */
const hash = (text) => {
  let value = 0;
  for (const byte of new TextEncoder().encode(text)) value = Math.imul(value, 31) + byte | 0;
  return value;
};
