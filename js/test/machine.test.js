import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoff, initial, retryable, retryAfter, step } from '../src/machine.js';
import { seeded } from './fakes.js';

/** @import { Effect, Event, Method, State } from '../src/machine.js' */

const env = { now: 5000, random: 0.5 };
const url = 'http://gateway/files/1';
const size = 3_000_000;

/** Plays events from a fresh state; gives the last state and its effects.
 * @param {Event[]} events @param {Partial<State>} [settings] */
const play = (events, settings = {}) => {
  let state = initial(settings.size ?? size, settings);
  /** @type {Effect[]} */
  let effects = [];
  for (const event of events) [state, effects] = step(state, event, env);
  return { state, effects };
};

/** @param {Method} method @param {number} status @param {number | null} [after]
 * @returns {Event & { type: 'failed' }} */
const failure = (method, status, after = null) => ({
  type: 'failed',
  method,
  status,
  retryAfter: after,
});

/** @type {Event & { type: 'start' }} */
const start = { type: 'start' };
/** @type {Event & { type: 'created' }} */
const created = { type: 'created', url, offset: 0 };
/** @type {Event[]} */
const sending = [start, created];
/** @type {Event[]} */
const resuming = [{ type: 'start', url }];

test('a large file is created, saved, sent in one append, forgotten and done', () => {
  assert.deepEqual(play([start]).effects, [{ type: 'create', body: false }]);
  assert.deepEqual(play(sending).effects, [
    { type: 'save', url },
    { type: 'patch', url, offset: 0, length: size },
  ]);
  const end = play([...sending, { type: 'appended', offset: size }]);
  assert.deepEqual(end.effects, [{ type: 'forget' }, { type: 'done', url }]);
  assert.equal(end.state.phase, 'done');
});

test('pause stops a creation that carries bytes; the next one carries none, and goes on from what arrived', () => {
  const small = { size: 9 };
  const paused = play([start, { type: 'pause' }], small);
  assert.deepEqual([paused.state.phase, paused.effects], ['paused', [{ type: 'abort' }]]);
  const resumed = play([start, { type: 'pause' }, { type: 'resume' }], small);
  assert.deepEqual(resumed.effects, [{ type: 'create', body: false }]);
  const [, effects] = step(resumed.state, { type: 'created', url, offset: 4 }, env);
  assert.deepEqual(effects[1], { type: 'patch', url, offset: 4, length: 5 });
});

test('pause lets a creation without bytes end, so that its answer is not lost', () => {
  const { state, effects } = play([start, { type: 'pause' }]);
  assert.deepEqual([state.phase, effects], ['paused', []]);
  assert.equal(step(state, created, env)[0].url, url);
});

test('J-7: a creation that failed with its bytes is tried again without them', () => {
  const { effects } = play([start, failure('POST', 0), { type: 'timer' }], { size: 9 });
  assert.deepEqual(effects, [{ type: 'create', body: false }]);
});

test('a file of at most 1 MiB travels with its creation', () => {
  assert.deepEqual(play([start], { size: 1 << 20 }).effects, [{ type: 'create', body: true }]);
  assert.deepEqual(play([start], { size: (1 << 20) + 1 }).effects, [{
    type: 'create',
    body: false,
  }]);
  const { state } = play([start, { type: 'created', url, offset: 9 }], { size: 9 });
  assert.equal(state.phase, 'done');
});

test('an empty file is done when it is created', () => {
  assert.equal(play([start, created], { size: 0 }).state.phase, 'done');
});

test('a creation that carried only a part goes on from there', () => {
  const { effects } = play([start, { type: 'created', url, offset: 4 }], { size: 9 });
  assert.deepEqual(effects.at(-1), { type: 'patch', url, offset: 4, length: 5 });
});

