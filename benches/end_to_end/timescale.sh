#!/usr/bin/env bash
# A TimescaleDB (Apache build) of one's own, for tests and measurements, without touching the machine's packages.
#
#   timescale.sh start [--in-memory] [name=value ...]   starts a fresh server, these settings on top, and prints its URL
#   timescale.sh stop URL                               stops that server and removes its data
#
# --in-memory is for tests, which make and drop many databases: no fsync, and the data in a tmpfs of their own where the
# system lets one be mounted.
# Debian's trixie carries postgresql-17 with TimescaleDB; it is unpacked once into a folder and run there by chroot, as
# the folder's own user postgres, on a free port of 127.0.0.1. HEALTHTRACK_TIMESCALE_ROOT names another folder.
# Needs debootstrap, and root or sudo.
set -euo pipefail

root="${HEALTHTRACK_TIMESCALE_ROOT:-${XDG_CACHE_HOME:-$HOME/.cache}/healthtrack/timescale}"
binaries=/usr/lib/postgresql/17/bin

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Runs a program of the folder as its user postgres, who cannot enter the folder that we stand in. Whatever it starts
# must not hold our stdout open, since the caller reads the URL from it to its end.
inside() {
    (cd / && as_root chroot --userspec=postgres:postgres "$root" /usr/bin/env -i LC_ALL=C PATH=/usr/bin:/bin "$@") >&2
}

# Unpacked aside and renamed, so that what a killed run leaves is never used.
unpack() {
    if [ -x "$root$binaries/postgres" ]; then return; fi
    local aside="$root.new"
    as_root rm -rf "$aside"
    mkdir -p "$(dirname "$root")"
    as_root debootstrap --variant=minbase --include=postgresql-17,postgresql-17-timescaledb trixie "$aside" \
        "${HEALTHTRACK_DEBIAN_MIRROR:-http://deb.debian.org/debian}" >&2
    as_root mv "$aside" "$root"
}

free_port() {
    local port
    while port=$((20000 + RANDOM % 12000)); do
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then echo "$port"; return; fi
    done
}

# Puts memory in the place of a folder that is there and empty.
mount_memory() {
    if as_root mount -t tmpfs -o "size=50%,mode=700" healthtrack "$root$1" 2>/dev/null; then
        as_root chroot "$root" /usr/bin/env -i PATH=/usr/bin:/bin chown postgres:postgres "$1"
    else
        echo "no tmpfs could be mounted, so the data lie on the disk" >&2
    fi
}

start() {
    unpack
    local port password data in_memory=no
    if [ "${1:-}" = --in-memory ]; then in_memory=yes; shift; fi
    port="$(free_port)"
    password="$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')"
    data="/tmp/healthtrack-$port"
    # `initdb` reads the password from a pipe: it never lies in a file.
    inside sh -c "umask 077 && mkdir $data && mkfifo $data.pw"
    if [ "$in_memory" = yes ]; then mount_memory "$data"; set -- fsync=off "$@"; fi
    inside sh -c "cat > $data.pw" <<<"$password" &
    inside sh -c "exec $binaries/initdb --encoding=UTF8 --locale=C --data-checksums --auth=scram-sha-256 \
        --username=postgres --pwfile=$data.pw --pgdata=$data >/dev/null"
    wait
    {
        echo "port = $port"
        echo "listen_addresses = '127.0.0.1'"
        echo "unix_socket_directories = ''"
        echo "shared_preload_libraries = 'timescaledb'"
        echo "timescaledb.license = 'apache'"
        echo "timescaledb.telemetry_level = 'off'"
        echo "max_connections = 200"
        echo "max_worker_processes = 16"
        echo "shared_buffers = '256MB'"
        echo "max_wal_size = '4GB'"
        echo "jit = off"
        for setting in "$@"; do echo "${setting%%=*} = '${setting#*=}'"; done
    } | inside sh -c "rm $data.pw; cat >> $data/postgresql.conf"
    if ! inside "$binaries/pg_ctl" start -s -w -t 60 -D "$data" -l "$data/log"; then
        inside cat "$data/log" || true
        remove "$data"
        exit 1
    fi
    echo "postgres://postgres:$password@127.0.0.1:$port/postgres"
}

stop() {
    local port data
    port="$(sed -E 's#.*@127\.0\.0\.1:([0-9]+)/.*#\1#' <<<"$1")"
    if ! [[ "$port" =~ ^[0-9]+$ ]]; then echo "no URL of a server that was started here: $1" >&2; exit 2; fi
    data="/tmp/healthtrack-$port"
    inside "$binaries/pg_ctl" stop -s -w -m fast -t 30 -D "$data" ||
        inside "$binaries/pg_ctl" stop -s -m immediate -D "$data"
    remove "$data"
}

# Removes a server's folder, and what is mounted there.
remove() {
    if mountpoint -q "$root$1"; then as_root umount "$root$1"; fi
    inside rm -rf "$1"
}

case "${1:-}" in
    start) shift; start "$@" ;;
    stop) stop "${2:?name the URL that start printed}" ;;
    *) sed -n '2,13s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
