-- What a source has said before it said something else.
--
-- A sample that a higher revision, a later word or a replaced range supersedes leaves signal.block for this table, in the
-- transaction that stores its successor. It is kept as the history of what was known when, and because a delivery that
-- is repeated must be recognised: an older word never comes back. A row a value, since what is corrected is little beside
-- what is measured, and is asked for by series and start. No foreign key, for the reasons of signal.block; an erasure
-- removes a device's rows. New table, locks nothing. Undo: drop it; repeated deliveries of older words then stand again.
CREATE TABLE signal.superseded_value (
    start_at           timestamptz      NOT NULL,
    superseded_at      timestamptz      NOT NULL,
    received_at        timestamptz,
    span_us            bigint,
    value              double precision NOT NULL,
    revision           bigint,
    series_id          integer          NOT NULL,
    flags              smallint         NOT NULL DEFAULT 0,
    utc_offset_minutes smallint
);
CREATE INDEX superseded_value_start_at_idx ON signal.superseded_value (series_id, start_at);
COMMENT ON TABLE  signal.superseded_value                    IS 'Values that stood until their source said something else. Read them through signal.superseded.';
COMMENT ON COLUMN signal.superseded_value.start_at           IS 'When it was measured, or when its interval began.';
COMMENT ON COLUMN signal.superseded_value.superseded_at      IS 'When it ceased to stand.';
COMMENT ON COLUMN signal.superseded_value.received_at        IS 'When it was received; null where that is not known.';
COMMENT ON COLUMN signal.superseded_value.span_us            IS 'Microseconds that its interval lasted; null for an instant.';
COMMENT ON COLUMN signal.superseded_value.value              IS 'The value in the metric''s unit; for a coded metric the place of the code, from 0.';
COMMENT ON COLUMN signal.superseded_value.revision           IS 'Which word of the source it was; null where the source counts none.';
COMMENT ON COLUMN signal.superseded_value.series_id          IS 'Whose: signal.series.';
COMMENT ON COLUMN signal.superseded_value.flags              IS 'What is known against it, as in signal.block; 0 where nothing is.';
COMMENT ON COLUMN signal.superseded_value.utc_offset_minutes IS 'Minutes by which the source''s local time was ahead of UTC; null where it did not say.';

CREATE VIEW signal.superseded AS
SELECT device.device_id,
       metric.name AS metric,
       series.statistic,
       former.start_at,
       former.start_at + former.span_us * INTERVAL '1 microsecond' AS end_at,
       CASE WHEN metric.codes IS NULL AND former.flags & 12 = 0 THEN former.value END AS value,
       metric.codes[former.value::integer + 1] AS code,
       metric.unit,
       CASE WHEN former.flags = 0 THEN ARRAY[]::text[]
            ELSE array_remove(ARRAY[CASE WHEN former.flags & 1 <> 0 THEN 'unlikely_value' END,
                                    CASE WHEN former.flags & 2 <> 0 THEN 'time_assumed' END,
                                    CASE WHEN former.flags & 4 <> 0 THEN 'below_range' END,
                                    CASE WHEN former.flags & 8 <> 0 THEN 'above_range' END,
                                    CASE WHEN former.flags & 16 <> 0 THEN 'before_device' END], NULL) END AS flags,
       former.utc_offset_minutes,
       former.received_at,
       former.revision,
       former.superseded_at
FROM signal.superseded_value AS former
JOIN signal.series USING (series_id)
JOIN signal.device USING (device_key)
JOIN signal.metric USING (metric_id);
COMMENT ON VIEW   signal.superseded                    IS 'Samples that stood until their source said something else, one row each: the history of what was known when.';
COMMENT ON COLUMN signal.superseded.device_id          IS 'What measured.';
COMMENT ON COLUMN signal.superseded.metric             IS 'What was measured, by its name in the catalogue.';
COMMENT ON COLUMN signal.superseded.statistic          IS 'What the value says about many measurements; null for a plain measurement.';
COMMENT ON COLUMN signal.superseded.start_at           IS 'When it was measured, or when its interval began.';
COMMENT ON COLUMN signal.superseded.end_at             IS 'When its interval ended; null for an instant.';
COMMENT ON COLUMN signal.superseded.value              IS 'The value in unit; null for a coded metric, and where it lies beyond the sensor''s range.';
COMMENT ON COLUMN signal.superseded.code               IS 'The code of a coded metric; null for a numeric one.';
COMMENT ON COLUMN signal.superseded.unit               IS 'UCUM unit of the value.';
COMMENT ON COLUMN signal.superseded.flags              IS 'What is known against it: unlikely_value, time_assumed, below_range, above_range, before_device; empty where nothing is.';
COMMENT ON COLUMN signal.superseded.utc_offset_minutes IS 'Minutes by which the source''s local time was ahead of UTC; null where it did not say.';
COMMENT ON COLUMN signal.superseded.received_at        IS 'When it was received; null where that is not known.';
COMMENT ON COLUMN signal.superseded.revision           IS 'Which word of the source it was; null where the source counts none.';
COMMENT ON COLUMN signal.superseded.superseded_at      IS 'When it ceased to stand.';

GRANT SELECT, INSERT ON signal.superseded_value TO healthtrack_ingest;
GRANT SELECT, INSERT, DELETE ON signal.superseded_value TO healthtrack_roller;
GRANT SELECT ON signal.superseded TO healthtrack_ingest, healthtrack_roller;
GRANT SELECT, INSERT, UPDATE, DELETE ON signal.superseded_value TO healthtrack_migrator;
