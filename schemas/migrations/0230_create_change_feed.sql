-- What was stored, superseded or erased, by commit: complete and in order for a reader that keeps its place.
--
-- Several lanes commit at once, and what is numbered while it is written is not committed in the order of its numbers:
-- a reader that has seen 7 would pass over 6. So each transaction adds a row without a place, and places are given
-- afterwards, by one session at a time, to all rows that are committed and have none. A place therefore shows only when
-- all before it do, and what commits late gets a later one. Nothing is updated for that, and nothing is looked for
-- among what is there: the rows are counted when they are written, a batch of places says how far it has looked and
-- which numbers before that it has not met, and those are let go once every transaction of that time has ended. So a
-- transaction that stays open for hours costs nothing here, as dead versions of updated rows would.
--
-- A copy of the database that has lost its last commits gives the places of those again, to others. So whoever gives
-- places in another incarnation, or knows a later one than there is, leaves 2^32 out: a place that was given in what is
-- lost then stands in a hole, and is refused. A place without history behind it is an error and never silence.
-- New tables and functions, lock nothing. Undo: drop them.
CREATE TABLE signal.change_commit (
    committed_at  timestamptz   NOT NULL DEFAULT clock_timestamp(),
    commit_id     bigint        NOT NULL GENERATED ALWAYS AS IDENTITY,
    entries       integer       NOT NULL,
    device_sha256 text,
    series_ids    integer[]     NOT NULL,
    first_ats     timestamptz[] NOT NULL,
    last_ats      timestamptz[] NOT NULL,
    counts        integer[]     NOT NULL,
    kinds         smallint[],

    CONSTRAINT change_commit_pkey PRIMARY KEY (commit_id)
);
-- Long lists lie out of line as they are: to try to compress them costs more than to write them. No rule looks at a list:
-- only the functions below and append_blocks write one, and a rule would cost as much as the row (10 us).
ALTER TABLE signal.change_commit
    ALTER COLUMN series_ids SET STORAGE EXTERNAL,
    ALTER COLUMN first_ats SET STORAGE EXTERNAL,
    ALTER COLUMN last_ats SET STORAGE EXTERNAL,
    ALTER COLUMN counts SET STORAGE EXTERNAL;
COMMENT ON TABLE  signal.change_commit               IS 'What one transaction stored, superseded or erased: a list of ranges of series. Read it by signal.changes().';
COMMENT ON COLUMN signal.change_commit.committed_at  IS 'When its transaction was about to commit.';
COMMENT ON COLUMN signal.change_commit.commit_id     IS 'Number in the order of writing, which is not the order of commits; those of transactions that failed are missing.';
COMMENT ON COLUMN signal.change_commit.entries       IS 'How many changes it lists.';
COMMENT ON COLUMN signal.change_commit.device_sha256 IS 'SHA-256 of the name of a device that was erased as a whole, in hexadecimal digits; its one change has no series.';
COMMENT ON COLUMN signal.change_commit.series_ids    IS 'Of each change the series: signal.series, unless it was erased since.';
COMMENT ON COLUMN signal.change_commit.first_ats     IS 'Of each change the start of the first sample; -infinity where everything of a series is meant.';
COMMENT ON COLUMN signal.change_commit.last_ats      IS 'Of each change the start of the last sample; infinity where everything later is meant.';
COMMENT ON COLUMN signal.change_commit.counts        IS 'Of each change how many samples; null where nobody has counted them.';
COMMENT ON COLUMN signal.change_commit.kinds         IS 'Of each change what happened: 1 stored, 2 superseded, 3 erased; null where all were stored.';
COMMENT ON CONSTRAINT change_commit_pkey ON signal.change_commit IS 'Each list has a number of its own.';

