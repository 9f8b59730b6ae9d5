// Whether a file still holds the bytes that the server has.

/** @typedef {{ blockBytes: number, offset: number, blocks: string[] }} Blocks */

const mostSamples = 4;

/** Compares the first, the last and up to four other blocks, taken at random. Where a page may not
 * hash (crypto.subtle wants https), size and time must do, and the answer is true.
 * @param {Blob} file @param {Blocks} stored @param {() => number} random
 * @param {SubtleCrypto | undefined} [subtle] */
export const sameBytes = async (
  file,
  { blockBytes, offset, blocks },
  random,
  subtle = globalThis.crypto?.subtle,
) => {
  if (!subtle || !blocks.length) return true;
  const picks = new Set([0, blocks.length - 1]);
  for (let n = 0; n < mostSamples; n++) picks.add(Math.floor(random() * blocks.length));
  for (const pick of picks) {
    const start = pick * blockBytes;
    const bytes = await file.slice(start, Math.min(start + blockBytes, offset)).arrayBuffer();
    const digest = new Uint8Array(await subtle.digest('SHA-256', bytes));
    const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
    if (hex !== blocks[pick]) return false;
  }
  return true;
};
