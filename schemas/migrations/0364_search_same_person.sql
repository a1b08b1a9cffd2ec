-- Registration searches for the same person before it adds another: by name, birth date and contact.
--
-- Who proposes a person has typed name, birth date and contacts, which is recorded (access.proposal). The search is part of
-- that: whom it finds is kept with the proposal, and each of them gets an event of the audit, in the transaction that
-- proposes. Shown is afterwards, by another transaction, what tells people apart and no more: name, year of birth, town, and
-- how much is alike. Somebody of whom only the name is known finds nobody: birth date or contact has to be alike too. Which
-- of those found it is gives the key, as another event; it opens nothing by itself.
--
-- Likeness is of three parts. Names: edit distance of what is left without case, accents and marks, or the same sound; family
-- and given name also the wrong way round; each name that the person has or had. Birth date: the same, or day and month
-- exchanged, or one digit other; unknown dates count for nothing. Contact: the same number or address. Candidates are found
-- by indexes: by these dates and by contact, never by reading all people.
--
-- fuzzystrmatch is not in every build of Postgres, so sound and distance are functions of our own. Makes an index each on
-- care.patient_name and care.contact_point, which lock them against writes while they are built (a second for a million
-- people), and replaces the view access.unexplained_access: whoever registers explains these looks. Undo: drop functions,
-- table, trigger and indexes, and put the view back.
CREATE INDEX IF NOT EXISTS contact_point_value_idx ON care.contact_point (value);
CREATE INDEX IF NOT EXISTS patient_name_patient_idx ON care.patient_name (patient_id);

