#!/usr/bin/env python3
"""Draws what `healthtrack demo` printed as a terminal window in SVG.

    cargo run --release -- demo --for 20s | tee demo.txt
    python3 .github/demo.py < demo.txt > .github/demo.svg

Leaves out what fills the screen without telling more: the examples, the broker's and the database's URLs (random ports, and
a password that is gone with the run), and most lines of progress. No line is changed.
"""

import re
import sys
from xml.sax.saxutils import escape

COLUMNS, LINE_PX, CHARACTER_PX, MARGIN_PX, BAR_PX = 108, 18, 7.8, 16, 30
COLOURS = {"text": "#c9d1d9", "dim": "#8b949e", "prompt": "#7ee787", "good": "#7ee787", "history": "#79c0ff", "live": "#d2a8ff"}
HISTORY_LINES, LIVE_LINES = 3, 3


def chosen(lines):
    """The lines of the picture with the colour of each."""
    yield "prompt", "$ healthtrack demo --for 20s"
    left = {"history": HISTORY_LINES, "live": LIVE_LINES}
    for line in lines:
        word = line.split(" ", 1)[0]
        if word in left:
            left[word] -= 1
            if left[word] >= 0:
                yield word, line
            elif left[word] == -1:
                yield "dim", "…"
        elif line.startswith("balanced:"):
            yield "good", line
        elif re.match(r"HealthTrack demo|  (health|metrics) |first sample|after |  (published|received|stored|duplicate|conflict|quarantined|in flight) ", line):
            yield "text", line


def main():
    lines = list(chosen(sys.stdin.read().splitlines()))
    assert any(colour == "good" for colour, _ in lines), "the run must have ended and balanced"
    assert all(len(line) <= COLUMNS for _, line in lines), f"a line is longer than {COLUMNS} columns"
    width = round(COLUMNS * CHARACTER_PX + 2 * MARGIN_PX)
    height = BAR_PX + len(lines) * LINE_PX + 2 * MARGIN_PX
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">')
    print("<title>healthtrack demo: a run of twenty seconds in a terminal</title>")
    print(f'<rect width="{width}" height="{height}" rx="8" fill="#0d1117"/>')
    for place, colour in enumerate(("#ff5f57", "#febc2e", "#28c840")):
        print(f'<circle cx="{20 + 20 * place}" cy="{BAR_PX / 2 + 2}" r="6" fill="{colour}"/>')
    print('<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,DejaVu Sans Mono,monospace" font-size="13" xml:space="preserve">')
    for place, (colour, line) in enumerate(lines):
        y = BAR_PX + MARGIN_PX + place * LINE_PX + 8
        length = f' textLength="{len(line) * CHARACTER_PX:.0f}"' if len(line) > 1 else ""
        print(f'<text x="{MARGIN_PX}" y="{y}" fill="{COLOURS[colour]}"{length}>{escape(line)}</text>')
    print("</g>\n</svg>")


main()
