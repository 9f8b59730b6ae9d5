import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { encodeMetadata, Upload } from '../src/upload.js';
import { Problem } from '../src/transport.js';
import {
  answer,
  content,
  decodeMetadata,
  FakeClock,
  FakeGateway,
  file,
  idle,
  mapMemory,
  ScriptedTransport,
  seeded,
} from './fakes.js';

/** @import { UploadSettings } from '../src/upload.js' */
/** @import { Settings, Transport } from '../src/transport.js' */

const base = 'http://gateway/';
const big = (1 << 20) * 2 + 5;

/** @param {Transport} transport @param {UploadSettings & Settings} [settings] */
const bench = (transport, settings = {}) => {
  const time = new FakeClock();
  const memory = mapMemory();
  const common = {
    base,
    transport,
    clock: time.clock,
    memory,
    random: seeded(3),
    locks: null,
    ...settings,
  };
  return { time, memory, common };
};

test('a large file is created first and then sent in one append', async () => {
  const wire = new ScriptedTransport();
  const { common, memory } = bench(wire.send);
  const upload = new Upload(file('a b.bin', big), { ...common, push: 'p1', path: 'dir/a b.bin' });
  const done = upload.start();
  const post = await wire.next('POST', '/files/');
  assert.equal(post.request.body, null);
  assert.equal(post.request.headers['Tus-Resumable'], '1.0.0');
  assert.equal(post.request.headers['Upload-Length'], `${big}`);
  assert.deepEqual(decodeMetadata(post.request.headers['Upload-Metadata'] ?? ''), {
    push: 'p1',
    path: 'dir/a b.bin',
    filename: 'a b.bin',
    mtime: '1700000000.5',
  });
  post.reply(answer(201, { Location: 'u1' }));
  const patch = await wire.next('PATCH', '/files/u1');
  assert.equal(patch.request.headers['Upload-Offset'], '0');
  assert.equal(patch.request.headers['Content-Type'], 'application/offset+octet-stream');
  assert.ok(patch.request.body instanceof Blob && patch.request.body.size === big);
  assert.equal(memory.records.size, 1);
  patch.reply(answer(204, { 'Upload-Offset': `${big}` }));
  assert.deepEqual(await done, { url: 'http://gateway/files/u1' });
  assert.equal(upload.state, 'done');
  assert.equal(memory.records.size, 0);
});

test('a small file needs one request', async () => {
  const gateway = new FakeGateway();
  const { common } = bench(gateway.send);
  await new Upload(file('a', 1000), common).start();
  assert.deepEqual(gateway.log, ['POST /files/']);
  assert.deepEqual(gateway.uploads.get('u1')?.bytes, content(1000));
});

test('Upload-Metadata is base64 of UTF-8, whatever the script', () => {
  const values = { path: 'Каталог/文件 📦.txt', filename: 'ñandú', empty: '' };
  const text = encodeMetadata(values);
  assert.match(text, /^path [A-Za-z0-9+/=]+,filename [A-Za-z0-9+/=]+,empty$/);
  assert.deepEqual(decodeMetadata(text), values);
  assert.equal(encodeMetadata({}), '');
});

test('J-15: progress tells sent from acknowledged bytes, with speed and time left', async () => {
  const wire = new ScriptedTransport();
  const { common, time } = bench(wire.send);
  const upload = new Upload(file('a', big), common);
  const done = upload.start();
  (await wire.next('POST', '/files/')).reply(answer(201, { Location: '/files/u1' }));
  const patch = await wire.next('PATCH', '/files/u1');
  /** @type {number[]} */
  const sent = [];
  patch.request.report(0);
  upload.addEventListener('progress', () => sent.push(upload.progress().sent));
  for (let n = 1; n <= 5; n++) {
    time.pass(1000);
    patch.request.report(n * 100_000);
  }
  const { acked, total, rate, eta } = upload.progress();
  assert.deepEqual(sent, [100_000, 200_000, 300_000, 400_000, 500_000]);
  assert.deepEqual([acked, total], [0, big]);
  assert.ok(Math.abs(rate - 100_000) < 1);
  assert.ok(eta !== null && Math.abs(eta - (big - 500_000) / 100_000) < 2);
  patch.reply(answer(204, { 'Upload-Offset': `${big}` }));
  await done;
  assert.deepEqual([upload.progress().acked, sent.at(-1)], [big, big]);
});

