-- Who looked at a record is told with the categories that were open to them: `record.behavioural_health`.
--
-- The event of a look named the part of the record and not how far it was open, so a patient could not see that somebody
-- had read what is kept apart. A look now writes the categories that are open to its actor behind the kind, and is kept
-- with them; a read by a look of before one was opened is refused, since the event would not tell of it. The patient's
-- own looks name none; a look at all names what is open for anybody. A grant of one category alone opens looks at the kinds that show rows of it.
--
-- Kinds show sensitive rows unless they say otherwise, so that one which is forgotten tells too much and not too little.
-- Locks access.look and access.look_kind for an instant. Undo: put the functions of migrations 133, 134 and 195 back, drop
-- the columns and access.categories_open.
ALTER TABLE access.look_kind ADD COLUMN sensitive boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN access.look_kind.sensitive IS 'Whether rows that are kept apart by a category are among what it shows: then its events name the categories that were open.';
UPDATE access.look_kind SET sensitive = false
WHERE kind NOT IN ('record', 'results', 'visits', 'adherence', 'history', 'outcomes');
ALTER TABLE access.look_kind ADD CONSTRAINT look_kind_leaves_room CHECK (length(kind) <= 26);
COMMENT ON CONSTRAINT look_kind_leaves_room ON access.look_kind IS 'Name a kind in 26 letters at most: the audit writes four categories behind it.';
ALTER TABLE access.look ADD COLUMN opens text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN access.look.opens IS 'Categories of sensitive rows that were open to the actor, as its event names them.';
COMMENT ON COLUMN access.audit_event.resource IS 'What it was: a kind of look, with the categories that were open behind points (record.behavioural_health), a table, or a table and a key.';

CREATE FUNCTION access.categories_open(patient uuid) RETURNS text[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (
        SELECT coalesce(array_agg(category ORDER BY category), '{}')
        FROM unnest(ARRAY['behavioural_health', 'hiv', 'reproductive', 'substance_use']) AS category
        WHERE CASE WHEN patient IS NULL THEN access.patients_opened(category) <> '{}'
                   ELSE patient <> ALL (access.own_patients()) AND patient = ANY (access.patients_opened(category)) END);
END $$;
COMMENT ON FUNCTION access.categories_open(uuid) IS 'Categories of sensitive rows of this patient that care or a grant opens to the actor at this moment; none for the patient, to whom all is open. Of no patient: those that are open for anybody.';
REVOKE EXECUTE ON FUNCTION access.categories_open(uuid) FROM PUBLIC;

-- Who was granted one category alone sees whose it is.
CREATE FUNCTION access.patients_granted_apart() RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN access.patients_granted('behavioural_health') || access.patients_granted('hiv')
        || access.patients_granted('reproductive') || access.patients_granted('substance_use');
END $$;
COMMENT ON FUNCTION access.patients_granted_apart() IS 'Patients who let the actor see one category of sensitive rows or more.';
REVOKE EXECUTE ON FUNCTION access.patients_granted_apart() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.patients_granted_apart() TO healthtrack_care;
CREATE POLICY granted_apart ON care.patient FOR SELECT TO healthtrack_care
    USING (patient_id = ANY ((SELECT access.patients_granted_apart())::uuid[]));
CREATE POLICY granted_apart ON care.patient_name FOR SELECT TO healthtrack_care
    USING (patient_id = ANY ((SELECT access.patients_granted_apart())::uuid[]));

DO $$
DECLARE
    changed record;
    stands  text;
BEGIN
    FOR changed IN SELECT * FROM (VALUES
        ('access.reason_to_look(uuid,text)',
         'THEN ''in_care''
        WHEN patient = ANY (access.patients_granted(open.scope)) THEN ''granted''',
         'THEN ''in_care''
        WHEN patient = ANY (access.patients_granted(open.scope)) THEN ''granted''
        WHEN open.sensitive AND open.scope = ''chart'' AND patient = ANY (access.patients_granted_apart()) THEN ''granted'''),
        ('access.look(access.caller,uuid,text,uuid)',
         '    reason text;
    made   uuid;',
         '    reason text;
    opens  text[] := ''{}'';
    made   uuid;'),
        ('access.look(access.caller,uuid,text,uuid)',
         'PERFORM access.note(me, ''read'', patient, kind, reason,',
         'IF reason <> ''own'' AND (SELECT k.sensitive FROM access.look_kind k WHERE k.kind = look.kind) THEN
        opens := access.categories_open(patient);
    END IF;
    PERFORM access.note(me, ''read'', patient, concat_ws(''.'', kind, nullif(array_to_string(opens, ''.''), '''')), reason,'),
        ('access.look(access.caller,uuid,text,uuid)',
         'INSERT INTO access.look (session_id, patient_id, kind) VALUES (me.session_id, patient, kind)',
         'INSERT INTO access.look (session_id, patient_id, kind, opens) VALUES (me.session_id, patient, kind, opens)'),
        ('access.check_look(access.caller,uuid,uuid,text)',
         'AND l.xid IS DISTINCT FROM pg_current_xact_id_if_assigned()',
         'AND l.xid IS DISTINCT FROM pg_current_xact_id_if_assigned()
          -- What was opened since, the event does not name.
          AND (l.opens @> access.categories_open(patient)
               OR NOT (SELECT k.sensitive FROM access.look_kind k WHERE k.kind = split_part(check_look.kind, ''/'', 1)))')
    ) AS list (of, former, replaced) LOOP
        stands := pg_get_functiondef(changed.of::regprocedure);
        IF strpos(stands, changed.former) = 0 THEN
            RAISE EXCEPTION '% is not what it was: it must name the categories that are open', changed.of;
        END IF;
        EXECUTE replace(stands, changed.former, changed.replaced);
    END LOOP;
END $$;