CREATE TABLE signal.change_batch (
    numbered_at    timestamptz   NOT NULL DEFAULT clock_timestamp(),
    first_change   bigint        NOT NULL,
    last_change    bigint        NOT NULL,
    seen_to        bigint        NOT NULL,
    open_before    xid8,
    incarnation_id uuid,
    commit_ids     bigint[]      NOT NULL,
    last_changes   bigint[]      NOT NULL,
    open_ids       int8multirange NOT NULL,
    younger_ids    int8multirange NOT NULL,

    CONSTRAINT change_batch_pkey PRIMARY KEY (last_change),
    CONSTRAINT change_batch_begins_once UNIQUE (first_change),
    CONSTRAINT change_batch_is_forward CHECK (first_change BETWEEN 1 AND last_change),
    CONSTRAINT change_batch_is_whole CHECK (cardinality(commit_ids) > 0 AND cardinality(commit_ids) = cardinality(last_changes))
);
COMMENT ON TABLE  signal.change_batch                IS 'Places in the feed of changes that were given at once; the last row says how far was looked.';
COMMENT ON COLUMN signal.change_batch.numbered_at    IS 'When they were given.';
COMMENT ON COLUMN signal.change_batch.first_change   IS 'The first place.';
COMMENT ON COLUMN signal.change_batch.last_change    IS 'The last place.';
COMMENT ON COLUMN signal.change_batch.seen_to        IS 'Up to which commit_id was looked.';
COMMENT ON COLUMN signal.change_batch.open_before    IS 'Once every transaction before this one has ended, none of open_ids can come any more.';
COMMENT ON COLUMN signal.change_batch.incarnation_id IS 'In which copy of the database: signal.incarnation; null before any daemon has taken a shard.';
COMMENT ON COLUMN signal.change_batch.commit_ids     IS 'Whose places, in their order: signal.change_commit.';
COMMENT ON COLUMN signal.change_batch.last_changes   IS 'Of each of those the place of its last change.';
COMMENT ON COLUMN signal.change_batch.open_ids       IS 'Numbers up to seen_to that were not there yet, and may come.';
COMMENT ON COLUMN signal.change_batch.younger_ids    IS 'The same, met since open_before was noted.';
COMMENT ON CONSTRAINT change_batch_pkey ON signal.change_batch IS 'A place is given once.';
COMMENT ON CONSTRAINT change_batch_begins_once ON signal.change_batch IS 'Two that give places at once do not give the same.';
COMMENT ON CONSTRAINT change_batch_is_forward ON signal.change_batch IS 'Places are counted from 1.';
COMMENT ON CONSTRAINT change_batch_is_whole ON signal.change_batch IS 'Each transaction has its places.';

CREATE VIEW signal.change_feed AS
SELECT oldest.first_change - 1 AS first_place, coalesce(newest.last_change, 0) AS last_place, newest.incarnation_id,
       oldest.numbered_at AS kept_since
FROM (SELECT) AS feed
LEFT JOIN (SELECT first_change, numbered_at FROM signal.change_batch ORDER BY last_change LIMIT 1) AS oldest ON true
LEFT JOIN (SELECT last_change, incarnation_id FROM signal.change_batch ORDER BY last_change DESC LIMIT 1) AS newest ON true;
COMMENT ON VIEW   signal.change_feed                IS 'One row: which places signal.changes() takes. Who begins takes last_place, then reads the samples, then goes on from that place.';
COMMENT ON COLUMN signal.change_feed.first_place    IS 'The oldest place that is kept; null where nothing has been written yet.';
COMMENT ON COLUMN signal.change_feed.last_place     IS 'The newest place; 0 where nothing has been written yet.';
COMMENT ON COLUMN signal.change_feed.incarnation_id IS 'In which copy of the database the newest place was given: signal.incarnation.';
COMMENT ON COLUMN signal.change_feed.kept_since     IS 'Since when changes are kept.';

CREATE VIEW signal.change_entry AS
SELECT listed.commit_id, item.place,
       CASE coalesce(item.kind, 1) WHEN 1 THEN 'stored' WHEN 2 THEN 'superseded' WHEN 3 THEN 'erased' END AS kind,
       device.device_id, metric.name AS metric, series.statistic,
       item.first_at AS "from", item.last_at + INTERVAL '1 microsecond' AS "to", item.samples, listed.committed_at,
       item.series_id, listed.device_sha256
FROM signal.change_commit AS listed
CROSS JOIN LATERAL unnest(listed.series_ids, listed.first_ats, listed.last_ats, listed.counts, listed.kinds)
    WITH ORDINALITY AS item (series_id, first_at, last_at, samples, kind, place)
