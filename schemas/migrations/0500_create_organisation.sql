-- Whose a facility is: the organisations of a network, in a tree, and the numbers by which others know them.
--
-- An organisation is FHIR's Organization: a body of law or a part of the network that answers for facilities. What it is a
-- part of is a tree without circles, whoever writes at once: each row has its depth, a part is one deeper than its whole,
-- and the reference to the whole carries that depth. A circle would need a row that is deeper than itself, so no order of
-- two writers makes one. Triggers work the depth out and move the parts along; who changes a tree waits for who changes it
-- already, so that two do not end in a deadlock. Numbers are checked by their last digits where they have such: NPI by
-- Luhn (80840 before it), LEI by ISO 7064. An EIN has none, nor have CCN and CLIA, which are checked by their shape.
--
-- One organisation is there from the beginning, `The network`, to which a facility belongs whose organisation nobody says;
-- give it the name that it has. New tables and functions, lock nothing. Undo: drop them.
CREATE TABLE care.organisation (
    organisation_id uuid             NOT NULL DEFAULT gen_random_uuid(),
    part_of         uuid,
    created_at      timestamptz      NOT NULL DEFAULT now(),
    updated_at      timestamptz      NOT NULL DEFAULT now(),
    city_id         integer,
    version         integer          NOT NULL DEFAULT 1,
    depth           smallint         NOT NULL DEFAULT 0,
    part_of_depth   smallint         GENERATED ALWAYS AS (CASE WHEN part_of IS NOT NULL THEN depth - 1 END) STORED,
    active_during   daterange        NOT NULL DEFAULT '(,)',
    name            text             NOT NULL,
    kind            text             NOT NULL,
    street          text,
    postal_code     text,
    phone           care.phone,
    email           care.email,
    website         care.web_address,
    updated_by      text             NOT NULL DEFAULT session_user,

    CONSTRAINT organisation_pkey PRIMARY KEY (organisation_id),
    CONSTRAINT organisation_id_with_depth_is_unique UNIQUE (organisation_id, depth),
    CONSTRAINT organisation_part_of_fkey FOREIGN KEY (part_of, part_of_depth)
        REFERENCES care.organisation (organisation_id, depth) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT organisation_city_fkey FOREIGN KEY (city_id) REFERENCES care.city (city_id),
    CONSTRAINT organisation_name_is_unique_in_its_whole UNIQUE NULLS NOT DISTINCT (part_of, name),
    CONSTRAINT organisation_depth_is_limited CHECK (depth BETWEEN 0 AND 7 AND (depth = 0) = (part_of IS NULL)),
    CONSTRAINT organisation_name_is_some CHECK (name ~ '\S' AND length(name) <= 200),
    CONSTRAINT organisation_kind_is_known CHECK (kind IN ('network', 'legal_entity', 'division', 'practice', 'partner', 'other')),
    CONSTRAINT organisation_is_active_at_some_time CHECK (NOT isempty(active_during)),
    CONSTRAINT organisation_address_is_whole CHECK (
        num_nonnulls(street, postal_code, city_id) IN (0, 3) AND street ~ '\S' AND postal_code ~ '\S'
    )
);
CREATE INDEX organisation_part_of_idx ON care.organisation (part_of, part_of_depth);
CREATE INDEX organisation_city_idx ON care.organisation (city_id);
CREATE TRIGGER organisation_is_stamped BEFORE INSERT OR UPDATE ON care.organisation
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER organisation_is_touched BEFORE UPDATE ON care.organisation FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.organisation                 IS 'Body of law or part of the network that answers for facilities.';
COMMENT ON COLUMN care.organisation.organisation_id IS 'Key.';
COMMENT ON COLUMN care.organisation.part_of         IS 'Organisation that it is a part of; null for one that stands by itself.';
COMMENT ON COLUMN care.organisation.created_at      IS 'When the row was made.';
COMMENT ON COLUMN care.organisation.updated_at      IS 'When it was last changed.';
COMMENT ON COLUMN care.organisation.city_id         IS 'City of its address; null where no address is known.';
COMMENT ON COLUMN care.organisation.version         IS 'Raised by each change.';
COMMENT ON COLUMN care.organisation.depth           IS 'How many organisations stand above it; worked out from what it is a part of.';
COMMENT ON COLUMN care.organisation.part_of_depth   IS 'How many stand above what it is a part of: half of the key that keeps circles out.';
COMMENT ON COLUMN care.organisation.active_during   IS 'Days on which it exists; without a bound where it has none or nobody knows.';
COMMENT ON COLUMN care.organisation.name            IS 'Name, unique among the parts of one organisation.';
COMMENT ON COLUMN care.organisation.kind            IS 'network, legal_entity, division, practice, partner or other.';
COMMENT ON COLUMN care.organisation.street          IS 'Street and number of its address; null where no address is known.';
COMMENT ON COLUMN care.organisation.postal_code     IS 'Postal code of its address; null where no address is known.';
COMMENT ON COLUMN care.organisation.phone           IS 'Telephone; null where there is none.';
COMMENT ON COLUMN care.organisation.email           IS 'Electronic mail; null where there is none.';
COMMENT ON COLUMN care.organisation.website         IS 'Its page; null where there is none.';
COMMENT ON COLUMN care.organisation.updated_by      IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT organisation_pkey ON care.organisation IS 'This organisation is known already.';
COMMENT ON CONSTRAINT organisation_id_with_depth_is_unique ON care.organisation IS 'This organisation is known already.';
COMMENT ON CONSTRAINT organisation_part_of_fkey ON care.organisation IS 'Choose one of the known organisations as the whole.';
COMMENT ON CONSTRAINT organisation_city_fkey ON care.organisation IS 'Add the city first.';
COMMENT ON CONSTRAINT organisation_name_is_unique_in_its_whole ON care.organisation IS 'There is an organisation of that name at that place already.';
COMMENT ON CONSTRAINT organisation_depth_is_limited ON care.organisation IS 'At most seven organisations may stand above one.';
COMMENT ON CONSTRAINT organisation_name_is_some ON care.organisation IS 'Give the organisation a name of 200 letters at most.';
COMMENT ON CONSTRAINT organisation_kind_is_known ON care.organisation IS 'Choose network, legal_entity, division, practice, partner or other.';
COMMENT ON CONSTRAINT organisation_is_active_at_some_time ON care.organisation IS 'An organisation ends after it begins.';
COMMENT ON CONSTRAINT organisation_address_is_whole ON care.organisation IS 'Give street, postal code and city, or none of them.';
CALL access.guard('care.organisation', 'directory');

