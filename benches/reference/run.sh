#!/usr/bin/env bash
# The commonest questions of a portal, and those that add up what many did, at a hundred thousand patients, as whoever
# asks them: time, pages, index, on tables and through the functions of `api`; then audit events a second.
#
#   run.sh [--patients N] [--url URL]     URL of a superuser; without it a private server is started and removed
#
# Fails where a question takes 20 ms or longer, or reads a large table from end to end. Needs a built `healthtrack`
# (HEALTHTRACK_BIN names another than target/release), psql, pgbench and python3; Postgres' programs for a private server.
set -euo pipefail

here="$(cd "$(dirname "$0")" && pwd)"
binary="${HEALTHTRACK_BIN:-$here/../../target/release/healthtrack}"
patients=100000
url=""
while [ $# -gt 0 ]; do
    case "$1" in
        --patients) patients="$2"; shift 2 ;;
        --url) url="$2"; shift 2 ;;
        *) echo "run.sh [--patients N] [--url URL]" >&2; exit 2 ;;
    esac
done

name="healthtrack_reference_$$"
private=""
finish() {
    if [ -n "$private" ]; then
        "$here/../end_to_end/timescale.sh" stop "$private"
    else
        psql "$url" -Xqc "DROP DATABASE IF EXISTS $name WITH (FORCE)"
    fi
}
if [ -z "$url" ]; then
    private="$("$here/../end_to_end/timescale.sh" start)"
    url="$private"
fi
trap finish EXIT

psql "$url" -Xqc "CREATE DATABASE $name"
# Everything between the server and a query belongs to the URL's end: postgres://user:password@host:port/DATABASE.
target="${url%/*}/$name"
HEALTHTRACK__STORE__URL="$target" "$binary" migrate >&2
echo "making $patients patients" >&2
psql "$target" -Xqo /dev/null -v ON_ERROR_STOP=1 -v patients="$patients" -f "$here/fill.sql"
status=0
python3 "$here/explain.py" "$target" "$here/queries.sql" || status=$?
echo
"$here/audit.sh" "$target"
exit "$status"
