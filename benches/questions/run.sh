#!/usr/bin/env bash
# The questions of a chart, before anything is rolled up and after: milliseconds, medians of N; and what that costs.
#
#   run.sh [--devices N] [--days N] [--years N] [--runs N] [--postgres plain|timescale]
#
# N devices (100) and N days (10) as roll/lay.sql lays them: 50 million samples; and one person with N years (5) of six
# metrics. "before" asks signal.sample, as one does who knows of nothing else, once; "after" asks what is rolled up, or
# signal.samples(). Each way must give the same answer. 10 devices and 1 year take a minute.
# Needs what end_to_end/run.sh needs.
set -euo pipefail
shopt -s inherit_errexit
# shellcheck source=benches/end_to_end/common.sh
. "$(dirname "$0")/../end_to_end/common.sh"
# shellcheck source=benches/roll/common.sh
. "$(dirname "$0")/../roll/common.sh"

devices=100
days=10
years=5
runs=5
postgres=plain
take_options devices days years runs postgres -- "$@"
are_numbers "$devices,$days,$years,$runs" || fail "numbers are whole and above zero"
check_postgres "$postgres"
begin

median() { sort -n | awk '{ t[NR] = $1 } END { printf "%.1f", t[int((NR + 1) / 2)] }'; }

# Milliseconds and the answer of a question, asked $2 times after one that is not counted.
asked() {
    { echo '\timing on'; for _ in $(seq 0 "$2"); do echo "$1;"; done; } >"$work/question.sql"
    ask "$database_url" -f "$work/question.sql" >"$work/answers"
    echo "$(awk '/^Time:/ { print $2 }' "$work/answers" | tail -n "$2" | median) $(grep -v '^Time:' "$work/answers" | tail -n 1)"
}

# A line of the table: what it is, the question before and after; `-` where there was none.
line() {
    local before after
    before=-
    after="$(asked "$3" "$runs")"
    if [ "$2" != - ]; then
        before="$(asked "$2" 1)"
        [ "${before#* }" = "${after#* }" ] || fail "$1: ${before#* } before, ${after#* } after"
    fi
    echo "| $1 | ${before%% *} | ${after%% *} |"
}

start_postgres "$postgres"
new_archive questions "$devices"
say "laying samples"
late=false lay "$days" 0 89
ask "$database_url" -v years="$years" -v first_day=2019-01-01 -f "$(dirname "$0")/person.sql" >&2
samples="$(samples_laid)"
say "$samples samples laid; rolling up"
before_close="$(now)"
# Twice: what is over is noted first, and then made.
until [ "$(ask "$database_url" -c "SELECT is_done FROM signal.close_rollups(now(), 2000)")" = t ]; do :; done
took="$(minus "$(now)" "$before_close")"
ask "$database_url" -c "VACUUM (ANALYZE) signal.rollup_day"
to="$(date -u -d "$first_day + $days day" +%F)"
one_day="$(date -u -d "$first_day + 1 day" +%F)"
next_day="$(date -u -d "$first_day + 2 days" +%F)"
year=$((2019 + years - 1))
in_year="start_at >= '$year-01-01Z' AND start_at < '$year-12-01Z'"
of="'$year-01-01Z', '$year-12-01Z'"
thousandths="CAST(round(sum(mean) * 1000) AS bigint)"

echo "$samples samples; rolled up in $took s: $(ask "$database_url" -c "SELECT count(*), pg_total_relation_size('signal.rollup_day'),
    round(pg_total_relation_size('signal.rollup_day')::numeric / count(*)) FROM signal.rollup_day" | tr '|' ' ') (rows, bytes, bytes a row)"
ask "$database_url" -F ' ' -c "SELECT name, round(blocks / days) || ' bytes of blocks a day,', round(rollups / days) || ' of rollups:',
        round(100.0 * rollups / blocks, 1) || ' %'
    FROM (SELECT series_id, sum(pg_column_size(b.*)) AS blocks, count(DISTINCT date_trunc('day', start_at)) AS days
          FROM signal.block b WHERE start_at >= '$year-11-01Z' AND start_at < '$year-12-01Z' GROUP BY 1) AS b
    JOIN (SELECT series_id, sum(pg_column_size(r.*)) AS rollups FROM signal.rollup_day r
          WHERE day >= '$year-11-01' AND day < '$year-12-01' GROUP BY 1) AS r USING (series_id)
    JOIN signal.series USING (series_id) JOIN signal.metric USING (metric_id) ORDER BY name"
echo
echo "| question | before, ms | after, ms |"
echo "|---|---|---|"
line "mean heart rate by device and day, $((devices * days)) rows" \
    "SELECT count(*), $thousandths FROM (SELECT device_id, date_trunc('day', start_at, 'UTC') AS day, avg(value) AS mean
         FROM signal.sample WHERE metric = 'heart_rate' AND device_id <> 'person' GROUP BY 1, 2) AS means" \
    "SELECT count(*), $thousandths FROM signal.rollup(NULL, '{heart_rate}', 'day', '${first_day}Z', '${to}Z')"
line "the same in Los Angeles" - \
    "SELECT count(*), $thousandths FROM signal.rollup(NULL, '{heart_rate}', 'day', '${first_day}Z', '${to}Z', 'America/Los_Angeles')"
line "one person, eleven months by day, 6 metrics" \
    "SELECT count(*), $thousandths FROM (SELECT metric, date_trunc('day', start_at, 'UTC') AS day, avg(value) AS mean
         FROM signal.sample WHERE device_id = 'person' AND $in_year GROUP BY 1, 2) AS means" \
    "SELECT count(*), $thousandths FROM signal.rollup('{person}', NULL, 'day', $of)"
line "the same in New York, where the person lives" - \
    "SELECT count(*), $thousandths FROM signal.rollup('{person}', NULL, 'day', $of, 'America/New_York')"
line "the same in Kathmandu" - \
    "SELECT count(*), $thousandths FROM signal.rollup('{person}', NULL, 'day', $of, 'Asia/Kathmandu')"
line "the same by signal.daily" - \
    "SELECT count(*), $thousandths FROM signal.daily WHERE device_id = 'person' AND day >= '$year-01-01' AND day < '$year-12-01'"
line "one person, a month by hour, 6 metrics, Kathmandu" - \
    "SELECT count(*), $thousandths FROM signal.rollup('{person}', NULL, 'hour', '$year-06-01Z', '$year-07-01Z', 'Asia/Kathmandu')"
line "newest sample of 50 devices and 5 metrics" - \
    "SELECT count(*), sum(value) FROM signal.last WHERE device_id IN (SELECT 'device-' || n FROM generate_series(1, 50) AS n)"
line "one device, one day, every sample by the view and by the function" \
    "SELECT count(*), CAST(round(sum(value)) AS bigint) FROM signal.sample WHERE device_id = 'device-7' AND metric = 'heart_rate'
         AND start_at >= '${one_day}Z' AND start_at < '${next_day}Z'" \
    "SELECT count(*), CAST(round(sum(value)) AS bigint) FROM signal.samples('device-7', 'heart_rate', '${one_day}Z', '${next_day}Z')"
