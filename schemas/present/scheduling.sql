-- Memberships, appointments and what follows from them.
--
-- Written by `healthtrack schema docs` from the database's catalog; to be read, not run. Do not edit.

-- Kinds of membership, and what each gives.
CREATE TABLE care.membership_plan (
    lead_days smallint NOT NULL,  -- How many days ahead a visit may be booked.
    patience_days smallint NOT NULL,  -- After so many days on a wait-list one counts as having priority, so that nobody waits for ever.
    priority boolean NOT NULL,  -- True where reserved hours may be booked, and a wait-list is entered before others.
    telehealth boolean NOT NULL,  -- True where visits by video are included.
    personal_plans boolean NOT NULL,  -- True where personal care plans are included.
    plan text NOT NULL,  -- Stable word.
    title text NOT NULL,  -- A few words for a person.
    notice_days smallint DEFAULT 0 NOT NULL,  -- How many days before the end of a period somebody says so who leaves with it.
    CONSTRAINT membership_plan_pkey PRIMARY KEY (plan),  -- This plan is known already.
    CONSTRAINT membership_plan_is_snake_case CHECK ((plan ~ '^[a-z][a-z0-9_]{1,40}$'::text)),  -- Name a plan by small letters, digits and underscores.
    CONSTRAINT membership_plan_lead_is_a_year_at_most CHECK (((lead_days >= 1) AND (lead_days <= 365))),  -- Let visits be booked 1 to 365 days ahead.
    CONSTRAINT membership_plan_notice_is_a_year_at_most CHECK (((notice_days >= 0) AND (notice_days <= 365))),  -- Ask for 0 to 365 days of notice.
    CONSTRAINT membership_plan_patience_is_a_year_at_most CHECK (((patience_days >= 0) AND (patience_days <= 365))),  -- Give 0 to 365 days of patience.
    CONSTRAINT membership_plan_title_is_some CHECK ((title ~ '\S'::text))  -- Give the plan a title.
);
ALTER TABLE care.membership_plan FORCE ROW LEVEL SECURITY;
CREATE POLICY administrator ON care.membership_plan FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.membership_plan FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.membership_plan FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.membership_plan TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.membership_plan TO healthtrack_care;

-- Who has which plan, and when.
CREATE TABLE care.membership (
    membership_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- The member.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    valid_during tstzrange NOT NULL,  -- Half-open period; no upper bound while it goes on.
    plan text NOT NULL,  -- The plan.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    anchored_at timestamp with time zone,  -- When its first period began, from which all are counted; null without terms.
    period integer,  -- Which period it is, from 1; null without terms.
    last_period integer,  -- The last period, since notice was given; null while none was.
    auto_renew boolean DEFAULT false NOT NULL,  -- Whether the next period follows by itself; taken back where it could not.
    renewed boolean DEFAULT false NOT NULL,  -- Whether the next period was made.
    currency care.currency,  -- In which currency it is charged; null without terms.
    per text,  -- month or year; null without terms, which is never charged and never renewed.
    next_plan text,  -- The plan of the next period, where another was chosen; null while it is the same.
    CONSTRAINT membership_pkey PRIMARY KEY (membership_id),  -- This membership is known already.
    CONSTRAINT membership_id_with_patient_is_unique UNIQUE (patient_id, membership_id),  -- This membership is known already.
    CONSTRAINT membership_is_one_at_a_time EXCLUDE USING gist (patient_id WITH =, valid_during WITH &&),  -- The patient has another membership at that time: end that first.
    CONSTRAINT membership_next_plan_fkey FOREIGN KEY (next_plan) REFERENCES care.membership_plan(plan),  -- Choose one of the known plans for the next period.
    CONSTRAINT membership_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT membership_plan_fkey FOREIGN KEY (plan) REFERENCES care.membership_plan(plan),  -- Choose one of the known plans.
    CONSTRAINT membership_ends_with_its_period CHECK (((per IS NULL) OR (upper(valid_during) <= (((anchored_at AT TIME ZONE 'UTC'::text) + ((period)::double precision * CASE per WHEN 'year'::text THEN '1 year'::interval ELSE '1 mon'::interval END)) AT TIME ZONE 'UTC'::text)))),  -- A membership that is charged ends with its period, or before.
    CONSTRAINT membership_per_is_known CHECK ((per = ANY (ARRAY['month'::text, 'year'::text]))),  -- Choose month or year.
    CONSTRAINT membership_period_counts_from_one CHECK (((period >= 1) AND (last_period >= 1))),  -- Periods are counted from 1.
    CONSTRAINT membership_period_is_half_open CHECK (((NOT isempty(valid_during)) AND lower_inc(valid_during) AND (NOT upper_inc(valid_during)))),  -- A membership has a beginning, and ends after it.
    CONSTRAINT membership_renews_by_its_terms CHECK ((((NOT auto_renew) AND (NOT renewed) AND (last_period IS NULL)) OR (per IS NOT NULL))),  -- Only a membership with terms is renewed, or ended by notice.
    CONSTRAINT membership_terms_are_whole CHECK ((num_nonnulls(anchored_at, period, (currency)::text, per) = ANY (ARRAY[0, 4]))),  -- A membership that is charged has an anchor, a number of its period, a currency and a length.
    CONSTRAINT membership_with_terms_has_an_end CHECK (((per IS NULL) OR (NOT upper_inf(valid_during))))  -- A membership that is charged has an end.
);
CREATE INDEX membership_next_plan_idx ON care.membership USING btree (next_plan) WHERE (next_plan IS NOT NULL);
CREATE INDEX membership_plan_idx ON care.membership USING btree (plan);
CREATE INDEX membership_renewal_idx ON care.membership USING btree (upper(valid_during)) WHERE (auto_renew AND (NOT renewed));
CREATE TRIGGER membership_is_not_of_a_joined_record AFTER INSERT ON care.membership REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER membership_is_stamped BEFORE INSERT OR UPDATE ON care.membership FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER membership_is_touched BEFORE UPDATE ON care.membership FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER membership_stays_under_hold BEFORE DELETE ON care.membership FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.membership FORCE ROW LEVEL SECURITY;
CREATE POLICY desk ON care.membership FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_at_desk() AS patients_at_desk)::uuid[])));
CREATE POLICY maintenance ON care.membership FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.membership FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.membership TO healthtrack_migrator;
GRANT SELECT ON care.membership TO healthtrack_care;

-- What a plan of membership costs for a month or a year, and on which days that holds.
CREATE TABLE care.membership_price (
    membership_price_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    valid_during daterange NOT NULL,  -- Days on which a period that begins costs this; no upper bound while it goes on.
    amount care.amount NOT NULL,  -- Price of one period; 0 where it is free.
    currency care.currency NOT NULL,  -- Currency of the price.
    plan text NOT NULL,  -- Of which plan.
    per text NOT NULL,  -- The period: month or year.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT membership_price_pkey PRIMARY KEY (membership_price_id),  -- This price is known already.
    CONSTRAINT membership_price_is_one_at_a_time EXCLUDE USING gist (plan WITH =, ((currency)::text) WITH =, per WITH =, valid_during WITH &&),  -- The plan has another price for that period on some of those days: end that first.
    CONSTRAINT membership_price_plan_fkey FOREIGN KEY (plan) REFERENCES care.membership_plan(plan),  -- Choose one of the known plans.
    CONSTRAINT membership_price_is_not_negative CHECK (((amount)::numeric >= (0)::numeric)),  -- A price is not negative.
    CONSTRAINT membership_price_per_is_known CHECK ((per = ANY (ARRAY['month'::text, 'year'::text]))),  -- Choose month or year.
    CONSTRAINT membership_price_period_has_a_beginning CHECK (((NOT isempty(valid_during)) AND (NOT lower_inf(valid_during))))  -- A price has a first day, and ends after it.
);
CREATE INDEX membership_price_plan_idx ON care.membership_price USING btree (plan);
CREATE TRIGGER membership_price_is_stamped BEFORE INSERT OR UPDATE ON care.membership_price FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER membership_price_is_touched BEFORE UPDATE ON care.membership_price FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
ALTER TABLE care.membership_price FORCE ROW LEVEL SECURITY;
CREATE POLICY administrator ON care.membership_price FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.membership_price FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.membership_price FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.membership_price TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.membership_price TO healthtrack_care;

-- What a member owes for a period, and what was given back of it when the plan changed; only ever added to.
CREATE TABLE care.membership_fee (
    membership_fee_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- The member.
    membership_id uuid NOT NULL,  -- For which period of which plan.
    charged_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was charged or given back.
    covers tstzrange NOT NULL,  -- The time that it is for.
    amount numeric(14,2) NOT NULL,  -- How much; negative where it is given back.
    currency care.currency NOT NULL,  -- Currency of the amount.
    kind text NOT NULL,  -- period for what is charged, credit for what is given back.
    charged_by text DEFAULT COALESCE((access.actor())::text, (SESSION_USER)::text) NOT NULL,  -- Account or program on whose behalf.
    CONSTRAINT membership_fee_pkey PRIMARY KEY (membership_fee_id),  -- This fee is known already.
    CONSTRAINT membership_fee_is_charged_once UNIQUE (patient_id, membership_id, kind),  -- This period is charged already.
    CONSTRAINT membership_fee_membership_fkey FOREIGN KEY (patient_id, membership_id) REFERENCES care.membership(patient_id, membership_id),  -- Choose a membership of this patient.
    CONSTRAINT membership_fee_covers_some_time CHECK (((NOT isempty(covers)) AND (NOT lower_inf(covers)) AND (NOT upper_inf(covers)))),  -- A fee is for a time with a beginning and an end.
    CONSTRAINT membership_fee_kind_is_known CHECK ((kind = ANY (ARRAY['period'::text, 'credit'::text]))),  -- Choose period or credit.
    CONSTRAINT membership_fee_sign_fits_its_kind CHECK ( CASE kind WHEN 'period'::text THEN (amount >= (0)::numeric) ELSE (amount <= (0)::numeric) END)  -- A period is charged, and a credit given back.
);
CREATE TRIGGER membership_fee_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON care.membership_fee FOR EACH STATEMENT WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.refuse_change();  -- Trigger on a table that is only ever added to: refuses update, delete and truncate.
CREATE TRIGGER membership_fee_is_not_of_a_joined_record AFTER INSERT ON care.membership_fee REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER membership_fee_stays_under_hold BEFORE DELETE ON care.membership_fee FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.membership_fee FORCE ROW LEVEL SECURITY;
CREATE POLICY desk ON care.membership_fee FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_at_desk() AS patients_at_desk)::uuid[])));
CREATE POLICY maintenance ON care.membership_fee FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.membership_fee FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.membership_fee TO healthtrack_migrator;
GRANT SELECT ON care.membership_fee TO healthtrack_care;

-- A kind of visit: how long it is, what it needs, and who may book it.
CREATE TABLE care.appointment_type (
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    minutes smallint NOT NULL,  -- How long such a visit is, unless the desk says otherwise.
    before_minutes smallint DEFAULT 0 NOT NULL,  -- For how long before it provider and resources are kept free.
    after_minutes smallint DEFAULT 0 NOT NULL,  -- For how long after it provider and resources are kept free.
    desk_only boolean DEFAULT false NOT NULL,  -- True where a patient cannot book it, but desk and providers do.
    active boolean DEFAULT true NOT NULL,  -- False where no new visit of this kind is booked any more.
    appointment_type text NOT NULL,  -- Stable word.
    title text NOT NULL,  -- A few words for a person.
    telehealth text DEFAULT 'never'::text NOT NULL,  -- never, allowed or only: whether such a visit takes place by video.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT appointment_type_pkey PRIMARY KEY (appointment_type),  -- This kind of visit is known already.
    CONSTRAINT appointment_type_buffers_are_short CHECK ((((before_minutes >= 0) AND (before_minutes <= 240)) AND ((after_minutes >= 0) AND (after_minutes <= 240)))),  -- Keep up to four hours free before and after a visit.
    CONSTRAINT appointment_type_is_snake_case CHECK ((appointment_type ~ '^[a-z][a-z0-9_]{1,40}$'::text)),  -- Name a kind of visit by small letters, digits and underscores.
    CONSTRAINT appointment_type_takes_its_time CHECK (((minutes >= 5) AND (minutes <= 720))),  -- Let a visit be 5 minutes to 12 hours long.
    CONSTRAINT appointment_type_telehealth_is_known CHECK ((telehealth = ANY (ARRAY['never'::text, 'allowed'::text, 'only'::text]))),  -- Choose never, allowed or only.
    CONSTRAINT appointment_type_title_is_some CHECK ((title ~ '\S'::text))  -- Give the kind of visit a title.
);
CREATE TRIGGER appointment_type_is_stamped BEFORE INSERT OR UPDATE ON care.appointment_type FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER appointment_type_is_touched BEFORE UPDATE ON care.appointment_type FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
ALTER TABLE care.appointment_type FORCE ROW LEVEL SECURITY;
CREATE POLICY administrator ON care.appointment_type FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.appointment_type FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.appointment_type FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.appointment_type TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.appointment_type TO healthtrack_care;

-- Of which specialties whoever gives such a visit has one; a kind of visit without a row is given by anybody.
CREATE TABLE care.appointment_type_specialty (
    appointment_type text NOT NULL,  -- The kind of visit.
    specialty text NOT NULL,  -- A specialty that may give it.
    CONSTRAINT appointment_type_specialty_pkey PRIMARY KEY (appointment_type, specialty),  -- This specialty gives such visits already.
    CONSTRAINT appointment_type_specialty_specialty_fkey FOREIGN KEY (specialty) REFERENCES care.specialty(specialty),  -- Choose one of the known specialties.
    CONSTRAINT appointment_type_specialty_type_fkey FOREIGN KEY (appointment_type) REFERENCES care.appointment_type(appointment_type)  -- Choose one of the known kinds of visit.
);
CREATE INDEX appointment_type_specialty_specialty_idx ON care.appointment_type_specialty USING btree (specialty);
ALTER TABLE care.appointment_type_specialty FORCE ROW LEVEL SECURITY;
CREATE POLICY administrator ON care.appointment_type_specialty FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.appointment_type_specialty FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.appointment_type_specialty FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.appointment_type_specialty TO healthtrack_care;
GRANT DELETE, INSERT, SELECT, UPDATE ON care.appointment_type_specialty TO healthtrack_migrator;

-- What a visit of a kind needs where it takes place in person; by video it needs nothing of a facility.
CREATE TABLE care.appointment_type_resource (
    count smallint DEFAULT 1 NOT NULL,  -- How many of it.
    appointment_type text NOT NULL,  -- The kind of visit.
    kind text NOT NULL,  -- The kind of resource.
    CONSTRAINT appointment_type_resource_pkey PRIMARY KEY (appointment_type, kind),  -- Such visits need this already: change how many.
    CONSTRAINT appointment_type_resource_kind_fkey FOREIGN KEY (kind) REFERENCES care.resource_kind(kind),  -- Choose one of the known kinds of resource.
    CONSTRAINT appointment_type_resource_type_fkey FOREIGN KEY (appointment_type) REFERENCES care.appointment_type(appointment_type),  -- Choose one of the known kinds of visit.
    CONSTRAINT appointment_type_resource_count_is_small CHECK (((count >= 1) AND (count <= 10)))  -- Let a visit need one to ten of a kind.
);
CREATE INDEX appointment_type_resource_kind_idx ON care.appointment_type_resource USING btree (kind);
ALTER TABLE care.appointment_type_resource FORCE ROW LEVEL SECURITY;
CREATE POLICY administrator ON care.appointment_type_resource FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.appointment_type_resource FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.appointment_type_resource FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.appointment_type_resource TO healthtrack_care;
GRANT DELETE, INSERT, SELECT, UPDATE ON care.appointment_type_resource TO healthtrack_migrator;

-- What a visit may need: a room, or equipment of a kind.
CREATE TABLE care.resource_kind (
    kind text NOT NULL,  -- Stable word; room is any room of a facility.
    title text NOT NULL,  -- A few words for a person.
    CONSTRAINT resource_kind_pkey PRIMARY KEY (kind),  -- This kind of resource is known already.
    CONSTRAINT resource_kind_is_snake_case CHECK ((kind ~ '^[a-z][a-z0-9_]{1,40}$'::text)),  -- Name a kind of resource by small letters, digits and underscores.
    CONSTRAINT resource_kind_title_is_some CHECK ((title ~ '\S'::text))  -- Give the kind of resource a title.
);
ALTER TABLE care.resource_kind FORCE ROW LEVEL SECURITY;
CREATE POLICY administrator ON care.resource_kind FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.resource_kind FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.resource_kind FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.resource_kind TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.resource_kind TO healthtrack_care;

-- A piece of equipment of a facility that one appointment at a time can use.
CREATE TABLE care.equipment (
    equipment_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    facility_id uuid NOT NULL,  -- Facility that it stands in.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    in_service_during daterange NOT NULL,  -- Days, where the facility is, on which it can be used; no upper bound while it goes on.
    kind text NOT NULL,  -- What kind.
    name text NOT NULL,  -- What stands on it.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT equipment_pkey PRIMARY KEY (equipment_id),  -- This piece of equipment is known already.
    CONSTRAINT equipment_id_with_facility_is_unique UNIQUE (facility_id, equipment_id),  -- This piece of equipment is known already.
    CONSTRAINT equipment_name_is_unique_in_its_facility UNIQUE (facility_id, name),  -- This facility has equipment of that name already.
    CONSTRAINT equipment_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility(facility_id),  -- Add the facility first.
    CONSTRAINT equipment_kind_fkey FOREIGN KEY (kind) REFERENCES care.resource_kind(kind),  -- Choose one of the known kinds of resource.
    CONSTRAINT equipment_is_in_service_for_some_time CHECK (((NOT isempty(in_service_during)) AND (NOT lower_inf(in_service_during)))),  -- Say from which day on the equipment can be used, and until which day after it.
    CONSTRAINT equipment_is_no_room CHECK ((kind <> 'room'::text)),  -- Add a room to the rooms of its facility instead.
    CONSTRAINT equipment_name_is_some CHECK ((name ~ '\S'::text))  -- Give the piece of equipment a name.
);
CREATE INDEX equipment_kind_idx ON care.equipment USING btree (kind, facility_id);
CREATE TRIGGER equipment_end_is_told AFTER UPDATE OF in_service_during ON care.equipment FOR EACH ROW WHEN ((old.in_service_during <> new.in_service_during)) EXECUTE FUNCTION care.tell_of_equipment();  -- Trigger after equipment goes out of service: opens a task of the desk for each visit to come that holds it then.
CREATE TRIGGER equipment_is_stamped BEFORE INSERT OR UPDATE ON care.equipment FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER equipment_is_touched BEFORE UPDATE ON care.equipment FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
ALTER TABLE care.equipment FORCE ROW LEVEL SECURITY;
CREATE POLICY administrator ON care.equipment FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.equipment FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.equipment FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY manager ON care.equipment FOR ALL TO healthtrack_care USING (((( SELECT access.part() AS part) = 'facility_manager'::text) AND (facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])))) WITH CHECK (((( SELECT access.part() AS part) = 'facility_manager'::text) AND (facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[]))));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.equipment TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.equipment TO healthtrack_care;