CREATE FUNCTION care.fold_name(name text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT translate(regexp_replace(regexp_replace(normalize(lower(name), NFKD), '[\u0300-\u036f]', '', 'g'),
                                    '[\s\u0027\u2019`´.,_-]', '', 'g'), 'øłđðæœß', 'olddaos')
$$;
COMMENT ON FUNCTION care.fold_name(text) IS 'A name without case, accents, blanks and marks.';

CREATE FUNCTION care.sound_of(name text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    said text := care.fold_name(name);
BEGIN
    IF said !~ '^[a-z]+$' THEN
        RETURN said;  -- Other scripts sound as they are written.
    END IF;
    said := regexp_replace(said, '^(kn|gn|pn)', 'n');
    said := regexp_replace(said, '^wr', 'r');
    said := regexp_replace(said, '^(ps|x)', 's');
    said := replace(replace(replace(said, 'sch', 's'), 'ph', 'f'), 'gh', 'h');
    said := regexp_replace(said, 'c(?=[eiy])', 's', 'g');
    -- One sign for letters of one sound; what is hardly heard is 0 and parts what it stands between.
    said := left(translate(said, 'aeiouywckqgjzv', 'aaaaaawkkkjjsf'), 1)
        || substr(regexp_replace(translate(said, 'bpfvcgjkqxszdtlmnraeiouyhw', '11112222222233455600000000'), '(.)\1+', '\1', 'g'), 2);
    RETURN left(replace(said, '0', ''), 6);
END $$;
COMMENT ON FUNCTION care.sound_of(text) IS 'A key that names have in common which sound alike: Smith, Smyth and Schmidt; the name itself in other scripts.';

CREATE FUNCTION care.edit_distance(one text, other text) RETURNS integer
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    a     constant text[] := string_to_array(left(one, 40), NULL);
    b     constant text[] := string_to_array(left(other, 40), NULL);
    width constant integer := cardinality(b);
    above integer[];
    row   integer[] := ARRAY(SELECT generate_series(0, cardinality(b)));
    next  integer[];
BEGIN
    FOR i IN 1 .. cardinality(a) LOOP
        next := ARRAY[i];
        FOR j IN 1 .. width LOOP
            next[j + 1] := least(row[j + 1] + 1, next[j] + 1, row[j] + (a[i] <> b[j])::integer,
                CASE WHEN i > 1 AND j > 1 AND a[i] = b[j - 1] AND a[i - 1] = b[j] THEN above[j - 1] + 1 END);
        END LOOP;
        above := row;
        row := next;
    END LOOP;
    RETURN row[width + 1];
END $$;
COMMENT ON FUNCTION care.edit_distance(text, text) IS 'How many letters are to be put in, taken out, changed or exchanged with their neighbour to make one word the other; of the first 40.';

CREATE FUNCTION care.likeness_of_words(one text, other text) RETURNS numeric
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    a     constant text := care.fold_name(one);
    b     constant text := care.fold_name(other);
    alike numeric;
BEGIN
    IF a = b AND a <> '' THEN
        RETURN 1;
    ELSIF coalesce(a, '') = '' OR coalesce(b, '') = '' THEN
        RETURN 0;
    END IF;
    alike := 1 - round(care.edit_distance(a, b)::numeric / greatest(least(length(a), 40), least(length(b), 40)), 2);
    RETURN CASE WHEN alike < 0.85 AND care.sound_of(a) = care.sound_of(b) THEN 0.85 ELSE alike END;
END $$;
COMMENT ON FUNCTION care.likeness_of_words(text, text) IS 'How much two words are alike, from 0 to 1; 0.85 at least where they sound alike.';

CREATE FUNCTION care.likeness_of_names(family text, given text, other_family text, other_given text) RETURNS numeric
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    alike numeric;
BEGIN
    IF coalesce(family, '') = '' OR coalesce(given, '') = '' OR coalesce(other_family, '') = '' OR coalesce(other_given, '') = '' THEN
        RETURN care.likeness_of_words(concat(family, given), concat(other_family, other_given));
    END IF;
    alike := round(0.6 * care.likeness_of_words(family, other_family) + 0.4 * care.likeness_of_words(given, other_given), 2);
    IF alike < 0.6 AND care.sound_of(family) = care.sound_of(other_given) AND care.sound_of(given) = care.sound_of(other_family) THEN
        RETURN 0.9;
    END IF;
    RETURN alike;
END $$;
COMMENT ON FUNCTION care.likeness_of_names(text, text, text, text) IS 'How much two names are alike, from 0 to 1: family names by 6 parts and given names by 4, or 0.9 where they are exchanged; all of it where one has only one name.';

CREATE FUNCTION care.likeness_of_births(one date, other date) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN one = other THEN 1
                WHEN to_char(one, 'YYYYMMDD') = to_char(other, 'YYYYDDMM') THEN 0.7
                WHEN (SELECT count(*) FROM generate_series(1, 8) AS place
                      WHERE substr(to_char(one, 'YYYYMMDD'), place, 1) <> substr(to_char(other, 'YYYYMMDD'), place, 1)) = 1
                THEN 0.7 WHEN one <> other THEN 0 END
$$;
COMMENT ON FUNCTION care.likeness_of_births(date, date) IS 'How much two birth dates are alike: 1, 0.7 where day and month are exchanged or one digit is other, else 0; null where one is not known.';

CREATE FUNCTION care.births_like(born_on date) RETURNS date[]
    LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(DISTINCT made.day), '{}')
    FROM (
        SELECT overlay(to_char(born_on, 'YYYYMMDD') PLACING digit::text FROM place) AS said
        FROM generate_series(1, 8) AS place, generate_series(0, 9) AS digit
        UNION ALL SELECT to_char(born_on, 'YYYYDDMM')
    ) AS variant
    CROSS JOIN LATERAL (SELECT left(said, 4)::integer AS y, substr(said, 5, 2)::integer AS m, right(said, 2)::integer AS d) AS part
    CROSS JOIN LATERAL (SELECT CASE WHEN y BETWEEN 1900 AND extract(year FROM now()) + 1 AND m BETWEEN 1 AND 12 AND d BETWEEN 1 AND 31
                                    THEN make_date(y, m, 1) + d - 1 END AS day) AS made
    WHERE extract(month FROM made.day) = m
$$;
COMMENT ON FUNCTION care.births_like(date) IS 'Dates that care.likeness_of_births finds like one, itself among them.';

CREATE TABLE access.proposal_match (
    proposal_match_id uuid         NOT NULL DEFAULT gen_random_uuid(),
    patient_id        uuid         NOT NULL,
    proposal_id       uuid         NOT NULL,
    score             numeric(3,2) NOT NULL,
    name_part         numeric(3,2) NOT NULL,
    birth_part        numeric(3,2),
    contact_part      numeric(3,2),

    CONSTRAINT proposal_match_pkey PRIMARY KEY (proposal_match_id),
    CONSTRAINT proposal_match_is_one UNIQUE (proposal_id, patient_id),
    CONSTRAINT proposal_match_proposal_fkey FOREIGN KEY (proposal_id) REFERENCES access.proposal (proposal_id) ON DELETE CASCADE
);
COMMENT ON TABLE  access.proposal_match                   IS 'Who may be the person that is about to be registered; for as long as the proposal stands.';
COMMENT ON COLUMN access.proposal_match.proposal_match_id IS 'Key, which choosing one takes.';
COMMENT ON COLUMN access.proposal_match.patient_id        IS 'Who may be the same person.';
COMMENT ON COLUMN access.proposal_match.proposal_id       IS 'Who is proposed.';
COMMENT ON COLUMN access.proposal_match.score             IS 'How much they are alike, from 0 to 1: name by 50 parts, birth date by 35, contact by 15, of what is known of both.';
COMMENT ON COLUMN access.proposal_match.name_part         IS 'How much the names are alike.';
COMMENT ON COLUMN access.proposal_match.birth_part        IS 'How much the birth dates are alike; null where one is not known.';
COMMENT ON COLUMN access.proposal_match.contact_part      IS 'Whether they have a number or mail address in common; null where one has none.';
COMMENT ON CONSTRAINT proposal_match_pkey ON access.proposal_match IS 'This match is known already.';
COMMENT ON CONSTRAINT proposal_match_is_one ON access.proposal_match IS 'This match is known already.';
COMMENT ON CONSTRAINT proposal_match_proposal_fkey ON access.proposal_match IS 'Propose the person first.';
CREATE TRIGGER proposal_match_stays_under_hold BEFORE DELETE ON access.proposal_match
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.keep_row_under_hold();
CALL access.guard('access.proposal_match', 'internal');
INSERT INTO access.cap (cap, most, why) VALUES
    ('matches_a_registration', 5, 'People who are shown, by name, year of birth and town, to who registers somebody like them.');

CREATE FUNCTION access.find_same_person(person jsonb)
    RETURNS TABLE (patient_id uuid, score numeric, name_part numeric, birth_part numeric, contact_part numeric)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    born  date;
    days  date[];
    reach constant text[] := ARRAY(SELECT DISTINCT c.value
                                   FROM jsonb_to_recordset(coalesce(person -> 'contacts', '[]')) AS c (value text)
                                   WHERE c.value IS NOT NULL);
BEGIN
    -- A date in part, or none, is compared with nothing; a registration says what is wrong with it.
    IF person ->> 'born_on' ~ '^\d{4}-\d{2}-\d{2}$' THEN
        BEGIN
            born := (person ->> 'born_on')::date;
        EXCEPTION WHEN datetime_field_overflow OR invalid_datetime_format THEN
            born := NULL;
        END;
    END IF;
    days := care.births_like(born);
    RETURN QUERY
    WITH wanted AS MATERIALIZED (
        SELECT n.family, n.given[1] AS given, care.sound_of(coalesce(n.family, n.given[1])) AS sound,
               care.sound_of(n.given[1]) AS given_sound
        FROM jsonb_to_recordset(coalesce(person -> 'names', '[]')) AS n (family text, given text[])
    ), reached AS MATERIALIZED (
        SELECT DISTINCT c.patient_id FROM care.contact_point c WHERE c.value = ANY (reach)
    ), candidate AS MATERIALIZED (
        SELECT p.patient_id, p.born_on FROM care.patient p WHERE p.born_on = ANY (days)
        UNION SELECT p.patient_id, p.born_on FROM reached r JOIN care.patient p USING (patient_id)
    ), named AS (
        -- Words are compared letter by letter where the date is the same, or the contact, or the name sounds alike.
        SELECT c.patient_id, c.born_on, max(care.likeness_of_names(w.family, w.given, n.family, n.given[1])) AS alike
        FROM candidate c JOIN care.patient_name n USING (patient_id) CROSS JOIN wanted w
        WHERE c.born_on = born OR c.patient_id IN (SELECT r.patient_id FROM reached r)
           OR care.sound_of(coalesce(n.family, n.given[1])) IN (w.sound, w.given_sound)
        GROUP BY c.patient_id, c.born_on
    ), part AS MATERIALIZED (
        SELECT named.patient_id, named.alike, care.likeness_of_births(born, named.born_on) AS birth,
               CASE WHEN named.patient_id IN (SELECT r.patient_id FROM reached r) THEN 1
                    -- A search for one row each: EXISTS may be made a list of all who have a contact.
                    WHEN cardinality(reach) > 0 AND (SELECT true FROM care.contact_point c
                                                     WHERE c.patient_id = named.patient_id LIMIT 1) THEN 0 END::numeric AS contact
        FROM named
    ), scored AS (
        SELECT part.*, round((0.5 * alike + 0.35 * coalesce(birth, 0) + 0.15 * coalesce(contact, 0))
                             / (0.5 + CASE WHEN birth IS NULL THEN 0 ELSE 0.35 END
                                    + CASE WHEN contact IS NULL THEN 0 ELSE 0.15 END), 2) AS total
        FROM part
    )
    SELECT scored.patient_id, total, alike, birth, contact FROM scored
    WHERE total >= 0.7 AND (birth >= 0.7 OR contact = 1) AND (alike >= 0.6 OR alike >= 0.4 AND birth = 1 AND contact = 1)
    ORDER BY total DESC, scored.patient_id LIMIT access.cap_of('matches_a_registration');
END $$;
COMMENT ON FUNCTION access.find_same_person(jsonb) IS 'People who may be the one described, the likest first, as many as access.cap allows; for who records it.';

CREATE FUNCTION access.note_matches() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found record;
BEGIN
    FOR found IN SELECT * FROM access.find_same_person(NEW.person) LOOP
        INSERT INTO access.proposal_match (patient_id, proposal_id, score, name_part, birth_part, contact_part)
        VALUES (found.patient_id, NEW.proposal_id, found.score, found.name_part, found.birth_part, found.contact_part);
        PERFORM access.audit('read', found.patient_id, 'care.patient', 'allowed', 'registration');
    END LOOP;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION access.note_matches() IS 'Trigger after a person is proposed: keeps who may be the same, and records for each of them that they are shown.';
CREATE TRIGGER proposal_is_compared AFTER INSERT ON access.proposal FOR EACH ROW EXECUTE FUNCTION access.note_matches();

CREATE FUNCTION access.check_proposal(me access.caller, proposal uuid) RETURNS void
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM access.proposal p
        WHERE p.proposal_id = proposal AND p.session_id = me.session_id
          AND p.proposed_at > clock_timestamp() - INTERVAL '5 minutes'
          AND p.xid IS DISTINCT FROM pg_current_xact_id_if_assigned()) THEN
        PERFORM access.refuse('proposal_is_recorded', 'Propose the person, commit it, and register within five minutes.');
    END IF;
