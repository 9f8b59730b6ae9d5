// One upload as a pure machine: step(state, event, env) gives the next state and what to do about
// it. It knows no clock, network or file; upload.js carries out the effects.

/**
 * @typedef {'idle' | 'creating' | 'asking' | 'comparing' | 'sending' | 'waiting' | 'paused' | 'done'
 *   | 'failed' | 'cancelled'} Phase
 *
 * @typedef {'POST' | 'HEAD' | 'GET' | 'PATCH'} Method of creating, asking, comparing and sending
 *
 * @typedef {object} State
 * @property {Phase} phase
 * @property {number} size bytes of the file
 * @property {string} url empty while unknown
 * @property {number} acked bytes the server has acknowledged
 * @property {number} sent bytes handed to the network, never below `acked`
 * @property {number} end where the running append ends
 * @property {number} reach the most bytes that the server can have of this file
 * @property {number} chunk most bytes in one request
 * @property {boolean} body creation carries the bytes
 * @property {number} attempt failures since the last acknowledged byte
 * @property {number} since time of the first of them
 * @property {number} budget most milliseconds of retrying without an acknowledged byte
 * @property {number} restarts
 * @property {boolean} refreshed a 401 or 403 was answered by asking for fresh headers
 * @property {boolean} online
 * @property {boolean} posting a creation is under way; it is never aborted, lest it leave an orphan
 * @property {boolean} trusted the stored bytes are known to be this file's
 * @property {boolean} hard the server asked for this wait, so it is not cut short
 * @property {boolean} keep cancelled here, but kept on the server
 *
 * @typedef {object} Failed
 * @property {'failed'} type
 * @property {Method} method
 * @property {number} status 0 when no answer came
 * @property {number | null} retryAfter milliseconds
 * @property {boolean | undefined} [again] the server's own word on whether to retry
 * @property {number | undefined} [offset] the upload's true one
 * @property {string | undefined} [url] of an upload that lives on though its creation was refused
 * @property {Limit} [limit]
 * @property {boolean} [fatal]
 *
 * @typedef {number | undefined} Limit most bytes in one request, as the server has it
 *
 * @typedef {{ type: 'start', url?: string, same?: boolean, limit?: Limit }
 *   | { type: 'created', url: string, offset: number, limit?: Limit }
 *   | { type: 'head' | 'appended', offset: number, limit?: Limit }
 *   | { type: 'compared', same: boolean }
 *   | { type: 'progress', sent: number }
 *   | Failed
 *   | { type: 'cancel', keep?: boolean }
 *   | { type: 'timer' | 'pause' | 'resume' | 'online' | 'offline' }} Event
 *
 * @typedef {{ type: 'create', body: boolean }
 *   | { type: 'head' | 'remove' | 'save' | 'done', url: string }
 *   | { type: 'compare', url: string, offset: number }
 *   | { type: 'patch', url: string, offset: number, length: number }
 *   | { type: 'wait', ms: number }
 *   | { type: 'fail', code: string }
 *   | { type: 'abort' | 'forget' | 'changed' }} Effect an empty code means the last problem's
 *
 * @typedef {{ now: number, random: number }} Env `random` is in 0..<1
 * @typedef {[State, Effect[]]} Step
 */

const probeEvery = 30_000;
const smallestChunk = 1 << 16;
const mostRestarts = 5;
/** Most milliseconds of retrying without an acknowledged byte. */
export const patience = 15 * 60_000;
const fresh = { attempt: 0, refreshed: false };

/** The state before `start`.
 * @param {number} size @param {Partial<State>} [settings] @returns {State} */
export const initial = (size, settings) => ({
  phase: 'idle',
  size,
  url: '',
  acked: 0,
  sent: 0,
  end: 0,
  reach: 0,
  chunk: Infinity,
  body: size <= 1 << 20,
  ...fresh,
  since: 0,
  budget: patience,
  restarts: 0,
  online: true,
  posting: false,
  trusted: true,
  hard: false,
  keep: false,
  ...settings,
});

/** Full jitter: anything up to a bound that doubles from 0.25 s to 30 s.
 * @param {number} attempt @param {number} random */
export const backoff = (attempt, random) => random * Math.min(30_000, 250 * 2 ** attempt);

