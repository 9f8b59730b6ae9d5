import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Meter } from '../src/meter.js';

test('J-15: a steady speed is told as it is, with the time left', () => {
  const meter = new Meter();
  assert.deepEqual(meter.add(1000, 0, 100_000), { sent: 0, total: 100_000, rate: 0, eta: null });
  meter.add(2000, 1000, 100_000);
  assert.deepEqual(meter.add(3000, 2000, 100_000), {
    sent: 2000,
    total: 100_000,
    rate: 1000,
    eta: 98,
  });
});

test('J-15: a change of speed is followed smoothly', () => {
  const meter = new Meter();
  meter.add(1000, 0, 1e9);
  meter.add(2000, 1000, 1e9);
  const { rate } = meter.add(3000, 3000, 1e9);
  assert.ok(rate > 1000 && rate < 1300);
});

test('J-15: the end promised stands while it is nearly right', () => {
  const meter = new Meter();
  meter.add(1000, 0, 100_000);
  meter.add(2000, 1000, 100_000);
  const { eta } = meter.add(3000, 2050, 100_000);
  assert.equal(eta, 98);
  const { eta: slower } = meter.add(13_000, 2100, 100_000);
  assert.ok(slower !== null && slower > 200);
});

test('bytes that are sent again are no negative speed', () => {
  const meter = new Meter();
  meter.add(1000, 0, 100);
  meter.add(2000, 80, 100);
  const { rate } = meter.add(3000, 10, 100);
  assert.equal(rate, 80);
});

test('J-15: nothing sent yet promises no end', () => {
  const meter = new Meter();
  meter.add(1000, 0, 100);
  assert.deepEqual(meter.add(9000, 0, 100), { sent: 0, total: 100, rate: 0, eta: null });
  const { eta } = meter.add(10_000, 50, 100);
  assert.equal(eta, 1);
});
