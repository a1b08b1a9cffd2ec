-- What law or purpose each person's rows are kept for, how long, and what an erasure does with them.
--
-- A class of rows has one basis, one retention and one answer to an erasure: its rows are deleted, anonymised (named columns
-- are emptied; codes, values and dates stay under the key of the person, who has no name any more) or kept, with the reason.
-- Each table with rows of a person is in a class, by each column that says whose a row is. What is erased is thereby data,
-- that a privacy officer reads by SELECT and that a test compares with the catalog; no list of tables stands in a program.
--
-- No class has a retention at first, so that nothing expires: the owner sets it, as the law of the place says, by
-- UPDATE access.row_class SET kept_for = '10 years' WHERE row_class = 'clinical'.
--
-- New tables; locks nothing. Undo: drop them and the function.
CREATE TABLE access.row_class (
    kept_for  interval,
    row_class text NOT NULL,
    title     text NOT NULL,
    basis     text NOT NULL,
    erasure   text NOT NULL,
    at_end    text NOT NULL DEFAULT 'delete',
    reason    text NOT NULL,

    CONSTRAINT row_class_pkey PRIMARY KEY (row_class),
    CONSTRAINT row_class_is_snake_case CHECK (row_class ~ '^[a-z][a-z_]{2,39}$'),
    CONSTRAINT row_class_says_why CHECK (title ~ '\S' AND basis ~ '\S' AND reason ~ '\S'),
    CONSTRAINT row_class_erasure_is_known CHECK (erasure IN ('delete', 'anonymise', 'keep')),
    CONSTRAINT row_class_end_is_known CHECK (at_end IN ('delete', 'anonymise')),
    CONSTRAINT row_class_is_kept_for_a_month_at_least CHECK (kept_for >= INTERVAL '30 days')
);
COMMENT ON TABLE  access.row_class           IS 'Classes of persons'' rows: why they are kept, how long, and what an erasure does with them.';
COMMENT ON COLUMN access.row_class.kept_for  IS 'How long a row is kept from the moment that its table names (table_class.aged_by), then at_end; null for ever, which is the default.';
COMMENT ON COLUMN access.row_class.row_class IS 'Key: identity, clinical, note …';
COMMENT ON COLUMN access.row_class.title     IS 'What the rows are.';
COMMENT ON COLUMN access.row_class.basis     IS 'By what law or for what purpose they are kept while nobody asks for an erasure.';
COMMENT ON COLUMN access.row_class.erasure   IS 'What an erasure of the person does: delete, anonymise (columns are emptied) or keep.';
COMMENT ON COLUMN access.row_class.at_end    IS 'What happens to a row when its retention ends: delete or anonymise.';
COMMENT ON COLUMN access.row_class.reason    IS 'Why an erasure does that.';
COMMENT ON CONSTRAINT row_class_pkey ON access.row_class IS 'This class is known already.';
COMMENT ON CONSTRAINT row_class_is_snake_case ON access.row_class IS 'Name a class in 3 to 40 small letters.';
COMMENT ON CONSTRAINT row_class_says_why ON access.row_class IS 'Say what the rows are, why they are kept and why an erasure does what it does.';
COMMENT ON CONSTRAINT row_class_erasure_is_known ON access.row_class IS 'An erasure deletes, anonymises or keeps the rows of a class.';
COMMENT ON CONSTRAINT row_class_end_is_known ON access.row_class IS 'At the end of a retention rows are deleted or anonymised.';
COMMENT ON CONSTRAINT row_class_is_kept_for_a_month_at_least ON access.row_class IS 'Keep rows for 30 days at least, or leave the retention out.';
CALL access.guard('access.row_class', 'internal');

