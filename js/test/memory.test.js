import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fingerprint, openMemory } from '../src/memory.js';

/** localStorage as browsers have it, with a quota in characters. */
class FakeStorage {
  /** @type {Map<string, string>} */
  values = new Map();
  quota = Infinity;
  get length() {
    return this.values.size;
  }
  clear() {
    this.values.clear();
  }
  /** @param {number} n */
  key(n) {
    return [...this.values.keys()][n] ?? null;
  }
  /** @param {string} key */
  getItem(key) {
    return this.values.get(key) ?? null;
  }
  /** @param {string} key */
  removeItem(key) {
    this.values.delete(key);
  }
  /** @param {string} key @param {string} value */
  setItem(key, value) {
    if (value.length > this.quota) throw new DOMException('full', 'QuotaExceededError');
    this.values.set(key, value);
  }
}

const refusing = /** @type {IDBFactory} */ (/** @type {unknown} */ ({ // private windows of some browsers do this
  open: () => {
    throw new DOMException('no', 'SecurityError');
  },
}));

test('J-5: without IndexedDB records go to localStorage and outlive the page', async () => {
  for (const indexedDB of [undefined, refusing]) {
    const localStorage = new FakeStorage();
    await openMemory({ indexedDB, localStorage }).set('k', { url: 'u' });
    assert.deepEqual([...localStorage.values.keys()], ['sheaf:k']);
    const later = openMemory({ indexedDB, localStorage });
    assert.deepEqual(await later.get('k'), { url: 'u' });
    await later.delete('k');
    assert.equal(await openMemory({ localStorage }).get('k') ?? null, null);
  }
});

test('J-5: without any storage records last as long as the page', async () => {
  const memory = openMemory({});
  await memory.set('k', 1);
  assert.equal(await memory.get('k'), 1);
  await memory.delete('k');
  assert.equal(await memory.get('k'), undefined);
});

test('J-5: a full store degrades to memory', async () => {
  const localStorage = new FakeStorage();
  localStorage.quota = 3;
  const memory = openMemory({ localStorage });
  await memory.set('k', { url: 'long enough' });
  assert.deepEqual(await memory.get('k'), { url: 'long enough' });
  assert.equal(localStorage.length, 0);
});

test('a store that throws when touched is as good as none', async () => {
  const from = {
    /** @returns {Storage} */
    get localStorage() {
      throw new DOMException('no', 'SecurityError');
    },
  };
  const memory = openMemory(from);
  await memory.set('k', 1);
  assert.equal(await memory.get('k'), 1);
});

test('J-5: records live in IndexedDB where there is one, and those of last month are dropped', async () => {
  const database = new FakeDatabase();
  database.records.set('old', { at: Date.now() - 31 * 86_400_000, value: 1 });
  database.records.set('new', { at: Date.now() - 29 * 86_400_000, value: 2 });
  const memory = openMemory({ indexedDB: database.factory });
  await memory.set('k', 'v');
  assert.equal(await memory.get('k'), 'v');
  assert.equal(await memory.get('old'), undefined);
  assert.equal(await memory.get('new'), 2);
  await memory.delete('k');
  assert.deepEqual([...database.records.keys()], ['new']);
});

test('J-13: the same file is the same name, path in exact case, size and time at the same gateway', () => {
  const one = { base: new URL('http://gateway/'), path: 'Dir/a', size: 1, mtime: 2 };
  const key = fingerprint(one);
  assert.equal(fingerprint({ ...one }), key);
  for (
    const other of [{ path: 'dir/a' }, { size: 2 }, { mtime: 3 }, {
      base: new URL('http://other/'),
    }, { push: 'p' }]
  ) {
    assert.notEqual(fingerprint({ ...one, ...other }), key);
  }
});

test('J-4: inside a push the path alone says which file it is, so that a change is noticed', () => {
  const one = { base: new URL('http://gateway/'), path: 'a', size: 1, mtime: 2, push: 'p' };
  assert.equal(fingerprint({ ...one, size: 5, mtime: 6 }), fingerprint(one));
  assert.notEqual(fingerprint({ ...one, push: 'q' }), fingerprint(one));
});

/** As much of IndexedDB as the client uses; requests succeed a moment later. */
class FakeDatabase {
  /** @type {Map<string, { at: number, value: unknown }>} */
  records = new Map();

  /** @param {() => unknown} act */
  #request(act) {
    /** @type {{ result: unknown, onsuccess: () => void, onerror: () => void, onupgradeneeded: () => void }} */
    const request = { result: undefined, onsuccess() {}, onerror() {}, onupgradeneeded() {} };
    queueMicrotask(() => {
      request.result = act();
      request.onupgradeneeded();
      request.onsuccess();
    });
    return request;
  }

  #cursor() {
    const keys = [...this.records.keys()];
    const request = this.#request(() => at(0));
    /** @param {number} n @returns {unknown} */
    const at = (n) => {
      const key = keys[n];
      if (key === undefined) return null;
      return {
        value: this.records.get(key),
        delete: () => this.records.delete(key),
        continue: () => {
          request.result = at(n + 1);
          request.onsuccess();
        },
      };
    };
    return request;
  }

  #store = {
    /** @param {string} key */
    get: (key) => this.#request(() => this.records.get(key.replace('sheaf:', ''))),
    /** @param {{ at: number, value: unknown }} value @param {string} key */
    put: (value, key) => this.#request(() => void this.records.set(key, value)),
    /** @param {string} key */
    delete: (key) => this.#request(() => void this.records.delete(key)),
    openCursor: () => this.#cursor(),
  };

  get factory() {
    const transaction = () => ({ objectStore: () => this.#store });
    const database = { transaction, createObjectStore: () => this.#store };
    const factory = { open: () => this.#request(() => database) };
    return /** @type {IDBFactory} */ (/** @type {unknown} */ (factory)); // the part that is used
  }
}