test('resuming asks for the offset, compares what is stored, then appends', () => {
  assert.deepEqual(play(resuming).effects, [{ type: 'head', url }]);
  const compare = play([...resuming, { type: 'head', offset: 100 }]);
  assert.deepEqual(compare.effects, [{ type: 'compare', url, offset: 100 }]);
  const same = play([...resuming, { type: 'head', offset: 100 }, { type: 'compared', same: true }]);
  assert.deepEqual(same.effects, [{ type: 'patch', url, offset: 100, length: size - 100 }]);
});

test('resuming an upload without bytes compares nothing', () => {
  const { effects } = play([...resuming, { type: 'head', offset: 0 }]);
  assert.deepEqual(effects, [{ type: 'patch', url, offset: 0, length: size }]);
});

test('J-4: a changed file ends the old upload and starts a new one', () => {
  const anew = [
    { type: 'changed' },
    { type: 'remove', url },
    { type: 'forget' },
    { type: 'create', body: false },
  ];
  const blocks = play([...resuming, { type: 'head', offset: 9 }, {
    type: 'compared',
    same: false,
  }]);
  assert.deepEqual(blocks.effects, anew);
  assert.equal(blocks.state.acked, 0);
  assert.deepEqual(play([{ type: 'start', url, same: false }]).effects, anew);
});

test('J-7: these failures of an append are retried by asking for the offset', () => {
  for (const status of [0, 404, 408, 409, 410, 423, 425, 429, 460, 500, 502, 503, 504, 507]) {
    const { state, effects } = play([...sending, failure('PATCH', status)]);
    assert.equal(state.phase, 'waiting', `${status}`);
    assert.deepEqual(effects, [{ type: 'wait', ms: 125 }]);
    assert.deepEqual(play([...sending, failure('PATCH', status), { type: 'timer' }]).effects, [
      { type: 'head', url },
    ]);
  }
});

test('J-7: these failures are final', () => {
  for (const status of [400, 402, 405, 412, 415, 422, 431]) {
    assert.equal(play([...sending, failure('PATCH', status)]).state.phase, 'failed', `${status}`);
  }
  for (const status of [400, 404, 409, 410, 413, 422]) {
    assert.equal(play([start, failure('POST', status)]).state.phase, 'failed', `${status}`);
  }
  for (const status of [400, 409, 412, 422]) {
    const { effects } = play([...resuming, failure('HEAD', status)]);
    assert.deepEqual(effects, [{ type: 'fail', code: '' }], `${status}`);
  }
});

test('a failure that the shell calls fatal is final whatever its status', () => {
  const { state } = play([...sending, { ...failure('PATCH', 0), fatal: true }]);
  assert.equal(state.phase, 'failed');
});

test('J-7: only HEAD may say that an upload is gone, and then it starts anew', () => {
  for (const status of [404, 410]) {
    const { state, effects } = play([...resuming, failure('HEAD', status)]);
    assert.deepEqual(effects, [{ type: 'forget' }, { type: 'create', body: false }]);
    assert.deepEqual([state.url, state.acked, state.trusted], ['', 0, true]);
  }
});

test('an upload that is lost again and again is given up', () => {
  let { state } = play(resuming);
  for (let n = 0; n < 5; n++) {
    [state] = step(state, failure('HEAD', 404), env);
    assert.equal(state.phase, 'creating');
    [state] = step(state, created, env);
    [state] = step(state, failure('PATCH', 0), env);
    [state] = step(state, { type: 'timer' }, env);
  }
  const [end, effects] = step(state, failure('HEAD', 404), env);
  assert.equal(end.phase, 'failed');
  assert.deepEqual(effects.at(-1), { type: 'fail', code: 'gone' });
});

test('J-7: a 401 or 403 asks for fresh headers once, then pauses', () => {
  for (const status of [401, 403]) {
    const once = play([...sending, failure('PATCH', status)]);
    assert.deepEqual(once.effects, [{ type: 'head', url }]);
    const twice = play([...sending, failure('PATCH', status), failure('HEAD', status)]);
    assert.deepEqual([twice.state.phase, twice.effects], ['paused', []]);
    const again = step(twice.state, { type: 'resume' }, env);
    assert.deepEqual(again[1], [{ type: 'head', url }]);
  }
});

