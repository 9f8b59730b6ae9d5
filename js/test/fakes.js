// What the tests put in place of clock, chance, network and server.
//
// The gateway keeps exactly what it acknowledges. Its faults are asked for one by one: `trouble` is
// given each request and may answer it, refuse it, or cut it after some bytes.

import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers';

/** @import { Answer, Clock, Memory, Request, Transport } from '../src/transport.js' */

/** Deterministic numbers in 0..<1 (mulberry32). @param {number} seed */
export const seeded = (seed) => () => {
  seed = seed + 0x6d2b79f5 | 0;
  let t = Math.imul(seed ^ seed >>> 15, 1 | seed);
  t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
  return ((t ^ t >>> 14) >>> 0) / 4294967296;
};

/** Time that passes only when told to. */
export class FakeClock {
  #now = 1_000_000;
  #id = 0;
  /** @type {Map<number, { at: number, act: () => void }>} */
  #timers = new Map();

  /** @type {Clock} */
  clock = {
    now: () => this.#now,
    after: (ms, act) => {
      const id = ++this.#id;
      this.#timers.set(id, { at: this.#now + ms, act });
      return () => this.#timers.delete(id);
    },
  };

  get now() {
    return this.#now;
  }

  get waits() {
    return [...this.#timers.values()].map(({ at }) => at - this.#now).sort((a, b) => a - b);
  }

  /** @param {number} ms */
  pass(ms) {
    const until = this.#now + ms;
    for (;;) {
      const next = [...this.#timers].sort((a, b) => a[1].at - b[1].at)[0];
      if (!next || next[1].at > until) break;
      this.#timers.delete(next[0]);
      this.#now = Math.max(this.#now, next[1].at);
      next[1].act();
    }
    this.#now = until;
  }

  /** Lets time pass, timer by timer, until a promise settles.
   * @template T @param {Promise<T>} promise @returns {Promise<T>} */
  async until(promise) {
    let settled = false;
    const mark = () => {
      settled = true;
    };
    promise.then(mark, mark);
    for (let turn = 0; turn < 20_000; turn++) {
      await idle();
      if (settled) return promise;
      const [wait] = this.waits;
      if (wait !== undefined) this.pass(wait);
    }
    throw new Error('nothing happens any more');
  }
}

/** Lets everything run that needs no timer. */
export const idle = async () => {
  for (let turn = 0; turn < 12; turn++) await new Promise((resolve) => setImmediate(resolve));
};

/** @param {number} status @param {Record<string, string>} [headers] @param {unknown} [body] @returns {Answer} */
export const answer = (status, headers = {}, body = '') => {
  const lower = Object.fromEntries(Object.entries(headers).map(([k, v]) => [k.toLowerCase(), v]));
  return {
    status,
    header: (name) => lower[name.toLowerCase()] ?? null,
    text: typeof body === 'string' ? body : JSON.stringify(body),
  };
};

/** Requests wait here until the test answers them. */
export class ScriptedTransport {
  /** @type {{ request: Request, reply: (answer: Answer) => void, drop: () => void }[]} */
  #waiting = [];

  /** @type {Transport} */
  send = (request) =>
    new Promise((resolve, reject) => {
      const drop = () => reject(new TypeError('connection lost'));
      request.signal?.addEventListener('abort', drop);
      this.#waiting.push({ request, reply: resolve, drop });
    });

  /** The next request, which must be there. @param {string} method @param {string} path */
  async next(method, path) {
    await idle();
    const next = this.#waiting.shift();
    if (!next) throw new Error(`expected ${method} ${path}, but there is no request`);
    const got = `${next.request.method} ${new URL(next.request.url).pathname}`;
    if (got !== `${method} ${path}`) throw new Error(`expected ${method} ${path}, got ${got}`);
    return next;
  }

  async quiet() {
    await idle();
    return this.#waiting.length === 0;
  }
}

/** @returns {Memory & { records: Map<string, unknown> }} */
export const mapMemory = () => {
  /** @type {Map<string, unknown>} */
  const records = new Map();
  return {
    records,
    get: (key) => Promise.resolve(records.get(key)),
    set: (key, value) => Promise.resolve(void records.set(key, value)),
    delete: (key) => Promise.resolve(void records.delete(key)),
  };
};

/** @param {string} text @returns {Record<string, string>} */
export const decodeMetadata = (text) =>
  Object.fromEntries(
    text.split(',').map((pair) => {
      const [key = '', value = ''] = pair.split(' ');
      return [key, Buffer.from(value, 'base64').toString('utf8')];
    }),
  );

/**
 * @typedef {{ id: string, length: number, bytes: Buffer, metadata: Record<string, string>, state: string }} Stored
 * @typedef {{ id: string, state: string, expected: { path: string, size: number }[], request: unknown }} StoredPush
 */

/** A gateway in memory, as docs/api.md has it. */
export class FakeGateway {
  /** @type {Map<string, Stored>} */
  uploads = new Map();
  /** @type {Map<string, StoredPush>} */
  pushes = new Map();
  /** @type {string[]} */
  log = [];
  running = 0;
  mostRunning = 0;
  #ids = 0;
  /** Polls of a sealed push before its bundle is there. */
  commitAfter = 2;
  /** Whether it takes many files in one request; there are gateways that do not. */
  batches = false;
  /** What the repo has, by SHA-256; null: it has no bundle. @type {Map<string, Buffer> | null} */
  known = null;
  /** What is done to a claim before it is looked at. @type {() => void} */
  beforeClaim = () => {};
  challenge = 'a challenge';

  /** @param {(request: Request, number: number) => Answer | number | null} [trouble] an answer in
   * place of the true one, or after how many bytes of the body the connection is lost */
  constructor(trouble = () => null) {
    this.trouble = trouble;
  }

  /** @type {Transport} */
  send = async (request) => {
    const { pathname, search } = new URL(request.url);
    this.log.push(`${request.method} ${pathname}${search}`);
    this.mostRunning = Math.max(this.mostRunning, ++this.running);
    try {
      const trouble = this.trouble(request, this.log.length);
      if (trouble !== null && typeof trouble !== 'number') return trouble;
      let bytes = Buffer.alloc(0);
      if (request.body instanceof Blob) bytes = Buffer.from(await request.body.arrayBuffer());
      await null;
      const cut = trouble ?? Infinity;
      request.report(Math.min(cut, bytes.length));
      const result = this.#answer(request, `${pathname}${search}`, bytes.subarray(0, cut));
      if (trouble !== null) throw new TypeError('connection lost');
      return result;
    } finally {
      this.running--;
    }
  };

  /** @param {Request} request @param {string} path @param {Buffer} bytes */
  #answer(request, path, bytes) {
    const { pathname, searchParams } = new URL(path, 'http://gateway');
    const [, top, ...rest] = pathname.split('/');
    if (pathname === '/files/batch') {
      return this.#batch(request, `${searchParams.get('push')}`, bytes);
    }
    if (rest[1] === 'repos') return answer(200, {}, { latest: this.known && { id: 'b0' } });
    if (pathname === '/files/lookup') return this.#lookUp(JSON.parse(`${request.body}`));
    if (pathname === '/files/claim') return this.#claim(JSON.parse(`${request.body}`));
    if (top === 'files') return this.#file(request, rest, bytes);
    return this.#push(request, rest.slice(1));
  }

  /** @param {Request} request @param {string[]} path @param {Buffer} bytes */
  #file({ method, headers }, [id = '', part], bytes) {
    if (method === 'POST') {
      const metadata = decodeMetadata(headers['Upload-Metadata'] ?? '');
      const length = Number(headers['Upload-Length']);
      const push = this.pushes.get(metadata.push ?? '');
      if (push && push.state !== 'open') return answer(409, {}, { code: 'push-closed' });
      const wanted = push?.expected.find(({ path }) => path === metadata.path);
      if (push && wanted?.size !== length) return answer(400, {}, { code: 'bad-path' });
      const there = push &&
        this.#of(push.id).find((one) =>
          one.metadata.path === metadata.path && one.state === 'verified'
        );
      if (there && there.metadata.mtime === metadata.mtime) {
        return answer(201, { Location: `/files/${there.id}`, 'Upload-Offset': `${length}` });
      }
      if (there) return answer(400, {}, { code: 'path-conflict', retryable: false });
      const upload = { id: `u${++this.#ids}`, length, bytes, metadata, state: 'receiving' };
      this.uploads.set(upload.id, upload);
      this.#finish(upload);
      return answer(201, { Location: `/files/${upload.id}`, 'Upload-Offset': `${bytes.length}` });
    }
    const upload = this.uploads.get(id);
    if (!upload) return answer(404, {}, { code: 'not-found' });
    if (method === 'DELETE') {
      this.uploads.delete(id);
      return answer(204);
    }
    if (part === 'blocks') return answer(200, {}, blocksOf(upload.bytes));
    const offset = { 'Upload-Offset': `${upload.bytes.length}` };
    if (method === 'HEAD') return answer(200, { ...offset, 'Upload-State': upload.state });
    if (Number(headers['Upload-Offset']) !== upload.bytes.length) return answer(409, offset);
    upload.bytes = Buffer.concat([upload.bytes, bytes]);
    this.#finish(upload);
    return answer(204, { 'Upload-Offset': `${upload.bytes.length}` });
  }

  /** Keeps every frame that is whole. @param {Request} request @param {string} id @param {Buffer} bytes */
  #batch({ headers }, id, bytes) {
    if (!this.batches) return answer(405, {}, { code: 'method-not-allowed', retryable: false });
    if (headers['Content-Type'] !== 'application/vnd.sheaf.frames') return answer(415);
    const push = this.pushes.get(id);
    if (push?.state !== 'open') return answer(409, {}, { code: 'push-closed', retryable: false });
    const items = [];
    for (let at = 0; at + 4 <= bytes.length;) {
      const start = at + 4 + bytes.readUInt32BE(at);
      if (start > bytes.length) break;
      const { path, size, mtime } = JSON.parse(bytes.subarray(at + 4, start).toString());
      at = start + size;
      if (at > bytes.length) break;
      const refusal = this.refuses(path);
      const there = this.#of(id).find(({ metadata }) => metadata.path === path);
      const metadata = { push: id, path, mtime: `${mtime}` };
      const content = Buffer.from(bytes.subarray(start, at));
      const made = { id: `u${this.#ids + 1}`, length: size, bytes: content, metadata, state: '' };
      if (refusal) items.push({ path, status: 'refused', upload: null, error: refusal });
      else if (there) items.push({ path, status: 'exists', upload: there.id, error: null });
      else {
        this.#ids++;
        this.#finish(made);
        this.uploads.set(made.id, made);
        items.push({ path, status: 'stored', upload: made.id, error: null });
      }
    }
    if (this.#whole(push)) push.state = 'queued';
    return answer(200, {}, { push: id, items });
  }

  /** @param {{ files: { path: string, size: number, sha256: string }[] }} request */
  #lookUp({ files }) {
    const { known, challenge } = this;
    if (!known) return answer(405, {}, { code: 'method-not-allowed', retryable: false });
    const items = files.map(({ path, sha256 }) => ({ path, known: known.has(sha256) }));
    return answer(200, {}, { challenge, items });
  }

  /** @param {{ push: string, challenge: string, files: { path: string, size: number, sha256: string,
   *   mtime: string, proof: string }[] }} request */
  #claim({ push, challenge, files }) {
    this.beforeClaim();
    if (challenge !== this.challenge) {
      return answer(409, {}, { code: 'challenge-expired', retryable: false });
    }
    const items = files.map(({ path, size, sha256, mtime, proof }) => {
      const bytes = this.known?.get(sha256);
      if (!bytes || bytes.length !== size || proof !== proofOf(challenge, sha256, bytes)) {
        return { path, status: 'refused', upload: null, error: { code: 'not-proven' } };
      }
      const made = {
        id: `u${++this.#ids}`,
        length: size,
        bytes,
        metadata: { push, path, mtime },
        state: 'verified',
      };
      this.uploads.set(made.id, made);
      return { path, status: 'stored', upload: made.id, error: null };
    });
    const record = this.pushes.get(push);
    if (record && this.#whole(record)) record.state = 'queued';
    return answer(200, {}, { items });
  }

  /** Why a file of a batch is refused. @type {(path: string) => unknown} */
  refuses = () => null;

  /** @param {Stored} upload */
  #finish(upload) {
    if (upload.bytes.length === upload.length) upload.state = 'verified';
  }

  /** @param {string} id */
  #of(id) {
    return [...this.uploads.values()].filter(({ metadata }) => metadata.push === id);
  }

  /** @param {Request} request @param {string[]} path */
  #push({ method, body }, [, id = '', part]) {
    if (method === 'POST' && !id) {
      const request = JSON.parse(`${body}`);
      const push = {
        id: `p${++this.#ids}`,
        state: 'open',
        expected: request.files,
        request,
        polls: 0,
      };
      this.pushes.set(push.id, push);
      return answer(201, {}, this.#show(push));
    }
    const push = this.pushes.get(id);
    if (!push) return answer(404, {}, { code: 'not-found' });
    const uploads = this.#of(id);
    if (part === 'uploads') {
      const items = uploads.map(({ id, state, metadata }) => ({ id, state, path: metadata.path }));
      return answer(200, {}, { items, next: null });
    }
    if (part === 'cancel') push.state = 'cancelled';
    if (push.state === 'open' && this.#whole(push)) push.state = 'queued';
    if (part === 'seal' && push.state === 'open') {
      return answer(409, {}, {
        code: 'push-incomplete',
        missing: [{ path: 'x', reason: 'absent' }],
      });
    }
    if (push.state === 'queued' && method === 'GET' && this.commitAfter-- <= 0) {
      push.state = 'committed';
    }
    return answer(part === 'seal' ? 202 : 200, {}, this.#show(push));
  }

  /** @param {StoredPush} push */
  #whole({ id, expected }) {
    const uploads = this.#of(id).filter(({ state }) => state === 'verified');
    const paths = new Set(uploads.map(({ metadata }) => metadata.path));
    return expected.every(({ path }) => paths.has(path));
  }

  /** @param {StoredPush} push */
  #show({ id, state }) {
    const bundle = state === 'committed' ? { id: 'b1', sequence: 1, digest: 'd' } : null;
    return { id, repo: 'demo', state, bundle, error: null };
  }
}

