-- The schema that holds the time series.
--
-- Everything that the daemon writes lives here; people and accounts live in schemas of their own, so that the hot path
-- never carries a name. Locks nothing. Undo: DROP SCHEMA signal.
CREATE SCHEMA IF NOT EXISTS signal;
COMMENT ON SCHEMA signal IS 'Time series: what devices measured, in blocks, and what could not be believed.';
