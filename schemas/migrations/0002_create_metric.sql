-- The metric catalogue, as the daemon last loaded it from schemas/payloads/metrics.toml.
--
-- The file is the truth and the daemon writes it here at each migration, so that SQL can say names, units and codes.
-- New table, locks nothing. Undo: drop it.
CREATE TABLE signal.metric (
    metric_id  smallint NOT NULL,
    per_minute boolean  NOT NULL,
    mdc        bigint,
    hard_low   double precision,
    hard_high  double precision,
    soft_low   double precision,
    soft_high  double precision,
    name       text     NOT NULL,
    title      text     NOT NULL,
    kind       text     NOT NULL,
    unit       text     NOT NULL,
    loinc      text[]   NOT NULL,
    codes      text[],

    CONSTRAINT metric_pkey PRIMARY KEY (metric_id),
    CONSTRAINT metric_name_is_unique UNIQUE (name),
    CONSTRAINT metric_name_is_snake_case CHECK (name ~ '^[a-z][a-z0-9_]*$'),
    CONSTRAINT metric_hard_range_is_forward CHECK (hard_low <= hard_high),
    CONSTRAINT metric_soft_range_is_inside_hard CHECK (soft_low >= hard_low AND soft_high <= hard_high),
    CONSTRAINT metric_codes_are_some CHECK (cardinality(codes) > 0)
);
COMMENT ON TABLE  signal.metric            IS 'What can be measured: the metric catalogue.';
COMMENT ON COLUMN signal.metric.metric_id  IS 'Stable number; never reused for another metric.';
COMMENT ON COLUMN signal.metric.per_minute IS 'True where the ranges are per minute of the interval.';
COMMENT ON COLUMN signal.metric.mdc        IS 'ISO/IEEE 11073-10101 code; null where there is none.';
COMMENT ON COLUMN signal.metric.hard_low   IS 'Below it no body can be: such values go to quarantine. Null for a coded metric.';
COMMENT ON COLUMN signal.metric.hard_high  IS 'Above it no body can be: such values go to quarantine. Null for a coded metric.';
COMMENT ON COLUMN signal.metric.soft_low   IS 'Below it a value is kept and flagged. Null where no bound is useful.';
COMMENT ON COLUMN signal.metric.soft_high  IS 'Above it a value is kept and flagged. Null where no bound is useful.';
COMMENT ON COLUMN signal.metric.name       IS 'Stable name, as in payloads: heart_rate.';
COMMENT ON COLUMN signal.metric.title      IS 'A few words for a person.';
COMMENT ON COLUMN signal.metric.kind       IS 'How values lie in time: instant, interval, cumulative, daily, event or waveform.';
COMMENT ON COLUMN signal.metric.unit       IS 'UCUM unit of every stored value; empty for a coded metric.';
COMMENT ON COLUMN signal.metric.loinc      IS 'LOINC codes; empty where none is verified.';
COMMENT ON COLUMN signal.metric.codes      IS 'Codes of a coded metric: stored value n is element n + 1. Null for a numeric metric.';
