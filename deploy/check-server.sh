#!/usr/bin/env bash
# Whether a running Postgres gives HealthTrack's logins the least that they need, and keeps people out of its log.
#
#   check-server.sh postgres://postgres@db.example/health
#
# Prints a line for each check: ok, problem or unknown, what was found, and what to do about it. Any login that may connect
# to the database will do; only a superuser sees passwords and pg_hba.conf. Changes nothing. A password is better kept in
# ~/.pgpass or PGPASSFILE than in the URL, which other users of this machine see. Needs psql, and the two .sql files
# beside it. Ends with 0 where all is ok, 1 where there are problems, 2 where something could not be checked.
set -euo pipefail

if [ $# -ne 1 ]; then
    echo "usage: check-server.sh postgres://LOGIN@HOST/DATABASE" >&2
    exit 2
fi
if ! command -v psql >/dev/null; then
    echo "psql is not installed: apt-get install postgresql-client" >&2
    exit 2
fi
folder="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
export PGAPPNAME=check-server.sh PGCONNECT_TIMEOUT="${PGCONNECT_TIMEOUT:-10}"
export PGOPTIONS='-c default_transaction_read_only=on -c search_path=pg_catalog -c client_min_messages=warning'

# The rows of a query, as name, state, found and remedy between tabs.
ask() {
    psql --no-psqlrc --quiet --no-align --tuples-only --field-separator=$'\t' --set=ON_ERROR_STOP=1 \
        --file="$folder/$1" --dbname="$2" </dev/null
}

if ! rows="$(ask check-server.sql "$1")"; then
    echo "could not check: psql says why above" >&2
    exit 2
fi
# Where these have no row yet, this login may ask for them.
if ! grep -q '^hba_trust' <<<"$rows"; then
    if ! more="$(ask check-server-superuser.sql "$1")"; then
        echo "could not check pg_hba.conf and passwords: psql says why above" >&2
        exit 2
    fi
    rows+=$'\n'"$more"
fi

problems=0 unknown=0
while IFS=$'\t' read -r name state found remedy; do
    case "$state" in
        ok) ;;
        problem) problems=$((problems + 1)) ;;
        *) unknown=$((unknown + 1)) ;;
    esac
    printf '%-8s %-24s %s%s\n' "$state" "$name" "$found" "${remedy:+  -> $remedy}"
done <<<"$rows"
if [ "$problems" -gt 0 ]; then exit 1; fi
if [ "$unknown" -gt 0 ]; then exit 2; fi
