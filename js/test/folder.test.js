import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDrop, readInput } from '../src/folder.js';

/** @typedef {string | Error | { [name: string]: Tree }} Tree a file's content, an error, or a folder */

/** @param {string} name @param {Tree} tree */
const entry = (name, tree) => {
  const isFile = typeof tree === 'string';
  return {
    name,
    isFile,
    isDirectory: !isFile,
    /** @param {(file: File) => void} resolve @param {(error: unknown) => void} reject */
    file: (resolve, reject) => isFile ? resolve(new File([tree], name)) : reject(tree),
    createReader: () => {
      const children = tree instanceof Error
        ? []
        : Object.entries(tree).map(([n, t]) => entry(n, t));
      return {
        /** @param {(entries: unknown[]) => void} resolve @param {(error: unknown) => void} reject */
        readEntries: (resolve, reject) =>
          queueMicrotask(() =>
            tree instanceof Error ? reject(tree) : resolve(children.splice(0, 100))
          ),
      };
    },
  };
};

/** A data transfer that is empty as soon as the drop event is over.
 * @param {{ [name: string]: Tree }} trees */
const drop = (trees) => {
  let over = false;
  const items = Object.entries(trees).map(([name, tree]) => ({
    kind: 'file',
    webkitGetAsEntry: () => over ? null : entry(name, tree),
    getAsFile: () => null,
  }));
  const text = { kind: 'string', webkitGetAsEntry: () => null, getAsFile: () => null };
  queueMicrotask(() => over = true);
  return { items: /** @type {DataTransferItem[]} */ (/** @type {unknown} */ ([...items, text])) }; // the part that is used
};

test('J-13: entries are taken before the drop event is over', async () => {
  const { files } = await readDrop(drop({ 'a.txt': 'a', 'b.txt': 'b' }));
  assert.deepEqual(files.map(({ path }) => path), ['a.txt', 'b.txt']);
});

test('J-13: folders are read until they are empty, though browsers give 100 entries at a time', async () => {
  const many = Object.fromEntries(Array.from({ length: 250 }, (_, n) => [`f${n}`, `${n}`]));
  const { files } = await readDrop(drop({ many }));
  assert.equal(files.length, 250);
  assert.equal(files[249]?.path, 'many/f249');
  assert.equal(await files[249]?.file.text(), '249');
});

test('J-13: relative paths keep their case, and empty folders are told', async () => {
  const { files, empty } = await readDrop(
    drop({ Top: { sub: { 'X.txt': 'x', 'x.txt': 'y' }, none: {} } }),
  );
  assert.deepEqual(files.map(({ path }) => path), ['Top/sub/X.txt', 'Top/sub/x.txt']);
  assert.deepEqual(empty, ['Top/none']);
});

test('J-13: what cannot be read is listed and does not stop the rest', async () => {
  const denied = new Error('denied');
  const { files, unreadable } = await readDrop(drop({ top: { secret: denied, open: 'o' } }));
  assert.deepEqual(files.map(({ path }) => path), ['top/open']);
  assert.deepEqual(unreadable, [{ path: 'top/secret', error: denied }]);
});

test('what is not an entry but a file is taken as such', async () => {
  const item = {
    kind: 'file',
    webkitGetAsEntry: () => null,
    getAsFile: () => new File(['i'], 'image.png'),
  };
  const items = /** @type {DataTransferItem[]} */ (/** @type {unknown} */ ([item])); // the part that is used
  assert.deepEqual((await readDrop({ items })).files.map(({ path }) => path), ['image.png']);
});

test('chosen files keep the path inside the chosen folder', () => {
  const single = new File(['a'], 'a.txt');
  const inside = Object.defineProperty(new File(['b'], 'b.txt'), 'webkitRelativePath', {
    value: 'Dir/sub/b.txt',
  });
  assert.deepEqual(readInput({ files: [single, inside] }).map(({ path }) => path), [
    'a.txt',
    'Dir/sub/b.txt',
  ]);
  assert.deepEqual(readInput({ files: null }), []);
});
