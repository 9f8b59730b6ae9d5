// The page /ui/upload. It works on this much HTML, and looks are the page's own affair:
//
//   form#push-form             everything else is inside it
//     fieldset[data-part=fields][disabled]  enabled by this script; disabled while a push runs
//       input[name=repo] (required) input[name=message] (required) input[name=label] input[name=author]
//       [data-part=drop]       where files are dropped; gets the class `dropping` meanwhile
//       input[type=file][multiple][data-part=files]
//       input[type=file][webkitdirectory][data-part=folder]
//       button[type=submit][data-part=submit]  its text becomes “Continue” when a push did not end
//     ul[data-part=problems][hidden]           files that could not be read, folders without files
//     [data-part=total][hidden]
//       progress[data-part=total-bar] [data-part=total-text]
//       button[data-action=pause-all] button[data-action=resume-all] button[data-action=cancel-all]
//     [data-part=list][tabindex=-1]            gets the focus when the row that had it goes
//       ul[data-part=rows] [data-part=rest]    at most 200 rows, and the sum of the others
//     template[data-part=row]                  one element, with in it
//       [data-part=name] progress[data-part=bar] [data-part=text]
//       button[data-action=pause] button[data-action=resume] button[data-action=cancel]
//     [data-part=result][hidden]               with a[data-part=bundle]
//     [data-part=announce][aria-live=polite]   said at the start, at each quarter, the end and errors
//
// Rows carry `data-state` (queued active paused done failed cancelled), the form `data-state`
// (idle uploading paused sealing committed failed cancelled), for style sheets to use.

/** @import { Found } from './folder.js' */
/** @import { Item } from './push.js' */

import { errorText, progressText, quarter, restText, shown, sizeText } from './page-text.js';
import { Push, readDrop, readInput } from './sheaf.js';

const mostRows = 200;
const renderEvery = 200;

/** @template {Element} T
 * @param {ParentNode} root @param {string} selector @param {new () => T} type @returns {T} */
const find = (root, selector, type) => {
  const found = root.querySelector(selector);
  if (found instanceof type) return found;
  throw new Error(`the page has no ${selector}`);
};

/** @param {ParentNode} root @param {string} name */
const part = (root, name) => find(root, `[data-part="${name}"]`, HTMLElement);

/** @param {ParentNode} root @param {string} name */
const button = (root, name) => find(root, `[data-action="${name}"]`, HTMLButtonElement);

/** @param {Element} element @param {string} text */
const say = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

const form = find(document, '#push-form', HTMLFormElement);
const fields = find(form, '[data-part="fields"]', HTMLFieldSetElement);
const rows = part(form, 'rows');
const template = find(form, '[data-part="row"]', HTMLTemplateElement);
const totalBar = find(form, '[data-part="total-bar"]', HTMLProgressElement);

/** @type {Map<string, Found>} */
const chosen = new Map();
/** @type {Map<string, HTMLElement>} */
const rowOf = new Map();
/** @type {Push | null} */
let push = null;
/** @type {WakeLockSentinel | null} */
let wakeLock = null;
let said = 0;
let rendering = false;

const running = () => push !== null && ['uploading', 'paused', 'sealing'].includes(push.state);

/** @param {string} text */
const announce = (text) => say(part(form, 'announce'), text);

/** @param {Iterable<Found>} files */
const add = (files) => {
  if (running()) return;
  if (push?.state === 'committed') chosen.clear();
  push = null;
  const sorted = [...files].sort((a, b) => a.path < b.path ? -1 : 1);
  for (const found of sorted) chosen.set(found.path, found);
  part(form, 'result').hidden = true;
  say(part(form, 'submit'), 'Push');
  render();
};

/** @param {string[]} problems */
const complain = (problems) => {
  const list = part(form, 'problems');
  list.replaceChildren(
    ...problems.slice(0, mostRows).map((text) => {
      const line = document.createElement('li');
      line.textContent = text;
      return line;
    }),
  );
  list.hidden = problems.length === 0;
  if (problems.length) {
    announce(
      `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}: ${problems[0]}`,
    );
  }
};

/** The list's items: the push's once it runs, before that what was chosen.
 * @returns {Iterable<Pick<Item, 'path' | 'file' | 'state' | 'sent' | 'error'>>} */
const items = function* () {
  if (push) yield* push.items.values();
  else {for (const { path, file } of chosen.values()) {
      yield { path, file, state: 'queued', sent: 0, error: null };
    }}
};

