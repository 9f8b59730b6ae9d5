import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Push } from '../src/push.js';
import { answer, content, FakeClock, FakeGateway, file, idle, mapMemory, seeded } from './fakes.js';

/** @param {number} count */
const someFiles = (count, size = 1000) =>
  Array.from(
    { length: count },
    (_, n) => ({ path: `dir/ф${n}.txt`, file: file(`ф${n}.txt`, size + n) }),
  );

/** @param {FakeGateway} gateway */
const bench = (gateway) => {
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
    batch: false, // batch.test.js has them
  };
  return { time, memory, settings };
};

test('a push declares its files, uploads them, is sealed and gives its bundle', async () => {
  const gateway = new FakeGateway();
  const { settings, time, memory } = bench(gateway);
  const files = someFiles(5);
  const push = new Push(files, { ...settings, label: 'v1' });
  /** @type {string[]} */
  const states = [];
  push.addEventListener('progress', () => states.at(-1) === push.state || states.push(push.state));
  const { bundle } = await time.until(push.start());
  assert.equal(bundle.id, 'b1');
  assert.deepEqual(states, ['uploading', 'sealing', 'committed']);
  assert.deepEqual(gateway.pushes.get('p1')?.request, {
    repo: 'demo',
    message: 'hello',
    label: 'v1',
    sealWhenComplete: true,
    files: files.map(({ path, file }) => ({ path, size: file.size })),
  });
  for (const { path, file } of files) {
    const stored = [...gateway.uploads.values()].find(({ metadata }) => metadata.path === path);
    assert.deepEqual(stored?.bytes, content(file.size));
    assert.equal(stored?.metadata.push, 'p1');
  }
  assert.equal(gateway.log.filter((line) => line.endsWith('/seal')).length, 1);
  const { sent, total } = push.progress();
  assert.equal(sent, total);
  assert.equal(memory.records.size, 0);
});

test('at most three files travel at a time', async () => {
  const gateway = new FakeGateway();
  const { settings, time } = bench(gateway);
  const push = new Push(someFiles(20), settings);
  let most = 0;
  push.addEventListener('progress', () => most = Math.max(most, push.counts.active));
  await time.until(push.start());
  assert.equal(most, 3);
  assert.equal(gateway.mostRunning, 3);
  assert.equal(push.counts.done, 20);
});

test('files travel in the order in which they were given', async () => {
  const gateway = new FakeGateway();
  const { settings, time } = bench(gateway);
  const files = someFiles(6);
  await time.until(new Push(files, { ...settings, concurrency: 1 }).start());
  assert.deepEqual(
    [...gateway.uploads.values()].map(({ metadata }) => metadata.path),
    files.map(({ path }) => path),
  );
});

test('J-5: the same files continue the push that an earlier page left, and send only what is missing', async () => {
  const gateway = new FakeGateway();
  const { settings, time } = bench(gateway);
  const stop = new AbortController();
  const first = new Push(someFiles(4), { ...settings, concurrency: 1, signal: stop.signal });
  first.addEventListener(
    'progress',
    () => first.counts.done === 2 && stop.abort(new Error('closed')),
  );
  await assert.rejects(time.until(first.start()), /closed/);
  const before = gateway.uploads.size;
  assert.ok(before === 2 || before === 3);
  gateway.log.length = 0;
  const second = new Push(someFiles(4).reverse(), settings);
  await time.until(second.start());
  assert.equal(second.continued, true);
  assert.equal(second.id, 'p1');
  assert.deepEqual(gateway.log.slice(0, 2), [
    'GET /api/v1/pushes/p1',
    'GET /api/v1/pushes/p1/uploads?limit=1000',
  ]);
  const posts = gateway.log.filter((line) => line === 'POST /files/').length;
  assert.equal(posts, 4 - before);
  assert.equal(gateway.pushes.size, 1);
});