-- When a piece of equipment is out of service: it is broken, maintained or lent.
CREATE TABLE care.equipment_outage (
    equipment_outage_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    equipment_id uuid NOT NULL,  -- Which piece of equipment.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    during tstzrange NOT NULL,  -- Half-open period; no upper bound while nobody knows.
    reason text NOT NULL,  -- Why.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT equipment_outage_pkey PRIMARY KEY (equipment_outage_id),  -- This outage is known already.
    CONSTRAINT equipment_outage_is_one_at_a_time EXCLUDE USING gist (equipment_id WITH =, during WITH &&),  -- The equipment is out of service at that time already.
    CONSTRAINT equipment_outage_equipment_fkey FOREIGN KEY (equipment_id) REFERENCES care.equipment(equipment_id),  -- Choose a known piece of equipment.
    CONSTRAINT equipment_outage_period_is_half_open CHECK (((NOT isempty(during)) AND lower_inc(during) AND (NOT upper_inc(during)))),  -- An outage has a beginning, and ends after it.
    CONSTRAINT equipment_outage_reason_is_some CHECK ((reason ~ '\S'::text))  -- Say why the equipment is out of service.
);
CREATE TRIGGER equipment_outage_is_stamped BEFORE INSERT OR UPDATE ON care.equipment_outage FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER equipment_outage_is_told AFTER INSERT OR UPDATE OF equipment_id, during ON care.equipment_outage FOR EACH ROW EXECUTE FUNCTION care.tell_of_equipment();  -- Trigger after equipment goes out of service: opens a task of the desk for each visit to come that holds it then.
CREATE TRIGGER equipment_outage_is_touched BEFORE UPDATE ON care.equipment_outage FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
ALTER TABLE care.equipment_outage FORCE ROW LEVEL SECURITY;
CREATE POLICY administrator ON care.equipment_outage FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.equipment_outage FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.equipment_outage FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY manager ON care.equipment_outage FOR ALL TO healthtrack_care USING ((equipment_id = ANY (( SELECT care.equipment_managed() AS equipment_managed)::uuid[]))) WITH CHECK ((equipment_id = ANY (( SELECT care.equipment_managed() AS equipment_managed)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.equipment_outage TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.equipment_outage TO healthtrack_care;

-- Who sees whom, where and when.
CREATE TABLE care.appointment (
    appointment_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Who comes.
    provider_id uuid NOT NULL,  -- Who gives care.
    facility_id uuid NOT NULL,  -- Where; for a telehealth visit the facility that answers for it.
    room_id uuid,  -- In which room of it; null where none is needed.
    expires_at timestamp with time zone,  -- When a hold ends by itself; null unless held.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    during tstzrange NOT NULL,  -- Half-open period, twelve hours at most.
    status text NOT NULL,  -- held, booked, arrived, completed, cancelled or no_show.
    mode text DEFAULT 'in_person'::text NOT NULL,  -- in_person or telehealth.
    reason text,  -- Why, in the patient's words; null where nothing was said.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    before_minutes smallint DEFAULT 0 NOT NULL,  -- For how long before it provider and resources are kept free, as its type said when it was made.
    after_minutes smallint DEFAULT 0 NOT NULL,  -- For how long after it provider and resources are kept free, as its type said when it was made.
    appointment_type text,  -- What kind of visit; null where nobody said.
    blocked_during tstzrange GENERATED ALWAYS AS (care.widened(during, before_minutes, after_minutes)) STORED NOT NULL,  -- The period with the minutes before and after it: provider and resources have none other then.
    cancelled_at timestamp with time zone,  -- When the visit was cancelled; null where it was not, or was only held, or before this was kept.
    cancelled_late boolean,  -- True where it was cancelled within the notice that its facility asks for; null where it was not cancelled.
    cancellation_reason text,  -- Why it was cancelled; null where it was not, or was only held, or before this was kept.
    appointment_series_id uuid,  -- The series that it is a part of, also when it was moved; null for a single visit.
    occurs_on date,  -- The day that the series gave it, wherever it was moved since; null for a single visit.
    CONSTRAINT appointment_pkey PRIMARY KEY (appointment_id),  -- This appointment is known already.
    CONSTRAINT appointment_id_with_facility_is_unique UNIQUE (appointment_id, facility_id),  -- This appointment is known already.
    CONSTRAINT appointment_id_with_mode_is_unique UNIQUE (appointment_id, mode),  -- This appointment is known already.
    CONSTRAINT appointment_id_with_patient_is_unique UNIQUE (patient_id, appointment_id),  -- This appointment is known already.
    CONSTRAINT appointment_id_with_place_is_unique UNIQUE (appointment_id, provider_id, facility_id),  -- This appointment is known already.
    CONSTRAINT appointment_id_with_status_is_unique UNIQUE (appointment_id, status),  -- This appointment is known already.
    CONSTRAINT appointment_is_one_of_each_day_of_its_series UNIQUE (appointment_series_id, occurs_on),  -- The series has a visit for that day already.
    CONSTRAINT appointment_patient_is_free EXCLUDE USING gist (patient_id WITH =, during WITH &&) WHERE ((status = ANY (ARRAY['held'::text, 'booked'::text, 'arrived'::text]))),  -- The patient has another appointment at that time.
    CONSTRAINT appointment_provider_is_free EXCLUDE USING gist (provider_id WITH =, blocked_during WITH &&) WHERE ((status = ANY (ARRAY['held'::text, 'booked'::text, 'arrived'::text]))),  -- This time has just been taken: choose another.
    CONSTRAINT appointment_room_is_free EXCLUDE USING gist (room_id WITH =, during WITH &&) WHERE ((status = ANY (ARRAY['held'::text, 'booked'::text, 'arrived'::text]))),  -- The room is taken at that time: choose another.
    CONSTRAINT appointment_cancellation_reason_fkey FOREIGN KEY (cancellation_reason) REFERENCES care.cancellation_reason(cancellation_reason),  -- Choose one of the known reasons.
    CONSTRAINT appointment_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility(facility_id),  -- Choose one of the network's facilities.
    CONSTRAINT appointment_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT appointment_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider(provider_id),  -- Choose one of the network's providers.
    CONSTRAINT appointment_room_fkey FOREIGN KEY (facility_id, room_id) REFERENCES care.room(facility_id, room_id),  -- Choose a room of that facility.
    CONSTRAINT appointment_series_fkey FOREIGN KEY (patient_id, appointment_series_id) REFERENCES care.appointment_series(patient_id, appointment_series_id),  -- An appointment is part of a series of the same patient.
    CONSTRAINT appointment_type_fkey FOREIGN KEY (appointment_type) REFERENCES care.appointment_type(appointment_type),  -- Choose one of the known kinds of visit.
    CONSTRAINT appointment_buffers_are_of_its_type CHECK ((((before_minutes >= 0) AND (before_minutes <= 240)) AND ((after_minutes >= 0) AND (after_minutes <= 240)) AND ((appointment_type IS NOT NULL) OR ((before_minutes = 0) AND (after_minutes = 0))))),  -- Time is kept free before and after a visit of a kind that says so, four hours at most.
    CONSTRAINT appointment_expires_while_held CHECK (((status = 'held'::text) = (expires_at IS NOT NULL))),  -- A held appointment needs an end of the hold, and no other may have one.
    CONSTRAINT appointment_gives_a_reason_when_cancelled CHECK (((status = 'cancelled'::text) OR ((cancellation_reason IS NULL) AND (cancelled_at IS NULL) AND (cancelled_late IS NULL)))),  -- Only a cancelled visit says why and when it was cancelled.
    CONSTRAINT appointment_mode_is_known CHECK ((mode = ANY (ARRAY['in_person'::text, 'telehealth'::text]))),  -- Choose in_person or telehealth.
    CONSTRAINT appointment_of_a_series_has_its_day CHECK (((appointment_series_id IS NULL) = (occurs_on IS NULL))),  -- A visit of a series has the day that the series gave it, and no other has one.
    CONSTRAINT appointment_period_is_half_open CHECK (((NOT isempty(during)) AND lower_inc(during) AND (NOT upper_inc(during)) AND (lower(during) IS NOT NULL) AND (upper(during) <= (lower(during) + '12:00:00'::interval)))),  -- An appointment has a beginning, and ends after it within twelve hours.
    CONSTRAINT appointment_status_is_known CHECK ((status = ANY (ARRAY['held'::text, 'booked'::text, 'arrived'::text, 'completed'::text, 'cancelled'::text, 'no_show'::text])))  -- Choose held, booked, arrived, completed, cancelled or no_show.
);
CREATE INDEX appointment_booked_idx ON care.appointment USING btree (lower(during)) WHERE (status = 'booked'::text);
CREATE INDEX appointment_cancellation_reason_idx ON care.appointment USING btree (cancellation_reason) WHERE (cancellation_reason IS NOT NULL);
CREATE INDEX appointment_facility_idx ON care.appointment USING btree (facility_id, lower(during));
CREATE INDEX appointment_held_idx ON care.appointment USING btree (expires_at) WHERE (status = 'held'::text);
CREATE INDEX appointment_patient_idx ON care.appointment USING btree (patient_id, lower(during));
CREATE INDEX appointment_provider_idx ON care.appointment USING btree (provider_id, lower(during));
CREATE INDEX appointment_series_idx ON care.appointment USING btree (patient_id, appointment_series_id) WHERE (appointment_series_id IS NOT NULL);
CREATE INDEX appointment_type_idx ON care.appointment USING btree (appointment_type);
CREATE TRIGGER appointment_asks_rights_first BEFORE INSERT ON care.appointment FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.ask_booking_rights();  -- Trigger before an account takes a time: refuses it, as the policies would, before any rule of booking is asked.
CREATE TRIGGER appointment_cancellation_is_explained BEFORE UPDATE ON care.appointment FOR EACH ROW WHEN (((NOT access.erasing()) AND ((old.status = ANY (ARRAY['booked'::text, 'arrived'::text])) AND (new.status = 'cancelled'::text)))) EXECUTE FUNCTION care.explain_cancellation();  -- Trigger before a visit is cancelled: notes when, and whether late, and refuses a reason that is not for whoever cancels.
CREATE TRIGGER appointment_drops_its_reminder AFTER UPDATE ON care.appointment FOR EACH ROW WHEN (((old.status IS DISTINCT FROM new.status) OR (old.during IS DISTINCT FROM new.during))) EXECUTE FUNCTION care.drop_reminder();  -- Trigger after an appointment is moved or ends: its reminder is not sent any more.
CREATE TRIGGER appointment_facility_stands AFTER INSERT OR UPDATE OF facility_id, during ON care.appointment FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.refuse_visits_at_closed();  -- Trigger after a visit is booked: refuses one on a day on which its facility is closed for good.
CREATE TRIGGER appointment_fits_its_type BEFORE INSERT OR UPDATE OF appointment_type, during, mode, provider_id ON care.appointment FOR EACH ROW WHEN (((NOT access.erasing()) AND (new.appointment_type IS NOT NULL))) EXECUTE FUNCTION care.fit_appointment_type();  -- Trigger before an appointment of a type is made, moved or given to another provider: copies its buffers, and refuses what the type does not allow.
CREATE TRIGGER appointment_has_its_session AFTER INSERT OR UPDATE OF status, mode ON care.appointment FOR EACH ROW WHEN (((new.mode = 'telehealth'::text) AND (new.status = ANY (ARRAY['booked'::text, 'arrived'::text, 'completed'::text])))) EXECUTE FUNCTION care.make_telehealth_session();  -- Trigger after a visit by video is booked: makes its session, once.
CREATE TRIGGER appointment_holds_its_resources AFTER INSERT ON care.appointment FOR EACH ROW WHEN (((new.room_id IS NOT NULL) OR (new.appointment_type IS NOT NULL))) EXECUTE FUNCTION care.hold_resources();  -- Trigger after an appointment takes a time, is moved or ends: holds its room and what its type needs, or gives them back.
CREATE TRIGGER appointment_insert_is_logged AFTER INSERT ON care.appointment FOR EACH ROW EXECUTE FUNCTION care.log_appointment();  -- Trigger after each insert and each change of time, place, people or status of an appointment: writes its event.
CREATE TRIGGER appointment_is_bookable BEFORE INSERT ON care.appointment FOR EACH ROW WHEN (((new.status = 'held'::text) OR ((new.status = 'booked'::text) AND (NOT care.writes_as_owner())))) EXECUTE FUNCTION care.keep_appointment_bookable();  -- Trigger before an appointment takes a time: waits its turn, ends holds there that have run out, and asks whether it may be booked.
CREATE TRIGGER appointment_is_confirmed_by_who_comes AFTER UPDATE ON care.appointment FOR EACH ROW WHEN (((NOT access.erasing()) AND ((old.status = 'held'::text) AND (new.status = 'booked'::text)))) EXECUTE FUNCTION care.check_attendance();  -- Trigger after a patient takes a time or waits for one: refuses it where only the desk books for that patient.
CREATE TRIGGER appointment_is_confirmed_within_its_window AFTER UPDATE ON care.appointment FOR EACH ROW WHEN (((NOT access.erasing()) AND (old.status = 'held'::text) AND (new.status = 'booked'::text))) EXECUTE FUNCTION care.check_membership_of_hold();  -- Trigger after a held time is booked: refuses one that the membership of now does not open.
CREATE TRIGGER appointment_is_its_providers BEFORE UPDATE ON care.appointment FOR EACH ROW WHEN (((NOT access.erasing()) AND (NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text)))) EXECUTE FUNCTION care.check_visit_owner();  -- Trigger before an appointment is changed through the portal: a provider changes the own ones.
CREATE TRIGGER appointment_is_lawful BEFORE INSERT OR UPDATE ON care.appointment FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.keep_appointment_lawful();  -- Trigger before each insert and update of an appointment: status by its ways, by whom it may, and at its time.
CREATE TRIGGER appointment_is_not_of_a_joined_record AFTER INSERT ON care.appointment REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER appointment_is_one_of_few BEFORE INSERT ON care.appointment FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.count_bookings();  -- Trigger before a time is held or booked through the portal: refuses more than access.cap allows to a patient or to an account of a desk.
CREATE TRIGGER appointment_is_stamped BEFORE INSERT OR UPDATE ON care.appointment FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER appointment_is_taken_by_who_comes AFTER INSERT ON care.appointment FOR EACH ROW WHEN ((new.status = ANY (ARRAY['held'::text, 'booked'::text]))) EXECUTE FUNCTION care.check_attendance();  -- Trigger after a patient takes a time or waits for one: refuses it where only the desk books for that patient.
CREATE TRIGGER appointment_is_touched BEFORE UPDATE ON care.appointment FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER appointment_keeps_its_resources AFTER UPDATE ON care.appointment FOR EACH ROW WHEN (((NOT access.erasing()) AND ((new.room_id IS NOT NULL) OR (new.appointment_type IS NOT NULL) OR (old.room_id IS NOT NULL) OR (old.appointment_type IS NOT NULL)))) EXECUTE FUNCTION care.hold_resources();  -- Trigger after an appointment takes a time, is moved or ends: holds its room and what its type needs, or gives them back.
CREATE TRIGGER appointment_keeps_the_record AFTER UPDATE ON care.appointment FOR EACH ROW WHEN ((((old.status IS DISTINCT FROM new.status) OR (old.during IS DISTINCT FROM new.during)) OR (old.provider_id IS DISTINCT FROM new.provider_id))) EXECUTE FUNCTION care.keep_visit_relationship();  -- Trigger after an appointment changes status, time or provider: opens the record to the provider, unless a provider did it, or closes it.
CREATE TRIGGER appointment_opens_the_record AFTER INSERT ON care.appointment FOR EACH ROW WHEN ((new.status = ANY (ARRAY['booked'::text, 'arrived'::text, 'completed'::text]))) EXECUTE FUNCTION care.keep_visit_relationship();  -- Trigger after an appointment changes status, time or provider: opens the record to the provider, unless a provider did it, or closes it.
CREATE TRIGGER appointment_provider_is_licensed BEFORE INSERT OR UPDATE OF status, during, provider_id, facility_id, mode, patient_id ON care.appointment FOR EACH ROW WHEN (((NOT access.erasing()) AND (new.status = ANY (ARRAY['held'::text, 'booked'::text, 'arrived'::text])))) EXECUTE FUNCTION care.check_license();  -- Trigger before a visit is held, booked, moved or begun: refuses a provider who is not licensed where it takes place.
CREATE TRIGGER appointment_settles_the_waitlist AFTER UPDATE ON care.appointment FOR EACH ROW WHEN (((((old.status IS DISTINCT FROM new.status) OR (old.during IS DISTINCT FROM new.during)) OR (old.provider_id IS DISTINCT FROM new.provider_id)) OR (old.facility_id IS DISTINCT FROM new.facility_id))) EXECUTE FUNCTION care.settle_waitlist();  -- Trigger after an appointment changes: an offer is taken or has lapsed, and a time that is given back is offered to the next.
CREATE TRIGGER appointment_stays_bookable BEFORE UPDATE ON care.appointment FOR EACH ROW WHEN (((NOT access.erasing()) AND ((old.during IS DISTINCT FROM new.during) OR (old.provider_id IS DISTINCT FROM new.provider_id) OR (old.facility_id IS DISTINCT FROM new.facility_id) OR (old.room_id IS DISTINCT FROM new.room_id) OR (old.mode IS DISTINCT FROM new.mode)))) EXECUTE FUNCTION care.keep_appointment_bookable();  -- Trigger before an appointment takes a time: waits its turn, ends holds there that have run out, and asks whether it may be booked.
CREATE TRIGGER appointment_stays_under_hold BEFORE DELETE ON care.appointment FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
CREATE TRIGGER appointment_update_is_logged AFTER UPDATE ON care.appointment FOR EACH ROW WHEN (((((((old.status IS DISTINCT FROM new.status) OR (old.during IS DISTINCT FROM new.during)) OR (old.provider_id IS DISTINCT FROM new.provider_id)) OR (old.facility_id IS DISTINCT FROM new.facility_id)) OR (old.room_id IS DISTINCT FROM new.room_id)) OR (old.mode IS DISTINCT FROM new.mode))) EXECUTE FUNCTION care.log_appointment();  -- Trigger after each insert and each change of time, place, people or status of an appointment: writes its event.
ALTER TABLE care.appointment FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.appointment FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY desk ON care.appointment FOR ALL TO healthtrack_care USING (((facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])) AND (( SELECT access.part() AS part) = 'front_desk'::text))) WITH CHECK (((facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])) AND (( SELECT access.part() AS part) = 'front_desk'::text)));
CREATE POLICY granted ON care.appointment FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('schedule'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.appointment FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.appointment FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
CREATE POLICY proxy ON care.appointment FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_acted_for('schedule'::text) AS patients_acted_for)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_acted_for('schedule'::text) AS patients_acted_for)::uuid[])));
CREATE POLICY with_provider ON care.appointment FOR SELECT TO healthtrack_care USING (((provider_id = ( SELECT access.acting_provider() AS acting_provider)) AND (status <> 'held'::text)));
CREATE POLICY with_provider_is_changed ON care.appointment FOR UPDATE TO healthtrack_care USING (((provider_id = ( SELECT access.acting_provider() AS acting_provider)) AND (status <> 'held'::text))) WITH CHECK ((provider_id = ( SELECT access.acting_provider() AS acting_provider)));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.appointment TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.appointment TO healthtrack_care;

-- Appointments that come back every so many weeks or months, as they were booked.
CREATE TABLE care.appointment_series (
    appointment_series_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Who comes.
    provider_id uuid NOT NULL,  -- With whom it was booked.
    facility_id uuid NOT NULL,  -- Where; its days and times are on the clock of that place.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    first_on date NOT NULL,  -- Day of the first visit.
    until_on date,  -- Last day on which there may be one; null where a number of visits ends it.
    starts_minute smallint NOT NULL,  -- Minutes after midnight on the wall clock at which each begins.
    minutes smallint NOT NULL,  -- How long each is.
    every smallint DEFAULT 1 NOT NULL,  -- Every so many weeks or months.
    count smallint,  -- After so many days it ends, skipped ones included; null where a day ends it.
    frequency text NOT NULL,  -- weekly or monthly.
    mode text DEFAULT 'in_person'::text NOT NULL,  -- in_person or telehealth.
    appointment_type text,  -- What kind of visit; null where nobody said.
    reason text,  -- Why, in words; null where nothing was said.
    skipped_on date[] DEFAULT '{}'::date[] NOT NULL,  -- Days of the rule on which there is no visit.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT appointment_series_pkey PRIMARY KEY (appointment_series_id),  -- This series is known already.
    CONSTRAINT appointment_series_id_with_patient_is_unique UNIQUE (patient_id, appointment_series_id),  -- This series is known already.
    CONSTRAINT appointment_series_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility(facility_id),  -- Choose one of the network's facilities.
    CONSTRAINT appointment_series_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT appointment_series_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider(provider_id),  -- Choose one of the network's providers.
    CONSTRAINT appointment_series_type_fkey FOREIGN KEY (appointment_type) REFERENCES care.appointment_type(appointment_type),  -- Choose one of the known kinds of visit.
    CONSTRAINT appointment_series_begins_within_the_day CHECK (((starts_minute >= 0) AND (starts_minute <= 1439))),  -- Give the time of the visits between 0:00 and 23:59.
    CONSTRAINT appointment_series_frequency_is_known CHECK ((frequency = ANY (ARRAY['weekly'::text, 'monthly'::text]))),  -- Choose weekly or monthly.
    CONSTRAINT appointment_series_has_one_end CHECK (((num_nonnulls(count, until_on) = 1) AND COALESCE(((count >= 1) AND (count <= 52)), true) AND COALESCE(((until_on >= first_on) AND (until_on <= (first_on + 1830))), true))),  -- Say after how many visits, 1 to 52, or on which day within five years the series ends.
    CONSTRAINT appointment_series_interval_is_a_year_at_most CHECK (((every >= 1) AND (every <= 12))),  -- Let visits come back every 1 to 12 weeks or months.
    CONSTRAINT appointment_series_mode_is_known CHECK ((mode = ANY (ARRAY['in_person'::text, 'telehealth'::text]))),  -- Choose in_person or telehealth.
    CONSTRAINT appointment_series_visits_take_their_time CHECK (((minutes >= 1) AND (minutes <= 720)))  -- A visit is over within twelve hours.
);
CREATE INDEX appointment_series_facility_idx ON care.appointment_series USING btree (facility_id);
CREATE INDEX appointment_series_patient_idx ON care.appointment_series USING btree (patient_id, first_on);
CREATE INDEX appointment_series_provider_idx ON care.appointment_series USING btree (provider_id);
CREATE INDEX appointment_series_type_idx ON care.appointment_series USING btree (appointment_type);
CREATE TRIGGER appointment_series_is_not_of_a_joined_record AFTER INSERT ON care.appointment_series REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER appointment_series_is_stamped BEFORE INSERT OR UPDATE ON care.appointment_series FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER appointment_series_is_touched BEFORE UPDATE ON care.appointment_series FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER appointment_series_stays_under_hold BEFORE DELETE ON care.appointment_series FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.appointment_series FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.appointment_series FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY desk ON care.appointment_series FOR ALL TO healthtrack_care USING (((facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])) AND (( SELECT access.part() AS part) = 'front_desk'::text))) WITH CHECK (((facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])) AND (( SELECT access.part() AS part) = 'front_desk'::text)));
CREATE POLICY granted ON care.appointment_series FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('schedule'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.appointment_series FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.appointment_series FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
CREATE POLICY proxy ON care.appointment_series FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_acted_for('schedule'::text) AS patients_acted_for)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_acted_for('schedule'::text) AS patients_acted_for)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.appointment_series TO healthtrack_migrator;
GRANT INSERT, SELECT ON care.appointment_series TO healthtrack_care;

-- A room or piece of equipment that an appointment holds, or held until it was given back.
CREATE TABLE care.appointment_resource (
    appointment_resource_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose appointment.
    appointment_id uuid NOT NULL,  -- The appointment.
    facility_id uuid NOT NULL,  -- The facility of the appointment, and of the resource.
    room_id uuid,  -- The room; null for equipment.
    equipment_id uuid,  -- The piece of equipment; null for a room.
    held_at_facility_id uuid GENERATED ALWAYS AS (
CASE
    WHEN (released_at IS NULL) THEN facility_id
    ELSE NULL::uuid
END) STORED,  -- The facility while it is held: half of the key of an appointment there.
    released_at timestamp with time zone,  -- When it was given back; null while it is held.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    held_during tstzrange NOT NULL,  -- For which half-open period: all that the appointment blocks.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT appointment_resource_pkey PRIMARY KEY (appointment_resource_id),  -- This is held already.
    CONSTRAINT appointment_resource_equipment_is_free EXCLUDE USING gist (equipment_id WITH =, held_during WITH &&) WHERE ((released_at IS NULL)),  -- The equipment is taken at that time: choose another time.
    CONSTRAINT appointment_resource_room_is_free EXCLUDE USING gist (room_id WITH =, held_during WITH &&) WHERE ((released_at IS NULL)),  -- The room is taken or made ready at that time: choose another time or room.
    CONSTRAINT appointment_resource_appointment_fkey FOREIGN KEY (patient_id, appointment_id) REFERENCES care.appointment(patient_id, appointment_id),  -- A resource is held for an appointment of the same patient.
    CONSTRAINT appointment_resource_equipment_fkey FOREIGN KEY (facility_id, equipment_id) REFERENCES care.equipment(facility_id, equipment_id),  -- Choose equipment of that facility.
    CONSTRAINT appointment_resource_is_at_the_facility_of_its_appointment FOREIGN KEY (appointment_id, held_at_facility_id) REFERENCES care.appointment(appointment_id, facility_id) DEFERRABLE INITIALLY DEFERRED,  -- An appointment uses what stands in its own facility.
    CONSTRAINT appointment_resource_room_fkey FOREIGN KEY (facility_id, room_id) REFERENCES care.room(facility_id, room_id),  -- Choose a room of that facility.
    CONSTRAINT appointment_resource_is_a_room_or_equipment CHECK ((num_nonnulls(room_id, equipment_id) = 1)),  -- Hold either a room or a piece of equipment.
    CONSTRAINT appointment_resource_period_is_half_open CHECK (((NOT isempty(held_during)) AND lower_inc(held_during) AND (NOT upper_inc(held_during))))  -- A resource is held from a moment until one after it.
);
CREATE INDEX appointment_resource_appointment_idx ON care.appointment_resource USING btree (patient_id, appointment_id);
CREATE INDEX appointment_resource_equipment_idx ON care.appointment_resource USING btree (facility_id, equipment_id);
CREATE INDEX appointment_resource_held_idx ON care.appointment_resource USING btree (appointment_id, held_at_facility_id);
CREATE INDEX appointment_resource_room_idx ON care.appointment_resource USING btree (facility_id, room_id);
CREATE TRIGGER appointment_resource_is_not_of_a_joined_record AFTER INSERT ON care.appointment_resource REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER appointment_resource_is_stamped BEFORE INSERT OR UPDATE ON care.appointment_resource FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER appointment_resource_is_touched BEFORE UPDATE ON care.appointment_resource FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER appointment_resource_stays_under_hold BEFORE DELETE ON care.appointment_resource FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.appointment_resource FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.appointment_resource FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY desk ON care.appointment_resource FOR SELECT TO healthtrack_care USING (((facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])) AND (( SELECT access.part() AS part) = 'front_desk'::text)));
CREATE POLICY granted ON care.appointment_resource FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('schedule'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.appointment_resource FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.appointment_resource FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
CREATE POLICY proxy ON care.appointment_resource FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_acted_for('schedule'::text) AS patients_acted_for)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.appointment_resource TO healthtrack_migrator;
GRANT SELECT ON care.appointment_resource TO healthtrack_care;

-- Why a visit may be cancelled, and who may say so.
CREATE TABLE care.cancellation_reason (
    active boolean DEFAULT true NOT NULL,  -- False where it is not given any more.
    cancellation_reason text NOT NULL,  -- Stable word.
    title text NOT NULL,  -- A few words for a person.
    fhir_code text,  -- Code of HL7's appointment-cancellation-reason; null where none fits.
    given_by text[] NOT NULL,  -- Who may give it: patient, provider, facility; a front desk gives any.
    CONSTRAINT cancellation_reason_pkey PRIMARY KEY (cancellation_reason),  -- This reason is known already.
    CONSTRAINT cancellation_reason_fhir_code_is_a_code CHECK ((fhir_code ~ '^[a-z]+(-[a-z]+)*$'::text)),  -- A code of cancellation reasons has small letters and hyphens.
    CONSTRAINT cancellation_reason_is_given_by_somebody CHECK (((cardinality(given_by) > 0) AND (given_by <@ ARRAY['patient'::text, 'provider'::text, 'facility'::text]))),  -- Choose who may give it among patient, provider and facility.
    CONSTRAINT cancellation_reason_is_snake_case CHECK ((cancellation_reason ~ '^[a-z][a-z0-9_]{1,40}$'::text)),  -- Name a reason by small letters, digits and underscores.
    CONSTRAINT cancellation_reason_title_is_some CHECK ((title ~ '\S'::text))  -- Give the reason a title.
);
ALTER TABLE care.cancellation_reason FORCE ROW LEVEL SECURITY;
CREATE POLICY administrator ON care.cancellation_reason FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.cancellation_reason FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.cancellation_reason FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.cancellation_reason TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.cancellation_reason TO healthtrack_care;