test('J-7: full jitter stays between nothing and a bound that doubles from 0.25 s to 30 s', () => {
  const random = seeded(1);
  for (let attempt = 0; attempt < 12; attempt++) {
    const bound = Math.min(30_000, 250 * 2 ** attempt);
    assert.equal(backoff(attempt, 0), 0);
    for (let n = 0; n < 200; n++) {
      const ms = backoff(attempt, random());
      assert.ok(ms >= 0 && ms < bound);
    }
    assert.ok(backoff(attempt, 0.999) > bound * 0.99);
  }
  assert.ok(backoff(5000, 1) <= 30_000);
});

test('J-7: Retry-After is a number of seconds or a date; anything else is nothing', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  assert.equal(retryAfter('120', now), 120_000);
  assert.equal(retryAfter('0', now), 0);
  assert.equal(retryAfter('Thu, 01 Jan 2026 00:00:30 GMT', now), 30_000);
  assert.equal(retryAfter('Wed, 31 Dec 2025 23:59:00 GMT', now), 0);
  for (const nonsense of [null, undefined, '', 'soon', '-']) {
    assert.equal(retryAfter(nonsense, now), null);
  }
});

test('J-7: Retry-After is the least wait, and being online again does not cut it short', () => {
  const { state, effects } = play([...sending, failure('PATCH', 503, 7000)]);
  assert.deepEqual(effects, [{ type: 'wait', ms: 7125 }]);
  assert.deepEqual(step(state, { type: 'online' }, env)[1], []);
  const soft = play([...sending, failure('PATCH', 0), { type: 'online' }]);
  assert.deepEqual(soft.effects, [{ type: 'head', url }]);
});

test('J-7: retrying ends when no byte was acknowledged for the whole budget', () => {
  let { state } = play(sending, { budget: 10_000 });
  let now = 0;
  for (let n = 0; n < 100 && state.phase !== 'failed'; n++) {
    const [waiting, effects] = step(state, failure('PATCH', 0), { now, random: 1 });
    const [effect] = effects;
    if (effect?.type === 'wait') now += effect.ms;
    [state] = step(step(waiting, { type: 'timer' }, env)[0], { type: 'head', offset: 0 }, env);
  }
  assert.equal(state.phase, 'failed');
  assert.ok(now <= 10_000 && now > 5000);
  assert.equal(play([...sending, failure('PATCH', 429, 16 * 60_000)]).state.phase, 'failed');
});

test('J-7: acknowledged progress, by append or by HEAD, renews the budget', () => {
  const tired = { ...play([...sending, failure('PATCH', 0), { type: 'timer' }]).state, attempt: 9 };
  assert.equal(step(tired, { type: 'head', offset: 0 }, env)[0].attempt, 9);
  assert.equal(step(tired, { type: 'head', offset: 1 }, env)[0].attempt, 0);
  const chunked = { ...play(sending, { chunk: 10 }).state, attempt: 9 };
  assert.equal(step(chunked, { type: 'appended', offset: 10 }, env)[0].attempt, 0);
});

test('J-8: offline aborts and waits without spending the budget; online goes on at once', () => {
  const off = play([...sending, { type: 'offline' }]);
  assert.deepEqual(off.effects, [{ type: 'abort' }, { type: 'wait', ms: 30_000 }]);
  assert.deepEqual(step(off.state, { type: 'online' }, env)[1], [{ type: 'head', url }]);
});

test('J-8: while offline a probe goes out now and then, since the browser may be wrong', () => {
  const probe = play([...sending, { type: 'offline' }, { type: 'timer' }]);
  assert.deepEqual(probe.effects, [{ type: 'head', url }]);
  let state = probe.state;
  for (let n = 0; n < 200; n++) {
    const [waiting, effects] = step(state, failure('HEAD', 0), { now: n * 30_000, random: 1 });
    assert.deepEqual(effects, [{ type: 'wait', ms: 30_000 }]);
    [state] = step(waiting, { type: 'timer' }, env);
  }
  assert.equal(step(state, { type: 'head', offset: 5 }, env)[0].phase, 'sending');
});