CREATE TABLE access.table_class (
    relation  text   NOT NULL,
    found_by  text   NOT NULL,
    key_kind  text   NOT NULL DEFAULT 'patient',
    row_class text   NOT NULL,
    aged_by   text,
    part_of   text,
    blanked   text[] NOT NULL DEFAULT '{}',
    kept      text[] NOT NULL DEFAULT '{}',

    CONSTRAINT table_class_pkey PRIMARY KEY (relation, found_by),
    CONSTRAINT table_class_row_class_fkey FOREIGN KEY (row_class) REFERENCES access.row_class (row_class),
    CONSTRAINT table_class_is_a_table CHECK (relation ~ '^(care|access|signal)\.[a-z_]+$' AND found_by ~ '^[a-z_0-9]+$'),
    CONSTRAINT table_class_key_kind_is_known CHECK (key_kind IN (
        'patient', 'account', 'session', 'proposal', 'relationship', 'policy', 'member', 'post', 'reply', 'samples')),
    CONSTRAINT table_class_ages_by_persons CHECK (aged_by IS NULL OR key_kind = 'patient')
);
CREATE INDEX table_class_row_class_idx ON access.table_class (row_class);
COMMENT ON TABLE  access.table_class           IS 'Which class the rows of a table are in, how a person''s are found, and what of them is emptied.';
COMMENT ON COLUMN access.table_class.relation  IS 'The table, with its schema.';
COMMENT ON COLUMN access.table_class.found_by  IS 'The column that says whose a row is.';
COMMENT ON COLUMN access.table_class.key_kind  IS 'Of what that column holds the key: the patient, an account, session, member … of theirs; samples: found and erased by healthtrack archive erase.';
COMMENT ON COLUMN access.table_class.row_class IS 'The class of its rows.';
COMMENT ON COLUMN access.table_class.aged_by   IS 'The column from which a retention counts, of a part as of a whole; null where rows have no age or do not expire.';
COMMENT ON COLUMN access.table_class.part_of   IS 'The table with whose rows its rows go, by the foreign key between both, once all of them are old enough; null where they expire by themselves.';
COMMENT ON COLUMN access.table_class.blanked   IS 'Columns that an erasure empties where it anonymises: a column becomes the word erased where it is filled, column=expression that value.';
COMMENT ON COLUMN access.table_class.kept      IS 'Columns of open text that stay where it anonymises: codes, units, numbers of a bill, words of a list.';
COMMENT ON CONSTRAINT table_class_pkey ON access.table_class IS 'This column of the table is in a class already.';
COMMENT ON CONSTRAINT table_class_row_class_fkey ON access.table_class IS 'Make the class of rows first.';
COMMENT ON CONSTRAINT table_class_is_a_table ON access.table_class IS 'Name the table with its schema, and a column of it.';
COMMENT ON CONSTRAINT table_class_key_kind_is_known ON access.table_class IS 'Choose one of the kinds of keys that a person has.';
COMMENT ON CONSTRAINT table_class_ages_by_persons ON access.table_class IS 'Only rows with the key of their patient expire, since a legal hold is a patient''s.';
CALL access.guard('access.table_class', 'internal');