-- What a facility asks of those who come: notice of a cancellation, and not to miss visits.
CREATE TABLE care.attendance_policy (
    facility_id uuid NOT NULL,  -- The facility.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    notice_hours smallint DEFAULT 24 NOT NULL,  -- So many hours before a visit a cancellation is late.
    no_show_limit smallint,  -- After so many missed visits only the desk books for a patient; null where it may always book.
    within_days smallint,  -- Missed visits of so many days count; null where there is no limit.
    charge_code text,  -- What a missed visit or a late cancellation costs, by the price list; null where it costs nothing.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT attendance_policy_pkey PRIMARY KEY (facility_id),  -- This facility has its policy already: change that.
    CONSTRAINT attendance_policy_charge_code_fkey FOREIGN KEY (charge_code) REFERENCES care.charge_code(charge_code),  -- Choose one of the known charge codes.
    CONSTRAINT attendance_policy_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility(facility_id),  -- Add the facility first.
    CONSTRAINT attendance_policy_limit_is_within_days CHECK ((((no_show_limit IS NULL) = (within_days IS NULL)) AND COALESCE(((no_show_limit >= 1) AND (no_show_limit <= 50)), true) AND COALESCE(((within_days >= 1) AND (within_days <= 1830)), true))),  -- Say both how many missed visits, 1 to 50, and within how many days, 1 to 1830, or neither.
    CONSTRAINT attendance_policy_notice_is_a_month_at_most CHECK (((notice_hours >= 0) AND (notice_hours <= 720)))  -- Ask for a notice of 0 to 720 hours.
);
CREATE INDEX attendance_policy_charge_code_idx ON care.attendance_policy USING btree (charge_code);
CREATE TRIGGER attendance_policy_is_stamped BEFORE INSERT OR UPDATE ON care.attendance_policy FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER attendance_policy_is_touched BEFORE UPDATE ON care.attendance_policy FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
ALTER TABLE care.attendance_policy FORCE ROW LEVEL SECURITY;
CREATE POLICY administrator ON care.attendance_policy FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.attendance_policy FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.attendance_policy FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY manager ON care.attendance_policy FOR ALL TO healthtrack_care USING (((( SELECT access.part() AS part) = 'facility_manager'::text) AND (facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])))) WITH CHECK (((( SELECT access.part() AS part) = 'facility_manager'::text) AND (facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[]))));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.attendance_policy TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.attendance_policy TO healthtrack_care;

-- That a front desk lets a patient book again who had missed visits there: what was missed before counts no more.
CREATE TABLE care.attendance_waiver (
    attendance_waiver_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Who may book again.
    facility_id uuid NOT NULL,  -- Where.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made; what was missed before does not count.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    reason text NOT NULL,  -- Why, in words.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT attendance_waiver_pkey PRIMARY KEY (attendance_waiver_id),  -- This is known already.
    CONSTRAINT attendance_waiver_id_with_patient_is_unique UNIQUE (patient_id, attendance_waiver_id),  -- This is known already.
    CONSTRAINT attendance_waiver_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility(facility_id),  -- Choose one of the network's facilities.
    CONSTRAINT attendance_waiver_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT attendance_waiver_reason_is_some CHECK (((reason ~ '\S'::text) AND (length(reason) <= 500)))  -- Say why the patient may book again, in 500 letters at most.
);
CREATE INDEX attendance_waiver_facility_idx ON care.attendance_waiver USING btree (facility_id);
CREATE INDEX attendance_waiver_patient_idx ON care.attendance_waiver USING btree (patient_id, facility_id, created_at);
CREATE TRIGGER attendance_waiver_is_not_of_a_joined_record AFTER INSERT ON care.attendance_waiver REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER attendance_waiver_is_stamped BEFORE INSERT OR UPDATE ON care.attendance_waiver FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER attendance_waiver_is_touched BEFORE UPDATE ON care.attendance_waiver FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER attendance_waiver_stays_under_hold BEFORE DELETE ON care.attendance_waiver FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.attendance_waiver FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.attendance_waiver FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY desk ON care.attendance_waiver FOR ALL TO healthtrack_care USING (((facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])) AND (( SELECT access.part() AS part) = 'front_desk'::text))) WITH CHECK (((facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])) AND (( SELECT access.part() AS part) = 'front_desk'::text)));
CREATE POLICY maintenance ON care.attendance_waiver FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.attendance_waiver FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.attendance_waiver TO healthtrack_migrator;
GRANT INSERT, SELECT ON care.attendance_waiver TO healthtrack_care;

-- Which status of an appointment may follow which.
CREATE TABLE care.appointment_transition (
    from_status text NOT NULL,  -- Status before; `new` before there was any.
    to_status text NOT NULL,  -- Status after.
    parts text[] NOT NULL,  -- Who may do so through the portal; nobody where an appointment is only taken over from another system.
    CONSTRAINT appointment_transition_pkey PRIMARY KEY (from_status, to_status),  -- This way is known already.
    CONSTRAINT appointment_transition_goes_somewhere CHECK ((from_status <> to_status))  -- A status cannot follow itself.
);
ALTER TABLE care.appointment_transition FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody_reads ON care.appointment_transition FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.appointment_transition FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.appointment_transition TO healthtrack_migrator;
GRANT SELECT ON care.appointment_transition TO healthtrack_care;

-- Every change of an appointment, in order. Rows are only ever added.
CREATE TABLE care.appointment_event (
    appointment_event_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,  -- Key, in the order of writing.
    happened_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,  -- When.
    patient_id uuid NOT NULL,  -- Whose appointment.
    appointment_id uuid NOT NULL,  -- Which appointment.
    facility_id uuid NOT NULL,  -- Where it is after the change.
    from_provider_id uuid,  -- With whom it was; null for a new appointment.
    to_provider_id uuid NOT NULL,  -- With whom it is.
    actor uuid,  -- Account that did it; null where a program did.
    from_during tstzrange,  -- When it was; null for a new appointment.
    to_during tstzrange NOT NULL,  -- When it is.
    from_status text,  -- Status before; null for a new appointment.
    to_status text NOT NULL,  -- Status after.
    changed_by text NOT NULL,  -- Account or program that did it.
    CONSTRAINT appointment_event_pkey PRIMARY KEY (appointment_event_id),  -- This event is known already.
    CONSTRAINT appointment_event_appointment_fkey FOREIGN KEY (patient_id, appointment_id) REFERENCES care.appointment(patient_id, appointment_id),  -- An event belongs to an appointment of the same patient.
    CONSTRAINT appointment_event_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility(facility_id)  -- Choose one of the network's facilities.
);
CREATE INDEX appointment_event_appointment_idx ON care.appointment_event USING btree (patient_id, appointment_id);
CREATE INDEX appointment_event_facility_idx ON care.appointment_event USING btree (facility_id, happened_at);
CREATE INDEX appointment_event_made_idx ON care.appointment_event USING btree (actor, happened_at) WHERE (from_status IS NULL);
CREATE TRIGGER appointment_event_is_only_added BEFORE DELETE OR UPDATE OR TRUNCATE ON care.appointment_event FOR EACH STATEMENT WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.keep_appointment_event();  -- Trigger that refuses to change or remove events of appointments.
CREATE TRIGGER appointment_event_stays_under_hold BEFORE DELETE ON care.appointment_event FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.appointment_event FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.appointment_event FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY desk ON care.appointment_event FOR SELECT TO healthtrack_care USING (((facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])) AND (( SELECT access.part() AS part) = 'front_desk'::text)));
CREATE POLICY maintenance ON care.appointment_event FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.appointment_event FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.appointment_event TO healthtrack_migrator;
GRANT SELECT ON care.appointment_event TO healthtrack_care;

-- Appointments of a patient with names, the number of their changes and of what is left to follow up.
--   patient_id: Whose.
--   appointment_id: The appointment.
--   during: When.
--   status: Status at present.
--   mode: in_person or telehealth.
--   reason: Why, in the patient's words.
--   provider_id: With whom.
--   facility_id: Where.
--   provider_name: With whom, by name.
--   facility_name: Where, by name.
--   changes: How many events it has, its making included.
--   open_follow_ups: How many follow-ups it recommends that are neither done nor declined.
--   appointment_type: What kind of visit; null where nobody said.
--   appointment_series_id: The series that it is a part of; null for a single visit.
--   cancellation_reason: Why it was cancelled; null where it was not, or nobody said.
--   cancelled_late: True where it was cancelled within the notice that its facility asks for.
--   resources: Names of the rooms and the equipment that it holds.
CREATE VIEW care.appointment_history WITH (security_invoker=true) AS
 SELECT a.patient_id,
    a.appointment_id,
    a.during,
    a.status,
    a.mode,
    a.reason,
    a.provider_id,
    a.facility_id,
    concat_ws(' '::text, p.given_name, p.family_name) AS provider_name,
    f.name AS facility_name,
    ( SELECT count(*) AS count
           FROM care.appointment_event e
          WHERE ((e.patient_id = a.patient_id) AND (e.appointment_id = a.appointment_id))) AS changes,
    ( SELECT count(*) AS count
           FROM care.follow_up u
          WHERE ((u.patient_id = a.patient_id) AND (u.appointment_id = a.appointment_id) AND (u.status = 'recommended'::text))) AS open_follow_ups,
    a.appointment_type,
    a.appointment_series_id,
    a.cancellation_reason,
    a.cancelled_late,
    ARRAY( SELECT COALESCE(r.name, e.name) AS "coalesce"
           FROM ((care.appointment_resource u
             LEFT JOIN care.room r ON ((r.room_id = u.room_id)))
             LEFT JOIN care.equipment e ON ((e.equipment_id = u.equipment_id)))
          WHERE ((u.patient_id = a.patient_id) AND (u.appointment_id = a.appointment_id) AND (u.released_at IS NULL))
          ORDER BY (u.room_id IS NULL), COALESCE(r.name, e.name)) AS resources
   FROM ((care.appointment a
     JOIN care.provider p USING (provider_id))
     JOIN care.facility f USING (facility_id));
GRANT SELECT ON care.appointment_history TO healthtrack_care;

-- What a visit recommends to come back for.
CREATE TABLE care.follow_up (
    follow_up_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Who should come back.
    appointment_id uuid NOT NULL,  -- The visit that recommends it.
    done_appointment_id uuid,  -- The visit that did it; null until then.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    due_during daterange NOT NULL,  -- Days on which it should be done.
    status text DEFAULT 'recommended'::text NOT NULL,  -- recommended, done or declined.
    reason text NOT NULL,  -- What for.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT follow_up_pkey PRIMARY KEY (follow_up_id),  -- This follow-up is known already.
    CONSTRAINT follow_up_id_with_patient_is_unique UNIQUE (patient_id, follow_up_id),  -- This follow-up is known already.
    CONSTRAINT follow_up_appointment_fkey FOREIGN KEY (patient_id, appointment_id) REFERENCES care.appointment(patient_id, appointment_id),  -- A follow-up comes from a visit of the same patient.
    CONSTRAINT follow_up_is_done_by_a_visit_of_the_patient FOREIGN KEY (patient_id, done_appointment_id) REFERENCES care.appointment(patient_id, appointment_id),  -- A follow-up is done by a visit of the same patient.
    CONSTRAINT follow_up_is_done_by_a_visit CHECK (((status = 'done'::text) = (done_appointment_id IS NOT NULL))),  -- A follow-up that is done names its visit, and no other may have one.
    CONSTRAINT follow_up_is_done_by_another_visit CHECK ((done_appointment_id <> appointment_id)),  -- A follow-up is done by a later visit than the one that recommends it.
    CONSTRAINT follow_up_is_due_at_some_time CHECK (((NOT isempty(due_during)) AND (NOT lower_inf(due_during)) AND (NOT upper_inf(due_during)))),  -- Give the first and the last day on which the follow-up is due.
    CONSTRAINT follow_up_reason_is_some CHECK ((reason ~ '\S'::text)),  -- Say what to come back for.
    CONSTRAINT follow_up_status_is_known CHECK ((status = ANY (ARRAY['recommended'::text, 'done'::text, 'declined'::text])))  -- Choose recommended, done or declined.
);
CREATE INDEX follow_up_appointment_idx ON care.follow_up USING btree (patient_id, appointment_id);
CREATE INDEX follow_up_done_appointment_idx ON care.follow_up USING btree (patient_id, done_appointment_id);
CREATE INDEX follow_up_due_idx ON care.follow_up USING btree (upper(due_during)) WHERE (status = 'recommended'::text);
CREATE TRIGGER follow_up_is_not_of_a_joined_record AFTER INSERT ON care.follow_up REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER follow_up_is_stamped BEFORE INSERT OR UPDATE ON care.follow_up FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER follow_up_is_touched BEFORE UPDATE ON care.follow_up FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER follow_up_stays_under_hold BEFORE DELETE ON care.follow_up FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.follow_up FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.follow_up FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.follow_up FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.follow_up FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.follow_up FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.follow_up TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.follow_up TO healthtrack_care;

-- What a patient says of a completed visit.
CREATE TABLE care.review (
    review_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- The author; not for the portal.
    appointment_id uuid NOT NULL,  -- The visit; not for the portal.
    provider_id uuid NOT NULL,  -- Who gave care.
    facility_id uuid NOT NULL,  -- Where.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    provider_stars smallint,  -- Of the provider, one (poor) to five (excellent); null where only the facility is rated.
    visit_status text GENERATED ALWAYS AS ('completed'::text) STORED NOT NULL,  -- Always completed: half of the key of a completed visit.
    state text DEFAULT 'pending'::text NOT NULL,  -- pending until a moderator has read it, then published or hidden; pending again when its author changes it.
    body text,  -- What is said; null where only stars are given.
    moderation text,  -- Why a moderator hid it; null otherwise.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    facility_stars smallint,  -- Of the facility, one (poor) to five (excellent); null where only the provider is rated.
    CONSTRAINT review_pkey PRIMARY KEY (review_id),  -- This review is known already.
    CONSTRAINT review_is_one_of_each_visit UNIQUE (appointment_id),  -- This visit has been reviewed already.
    CONSTRAINT review_is_of_a_completed_visit FOREIGN KEY (appointment_id, visit_status) REFERENCES care.appointment(appointment_id, status),  -- Only a completed visit can be reviewed.
    CONSTRAINT review_is_of_ones_own_visit FOREIGN KEY (patient_id, appointment_id) REFERENCES care.appointment(patient_id, appointment_id),  -- Only the patient of a visit can review it.
    CONSTRAINT review_names_the_visits_provider_and_facility FOREIGN KEY (appointment_id, provider_id, facility_id) REFERENCES care.appointment(appointment_id, provider_id, facility_id),  -- A review is of the provider and the facility of its visit.
    CONSTRAINT review_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT review_has_one_to_five_stars CHECK ((((provider_stars >= 1) AND (provider_stars <= 5)) AND ((facility_stars >= 1) AND (facility_stars <= 5)))),  -- Give one to five stars.
    CONSTRAINT review_is_hidden_for_a_reason CHECK (((state <> 'hidden'::text) OR ((moderation ~ '\S'::text) IS TRUE))),  -- Say why the review is hidden.
    CONSTRAINT review_is_short CHECK (((length(body) >= 1) AND (length(body) <= 4000))),  -- Write a review of 4000 characters at most.
    CONSTRAINT review_rates_something CHECK ((num_nonnulls(provider_stars, facility_stars) > 0)),  -- Rate the provider, the facility or both.
    CONSTRAINT review_state_is_known CHECK ((state = ANY (ARRAY['pending'::text, 'published'::text, 'hidden'::text])))  -- Choose pending, published or hidden.
);
CREATE INDEX review_facility_idx ON care.review USING btree (facility_id, created_at);
CREATE INDEX review_patient_idx ON care.review USING btree (patient_id, appointment_id);
CREATE INDEX review_pending_idx ON care.review USING btree (created_at) WHERE (state = 'pending'::text);
CREATE INDEX review_provider_idx ON care.review USING btree (provider_id, created_at);
CREATE TRIGGER review_change_is_tallied AFTER UPDATE ON care.review REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.tally_reviews();  -- Trigger after reviews are written: adds the difference to the tally.
CREATE TRIGGER review_is_moderated_again BEFORE UPDATE OF provider_stars, facility_stars, body ON care.review FOR EACH ROW WHEN ((((old.provider_stars IS DISTINCT FROM new.provider_stars) OR (old.facility_stars IS DISTINCT FROM new.facility_stars)) OR (old.body IS DISTINCT FROM new.body))) EXECUTE FUNCTION care.ask_for_moderation();  -- Trigger before a review's stars or text change: it waits for a moderator again.
CREATE TRIGGER review_is_not_of_a_joined_record AFTER INSERT ON care.review REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER review_is_stamped BEFORE INSERT OR UPDATE ON care.review FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER review_is_tallied AFTER INSERT ON care.review REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.tally_reviews();  -- Trigger after reviews are written: adds the difference to the tally.
CREATE TRIGGER review_is_touched BEFORE UPDATE ON care.review FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER review_removal_is_tallied AFTER DELETE ON care.review REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION care.tally_reviews();  -- Trigger after reviews are written: adds the difference to the tally.
CREATE TRIGGER review_stays_under_hold BEFORE DELETE ON care.review FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.review FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody_reads ON care.review FOR SELECT TO healthtrack_care USING (((state = 'published'::text) AND (( SELECT access.part() AS part) IS NOT NULL)));
CREATE POLICY maintenance ON care.review FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY moderator ON care.review FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) = 'moderator'::text));
CREATE POLICY own ON care.review FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.review TO healthtrack_migrator;
GRANT INSERT (review_id, patient_id, appointment_id, provider_id, facility_id, provider_stars, body, facility_stars), SELECT (review_id, provider_id, facility_id, created_at, version, provider_stars, state, body, moderation, facility_stars), UPDATE (provider_stars, body, facility_stars) ON care.review TO healthtrack_care;

-- Who waits for an earlier time, and what became of it.
CREATE TABLE care.waitlist_entry (
    waitlist_entry_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Who waits.
    facility_id uuid NOT NULL,  -- Where the patient would come.
    provider_id uuid,  -- With whom; null for anybody there.
    appointment_id uuid,  -- The time that was offered; null while waiting.
    joined_at timestamp with time zone DEFAULT now() NOT NULL,  -- Since when; decides the order, so nobody may say it.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    minutes smallint NOT NULL,  -- How long the visit is to be.
    wanted_during tstzrange NOT NULL,  -- When the patient could come.
    mode text DEFAULT 'in_person'::text NOT NULL,  -- in_person or telehealth.
    status text DEFAULT 'waiting'::text NOT NULL,  -- waiting, offered, taken, lapsed (the offer was let pass) or left.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT waitlist_entry_pkey PRIMARY KEY (waitlist_entry_id),  -- This entry is known already.
    CONSTRAINT waitlist_entry_is_one EXCLUDE USING btree (patient_id WITH =, facility_id WITH =, COALESCE(provider_id, facility_id) WITH =) WHERE ((status = 'waiting'::text)),  -- The patient is on this wait-list already.
    CONSTRAINT waitlist_entry_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility(facility_id),  -- Choose one of the network's facilities.
    CONSTRAINT waitlist_entry_is_offered_a_visit_of_its_patient FOREIGN KEY (patient_id, appointment_id) REFERENCES care.appointment(patient_id, appointment_id),  -- Only a time for the same patient can be offered.
    CONSTRAINT waitlist_entry_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT waitlist_entry_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider(provider_id),  -- Choose one of the network's providers.
    CONSTRAINT waitlist_entry_is_offered_a_visit CHECK (((status = ANY (ARRAY['waiting'::text, 'left'::text])) = (appointment_id IS NULL))),  -- Who waits or has left has no offer, and every other has.
    CONSTRAINT waitlist_entry_mode_is_known CHECK ((mode = ANY (ARRAY['in_person'::text, 'telehealth'::text]))),  -- Choose in_person or telehealth.
    CONSTRAINT waitlist_entry_status_is_known CHECK ((status = ANY (ARRAY['waiting'::text, 'offered'::text, 'taken'::text, 'lapsed'::text, 'left'::text]))),  -- Choose waiting, offered, taken, lapsed or left.
    CONSTRAINT waitlist_entry_wants_a_time CHECK (((NOT isempty(wanted_during)) AND (NOT lower_inf(wanted_during)) AND (NOT upper_inf(wanted_during)) AND (upper(wanted_during) >= (lower(wanted_during) + ((minutes)::double precision * '00:01:00'::interval))) AND (upper(wanted_during) <= (lower(wanted_during) + '370 days'::interval)))),  -- Say when you could come: long enough for the visit, and within a year.
    CONSTRAINT waitlist_entry_wants_some_minutes CHECK (((minutes >= 5) AND (minutes <= 720)))  -- Ask for 5 minutes to 12 hours.
);
CREATE INDEX waitlist_entry_patient_idx ON care.waitlist_entry USING btree (patient_id, appointment_id);
CREATE INDEX waitlist_entry_provider_idx ON care.waitlist_entry USING btree (provider_id);
CREATE INDEX waitlist_entry_waiting_idx ON care.waitlist_entry USING btree (facility_id, joined_at) WHERE (status = 'waiting'::text);
CREATE TRIGGER waitlist_entry_is_not_of_a_joined_record AFTER INSERT ON care.waitlist_entry REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER waitlist_entry_is_of_who_comes AFTER INSERT ON care.waitlist_entry FOR EACH ROW EXECUTE FUNCTION care.check_attendance();  -- Trigger after a patient takes a time or waits for one: refuses it where only the desk books for that patient.
CREATE TRIGGER waitlist_entry_is_stamped BEFORE INSERT OR UPDATE ON care.waitlist_entry FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER waitlist_entry_is_touched BEFORE UPDATE ON care.waitlist_entry FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER waitlist_entry_stays_under_hold BEFORE DELETE ON care.waitlist_entry FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.waitlist_entry FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.waitlist_entry FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY desk ON care.waitlist_entry FOR ALL TO healthtrack_care USING (((facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])) AND (( SELECT access.part() AS part) = 'front_desk'::text))) WITH CHECK (((facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])) AND (( SELECT access.part() AS part) = 'front_desk'::text)));
CREATE POLICY maintenance ON care.waitlist_entry FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.waitlist_entry FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
CREATE POLICY proxy ON care.waitlist_entry FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_acted_for('schedule'::text) AS patients_acted_for)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_acted_for('schedule'::text) AS patients_acted_for)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.waitlist_entry TO healthtrack_migrator;
GRANT INSERT (patient_id, facility_id, provider_id, minutes, wanted_during, mode), SELECT ON care.waitlist_entry TO healthtrack_care;

