#!/usr/bin/env python3
"""Asks for a record while the sign-in page is hammered by wrk. Standard library only, beside wrk.

  flood.py ORIGIN COOKIE RECORD SECONDS

Prints a line of the record's page alone and one beside the flood; fails where that is no longer usable.
"""

import os
import re
import subprocess
import sys
import time

from browser import HEAD, Browser, quantiles, row

# Within which a page is there at the 95th percentile, beside a flood that keeps every processor busy.
USABLE_MS = 1000.0
CONNECTIONS = 200


def asked_for(browser, path, seconds):
    """Milliseconds of each request, one after the other, for so long."""
    times, end = [], time.monotonic() + seconds
    while (began := time.monotonic()) < end:
        browser.ask("GET", path)
        times.append((time.monotonic() - began) * 1000)
    return quantiles(times)


def main():
    origin, cookie, record, seconds = sys.argv[1:]
    seconds, path, browser = float(seconds), f"/patients/{record}", Browser(origin, cookie)
    script = os.path.join(os.path.dirname(__file__), "flood.lua")
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds + 2:.0f}s", "-s", script, f"{origin}/sign-in"]
    alone = asked_for(browser, path, seconds)
    flood = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    time.sleep(1)
    beside = asked_for(browser, path, seconds)
    told, _ = flood.communicate()
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", told).group(1))
    print(f"\n{HEAD}\n{row('the record alone', alone)}\n{row(f'beside {rate:,.0f} guesses a second', beside)}")
    if beside["p95"] > USABLE_MS:
        sys.exit(f"the record beside a flood: p95 above {USABLE_MS:.0f} ms")


if __name__ == "__main__":
    main()