CREATE FUNCTION care.wait_for_tree() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(TG_RELID::regclass::text || ' as a tree', 0));
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.wait_for_tree() IS 'Trigger before rows of a tree are written: waits for whoever changes what is a part of what.';
REVOKE EXECUTE ON FUNCTION care.wait_for_tree() FROM PUBLIC;

CREATE FUNCTION care.place_in_tree() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    own   constant uuid := to_jsonb(NEW) ->> TG_ARGV[0];
    found record;
BEGIN
    IF NEW.part_of IS NULL THEN
        NEW.depth := 0;
        RETURN NEW;
    END IF;
    EXECUTE format('
        WITH RECURSIVE above AS (
            SELECT %1$I AS id, part_of, depth, 1 AS step FROM %2$s WHERE %1$I = $1
            UNION ALL
            SELECT up.%1$I, up.part_of, up.depth, above.step + 1 FROM above JOIN %2$s up ON up.%1$I = above.part_of
            WHERE above.step < 100
        ) SELECT coalesce(bool_or(id = $2), $1 = $2) AS circle, max(depth) FILTER (WHERE step = 1) AS depth FROM above',
        TG_ARGV[0], TG_RELID::regclass) INTO found USING NEW.part_of, own;
    IF found.circle THEN
        PERFORM care.refuse(TG_TABLE_NAME || '_is_no_part_of_itself', 'Choose a whole that is no part of it.');
    END IF;
    -- Of an unknown whole the reference says so; a depth that is too large is refused by the check.
    NEW.depth := coalesce(found.depth, 0) + 1;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.place_in_tree() IS 'Trigger before a row of a tree is placed: works out its depth, and refuses a whole that is a part of it.';
REVOKE EXECUTE ON FUNCTION care.place_in_tree() FROM PUBLIC;

CREATE FUNCTION care.move_parts() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format('UPDATE %s SET depth = depth WHERE part_of = $1', TG_RELID::regclass)
    USING (to_jsonb(NEW) ->> TG_ARGV[0])::uuid;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.move_parts() IS 'Trigger after a row of a tree has another depth: works out the depth of its parts anew.';
REVOKE EXECUTE ON FUNCTION care.move_parts() FROM PUBLIC;

CREATE TRIGGER organisation_waits_for_its_tree BEFORE INSERT OR UPDATE OF part_of, depth ON care.organisation
    FOR EACH STATEMENT EXECUTE FUNCTION care.wait_for_tree();
CREATE TRIGGER organisation_is_placed BEFORE INSERT OR UPDATE OF part_of, depth ON care.organisation
    FOR EACH ROW EXECUTE FUNCTION care.place_in_tree('organisation_id');
CREATE TRIGGER organisation_moves_its_parts AFTER UPDATE OF part_of, depth ON care.organisation
    FOR EACH ROW WHEN (OLD.depth <> NEW.depth) EXECUTE FUNCTION care.move_parts('organisation_id');

INSERT INTO care.organisation (organisation_id, name, kind)
VALUES ('00000000-0000-4000-8000-000000000001', 'The network', 'network');