test('a lost connection is followed by HEAD, and the append goes on from what the server has', async () => {
  let cuts = 0;
  const gateway = new FakeGateway(({ method }) =>
    method === 'PATCH' && cuts++ < 3 ? 500_000 : null
  );
  const { common, time } = bench(gateway.send);
  await time.until(new Upload(file('a', big), common).start());
  const patch = ['PATCH /files/u1', 'HEAD /files/u1'];
  assert.deepEqual(gateway.log, ['POST /files/', ...patch, ...patch, ...patch, 'PATCH /files/u1']);
  assert.deepEqual(gateway.uploads.get('u1')?.bytes, content(big));
});

test('J-9: an append that sends nothing for 20 s is cut off and resumed', async () => {
  const wire = new ScriptedTransport();
  const { common, time } = bench(wire.send);
  const upload = new Upload(file('a', big), common);
  upload.start();
  (await wire.next('POST', '/files/')).reply(answer(201, { Location: '/files/u1' }));
  const patch = await wire.next('PATCH', '/files/u1');
  patch.request.report(0);
  time.pass(19_999);
  patch.request.report(10);
  time.pass(19_999);
  patch.request.report(10);
  assert.equal(patch.request.signal?.aborted, false);
  time.pass(1);
  assert.equal(patch.request.signal?.aborted, true);
  await idle();
  assert.equal(upload.state, 'waiting');
  time.pass(250);
  (await wire.next('HEAD', '/files/u1')).reply(answer(200, { 'Upload-Offset': '10' }));
  const again = await wire.next('PATCH', '/files/u1');
  assert.equal(again.request.headers['Upload-Offset'], '10');
});

test('J-9: a request without a body is cut off too', async () => {
  const wire = new ScriptedTransport();
  const { common, time } = bench(wire.send);
  const upload = new Upload(file('a', big), common);
  upload.start();
  const post = await wire.next('POST', '/files/');
  time.pass(20_000);
  assert.equal(post.request.signal?.aborted, true);
  await idle();
  assert.equal(upload.state, 'waiting');
});

test('pause aborts the append, resume asks for the offset', async () => {
  const wire = new ScriptedTransport();
  const { common } = bench(wire.send);
  const upload = new Upload(file('a', big), common);
  upload.start();
  (await wire.next('POST', '/files/')).reply(answer(201, { Location: '/files/u1' }));
  const patch = await wire.next('PATCH', '/files/u1');
  upload.pause();
  assert.equal(patch.request.signal?.aborted, true);
  assert.ok(await wire.quiet());
  assert.equal(upload.state, 'paused');
  upload.resume();
  (await wire.next('HEAD', '/files/u1')).reply(answer(200, { 'Upload-Offset': '7' }));
  assert.equal((await wire.next('PATCH', '/files/u1')).request.headers['Upload-Offset'], '7');
});

test('cancel removes the upload from the server and from memory', async () => {
  const gateway = new FakeGateway();
  const wire = new ScriptedTransport();
  const { common, memory } = bench(wire.send);
  const upload = new Upload(file('a', big), common);
  const done = upload.start();
  (await wire.next('POST', '/files/')).reply(answer(201, { Location: '/files/u1' }));
  await wire.next('PATCH', '/files/u1');
  upload.cancel();
  await wire.next('DELETE', '/files/u1');
  await assert.rejects(done, { name: 'AbortError' });
  assert.equal(memory.records.size, 0);
  assert.equal(gateway.log.length, 0);
});

test('an AbortSignal stops the upload but keeps it for later', async () => {
  const wire = new ScriptedTransport();
  const stop = new AbortController();
  const { common, memory } = bench(wire.send, { signal: stop.signal });
  const done = new Upload(file('a', big), common).start();
  (await wire.next('POST', '/files/')).reply(answer(201, { Location: '/files/u1' }));
  await wire.next('PATCH', '/files/u1');
  stop.abort(new Error('page closed'));
  await assert.rejects(done, /page closed/);
  assert.ok(await wire.quiet());
  assert.equal(memory.records.size, 1);
  const never = new Upload(file('b', 5), {
    ...common,
    signal: AbortSignal.abort(new Error('too late')),
  });
  await assert.rejects(never.start(), /too late/);
  assert.ok(await wire.quiet());
});

/** Leaves an upload half done, as a closed page does.
 * @param {FakeGateway} gateway @param {ReturnType<typeof bench>} bench @param {File} source @param {UploadSettings} [settings] */
