"""Uploads from a page of another site in Chromium.

Serves one page on a port of its own and says the page's origin; hears the gateway's URL; then opens the page under the
name 127.0.0.1 and, after a line on standard input, once more as localhost, which to a browser is another origin, and
says what the page came to. What it uploads has the page's host in its name or its content.
"""

import http.server
import json
import shutil
import signal
import sys
import threading

# Swift starts children on a thread that blocks signals; the browser's driver needs SIGCHLD.
signal.pthread_sigmask(signal.SIG_SETMASK, [])

from playwright.sync_api import sync_playwright  # noqa: E402

LIMIT = 60_000

PAGE = b"""<!doctype html><title>Another site</title><script type="module">
const gateway = new URL(location).searchParams.get('gateway');
const tell = (result) => { document.body.innerText = JSON.stringify(result); };
const words = async (act) => { try { return await act(); } catch (error) { return `${error.name}`; } };
const site = location.hostname;
const bytes = new Uint8Array(200_000).map((_, index) => index * 7 % 256);
const tus = { 'Tus-Resumable': '1.0.0' };
tell({
  client: await words(async () => {
    const { Upload, Push } = await import(`${gateway}/client/sheaf.js`);
    const file = new File([bytes], `from ${site}`, { lastModified: 1 });
    const upload = new Upload(file, { chunk: 70_000, maxRetryTime: 2_000 });
    await upload.start();
    return upload.state;
  }),
  creation: await words(async () => {
    const answer = await fetch(`${gateway}/files/`, {
      method: 'POST', headers: { ...tus, 'Upload-Length': '3' }, body: null,
    });
    return [`${answer.status}`, answer.headers.get('Location')?.split('/').at(-2)];
  }),
  problem: await words(async () => {
    const answer = await fetch(`${gateway}/files/0`, { method: 'PATCH', headers: tus });
    return [`${answer.status}`, (await answer.json()).code];
  }),
  simple: await words(async () => {
    const answer = await fetch(`${gateway}/files/`, { method: 'POST', mode: 'no-cors', body: site });
    return answer.type;
  }),
  read: await words(async () => (await fetch(`${gateway}/api/v1/status`)).status),
});
</script><body></body>"""


class Site(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_):
        pass


def say(step, **values):
    print(json.dumps({"step": step, **values}), flush=True)


def visit(browser, origin, gateway):
    page = browser.new_context().new_page()
    page.set_default_timeout(LIMIT)
    page.goto(f"{origin}/?gateway={gateway}")
    page.wait_for_function("document.body.innerText !== ''")
    return json.loads(page.inner_text("body"))


def main():
    site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    port = site.server_address[1]
    say("origin", origin=f"http://127.0.0.1:{port}")
    gateway = sys.stdin.readline().strip()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or sys.exit("chromium is not installed"),
            args=["--no-sandbox"],  # root has no sandbox, and these pages are the test's own
        )
        say("allowed", **visit(browser, f"http://127.0.0.1:{port}", gateway))
        sys.stdin.readline()
        say("foreign", **visit(browser, f"http://localhost:{port}", gateway))
        browser.close()
    say("end")


main()
