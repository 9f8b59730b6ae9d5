import assert from 'node:assert/strict';
import { test } from 'node:test';
import { elementAt, isChanged, mayReplace, place, scheduler } from '../src/page-live.js';
import { FakeClock, idle } from './fakes.js';

/** @param {string[]} selectors that the focused element matches */
const focusOn = (...selectors) => /** @type {Element} */ (/** @type {unknown} */ ({ // only what is asked
  /** @param {string} list */
  matches: (list) => selectors.some((selector) => list.split(', ').includes(selector)),
}));

test('a page is not replaced while hidden, while text is selected or while a field is in use', () => {
  const none = { isCollapsed: true };
  assert.equal(mayReplace({ hidden: false, activeElement: null }, null), true);
  assert.equal(mayReplace({ hidden: false, activeElement: focusOn('a') }, none), true);
  assert.equal(mayReplace({ hidden: true, activeElement: null }, none), false);
  assert.equal(mayReplace({ hidden: false, activeElement: null }, { isCollapsed: false }), false);
  assert.equal(mayReplace({ hidden: false, activeElement: focusOn('input') }, none), false);
  assert.equal(mayReplace({ hidden: false, activeElement: focusOn('textarea') }, none), false);
});

class Field {
  /** @param {object} members */
  constructor(members) {
    Object.assign(this, members);
  }
}
class HTMLInputElement extends Field {}
class HTMLSelectElement extends Field {}
class HTMLTextAreaElement extends Field {}
Object.assign(globalThis, { HTMLInputElement, HTMLSelectElement, HTMLTextAreaElement });

/** @param {boolean[][]} flags of each option: selected, and by the page @param {boolean} [multiple] */
const select = (flags, multiple = false) =>
  new HTMLSelectElement({
    multiple,
    options: flags.map(([selected, defaultSelected]) => ({ selected, defaultSelected })),
    selectedIndex: flags.findIndex(([selected]) => selected),
  });

test('a page is not replaced while something was put into one of its fields', () => {
  const page = { hidden: false, activeElement: null };
  /** @type {[Field, boolean][]} */
  const cases = [
    [new HTMLInputElement({ type: 'text', value: 'a', defaultValue: 'a' }), false],
    [new HTMLInputElement({ type: 'text', value: 'ab', defaultValue: 'a' }), true],
    [new HTMLTextAreaElement({ value: 'typed', defaultValue: '' }), true],
    [
      new HTMLInputElement({ type: 'checkbox', checked: true, defaultChecked: true, value: 'x' }),
      false,
    ],
    [new HTMLInputElement({ type: 'checkbox', checked: true, defaultChecked: false }), true],
    [new HTMLInputElement({ type: 'radio', checked: false, defaultChecked: true }), true],
    [select([[true, false], [false, false]]), false],
    [select([[false, false], [true, false]]), true],
    [select([[true, true], [false, false]]), false],
    [select([[false, true], [true, false]]), true],
    [select([[false, false]], true), false],
    [select([[true, false]], true), true],
  ];
  for (const [field, changed] of cases) {
    const element = /** @type {Element} */ (/** @type {unknown} */ (field)); // only what is asked
    assert.equal(isChanged(element), changed);
    assert.equal(mayReplace(page, null, [element]), !changed);
  }
});

/** @typedef {{ id: string, children: Node_[], parentElement: Node_ | null }} Node_ */
/** @param {string} id @param {Node_[]} children */
const node = (id, ...children) => {
  /** @type {Node_} */
  const made = { id, children, parentElement: null };
  for (const child of children) child.parentElement = made;
  return made;
};
/** @param {Node_} it */
const element = (it) => /** @type {Element} */ (/** @type {unknown} */ (it)); // only the tree is used

test('an element is found again by its id, else by its position', () => {
  const leaf = node('');
  const root = node('', node(''), node('', node(''), leaf));
  assert.deepEqual(place(element(root), element(leaf)), [1, 1]);
  assert.equal(elementAt(element(root), [1, 1]), leaf);
  assert.equal(elementAt(element(root), [1, 9, 0]), null);
  assert.equal(place(element(root), element(node('named'))), 'named');
});

const bench = (ran = [true]) => {
  const time = new FakeClock();
  let runs = 0;
  /** @type {(() => void)[]} */
  const ends = [];
  const refresh = async () => {
    runs++;
    await new Promise((resolve) => ends.push(() => resolve(null)));
    return ran.shift() ?? true;
  };
  const { plan, catchUp } = scheduler(refresh, (act, ms) => time.clock.after(ms, act));
  const end = async () => {
    ends.shift()?.();
    await idle();
  };
  return { time, plan, catchUp, end, runs: () => runs };
};

test('many events within 300 ms make one refresh', async () => {
  const { time, plan, end, runs } = bench();
  for (let n = 0; n < 50; n++) plan();
  time.pass(299);
  assert.equal(runs(), 0);
  time.pass(1);
  await end();
  time.pass(5000);
  assert.equal(runs(), 1);
});

test('an event during a refresh makes another one afterwards, never two at once', async () => {
  const { time, plan, end, runs } = bench();
  plan();
  time.pass(300);
  plan();
  time.pass(5000);
  assert.equal(runs(), 1);
  await end();
  time.pass(300);
  assert.equal(runs(), 2);
});

test('a refresh that could not run is caught up with later, and only then', async () => {
  const { time, plan, catchUp, end, runs } = bench([false, true]);
  plan();
  time.pass(300);
  await end();
  time.pass(5000);
  assert.equal(runs(), 1);
  catchUp();
  time.pass(300);
  await end();
  assert.equal(runs(), 2);
  catchUp();
  time.pass(5000);
  assert.equal(runs(), 2);
});
