// Files that the repo has already and that need not be sent: asked for by digest, claimed with a proof
// that they are here too.

/** @import { Item } from './push.js' */
/** @import { Gateway, Settings } from './transport.js' */

const pageFiles = 1000;
/** WebCrypto hashes only what is in memory. */
const mostHashedBytes = 32 << 20;
const wholeBytes = 1 << 16;
const rangeBytes = 4096;
const rangeCount = 16;

/** @param {Uint8Array} bytes */
const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** The bytes that prove possession of a file: all of a small one, ranges of a larger one.
 * @param {string} challenge @param {Uint8Array<ArrayBuffer>} digest @param {number} size
 * @param {SubtleCrypto} subtle @returns {Promise<[number, number][]>} */
export const proofRanges = async (challenge, digest, size, subtle) => {
  if (size <= wholeBytes) return [[0, size]];
  const seed = await new Blob([challenge, digest, new Uint8Array(1)]).arrayBuffer();
  /** @type {[number, number][]} */
  const ranges = [];
  for (let n = 0; n < rangeCount; n++) {
    new Uint8Array(seed)[seed.byteLength - 1] = n;
    const value = new DataView(await subtle.digest('SHA-256', seed)).getBigUint64(0);
    const start = Number(value % BigInt(size - rangeBytes + 1));
    ranges.push([start, start + rangeBytes]);
  }
  return ranges;
};

/** @param {string} challenge @param {Uint8Array<ArrayBuffer>} digest @param {Blob} file
 * @param {SubtleCrypto} subtle */
const proof = async (challenge, digest, file, subtle) => {
  const ranges = await proofRanges(challenge, digest, file.size, subtle);
  const parts = ranges.map(([from, to]) => file.slice(from, to));
  const bytes = await new Blob([challenge, digest, ...parts]).arrayBuffer();
  return hex(new Uint8Array(await subtle.digest('SHA-256', bytes)));
};

/** Claims those of the items that the push's repo has. Nothing is asked where a page may not hash, or
 * while the repo has no bundle. What does not work out is simply left to be sent.
 * @template {Settings} T
 * @param {Gateway<T>} gateway @param {{ push: string, repo: string, author?: string | undefined }} push
 * @param {Pick<Item, 'path' | 'file'>[]} items @param {AbortSignal} signal
 * @param {(path: string) => boolean} wanted whether an item is still to be sent
 * @param {(path: string) => void} claimed called of each file that is there now
 * @param {SubtleCrypto | undefined} [subtle] */
export const claimKnown = async (
  gateway,
  { push, repo, author },
  items,
  signal,
  wanted,
  claimed,
  subtle = globalThis.crypto?.subtle,
) => {
  const small = items.filter(({ file }) => file.size <= mostHashedBytes);
  if (!subtle || !small.length) return;
  /** @template T @param {string} link @param {unknown} [content] @returns {Promise<T>} */
  const call = (link, content) => gateway.call(content ? 'POST' : 'GET', link, signal, content);
  /** @type {{ latest: unknown }} */
  const { latest } = await call(`api/v1/repos/${encodeURIComponent(repo)}`);
  if (!latest) return;
  for (let n = 0; n < small.length; n += pageFiles) {
    const hashed = [];
    for (const { path, file } of small.slice(n, n + pageFiles)) {
      signal.throwIfAborted();
      const bytes = await file.arrayBuffer().catch(() => null); // unreadable: told when it is sent
      if (!bytes) continue;
      const digest = new Uint8Array(await subtle.digest('SHA-256', bytes));
      hashed.push({ path, file, digest, sha256: hex(digest) });
    }
    if (!hashed.length) continue;
    /** @type {{ challenge: string, items: { path: string, known: boolean }[] }} */
    const answer = await call('files/lookup', {
      push,
      files: hashed.map(({ path, file, sha256 }) => ({ path, size: file.size, sha256 })),
    });
    /** @type {{ path: string, [name: string]: unknown }[]} */
    const files = [];
    for (const [place, { path, file, digest, sha256 }] of hashed.entries()) {
      if (!answer.items[place]?.known || !wanted(path)) continue;
      files.push({
        path,
        size: file.size,
        sha256,
        mtime: `${file.lastModified / 1000}`,
        proof: await proof(answer.challenge, digest, file, subtle),
      });
    }
    if (!files.length) continue;
    /** @type {{ items: { status: string }[] }} */
    const { items: results } = await call('files/claim', {
      push,
      challenge: answer.challenge,
      author,
      files,
    });
    results.forEach(({ status }, place) => {
      const path = files[place]?.path;
      if (path !== undefined && status !== 'refused') claimed(path);
    });
  }
};
