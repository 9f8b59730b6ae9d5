// The vectors that the server's tests read too: both sides mean the same by the same words.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import '../src/changed.js'; // loaded by the time that an upload wants it
import { initial, step } from '../src/machine.js';
import { problemOf } from '../src/transport.js';
import { encodeMetadata, interpret, Upload } from '../src/upload.js';
import {
  answer,
  decodeMetadata,
  FakeClock,
  file,
  mapMemory,
  ScriptedTransport,
  seeded,
} from './fakes.js';

/** @import { Effect, Method, State } from '../src/machine.js' */

/**
 * @typedef {{ method: string, path: string, headers: [string, string][] }} Head
 * @typedef {{ kind: string, id?: string, offset?: number, length?: number, hasContent?: boolean,
 *   contentLength?: number, metadata?: { raw: string, pairs: [string, string][] } }} Intent
 * @typedef {{ name: string, request: Head, intent?: Intent }} RequestCase
 * @typedef {{ name: string, request: Head, outcome: { view?: { length?: number } },
 *   response: { status: number, headers: Record<string, string>, body?: unknown } }} ResponseCase
 */

const folder = new URL('../../Tests/UploadProtocolTests/Vectors/', import.meta.url);

/** The cases of all files of a kind. @template T @param {string} kind @returns {T[]} */
const casesOf = (kind) =>
  readdirSync(folder).filter((name) => name.startsWith(kind)).sort().flatMap((name) => {
    const { always = {}, cases } = JSON.parse(readFileSync(new URL(name, folder), 'utf8'));
    for (const { response } of cases) {
      if (response) response.headers = { ...always, ...response.headers };
    }
    return cases;
  });

/** @param {Head} head @param {string} name */
const field = ({ headers }, name) =>
  headers.find(([other]) => other.toLowerCase() === name.toLowerCase())?.[1];

const base = 'http://gateway/';
const compared = ['Tus-Resumable', 'Upload-Length', 'Upload-Offset', 'Content-Type'];

/** What of a head tells the intent. @param {Head} head */
const essence = (head) => ({
  method: head.method,
  path: new URL(head.path, base).pathname.replace(/\/$/, ''),
  fields: compared.map((name) => `${field(head, name)}`.replace(/ *;.*/, '').toLowerCase()),
});

/** Lets an upload send until it sends what is wanted; the server is willing. @param {Intent} intent */
const sendFor = async (
  { kind, id = '', offset = 0, length = 0, hasContent, contentLength = 6 },
) => {
  const wire = new ScriptedTransport();
  const settings = {
    base,
    transport: wire.send,
    clock: new FakeClock().clock,
    memory: mapMemory(),
    random: seeded(1),
    locks: null,
  };
  if (kind === 'create') {
    const chunk = hasContent ? Infinity : length / 2;
    new Upload(file('f', length), { ...settings, chunk }).start();
    return (await wire.next('POST', '/files/')).request;
  }
  const path = `/files/${id}`;
  const size = offset + contentLength;
  const upload = new Upload(file('f', size), { ...settings, url: `${base}files/${id}` });
  upload.start().catch(() => {});
  const head = await wire.next('HEAD', path);
  if (kind === 'inspect') return head.request;
  head.reply(answer(200, { 'Upload-Offset': `${offset}`, 'Upload-Length': `${size}` }));
  if (offset > 0) {
    const blocks = await wire.next('GET', `${path}/blocks`);
    blocks.reply(answer(200, {}, { blockBytes: 1 << 20, offset, blocks: [] }));
  }
  const patch = await wire.next('PATCH', path);
  if (kind === 'append') return patch.request;
  upload.cancel();
  return (await wire.next('DELETE', path)).request;
};

const kinds = ['create', 'inspect', 'append', 'terminate'];
const members = ['kind', 'id', 'offset', 'length', 'hasContent', 'contentLength', 'metadata'];

const notTus = 'not tus';

