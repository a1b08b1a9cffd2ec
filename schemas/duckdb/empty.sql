SELECT NULL::VARCHAR AS device_id, NULL::VARCHAR AS metric, NULL::VARCHAR AS statistic, NULL::TIMESTAMPTZ AS start_at,
       NULL::TIMESTAMPTZ AS end_at, NULL::DOUBLE AS value, NULL::VARCHAR AS code, NULL::VARCHAR AS unit,
       NULL::VARCHAR AS flags, NULL::SMALLINT AS utc_offset_minutes, NULL::TIMESTAMPTZ AS received_at,
       NULL::BIGINT AS revision, NULL::VARCHAR AS subject_id
WHERE false
