-- The archive as DuckDB sees it: the live files of the manifest.
-- {settings}
CREATE OR REPLACE VIEW sample AS
SELECT * REPLACE (coalesce(string_split(flags, ' '), []) AS flags) FROM (
{files}
);