-- The video session of a visit.
CREATE TABLE care.telehealth_session (
    telehealth_session_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key; what the video server knows it by.
    patient_id uuid NOT NULL,  -- Who is seen.
    appointment_id uuid NOT NULL,  -- The visit.
    consented_at timestamp with time zone,  -- When the patient agreed to be seen by video; null until then.
    started_at timestamp with time zone,  -- When the provider joined; null until then.
    stopped_at timestamp with time zone,  -- When it was ended; null until then.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    mode text GENERATED ALWAYS AS ('telehealth'::text) STORED NOT NULL,  -- Always telehealth: half of the key of a visit by video.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT telehealth_session_pkey PRIMARY KEY (telehealth_session_id),  -- This session is known already.
    CONSTRAINT telehealth_session_id_with_patient_is_unique UNIQUE (patient_id, telehealth_session_id),  -- This session is known already.
    CONSTRAINT telehealth_session_is_one_of_each_visit UNIQUE (appointment_id),  -- This visit has its session already.
    CONSTRAINT telehealth_session_appointment_fkey FOREIGN KEY (patient_id, appointment_id) REFERENCES care.appointment(patient_id, appointment_id),  -- A session belongs to a visit of the same patient.
    CONSTRAINT telehealth_session_is_of_a_visit_by_video FOREIGN KEY (appointment_id, mode) REFERENCES care.appointment(appointment_id, mode),  -- A visit that has a video session cannot be one in person.
    CONSTRAINT telehealth_session_starts_after_consent CHECK (((started_at IS NULL) OR ((started_at >= consented_at) IS TRUE))),  -- The patient has to agree before the session starts.
    CONSTRAINT telehealth_session_stops_after_it_started CHECK (((stopped_at IS NULL) OR ((stopped_at >= started_at) IS TRUE)))  -- A session is ended after it started.
);
CREATE INDEX telehealth_session_appointment_idx ON care.telehealth_session USING btree (patient_id, appointment_id);
CREATE TRIGGER telehealth_session_is_stamped BEFORE INSERT OR UPDATE ON care.telehealth_session FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER telehealth_session_is_touched BEFORE UPDATE ON care.telehealth_session FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER telehealth_session_stays_under_hold BEFORE DELETE ON care.telehealth_session FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.telehealth_session FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.telehealth_session FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY maintenance ON care.telehealth_session FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.telehealth_session FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
CREATE POLICY proxy ON care.telehealth_session FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_acted_for('consent'::text) AS patients_acted_for)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.telehealth_session TO healthtrack_migrator;
GRANT SELECT ON care.telehealth_session TO healthtrack_care;

-- Links by which a session was, or can be, joined; the links themselves are nowhere.
CREATE TABLE care.join_token (
    join_token_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Who is seen in the session.
    telehealth_session_id uuid NOT NULL,  -- The session.
    account_id uuid NOT NULL,  -- The account that it was made for, and that alone may use it.
    issued_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was made.
    expires_at timestamp with time zone DEFAULT (now() + '00:10:00'::interval) NOT NULL,  -- Until when it works: ten minutes at most.
    used_at timestamp with time zone,  -- When it was used; null until then.
    replaced_at timestamp with time zone,  -- When a later one took its place; null where none did.
    token_hash bytea NOT NULL,  -- SHA-256 of the link's secret.
    CONSTRAINT join_token_pkey PRIMARY KEY (join_token_id),  -- This link is known already.
    CONSTRAINT join_token_hash_is_unique UNIQUE (token_hash),  -- This link is known already.
    CONSTRAINT join_token_is_the_latest EXCLUDE USING btree (telehealth_session_id WITH =, account_id WITH =) WHERE (((used_at IS NULL) AND (replaced_at IS NULL))),  -- This account has another link to the session.
    CONSTRAINT join_token_account_fkey FOREIGN KEY (account_id) REFERENCES access.account(account_id),  -- A link is made for an account.
    CONSTRAINT join_token_session_fkey FOREIGN KEY (patient_id, telehealth_session_id) REFERENCES care.telehealth_session(patient_id, telehealth_session_id),  -- A link belongs to a session of the same patient.
    CONSTRAINT join_token_hash_is_sha256 CHECK ((length(token_hash) = 32)),  -- A link is kept by its hash alone.
    CONSTRAINT join_token_is_used_while_it_lives CHECK ((used_at < expires_at)),  -- A link that has run out cannot be used.
    CONSTRAINT join_token_lives_ten_minutes CHECK (((expires_at > issued_at) AND (expires_at <= (issued_at + '00:10:00'::interval))))  -- A link lives ten minutes at most.
);
CREATE INDEX join_token_account_idx ON care.join_token USING btree (account_id);
CREATE INDEX join_token_session_idx ON care.join_token USING btree (patient_id, telehealth_session_id);
CREATE TRIGGER join_token_opens_the_record AFTER UPDATE OF used_at ON care.join_token FOR EACH ROW WHEN (((old.used_at IS NULL) AND (new.used_at IS NOT NULL))) EXECUTE FUNCTION care.open_record_by_joining();  -- Trigger after a link to a visit by video is used: where it is the patient who joins, the record is open to the provider.
CREATE TRIGGER join_token_stays_under_hold BEFORE DELETE ON care.join_token FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.join_token FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON care.join_token FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.join_token TO healthtrack_migrator;

-- Trigger before an account takes a time: refuses it, as the policies would, before any rule of booking is asked.
CREATE OR REPLACE FUNCTION care.ask_booking_rights()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF (NEW.patient_id = ANY (access.own_patients()) OR NEW.patient_id = ANY (access.patients_acted_for('schedule'))
        OR NEW.patient_id = ANY (access.patients_in_care())
        OR access.part() = 'front_desk' AND NEW.facility_id = ANY (access.own_facilities())) IS NOT TRUE THEN
        RAISE EXCEPTION USING ERRCODE = '42501', MESSAGE = 'This is not yours to add.';
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.ask_booking_rights() FROM PUBLIC;

-- Trigger before a review's stars or text change: it waits for a moderator again.
CREATE OR REPLACE FUNCTION care.ask_for_moderation()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    NEW.state := 'pending';
    NEW.moderation := NULL;
    RETURN NEW;
END $function$;

-- Begins a membership for a month or a year at its price of today; gives its key.
CREATE OR REPLACE FUNCTION care.begin_membership(patient uuid, chosen_plan text, in_currency text, for_each text, renews boolean)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET "TimeZone" TO 'UTC'
AS $function$
DECLARE
    price numeric;
    made  care.membership;
BEGIN
    PERFORM care.check_who_chooses(patient);
    -- Two who begin one at once wait for each other: an exclusion constraint alone would tell some of a deadlock.
    PERFORM FROM care.patient p WHERE p.patient_id = patient FOR NO KEY UPDATE;
    price := care.membership_price_of(chosen_plan, in_currency, for_each, current_date);
    -- One that has no terms gives way; one that is charged is changed by care.change_membership.
    UPDATE care.membership m SET valid_during = tstzrange(lower(m.valid_during), now())
    WHERE m.patient_id = patient AND m.per IS NULL AND m.valid_during @> now() AND lower(m.valid_during) < now();
    INSERT INTO care.membership (patient_id, plan, valid_during, anchored_at, period, auto_renew, currency, per)
    VALUES (patient, chosen_plan, tstzrange(now(), care.membership_period_at(now(), for_each, 2)), now(), 1, renews,
            in_currency, for_each)
    RETURNING * INTO made;
    INSERT INTO care.membership_fee (patient_id, membership_id, covers, amount, currency, kind)
    VALUES (patient, made.membership_id, made.valid_during, price, in_currency, 'period');
    RETURN made.membership_id;