LEFT JOIN signal.series ON series.series_id = item.series_id
LEFT JOIN signal.device ON device.device_key = series.device_key
LEFT JOIN signal.metric ON metric.metric_id = series.metric_id;
COMMENT ON VIEW   signal.change_entry               IS 'Changes, one row each, with or without a place: for signal.changes() and signal.changes_to_come().';
COMMENT ON COLUMN signal.change_entry.commit_id     IS 'Whose: signal.change_commit.';
COMMENT ON COLUMN signal.change_entry.place         IS 'Which of the changes of its transaction, from 1.';
COMMENT ON COLUMN signal.change_entry.kind          IS 'What happened: stored, superseded or erased.';
COMMENT ON COLUMN signal.change_entry.device_id     IS 'Whose samples; null where the device was erased, then or since.';
COMMENT ON COLUMN signal.change_entry.metric        IS 'Which metric; null where the series was erased, then or since.';
COMMENT ON COLUMN signal.change_entry.statistic     IS 'Which statistic; null for plain measurements.';
COMMENT ON COLUMN signal.change_entry."from"        IS 'All of these samples begin at or after this.';
COMMENT ON COLUMN signal.change_entry."to"          IS 'All of these samples begin before this.';
COMMENT ON COLUMN signal.change_entry.samples       IS 'How many; null where nobody has counted them.';
COMMENT ON COLUMN signal.change_entry.committed_at  IS 'When its transaction was about to commit.';
COMMENT ON COLUMN signal.change_entry.series_id     IS 'Number of the series: signal.series, unless it was erased since; null where a device was erased as a whole.';
COMMENT ON COLUMN signal.change_entry.device_sha256 IS 'SHA-256 of the name of a device that was erased as a whole; null for any other change.';

