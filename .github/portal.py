#!/usr/bin/env python3
"""Takes the picture of README.md, portal.png: a patient's vitals in the portal of `healthtrack demo`.

  portal.py           takes it anew
  portal.py --check   only tries that the portal shows no more than README.md says of the picture

On the way it goes where a first visitor goes: from the front page a patient's heart rate, as it is measured, is one click
away, and its curve the second. Needs target/release/healthtrack (HEALTHTRACK names another) and Chromium; standard
library only. What can be read in the picture stands in README.md too, for those who do not see it; where the portal shows
something else by now, that is said, and the exit code tells.
"""

import base64
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = os.environ.get("HEALTHTRACK", str(ROOT / "target/release/healthtrack"))
PICTURE = ROOT / ".github/portal.png"
WIDTH, HEIGHT, BYTES_MAX = 1000, 640, 150_000
PATIENCE_S = 180
CHROMIUM = ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            "--hide-scrollbars", "--remote-debugging-pipe"]
RATE = "document.querySelector('#tile-heart_rate .value').textContent"
# Where one can go from the picture, and what is drawn on it.
SHOWN = """[...document.querySelectorAll('nav a, .tabs a, .channel h2')]
    .filter((it) => it.getBoundingClientRect().bottom < innerHeight).map((it) => it.textContent)"""


class Browser:
    """Chromium by its DevTools protocol: JSON, ended by a zero byte, on two pipes that are its files 3 and 4."""

    def __init__(self, profile):
        (theirs, self.to), (self.heard, told) = os.pipe(), os.pipe()
        shell = f'exec "$@" 3<&{theirs} 4>&{told} </dev/null >/dev/null 2>&1'
        command = ["/bin/sh", "-c", shell, "sh", *CHROMIUM, f"--user-data-dir={profile}", "about:blank"]
        self.process = subprocess.Popen(command, pass_fds=(theirs, told))
        self.number, self.session, self.rest = 0, None, b""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        size = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", **size)

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in self.rest:
                self.rest += os.read(self.heard, 1 << 16) or sys.exit("Chromium has ended")
            line, self.rest = self.rest.split(b"\0", 1)
            answer = json.loads(line)
            if answer.get("id") == self.number:
                return answer.get("result", {})

    def evaluate(self, expression):
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def wait(self, expression):
        """Until it is true, whatever page comes meanwhile."""
        deadline = time.monotonic() + PATIENCE_S
        while self.evaluate(f"try {{ {expression} }} catch {{ false }}") is not True:
            if time.monotonic() > deadline:
                sys.exit(f"never: {expression}: {self.evaluate('location.href + document.body.innerText')}")
            time.sleep(0.1)

    def go(self, url):
        self.evaluate("window.former = true")
        self.call("Page.navigate", url=url)
        self.wait("window.former === undefined && document.readyState === 'complete'")

    def play(self, origin, part):
        """From the front page, one click."""
        button = f"""document.querySelector('.players button[aria-label*=", {part}:"]')"""
        deadline = time.monotonic() + PATIENCE_S
        self.go(origin)
        while self.evaluate(f"{button} !== null") is not True:
            if time.monotonic() > deadline:
                sys.exit(f"nobody can be played as {part}")
            time.sleep(1)
            self.go(origin)
        self.evaluate(f"{button}.click()")


def begin_demo(folder):
    """The demo and where it is, once the history is stored."""
    command = [PROGRAM, "demo", "--hubs", "12", "--history", "26h", "--json", "--data-dir", folder]
    own = os.environ | {"HEALTHTRACK__HTTP__BIND": "127.0.0.1:0"}
    demo = subprocess.Popen(command, env=own, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    origin = line = None
    for line in demo.stderr:
        words = line.split()
        if words[:1] == ["portal"]:
            origin = words[1]
        if words[:1] == ["live"]:
            return demo, origin
    sys.exit(f"the demo ended before it was live: {line}")


def visit(browser, origin):
    """What a first visitor does; leaves the page of the picture on the screen."""
    browser.play(origin, "Patient")
    browser.wait("location.pathname === '/me' && document.querySelector('#tile-heart_rate .value') !== null")
    first = browser.evaluate(RATE)
    browser.wait(f"{RATE} !== {json.dumps(first)}")
    print(f"one click: a heart rate of {first}, then of {browser.evaluate(RATE)}")
    browser.evaluate("document.querySelector('main a[href=\"/me/vitals\"]').click()")
    browser.wait("location.pathname === '/me/vitals' && document.querySelector('.channel h2') !== null")
    print("two clicks: its curve")
    browser.play(origin, "Provider")
    browser.wait("location.pathname === '/worklist' && document.readyState === 'complete'")
    browser.go(f"{origin}/patients")
    records = browser.evaluate("[...document.querySelectorAll('.people a')].map((it) => it.href)")
    channels = {}
    for record in records:
        browser.go(f"{record}/vitals")
        channels[record] = browser.evaluate("document.querySelectorAll('.channel').length")
    browser.go(max(channels, key=channels.get) + "/vitals")
    browser.wait("document.querySelector('#tile-heart_rate:not(.stale)') !== null")


def main():
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as profile:
        demo, origin = begin_demo(folder)
        try:
            browser = Browser(profile)
            visit(browser, origin)
            if sys.argv[1:] != ["--check"]:
                PICTURE.write_bytes(base64.b64decode(browser.call("Page.captureScreenshot", format="png")["data"]))
            shown = browser.evaluate(SHOWN)
            browser.session = None
            browser.call("Browser.close")
            browser.process.wait(30)
        finally:
            demo.send_signal(signal.SIGINT)
            demo.stderr.close()
            demo.wait(60)
    told = (ROOT / "README.md").read_text(encoding="utf-8").split("](.github/portal.png)")[0].split("![")[-1]
    absent = [word for word in shown if word not in told]
    if absent:
        sys.exit(f"the portal shows {', '.join(absent)}: take the picture anew, and tell it in README.md")
    if PICTURE.stat().st_size > BYTES_MAX:
        sys.exit(f"the picture has {PICTURE.stat().st_size} bytes, more than {BYTES_MAX}")


if __name__ == "__main__":
    main()