END $$;
COMMENT ON FUNCTION access.check_proposal(access.caller, uuid) IS 'Refuses what no other, committed transaction of this session proposed within five minutes.';

CREATE FUNCTION access.matches_of(me access.caller, proposal uuid)
    RETURNS TABLE (match uuid, family text, given text[], born_in integer, town text, score numeric, name_part numeric,
                   birth_part numeric, contact_part numeric)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    IF me.has_written THEN
        PERFORM access.refuse('reading_comes_before_writing', 'Read in a transaction that has written nothing yet.');
    END IF;
    PERFORM access.check_proposal(me, proposal);
    RETURN QUERY
    SELECT m.proposal_match_id, n.family, n.given, coalesce(extract(year FROM p.born_on)::integer, left(p.born_in, 4)::integer), a.city, m.score, m.name_part,
           m.birth_part, m.contact_part
    FROM access.proposal_match m JOIN care.patient p USING (patient_id)
    LEFT JOIN LATERAL (SELECT o.family, o.given FROM care.patient_name o
                       WHERE o.patient_id = m.patient_id AND o.valid_during @> current_date
                       ORDER BY o.use = 'official' DESC, o.preferred DESC, o.use LIMIT 1) AS n ON true
    LEFT JOIN LATERAL (SELECT o.city FROM care.address o
                       WHERE o.patient_id = m.patient_id AND o.valid_during @> current_date
                       ORDER BY o.use = 'home' DESC, o.use LIMIT 1) AS a ON true
    WHERE m.proposal_id = proposal ORDER BY m.score DESC, m.proposal_match_id;
