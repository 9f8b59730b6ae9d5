"""Uploads from a page in Chromium with the unmodified tus-js-client: tus_js_client.py BASE_URL BYTES

The client is the one inside of the PyPI package galaxy-client, whose webpack bundle is loaded as it is. Prints for each
way of uploading a line with its name, the upload's URL and the SHA-256 of what was sent.
"""

import hashlib
import importlib.util
import signal
import sys
from pathlib import Path

# Swift starts children on a thread that blocks signals; the browser's driver needs SIGCHLD.
signal.pthread_sigmask(signal.SIG_SETMASK, [])

from playwright.sync_api import sync_playwright  # noqa: E402

base, count = sys.argv[1], int(sys.argv[2])
package = Path(importlib.util.find_spec("galaxy").submodule_search_locations[0])
bundle = (package / "client/dist/libs.bundled.js").read_text()

# What webpack's own start-up code would be: it keeps the modules, and runs those that are asked for.
LOADER = """(bundle) => {
  const modules = {}, done = {};
  self.webpackChunk_galaxyproject_galaxy_client = { push: ([, more]) => Object.assign(modules, more) };
  (0, eval)(bundle);
  const load = (id) => {
    if (!done[id]) {
      done[id] = { exports: {} };
      modules[id].call(done[id].exports, done[id], done[id].exports, load);
    }
    return done[id].exports;
  };
  load.d = (target, getters) => {
    for (const name in getters) Object.defineProperty(target, name, { enumerable: true, get: getters[name] });
  };
  load.r = () => {};
  load.o = (object, name) => Object.hasOwn(object, name);
  load.n = (module) => Object.assign(() => module.__esModule ? module.default : module);
  load.g = self;
  const id = Object.keys(modules).find((id) => String(modules[id]).includes('"Tus-Resumable"'));
  self.TusUpload = Object.values(load(id)).find((one) => one.terminate);
}"""

UPLOAD = """async ([way, seed, count]) => {
  const bytes = Uint8Array.from({ length: count }, (_, index) => (index * 31 + (index >> 8) + seed) & 255);
  const blob = new File([bytes], `${way}.bin`, { type: 'application/octet-stream' });
  const ways = {
    whole: {},
    chunks: { chunkSize: 150000 },
    creation: { uploadDataDuringCreation: true },
    override: { overridePatchMethod: true, chunkSize: 200000 },
    parallel: { parallelUploads: 3 },
    deferred: { uploadLengthDeferred: true, chunkSize: 100000 },
    empty: {},
    resumed: { chunkSize: 100000 },
  };
  const send = (source, options, stopAfter) => new Promise((resolve, reject) => {
    const upload = new TusUpload(source, {
      endpoint: '/files/', retryDelays: [0, 500], metadata: { filename: blob.name, filetype: blob.type },
      removeFingerprintOnSuccess: false, ...options,
      onError: reject,
      onSuccess: () => resolve(upload.url),
      onChunkComplete: () => stopAfter && upload.abort().then(() => resolve(upload.url), reject),
    });
    if (!options.isResumed) return upload.start();
    upload.findPreviousUploads().then((previous) => {
      if (previous.length !== 1) throw new Error(`${previous.length} earlier uploads`);
      upload.resumeFromPreviousUpload(previous[0]);
      upload.start();
    }).catch(reject);
  });
  if (way === 'terminated') {
    const url = await send(blob, { chunkSize: 100000 }, true);
    await TusUpload.terminate(url, {});
    return url;
  }
  if (way === 'resumed') {
    const first = await send(blob, ways.resumed, true);
    const url = await send(blob, { ...ways.resumed, isResumed: true });
    if (url !== first) throw new Error(`${url} is not ${first}`);
    return url;
  }
  const source = way === 'deferred' ? blob.stream().getReader() : way === 'empty' ? blob.slice(0, 0) : blob;
  return new URL(await send(source, ways[way]), location).href;
}"""

with sync_playwright() as driver:
    browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
    page = browser.new_page()
    page.set_default_timeout(20_000)
    page.goto(f"{base}/ui/upload")
    page.evaluate(LOADER, bundle)
    ways = ["whole", "chunks", "creation", "override", "parallel", "deferred", "empty", "resumed", "terminated"]
    for seed, way in enumerate(ways):
        url = page.evaluate(UPLOAD, [way, seed, count])
        length = 0 if way == "empty" else count
        content = bytes((index * 31 + (index >> 8) + seed) & 255 for index in range(length))
        print(way, url, hashlib.sha256(content).hexdigest(), flush=True)
    browser.close()
