SELECT NULL::VARCHAR AS device_id, NULL::VARCHAR AS metric, NULL::VARCHAR AS statistic, NULL::TIMESTAMPTZ AS start_at,
       NULL::TIMESTAMPTZ AS end_at, NULL::DOUBLE AS value, NULL::VARCHAR AS code, NULL::VARCHAR AS unit,
       NULL::VARCHAR AS subject_id
WHERE false