INSERT INTO access.row_class (row_class, title, basis, erasure, reason) VALUES
    ('person', 'The row of the person itself, and links between records of one person', 'Provision of care (GDPR 9(2)(h))', 'anonymise',
     'Bills and clinical facts that the law keeps refer to its key; birth and death become years, the place goes.'),
    ('identity', 'Names, addresses, contacts, numbers, preferences, relatives and proxies', 'Provision of care (GDPR 9(2)(h))', 'delete',
     'They serve the care of a person who is known, and identify.'),
    ('account', 'How the person signed in', 'Contract of use', 'anonymise',
     'What others received from the account refers to it; the login goes, and it is disabled.'),
    ('session', 'Sessions, looks and proposals under way', 'Security of processing (GDPR 32)', 'delete', 'They end with the account.'),
    ('rights', 'Who cared for the person, for whom they acted, and from when to when', 'Accounting of access (HIPAA 164.312(b), 164.528)', 'anonymise',
     'Explains the accesses that the audit keeps; what somebody wrote about the reason goes.'),
    ('audit', 'The audit, and proofs', 'Accounting of access (HIPAA 164.312(b), 164.316(b)(2): 6 years)', 'keep',
     'A chain of digests from which nothing can be taken; it holds keys and known words, and no text of anybody.'),
    ('request', 'Requests of an erasure and their decisions', 'Accountability (GDPR 5(2))', 'anonymise',
     'Shows that the right was granted; the person''s own words go.'),
    ('clinical', 'The signed record: conditions, results, prescriptions, visits, plans', 'Retention of medical records by law (GDPR 17(3)(b) and (c))',
     'anonymise', 'Codes, values and dates are kept as the law asks; every free text, and numbers by which other systems know a study, go.'),
    ('version', 'Former versions of rows', 'Integrity of the record', 'delete', 'They hold the texts and names that are erased.'),
    ('note', 'Notes, addenda and their sections', 'Provision of care (GDPR 9(2)(h))', 'delete', 'Free text throughout: nothing of it can be kept without telling of the person.'),
    ('relatives', 'What is known of relatives'' diseases', 'Provision of care (GDPR 9(2)(h))', 'delete', 'Facts about others, kept for the care of this person alone.'),
    ('journal', 'Journals, and with whom they were shared', 'Consent (GDPR 6(1)(a))', 'delete', 'The person''s own; nobody else has a claim to it.'),
    ('message', 'Messages, notifications and tasks', 'Provision of care (GDPR 9(2)(h))', 'delete', 'Free text; what was decided stands in the record.'),
    ('document', 'Documents and their content', 'Provision of care (GDPR 9(2)(h))', 'delete', 'They cannot be anonymised by a program.'),
    ('external', 'Numbers under which other systems know rows', 'Integrity of the record', 'delete', 'They identify in the other system.'),
    ('wellness', 'Goals, programmes, visits of centres and feedback', 'Consent (GDPR 6(1)(a))', 'delete', 'Kept at the person''s wish.'),
    ('insight', 'Alert rules, alerts, predictions and recommendations', 'Provision of care (GDPR 9(2)(h))', 'delete', 'Derived; they serve the care of a person who is known.'),
    ('measured', 'Who wore which device, and all that was measured', 'Consent (GDPR 6(1)(a))', 'delete', 'Erased before, by healthtrack archive erase, with its own proof.'),
    ('review', 'Reviews of visits', 'Consent (GDPR 6(1)(a))', 'delete', 'The person''s own words.'),
    ('community', 'Posts, replies and reports under a pseudonym', 'Consent (GDPR 6(1)(a))', 'anonymise',
     'The words and the pseudonym go; what others answered stays where it stands.'),
    ('community_link', 'Which pseudonym is whose, and support', 'Consent (GDPR 6(1)(a))', 'delete', 'Without it nobody finds the person behind what is left.'),
    ('money', 'Invoices, claims, payments, coverage and the ledger', 'Accounting and tax law (GDPR 17(3)(b))', 'anonymise',
     'Amounts, days and numbers of bills stay; who holds a policy, its number and what was written go.'),
    ('sums', 'What waits to be added to a sum that is kept', 'Integrity of statistics', 'keep', 'Counts and codes under a key; gone when maintenance has added them.');

