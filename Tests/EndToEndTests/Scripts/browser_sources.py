"""Plays a person at the pages of sources in Chromium: browser_sources.py URL

Talks to the test in lines: prints JSON objects with a "step". The variable SCREENSHOTS names a folder for pictures.
"""

import json
import os
import shutil
import signal
import sys

# Swift starts children on a thread that blocks signals; the browser's driver needs SIGCHLD.
signal.pthread_sigmask(signal.SIG_SETMASK, [])

from playwright.sync_api import sync_playwright  # noqa: E402

LIMIT = 60_000


def say(step, **values):
    print(json.dumps({"step": step, **values}), flush=True)


def open_folder(page, url):
    """From the navigation to the folder, by clicks alone."""
    page.goto(f"{url}/ui/upload")
    page.get_by_role("link", name="Sources", exact=True).click()
    page.get_by_role("link", name="scans", exact=True).click()
    page.get_by_role("link", name="2026/").click()


def look(page):
    return page.evaluate(
        """() => {
          const all = (selector) => [...document.querySelectorAll(selector)];
          const ids = all('[id]').map(({ id }) => id);
          const controls = 'a, button, input:not([type=hidden]), select, textarea';
          return {
            headings: all('main h1').map((heading) => heading.innerText.trim()),
            rows: all('tbody tr').map((row) => row.querySelector('.main bdi').innerText),
            ticks: all('tbody input').length,
            doubleIDs: ids.filter((id, index) => ids.indexOf(id) !== index),
            nameless: all(controls).filter((element) =>
              !(element.ariaLabel || element.labels?.length || element.innerText?.trim())
            ).map(({ outerHTML }) => outerHTML),
          };
        }"""
    )


def push(page, message):
    """Sends the form; the push's page is there when it returns."""
    page.get_by_label("Message").fill(message)
    page.get_by_role("button", name="Upload").click()
    page.wait_for_url("**/ui/pushes/*")
    page.wait_for_selector("text=Became bundle", timeout=LIMIT)
    return page.url.rsplit("/", 1)[1]


def main():
    url = sys.argv[1]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or sys.exit("chromium is not installed"),
            args=["--no-sandbox"],  # root has no sandbox, and these pages are the gateway's own
        )
        context = browser.new_context(viewport={"width": 1200, "height": 850}, locale="en-GB")
        context.set_default_timeout(LIMIT)
        page = context.new_page()
        errors = []
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))

        open_folder(page, url)
        found = look(page)
        page.set_viewport_size({"width": 360, "height": 700})
        narrow = page.evaluate("document.documentElement.scrollWidth")
        page.set_viewport_size({"width": 1200, "height": 850})
        say("folder", narrow=narrow, **found)

        page.get_by_label("Take notes.txt").check()
        page.get_by_label("Take plates").check()
        page.get_by_label("Name of the new repo").fill("ticked")
        page.get_by_label("Label optional").fill("first")
        page.get_by_label("Message").fill("Two of them")
        if folder := os.environ.get("SCREENSHOTS"):
            page.screenshot(path=os.path.join(folder, "source.png"), full_page=True)
        say("ticked", push=push(page, "Two of them"))

        open_folder(page, url)
        page.get_by_label("Repo", exact=True).select_option("ticked")
        page.get_by_label("Files optional").fill("notes.txt\n\nplates/b.tif\n")
        say("listed", push=push(page, "As listed"))

        open_folder(page, url)
        page.get_by_role("link", name="Upload this folder").click()
        page.get_by_label("Repo", exact=True).select_option("ticked")
        say("whole", push=push(page, "All of it"), errors=errors)
        browser.close()
    say("end")


main()
