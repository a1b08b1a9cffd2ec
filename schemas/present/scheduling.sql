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
    CONSTRAINT membership_plan_pkey PRIMARY KEY (plan),  -- This plan is known already.
    CONSTRAINT membership_plan_is_snake_case CHECK ((plan ~ '^[a-z][a-z0-9_]{1,40}$'::text)),  -- Name a plan by small letters, digits and underscores.
    CONSTRAINT membership_plan_lead_is_a_year_at_most CHECK (((lead_days >= 1) AND (lead_days <= 365))),  -- Let visits be booked 1 to 365 days ahead.
    CONSTRAINT membership_plan_patience_is_a_year_at_most CHECK (((patience_days >= 0) AND (patience_days <= 365))),  -- Give 0 to 365 days of patience.
    CONSTRAINT membership_plan_title_is_some CHECK ((title ~ '\S'::text))  -- Give the plan a title.
);
ALTER TABLE care.membership_plan FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody_reads ON care.membership_plan FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.membership_plan FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.membership_plan TO healthtrack_migrator;
GRANT SELECT ON care.membership_plan TO healthtrack_care;

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
    CONSTRAINT membership_pkey PRIMARY KEY (membership_id),  -- This membership is known already.
    CONSTRAINT membership_id_with_patient_is_unique UNIQUE (patient_id, membership_id),  -- This membership is known already.
    CONSTRAINT membership_is_one_at_a_time EXCLUDE USING gist (patient_id WITH =, valid_during WITH &&),  -- The patient has another membership at that time: end that first.
    CONSTRAINT membership_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT membership_plan_fkey FOREIGN KEY (plan) REFERENCES care.membership_plan(plan),  -- Choose one of the known plans.
    CONSTRAINT membership_period_is_half_open CHECK (((NOT isempty(valid_during)) AND lower_inc(valid_during) AND (NOT upper_inc(valid_during))))  -- A membership has a beginning, and ends after it.
);
CREATE INDEX membership_plan_idx ON care.membership USING btree (plan);
CREATE TRIGGER membership_is_not_of_a_joined_record AFTER INSERT ON care.membership REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another.
CREATE TRIGGER membership_is_stamped BEFORE INSERT OR UPDATE ON care.membership FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER membership_is_touched BEFORE UPDATE ON care.membership FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER membership_stays_under_hold BEFORE DELETE ON care.membership FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.membership FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON care.membership FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.membership FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.membership TO healthtrack_migrator;
GRANT SELECT ON care.membership TO healthtrack_care;

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
    CONSTRAINT appointment_pkey PRIMARY KEY (appointment_id),  -- This appointment is known already.
    CONSTRAINT appointment_id_with_mode_is_unique UNIQUE (appointment_id, mode),  -- This appointment is known already.
    CONSTRAINT appointment_id_with_patient_is_unique UNIQUE (patient_id, appointment_id),  -- This appointment is known already.
    CONSTRAINT appointment_id_with_place_is_unique UNIQUE (appointment_id, provider_id, facility_id),  -- This appointment is known already.
    CONSTRAINT appointment_id_with_status_is_unique UNIQUE (appointment_id, status),  -- This appointment is known already.
    CONSTRAINT appointment_patient_is_free EXCLUDE USING gist (patient_id WITH =, during WITH &&) WHERE ((status = ANY (ARRAY['held'::text, 'booked'::text, 'arrived'::text]))),  -- The patient has another appointment at that time.
    CONSTRAINT appointment_provider_is_free EXCLUDE USING gist (provider_id WITH =, during WITH &&) WHERE ((status = ANY (ARRAY['held'::text, 'booked'::text, 'arrived'::text]))),  -- This time has just been taken: choose another.
    CONSTRAINT appointment_room_is_free EXCLUDE USING gist (room_id WITH =, during WITH &&) WHERE ((status = ANY (ARRAY['held'::text, 'booked'::text, 'arrived'::text]))),  -- The room is taken at that time: choose another.
    CONSTRAINT appointment_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility(facility_id),  -- Choose one of the network's facilities.
    CONSTRAINT appointment_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT appointment_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider(provider_id),  -- Choose one of the network's providers.
    CONSTRAINT appointment_room_fkey FOREIGN KEY (facility_id, room_id) REFERENCES care.room(facility_id, room_id),  -- Choose a room of that facility.
    CONSTRAINT appointment_expires_while_held CHECK (((status = 'held'::text) = (expires_at IS NOT NULL))),  -- A held appointment needs an end of the hold, and no other may have one.
    CONSTRAINT appointment_mode_is_known CHECK ((mode = ANY (ARRAY['in_person'::text, 'telehealth'::text]))),  -- Choose in_person or telehealth.
    CONSTRAINT appointment_period_is_half_open CHECK (((NOT isempty(during)) AND lower_inc(during) AND (NOT upper_inc(during)) AND (lower(during) IS NOT NULL) AND (upper(during) <= (lower(during) + '12:00:00'::interval)))),  -- An appointment has a beginning, and ends after it within twelve hours.
    CONSTRAINT appointment_status_is_known CHECK ((status = ANY (ARRAY['held'::text, 'booked'::text, 'arrived'::text, 'completed'::text, 'cancelled'::text, 'no_show'::text])))  -- Choose held, booked, arrived, completed, cancelled or no_show.
);
CREATE INDEX appointment_booked_idx ON care.appointment USING btree (lower(during)) WHERE (status = 'booked'::text);
CREATE INDEX appointment_facility_idx ON care.appointment USING btree (facility_id, lower(during));
CREATE INDEX appointment_held_idx ON care.appointment USING btree (expires_at) WHERE (status = 'held'::text);
CREATE INDEX appointment_patient_idx ON care.appointment USING btree (patient_id, lower(during));
CREATE INDEX appointment_provider_idx ON care.appointment USING btree (provider_id, lower(during));
CREATE TRIGGER appointment_drops_its_reminder AFTER UPDATE ON care.appointment FOR EACH ROW WHEN (((old.status IS DISTINCT FROM new.status) OR (old.during IS DISTINCT FROM new.during))) EXECUTE FUNCTION care.drop_reminder();  -- Trigger after an appointment is moved or ends: its reminder is not sent any more.
CREATE TRIGGER appointment_has_its_session AFTER INSERT OR UPDATE OF status, mode ON care.appointment FOR EACH ROW WHEN (((new.mode = 'telehealth'::text) AND (new.status = ANY (ARRAY['booked'::text, 'arrived'::text, 'completed'::text])))) EXECUTE FUNCTION care.make_telehealth_session();  -- Trigger after a visit by video is booked: makes its session, once.
CREATE TRIGGER appointment_insert_is_logged AFTER INSERT ON care.appointment FOR EACH ROW EXECUTE FUNCTION care.log_appointment();  -- Trigger after each insert and each change of time, place, people or status of an appointment: writes its event.
CREATE TRIGGER appointment_is_bookable BEFORE INSERT ON care.appointment FOR EACH ROW WHEN (((new.status = 'held'::text) OR ((new.status = 'booked'::text) AND (NOT care.writes_as_owner())))) EXECUTE FUNCTION care.keep_appointment_bookable();  -- Trigger before an appointment takes a time: waits its turn, ends holds there that have run out, and asks whether it may be booked.
CREATE TRIGGER appointment_is_its_providers BEFORE UPDATE ON care.appointment FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.check_visit_owner();  -- Trigger before an appointment is changed through the portal: a provider changes the own ones.
CREATE TRIGGER appointment_is_lawful BEFORE INSERT OR UPDATE ON care.appointment FOR EACH ROW EXECUTE FUNCTION care.keep_appointment_lawful();  -- Trigger before each insert and update of an appointment: status by its ways, by whom it may, and at its time.
CREATE TRIGGER appointment_is_not_of_a_joined_record AFTER INSERT ON care.appointment REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another.
CREATE TRIGGER appointment_is_one_of_few BEFORE INSERT ON care.appointment FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.count_bookings();  -- Trigger before a time is held or booked through the portal: refuses more than access.cap allows to a patient or to an account of a desk.
CREATE TRIGGER appointment_is_stamped BEFORE INSERT OR UPDATE ON care.appointment FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER appointment_is_touched BEFORE UPDATE ON care.appointment FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER appointment_keeps_the_record AFTER UPDATE ON care.appointment FOR EACH ROW WHEN ((((old.status IS DISTINCT FROM new.status) OR (old.during IS DISTINCT FROM new.during)) OR (old.provider_id IS DISTINCT FROM new.provider_id))) EXECUTE FUNCTION care.keep_visit_relationship();  -- Trigger after an appointment changes status, time or provider: opens the record to the provider, unless a provider did it, or closes it.
CREATE TRIGGER appointment_opens_the_record AFTER INSERT ON care.appointment FOR EACH ROW WHEN ((new.status = ANY (ARRAY['booked'::text, 'arrived'::text, 'completed'::text]))) EXECUTE FUNCTION care.keep_visit_relationship();  -- Trigger after an appointment changes status, time or provider: opens the record to the provider, unless a provider did it, or closes it.
CREATE TRIGGER appointment_provider_is_licensed BEFORE INSERT OR UPDATE OF status, during, provider_id, facility_id, mode, patient_id ON care.appointment FOR EACH ROW WHEN ((new.status = ANY (ARRAY['held'::text, 'booked'::text, 'arrived'::text]))) EXECUTE FUNCTION care.check_license();  -- Trigger before a visit is held, booked, moved or begun: refuses a provider who is not licensed where it takes place.
CREATE TRIGGER appointment_settles_the_waitlist AFTER UPDATE ON care.appointment FOR EACH ROW WHEN (((((old.status IS DISTINCT FROM new.status) OR (old.during IS DISTINCT FROM new.during)) OR (old.provider_id IS DISTINCT FROM new.provider_id)) OR (old.facility_id IS DISTINCT FROM new.facility_id))) EXECUTE FUNCTION care.settle_waitlist();  -- Trigger after an appointment changes: an offer is taken or has lapsed, and a time that is given back is offered to the next.
CREATE TRIGGER appointment_stays_bookable BEFORE UPDATE ON care.appointment FOR EACH ROW WHEN ((((((old.during IS DISTINCT FROM new.during) OR (old.provider_id IS DISTINCT FROM new.provider_id)) OR (old.facility_id IS DISTINCT FROM new.facility_id)) OR (old.room_id IS DISTINCT FROM new.room_id)) OR (old.mode IS DISTINCT FROM new.mode))) EXECUTE FUNCTION care.keep_appointment_bookable();  -- Trigger before an appointment takes a time: waits its turn, ends holds there that have run out, and asks whether it may be booked.
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
CREATE TRIGGER appointment_event_is_only_added BEFORE DELETE OR UPDATE OR TRUNCATE ON care.appointment_event FOR EACH STATEMENT EXECUTE FUNCTION care.keep_appointment_event();  -- Trigger that refuses to change or remove events of appointments.
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
          WHERE ((u.patient_id = a.patient_id) AND (u.appointment_id = a.appointment_id) AND (u.status = 'recommended'::text))) AS open_follow_ups
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
CREATE TRIGGER follow_up_is_not_of_a_joined_record AFTER INSERT ON care.follow_up REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another.
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
    stars smallint NOT NULL,  -- One (poor) to five (excellent).
    visit_status text GENERATED ALWAYS AS ('completed'::text) STORED NOT NULL,  -- Always completed: half of the key of a completed visit.
    state text DEFAULT 'pending'::text NOT NULL,  -- pending until a moderator has read it, then published or hidden; pending again when its author changes it.
    body text,  -- What is said; null where only stars are given.
    moderation text,  -- Why a moderator hid it; null otherwise.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT review_pkey PRIMARY KEY (review_id),  -- This review is known already.
    CONSTRAINT review_is_one_of_each_visit UNIQUE (appointment_id),  -- This visit has been reviewed already.
    CONSTRAINT review_is_of_a_completed_visit FOREIGN KEY (appointment_id, visit_status) REFERENCES care.appointment(appointment_id, status),  -- Only a completed visit can be reviewed.
    CONSTRAINT review_is_of_ones_own_visit FOREIGN KEY (patient_id, appointment_id) REFERENCES care.appointment(patient_id, appointment_id),  -- Only the patient of a visit can review it.
    CONSTRAINT review_names_the_visits_provider_and_facility FOREIGN KEY (appointment_id, provider_id, facility_id) REFERENCES care.appointment(appointment_id, provider_id, facility_id),  -- A review is of the provider and the facility of its visit.
    CONSTRAINT review_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT review_has_one_to_five_stars CHECK (((stars >= 1) AND (stars <= 5))),  -- Give one to five stars.
    CONSTRAINT review_is_hidden_for_a_reason CHECK (((state <> 'hidden'::text) OR ((moderation ~ '\S'::text) IS TRUE))),  -- Say why the review is hidden.
    CONSTRAINT review_is_short CHECK (((length(body) >= 1) AND (length(body) <= 4000))),  -- Write a review of 4000 characters at most.
    CONSTRAINT review_state_is_known CHECK ((state = ANY (ARRAY['pending'::text, 'published'::text, 'hidden'::text])))  -- Choose pending, published or hidden.
);
CREATE INDEX review_facility_idx ON care.review USING btree (facility_id, stars) WHERE (state = 'published'::text);
CREATE INDEX review_patient_idx ON care.review USING btree (patient_id, appointment_id);
CREATE INDEX review_provider_idx ON care.review USING btree (provider_id, stars) WHERE (state = 'published'::text);
CREATE TRIGGER review_change_is_tallied AFTER UPDATE ON care.review REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.tally_reviews();  -- Trigger after reviews are written: adds the difference to the tally.
CREATE TRIGGER review_is_moderated_again BEFORE UPDATE OF stars, body ON care.review FOR EACH ROW WHEN (((old.stars IS DISTINCT FROM new.stars) OR (old.body IS DISTINCT FROM new.body))) EXECUTE FUNCTION care.ask_for_moderation();  -- Trigger before a review's stars or text change: it waits for a moderator again.
CREATE TRIGGER review_is_not_of_a_joined_record AFTER INSERT ON care.review REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another.
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
GRANT INSERT (review_id, patient_id, appointment_id, provider_id, facility_id, stars, body), SELECT (review_id, provider_id, facility_id, created_at, version, stars, state, body, moderation), UPDATE (stars, body) ON care.review TO healthtrack_care;

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
CREATE TRIGGER waitlist_entry_is_not_of_a_joined_record AFTER INSERT ON care.waitlist_entry REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another.
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

