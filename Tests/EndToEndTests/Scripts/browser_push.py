"""Plays a person at the pages in Chromium: browser_push.py SCENARIO URL [FOLDER]

SCENARIO is crash, reload or pause, which push FOLDER from /ui/upload, or look or live, which do not. Talks to the test
in lines: prints JSON objects with a "step", and after some of them waits for a line. Every wait for the page ends after
60 s. The variable SCREENSHOTS names a folder for pictures of each step.
"""

import json
import os
import shutil
import signal
import sys
import time

# Swift starts children on a thread that blocks signals; the browser's driver needs SIGCHLD.
signal.pthread_sigmask(signal.SIG_SETMASK, [])

from playwright.sync_api import sync_playwright  # noqa: E402

LIMIT = 60_000
UNTHROTTLED = -1


def say(step, **values):
    print(json.dumps({"step": step, **values}), flush=True)


def hear():
    line = sys.stdin.readline()
    if not line:
        sys.exit("the test is gone")
    return line.strip()


class Visit:
    """One tab, and what went wrong or over the wire in it."""

    def __init__(self, browser, url):
        self.url = url
        context = browser.new_context(viewport={"width": 1200, "height": 850}, locale="en-GB")
        context.set_default_timeout(LIMIT)
        self.page = context.new_page()
        self.cdp = context.new_cdp_session(self.page)
        self.errors = []
        self.requests = []
        self.dialogs = []
        # Chromium reports violations of the content security policy on the console too.
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._request)
        self.page.on("dialog", self._dialog)

    def _console(self, message):
        if message.type in ("error", "warning"):
            self.errors.append(f"{message.text} ({message.location.get('url', '')})")

    def _request(self, request):
        if "/files/" in request.url and request.method in ("POST", "PATCH"):
            entry = {"method": request.method, "path": request.url.removeprefix(self.url)}
            self.requests.append(entry | {"offset": int(request.headers.get("upload-offset", 0))})

    def _dialog(self, dialog):
        self.dialogs.append(dialog.type)
        dialog.accept()

    def throttle(self, bytes_per_second):
        self.cdp.send("Network.enable")
        self.cdp.send(
            "Network.emulateNetworkConditions",
            {
                "offline": False,
                "latency": 0,
                "downloadThroughput": UNTHROTTLED,
                "uploadThroughput": bytes_per_second,
            },
        )

    def picture(self, name):
        if folder := os.environ.get("SCREENSHOTS"):
            self.page.screenshot(path=os.path.join(folder, f"{name}.png"))

    def api(self, path):
        """Asks past the throttled page."""
        return self.page.request.get(self.url + path, headers={"Accept": "application/json"}).json()

    # The upload page

    def open_upload(self):
        self.page.goto(f"{self.url}/ui/upload")
        self.page.wait_for_selector("fieldset:enabled")

    def start_push(self, folder):
        self.page.set_input_files("[data-part=folder]", folder)
        self.page.fill("[name=repo]", "browser")
        self.page.fill("[name=message]", "Pushed from a page: ünïcode")
        self.page.fill("[name=label]", "from-page")
        self.page.click("[data-part=submit]")

    def state(self, *states):
        among = ",".join(f'#push-form[data-state="{state}"]' for state in states)
        self.page.wait_for_selector(among)

    def uploads(self):
        """The one push, and its uploads by path."""
        pushes = self.api("/api/v1/pushes")["items"]
        if len(pushes) != 1:
            return None, {}
        push = pushes[0]["id"]
        return push, {item["path"]: item for item in self.api(f"/api/v1/pushes/{push}/uploads")["items"]}

    def middle(self, at_least=300_000):
        """Waits until the server has some bytes of an unfinished file; tells the push and what the server has."""
        for _ in range(600):
            push, uploads = self.uploads()
            if any(at_least <= item["offset"] < item["length"] for item in uploads.values()):
                stored = {path: {"id": item["id"], "offset": item["offset"]} for path, item in uploads.items()}
                return {"push": push, "uploads": stored}
            time.sleep(0.1)
        sys.exit("nothing was acknowledged within 60 s")

    def bundle(self):
        link = self.page.wait_for_selector("a[data-part=bundle]:visible")
        self.picture("done")
        rows = self.page.eval_on_selector_all(
            "[data-part=rows] > li", "rows => rows.map(row => [row.dataset.path, row.dataset.state])"
        )
        return {
            "href": link.get_attribute("href"),
            "focused": link.evaluate("link => document.activeElement === link"),
            "announced": self.page.inner_text("[data-part=announce]"),
            "rows": dict(rows),
            "requests": self.requests,
            "errors": self.errors,
        }


def crash(visit, folder):
    """The server dies in the middle and comes back."""
    visit.open_upload()
    visit.throttle(400_000)
    visit.start_push(folder)
    middle = visit.middle()
    visit.picture("middle")
    visit.requests.clear()
    say("middle", **middle)
    hear()
    visit.throttle(UNTHROTTLED)
    say("bundle", **visit.bundle())


