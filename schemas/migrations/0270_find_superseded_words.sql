-- Superseded values, found by what they say.
--
-- Of what stood once at a start a merge asks two things: its highest revision, and whether a word without a revision said
-- the same as one that comes again. A total that is sent each second has 86,400 former words by the evening, so both must
-- be look-ups: the index leads to the highest revision first, and to a word by its value and span. It begins with what the
-- index did that it replaces. Locks signal.superseded_value against writes while it is built. Undo: drop it, and make
-- superseded_value_start_at_idx on (series_id, start_at) again.
CREATE INDEX superseded_value_word_idx
    ON signal.superseded_value (series_id, start_at, revision DESC NULLS LAST, value, coalesce(span_us, -1));
DROP INDEX signal.superseded_value_start_at_idx;