-- Of the person, identity, account.
INSERT INTO access.table_class (relation, found_by, key_kind, row_class, blanked, kept) VALUES
    ('care.patient', 'patient_id', 'patient', 'person', ARRAY['born_in=to_char(lower(born_during), ''YYYY'')', 'born_on=NULL::date',
        'deceased_at=date_trunc(''year'', deceased_at, ''UTC'')', 'time_zone=''UTC'''], '{}'),
    ('care.patient_link', 'patient_id', 'patient', 'person', '{reason,end_reason}', '{}'),
    ('care.patient_link', 'survivor_id', 'patient', 'person', '{reason,end_reason}', '{}'),
    ('access.account', 'patient_id', 'patient', 'account', ARRAY['login=''erased-'' || account_id', 'disabled_at=coalesce(disabled_at, now())'], '{}'),
    ('access.session', 'account_id', 'account', 'session', '{}', '{}'),
    ('access.look', 'session_id', 'session', 'session', '{}', '{}'),
    ('access.look', 'patient_id', 'patient', 'session', '{}', '{}'),
    ('access.proposal', 'proposal_id', 'proposal', 'session', '{}', '{}'),
    ('access.proposal_match', 'patient_id', 'patient', 'session', '{}', '{}'),
    ('access.care_relationship', 'patient_id', 'patient', 'rights', '{reason}', '{}'),
    ('access.emergency_review', 'care_relationship_id', 'relationship', 'rights', '{}', '{}'),
    ('access.audit_event', 'patient_id', 'patient', 'audit', '{}', '{}');
-- As somebody's proxy a person acts no more, and the document goes, but not out of a record under hold.
INSERT INTO access.table_class (relation, found_by, key_kind, row_class, blanked, kept) VALUES
    ('access.proxy', 'account_id', 'account', 'rights', ARRAY['ended_at=coalesce(ended_at, now())',
        'document=CASE WHEN document IS NOT NULL AND NOT access.is_held(ARRAY[patient_id]) THEN ''erased'' ELSE document END'], '{jurisdiction,scopes,acts}'),
    ('access.grant_of_access', 'account_id', 'account', 'rights', ARRAY['revoked_at=coalesce(revoked_at, now())'], '{scopes,acts,purpose}');
-- Deleted whole.
INSERT INTO access.table_class (relation, found_by, row_class, aged_by)
SELECT 'care.' || name, 'patient_id', 'identity', NULL
FROM unnest('{address,contact_point,identifier,identifier_seal,patient_name,preferred_facility,related_person,quiet_hours,
             notification_preference}'::text[]) AS name
UNION ALL
SELECT 'access.' || name, 'patient_id', 'identity', NULL FROM unnest('{data_key,proxy,grant_of_access}'::text[]) AS name
UNION ALL
SELECT 'care.' || name, 'patient_id', 'note', NULL FROM unnest('{note_addendum,note_section}'::text[]) AS name
UNION ALL VALUES ('care.note', 'patient_id', 'note', 'created_at'), ('care.family_history', 'patient_id', 'relatives', 'created_at'),
    ('care.journal_entry', 'patient_id', 'journal', 'written_at'), ('care.journal_share', 'patient_id', 'journal', 'created_at'),
    ('care.record_version', 'patient_id', 'version', 'superseded_at'),
    ('care.message_thread', 'patient_id', 'message', 'created_at'), ('care.message', 'patient_id', 'message', 'sent_at'),
    ('care.message_receipt', 'patient_id', 'message', 'read_at'), ('care.message_attachment', 'patient_id', 'message', NULL),
    ('care.notification', 'patient_id', 'message', 'created_at'), ('care.task', 'patient_id', 'message', 'created_at'),
    ('care.document', 'patient_id', 'document', 'created_at'), ('care.document_content', 'patient_id', 'document', NULL),
    ('care.external_record', 'patient_id', 'external', 'created_at'),
    ('care.goal', 'patient_id', 'wellness', 'created_at'), ('care.goal_entry', 'patient_id', 'wellness', 'created_at'),
    ('care.goal_day', 'patient_id', 'wellness', 'kept_at'), ('care.enrolment', 'patient_id', 'wellness', 'created_at'),
    ('care.attendance', 'patient_id', 'wellness', 'created_at'), ('care.progress_update', 'patient_id', 'wellness', 'created_at'),
    ('care.programme_feedback', 'patient_id', 'wellness', 'created_at'), ('care.centre_visit', 'patient_id', 'wellness', 'created_at'),
    ('care.waitlist_entry', 'patient_id', 'wellness', 'created_at'), ('care.join_token', 'patient_id', 'session', 'issued_at'),
    ('care.alert_rule', 'patient_id', 'insight', 'created_at'), ('care.alert', 'patient_id', 'insight', 'created_at'),
    ('care.prediction', 'patient_id', 'insight', 'created_at'), ('care.recommendation', 'patient_id', 'insight', 'created_at'),
    ('care.wear', 'patient_id', 'measured', NULL), ('care.wear_event', 'patient_id', 'measured', NULL),
    ('care.review', 'patient_id', 'review', 'created_at');
