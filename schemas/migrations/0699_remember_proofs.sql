-- A session knows when its account last proved who it is: what is dangerous asks for that once more.
--
-- One column of access.session, which has a row a session; waits for its readers for a moment. Sessions that stand count as
-- proved when this runs. Undo: drop the column.
ALTER TABLE access.session ADD COLUMN confirmed_at timestamptz NOT NULL DEFAULT now();
COMMENT ON COLUMN access.session.confirmed_at IS 'When the account last proved who it is: at sign-in, and when it was asked again.';