END $$;
COMMENT ON FUNCTION access.matches_of(access.caller, uuid) IS 'Who may be the person that this session proposed: name, year of birth and town, and how much is alike.';

CREATE FUNCTION access.choose_match(me access.caller, proposal uuid, match uuid) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    chosen uuid;
BEGIN
    PERFORM access.check_proposal(me, proposal);
    SELECT m.patient_id INTO chosen FROM access.proposal_match m
    WHERE m.proposal_id = proposal AND m.proposal_match_id = match;
    IF chosen IS NULL THEN
        PERFORM access.refuse('match_is_of_the_proposal', 'Choose one of the people who were found.');
    END IF;
    DELETE FROM access.proposal p WHERE p.proposal_id = proposal;
    PERFORM access.note(me, 'read', chosen, 'care.patient/' || chosen, 'registration');
    RETURN chosen;
END $$;
COMMENT ON FUNCTION access.choose_match(access.caller, uuid, uuid) IS 'Takes one of those found for who was to be registered, and ends the proposal; audited; gives the key, which opens nothing by itself.';
GRANT EXECUTE ON FUNCTION access.matches_of(access.caller, uuid), access.choose_match(access.caller, uuid, uuid)
    TO healthtrack_care;

CALL access.publish('read_matches', 'proposal uuid',
    'TABLE (match uuid, family text, given text[], born_in integer, town text, score numeric, name_part numeric, birth_part numeric, contact_part numeric)',
    'RETURN QUERY SELECT * FROM access.matches_of(me, proposal);',
    'Who may be the person that this session has proposed, the likest first: name, year of birth and town, and how much is alike.');
CALL access.publish('choose_match', 'proposal uuid, match uuid', 'uuid',
    'answer := access.choose_match(me, proposal, match);',
    'Takes one of those found in the place of registering anew; gives the patient''s key, which opens nothing by itself.');

-- Looks of a registration are explained by it.
DO $$
DECLARE
    said  constant text := pg_get_viewdef('access.unexplained_access'::regclass);
    known constant text := 'e.action <> ''break_glass''::text';
BEGIN
    IF position(known IN said) = 0 THEN
        RAISE EXCEPTION 'access.unexplained_access has changed: say there that a registration explains its looks';
    END IF;
    EXECUTE 'CREATE OR REPLACE VIEW access.unexplained_access WITH (security_barrier = true) AS '
        || replace(said, known, known || ' AND e.reason IS DISTINCT FROM ''registration''::text');
END $$;
