-- What the part clinical_quality sees: counts and rates of many, by facility, provider, year or month, and no row.
--
-- The analyst's views are open to it by token, through functions, with what no analyst has been given: visits and
-- readmissions by provider, adherence, outcomes of programmes, engagement of centres. All by the means of those views: a
-- cell of fewer than 11 people is none, counts are rounded to five, a rate is told only where neither side is few. Cells
-- are those of whole months and years that are over, and programmes that have ended: nobody chooses a period of an own,
-- and a question of the next day is the same one. Each question is a look.
-- Locks nothing. Undo: drop the functions and the kinds of look, and put access.is_analyst back.
CREATE OR REPLACE FUNCTION access.is_analyst() RETURNS boolean
    LANGUAGE sql STABLE
    RETURN pg_has_role(session_user, 'healthtrack_analyst', 'MEMBER')
           OR coalesce(access.part() IN ('analyst', 'clinical_quality'), false);
COMMENT ON FUNCTION access.is_analyst() IS
    'Whether who asks may see counts of many: a login of the analyst''s role, or an account of an analyst or of clinical quality.';

INSERT INTO access.look_kind (kind, scope, in_care, of_all, sensitive, parts)
SELECT 'quality_' || asked, 'none', false, true, false, '{clinical_quality}'
FROM unnest('{visits,readmissions,adherence,programmes,engagement,conditions,patients,samples}'::text[]) AS asked;

CREATE FUNCTION access.check_quality(me access.caller) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (me.part = 'clinical_quality') IS NOT TRUE THEN
        PERFORM access.refuse('quality_is_counted_for_who_watches_it', 'Ask who watches the quality of care.');
    END IF;
END $$;
COMMENT ON FUNCTION access.check_quality(access.caller) IS 'Refuses who does not watch quality.';

CREATE FUNCTION access.quality_visits()
    RETURNS TABLE (facility_id uuid, provider_id uuid, month date, patients bigint, missed_rate numeric, cancelled_rate numeric)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT v.facility_id, v.provider_id, v.month, care.safe_count(count(DISTINCT v.patient_id)),
           care.safe_rate(count(DISTINCT v.patient_id) FILTER (WHERE v.status = 'no_show'), count(DISTINCT v.patient_id)),
           care.safe_rate(count(DISTINCT v.patient_id) FILTER (WHERE v.status = 'cancelled'), count(DISTINCT v.patient_id))
    FROM (SELECT a.facility_id, a.provider_id, a.patient_id, a.status,
                 date_trunc('month', lower(a.during) AT TIME ZONE 'UTC')::date AS month
          FROM care.appointment a
          WHERE (SELECT access.is_analyst()) AND a.status <> 'held'
            AND upper(a.during) <= date_trunc('month', now(), 'UTC')) AS v
    GROUP BY GROUPING SETS ((v.facility_id, v.month), (v.facility_id, v.provider_id, v.month))
    HAVING count(DISTINCT v.patient_id) >= 11
$$;
COMMENT ON FUNCTION access.quality_visits() IS
    'People who had visits in a month that is over, of a facility (no provider) and of each provider there.';

CREATE FUNCTION access.quality_readmissions()
    RETURNS TABLE (facility_id uuid, provider_id uuid, year integer, patients bigint, readmitted_rate numeric)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT r.facility_id, e.attending_provider_id, extract(year FROM r.discharged_on)::integer,
           care.safe_count(count(DISTINCT r.patient_id)),
           care.safe_rate(count(DISTINCT r.patient_id) FILTER (WHERE r.readmitted), count(DISTINCT r.patient_id))
    FROM care.readmission_30_day r
    JOIN care.encounter e ON e.patient_id = r.patient_id AND e.encounter_id = r.index_encounter_id
    WHERE (SELECT access.is_analyst()) AND r.followed_up AND r.discharged_on < date_trunc('year', now(), 'UTC')::date
    GROUP BY GROUPING SETS ((r.facility_id, extract(year FROM r.discharged_on)::integer),
                            (r.facility_id, e.attending_provider_id, extract(year FROM r.discharged_on)::integer))
    HAVING count(DISTINCT r.patient_id) >= 11
$$;
COMMENT ON FUNCTION access.quality_readmissions() IS
    'People discharged in a year that is over, of a facility (no provider) and of each attending provider, and how many came back.';

