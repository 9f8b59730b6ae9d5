import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sameBytes } from '../src/changed.js';
import { content, file, seeded } from './fakes.js';
import { createHash } from 'node:crypto';

const blockBytes = 1000;

/** @param {number} offset */
const stored = (offset) => {
  const bytes = content(20_000).subarray(0, offset);
  const blocks = [];
  for (let n = 0; n < offset; n += blockBytes) {
    blocks.push(createHash('sha256').update(bytes.subarray(n, n + blockBytes)).digest('hex'));
  }
  return { blockBytes, offset, blocks };
};

/** @param {number} at */
const flipped = (at) => {
  const bytes = content(20_000);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  return file('a', bytes);
};

test('J-4: the same bytes are the same, whole blocks or a short last one', async () => {
  for (const offset of [1, 999, 1000, 1001, 15_500, 20_000]) {
    assert.equal(await sameBytes(file('a', 20_000), stored(offset), seeded(offset)), true);
  }
});

test('J-4: a change in the first or the last stored block is always seen', async () => {
  for (let seed = 0; seed < 10; seed++) {
    assert.equal(await sameBytes(flipped(0), stored(15_500), seeded(seed)), false);
    assert.equal(await sameBytes(flipped(15_499), stored(15_500), seeded(seed)), false);
  }
});

test('J-4: a change between is seen when chance looks there, beyond the offset never', async () => {
  assert.equal(await sameBytes(flipped(5500), stored(15_500), () => 5 / 16), false);
  assert.equal(await sameBytes(flipped(15_500), stored(15_500), seeded(1)), true);
});

test('J-4: at most six blocks are read', async () => {
  let reads = 0;
  const source = file('a', 20_000);
  /** @type {typeof source.slice} */
  source.slice = (...range) => (reads++, Blob.prototype.slice.apply(source, range));
  await sameBytes(source, stored(20_000), seeded(4));
  assert.ok(reads >= 2 && reads <= 6);
});

test('nothing stored is nothing to compare', async () => {
  assert.equal(await sameBytes(file('a', 10), stored(0), seeded(1)), true);
});
