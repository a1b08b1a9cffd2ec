-- One sentence for each rule of a domain, and for each unique index that is no constraint.
--
-- A refusal is told by the comment of the rule that refused; rules of domains and indexes need theirs as well. Locks
-- nothing. Undo: nothing to undo.
COMMENT ON CONSTRAINT currency_is_iso_4217 ON DOMAIN care.currency IS 'Give the currency as three capital letters, such as USD.';
COMMENT ON CONSTRAINT time_zone_is_a_name ON DOMAIN care.time_zone IS 'Give the time zone by its name, such as America/New_York.';
COMMENT ON CONSTRAINT email_has_one_at ON DOMAIN care.email IS 'Give an electronic mail address, such as name@example.org.';
COMMENT ON CONSTRAINT phone_is_e164 ON DOMAIN care.phone IS 'Give the telephone number with a plus sign and the country, such as +12175550100.';
COMMENT ON CONSTRAINT web_address_is_https ON DOMAIN care.web_address IS 'Give a web address over TLS, beginning with https.';
COMMENT ON INDEX access.account_of_a_patient_is_one IS 'This patient has an account already.';
COMMENT ON INDEX access.account_of_a_provider_is_one IS 'This provider has an account already.';
