import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { frames } from '../src/batch.js';
import { Push } from '../src/push.js';
import { answer, content, FakeClock, FakeGateway, file, idle, mapMemory, seeded } from './fakes.js';

/** @import { Answer, Request } from '../src/transport.js' */

/** @param {number} count */
const someFiles = (count, size = 1000) =>
  Array.from(
    { length: count },
    (_, n) => ({ path: `dir/ф${n}.txt`, file: file(`ф${n}.txt`, size + n) }),
  );

/** @param {(request: Request, number: number) => Answer | number | null} [trouble] */
const bench = (trouble) => {
  const gateway = new FakeGateway(trouble);
  gateway.batches = true;
  const time = new FakeClock();
  const memory = mapMemory();
  const settings = {
    base: 'http://gateway/',
    repo: 'demo',
    message: 'hello',
    transport: gateway.send,
    clock: time.clock,
    memory,
    random: seeded(5),
    locks: null,
  };
  return { gateway, time, memory, settings };
};

const batch = 'POST /files/batch?push=p1';
/** @param {FakeGateway} gateway @param {string} line */
const times = ({ log }, line) => log.filter((other) => other === line).length;

/** @param {FakeGateway} gateway @param {{ path: string, file: File }[]} files */
const assertStored = ({ uploads }, files) => {
  assert.equal(uploads.size, files.length);
  for (const { path, file } of files) {
    const stored = [...uploads.values()].filter(({ metadata }) => metadata.path === path);
    assert.deepEqual(stored.map(({ bytes }) => bytes), [content(file.size)], path);
  }
};

test('J-11: a frame is the length of a header, the header as JSON, and the bytes', async () => {
  const { body, starts } = frames([
    { path: 'ф', file: file('ф', Buffer.from('abc')) },
    { path: 'empty', file: file('empty', 0, 2000) },
  ]);
  const first = Buffer.from('{"path":"ф","size":3,"mtime":1700000000.5}');
  const second = Buffer.from('{"path":"empty","size":0,"mtime":2}');
  const whole = [0, 0, 0, first.length, ...first, ...Buffer.from('abc'), 0, 0, 0, second.length];
  assert.deepEqual([...new Uint8Array(await body.arrayBuffer())], [...whole, ...second]);
  assert.deepEqual(starts, [4 + first.length, body.size]);
});

test('J-11: small files travel together, large ones alone', async () => {
  const { gateway, settings, time } = bench();
  const files = [
    ...someFiles(40),
    { path: 'limit', file: file('limit', 1 << 16) },
    { path: 'large', file: file('large', (1 << 16) + 1) },
  ];
  const push = new Push(files, settings);
  await time.until(push.start());
  assert.deepEqual([times(gateway, batch), times(gateway, 'POST /files/')], [1, 1]);
  assertStored(gateway, files);
  assert.deepEqual([push.counts.done, push.progress().sent], [42, push.progress().total]);
});

test('J-11: a batch has at most 256 files and 8 MiB, and three travel at a time', async () => {
  for (const [count, size] of /** @type {const} */ ([[1000, 10], [600, 64_000]])) {
    /** @type {number[]} */
    const sizes = [];
    const { gateway, settings, time } = bench(({ url, body }) => {
      if (url.includes('/batch') && body instanceof Blob) sizes.push(body.size);
      return null;
    });
    await time.until(new Push(someFiles(count, size), settings).start());
    assert.ok(Math.max(...sizes) <= (8 << 20) + 256 * 100);
    assert.equal(sizes.length, size === 10 ? 4 : 5);
    assert.equal(gateway.mostRunning, 3);
    assert.equal(gateway.uploads.size, count);
  }
});

test('one small file, and any when batches are not wanted, travels alone', async () => {
  for (const [count, wanted] of /** @type {const} */ ([[1, true], [5, false]])) {
    const { gateway, settings, time } = bench();
    await time.until(new Push(someFiles(count), { ...settings, batch: wanted }).start());
    assert.deepEqual([times(gateway, batch), times(gateway, 'POST /files/')], [0, count]);
  }
});

test('progress is told file by file', async () => {
  const { settings, time } = bench();
  const push = new Push(someFiles(3), settings);
  /** @type {number[]} */
  const sums = [];
  push.addEventListener('progress', () => {
    const { sent, total } = push.progress();
    const each = [...push.items.values()].reduce((sum, item) => sum + item.sent, 0);
    assert.ok(each === sent && sent <= total);
    sums.push(sent);
  });
  await time.until(push.start());
  assert.deepEqual(sums, sums.slice().sort((a, b) => a - b));
});