/** @param {Pick<Item, 'file' | 'state' | 'sent' | 'error'>} item */
const itemText = ({ file, state, sent, error }) => {
  const size = sizeText(file.size);
  switch (state) {
    case 'queued':
      return push ? `${size}, waiting` : size;
    case 'active':
      return `${sizeText(sent)} of ${size}`;
    case 'paused':
      return `paused at ${sizeText(sent)} of ${size}`;
    case 'done':
      return `${size}, done`;
    case 'cancelled':
      return 'cancelled';
    case 'failed':
      return `failed: ${errorText(error)}`;
  }
};

/** Shows the buttons that make sense, and keeps the focus on one of them.
 * @param {ParentNode} root @param {Record<string, boolean>} visible by action */
const showButtons = (root, visible) => {
  const focused = document.activeElement;
  for (const action in visible) button(root, action).hidden = !visible[action];
  if (!(focused instanceof HTMLButtonElement) || !focused.hidden || !root.contains(focused)) return;
  const next = Object.keys(visible).find((action) => visible[action]);
  if (next) button(root, next).focus();
  else part(form, 'list').focus();
};

/** @param {Pick<Item, 'path' | 'file' | 'state' | 'sent' | 'error'>} item */
const renderRow = (item) => {
  let row = rowOf.get(item.path);
  if (!row) {
    row = find( // cloning a fragment makes a fragment
      /** @type {DocumentFragment} */ (template.content.cloneNode(true)),
      '*',
      HTMLElement,
    );
    row.dataset.path = item.path;
    say(part(row, 'name'), item.path);
    part(row, 'bar').setAttribute('aria-label', item.path);
    rowOf.set(item.path, row);
    rows.append(row);
  }
  const bar = find(row, '[data-part="bar"]', HTMLProgressElement);
  bar.max = item.file.size || 1;
  bar.value = item.state === 'done' ? bar.max : item.sent;
  say(part(row, 'text'), itemText(item));
  const phase = `${push ? push.state : 'chosen'} ${item.state}`;
  if (row.dataset.phase === phase) return;
  row.dataset.phase = phase;
  row.dataset.state = item.state;
  const open = ['queued', 'active', 'paused'].includes(item.state);
  for (const action of ['pause', 'resume']) {
    button(row, action).setAttribute(
      'aria-label',
      `${action === 'pause' ? 'Pause' : 'Resume'} ${item.path}`,
    );
  }
  const cancel = button(row, 'cancel');
  say(cancel, push ? 'Cancel' : 'Remove');
  cancel.setAttribute('aria-label', `${push ? 'Cancel' : 'Remove'} ${item.path}`);
  showButtons(row, {
    pause: running() && (item.state === 'active' || item.state === 'queued'),
    resume: running() && item.state === 'paused',
    cancel: push ? running() && open : true,
  });
};

const reconnecting = 'No connection. What has arrived is safe; trying again.';
let wasDisconnected = false;

/** True when every upload under way waits to try again.
 * @param {Push} push */
const disconnected = (push) => {
  let waiting = 0;
  for (const { state, upload, waits } of push.items.values()) {
    if (state !== 'active') continue;
    if (!waits && upload?.state !== 'waiting') return false;
    waiting++;
  }
  return waiting > 0;
};

const render = () => {
  const count = push ? push.items.size : chosen.size;
  const some = shown(items(), count, mostRows);
  const keep = new Set(some.map(({ path }) => path));
  for (const [path, row] of rowOf) {
    if (keep.has(path)) continue;
    if (row.contains(document.activeElement)) moveFocus(row);
    row.remove();
    rowOf.delete(path);
  }
  for (const item of some) renderRow(item);
  const counts = push ? push.counts : { chosen: chosen.size };
  say(part(form, 'rest'), restText(counts, some.length));
  form.dataset.state = push?.state ?? 'idle';
  fields.disabled = running();
  part(form, 'total').hidden = !push;
  if (!push) return;
  const progress = push.progress();
  totalBar.max = progress.total || 1;
  totalBar.value = progress.total ? progress.sent : 0;
  const trying = disconnected(push);
  say(part(form, 'total-text'), trying ? reconnecting : totalText(progress));
  if (trying !== wasDisconnected) announce(trying ? reconnecting : 'Connected again');
  if (wasDisconnected && !trying) {
    // One of them got through: the others need not sit out their waits.
    for (const { state, upload } of push.items.values()) {
      if (state !== 'active' || upload?.state !== 'waiting') continue;
      upload.pause();
      upload.resume();
    }
  }
  wasDisconnected = trying;
  showButtons(part(form, 'total'), {
    'pause-all': push.state === 'uploading',
    'resume-all': push.state === 'paused' || push.counts.paused > 0 && running(),
    'cancel-all': running(),
  });
  const reached = quarter(said, progress.sent, progress.total);
  if (reached && push.state === 'uploading') {
    said = reached;
    announce(`${reached} percent uploaded`);
  }
};

