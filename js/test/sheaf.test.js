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

/** @param {string[]} names */
const weigh = (names) => {
  const raw = names.map(source).join('');
  const [code = 0, all = 0] = [bare(raw), raw].map((text) => gzipSync(text, { level: 9 }).length);
  return { code, text: `${code} bytes bare, ${all} bytes as it ships` };
};

test('J-1: the core (create, resume, retry, persist), bare of comments and indentation, gzips to at most 8192 bytes', (t) => {
  const names = [...withImports('upload.js')];
  assert.deepEqual(names.slice().sort(), [
    'machine.js',
    'memory.js',
    'meter.js',
    'transport.js',
    'upload.js',
  ]);
  const { code, text } = weigh(names);
  t.diagnostic(`core: ${text}`);
  assert.ok(code <= 8192, text);
});

test('J-1: with folders and pushes, all that sheaf.js loads at once gzips to at most 9728 bytes', (t) => {
  const names = [...withImports('sheaf.js')];
  assert.ok(!names.includes('batch.js') && !names.includes('changed.js'), 'loaded when needed');
  const { code, text } = weigh(names);
  t.diagnostic(`sheaf.js: ${text}`);
  assert.ok(code <= 9728, text);
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
