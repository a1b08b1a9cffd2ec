-- A message in quarantine is kept once, however many reasons it has, and leaves with the last of them.
--
-- One message may be rejected for several reasons, under several topics. Rejections move to a table of their own, the
-- bytes to another, found by their digest; `signal.quarantine` is a view of both with the columns that it had. An
-- operator marks a rejection as resolved; what comes again afterwards is open again.
--
-- Who writes locks the payload before its rejections, in order of digests; who deletes does the same, so that neither
-- waits for the other in a circle, and no payload goes while a rejection comes. A trigger removes payloads that no
-- rejection needs any more, whoever deletes. The daemon may not delete: signal.purge_quarantine does it, a page at a
-- time, and spares what the law holds. Copies every payload once and holds signal.quarantine locked meanwhile. Undo:
-- make a table of the view, drop the rest.
ALTER TABLE signal.quarantine RENAME TO quarantine_rejection;
ALTER TABLE signal.quarantine_rejection RENAME CONSTRAINT quarantine_pkey TO quarantine_rejection_pkey;

-- The length stands in the index: how full quarantine is must not cost reading it.
CREATE TABLE signal.quarantine_payload (
    payload_bytes  integer NOT NULL,
    payload_sha256 bytea   NOT NULL,
    payload        bytea   NOT NULL,

    CONSTRAINT quarantine_payload_pkey PRIMARY KEY (payload_sha256) INCLUDE (payload_bytes),
    CONSTRAINT quarantine_payload_digest_is_whole CHECK (length(payload_sha256) = 32),
    CONSTRAINT quarantine_payload_length_is_its_own CHECK (payload_bytes = length(payload))
);
INSERT INTO signal.quarantine_payload (payload_bytes, payload_sha256, payload)
SELECT length(payload), sha256(payload), payload FROM signal.quarantine_rejection ON CONFLICT DO NOTHING;

ALTER TABLE signal.quarantine_rejection
    ADD COLUMN resolved_at    timestamptz,
    ADD COLUMN resolved_by    text,
    ADD COLUMN resolution     text,
    ADD COLUMN payload_sha256 bytea;
UPDATE signal.quarantine_rejection SET payload_sha256 = sha256(payload);
DROP INDEX signal.quarantine_message_is_kept_once;
DROP INDEX signal.quarantine_received_at_idx;
ALTER TABLE signal.quarantine_rejection
    DROP COLUMN payload,
    ALTER COLUMN payload_sha256 SET NOT NULL,
    ADD CONSTRAINT quarantine_rejection_payload_fkey FOREIGN KEY (payload_sha256)
        REFERENCES signal.quarantine_payload (payload_sha256),
    ADD CONSTRAINT quarantine_resolution_is_whole CHECK (num_nulls(resolved_at, resolved_by, resolution) IN (0, 3)),
    ADD CONSTRAINT quarantine_resolution_says_something CHECK (resolved_by ~ '\S' AND resolution ~ '\S');
CREATE UNIQUE INDEX quarantine_rejection_is_kept_once
    ON signal.quarantine_rejection (payload_sha256, md5(topic), reason);
CREATE INDEX quarantine_rejection_received_at_idx ON signal.quarantine_rejection (received_at, quarantine_id);

COMMENT ON TABLE  signal.quarantine_payload                  IS 'The bytes of messages in quarantine, each kept once.';
COMMENT ON COLUMN signal.quarantine_payload.payload_bytes    IS 'Its length.';
COMMENT ON COLUMN signal.quarantine_payload.payload_sha256   IS 'SHA-256 of the bytes: the key.';
COMMENT ON COLUMN signal.quarantine_payload.payload          IS 'The whole message, as it came.';
COMMENT ON TABLE  signal.quarantine_rejection                IS 'Why messages, or parts of them, were rejected: a row for each message, topic and reason.';
COMMENT ON COLUMN signal.quarantine_rejection.resolved_at    IS 'When an operator marked it as dealt with; null while it is open, and again once the same comes anew.';
COMMENT ON COLUMN signal.quarantine_rejection.resolved_by    IS 'Who did that; null while it is open.';
COMMENT ON COLUMN signal.quarantine_rejection.resolution     IS 'How it was dealt with, in that person''s words; null while it is open.';
COMMENT ON COLUMN signal.quarantine_rejection.payload_sha256 IS 'The message.';

