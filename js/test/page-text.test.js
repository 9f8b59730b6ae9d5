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

test('sizes are written as the server writes them', () => {
  const sizes = [
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [102_297, '99.9 KiB'],
    [1_048_524, '1023.9 KiB'],
    [1_048_525, '1.0 MiB'],
    [5 * 2 ** 30, '5.0 GiB'],
    [2 ** 51, '2.0 PiB'],
    [2 ** 72, '4096.0 EiB'],
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
    '500 B of 2.0 KiB, 100 B/s, 15 s left',
  );
  assert.equal(progressText({ sent: 500, total: 2000, rate: 0, eta: null }), '500 B of 2.0 KiB');
  assert.equal(progressText({ sent: 2000, total: 2000, rate: 100, eta: 0 }), '2.0 KiB of 2.0 KiB');
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