-- The record: codes, values and dates stay.
INSERT INTO access.table_class (relation, found_by, row_class, aged_by, blanked, kept)
SELECT 'care.' || name, 'patient_id', 'clinical', aged_by, blanked::text[], kept::text[]
FROM (VALUES
    ('encounter', 'created_at', '{reason}', '{}'), ('condition', 'created_at', '{title=code,note}', '{}'),
    ('procedure', 'created_at', '{title=code,reason,outcome}', '{}'),
    ('allergy', 'created_at', ARRAY['substance=coalesce(code, ''erased'')'], '{}'),
    ('allergy_reaction', 'created_at', ARRAY['manifestation=coalesce(code, ''erased'')'], '{}'),
    ('immunization', 'created_at', '{title=cvx,site,reason}', '{lot_number}'),
    ('medication_statement', 'created_at', '{dosage,reason}', '{}'),
    ('prescription', 'created_at', '{instructions,status_reason,override_reason}', '{}'), ('dispense', 'created_at', '{}', '{}'),
    ('detected_issue', 'created_at', '{override_reason}', '{about,effect}'),
    ('medication_reconciliation', 'created_at', '{}', '{}'), ('reconciled_statement', 'created_at', '{dosage}', '{}'),
    ('lab_order', 'created_at', '{title=loinc,specimen_label=NULL::text,note}', '{}'),
    ('lab_result', 'created_at', '{title=loinc,value_text,note}', '{flag}'),
    ('observation', 'created_at', '{title=loinc,value_text,method,device_id=NULL::text,note}', '{value_system}'),
    ('observation_component', NULL, '{title=loinc,value_text}', '{value_system}'),
    ('imaging_study', 'created_at',
     ARRAY['study_uid=''2.25.'' || (''x'' || left(md5(imaging_study_id::text), 15))::bit(60)::bigint', 'accession_number=NULL::text',
           'description', 'reason'], '{}'),
    ('imaging_series', 'created_at',
     ARRAY['series_uid=''2.25.'' || (''x'' || left(md5(imaging_series_id::text), 15))::bit(60)::bigint', 'description'], '{}'),
    ('clinical_report', 'created_at', '{title,findings,conclusion}', '{}'),
    ('care_plan', 'created_at', '{title}', '{}'), ('care_plan_version', 'created_at', '{summary}', '{}'),
    ('care_plan_activity', 'created_at', '{goal_id=NULL::uuid,title,status_reason}', '{}'),
    ('consultation', 'created_at', '{notes=NULL::bytea}', '{}'),
    ('appointment', 'created_at', '{reason}', '{}'), ('appointment_event', 'happened_at', '{}', '{from_status,to_status}'),
    ('telehealth_session', 'created_at', '{}', '{}'), ('follow_up', 'created_at', '{reason}', '{}'),
    ('recall', 'created_at',
     ARRAY['reason', 'outcome=CASE WHEN outcome IS NOT NULL OR status = ''planned'' THEN ''erased'' END',
           'ended_on=CASE WHEN status = ''planned'' THEN current_date ELSE ended_on END',
           'status=CASE status WHEN ''planned'' THEN ''withdrawn'' ELSE status END'], '{programme}'),
    ('service_request', 'created_at', '{title=code,reason,status_reason}', '{}'),
    ('service_request_fulfilment', 'created_at', '{}', '{}'),
    ('questionnaire_response', 'created_at', '{}', '{}'), ('answer', 'created_at', '{value_text}', '{link_id}'),
    ('score', 'created_at', ARRAY['inputs=''{}''::jsonb'], '{name,band,missing,look_at,algorithm,algorithm_version,citation}')
) AS record (name, aged_by, blanked, kept);
-- Money, memberships, sums.
INSERT INTO access.table_class (relation, found_by, key_kind, row_class, aged_by, blanked, kept) VALUES
    ('care.membership', 'patient_id', 'patient', 'money', 'created_at', '{auto_renew=false,next_plan=NULL::text}', '{plan}'),
    ('care.coverage', 'patient_id', 'patient', 'money', 'created_at', '{}', '{}'),
    ('care.policy', 'policy_id', 'policy', 'money', NULL,
     ARRAY['number=''ERASED-'' || upper(replace(policy_id::text, ''-'', ''''))', 'holder_name'], '{}'),
    ('care.invoice', 'patient_id', 'patient', 'money', 'created_at', '{}', '{number}'),
    ('care.invoice_total', 'patient_id', 'patient', 'money', NULL, '{}', '{}'),
    ('care.charge', 'patient_id', 'patient', 'money', 'created_at', '{}', '{charge_code}'),
    ('care.claim', 'patient_id', 'patient', 'money', 'submitted_at', '{}', '{}'),
    ('care.claim_line', 'patient_id', 'patient', 'money', NULL, '{}', '{}'),
    ('care.payment', 'patient_id', 'patient', 'money', 'received_at',
     ARRAY['processor_token=CASE WHEN processor_token IS NOT NULL THEN ''erased-token'' END'], '{idempotency_key}'),
    ('care.refund', 'patient_id', 'patient', 'money', 'refunded_at', '{reason}', '{idempotency_key}'),
    ('care.ledger_transaction', 'patient_id', 'patient', 'money', 'booked_at', '{}', '{}'),
    ('care.ledger_entry', 'patient_id', 'patient', 'money', NULL, '{}', '{}'),
    ('care.adherence_year', 'patient_id', 'patient', 'sums', NULL, '{}', '{ingredient}'),
    ('care.adherence_change', 'patient_id', 'patient', 'sums', NULL, '{}', '{}'),
    ('care.condition_change', 'patient_id', 'patient', 'sums', NULL, '{}', '{code_system,code}'),
    ('care.person_change', 'patient_id', 'patient', 'sums', NULL, '{}', '{sex}');
-- Former answers of insurers expire by themselves; fees go with their membership, codes with their claim.
INSERT INTO access.table_class (relation, found_by, row_class, aged_by, part_of, blanked, kept) VALUES
    ('care.membership_fee', 'patient_id', 'money', NULL, 'care.membership', '{}', '{}'),
    ('care.claim_adjustment', 'patient_id', 'money', NULL, 'care.claim_line', '{}', '{}'),
    ('care.claim_diagnosis', 'patient_id', 'money', NULL, 'care.claim', '{}', '{code}'),
    ('care.claim_line_diagnosis', 'patient_id', 'money', NULL, 'care.claim_line', '{}', '{}'),
    ('care.accumulator', 'patient_id', 'money', NULL, NULL, '{}', '{}'),
    ('care.eligibility_answer', 'patient_id', 'money', 'asked_at', NULL, ARRAY['told=''{}''::jsonb', 'told_by', 'disposition'], '{}'),
    ('care.appointment_series', 'patient_id', 'clinical', 'created_at', NULL, '{reason}', '{}'),
    ('care.appointment_resource', 'patient_id', 'clinical', NULL, 'care.appointment', '{}', '{}'),
    ('care.attendance_waiver', 'patient_id', 'clinical', 'created_at', NULL, '{reason}', '{}');
-- The community, where a person is a pseudonym.
INSERT INTO access.table_class (relation, found_by, key_kind, row_class, blanked) VALUES
    ('care.space_identity', 'patient_id', 'patient', 'community_link', '{}'),
    ('care.post_support', 'space_member_id', 'member', 'community_link', '{}'),
    ('care.space_member', 'space_member_id', 'member', 'community',
     ARRAY['pseudonym=''erased-'' || replace(space_member_id::text, ''-'', '''')', 'left_at=coalesce(left_at, now())']),
    ('care.post', 'space_member_id', 'member', 'community', '{title,body}'),
    ('care.reply', 'space_member_id', 'member', 'community', '{body}'),
    ('care.content_report', 'space_member_id', 'member', 'community', '{note}'),
    ('care.content_report', 'post_id', 'post', 'community', '{note}'),
    ('care.content_report', 'reply_id', 'reply', 'community', '{note}'),
    ('care.moderation', 'space_member_id', 'member', 'community', '{reason}'),
    ('care.moderation', 'post_id', 'post', 'community', '{reason}'),
    ('care.moderation', 'reply_id', 'reply', 'community', '{reason}');
