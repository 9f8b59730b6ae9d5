import assert from 'node:assert/strict';
import { createHash, webcrypto } from 'node:crypto';
import { test } from 'node:test';
import { claimKnown, proofRanges } from '../src/known.js';
import { Push } from '../src/push.js';
import { Gateway } from '../src/transport.js';
import { answer, content, FakeClock, FakeGateway, file, mapMemory, seeded } from './fakes.js';

/** @import { Answer, Request } from '../src/transport.js' */

const subtle = /** @type {SubtleCrypto} */ (webcrypto.subtle);

/** @param {(request: Request, number: number) => Answer | number | null} [trouble] */
const bench = (trouble) => {
  const gateway = new FakeGateway(trouble);
  gateway.batches = true;
  const time = new FakeClock();
  const settings = {
    base: 'http://gateway/',
    repo: 'demo',
    message: 'hello',
    transport: gateway.send,
    clock: time.clock,
    memory: mapMemory(),
    random: seeded(5),
    locks: null,
  };
  return { gateway, time, settings };
};

/** @param {number[]} sizes */
const someFiles = (sizes) =>
  sizes.map((size, n) => ({ path: `d/${n}`, file: file(`${n}`, content(size, n)) }));

/** @param {{ file: File }[]} files */
const stored = async (files) => {
  const known = new Map();
  for (const { file } of files) {
    const bytes = Buffer.from(await file.arrayBuffer());
    known.set(createHash('sha256').update(bytes).digest('hex'), bytes);
  }
  return known;
};

/** @param {FakeGateway} gateway @param {string} start */
const times = ({ log }, start) => log.filter((line) => line.startsWith(start)).length;

const sizes = [0, 1, 65_536, 65_537, 300_000];

test('D26: a push of files that the repo has sends none of them', async () => {
  const { gateway, time, settings } = bench();
  const files = someFiles(sizes);
  gateway.known = await stored(files);
  const push = new Push(files, settings);
  await time.until(push.start());
  assert.deepEqual([times(gateway, 'POST /files/batch'), times(gateway, 'POST /files/ ')], [0, 0]);
  assert.equal(gateway.log.filter((line) => line === 'POST /files/').length, 0);
  assert.deepEqual([push.counts.done, push.skipped], [5, push.progress().total]);
  assert.equal(push.progress().sent, push.progress().total);
  const paths = [...gateway.uploads.values()].map(({ metadata }) => metadata.path);
  assert.deepEqual(paths, files.map(({ path }) => path));
  assert.equal([...gateway.uploads.values()][0]?.metadata.mtime, '1700000000.5');
});

test('D26: only what the repo has not is sent', async () => {
  const { gateway, time, settings } = bench();
  const files = someFiles(sizes);
  gateway.known = await stored(files.slice(2));
  const push = new Push(files, settings);
  await time.until(push.start());
  assert.deepEqual([push.counts.done, push.skipped], [5, 65_536 + 65_537 + 300_000]);
  assert.equal(times(gateway, 'POST /files/batch'), 1);
});

test('D26: of an empty repo, or when it is not wanted, nothing is asked by digest', async () => {
  for (const wanted of [true, false]) {
    const { gateway, time, settings } = bench();
    if (!wanted) gateway.known = new Map();
    await time.until(new Push(someFiles([10, 20]), { ...settings, known: wanted }).start());
    assert.equal(times(gateway, 'POST /files/lookup'), 0);
    assert.equal(times(gateway, 'GET /api/v1/repos'), wanted ? 1 : 0);
  }
});

test('D26: a page that may not hash asks nothing', async () => {
  const { gateway, settings } = bench();
  const files = someFiles([10]);
  gateway.known = await stored(files);
  // `undefined` would be the page's own.
  const none = /** @type {SubtleCrypto} */ (/** @type {unknown} */ (null));
  const { signal } = new AbortController();
  const claimed = () => assert.fail('nothing is claimed');
  await claimKnown(
    new Gateway(settings),
    { push: 'p', repo: 'r' },
    files,
    signal,
    () => true,
    claimed,
    none,
  );
  assert.equal(gateway.log.length, 0);
});

test('D26: a refused claim, an expired challenge and a gateway without lookups cost the files nothing', async () => {
  for (const fault of ['proof', 'challenge', 'lookup']) {
    const { gateway, time, settings } = bench(({ url }) =>
      fault === 'lookup' && url.includes('/files/lookup') ? answer(405) : null
    );
    const files = someFiles([10, 20, 100_000]);
    gateway.known = await stored(files);
    gateway.beforeClaim = () => {
      if (fault === 'proof') gateway.known?.clear();
      if (fault === 'challenge') gateway.challenge = 'another';
    };
    const push = new Push(files, settings);
    await time.until(push.start());
    assert.deepEqual([push.counts.done, push.skipped], [3, 0], fault);
  }
});

test('D26: a file that is paused or cancelled meanwhile is not claimed', async () => {
  const { gateway, time, settings } = bench();
  const files = someFiles([10, 20]);
  gateway.known = await stored(files);
  const push = new Push(files, settings);
  gateway.trouble = ({ url }) => {
    if (url.includes('/files/lookup')) push.cancel('d/0');
    return null;
  };
  await assert.rejects(time.until(push.start()), { code: 'files-missing' });
  assert.deepEqual([push.counts.done, push.counts.cancelled, push.skipped], [1, 1, 20]);
});

test('D26: ranges of a proof lie in the file and follow from challenge and digest', async () => {
  const digest = new Uint8Array(32).fill(7);
  assert.deepEqual(await proofRanges('c', digest, 65_536, subtle), [[0, 65_536]]);
  for (const size of [65_537, 2 ** 40]) {
    const ranges = await proofRanges('c', digest, size, subtle);
    assert.equal(ranges.length, 16);
    assert.ok(ranges.every(([from, to]) => from >= 0 && to - from === 4096 && to <= size));
    assert.notDeepEqual(await proofRanges('d', digest, size, subtle), ranges);
  }
});