test('J-10: 413 halves the append until it is absurdly small', () => {
  let { state } = play(sending, { size: 1 << 20, body: false });
  const lengths = [];
  for (;;) {
    const [next, effects] = step(state, failure('PATCH', 413), env);
    if (next.phase === 'failed') break;
    assert.deepEqual(effects, [{ type: 'head', url }]);
    const [sent, more] = step(next, { type: 'head', offset: 0 }, env);
    const [patch] = more;
    assert.ok(patch?.type === 'patch');
    lengths.push(patch.length);
    state = sent;
  }
  assert.deepEqual(lengths, [1 << 19, 1 << 18, 1 << 17, 1 << 16]);
});

test('J-10: a creation too large with its bytes is tried without them, then it is final', () => {
  const without = play([start, failure('POST', 413)], { size: 10 });
  assert.deepEqual(without.effects, [{ type: 'create', body: false }]);
  const end = play([start, failure('POST', 413), failure('POST', 413)], { size: 10 });
  assert.equal(end.state.phase, 'failed');
});

test('J-10: halving half of a file beyond 4 GiB keeps whole, positive lengths', () => {
  const { state } = play([...sending, failure('PATCH', 413)], { size: 2 ** 40 + 1 });
  assert.equal(state.chunk, 2 ** 39);
});

test('B-8: a server never has more than was sent, whoever asks', () => {
  const wrong = [{ type: 'fail', code: 'too-many-bytes' }];
  const chunked = { chunk: 10 };
  const asking = [...sending, failure('PATCH', 0), /** @type {Event} */ ({ type: 'timer' })];
  assert.deepEqual(play([...asking, { type: 'head', offset: 11 }], chunked).effects, wrong);
  const partly = play([...asking, { type: 'head', offset: 10 }], chunked);
  assert.deepEqual(partly.effects, [{ type: 'patch', url, offset: 10, length: 10 }]);
  const beyond = { ...failure('PATCH', 409), offset: 11 };
  assert.deepEqual(play([...sending, beyond], chunked).effects, wrong);
  // What an earlier page sent is not known here; the bytes are compared instead.
  const earlier = play([...resuming, { type: 'head', offset: 500 }]);
  assert.equal(earlier.state.phase, 'comparing');
  // What was sent of an upload that is gone says nothing of the next.
  const anew = play([...asking, failure('HEAD', 404), created, failure('PATCH', 0), {
    type: 'timer',
  }, { type: 'head', offset: 11 }], chunked);
  assert.deepEqual(anew.effects, wrong);
});

test('a 409 that tells the offset is followed at once, when it brings the upload on', () => {
  const told = play([...sending, { ...failure('PATCH', 409), offset: 70 }]);
  assert.deepEqual(told.effects, [{ type: 'patch', url, offset: 70, length: size - 70 }]);
  for (const offset of [0, undefined]) {
    const { state } = play([...sending, { ...failure('PATCH', 409), offset }]);
    assert.equal(state.phase, 'waiting');
  }
});

test("J-7: the server's own word on trying again counts more than the status", () => {
  /** @type {[Method, number, boolean, string][]} */
  const cases = [
    ['PATCH', 500, false, 'failed'],
    ['PATCH', 409, false, 'failed'],
    ['PATCH', 400, true, 'waiting'],
    ['POST', 409, true, 'waiting'],
    ['PATCH', 410, false, 'waiting'],
  ];
  for (const [method, status, again, phase] of cases) {
    const before = method === 'POST' ? [start] : sending;
    const { state } = play([...before, { ...failure(method, status), again }]);
    assert.equal(state.phase, phase, `${method} ${status} ${again}`);
  }
});