-- What was measured: by series and time of wear, so that this catalogue finds none of it.
INSERT INTO access.table_class (relation, found_by, key_kind, row_class)
SELECT 'signal.' || name, key, 'samples', 'measured'
FROM (VALUES ('series', 'series_id'), ('block', 'series_id'), ('superseded_value', 'series_id'), ('rollup_day', 'series_id'),
             ('quarantine_rejection', 'device_key'), ('archive_file', 'name')) AS measured (name, key)
UNION ALL VALUES ('signal.erasure', 'patient_sha256', 'samples', 'audit');
UPDATE access.table_class t SET part_of = whole.relation
FROM (VALUES ('care.note_section', 'care.note'), ('care.note_addendum', 'care.note'), ('care.message', 'care.message_thread'),
             ('care.message_attachment', 'care.message'), ('care.message_receipt', 'care.message'),
             ('care.journal_share', 'care.journal_entry'), ('care.goal_day', 'care.goal'), ('care.goal_entry', 'care.goal'),
             ('care.document_content', 'care.document'), ('care.observation_component', 'care.observation'),
             ('care.allergy_reaction', 'care.allergy'), ('care.answer', 'care.questionnaire_response'),
             ('care.score', 'care.questionnaire_response'), ('care.imaging_series', 'care.imaging_study'),
             ('care.reconciled_statement', 'care.medication_reconciliation'), ('care.detected_issue', 'care.prescription'),
             ('care.service_request_fulfilment', 'care.service_request'), ('care.care_plan_version', 'care.care_plan'),
             ('care.appointment_event', 'care.appointment'),
             ('care.telehealth_session', 'care.appointment'), ('care.join_token', 'care.telehealth_session'),
             -- A bill is one: while money is due or a booking is young, all of it stays.
             ('care.charge', 'care.invoice'), ('care.claim', 'care.invoice'), ('care.payment', 'care.invoice'),
             ('care.ledger_transaction', 'care.invoice'), ('care.invoice_total', 'care.invoice'), ('care.claim_line', 'care.claim'),
             ('care.refund', 'care.payment'), ('care.ledger_entry', 'care.ledger_transaction')
     ) AS whole (part, relation) WHERE t.relation = whole.part;