CREATE FUNCTION access.quality_adherence(year integer)
    RETURNS TABLE (ingredient text, patients bigint, adherent_rate numeric)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT a.ingredient, care.safe_count(count(DISTINCT a.patient_id)),
           care.safe_rate(count(DISTINCT a.patient_id) FILTER (WHERE a.adherent), count(DISTINCT a.patient_id))
    FROM care.adherence(daterange(make_date(year, 1, 1), make_date(year + 1, 1, 1))) a
    WHERE (SELECT access.is_analyst()) AND year < extract(year FROM now())
    GROUP BY a.ingredient HAVING count(DISTINCT a.patient_id) >= 11
$$;
COMMENT ON FUNCTION access.quality_adherence(integer) IS 'People who took a substance in a year that is over, and how many took it as they should.';

CREATE FUNCTION access.quality_programmes()
    RETURNS TABLE (programme_id uuid, facility_id uuid, title text, patients bigint, completed_rate numeric, withdrawn_rate numeric)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT p.programme_id, p.facility_id, p.title, care.safe_count(count(*)),
           care.safe_rate(count(*) FILTER (WHERE e.status = 'completed'), count(*)),
           care.safe_rate(count(*) FILTER (WHERE e.status = 'withdrawn'), count(*))
    FROM care.programme p JOIN care.enrolment e USING (programme_id)
    WHERE (SELECT access.is_analyst()) AND e.admitted_at IS NOT NULL AND upper(p.runs_during) <= current_date
    GROUP BY p.programme_id HAVING count(*) >= 11
$$;
COMMENT ON FUNCTION access.quality_programmes() IS 'People who were admitted to a programme that has ended, and how many completed it or withdrew.';

CREATE FUNCTION access.quality_engagement() RETURNS TABLE (facility_id uuid, month date, members bigint, attended_rate numeric)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT came.facility_id, came.month, care.safe_count(count(DISTINCT came.patient_id)),
           care.safe_rate(count(DISTINCT came.patient_id) FILTER (WHERE came.attended), count(DISTINCT came.patient_id))
    FROM (SELECT v.facility_id, date_trunc('month', lower(v.present_during), 'UTC')::date AS month, v.patient_id, false AS attended
          FROM care.centre_visit v
          UNION ALL
          SELECT s.facility_id, date_trunc('month', a.attended_at, 'UTC')::date, a.patient_id, true
          FROM care.attendance a JOIN care.programme_session s USING (programme_session_id)
          WHERE s.facility_id IS NOT NULL) AS came
    WHERE (SELECT access.is_analyst()) AND came.month < date_trunc('month', now(), 'UTC')::date
    GROUP BY came.facility_id, came.month HAVING count(DISTINCT came.patient_id) >= 11
$$;
COMMENT ON FUNCTION access.quality_engagement() IS
    'People who came to a facility in a month that is over, to a wellness centre or a session, and how many attended a session.';