test('J-5: an upload that only the server remembers is continued, not made twice', async () => {
  const gateway = new FakeGateway();
  const { settings, time, memory } = bench(gateway);
  const size = (1 << 20) + 5000;
  const stop = new AbortController();
  gateway.trouble = ({ method }) => method === 'PATCH' ? (stop.abort(), 4000) : null;
  await assert.rejects(
    time.until(new Push(someFiles(1, size), { ...settings, signal: stop.signal }).start()),
  );
  gateway.trouble = () => null;
  for (const key of memory.records.keys()) if (key.includes('ф')) memory.records.delete(key);
  gateway.log.length = 0;
  await time.until(new Push(someFiles(1, size), settings).start());
  assert.deepEqual([...gateway.uploads.values()].map(({ bytes }) => bytes), [content(size)]);
  assert.ok(gateway.log.includes('HEAD /files/u2') && !gateway.log.includes('POST /files/'));
});

test('other files make another push', async () => {
  const gateway = new FakeGateway();
  const { settings, time } = bench(gateway);
  const stop = new AbortController();
  const first = new Push(someFiles(2), { ...settings, signal: stop.signal });
  first.addEventListener('progress', () => first.id && stop.abort(new Error('closed')));
  await assert.rejects(time.until(first.start()));
  await time.until(new Push(someFiles(3), settings).start());
  assert.equal(gateway.pushes.size, 2);
});

test('a push that was cancelled or forgotten meanwhile is made anew', async () => {
  for (const forget of [true, false]) {
    const gateway = new FakeGateway();
    const { settings, time } = bench(gateway);
    const stop = new AbortController();
    const first = new Push(someFiles(1), { ...settings, signal: stop.signal });
    first.addEventListener('progress', () => first.id && stop.abort(new Error('closed')));
    await assert.rejects(time.until(first.start()));
    const old = gateway.pushes.get('p1');
    assert.ok(old);
    if (forget) gateway.pushes.delete('p1');
    else old.state = 'cancelled';
    const second = new Push(someFiles(1), settings);
    await time.until(second.start());
    assert.notEqual(second.id, 'p1');
    assert.equal(second.continued, false);
  }
});

test('pausing the push lets nothing new start; resuming finishes it', async () => {
  const gateway = new FakeGateway();
  const { settings, time } = bench(gateway);
  const push = new Push(someFiles(10), settings);
  const done = push.start();
  let paused = false;
  push.addEventListener('progress', () => {
    if (push.counts.done === 1 && !paused) {
      paused = true;
      push.pause();
    }
  });
  await idle();
  const { length } = gateway.log;
  assert.equal(push.state, 'paused');
  assert.ok(push.counts.queued >= 5);
  await idle();
  assert.equal(gateway.log.length, length);
  push.resume();
  await time.until(done);
  assert.equal(push.counts.done, 10);
});

test('one paused file leaves its place to others, and the push waits for it', async () => {
  const gateway = new FakeGateway();
  const { settings, time } = bench(gateway);
  const push = new Push(someFiles(6), { ...settings, concurrency: 1 });
  const held = 'dir/ф5.txt';
  push.pause(held);
  const done = push.start();
  await idle();
  await idle();
  assert.deepEqual([push.counts.done, push.counts.paused, push.state], [5, 1, 'uploading']);
  push.resume(held);
  await time.until(done);
  assert.equal(push.counts.done, 6);
});

test('cancelling the push cancels it on the server and forgets it', async () => {
  const gateway = new FakeGateway();
  const { settings, memory } = bench(gateway);
  const push = new Push(someFiles(6), { ...settings, concurrency: 1 });
  const done = push.start();
  push.addEventListener('progress', () => push.counts.done === 2 && push.cancel());
  await assert.rejects(done, { name: 'AbortError' });
  await idle();
  assert.equal(gateway.pushes.get('p1')?.state, 'cancelled');
  assert.equal(push.state, 'cancelled');
  assert.deepEqual([...memory.records.values()], []);
});

test('a push without one of its files does not end; a new one of the same files completes it', async () => {
  const gateway = new FakeGateway();
  const { settings, time } = bench(gateway);
  const first = new Push(someFiles(3), settings);
  first.cancel('dir/ф1.txt');
  await assert.rejects(time.until(first.start()), { code: 'files-missing' });
  assert.deepEqual([first.counts.done, first.counts.cancelled, first.state], [2, 1, 'failed']);
  const second = new Push(someFiles(3), settings);
  await time.until(second.start());
  assert.equal(second.continued, true);
  assert.equal(gateway.uploads.size, 3);
});