-- Gives a held or booked time back, until it begins; for an arrived patient, ends the visit without care.
CREATE OR REPLACE FUNCTION care.cancel_appointment(asked uuid)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
    -- First the locks and then the row, in the order of those who book: no deadlock.
    PERFORM care.lock_schedule(provider_id, patient_id, room_id) FROM care.appointment WHERE appointment_id = asked;
    PERFORM care.change_appointment(asked, 'cancelled');
END $function$;

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

-- Refuses a time that is past, too early for the membership, reserved, or outside the hours of provider or facility. Not for the portal.
CREATE OR REPLACE FUNCTION care.check_bookable(wanted care.appointment)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
DECLARE
    member constant care.membership_plan := care.plan_of(wanted.patient_id);
    starts constant timestamptz := lower(wanted.during);
    zone   constant text := (SELECT time_zone FROM care.facility WHERE facility_id = wanted.facility_id);
BEGIN
    IF starts <= now() THEN
        PERFORM care.refuse('appointment_is_in_the_future', 'Choose a time in the future.');
    ELSIF starts > now() + member.lead_days * INTERVAL '24 hours' THEN
        PERFORM care.refuse('appointment_is_within_its_release_window',
            'This time cannot be booked yet with this membership.');
    ELSIF wanted.mode = 'telehealth' AND NOT member.telehealth THEN
        PERFORM care.refuse('appointment_by_video_needs_its_plan',
            'Visits by video need a membership that includes them.');
    ELSIF NOT EXISTS (
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
        IF (SELECT count(*) FROM care.appointment_event e
            WHERE e.actor = access.actor() AND e.from_status IS NULL
              AND e.happened_at > since)
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

-- Holds a time for ten minutes, in which to confirm it; gives the appointment's key.
CREATE OR REPLACE FUNCTION care.hold_appointment(asked_patient uuid, asked_provider uuid, asked_facility uuid, asked_during tstzrange, asked_room uuid DEFAULT NULL::uuid, asked_mode text DEFAULT 'in_person'::text, asked_reason text DEFAULT NULL::text)
 RETURNS uuid
 LANGUAGE sql
AS $function$
    INSERT INTO care.appointment (
        patient_id, provider_id, facility_id, room_id, during, status, expires_at, mode, reason
    ) VALUES (asked_patient, asked_provider, asked_facility, asked_room, asked_during, 'held',
            now() + INTERVAL '10 minutes', asked_mode, asked_reason)
    RETURNING appointment_id
$function$;

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
BEGIN
    PERFORM care.lock_schedule(NEW.provider_id, NEW.patient_id, NEW.room_id, OLD.provider_id, OLD.room_id);
    UPDATE care.appointment a SET status = 'cancelled', expires_at = NULL
    WHERE a.status = 'held' AND a.expires_at <= now() AND a.during && NEW.during
      AND a.appointment_id <> NEW.appointment_id
      AND (a.provider_id = NEW.provider_id OR a.patient_id = NEW.patient_id OR a.room_id = NEW.room_id);
    PERFORM care.check_bookable(NEW);
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

-- Moves a booked appointment, in one statement: where the new time cannot be had, the old one stays.
CREATE OR REPLACE FUNCTION care.reschedule_appointment(asked uuid, asked_during tstzrange, asked_provider uuid DEFAULT NULL::uuid, asked_facility uuid DEFAULT NULL::uuid, asked_room uuid DEFAULT NULL::uuid)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM care.lock_schedule(a.provider_id, a.patient_id, a.room_id, asked_provider, asked_room)
    FROM care.appointment a WHERE a.appointment_id = asked;
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

-- Reviews a completed visit of one's own; gives the review's key.
CREATE OR REPLACE FUNCTION care.review_visit(asked_appointment uuid, given_stars integer, said text DEFAULT NULL::text)
 RETURNS uuid
 LANGUAGE plpgsql
AS $function$
DECLARE
    made constant uuid := gen_random_uuid();
BEGIN
    INSERT INTO care.review (review_id, patient_id, appointment_id, provider_id, facility_id, stars, body)
    SELECT made, a.patient_id, a.appointment_id, a.provider_id, a.facility_id, given_stars, said
    FROM care.appointment a WHERE a.appointment_id = asked_appointment;
    IF NOT FOUND THEN
        PERFORM care.refuse('appointment_is_known', 'There is no such appointment.');
    END IF;
    RETURN made;
END $function$;

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
        AND care.try_lock_schedule(OLD.provider_id, OLD.room_id) THEN
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
    SELECT coalesce(range_agg(a.during), '{}') FROM care.appointment a
    WHERE a.provider_id = asked_provider AND a.during && span AND a.status IN ('held', 'booked', 'arrived')
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
        INSERT INTO care.review_tally (facility_id, provider_id, reviews, stars)
        SELECT facility_id, provider_id, count(*), sum(stars) FROM added WHERE state = 'published' GROUP BY 1, 2;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO care.review_tally (facility_id, provider_id, reviews, stars)
        SELECT facility_id, provider_id, -count(*), -sum(stars) FROM removed WHERE state = 'published' GROUP BY 1, 2;
    ELSE
        INSERT INTO care.review_tally (facility_id, provider_id, reviews, stars)
        SELECT facility_id, provider_id, sum(n), sum(n * stars)
        FROM (SELECT facility_id, provider_id, stars, 1 AS n FROM added WHERE state = 'published'
              UNION ALL
              SELECT facility_id, provider_id, stars, -1 FROM removed WHERE state = 'published') AS moved
        GROUP BY 1, 2 HAVING sum(n) <> 0 OR sum(n * stars) <> 0;
    END IF;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.tally_reviews() FROM PUBLIC;

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

-- Confirms, cancels, checks in, completes or misses an appointment.
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
            WHEN 'cancel' THEN PERFORM care.cancel_appointment(appointment);
            WHEN 'check_in' THEN PERFORM care.check_in_appointment(appointment);
            WHEN 'complete' THEN PERFORM care.complete_appointment(appointment);
            WHEN 'miss' THEN PERFORM care.miss_appointment(appointment);
            ELSE PERFORM access.refuse('appointment_change_is_known', 'Choose confirm, cancel, check_in, complete or miss.');
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

-- Holds a time for a patient; gives the appointment's key.
CREATE OR REPLACE FUNCTION api.hold_appointment(token text, patient uuid, provider uuid, facility uuid, starts_at timestamp with time zone, ends_at timestamp with time zone, room uuid, mode text, reason text)
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
    PERFORM care.refuse_second_visit(patient, tstzrange(starts_at, ends_at), NULL);
    answer := care.hold_appointment(patient, provider, facility, tstzrange(starts_at, ends_at), room, mode, reason);
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
REVOKE EXECUTE ON FUNCTION api.hold_appointment(text,uuid,uuid,uuid,timestamp with time zone,timestamp with time zone,uuid,text,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.hold_appointment(text,uuid,uuid,uuid,timestamp with time zone,timestamp with time zone,uuid,text,text) TO healthtrack_portal;

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
 RETURNS TABLE(appointment_id uuid, starts_at timestamp with time zone, ends_at timestamp with time zone, status text, mode text, provider_name text, facility_name text, changes bigint, open_follow_ups bigint)
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
    RETURN QUERY SELECT h.appointment_id, lower(h.during), upper(h.during), h.status, h.mode, h.provider_name, h.facility_name, h.changes, h.open_follow_ups
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
    ELSIF me.part = 'provider' THEN
        RETURN QUERY SELECT v.appointment_id, lower(v.during), upper(v.during), v.status, v.mode, v.patient_id, n.family, n.given
        FROM care.appointment v LEFT JOIN care.patient_name n
            ON n.patient_id = v.patient_id AND n.use = 'official' AND n.preferred AND n.valid_during @> current_date
        WHERE v.provider_id = (SELECT access.acting_provider()) AND lower(v.during) >= "from" AND lower(v.during) < "to"
        ORDER BY lower(v.during), v.appointment_id LIMIT 2000;
    ELSIF me.part = 'front_desk' THEN
        RETURN QUERY SELECT v.appointment_id, lower(v.during), upper(v.during), v.status, v.mode, v.patient_id, n.family, n.given
        FROM care.appointment v LEFT JOIN care.patient_name n
            ON n.patient_id = v.patient_id AND n.use = 'official' AND n.preferred AND n.valid_during @> current_date
        WHERE v.facility_id = ANY ((SELECT access.own_facilities())::uuid[])
          AND lower(v.during) >= "from" AND lower(v.during) < "to"
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

-- How it stands with a patient's entries of the wait-list, the latest first, 200 at most.
CREATE OR REPLACE FUNCTION api.read_waitlist(token text, look uuid, patient uuid)
 RETURNS TABLE(entry uuid, status text, appointment uuid)
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
    PERFORM access.check_look(me, look, patient, 'waitlist');
    RETURN QUERY SELECT w.waitlist_entry_id, w.status, w.appointment_id FROM care.waitlist_entry w
    WHERE w.patient_id = patient ORDER BY w.joined_at DESC, w.waitlist_entry_id LIMIT 200;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_waitlist(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_waitlist(text,uuid,uuid) TO healthtrack_portal;

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

-- Reviews one's own completed visit; gives the review's key.
CREATE OR REPLACE FUNCTION api.review_visit(token text, appointment uuid, stars integer, body text)
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
    answer := care.review_visit(appointment, stars, body);
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
REVOKE EXECUTE ON FUNCTION api.review_visit(text,uuid,integer,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.review_visit(text,uuid,integer,text) TO healthtrack_portal;

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
