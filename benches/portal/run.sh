#!/usr/bin/env bash
# The portal's pages by the daemon that serves them, everything on: sessions, row-level security, and each look recorded.
#
#   run.sh [--patients N] [--by populate|fill] [--encounters N] [--panel N] [--asked N] [--pages N] [--seconds N] [--keep DIR]
#          [--lighthouse]
#
# N patients (10000) by `healthtrack populate`, or by reference/fill.sql, which has fewer kinds of rows and more of each, and
# takes minutes for 100,000. Made once and kept in DIR (target/bench-portal); each run has a copy. One of them gets N
# encounters (1000) and as many results, and is of a provider with a panel of N people (750). Then, in milliseconds at the
# browser's end of a connection that stays open:
#
#   pages       that record, a search in the panel and the record's other pages, N times (400) each, the latter an eighth;
#               and what each weighs with stylesheet and script
#   flood       that record while wrk, where it is installed, sends as many guesses to /sign-in as it can, by 200 connections
#   live        N pages (200), four a session, listen for N seconds (30), while each wearer's device publishes every five;
#               counted is from publishing until the page is told. Beside it `load`: nothing, half of what ingest can do, and all
#   lighthouse  Lighthouse 12.2.3 on sign-in, the record and the worklist, by the machine's Chromium; needs npm
#
# Fails where a record's p95 is above 50 ms or above 1000 beside the flood, a search's above 30, a page above 150 kB, a live
# page's p99 at half load above 1000 ms, or ingest at half load keeps less than 0.95. Needs target/release/healthtrack (HEALTHTRACK names another),
# mosquitto with its clients, psql, python3 and a Postgres's programs.
set -euo pipefail
shopt -s inherit_errexit
# shellcheck source=benches/end_to_end/common.sh
. "$(dirname "$0")/../end_to_end/common.sh"

here="$(cd "$(dirname "$0")" && pwd)"
patients=10000
by=populate
encounters=1000
panel=750
asked=400
pages=200
seconds=30
keep="$here/../../target/bench-portal"
lighthouse=no
options=()
for option in "$@"; do
    if [ "$option" = --lighthouse ]; then lighthouse=yes; else options+=("$option"); fi
done
take_options patients by encounters panel asked pages seconds keep -- "${options[@]}"
are_numbers "$patients,$encounters,$panel,$asked,$pages,$seconds" || fail "numbers are whole and above zero"
case "$by" in populate | fill) ;; *) fail "--by is populate or fill" ;; esac
[ "$pages" -le "$panel" ] || fail "pages are of people of the panel"
command -v mosquitto_pub >/dev/null || fail "install mosquitto-clients"
if [ "$lighthouse" = yes ]; then
    for program in npm chromium; do command -v "$program" >/dev/null || fail "install $program"; done
fi
export PYTHONDONTWRITEBYTECODE=1
begin

kept="$keep/$by-$patients"
if ! [ -e "$kept/password" ]; then
    say "making $patients patients, once: $kept"
    start_plain fsync=off autovacuum=off max_wal_size=8GB
    new_database portal
    HEALTHTRACK__STORE__URL="$database_url" "$daemon_program" migrate >&2
    if [ "$by" = populate ]; then
        HEALTHTRACK__STORE__URL="$database_url" "$daemon_program" populate --patients "$patients" >&2
    else
        ask "$database_url" -o /dev/null -v patients="$patients" -f "$here/../reference/fill.sql" >&2
    fi
    ask "$database_url" -c "VACUUM (ANALYZE)"
    keep_plain "$kept"
fi
plain_kept="$kept"
start_postgres plain
database_url="${server_url%/*}/portal"
start_mosquitto
export HEALTHTRACK__STORE__URL="$database_url"
"$daemon_program" migrate >&2
ask "$database_url" -o /dev/null -v encounters="$encounters" -v pages="$pages" -v panel="$panel" -f "$here/lay.sql" >&2
password="$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')"
HEALTHTRACK__SECURITY__KEYS="bench:$(head -c 32 /dev/urandom | base64)"
export HEALTHTRACK__SECURITY__KEYS
for login in portal sign_in; do
    ask "$server_url" -c "CREATE ROLE bench_$login LOGIN PASSWORD '$password' IN ROLE healthtrack_$login"
done
configure_daemon
for ((each = 0; each < pages; each++)); do echo "page-$each"; done | "$daemon_program" device allow bench --from - >&2
http="$(sed -n '/^\[http\]/{n;s/.*"\(.*\)"/\1/p}' "$work/daemon.toml")"
origin="http://$http"
as_login() { sed "s|//[^@]*@|//bench_$1:$password@|" <<<"$database_url"; }
(umask 077 && cat >>"$work/daemon.toml" <<CONF
[portal]
url = "$(as_login portal)"
sign_in_url = "$(as_login sign_in)"
origin = "$origin"
CONF
)
start_daemon
figures await-subscribed "$metrics" 60
login="$(ask "$database_url" -c "SELECT login FROM public.bench_doctor")"
link="$("$daemon_program" user invite "$login" --config "$work/daemon.toml" --json)"
cookie="$(cd "$here" && python3 -c 'import sys, browser
it = browser.Browser(sys.argv[1])
it.accept(*sys.argv[2:])
print(it.cookie)' "$origin" "$link" "$login")"
record="$(ask "$database_url" -c "SELECT patient_id FROM public.bench_panel WHERE n = 0")"
# A session listens with four pages at most.
ask "$database_url" >"$work/sessions" -v login="$login" -v sessions=$(((pages + 3) / 4)) -f "$here/sessions.sql"
ask "$database_url" >"$work/pages" -c "SELECT n || ' ' || patient_id FROM public.bench_panel WHERE n < $pages ORDER BY n"
ask "$database_url" >"$work/names" -c "SELECT DISTINCT left(family, 3) FROM public.bench_panel
    JOIN care.patient_name USING (patient_id) WHERE use = 'official' AND length(family) > 2 ORDER BY 1"

status=0
say "asking for pages"
python3 "$here/pages.py" "$origin" "$cookie" "$record" "$work/names" "$asked" || status=$?
if command -v wrk >/dev/null; then
    say "a flood of the sign-in"
    python3 "$here/flood.py" "$origin" "$cookie" "$record" 10 || status=$?
fi
if [ "$lighthouse" = yes ]; then
    say "Lighthouse"
    "$here/lighthouse.sh" "$origin" "$cookie" /sign-in "/patients/$record" /worklist || status=$?
fi
say "listening"
echo
python3 "$here/live.py" "$origin" "$work/sessions" "$work/pages" "$mosquitto_port" "$metrics" "$seconds" "$daemon_program" \
    daemon="$daemon_pid" Postgres="$postmaster" mosquitto="$mosquitto_pid" || status=$?
echo
echo "the daemon: $(figures cpu "$daemon_pid") s of processor, $(figures memory "$daemon_pid") MB at most"
exit "$status"
