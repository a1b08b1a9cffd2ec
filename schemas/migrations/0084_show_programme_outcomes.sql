-- What programmes come to: who completed them, and what participants' own measures did.
--
-- Told of programmes that are over, since a share of a running one would count those who are still at it as failed.
-- Who was admitted counts, also who withdrew; who only waited does not. A change is a participant's last value less
-- the first, of those with two or more: without a group to compare with it says what happened, not why. Views with
-- their reader's rights. Locks nothing. Undo: drop them.
CREATE VIEW care.programme_outcome WITH (security_invoker = true) AS
    SELECT run.programme_id, run.title, count(*) AS n, count(*) FILTER (WHERE taken.status = 'completed') AS completed,
           count(*) FILTER (WHERE taken.status = 'withdrawn') AS withdrawn,
           round(count(*) FILTER (WHERE taken.status = 'completed')::numeric / count(*), 4) AS rate,
           lower(care.wilson(count(*) FILTER (WHERE taken.status = 'completed'), count(*))) AS rate_low,
           upper(care.wilson(count(*) FILTER (WHERE taken.status = 'completed'), count(*))) AS rate_high,
           round(avg(taken.sessions_attended::numeric / nullif(taken.sessions_held, 0)), 4) AS attended_share
    FROM care.programme AS run
    JOIN care.programme_participation AS taken USING (programme_id)
    WHERE taken.admitted_at IS NOT NULL AND upper(run.runs_during) <= current_date
    GROUP BY run.programme_id;
COMMENT ON VIEW care.programme_outcome IS 'Each programme that is over: how many of those admitted completed it, of the enrolments that its reader may see.';
COMMENT ON COLUMN care.programme_outcome.programme_id   IS 'Which.';
COMMENT ON COLUMN care.programme_outcome.title          IS 'Its name.';
COMMENT ON COLUMN care.programme_outcome.n              IS 'How many were admitted.';
COMMENT ON COLUMN care.programme_outcome.completed      IS 'How many completed it.';
COMMENT ON COLUMN care.programme_outcome.withdrawn      IS 'How many withdrew.';
COMMENT ON COLUMN care.programme_outcome.rate           IS 'Share of those admitted who completed it.';
COMMENT ON COLUMN care.programme_outcome.rate_low       IS 'Lower end of its interval (Wilson, 95 %).';
COMMENT ON COLUMN care.programme_outcome.rate_high      IS 'Upper end.';
COMMENT ON COLUMN care.programme_outcome.attended_share IS 'Mean share of the sessions held that a participant attended; null where none was held.';
GRANT SELECT ON care.programme_outcome TO healthtrack_portal;

CREATE VIEW care.programme_change WITH (security_invoker = true) AS
    WITH own AS (
        SELECT taken.programme_id, noted.enrolment_id, noted.measure, noted.unit,
               (array_agg(noted.value ORDER BY noted.noted_at))[1] AS first,
               (array_agg(noted.value ORDER BY noted.noted_at DESC))[1] AS last
        FROM care.progress_update AS noted
        JOIN care.enrolment AS taken USING (patient_id, enrolment_id)
        JOIN care.programme AS run USING (programme_id)
        WHERE taken.admitted_at IS NOT NULL AND upper(run.runs_during) <= current_date
        GROUP BY 1, 2, 3, 4 HAVING count(*) >= 2
    )
    SELECT programme_id, measure, unit, count(*) AS n, avg(first) AS mean_first, avg(last) AS mean_last,
           avg(last - first) AS mean_change, stddev_samp(last - first) AS sd_change
    FROM own GROUP BY 1, 2, 3;
COMMENT ON VIEW care.programme_change IS 'What a measure of the participants did in each programme that is over, of the rows that its reader may see.';
COMMENT ON COLUMN care.programme_change.programme_id IS 'Which.';
COMMENT ON COLUMN care.programme_change.measure      IS 'What was measured.';
COMMENT ON COLUMN care.programme_change.unit         IS 'In which unit; another unit is another row.';
COMMENT ON COLUMN care.programme_change.n            IS 'How many participants noted it twice or more.';
COMMENT ON COLUMN care.programme_change.mean_first   IS 'Mean of their first values.';
COMMENT ON COLUMN care.programme_change.mean_last    IS 'Mean of their last values.';
COMMENT ON COLUMN care.programme_change.mean_change  IS 'Mean of the changes.';
COMMENT ON COLUMN care.programme_change.sd_change    IS 'Standard deviation of the changes; null for one participant.';
GRANT SELECT ON care.programme_change TO healthtrack_portal;