/** Whether the same request may fare better later. @param {number} status */
export const retryable = (status) => status >= 500 || [0, 408, 423, 425, 429].includes(status);

/** Milliseconds that a Retry-After field asks for, in seconds or as a date.
 * @param {string | null | undefined} value @param {number} now */
export const retryAfter = (value, now) => {
  if (!value) return null;
  const ms = /^\d+$/.test(value) ? +value * 1000 : Date.parse(value) - now;
  return Number.isNaN(ms) ? null : Math.max(0, ms);
};

/** Whether nothing more will happen. @param {Phase} phase */
export const over = (phase) => ['done', 'failed', 'cancelled'].includes(phase);

/** The next state and what to do; `progress` counts the bytes of the running request.
 * @param {State} state @param {Event} event @param {Env} env @returns {Step} */
export const step = (state, event, env) => {
  if ('limit' in event && event.limit && event.limit < state.chunk) {
    state = { ...state, chunk: event.limit };
  }
  const { phase, acked, url } = state;
  const busy = ['asking', 'comparing', 'sending'].includes(phase);
  /** @type {Effect[]} */
  const abort = busy ? [{ type: 'abort' }] : [];
  if (event.type === 'created') return created(state, event);
  if (over(phase)) return [state, []];
  switch (event.type) {
    case 'start':
      if (phase !== 'idle') break;
      state = { ...state, url: event.url ?? '', trusted: !event.url };
      return event.same === false ? changed(state) : go(state);
    case 'head':
      if (phase !== 'asking') break;
      if (state.trusted && event.offset > state.reach) return fail(state, 'too-many-bytes');
      state = at(state, event.offset);
      return state.trusted || !state.acked || state.acked > state.size
        ? send(state)
        : to(state, 'comparing', { type: 'compare', url, offset: state.acked });
    case 'compared':
      if (phase !== 'comparing') break;
      return event.same ? send({ ...state, trusted: true }) : changed(state);
    case 'progress':
      if (!busy && phase !== 'creating') break;
      return [{ ...state, sent: Math.min(state.size, acked + event.sent) }, []];
    case 'appended':
      if (phase !== 'sending') break;
      if (event.offset > state.end) return fail(state, 'too-many-bytes');
      return event.offset > acked ? send(at(state, event.offset)) : retry(state, 0, null, env);
    case 'failed':
      if (event.method === 'POST') state = { ...state, posting: false };
      if (event.url) state = { ...state, url: event.url, reach: state.body ? state.size : 0 };
      return busy || phase === 'creating' ? failed(state, event, env) : [state, []];
    case 'timer':
      if (phase !== 'waiting') break;
      return go(state);
    case 'pause':
      if (phase === 'idle') break;
      // A creation's bytes stop too; the next one, without bytes, learns how many arrived.
      return state.body
        ? to({ ...state, posting: false, body: false }, 'paused', { type: 'abort' })
        : to(state, 'paused', ...abort);
    case 'resume':
      if (phase !== 'paused') break;
      return go({ ...state, ...fresh });
    case 'online':
      if (!state.online) state = { ...state, online: true, ...fresh };
      if (phase !== 'waiting' || state.hard) break;
      return go(state);
    case 'offline':
      state = { ...state, online: false };
      if (!busy) break;
      return wait(state, probeEvery, false, ...abort);
    case 'cancel': {
      const { keep = false } = event;
      return to({ ...state, keep }, 'cancelled', ...abort, ...(keep ? [] : drop(state)));
    }
  }
  return [state, []];
};

/** @param {State} state @param {Phase} phase @param {Effect[]} effects @returns {Step} */
const to = (state, phase, ...effects) => [{ ...state, phase }, effects];

/** Asks the server for the offset, or creates the upload. @param {State} state @param {Effect[]} before */
const go = (state, ...before) => {
  if (state.url) return to(state, 'asking', ...before, { type: 'head', url: state.url });
  if (state.posting) return to(state, 'creating', ...before);
  const body = state.body && state.size <= state.chunk;
  return to({ ...state, posting: true, body }, 'creating', ...before, { type: 'create', body });
};

