-- The schemas of people and of rights.
--
-- `care` holds the network: patients, providers, facilities and what passes between them. `access` holds accounts and
-- who may see what. Neither is on the hot path, and no row of `signal` names a person. btree_gist lets one exclusion
-- constraint compare a key by = and a period by &&; it is a trusted extension, so the owner of the database may make it.
-- Locks nothing. Undo: DROP SCHEMA care, access.
CREATE SCHEMA IF NOT EXISTS care;
COMMENT ON SCHEMA care IS 'The health network: people, places, visits, records, money and community.';

CREATE SCHEMA IF NOT EXISTS access;
COMMENT ON SCHEMA access IS 'Who may see and do what, and who did.';

CREATE EXTENSION IF NOT EXISTS btree_gist;