test('a refused file fails alone and says why; the others are done', async () => {
  const refusal = { code: 'bad-path', detail: 'not a path', status: 400, retryable: false };
  const { gateway, settings, time } = bench();
  gateway.refuses = (path) => path.includes('1') ? refusal : null;
  const push = new Push(someFiles(3), settings);
  await assert.rejects(time.until(push.start()), { code: 'files-missing' });
  const { state, error } = push.items.get('dir/ф1.txt') ?? {};
  assert.equal(state, 'failed');
  assert.ok(error instanceof Error);
  assert.deepEqual({ ...error, message: error.message }, {
    name: 'Problem',
    code: 'bad-path',
    message: 'not a path',
    status: 400,
    retryable: false,
  });
  assert.deepEqual([push.counts.done, push.counts.failed], [2, 1]);
  assert.equal(times(gateway, 'POST /files/'), 0);
});

test('a file refused for a while, or not answered for, is tried alone', async () => {
  const { gateway, settings, time } = bench();
  gateway.refuses = (path) => path.includes('1') ? { code: 'busy', retryable: true } : null;
  const files = someFiles(3);
  await time.until(new Push(files, settings).start());
  assert.deepEqual([times(gateway, batch), times(gateway, 'POST /files/')], [1, 1]);
  assertStored(gateway, files);
  const silent = bench(({ url }) => url.includes('/batch') ? answer(200, {}, 'null') : null);
  await silent.time.until(new Push(files, silent.settings).start());
  assert.equal(times(silent.gateway, 'POST /files/'), 3);
});

test('a path that comes back in another form is known by its place', async () => {
  const { gateway, settings, time } = bench();
  const push = new Push(someFiles(3), {
    ...settings,
    transport: async (request) => {
      const got = await gateway.send(request);
      return { ...got, text: got.text.replaceAll('ф', '\u0444\u0301') };
    },
  });
  await time.until(push.start());
  assert.deepEqual([times(gateway, batch), times(gateway, 'POST /files/')], [1, 0]);
});

test('J-7: a lost batch is sent again, and what the gateway has by then is done', async () => {
  let cuts = 0;
  const { gateway, settings, time } = bench(({ url }) =>
    url.includes('/batch') && cuts++ < 2 ? 4000 : null
  );
  const files = someFiles(10);
  const push = new Push(files, settings);
  let waited = 0;
  push.addEventListener('progress', () => {
    const items = [...push.items.values()];
    if (items.every(({ waits }) => waits)) waited++;
    assert.ok(push.progress().sent >= 0);
  });
  await time.until(push.start());
  assert.equal(waited, 2);
  assert.deepEqual([times(gateway, batch), times(gateway, 'POST /files/')], [3, 0]);
  assertStored(gateway, files);
  assert.equal(push.progress().sent, push.progress().total);
});

test('J-7: a batch waits as long as it is told', async () => {
  let asked = 0;
  const { settings, time } = bench(({ url }) =>
    url.includes('/batch') && !asked++ ? answer(503, { 'Retry-After': '40' }) : null
  );
  const began = time.now;
  await time.until(new Push(someFiles(2), settings).start());
  assert.ok(time.now - began >= 40_000);
});

test('after repeated failure the files of a batch travel alone, later ones together', async () => {
  let failures = 0;
  const { gateway, settings, time } = bench(({ url }) =>
    url.includes('/batch') && failures++ < 5 ? answer(500) : null
  );
  const files = someFiles(300);
  await time.until(new Push(files, { ...settings, concurrency: 1 }).start());
  assert.deepEqual([times(gateway, batch), times(gateway, 'POST /files/')], [6, 256]);
  assertStored(gateway, files);
});

test('what a batch stored without ever being answered for is not sent again, even when the push sealed itself', async () => {
  for (const count of [300, 20]) {
    let lost = 0;
    const { gateway, settings, time } = bench(({ url }) =>
      url.includes('/batch') && lost++ < 5 ? 1 << 20 : null
    );
    const files = someFiles(count);
    const push = new Push(files, { ...settings, concurrency: 1 });
    await time.until(push.start());
    assert.equal(times(gateway, 'POST /files/'), 0);
    assertStored(gateway, files);
    assert.equal(push.counts.done, count);
  }
});