test('a refused file fails alone and says why', async () => {
  const refusal = { code: 'upload-rejected', detail: 'digest differs' };
  const gateway = new FakeGateway(({ headers }) =>
    headers['Upload-Length'] === '1001' ? answer(422, {}, refusal) : null
  );
  const { settings, time } = bench(gateway);
  const push = new Push(someFiles(3), settings);
  await assert.rejects(time.until(push.start()), (error) => {
    assert.ok(error instanceof Error && error.cause instanceof Error);
    assert.equal(error.cause.message, 'digest differs');
    return true;
  });
  assert.equal(push.items.get('dir/ф1.txt')?.state, 'failed');
  assert.deepEqual([push.counts.done, push.counts.failed], [2, 1]);
});

test('a push that fails on the server rejects with the reason', async () => {
  const failed = {
    id: 'p1',
    state: 'failed',
    bundle: null,
    error: { code: 'no-space', message: 'the disk is full' },
  };
  const gateway = new FakeGateway(({ method, url }) =>
    method === 'GET' && url.endsWith('/p1') ? answer(200, {}, failed) : null
  );
  const { settings, time } = bench(gateway);
  await assert.rejects(time.until(new Push(someFiles(1), settings).start()), {
    code: 'no-space',
    message: 'the disk is full',
  });
});

test('sealing too early asks again; sealing in vain is an error', async () => {
  for (
    const [reason, works] of /** @type {const} */ ([['unfinished', true], ['rejected', false]])
  ) {
    let seals = 0;
    const early = answer(409, {}, { code: 'push-incomplete', missing: [{ path: 'a', reason }] });
    const open = answer(200, {}, { id: 'p1', state: 'open', bundle: null, error: null });
    const gateway = new FakeGateway(({ url, method }) => {
      if (url.endsWith('/seal')) return ++seals > 2 ? null : early;
      return method === 'GET' && seals < 3 ? open : null;
    });
    const { settings, time } = bench(gateway);
    const done = time.until(new Push(someFiles(1), settings).start());
    if (works) assert.equal((await done).bundle.id, 'b1');
    else await assert.rejects(done, { code: 'push-incomplete' });
  }
});

test('J-7: calls of the API are retried, and wait as long as they are told', async () => {
  let calls = 0;
  const gateway = new FakeGateway(({ url }) =>
    url.includes('/api/') && calls++ < 2
      ? (calls === 1 ? 0 : answer(429, { 'Retry-After': '9' }))
      : null
  );
  const { settings, time } = bench(gateway);
  const began = time.now;
  await time.until(new Push(someFiles(1), settings).start());
  assert.ok(time.now - began >= 9000);
});

test('J-7: an API call that the server calls hopeless is not repeated', async () => {
  const gateway = new FakeGateway(() =>
    answer(500, {}, { code: 'storage-fault', retryable: false })
  );
  const { settings } = bench(gateway);
  await assert.rejects(new Push(someFiles(1), settings).start(), { code: 'storage-fault' });
  assert.equal(gateway.log.length, 1);
});

test('J-9: an API call that stands still is cut off and repeated', async () => {
  const gateway = new FakeGateway();
  const { settings, time } = bench(gateway);
  let stuck = 0;
  const push = new Push(someFiles(1), {
    ...settings,
    transport: (request) =>
      request.url.endsWith('/seal') && !stuck++
        ? new Promise((_, reject) => request.signal?.addEventListener('abort', reject))
        : gateway.send(request),
  });
  const began = time.now;
  await time.until(push.start());
  assert.ok(time.now - began >= 20_000);
});

test('an API call that is refused is not repeated', async () => {
  const gateway = new FakeGateway(() => answer(400, {}, { code: 'bad-path', title: 'Bad path' }));
  const { settings } = bench(gateway);
  await assert.rejects(new Push(someFiles(1), settings).start(), { code: 'bad-path' });
  assert.equal(gateway.log.length, 1);
});

test('an empty push is refused by the server, not made into nothing here', async () => {
  const gateway = new FakeGateway(() => answer(400, {}, { code: 'push-empty' }));
  const { settings } = bench(gateway);
  await assert.rejects(new Push([], settings).start(), { code: 'push-empty' });
});

test('a push of thousands of files ends', async () => {
  const gateway = new FakeGateway();
  const { settings, time } = bench(gateway);
  const push = new Push(someFiles(3000, 1), settings);
  await time.until(push.start());
  assert.equal(push.counts.done, 3000);
});