END $function$;
REVOKE EXECUTE ON FUNCTION care.begin_membership(uuid,text,text,text,boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.begin_membership(uuid,text,text,text,boolean) TO healthtrack_care;

-- Books a series as a whole, or nothing: each visit with its key, or each day with the rule that refuses it, as far as whoever books may know it.
CREATE OR REPLACE FUNCTION care.book_series(wanted care.appointment_series, room uuid DEFAULT NULL::uuid)
 RETURNS TABLE(starts_at timestamp with time zone, appointment uuid, rule text, sentence text)
 LANGUAGE plpgsql
AS $function$
DECLARE
    zone    constant text := (SELECT f.time_zone FROM care.facility f WHERE f.facility_id = wanted.facility_id);
    days    date[];
    day     date;
    times   timestamptz[] := '{}';
    made    uuid[] := '{}';
    rules   text[] := '{}';
    words   text[] := '{}';
    one     uuid;
    failure access.failure;
BEGIN
    IF (wanted.frequency IN ('weekly', 'monthly') AND wanted.every BETWEEN 1 AND 12
        AND num_nonnulls(wanted.count, wanted.until_on) = 1 AND coalesce(wanted.count BETWEEN 1 AND 52, true)
        AND coalesce(wanted.until_on BETWEEN wanted.first_on AND wanted.first_on + 1830, true)) THEN
        days := ARRAY(SELECT care.series_days(wanted.first_on, wanted.frequency, wanted.every, wanted.count, wanted.until_on));
    END IF;
    IF days IS NULL OR cardinality(days) > 52 OR wanted.count <> cardinality(days)
        OR NOT EXISTS (SELECT unnest(days) EXCEPT SELECT unnest(wanted.skipped_on)) THEN
        PERFORM care.refuse('appointment_series_is_short',
            'Ask for 1 to 52 weekly or monthly visits within five years, by a number or until a day.');
    END IF;
    PERFORM care.lock_schedule(wanted.provider_id, wanted.patient_id, room);
    BEGIN
        INSERT INTO care.appointment_series (
            appointment_series_id, patient_id, provider_id, facility_id, first_on, until_on, starts_minute, minutes, every, count,
            frequency, mode, appointment_type, reason, skipped_on
        ) VALUES (
            wanted.appointment_series_id, wanted.patient_id, wanted.provider_id, wanted.facility_id, wanted.first_on,
            wanted.until_on, wanted.starts_minute, wanted.minutes, wanted.every, wanted.count, wanted.frequency, wanted.mode,
            wanted.appointment_type, wanted.reason, wanted.skipped_on
        );
        FOREACH day IN ARRAY days LOOP
            CONTINUE WHEN day = ANY (wanted.skipped_on);
            starts_at := care.local_instant(day + wanted.starts_minute * INTERVAL '1 minute', zone);
            times := times || starts_at;
            one := NULL;
            failure := NULL;
            BEGIN
                PERFORM care.refuse_second_visit(wanted.patient_id,
                    tstzrange(starts_at, starts_at + wanted.minutes * INTERVAL '1 minute'), NULL);
                INSERT INTO care.appointment (
                    patient_id, provider_id, facility_id, room_id, during, status, expires_at, mode, reason, appointment_type,
                    appointment_series_id, occurs_on
                ) VALUES (
                    wanted.patient_id, wanted.provider_id, wanted.facility_id, room,
                    tstzrange(starts_at, starts_at + wanted.minutes * INTERVAL '1 minute'), 'held',
                    now() + INTERVAL '10 minutes', wanted.mode, wanted.reason, wanted.appointment_type,
                    wanted.appointment_series_id, day
                ) RETURNING appointment_id INTO one;
                PERFORM care.confirm_appointment(one);
            EXCEPTION WHEN SQLSTATE 'HT001' OR integrity_constraint_violation THEN
                one := NULL;
                GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
                    failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
                    failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
                -- In the words in which it would be told of a single visit.
                BEGIN
                    PERFORM access.explain(failure);
                EXCEPTION WHEN SQLSTATE 'HT001' THEN
                    GET STACKED DIAGNOSTICS failure.message = MESSAGE_TEXT, failure.rule = CONSTRAINT_NAME;
                END;
            END;
            made := made || one;
            rules := rules || failure.rule;
            words := words || failure.message;
        END LOOP;
        IF num_nulls(VARIADIC rules) < cardinality(rules) THEN
            RAISE EXCEPTION USING ERRCODE = 'HT002', MESSAGE = 'The series is not booked.';
        END IF;
    EXCEPTION WHEN SQLSTATE 'HT002' THEN
        made := array_fill(NULL::uuid, ARRAY[cardinality(times)]);
        IF access.part() <> 'patient' THEN
            SELECT array_agg(CASE WHEN told THEN r.rule WHEN NOT any_told THEN 'appointment_series_suits_its_patient' END
                             ORDER BY place),
                   array_agg(CASE WHEN told THEN r.words WHEN NOT any_told
                                  THEN 'Some of these visits cannot be booked for this patient: choose other days.' END
                             ORDER BY place)
            INTO rules, words
            FROM (SELECT f.*, care.is_told_of_a_day(f.rule) AS told, bool_or(care.is_told_of_a_day(f.rule)) OVER () AS any_told
                  FROM unnest(rules, words) WITH ORDINALITY AS f (rule, words, place)) AS r;
        END IF;
    END;
    RETURN QUERY SELECT * FROM unnest(times, made, rules, words);
END $function$;
REVOKE EXECUTE ON FUNCTION care.book_series(care.appointment_series,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.book_series(care.appointment_series,uuid) TO healthtrack_care, healthtrack_migrator;

-- Gives a held or booked time back, until it begins, and says why; for an arrived patient, ends the visit without care.
CREATE OR REPLACE FUNCTION care.cancel_appointment(asked uuid, why text DEFAULT NULL::text)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
    -- First the locks and then the row, in the order of those who book: no deadlock.
    PERFORM care.lock_visits(ARRAY[asked], NULL::uuid);
    UPDATE care.appointment
    SET status = 'cancelled', expires_at = NULL, cancellation_reason = CASE WHEN status <> 'held' THEN why END
    WHERE appointment_id = asked AND status <> 'cancelled';
    IF NOT FOUND AND NOT EXISTS (SELECT FROM care.appointment WHERE appointment_id = asked AND status = 'cancelled') THEN
        PERFORM care.refuse('appointment_is_known', 'There is no such appointment.');
    END IF;
END $function$;
REVOKE EXECUTE ON FUNCTION care.cancel_appointment(uuid,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.cancel_appointment(uuid,text) TO healthtrack_care, healthtrack_migrator;

-- Cancels the visits of a series that are booked and begin at a moment or later; gives how many.
CREATE OR REPLACE FUNCTION care.cancel_series(asked uuid, since timestamp with time zone, why text)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
DECLARE
    -- What begins before now is not to come any more.
    begins constant timestamptz := greatest(since, now());
    ended integer;
BEGIN
    -- All locks at once and in their order, then the rows.
    PERFORM care.lock_visits(ARRAY(SELECT a.appointment_id FROM care.appointment a
                                   WHERE a.appointment_series_id = asked AND a.status = 'booked' AND lower(a.during) >= begins), NULL::uuid);
    UPDATE care.appointment a SET status = 'cancelled', cancellation_reason = why
    WHERE a.appointment_series_id = asked AND a.status = 'booked' AND lower(a.during) >= begins AND lower(a.during) > now();
    GET DIAGNOSTICS ended = ROW_COUNT;
    IF ended = 0 AND NOT EXISTS (SELECT FROM care.appointment_series s WHERE s.appointment_series_id = asked) THEN
        PERFORM care.refuse('appointment_series_is_known', 'There is no such series.');
    END IF;
    RETURN ended;
END $function$;
REVOKE EXECUTE ON FUNCTION care.cancel_series(uuid,timestamp with time zone,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.cancel_series(uuid,timestamp with time zone,text) TO healthtrack_care, healthtrack_migrator;

-- Gives an appointment another status; nothing happens where it has it already, so that one may ask again after a lost answer.
CREATE OR REPLACE FUNCTION care.change_appointment(asked uuid, to_status text)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
    UPDATE care.appointment SET status = to_status, expires_at = NULL
    WHERE appointment_id = asked AND status <> to_status;
    IF NOT FOUND AND NOT EXISTS (SELECT FROM care.appointment WHERE appointment_id = asked AND status = to_status) THEN
        PERFORM care.refuse('appointment_is_known', 'There is no such appointment.');
    END IF;
END $function$;

-- Changes the plan of a membership at once to one that is not cheaper, with what is left of both prices, or when its period ends; gives the key of the period that has it.
CREATE OR REPLACE FUNCTION care.change_membership(patient uuid, chosen_plan text, at_once boolean)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET "TimeZone" TO 'UTC'
AS $function$
DECLARE
    held  care.membership := care.hold_membership(patient);
    whole tstzrange := tstzrange(care.membership_period_at(held.anchored_at, held.per, held.period),
                                 care.membership_period_at(held.anchored_at, held.per, held.period + 1));
    price numeric := care.membership_price_of(chosen_plan, held.currency, held.per,
                         (CASE WHEN at_once THEN now() ELSE upper(whole) END)::date);
    made  uuid;
BEGIN
    IF at_once IS NULL THEN
        PERFORM care.refuse('membership_change_says_when', 'Say whether the plan changes at once or when its period ends.');
    ELSIF NOT at_once THEN
        UPDATE care.membership SET next_plan = nullif(chosen_plan, plan), auto_renew = true, last_period = NULL
        WHERE membership_id = held.membership_id;
        RETURN held.membership_id;
    END IF;
    IF lower(held.valid_during) >= now() THEN
        PERFORM care.refuse('membership_is_renewing', 'This membership was changed or renewed in this moment: read it again.');
    ELSIF held.plan = chosen_plan THEN
        PERFORM care.refuse('membership_changes_its_plan', 'This is the plan already: choose another.');
    -- Else a dearer plan could be had for the moment in which a time far ahead is booked. A cent may come from rounding.
    ELSIF care.share_of_fee(price, whole, now()) + 0.01 < (
        SELECT sum(care.share_of_fee(f.amount, f.covers, now())) FROM care.membership_fee f
        WHERE f.patient_id = patient AND f.membership_id = held.membership_id AND f.kind = 'period') THEN
        PERFORM care.refuse('membership_gets_cheaper_at_its_end',
            'A cheaper plan begins when the period ends that is paid for: change it then.');
    END IF;
    UPDATE care.membership SET valid_during = tstzrange(lower(valid_during), now()), auto_renew = false, next_plan = NULL
    WHERE membership_id = held.membership_id;
    INSERT INTO care.membership (patient_id, plan, valid_during, anchored_at, period, last_period, auto_renew, currency, per)
    VALUES (patient, chosen_plan, tstzrange(now(), upper(whole)), held.anchored_at, held.period, held.last_period,
            held.auto_renew, held.currency, held.per)
    RETURNING membership_id INTO made;
    INSERT INTO care.membership_fee (patient_id, membership_id, covers, amount, currency, kind)
    SELECT patient, held.membership_id, tstzrange(now(), upper(f.covers)), -care.share_of_fee(f.amount, f.covers, now()),
           held.currency, 'credit'
    FROM care.membership_fee f WHERE f.patient_id = patient AND f.membership_id = held.membership_id AND f.kind = 'period'
    UNION ALL
    SELECT patient, made, tstzrange(now(), upper(whole)), care.share_of_fee(price, whole, now()), held.currency, 'period';
    RETURN made;
END $function$;
REVOKE EXECUTE ON FUNCTION care.change_membership(uuid,text,boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.change_membership(uuid,text,boolean) TO healthtrack_care;

-- Trigger after a patient takes a time or waits for one: refuses it where only the desk books for that patient.
CREATE OR REPLACE FUNCTION care.check_attendance()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF access.part() = 'patient' AND care.must_ask_the_desk(NEW.patient_id, NEW.facility_id) THEN
        PERFORM care.refuse('appointment_after_missed_visits_is_booked_by_the_desk',
            'Visits here were missed: ask the front desk to book this one.');
    END IF;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_attendance() FROM PUBLIC;

-- Refuses a time that is past, too early for the membership, reserved, or outside the hours of provider or facility. Not for the portal.
CREATE OR REPLACE FUNCTION care.check_bookable(wanted care.appointment)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
DECLARE
    member care.membership_plan;
    starts constant timestamptz := lower(wanted.during);
    zone   constant text := (SELECT time_zone FROM care.facility WHERE facility_id = wanted.facility_id);
BEGIN
    IF starts <= now() THEN
        PERFORM care.refuse('appointment_is_in_the_future', 'Choose a time in the future.');
    END IF;
    member := care.check_membership(wanted);
    IF NOT EXISTS (
        SELECT FROM care.affiliation a
        WHERE a.provider_id = wanted.provider_id AND a.facility_id = wanted.facility_id
          AND a.valid_during @> (starts AT TIME ZONE zone)::date
    ) THEN
        PERFORM care.refuse('appointment_is_where_its_provider_works',
            'The provider does not work at this facility on that day.');
    ELSIF NOT care.opening(wanted.facility_id, wanted.during) @> wanted.during THEN
        PERFORM care.refuse('appointment_is_within_opening_hours', 'The facility is closed at that time.');
    ELSIF NOT care.available(wanted.provider_id, wanted.facility_id, wanted.during) @> wanted.during THEN
        PERFORM care.refuse('appointment_is_within_availability', 'The provider sees no patients at that time.');
    ELSIF NOT member.priority AND EXISTS (
        SELECT FROM care.visiting_hours(wanted.provider_id, wanted.facility_id, wanted.during) h
        WHERE h.during && wanted.during AND now() < starts - h.reserved_hours * INTERVAL '1 hour'
    ) THEN
        PERFORM care.refuse('appointment_is_not_reserved', 'This time is still kept for premium members.');
    ELSIF wanted.status = 'held' AND 3 <= (
        SELECT count(*) FROM care.appointment a
        WHERE a.patient_id = wanted.patient_id AND a.status = 'held' AND a.expires_at > now()
    ) THEN
        PERFORM care.refuse('appointment_holds_are_three', 'Confirm or give back one of three held times first.');
    END IF;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_bookable(care.appointment) FROM PUBLIC;

-- Refuses a change of an appointment that its status or the clock does not allow.
CREATE OR REPLACE FUNCTION care.check_change(was care.appointment, becomes care.appointment)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF becomes.patient_id <> was.patient_id THEN
        PERFORM care.refuse('appointment_keeps_its_patient', 'An appointment cannot be given to another patient.');
    ELSIF (was.status, becomes.status) <> ('booked', 'booked')
        AND (was.during, was.provider_id, was.facility_id, was.room_id, was.mode)
            IS DISTINCT FROM (becomes.during, becomes.provider_id, becomes.facility_id, becomes.room_id, becomes.mode)
    THEN
        PERFORM care.refuse('appointment_moves_while_booked', 'Only a booked appointment can be moved.');
    ELSIF was.status = becomes.status THEN
        RETURN;
    ELSIF was.status = 'held' AND becomes.status = 'booked' AND was.expires_at <= now() THEN
        PERFORM care.refuse('appointment_is_still_held', 'This time is held no more: choose a time again.');
    ELSIF becomes.status = 'arrived' AND now() < lower(was.during) - INTERVAL '2 hours' THEN
        PERFORM care.refuse('appointment_is_arrived_at_in_time', 'A patient arrives two hours early at most.');
    ELSIF becomes.status IN ('completed', 'no_show') AND now() < lower(was.during) THEN
        PERFORM care.refuse('appointment_ends_after_it_began', 'The appointment has not begun yet.');
    ELSIF was.status = 'booked' AND becomes.status = 'cancelled' AND now() >= lower(was.during) THEN
        PERFORM care.refuse('appointment_is_cancelled_in_time', 'An appointment can be cancelled until it begins.');
    END IF;
END $function$;

-- Trigger before a visit is held, booked, moved or begun: refuses a provider who is not licensed where it takes place.
CREATE OR REPLACE FUNCTION care.check_license()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF NOT care.licensed(NEW.provider_id, NEW.facility_id, NEW.mode, NEW.patient_id, NEW.during) @> NEW.during THEN
        PERFORM care.refuse('appointment_provider_is_licensed',
            'The provider has no licence where this visit takes place on that day: choose another provider or day.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_license() FROM PUBLIC;

-- Refuses a time that the patient's membership of now does not open; gives the plan.
CREATE OR REPLACE FUNCTION care.check_membership(wanted care.appointment)
 RETURNS care.membership_plan
 LANGUAGE plpgsql
AS $function$
DECLARE
    member constant care.membership_plan := care.plan_of(wanted.patient_id);
BEGIN
    IF lower(wanted.during) > now() + member.lead_days * INTERVAL '24 hours'
        AND (wanted.appointment_series_id IS NULL OR access.part() = 'patient') THEN
        PERFORM care.refuse('appointment_is_within_its_release_window',
            'This time cannot be booked yet with this membership.');
    ELSIF wanted.mode = 'telehealth' AND NOT member.telehealth THEN
        PERFORM care.refuse('appointment_by_video_needs_its_plan',
            'Visits by video need a membership that includes them.');
    END IF;
    RETURN member;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_membership(care.appointment) FROM PUBLIC;

-- Trigger after a held time is booked: refuses one that the membership of now does not open.
CREATE OR REPLACE FUNCTION care.check_membership_of_hold()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    PERFORM care.check_membership(NEW);
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_membership_of_hold() FROM PUBLIC;

-- Trigger before an appointment is changed through the portal: a provider changes the own ones.
CREATE OR REPLACE FUNCTION care.check_visit_owner()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF access.part() = 'provider' AND access.acting_provider() IS DISTINCT FROM OLD.provider_id THEN
        PERFORM care.refuse('appointment_is_its_providers',
            'This visit is with somebody else: ask them, or the front desk.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_visit_owner() FROM PUBLIC;

-- Ends what visits opened as soon as no remaining visit needs it. Not for the portal.
CREATE OR REPLACE FUNCTION care.close_record(visitor uuid, visited uuid)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
DECLARE
    ends timestamptz;
BEGIN
    PERFORM care.lock_record(visitor, visited);
    SELECT greatest(now(), max(upper(a.during)) + INTERVAL '720 hours') INTO ends FROM care.appointment a
    WHERE a.patient_id = visitor AND a.provider_id = visited AND a.status IN ('booked', 'arrived', 'completed');
    DELETE FROM access.care_relationship r
    WHERE r.patient_id = visitor AND r.provider_id = visited AND r.basis = 'visit'
      AND r.valid_during @> now() AND lower(r.valid_during) >= ends;
    UPDATE access.care_relationship r SET valid_during = tstzrange(lower(r.valid_during), ends)
    WHERE r.patient_id = visitor AND r.provider_id = visited AND r.basis = 'visit'
      AND r.valid_during @> now() AND upper(r.valid_during) > ends;
END $function$;
REVOKE EXECUTE ON FUNCTION care.close_record(uuid,uuid) FROM PUBLIC;

-- The acting patient agrees to be seen by video in a visit.
CREATE OR REPLACE FUNCTION care.consent_to_telehealth(asked_appointment uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    UPDATE care.telehealth_session SET consented_at = coalesce(consented_at, now())
    WHERE appointment_id = asked_appointment
      AND (patient_id = ANY (access.own_patients()) OR patient_id = ANY (access.patients_acted_for('consent')));
    IF NOT FOUND THEN
        PERFORM care.refuse('telehealth_session_is_ones_own', 'There is no such visit by video.');
    END IF;
END $function$;
REVOKE EXECUTE ON FUNCTION care.consent_to_telehealth(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.consent_to_telehealth(uuid) TO healthtrack_care, healthtrack_migrator;

-- Trigger before a time is held or booked through the portal: refuses more than access.cap allows to a patient or to an account of a desk.
CREATE OR REPLACE FUNCTION care.count_bookings()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    -- Asked for once: an index is not searched by what may change while it is.
    since constant timestamptz := clock_timestamp() - INTERVAL '1 hour';
BEGIN
    IF access.part() = 'patient' THEN
        -- The lock on the patient's schedule is had already: appointment_is_bookable comes first by its name.
        IF (SELECT count(*) FROM care.appointment a
            WHERE a.patient_id = NEW.patient_id AND lower(a.during) > clock_timestamp()
              AND (a.status = 'booked' OR a.status = 'held' AND a.expires_at > clock_timestamp()))
           >= access.cap_of('bookings_a_patient') THEN
            PERFORM care.refuse('appointments_of_a_patient_are_few',
                'You have many appointments to come: give one back, or ask the front desk.');
        END IF;
    ELSIF access.part() = 'front_desk' THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('healthtrack.desk.' || access.actor(), 0));
        -- A series opens the name of one person, however many visits it has.
        IF (SELECT count(DISTINCT coalesce(a.appointment_series_id, a.appointment_id))
            FROM care.appointment_event e JOIN care.appointment a USING (patient_id, appointment_id)
            WHERE e.actor = access.actor() AND e.from_status IS NULL AND e.happened_at > since
              AND (a.appointment_series_id IS NULL OR a.appointment_series_id IS DISTINCT FROM NEW.appointment_series_id))
           >= access.cap_of('holds_a_desk_an_hour') THEN
            PERFORM care.refuse('holds_of_a_desk_are_few',
                'This account has held many times within an hour: wait, or ask an operator.');
        END IF;
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.count_bookings() FROM PUBLIC;

-- Trigger after an appointment is moved or ends: its reminder is not sent any more.
CREATE OR REPLACE FUNCTION care.drop_reminder()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    UPDATE care.notification n SET status = 'cancelled', next_attempt_at = NULL
    WHERE n.patient_id = NEW.patient_id AND n.appointment_id = NEW.appointment_id AND n.status = 'queued'
      AND (NEW.status <> 'booked' OR n.about_at IS DISTINCT FROM lower(NEW.during));
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.drop_reminder() FROM PUBLIC;

-- Gives notice: the membership ends with the first period that ends after the days of notice; gives when.
CREATE OR REPLACE FUNCTION care.end_membership(patient uuid)
 RETURNS timestamp with time zone
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET "TimeZone" TO 'UTC'
AS $function$
DECLARE
    held   care.membership := care.hold_membership(patient);
    notice interval := make_interval(days => (SELECT p.notice_days FROM care.membership_plan p WHERE p.plan = held.plan));
    final  integer := held.period;
BEGIN
    WHILE held.auto_renew AND care.membership_period_at(held.anchored_at, held.per, final + 1) < now() + notice LOOP
        final := final + 1;
    END LOOP;
    UPDATE care.membership SET last_period = coalesce(last_period, final), next_plan = NULL
    WHERE membership_id = held.membership_id RETURNING last_period INTO final;
    RETURN care.membership_period_at(held.anchored_at, held.per, final + 1);
END $function$;
REVOKE EXECUTE ON FUNCTION care.end_membership(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.end_membership(uuid) TO healthtrack_care;

-- Equipment of the facility that the actor manages.
CREATE OR REPLACE FUNCTION care.equipment_managed()
 RETURNS uuid[]
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT coalesce(array_agg(equipment_id), '{}') FROM care.equipment
    WHERE facility_id = ANY (access.own_facilities()) AND access.part() = 'facility_manager'
$function$;
REVOKE EXECUTE ON FUNCTION care.equipment_managed() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.equipment_managed() TO healthtrack_care;

-- Ends holds that have run out, 500 at most, and offers their times to who waits; gives how many. Anybody may call it, once a minute is right.
CREATE OR REPLACE FUNCTION care.expire_holds(up_to integer DEFAULT 500)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    stale record;
    ended integer := 0;
BEGIN
    FOR stale IN SELECT appointment_id, provider_id, patient_id, room_id FROM care.appointment
                 WHERE status = 'held' AND expires_at <= now() ORDER BY expires_at LIMIT least(up_to, 500) LOOP
        -- Who books there at this moment ends the hold too.
        CONTINUE WHEN NOT care.try_lock_schedule(stale.provider_id, stale.patient_id, stale.room_id);
        UPDATE care.appointment SET status = 'cancelled', expires_at = NULL
        WHERE appointment_id = stale.appointment_id AND status = 'held' AND expires_at <= now();
        ended := ended + FOUND::integer;
    END LOOP;
    RETURN ended;
END $function$;
REVOKE EXECUTE ON FUNCTION care.expire_holds(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.expire_holds(integer) TO healthtrack_care, healthtrack_migrator;

-- Trigger before a visit is cancelled: notes when, and whether late, and refuses a reason that is not for whoever cancels.
CREATE OR REPLACE FUNCTION care.explain_cancellation()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    side constant text := access.part();
BEGIN
    NEW.cancellation_reason := coalesce(NEW.cancellation_reason, 'other');
    IF side IN ('patient', 'provider') AND NOT EXISTS (
        SELECT FROM care.cancellation_reason r
        WHERE r.cancellation_reason = NEW.cancellation_reason AND r.active AND side = ANY (r.given_by)) THEN
        PERFORM care.refuse('cancellation_reason_is_ones_own_to_give', 'Choose one of the reasons that you may give.');
    ELSIF side IS NOT NULL AND NOT EXISTS (
        SELECT FROM care.cancellation_reason r WHERE r.cancellation_reason = NEW.cancellation_reason AND r.active) THEN
        PERFORM care.refuse('cancellation_reason_is_given_still', 'Choose one of the reasons that are given still.');
    END IF;
    NEW.cancelled_at := now();
    NEW.cancelled_late := now() > lower(OLD.during) - coalesce(
        (SELECT p.notice_hours FROM care.attendance_policy p WHERE p.facility_id = OLD.facility_id), 0) * INTERVAL '1 hour';
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.explain_cancellation() FROM PUBLIC;

-- Trigger before an appointment of a type is made, moved or given to another provider: copies its buffers, and refuses what the type does not allow.
CREATE OR REPLACE FUNCTION care.fit_appointment_type()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    is_new constant boolean := TG_OP = 'INSERT' OR NEW.appointment_type IS DISTINCT FROM OLD.appointment_type;
    -- What is taken over from another system is as it was there.
    judged constant boolean := NOT care.writes_as_owner();
    kind   care.appointment_type;
BEGIN
    SELECT t.* INTO kind FROM care.appointment_type t WHERE t.appointment_type = NEW.appointment_type;
    IF NOT FOUND THEN
        RETURN NEW;  -- The key refuses it.
    END IF;
    IF is_new THEN
        NEW.before_minutes := kind.before_minutes;
        NEW.after_minutes := kind.after_minutes;
    END IF;
    IF judged AND is_new AND NOT kind.active THEN
        PERFORM care.refuse('appointment_type_is_active', 'Visits of this kind are booked no more: choose another kind.');
    ELSIF judged AND is_new AND kind.desk_only AND access.part() = 'patient' THEN
        PERFORM care.refuse('appointment_type_is_booked_by_the_desk', 'Ask the front desk to book a visit of this kind.');
    ELSIF kind.telehealth = 'only' AND NEW.mode <> 'telehealth' THEN
        PERFORM care.refuse('appointment_type_allows_its_mode', 'A visit of this kind takes place by video: choose video.');
    ELSIF kind.telehealth = 'never' AND NEW.mode = 'telehealth' THEN
        PERFORM care.refuse('appointment_type_allows_its_mode', 'A visit of this kind takes place in person: choose that.');
    ELSIF judged AND access.part() IS DISTINCT FROM 'front_desk'
        AND upper(NEW.during) - lower(NEW.during) <> kind.minutes * INTERVAL '1 minute'
        -- What the desk made longer is moved as it is.
        AND (is_new OR upper(NEW.during) - lower(NEW.during) <> upper(OLD.during) - lower(OLD.during)) THEN
        PERFORM care.refuse('appointment_is_as_long_as_its_type',
            'Give the visit the length of its kind, or ask the front desk for another.');
    ELSIF judged AND EXISTS (SELECT FROM care.appointment_type_specialty s WHERE s.appointment_type = kind.appointment_type)
        AND NOT EXISTS (SELECT FROM care.appointment_type_specialty s JOIN care.provider_specialty p USING (specialty)
                        WHERE s.appointment_type = kind.appointment_type AND p.provider_id = NEW.provider_id) THEN
        PERFORM care.refuse('appointment_provider_has_the_specialty_of_its_type',
            'This provider does not give visits of this kind: choose another provider.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.fit_appointment_type() FROM PUBLIC;

-- True where a facility has free within a period what a visit of a type needs.
CREATE OR REPLACE FUNCTION care.has_resources(asked_type text, asked_mode text, asked_facility uuid, span tstzrange)
 RETURNS boolean
 LANGUAGE sql
 STABLE
AS $function$
    SELECT asked_mode = 'telehealth' OR NOT EXISTS (
        SELECT FROM care.appointment_type_resource n
        WHERE n.appointment_type = asked_type
          AND n.count > (SELECT count(*) FROM care.free_resources(asked_facility, n.kind, span)))
$function$;
REVOKE EXECUTE ON FUNCTION care.has_resources(text,text,uuid,tstzrange) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.has_resources(text,text,uuid,tstzrange) TO healthtrack_care, healthtrack_migrator;

-- Holds a time for ten minutes, in which to confirm it; gives the appointment's key.
CREATE OR REPLACE FUNCTION care.hold_appointment(asked_patient uuid, asked_provider uuid, asked_facility uuid, asked_during tstzrange, asked_room uuid DEFAULT NULL::uuid, asked_mode text DEFAULT 'in_person'::text, asked_reason text DEFAULT NULL::text, asked_type text DEFAULT NULL::text)
 RETURNS uuid
 LANGUAGE sql
AS $function$
    INSERT INTO care.appointment (
        patient_id, provider_id, facility_id, room_id, during, status, expires_at, mode, reason, appointment_type
    ) VALUES (asked_patient, asked_provider, asked_facility, asked_room, asked_during, 'held',
            now() + INTERVAL '10 minutes', asked_mode, asked_reason, asked_type)
    RETURNING appointment_id
$function$;
REVOKE EXECUTE ON FUNCTION care.hold_appointment(uuid,uuid,uuid,tstzrange,uuid,text,text,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.hold_appointment(uuid,uuid,uuid,tstzrange,uuid,text,text,text) TO healthtrack_care, healthtrack_migrator;

-- The newest period of a membership with terms, locked for whoever changes it.
CREATE OR REPLACE FUNCTION care.hold_membership(patient uuid)
 RETURNS care.membership
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    held care.membership;
BEGIN
    PERFORM care.check_who_chooses(patient);
    SELECT m.* INTO held FROM care.membership m
    WHERE m.patient_id = patient AND m.per IS NOT NULL AND upper(m.valid_during) > now()
    ORDER BY lower(m.valid_during) DESC LIMIT 1 FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM care.refuse('membership_is_running', 'There is no membership with a price that runs: begin one.');
    END IF;
    -- Somebody else may have made the next period, or changed the plan, while this waited.
    IF held.renewed OR NOT upper(held.valid_during) > now() THEN
        PERFORM care.refuse('membership_is_renewing', 'This membership was changed or renewed in this moment: read it again.');
    END IF;
    RETURN held;
END $function$;
REVOKE EXECUTE ON FUNCTION care.hold_membership(uuid) FROM PUBLIC;

-- Trigger after an appointment takes a time, is moved or ends: holds its room and what its type needs, or gives them back.
CREATE OR REPLACE FUNCTION care.hold_resources()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    holds  constant boolean := NEW.status IN ('held', 'booked', 'arrived');
    spare  uuid[] := '{}';
    before uuid[] := '{}';
    chosen uuid[] := '{}';
    rooms  integer;
    need   record;
    found_ones uuid[];
    place  integer;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF holds AND OLD.status IN ('held', 'booked', 'arrived')
            AND (OLD.blocked_during, OLD.facility_id, OLD.room_id, OLD.mode, OLD.appointment_type)
                IS NOT DISTINCT FROM (NEW.blocked_during, NEW.facility_id, NEW.room_id, NEW.mode, NEW.appointment_type) THEN
            RETURN NULL;
        END IF;
        WITH released AS (
            UPDATE care.appointment_resource u SET released_at = now()
            WHERE u.patient_id = NEW.patient_id AND u.appointment_id = NEW.appointment_id AND u.released_at IS NULL
            RETURNING u.appointment_resource_id, coalesce(u.room_id, u.equipment_id) AS resource_id
        )
        SELECT coalesce(array_agg(appointment_resource_id), '{}'), coalesce(array_agg(resource_id), '{}') INTO spare, before
        FROM released;
    END IF;
    IF NOT holds THEN
        RETURN NULL;
    END IF;
    PERFORM care.lock_resources(NEW.facility_id);
    IF NEW.room_id IS NOT NULL THEN
        chosen := ARRAY[NEW.room_id];
    END IF;
    rooms := cardinality(chosen);
    FOR need IN SELECT n.kind, n.count FROM care.appointment_type_resource n
                WHERE n.appointment_type = NEW.appointment_type AND NEW.mode <> 'telehealth' ORDER BY n.kind = 'room' DESC, n.kind LOOP
        place := need.count - CASE need.kind WHEN 'room' THEN rooms ELSE 0 END;
        CONTINUE WHEN place <= 0;
        found_ones := ARRAY(
            SELECT f.resource_id FROM care.free_resources(NEW.facility_id, need.kind, NEW.blocked_during) f
            WHERE f.resource_id IS DISTINCT FROM NEW.room_id
            ORDER BY f.resource_id = ANY (before) DESC, f.name, f.resource_id LIMIT place);
        IF cardinality(found_ones) < place
            AND NOT (TG_OP = 'INSERT' AND NEW.status <> 'held' AND access.part() IS NULL) THEN
            PERFORM care.refuse('appointment_has_what_it_needs',
                'What a visit of this kind needs is taken at that time: choose another time.');
        END IF;
        chosen := chosen || found_ones;
        IF need.kind = 'room' THEN
            rooms := rooms + cardinality(found_ones);
        END IF;
    END LOOP;
    -- Rooms stand first. A row is used again, so that a visit is moved in a record that takes no new facts, too.
    FOR place IN 1 .. cardinality(chosen) LOOP
        IF place <= cardinality(spare) THEN
            UPDATE care.appointment_resource u
            SET facility_id = NEW.facility_id, held_during = NEW.blocked_during, released_at = NULL,
                room_id = CASE WHEN place <= rooms THEN chosen[place] END,
                equipment_id = CASE WHEN place > rooms THEN chosen[place] END
            WHERE u.appointment_resource_id = spare[place];
        ELSE
            INSERT INTO care.appointment_resource (patient_id, appointment_id, facility_id, held_during, room_id, equipment_id)
            VALUES (NEW.patient_id, NEW.appointment_id, NEW.facility_id, NEW.blocked_during,
                    CASE WHEN place <= rooms THEN chosen[place] END, CASE WHEN place > rooms THEN chosen[place] END);
        END IF;
    END LOOP;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.hold_resources() FROM PUBLIC;

-- Gives the acting patient or provider of a visit the secret of a link to its session, instead of any earlier one.
CREATE OR REPLACE FUNCTION care.issue_join_token(asked_appointment uuid)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    -- 244 random bits.
    secret constant text := replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
    joined record;
BEGIN
    SELECT s.telehealth_session_id, s.patient_id, s.consented_at, s.stopped_at, a.during, a.status, c.account_id
        INTO joined
    FROM care.telehealth_session s JOIN care.appointment a USING (appointment_id)
    JOIN access.account c ON c.account_id = access.actor() AND c.disabled_at IS NULL
                         AND (c.patient_id = a.patient_id OR c.provider_id = a.provider_id
                              OR a.patient_id = ANY (access.patients_acted_for('consent')))
    WHERE s.appointment_id = asked_appointment
    FOR UPDATE OF s;
    IF NOT FOUND THEN
        PERFORM care.refuse('telehealth_session_is_ones_own', 'There is no such visit by video.');
    ELSIF joined.status NOT IN ('booked', 'arrived') OR joined.stopped_at IS NOT NULL
        OR now() < lower(joined.during) - INTERVAL '15 minutes' OR now() >= upper(joined.during) THEN
        PERFORM care.refuse('telehealth_session_is_joined_in_time',
            'A visit by video can be joined from 15 minutes before it begins until it ends.');
    ELSIF joined.consented_at IS NULL THEN
        PERFORM care.refuse('telehealth_session_is_consented_to',
            'The patient has to agree to be seen by video first.');
    END IF;
    UPDATE care.join_token SET replaced_at = now()
    WHERE telehealth_session_id = joined.telehealth_session_id AND account_id = joined.account_id
      AND used_at IS NULL AND replaced_at IS NULL;
    INSERT INTO care.join_token (patient_id, telehealth_session_id, account_id, token_hash)
    VALUES (joined.patient_id, joined.telehealth_session_id, joined.account_id, sha256(secret::bytea));
    RETURN secret;
END $function$;
REVOKE EXECUTE ON FUNCTION care.issue_join_token(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.issue_join_token(uuid) TO healthtrack_care, healthtrack_migrator;

-- Puts a patient on the wait-list of a facility, for one provider or for anybody; gives the entry's key.
CREATE OR REPLACE FUNCTION care.join_waitlist(asked_patient uuid, asked_facility uuid, asked_provider uuid, asked_minutes integer, asked_during tstzrange, asked_mode text DEFAULT 'in_person'::text)
 RETURNS uuid
 LANGUAGE plpgsql
AS $function$
DECLARE
    made uuid;
BEGIN
    INSERT INTO care.waitlist_entry (patient_id, facility_id, provider_id, minutes, wanted_during, mode)
    VALUES (asked_patient, asked_facility, asked_provider, asked_minutes, asked_during, asked_mode)
    RETURNING waitlist_entry_id INTO made;
    RETURN made;
END $function$;

-- Trigger before an appointment takes a time: waits its turn, ends holds there that have run out, and asks whether it may be booked.
CREATE OR REPLACE FUNCTION care.keep_appointment_bookable()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    span constant tstzrange := care.widened(NEW.during, NEW.before_minutes, NEW.after_minutes);
    needs_room constant boolean := NEW.mode <> 'telehealth' AND EXISTS (
        SELECT FROM care.appointment_type_resource n WHERE n.appointment_type = NEW.appointment_type AND n.kind = 'room');
BEGIN
    PERFORM care.lock_schedule(NEW.provider_id, NEW.patient_id, NEW.room_id, OLD.provider_id, OLD.room_id);
    UPDATE care.appointment a SET status = 'cancelled', expires_at = NULL
    WHERE a.status = 'held' AND a.expires_at <= now() AND a.blocked_during && span
      AND a.appointment_id <> NEW.appointment_id
      AND (a.provider_id = NEW.provider_id OR a.patient_id = NEW.patient_id OR a.room_id = NEW.room_id);
    PERFORM care.check_bookable(NEW);
    IF NEW.room_id IS NOT NULL OR EXISTS (
        SELECT FROM care.appointment_type_resource n WHERE n.appointment_type = NEW.appointment_type) THEN
        PERFORM care.lock_resources(NEW.facility_id);
        -- Who ends such a hold at this moment gives its resources back as well.
        UPDATE care.appointment a SET status = 'cancelled', expires_at = NULL
        WHERE a.appointment_id IN (
            SELECT h.appointment_id FROM care.appointment h
            WHERE h.status = 'held' AND h.expires_at <= now() AND h.facility_id = NEW.facility_id
              AND h.blocked_during && span AND h.appointment_id <> NEW.appointment_id
              AND EXISTS (SELECT FROM care.appointment_resource u
                          WHERE u.patient_id = h.patient_id AND u.appointment_id = h.appointment_id AND u.released_at IS NULL)
            FOR UPDATE SKIP LOCKED);
    END IF;
    -- A room that was chosen stays where it is free; one that is named now is taken, or refused by its constraint.
    IF needs_room AND (NEW.room_id IS NULL OR NEW.room_id = OLD.room_id AND EXISTS (
        SELECT FROM care.appointment_resource u
        WHERE u.room_id = NEW.room_id AND u.released_at IS NULL AND u.held_during && span
          AND u.appointment_id <> NEW.appointment_id)) THEN
        NEW.room_id := (SELECT f.resource_id FROM care.free_resources(NEW.facility_id, 'room', span) f
                        ORDER BY f.name, f.resource_id LIMIT 1);
        IF NEW.room_id IS NULL THEN
            PERFORM care.refuse('appointment_has_what_it_needs',
                'What a visit of this kind needs is taken at that time: choose another time.');
        END IF;
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.keep_appointment_bookable() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.keep_appointment_bookable() TO healthtrack_care, healthtrack_migrator;

-- Trigger that refuses to change or remove events of appointments.
CREATE OR REPLACE FUNCTION care.keep_appointment_event()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM care.refuse('appointment_event_is_only_added',
        'What happened to an appointment cannot be changed or removed.');
END $function$;

-- Trigger before each insert and update of an appointment: status by its ways, by whom it may, and at its time.
CREATE OR REPLACE FUNCTION care.keep_appointment_lawful()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    as_owner constant boolean := care.writes_as_owner();
    allowed text[];
BEGIN
    IF TG_OP = 'INSERT' OR NEW.status <> OLD.status THEN
        SELECT parts INTO allowed FROM care.appointment_transition
        WHERE from_status = CASE TG_OP WHEN 'INSERT' THEN 'new' ELSE OLD.status END AND to_status = NEW.status;
        IF allowed IS NULL AND TG_OP = 'UPDATE' AND NEW.status = 'booked' THEN
            PERFORM care.refuse('appointment_is_still_held', 'This time is held no more: choose a time again.');
        ELSIF allowed IS NULL THEN
            PERFORM care.refuse('appointment_transition_is_allowed',
                'An appointment cannot go from its status to that one.');
        ELSIF NOT as_owner AND NOT coalesce(access.part() = ANY (allowed), false) THEN
            PERFORM care.refuse('appointment_is_changed_by_whom_it_may',
                'Somebody else has to say this of an appointment.');
        END IF;
    END IF;
    IF NEW.status = 'held' AND NOT as_owner AND (
        NEW.expires_at > now() + INTERVAL '15 minutes' OR TG_OP = 'UPDATE' AND NEW.expires_at > OLD.expires_at
    ) THEN
        PERFORM care.refuse('appointment_hold_is_short', 'A time is held for 15 minutes at most, once.');
    END IF;
    IF TG_OP = 'UPDATE' THEN
        PERFORM care.check_change(OLD, NEW);
    END IF;
    RETURN NEW;
END $function$;

-- Trigger after an appointment changes status, time or provider: opens the record to the provider, unless a provider did it, or closes it.
CREATE OR REPLACE FUNCTION care.keep_visit_relationship()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF OLD.status IN ('booked', 'arrived') THEN
        PERFORM care.close_record(OLD.patient_id, OLD.provider_id);
    END IF;
    IF NEW.status IN ('booked', 'arrived', 'completed') AND access.part() IS DISTINCT FROM 'provider' THEN
        PERFORM care.open_record(NEW.patient_id, NEW.provider_id,
            tstzrange(least(now(), lower(NEW.during)), upper(NEW.during) + INTERVAL '720 hours'));
    END IF;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.keep_visit_relationship() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.keep_visit_relationship() TO healthtrack_care, healthtrack_migrator;

-- Takes a waiting entry off its list, for its acting patient or the desk of its facility.
CREATE OR REPLACE FUNCTION care.leave_waitlist(asked uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    UPDATE care.waitlist_entry SET status = 'left'
    WHERE waitlist_entry_id = asked AND status = 'waiting'
      AND (patient_id = ANY (access.own_patients()) OR patient_id = ANY (access.patients_acted_for('schedule'))
           OR facility_id = ANY (access.own_facilities()) AND access.part() = 'front_desk');
    IF NOT FOUND THEN
        PERFORM care.refuse('waitlist_entry_is_waiting', 'There is no such entry, or it waits no more.');
    END IF;
END $function$;
REVOKE EXECUTE ON FUNCTION care.leave_waitlist(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.leave_waitlist(uuid) TO healthtrack_care, healthtrack_migrator;

-- Does as care.lock_schedule for what these visits take by the time that it is locked, and for others.
CREATE OR REPLACE FUNCTION care.lock_visits(asked uuid[], VARIADIC others uuid[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
DECLARE
    seen uuid[];
BEGIN
    LOOP
        seen := ARRAY(SELECT r.resource FROM care.appointment a
                      CROSS JOIN unnest(ARRAY[a.provider_id, a.patient_id, a.room_id]) AS r (resource)
                      WHERE a.appointment_id = ANY (asked) AND r.resource IS NOT NULL) || others;
        BEGIN
            PERFORM care.lock_schedule(VARIADIC seen);
            IF NOT EXISTS (SELECT FROM care.appointment a
                           CROSS JOIN unnest(ARRAY[a.provider_id, a.patient_id, a.room_id]) AS r (resource)
                           WHERE a.appointment_id = ANY (asked) AND r.resource IS NOT NULL AND (r.resource = ANY (seen)) IS NOT TRUE) THEN
                RETURN;
            END IF;
            RAISE EXCEPTION USING ERRCODE = 'HT002', MESSAGE = 'The visit was moved meanwhile.';
        EXCEPTION WHEN SQLSTATE 'HT002' THEN
            NULL;
        END;
    END LOOP;
END $function$;
REVOKE EXECUTE ON FUNCTION care.lock_visits(uuid[],uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.lock_visits(uuid[],uuid[]) TO healthtrack_care, healthtrack_migrator;

-- Trigger after each insert and each change of time, place, people or status of an appointment: writes its event.
CREATE OR REPLACE FUNCTION care.log_appointment()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    INSERT INTO care.appointment_event (
        patient_id, appointment_id, facility_id, from_provider_id, to_provider_id, actor, from_during, to_during,
        from_status, to_status, changed_by
    ) SELECT NEW.patient_id, NEW.appointment_id, NEW.facility_id, OLD.provider_id, NEW.provider_id, access.actor(),
             OLD.during, NEW.during, OLD.status, NEW.status, coalesce(access.actor()::text, session_user);
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.log_appointment() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.log_appointment() TO healthtrack_care, healthtrack_migrator;

-- Trigger after a visit by video is booked: makes its session, once.
CREATE OR REPLACE FUNCTION care.make_telehealth_session()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    INSERT INTO care.telehealth_session (patient_id, appointment_id) VALUES (NEW.patient_id, NEW.appointment_id)
    ON CONFLICT (appointment_id) DO NOTHING;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.make_telehealth_session() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.make_telehealth_session() TO healthtrack_care, healthtrack_migrator;

-- What a plan costs for a period that begins on a day; refuses where it has no price.
CREATE OR REPLACE FUNCTION care.membership_price_of(plan text, currency text, per text, on_day date)
 RETURNS numeric
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
DECLARE
    price numeric := (SELECT p.amount FROM care.membership_price p
                      WHERE p.plan = membership_price_of.plan AND p.currency = membership_price_of.currency
                        AND p.per = membership_price_of.per AND p.valid_during @> on_day);
BEGIN
    IF price IS NULL THEN
        PERFORM care.refuse('membership_has_a_price', 'This plan has no price in that currency for that period: choose another.');
    END IF;
    RETURN price;
END $function$;
REVOKE EXECUTE ON FUNCTION care.membership_price_of(text,text,text,date) FROM PUBLIC;

-- How many visits a patient has missed that count by the policy of a facility; 0 where it sets no limit. Not for whoever may not see them.
CREATE OR REPLACE FUNCTION care.missed_visits(patient uuid, facility uuid)
 RETURNS integer
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT count(*)::integer
    FROM care.attendance_policy p JOIN care.appointment a
        ON a.facility_id = p.facility_id AND a.patient_id = patient AND a.status = 'no_show'
       AND lower(a.during) > now() - p.within_days * INTERVAL '24 hours' AND lower(a.during) <= now()
    WHERE p.facility_id = facility
      AND NOT EXISTS (SELECT FROM care.attendance_waiver w
                      WHERE w.patient_id = patient AND w.facility_id = facility AND w.created_at >= lower(a.during))
$function$;
REVOKE EXECUTE ON FUNCTION care.missed_visits(uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.missed_visits(uuid,uuid) TO healthtrack_care;

-- Publishes or hides the version of a review that a moderator has read.
CREATE OR REPLACE FUNCTION care.moderate_review(asked uuid, read_version integer, to_state text, why text DEFAULT NULL::text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF access.part() IS DISTINCT FROM 'moderator' THEN
        PERFORM care.refuse('review_is_moderated_by_moderators', 'Only a moderator may publish or hide a review.');
    END IF;
    UPDATE care.review SET state = to_state, moderation = why WHERE review_id = asked AND version = read_version;
    IF NOT FOUND THEN
        PERFORM care.refuse('review_is_moderated_as_it_was_read',
            'The review has changed since it was read: read it again.');
    END IF;
END $function$;
REVOKE EXECUTE ON FUNCTION care.moderate_review(uuid,integer,text,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.moderate_review(uuid,integer,text,text) TO healthtrack_care, healthtrack_migrator;

-- True where by the policy of a facility only its front desk books for a patient. Not for whoever may not see it.
CREATE OR REPLACE FUNCTION care.must_ask_the_desk(patient uuid, facility uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT EXISTS (SELECT FROM care.attendance_policy p
                   WHERE p.facility_id = facility AND p.no_show_limit <= care.missed_visits(patient, facility))
$function$;
REVOKE EXECUTE ON FUNCTION care.must_ask_the_desk(uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.must_ask_the_desk(uuid,uuid) TO healthtrack_care;

-- Holds a free time for the next who waits for it and may have it; gives the appointment's key, null where nobody does. Not for the portal.
CREATE OR REPLACE FUNCTION care.offer_waitlist(freed_provider uuid, freed_facility uuid, freed_during tstzrange, freed_room uuid DEFAULT NULL::uuid)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    made  constant uuid := gen_random_uuid();
    tried uuid[] := '{}';
    entry care.waitlist_entry;
    rule  text;
BEGIN
    -- Fifty cannot have it for reasons of their own: enough for one time; the others keep their places.
    WHILE cardinality(tried) < 50 LOOP
        SELECT w.* INTO entry
        FROM care.waitlist_entry w CROSS JOIN LATERAL care.plan_of(w.patient_id) p
        WHERE w.status = 'waiting' AND w.facility_id = freed_facility
          AND (w.provider_id IS NULL OR w.provider_id = freed_provider)
          AND lower(freed_during) + w.minutes * INTERVAL '1 minute' <= upper(freed_during)
          AND w.wanted_during @> tstzrange(lower(freed_during), lower(freed_during) + w.minutes * INTERVAL '1 minute')
          AND w.waitlist_entry_id <> ALL (tried)
        ORDER BY (p.priority OR w.joined_at <= now() - p.patience_days * INTERVAL '24 hours') DESC, w.joined_at,
                 w.waitlist_entry_id
        LIMIT 1 FOR UPDATE OF w SKIP LOCKED;
        IF NOT FOUND THEN
            RETURN NULL;
        END IF;
        tried := tried || entry.waitlist_entry_id;
        -- Who may not confirm an offer is passed over.
        CONTINUE WHEN care.must_ask_the_desk(entry.patient_id, entry.facility_id);
        -- Not waited for, since who holds it may wait for this provider.
        CONTINUE WHEN NOT care.try_lock_schedule(entry.patient_id);
        BEGIN
            INSERT INTO care.appointment (
                appointment_id, patient_id, provider_id, facility_id, room_id, during, status, expires_at, mode
            ) VALUES (
                made, entry.patient_id, freed_provider, freed_facility,
                CASE entry.mode WHEN 'in_person' THEN freed_room END,
                tstzrange(lower(freed_during), lower(freed_during) + entry.minutes * INTERVAL '1 minute'), 'held',
                least(now() + INTERVAL '2 hours', lower(freed_during)), entry.mode
            );
            UPDATE care.waitlist_entry SET status = 'offered', appointment_id = made
            WHERE waitlist_entry_id = entry.waitlist_entry_id;
            RETURN made;
        EXCEPTION WHEN SQLSTATE 'HT001' OR exclusion_violation THEN
            GET STACKED DIAGNOSTICS rule = CONSTRAINT_NAME;
            IF rule NOT IN ('appointment_patient_is_free', 'appointment_is_within_its_release_window',
                            'appointment_is_not_reserved', 'appointment_by_video_needs_its_plan',
                            'appointment_holds_are_three', 'appointment_provider_is_licensed') THEN
                RETURN NULL;
            END IF;
        END;
    END LOOP;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.offer_waitlist(uuid,uuid,tstzrange,uuid) FROM PUBLIC;

-- Trigger after a link to a visit by video is used: where it is the patient who joins, the record is open to the provider.
CREATE OR REPLACE FUNCTION care.open_record_by_joining()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    PERFORM care.open_record(a.patient_id, a.provider_id,
        tstzrange(least(now(), lower(a.during)), upper(a.during) + INTERVAL '720 hours'))
    FROM care.telehealth_session s JOIN care.appointment a USING (appointment_id)
    JOIN access.account c ON c.account_id = NEW.account_id AND c.patient_id = a.patient_id
    WHERE s.telehealth_session_id = NEW.telehealth_session_id AND a.status IN ('booked', 'arrived', 'completed')
      AND upper(a.during) + INTERVAL '720 hours' > now();
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.open_record_by_joining() FROM PUBLIC;

-- Times of so many minutes, counted from the start of each block of hours, at which a provider can be booked at a facility, or by video for a patient: within hours of both, licensed there, not off, not taken, not past. Of a type, times at which it may take place, with time before and after it, and at which what it needs is free. for_all_at says until when a slot is kept for premium members; null where it is for all.
CREATE OR REPLACE FUNCTION care.open_slots(asked_provider uuid, asked_facility uuid, since timestamp with time zone, until timestamp with time zone, minutes integer, video_for uuid DEFAULT NULL::uuid, asked_type text DEFAULT NULL::text)
 RETURNS TABLE(starts_at timestamp with time zone, ends_at timestamp with time zone, for_all_at timestamp with time zone)
 LANGUAGE plpgsql
 STABLE ROWS 100
AS $function$
DECLARE
    span constant tstzrange := tstzrange(greatest(since, now()), greatest(until, since, now()));
    -- A visit that begins early or ends late in the span blocks time outside of it.
    wide constant tstzrange := tstzrange(lower(span) - INTERVAL '4 hours', upper(span) + INTERVAL '4 hours');
    mode constant text := CASE WHEN video_for IS NULL THEN 'in_person' ELSE 'telehealth' END;
    kind care.appointment_type;
    length interval;
    step   interval;
    free   tstzmultirange;
    taken  tstzmultirange;
BEGIN
    SELECT t.* INTO kind FROM care.appointment_type t WHERE t.appointment_type = asked_type;
    IF asked_type IS NOT NULL AND NOT FOUND THEN
        PERFORM care.refuse('appointment_type_is_known', 'Choose one of the known kinds of visit.');
    ELSIF (coalesce(minutes, kind.minutes) BETWEEN 5 AND 720) IS NOT TRUE OR until > since + INTERVAL '100 days' THEN
        PERFORM care.refuse('slots_are_asked_within_bounds',
            'Ask for visits of 5 minutes to 12 hours, within 100 days.');
    ELSIF asked_type IS NOT NULL AND (
        NOT kind.active OR kind.telehealth = CASE mode WHEN 'telehealth' THEN 'never' ELSE 'only' END
        OR kind.desk_only AND access.part() = 'patient'
        OR EXISTS (SELECT FROM care.appointment_type_specialty s WHERE s.appointment_type = asked_type)
           AND NOT EXISTS (SELECT FROM care.appointment_type_specialty s JOIN care.provider_specialty p USING (specialty)
                           WHERE s.appointment_type = asked_type AND p.provider_id = asked_provider)
    ) THEN
        RETURN;
    END IF;
    length := coalesce(minutes, kind.minutes) * INTERVAL '1 minute';
    step := length + (coalesce(kind.before_minutes, 0) + coalesce(kind.after_minutes, 0)) * INTERVAL '1 minute';
    free := care.available(asked_provider, asked_facility, span) * care.opening(asked_facility, span)
            * care.licensed(asked_provider, asked_facility, mode, video_for, span);
    taken := care.taken(asked_provider, wide);
    RETURN QUERY
        SELECT slot.at, slot.at + length, slot.at - h.reserved_hours * INTERVAL '1 hour'
        FROM care.visiting_hours(asked_provider, asked_facility, span) h,
             generate_series(lower(h.during), upper(h.during) - length, step) AS slot (at),
             care.widened(tstzrange(slot.at, slot.at + length), coalesce(kind.before_minutes, 0::smallint),
                          coalesce(kind.after_minutes, 0::smallint)) AS blocked
        WHERE free @> tstzrange(slot.at, slot.at + length) AND NOT taken && blocked
          AND (asked_type IS NULL OR care.has_resources(asked_type, mode, asked_facility, blocked))
        ORDER BY slot.at;
END $function$;
REVOKE EXECUTE ON FUNCTION care.open_slots(uuid,uuid,timestamp with time zone,timestamp with time zone,integer,uuid,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.open_slots(uuid,uuid,timestamp with time zone,timestamp with time zone,integer,uuid,text) TO healthtrack_care;

-- What a patient's membership gives at this moment: the regular plan where there is none. Not for the portal, which would learn of anybody's.
CREATE OR REPLACE FUNCTION care.plan_of(member uuid)
 RETURNS care.membership_plan
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT p.* FROM care.membership_plan p
    WHERE p.plan = coalesce((SELECT m.plan FROM care.membership m
                             WHERE m.patient_id = member AND m.valid_during @> now()), 'regular')
$function$;
REVOKE EXECUTE ON FUNCTION care.plan_of(uuid) FROM PUBLIC;

-- Queues a reminder of each appointment that begins within a day and has none; gives how many.
CREATE OR REPLACE FUNCTION care.queue_reminders()
 RETURNS integer
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT coalesce(sum(care.notify(v.patient_id, 'appointment_reminder', now(), appointment => v.appointment_id,
                                    about_at => lower(v.during))), 0)::integer
    FROM care.appointment v
    WHERE v.status = 'booked' AND lower(v.during) > now() AND lower(v.during) <= now() + INTERVAL '1 day'
      AND NOT EXISTS (SELECT FROM care.notification n
                      WHERE n.patient_id = v.patient_id AND n.appointment_id = v.appointment_id
                        AND n.about_at = lower(v.during) AND n.status <> 'cancelled')
$function$;
REVOKE EXECUTE ON FUNCTION care.queue_reminders() FROM PUBLIC;

-- Refuses a time at which the patient has another visit that the actor may see.
CREATE OR REPLACE FUNCTION care.refuse_second_visit(patient uuid, during tstzrange, moved uuid)
 RETURNS void
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF EXISTS (SELECT FROM care.appointment v
               WHERE v.patient_id = patient AND v.during && refuse_second_visit.during
                 AND v.appointment_id IS DISTINCT FROM moved
                 AND (v.status IN ('booked', 'arrived') OR v.status = 'held' AND v.expires_at > clock_timestamp())) THEN
        PERFORM access.refuse('appointment_patient_is_free', 'The patient has another appointment at that time.');
    END IF;
END $function$;
REVOKE EXECUTE ON FUNCTION care.refuse_second_visit(uuid,tstzrange,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.refuse_second_visit(uuid,tstzrange,uuid) TO healthtrack_care;

-- Trigger after a visit is booked: refuses one on a day on which its facility is closed for good.
CREATE OR REPLACE FUNCTION care.refuse_visits_at_closed()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF NEW.status IN ('held', 'booked') AND EXISTS (
        SELECT FROM care.facility f
        WHERE f.facility_id = NEW.facility_id AND (lower(NEW.during) AT TIME ZONE f.time_zone)::date >= f.closed_on) THEN
        PERFORM care.refuse('appointment_is_before_its_facility_closes', 'The facility is closed on that day: choose another one.');
    END IF;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.refuse_visits_at_closed() FROM PUBLIC;

-- Makes the next period of memberships that renew themselves and end within the hour, and charges it; how many.
CREATE OR REPLACE FUNCTION care.renew_memberships()
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET "TimeZone" TO 'UTC'
AS $function$
DECLARE
    due     care.membership;
    number  integer;
    whole   tstzrange;
    begins  timestamptz;
    price   numeric;
    made    care.membership;
    renewed bigint := 0;
BEGIN
    FOR due IN
        SELECT m.* FROM care.membership m
        WHERE m.auto_renew AND NOT m.renewed AND upper(m.valid_during) <= now() + INTERVAL '1 hour'
        ORDER BY upper(m.valid_during) LIMIT 1000 FOR UPDATE SKIP LOCKED
    LOOP
        -- What cannot be renewed (no price any more, another membership in the way, whatever is wrong with its row) ends, and
        -- no other waits.
        BEGIN
            begins := upper(due.valid_during);
            number := due.period + 1;
            WHILE care.membership_period_at(due.anchored_at, due.per, number + 1) <= greatest(begins, now()) LOOP
                number := number + 1;
            END LOOP;
            IF number > due.last_period THEN
                UPDATE care.membership SET auto_renew = false WHERE membership_id = due.membership_id;
                CONTINUE;
            END IF;
            -- A few days are made good, so that nothing is missing between; for more, nobody had anything of the plan.
            IF begins < now() - INTERVAL '7 days' THEN
                begins := now();
            END IF;
            whole := tstzrange(care.membership_period_at(due.anchored_at, due.per, number),
                               care.membership_period_at(due.anchored_at, due.per, number + 1));
            price := care.membership_price_of(coalesce(due.next_plan, due.plan), due.currency, due.per, begins::date);
            UPDATE care.membership SET renewed = true WHERE membership_id = due.membership_id;
            INSERT INTO care.membership (patient_id, plan, valid_during, anchored_at, period, last_period, auto_renew, currency, per)
            VALUES (due.patient_id, coalesce(due.next_plan, due.plan), tstzrange(begins, upper(whole)),
                    due.anchored_at, number, due.last_period, true, due.currency, due.per)
            RETURNING * INTO made;
            INSERT INTO care.membership_fee (patient_id, membership_id, covers, amount, currency, kind)
            VALUES (due.patient_id, made.membership_id, made.valid_during,
                    care.share_of_fee(price, whole, greatest(begins, lower(whole))), due.currency, 'period');
            renewed := renewed + 1;
        EXCEPTION WHEN data_exception OR integrity_constraint_violation OR SQLSTATE 'HT001' THEN
            UPDATE care.membership SET auto_renew = false WHERE membership_id = due.membership_id;
            PERFORM care.notify(due.patient_id, 'membership_not_renewed', now(), about_at => upper(due.valid_during));
        END;
    END LOOP;
    RETURN renewed;
END $function$;
REVOKE EXECUTE ON FUNCTION care.renew_memberships() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.renew_memberships() TO healthtrack_ingest, healthtrack_migrator;

-- Moves a booked appointment, in one statement: where the new time cannot be had, the old one stays.
CREATE OR REPLACE FUNCTION care.reschedule_appointment(asked uuid, asked_during tstzrange, asked_provider uuid DEFAULT NULL::uuid, asked_facility uuid DEFAULT NULL::uuid, asked_room uuid DEFAULT NULL::uuid)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM care.lock_visits(ARRAY[asked], asked_provider, asked_room);
    UPDATE care.appointment a SET
        during = asked_during,
        provider_id = coalesce(asked_provider, a.provider_id),
        room_id = coalesce(
            asked_room, CASE WHEN coalesce(asked_facility, a.facility_id) = a.facility_id THEN a.room_id END
        ),
        facility_id = coalesce(asked_facility, a.facility_id)
    WHERE a.appointment_id = asked;
    IF NOT FOUND THEN
        PERFORM care.refuse('appointment_is_known', 'There is no such appointment.');
    END IF;
END $function$;

-- Reviews a completed visit of one's own by stars for the provider, the facility or both; gives the review's key.
CREATE OR REPLACE FUNCTION care.review_visit(asked_appointment uuid, of_provider integer, of_facility integer, said text DEFAULT NULL::text)
 RETURNS uuid
 LANGUAGE plpgsql
AS $function$
DECLARE
    made constant uuid := gen_random_uuid();
BEGIN
    INSERT INTO care.review (review_id, patient_id, appointment_id, provider_id, facility_id, provider_stars,
                             facility_stars, body)
    SELECT made, a.patient_id, a.appointment_id, a.provider_id, a.facility_id, of_provider, of_facility, said
    FROM care.appointment a WHERE a.appointment_id = asked_appointment;
    IF NOT FOUND THEN
        PERFORM care.refuse('appointment_is_known', 'There is no such appointment.');
    END IF;
    RETURN made;
END $function$;
REVOKE EXECUTE ON FUNCTION care.review_visit(uuid,integer,integer,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.review_visit(uuid,integer,integer,text) TO healthtrack_care;

-- Trigger after an appointment changes: an offer is taken or has lapsed, and a time that is given back is offered to the next.
CREATE OR REPLACE FUNCTION care.settle_waitlist()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF OLD.status = 'held' AND NEW.status <> 'held' THEN
        UPDATE care.waitlist_entry SET status = CASE NEW.status WHEN 'booked' THEN 'taken' ELSE 'lapsed' END
        WHERE patient_id = NEW.patient_id AND appointment_id = NEW.appointment_id AND status = 'offered';
    END IF;
    IF (NEW.status = 'cancelled' OR (NEW.during, NEW.provider_id, NEW.facility_id)
            IS DISTINCT FROM (OLD.during, OLD.provider_id, OLD.facility_id))
        AND OLD.status IN ('held', 'booked') AND lower(OLD.during) > now()
        AND care.try_lock_schedule(OLD.provider_id, OLD.room_id)
        AND (OLD.room_id IS NULL OR care.try_lock_resources(OLD.facility_id)) THEN
        PERFORM care.offer_waitlist(OLD.provider_id, OLD.facility_id, OLD.during, OLD.room_id);
    END IF;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.settle_waitlist() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.settle_waitlist() TO healthtrack_care, healthtrack_migrator;

-- Ends the session of a visit, by its acting patient or provider; nobody can join it any more.
CREATE OR REPLACE FUNCTION care.stop_telehealth(asked_appointment uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    UPDATE care.telehealth_session s SET stopped_at = coalesce(s.stopped_at, now())
    FROM care.appointment a JOIN access.account c ON c.account_id = access.actor() AND c.disabled_at IS NULL
        AND (c.patient_id = a.patient_id OR c.provider_id = a.provider_id)
    WHERE s.appointment_id = asked_appointment AND a.appointment_id = s.appointment_id AND s.started_at IS NOT NULL;
    IF NOT FOUND THEN
        PERFORM care.refuse('telehealth_session_is_ones_own', 'There is no such visit by video.');
    END IF;
END $function$;
REVOKE EXECUTE ON FUNCTION care.stop_telehealth(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.stop_telehealth(uuid) TO healthtrack_care, healthtrack_migrator;

-- When a provider is taken within a period, at any facility; never by whom. A hold that has run out takes nothing.
CREATE OR REPLACE FUNCTION care.taken(asked_provider uuid, span tstzrange)
 RETURNS tstzmultirange
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT coalesce(range_agg(a.blocked_during), '{}') FROM care.appointment a
    WHERE a.provider_id = asked_provider AND a.blocked_during && span AND a.status IN ('held', 'booked', 'arrived')
      AND (a.expires_at IS NULL OR a.expires_at > now())
$function$;
REVOKE EXECUTE ON FUNCTION care.taken(uuid,tstzrange) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.taken(uuid,tstzrange) TO healthtrack_care, healthtrack_migrator;

-- Trigger after reviews are written: adds the difference to the tally.
CREATE OR REPLACE FUNCTION care.tally_reviews()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO care.review_tally (facility_id, provider_id, provider_reviews, provider_stars, facility_reviews,
                                       facility_stars)
        SELECT facility_id, provider_id, count(provider_stars), coalesce(sum(provider_stars), 0), count(facility_stars),
               coalesce(sum(facility_stars), 0)
        FROM added WHERE state = 'published' GROUP BY 1, 2;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO care.review_tally (facility_id, provider_id, provider_reviews, provider_stars, facility_reviews,
                                       facility_stars)
        SELECT facility_id, provider_id, -count(provider_stars), -coalesce(sum(provider_stars), 0),
               -count(facility_stars), -coalesce(sum(facility_stars), 0)
        FROM removed WHERE state = 'published' GROUP BY 1, 2;
    ELSE
        INSERT INTO care.review_tally (facility_id, provider_id, provider_reviews, provider_stars, facility_reviews,
                                       facility_stars)
        SELECT * FROM (
            SELECT facility_id, provider_id, coalesce(sum(n) FILTER (WHERE provider_stars IS NOT NULL), 0) AS given,
                   coalesce(sum(n * provider_stars), 0) AS shone,
                   coalesce(sum(n) FILTER (WHERE facility_stars IS NOT NULL), 0) AS place_given,
                   coalesce(sum(n * facility_stars), 0) AS place_shone
            FROM (SELECT facility_id, provider_id, provider_stars, facility_stars, 1 AS n FROM added
                  WHERE state = 'published'
                  UNION ALL
                  SELECT facility_id, provider_id, provider_stars, facility_stars, -1 FROM removed
                  WHERE state = 'published') AS moved
            GROUP BY 1, 2
        ) AS change WHERE given <> 0 OR shone <> 0 OR place_given <> 0 OR place_shone <> 0;
    END IF;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.tally_reviews() FROM PUBLIC;

-- Trigger after equipment goes out of service: opens a task of the desk for each visit to come that holds it then.
CREATE OR REPLACE FUNCTION care.tell_of_equipment()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    facility uuid := (SELECT e.facility_id FROM care.equipment e WHERE e.equipment_id = NEW.equipment_id);
BEGIN
    PERFORM care.lock_resources(facility);
    PERFORM care.ask_desk_to_move(v.patient_id, facility, lower(v.during), f.time_zone, 'without ' || e.name)
    FROM care.appointment_resource u JOIN care.appointment v USING (patient_id, appointment_id)
    JOIN care.equipment e ON e.equipment_id = u.equipment_id JOIN care.facility f ON f.facility_id = e.facility_id
    WHERE u.facility_id = facility AND u.equipment_id = NEW.equipment_id AND u.released_at IS NULL
      AND v.status IN ('held', 'booked') AND lower(v.during) > now()
      AND (EXISTS (SELECT FROM care.equipment_outage o WHERE o.equipment_id = e.equipment_id AND o.during && u.held_during)
           OR NOT e.in_service_during @> (lower(u.held_during) AT TIME ZONE f.time_zone)::date
           OR NOT e.in_service_during @> ((upper(u.held_during) - INTERVAL '1 microsecond') AT TIME ZONE f.time_zone)::date);
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.tell_of_equipment() FROM PUBLIC;

-- Opens a task of the desk for each visit at a facility, or with a provider, that is booked for this day or later; how many visits.
CREATE OR REPLACE FUNCTION care.tell_of_visits(facility uuid, provider uuid, since date)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    told integer;
BEGIN
    SELECT count(care.ask_desk_to_move(v.patient_id, v.facility_id, lower(v.during), f.time_zone,
               CASE WHEN tell_of_visits.provider IS NULL THEN 'the facility closes' ELSE 'the provider retires' END)) INTO told
    FROM care.appointment v JOIN care.facility f USING (facility_id)
    WHERE (v.facility_id = tell_of_visits.facility OR v.provider_id = tell_of_visits.provider)
      AND v.status IN ('held', 'booked') AND lower(v.during) > now()
      AND (lower(v.during) AT TIME ZONE f.time_zone)::date >= since;
    RETURN told;
END $function$;
REVOKE EXECUTE ON FUNCTION care.tell_of_visits(uuid,uuid,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.tell_of_visits(uuid,uuid,date) TO healthtrack_care;

-- Uses a link of the acting account, once: gives its session's key; starts the session where the provider joins.
CREATE OR REPLACE FUNCTION care.use_join_token(secret text)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    joined uuid;
BEGIN
    UPDATE care.join_token t SET used_at = now()
    FROM care.telehealth_session s
    WHERE t.token_hash = sha256(convert_to(secret, 'UTF8'))
      AND t.account_id = access.actor() AND access.part() IS NOT NULL
      AND t.used_at IS NULL AND t.replaced_at IS NULL AND t.expires_at > now()
      AND s.telehealth_session_id = t.telehealth_session_id AND s.stopped_at IS NULL
    RETURNING t.telehealth_session_id INTO joined;
    IF joined IS NULL THEN
        PERFORM care.refuse('join_token_is_good', 'This link has been used or has run out: ask for a new one.');
    END IF;
    UPDATE care.telehealth_session SET started_at = coalesce(started_at, now())
    WHERE telehealth_session_id = joined AND access.part() = 'provider';
    RETURN joined;
END $function$;
REVOKE EXECUTE ON FUNCTION care.use_join_token(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.use_join_token(text) TO healthtrack_care, healthtrack_migrator;

-- True where the present role maintains the schema, or stands above row-level security, and so may take appointments over from another system.
CREATE OR REPLACE FUNCTION care.writes_as_owner()
 RETURNS boolean
 LANGUAGE sql
 STABLE
AS $function$
    SELECT NOT row_security_active('care.appointment') OR pg_has_role(current_user, 'healthtrack_migrator', 'USAGE')
$function$;

-- Keys of visits that begin in a time, of the acting provider or at the acting account's facility, 4,000 at most.
CREATE OR REPLACE FUNCTION access.appointments_starting("from" timestamp with time zone, "to" timestamp with time zone)
 RETURNS uuid[]
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    -- Asked apart, so that each is planned for its own index; nobody is both.
    RETURN (SELECT coalesce(array_agg(v.appointment_id), '{}')
            FROM (SELECT d.appointment_id, lower(d.during) AS starts_at FROM care.appointment d
                  WHERE d.provider_id = (SELECT access.acting_provider())
                    AND lower(d.during) >= "from" AND lower(d.during) < "to"
                  UNION ALL
                  SELECT d.appointment_id, lower(d.during) FROM care.appointment d
                  WHERE d.facility_id = ANY ((SELECT access.own_facilities())::uuid[])
                    AND lower(d.during) >= "from" AND lower(d.during) < "to"
                  ORDER BY starts_at LIMIT 4000) AS v);
END $function$;
REVOKE EXECUTE ON FUNCTION access.appointments_starting(timestamp with time zone,timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.appointments_starting(timestamp with time zone,timestamp with time zone) TO healthtrack_care;

-- People who had visits in a month that is over, of a facility (no provider) and of each provider there.
CREATE OR REPLACE FUNCTION access.quality_visits()
 RETURNS TABLE(facility_id uuid, provider_id uuid, month date, patients bigint, missed_rate numeric, cancelled_rate numeric)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
       AND (grouping(v.provider_id) = 1 OR (SELECT access.part()) IS DISTINCT FROM 'analyst')
$function$;
REVOKE EXECUTE ON FUNCTION access.quality_visits() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.quality_visits() TO healthtrack_care;

-- Who had a visit at a facility, or at any, with whom, in [since, until), each once; for counts of many alone.
CREATE OR REPLACE FUNCTION access.seen_at(facility uuid, since date, until date)
 RETURNS TABLE(facility_id uuid, provider_id uuid, patient_id uuid)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT DISTINCT a.facility_id, a.provider_id, a.patient_id FROM care.appointment a
    WHERE (SELECT access.is_analyst()) AND a.status = 'completed'
      AND (seen_at.facility IS NULL OR a.facility_id = seen_at.facility)
      AND lower(a.during) >= since::timestamp AT TIME ZONE 'UTC' AND lower(a.during) < until::timestamp AT TIME ZONE 'UTC'
$function$;
REVOKE EXECUTE ON FUNCTION access.seen_at(uuid,date,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.seen_at(uuid,date,date) TO healthtrack_care;

-- Adds what a plan of membership costs in a month or a year, from which day on; the key.
CREATE OR REPLACE FUNCTION api.add_membership_price(token text, plan text, per text, cents bigint, currency text, first_on date, stop_on date)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  uuid;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_administrator(me);
    INSERT INTO care.membership_price AS p (plan, per, amount, currency, valid_during)
    VALUES (add_membership_price.plan, add_membership_price.per, add_membership_price.cents / 100.0, add_membership_price.currency,
            daterange(first_on, stop_on))
    RETURNING p.membership_price_id INTO answer;
    PERFORM access.note(me, 'create', NULL, 'care.membership_price/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.add_membership_price(text,text,text,bigint,text,date,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.add_membership_price(text,text,text,bigint,text,date,date) TO healthtrack_portal;

-- Begins a membership for a month or a year at its price of today; gives its key.
CREATE OR REPLACE FUNCTION api.begin_membership(token text, patient uuid, plan text, currency text, per text, renews boolean)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  uuid;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    answer := care.begin_membership(patient, plan, currency, per, renews);
    PERFORM access.note(me, 'create', patient, 'care.membership/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.begin_membership(text,uuid,text,text,text,boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.begin_membership(text,uuid,text,text,text,boolean) TO healthtrack_portal;

-- Books a series of visits as a whole, or nothing where a day cannot be had: each visit, or each day with what refuses it.
CREATE OR REPLACE FUNCTION api.book_series(token text, patient uuid, provider uuid, facility uuid, first_at timestamp with time zone, minutes integer, frequency text, every integer, count integer, until_on date, skipped_on date[], room uuid, mode text, reason text, appointment_type text)
 RETURNS TABLE(series uuid, starts_at timestamp with time zone, appointment uuid, rule text, sentence text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    DECLARE
        wanted care.appointment_series;
        zone constant text := (SELECT f.time_zone FROM care.facility f WHERE f.facility_id = facility);
        answer record;
        booked uuid;
    BEGIN
        wanted.appointment_series_id := gen_random_uuid();
        wanted.patient_id := patient;
        wanted.provider_id := provider;
        wanted.facility_id := facility;
        wanted.first_on := (first_at AT TIME ZONE zone)::date;
        wanted.starts_minute := extract(epoch FROM date_trunc('minute', first_at AT TIME ZONE zone)::time) / 60;
        wanted.minutes := coalesce(minutes, (SELECT t.minutes FROM care.appointment_type t
                                             WHERE t.appointment_type = book_series.appointment_type));
        wanted.frequency := frequency;
        wanted.every := every;
        wanted.count := count;
        wanted.until_on := until_on;
        wanted.skipped_on := coalesce(skipped_on, '{}');
        wanted.mode := mode;
        wanted.reason := reason;
        wanted.appointment_type := book_series.appointment_type;
        FOR answer IN SELECT * FROM care.book_series(wanted, room) LOOP
            starts_at := answer.starts_at;
            appointment := answer.appointment;
            rule := answer.rule;
            sentence := answer.sentence;
            series := CASE WHEN appointment IS NOT NULL THEN wanted.appointment_series_id END;
            booked := coalesce(booked, series);
            RETURN NEXT;
        END LOOP;
        PERFORM access.note(me, CASE WHEN booked IS NULL THEN 'read' ELSE 'create' END, patient,
                            concat_ws('/', 'care.appointment_series', booked));
    END;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.book_series(text,uuid,uuid,uuid,timestamp with time zone,integer,text,integer,integer,date,date[],uuid,text,text,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.book_series(text,uuid,uuid,uuid,timestamp with time zone,integer,text,integer,integer,date,date[],uuid,text,text,text) TO healthtrack_portal;

-- Cancels an appointment and says why; true where it is late by the notice that the facility asks for.
CREATE OR REPLACE FUNCTION api.cancel_appointment(token text, appointment uuid, reason text)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  boolean;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    DECLARE
        -- Asked before: the change may close the record to whoever makes it.
        was record;
    BEGIN
        SELECT v.patient_id, v.status INTO was FROM care.appointment v WHERE v.appointment_id = appointment;
        IF was.status IN ('booked', 'arrived') AND reason IS NULL THEN
            PERFORM access.refuse('appointment_cancellation_is_explained', 'Say why the visit is cancelled.');
        END IF;
        PERFORM care.cancel_appointment(appointment, reason);
        answer := coalesce((SELECT v.cancelled_late FROM care.appointment v WHERE v.appointment_id = appointment), false);
        PERFORM access.note(me, 'update', was.patient_id, 'care.appointment/' || appointment);
    END;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.cancel_appointment(text,uuid,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.cancel_appointment(text,uuid,text) TO healthtrack_portal;

-- Cancels what is booked of a series from a moment on, and says why; how many visits.
CREATE OR REPLACE FUNCTION api.cancel_series(token text, appointment_series uuid, since timestamp with time zone, reason text)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  integer;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    DECLARE
        whose constant uuid := (SELECT s.patient_id FROM care.appointment_series s WHERE s.appointment_series_id = appointment_series);
    BEGIN
        IF reason IS NULL THEN
            PERFORM access.refuse('appointment_cancellation_is_explained', 'Say why the visits are cancelled.');
        END IF;
        answer := care.cancel_series(appointment_series, since, reason);
        PERFORM access.note(me, 'update', whose, 'care.appointment_series/' || appointment_series);
    END;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.cancel_series(text,uuid,timestamp with time zone,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.cancel_series(text,uuid,timestamp with time zone,text) TO healthtrack_portal;

-- Confirms, checks in, completes or misses an appointment; cancel_appointment cancels one.
CREATE OR REPLACE FUNCTION api.change_appointment(token text, appointment uuid, change text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    DECLARE
        -- Asked before: the change may close the record to whoever makes it.
        whose constant uuid := (SELECT v.patient_id FROM care.appointment v WHERE v.appointment_id = appointment);
    BEGIN
        CASE change
            WHEN 'confirm' THEN PERFORM care.confirm_appointment(appointment);
            WHEN 'check_in' THEN PERFORM care.check_in_appointment(appointment);
            WHEN 'complete' THEN PERFORM care.complete_appointment(appointment);
            WHEN 'miss' THEN PERFORM care.miss_appointment(appointment);
            WHEN 'cancel' THEN
                PERFORM access.refuse('appointment_cancellation_is_explained', 'Cancel by cancel_appointment, and say why.');
            ELSE PERFORM access.refuse('appointment_change_is_known', 'Choose confirm, check_in, complete or miss.');
        END CASE;
        PERFORM access.note(me, 'update', whose, 'care.appointment/' || appointment);
    END;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.change_appointment(text,uuid,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.change_appointment(text,uuid,text) TO healthtrack_portal;

-- Changes the plan of a membership, at once to one that is not cheaper or when its period ends, and takes a notice back; gives the key of the period that has it.
CREATE OR REPLACE FUNCTION api.change_membership(token text, patient uuid, plan text, at_once boolean)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  uuid;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    answer := care.change_membership(patient, plan, at_once);
    PERFORM access.note(me, 'update', patient, 'care.membership/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.change_membership(text,uuid,text,boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.change_membership(text,uuid,text,boolean) TO healthtrack_portal;

-- Consents to a visit by video, as its patient.
CREATE OR REPLACE FUNCTION api.consent_to_telehealth(token text, appointment uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM care.consent_to_telehealth(appointment);
    PERFORM access.note(me, 'sign', (SELECT v.patient_id FROM care.appointment v WHERE v.appointment_id = appointment),
                        'care.telehealth_session');
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.consent_to_telehealth(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.consent_to_telehealth(text,uuid) TO healthtrack_portal;

-- Gives notice of a membership; gives when it ends.
CREATE OR REPLACE FUNCTION api.end_membership(token text, patient uuid)
 RETURNS timestamp with time zone
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  timestamptz;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    answer := care.end_membership(patient);
    PERFORM access.note(me, 'update', patient, 'care.membership/' || patient);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.end_membership(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.end_membership(text,uuid) TO healthtrack_portal;

-- Says on which day a price of membership does not stand any more.
CREATE OR REPLACE FUNCTION api.end_membership_price(token text, membership_price uuid, known_version integer, stop_on date)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_administrator(me);
    UPDATE care.membership_price p SET valid_during = daterange(lower(p.valid_during), end_membership_price.stop_on)
    WHERE p.membership_price_id = membership_price AND p.version = known_version;
    PERFORM access.check_change(FOUND);
    PERFORM access.note(me, 'update', NULL, 'care.membership_price/' || membership_price);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.end_membership_price(text,uuid,integer,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.end_membership_price(text,uuid,integer,date) TO healthtrack_portal;

-- Holds a time for a patient, of a kind of visit where one is named, which then says how long; gives the appointment's key.
CREATE OR REPLACE FUNCTION api.hold_appointment(token text, patient uuid, provider uuid, facility uuid, starts_at timestamp with time zone, ends_at timestamp with time zone, room uuid, mode text, reason text, appointment_type text DEFAULT NULL::text)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  uuid;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    -- Where no end is given it follows from the type.
    ends_at := coalesce(ends_at, starts_at + (SELECT t.minutes FROM care.appointment_type t
                                              WHERE t.appointment_type = hold_appointment.appointment_type) * INTERVAL '1 minute');
    PERFORM care.refuse_second_visit(patient, tstzrange(starts_at, ends_at), NULL);
    answer := care.hold_appointment(patient, provider, facility, tstzrange(starts_at, ends_at), room, mode, reason,
                                    hold_appointment.appointment_type);
    PERFORM access.note(me, 'create', patient, 'care.appointment/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.hold_appointment(text,uuid,uuid,uuid,timestamp with time zone,timestamp with time zone,uuid,text,text,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.hold_appointment(text,uuid,uuid,uuid,timestamp with time zone,timestamp with time zone,uuid,text,text,text) TO healthtrack_portal;

-- A secret by which the actor, patient or provider of the visit, joins once within ten minutes.
CREATE OR REPLACE FUNCTION api.issue_join_token(token text, appointment uuid)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  text;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    answer := care.issue_join_token(appointment);
    PERFORM access.note(me, 'create', (SELECT v.patient_id FROM care.appointment v WHERE v.appointment_id = appointment),
                        'care.join_token');
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.issue_join_token(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.issue_join_token(text,uuid) TO healthtrack_portal;

-- Puts a patient on the wait-list of a facility; gives the entry's key.
CREATE OR REPLACE FUNCTION api.join_waitlist(token text, patient uuid, facility uuid, provider uuid, minutes integer, since timestamp with time zone, until timestamp with time zone, mode text)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  uuid;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    answer := care.join_waitlist(patient, facility, provider, minutes, tstzrange(since, until), mode);
    PERFORM access.note(me, 'create', patient, 'care.waitlist_entry/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.join_waitlist(text,uuid,uuid,uuid,integer,timestamp with time zone,timestamp with time zone,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.join_waitlist(text,uuid,uuid,uuid,integer,timestamp with time zone,timestamp with time zone,text) TO healthtrack_portal;

-- Adds a kind of visit, or says anew how long it is, who may book and give it, and what it needs.
CREATE OR REPLACE FUNCTION api.keep_appointment_type(token text, appointment_type text, title text, minutes integer, before_minutes integer, after_minutes integer, telehealth text, desk_only boolean, active boolean, specialties text[], resource_kinds text[], resource_counts integer[])
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_administrator(me);
    INSERT INTO care.appointment_type (appointment_type, title, minutes, before_minutes, after_minutes, telehealth, desk_only, active)
    VALUES (keep_appointment_type.appointment_type, keep_appointment_type.title, keep_appointment_type.minutes,
            keep_appointment_type.before_minutes, keep_appointment_type.after_minutes, keep_appointment_type.telehealth,
            keep_appointment_type.desk_only, keep_appointment_type.active)
    ON CONFLICT ON CONSTRAINT appointment_type_pkey DO UPDATE SET title = EXCLUDED.title, minutes = EXCLUDED.minutes,
        before_minutes = EXCLUDED.before_minutes, after_minutes = EXCLUDED.after_minutes, telehealth = EXCLUDED.telehealth,
        desk_only = EXCLUDED.desk_only, active = EXCLUDED.active;
    DELETE FROM care.appointment_type_specialty s WHERE s.appointment_type = keep_appointment_type.appointment_type;
    INSERT INTO care.appointment_type_specialty (appointment_type, specialty)
    SELECT keep_appointment_type.appointment_type, given FROM unnest(specialties) AS given;
    DELETE FROM care.appointment_type_resource r WHERE r.appointment_type = keep_appointment_type.appointment_type;
    INSERT INTO care.appointment_type_resource (appointment_type, kind, count)
    SELECT keep_appointment_type.appointment_type, needed, how_many FROM unnest(resource_kinds, resource_counts) AS needs (needed, how_many);
    PERFORM access.note(me, 'update', NULL, access.kept_under('care.appointment_type', keep_appointment_type.appointment_type));
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.keep_appointment_type(text,text,text,integer,integer,integer,text,boolean,boolean,text[],text[],integer[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.keep_appointment_type(text,text,text,integer,integer,integer,text,boolean,boolean,text[],text[],integer[]) TO healthtrack_portal;

-- Adds a reason for which visits are cancelled, or says anew who may give it.
CREATE OR REPLACE FUNCTION api.keep_cancellation_reason(token text, cancellation_reason text, title text, fhir_code text, given_by text[], active boolean)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_administrator(me);
    INSERT INTO care.cancellation_reason (cancellation_reason, title, fhir_code, given_by, active)
    VALUES (keep_cancellation_reason.cancellation_reason, keep_cancellation_reason.title, keep_cancellation_reason.fhir_code,
            keep_cancellation_reason.given_by, keep_cancellation_reason.active)
    ON CONFLICT ON CONSTRAINT cancellation_reason_pkey DO UPDATE SET title = EXCLUDED.title, fhir_code = EXCLUDED.fhir_code,
        given_by = EXCLUDED.given_by, active = EXCLUDED.active;
    PERFORM access.note(me, 'update', NULL, access.kept_under('care.cancellation_reason', keep_cancellation_reason.cancellation_reason));
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.keep_cancellation_reason(text,text,text,text,text[],boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.keep_cancellation_reason(text,text,text,text,text[],boolean) TO healthtrack_portal;

-- Adds a piece of equipment to a facility, changes it, or says from when until before which day it is used; the key.
CREATE OR REPLACE FUNCTION api.keep_equipment(token text, facility uuid, equipment uuid, known_version integer, kind text, name text, first_on date, stop_on date)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  uuid;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_keeper(me, facility);
    IF equipment IS NULL THEN
        INSERT INTO care.equipment AS e (facility_id, kind, name, in_service_during)
        VALUES (facility, keep_equipment.kind, keep_equipment.name, daterange(first_on, stop_on)) RETURNING e.equipment_id INTO answer;
    ELSE
        UPDATE care.equipment e SET kind = keep_equipment.kind, name = keep_equipment.name,
            in_service_during = daterange(first_on, stop_on)
        WHERE e.equipment_id = equipment AND e.facility_id = facility AND e.version = known_version
        RETURNING e.equipment_id INTO answer;
        PERFORM access.check_change(FOUND);
    END IF;
    PERFORM access.note(me, 'update', NULL, 'care.equipment/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.keep_equipment(text,uuid,uuid,integer,text,text,date,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.keep_equipment(text,uuid,uuid,integer,text,text,date,date) TO healthtrack_portal;

-- Adds a plan of membership, or says anew what its members may.
CREATE OR REPLACE FUNCTION api.keep_membership_plan(token text, plan text, title text, lead_days integer, patience_days integer, priority boolean, telehealth boolean, personal_plans boolean)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_administrator(me);
    INSERT INTO care.membership_plan (plan, title, lead_days, patience_days, priority, telehealth, personal_plans)
    VALUES (keep_membership_plan.plan, keep_membership_plan.title, keep_membership_plan.lead_days, keep_membership_plan.patience_days,
            keep_membership_plan.priority, keep_membership_plan.telehealth, keep_membership_plan.personal_plans)
    ON CONFLICT ON CONSTRAINT membership_plan_pkey DO UPDATE
    SET title = EXCLUDED.title, lead_days = EXCLUDED.lead_days, patience_days = EXCLUDED.patience_days,
        priority = EXCLUDED.priority, telehealth = EXCLUDED.telehealth, personal_plans = EXCLUDED.personal_plans;
    PERFORM access.note(me, 'update', NULL, access.kept_under('care.membership_plan', plan));
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.keep_membership_plan(text,text,text,integer,integer,boolean,boolean,boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.keep_membership_plan(text,text,text,integer,integer,boolean,boolean,boolean) TO healthtrack_portal;

-- Says when a piece of equipment is out of service, and why, or when it is used again; the key.
CREATE OR REPLACE FUNCTION api.keep_outage(token text, equipment uuid, equipment_outage uuid, known_version integer, since timestamp with time zone, until timestamp with time zone, reason text)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  uuid;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_keeper(me, (SELECT e.facility_id FROM care.equipment e WHERE e.equipment_id = equipment));
    IF equipment_outage IS NULL THEN
        INSERT INTO care.equipment_outage AS o (equipment_id, during, reason)
        VALUES (equipment, tstzrange(since, until), keep_outage.reason) RETURNING o.equipment_outage_id INTO answer;
    ELSE
        UPDATE care.equipment_outage o SET during = tstzrange(since, until), reason = keep_outage.reason
        WHERE o.equipment_outage_id = equipment_outage AND o.equipment_id = equipment AND o.version = known_version
        RETURNING o.equipment_outage_id INTO answer;
        PERFORM access.check_change(FOUND);
    END IF;
    PERFORM access.note(me, 'update', NULL, 'care.equipment_outage/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.keep_outage(text,uuid,uuid,integer,timestamp with time zone,timestamp with time zone,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.keep_outage(text,uuid,uuid,integer,timestamp with time zone,timestamp with time zone,text) TO healthtrack_portal;

-- Takes an entry that still waits off the wait-list.
CREATE OR REPLACE FUNCTION api.leave_waitlist(token text, waitlist_entry uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM care.leave_waitlist(waitlist_entry);
    PERFORM access.note(me, 'update',
        (SELECT w.patient_id FROM care.waitlist_entry w WHERE w.waitlist_entry_id = waitlist_entry),
        'care.waitlist_entry/' || waitlist_entry);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.leave_waitlist(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.leave_waitlist(text,uuid) TO healthtrack_portal;

-- Kinds of visit that can be booked, with who gives them and what they need.
CREATE OR REPLACE FUNCTION api.list_appointment_types(token text)
 RETURNS TABLE(appointment_type text, title text, minutes smallint, before_minutes smallint, after_minutes smallint, telehealth text, desk_only boolean, specialties text[], resources text[])
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    RETURN QUERY
    SELECT t.appointment_type, t.title, t.minutes, t.before_minutes, t.after_minutes, t.telehealth, t.desk_only,
           ARRAY(SELECT s.specialty FROM care.appointment_type_specialty s
                 WHERE s.appointment_type = t.appointment_type ORDER BY s.specialty),
           ARRAY(SELECT n.kind FROM care.appointment_type_resource n CROSS JOIN generate_series(1, n.count)
                 WHERE n.appointment_type = t.appointment_type ORDER BY n.kind)
    FROM care.appointment_type t WHERE t.active ORDER BY t.title, t.appointment_type;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.list_appointment_types(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.list_appointment_types(text) TO healthtrack_portal;

-- Reasons for a cancellation that the account may give.
CREATE OR REPLACE FUNCTION api.list_cancellation_reasons(token text)
 RETURNS TABLE(cancellation_reason text, title text, given_by text[])
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    RETURN QUERY
    SELECT r.cancellation_reason, r.title, r.given_by FROM care.cancellation_reason r
    WHERE r.active AND (me.part NOT IN ('patient', 'provider') OR me.part = ANY (r.given_by))
    ORDER BY r.cancellation_reason = 'other', r.title;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.list_cancellation_reasons(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.list_cancellation_reasons(text) TO healthtrack_portal;

-- What each plan of membership costs on a day, and what it gives, 500 at most.
CREATE OR REPLACE FUNCTION api.list_membership_prices(token text, on_day date)
 RETURNS TABLE(plan text, title text, per text, price_cents bigint, currency text, lead_days smallint, priority boolean, telehealth boolean, personal_plans boolean, notice_days smallint)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    RETURN QUERY
    SELECT k.plan, k.title, p.per, (p.amount * 100)::bigint, p.currency::text, k.lead_days, k.priority, k.telehealth,
           k.personal_plans, k.notice_days
    FROM care.membership_plan k JOIN care.membership_price p USING (plan)
    WHERE p.valid_during @> on_day ORDER BY k.plan, p.currency::text, p.per LIMIT 500;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.list_membership_prices(text,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.list_membership_prices(text,date) TO healthtrack_portal;

-- Reviews of a provider, of a facility or of all, without their authors and with their month alone, the newest first, 200 at most; what is not published yet only for its author and moderators.
CREATE OR REPLACE FUNCTION api.list_reviews(token text, of_provider uuid, of_facility uuid, in_state text, rows_max integer)
 RETURNS TABLE(review_id uuid, version integer, provider_id uuid, facility_id uuid, provider_stars smallint, facility_stars smallint, body text, state text, moderation text, written_in date)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    RETURN QUERY SELECT r.review_id, r.version, r.provider_id, r.facility_id, r.provider_stars, r.facility_stars, r.body, r.state,
           r.moderation, date_trunc('month', r.created_at)::date
    FROM care.review r
    WHERE (of_provider IS NULL OR r.provider_id = of_provider) AND (of_facility IS NULL OR r.facility_id = of_facility)
      AND r.state = coalesce(in_state, 'published')
    ORDER BY date_trunc('month', r.created_at) DESC, r.review_id LIMIT least(rows_max, 200);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.list_reviews(text,uuid,uuid,text,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.list_reviews(text,uuid,uuid,text,integer) TO healthtrack_portal;

-- Publishes a review or rejects it, as a moderator.
CREATE OR REPLACE FUNCTION api.moderate_review(token text, review uuid, known_version integer, to_state text, why text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM care.moderate_review(review, known_version, to_state, why);
    PERFORM access.note(me, 'review', NULL, 'care.review/' || review);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.moderate_review(text,uuid,integer,text,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.moderate_review(text,uuid,integer,text,text) TO healthtrack_portal;

-- Appointments of a patient that whoever acts may see, the latest first, 500 at most.
CREATE OR REPLACE FUNCTION api.read_appointments(token text, look uuid, patient uuid)
 RETURNS TABLE(appointment_id uuid, starts_at timestamp with time zone, ends_at timestamp with time zone, status text, mode text, provider_name text, facility_name text, changes bigint, open_follow_ups bigint, appointment_type text, series uuid, cancellation_reason text, cancelled_late boolean, resources text[], provider uuid, facility uuid, reason text, held_until timestamp with time zone, notice_hours smallint, consented_at timestamp with time zone)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'appointments');
    RETURN QUERY SELECT h.appointment_id, lower(h.during), upper(h.during), h.status, h.mode, h.provider_name, h.facility_name, h.changes, h.open_follow_ups,
        h.appointment_type, h.appointment_series_id, h.cancellation_reason, h.cancelled_late, h.resources,
        h.provider_id, h.facility_id,
        CASE WHEN access.part() = 'front_desk' AND h.facility_id = ANY ((SELECT access.own_facilities())::uuid[])
                  OR patient = ANY ((SELECT access.own_patients())::uuid[])
                  OR patient = ANY ((SELECT access.patients_in_care())::uuid[]) THEN h.reason END,
        (SELECT a.expires_at FROM care.appointment a WHERE a.appointment_id = h.appointment_id),
        (SELECT p.notice_hours FROM care.attendance_policy p WHERE p.facility_id = h.facility_id),
        (SELECT s.consented_at FROM care.telehealth_session s WHERE s.appointment_id = h.appointment_id)
    FROM care.appointment_history h WHERE h.patient_id = patient ORDER BY lower(h.during) DESC LIMIT 500;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_appointments(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_appointments(text,uuid,uuid) TO healthtrack_portal;

-- What the facilities ask of a patient with whom there are appointments that the account may see: how many visits were missed, and whether only the desk books.
CREATE OR REPLACE FUNCTION api.read_attendance(token text, look uuid, patient uuid)
 RETURNS TABLE(facility uuid, facility_name text, missed integer, no_show_limit smallint, within_days smallint, notice_hours smallint, desk_only boolean, waived_at timestamp with time zone)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'appointments');
    RETURN QUERY
    SELECT f.facility_id, f.name, care.missed_visits(patient, f.facility_id), p.no_show_limit, p.within_days, p.notice_hours,
           care.must_ask_the_desk(patient, f.facility_id),
           (SELECT max(w.created_at) FROM care.attendance_waiver w WHERE w.patient_id = patient AND w.facility_id = f.facility_id)
    FROM care.attendance_policy p JOIN care.facility f USING (facility_id)
    WHERE p.facility_id IN (SELECT a.facility_id FROM care.appointment a WHERE a.patient_id = patient)
    ORDER BY f.name, f.facility_id LIMIT 200;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_attendance(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_attendance(text,uuid,uuid) TO healthtrack_portal;

-- Appointments of the acting provider, or at the facility of the acting front desk, that begin in [from, to), eight days and 2,000 at most, with the names that the account may see.
CREATE OR REPLACE FUNCTION api.read_day(token text, look uuid, patient uuid, "from" timestamp with time zone, "to" timestamp with time zone)
 RETURNS TABLE(appointment_id uuid, starts_at timestamp with time zone, ends_at timestamp with time zone, status text, mode text, patient_id uuid, family text, given text[])
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'day');
    IF (patient IS NULL AND "to" > "from" AND "to" <= "from" + INTERVAL '8 days') IS NOT TRUE THEN
        PERFORM access.refuse('day_is_asked_within_bounds', 'Ask for eight days at most.');
    ELSIF me.part IN ('provider', 'front_desk') THEN
        RETURN QUERY SELECT v.appointment_id, lower(v.during), upper(v.during), v.status, v.mode, v.patient_id, n.family, n.given
        FROM care.appointment v LEFT JOIN care.patient_name n
            ON n.patient_id = v.patient_id AND n.use = 'official' AND n.preferred AND n.valid_during @> current_date
        WHERE v.appointment_id = ANY ((SELECT access.appointments_starting("from", "to"))::uuid[])
        ORDER BY lower(v.during), v.appointment_id LIMIT 2000;
    END IF;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_day(text,uuid,uuid,timestamp with time zone,timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_day(text,uuid,uuid,timestamp with time zone,timestamp with time zone) TO healthtrack_portal;

-- What was recommended to a patient, the next due first, 500 at most.
CREATE OR REPLACE FUNCTION api.read_follow_ups(token text, look uuid, patient uuid)
 RETURNS TABLE(follow_up uuid, appointment uuid, due_from date, due_to date, status text, reason text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'follow_ups');
    RETURN QUERY SELECT f.follow_up_id, f.appointment_id, lower(f.due_during), upper(f.due_during), f.status, f.reason FROM care.follow_up f
    WHERE f.patient_id = patient ORDER BY lower(f.due_during), f.follow_up_id LIMIT 500;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_follow_ups(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_follow_ups(text,uuid,uuid) TO healthtrack_portal;

-- Memberships of a patient with what was charged for each less what was given back, the latest first, 500 at most.
CREATE OR REPLACE FUNCTION api.read_memberships(token text, look uuid, patient uuid)
 RETURNS TABLE(membership uuid, plan text, from_at timestamp with time zone, until_at timestamp with time zone, per text, currency text, period integer, last_period integer, renews boolean, next_plan text, charged_cents bigint)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'memberships');
    RETURN QUERY
    SELECT m.membership_id, m.plan, lower(m.valid_during), upper(m.valid_during), m.per, m.currency::text, m.period,
           m.last_period, m.auto_renew AND NOT m.renewed AND m.period IS DISTINCT FROM m.last_period, m.next_plan,
           (SELECT (sum(f.amount) * 100)::bigint FROM care.membership_fee f
            WHERE f.patient_id = patient AND f.membership_id = m.membership_id)
    FROM care.membership m WHERE m.patient_id = patient ORDER BY lower(m.valid_during) DESC LIMIT 500;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_memberships(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_memberships(text,uuid,uuid) TO healthtrack_portal;

-- Visits of the acting provider or at the acting desk that begin in [from, to), 2,000 at most, or one of them: with whom, and what is held for it.
CREATE OR REPLACE FUNCTION api.read_schedule(token text, look uuid, patient uuid, "from" timestamp with time zone, "to" timestamp with time zone, appointment uuid)
 RETURNS TABLE(appointment_id uuid, starts_at timestamp with time zone, ends_at timestamp with time zone, status text, mode text, patient_id uuid, family text, given text[], provider_id uuid, provider_name text, facility_id uuid, resources text[], appointment_type text, reason text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'day');
    IF (patient IS NULL AND (appointment IS NOT NULL OR ("to" > "from" AND "to" <= "from" + INTERVAL '8 days'))) IS NOT TRUE THEN
        PERFORM access.refuse('day_is_asked_within_bounds', 'Ask for eight days at most.');
    ELSIF me.part IN ('provider', 'front_desk') THEN
        RETURN QUERY SELECT v.appointment_id, lower(v.during), upper(v.during), v.status, v.mode, v.patient_id, n.family, n.given,
            v.provider_id, concat_ws(' ', p.given_name, p.family_name), v.facility_id,
            ARRAY(SELECT coalesce(r.name, e.name) FROM care.appointment_resource u
                  LEFT JOIN care.room r ON r.room_id = u.room_id LEFT JOIN care.equipment e ON e.equipment_id = u.equipment_id
                  WHERE u.patient_id = v.patient_id AND u.appointment_id = v.appointment_id AND u.released_at IS NULL
                  ORDER BY u.room_id IS NULL, coalesce(r.name, e.name)),
            k.title, v.reason
        FROM care.appointment v JOIN care.provider p ON p.provider_id = v.provider_id
        LEFT JOIN care.appointment_type k ON k.appointment_type = v.appointment_type
        LEFT JOIN care.patient_name n
            ON n.patient_id = v.patient_id AND n.use = 'official' AND n.preferred AND n.valid_during @> current_date
        WHERE (v.provider_id = (SELECT access.acting_provider()) OR v.facility_id = ANY ((SELECT access.own_facilities())::uuid[]))
          AND v.appointment_id = ANY (CASE WHEN appointment IS NULL
              THEN (SELECT access.appointments_starting("from", "to"))::uuid[] ELSE ARRAY[appointment] END)
        ORDER BY lower(v.during), v.appointment_id LIMIT 2000;
    END IF;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_schedule(text,uuid,uuid,timestamp with time zone,timestamp with time zone,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_schedule(text,uuid,uuid,timestamp with time zone,timestamp with time zone,uuid) TO healthtrack_portal;

-- Series of a patient, the latest first, 200 at most: the rule, how many visits are to come, and the next.
CREATE OR REPLACE FUNCTION api.read_series(token text, look uuid, patient uuid)
 RETURNS TABLE(series uuid, provider uuid, facility uuid, first_on date, until_on date, starts_minute smallint, minutes smallint, frequency text, every smallint, count smallint, mode text, appointment_type text, visits bigint, to_come bigint, next_at timestamp with time zone)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'appointments');
    RETURN QUERY
    SELECT s.appointment_series_id, s.provider_id, s.facility_id, s.first_on, s.until_on, s.starts_minute, s.minutes, s.frequency,
           s.every, s.count, s.mode, s.appointment_type, visit.all, visit.to_come, visit.next_at
    FROM care.appointment_series s CROSS JOIN LATERAL (
        SELECT count(*) AS all, count(*) FILTER (WHERE a.status = 'booked' AND lower(a.during) > now()) AS to_come,
               min(lower(a.during)) FILTER (WHERE a.status = 'booked' AND lower(a.during) > now()) AS next_at
        FROM care.appointment a WHERE a.patient_id = s.patient_id AND a.appointment_series_id = s.appointment_series_id
    ) AS visit
    WHERE s.patient_id = patient ORDER BY s.first_on DESC, s.appointment_series_id LIMIT 200;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_series(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_series(text,uuid,uuid) TO healthtrack_portal;

-- Who waits for a time at the acting desk, in their order, 200 at most; names of whom the desk may see.
CREATE OR REPLACE FUNCTION api.read_waiting(token text, look uuid, patient uuid)
 RETURNS TABLE(entry uuid, patient_id uuid, family text, given text[], provider_id uuid, provider_name text, minutes integer, mode text, since timestamp with time zone, until timestamp with time zone, joined_at timestamp with time zone)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'day');
    IF me.part = 'front_desk' THEN
        RETURN QUERY SELECT w.waitlist_entry_id, w.patient_id, n.family, n.given, w.provider_id,
            nullif(concat_ws(' ', p.given_name, p.family_name), ''), w.minutes::integer, w.mode, lower(w.wanted_during),
            upper(w.wanted_during), w.joined_at
        FROM care.waitlist_entry w LEFT JOIN care.provider p ON p.provider_id = w.provider_id
        LEFT JOIN care.patient_name n
            ON n.patient_id = w.patient_id AND n.use = 'official' AND n.preferred AND n.valid_during @> current_date
        WHERE patient IS NULL AND w.status = 'waiting' AND w.facility_id = ANY ((SELECT access.own_facilities())::uuid[])
        ORDER BY w.joined_at, w.waitlist_entry_id LIMIT 200;
    END IF;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_waiting(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_waiting(text,uuid,uuid) TO healthtrack_portal;

-- Moves an appointment to another time, and to another provider where one is named.
CREATE OR REPLACE FUNCTION api.reschedule_appointment(token text, appointment uuid, starts_at timestamp with time zone, ends_at timestamp with time zone, provider uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    DECLARE
        whose constant uuid := (SELECT v.patient_id FROM care.appointment v WHERE v.appointment_id = appointment);
    BEGIN
        PERFORM care.refuse_second_visit(whose, tstzrange(starts_at, ends_at), appointment);
        PERFORM care.reschedule_appointment(appointment, tstzrange(starts_at, ends_at), provider);
        PERFORM access.note(me, 'update', whose, 'care.appointment/' || appointment);
    END;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.reschedule_appointment(text,uuid,timestamp with time zone,timestamp with time zone,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.reschedule_appointment(text,uuid,timestamp with time zone,timestamp with time zone,uuid) TO healthtrack_portal;

-- Reviews one's own completed visit: the provider, the facility or both; gives the review's key.
CREATE OR REPLACE FUNCTION api.review_visit(token text, appointment uuid, provider_stars integer, facility_stars integer, body text)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  uuid;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    answer := care.review_visit(appointment, provider_stars, facility_stars, body);
    PERFORM access.note(me, 'create', (SELECT v.patient_id FROM care.appointment v WHERE v.appointment_id = appointment),
                        'care.review/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.review_visit(text,uuid,integer,integer,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.review_visit(text,uuid,integer,integer,text) TO healthtrack_portal;

-- Says how long before a visit a facility wants to hear of a cancellation, and what follows visits that were missed.
CREATE OR REPLACE FUNCTION api.set_attendance_policy(token text, facility uuid, notice_hours integer, no_show_limit integer, within_days integer, charge_code text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_keeper(me, facility);
    INSERT INTO care.attendance_policy (facility_id, notice_hours, no_show_limit, within_days, charge_code)
    VALUES (facility, set_attendance_policy.notice_hours, set_attendance_policy.no_show_limit, set_attendance_policy.within_days,
            set_attendance_policy.charge_code)
    ON CONFLICT ON CONSTRAINT attendance_policy_pkey DO UPDATE SET notice_hours = EXCLUDED.notice_hours,
        no_show_limit = EXCLUDED.no_show_limit, within_days = EXCLUDED.within_days, charge_code = EXCLUDED.charge_code;
    PERFORM access.note(me, 'update', NULL, 'care.facility/' || facility, 'attendance_policy');
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.set_attendance_policy(text,uuid,integer,integer,integer,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.set_attendance_policy(text,uuid,integer,integer,integer,text) TO healthtrack_portal;

-- Ends a visit by video.
CREATE OR REPLACE FUNCTION api.stop_telehealth(token text, appointment uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    DECLARE
        whose constant uuid := (SELECT v.patient_id FROM care.appointment v WHERE v.appointment_id = appointment);
    BEGIN
        PERFORM care.stop_telehealth(appointment);
        PERFORM access.note(me, 'update', whose, 'care.telehealth_session');
    END;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.stop_telehealth(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.stop_telehealth(text,uuid) TO healthtrack_portal;

-- Joins a visit by a secret, and uses it up; gives the video session.
CREATE OR REPLACE FUNCTION api.use_join_token(token text, secret text)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  uuid;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    answer := care.use_join_token(secret);
    PERFORM access.note(me, 'update',
        (SELECT s.patient_id FROM care.telehealth_session s WHERE s.telehealth_session_id = answer),
        'care.telehealth_session/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.use_join_token(text,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.use_join_token(text,text) TO healthtrack_portal;

-- Lets a patient book again at the facility of the acting front desk, who had missed visits there, and says why; its key.
CREATE OR REPLACE FUNCTION api.waive_missed_visits(token text, patient uuid, reason text)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  uuid;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    IF me.part <> 'front_desk' THEN
        PERFORM access.refuse('attendance_is_waived_by_the_desk', 'Ask the front desk of the facility.');
    ELSIF NOT EXISTS (SELECT FROM care.appointment a
                      WHERE a.patient_id = patient AND a.facility_id = ANY (access.own_facilities()) AND a.status = 'no_show') THEN
        PERFORM access.refuse('attendance_waiver_is_of_missed_visits', 'This patient has missed no visit here.');
    END IF;
    INSERT INTO care.attendance_waiver AS w (patient_id, facility_id, reason)
    SELECT patient, f, waive_missed_visits.reason FROM unnest(access.own_facilities()) AS f
    RETURNING w.attendance_waiver_id INTO answer;
    PERFORM access.note(me, 'create', patient, 'care.attendance_waiver/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.waive_missed_visits(text,uuid,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.waive_missed_visits(text,uuid,text) TO healthtrack_portal;