CREATE VIEW signal.quarantine WITH (security_invoker = true) AS
SELECT quarantine_id, received_at, last_received_at, retried_at, times_received, samples, topic, reason, detail,
       content_type, payload, payload_bytes, resolved_at, resolved_by, resolution
FROM signal.quarantine_rejection JOIN signal.quarantine_payload USING (payload_sha256);
COMMENT ON VIEW   signal.quarantine                  IS 'Messages, or parts of them, that were rejected, each with its reason and its bytes.';
COMMENT ON COLUMN signal.quarantine.quarantine_id    IS 'Number for an operator to name.';
COMMENT ON COLUMN signal.quarantine.received_at      IS 'When it first came.';
COMMENT ON COLUMN signal.quarantine.last_received_at IS 'When it last came.';
COMMENT ON COLUMN signal.quarantine.retried_at       IS 'When an operator last gave it to the daemon again; null while nobody has.';
COMMENT ON COLUMN signal.quarantine.times_received   IS 'How often the same bytes came for the same reason.';
COMMENT ON COLUMN signal.quarantine.samples          IS 'How many samples the rejected part holds; 1 where that cannot be known.';
COMMENT ON COLUMN signal.quarantine.topic            IS 'MQTT topic.';
COMMENT ON COLUMN signal.quarantine.reason           IS 'Stable word: why.';
COMMENT ON COLUMN signal.quarantine.detail           IS 'One sentence for a person: which field, which limit.';
COMMENT ON COLUMN signal.quarantine.content_type     IS 'MQTT 5 content type; null where the message had none.';
COMMENT ON COLUMN signal.quarantine.payload          IS 'The whole message, as it came.';
COMMENT ON COLUMN signal.quarantine.payload_bytes    IS 'Its length.';
COMMENT ON COLUMN signal.quarantine.resolved_at      IS 'When an operator marked it as dealt with; null while it is open.';
COMMENT ON COLUMN signal.quarantine.resolved_by      IS 'Who did that; null while it is open.';
COMMENT ON COLUMN signal.quarantine.resolution       IS 'How it was dealt with; null while it is open.';

CREATE FUNCTION signal.drop_unused_payloads() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM signal.quarantine_payload WHERE payload_sha256 IN (SELECT payload_sha256 FROM gone)
    ORDER BY payload_sha256 FOR UPDATE;
    -- A statement of its own: it sees what was committed before the locks were had.
    DELETE FROM signal.quarantine_payload AS unused
    WHERE payload_sha256 IN (SELECT payload_sha256 FROM gone)
      AND NOT EXISTS (SELECT FROM signal.quarantine_rejection AS other
                      WHERE other.payload_sha256 = unused.payload_sha256);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION signal.drop_unused_payloads() IS 'Removes payloads whose last rejection was removed.';
CREATE TRIGGER quarantine_rejection_takes_its_payload AFTER DELETE ON signal.quarantine_rejection
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION signal.drop_unused_payloads();

