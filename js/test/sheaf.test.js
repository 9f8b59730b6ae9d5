import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import * as sheaf from '../src/sheaf.js';

const folder = new URL('../src/', import.meta.url);
/** @param {string} name */
const source = (name) => readFileSync(new URL(name, folder), 'utf8');

/** The modules that load with one, itself included. @param {string} name @param {Set<string>} [found] */
const withImports = (name, found = new Set()) => {
  if (found.has(name)) return found;
  found.add(name);
  for (const [, next = ''] of source(name).matchAll(/^(?:import|export) .*?from '\.\/(.*?)';/gms)) {
    withImports(next, found);
  }
  return found;
};

/** @param {string} text */
const bare = (text) =>
  text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/ .*$/gm, '').replace(/^\s+/gm, '');

test('the public names are these and no others', () => {
  assert.deepEqual(Object.keys(sheaf).sort(), [
    'Problem',
    'Push',
    'Upload',
    'openMemory',
    'readDrop',
    'readInput',
  ]);
});

test('J-1: sheaf.js and all it imports, without comments and indentation, gzip to at most 8192 bytes', (t) => {
  const names = [...withImports('sheaf.js')];
  assert.deepEqual(names.slice().sort(), [
    'folder.js',
    'machine.js',
    'memory.js',
    'meter.js',
    'push.js',
    'sheaf.js',
    'transport.js',
    'upload.js',
  ]);
  const raw = names.map(source).join('');
  const size = gzipSync(bare(raw), { level: 9 }).length;
  t.diagnostic(`core: ${size} bytes bare, ${gzipSync(raw, { level: 9 }).length} bytes as it ships`);
  assert.ok(size <= 8192, `${size} bytes`);
});

test('modules lie in one folder and import nothing from elsewhere', () => {
  for (const name of readdirSync(folder)) {
    for (const [, from = ''] of source(name).matchAll(/(?:from|import\()\s*'(.*?)'/g)) {
      assert.match(from, /^\.\/[a-z-]+\.js$/, name);
    }
  }
});

test('J-17: nothing needs eval, inline script or inline style', () => {
  for (const name of readdirSync(folder)) {
    assert.doesNotMatch(
      source(name),
      /\beval\(|new Function|innerHTML|insertAdjacentHTML|\.style\b|setAttribute\('style/,
      name,
    );
  }
});
