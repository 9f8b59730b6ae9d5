// Files and whole folders, dropped or chosen, with their relative paths.

/**
 * @typedef {{ file: File, path: string }} Found
 * @typedef {{ files: Found[], empty: string[], unreadable: { path: string, error: unknown }[] }} Finding
 *   `empty`: folders without anything in them, which a bundle cannot hold
 */

/** Reads what was dropped. Call it in the drop event itself: entries are taken at once, since the
 * browser empties the data transfer when the event is over.
 * @param {{ items: Iterable<DataTransferItem> }} transfer @returns {Promise<Finding>} */
export const readDrop = (transfer) => {
  /** @type {Finding} */
  const found = { files: [], empty: [], unreadable: [] };
  /** @type {Promise<void>[]} */
  const walks = [];
  for (const item of transfer.items) {
    if (item.kind !== 'file') continue;
    const entry = item.webkitGetAsEntry() ?? item.getAsFile();
    if (entry instanceof Blob) found.files.push({ file: entry, path: entry.name });
    else if (entry) walks.push(walk(entry, entry.name, found));
  }
  return Promise.all(walks).then(() => found);
};

/** @param {FileSystemEntry} entry @param {string} path @param {Finding} found @returns {Promise<void>} */
const walk = async (entry, path, found) => {
  try {
    if (entry.isFile) {
      const { file } = /** @type {FileSystemFileEntry} */ (entry); // isFile says so
      const got = await new Promise((resolve, reject) => file.call(entry, resolve, reject));
      found.files.push({ file: got, path });
      return;
    }
    // what is no file is a folder
    const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
    let count = 0;
    for (;;) {
      /** @type {FileSystemEntry[]} */
      // at most 100 at a time; none means the end
      const batch = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (!batch.length) break;
      count += batch.length;
      for (const child of batch) await walk(child, `${path}/${child.name}`, found);
    }
    if (!count) found.empty.push(path);
  } catch (error) {
    found.unreadable.push({ path, error });
  }
};

/** Reads an `<input type=file>`, with `webkitdirectory` or without.
 * @param {{ files: Iterable<File> | null }} input @returns {Found[]} */
export const readInput = (input) =>
  Array.from(input.files ?? [], (file) => ({ file, path: file.webkitRelativePath || file.name }));