CREATE FUNCTION care.iso_7064_fits(code text) RETURNS boolean
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE WHEN code ~ '^[0-9A-Z]{3,40}$' THEN (
        SELECT string_agg(strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', letter)::numeric - 1 || '', '' ORDER BY nth)::numeric % 97 = 1
        FROM regexp_split_to_table(code, '') WITH ORDINALITY AS part (letter, nth)
    ) ELSE false END;
COMMENT ON FUNCTION care.iso_7064_fits(text) IS 'True where the last two digits of a code are its check digits by ISO 7064 (mod 97-10).';

CREATE FUNCTION care.organisation_number_fits(kind text, number text) RETURNS boolean
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE kind
        WHEN 'npi'  THEN number ~ '^[12][0-9]{9}$' AND care.luhn_fits('80840' || number)
        WHEN 'lei'  THEN number ~ '^[0-9A-Z]{18}[0-9]{2}$' AND care.iso_7064_fits(number)
        WHEN 'ein'  THEN number ~ '^[0-9]{2}-[0-9]{7}$'
        WHEN 'ccn'  THEN number ~ '^[0-9]{2}[0-9A-Z][0-9]{3}$'
        WHEN 'clia' THEN number ~ '^[0-9]{2}D[0-9]{7}$'
        ELSE number ~ '^\S(.{0,98}\S)?$' END;
COMMENT ON FUNCTION care.organisation_number_fits(text, text) IS 'True where a number of an organisation has the shape and the check digits of its kind.';

CREATE TABLE care.organisation_identifier (
    organisation_identifier_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    organisation_id            uuid        NOT NULL,
    created_at                 timestamptz NOT NULL DEFAULT now(),
    updated_at                 timestamptz NOT NULL DEFAULT now(),
    version                    integer     NOT NULL DEFAULT 1,
    valid_during               daterange   NOT NULL DEFAULT '(,)',
    kind                       text        NOT NULL,
    issuer                     text        NOT NULL,
    value                      text        NOT NULL,
    updated_by                 text        NOT NULL DEFAULT session_user,

    CONSTRAINT organisation_identifier_pkey PRIMARY KEY (organisation_identifier_id),
    CONSTRAINT organisation_identifier_organisation_fkey FOREIGN KEY (organisation_id)
        REFERENCES care.organisation (organisation_id),
    CONSTRAINT organisation_identifier_is_of_one_organisation UNIQUE (kind, issuer, value),
    CONSTRAINT organisation_identifier_kind_is_known CHECK (kind IN ('npi', 'ein', 'tax_id', 'lei', 'ccn', 'clia', 'other')),
    CONSTRAINT organisation_identifier_issuer_is_a_name CHECK (issuer ~ '^[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}$'),
    CONSTRAINT organisation_identifier_value_fits_its_kind CHECK (care.organisation_number_fits(kind, value)),
    CONSTRAINT organisation_identifier_is_valid_at_some_time CHECK (NOT isempty(valid_during))
);
CREATE INDEX organisation_identifier_organisation_idx ON care.organisation_identifier (organisation_id);
CREATE TRIGGER organisation_identifier_is_stamped BEFORE INSERT OR UPDATE ON care.organisation_identifier
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER organisation_identifier_is_touched BEFORE UPDATE ON care.organisation_identifier
    FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.organisation_identifier                            IS 'Numbers by which others know an organisation.';
COMMENT ON COLUMN care.organisation_identifier.organisation_identifier_id IS 'Key.';
COMMENT ON COLUMN care.organisation_identifier.organisation_id            IS 'Whose.';
COMMENT ON COLUMN care.organisation_identifier.created_at                 IS 'When the row was made.';
COMMENT ON COLUMN care.organisation_identifier.updated_at                 IS 'When it was last changed.';
COMMENT ON COLUMN care.organisation_identifier.version                    IS 'Raised by each change.';
COMMENT ON COLUMN care.organisation_identifier.valid_during               IS 'Days on which it is valid; without a bound where it has none or nobody knows.';
COMMENT ON COLUMN care.organisation_identifier.kind IS
    'npi, ein (tax number of the United States), tax_id (of elsewhere), lei, ccn (Medicare), clia (laboratory) or other.';
COMMENT ON COLUMN care.organisation_identifier.issuer                     IS 'Who gave it: US-CMS, US-IRS, GLEIF, a country or state by ISO 3166.';
COMMENT ON COLUMN care.organisation_identifier.value                      IS 'The number, as its issuer writes it.';
COMMENT ON COLUMN care.organisation_identifier.updated_by                 IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT organisation_identifier_pkey ON care.organisation_identifier IS 'This number is known already.';
COMMENT ON CONSTRAINT organisation_identifier_organisation_fkey ON care.organisation_identifier IS 'Add the organisation first.';
COMMENT ON CONSTRAINT organisation_identifier_is_of_one_organisation ON care.organisation_identifier IS
    'An organisation has this number of that issuer already.';
COMMENT ON CONSTRAINT organisation_identifier_kind_is_known ON care.organisation_identifier IS 'Choose npi, ein, tax_id, lei, ccn, clia or other.';
COMMENT ON CONSTRAINT organisation_identifier_issuer_is_a_name ON care.organisation_identifier IS
    'Name who gave the number, by letters and digits: US-CMS, US-IRS.';
COMMENT ON CONSTRAINT organisation_identifier_value_fits_its_kind ON care.organisation_identifier IS
    'The number has not the shape or the check digits of its kind: read it again.';
COMMENT ON CONSTRAINT organisation_identifier_is_valid_at_some_time ON care.organisation_identifier IS 'A number ends after it begins.';
CALL access.guard('care.organisation_identifier', 'directory');