const interrupted = async (gateway, { common, time }, source, settings = {}) => {
  const stop = new AbortController();
  gateway.trouble = ({ method }) => method === 'PATCH' ? (stop.abort(), (1 << 20) + 100_000) : null;
  await assert.rejects(
    time.until(new Upload(source, { ...common, ...settings, signal: stop.signal }).start()),
  );
  gateway.trouble = () => null;
  gateway.log.length = 0;
};

test('J-5: after a reload the same file goes on where the server stopped', async () => {
  const gateway = new FakeGateway();
  const set = bench(gateway.send);
  await interrupted(gateway, set, file('a', big));
  await new Upload(file('a', big), set.common).start();
  assert.deepEqual(gateway.log, ['HEAD /files/u1', 'GET /files/u1/blocks', 'PATCH /files/u1']);
  assert.deepEqual(gateway.uploads.get('u1')?.bytes, content(big));
});

test('B-10 J-4: other bytes under the same name, size and time start a new upload', async () => {
  const gateway = new FakeGateway();
  const set = bench(gateway.send);
  await interrupted(gateway, set, file('a', big));
  const upload = new Upload(file('a', content(big, 8)), set.common);
  let changed = 0;
  upload.addEventListener('changed', () => changed++);
  await upload.start();
  assert.equal(changed, 1);
  assert.deepEqual([...gateway.uploads.keys()], ['u2']);
  assert.deepEqual(gateway.uploads.get('u2')?.bytes, content(big, 8));
});

test('J-4: inside a push, another time at the same path is another file, without a look at its bytes', async () => {
  const gateway = new FakeGateway();
  const set = bench(gateway.send);
  await interrupted(gateway, set, file('a', big), { push: 'none' });
  await new Upload(file('a', big, 5), { ...set.common, push: 'none' }).start();
  assert.deepEqual(gateway.log, ['DELETE /files/u1', 'POST /files/', 'PATCH /files/u2']);
});

test('an upload that expired meanwhile starts anew', async () => {
  for (const state of ['expired', 'cancelled', 'rejected']) {
    const gateway = new FakeGateway();
    const set = bench(gateway.send);
    await interrupted(gateway, set, file('a', big));
    const old = gateway.uploads.get('u1');
    assert.ok(old);
    old.state = state;
    assert.deepEqual(await new Upload(file('a', big), set.common).start(), {
      url: `${base}files/u2`,
    });
  }
});

test('a problem document becomes the error, with code, status and cause', async () => {
  const body = { code: 'upload-rejected', detail: 'the digest differs', status: 422 };
  const gateway = new FakeGateway(() => answer(422, {}, body));
  const { common } = bench(gateway.send);
  const upload = new Upload(file('a', 5), common);
  await assert.rejects(upload.start(), (error) => {
    assert.ok(error instanceof Problem);
    assert.deepEqual([error.code, error.status, error.message], [
      'upload-rejected',
      422,
      'the digest differs',
    ]);
    assert.deepEqual(error.cause, body);
    return true;
  });
  assert.equal(upload.state, 'failed');
});

test('J-17: an upload that is said to live elsewhere is refused', async () => {
  const gateway = new FakeGateway(() => answer(201, { Location: 'http://other/files/1' }));
  const { common } = bench(gateway.send);
  await assert.rejects(new Upload(file('a', big), common).start(), { code: 'foreign-location' });
  assert.equal(gateway.log.length, 1);
});

test('J-17: Location may be absolute or relative, with the gateway on another origin or below a path', async () => {
  const cases = [
    ['http://gateway/', 'http://gateway/files/u1', 'http://gateway/files/u1'],
    ['http://gateway/', '//gateway/files/u1', 'http://gateway/files/u1'],
    ['http://gateway/', 'u1', 'http://gateway/files/u1'],
    ['http://gateway/a/', 'u1', 'http://gateway/a/files/u1'],
    ['http://gateway/a/', '/a/files/u1', 'http://gateway/a/files/u1'],
    ['http://gateway/a/', '../files/u1?x=1', 'http://gateway/a/files/u1?x=1'],
  ];
  for (const [base = '', location = '', url] of cases) {
    const { common } = bench(() =>
      Promise.resolve(answer(201, { Location: location, 'Upload-Offset': '5' }))
    );
    assert.deepEqual(await new Upload(file('a', 5), { ...common, base }).start(), { url });
  }
});

