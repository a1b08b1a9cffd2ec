# shellcheck shell=bash disable=SC2034,SC2154
# What the scripts about the archive have in common: days of made-up samples in the hot table, and a measured command.
# Sourced after end_to_end/common.sh; $database_url and $work are its.

roll_folder="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# The days that are laid begin here.
first_day=2024-03-05

# A database with devices that samples can be laid for. Leaves the folder of its archive in $archive.
new_archive() {
    new_database "$1"
    archive="$work/archive-$1"
    export HEALTHTRACK__STORE__URL="$database_url" HEALTHTRACK__ARCHIVE__URL="file://$archive"
    "$daemon_program" migrate >&2
    ask "$database_url" -v devices="$2" -f "$roll_folder/devices.sql" >&2
}

# Lays what lay.sql says, for $1 days: heart rates of blocks $2 to $3 of a day (there are 90), the rest with block 0.
lay() { ask "$database_url" -v late="${late:-false}" -v first_day="$first_day" -v days="$1" -v from="$2" -v to="$3" -f "$roll_folder/lay.sql" >&2; }

# Rolls up all that ends before $1, as the daemon does while days pass; prints the seconds. Twice: what is over is noted
# first, and then made.
close_rollups() {
    local began
    began="$(now)"
    until [ "$(ask "$database_url" -c "SELECT is_done FROM signal.close_rollups('$1Z', 2000)")" = t ]; do :; done
    minus "$(now)" "$began"
}

samples_laid() { ask "$database_url" -c "SELECT coalesce(sum(cardinality(values)), 0) FROM signal.block"; }

# Runs a verb alone: leaves what it said in $work/said and prints its seconds, its processor seconds and its peak MB.
measured() {
    ${quiet:-} python3 - "$work/said" "$daemon_program" "$@" <<'PYTHON'
import resource, subprocess, sys, time
said, *command = sys.argv[1:]
began = time.monotonic()
with open(said, "w") as out:
    subprocess.run(command, check=True, stdout=out)
seconds = time.monotonic() - began
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(f"{seconds:.3f} {used.ru_utime + used.ru_stime:.3f} {used.ru_maxrss / 1024:.0f}")
PYTHON
}
