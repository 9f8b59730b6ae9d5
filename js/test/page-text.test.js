import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  errorText,
  progressText,
  quarter,
  restText,
  shown,
  sizeText,
  timeText,
} from '../src/page-text.js';
import { Problem } from '../src/transport.js';

test('sizes have three digits or so and the right unit', () => {
  const sizes = [
    [0, '0 bytes'],
    [999, '999 bytes'],
    [1000, '1.0 kB'],
    [99_900, '99.9 kB'],
    [999_499, '999 kB'],
    [999_500, '1.0 MB'],
    [5e9, '5.0 GB'],
    [2e15, '2.0 PB'],
    [3e18, '3000 PB'],
  ];
  for (const [count, text] of sizes) assert.equal(sizeText(Number(count)), text);
});

test('times are as exact as they need to be', () => {
  const times = [
    [0, 'a moment'],
    [0.99, 'a moment'],
    [1, '1 s'],
    [59, '59 s'],
    [59.5, '1 min 0 s'],
    [61, '1 min 1 s'],
    [3599, '59 min 59 s'],
    [3600, '1 h 0 min'],
    [7384, '2 h 3 min'],
  ];
  for (const [seconds, text] of times) assert.equal(timeText(Number(seconds)), text);
});

test('J-15: progress is told with speed and time left, while they are known', () => {
  assert.equal(
    progressText({ sent: 500, total: 2000, rate: 100, eta: 15 }),
    '500 bytes of 2.0 kB, 100 bytes/s, 15 s left',
  );
  assert.equal(progressText({ sent: 500, total: 2000, rate: 0, eta: null }), '500 bytes of 2.0 kB');
  assert.equal(progressText({ sent: 2000, total: 2000, rate: 100, eta: 0 }), '2.0 kB of 2.0 kB');
});

test('J-16: each quarter is said once, and the end is not a quarter', () => {
  let before = 0;
  const said = [];
  for (let sent = 0; sent <= 1000; sent += 10) {
    const reached = quarter(before, sent, 1000);
    if (reached === null) continue;
    said.push([sent, reached]);
    before = reached;
  }
  assert.deepEqual(said, [[250, 25], [500, 50], [750, 75]]);
  assert.equal(quarter(25, 100, 1000), null);
  assert.equal(quarter(0, 0, 0), null);
});

test('a short list is shown whole; of a long one, the first that are not done', () => {
  const items = Array.from({ length: 1000 }, (_, n) => ({ n, state: n < 300 ? 'done' : 'queued' }));
  assert.deepEqual(
    shown(items, 1000, 200).map(({ n }) => n),
    Array.from({ length: 200 }, (_, n) => 300 + n),
  );
  assert.equal(shown(items.slice(0, 200), 200, 200).length, 200);
});

test('what is not shown is summed up', () => {
  assert.equal(restText({ done: 3, queued: 7 }, 10), '');
  assert.equal(
    restText({ done: 3900, queued: 400, failed: 0 }, 200),
    '200 of 4,300 files are listed; in all: 3,900 done, 400 queued.',
  );
});

test('when all is done the sum is enough', () => {
  assert.equal(restText({ done: 253, failed: 0 }, 0), '253 files: 253 done.');
});

test('errors are told in words, with their cause', () => {
  const cause = new Problem('upload-rejected', { message: 'the digest differs' });
  assert.equal(
    errorText(new Problem('files-missing', { cause })),
    'not all files have arrived: the digest differs',
  );
  assert.equal(errorText(new Problem('network')), 'the server does not answer');
  assert.equal(errorText(7), 'for an unknown reason');
});