test('a creation without a Location is an error, not an upload of that name', async () => {
  const gateway = new FakeGateway(() => answer(201, { 'Upload-Offset': '0' }));
  const { common } = bench(gateway.send);
  await assert.rejects(new Upload(file('a', big), common).start(), { code: 'bad-answer' });
  assert.equal(gateway.log.length, 1);
});

test('J-17: the living upload of a refused creation is not looked for elsewhere', async () => {
  const gateway = new FakeGateway(() => answer(460, { Location: 'http://other/files/1' }));
  const { common } = bench(gateway.send);
  await assert.rejects(new Upload(file('a', 5), common).start(), { code: 'foreign-location' });
});

test('J-10: Upload-Limit shortens appends, here and in the next upload, for a day', async () => {
  const limits = ['max-size=9999999999,max-append-size=1000000;a=1', 'max-append-size=1000000'];
  for (const limit of limits) {
    const gateway = new FakeGateway();
    const { common, time } = bench(async (request) => {
      const { status, header, text } = await gateway.send(request);
      return { status, header: (name) => name === 'Upload-Limit' ? limit : header(name), text };
    });
    await new Upload(file('a', big), common).start();
    assert.deepEqual([...gateway.uploads.values()].map(({ bytes }) => bytes), [content(big)]);
    assert.equal(gateway.log.length, 4);
    const sends = async () => {
      gateway.log.length = 0;
      await new Upload(file('b', big), { ...common, transport: gateway.send }).start();
      return gateway.log.length - 1;
    };
    assert.equal(await sends(), 3);
    time.pass(86_400_000);
    assert.equal(await sends(), 1);
  }
});

test('J-10: what an Upload-Limit says that is no limit of appends changes nothing', async () => {
  for (const limit of ['', 'max-append-size=0', 'max-append-size="x"', 'x-max-append-size=7']) {
    const gateway = new FakeGateway();
    const { common, memory } = bench(async (request) => {
      const { status, header, text } = await gateway.send(request);
      return { status, header: (name) => name === 'Upload-Limit' ? limit : header(name), text };
    });
    await new Upload(file('a', big), common).start();
    assert.deepEqual([gateway.log.length, memory.records.size], [2, 0], limit);
  }
});

test('J-10: the size that a 413 leaves is remembered for the origin', async () => {
  const gateway = new FakeGateway(({ body }) =>
    body instanceof Blob && body.size > 600_000 ? answer(413) : null
  );
  const { common } = bench(gateway.send);
  await new Upload(file('a', big), common).start();
  const refused = gateway.log.filter((line) => line.startsWith('HEAD')).length;
  assert.equal(refused, 2);
  gateway.log.length = 0;
  await new Upload(file('b', big), common).start();
  assert.deepEqual(gateway.log, ['POST /files/', ...Array(5).fill('PATCH /files/u2')]);
});

test('J-3: with digest every body has its SHA-256, and one that arrived wrong is sent again', async () => {
  let wrong = 0;
  /** @type {unknown[]} */
  const sums = [];
  const size = (8 << 20) + 5;
  const gateway = new FakeGateway(({ method, headers }) => {
    if (method === 'PATCH') sums.push(headers['Upload-Checksum']);
    return method === 'PATCH' && !wrong++ ? answer(460, { 'Upload-Offset': '0' }) : null;
  });
  const { common, time } = bench(gateway.send, { digest: 'chunk' });
  await time.until(new Upload(file('a', size), common).start());
  /** @param {number} start @param {number} [end] */
  const sum = (start, end) =>
    `sha256 ${createHash('sha256').update(content(size).subarray(start, end)).digest('base64')}`;
  assert.deepEqual(sums, [sum(0, 8 << 20), sum(0, 8 << 20), sum(8 << 20)]);
  assert.deepEqual([...gateway.uploads.values()].map(({ bytes }) => bytes), [content(size)]);
});

test('B-8: an append acknowledged beyond its end fails the upload', async () => {
  const gateway = new FakeGateway(({ method }) =>
    method === 'PATCH' ? answer(204, { 'Upload-Offset': '200' }) : null
  );
  const { common } = bench(gateway.send, { chunk: 100 });
  await assert.rejects(new Upload(file('a', big), common).start(), { code: 'too-many-bytes' });
});

test('a problem document that is not one is read as the status alone', async () => {
  for (const text of ['null', '[]', '7', '<html>', '{"retryable":"yes"}']) {
    const gateway = new FakeGateway(() => answer(422, {}, text));
    const { common } = bench(gateway.send);
    await assert.rejects(new Upload(file('a', 5), common).start(), { code: 'http-422' }, text);
  }
});