def reload(visit, folder):
    """The page is loaded again in the middle, and the same folder chosen once more."""
    visit.open_upload()
    visit.throttle(400_000)
    visit.start_push(folder)
    visit.middle()
    visit.page.reload()
    visit.page.wait_for_selector("fieldset:enabled")
    # What the server has now that the old page's requests are over.
    middle = visit.middle()
    visit.requests.clear()
    say("middle", **middle, dialogs=visit.dialogs)
    hear()
    visit.throttle(UNTHROTTLED)
    visit.start_push(folder)
    say("bundle", **visit.bundle())


def pause(visit, folder):
    """Everything is paused and resumed by keyboard, then one file alone with the mouse."""
    page = visit.page
    visit.open_upload()
    visit.throttle(300_000)
    visit.start_push(folder)
    visit.middle()
    page.focus("[data-action=pause-all]")
    page.keyboard.press("Enter")
    visit.state("paused")
    page.wait_for_selector('[data-part=rows]:not(:has([data-state="active"]))')
    focused = page.evaluate("document.activeElement.dataset.action")
    visit.picture("paused")
    visit.requests.clear()
    page.wait_for_timeout(500)  # what was on the wire may still arrive
    before = visit.uploads()
    page.wait_for_timeout(1000)
    say("paused", focused=focused, requests=visit.requests, still=visit.uploads() == before)
    page.keyboard.press("Enter")
    visit.state("uploading")
    row = page.locator("[data-part=rows] > li", has_text="large one.bin")
    row.get_by_role("button", name="Pause").click()
    page.wait_for_selector('[data-part=rows] > li[data-state="paused"]')
    visit.throttle(UNTHROTTLED)
    # The others finish without it.
    page.wait_for_function(
        """() => [...document.querySelectorAll('[data-part=rows] > li')].every(
             (row) => row.dataset.state === (row.dataset.path.endsWith('large one.bin') ? 'paused' : 'done'))"""
    )
    visit.picture("one-paused")
    say("one", names=row.get_by_role("button").evaluate_all("all => all.map(b => b.ariaLabel)"))
    row.get_by_role("button", name="Resume").click()
    say("bundle", **visit.bundle())


def keyboard(visit):
    """What Tab reaches on the upload page, in order."""
    visit.open_upload()
    reached = []
    for _ in range(40):
        visit.page.keyboard.press("Tab")
        reached.append(
            visit.page.evaluate(
                "(({ dataset, name, localName }) => dataset.part || name || localName)(document.activeElement)"
            )
        )
        if reached[-1] == "submit":
            break
    return reached


def look(visit):
    """Looks at each page whose path is told, wide and narrow, until an empty line."""
    say("keyboard", reached=keyboard(visit), errors=visit.errors)
    while path := hear():
        visit.errors.clear()
        answer = visit.page.goto(visit.url + path, wait_until="load")
        visit.page.wait_for_timeout(200)
        visit.picture(path.strip("/").replace("/", "-"))
        found = visit.page.evaluate(
            """() => {
              const all = (selector) => [...document.querySelectorAll(selector)];
              const ids = all('[id]').map(({ id }) => id);
              return {
                headings: all('main h1').map((heading) => heading.innerText.trim()),
                title: document.title,
                doubleIDs: ids.filter((id, index) => ids.indexOf(id) !== index),
                nameless: all('a, button, input:not([type=hidden]), progress, meter').filter((element) =>
                  !(element.ariaLabel || element.labels?.length || element.innerText?.trim())
                ).map(({ outerHTML }) => outerHTML),
              };
            }"""
        )
        visit.page.set_viewport_size({"width": 360, "height": 700})
        width = visit.page.evaluate("document.documentElement.scrollWidth")
        visit.picture(path.strip("/").replace("/", "-") + "-narrow")
        visit.page.set_viewport_size({"width": 1200, "height": 850})
        say("page", status=answer.status, narrow=width, errors=visit.errors, **found)


def live(visit):
    """A push that the test makes appears in the list, and its end too, without loading the page again."""
    page = visit.page
    loads = []
    with page.expect_response("**/api/v1/events"):
        page.goto(f"{visit.url}/ui/pushes")
    page.on("load", lambda _: loads.append(1))
    page.focus(".brand")
    for _ in range(2):
        say("listening", rows=page.locator("tbody tr").count())
        page.wait_for_selector(f"text={hear()}")
    focused = page.evaluate("document.activeElement.className")
    say("seen", loads=len(loads), focused=focused, errors=visit.errors)


def main():
    scenario, url, *rest = sys.argv[1:]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or sys.exit("chromium is not installed"),
            args=["--no-sandbox"],  # root has no sandbox, and these pages are the gateway's own
        )
        {"crash": crash, "reload": reload, "pause": pause, "look": look, "live": live}[scenario](
            Visit(browser, url), *rest
        )
        browser.close()
    say("end")


if __name__ == "__main__":
    main()
