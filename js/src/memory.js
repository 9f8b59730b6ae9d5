// Where to resume: records kept in IndexedDB, else in localStorage, else in memory only.

/** @import { Memory } from './transport.js' */
/** @typedef {{ get: (key: string) => unknown, set: (key: string, value: unknown) => unknown,
 *   delete: (key: string) => unknown }} Store */

const prefix = 'sheaf:';
const keepFor = 30 * 86_400_000;

/** What makes a file the same file: inside a push its exact path, alone also its size and time.
 * @param {{ base: URL, path: string, size: number, mtime: number, push?: string | undefined }} file */
export const fingerprint = ({ base, path, size, mtime, push }) =>
  JSON.stringify(push ? [base, push, path] : [base, path, size, mtime]);

/** The best memory there is. Records survive a reload where the browser allows; those it refuses to
 * store last as long as the page. In IndexedDB, records older than 30 days are dropped.
 * @param {{ indexedDB?: IDBFactory | undefined, localStorage?: Storage | undefined }} [from]
 * @returns {Memory} */
export const openMemory = (from = globalThis) => {
  /** @type {Map<string, unknown>} */
  const unsaved = new Map();
  /** @type {Promise<Store> | undefined} */
  let opened;
  /** @param {(store: Store) => unknown} act */
  const use = async (act) => {
    try {
      return await act(await (opened ??= openDatabase(from).catch(() => textStore(from))));
    } catch { /* then what is unsaved must do */ }
  };
  return {
    get: async (key) => unsaved.get(key) ?? await use((store) => store.get(key)),
    async set(key, value) {
      unsaved.set(key, value);
      await use(async (store) => {
        await store.set(key, value);
        unsaved.delete(key);
      });
    },
    async delete(key) {
      unsaved.delete(key);
      await use((store) => store.delete(key));
    },
  };
};

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
const result = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = reject;
  });

/** @param {{ indexedDB?: IDBFactory | undefined }} from @returns {Promise<Store>} */
const openDatabase = async ({ indexedDB }) => {
  // Where there is none this throws, as it may where there is one.
  const opening = /** @type {IDBFactory} */ (indexedDB).open('sheaf', 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore('records');
  const database = await result(opening);
  const records = () => database.transaction('records', 'readwrite').objectStore('records');
  const all = records().openCursor();
  all.onsuccess = () => {
    if (all.result?.value.at < Date.now() - keepFor) all.result?.delete();
    all.result?.continue();
  };
  return {
    get: async (key) => (await result(records().get(key)))?.value,
    set: (key, value) => result(records().put({ at: Date.now(), value }, key)),
    delete: (key) => result(records().delete(key)),
  };
};

/** @param {{ localStorage?: Storage | undefined }} from @returns {Store} */
const textStore = ({ localStorage: store }) =>
  !store ? new Map() : {
    get: (key) => JSON.parse(`${store.getItem(prefix + key)}`),
    set: (key, value) => store.setItem(prefix + key, JSON.stringify(value)),
    delete: (key) => store.removeItem(prefix + key),
  };