CREATE FUNCTION access.quality_patients() RETURNS TABLE (facility_id uuid, age_band text, sex text, patients bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT q.facility_id, q.age_band, q.sex, q.patients FROM care.insight_patients q
$$;
COMMENT ON FUNCTION access.quality_patients() IS 'People who were seen at a facility by age and sex, as analysts see them.';

REVOKE ALL ON FUNCTION access.check_quality(access.caller), access.quality_visits(), access.quality_readmissions(),
    access.quality_patients(),
    access.quality_adherence(integer), access.quality_programmes(), access.quality_engagement() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.check_quality(access.caller), access.quality_visits(), access.quality_readmissions(),
    access.quality_patients(),
    access.quality_adherence(integer), access.quality_programmes(), access.quality_engagement() TO healthtrack_care;

CALL access.publish('count_visits', 'facility uuid, first_month date, stop_month date',
    'TABLE (facility_id uuid, provider_id uuid, month date, patients bigint, missed_rate double precision, cancelled_rate double precision)',
    $body$PERFORM access.check_quality(me);
    RETURN QUERY SELECT q.facility_id, q.provider_id, q.month, q.patients, q.missed_rate::float8, q.cancelled_rate::float8
    FROM access.quality_visits() q
    WHERE (facility IS NULL OR q.facility_id = facility) AND q.month >= first_month AND q.month < stop_month
    ORDER BY q.month DESC, q.facility_id, q.provider_id NULLS FIRST LIMIT 2000;$body$,
    'People with visits by month, facility and provider, and how many did not come or cancelled; cells of 11 or more.', '''quality_visits''');
CALL access.publish('count_readmissions', 'facility uuid',
    'TABLE (facility_id uuid, provider_id uuid, year integer, patients bigint, readmitted_rate double precision)',
    $body$PERFORM access.check_quality(me);
    RETURN QUERY SELECT q.facility_id, q.provider_id, q.year, q.patients, q.readmitted_rate::float8
    FROM access.quality_readmissions() q WHERE facility IS NULL OR q.facility_id = facility
    ORDER BY q.year DESC, q.facility_id, q.provider_id NULLS FIRST LIMIT 2000;$body$,
    'People who were discharged by year, facility and attending provider, and how many came back within 30 days; cells of 11 or more.',
    '''quality_readmissions''');
CALL access.publish('count_adherence', 'year integer',
    'TABLE (ingredient text, patients bigint, adherent_rate double precision)',
    $body$PERFORM access.check_quality(me);
    RETURN QUERY SELECT q.ingredient, q.patients, q.adherent_rate::float8 FROM access.quality_adherence(count_adherence.year) q
    ORDER BY q.ingredient LIMIT 2000;$body$,
    'People who took a substance in a year, and how many of them as they should; cells of 11 or more.', '''quality_adherence''');
CALL access.publish('count_programme_outcomes', 'facility uuid',
    'TABLE (programme_id uuid, facility_id uuid, title text, patients bigint, completed_rate double precision, withdrawn_rate double precision)',
    $body$PERFORM access.check_quality(me);
    RETURN QUERY SELECT q.programme_id, q.facility_id, q.title, q.patients, q.completed_rate::float8, q.withdrawn_rate::float8
    FROM access.quality_programmes() q WHERE facility IS NULL OR q.facility_id = facility
    ORDER BY q.title, q.programme_id LIMIT 2000;$body$,
    'People who took part in programmes that have ended, and how many completed them or withdrew; cells of 11 or more.', '''quality_programmes''');
CALL access.publish('count_engagement', 'facility uuid, first_month date, stop_month date',
    'TABLE (facility_id uuid, month date, members bigint, attended_rate double precision)',
    $body$PERFORM access.check_quality(me);
    RETURN QUERY SELECT q.facility_id, q.month, q.members, q.attended_rate::float8 FROM access.quality_engagement() q
    WHERE (facility IS NULL OR q.facility_id = facility) AND q.month >= first_month AND q.month < stop_month
    ORDER BY q.month DESC, q.facility_id LIMIT 2000;$body$,
    'People who came to a wellness centre or a session by month, and how many attended a session; cells of 11 or more.', '''quality_engagement''');
CALL access.publish('count_conditions', '', 'TABLE (code_system text, code text, age_band text, sex text, patients bigint)',
    $body$PERFORM access.check_quality(me);
    RETURN QUERY SELECT q.code_system, q.code, q.age_band, q.sex, q.patients FROM care.insight_conditions q
    ORDER BY q.patients DESC, q.code, q.age_band, q.sex LIMIT 2000;$body$,
    'People by condition, age and sex; cells of 11 or more.', '''quality_conditions''');
CALL access.publish('count_patients', 'facility uuid', 'TABLE (facility_id uuid, age_band text, sex text, patients bigint)',
    $body$PERFORM access.check_quality(me);
    RETURN QUERY SELECT q.facility_id, q.age_band, q.sex, q.patients FROM access.quality_patients() q
    WHERE facility IS NULL OR q.facility_id = facility ORDER BY q.facility_id, q.age_band, q.sex LIMIT 2000;$body$,
    'People who were seen at a facility by age and sex; cells of 11 or more.', '''quality_patients''');
CALL access.publish('average_samples', 'metric text, first_month date, stop_month date',
    'TABLE (month date, age_band text, sex text, patients bigint, mean double precision, deviation double precision, unit text)',
    $body$PERFORM access.check_quality(me);
    RETURN QUERY SELECT q.month, q.age_band, q.sex, q.patients, q.mean::float8, q.deviation::float8, q.unit
    FROM care.insight_samples q
    WHERE q.metric = average_samples.metric AND q.month >= first_month AND q.month < stop_month
    ORDER BY q.month DESC, q.age_band, q.sex LIMIT 2000;$body$,
    'Means of what devices measured by month, age and sex, blurred as everywhere; cells of 11 or more.', '''quality_samples''');
