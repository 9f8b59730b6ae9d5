"""Looks at the list of pushes in Chromium while the test changes them: browser_pushes.py URL

Talks to the test as browser_push.py does. The variable SCREENSHOTS names a folder for a picture of the list.
"""

import shutil
import sys

from browser_push import Visit, hear, say
from playwright.sync_api import sync_playwright


def chips(page):
    """The counts beside the statuses."""
    texts = page.locator(".chips a").all_inner_texts()
    return {text.split()[0]: int(text.split()[1]) for text in texts}


def look(visit):
    page = visit.page
    loads = []
    with page.expect_response("**/api/v1/events"):
        page.goto(f"{visit.url}/ui/pushes")
    page.on("load", lambda _: loads.append(1))
    say("empty", chips=chips(page))
    for step in ("opened", "half", "committed"):
        page.wait_for_selector(f"text={hear()}")
        say(step, chips=chips(page), loads=len(loads))
    visit.picture("pushes")
    with page.expect_download() as download:
        page.click("a:text-is('Log')")
    with open(download.value.path(), encoding="utf-8") as file:
        say("log", lines=file.read().splitlines(), name=download.value.suggested_filename)
    found = {}
    for text in ("MORNING", "evening"):
        page.fill("#text", text)
        page.click(".filters button")
        page.wait_for_url(f"**text={text}**")
        found[text] = page.locator("tbody tr").count()
    page.goto(f"{visit.url}/ui/pushes?origin=upload")
    say(
        "filtered",
        found=found,
        others=page.locator("tbody tr").count(),
        isOpen=page.locator("details.more[open]").count(),
        chosen=page.locator("#origin").input_value(),
        errors=visit.errors,
    )


def main():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or sys.exit("chromium is not installed"),
            args=["--no-sandbox"],  # root has no sandbox, and these pages are the gateway's own
        )
        look(Visit(browser, sys.argv[1]))
        browser.close()
    say("end")


main()
