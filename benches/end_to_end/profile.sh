#!/usr/bin/env bash
# Where the processor time of a message goes: a drain under `perf`, each process's time dealt out to the stages.
#
#   profile.sh [--postgres plain|timescale] [--samples K] [--messages N]
#
# Prints microseconds of processor time a message for broker, daemon and database. `perf` samples the whole machine, so
# let nothing else run. Needs what run.sh needs, `perf` (Debian: linux-perf) and the right to use it.
set -euo pipefail
shopt -s inherit_errexit
here="$(cd "$(dirname "$0")" && pwd)"
# shellcheck source=benches/end_to_end/common.sh
. "$here/common.sh"

postgres=timescale
samples=60
messages=400000
patience_s=180
perf_pid=
take_options postgres samples messages -- "$@"
are_numbers "$samples,$messages" || fail "numbers are whole and above zero"
command -v perf >/dev/null || fail "install perf (Debian: linux-perf)"
begin
end_others() { if [ -n "$perf_pid" ]; then kill -INT "$perf_pid" 2>/dev/null || true; fi; }

start_postgres "$postgres"
new_database profile
start_mosquitto
configure_daemon
start_daemon
figures await-subscribed "$metrics" "$patience_s"
stop_daemon
publish --hubs 1000 --rate 0 --messages "$messages" --samples "$samples" --without-published-at
perf record --all-cpus --freq 1999 --output "$work/perf.data" -- sleep "$patience_s" 2>"$work/perf.log" &
perf_pid=$!
cpu_before
start_daemon
figures await-settled "$metrics" $((acked * samples)) "$patience_s" >/dev/null
read -ra cpu <<<"$(cpu_since "$daemon_pid" daemon)"
kill -INT "$perf_pid"
wait "$perf_pid" || true
perf_pid=
perf report --input "$work/perf.data" --stdio --no-children --sort comm,dso,symbol --field-separator ';' \
    2>/dev/null >"$work/symbols"
python3 "$here/profile.py" "$work/symbols" "$acked" "${cpu[@]}"
