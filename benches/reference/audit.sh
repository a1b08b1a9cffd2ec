#!/usr/bin/env bash
# Audit events a second, 16 clients, each event a transaction of its own: audit.sh URL [SECONDS]
#
# In one run, in turn: events as they are appended, in 64 chains; the same in one chain, under one lock that is held to
# COMMIT, as it was until there were 64; a row of the same words in a table without chain, checks and indexes, which is
# what the disk and the processors allow; and a look through `api`, which is an event and more. Needs pgbench.
set -euo pipefail

url="$1"
seconds="${2:-5}"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
PATH="$PATH:$(compgen -G '/usr/lib/postgresql/*/bin' | tail -1)"
token="$(printf 'audit bench %s' "$$" | sha256sum | cut -c1-64)"
patient="$(psql "$url" -XqAt -v ON_ERROR_STOP=1 <<SQL
CREATE SCHEMA IF NOT EXISTS bench;
CREATE TABLE IF NOT EXISTS bench.bare (at timestamptz, patient_id uuid, action text, resource text, outcome text, reason text);
CREATE OR REPLACE FUNCTION bench.one_chain(patient uuid) RETURNS bigint
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS \$\$
DECLARE
    event access.audit_event;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('bench.one_chain', 0));
    event.chain := 0;
    SELECT e.seq + 1, e.hash INTO event.seq, event.prev_hash
    FROM access.audit_event e WHERE e.chain = 0 ORDER BY e.seq DESC LIMIT 1;
    event.seq := coalesce(event.seq, 1);
    event.prev_hash := coalesce(event.prev_hash, access.audit_origin(0::smallint));
    event.patient_id := patient;
    event.part := 'program';
    event.action := 'read';
    event.resource := 'care.patient';
    event.outcome := 'allowed';
    event.at := clock_timestamp();
    event.hash := access.audit_digest(event);
    INSERT INTO access.audit_event SELECT event.*;
    RETURN event.seq;
END \$\$;
UPDATE access.cap SET most = 2000000000 WHERE cap = 'looks_an_account_an_hour';
INSERT INTO access.session (account_id, expires_at, idle_for, token_hash)
SELECT account_id, now() + INTERVAL '1 hour', INTERVAL '1 hour', sha256(decode('$token', 'hex'))
FROM access.account WHERE part = 'patient' ORDER BY login LIMIT 1
ON CONFLICT (token_hash) DO NOTHING;
SELECT patient_id FROM access.account WHERE part = 'patient' ORDER BY login LIMIT 1;
SQL
)"
echo "SELECT access.audit_program('read', '$patient', 'care.patient');" >"$folder/chains"
echo "SELECT bench.one_chain('$patient');" >"$folder/one_chain"
echo "INSERT INTO bench.bare VALUES (clock_timestamp(), '$patient', 'read', 'care.patient', 'allowed', 'own');" >"$folder/bare"
echo "SELECT api.look('$token', '$patient', 'record', NULL);" >"$folder/look"

echo "| round | 64 chains | one chain | ratio | look | bare row |"
echo "|---|---|---|---|---|---|"
for round in 1 2 3; do
    declare -A rate=()
    for what in one_chain chains look bare; do
        # The chain of one is chain 0, so no other append may run beside it; each runs alone.
        rate[$what]="$(pgbench "$url" -n -M prepared -c 16 -j 2 -T "$seconds" -f "$folder/$what" |
            sed -n 's/^tps = \([0-9]*\).*/\1/p')"
    done
    echo "| $round | ${rate[chains]} | ${rate[one_chain]} | $(awk "BEGIN {printf \"%.1f\", ${rate[chains]} / ${rate[one_chain]}}") | ${rate[look]} | ${rate[bare]} |"
done
