-- Even blocks unpacked without a running sum.
--
-- The times of a block with gaps need a sum over all that came before; those of an even block are its start and a
-- multiple. One expression for both computed the sum for every block. Replaces a view by one with the same columns; locks it
-- for a moment. Undo: replace it by the one of migration 8.
CREATE OR REPLACE VIEW signal.block_sample AS
SELECT device.device_id,
       metric.name AS metric,
       series.statistic,
       sample.start_at,
       sample.start_at + sample.span_us * INTERVAL '1 microsecond' AS end_at,
       CASE WHEN metric.codes IS NULL THEN sample.value END AS value,
       metric.codes[sample.value::integer + 1] AS code,
       metric.unit,
       sample.flags,
       block.start_at AS block_start_at,
       block.stop_at AS block_stop_at
FROM signal.block
JOIN signal.series USING (series_id)
JOIN signal.device USING (device_key)
JOIN signal.metric USING (metric_id)
CROSS JOIN LATERAL (
    SELECT block.start_at + INTERVAL '1 microsecond' * (block.tick_us * (item.place - 1)) AS start_at,
           coalesce(block.span_us, item.span_us) AS span_us,
           coalesce(item.flags, 0::smallint) AS flags,
           item.value
    FROM unnest(block.values, block.spans_us, block.flags)
         WITH ORDINALITY AS item (value, span_us, flags, place)
    WHERE block.gaps IS NULL
    UNION ALL
    SELECT block.start_at + INTERVAL '1 microsecond' * (block.tick_us * sum(item.gap) OVER (ORDER BY item.place)),
           coalesce(block.span_us, item.span_us),
           coalesce(item.flags, 0::smallint),
           item.value
    FROM unnest(block.values, block.gaps, block.spans_us, block.flags)
         WITH ORDINALITY AS item (value, gap, span_us, flags, place)
    WHERE block.gaps IS NOT NULL
) AS sample;