/** Why this client never means such a thing; empty when it may. @param {RequestCase} vector */
const neverSent = ({ request, intent }) => {
  if (!field(request, 'Tus-Resumable')) return notTus;
  if (field(request, 'X-HTTP-Method-Override')) return 'overrides the method';
  if (!intent) return 'a mistake';
  if (!kinds.includes(intent.kind)) return intent.kind;
  const other = Object.keys(intent).find((name) => !members.includes(name));
  if (other) return other;
  if (intent.kind === 'create' && intent.length === undefined) return 'no length';
  if (intent.kind === 'append' && 'length' in intent) return 'states the length later';
  return intent.kind === 'append' && intent.contentLength === 0 ? 'appends nothing' : '';
};

test('a request that the client sends is one that the vectors say means its intent', async (t) => {
  /** @type {RequestCase[]} */
  const vectors = casesOf('requests');
  let checked = 0;
  let foreign = 0;
  for (const vector of vectors) {
    const { name, intent } = vector;
    const why = neverSent(vector);
    if (why || !intent) {
      if (why === notTus) foreign++;
      else t.diagnostic(`never sent (${why}): ${name}`);
      continue;
    }
    const { method, url, headers } = await sendFor(intent);
    const { pathname } = new URL(url);
    const sent = essence({ method, path: pathname, headers: Object.entries(headers) });
    const same = JSON.stringify(intent);
    const heads = vectors.filter((other) =>
      !neverSent(other) && JSON.stringify(other.intent) === same
    );
    const expected = heads.map(({ request }) => essence(request));
    assert.ok(
      expected.some((head) => JSON.stringify(head) === JSON.stringify(sent)),
      `${name}: ${JSON.stringify(sent)} is none of ${JSON.stringify(expected)}`,
    );
    const further = Object.keys(headers).filter((name) => !compared.includes(name));
    assert.deepEqual(further, method === 'POST' ? ['Upload-Metadata'] : [], name);
    checked++;
  }
  t.diagnostic(`${checked} of ${vectors.length} compared, ${foreign} ${notTus}`);
  assert.ok(checked > 0);
});

test('Upload-Metadata carries the pairs of every vector that is text', () => {
  /** @type {{ name: string, pairs?: [string, string][] }[]} */
  const metadata = casesOf('metadata');
  /** @type {RequestCase[]} */
  const requests = casesOf('requests');
  const lists = [
    ...metadata.map(({ pairs }) => pairs),
    ...requests.map(({ intent }) => intent?.metadata?.pairs),
  ];
  let checked = 0;
  for (const pairs of lists) {
    if (!pairs?.length) continue;
    /** @type {Record<string, string>} */
    const values = {};
    try {
      const decoder = new TextDecoder('utf8', { fatal: true, ignoreBOM: true });
      for (const [key, hex] of pairs) {
        values[key] = decoder.decode(Uint8Array.from(hex.match(/../g) ?? [], (two) => +`0x${two}`));
      }
    } catch {
      continue; // the client has only text to tell
    }
    assert.deepEqual(decodeMetadata(encodeMetadata(values)), values);
    checked++;
  }
  assert.ok(checked > 0);
});

const now = Date.parse('2026-01-31T00:00:00Z');
const env = { now, random: 0.5 };
const known = `${base}files/known`;

/** A state in which the client awaits the answer to a method.
 * @param {Method} method @param {number} size @param {boolean} body @returns {State} */
const awaiting = (method, size, body) => {
  let [state] = step(
    initial(size, { body }),
    { type: 'start', url: method === 'POST' ? '' : known },
    env,
  );
  if (method === 'PATCH') {
    [state] = step(state, { type: 'head', offset: 5 }, env);
    [state] = step(state, { type: 'compared', same: true }, env);
  }
  return state;
};

/** @param {State} state @param {Effect[]} effects */
const shown = ({ phase, acked, url }, effects) => {
  const wait = effects.find(({ type }) => type === 'wait');
  return { phase, acked, url, wait: wait?.type === 'wait' ? wait.ms : null };
};

/** What the client should do, by the words of the protocol alone.
 * @param {ResponseCase} vector @param {Method} method @param {State} before */
