-- Who books at a desk sees for whom: name, birth and town of who has a visit there, from 30 days ago on, waits or is a task there, or
-- was registered or found by the very account within a day. Until now somebody else with a like name could be booked unseen.
--
-- New functions, replaces one, locks nothing. Undo: drop them and the kind; take the line of desk_person out of access.reason_to_look.
INSERT INTO access.look_kind (kind, scope, in_care, sensitive) VALUES ('desk_person', 'none', false, false);

CREATE FUNCTION access.is_met_at_desk(patient uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- Asked for once: an index is not searched by what may change while it is.
    since constant timestamptz := clock_timestamp() - INTERVAL '24 hours';
BEGIN
    RETURN access.part() = 'front_desk' AND (
        EXISTS (SELECT FROM access.audit_event e
                WHERE e.actor = access.actor() AND e.at > since AND e.patient_id = is_met_at_desk.patient
                  AND e.action IN ('create', 'read') AND e.outcome = 'allowed' AND e.resource = 'care.patient/' || is_met_at_desk.patient)
        OR EXISTS (SELECT FROM care.appointment v
                   WHERE v.patient_id = is_met_at_desk.patient AND v.facility_id = ANY (access.own_facilities())
                     AND lower(v.during) > clock_timestamp() - INTERVAL '30 days')
        OR EXISTS (SELECT FROM care.waitlist_entry w
                   WHERE w.patient_id = is_met_at_desk.patient AND w.facility_id = ANY (access.own_facilities()) AND w.status = 'waiting')
        OR EXISTS (SELECT FROM care.task k
                   WHERE k.patient_id = is_met_at_desk.patient AND k.pool = 'front_desk' AND k.ended_at IS NULL
                     AND k.facility_id = ANY (access.own_facilities())));
END $$;
REVOKE EXECUTE ON FUNCTION access.is_met_at_desk(uuid) FROM PUBLIC;
COMMENT ON FUNCTION access.is_met_at_desk(uuid) IS
    'Whether a patient has a visit at the acting desk, from 30 days ago on, waits or is a task there, or was registered or found by the acting account within a day.';

CREATE OR REPLACE FUNCTION access.reason_to_look(patient uuid, kind text)
 RETURNS text
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $$
DECLARE
    open   access.look_kind;
    shared uuid[];
BEGIN
    SELECT * INTO open FROM access.look_kind k WHERE k.kind = split_part(reason_to_look.kind, '/', 1);
    -- Asked in any case: the time it takes would else tell whether the patient writes a journal.
    IF open.shared_entry THEN
        shared := care.entries_shared();
    END IF;
    RETURN CASE
        WHEN open.kind IS NULL THEN NULL
        WHEN patient = ANY (access.own_patients()) THEN 'own'
        WHEN open.in_care AND patient = ANY (access.patients_in_care()) THEN 'in_care'
        WHEN patient = ANY (access.patients_granted(open.scope)) THEN 'granted'
        WHEN open.sensitive AND open.scope = 'chart' AND patient = ANY (access.patients_granted_apart()) THEN 'granted'
        WHEN open.act IS NOT NULL AND patient = ANY (access.patients_acted_for(open.act)) THEN 'granted'
        WHEN open.at_desk AND access.part() = 'front_desk' AND (
            EXISTS (SELECT FROM care.appointment v
                    WHERE v.patient_id = patient AND v.facility_id = ANY (access.own_facilities()))
            OR EXISTS (SELECT FROM care.waitlist_entry w
                       WHERE w.patient_id = patient AND w.facility_id = ANY (access.own_facilities()))) THEN 'at_desk'
        WHEN open.kind = 'desk_person' AND access.is_met_at_desk(patient) THEN 'at_desk'
        WHEN open.billed AND access.part() = 'biller' AND EXISTS (
            SELECT FROM care.invoice i
            WHERE i.patient_id = patient AND i.facility_id = ANY (access.own_facilities())) THEN 'billed'
        WHEN open.shared_entry AND EXISTS (
            SELECT FROM care.journal_entry e
            WHERE e.patient_id = patient AND e.journal_entry_id = ANY (shared)) THEN 'granted'
    END;
END $$;

CREATE FUNCTION access.desk_person(patient uuid) RETURNS TABLE (family text, given text[], born_on text, town text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT n.family, n.given, coalesce(p.born_on::text, p.born_in), a.city
    FROM care.patient p
    LEFT JOIN LATERAL (SELECT o.family, o.given FROM care.patient_name o
                       WHERE o.patient_id = p.patient_id AND o.valid_during @> current_date
                       ORDER BY o.use = 'official' DESC, o.preferred DESC, o.use LIMIT 1) AS n ON true
    LEFT JOIN LATERAL (SELECT o.city FROM care.address o
                       WHERE o.patient_id = p.patient_id AND o.valid_during @> current_date
                       ORDER BY o.use = 'home' DESC, o.use LIMIT 1) AS a ON true
    WHERE p.patient_id = desk_person.patient AND access.reason_to_look(desk_person.patient, 'desk_person') = 'at_desk'
$$;
REVOKE EXECUTE ON FUNCTION access.desk_person(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.desk_person(uuid) TO healthtrack_care;
COMMENT ON FUNCTION access.desk_person(uuid) IS 'Name, birth as far as it is known, and town of a patient whom the acting desk meets.';

CALL access.publish('read_desk_person', '', 'TABLE (family text, given text[], born_on text, town text)',
    $body$RETURN QUERY SELECT d.* FROM access.desk_person(patient) d;$body$,
    'For whom a desk books: name, birth as far as it is known, and town of a patient who has a visit or waits there, or whom the account registered or found within a day.',
    look => $$'desk_person'$$);
