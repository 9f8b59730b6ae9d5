"""Changes a repo and its bundles by the pages, as a person with a browser does. Prints what it sees, a JSON line a step."""

import json
import sys

from playwright.sync_api import sync_playwright

base = sys.argv[1]


def tell(step, **seen):
    print(json.dumps({"step": step, **seen}), flush=True)


with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
    page = browser.new_page(viewport={"width": 1100, "height": 900})
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    main = page.locator("main")

    def press(selector):
        with page.expect_navigation():
            page.click(selector)

    page.goto(f"{base}/ui/repos/films")
    tell(
        "repo",
        points=page.locator(".plot-point").count(),
        summary=page.locator(".plot svg").get_attribute("aria-label"),
        command=page.locator("code, pre").first.inner_text(),
    )
    page.fill("#description", "Moving pictures")
    page.fill("#keep-latest", "5")
    press("text=Save")
    tell(
        "changed",
        lead=page.locator(".lead").inner_text(),
        kept=page.locator("#keep-latest").input_value(),
    )

    press("a:has-text('second')")
    page.fill("#label", "draft")
    press("text=Set label")
    tell("labelled", labels=page.locator("p > .label").all_inner_texts())
    page.fill("#confirmation", "2")
    press("text=Delete the bundle")
    tell("in use", text=main.inner_text())
    page.go_back()
    press("text=Remove draft")
    tell("unlabelled", labels=page.locator("p > .label").all_inner_texts())
    page.fill("#confirmation", "1")
    press("text=Delete the bundle")
    tell("mistyped", text=main.inner_text())
    page.go_back()
    page.fill("#confirmation", "2")
    press("text=Delete the bundle")
    tell("deleted", url=page.url.removeprefix(base), text=main.inner_text())

    page.fill("#name", "cinema")
    press("button:has-text('Rename')")
    tell("renamed", url=page.url.removeprefix(base))

    page.goto(f"{base}/ui/status")
    page.wait_for_selector(".bars li")
    tell("status", bars=page.locator(".bars .bar-name").all_inner_texts())

    page.goto(f"{base}/ui/repos/cinema")
    page.fill("#confirmation", "cinema")
    press("text=Delete the repo")
    tell("gone", url=page.url.removeprefix(base), text=main.inner_text(), errors=errors)
    browser.close()
    tell("end")