test('J-10: a limit that the server tells holds from then on', () => {
  const limit = 1_000_000;
  assert.deepEqual(play([start, { ...created, limit }]).effects.at(-1), {
    type: 'patch',
    url,
    offset: 0,
    length: limit,
  });
  const small = { size: 9 };
  assert.deepEqual(play([{ ...start, limit: 8 }], small).effects, [{
    type: 'create',
    body: false,
  }]);
  assert.deepEqual(play([{ ...start, limit: 9 }], small).effects, [{ type: 'create', body: true }]);
  // A limit told with 413 is taken as it is, however small; it never grows.
  const told = play([...sending, { ...failure('PATCH', 413), limit: 100 }]);
  assert.deepEqual([told.state.chunk, told.effects], [100, [{ type: 'head', url }]]);
  const [{ chunk }] = step(told.state, { type: 'head', offset: 0, limit: 5000 }, env);
  assert.equal(chunk, 100);
});

test('a creation that is refused while its upload lives on goes on with that upload', () => {
  const refused = { ...failure('POST', 460), again: true, url };
  const { state, effects } = play([start, refused, { type: 'timer' }], { size: 9 });
  assert.deepEqual(effects, [{ type: 'head', url }]);
  const [, more] = step(state, { type: 'head', offset: 4 }, env);
  assert.deepEqual(more, [{ type: 'patch', url, offset: 4, length: 5 }]);
});

test('B-8: a server with more bytes than it was sent is an error, wherever it says so', () => {
  const wrong = [{ type: 'fail', code: 'too-many-bytes' }];
  assert.deepEqual(play([...resuming, { type: 'head', offset: size + 1 }]).effects, wrong);
  assert.deepEqual(
    play([...sending, { type: 'appended', offset: 11 }], { chunk: 10 }).effects,
    wrong,
  );
  const { state } = play([start, { type: 'created', url, offset: 8 }], { size: 7 });
  assert.equal(state.phase, 'failed');
});

test('an append that acknowledges nothing new is retried, not repeated at once', () => {
  const { state, effects } = play([...sending, { type: 'appended', offset: 0 }]);
  assert.equal(state.phase, 'waiting');
  assert.deepEqual(effects, [{ type: 'wait', ms: 125 }]);
});

test('pausing aborts, resuming asks for the offset', () => {
  const { state, effects } = play([...sending, { type: 'pause' }]);
  assert.deepEqual([state.phase, effects], ['paused', [{ type: 'abort' }]]);
  assert.deepEqual(step(state, { type: 'resume' }, env)[1], [{ type: 'head', url }]);
  assert.deepEqual(step(state, failure('PATCH', 0), env)[1], []);
  assert.deepEqual(step(state, { type: 'timer' }, env)[1], []);
});

test('a creation is never aborted: what it made is kept, resumed or removed', () => {
  const paused = play([start, { type: 'pause' }]);
  assert.deepEqual([paused.state.phase, paused.effects], ['paused', []]);
  const kept = step(paused.state, created, env);
  assert.deepEqual([kept[0].phase, kept[1]], ['paused', [{ type: 'save', url }]]);
  const early = step(paused.state, { type: 'resume' }, env);
  assert.deepEqual([early[0].phase, early[1]], ['creating', []]);
  const cancelled = play([start, { type: 'cancel' }, created]);
  assert.deepEqual(cancelled.effects, [{ type: 'remove', url }]);
  const left = play([start, { type: 'cancel', keep: true }, created]);
  assert.deepEqual(left.effects, [{ type: 'save', url }]);
});

test('cancelling removes here and there; leaving keeps both', () => {
  const gone = play([...sending, { type: 'cancel' }]);
  assert.deepEqual(gone.effects, [{ type: 'abort' }, { type: 'remove', url }, { type: 'forget' }]);
  assert.deepEqual(play([...sending, { type: 'cancel', keep: true }]).effects, [{ type: 'abort' }]);
});

