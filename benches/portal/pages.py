#!/usr/bin/env python3
"""Asks for pages as a browser does: how long each takes, and what it weighs. Standard library only.

  pages.py ORIGIN COOKIE RECORD NAMES_FILE ASKED

NAMES_FILE has beginnings of names to search for, one a line. Prints two tables; fails where a bound is passed.
"""

import re
import sys
import time

from browser import HEAD, Browser, quantiles, row

# The record's page with everything on, and a search, at the 95th percentile; a page without its images.
RECORD_MS, SEARCH_MS, WEIGHT_KB = 50.0, 30.0, 150.0
LINK = re.compile(r'<a [^>]*href="(/[^"#]*)"')
LOADED = re.compile(r'<(?:link rel="stylesheet"|script)[^>]*(?:href|src)="([^"]+)"')


def timed(asked, ask):
    """Milliseconds of so many requests, after a tenth of that which is not counted."""
    times = []
    for number in range(asked + asked // 10):
        began = time.monotonic()
        ask(number)
        times.append((time.monotonic() - began) * 1000)
    return quantiles(times[asked // 10 :])


def weight_kb(browser, path, known):
    """The page with stylesheet and script, as they are sent."""
    page = browser.ask("GET", path)
    for asset in LOADED.findall(page):
        if asset not in known:
            known[asset] = len(browser.ask("GET", asset).encode())
    return (len(page.encode()) + sum(known[asset] for asset in LOADED.findall(page))) / 1000


def main():
    origin, cookie, record, names_file, asked = sys.argv[1:]
    with open(names_file, encoding="utf-8") as lines:
        names = [line.strip() for line in lines]
    browser, asked, wrong = Browser(origin), int(asked), []
    browser.cookie = cookie
    base = f"/patients/{record}"
    searched = timed(asked, lambda number: browser.ask("POST", "/patients", {"name": names[number % len(names)]}))
    recorded = timed(asked, lambda _: browser.ask("GET", base))
    print(f"{HEAD}\n{row('the record', recorded)}\n{row('a search', searched)}")
    tabs = {path for path in LINK.findall(browser.ask("GET", base)) if path.startswith(base + "/")}
    for path in sorted(tabs):
        times = timed(max(asked // 8, 10), lambda _, path=path: browser.ask("GET", path))
        print(row(path.removeprefix(base), times))
    if recorded["p95"] > RECORD_MS:
        wrong.append(f"the record: p95 above {RECORD_MS:.0f} ms")
    if searched["p95"] > SEARCH_MS:
        wrong.append(f"a search: p95 above {SEARCH_MS:.0f} ms")
    known, weights = {}, {}
    for path in [base, "/worklist", "/patients", *tabs]:
        weights[path.replace(record, "{id}")] = weight_kb(browser, path, known)
    browser.cookie = None
    weights["/sign-in"] = weight_kb(browser, "/sign-in", known)
    print("\n| page with stylesheet and script | kB |\n|---|---|")
    for path, weight in sorted(weights.items(), key=lambda of: -of[1]):
        print(f"| `{path}` | {weight:.1f} |")
        if weight > WEIGHT_KB:
            wrong.append(f"{path} weighs more than {WEIGHT_KB:.0f} kB")
    if wrong:
        sys.exit("; ".join(wrong))


if __name__ == "__main__":
    main()