const decision = ({ response: { status, headers, body } }, method, before) => {
  const { size, acked, url } = before;
  const offset = Number(headers['upload-offset'] ?? (method === 'POST' ? 0 : NaN));
  const waiting = {
    phase: 'waiting',
    acked,
    url: headers.location ?? url,
    wait: Number(headers['retry-after'] ?? 0) * 1000 + 125,
  };
  const failed = { phase: 'failed', acked, url: headers.location ?? url, wait: null };
  if (status < 300) {
    if (Number.isNaN(offset)) return null;
    const whole = offset === size ? 'done' : 'sending';
    const phase = method === 'HEAD' && offset ? 'comparing' : whole;
    return { phase, acked: offset, url: headers.location ?? url, wait: null };
  }
  const gone = status === 404 || status === 410;
  if (gone && method === 'HEAD') return { phase: 'creating', acked: 0, url: '', wait: null };
  if (status === 409 && offset > acked) {
    return { ...waiting, phase: 'sending', acked: offset, wait: null };
  }
  if (status === 401 || status === 403) {
    return { ...waiting, phase: url ? 'asking' : 'creating', wait: null };
  }
  const { retryable } = /** @type {{ retryable?: boolean }} */ (Object(body));
  return retryable || status >= 500 || (gone && method === 'PATCH') ? waiting : failed;
};

const followed = ['POST', 'HEAD', 'PATCH'];

test('an answer of the vectors makes the client do what it should', (t) => {
  /** @type {ResponseCase[]} */
  const vectors = casesOf('responses');
  let checked = 0;
  let foreign = 0;
  /** @type {Set<number>} */
  const statuses = new Set();
  for (const vector of vectors) {
    const { name, request, response, outcome } = vector;
    if (!('tus-resumable' in response.headers)) {
      foreign++;
      continue;
    }
    if (!followed.includes(request.method) || field(request, 'X-HTTP-Method-Override')) {
      t.diagnostic(`not for this client (${request.method}): ${name}`);
      continue;
    }
    const method = /** @type {Method} */ (request.method); // one of `followed`
    const before = awaiting(method, outcome.view?.length ?? 11, !!field(request, 'Content-Type'));
    const got = answer(response.status, response.headers, response.body);
    const expected = decision(vector, method, before);
    checked++;
    statuses.add(response.status);
    if (!expected) {
      assert.throws(() => interpret(method, got, now), { code: 'bad-answer' }, name);
      continue;
    }
    const [state, effects] = step(before, interpret(method, got, now), env);
    assert.deepEqual(shown(state, effects), expected, name);
    if (state.phase === 'failed') {
      assert.equal(problemOf(got).code, response.headers['upload-error'], name);
    }
  }
  t.diagnostic(`${checked} of ${vectors.length} compared, ${foreign} ${notTus}`);
  for (const status of [200, 201, 204, 409, 410, 412, 413, 460, 503]) {
    assert.ok(statuses.has(status), `a vector of ${status}`);
  }
});

/** The words of the problems' table. */
const problems = readFileSync(new URL('../../docs/problems.md', import.meta.url), 'utf8')
  .matchAll(/^\| `([a-z-]+)` \| (\d{3}) \| (yes|no) \|/gm);

test('the client tries again after the problems of the table that say so, and only after those', () => {
  let checked = 0;
  for (const [, code = '', digits = '', word] of problems) {
    const status = Number(digits);
    const got = answer(status, {}, { code, status, retryable: word === 'yes' });
    for (const method of /** @type {const} */ (['POST', 'PATCH'])) {
      const [{ phase }] = step(awaiting(method, 11, false), interpret(method, got, now), env);
      checked++;
      // Fresh headers may help with these, and of an upload that is gone only HEAD may tell.
      if (status === 401 || status === 403) assert.match(phase, /asking|creating/, code);
      else if (method === 'PATCH' && (status === 404 || status === 410)) {
        assert.equal(phase, 'waiting', code);
      } else assert.equal(phase, word === 'yes' ? 'waiting' : 'failed', `${method} ${code}`);
    }
  }
  assert.ok(checked > 50);
});
