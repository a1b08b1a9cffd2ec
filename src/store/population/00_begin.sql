-- What all steps lean on: chance and keys that depend on seed, kind and number alone, and the sheet of known answers.
-- $1 patients, $2 seed, $3 today are settings of this transaction (populate.patients, .seed, .today).
CREATE FUNCTION pg_temp.patients() RETURNS integer LANGUAGE sql STABLE
    RETURN current_setting('populate.patients')::integer;
CREATE FUNCTION pg_temp.providers() RETURNS integer LANGUAGE sql STABLE RETURN greatest(8, pg_temp.patients() / 50);
CREATE FUNCTION pg_temp.today() RETURNS date LANGUAGE sql STABLE RETURN current_setting('populate.today')::date;
CREATE FUNCTION pg_temp.key(kind text, number integer) RETURNS uuid LANGUAGE sql STABLE
    RETURN md5(current_setting('populate.seed') || kind || number)::uuid;
CREATE FUNCTION pg_temp.chance(kind text, number integer) RETURNS double precision LANGUAGE sql STABLE
    RETURN (hashtextextended(kind || number, current_setting('populate.seed')::bigint) & 4503599627370495) / 4503599627370496.0;
CREATE FUNCTION pg_temp.pick(words text[], kind text, number integer) RETURNS text LANGUAGE sql STABLE
    RETURN words[1 + floor(pg_temp.chance(kind, number) * cardinality(words))::integer];
-- Facility n of 56: one of each category in each of eight cities.
CREATE FUNCTION pg_temp.facility_at(city integer, category integer) RETURNS uuid LANGUAGE sql STABLE
    RETURN pg_temp.key('facility', 7 * (city % 8) + category);
CREATE TEMPORARY TABLE known_fact (kind text NOT NULL, subject uuid NOT NULL, answer jsonb NOT NULL) ON COMMIT DROP;