test('nothing moves an upload that is over', () => {
  /** @type {Event[]} */
  const events = [
    start,
    { type: 'head', offset: 1 },
    { type: 'appended', offset: 1 },
    { type: 'timer' },
    { type: 'pause' },
    { type: 'resume' },
    { type: 'online' },
    { type: 'offline' },
    { type: 'cancel' },
    { type: 'progress', sent: 1 },
    { type: 'compared', same: false },
    failure('PATCH', 500),
  ];
  for (const phase of /** @type {const} */ (['done', 'failed', 'cancelled'])) {
    const over = initial(size, { phase, url });
    for (const event of events) assert.deepEqual(step(over, event, env), [over, []], event.type);
  }
});

test('events that do not belong to a phase change nothing', () => {
  const { state } = play(sending);
  for (
    const event of /** @type {Event[]} */ ([
      start,
      { type: 'timer' },
      { type: 'resume' },
      { type: 'head', offset: 3 },
      { type: 'compared', same: false },
      { type: 'online' },
    ])
  ) {
    assert.deepEqual(step(state, event, env), [state, []], event.type);
  }
  const idle = initial(size);
  assert.deepEqual(step(idle, { type: 'pause' }, env), [idle, []]);
});

test('J-15: sent is never below acknowledged nor above the size', () => {
  const { state } = play([...sending, { type: 'progress', sent: 500 }]);
  assert.deepEqual([state.sent, state.acked], [500, 0]);
  assert.equal(step(state, { type: 'progress', sent: size * 2 }, env)[0].sent, size);
  assert.equal(step(state, failure('PATCH', 0), env)[0].sent, 0);
});

test('retryable statuses are those that time may heal', () => {
  assert.deepEqual([0, 200, 400, 404, 408, 409, 423, 425, 429, 460, 500, 599].filter(retryable), [
    0,
    408,
    423,
    425,
    429,
    500,
    599,
  ]);
});

// The model server keeps exactly what it acknowledges. It may cut a request after any byte, lose an
// answer, stall, answer with trouble, forget an upload; the user pauses, the network comes and goes.
// Content is its position, so only the range of each append is checked.