-- A name in a payload is a whole JSON text; a detail quotes it likewise.
CREATE FUNCTION signal.quarantine_names(topic text, detail text, payload bytea, device_id text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN topic LIKE 'ht/1/%' THEN split_part(topic, '/', 4) = device_id
                ELSE device_id = ANY (string_to_array(topic, '/')) END
           OR position('"' || device_id || '"' IN detail) > 0
           OR position(convert_to('"' || device_id || '"', 'UTF8') IN payload) > 0;
COMMENT ON FUNCTION signal.quarantine_names(text, text, bytea, text) IS 'Whether a message in quarantine came from a device, or names it.';

CREATE FUNCTION signal.wear_under_legal_hold() RETURNS TABLE (device_id text, worn_during tstzrange)
    LANGUAGE sql STABLE SECURITY DEFINER ROWS 10 SET search_path = pg_catalog, pg_temp AS $$
    SELECT device.device_id, wear.worn_during
    FROM care.patient JOIN care.wear USING (patient_id) JOIN signal.device USING (device_key) WHERE patient.legal_hold
$$;
COMMENT ON FUNCTION signal.wear_under_legal_hold() IS 'Which devices people under legal hold wore, and when; not who they are.';

CREATE FUNCTION signal.purge_quarantine(
    received_before timestamptz, of_reason text, only_resolved boolean, after_at timestamptz, after_id bigint,
    rows_max integer, OUT last_at timestamptz, OUT last_id bigint, OUT purged_rows bigint, OUT purged_bytes bigint,
    OUT held_rows bigint)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    page   bigint[];
    locked bytea[];
BEGIN
    SELECT array_agg(quarantine_id), (array_agg(received_at ORDER BY received_at DESC, quarantine_id DESC))[1],
           (array_agg(quarantine_id ORDER BY received_at DESC, quarantine_id DESC))[1], array_agg(payload_sha256)
    INTO page, last_at, last_id, locked
    FROM (SELECT quarantine_id, received_at, payload_sha256 FROM signal.quarantine_rejection AS old
          WHERE old.received_at < received_before AND (old.received_at, old.quarantine_id) > (after_at, after_id)
            AND old.last_received_at < received_before AND (of_reason IS NULL OR old.reason = of_reason)
            AND (NOT only_resolved OR old.resolved_at IS NOT NULL)
          ORDER BY received_at, quarantine_id LIMIT rows_max) AS found;
    -- Who deletes waits for nobody who writes: what is locked goes another time.
    SELECT coalesce(array_agg(payload_sha256), '{}'), coalesce(sum(payload_bytes), 0) INTO locked, purged_bytes
    FROM (SELECT payload_sha256, payload_bytes FROM signal.quarantine_payload WHERE payload_sha256 = ANY (locked)
          ORDER BY payload_sha256 FOR UPDATE SKIP LOCKED) AS free;
    DELETE FROM signal.quarantine_rejection AS old USING signal.quarantine_payload AS bytes
    WHERE old.quarantine_id = ANY (page) AND bytes.payload_sha256 = ANY (locked)
      AND bytes.payload_sha256 = old.payload_sha256 AND old.last_received_at < received_before
      AND (NOT only_resolved OR old.resolved_at IS NOT NULL)
      AND NOT EXISTS (SELECT FROM signal.wear_under_legal_hold() AS held
                      WHERE held.worn_during && tstzrange(old.received_at, old.last_received_at, '[]')
                        AND signal.quarantine_names(old.topic, old.detail, bytes.payload, held.device_id));
    GET DIAGNOSTICS purged_rows = ROW_COUNT;
    SELECT count(*) INTO held_rows FROM signal.quarantine_rejection
    WHERE quarantine_id = ANY (page) AND payload_sha256 = ANY (locked);
    purged_bytes := purged_bytes - (SELECT coalesce(sum(payload_bytes), 0) FROM signal.quarantine_payload
                                    WHERE payload_sha256 = ANY (locked));
END $$;
COMMENT ON FUNCTION signal.purge_quarantine(timestamptz, text, boolean, timestamptz, bigint, integer) IS
    'Removes a page of what came before a time, in its order, and says where the next page begins: null at the end. Keeps what may be of a device that somebody under legal hold wore.';
REVOKE EXECUTE ON FUNCTION signal.purge_quarantine(timestamptz, text, boolean, timestamptz, bigint, integer),
    signal.wear_under_legal_hold() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION signal.purge_quarantine(timestamptz, text, boolean, timestamptz, bigint, integer)
    TO healthtrack_ingest, healthtrack_migrator;
GRANT EXECUTE ON FUNCTION signal.wear_under_legal_hold() TO healthtrack_roller, healthtrack_migrator;
GRANT SELECT ON signal.quarantine TO healthtrack_ingest, healthtrack_roller, healthtrack_migrator;
GRANT SELECT, INSERT, UPDATE ON signal.quarantine_payload TO healthtrack_ingest;
GRANT SELECT, INSERT, UPDATE, DELETE ON signal.quarantine_payload TO healthtrack_roller, healthtrack_migrator;
