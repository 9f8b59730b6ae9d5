// Keeps a page current: when the server tells of an event, and every second while something on the
// page is [data-live-poll], the page is fetched again and the contents of its <main> replaced.
// Focus, scrolling and open <details> stay; a hidden page, a selection, a field in use or one with
// something in it is not disturbed, but caught up with later.

const settle = 300;
const pollEvery = 1000;
const retryEvery = 5000;

const kinds = [
  'message',
  ...['created', 'receiving', 'received', 'verified', 'rejected', 'cancelled', 'expired'].map((
    name,
  ) => `upload.${name}`),
  ...['opened', 'queued', 'admitted', 'committing', 'committed', 'failed', 'cancelled', 'expired']
    .map((name) => `push.${name}`),
  ...['created', 'changed', 'renamed', 'deleted'].map((name) => `repo.${name}`),
  ...['bundle.deleted', 'label.moved', 'label.removed', 'collection.run', 'storage.fault'],
];

/** Whether somebody has put something into the field. @param {Element} field */
export const isChanged = (field) => {
  if (field instanceof HTMLSelectElement) {
    const options = Array.from(field.options);
    if (options.some((option) => option.defaultSelected)) {
      return options.some((option) => option.selected !== option.defaultSelected);
    }
    return !field.multiple ? field.selectedIndex > 0 : options.some((option) => option.selected);
  }
  if (field instanceof HTMLInputElement && /^(checkbox|radio)$/.test(field.type)) {
    return field.checked !== field.defaultChecked;
  }
  return (field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement) &&
    field.value !== field.defaultValue;
};

/** Whether the page may change under its reader's hands.
 * @param {Pick<Document, 'hidden' | 'activeElement'>} page
 * @param {Pick<Selection, 'isCollapsed'> | null} selection @param {Iterable<Element>} [fields] of the page's forms */
export const mayReplace = ({ hidden, activeElement }, selection, fields = []) => {
  if (hidden || (selection && !selection.isCollapsed)) return false;
  for (const field of fields) if (isChanged(field)) return false;
  return !activeElement?.matches('input, select, textarea, [contenteditable], dialog[open] *');
};

/** Where an element is, in a way that survives replacement: by id, else by position.
 * @param {Element} root @param {Element} element @returns {string | number[]} */
export const place = (root, element) => {
  if (element.id) return element.id;
  const steps = [];
  for (let at = element; at !== root && at.parentElement; at = at.parentElement) {
    steps.unshift(Array.prototype.indexOf.call(at.parentElement.children, at));
  }
  return steps;
};

/** @param {Element} root @param {string | number[]} place @returns {Element | null} */
export const elementAt = (root, place) => {
  if (typeof place === 'string') return root.querySelector(`#${CSS.escape(place)}`);
  /** @type {Element | null} */
  let at = root;
  for (const step of place) at = at?.children[step] ?? null;
  return at;
};

/** Replaces what is in `main`, keeping focus, scrolling and what is unfolded.
 * @param {Element} main @param {Element} next */
const replace = (main, next) => {
  if (main.isEqualNode(next)) return;
  const { activeElement } = document;
  const focused = activeElement && activeElement !== main && main.contains(activeElement)
    ? place(main, activeElement)
    : null;
  const unfolded = Array.from(
    main.querySelectorAll('details[open]'),
    (element) => place(main, element),
  );
  const scrolled = Array.from(main.querySelectorAll('[data-live-scroll]'), (element) => (
    { at: place(main, element), top: element.scrollTop, left: element.scrollLeft }
  ));
  const { scrollX, scrollY } = globalThis;
  main.replaceChildren(...next.childNodes);
  for (const at of unfolded) elementAt(main, at)?.setAttribute('open', '');
  for (const { at, top, left } of scrolled) elementAt(main, at)?.scrollTo(left, top);
  const again = focused && elementAt(main, focused);
  if (again instanceof HTMLElement) again.focus({ preventScroll: true });
  scrollTo(scrollX, scrollY);
};

/** Runs `refresh` soon after each call, never twice at once, and later when it must not run now.
 * @param {() => Promise<boolean>} refresh tells whether it ran
 * @param {(act: () => void, ms: number) => unknown} [after] */
export const scheduler = (refresh, after = setTimeout) => {
  let wanted = false;
  let planned = false;
  let running = false;
  const run = async () => {
    planned = false;
    if (running) return;
    running = true;
    wanted = false;
    const ran = await refresh().catch(() => false);
    running = false;
    if (!ran) wanted = true;
    else if (wanted) plan();
  };
  const plan = () => {
    wanted = true;
    if (planned || running) return;
    planned = true;
    after(run, settle);
  };
  return { plan, catchUp: () => wanted && plan() };
};

const start = () => {
  const main = document.querySelector('main');
  if (!main) return;
  const mayNow = () =>
    mayReplace(document, getSelection(), main.querySelectorAll('input, select, textarea'));
  const refresh = async () => {
    if (!mayNow()) return false;
    const answer = await fetch(location.href, { headers: { Accept: 'text/html' } });
    if (!answer.ok || !mayNow()) return false;
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const next = page.querySelector('main');
    if (next) replace(main, next);
    document.title = page.title;
    return true;
  };
  const { plan, catchUp } = scheduler(refresh);
  /** @type {EventSource | null} */
  let events = null;
  const listen = () => {
    events = new EventSource('/api/v1/events');
    for (const kind of kinds) events.addEventListener(kind, plan);
    events.onopen = plan; // what happened since the page was made, or since the connection broke
    events.onerror = () => {
      if (events?.readyState !== EventSource.CLOSED) return; // the browser connects again by itself
      setTimeout(listen, retryEvery);
    };
  };
  listen();
  setInterval(() => main.querySelector('[data-live-poll]') ? plan() : catchUp(), pollEvery);
  for (const name of ['visibilitychange', 'selectionchange', 'focusout']) {
    document.addEventListener(name, catchUp);
  }
  addEventListener('pagehide', () => events?.close());
  addEventListener('pageshow', ({ persisted }) => persisted && (listen(), plan()));
};

if (globalThis.document) start();