/** @param {number} seed @param {boolean} [trace] */
const simulate = (seed, trace = false) => {
  const random = seeded(seed);
  /** @param {number} n */
  const below = (n) => Math.floor(random() * n);
  const length = below(4) ? below(5_000_000) : below(100);
  const troubled = below(60);
  /** @type {Map<string, number>} */
  const stored = new Map();
  /** @type {{ at: number, event: Event, request: number }[]} */
  const queue = [];
  /** @type {string[]} */
  const lines = [];
  let state = initial(length, {
    chunk: below(2) ? Infinity : 20_000 + below(700_000),
    budget: Infinity,
  });
  let now = 0;
  let request = 0;
  let timer = 0;
  let steps = 0;
  let removed = 0;
  /** @param {Event} event @param {number} of */
  const later = (event, of, ms = below(2000)) => queue.push({ at: now + ms, event, request: of });

  /** What the server does with `count` bytes: how many it keeps, and what the client learns.
   * @param {Method} method @param {number} count */
  const fate = (method, count) => {
    const healthy = steps > 400 || below(100) >= troubled;
    if (healthy) return { keep: count, event: null };
    const keep = below(count + 1);
    const statuses = [0, 0, 0, 408, 409, 429, 460, 500, 503].filter((s) =>
      method === 'PATCH' || (s !== 409 && s !== 460)
    );
    const status = statuses[below(statuses.length)] ?? 0;
    // A stall is cut off by the shell after 20 s, which looks like a lost connection.
    const after = status === 429 && below(2) ? below(5000) : null;
    return { keep: status && status < 500 ? 0 : keep, event: failure(method, status, after) };
  };

  /** @param {Effect} effect */
  const perform = (effect) => {
    if (trace) lines.push(`${now} ${JSON.stringify(effect)}`);
    const of = ++request;
    switch (effect.type) {
      case 'create': {
        const { keep, event } = fate('POST', effect.body ? length : 0);
        const made = `u${of}`;
        stored.set(made, keep);
        later(event ?? { type: 'created', url: made, offset: keep }, effect.body ? of : -1);
        break;
      }
      case 'head': {
        const { event } = fate('HEAD', 0);
        if (steps < 400 && below(40) === 0 && state.restarts < 5) stored.delete(effect.url);
        const offset = stored.get(effect.url);
        later(
          event ?? (offset === undefined ? failure('HEAD', 404) : { type: 'head', offset }),
          of,
        );
        break;
      }
      case 'patch': {
        const { keep, event } = fate('PATCH', effect.length);
        const offset = stored.get(effect.url);
        if (offset === undefined) return later(failure('PATCH', 404), of);
        if (offset !== effect.offset) return later(failure('PATCH', 409), of);
        assert.ok(effect.length > 0 && effect.offset + effect.length <= length);
        stored.set(effect.url, offset + keep);
        later({ type: 'progress', sent: below(effect.length + 1) }, of, below(500));
        later(event ?? { type: 'appended', offset: offset + keep }, of, 500 + below(2000));
        break;
      }
      case 'wait':
        timer = of;
        later({ type: 'timer' }, of, effect.ms);
        break;
      case 'remove':
        stored.delete(effect.url);
        removed++;
        break;
      case 'compare':
        later({ type: 'compared', same: true }, of);
    }
  };

  /** @param {Event} event */
  const take = (event) => {
    const before = state;
    const [next, effects] = step(state, event, { now, random: random() });
    state = next;
    if (trace) lines.push(`${now} ${JSON.stringify(event)} -> ${state.phase} ${state.acked}`);
    if (before.url === state.url) {
      assert.ok(state.acked >= before.acked, 'acknowledged bytes never go back');
    }
    assert.ok(state.acked <= state.sent && state.sent <= length);
    const kept = stored.get(state.url);
    if (kept !== undefined) {
      assert.ok(state.acked <= kept, 'nothing counts that the server has not');
    }
    if (state.phase === 'waiting' && before.phase !== 'waiting') {
      assert.equal(
        effects.filter(({ type }) => type === 'wait').length,
        1,
        'no wait without an end',
      );
    }
    if (effects.some(({ type }) => type === 'abort')) {
      // What an aborted request has to say is not heard.
      for (const entry of queue) if (entry.request > 0) entry.request = 0;
    }
    if (state.phase !== 'waiting') timer = 0;
    for (const effect of effects) perform(effect);
  };

  take({ type: 'start' });
  for (; state.phase !== 'done'; steps++) {
    assert.ok(steps < 3000, `seed ${seed} gets nowhere in ${state.phase}`);
    assert.notEqual(state.phase, 'failed', `seed ${seed}`);
    if (steps < 400 && below(15) === 0) {
      const types = /** @type {const} */ (['pause', 'resume', 'online', 'offline']);
      take({ type: types[below(4)] ?? 'online' });
    }
    if (steps >= 400) {
      take({ type: 'resume' });
      take({ type: 'online' });
    }
    queue.sort((a, b) => a.at - b.at);
    const next = queue.shift();
    if (!next) continue;
    now = Math.max(now, next.at);
    const stale = next.request === 0 || (next.event.type === 'timer' && next.request !== timer);
    if (!stale) take(next.event);
  }
  assert.equal(stored.get(state.url), length, 'done means that the server has every byte');
  assert.equal(removed, 0);
  return { lines, steps };
};

test('J-18: whatever is cut, stalled or forgotten, the file arrives whole (400 seeds)', () => {
  for (let seed = 1; seed <= 400; seed++) simulate(seed);
});

test('a simulation repeats itself exactly', () => {
  assert.deepEqual(simulate(42, true), simulate(42, true));
});