/** @param {State} state @param {{ url: string, offset: number }} answer @returns {Step} */
const created = (state, { url, offset }) => {
  const next = { ...at(state, offset), url, posting: false };
  if (state.phase === 'cancelled' && !state.keep) return [next, [{ type: 'remove', url }]];
  /** @type {Effect} */
  const save = { type: 'save', url };
  return state.phase === 'creating' ? send(next, save) : [next, [save]];
};

/** The server says it has `offset` bytes; more than before renews the patience.
 * @param {State} state @param {number} offset @returns {State} */
const at = (state, offset) => ({
  ...state,
  ...(offset > state.acked && fresh),
  acked: offset,
  sent: offset,
  reach: Math.max(state.reach, offset),
});

/** @param {State} state @param {Effect[]} before */
const send = (state, ...before) => {
  const { acked, size, url } = state;
  if (acked > size) return fail(state, 'too-many-bytes', ...before);
  if (acked === size) {
    return to(state, 'done', ...before, { type: 'forget' }, { type: 'done', url });
  }
  const end = Math.min(size, acked + state.chunk);
  const length = end - acked;
  const reach = Math.max(state.reach, end);
  return to({ ...state, end, reach }, 'sending', ...before, {
    type: 'patch',
    url,
    offset: acked,
    length,
  });
};

/** @param {State} state @param {Failed} event @param {Env} env */
const failed = (state, { method, status, retryAfter, again, offset = 0, fatal }, env) => {
  if (fatal) return fail(state, '');
  if (status === 401 || status === 403) {
    return state.refreshed ? to(state, 'paused') : go({ ...state, refreshed: true });
  }
  const gone = status === 404 || status === 410;
  if (gone && method === 'HEAD') return anew(state, { type: 'forget' });
  const patch = method === 'PATCH';
  if (status === 413) {
    if (method === 'POST' && state.body) return go({ ...state, body: false });
    const length = state.end - state.acked;
    const told = state.chunk < length;
    const chunk = told ? state.chunk : Math.floor(length / 2);
    if (patch && (told || chunk >= smallestChunk)) return go({ ...state, chunk });
  }
  if (patch && status === 409 && offset > state.acked) {
    return offset > state.reach ? fail(state, 'too-many-bytes') : send(at(state, offset));
  }
  // Only HEAD may say that an upload is gone; to others it is a reason to ask.
  const asks = patch || method === 'GET';
  const may = again ?? (retryable(status) || (asks && (status === 409 || status === 460)));
  return may || (asks && gone) ? retry(state, status, retryAfter, env) : fail(state, '');
};

/** @param {State} state @param {number} status @param {number | null} asked @param {Env} env */
const retry = (state, status, asked, env) => {
  if (!state.online && !status) return wait(state, probeEvery);
  const since = state.attempt ? state.since : env.now;
  const ms = (asked ?? 0) + backoff(state.attempt, env.random);
  if (env.now + ms - since > state.budget) return fail(state, '');
  return wait({ ...state, since, attempt: state.attempt + 1 }, ms, asked !== null);
};

/** The bytes of a creation that failed may be stored: the next one has none, and learns how many.
 * @param {State} state @param {number} ms @param {boolean} [hard] @param {Effect[]} before */
const wait = (state, ms, hard = false, ...before) =>
  to({ ...state, hard, body: false, sent: state.acked }, 'waiting', ...before, {
    type: 'wait',
    ms,
  });

/** @param {State} state @param {Effect[]} before */
const anew = (state, ...before) => {
  const { restarts } = state;
  if (restarts === mostRestarts) return fail(state, 'gone', ...before);
  const next = { ...at(state, 0), url: '', reach: 0, trusted: true, restarts: restarts + 1 };
  return go(next, ...before);
};

/** The file is not the one whose bytes are stored. @param {State} state */
const changed = (state) => anew(state, { type: 'changed' }, ...drop(state));

/** @param {State} state @returns {Effect[]} */
const drop = ({ url }) =>
  url ? [{ type: 'remove', url }, { type: 'forget' }] : [{ type: 'forget' }];

/** @param {State} state @param {string} code @param {Effect[]} before */
const fail = (state, code, ...before) => to(state, 'failed', ...before, { type: 'fail', code });
