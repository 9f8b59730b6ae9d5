// Words and numbers that the pages show.

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/** A size as people read it, written as the server's pages write it. @param {number} count */
export const sizeText = (count) => {
  let unit = 0;
  // What would be written as 1024.0 is 1.0 of the next unit.
  for (; count >= (unit ? 1023.95 : 1024) && unit < units.length - 1; unit++) count /= 1024;
  return `${count.toFixed(unit ? 1 : 0)} ${units[unit]}`;
};

/** A span of time as people read it. @param {number} seconds */
export const timeText = (seconds) => {
  if (seconds < 1) return 'a moment';
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor(whole % 3600 / 60)} min`;
};

/** How far something is, how fast, and for how long still.
 * @param {{ sent: number, total: number, rate: number, eta: number | null }} progress */
export const progressText = ({ sent, total, rate, eta }) => {
  const far = `${sizeText(sent)} of ${sizeText(total)}`;
  if (eta === null || sent >= total) return far;
  return `${far}, ${sizeText(rate)}/s, ${timeText(eta)} left`;
};

/** The quarter just reached, or null: 25, 50 and 75 are worth saying, once each.
 * @param {number} before the last quarter that was said @param {number} sent @param {number} total */
export const quarter = (before, sent, total) => {
  const now = total ? Math.min(75, Math.floor(sent / total * 4) * 25) : 0;
  return now > before ? now : null;
};

/** What a long list shows: everything while it is short, else the first of those not yet done.
 * @template {{ state: string }} T
 * @param {Iterable<T>} items @param {number} count how many there are @param {number} limit @returns {T[]} */
export const shown = (items, count, limit) => {
  const some = [];
  for (const item of items) {
    if (some.length === limit) break;
    if (count <= limit || item.state !== 'done') some.push(item);
  }
  return some;
};

/** What a long list does not show. @param {Record<string, number>} counts by state @param {number} rows */
export const restText = (counts, rows) => {
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  if (all <= rows) return '';
  const sums = Object.entries(counts)
    .filter(([, count]) => count)
    .map(([state, count]) => `${count.toLocaleString('en')} ${state}`)
    .join(', ');
  const files = `${all.toLocaleString('en')} files`;
  return rows ? `${rows} of ${files} are listed; in all: ${sums}.` : `${files}: ${sums}.`;
};

/** @type {Record<string, string>} */
const reasons = {
  network: 'the server does not answer',
  unreadable: 'the file cannot be read any more',
  'files-missing': 'not all files have arrived',
  'too-many-bytes': 'the server has more bytes than it was sent',
  gone: 'the server keeps losing the upload',
  'bad-answer': 'the server did not say how much it has',
  'foreign-location': 'the server sent the upload elsewhere',
};

/** What went wrong, and why, as people read it. @param {unknown} error @returns {string} */
export const errorText = (error) => {
  if (!(error instanceof Error)) return 'for an unknown reason';
  const text = reasons[error.message] ?? error.message;
  return error.cause instanceof Error ? `${text}: ${errorText(error.cause)}` : text;
};