CREATE FUNCTION access.misclassified() RETURNS TABLE (relation text, problem text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH part AS (  -- Tables with their columns; parts of a partitioned table are the table's.
        SELECT c.oid, c.oid::regclass::text AS relation, a.attnum, a.attname::text AS name, t.typname::text AS type
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        JOIN pg_type t ON t.oid = coalesce(nullif((SELECT d.typbasetype FROM pg_type d WHERE d.oid = a.atttypid), 0), a.atttypid)
        WHERE c.relnamespace IN ('care'::regnamespace, 'access'::regnamespace, 'signal'::regnamespace)
          AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    ), classed AS (
        SELECT t.*, c.erasure, to_regclass(t.relation) AS oid FROM access.table_class t JOIN access.row_class c USING (row_class)
    ), referring AS (
        SELECT k.oid, k.conrelid, k.confrelid, ARRAY(
                   SELECT p.name FROM part p WHERE p.oid = k.conrelid AND p.attnum = ANY (k.conkey)) AS columns
        FROM pg_constraint k WHERE k.contype = 'f' AND k.conparentid = 0
    )
    SELECT p.relation, 'Holds rows of persons by ' || p.name || ': say their class in access.table_class.' FROM part p
    WHERE p.name = 'patient_id' AND NOT EXISTS (SELECT FROM classed c WHERE c.oid = p.oid AND c.found_by = p.name)
    UNION
    SELECT r.conrelid::regclass::text, 'Refers to a person''s rows in ' || r.confrelid::regclass || ': say its class in access.table_class.'
    FROM referring r JOIN classed c ON c.oid = r.confrelid AND c.key_kind <> 'samples'
    WHERE c.relation <> 'access.account' AND r.conrelid IN (SELECT p.oid FROM part p)
      AND NOT EXISTS (SELECT FROM classed own WHERE own.oid = r.conrelid)
    UNION
    SELECT c.relation, 'Has no column ' || named.name || ': correct its row of access.table_class.' FROM classed c
    CROSS JOIN LATERAL unnest(array_remove(ARRAY[c.found_by, c.aged_by], NULL) || c.blanked || c.kept) AS item (word)
    CROSS JOIN LATERAL (SELECT split_part(item.word, '=', 1)) AS named (name)
    WHERE NOT EXISTS (SELECT FROM part p WHERE p.oid = c.oid AND p.name = named.name)
      AND NOT (c.key_kind = 'samples' AND EXISTS (SELECT FROM part p WHERE p.oid = c.oid))
    UNION
    SELECT child.relation, 'Stays while ' || parent.relation || ' is deleted: delete it too, or empty the column that refers to it.'
    FROM referring r JOIN classed parent ON parent.oid = r.confrelid AND parent.erasure = 'delete' AND parent.key_kind <> 'samples'
    -- What is another person's by a second key refers to what stays with them.
    JOIN classed child ON child.oid = r.conrelid AND child.erasure <> 'delete' AND (child.key_kind <> 'account' OR child.found_by = ANY (r.columns))
    WHERE NOT EXISTS (SELECT FROM unnest(child.blanked) AS b WHERE split_part(b, '=', 1) = ANY (r.columns))
    UNION
    -- Open text: what no rule confines to words, codes or keys that are known.
    SELECT c.relation, 'Says in ' || p.name || ' what anybody writes: name it in blanked or kept of access.table_class.'
    FROM classed c JOIN part p ON p.oid = c.oid
    WHERE c.erasure = 'anonymise' AND p.type IN ('text', '_text', 'varchar', 'json', 'jsonb', 'bytea', 'xml') AND p.name !~ '_by$'
      AND NOT EXISTS (
          SELECT FROM pg_constraint k WHERE k.conrelid = p.oid AND (
              k.contype = 'f' AND p.attnum = ANY (k.conkey)
              OR k.contype = 'c' AND pg_get_constraintdef(k.oid) ~ ('\(\(?' || p.name || ' (= ANY|<@) \(?ARRAY\[|code_fits\([^,]*, ' || p.name || '\)')))
      AND (SELECT a.atttypid::regtype::text FROM pg_attribute a WHERE a.attrelid = p.oid AND a.attnum = p.attnum)
          NOT IN ('care.sensitivity', 'care.currency', 'care.ucum_unit')
      AND NOT EXISTS (SELECT FROM access.table_class t CROSS JOIN LATERAL unnest(t.blanked || t.kept) AS b
                      WHERE t.relation = c.relation AND split_part(b, '=', 1) = p.name)
    ORDER BY 1, 2
$$;
COMMENT ON FUNCTION access.misclassified() IS 'Tables with rows of persons that are in no class, or in one that does not fit them, each with what to do; none in a sound database.';
REVOKE EXECUTE ON FUNCTION access.misclassified() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.misclassified() TO healthtrack_migrator;
