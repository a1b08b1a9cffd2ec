-- One metric, and statistic, of one device.
--
-- The maximum of a day is not a sample of the heart rate: the statistic is part of the key.
-- New table, locks nothing. Undo: drop it once no block names it.
CREATE TABLE signal.series (
    series_id  integer  NOT NULL GENERATED ALWAYS AS IDENTITY,
    device_key integer  NOT NULL,
    metric_id  smallint NOT NULL,
    statistic  text,

    CONSTRAINT series_pkey PRIMARY KEY (series_id),
    CONSTRAINT series_is_unique UNIQUE NULLS NOT DISTINCT (device_key, metric_id, statistic),
    CONSTRAINT series_device_key_fkey FOREIGN KEY (device_key) REFERENCES signal.device (device_key),
    CONSTRAINT series_metric_id_fkey FOREIGN KEY (metric_id) REFERENCES signal.metric (metric_id)
);
CREATE INDEX series_metric_id_idx ON signal.series (metric_id);
COMMENT ON TABLE  signal.series            IS 'One metric, and statistic, of one device: what a block belongs to.';
COMMENT ON COLUMN signal.series.series_id  IS 'Short number that each block carries.';
COMMENT ON COLUMN signal.series.device_key IS 'Whose.';
COMMENT ON COLUMN signal.series.metric_id  IS 'What.';
COMMENT ON COLUMN signal.series.statistic  IS 'What a value says about many measurements, as word or word/denominator; null for plain measurements.';