test('an answer without an offset is an error, not an endless retry', async () => {
  const gateway = new FakeGateway(({ method }) => method === 'PATCH' ? answer(204) : null);
  const { common } = bench(gateway.send);
  await assert.rejects(new Upload(file('a', big), common).start(), { code: 'bad-answer' });
});

test('a file that cannot be read any more is told from a lost connection', async () => {
  const source = file('a', big);
  /** @type {typeof source.slice} */
  source.slice = (...range) => {
    const part = Blob.prototype.slice.apply(source, range);
    part.slice = () => part;
    part.arrayBuffer = () => Promise.reject(new DOMException('gone', 'NotReadableError'));
    return part;
  };
  const gateway = new FakeGateway();
  const { common } = bench(gateway.send);
  await assert.rejects(new Upload(source, common).start(), { code: 'unreadable' });
});

test('J-7: header fields are asked for anew by each request, so a token can be renewed', async () => {
  let token = 0;
  const gateway = new FakeGateway(({ headers }) =>
    headers.Authorization === 'Bearer 2' ? null : answer(401)
  );
  const { common } = bench(gateway.send, {
    headers: () => ({ Authorization: `Bearer ${++token}` }),
  });
  await new Upload(file('a', 5), common).start();
  assert.equal(token, 2);
});

test('J-7: a creation that lost its answer learns how many of its bytes arrived, and sends the rest', async () => {
  const wire = new ScriptedTransport();
  const { common, time } = bench(wire.send);
  const done = new Upload(file('a', 5), common).start();
  const lost = await wire.next('POST', '/files/');
  assert.ok(lost.request.body);
  lost.drop();
  await idle();
  time.pass(1000);
  const again = await wire.next('POST', '/files/');
  assert.equal(again.request.body, null);
  again.reply(answer(201, { Location: '/files/u1', 'Upload-Offset': '3' }));
  const patch = await wire.next('PATCH', '/files/u1');
  assert.equal(patch.request.headers['Upload-Offset'], '3');
  patch.reply(answer(204, { 'Upload-Offset': '5' }));
  await done;
});

test('J-7: Retry-After is waited out by the upload', async () => {
  let refused = 0;
  const gateway = new FakeGateway(() => refused++ ? null : answer(503, { 'Retry-After': '40' }));
  const { common, time } = bench(gateway.send);
  const began = time.now;
  await time.until(new Upload(file('a', 5), common).start());
  assert.ok(time.now - began >= 40_000);
});

test('J-6: while another tab has the file this one waits, then takes over', async () => {
  /** @type {(() => void)[]} */
  const waiting = [];
  /** @param {string} _ @param {LockOptions} options @param {(lock: Lock | null) => unknown} act */
  const request = (_, options, act) =>
    options.ifAvailable
      ? Promise.resolve(act(null))
      : new Promise((resolve) =>
        waiting.push(() => resolve(act({ name: 'x', mode: 'exclusive' })))
      );
  const locks = /** @type {LockManager} */ (/** @type {unknown} */ ({ request })); // the used part
  const gateway = new FakeGateway();
  const { common } = bench(gateway.send, { locks });
  const upload = new Upload(file('a', 5), common);
  let elsewhere = 0;
  upload.addEventListener('elsewhere', () => elsewhere++);
  const done = upload.start();
  await idle();
  assert.deepEqual([elsewhere, gateway.log.length, waiting.length], [1, 0, 1]);
  waiting[0]?.();
  await done;
  assert.equal(gateway.log.length, 1);
});

test('J-18: through seeded cuts, refusals and lost answers every byte arrives once (40 seeds)', async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = seeded(seed);
    const gateway = new FakeGateway(() => {
      if (random() < 0.6) return null;
      return random() < 0.5
        ? Math.floor(random() * big)
        : answer(random() < 0.5 ? 503 : 429, { 'Retry-After': '1' });
    });
    const { common, time } = bench(gateway.send, {
      random,
      chunk: random() < 0.5 ? 300_000 : Infinity,
    });
    const { url } = await time.until(new Upload(file('a', big), common).start());
    const stored = gateway.uploads.get(url.slice(`${base}files/`.length));
    assert.deepEqual(stored?.bytes, content(big), `seed ${seed}`);
  }
});
