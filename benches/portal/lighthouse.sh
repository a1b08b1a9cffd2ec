#!/usr/bin/env bash
# Lighthouse on pages of somebody who is signed in, by the machine's Chromium: lighthouse.sh ORIGIN COOKIE PATH...
#
# As on a slow telephone, which is what it does by itself. Fetched from npm once, into target/bench-portal. Prints the
# four marks of each page, and what took from them; fails where a mark is below 95. A page behind a sign-in is for no
# search engine, and says so; what that takes from its mark is left out.
set -euo pipefail

version=12.2.3
folder="$(cd "$(dirname "$0")/../.." && pwd)/target/bench-portal/lighthouse-$version"
origin="$1"
cookie="$2"
shift 2
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
if ! [ -x "$folder/node_modules/.bin/lighthouse" ]; then
    npm install --prefix "$folder" --no-audit --no-fund --ignore-scripts "lighthouse@$version" >&2
fi
echo
echo "| Lighthouse $version | performance | accessibility | best practices | search engines |"
echo "|---|---|---|---|---|"
status=0
for path in "$@"; do
    headers="{\"Cookie\": \"$cookie\"}"
    if [ "$path" = /sign-in ]; then headers='{}'; fi
    CHROME_PATH="$(command -v chromium)" "$folder/node_modules/.bin/lighthouse" "$origin$path" --quiet --output=json \
        --output-path="$work/report.json" --extra-headers="$headers" --skip-audits=is-crawlable \
        --chrome-flags="--headless=new --no-sandbox" >&2
    python3 - "$work/report.json" "$(sed 's|/patients/.*|/patients/{id}|' <<<"$path")" <<'PYTHON' || status=1
import json, sys
with open(sys.argv[1], encoding="utf-8") as file:
    report = json.load(file)
marks = {name: round(100 * (of["score"] or 0)) for name, of in report["categories"].items()}
names = ("performance", "accessibility", "best-practices", "seo")
print(f"| `{sys.argv[2]}` | " + " | ".join(str(marks[name]) for name in names) + " |")
for name in names:
    for ref in report["categories"][name]["auditRefs"]:
        audit = report["audits"][ref["id"]]
        if ref["weight"] and audit["score"] is not None and audit["score"] < 1:
            print(f"{name}: {audit['score']:.2f} {audit['title']} {audit.get('displayValue', '')}", file=sys.stderr)
sys.exit(min(marks[name] for name in names) < 95)
PYTHON
done
exit "$status"