/** The proof of docs/api.md. @param {string} challenge @param {string} sha256 @param {Buffer} bytes */
const proofOf = (challenge, sha256, bytes) => {
  const digest = Buffer.from(sha256, 'hex');
  const whole = createHash('sha256').update(challenge).update(digest);
  if (bytes.length <= 65536) return whole.update(bytes).digest('hex');
  for (let n = 0; n < 16; n++) {
    const place = createHash('sha256').update(challenge).update(digest).update(Buffer.of(n))
      .digest();
    const start = Number(place.readBigUInt64BE(0) % BigInt(bytes.length - 4095));
    whole.update(bytes.subarray(start, start + 4096));
  }
  return whole.digest('hex');
};

/** @param {Buffer} bytes */
const blocksOf = (bytes) => {
  const blockBytes = 1 << 20;
  const blocks = [];
  for (let n = 0; n < bytes.length; n += blockBytes) {
    blocks.push(createHash('sha256').update(bytes.subarray(n, n + blockBytes)).digest('hex'));
  }
  return { algorithm: 'sha-256', blockBytes, offset: bytes.length, blocks };
};

/** Bytes that are a function of their position. @param {number} size */
export const content = (size, seed = 7) => {
  const bytes = Buffer.alloc(size);
  for (let n = 0; n < size; n++) bytes[n] = (n * 31 + (n >> 8) * 17 + seed) & 255;
  return bytes;
};

/** @param {string} name @param {number | Buffer} what @param {number} [lastModified] */
export const file = (name, what, lastModified = 1_700_000_000_500) =>
  new File([new Uint8Array(typeof what === 'number' ? content(what) : what)], name, {
    lastModified,
  });