CREATE FUNCTION signal.note_changes(series_ids integer[], first_ats timestamptz[], last_ats timestamptz[],
                                    counts integer[], kinds smallint[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    -- Before the number is drawn: who gives places lets a missing number go once all transactions of its time ended.
    PERFORM pg_current_xact_id();
    INSERT INTO signal.change_commit (entries, series_ids, first_ats, last_ats, counts, kinds)
    VALUES (cardinality($1), $1, $2, $3, $4, $5);
END $$;
COMMENT ON FUNCTION signal.note_changes(integer[], timestamptz[], timestamptz[], integer[], smallint[]) IS
    'Adds to the feed of changes what this transaction does: of each change the series, the starts of its first and last sample, how many, and its kind (1 stored, 2 superseded, 3 erased; null where all were stored).';

CREATE FUNCTION signal.note_erased_device(device_sha256 text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_current_xact_id();
    INSERT INTO signal.change_commit (entries, device_sha256, series_ids, first_ats, last_ats, counts, kinds)
    VALUES (1, $1, '{NULL}', '{-infinity}', '{infinity}', '{NULL}', '{3}');
END $$;
COMMENT ON FUNCTION signal.note_erased_device(text) IS
    'Adds to the feed of changes that a device was erased as a whole; its name is not kept, only the digest of it.';

CREATE FUNCTION signal.number_changes(known_to bigint DEFAULT 0) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    commits_max constant integer := 1000;
    hole        constant bigint := 4294967296;
    last     signal.change_batch;
    present  uuid;
    oldest   xid8;
    base     bigint;
    seen     bigint;
    ids      bigint[];
    sizes    bigint[];
    met      int8multirange;
    open     int8multirange;
    younger  int8multirange;
    before   xid8;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = 'changes_are_numbered_by_what_is_committed',
            MESSAGE = 'Number changes in a transaction that is read committed.';
    END IF;
    -- Whoever had the lock has committed; each statement from here on sees what was committed before it.
    PERFORM pg_advisory_xact_lock(hashtextextended('signal.number_changes', 0));
    SELECT * INTO last FROM signal.change_batch ORDER BY last_change DESC LIMIT 1;
    SELECT incarnation_id INTO present FROM signal.incarnation ORDER BY begun_at DESC LIMIT 1;
    oldest := pg_snapshot_xmin(pg_current_snapshot());
    base := greatest(last.last_change, known_to, 0);
    open := coalesce(last.open_ids, '{}');
    younger := coalesce(last.younger_ids, '{}');
    before := last.open_before;
    IF last.incarnation_id IS DISTINCT FROM present AND last.last_change IS NOT NULL THEN
        -- No transaction of the former copy goes on in this one: what it has committed is there.
        base := base + hole;
        before := NULL;
    ELSIF known_to > coalesce(last.last_change, 0) THEN
        base := base + hole;
    END IF;

    SELECT array_agg(found.commit_id ORDER BY found.commit_id), array_agg(found.entries ORDER BY found.commit_id)
    INTO ids, sizes
    FROM (SELECT c.commit_id, c.entries
          FROM unnest(open + younger) AS missing (ids)
          JOIN signal.change_commit c ON c.commit_id >= lower(missing.ids) AND c.commit_id < upper(missing.ids)
          UNION ALL
          (SELECT c.commit_id, c.entries FROM signal.change_commit c
           WHERE c.commit_id > coalesce(last.seen_to, 0) ORDER BY c.commit_id LIMIT commits_max)) AS found;
    IF ids IS NULL THEN
        -- Whoever is told less than it knows would not notice the next time that places were lost.
        RETURN greatest(last.last_change, known_to, 0);
    END IF;

    seen := greatest(last.seen_to, ids[cardinality(ids)]);
    SELECT range_agg(int8range(id, id, '[]')) INTO met FROM unnest(ids) AS one (id);
    open := open - met;
    younger := younger + int8multirange(int8range(coalesce(last.seen_to, 0) + 1, seen + 1)) - met;
    IF before IS NULL OR before <= oldest THEN
        open := younger;
        younger := '{}';
        before := CASE WHEN NOT isempty(open) THEN pg_current_xact_id() END;
    END IF;
    INSERT INTO signal.change_batch (first_change, last_change, seen_to, open_before, incarnation_id, commit_ids,
                                     last_changes, open_ids, younger_ids)
    SELECT base + 1, max(numbered.last_change), seen, before, present, ids,
           array_agg(numbered.last_change ORDER BY numbered.last_change), open, younger
    FROM (SELECT base + sum(size) OVER (ORDER BY place) AS last_change
          FROM unnest(sizes) WITH ORDINALITY AS one (size, place)) AS numbered
    RETURNING change_batch.last_change INTO base;
    PERFORM pg_notify('healthtrack_changes', '');
    RETURN base;
END $$;
COMMENT ON FUNCTION signal.number_changes(bigint) IS
    'Gives places to changes that are committed and have none, 1,000 transactions at most, and wakes who listens to healthtrack_changes: the last place. known_to is a place that the caller knows to be given; where it is not there, the database has lost it.';

CREATE FUNCTION signal.check_change_place(after bigint) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    next_first bigint;
BEGIN
    SELECT b.first_change INTO next_first FROM signal.change_batch b WHERE b.last_change > after
    ORDER BY b.last_change LIMIT 1;
    IF next_first <= after + 1 THEN
        RETURN;
    END IF;
    IF EXISTS (SELECT FROM signal.change_batch b WHERE b.last_change = after)
       OR after = 0 AND NOT EXISTS (SELECT FROM signal.change_batch) THEN
        RETURN;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = 'change_place_is_kept',
        MESSAGE = 'The feed of changes does not go back to this place, or it was given before the database was restored: start anew from last_place of signal.change_feed.';
END $$;
COMMENT ON FUNCTION signal.check_change_place(bigint) IS
    'Refuses a place from which the feed of changes is not complete: too old, of another history of the database, or null.';

CREATE FUNCTION signal.changes(after bigint, rows_max integer DEFAULT 10000)
RETURNS TABLE (change bigint, kind text, device_id text, metric text, statistic text, "from" timestamptz,
               "to" timestamptz, samples integer, committed_at timestamptz, series_id integer, device_sha256 text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan ROWS 1000 AS $$
#variable_conflict use_column
DECLARE
    remaining bigint := rows_max;
    got       bigint;
    before    bigint;
    batch     signal.change_batch;
BEGIN
    PERFORM signal.check_change_place($1);
    FOR batch IN SELECT b.* FROM signal.change_batch b WHERE b.last_change > $1 ORDER BY b.last_change LOOP
        FOR number IN 1 .. cardinality(batch.commit_ids) LOOP
            CONTINUE WHEN batch.last_changes[number] <= $1;
            before := coalesce(batch.last_changes[number - 1], batch.first_change - 1);
            RETURN QUERY
            SELECT before + e.place, e.kind, e.device_id, e.metric, e.statistic, e."from", e."to", e.samples,
                   e.committed_at, e.series_id, e.device_sha256
            FROM signal.change_entry e
            WHERE e.commit_id = batch.commit_ids[number] AND e.place > $1 - before
            ORDER BY e.place LIMIT remaining;
            GET DIAGNOSTICS got = ROW_COUNT;
            remaining := remaining - got;
            IF remaining <= 0 THEN
                RETURN;
            END IF;
        END LOOP;
    END LOOP;
END $$;
COMMENT ON FUNCTION signal.changes(bigint, integer) IS
    'What was stored, superseded or erased after a place of the feed, in the order of places, rows_max at most: ask again from the last change of the answer until nothing comes. A place from which it is not complete is refused (change_place_is_kept).';

CREATE FUNCTION signal.changes_to_come()
RETURNS TABLE (kind text, device_id text, metric text, statistic text, "from" timestamptz,
               "to" timestamptz, samples integer, committed_at timestamptz, series_id integer, device_sha256 text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan ROWS 100 AS $$
#variable_conflict use_column
DECLARE
    last signal.change_batch;
    ids  bigint[];
BEGIN
    SELECT * INTO last FROM signal.change_batch ORDER BY last_change DESC LIMIT 1;
    SELECT array_agg(found.commit_id) INTO ids
    FROM (SELECT c.commit_id
          FROM unnest(coalesce(last.open_ids + last.younger_ids, '{}')) AS missing (ids)
          JOIN signal.change_commit c ON c.commit_id >= lower(missing.ids) AND c.commit_id < upper(missing.ids)
          UNION ALL
          SELECT c.commit_id FROM signal.change_commit c WHERE c.commit_id > coalesce(last.seen_to, 0)) AS found;
    RETURN QUERY
    SELECT e.kind, e.device_id, e.metric, e.statistic, e."from", e."to", e.samples, e.committed_at, e.series_id,
           e.device_sha256
    FROM unnest(ids) AS one (id) JOIN signal.change_entry e ON e.commit_id = one.id;
END $$;
COMMENT ON FUNCTION signal.changes_to_come() IS
    'What is committed and has no place in the feed yet: with signal.changes(), in one statement, all that has changed since a place.';

CREATE FUNCTION signal.prune_changes(before timestamptz, batches_max integer DEFAULT 100) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    ids bigint[];
    pruned bigint;
BEGIN
    -- The last batch stays: it says how far was looked.
    WITH due AS MATERIALIZED (
        SELECT b.last_change, b.numbered_at FROM signal.change_batch b
        WHERE b.last_change < (SELECT max(last_change) FROM signal.change_batch)
        ORDER BY b.last_change LIMIT batches_max FOR UPDATE SKIP LOCKED
    ), gone AS (
        DELETE FROM signal.change_batch b USING due
        WHERE b.last_change = due.last_change AND due.numbered_at < before RETURNING b.commit_ids
    )
    SELECT array_agg(one.id) INTO ids FROM gone, unnest(gone.commit_ids) AS one (id);
    DELETE FROM signal.change_commit c USING unnest(ids) AS one (id) WHERE c.commit_id = one.id;
    GET DIAGNOSTICS pruned = ROW_COUNT;
    RETURN pruned;
END $$;
COMMENT ON FUNCTION signal.prune_changes(timestamptz, integer) IS
    'Removes what was given its place before a time, batches_max batches at most: how many transactions. The newest batch stays.';

REVOKE EXECUTE ON FUNCTION
    signal.note_changes(integer[], timestamptz[], timestamptz[], integer[], smallint[]),
    signal.note_erased_device(text), signal.number_changes(bigint), signal.check_change_place(bigint),
    signal.changes(bigint, integer), signal.changes_to_come(), signal.prune_changes(timestamptz, integer) FROM PUBLIC;
GRANT SELECT, INSERT, DELETE ON signal.change_commit TO healthtrack_ingest;
-- FOR UPDATE needs the right to update, and nothing is updated.
GRANT SELECT, INSERT, UPDATE, DELETE ON signal.change_batch TO healthtrack_ingest;
GRANT SELECT, INSERT ON signal.change_commit TO healthtrack_roller;
GRANT SELECT ON signal.change_feed TO healthtrack_ingest, healthtrack_roller;
GRANT EXECUTE ON FUNCTION
    signal.note_changes(integer[], timestamptz[], timestamptz[], integer[], smallint[]), signal.note_erased_device(text),
    signal.changes(bigint, integer), signal.changes_to_come() TO healthtrack_ingest, healthtrack_roller;
GRANT EXECUTE ON FUNCTION signal.number_changes(bigint), signal.prune_changes(timestamptz, integer)
    TO healthtrack_ingest;
GRANT SELECT, INSERT, UPDATE, DELETE ON signal.change_commit, signal.change_batch TO healthtrack_migrator;
GRANT SELECT ON signal.change_feed, signal.change_entry TO healthtrack_migrator;