/** @param {ReturnType<Push['progress']>} progress */
const totalText = (progress) => {
  const there = push?.skipped ? ` (${sizeText(push.skipped)} was there already)` : '';
  const text = progressText(progress) + there;
  switch (push?.state) {
    case 'sealing':
      return `${text}; all files have arrived, the bundle is being made`;
    case 'paused':
      return `${progressText({ ...progress, eta: null })}; paused`;
    default:
      return text;
  }
};

/** The focus goes to the next row, else to the list. @param {HTMLElement} row */
const moveFocus = (row) => {
  const next = row.nextElementSibling?.querySelector('button:not([hidden])');
  (next instanceof HTMLElement ? next : part(form, 'list')).focus();
};

/** Renders soon, and not too often. */
const renderSoon = () => {
  if (rendering) return;
  rendering = true;
  setTimeout(() => {
    rendering = false;
    render();
  }, renderEvery);
};

/** Keeps the screen, and with it the upload, awake while a push runs. */
const stayAwake = async () => {
  if (!running() || document.visibilityState !== 'visible') return;
  try {
    wakeLock = await navigator.wakeLock?.request('screen') ?? null;
  } catch { /* refused, as when the battery is low: the upload can be resumed anyway */ }
};

/** @param {BeforeUnloadEvent} event */
const warn = (event) => event.preventDefault();

const start = async () => {
  const data = new FormData(form);
  /** @param {string} name */
  const value = (name) => `${data.get(name) ?? ''}`.trim();
  const repo = value('repo');
  const current = push = new Push(chosen.values(), {
    repo,
    message: value('message'),
    ...(value('label') && { label: value('label') }),
    ...(value('author') && { author: value('author') }),
  });
  current.addEventListener('progress', renderSoon);
  said = 0;
  part(form, 'result').hidden = true;
  addEventListener('beforeunload', warn);
  const { size } = current.items;
  announce(`Uploading ${size} ${size === 1 ? 'file' : 'files'} to ${repo}`);
  try {
    const done = current.start();
    render();
    stayAwake();
    const { bundle } = await done;
    chosen.clear();
    const link = find(form, 'a[data-part="bundle"]', HTMLAnchorElement);
    link.href = `/ui/repos/${encodeURIComponent(repo)}/bundles/${bundle.id}`;
    part(form, 'result').hidden = false;
    announce(`Done: ${size} ${size === 1 ? 'file is' : 'files are'} in bundle ${bundle.id}`);
    link.focus();
  } catch (error) {
    if (current.state === 'cancelled') announce('The push was cancelled');
    else complain([`The push is not complete: ${errorText(error)}.`]);
    say(part(form, 'submit'), current.state === 'cancelled' ? 'Push' : 'Continue');
  } finally {
    removeEventListener('beforeunload', warn);
    wakeLock?.release();
    render();
  }
};

/** @param {string} action @param {string | undefined} path */
const act = (action, path) => {
  if (!push && path !== undefined && action === 'cancel') {
    chosen.delete(path);
    render();
  }
  if (!push || !running()) return;
  if (action === 'pause' || action === 'pause-all') push.pause(path);
  if (action === 'resume' || action === 'resume-all') push.resume(path);
  if (action === 'cancel' || action === 'cancel-all') push.cancel(path);
  render();
};

form.addEventListener('submit', (event) => {
  event.preventDefault();
  if (running()) return;
  if (chosen.size) {
    complain([]);
    start();
  } else complain(['Choose or drop some files first.']);
});

form.addEventListener('click', ({ target }) => {
  const pressed = target instanceof Element ? target.closest('[data-action]') : null;
  if (!(pressed instanceof HTMLElement)) return;
  const row = pressed.closest('[data-path]');
  act(pressed.dataset.action ?? '', row instanceof HTMLElement ? row.dataset.path : undefined);
});

for (const name of ['files', 'folder']) {
  const input = find(form, `[data-part="${name}"]`, HTMLInputElement);
  input.addEventListener('change', () => {
    add(readInput(input));
    input.value = ''; // so that the same choice can be made again
  });
}

const zone = part(form, 'drop');
for (const name of ['dragenter', 'dragover', 'dragleave', 'drop']) {
  zone.addEventListener(name, (event) => {
    event.preventDefault();
    zone.classList.toggle('dropping', name.startsWith('drage') || name === 'dragover');
  });
}
zone.addEventListener('drop', async ({ dataTransfer }) => {
  if (!dataTransfer || running()) return;
  const { files, empty, unreadable } = await readDrop(dataTransfer);
  add(files);
  complain([
    ...unreadable.map(({ path }) => `${path} cannot be read and is left out.`),
    ...empty.map((path) => `${path} is an empty folder and is left out.`),
  ]);
});

document.addEventListener('visibilitychange', stayAwake);
render();