test('a gateway without batches is asked once, then files travel alone', async () => {
  for (const status of [404, 405, 415, 501]) {
    const { gateway, settings, time } = bench(({ url }) =>
      url.includes('/batch') ? answer(status) : null
    );
    const files = someFiles(300);
    await time.until(new Push(files, { ...settings, concurrency: 1 }).start());
    assert.deepEqual([times(gateway, batch), times(gateway, 'POST /files/')], [1, 300]);
    assertStored(gateway, files);
  }
});

test('pausing cuts a batch off, resuming sends what is missing', async () => {
  const { gateway, settings, time } = bench();
  const files = someFiles(20);
  const { transport } = settings;
  let held = true;
  const push = new Push(files, {
    ...settings,
    transport: (request) =>
      !held || !request.url.includes('/batch')
        ? transport(request)
        : new Promise((_, reject) => request.signal?.addEventListener('abort', reject)),
  });
  const done = push.start();
  await idle();
  assert.equal(push.counts.active, 20);
  push.pause();
  await idle();
  assert.deepEqual([push.state, push.counts.queued, push.progress().sent], ['paused', 20, 0]);
  held = false;
  push.resume();
  await time.until(done);
  assert.equal(times(gateway, batch), 1);
  assertStored(gateway, files);
});

/** Runs a push whose batch is answered only after `act`.
 * @param {(push: Push) => void} act @param {Answer} [result] */
const meanwhile = async (act, result) => {
  const { gateway, settings, time } = bench();
  const { transport } = settings;
  /** @type {(value?: unknown) => void} */
  let release = () => {};
  const gate = new Promise((resolve) => release = resolve);
  const push = new Push(someFiles(4), {
    ...settings,
    transport: async (request) => {
      const isBatch = request.url.includes('/batch');
      if (isBatch) await gate;
      return isBatch && result ? result : transport(request);
    },
  });
  const done = time.until(push.start()).then(() => true, () => false);
  await idle();
  act(push);
  release();
  await idle();
  return { gateway, push, done };
};

test('cancelling one file of a batch removes what the gateway made of it', async () => {
  const { gateway, push, done } = await meanwhile((push) => push.cancel('dir/ф1.txt'));
  assert.equal(await done, false);
  assert.deepEqual([push.counts.done, push.counts.cancelled], [3, 1]);
  assert.equal(gateway.log.filter((line) => line.startsWith('DELETE /files/')).length, 1);
  assert.equal(gateway.uploads.size, 3);
});

test('a paused file of a batch that arrives is done; of one that fails it stays paused', async () => {
  const arrives = await meanwhile((push) => push.pause('dir/ф1.txt'));
  assert.equal(await arrives.done, true);
  assert.equal(arrives.push.counts.done, 4);
  const fails = await meanwhile((push) => push.pause('dir/ф1.txt'), answer(405));
  assert.deepEqual([fails.push.counts.done, fails.push.counts.paused], [3, 1]);
  fails.push.resume('dir/ф1.txt');
  assert.equal(await fails.done, true);
  const both = await meanwhile((push) => {
    push.pause('dir/ф1.txt');
    push.resume('dir/ф1.txt');
  });
  assert.equal(await both.done, true);
  assert.equal(both.gateway.uploads.size, 4);
});

test('cancelling the push ends its batch', async () => {
  const { gateway, push, done } = await meanwhile((push) => push.cancel());
  assert.equal(await done, false);
  assert.deepEqual([push.state, push.counts.cancelled], ['cancelled', 4]);
  assert.equal(gateway.pushes.get('p1')?.state, 'cancelled');
  assert.equal(times(gateway, 'POST /files/'), 0);
});

test('J-18: through seeded cuts, refusals and lost answers every file arrives once (40 seeds)', async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = seeded(seed);
    const { gateway, settings, time } = bench(({ url }) => {
      if (!url.includes('/files/') || random() < 0.5) return null;
      if (random() < 0.6) return Math.floor(random() * 50_000);
      return answer(random() < 0.5 ? 503 : 429, { 'Retry-After': '1' });
    });
    const files = someFiles(30);
    const push = new Push(files, { ...settings, random });
    await time.until(push.start());
    const paths = new Set([...gateway.uploads.values()].map(({ metadata }) => metadata.path));
    assert.equal(paths.size, 30, `seed ${seed}`);
    assert.equal(push.counts.done, 30);
  }
});
