-- The archive as DuckDB sees it: the live files of the manifest. What sources have said, corrected or taken back since
-- these were written is not in them; the next roll writes it, and until then `healthtrack samples` tells both tiers.
-- {settings}
CREATE OR REPLACE VIEW sample AS
SELECT * REPLACE (coalesce(string_split(flags, ' '), []) AS flags) FROM (
{files}
);
