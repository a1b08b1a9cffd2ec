-- Devices, who wore them, and what they measured.
--
-- Written by `healthtrack schema docs` from the database's catalog; to be read, not run. Do not edit.

-- Model of a device, by its maker.
CREATE TABLE care.device_model (
    device_model_id integer GENERATED ALWAYS AS IDENTITY NOT NULL,  -- Key.
    maker text NOT NULL,  -- Who makes it.
    model text NOT NULL,  -- What the maker calls it.
    CONSTRAINT device_model_pkey PRIMARY KEY (device_model_id),  -- This model is known already.
    CONSTRAINT device_model_name_is_unique UNIQUE (maker, model),  -- This maker has a model of that name already.
    CONSTRAINT device_model_name_is_some CHECK (((maker ~ '\S'::text) AND (model ~ '\S'::text)))  -- Give the model a maker and a name.
);
ALTER TABLE care.device_model FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody_reads ON care.device_model FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.device_model FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.device_model TO healthtrack_migrator;
GRANT SELECT ON care.device_model TO healthtrack_care;

-- What a model measures.
CREATE TABLE care.device_model_metric (
    device_model_id integer NOT NULL,  -- Which model.
    metric_id smallint NOT NULL,  -- A metric that it measures.
    CONSTRAINT device_model_metric_pkey PRIMARY KEY (device_model_id, metric_id),  -- This model is known to measure that already.
    CONSTRAINT device_model_metric_metric_fkey FOREIGN KEY (metric_id) REFERENCES signal.metric(metric_id),  -- Choose one of the known metrics.
    CONSTRAINT device_model_metric_model_fkey FOREIGN KEY (device_model_id) REFERENCES care.device_model(device_model_id)  -- Add the model first.
);
CREATE INDEX device_model_metric_metric_idx ON care.device_model_metric USING btree (metric_id);
ALTER TABLE care.device_model_metric FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody_reads ON care.device_model_metric FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.device_model_metric FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.device_model_metric TO healthtrack_migrator;
GRANT SELECT ON care.device_model_metric TO healthtrack_care;

-- What a person needs to know of a device.
CREATE TABLE care.device_detail (
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    device_key integer NOT NULL,  -- The device.
    device_model_id integer NOT NULL,  -- Its model.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    serial text NOT NULL,  -- Serial number, unique in its model.
    firmware text,  -- Version of its own program; null where nobody knows.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT device_detail_pkey PRIMARY KEY (device_key),  -- This device is described already.
    CONSTRAINT device_detail_serial_is_unique_in_its_model UNIQUE (device_model_id, serial),  -- A device of that model has this serial number already.
    CONSTRAINT device_detail_device_fkey FOREIGN KEY (device_key) REFERENCES signal.device(device_key),  -- Add the device first.
    CONSTRAINT device_detail_model_fkey FOREIGN KEY (device_model_id) REFERENCES care.device_model(device_model_id),  -- Choose one of the known models.
    CONSTRAINT device_detail_serial_is_some CHECK ((serial ~ '^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$'::text))  -- A serial number has 1 to 64 letters, digits, full stops, colons, hyphens and underscores.
);
CREATE TRIGGER device_detail_is_stamped BEFORE INSERT OR UPDATE ON care.device_detail FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER device_detail_is_touched BEFORE UPDATE ON care.device_detail FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER device_detail_stays_under_hold BEFORE DELETE ON care.device_detail FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_device_under_hold();  -- Trigger before a device, a series of it or its description goes, or gets another name: refuses it to everybody but the owner where somebody under legal hold wore it.
ALTER TABLE care.device_detail FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody_reads ON care.device_detail FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.device_detail FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY rolled ON care.device_detail FOR ALL TO healthtrack_roller USING (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.device_detail TO healthtrack_migrator;
GRANT DELETE, SELECT ON care.device_detail TO healthtrack_roller;
GRANT SELECT ON care.device_detail TO healthtrack_care;

-- Which patient wore which device, and when.
CREATE TABLE care.wear (
    wear_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Who wore it.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    device_key integer NOT NULL,  -- The device.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    worn_during tstzrange NOT NULL,  -- Half-open period of wear; no upper bound while still worn.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT wear_pkey PRIMARY KEY (wear_id),  -- This wear is known already.
    CONSTRAINT wear_device_is_exclusive EXCLUDE USING gist (device_key WITH =, worn_during WITH &&),  -- Somebody else wears this device at that time: end that first.
    CONSTRAINT wear_device_fkey FOREIGN KEY (device_key) REFERENCES signal.device(device_key),  -- Add the device first.
    CONSTRAINT wear_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT wear_period_is_half_open CHECK (((NOT isempty(worn_during)) AND lower_inc(worn_during) AND (NOT upper_inc(worn_during))))  -- Wear has a beginning, and ends after it.
);
CREATE INDEX wear_patient_idx ON care.wear USING btree (patient_id);
CREATE CONSTRAINT TRIGGER wear_change_is_noted AFTER INSERT OR DELETE OR UPDATE ON care.wear DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION care.note_wear_change();  -- Trigger at the end of a transaction: notes which time may have another wearer now.
CREATE TRIGGER wear_changes_from_now_on BEFORE INSERT OR UPDATE OF worn_during ON care.wear FOR EACH ROW WHEN (((NOT access.erasing()) AND (NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text)))) EXECUTE FUNCTION care.check_wear_change();  -- Trigger before a wear is made or changed through the portal: no time in which something was measured, or somebody else wore the device, changes hands.
CREATE TRIGGER wear_is_not_of_a_joined_record AFTER INSERT ON care.wear REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER wear_is_recorded AFTER INSERT OR DELETE OR UPDATE ON care.wear FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.record_wear();  -- Trigger: keeps a record of each change of care.wear, and lets no wear move to another patient or device.
CREATE TRIGGER wear_is_stamped BEFORE INSERT OR UPDATE ON care.wear FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER wear_is_touched BEFORE UPDATE ON care.wear FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER wear_stays_under_hold BEFORE DELETE ON care.wear FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.wear FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.wear FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.wear FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.wear FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.wear FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
CREATE POLICY rolled ON care.wear FOR ALL TO healthtrack_roller USING (true);
CREATE POLICY roller_reads ON care.wear FOR SELECT TO healthtrack_roller USING (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.wear TO healthtrack_migrator;
GRANT DELETE, SELECT, SELECT (patient_id, device_key, worn_during) ON care.wear TO healthtrack_roller;
GRANT INSERT, SELECT, UPDATE ON care.wear TO healthtrack_care;

-- Each change of care.wear, kept for good: what stood there before, who changed it, and when.
CREATE TABLE care.wear_event (
    wear_event_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,  -- Key, in the order of the changes.
    wear_id uuid NOT NULL,  -- Which wear; its row may be gone.
    patient_id uuid NOT NULL,  -- Whose wear it was, before the change.
    happened_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was changed.
    device_key integer NOT NULL,  -- Which device.
    was_during tstzrange,  -- The period before; null where wear begins.
    is_during tstzrange,  -- The period after; null where the row was removed.
    kind text NOT NULL,  -- begun, ended (an open period got its end), corrected or removed.
    changed_by text DEFAULT COALESCE((access.actor())::text, (SESSION_USER)::text) NOT NULL,  -- Account or program that did it.
    CONSTRAINT wear_event_pkey PRIMARY KEY (wear_event_id),  -- This change is recorded already.
    CONSTRAINT wear_event_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT wear_event_kind_is_known CHECK ((kind = ANY (ARRAY['begun'::text, 'ended'::text, 'corrected'::text, 'removed'::text]))),  -- Choose begun, ended, corrected or removed.
    CONSTRAINT wear_event_says_what_changed CHECK ((((kind = 'begun'::text) = (was_during IS NULL)) AND ((kind = 'removed'::text) = (is_during IS NULL))))  -- A change says what was and what is; a beginning has no before, a removal no after.
);
CREATE INDEX wear_event_patient_idx ON care.wear_event USING btree (patient_id);
CREATE TRIGGER wear_event_is_append_only BEFORE UPDATE OR TRUNCATE ON care.wear_event FOR EACH STATEMENT WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.refuse_change();  -- Trigger on a table that is only ever added to: refuses update, delete and truncate.
CREATE TRIGGER wear_event_stays_under_hold BEFORE DELETE ON care.wear_event FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.wear_event FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.wear_event FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.wear_event FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.wear_event FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.wear_event FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
CREATE POLICY rolled ON care.wear_event FOR ALL TO healthtrack_roller USING (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.wear_event TO healthtrack_migrator;
GRANT DELETE, SELECT ON care.wear_event TO healthtrack_roller;
GRANT SELECT ON care.wear_event TO healthtrack_care;

-- Times whose wearers were changed, until the archive has followed.
CREATE TABLE care.wear_change (
    wear_change_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,  -- Number, rising in the order of commits.
    changed_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was changed.
    worn_during tstzrange NOT NULL,  -- The time that may have another wearer now; half-open.
    CONSTRAINT wear_change_pkey PRIMARY KEY (wear_change_id)  -- This change is noted already.
);
ALTER TABLE care.wear_change FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON care.wear_change FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY noted ON care.wear_change FOR ALL TO owner USING (true) WITH CHECK (true);
CREATE POLICY rolled ON care.wear_change FOR ALL TO healthtrack_roller USING (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.wear_change TO healthtrack_migrator;
GRANT DELETE, SELECT ON care.wear_change TO healthtrack_roller;

-- What can be measured: the metric catalogue.
CREATE TABLE signal.metric (
    metric_id smallint NOT NULL,  -- Stable number; never reused for another metric.
    per_minute boolean NOT NULL,  -- True where the ranges are per minute of the interval.
    mdc bigint,  -- ISO/IEEE 11073-10101 code; null where there is none.
    hard_low double precision,  -- Below it no body can be: such values go to quarantine. Null for a coded metric.
    hard_high double precision,  -- Above it no body can be: such values go to quarantine. Null for a coded metric.
    soft_low double precision,  -- Below it a value is kept and flagged. Null where no bound is useful.
    soft_high double precision,  -- Above it a value is kept and flagged. Null where no bound is useful.
    name text NOT NULL,  -- Stable name, as in payloads: heart_rate.
    title text NOT NULL,  -- A few words for a person.
    kind text NOT NULL,  -- How values lie in time: instant, interval, cumulative, daily, event or waveform.
    unit text NOT NULL,  -- UCUM unit of every stored value; empty for a coded metric.
    loinc text[] NOT NULL,  -- LOINC codes; empty where none is verified.
    codes text[],  -- Codes of a coded metric: stored value n is element n + 1. Null for a numeric metric.
    CONSTRAINT metric_pkey PRIMARY KEY (metric_id),
    CONSTRAINT metric_name_is_unique UNIQUE (name),
    CONSTRAINT metric_codes_are_some CHECK ((cardinality(codes) > 0)),
    CONSTRAINT metric_hard_range_is_forward CHECK ((hard_low <= hard_high)),
    CONSTRAINT metric_name_is_snake_case CHECK ((name ~ '^[a-z][a-z0-9_]*$'::text)),
    CONSTRAINT metric_soft_range_is_inside_hard CHECK (((soft_low >= hard_low) AND (soft_high <= hard_high)))
);
CREATE TRIGGER removed_metric_has_no_series AFTER DELETE ON signal.metric FOR EACH ROW EXECUTE FUNCTION signal.check_still_referred_to();  -- Trigger after a row goes or gets another key: nothing refers to it any more.
CREATE TRIGGER renumbered_metric_has_no_series AFTER UPDATE ON signal.metric FOR EACH ROW WHEN ((old.metric_id <> new.metric_id)) EXECUTE FUNCTION signal.check_still_referred_to();  -- Trigger after a row goes or gets another key: nothing refers to it any more.
GRANT DELETE, INSERT, SELECT, UPDATE ON signal.metric TO healthtrack_migrator;
GRANT SELECT ON signal.metric TO healthtrack_ingest;
GRANT SELECT ON signal.metric TO healthtrack_roller;

-- Copies of this database in which a daemon has written, the last one being the present one.
CREATE TABLE signal.incarnation (
    begun_at timestamp with time zone NOT NULL,  -- When a daemon first took a shard in it.
    system_identifier bigint,  -- Which cluster: pg_control_system(); null where the daemon may not ask.
    database_oid bigint NOT NULL,  -- Which database of the cluster: pg_database.oid.
    timeline integer NOT NULL,  -- Which timeline of the cluster: a promotion or a restore to a point in time begins another.
    incarnation_id uuid NOT NULL,  -- Its name, made at random.
    cause text NOT NULL,  -- created: the first; moved: server, timeline or database differ from the last; forgotten: none differs, and yet it lacked what a running daemon had committed.
    CONSTRAINT incarnation_pkey PRIMARY KEY (incarnation_id),
    CONSTRAINT incarnation_cause_is_known CHECK ((cause = ANY (ARRAY['created'::text, 'moved'::text, 'forgotten'::text])))
);
CREATE INDEX incarnation_begun_at ON signal.incarnation USING btree (begun_at);
GRANT DELETE, INSERT, SELECT, UPDATE ON signal.incarnation TO healthtrack_migrator;
GRANT INSERT, SELECT ON signal.incarnation TO healthtrack_ingest;
GRANT SELECT ON signal.incarnation TO healthtrack_roller;

-- Which daemon owns which shard of the topics.
CREATE TABLE signal.ingest_shard (
    epoch bigint NOT NULL,  -- How often the shard has changed hands; a writer with another epoch is refused.
    taken_at timestamp with time zone NOT NULL,  -- When the present owner took it.
    shard text NOT NULL,  -- Name of the shard, as in the daemon's configuration.
    owner text NOT NULL,  -- Who took it: host name and process id of the daemon.
    CONSTRAINT ingest_shard_pkey PRIMARY KEY (shard),
    CONSTRAINT ingest_shard_epoch_is_positive CHECK ((epoch > 0)),
    CONSTRAINT ingest_shard_is_a_name CHECK ((shard ~ '^[A-Za-z0-9._-]{1,64}$'::text))
);
CREATE TRIGGER removed_shard_has_no_device AFTER DELETE ON signal.ingest_shard FOR EACH ROW EXECUTE FUNCTION signal.check_still_referred_to();  -- Trigger after a row goes or gets another key: nothing refers to it any more.
CREATE TRIGGER renamed_shard_has_no_device AFTER UPDATE ON signal.ingest_shard FOR EACH ROW WHEN ((old.shard <> new.shard)) EXECUTE FUNCTION signal.check_still_referred_to();  -- Trigger after a row goes or gets another key: nothing refers to it any more.
GRANT DELETE, INSERT, SELECT, UPDATE ON signal.ingest_shard TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON signal.ingest_shard TO healthtrack_ingest;
GRANT SELECT, UPDATE ON signal.ingest_shard TO healthtrack_roller;

-- How far each lane of a shard's owner has come: by this a daemon notices that the database was restored, cloned or failed over.
CREATE TABLE signal.ingest_writer (
    attempt bigint NOT NULL,  -- Number of the lane's last transaction that was committed.
    lane integer NOT NULL,  -- Which lane of the daemon, from 0.
    ownership_id uuid NOT NULL,  -- Made at random whenever the shard is taken, so no other history of the database comes to it later.
    shard text NOT NULL,  -- Whose lane: signal.ingest_shard.
    source_revision bigint DEFAULT 0 NOT NULL,  -- Grows when a source may no longer speak for a device of the shard; the lane then forgets whom it has let speak.
    CONSTRAINT ingest_writer_pkey PRIMARY KEY (ownership_id, lane, attempt),
    CONSTRAINT ingest_writer_attempt_is_counted CHECK ((attempt >= 0)),
    CONSTRAINT ingest_writer_lane_is_counted CHECK ((lane >= 0))
);
GRANT DELETE, INSERT, SELECT, UPDATE ON signal.ingest_writer TO healthtrack_ingest;
GRANT DELETE, INSERT, SELECT, UPDATE ON signal.ingest_writer TO healthtrack_migrator;

-- Sessions that a shard's daemon has at a broker, which keeps there what the daemon has not acknowledged.
CREATE TABLE signal.mqtt_session (
    recorded_at timestamp with time zone NOT NULL,  -- When the daemon last meant to connect to it or to change its filters.
    connected_at timestamp with time zone,  -- When it was last known to be connected, to the minute; null before its first connection.
    ended_at timestamp with time zone,  -- When it was drained and ended, or had expired; null while the broker may hold messages in it.
    expiry_s bigint NOT NULL,  -- How many seconds the broker keeps it while nobody is connected to it; 4294967295 for ever.
    shard text NOT NULL,  -- Whose it is: signal.ingest_shard.
    broker text NOT NULL,  -- Where it is, as in mqtt://host:1883; empty where that was never written down.
    client_id text NOT NULL,  -- Its name at the broker.
    filters text[] NOT NULL,  -- What it is subscribed to.
    granted text[] DEFAULT '{}'::text[] NOT NULL,  -- Of these filters, those that the broker has granted to its present connection and the daemon means to keep: of what they match it has a copy.
    granted_at timestamp with time zone,  -- When it has granted them, by the daemon's clock: another connection, another moment.
    proved_at timestamp with time zone,  -- A moment since then at which that connection lived for certain, by this server's clock; null where nobody asks for that.
    CONSTRAINT mqtt_session_pkey PRIMARY KEY (shard, broker, client_id),
    CONSTRAINT mqtt_session_shard_fkey FOREIGN KEY (shard) REFERENCES signal.ingest_shard(shard),
    CONSTRAINT mqtt_session_client_id_is_short CHECK (((octet_length(client_id) >= 1) AND (octet_length(client_id) <= 65535))),
    CONSTRAINT mqtt_session_expiry_is_a_number_of_seconds CHECK (((expiry_s >= 0) AND (expiry_s <= '4294967295'::bigint)))
);
GRANT DELETE, INSERT, SELECT, UPDATE ON signal.mqtt_session TO healthtrack_ingest;
GRANT DELETE, INSERT, SELECT, UPDATE ON signal.mqtt_session TO healthtrack_migrator;

-- What measures: every device whose samples are believed.
CREATE TABLE signal.device (
    device_key integer GENERATED ALWAYS AS IDENTITY NOT NULL,  -- Short number that the hot table carries.
    added_at timestamp with time zone NOT NULL,  -- When it was added.
    device_id text NOT NULL,  -- Name by which hubs publish it.
    added_by text NOT NULL,  -- What added it: operator, or enrolment by its first message.
    shard text,  -- Shard that writes it, of signal.ingest_shard; null until its first sample.
    awaits_source boolean DEFAULT false NOT NULL,  -- True where it published before sources were told apart and nobody has spoken for it since: the next source that names it may speak for it.
    CONSTRAINT device_pkey PRIMARY KEY (device_key),
    CONSTRAINT device_id_is_unique UNIQUE (device_id),
    CONSTRAINT device_id_is_a_name CHECK (((device_id !~ '[^A-Za-z0-9._-]'::text) AND ((octet_length(device_id) >= 1) AND (octet_length(device_id) <= 64))))
);
CREATE TRIGGER added_device_is_checked AFTER INSERT ON signal.device REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION signal.check_devices();  -- Trigger after a statement: each shard that a device names is there.
CREATE TRIGGER changed_device_is_checked AFTER UPDATE ON signal.device REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION signal.check_devices();  -- Trigger after a statement: each shard that a device names is there.
CREATE TRIGGER device_stays_under_hold BEFORE DELETE OR UPDATE OF device_key, device_id ON signal.device FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_device_under_hold();  -- Trigger before a device, a series of it or its description goes, or gets another name: refuses it to everybody but the owner where somebody under legal hold wore it.
CREATE TRIGGER removed_device_has_no_series AFTER DELETE ON signal.device FOR EACH ROW EXECUTE FUNCTION signal.check_still_referred_to();  -- Trigger after a row goes or gets another key: nothing refers to it any more.
CREATE TRIGGER renumbered_device_has_no_series AFTER UPDATE ON signal.device FOR EACH ROW WHEN ((old.device_key <> new.device_key)) EXECUTE FUNCTION signal.check_still_referred_to();  -- Trigger after a row goes or gets another key: nothing refers to it any more.
GRANT DELETE, INSERT, SELECT, UPDATE ON signal.device TO healthtrack_migrator;
GRANT DELETE, SELECT, UPDATE ON signal.device TO healthtrack_roller;
GRANT INSERT, SELECT, UPDATE (shard, awaits_source) ON signal.device TO healthtrack_ingest;

-- Which sources may speak for a device beside the one of its own name, within its shard.
CREATE TABLE signal.device_source (
    allowed_at timestamp with time zone NOT NULL,  -- Since when.
    device_key integer NOT NULL,  -- The device.
    source text NOT NULL,  -- The source: a level of the topic.
    allowed_by text NOT NULL,  -- What allowed it: operator; enrolment, where the source was the first to name the device; upgrade, where it was the first to name it after the rule had come.
    CONSTRAINT device_source_pkey PRIMARY KEY (device_key, source),
    CONSTRAINT device_source_device_fkey FOREIGN KEY (device_key) REFERENCES signal.device(device_key) ON DELETE CASCADE,
    CONSTRAINT device_source_allowed_by_is_known CHECK ((allowed_by = ANY (ARRAY['operator'::text, 'enrolment'::text, 'upgrade'::text]))),
    CONSTRAINT device_source_is_a_name CHECK (((source !~ '[^A-Za-z0-9._-]'::text) AND ((octet_length(source) >= 1) AND (octet_length(source) <= 64))))
);
CREATE TRIGGER changed_device_source_is_noted AFTER UPDATE ON signal.device_source REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION signal.note_disallowed_source();  -- Lets the daemon of the shard know that a source may no longer speak for a device.
CREATE TRIGGER removed_device_source_is_noted AFTER DELETE ON signal.device_source REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION signal.note_disallowed_source();  -- Lets the daemon of the shard know that a source may no longer speak for a device.
GRANT DELETE, INSERT, SELECT ON signal.device_source TO healthtrack_ingest;
GRANT DELETE, INSERT, SELECT, UPDATE ON signal.device_source TO healthtrack_migrator;
GRANT SELECT ON signal.device_source TO healthtrack_roller;

-- One metric, and statistic, of one device: what a block belongs to.
CREATE TABLE signal.series (
    series_id integer GENERATED ALWAYS AS IDENTITY NOT NULL,  -- Short number that each block carries.
    device_key integer NOT NULL,  -- Whose: signal.device.
    metric_id smallint NOT NULL,  -- What: signal.metric.
    statistic text,  -- What a value says about many measurements, as word or word/denominator; null for plain measurements.
    CONSTRAINT series_pkey PRIMARY KEY (series_id),
    CONSTRAINT series_is_unique UNIQUE NULLS NOT DISTINCT (device_key, metric_id, statistic)
);
CREATE INDEX series_metric_id_idx ON signal.series USING btree (metric_id);
CREATE TRIGGER added_series_is_checked AFTER INSERT ON signal.series REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION signal.check_series();  -- Trigger after a statement: the device and the metric of each series are there.
CREATE TRIGGER changed_series_is_checked AFTER UPDATE ON signal.series REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION signal.check_series();  -- Trigger after a statement: the device and the metric of each series are there.
CREATE TRIGGER series_stays_under_hold BEFORE DELETE OR UPDATE OF series_id, device_key, metric_id ON signal.series FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_device_under_hold();  -- Trigger before a device, a series of it or its description goes, or gets another name: refuses it to everybody but the owner where somebody under legal hold wore it.
GRANT DELETE, INSERT, SELECT, UPDATE ON signal.series TO healthtrack_migrator;
GRANT DELETE, SELECT ON signal.series TO healthtrack_roller;
GRANT INSERT, SELECT ON signal.series TO healthtrack_ingest;

-- Hot samples: runs of samples of one series, a run a row. Read them through signal.sample or signal.samples().
CREATE TABLE signal.block (
    start_at timestamp with time zone NOT NULL,  -- Start of the first sample.
    stop_at timestamp with time zone NOT NULL,  -- Start of the last sample, on the same UTC day.
    tick_us bigint NOT NULL,  -- Microseconds between samples where they lie evenly; else the unit of gaps.
    span_us bigint,  -- Microseconds that every sample lasted; null for instants, and where spans_us tells.
    series_id integer NOT NULL,  -- Whose samples: signal.series.
    gaps integer[],  -- Ticks from the sample before, the first being 0; null where samples lie evenly.
    spans_us bigint[],  -- Microseconds that each sample lasted, null for an instant; null where all are alike.
    flags smallint[],  -- What is known against each sample: 1 unlikely value, 2 time assumed; null where nothing is.
    "values" double precision[] NOT NULL,  -- The values in the metric's unit; for a coded metric the place of the code, from 0.
    received_at timestamp with time zone,  -- The second in which the samples were received, or the first of a quarter of an hour in which they were; null where that is not known, and where received_ats tells.
    revision bigint,  -- Which word of the source the samples are; null where it counts none, and where revisions tells.
    utc_offset_minutes smallint,  -- Minutes by which the source's local time was ahead of UTC; null where it did not say, and where utc_offsets_minutes tells.
    origin_sizes integer[],  -- How many samples in a row share one entry of the three lists; null where all samples share what the columns of one value say.
    received_ats timestamp with time zone[],  -- The received_at of each entry; null where none is known.
    utc_offsets_minutes smallint[],  -- The utc_offset_minutes of each entry; null where none is known.
    revisions bigint[],  -- The revision of each entry; null where none has one.
    CONSTRAINT block_starts_once UNIQUE (series_id, start_at),
    CONSTRAINT block_columns_have_one_length CHECK (((cardinality("values") > 0) AND ((gaps IS NULL) OR (cardinality(gaps) = cardinality("values"))) AND ((spans_us IS NULL) OR (cardinality(spans_us) = cardinality("values"))) AND ((flags IS NULL) OR (cardinality(flags) = cardinality("values"))))),
    CONSTRAINT block_origins_have_one_length CHECK ( CASE WHEN (origin_sizes IS NULL) THEN ((received_ats IS NULL) AND (utc_offsets_minutes IS NULL) AND (revisions IS NULL)) ELSE ((received_at IS NULL) AND (utc_offset_minutes IS NULL) AND (revision IS NULL) AND ((received_ats IS NULL) OR (cardinality(received_ats) = cardinality(origin_sizes))) AND ((utc_offsets_minutes IS NULL) OR (cardinality(utc_offsets_minutes) = cardinality(origin_sizes))) AND ((revisions IS NULL) OR (cardinality(revisions) = cardinality(origin_sizes)))) END) NOT VALID,  -- A block says how its samples came either once for all, or in lists that are as long as origin_sizes.
    CONSTRAINT block_times_are_forward CHECK (((stop_at >= start_at) AND (tick_us > 0)))
);
CREATE CONSTRAINT TRIGGER block_stays_under_hold AFTER DELETE OR UPDATE OF series_id, start_at, stop_at ON signal.block DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text)) AND signal.is_block_under_hold(old.series_id, old.start_at, old.stop_at))) EXECUTE FUNCTION signal.check_block_under_hold();  -- Trigger at the end of a transaction: what was removed of a person under legal hold is covered by other blocks, or by what the transaction has noted as superseded, or by a file that it recorded.
GRANT DELETE, INSERT, SELECT ON signal.block TO healthtrack_roller;
GRANT DELETE, INSERT, SELECT, UPDATE ON signal.block TO healthtrack_ingest;
GRANT DELETE, INSERT, SELECT, UPDATE ON signal.block TO healthtrack_migrator;

-- Hot samples with what is known against them and the block they lie in.
--   device_id: What measured.
--   metric: What was measured, by its name in the catalogue.
--   statistic: What the value says about many measurements; null for a plain measurement.
--   start_at: When it was measured, or when its interval began.
--   end_at: When its interval ended; null for an instant.
--   value: The value in unit; null for a coded metric, and where it lies beyond the sensor's range.
--   code: The code of a coded metric; null for a numeric one.
--   unit: UCUM unit of the value.
--   flags: What is known against it: 1 unlikely value, 2 time assumed, 4 below and 8 above the sensor's range, 16 before its device; 0 nothing.
--   block_start_at: Start of the first sample of its block.
--   block_stop_at: Start of the last sample of its block.
--   utc_offset_minutes: Minutes by which the source's local time was ahead of UTC; null where it did not say.
--   received_at: When it was received, to the second; where blocks were joined, to a quarter of an hour.
--   revision: Which word of the source it is; null where the source counts none.
--   flag_words: The same in words: unlikely_value, time_assumed, below_range, above_range, before_device.
CREATE VIEW signal.block_sample AS
 SELECT device.device_id,
    metric.name AS metric,
    series.statistic,
    sample.start_at,
    (sample.start_at + ((sample.span_us)::double precision * '00:00:00.000001'::interval)) AS end_at,
        CASE
            WHEN ((metric.codes IS NULL) AND ((block.flags IS NULL) OR (((sample.flags)::integer & 12) = 0))) THEN sample.value
            ELSE NULL::double precision
        END AS value,
    metric.codes[((sample.value)::integer + 1)] AS code,
    metric.unit,
    sample.flags,
    block.start_at AS block_start_at,
    block.stop_at AS block_stop_at,
    COALESCE(block.utc_offset_minutes, block.utc_offsets_minutes[sample.origin]) AS utc_offset_minutes,
    COALESCE(block.received_at, block.received_ats[sample.origin]) AS received_at,
    COALESCE(block.revision, block.revisions[sample.origin]) AS revision,
        CASE
            WHEN ((block.flags IS NULL) OR (sample.flags = 0)) THEN '{}'::text[]
            ELSE array_remove(ARRAY[
            CASE
                WHEN (((sample.flags)::integer & 1) <> 0) THEN 'unlikely_value'::text
                ELSE NULL::text
            END,
            CASE
                WHEN (((sample.flags)::integer & 2) <> 0) THEN 'time_assumed'::text
                ELSE NULL::text
            END,
            CASE
                WHEN (((sample.flags)::integer & 4) <> 0) THEN 'below_range'::text
                ELSE NULL::text
            END,
            CASE
                WHEN (((sample.flags)::integer & 8) <> 0) THEN 'above_range'::text
                ELSE NULL::text
            END,
            CASE
                WHEN (((sample.flags)::integer & 16) <> 0) THEN 'before_device'::text
                ELSE NULL::text
            END], NULL::text)
        END AS flag_words
   FROM (((((signal.block
     JOIN signal.series USING (series_id))
     JOIN signal.device USING (device_key))
     JOIN signal.metric USING (metric_id))
     CROSS JOIN LATERAL ( SELECT
                CASE
                    WHEN (block.origin_sizes IS NOT NULL) THEN ( SELECT array_agg(run.place ORDER BY run.place) AS array_agg
                       FROM (unnest(block.origin_sizes) WITH ORDINALITY run(size, place)
                         CROSS JOIN LATERAL generate_series(1, run.size) generate_series(generate_series)))
                    ELSE NULL::bigint[]
                END AS places) origin)
     CROSS JOIN LATERAL ( SELECT (block.start_at + ('00:00:00.000001'::interval * ((block.tick_us * (item.place - 1)))::double precision)) AS start_at,
            COALESCE(block.span_us, item.span_us) AS span_us,
            COALESCE(item.flags, (0)::smallint) AS flags,
            item.value,
            item.origin
           FROM UNNEST(block."values", block.spans_us, block.flags, origin.places) WITH ORDINALITY item(value, span_us, flags, origin, place)
          WHERE (block.gaps IS NULL)
        UNION ALL
         SELECT (block.start_at + ('00:00:00.000001'::interval * ((block.tick_us * sum(item.gap) OVER (ORDER BY item.place)))::double precision)),
            COALESCE(block.span_us, item.span_us) AS "coalesce",
            COALESCE(item.flags, (0)::smallint) AS "coalesce",
            item.value,
            item.origin
           FROM UNNEST(block."values", block.gaps, block.spans_us, block.flags, origin.places) WITH ORDINALITY item(value, gap, span_us, flags, origin, place)
          WHERE (block.gaps IS NOT NULL)) sample);
GRANT DELETE, INSERT, SELECT, UPDATE ON signal.block_sample TO healthtrack_migrator;
GRANT SELECT ON signal.block_sample TO healthtrack_ingest;
GRANT SELECT ON signal.block_sample TO healthtrack_roller;

-- Hot samples, one a row. A condition on start_at with a constant time reads the chunks of that time, in steps of eight days, and no others; signal.samples() reads those of whole days. Write the time as a timestamptz; a date leaves out no chunk. A role that is granted SELECT needs signal.let_read_samples(role), too. For what is counted ask signal.rollup().
--   device_id: What measured.
--   metric: What was measured, by its name in the catalogue.
--   statistic: What the value says about many measurements; null for a plain measurement.
--   start_at: When it was measured, or when its interval began.
--   end_at: When its interval ended; null for an instant.
--   value: The value in unit; null for a coded metric, and where it lies beyond the sensor's range.
--   code: The code of a coded metric; null for a numeric one.
--   unit: UCUM unit of the value.
--   flags: What is known against it: unlikely_value, time_assumed, below_range, above_range, before_device; empty where nothing is.
--   utc_offset_minutes: Minutes by which the source's local time was ahead of UTC; null where it did not say.
--   received_at: When it was received, to the second; where blocks were joined, to a quarter of an hour.
--   revision: Which word of the source it is; null where the source counts none.
CREATE VIEW signal.sample AS
 SELECT device.device_id,
    metric.name AS metric,
    series.statistic,
    sample.start_at,
    (sample.start_at + ((sample.span_us)::double precision * '00:00:00.000001'::interval)) AS end_at,
        CASE
            WHEN ((metric.codes IS NULL) AND (((sample.flags)::integer & 12) = 0)) THEN sample.value
            ELSE NULL::double precision
        END AS value,
    metric.codes[((sample.value)::integer + 1)] AS code,
    metric.unit,
        CASE
            WHEN (sample.flags = 0) THEN '{}'::text[]
            ELSE array_remove(ARRAY[
            CASE
                WHEN (((sample.flags)::integer & 1) <> 0) THEN 'unlikely_value'::text
                ELSE NULL::text
            END,
            CASE
                WHEN (((sample.flags)::integer & 2) <> 0) THEN 'time_assumed'::text
                ELSE NULL::text
            END,
            CASE
                WHEN (((sample.flags)::integer & 4) <> 0) THEN 'below_range'::text
                ELSE NULL::text
            END,
            CASE
                WHEN (((sample.flags)::integer & 8) <> 0) THEN 'above_range'::text
                ELSE NULL::text
            END,
            CASE
                WHEN (((sample.flags)::integer & 16) <> 0) THEN 'before_device'::text
                ELSE NULL::text
            END], NULL::text)
        END AS flags,
    sample.utc_offset_minutes,
    sample.received_at,
    sample.revision
   FROM (((signal.series
     JOIN signal.device USING (device_key))
     JOIN signal.metric USING (metric_id))
     CROSS JOIN LATERAL signal.unpack(series.series_id) sample(start_at, span_us, flags, value, utc_offset_minutes, received_at, revision));
GRANT DELETE, INSERT, SELECT, UPDATE ON signal.sample TO healthtrack_migrator;
GRANT SELECT ON signal.sample TO healthtrack_ingest;
GRANT SELECT ON signal.sample TO healthtrack_roller;

-- Values that stood until their source said something else. Read them through signal.superseded.
CREATE TABLE signal.superseded_value (
    start_at timestamp with time zone NOT NULL,  -- When it was measured, or when its interval began.
    superseded_at timestamp with time zone NOT NULL,  -- When it ceased to stand.
    received_at timestamp with time zone,  -- When it was received; null where that is not known.
    span_us bigint,  -- Microseconds that its interval lasted; null for an instant.
    value double precision NOT NULL,  -- The value in the metric's unit; for a coded metric the place of the code, from 0.
    revision bigint,  -- Which word of the source it was; null where the source counts none.
    series_id integer NOT NULL,  -- Whose: signal.series.
    flags smallint DEFAULT 0 NOT NULL,  -- What is known against it, as in signal.block; 0 where nothing is.
    utc_offset_minutes smallint,  -- Minutes by which the source's local time was ahead of UTC; null where it did not say.
    superseded_id bigint DEFAULT nextval('signal.replaced_range_range_id_seq'::regclass)  -- Rises with each value that is superseded or range that is replaced of a day; that of the new file where a roll superseded it; null where that was before there were numbers.
);
CREATE INDEX superseded_value_superseded_id_idx ON signal.superseded_value USING btree (superseded_id);
CREATE INDEX superseded_value_word_idx ON signal.superseded_value USING btree (series_id, start_at, revision DESC NULLS LAST, value, COALESCE(span_us, ('-1'::integer)::bigint));
CREATE TRIGGER superseded_value_stays_under_hold BEFORE DELETE OR UPDATE ON signal.superseded_value FOR EACH ROW WHEN (((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text)) AND signal.is_block_under_hold(old.series_id, old.start_at, old.start_at))) EXECUTE FUNCTION signal.keep_superseded_under_hold();  -- Trigger before what a source superseded goes: refuses it where somebody under legal hold was measured.
GRANT DELETE, INSERT, SELECT ON signal.superseded_value TO healthtrack_roller;
GRANT DELETE, INSERT, SELECT, UPDATE ON signal.superseded_value TO healthtrack_migrator;
GRANT INSERT, SELECT ON signal.superseded_value TO healthtrack_ingest;

-- Samples that stood until their source said something else, one row each: the history of what was known when.
--   device_id: What measured.
--   metric: What was measured, by its name in the catalogue.
--   statistic: What the value says about many measurements; null for a plain measurement.
--   start_at: When it was measured, or when its interval began.
--   end_at: When its interval ended; null for an instant.
--   value: The value in unit; null for a coded metric, and where it lies beyond the sensor's range.
--   code: The code of a coded metric; null for a numeric one.
--   unit: UCUM unit of the value.
--   flags: What is known against it: unlikely_value, time_assumed, below_range, above_range, before_device; empty where nothing is.
--   utc_offset_minutes: Minutes by which the source's local time was ahead of UTC; null where it did not say.
--   received_at: When it was received; null where that is not known.
--   revision: Which word of the source it was; null where the source counts none.
--   superseded_at: When it ceased to stand.
CREATE VIEW signal.superseded AS
 SELECT device.device_id,
    metric.name AS metric,
    series.statistic,
    former.start_at,
    (former.start_at + ((former.span_us)::double precision * '00:00:00.000001'::interval)) AS end_at,
        CASE
            WHEN ((metric.codes IS NULL) AND (((former.flags)::integer & 12) = 0)) THEN former.value
            ELSE NULL::double precision
        END AS value,
    metric.codes[((former.value)::integer + 1)] AS code,
    metric.unit,
        CASE
            WHEN (former.flags = 0) THEN ARRAY[]::text[]
            ELSE array_remove(ARRAY[
            CASE
                WHEN (((former.flags)::integer & 1) <> 0) THEN 'unlikely_value'::text
                ELSE NULL::text
            END,
            CASE
                WHEN (((former.flags)::integer & 2) <> 0) THEN 'time_assumed'::text
                ELSE NULL::text
            END,
            CASE
                WHEN (((former.flags)::integer & 4) <> 0) THEN 'below_range'::text
                ELSE NULL::text
            END,
            CASE
                WHEN (((former.flags)::integer & 8) <> 0) THEN 'above_range'::text
                ELSE NULL::text
            END,
            CASE
                WHEN (((former.flags)::integer & 16) <> 0) THEN 'before_device'::text
                ELSE NULL::text
            END], NULL::text)
        END AS flags,
    former.utc_offset_minutes,
    former.received_at,
    former.revision,
    former.superseded_at
   FROM (((signal.superseded_value former
     JOIN signal.series USING (series_id))
     JOIN signal.device USING (device_key))
     JOIN signal.metric USING (metric_id));
GRANT SELECT ON signal.superseded TO healthtrack_ingest;
GRANT SELECT ON signal.superseded TO healthtrack_roller;

-- Ranges of time that a source has replaced, or emptied, by one of its words.
CREATE TABLE signal.replaced_range (
    range_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,  -- Rises with each range that is remembered of a day.
    from_at timestamp with time zone NOT NULL,  -- The first moment in it.
    to_at timestamp with time zone NOT NULL,  -- The first moment after it.
    revision bigint NOT NULL,  -- What begins in it and has a lower revision, or none, does not stand.
    received_at timestamp with time zone NOT NULL,  -- When the word that replaces was received.
    series_id integer NOT NULL,  -- Whose: signal.series.
    CONSTRAINT replaced_range_pkey PRIMARY KEY (series_id, to_at, from_at),
    CONSTRAINT replaced_range_is_short CHECK (((to_at > from_at) AND (to_at <= (from_at + '2400:00:00'::interval)))),  -- A replaced range ends after it begins, and at most 100 days later.
    CONSTRAINT replaced_range_revision_is_a_whole_number CHECK (((revision >= 0) AND (revision <= '9007199254740992'::bigint)))  -- A revision is a whole number from 0 to 2^53.
);
CREATE INDEX replaced_range_range_id_idx ON signal.replaced_range USING btree (range_id);
GRANT DELETE, INSERT, SELECT ON signal.replaced_range TO healthtrack_ingest;
GRANT DELETE, INSERT, SELECT ON signal.replaced_range TO healthtrack_roller;
GRANT DELETE, INSERT, SELECT, UPDATE ON signal.replaced_range TO healthtrack_migrator;

-- One row: which places signal.changes() takes. Who begins takes last_place, then reads the samples, then goes on from that place.
--   first_place: The oldest place that is kept; null where nothing has been written yet.
--   last_place: The newest place; 0 where nothing has been written yet.
--   incarnation_id: In which copy of the database the newest place was given: signal.incarnation.
--   kept_since: Since when changes are kept.
CREATE VIEW signal.change_feed AS
 SELECT (oldest.first_change - 1) AS first_place,
    COALESCE(newest.last_change, (0)::bigint) AS last_place,
    newest.incarnation_id,
    oldest.numbered_at AS kept_since
   FROM ((( SELECT) feed
     LEFT JOIN ( SELECT change_batch.first_change,
            change_batch.numbered_at
           FROM signal.change_batch
          ORDER BY change_batch.last_change
         LIMIT 1) oldest ON (true))
     LEFT JOIN ( SELECT change_batch.last_change,
            change_batch.incarnation_id
           FROM signal.change_batch
          ORDER BY change_batch.last_change DESC
         LIMIT 1) newest ON (true));
GRANT SELECT ON signal.change_feed TO healthtrack_ingest;
GRANT SELECT ON signal.change_feed TO healthtrack_migrator;
GRANT SELECT ON signal.change_feed TO healthtrack_roller;

-- Places in the feed of changes that were given at once; the last row says how far was looked.
CREATE TABLE signal.change_batch (
    numbered_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,  -- When they were given.
    first_change bigint NOT NULL,  -- The first place.
    last_change bigint NOT NULL,  -- The last place.
    seen_to bigint NOT NULL,  -- Up to which commit_id was looked.
    open_before xid8,  -- Once every transaction before this one has ended, none of open_ids can come any more.
    incarnation_id uuid,  -- In which copy of the database: signal.incarnation; null before any daemon has taken a shard.
    commit_ids bigint[] NOT NULL,  -- Whose places, in their order: signal.change_commit.
    last_changes bigint[] NOT NULL,  -- Of each of those the place of its last change.
    open_ids int8multirange NOT NULL,  -- Numbers up to seen_to that were not there yet, and may come.
    younger_ids int8multirange NOT NULL,  -- The same, met since open_before was noted.
    CONSTRAINT change_batch_pkey PRIMARY KEY (last_change),  -- A place is given once.
    CONSTRAINT change_batch_begins_once UNIQUE (first_change),  -- Two that give places at once do not give the same.
    CONSTRAINT change_batch_is_forward CHECK (((first_change >= 1) AND (first_change <= last_change))),  -- Places are counted from 1.
    CONSTRAINT change_batch_is_whole CHECK (((cardinality(commit_ids) > 0) AND (cardinality(commit_ids) = cardinality(last_changes))))  -- Each transaction has its places.
);
GRANT DELETE, INSERT, SELECT, UPDATE ON signal.change_batch TO healthtrack_ingest;
GRANT DELETE, INSERT, SELECT, UPDATE ON signal.change_batch TO healthtrack_migrator;
GRANT SELECT ON signal.change_batch TO healthtrack_roller;

-- What one transaction stored, superseded or erased: a list of ranges of series. Read it by signal.changes().
CREATE TABLE signal.change_commit (
    committed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,  -- When its transaction was about to commit.
    commit_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,  -- Number in the order of writing, which is not the order of commits; those of transactions that failed are missing.
    entries integer NOT NULL,  -- How many changes it lists.
    device_sha256 text,  -- SHA-256 of the name of a device that was erased as a whole, in hexadecimal digits; its one change has no series.
    series_ids integer[] NOT NULL,  -- Of each change the series: signal.series, unless it was erased since.
    first_ats timestamp with time zone[] NOT NULL,  -- Of each change the start of the first sample; -infinity where everything of a series is meant.
    last_ats timestamp with time zone[] NOT NULL,  -- Of each change the start of the last sample; infinity where everything later is meant.
    counts integer[] NOT NULL,  -- Of each change how many samples; null where nobody has counted them.
    kinds smallint[],  -- Of each change what happened: 1 stored, 2 superseded, 3 erased; null where all were stored.
    CONSTRAINT change_commit_pkey PRIMARY KEY (commit_id)  -- Each list has a number of its own.
);
GRANT DELETE, INSERT, SELECT ON signal.change_commit TO healthtrack_ingest;
GRANT DELETE, INSERT, SELECT, UPDATE ON signal.change_commit TO healthtrack_migrator;
GRANT INSERT, SELECT ON signal.change_commit TO healthtrack_roller;

-- Changes, one row each, with or without a place: for signal.changes() and signal.changes_to_come().
--   commit_id: Whose: signal.change_commit.
--   place: Which of the changes of its transaction, from 1.
--   kind: What happened: stored, superseded or erased.
--   device_id: Whose samples; null where the device was erased, then or since.
--   metric: Which metric; null where the series was erased, then or since.
--   statistic: Which statistic; null for plain measurements.
--   from: All of these samples begin at or after this.
--   to: All of these samples begin before this.
--   samples: How many; null where nobody has counted them.
--   committed_at: When its transaction was about to commit.
--   series_id: Number of the series: signal.series, unless it was erased since; null where a device was erased as a whole.
--   device_sha256: SHA-256 of the name of a device that was erased as a whole; null for any other change.
CREATE VIEW signal.change_entry AS
 SELECT listed.commit_id,
    item.place,
        CASE COALESCE((item.kind)::integer, 1)
            WHEN 1 THEN 'stored'::text
            WHEN 2 THEN 'superseded'::text
            WHEN 3 THEN 'erased'::text
            ELSE NULL::text
        END AS kind,
    device.device_id,
    metric.name AS metric,
    series.statistic,
    item.first_at AS "from",
    (item.last_at + '00:00:00.000001'::interval) AS "to",
    item.samples,
    listed.committed_at,
    item.series_id,
    listed.device_sha256
   FROM ((((signal.change_commit listed
     CROSS JOIN LATERAL UNNEST(listed.series_ids, listed.first_ats, listed.last_ats, listed.counts, listed.kinds) WITH ORDINALITY item(series_id, first_at, last_at, samples, kind, place))
     LEFT JOIN signal.series ON ((series.series_id = item.series_id)))
     LEFT JOIN signal.device ON ((device.device_key = series.device_key)))
     LEFT JOIN signal.metric ON ((metric.metric_id = series.metric_id)));
GRANT SELECT ON signal.change_entry TO healthtrack_migrator;

-- Messages, or parts of them, that were rejected, each with its reason and its bytes.
--   quarantine_id: Number for an operator to name.
--   received_at: When it first came.
--   last_received_at: When it last came.
--   retried_at: When an operator last gave it to the daemon again; null while nobody has.
--   times_received: How often the same bytes came for the same reason.
--   samples: How many samples the rejected part holds; 1 where that cannot be known.
--   topic: MQTT topic.
--   reason: Stable word: why.
--   detail: One sentence for a person: which field, which limit.
--   content_type: MQTT 5 content type; null where the message had none.
--   payload: The whole message, as it came.
--   payload_bytes: Its length.
--   resolved_at: When an operator marked it as dealt with; null while it is open.
--   resolved_by: Who did that; null while it is open.
--   resolution: How it was dealt with; null while it is open.
--   due_at: When the daemon gives it to itself again, since its time has come then; null where it does not.
--   tries: How often the daemon has given it to itself again.
CREATE VIEW signal.quarantine WITH (security_invoker=true) AS
 SELECT quarantine_rejection.quarantine_id,
    quarantine_rejection.received_at,
    quarantine_rejection.last_received_at,
    quarantine_rejection.retried_at,
    quarantine_rejection.times_received,
    quarantine_rejection.samples,
    quarantine_rejection.topic,
    quarantine_rejection.reason,
    quarantine_rejection.detail,
    quarantine_rejection.content_type,
    quarantine_payload.payload,
    quarantine_payload.payload_bytes,
    quarantine_rejection.resolved_at,
    quarantine_rejection.resolved_by,
    quarantine_rejection.resolution,
    quarantine_rejection.due_at,
    quarantine_rejection.tries
   FROM (signal.quarantine_rejection
     JOIN signal.quarantine_payload USING (payload_sha256));
GRANT SELECT ON signal.quarantine TO healthtrack_ingest;
GRANT SELECT ON signal.quarantine TO healthtrack_migrator;
GRANT SELECT ON signal.quarantine TO healthtrack_roller;

-- Why messages, or parts of them, were rejected: a row for each message, topic and reason.
CREATE TABLE signal.quarantine_rejection (
    quarantine_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,  -- Number for an operator to name.
    received_at timestamp with time zone NOT NULL,  -- When it first came.
    last_received_at timestamp with time zone NOT NULL,  -- When it last came.
    retried_at timestamp with time zone,  -- When an operator last gave it to the daemon again; null while nobody has.
    times_received bigint DEFAULT 1 NOT NULL,  -- How often the same bytes came for the same reason.
    samples bigint NOT NULL,  -- How many samples the refused part holds; 1 where that cannot be known.
    topic text NOT NULL,  -- MQTT topic.
    reason text NOT NULL,  -- Stable word: why.
    detail text NOT NULL,  -- One sentence for a person: which field, which limit.
    content_type text,  -- MQTT 5 content type; null where the message had none.
    resolved_at timestamp with time zone,  -- When an operator marked it as dealt with; null while it is open, and again once the same comes anew.
    resolved_by text,  -- Who did that; null while it is open.
    resolution text,  -- How it was dealt with, in that person's words; null while it is open.
    payload_sha256 bytea NOT NULL,  -- The message.
    due_at timestamp with time zone,  -- When the daemon gives it to itself again, since its time has come then; null where it does not.
    tries smallint DEFAULT 0 NOT NULL,  -- How often the daemon has given it to itself again.
    CONSTRAINT quarantine_rejection_pkey PRIMARY KEY (quarantine_id),
    CONSTRAINT quarantine_rejection_payload_fkey FOREIGN KEY (payload_sha256) REFERENCES signal.quarantine_payload(payload_sha256),
    CONSTRAINT quarantine_counts_are_positive CHECK (((samples > 0) AND (times_received > 0))),
    CONSTRAINT quarantine_reason_is_a_word CHECK ((reason ~ '^[a-z_]+$'::text)),
    CONSTRAINT quarantine_resolution_is_whole CHECK ((num_nulls(resolved_at, resolved_by, resolution) = ANY (ARRAY[0, 3]))),
    CONSTRAINT quarantine_resolution_says_something CHECK (((resolved_by ~ '\S'::text) AND (resolution ~ '\S'::text))),
    CONSTRAINT quarantine_times_are_forward CHECK ((last_received_at >= received_at)),
    CONSTRAINT quarantine_tries_count_up CHECK ((tries >= 0))  -- A message was given again zero times or more.
);
CREATE INDEX quarantine_rejection_due_at_idx ON signal.quarantine_rejection USING btree (due_at) WHERE ((due_at IS NOT NULL) AND (resolved_at IS NULL));
CREATE UNIQUE INDEX quarantine_rejection_is_kept_once ON signal.quarantine_rejection USING btree (payload_sha256, md5(topic), reason);
CREATE INDEX quarantine_rejection_received_at_idx ON signal.quarantine_rejection USING btree (received_at, quarantine_id);
CREATE TRIGGER quarantine_rejection_stays_as_it_came BEFORE UPDATE OF quarantine_id, received_at, last_received_at, topic, reason, detail, content_type, payload_sha256 ON signal.quarantine_rejection FOR EACH ROW WHEN (((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text)) AND ((new.last_received_at < old.last_received_at) OR (((((((old.quarantine_id IS DISTINCT FROM new.quarantine_id) OR (old.received_at IS DISTINCT FROM new.received_at)) OR (old.topic IS DISTINCT FROM new.topic)) OR (old.reason IS DISTINCT FROM new.reason)) OR (old.detail IS DISTINCT FROM new.detail)) OR (old.content_type IS DISTINCT FROM new.content_type)) OR (old.payload_sha256 IS DISTINCT FROM new.payload_sha256))))) EXECUTE FUNCTION signal.keep_rejection_as_it_came();  -- Trigger before a rejection becomes another one, or came earlier: refuses it to everybody but the owner.
CREATE TRIGGER quarantine_rejection_stays_under_hold BEFORE DELETE ON signal.quarantine_rejection FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION signal.keep_message_under_hold();  -- Trigger before a rejected message goes: refuses it to everybody but the owner where it may be of somebody under legal hold.
CREATE TRIGGER quarantine_rejection_takes_its_payload AFTER DELETE ON signal.quarantine_rejection REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION signal.drop_unused_payloads();  -- Removes payloads whose last rejection was removed.
GRANT DELETE, INSERT, SELECT, UPDATE ON signal.quarantine_rejection TO healthtrack_migrator;
GRANT DELETE, INSERT, SELECT, UPDATE ON signal.quarantine_rejection TO healthtrack_roller;
GRANT INSERT, SELECT, UPDATE ON signal.quarantine_rejection TO healthtrack_ingest;

-- The bytes of messages in quarantine, each kept once.
CREATE TABLE signal.quarantine_payload (
    payload_bytes integer NOT NULL,  -- Its length.
    payload_sha256 bytea NOT NULL,  -- SHA-256 of the bytes: the key.
    payload bytea NOT NULL,  -- The whole message, as it came.
    CONSTRAINT quarantine_payload_pkey PRIMARY KEY (payload_sha256) INCLUDE (payload_bytes),
    CONSTRAINT quarantine_payload_digest_is_whole CHECK ((length(payload_sha256) = 32)),
    CONSTRAINT quarantine_payload_length_is_its_own CHECK ((payload_bytes = length(payload)))
);
CREATE TRIGGER quarantine_payload_stays_as_it_came BEFORE UPDATE OF payload, payload_sha256 ON signal.quarantine_payload FOR EACH ROW WHEN (((old.payload IS DISTINCT FROM new.payload) OR (old.payload_sha256 IS DISTINCT FROM new.payload_sha256))) EXECUTE FUNCTION signal.refuse_other_bytes();  -- Trigger before a message gets other bytes: refuses it.
GRANT DELETE, INSERT, SELECT, UPDATE ON signal.quarantine_payload TO healthtrack_migrator;
GRANT DELETE, INSERT, SELECT, UPDATE ON signal.quarantine_payload TO healthtrack_roller;
GRANT INSERT, SELECT, UPDATE ON signal.quarantine_payload TO healthtrack_ingest;

-- What a series measured on a UTC day, in one tier. Ask signal.rollup(), which adds what has come since.
CREATE TABLE signal.rollup_day (
    last_at timestamp with time zone,  -- Start of the newest sample; only told of what is archived.
    last_span_us bigint,  -- Microseconds that the newest sample lasted; null for an instant.
    last_value double precision,  -- Value of the newest sample.
    sum double precision,  -- Sum of the values; null where there is none.
    "least" double precision,  -- The least value.
    "greatest" double precision,  -- The greatest value.
    first double precision,  -- The first value.
    last double precision,  -- The last value.
    series_id integer NOT NULL,  -- Whose samples: signal.series.
    day date NOT NULL,  -- UTC day on which they begin.
    count integer NOT NULL,  -- How many values there are, bounds apart.
    below integer NOT NULL,  -- How many samples lay below what the sensor can tell.
    above integer NOT NULL,  -- How many samples lay above what the sensor can tell.
    last_flags smallint,  -- What is known against the newest sample.
    first_quarter smallint NOT NULL,  -- The first piece that holds something: quarters of an hour since midnight UTC.
    is_archived boolean NOT NULL,  -- Whether these samples are in the archive; else they are in signal.block.
    quarters smallint[],  -- The pieces that hold something; null where they lie side by side.
    counts integer[],  -- Values in each piece; null, as are the other arrays, where there is one piece.
    belows integer[],  -- Samples below the sensor's range in each piece; null where there is none.
    aboves integer[],  -- Samples above the sensor's range in each piece; null where there is none.
    sums double precision[],  -- Sum of each piece.
    leasts double precision[],  -- Least value of each piece.
    greatests double precision[],  -- Greatest value of each piece.
    firsts double precision[],  -- First value of each piece.
    lasts double precision[],  -- Last value of each piece.
    split smallint,  -- Where the day of whoever wears the device begins: quarters of an hour since midnight UTC; null where that is not known, or at midnight UTC.
    head double precision[],  -- What lies before that: count, below, above, sum, least, greatest, first, last.
    tail double precision[],  -- The same of what lies after it.
    CONSTRAINT rollup_day_pkey PRIMARY KEY (series_id, day, is_archived),  -- A series has one row a day and tier.
    CONSTRAINT rollup_day_series_fkey FOREIGN KEY (series_id) REFERENCES signal.series(series_id) ON DELETE CASCADE,  -- Add the series first; what it measured goes with it.
    CONSTRAINT rollup_day_counts_are_some CHECK (((count >= 0) AND (below >= 0) AND (above >= 0) AND (((count + below) + above) > 0))),  -- A row counts at least one sample.
    CONSTRAINT rollup_day_halves_are_whole CHECK ((((split IS NULL) = (head IS NULL)) AND ((split IS NULL) = (tail IS NULL)) AND (cardinality(head) = 8) AND (cardinality(tail) = 8))),  -- Where a day is parted, each part has eight numbers.
    CONSTRAINT rollup_day_pieces_have_one_length CHECK ((COALESCE((cardinality(counts) > 1), true) AND (NOT (COALESCE(cardinality(quarters), cardinality(counts)) IS DISTINCT FROM cardinality(counts))) AND (NOT (COALESCE(cardinality(belows), cardinality(counts)) IS DISTINCT FROM cardinality(counts))) AND (NOT (COALESCE(cardinality(aboves), cardinality(counts)) IS DISTINCT FROM cardinality(counts))) AND (NOT (cardinality(sums) IS DISTINCT FROM cardinality(counts))) AND (NOT (cardinality(leasts) IS DISTINCT FROM cardinality(counts))) AND (NOT (cardinality(greatests) IS DISTINCT FROM cardinality(counts))) AND (NOT (cardinality(firsts) IS DISTINCT FROM cardinality(counts))) AND (NOT (cardinality(lasts) IS DISTINCT FROM cardinality(counts))))),  -- Each array has one element a piece, and none is there for one piece.
    CONSTRAINT rollup_day_quarter_is_of_a_day CHECK ((((first_quarter >= 0) AND (first_quarter <= 95)) AND ((split >= 1) AND (split <= 95))))  -- A day has 96 quarters of an hour.
) WITH (toast_tuple_target=128);
GRANT DELETE, INSERT, SELECT, UPDATE ON signal.rollup_day TO healthtrack_ingest;
GRANT DELETE, INSERT, SELECT, UPDATE ON signal.rollup_day TO healthtrack_migrator;
GRANT DELETE, INSERT, SELECT, UPDATE ON signal.rollup_day TO healthtrack_roller;

-- How far rollups have come: one row.
CREATE TABLE signal.rollup_place (
    closed_until timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,  -- Up to which start of a sample blocks are rolled up.
    change bigint DEFAULT 0 NOT NULL,  -- Up to which place in the feed of changes that is true.
    only_one boolean DEFAULT true NOT NULL,  -- Always true: a database has one place.
    CONSTRAINT rollup_place_pkey PRIMARY KEY (only_one),  -- There is one place.
    CONSTRAINT rollup_place_is_one CHECK (only_one)  -- There is one place.
);
GRANT DELETE, INSERT, SELECT, UPDATE ON signal.rollup_place TO healthtrack_migrator;
GRANT SELECT ON signal.rollup_place TO healthtrack_roller;
GRANT SELECT, UPDATE ON signal.rollup_place TO healthtrack_ingest;

-- Days of series whose blocks have changed since they were rolled up.
CREATE TABLE signal.rollup_stale (
    failed_at timestamp with time zone,  -- When they could not be rolled up, as where a block cannot be read; null where nobody has tried.
    series_id integer NOT NULL,  -- Which series: signal.series, unless it was erased since.
    day date NOT NULL,  -- Which UTC day.
    CONSTRAINT rollup_stale_pkey PRIMARY KEY (series_id, day)  -- This is known already.
);
GRANT DELETE, INSERT, SELECT, UPDATE ON signal.rollup_stale TO healthtrack_ingest;
GRANT DELETE, INSERT, SELECT, UPDATE ON signal.rollup_stale TO healthtrack_migrator;
GRANT DELETE, INSERT, SELECT, UPDATE ON signal.rollup_stale TO healthtrack_roller;

-- Live files of the archive whose samples are not rolled up yet.
CREATE TABLE signal.rollup_due (
    first_on date NOT NULL,  -- First UTC day of its samples.
    last_on date NOT NULL,  -- Last UTC day of its samples.
    metric text NOT NULL,  -- What was measured: signal.metric.name.
    name text NOT NULL,  -- Which file: signal.archive_file.
    CONSTRAINT rollup_due_pkey PRIMARY KEY (name),  -- This file is due already.
    CONSTRAINT rollup_due_file_fkey FOREIGN KEY (name) REFERENCES signal.archive_file(name) ON DELETE CASCADE  -- Record the file first.
);
GRANT DELETE, INSERT, SELECT ON signal.rollup_due TO healthtrack_roller;
GRANT DELETE, INSERT, SELECT, UPDATE ON signal.rollup_due TO healthtrack_migrator;
GRANT SELECT ON signal.rollup_due TO healthtrack_ingest;

-- How far rollups can be trusted: one row.
--   closed_until: Up to which start of a sample; -infinity where the feed of changes does not go back far enough.
--   change: As of which place in the feed of changes.
--   is_kept: Whether the feed goes back to that place.
CREATE VIEW signal.rollup_horizon AS
 SELECT
        CASE
            WHEN kept.is_kept THEN rollup_place.closed_until
            ELSE '-infinity'::timestamp with time zone
        END AS closed_until,
    rollup_place.change,
    kept.is_kept
   FROM (signal.rollup_place
     CROSS JOIN LATERAL ( SELECT (COALESCE(( SELECT (b.first_change = (place.change + 1))
                   FROM signal.change_batch b
                  WHERE (b.last_change > place.change)
                  ORDER BY b.last_change
                 LIMIT 1), true) OR (EXISTS ( SELECT
                   FROM signal.change_batch b
                  WHERE (b.last_change = place.change)))) AS is_kept
           FROM ( SELECT rollup_place.change) place) kept);
GRANT SELECT ON signal.rollup_horizon TO healthtrack_ingest;
GRANT SELECT ON signal.rollup_horizon TO healthtrack_migrator;
GRANT SELECT ON signal.rollup_horizon TO healthtrack_roller;

-- The newest sample of each series, hot or archived.
--   device_id: What measured.
--   metric: What was measured, by its name in the catalogue.
--   statistic: What the value says about many measurements; null for a plain measurement.
--   start_at: When it was measured, or when its interval began.
--   end_at: When its interval ended; null for an instant.
--   value: The value in unit; null for a coded metric, and where it lies beyond the sensor's range.
--   code: The code of a coded metric; null for a numeric one.
--   unit: UCUM unit of the value.
--   flags: What is known against it: unlikely_value, time_assumed, below_range, above_range, before_device; empty where nothing is.
CREATE VIEW signal.last AS
 SELECT device.device_id,
    metric.name AS metric,
    series.statistic,
    newest.start_at,
    (newest.start_at + ((newest.span_us)::double precision * '00:00:00.000001'::interval)) AS end_at,
        CASE
            WHEN ((metric.codes IS NULL) AND (((newest.flags)::integer & 12) = 0)) THEN newest.value
            ELSE NULL::double precision
        END AS value,
    metric.codes[((newest.value)::integer + 1)] AS code,
    metric.unit,
        CASE
            WHEN (newest.flags = 0) THEN '{}'::text[]
            ELSE array_remove(ARRAY[
            CASE
                WHEN (((newest.flags)::integer & 1) <> 0) THEN 'unlikely_value'::text
                ELSE NULL::text
            END,
            CASE
                WHEN (((newest.flags)::integer & 2) <> 0) THEN 'time_assumed'::text
                ELSE NULL::text
            END,
            CASE
                WHEN (((newest.flags)::integer & 4) <> 0) THEN 'below_range'::text
                ELSE NULL::text
            END,
            CASE
                WHEN (((newest.flags)::integer & 8) <> 0) THEN 'above_range'::text
                ELSE NULL::text
            END,
            CASE
                WHEN (((newest.flags)::integer & 16) <> 0) THEN 'before_device'::text
                ELSE NULL::text
            END], NULL::text)
        END AS flags
   FROM ((((signal.series
     JOIN signal.device USING (device_key))
     JOIN signal.metric USING (metric_id))
     LEFT JOIN LATERAL ( SELECT block.stop_at AS start_at,
            COALESCE(block.span_us, block.spans_us[cardinality(block."values")]) AS span_us,
            block."values"[cardinality(block."values")] AS value,
            COALESCE(block.flags[cardinality(block."values")], (0)::smallint) AS flags
           FROM signal.block
          WHERE ((block.series_id = series.series_id) AND (block.start_at >= signal.recent_from()))
          ORDER BY block.start_at DESC
         LIMIT 1) recent ON (true))
     CROSS JOIN LATERAL ( SELECT either.start_at,
            either.span_us,
            either.value,
            either.flags
           FROM ( SELECT recent.start_at,
                    recent.span_us,
                    recent.value,
                    recent.flags
                  WHERE (recent.start_at IS NOT NULL)
                UNION ALL
                 SELECT older.start_at,
                    older.span_us,
                    older.value,
                    older.flags
                   FROM (( SELECT (COALESCE((series.series_id = ANY (( SELECT signal.changed_series(signal.recent_from()) AS changed_series)::integer[])), true) OR (EXISTS ( SELECT
                                   FROM signal.rollup_stale stale
                                  WHERE (stale.series_id = series.series_id)))) AS is_changed,
                            ( SELECT kept.day
                                   FROM signal.rollup_day kept
                                  WHERE ((kept.series_id = series.series_id) AND (NOT kept.is_archived))
                                  ORDER BY kept.day DESC
                                 LIMIT 1) AS rolled_on
                         OFFSET 0) known
                     CROSS JOIN LATERAL signal.newest_within(series.series_id,
                        CASE
                            WHEN known.is_changed THEN '-infinity'::timestamp with time zone
                            ELSE ((known.rolled_on)::timestamp without time zone AT TIME ZONE 'UTC'::text)
                        END,
                        CASE
                            WHEN known.is_changed THEN signal.recent_from()
                            ELSE LEAST(signal.recent_from(), (((known.rolled_on + 1))::timestamp without time zone AT TIME ZONE 'UTC'::text))
                        END) older(start_at, span_us, value, flags))
                  WHERE (recent.start_at IS NULL)
                UNION ALL
                ( SELECT kept.last_at,
                    kept.last_span_us,
                    kept.last_value,
                    kept.last_flags
                   FROM signal.rollup_day kept
                  WHERE ((kept.series_id = series.series_id) AND kept.is_archived AND (kept.last_at IS NOT NULL))
                  ORDER BY kept.day DESC
                 LIMIT 1)) either
          ORDER BY either.start_at DESC
         LIMIT 1) newest);
GRANT SELECT ON signal.last TO healthtrack_ingest;
GRANT SELECT ON signal.last TO healthtrack_migrator;
GRANT SELECT ON signal.last TO healthtrack_roller;

-- What each series measured on each UTC day, but for days of files that await their first rollup (signal.rollup_due); for another zone, or hours, ask signal.rollup().
--   day: UTC day on which the samples begin.
--   device_id: What measured.
--   metric: What was measured, by its name in the catalogue.
--   statistic: What the value says about many measurements; null for a plain measurement.
--   count: How many values, bounds apart.
--   sum: Their sum; null for a coded metric, as are the numbers after it.
--   mean: Their mean.
--   least: The least.
--   greatest: The greatest.
--   first: The first.
--   last: The last.
--   below: How many samples lay below what the sensor can tell.
--   above: How many samples lay above what the sensor can tell.
--   first_code: The first code of a coded metric.
--   last_code: The last code of a coded metric.
--   unit: UCUM unit of the values.
--   is_settled: False where late samples of an archived day are in it, or a range of one was replaced, which the next roll compares with the archive, and where a file of the archive is not rolled up yet.
CREATE VIEW signal.daily AS
 SELECT total.day,
    device.device_id,
    metric.name AS metric,
    series.statistic,
    total.count,
        CASE
            WHEN (metric.codes IS NULL) THEN total.sum
            ELSE NULL::double precision
        END AS sum,
        CASE
            WHEN (metric.codes IS NULL) THEN (total.sum / (NULLIF(total.count, 0))::double precision)
            ELSE NULL::double precision
        END AS mean,
        CASE
            WHEN (metric.codes IS NULL) THEN total."least"
            ELSE NULL::double precision
        END AS "least",
        CASE
            WHEN (metric.codes IS NULL) THEN total."greatest"
            ELSE NULL::double precision
        END AS "greatest",
        CASE
            WHEN (metric.codes IS NULL) THEN total.first[2]
            ELSE NULL::double precision
        END AS first,
        CASE
            WHEN (metric.codes IS NULL) THEN total.last[2]
            ELSE NULL::double precision
        END AS last,
    total.below,
    total.above,
    metric.codes[((total.first[2])::integer + 1)] AS first_code,
    metric.codes[((total.last[2])::integer + 1)] AS last_code,
    metric.unit,
    (total.is_settled AND (NOT (EXISTS ( SELECT
           FROM signal.rollup_due due
          WHERE ((due.metric = metric.name) AND ((total.day >= due.first_on) AND (total.day <= due.last_on)))))) AND (NOT (EXISTS ( SELECT
           FROM (signal.replaced_range range
             JOIN signal.archive_file file ON (((file.superseded_at IS NULL) AND (file.revised_to < range.range_id))))
          WHERE ((range.series_id = total.series_id) AND (range.to_at > ((total.day)::timestamp without time zone AT TIME ZONE 'UTC'::text)) AND (range.from_at < (((total.day + 1))::timestamp without time zone AT TIME ZONE 'UTC'::text)) AND (file.metric = metric.name) AND (file.day = total.day)))))) AS is_settled
   FROM (((( SELECT part.series_id,
            part.day,
            sum(part.count) AS count,
            sum(part.below) AS below,
            sum(part.above) AS above,
            sum(part.sum) AS sum,
            min(part."least") AS "least",
            max(part."greatest") AS "greatest",
            min(ARRAY[(part.first_quarter)::double precision, part.first]) FILTER (WHERE (part.count > 0)) AS first,
            max(ARRAY[(part.last_quarter)::double precision, part.last]) FILTER (WHERE (part.count > 0)) AS last,
            (bool_and(part.is_archived) = bool_or(part.is_archived)) AS is_settled
           FROM ( SELECT closed.series_id,
                    closed.day,
                    closed.count,
                    closed.below,
                    closed.above,
                    closed.sum,
                    closed."least",
                    closed."greatest",
                    closed.first_quarter,
                    closed.first,
                    closed.last,
                    closed.is_archived,
                    COALESCE((closed.quarters[cardinality(closed.counts)])::integer, ((closed.first_quarter + COALESCE(cardinality(closed.counts), 1)) - 1)) AS last_quarter
                   FROM signal.rollup_day closed
                  WHERE (closed.is_archived OR (( SELECT rollup_horizon.is_kept
                           FROM signal.rollup_horizon) AND (NOT ((closed.series_id, closed.day) IN ( SELECT unsettled_rollups.series_id,
                            unsettled_rollups.day
                           FROM signal.unsettled_rollups() unsettled_rollups(series_id, day))))))
                UNION ALL
                 SELECT open_rollups.series_id,
                    open_rollups.day,
                    open_rollups.count,
                    open_rollups.below,
                    open_rollups.above,
                    open_rollups.sum,
                    open_rollups."least",
                    open_rollups."greatest",
                    open_rollups.first_quarter,
                    open_rollups.first,
                    open_rollups.last,
                    false,
                    COALESCE((open_rollups.quarters[cardinality(open_rollups.counts)])::integer, ((open_rollups.first_quarter + COALESCE(cardinality(open_rollups.counts), 1)) - 1)) AS "coalesce"
                   FROM signal.open_rollups() open_rollups(last_at, last_span_us, last_value, sum, "least", "greatest", first, last, series_id, day, count, below, above, last_flags, first_quarter, is_archived, quarters, counts, belows, aboves, sums, leasts, greatests, firsts, lasts, split, head, tail)) part
          GROUP BY part.series_id, part.day) total
     JOIN signal.series USING (series_id))
     JOIN signal.device USING (device_key))
     JOIN signal.metric USING (metric_id));
GRANT SELECT ON signal.daily TO healthtrack_ingest;
GRANT SELECT ON signal.daily TO healthtrack_migrator;
GRANT SELECT ON signal.daily TO healthtrack_roller;

-- Which chunks have had the small blocks of days that are over joined, and what that did.
CREATE TABLE signal.compaction (
    from_at timestamp with time zone NOT NULL,  -- Where the chunk begins.
    compacted_at timestamp with time zone NOT NULL,  -- When it was last looked at.
    written bigint NOT NULL,  -- Rows that the server had ever counted into the chunk when that look began; -1 where some of its days were not over.
    blocks_before bigint NOT NULL,  -- Blocks that were joined so far.
    blocks_after bigint NOT NULL,  -- Blocks that took their place.
    shard text NOT NULL,  -- Whose series: signal.ingest_shard.
    CONSTRAINT compaction_pkey PRIMARY KEY (shard, from_at),
    CONSTRAINT compaction_shard_fkey FOREIGN KEY (shard) REFERENCES signal.ingest_shard(shard),
    CONSTRAINT compaction_makes_fewer_blocks CHECK (((blocks_after >= 0) AND (blocks_after <= blocks_before)))
);
GRANT DELETE, INSERT, SELECT, UPDATE ON signal.compaction TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON signal.compaction TO healthtrack_ingest;

-- The archive of this database: one row once the first roll has begun.
CREATE TABLE signal.archive (
    made_at timestamp with time zone NOT NULL,  -- When it was begun.
    archive_id uuid NOT NULL,  -- What the mark in the archive must say.
    only_one boolean DEFAULT true NOT NULL,  -- Always true: a database has one archive.
    verified_at timestamp with time zone,  -- When every file was last read and found to be what was recorded; null until then.
    CONSTRAINT archive_pkey PRIMARY KEY (archive_id),
    CONSTRAINT archive_is_one UNIQUE (only_one),
    CONSTRAINT archive_only_one_is_true CHECK (only_one)
);
GRANT DELETE, INSERT, SELECT, UPDATE ON signal.archive TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON signal.archive TO healthtrack_roller;
GRANT SELECT ON signal.archive TO healthtrack_ingest;

-- Which state of the archive this database knows: one row once the archive is claimed.
CREATE TABLE signal.archive_claim (
    moved_at timestamp with time zone NOT NULL,  -- When a nonce was last announced or settled.
    nonce uuid,  -- What the claim in the archive says; null until it was first written.
    next_nonce uuid,  -- What the claim may say already: announced by a roll that has not settled it, maybe since it was killed.
    only_one boolean DEFAULT true NOT NULL,  -- Always true: a database has one archive.
    CONSTRAINT archive_claim_pkey PRIMARY KEY (only_one),
    CONSTRAINT archive_claim_has_a_nonce CHECK ((num_nonnulls(nonce, next_nonce) > 0)),
    CONSTRAINT archive_claim_only_one_is_true CHECK (only_one)
);
GRANT DELETE, INSERT, SELECT, UPDATE ON signal.archive_claim TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON signal.archive_claim TO healthtrack_roller;
GRANT SELECT ON signal.archive_claim TO healthtrack_ingest;

-- Manifest: the files of the archive, one live file a metric and day.
CREATE TABLE signal.archive_file (
    written_at timestamp with time zone NOT NULL,  -- When it became part of the archive.
    superseded_at timestamp with time zone,  -- When a newer generation took its place; null while it is live.
    removed_at timestamp with time zone,  -- When the superseded file was deleted; null while it is there.
    first_start_at timestamp with time zone NOT NULL,  -- Start of its earliest sample.
    last_start_at timestamp with time zone NOT NULL,  -- Start of its latest sample.
    rows bigint NOT NULL,  -- How many samples it holds.
    bytes bigint NOT NULL,  -- How long it is.
    day date NOT NULL,  -- UTC day on which its samples begin.
    generation integer NOT NULL,  -- Which version of that metric and day it is, from 1.
    metric text NOT NULL,  -- What was measured: signal.metric.name.
    name text NOT NULL,  -- Where it lies in the archive; a superseded file lies under superseded/.
    key_id text,  -- Which key opens it; null for a plain file.
    content text NOT NULL,  -- Sum over its rows, by which they are proved to be the ones that were written.
    sha256 bytea NOT NULL,  -- SHA-256 of its bytes.
    wear_change_id bigint DEFAULT 0 NOT NULL,  -- The last care.wear_change that was known when its subjects were decided.
    subject_key_id text,  -- Which key made its pseudonyms; null where none was given, and subject_id is null throughout.
    recorded_by xid8 DEFAULT pg_current_xact_id() NOT NULL,  -- Which transaction of this cluster recorded it.
    schema_version smallint DEFAULT 1 NOT NULL,  -- Which columns it has: 1 without flags, utc_offset_minutes, received_at and revision, 2 with them.
    revised_to bigint DEFAULT 0 NOT NULL,  -- It knows all that was superseded and replaced of its metric and day up to this superseded_id and range_id; 0 where it knows of nothing.
    CONSTRAINT archive_file_pkey PRIMARY KEY (metric, day, generation),
    CONSTRAINT archive_file_name_is_unique UNIQUE (name),
    CONSTRAINT archive_file_metric_fkey FOREIGN KEY (metric) REFERENCES signal.metric(name),
    CONSTRAINT archive_file_digests_are_whole CHECK (((octet_length(sha256) = 32) AND (content ~ '^[0-9a-f]{32}$'::text))),
    CONSTRAINT archive_file_generation_is_positive CHECK ((generation > 0)),
    CONSTRAINT archive_file_is_not_empty CHECK (((rows > 0) AND (bytes > 0))),
    CONSTRAINT archive_file_is_removed_after_it_is_superseded CHECK ((removed_at >= superseded_at)),
    CONSTRAINT archive_file_lies_on_its_day CHECK (((((first_start_at AT TIME ZONE 'UTC'::text))::date = day) AND (((last_start_at AT TIME ZONE 'UTC'::text))::date = day))),
    CONSTRAINT archive_file_live_is_kept CHECK (((removed_at IS NULL) OR (superseded_at IS NOT NULL))),
    CONSTRAINT archive_file_revised_to_is_not_negative CHECK ((revised_to >= 0)),  -- What a file knows of revisions is counted from 0.
    CONSTRAINT archive_file_schema_version_is_positive CHECK ((schema_version > 0)),  -- Versions of the files' columns count from 1.
    CONSTRAINT archive_file_times_are_forward CHECK ((last_start_at >= first_start_at)),
    CONSTRAINT archive_file_wear_change_is_not_negative CHECK ((wear_change_id >= 0))
);
CREATE UNIQUE INDEX archive_file_is_live_once ON signal.archive_file USING btree (metric, day) WHERE (superseded_at IS NULL);
CREATE TRIGGER archive_file_is_rolled_up AFTER INSERT OR UPDATE OF superseded_at ON signal.archive_file FOR EACH ROW EXECUTE FUNCTION signal.note_rollup_due();  -- Trigger after a file is recorded or superseded: notes that its samples are to be rolled up, or no longer.
CREATE TRIGGER archive_file_stays_as_recorded BEFORE INSERT OR DELETE OR UPDATE ON signal.archive_file FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION signal.keep_file_as_recorded();  -- Trigger before a file is recorded, changes or goes: notes which transaction recorded it, lets it end once, and refuses the rest to everybody but the owner.
CREATE CONSTRAINT TRIGGER archive_file_stays_under_hold AFTER UPDATE OF superseded_at ON signal.archive_file DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (((old.superseded_at IS NULL) AND (new.superseded_at IS NOT NULL) AND (NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text)))) EXECUTE FUNCTION signal.check_file_under_hold();  -- Trigger at the end of a transaction: a file of a time in which somebody under legal hold wore something has a live successor, or is counted by the proof of an erasure of somebody else, or all of it was noted as superseded.
GRANT DELETE, INSERT, SELECT, UPDATE ON signal.archive_file TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON signal.archive_file TO healthtrack_roller;
GRANT SELECT ON signal.archive_file TO healthtrack_ingest;

-- Proof of erasures: what was asked, when, by whom, and how much went; never what it was.
CREATE TABLE signal.erasure (
    erasure_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,  -- Number for an operator to name.
    begun_at timestamp with time zone NOT NULL,  -- When it was begun.
    ended_at timestamp with time zone,  -- When nothing was left; null while it is under way, or was killed and must be run again.
    blocks bigint DEFAULT 0 NOT NULL,  -- Blocks of the hot table that were removed, or cut.
    hot_samples bigint DEFAULT 0 NOT NULL,  -- Samples that went with them.
    archived_samples bigint DEFAULT 0 NOT NULL,  -- Samples that live files held; late ones may be among hot_samples too.
    files bigint DEFAULT 0 NOT NULL,  -- Live files that were replaced, or ended where nothing else was in them.
    deleted_files bigint DEFAULT 0 NOT NULL,  -- Superseded files that were deleted since they might have held some.
    quarantine_rows bigint DEFAULT 0 NOT NULL,  -- Rows of signal.quarantine that were removed.
    directory_rows bigint DEFAULT 0 NOT NULL,  -- Rows of signal.device, signal.series, care.wear and access.data_key that were removed.
    device_sha256 text,  -- SHA-256 of the device's name, in hexadecimal digits; null for another kind of erasure.
    requested_by text NOT NULL,  -- Database user who began it.
    before_on date,  -- Retention: files of days before this one went, but for days on which somebody under legal hold wore anything; null for another kind of erasure.
    patient_sha256 text,  -- SHA-256 of the patient's uuid as text, in hexadecimal digits; null for another kind of erasure.
    CONSTRAINT erasure_pkey PRIMARY KEY (erasure_id),
    CONSTRAINT erasure_counts_are_not_negative CHECK ((LEAST(blocks, hot_samples, archived_samples, files, deleted_files, quarantine_rows, directory_rows) >= 0)),
    CONSTRAINT erasure_digest_is_whole CHECK ((device_sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT erasure_is_of_one_kind CHECK ((num_nonnulls(device_sha256, patient_sha256, before_on) = 1)),
    CONSTRAINT erasure_patient_digest_is_whole CHECK ((patient_sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT erasure_times_are_forward CHECK ((ended_at >= begun_at))
);
CREATE UNIQUE INDEX erasure_is_open_once ON signal.erasure USING btree (device_sha256) WHERE (ended_at IS NULL);
CREATE UNIQUE INDEX erasure_of_a_patient_is_open_once ON signal.erasure USING btree (patient_sha256) WHERE (ended_at IS NULL);
CREATE TRIGGER erasure_is_only_added_to BEFORE DELETE OR UPDATE ON signal.erasure FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION signal.keep_proof();  -- Trigger before a proof of erasure changes or goes: its counts rise until it ends, and nothing else of it changes.
GRANT DELETE, INSERT, SELECT, UPDATE ON signal.erasure TO healthtrack_migrator;
GRANT DELETE, INSERT, SELECT, UPDATE ON signal.erasure TO healthtrack_roller;
GRANT SELECT ON signal.erasure TO healthtrack_ingest;

-- Gives a device to a patient from a moment on; refused while somebody wears it.
CREATE OR REPLACE FUNCTION care.assign_device(device text, patient uuid, at timestamp with time zone DEFAULT now())
 RETURNS uuid
 LANGUAGE plpgsql
AS $function$
DECLARE
    found_key integer := care.lock_device(device);
    made      uuid;
BEGIN
    INSERT INTO care.wear (patient_id, device_key, worn_during) VALUES (patient, found_key, tstzrange(at, NULL))
    RETURNING wear_id INTO made;
    RETURN made;
END $function$;

-- What care.insight_samples shows, to an analyst.
CREATE OR REPLACE FUNCTION care.blurred_means()
 RETURNS TABLE(metric text, month date, age_band text, sex text, patients bigint, mean numeric, deviation numeric, unit text)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT cell.metric, cell.month, cell.age_band, cell.sex, care.safe_count(cell.n),
           round((cell.mean + care.blur('mean ' || cell.name, cell.people) * cell.deviation / sqrt(cell.n))::numeric, 1),
           round((cell.deviation * (1 + care.blur('deviation ' || cell.name, cell.people) / sqrt(2 * cell.n)))::numeric, 1),
           cell.unit
    FROM (
        SELECT person.metric, person.unit, person.month, person.age_band, person.sex, count(*) AS n,
               avg(person.mean) AS mean,
               -- People who are all alike would else have no error at all.
               greatest(stddev_samp(person.mean), abs(avg(person.mean)) / 50) AS deviation,
               array_agg(person.patient_id ORDER BY person.patient_id) AS people,
               concat_ws(' ', person.metric, person.month, person.age_band, person.sex, '') AS name
        FROM (
            SELECT m.name AS metric, m.unit, date_trunc('month', b.start_at AT TIME ZONE 'UTC')::date AS month,
                   care.age_band(p.born_during, b.start_at::date) AS age_band, p.sex, p.patient_id, avg(value) AS mean
            FROM signal.block b
            JOIN signal.series s USING (series_id)
            JOIN signal.metric m USING (metric_id)
            JOIN care.wear w ON w.device_key = s.device_key AND w.worn_during @> b.start_at AND w.worn_during @> b.stop_at
            JOIN care.patient p ON p.patient_id = w.patient_id
            CROSS JOIN LATERAL unnest(b.values) AS value
            WHERE (SELECT access.is_analyst()) AND m.codes IS NULL AND s.statistic IS NULL
              AND b.start_at < date_trunc('month', now(), 'UTC')
            GROUP BY m.name, m.unit, 3, 4, p.sex, p.patient_id
        ) AS person
        GROUP BY person.metric, person.unit, person.month, person.age_band, person.sex HAVING count(*) >= 11
    ) AS cell
$function$;
REVOKE EXECUTE ON FUNCTION care.blurred_means() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.blurred_means() TO healthtrack_analyst, healthtrack_care;

-- Trigger before a wear is made or changed through the portal: no time in which something was measured, or somebody else wore the device, changes hands.
CREATE OR REPLACE FUNCTION care.check_wear_change()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    was  constant tstzmultirange := CASE TG_OP WHEN 'UPDATE' THEN tstzmultirange(OLD.worn_during) ELSE '{}' END;
    is_now constant tstzmultirange := tstzmultirange(NEW.worn_during);
    past constant tstzmultirange := ((was - is_now) + (is_now - was)) * tstzmultirange(tstzrange(NULL, now()));
    piece tstzrange;
BEGIN
    FOR piece IN SELECT unnest(past) LOOP
        IF (lower(piece) >= now() - make_interval(hours => access.cap_of('wear_changed_back_hours'))) IS NOT TRUE
           OR EXISTS (SELECT FROM care.wear w WHERE w.device_key = NEW.device_key AND w.wear_id <> NEW.wear_id
                         AND w.worn_during && piece)
           OR EXISTS (SELECT FROM signal.series s JOIN signal.block b USING (series_id)
                      WHERE s.device_key = NEW.device_key AND b.start_at >= lower(piece) - INTERVAL '1 day'
                        AND b.start_at < upper(piece) AND b.stop_at >= lower(piece))
           OR EXISTS (SELECT FROM signal.series s JOIN signal.metric m USING (metric_id)
                      JOIN signal.archive_file f ON f.metric = m.name AND f.superseded_at IS NULL
                      WHERE s.device_key = NEW.device_key AND f.day >= (lower(piece) AT TIME ZONE 'UTC')::date
                        AND tstzrange(f.first_start_at, f.last_start_at, '[]') && piece)
        THEN
            PERFORM care.refuse('wear_changes_from_now_on',
                'Who wears a device can be said from now on; ask an operator to correct what was before.');
        END IF;
    END LOOP;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_wear_change() FROM PUBLIC;

-- Trigger before a device, a series of it or its description goes, or gets another name: refuses it to everybody but the owner where somebody under legal hold wore it.
CREATE OR REPLACE FUNCTION care.keep_device_under_hold()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    PERFORM FROM care.wear w JOIN care.patient p USING (patient_id)
    WHERE w.device_key = OLD.device_key ORDER BY p.patient_id FOR KEY SHARE OF p;
    IF EXISTS (SELECT FROM care.wear w JOIN care.patient p USING (patient_id)
               WHERE w.device_key = OLD.device_key AND p.legal_hold) THEN
        PERFORM care.refuse('device_stays_under_hold',
            'Somebody under legal hold wore this device: nothing of it is removed.');
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $function$;
REVOKE EXECUTE ON FUNCTION care.keep_device_under_hold() FROM PUBLIC;

-- Finds a device by its name and locks it until the transaction ends.
CREATE OR REPLACE FUNCTION care.lock_device(device text)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    found_key integer;
BEGIN
    SELECT d.device_key INTO found_key FROM signal.device d WHERE d.device_id = device FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM care.refuse('wear_device_fkey', 'Add the device first.');
    END IF;
    RETURN found_key;
END $function$;
REVOKE EXECUTE ON FUNCTION care.lock_device(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.lock_device(text) TO healthtrack_care, healthtrack_migrator;

-- Trigger at the end of a transaction: notes which time may have another wearer now.
CREATE OR REPLACE FUNCTION care.note_wear_change()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    changed tstzrange[] := ARRAY[]::tstzrange[];
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.patient_id, NEW.device_key) = (OLD.patient_id, OLD.device_key)
       AND NEW.worn_during && OLD.worn_during THEN
        changed := ARRAY[
            tstzrange(least(lower(OLD.worn_during), lower(NEW.worn_during)),
                      greatest(lower(OLD.worn_during), lower(NEW.worn_during))),
            tstzrange(least(coalesce(upper(OLD.worn_during), 'infinity'), coalesce(upper(NEW.worn_during), 'infinity')),
                      greatest(coalesce(upper(OLD.worn_during), 'infinity'), coalesce(upper(NEW.worn_during), 'infinity')))
        ];
    ELSE
        IF TG_OP <> 'INSERT' THEN changed := changed || OLD.worn_during; END IF;
        IF TG_OP <> 'DELETE' THEN changed := changed || NEW.worn_during; END IF;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('healthtrack.wear', 0));
    INSERT INTO care.wear_change (worn_during) SELECT piece FROM unnest(changed) AS piece WHERE NOT isempty(piece);
    RETURN NULL;
END $function$;

-- Trigger: keeps a record of each change of care.wear, and lets no wear move to another patient or device.
CREATE OR REPLACE FUNCTION care.record_wear()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF TG_OP = 'UPDATE' AND (OLD.patient_id, OLD.device_key) <> (NEW.patient_id, NEW.device_key) THEN
        PERFORM care.refuse('wear_stays_with_its_patient',
            'End this wear and begin another: a wear keeps its patient and its device.');
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.worn_during = NEW.worn_during THEN
        RETURN NULL;
    END IF;
    INSERT INTO care.wear_event (wear_id, patient_id, device_key, was_during, is_during, kind)
    SELECT coalesce(OLD.wear_id, NEW.wear_id), coalesce(OLD.patient_id, NEW.patient_id),
           coalesce(OLD.device_key, NEW.device_key), OLD.worn_during, NEW.worn_during,
           CASE TG_OP WHEN 'INSERT' THEN 'begun' WHEN 'DELETE' THEN 'removed'
                ELSE CASE WHEN upper_inf(OLD.worn_during) AND NOT upper_inf(NEW.worn_during)
                               AND lower(OLD.worn_during) = lower(NEW.worn_during)
                          THEN 'ended' ELSE 'corrected' END END;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.record_wear() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.record_wear() TO healthtrack_care, healthtrack_migrator;

-- Takes a device back from whoever wears it at a moment; gives that wear's key.
CREATE OR REPLACE FUNCTION care.return_device(device text, at timestamp with time zone DEFAULT now())
 RETURNS uuid
 LANGUAGE plpgsql
AS $function$
DECLARE
    found_key integer := care.lock_device(device);
    ended     uuid;
BEGIN
    UPDATE care.wear SET worn_during = tstzrange(lower(worn_during), at)
    WHERE device_key = found_key AND upper_inf(worn_during) AND lower(worn_during) < at
    RETURNING wear_id INTO ended;
    IF NOT FOUND THEN
        PERFORM care.refuse('wear_is_open', 'Nobody wears this device at that time.');
    END IF;
    RETURN ended;
END $function$;

-- Plain hot samples of one person and metric that begin in [from, to), from each device while it was worn. For functions that have asked who acts.
CREATE OR REPLACE FUNCTION care.worn_samples(patient_id uuid, metric text, "from" timestamp with time zone, "to" timestamp with time zone)
 RETURNS TABLE(wear_id uuid, worn_during tstzrange, start_at timestamp with time zone, value double precision)
 LANGUAGE sql
 STABLE
AS $function$
    SELECT wear.wear_id, wear.worn_during, found.start_at, found.value
    FROM care.wear
    JOIN signal.device USING (device_key)
    -- The asked time as it is, not cut to the wear: bounds that are known beforehand let chunks be left out.
    CROSS JOIN LATERAL signal.samples(device.device_id, $2, $3, $4) AS found
    WHERE wear.patient_id = $1 AND wear.worn_during && tstzrange($3, $4) AND wear.worn_during @> found.start_at
      AND found.statistic IS NULL AND found.value IS NOT NULL
$function$;
REVOKE EXECUTE ON FUNCTION care.worn_samples(uuid,text,timestamp with time zone,timestamp with time zone) FROM PUBLIC;

-- The LOINC codes and metrics that a chart of one of either draws.
CREATE OR REPLACE FUNCTION access.chart_codes(code text, OUT loincs text[], OUT metrics text[])
 RETURNS record
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF code ~ '^[0-9]' AND care.code_fits('loinc', code) THEN
        loincs := ARRAY[code];
        metrics := ARRAY(SELECT m.name FROM signal.metric m WHERE code = ANY (m.loinc) AND m.codes IS NULL ORDER BY m.name);
    ELSE
        SELECT m.loinc, ARRAY[m.name] INTO loincs, metrics FROM signal.metric m WHERE m.name = code AND m.codes IS NULL;
        IF metrics IS NULL THEN
            PERFORM access.refuse('chart_is_of_a_known_code', 'Choose a LOINC code, or a metric that is a number.');
        END IF;
    END IF;
END $function$;
REVOKE EXECUTE ON FUNCTION access.chart_codes(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.chart_codes(text) TO healthtrack_care;

-- The newest sample of each metric of a patient, from the devices worn at its time; none where the actor may not see samples.
CREATE OR REPLACE FUNCTION access.newest_vitals(patient uuid)
 RETURNS TABLE(device text, metric text, title text, measured_at timestamp with time zone, value double precision, code text, unit text)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
BEGIN
    IF access.reason_to_see(patient, 'samples') IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY SELECT DISTINCT ON (l.metric) l.device_id, l.metric, m.title, l.start_at, l.value, l.code, l.unit
    FROM care.wear w JOIN signal.device d USING (device_key) JOIN signal.last l ON l.device_id = d.device_id
    JOIN signal.metric m ON m.name = l.metric
    WHERE w.patient_id = patient AND w.worn_during @> l.start_at AND l.statistic IS NULL
    ORDER BY l.metric, l.start_at DESC, l.device_id;
END $function$;
REVOKE EXECUTE ON FUNCTION access.newest_vitals(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.newest_vitals(uuid) TO healthtrack_care;

-- People seen at a facility (no provider) and by each provider there whose glucose was measured for ten days of a month that is over, and how many were within 70 to 180 mg/dL for more than 70 % of the quarters of an hour.
CREATE OR REPLACE FUNCTION access.quality_time_in_range(facility uuid, month date)
 RETURNS TABLE(facility_id uuid, provider_id uuid, patients bigint, in_range_rate numeric)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET jit TO 'off'
AS $function$
    WITH seen AS MATERIALIZED (
        SELECT v.facility_id, v.provider_id, v.patient_id
        FROM access.seen_at(facility, (month - INTERVAL '11 months')::date, (month + INTERVAL '1 month')::date) AS v
        WHERE facility IS NOT NULL
    ), person AS (
        SELECT w.patient_id, sum(q.quarters) AS quarters, sum(q.in_range) AS in_range
        FROM (SELECT DISTINCT s.patient_id FROM seen s) AS who
        JOIN care.wear w ON w.patient_id = who.patient_id
        JOIN signal.series s ON s.device_key = w.device_key AND s.statistic IS NULL
        JOIN signal.metric m ON m.metric_id = s.metric_id AND m.name = 'interstitial_glucose'
        JOIN signal.rollup_day r ON r.series_id = s.series_id
            AND r.day >= month AND r.day < (month + INTERVAL '1 month')::date
            AND w.worn_during @> (r.day::timestamp AT TIME ZONE 'UTC')
            AND w.worn_during @> ((r.day + 1)::timestamp AT TIME ZONE 'UTC' - INTERVAL '1 microsecond')
        CROSS JOIN LATERAL (
            SELECT count(*) AS quarters, count(*) FILTER (WHERE p.n > 0 AND round(p.total / p.n) BETWEEN 70 AND 180) AS in_range
            FROM unnest(coalesce(r.counts, ARRAY[r.count]), coalesce(r.sums, ARRAY[r.sum])) AS p (n, total)) AS q
        GROUP BY w.patient_id HAVING sum(q.quarters) >= 960
    )
    SELECT v.facility_id, v.provider_id, care.safe_count(count(DISTINCT v.patient_id)),
           care.safe_rate(count(DISTINCT v.patient_id) FILTER (WHERE p.in_range > 0.7 * p.quarters), count(DISTINCT v.patient_id))
    FROM person p JOIN seen v USING (patient_id)
    WHERE (SELECT access.is_analyst()) AND month = date_trunc('month', month)::date
      AND month < date_trunc('month', now(), 'UTC')::date
    GROUP BY GROUPING SETS ((v.facility_id), (v.facility_id, v.provider_id))
    HAVING count(DISTINCT v.patient_id) >= 11
       AND (grouping(v.provider_id) = 1 OR (SELECT access.part()) IS DISTINCT FROM 'analyst')
$function$;
REVOKE EXECUTE ON FUNCTION access.quality_time_in_range(uuid,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.quality_time_in_range(uuid,date) TO healthtrack_care;

-- Patients in the actor's care who wear a device of which nothing was heard for longer than usual: when it was heard last, null where never, and since when it is worn.
CREATE OR REPLACE FUNCTION access.silent_devices()
 RETURNS TABLE(patient_id uuid, heard_at timestamp with time zone, worn_from timestamp with time zone)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
DECLARE
    -- Asked for once: an index is not searched by what may change while it is.
    own   constant uuid[]      := access.patients_in_care();
    since constant timestamptz := clock_timestamp() - INTERVAL '24 hours';
BEGIN
    RETURN QUERY
    WITH silent AS MATERIALIZED (
        SELECT w.patient_id, w.device_key, lower(w.worn_during) AS worn_from
        FROM care.wear w JOIN care.patient p USING (patient_id)
        WHERE w.patient_id = ANY (own) AND p.deceased_at IS NULL AND w.worn_during @> clock_timestamp()
          AND lower(w.worn_during) <= since
          -- A block lies on one day, and a sample of a day may be of its beginning.
          AND NOT EXISTS (SELECT FROM signal.series s JOIN signal.block b USING (series_id)
                          WHERE s.device_key = w.device_key AND b.start_at > since - INTERVAL '1 day' AND b.stop_at > since)
    ), heard AS MATERIALIZED (
        SELECT k.patient_id, k.device_key, k.worn_from, newest.heard_at
        FROM silent k LEFT JOIN LATERAL (
            SELECT max(coalesce(l.end_at, l.start_at)) AS heard_at
            FROM signal.device d JOIN signal.last l ON l.device_id = d.device_id
            WHERE d.device_key = k.device_key AND l.start_at >= k.worn_from) AS newest ON true
    )
    SELECT h.patient_id, max(h.heard_at), min(h.worn_from)
    FROM heard h CROSS JOIN LATERAL (
        SELECT count(DISTINCT r.day) AS days FROM signal.series s JOIN signal.rollup_day r USING (series_id)
        WHERE s.device_key = h.device_key AND r.day > h.heard_at::date - 28 AND r.day <= h.heard_at::date
          AND r.day >= h.worn_from::date) AS usual
    CROSS JOIN LATERAL (SELECT least(28, h.heard_at::date - h.worn_from::date + 1) AS days) AS worn
    WHERE coalesce(h.heard_at, h.worn_from) < clock_timestamp()
          - CASE WHEN h.heard_at IS NULL THEN INTERVAL '1 day'
                 ELSE INTERVAL '3 days' * worn.days / greatest(least(usual.days, worn.days), 1) END
    GROUP BY h.patient_id;
END $function$;
REVOKE EXECUTE ON FUNCTION access.silent_devices() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.silent_devices() TO healthtrack_care;

-- What a patient's devices measured in [from, to), by minutes (360 buckets), hours or days; none where the actor may not see samples.
CREATE OR REPLACE FUNCTION access.vitals(patient uuid, metrics text[], "from" timestamp with time zone, "to" timestamp with time zone, every text)
 RETURNS TABLE(device text, metric text, bucket_at timestamp with time zone, stop_at timestamp with time zone, count bigint, value double precision, lowest double precision, highest double precision, statistic text, unit text)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
BEGIN
    IF ("to" > "from" AND cardinality(metrics) <= 20 AND "to" <= "from" + CASE every WHEN 'minute' THEN INTERVAL '2 days'
            WHEN 'hour' THEN INTERVAL '93 days' WHEN 'day' THEN INTERVAL '3660 days' END) IS NOT TRUE THEN
        PERFORM access.refuse('vitals_are_asked_within_bounds',
                              'Ask for 20 metrics at most, and two days by minutes, 93 days by hours or ten years by days.');
    END IF;
    IF access.reason_to_see(patient, 'samples') IS NULL THEN
        RETURN;
    END IF;
    IF every = 'day' THEN
        RETURN QUERY SELECT w.device_id, w.metric, w.day_at, w.stop_at, w.count, w.value, w.lowest, w.highest, w.statistic, w.unit
        FROM access.worn_days(patient, metrics, "from", "to") AS w;
        RETURN;
    END IF;
    RETURN QUERY
    WITH told AS (
        SELECT * FROM access.worn_hours(patient, metrics, "from", "to") WHERE every = 'hour'
        UNION ALL
        SELECT * FROM access.worn_buckets(patient, metrics, "from", "to", greatest(("to" - "from") / 360, INTERVAL '1 second'))
        WHERE every = 'minute'
    )
    SELECT t.device, t.metric, t.bucket_at, t.stop_at, t.count, CASE WHEN added.up THEN t.total ELSE t.total / t.count END,
           t.lowest, t.highest, CASE WHEN added.up THEN 'sum' ELSE 'mean' END, m.unit
    FROM told t JOIN signal.metric m ON m.name = t.metric
    CROSS JOIN LATERAL (SELECT m.per_minute OR m.unit = 'min' AS up) AS added;
END $function$;
REVOKE EXECUTE ON FUNCTION access.vitals(uuid,text[],timestamp with time zone,timestamp with time zone,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.vitals(uuid,text[],timestamp with time zone,timestamp with time zone,text) TO healthtrack_care;

-- Plain samples of [from, to) from each device while a patient wore it, put together into buckets of one width; for functions that have asked who acts.
CREATE OR REPLACE FUNCTION access.worn_buckets(patient uuid, metrics text[], "from" timestamp with time zone, "to" timestamp with time zone, width interval)
 RETURNS TABLE(device text, metric text, bucket_at timestamp with time zone, stop_at timestamp with time zone, count bigint, total double precision, lowest double precision, highest double precision)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT d.device_id, wanted.name, place.begins, least(place.begins + width, "to"), count(*), sum(s.value), min(s.value), max(s.value)
    FROM care.wear w JOIN signal.device d USING (device_key) CROSS JOIN unnest(metrics) AS wanted (name)
    CROSS JOIN LATERAL signal.samples(d.device_id, wanted.name, greatest("from", lower(w.worn_during)),
                                      least("to", upper(w.worn_during))) AS s
    CROSS JOIN LATERAL (SELECT "from" + width * floor(extract(epoch FROM s.start_at - "from") / extract(epoch FROM width)) AS begins) AS place
    WHERE w.patient_id = patient AND w.worn_during && tstzrange("from", "to") AND s.statistic IS NULL AND s.value IS NOT NULL
    GROUP BY 1, 2, 3
$function$;
REVOKE EXECUTE ON FUNCTION access.worn_buckets(uuid,text[],timestamp with time zone,timestamp with time zone,interval) FROM PUBLIC;

-- Hours of [from, to) from each device while a patient wore it; for functions that have asked who acts.
CREATE OR REPLACE FUNCTION access.worn_hours(patient uuid, metrics text[], "from" timestamp with time zone, "to" timestamp with time zone)
 RETURNS TABLE(device text, metric text, bucket_at timestamp with time zone, stop_at timestamp with time zone, count bigint, total double precision, lowest double precision, highest double precision)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
DECLARE
    worn     record;
    whole_at timestamptz;
    part_at  timestamptz;
BEGIN
    FOR worn IN
        SELECT d.device_id, greatest("from", lower(w.worn_during)) AS from_at, least("to", upper(w.worn_during)) AS to_at
        FROM care.wear w JOIN signal.device d USING (device_key)
        WHERE w.patient_id = patient AND w.worn_during && tstzrange("from", "to")
    LOOP
        -- Hours that the device was worn from beginning to end are kept; what is beside them is added up.
        whole_at := date_trunc('hour', worn.from_at + INTERVAL '1 hour' - INTERVAL '1 microsecond', 'UTC');
        part_at := greatest(whole_at, date_trunc('hour', worn.to_at, 'UTC'));
        IF whole_at < part_at THEN
            RETURN QUERY
            SELECT told.device_id, told.metric, told.bucket_at, told.bucket_at + INTERVAL '1 hour', told.count, told.sum, told.least, told.greatest
            FROM signal.rollup(ARRAY[worn.device_id], metrics, 'hour', whole_at, part_at, 'UTC') AS told
            WHERE told.statistic IS NULL AND told.count > 0;
        END IF;
        RETURN QUERY
        SELECT worn.device_id, wanted.name, date_trunc('hour', s.start_at, 'UTC'), date_trunc('hour', s.start_at, 'UTC') + INTERVAL '1 hour',
               pg_catalog.count(*), sum(s.value), min(s.value), max(s.value)
        FROM unnest(metrics) AS wanted (name)
        CROSS JOIN (VALUES (worn.from_at, least(whole_at, worn.to_at)), (part_at, worn.to_at)) AS edge (from_at, to_at)
        CROSS JOIN LATERAL signal.samples(worn.device_id, wanted.name, edge.from_at, edge.to_at) AS s
        WHERE edge.from_at < edge.to_at AND s.statistic IS NULL AND s.value IS NOT NULL
        GROUP BY 2, 3;
    END LOOP;
END $function$;
REVOKE EXECUTE ON FUNCTION access.worn_hours(uuid,text[],timestamp with time zone,timestamp with time zone) FROM PUBLIC;

-- Quarters of an hour within [from, to) that went to the archive, from each device while a patient wore it; none where the actor may not see samples.
CREATE OR REPLACE FUNCTION access.worn_quarters(patient uuid, metric text, "from" timestamp with time zone, "to" timestamp with time zone)
 RETURNS TABLE(device text, quarter_at timestamp with time zone, count integer, below integer, above integer, total double precision, lowest double precision, highest double precision, first double precision, last double precision)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
BEGIN
    IF ("to" > "from" AND "to" <= "from" + INTERVAL '400 days') IS NOT TRUE THEN
        PERFORM access.refuse('samples_are_asked_for_by_metric_and_time',
                              'Name a metric and a period of 400 days at most.');
    END IF;
    IF access.reason_to_see(patient, 'samples') IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT d.device_id, place.begins, coalesce(piece.count, 0), coalesce(piece.below, 0), coalesce(piece.above, 0),
           piece.sum, piece.least, piece.greatest, piece.first, piece.last
    FROM care.wear w JOIN signal.device d USING (device_key) JOIN signal.series s USING (device_key)
    JOIN signal.metric m USING (metric_id)
    JOIN signal.rollup_day r USING (series_id)
    -- A day of one piece has its numbers only once.
    CROSS JOIN LATERAL (
        SELECT r.first_quarter::integer AS quarter, r.count, r.below, r.above, r.sum, r.least, r.greatest, r.first, r.last
        WHERE r.counts IS NULL
        UNION ALL
        SELECT coalesce(told.quarter, r.first_quarter + told.place - 1)::integer, told.count, told.below, told.above, told.sum,
               told.least, told.greatest, told.first, told.last
        FROM unnest(r.counts, r.quarters, r.belows, r.aboves, r.sums, r.leasts, r.greatests, r.firsts, r.lasts)
            WITH ORDINALITY AS told (count, quarter, below, above, sum, least, greatest, first, last, place)
        WHERE r.counts IS NOT NULL
    ) AS piece
    CROSS JOIN LATERAL (
        SELECT r.day::timestamp AT TIME ZONE 'UTC' + piece.quarter * INTERVAL '15 minutes' AS begins) AS place
    WHERE w.patient_id = patient AND m.name = worn_quarters.metric AND s.statistic IS NULL AND r.is_archived
      AND r.day BETWEEN ("from" AT TIME ZONE 'UTC')::date AND ("to" AT TIME ZONE 'UTC')::date
      AND tstzrange("from", "to") * w.worn_during @> tstzrange(place.begins, place.begins + INTERVAL '15 minutes')
      AND coalesce(piece.count, 0) + coalesce(piece.below, 0) + coalesce(piece.above, 0) > 0;
END $function$;
REVOKE EXECUTE ON FUNCTION access.worn_quarters(uuid,text,timestamp with time zone,timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.worn_quarters(uuid,text,timestamp with time zone,timestamp with time zone) TO healthtrack_care;

-- Hot samples of a patient and metric that begin in [from, to), from the devices worn at the time; none where the actor may not see them.
CREATE OR REPLACE FUNCTION access.worn_samples(patient uuid, metric text, "from" timestamp with time zone, "to" timestamp with time zone, rows_max integer)
 RETURNS TABLE(start_at timestamp with time zone, end_at timestamp with time zone, value double precision, statistic text, code text, unit text, device_id text, flags text[], utc_offset_minutes smallint, received_at timestamp with time zone, revision bigint)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF (metric ~ '^[a-z][a-z0-9_]{0,79}$' AND "to" > "from" AND "to" <= "from" + INTERVAL '400 days') IS NOT TRUE THEN
        PERFORM access.refuse('samples_are_asked_for_by_metric_and_time',
                              'Name a metric and a period of 400 days at most.');
    END IF;
    RETURN QUERY
        SELECT s.start_at, s.end_at, s.value, s.statistic, s.code, s.unit, s.device_id,
               s.flags, s.utc_offset_minutes, s.received_at, s.revision
        FROM care.wear w
        JOIN signal.device d USING (device_key)
        CROSS JOIN LATERAL signal.samples(d.device_id, worn_samples.metric,
            greatest(worn_samples."from", lower(w.worn_during)), least(worn_samples."to", upper(w.worn_during))) s
        WHERE w.patient_id = patient AND w.worn_during && tstzrange(worn_samples."from", worn_samples."to")
          AND access.reason_to_see(patient, 'samples') IS NOT NULL
        ORDER BY s.start_at, s.statistic, s.device_id LIMIT rows_max;
END $function$;
REVOKE EXECUTE ON FUNCTION access.worn_samples(uuid,text,timestamp with time zone,timestamp with time zone,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.worn_samples(uuid,text,timestamp with time zone,timestamp with time zone,integer) TO healthtrack_care;

-- Gives a device to a patient, who wears it from now on; gives the wear's key.
CREATE OR REPLACE FUNCTION api.give_device(token text, patient uuid, device text)
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
    answer := care.assign_device(device, patient, now());
    PERFORM access.note(me, 'create', patient, 'care.wear/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.give_device(text,uuid,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.give_device(text,uuid,text) TO healthtrack_portal;

-- Takes a device back, which nobody wears from now on; gives the key of the wear that ended.
CREATE OR REPLACE FUNCTION api.take_device_back(token text, device text)
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
    answer := care.return_device(device, now());
    PERFORM access.note(me, 'update', (SELECT w.patient_id FROM care.wear w WHERE w.wear_id = answer), 'care.wear/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.take_device_back(text,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.take_device_back(text,text) TO healthtrack_portal;

-- Appends a few blocks by the right of a lane, as begin_write has it; the gaps and values of all stand one behind another, and each block says where its own begin, from 1, and how many there are.
CREATE OR REPLACE FUNCTION signal.append_blocks(writer_shard text, writer_epoch bigint, ownership uuid, writer_lane integer, from_attempt bigint, to_attempt bigint, committed bigint[], revision bigint, starts timestamp with time zone[], stops timestamp with time zone[], ticks_us bigint[], spans_us bigint[], series_ids integer[], gaps_from integer[], values_from integer[], sizes integer[], all_gaps integer[], all_values double precision[])
 RETURNS boolean
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
BEGIN
    PERFORM FROM signal.ingest_shard WHERE shard = writer_shard AND epoch = writer_epoch FOR SHARE;
    IF NOT FOUND OR NOT signal.move_writer(ownership, writer_lane, from_attempt, to_attempt, committed, revision) THEN
        RETURN false;
    END IF;
    INSERT INTO signal.block (start_at, stop_at, tick_us, span_us, series_id, gaps, values)
    SELECT start_at, stop_at, tick_us, span_us, series_id,
           CASE WHEN gap_from IS NOT NULL THEN all_gaps[gap_from : gap_from + size - 1] END,
           all_values[value_from : value_from + size - 1]
    FROM unnest(starts, stops, ticks_us, spans_us, series_ids, gaps_from, values_from, sizes)
         AS few (start_at, stop_at, tick_us, span_us, series_id, gap_from, value_from, size);
    INSERT INTO signal.change_commit (entries, series_ids, first_ats, last_ats, counts)
    VALUES (cardinality(series_ids), series_ids, starts, stops, sizes);
    RETURN true;
END $function$;
REVOKE EXECUTE ON FUNCTION signal.append_blocks(text,bigint,uuid,integer,bigint,bigint,bigint[],bigint,timestamp with time zone[],timestamp with time zone[],bigint[],bigint[],integer[],integer[],integer[],integer[],integer[],double precision[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.append_blocks(text,bigint,uuid,integer,bigint,bigint,bigint[],bigint,timestamp with time zone[],timestamp with time zone[],bigint[],bigint[],integer[],integer[],integer[],integer[],integer[],double precision[]) TO healthtrack_ingest;

-- Appends a few blocks by the right of a lane, as begin_write has it; the gaps and values of all stand one behind another, and each block says where its own begin, from 1, and how many there are. The samples of a block came as its entries of the last three lists say.
CREATE OR REPLACE FUNCTION signal.append_blocks(writer_shard text, writer_epoch bigint, ownership uuid, writer_lane integer, from_attempt bigint, to_attempt bigint, committed bigint[], revision bigint, starts timestamp with time zone[], stops timestamp with time zone[], ticks_us bigint[], spans_us bigint[], series_ids integer[], gaps_from integer[], values_from integer[], sizes integer[], all_gaps integer[], all_values double precision[], received timestamp with time zone[], offsets_minutes smallint[], words bigint[])
 RETURNS boolean
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
BEGIN
    PERFORM FROM signal.ingest_shard WHERE shard = writer_shard AND epoch = writer_epoch FOR SHARE;
    IF NOT FOUND OR NOT signal.move_writer(ownership, writer_lane, from_attempt, to_attempt, committed, revision) THEN
        RETURN false;
    END IF;
    INSERT INTO signal.block (start_at, stop_at, tick_us, span_us, series_id, gaps, values, received_at,
                              utc_offset_minutes, revision)
    SELECT few.start_at, few.stop_at, few.tick_us, few.span_us, few.series_id,
           CASE WHEN few.gap_from IS NOT NULL THEN all_gaps[few.gap_from : few.gap_from + few.size - 1] END,
           all_values[few.value_from : few.value_from + few.size - 1], few.received_at, few.offset_minutes, few.word
    FROM unnest(starts, stops, ticks_us, spans_us, series_ids, gaps_from, values_from, sizes, received,
                offsets_minutes, words)
         AS few (start_at, stop_at, tick_us, span_us, series_id, gap_from, value_from, size, received_at,
                 offset_minutes, word);
    INSERT INTO signal.change_commit (entries, series_ids, first_ats, last_ats, counts)
    VALUES (cardinality(series_ids), series_ids, starts, stops, sizes);
    RETURN true;
END $function$;
REVOKE EXECUTE ON FUNCTION signal.append_blocks(text,bigint,uuid,integer,bigint,bigint,bigint[],bigint,timestamp with time zone[],timestamp with time zone[],bigint[],bigint[],integer[],integer[],integer[],integer[],integer[],double precision[],timestamp with time zone[],smallint[],bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.append_blocks(text,bigint,uuid,integer,bigint,bigint,bigint[],bigint,timestamp with time zone[],timestamp with time zone[],bigint[],bigint[],integer[],integer[],integer[],integer[],integer[],double precision[],timestamp with time zone[],smallint[],bigint[]) TO healthtrack_ingest;

-- Adds what begins in [from, to), which lies on one UTC day, to the rollups of that day, which end where it begins.
CREATE OR REPLACE FUNCTION signal.append_rollups("from" timestamp with time zone, "to" timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET jit TO 'off'
AS $function$
DECLARE
    ids  integer[];
    days date[];
BEGIN
    SELECT coalesce(array_agg(found.series_id), '{}') INTO ids
    FROM (SELECT DISTINCT b.series_id FROM signal.block b
          WHERE b.start_at >= date_trunc('day', $1, 'UTC') AND b.start_at < $2 AND b.stop_at >= $1) AS found;
    INSERT INTO signal.rollup_day AS r
    SELECT * FROM signal.pack_rollups(ids, array_fill($1, ARRAY[cardinality(ids)]), array_fill($2, ARRAY[cardinality(ids)]))
    ON CONFLICT (series_id, day, is_archived) DO UPDATE
    SET count = r.count + excluded.count, below = r.below + excluded.below, above = r.above + excluded.above,
        sum = coalesce(r.sum + excluded.sum, r.sum, excluded.sum), least = least(r.least, excluded.least),
        greatest = greatest(r.greatest, excluded.greatest), first = coalesce(r.first, excluded.first),
        last = coalesce(excluded.last, r.last),
        quarters = CASE
            WHEN r.quarters IS NOT NULL OR excluded.quarters IS NOT NULL
                 OR r.first_quarter + coalesce(cardinality(r.counts), 1) <> excluded.first_quarter
            THEN coalesce(r.quarters, ARRAY(SELECT generate_series(
                     r.first_quarter, r.first_quarter + coalesce(cardinality(r.counts), 1) - 1)::smallint))
                 || coalesce(excluded.quarters, ARRAY(SELECT generate_series(
                     excluded.first_quarter,
                     excluded.first_quarter + coalesce(cardinality(excluded.counts), 1) - 1)::smallint)) END,
        counts = coalesce(r.counts, ARRAY[r.count]) || coalesce(excluded.counts, ARRAY[excluded.count]),
        belows = CASE WHEN r.below + excluded.below > 0 THEN
            coalesce(r.belows, array_fill(r.below, ARRAY[coalesce(cardinality(r.counts), 1)]))
            || coalesce(excluded.belows,
                        array_fill(excluded.below, ARRAY[coalesce(cardinality(excluded.counts), 1)])) END,
        aboves = CASE WHEN r.above + excluded.above > 0 THEN
            coalesce(r.aboves, array_fill(r.above, ARRAY[coalesce(cardinality(r.counts), 1)]))
            || coalesce(excluded.aboves,
                        array_fill(excluded.above, ARRAY[coalesce(cardinality(excluded.counts), 1)])) END,
        sums = coalesce(r.sums, ARRAY[r.sum]) || coalesce(excluded.sums, ARRAY[excluded.sum]),
        leasts = coalesce(r.leasts, ARRAY[r.least]) || coalesce(excluded.leasts, ARRAY[excluded.least]),
        greatests = coalesce(r.greatests, ARRAY[r.greatest]) || coalesce(excluded.greatests, ARRAY[excluded.greatest]),
        firsts = coalesce(r.firsts, ARRAY[r.first]) || coalesce(excluded.firsts, ARRAY[excluded.first]),
        lasts = coalesce(r.lasts, ARRAY[r.last]) || coalesce(excluded.lasts, ARRAY[excluded.last]),
        split = NULL, head = NULL, tail = NULL;
    IF $2 = date_trunc('day', $2, 'UTC') THEN
        SELECT array_agg(r.series_id), array_agg(r.day) INTO ids, days
        FROM signal.rollup_day r WHERE r.day = ($1 AT TIME ZONE 'UTC')::date AND NOT r.is_archived;
        PERFORM signal.split_rollups(ids, days);
    END IF;
END $function$;
REVOKE EXECUTE ON FUNCTION signal.append_rollups(timestamp with time zone,timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.append_rollups(timestamp with time zone,timestamp with time zone) TO healthtrack_ingest;

-- Whether the database has all that the lanes of an ownership know to be committed: the attempts, from lane 0 on.
CREATE OR REPLACE FUNCTION signal.are_writers_remembered(ownership uuid, committed bigint[])
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
BEGIN
    RETURN cardinality(committed) = (
        SELECT count(*)
        FROM unnest(committed) WITH ORDINALITY AS known (attempt, place)
        WHERE (SELECT true FROM signal.ingest_writer AS writer
               WHERE writer.ownership_id = ownership AND writer.lane = known.place - 1
                 AND writer.attempt >= known.attempt
               LIMIT 1));
END $function$;
REVOKE EXECUTE ON FUNCTION signal.are_writers_remembered(uuid,bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.are_writers_remembered(uuid,bigint[]) TO healthtrack_ingest;

-- Locks the shard's row against another owner and moves the lane on; false, and nothing may be written, where the shard has another owner, the database has forgotten, or a source has lost a right since that revision.
CREATE OR REPLACE FUNCTION signal.begin_write(writer_shard text, writer_epoch bigint, ownership uuid, writer_lane integer, from_attempt bigint, to_attempt bigint, committed bigint[], revision bigint)
 RETURNS boolean
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
BEGIN
    PERFORM FROM signal.ingest_shard WHERE shard = writer_shard AND epoch = writer_epoch FOR SHARE;
    RETURN FOUND AND signal.move_writer(ownership, writer_lane, from_attempt, to_attempt, committed, revision);
END $function$;
REVOKE EXECUTE ON FUNCTION signal.begin_write(text,bigint,uuid,integer,bigint,bigint,bigint[],bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.begin_write(text,bigint,uuid,integer,bigint,bigint,bigint[],bigint) TO healthtrack_ingest;

-- What has changed after a place of the feed, with or without a place of its own, and begins before a time: the series, and the starts of the first and the last sample.
CREATE OR REPLACE FUNCTION signal.changed_ranges(after bigint, before timestamp with time zone)
 RETURNS TABLE(series_id integer, first_at timestamp with time zone, last_at timestamp with time zone)
 LANGUAGE plpgsql
 STABLE ROWS 100
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
AS $function$
#variable_conflict use_column
DECLARE
    last signal.change_batch;
    ids  bigint[];
BEGIN
    SELECT * INTO last FROM signal.change_batch ORDER BY last_change DESC LIMIT 1;
    SELECT array_agg(found.commit_id) INTO ids
    FROM (SELECT unnest(b.commit_ids) AS commit_id FROM signal.change_batch b WHERE b.last_change > $1
          UNION ALL
          SELECT c.commit_id
          FROM unnest(coalesce(last.open_ids + last.younger_ids, '{}')) AS missing (ids)
          JOIN signal.change_commit c ON c.commit_id >= lower(missing.ids) AND c.commit_id < upper(missing.ids)
          UNION ALL
          SELECT c.commit_id FROM signal.change_commit c WHERE c.commit_id > coalesce(last.seen_to, 0)) AS found;
    RETURN QUERY
    SELECT item.series_id, item.first_at, item.last_at
    FROM unnest(ids) AS one (id) JOIN signal.change_commit c ON c.commit_id = one.id
    CROSS JOIN LATERAL unnest(c.series_ids, c.first_ats, c.last_ats) AS item (series_id, first_at, last_at)
    WHERE item.first_at < $2 AND item.series_id IS NOT NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION signal.changed_ranges(bigint,timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.changed_ranges(bigint,timestamp with time zone) TO healthtrack_ingest, healthtrack_migrator, healthtrack_roller;

-- Series of which something has changed that was rolled up, as far as that is not noted as stale yet; null where that is not known, or where not all before a time is closed.
CREATE OR REPLACE FUNCTION signal.changed_series(before timestamp with time zone)
 RETURNS integer[]
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    known signal.rollup_horizon;
BEGIN
    SELECT * INTO STRICT known FROM signal.rollup_horizon;
    IF NOT known.is_kept OR known.closed_until < $1 THEN
        RETURN NULL;
    END IF;
    RETURN ARRAY(SELECT DISTINCT c.series_id FROM signal.changed_ranges(known.change, known.closed_until) AS c);
END $function$;
REVOKE EXECUTE ON FUNCTION signal.changed_series(timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.changed_series(timestamp with time zone) TO healthtrack_ingest, healthtrack_migrator, healthtrack_roller;

-- What was stored, superseded or erased after a place of the feed, in the order of places, rows_max at most: ask again from the last change of the answer until nothing comes. A place from which it is not complete is refused (change_place_is_kept).
CREATE OR REPLACE FUNCTION signal.changes(after bigint, rows_max integer DEFAULT 10000)
 RETURNS TABLE(change bigint, kind text, device_id text, metric text, statistic text, "from" timestamp with time zone, "to" timestamp with time zone, samples integer, committed_at timestamp with time zone, series_id integer, device_sha256 text)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
DECLARE
    remaining bigint := rows_max;
    before    bigint;
    first     integer;
    last      integer;
    batch     signal.change_batch;
BEGIN
    PERFORM signal.check_change_place($1);
    FOR batch IN SELECT b.* FROM signal.change_batch b WHERE b.last_change > $1 ORDER BY b.last_change LOOP
        FOR number IN 1 .. cardinality(batch.commit_ids) LOOP
            CONTINUE WHEN batch.last_changes[number] <= $1;
            IF remaining <= 0 THEN
                RETURN;
            END IF;
            before := coalesce(batch.last_changes[number - 1], batch.first_change - 1);
            first := greatest($1 - before, 0) + 1;
            last := least(batch.last_changes[number] - before, first - 1 + remaining);
            RETURN QUERY
            SELECT before + first - 1 + item.place,
                   CASE coalesce(item.kind, 1) WHEN 1 THEN 'stored' WHEN 2 THEN 'superseded' WHEN 3 THEN 'erased' END,
                   device.device_id, metric.name, series.statistic, item.first_at,
                   item.last_at + INTERVAL '1 microsecond', item.samples, listed.committed_at, item.series_id,
                   listed.device_sha256
            FROM signal.change_commit AS listed
            CROSS JOIN LATERAL unnest(listed.series_ids[first : last], listed.first_ats[first : last],
                                      listed.last_ats[first : last], listed.counts[first : last],
                                      listed.kinds[first : last])
                WITH ORDINALITY AS item (series_id, first_at, last_at, samples, kind, place)
            LEFT JOIN signal.series ON series.series_id = item.series_id
            LEFT JOIN signal.device ON device.device_key = series.device_key
            LEFT JOIN signal.metric ON metric.metric_id = series.metric_id
            WHERE listed.commit_id = batch.commit_ids[number]
            ORDER BY item.place;
            remaining := remaining - (last - first + 1);
        END LOOP;
    END LOOP;
END $function$;
REVOKE EXECUTE ON FUNCTION signal.changes(bigint,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.changes(bigint,integer) TO healthtrack_ingest, healthtrack_roller;

-- What is committed and has no place in the feed yet: with signal.changes(), in one statement, all that has changed since a place.
CREATE OR REPLACE FUNCTION signal.changes_to_come()
 RETURNS TABLE(kind text, device_id text, metric text, statistic text, "from" timestamp with time zone, "to" timestamp with time zone, samples integer, committed_at timestamp with time zone, series_id integer, device_sha256 text)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER ROWS 100
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
DECLARE
    last signal.change_batch;
    ids  bigint[];
BEGIN
    SELECT * INTO last FROM signal.change_batch ORDER BY last_change DESC LIMIT 1;
    SELECT array_agg(found.commit_id) INTO ids
    FROM (SELECT c.commit_id
          FROM unnest(coalesce(last.open_ids + last.younger_ids, '{}')) AS missing (ids)
          JOIN signal.change_commit c ON c.commit_id >= lower(missing.ids) AND c.commit_id < upper(missing.ids)
          UNION ALL
          SELECT c.commit_id FROM signal.change_commit c WHERE c.commit_id > coalesce(last.seen_to, 0)) AS found;
    RETURN QUERY
    SELECT e.kind, e.device_id, e.metric, e.statistic, e."from", e."to", e.samples, e.committed_at, e.series_id,
           e.device_sha256
    FROM unnest(ids) AS one (id) JOIN signal.change_entry e ON e.commit_id = one.id;
END $function$;
REVOKE EXECUTE ON FUNCTION signal.changes_to_come() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.changes_to_come() TO healthtrack_ingest, healthtrack_roller;

-- Trigger at the end of a transaction: what was removed of a person under legal hold is covered by other blocks, or by what the transaction has noted as superseded, or by a file that it recorded.
CREATE OR REPLACE FUNCTION signal.check_block_under_hold()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    day_at constant timestamptz := date_trunc('day', OLD.start_at, 'UTC');
    held   tstzrange;
    ends   timestamptz[];
BEGIN
    IF EXISTS (SELECT FROM signal.series s JOIN signal.metric m USING (metric_id)
               JOIN signal.archive_file f ON f.metric = m.name
               WHERE s.series_id = OLD.series_id AND f.superseded_at IS NULL AND f.recorded_by = pg_current_xact_id()
                 AND f.day = (day_at AT TIME ZONE 'UTC')::date
                 AND f.first_start_at <= OLD.start_at AND f.last_start_at >= OLD.stop_at) THEN
        RETURN NULL;
    END IF;
    FOR held IN
        SELECT w.worn_during * tstzrange(OLD.start_at, OLD.stop_at, '[]')
        FROM signal.series s JOIN care.wear w USING (device_key) JOIN care.patient p USING (patient_id)
        WHERE s.series_id = OLD.series_id AND p.legal_hold
          AND w.worn_during && tstzrange(OLD.start_at, OLD.stop_at, '[]')
    LOOP
        -- A block that lies across the end of a wear may be cut there, and where its samples lie is not known.
        ends := CASE WHEN held @> OLD.start_at THEN ARRAY[OLD.start_at] ELSE '{}' END
                || CASE WHEN held @> OLD.stop_at THEN ARRAY[OLD.stop_at] ELSE '{}' END;
        IF EXISTS (SELECT FROM unnest(ends) AS moment
                   WHERE NOT EXISTS (
                       SELECT FROM signal.block b WHERE b.series_id = OLD.series_id
                          AND b.start_at BETWEEN day_at AND moment AND b.stop_at >= moment)
                     AND NOT EXISTS (
                       SELECT FROM signal.superseded_value v WHERE v.series_id = OLD.series_id AND v.start_at = moment
                          AND v.xmin = pg_current_xact_id()::xid))
           OR ends = '{}' AND NOT EXISTS (
                       SELECT FROM signal.block b WHERE b.series_id = OLD.series_id
                          AND b.start_at BETWEEN day_at AND OLD.stop_at
                          AND tstzrange(b.start_at, b.stop_at, '[]') && held)
                          AND NOT EXISTS (
                       SELECT FROM signal.superseded_value v WHERE v.series_id = OLD.series_id
                          AND v.start_at BETWEEN OLD.start_at AND OLD.stop_at AND held @> v.start_at
                          AND v.xmin = pg_current_xact_id()::xid)
        THEN
            RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = 'block_stays_under_hold',
                MESSAGE = 'Somebody under legal hold was measured here: roll these samples, or leave them.';
        END IF;
    END LOOP;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION signal.check_block_under_hold() FROM PUBLIC;

-- Refuses a place from which the feed of changes is not complete: too old, of another history of the database, or null.
CREATE OR REPLACE FUNCTION signal.check_change_place(after bigint)
 RETURNS void
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    next_first bigint;
BEGIN
    SELECT b.first_change INTO next_first FROM signal.change_batch b WHERE b.last_change > after
    ORDER BY b.last_change LIMIT 1;
    IF next_first <= after + 1 THEN
        RETURN;
    END IF;
    IF EXISTS (SELECT FROM signal.change_batch b WHERE b.last_change = after)
       OR after = 0 AND NOT EXISTS (SELECT FROM signal.change_batch) THEN
        RETURN;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = 'change_place_is_kept',
        MESSAGE = 'The feed of changes does not go back to this place, or it was given before the database was restored: start anew from last_place of signal.change_feed.';
END $function$;
REVOKE EXECUTE ON FUNCTION signal.check_change_place(bigint) FROM PUBLIC;

-- Refuses any table but a chunk of signal.block.
CREATE OR REPLACE FUNCTION signal.check_chunk(chunk regclass)
 RETURNS void
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_inherits WHERE inhparent = 'signal.block'::regclass AND inhrelid = chunk) THEN
        RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = 'table_is_a_chunk',
            MESSAGE = 'This is no chunk of signal.block.';
    END IF;
END
$function$;

-- Trigger after a statement: each shard that a device names is there.
CREATE OR REPLACE FUNCTION signal.check_devices()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET enable_seqscan TO 'off'
AS $function$
DECLARE
    named text[] := ARRAY(SELECT DISTINCT shard FROM added WHERE shard IS NOT NULL);
BEGIN
    PERFORM FROM signal.ingest_shard WHERE shard = ANY (named) FOR KEY SHARE;
    IF EXISTS (SELECT FROM unnest(named) AS name WHERE name NOT IN (SELECT shard FROM signal.ingest_shard)) THEN
        PERFORM signal.refuse_reference('device_shard_is_known', 'device', 'no daemon has ever owned the shard of this device');
    END IF;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION signal.check_devices() FROM PUBLIC;

-- Trigger at the end of a transaction: a file of a time in which somebody under legal hold wore something has a live successor, or is counted by the proof of an erasure of somebody else, or all of it was noted as superseded.
CREATE OR REPLACE FUNCTION signal.check_file_under_hold()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF NOT EXISTS (SELECT FROM signal.archive_file f
                   WHERE f.metric = OLD.metric AND f.day = OLD.day AND f.superseded_at IS NULL)
       AND EXISTS (SELECT FROM care.wear w JOIN care.patient p USING (patient_id)
                   WHERE p.legal_hold AND w.worn_during && tstzrange(OLD.first_start_at, OLD.last_start_at, '[]'))
       AND NOT signal.is_file_proved_erased(OLD.rows, OLD.first_start_at, OLD.last_start_at)
       -- Its source took all of it back: it stays, as what was superseded.
       AND OLD.rows > (SELECT count(DISTINCT (v.series_id, v.start_at)) FROM signal.superseded_value v JOIN signal.series s USING (series_id)
                       JOIN signal.metric m USING (metric_id)
                       WHERE m.name = OLD.metric AND v.start_at BETWEEN OLD.first_start_at AND OLD.last_start_at
                         AND v.xmin = pg_current_xact_id()::xid) THEN
        RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = 'archive_file_stays_under_hold',
            MESSAGE = 'Somebody under legal hold wore something on that day: its files stay.';
    END IF;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION signal.check_file_under_hold() FROM PUBLIC;

-- Trigger after a statement: the device and the metric of each series are there.
CREATE OR REPLACE FUNCTION signal.check_series()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET enable_seqscan TO 'off'
AS $function$
DECLARE
    devices integer[] := ARRAY(SELECT DISTINCT device_key FROM added);
    metrics smallint[] := ARRAY(SELECT DISTINCT metric_id FROM added);
    found   bigint;
BEGIN
    SELECT count(*) INTO found FROM (SELECT FROM signal.metric WHERE metric_id = ANY (metrics) FOR KEY SHARE) AS held;
    IF found < cardinality(metrics) THEN
        PERFORM signal.refuse_reference('series_metric_is_known', 'series', 'the catalogue has no such metric');
    END IF;
    SELECT count(*) INTO found FROM signal.device
    WHERE device_key = ANY (devices) AND xmin = pg_current_xact_id()::xid;
    IF found < cardinality(devices) THEN
        SELECT count(*) INTO found
        FROM (SELECT FROM signal.device WHERE device_key = ANY (devices) FOR KEY SHARE) AS held;
    END IF;
    IF found < cardinality(devices) THEN
        PERFORM signal.refuse_reference('series_device_is_known', 'series', 'there is no such device');
    END IF;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION signal.check_series() FROM PUBLIC;

-- Trigger after a row goes or gets another key: nothing refers to it any more.
CREATE OR REPLACE FUNCTION signal.check_still_referred_to()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    CASE TG_TABLE_NAME
        WHEN 'ingest_shard' THEN
            IF EXISTS (SELECT FROM signal.device WHERE shard = OLD.shard) THEN
                PERFORM signal.refuse_reference('device_shard_is_known', 'device', 'devices still belong to this shard');
            END IF;
        WHEN 'device' THEN
            IF EXISTS (SELECT FROM signal.series WHERE device_key = OLD.device_key) THEN
                PERFORM signal.refuse_reference('series_device_is_known', 'series', 'this device still has series');
            END IF;
        WHEN 'metric' THEN
            IF EXISTS (SELECT FROM signal.series WHERE metric_id = OLD.metric_id) THEN
                PERFORM signal.refuse_reference('series_metric_is_known', 'series', 'this metric still has series');
            END IF;
    END CASE;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION signal.check_still_referred_to() FROM PUBLIC;

-- The chunks of signal.block: their table, quoted; where they begin; and where the next one begins.
CREATE OR REPLACE FUNCTION signal.chunks()
 RETURNS TABLE(name text, from_at timestamp with time zone, to_at timestamp with time zone)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF EXISTS (SELECT FROM pg_partitioned_table WHERE partrelid = 'signal.block'::regclass) THEN
        RETURN QUERY
            SELECT format('signal.%I', relname),
                   to_date(substr(relname, 7, 8), 'YYYYMMDD')::timestamp AT TIME ZONE 'UTC',
                   (CASE WHEN length(relname) > 14 THEN to_date(substr(relname, 16, 8), 'YYYYMMDD')
                         ELSE to_date(substr(relname, 7, 8), 'YYYYMMDD') + 1 END)::timestamp AT TIME ZONE 'UTC'
            FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
            WHERE inhparent = 'signal.block'::regclass AND relname ~ '^block_[0-9]{8}(_[0-9]{8})?$';
    ELSE
        RETURN QUERY EXECUTE
            'SELECT format(''%I.%I'', chunk_schema, chunk_name), range_start, range_end
             FROM timescaledb_information.chunks
             WHERE hypertable_schema = ''signal'' AND hypertable_name = ''block''';
    END IF;
END
$function$;
REVOKE EXECUTE ON FUNCTION signal.chunks() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.chunks() TO healthtrack_ingest, healthtrack_roller;

-- Rolls up what begins before a time, and days that have changed, so many of a series at most: how far it came, and whether nothing is left; nulls where somebody else is at it, or rolls or erases.
CREATE OR REPLACE FUNCTION signal.close_rollups(before timestamp with time zone, days_max integer, OUT closed_until timestamp with time zone, OUT is_done boolean)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET jit TO 'off'
AS $function$
#variable_conflict use_column
DECLARE
    known signal.rollup_place;
    until timestamptz := to_timestamp(floor(extract(epoch FROM least($1, now())) / 900) * 900);
    ids   integer[];
    days  date[];
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('healthtrack.rollup', 0)) THEN
        RETURN;
    END IF;
    PERFORM signal.mark_stale_rollups();
    SELECT * INTO STRICT known FROM signal.rollup_place;
    IF until > known.closed_until THEN
        BEGIN
            IF until - INTERVAL '1 microsecond' < date_trunc('day', known.closed_until, 'UTC') + INTERVAL '24 hours' THEN
                PERFORM signal.append_rollups(known.closed_until, until);
            ELSE
                RAISE EXCEPTION USING ERRCODE = 'HT001', MESSAGE = 'Rollups are more than a day behind.';
            END IF;
        EXCEPTION WHEN OTHERS THEN
            INSERT INTO signal.rollup_stale (series_id, day)
            SELECT DISTINCT b.series_id, (b.start_at AT TIME ZONE 'UTC')::date FROM signal.block b
            WHERE b.start_at >= date_trunc('day', known.closed_until, 'UTC') AND b.start_at < until
            ON CONFLICT DO NOTHING;
        END;
        UPDATE signal.rollup_place SET closed_until = until;
        known.closed_until := until;
    END IF;
    WITH due AS (
        DELETE FROM signal.rollup_stale s
        WHERE (s.series_id, s.day) IN (
            SELECT one.series_id, one.day FROM signal.rollup_stale one
            WHERE one.failed_at IS NULL OR one.failed_at < now() - INTERVAL '1 hour'
            ORDER BY one.series_id, one.day LIMIT $2)
        RETURNING s.series_id, s.day
    )
    SELECT coalesce(array_agg(due.series_id ORDER BY due.series_id, due.day), '{}'),
           array_agg(due.day ORDER BY due.series_id, due.day)
    INTO ids, days FROM due;
    BEGIN
        PERFORM signal.make_rollups(ids, days, known.closed_until);
    EXCEPTION WHEN OTHERS THEN
        -- What is wrong with one of them, as with a block that cannot be read, is not wrong with the others.
        FOR place IN 1 .. cardinality(ids) LOOP
            BEGIN
                PERFORM signal.make_rollups(ids[place : place], days[place : place], known.closed_until);
            EXCEPTION WHEN OTHERS THEN
                INSERT INTO signal.rollup_stale (failed_at, series_id, day) VALUES (now(), ids[place], days[place]);
            END;
        END LOOP;
    END;
    closed_until := known.closed_until;
    is_done := NOT EXISTS (SELECT FROM signal.rollup_stale s WHERE s.failed_at IS NULL);
END $function$;
REVOKE EXECUTE ON FUNCTION signal.close_rollups(timestamp with time zone,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.close_rollups(timestamp with time zone,integer) TO healthtrack_ingest;

-- Removes payloads whose last rejection was removed.
CREATE OR REPLACE FUNCTION signal.drop_unused_payloads()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    PERFORM FROM signal.quarantine_payload WHERE payload_sha256 IN (SELECT payload_sha256 FROM gone)
    ORDER BY payload_sha256 FOR UPDATE;
    -- A statement of its own: it sees what was committed before the locks were had.
    DELETE FROM signal.quarantine_payload AS unused
    WHERE payload_sha256 IN (SELECT payload_sha256 FROM gone)
      AND NOT EXISTS (SELECT FROM signal.quarantine_rejection AS other
                      WHERE other.payload_sha256 = unused.payload_sha256);
    RETURN NULL;
END $function$;

-- Makes the chunk of a UTC day where it is missing, from low up to high but for what neighbours hold; returns the days of the chunk, and true where it made one.
CREATE OR REPLACE FUNCTION signal.ensure_chunk_within(day date, low date, high date, OUT from_on date, OUT to_on date, OUT is_new boolean)
 RETURNS record
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    day_at timestamptz := day::timestamp AT TIME ZONE 'UTC';
    is_partitioned boolean := EXISTS (SELECT FROM pg_partitioned_table WHERE partrelid = 'signal.block'::regclass);
    chunk text;
    extension text;
BEGIN
    IF (day <= current_date + 31) IS NOT TRUE
       AND NOT pg_has_role(session_user, 'healthtrack_migrator', 'USAGE') THEN
        RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = 'chunk_is_of_a_day_that_is_near',
            MESSAGE = 'A chunk is made 31 days ahead at most.';
    END IF;
    IF (low <= day AND day < high) IS NOT TRUE THEN
        RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = 'chunk_holds_its_day',
            MESSAGE = 'A chunk must hold the day that it is made for.';
    END IF;
    -- Two lanes may meet the first sample of a day together: the second waits, and then finds the chunk made.
    FOR attempt IN 1..2 LOOP
        SELECT (c.from_at AT TIME ZONE 'UTC')::date, (c.to_at AT TIME ZONE 'UTC')::date, false
        INTO from_on, to_on, is_new
        FROM signal.chunks() c WHERE c.from_at <= day_at AND c.to_at > day_at;
        IF FOUND THEN
            RETURN;
        END IF;
        PERFORM pg_advisory_xact_lock(hashtextextended('signal.ensure_chunk', 0));
    END LOOP;
    is_new := true;
    IF is_partitioned THEN
        SELECT greatest(low, (max(c.to_at) FILTER (WHERE c.to_at <= day_at) AT TIME ZONE 'UTC')::date),
               least(high, (min(c.from_at) FILTER (WHERE c.from_at > day_at) AT TIME ZONE 'UTC')::date)
        INTO from_on, to_on FROM signal.chunks() c;
        chunk := 'block_' || to_char(from_on, 'YYYYMMDD')
                 || CASE WHEN to_on > from_on + 1 THEN '_' || to_char(to_on, 'YYYYMMDD') ELSE '' END;
        EXECUTE format('CREATE TABLE signal.%I (LIKE signal.block INCLUDING ALL)', chunk);
        PERFORM signal.grant_chunk(format('signal.%I', chunk)::regclass);
        EXECUTE format('ALTER TABLE signal.block ATTACH PARTITION signal.%I FOR VALUES FROM (%L) TO (%L)', chunk,
                       from_on::timestamp AT TIME ZONE 'UTC', to_on::timestamp AT TIME ZONE 'UTC');
    ELSIF high > low + 1 THEN
        SELECT extnamespace::regnamespace::text INTO STRICT extension FROM pg_extension WHERE extname = 'timescaledb';
        EXECUTE format('SELECT %s.set_chunk_time_interval(''signal.block'', $1)', extension)
            USING make_interval(days => high - low);
        INSERT INTO signal.block (start_at, stop_at, tick_us, series_id, values) VALUES (day_at, day_at, 1, 0, '{0}');
        DELETE FROM signal.block WHERE start_at = day_at AND series_id = 0;
        EXECUTE format('SELECT %s.set_chunk_time_interval(''signal.block'', $1)', extension)
            USING make_interval(days => 1);
        SELECT (c.from_at AT TIME ZONE 'UTC')::date, (c.to_at AT TIME ZONE 'UTC')::date INTO STRICT from_on, to_on
        FROM signal.chunks() c WHERE c.from_at <= day_at AND c.to_at > day_at;
    ELSE
        -- The row that needs a chunk of a day makes it.
        SELECT day, day + 1, false INTO from_on, to_on, is_new;
    END IF;
END
$function$;
REVOKE EXECUTE ON FUNCTION signal.ensure_chunk_within(date,date,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.ensure_chunk_within(date,date,date) TO healthtrack_ingest;

-- Removes superseded values of these series that begin in [from, to), and replaced ranges that lie within; null for no bound. How many values were removed.
CREATE OR REPLACE FUNCTION signal.erase_superseded(series integer[], "from" timestamp with time zone, "to" timestamp with time zone)
 RETURNS bigint
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    WITH ranges AS (
        DELETE FROM signal.replaced_range
        WHERE series_id = ANY ($1) AND from_at >= coalesce($2, '-infinity') AND to_at <= coalesce($3, 'infinity')),
    gone AS (
        DELETE FROM signal.superseded_value
        WHERE series_id = ANY ($1) AND start_at >= coalesce($2, '-infinity') AND start_at < coalesce($3, 'infinity')
        RETURNING 1)
    SELECT count(*) FROM gone
$function$;
REVOKE EXECUTE ON FUNCTION signal.erase_superseded(integer[],timestamp with time zone,timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.erase_superseded(integer[],timestamp with time zone,timestamp with time zone) TO healthtrack_roller;

-- Whether there is a chunk that touches [low, high), of whole UTC days; true in a transaction that may not see all.
CREATE OR REPLACE FUNCTION signal.find_blocks(low timestamp with time zone, high timestamp with time zone)
 RETURNS boolean
 LANGUAGE plpgsql
 PARALLEL SAFE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    chunk text;
BEGIN
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        RETURN true;
    END IF;
    IF EXISTS (SELECT FROM pg_partitioned_table WHERE partrelid = 'signal.block'::regclass) THEN
        -- The last that begins before the end, by its name (signal.ensure_chunk_within).
        SELECT c.relname INTO chunk FROM pg_class c
        WHERE c.relname < 'block_' || to_char($2 AT TIME ZONE 'UTC', 'YYYYMMDD') AND c.relname > 'block_0'
          AND c.relnamespace = 'signal'::regnamespace AND c.relispartition AND c.relkind <> 'i'
        ORDER BY c.relname DESC LIMIT 1;
        RETURN CASE WHEN chunk ~ '^block_[0-9]{8}$'
                    THEN to_date(substr(chunk, 7, 8), 'YYYYMMDD') + 1 > ($1 AT TIME ZONE 'UTC')::date
                    WHEN chunk ~ '^block_[0-9]{8}_[0-9]{8}$'
                    THEN to_date(substr(chunk, 16, 8), 'YYYYMMDD') > ($1 AT TIME ZONE 'UTC')::date
                    ELSE chunk IS NOT NULL END;
    END IF;
    RETURN coalesce((
        SELECT slice.range_end > (extract(epoch FROM $1) * 1000000)::bigint
        FROM _timescaledb_catalog.dimension_slice AS slice
        WHERE slice.dimension_id = (SELECT dimension.id FROM _timescaledb_catalog.dimension
                                    JOIN _timescaledb_catalog.hypertable ON hypertable.id = dimension.hypertable_id
                                    WHERE hypertable.schema_name = 'signal' AND hypertable.table_name = 'block')
          AND slice.range_start < (extract(epoch FROM $2) * 1000000)::bigint
        ORDER BY slice.range_start DESC LIMIT 1), false);
END $function$;
REVOKE EXECUTE ON FUNCTION signal.find_blocks(timestamp with time zone,timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.find_blocks(timestamp with time zone,timestamp with time zone) TO healthtrack_ingest, healthtrack_migrator, healthtrack_roller;

-- Removes what was rolled up of the days on which a patient wore anything; what others measured on them is made again from blocks and files.
CREATE OR REPLACE FUNCTION signal.forget_rollups(of_patient uuid)
 RETURNS void
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    WITH gone AS (
        DELETE FROM signal.rollup_day r USING signal.series s, care.wear w
        WHERE w.patient_id = $1 AND s.device_key = w.device_key AND r.series_id = s.series_id
          AND w.worn_during && tstzrange(r.day::timestamp AT TIME ZONE 'UTC', (r.day + 1)::timestamp AT TIME ZONE 'UTC')
        RETURNING r.day, r.is_archived, s.metric_id
    )
    INSERT INTO signal.rollup_due (first_on, last_on, metric, name)
    SELECT DISTINCT (f.first_start_at AT TIME ZONE 'UTC')::date, (f.last_start_at AT TIME ZONE 'UTC')::date, f.metric, f.name
    FROM gone JOIN signal.metric m ON m.metric_id = gone.metric_id
    JOIN signal.archive_file f ON f.metric = m.name AND f.superseded_at IS NULL
     AND f.first_start_at < (gone.day + 1)::timestamp AT TIME ZONE 'UTC'
     AND f.last_start_at >= gone.day::timestamp AT TIME ZONE 'UTC'
    WHERE gone.is_archived
    ON CONFLICT DO NOTHING
$function$;
REVOKE EXECUTE ON FUNCTION signal.forget_rollups(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.forget_rollups(uuid) TO healthtrack_roller;

-- True where this transaction has counted a file of so many samples in the proof of an erasure under way, whose subject is not under legal hold.
CREATE OR REPLACE FUNCTION signal.is_file_proved_erased(of_rows bigint, first_at timestamp with time zone, last_at timestamp with time zone)
 RETURNS boolean
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT EXISTS (
        SELECT FROM signal.erasure e
        WHERE e.xmin = pg_current_xact_id()::xid AND e.ended_at IS NULL
          AND e.files > 0 AND e.archived_samples >= of_rows
          AND CASE WHEN e.patient_sha256 IS NULL
              THEN e.device_sha256 NOT IN (SELECT encode(sha256(convert_to(held.device_id, 'UTF8')), 'hex')
                                           FROM signal.wear_under_legal_hold() AS held)
              ELSE EXISTS (SELECT FROM care.wear w JOIN care.patient p USING (patient_id)
                           WHERE w.worn_during && tstzrange(first_at, last_at, '[]') AND NOT p.legal_hold
                             AND e.patient_sha256 = encode(sha256(convert_to(p.patient_id::text, 'UTF8')), 'hex')) END)
$function$;
REVOKE EXECUTE ON FUNCTION signal.is_file_proved_erased(bigint,timestamp with time zone,timestamp with time zone) FROM PUBLIC;

-- Trigger before a file is recorded, changes or goes: notes which transaction recorded it, lets it end once, and refuses the rest to everybody but the owner.
CREATE OR REPLACE FUNCTION signal.keep_file_as_recorded()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.recorded_by := pg_current_xact_id();
        RETURN NEW;
    ELSIF TG_OP = 'UPDATE' THEN
        OLD.superseded_at := coalesce(OLD.superseded_at, NEW.superseded_at);
        OLD.removed_at := NEW.removed_at;
        OLD.wear_change_id := NEW.wear_change_id;
        OLD.revised_to := greatest(OLD.revised_to, NEW.revised_to);
        IF OLD IS NOT DISTINCT FROM NEW THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = 'archive_file_stays_as_recorded',
        MESSAGE = 'A file of the archive stays as it was recorded: record its next generation.';
END $function$;
REVOKE EXECUTE ON FUNCTION signal.keep_file_as_recorded() FROM PUBLIC;

-- Trigger before a rejected message goes: refuses it to everybody but the owner where it may be of somebody under legal hold.
CREATE OR REPLACE FUNCTION signal.keep_message_under_hold()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF EXISTS (SELECT FROM signal.quarantine_under_legal_hold(ARRAY[OLD.quarantine_id])) THEN
        RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = 'quarantine_rejection_stays_under_hold',
            MESSAGE = 'This may be of somebody under legal hold: it stays.';
    END IF;
    RETURN OLD;
END $function$;
REVOKE EXECUTE ON FUNCTION signal.keep_message_under_hold() FROM PUBLIC;

-- Trigger before a proof of erasure changes or goes: its counts rise until it ends, and nothing else of it changes.
CREATE OR REPLACE FUNCTION signal.keep_proof()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    was constant bigint[] := ARRAY[OLD.blocks, OLD.hot_samples, OLD.archived_samples, OLD.files, OLD.deleted_files,
                                   OLD.quarantine_rows, OLD.directory_rows];
    is_now bigint[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF was = array_fill(0::bigint, ARRAY[7]) THEN
            RETURN OLD;
        END IF;
    ELSE
        is_now := ARRAY[NEW.blocks, NEW.hot_samples, NEW.archived_samples, NEW.files, NEW.deleted_files,
                        NEW.quarantine_rows, NEW.directory_rows];
        IF OLD.ended_at IS NULL
           AND (OLD.erasure_id, OLD.begun_at, OLD.requested_by) = (NEW.erasure_id, NEW.begun_at, NEW.requested_by)
           AND (OLD.device_sha256, OLD.patient_sha256, OLD.before_on)
               IS NOT DISTINCT FROM (NEW.device_sha256, NEW.patient_sha256, NEW.before_on)
           AND NOT EXISTS (SELECT FROM unnest(was, is_now) AS count (before, after) WHERE after < before) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = 'erasure_is_only_added_to',
        MESSAGE = 'What was erased stays proved: a proof is neither rewritten nor removed.';
END $function$;
REVOKE EXECUTE ON FUNCTION signal.keep_proof() FROM PUBLIC;

-- Trigger before a rejection becomes another one, or came earlier: refuses it to everybody but the owner.
CREATE OR REPLACE FUNCTION signal.keep_rejection_as_it_came()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = 'quarantine_rejection_stays_as_it_came',
        MESSAGE = 'What was rejected, why and when it first came stays; it can only have come again later.';
END $function$;
REVOKE EXECUTE ON FUNCTION signal.keep_rejection_as_it_came() FROM PUBLIC;

-- Trigger before what a source superseded goes: refuses it where somebody under legal hold was measured.
CREATE OR REPLACE FUNCTION signal.keep_superseded_under_hold()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = 'superseded_value_stays_under_hold',
        MESSAGE = 'Somebody under legal hold was measured here: leave what their device said before.';
END $function$;
REVOKE EXECUTE ON FUNCTION signal.keep_superseded_under_hold() FROM PUBLIC;

-- Grants a role what the view signal.sample is made of; SELECT on the view itself and USAGE on the schema are granted as ever.
CREATE OR REPLACE FUNCTION signal.let_read_samples(reader regrole)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    EXECUTE format('GRANT SELECT ON signal.block TO %s', $1);
    EXECUTE format('GRANT EXECUTE ON FUNCTION signal.holds_blocks(timestamptz, timestamptz),
        signal.find_blocks(timestamptz, timestamptz),
        signal.unpack_blocks(integer, timestamptz, timestamptz), signal.unpack_8_days(integer, double precision),
        signal.unpack_32_times_8_days(integer, double precision), signal.unpack_256_days(integer, double precision),
        signal.unpack_before(integer, double precision), signal.unpack_after(integer, double precision),
        signal.unpack(integer) TO %s', $1);
END $function$;
REVOKE EXECUTE ON FUNCTION signal.let_read_samples(regrole) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.let_read_samples(regrole) TO healthtrack_migrator;

-- Rolls up what blocks of some series hold on some days, up to where everything is closed.
CREATE OR REPLACE FUNCTION signal.make_rollups(series_ids integer[], days date[], closed_until timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET jit TO 'off'
AS $function$
DECLARE
    from_ats timestamptz[];
    to_ats   timestamptz[];
BEGIN
    DELETE FROM signal.rollup_day r USING unnest($1, $2) AS due (series_id, day)
    WHERE r.series_id = due.series_id AND r.day = due.day AND NOT r.is_archived;
    SELECT array_agg(due.day::timestamp AT TIME ZONE 'UTC' ORDER BY due.place),
           array_agg(least((due.day + 1)::timestamp AT TIME ZONE 'UTC', $3) ORDER BY due.place)
    INTO from_ats, to_ats FROM unnest($2) WITH ORDINALITY AS due (day, place);
    INSERT INTO signal.rollup_day SELECT * FROM signal.pack_rollups($1, from_ats, to_ats);
    PERFORM signal.split_rollups($1, $2);
END $function$;
REVOKE EXECUTE ON FUNCTION signal.make_rollups(integer[],date[],timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.make_rollups(integer[],date[],timestamp with time zone) TO healthtrack_ingest;

-- Notes which days of which series have changed since they were rolled up, as the feed of changes tells; where it does not go back far enough, forgets all rollups of blocks.
CREATE OR REPLACE FUNCTION signal.mark_stale_rollups()
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    known signal.rollup_horizon;
    newest bigint;
BEGIN
    SELECT coalesce(max(last_change), 0) INTO newest FROM signal.change_batch;
    SELECT * INTO STRICT known FROM signal.rollup_horizon;
    IF NOT known.is_kept THEN
        DELETE FROM signal.rollup_day WHERE NOT is_archived;
        DELETE FROM signal.rollup_stale;
        UPDATE signal.rollup_place SET closed_until = '-infinity', change = newest;
        RETURN;
    ELSIF known.change = newest THEN
        RETURN;
    END IF;
    INSERT INTO signal.rollup_stale (series_id, day)
    SELECT DISTINCT c.series_id, changed.day
    FROM signal.changed_ranges(known.change, known.closed_until) AS c
    CROSS JOIN LATERAL (
        SELECT (c.first_at AT TIME ZONE 'UTC')::date AS first_on,
               (least(c.last_at, known.closed_until - INTERVAL '1 microsecond') AT TIME ZONE 'UTC')::date AS last_on
    ) AS reach
    CROSS JOIN LATERAL (
        SELECT shown.at::date AS day
        FROM generate_series(reach.first_on::timestamp, reach.last_on::timestamp, INTERVAL '1 day') AS shown (at)
        WHERE isfinite(reach.first_on)
        UNION ALL
        -- What has no beginning was erased: it is stale where it was rolled up.
        SELECT r.day FROM signal.rollup_day r
        WHERE r.series_id = c.series_id AND r.day <= reach.last_on AND NOT r.is_archived AND NOT isfinite(reach.first_on)
    ) AS changed
    ON CONFLICT (series_id, day) DO UPDATE SET failed_at = NULL WHERE rollup_stale.failed_at IS NOT NULL;
    UPDATE signal.rollup_place SET change = newest;
END $function$;
REVOKE EXECUTE ON FUNCTION signal.mark_stale_rollups() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.mark_stale_rollups() TO healthtrack_ingest;

-- What the blocks of a series give for each quarter of an hour in [from, to), which begin with a quarter; all of it lies in [low, high), which leaves chunks out.
CREATE OR REPLACE FUNCTION signal.measure_quarters_within(series integer, "from" timestamp with time zone, "to" timestamp with time zone, low timestamp with time zone, high timestamp with time zone)
 RETURNS TABLE(day date, quarter smallint, count bigint, below bigint, above bigint, sum double precision, "least" double precision, "greatest" double precision, first double precision, last double precision)
 LANGUAGE sql
 STABLE PARALLEL SAFE ROWS 96
AS $function$
    SELECT piece.day, piece.quarter::smallint, pg_catalog.sum(piece.count)::bigint, pg_catalog.sum(piece.below)::bigint,
           pg_catalog.sum(piece.above)::bigint, pg_catalog.sum(piece.sum), min(piece.least), max(piece.greatest),
           (min(piece.first))[3], (max(piece.last))[3]
    FROM signal.block
    CROSS JOIN LATERAL (
        SELECT (block.start_at AT TIME ZONE 'UTC')::date AS day, cardinality(block.values) AS size,
               (extract(epoch FROM block.start_at) * 1000000)::bigint % 86400000000 AS start_us
    ) AS known
    CROSS JOIN LATERAL (
        SELECT known.day, cut.quarter, cut.last_place - cut.first_place + 1 AS count, 0 AS below, 0 AS above, added.*,
               ARRAY[known.start_us, 0, block.values[cut.first_place]] AS first,
               ARRAY[known.start_us, 0, block.values[cut.last_place]] AS last
        FROM generate_series(known.start_us / 900000000,
                             (known.start_us + block.tick_us * (known.size - 1)) / 900000000) AS cutting (quarter)
        CROSS JOIN LATERAL (
            SELECT cutting.quarter,
                   greatest((cutting.quarter * 900000000 - known.start_us + block.tick_us - 1) / block.tick_us + 1, 1)
                       AS first_place,
                   least(((cutting.quarter + 1) * 900000000 - known.start_us + block.tick_us - 1) / block.tick_us,
                         known.size) AS last_place
        ) AS cut
        CROSS JOIN LATERAL (
            SELECT pg_catalog.sum(value) AS sum, min(value) AS least, max(value) AS greatest
            FROM unnest(block.values[cut.first_place : cut.last_place]) AS item (value)
        ) AS added
        WHERE block.gaps IS NULL AND block.flags IS NULL AND cut.first_place <= cut.last_place
        UNION ALL
        SELECT known.day, (known.start_us + sample.after_us) / 900000000, pg_catalog.count(*) FILTER (WHERE bound = 0),
               pg_catalog.count(*) FILTER (WHERE bound = 4), pg_catalog.count(*) FILTER (WHERE bound >= 8),
               pg_catalog.sum(value) FILTER (WHERE bound = 0), min(value) FILTER (WHERE bound = 0),
               max(value) FILTER (WHERE bound = 0),
               min(ARRAY[known.start_us + sample.after_us, sample.place, value]) FILTER (WHERE bound = 0),
               max(ARRAY[known.start_us + sample.after_us, sample.place, value]) FILTER (WHERE bound = 0)
        FROM (SELECT item.value, item.place, coalesce(item.flags, 0) & 12 AS bound,
                     CASE WHEN block.gaps IS NULL THEN block.tick_us * (item.place - 1)
                          ELSE block.tick_us * pg_catalog.sum(item.gap) OVER (ROWS UNBOUNDED PRECEDING) END AS after_us
              FROM unnest(block.values, block.gaps, block.flags)
                   WITH ORDINALITY AS item (value, gap, flags, place)
              WHERE block.gaps IS NOT NULL OR block.flags IS NOT NULL) AS sample
        GROUP BY 2
    ) AS piece
    WHERE block.series_id = $1 AND block.start_at >= $4 AND block.start_at < $5
      AND block.start_at >= date_trunc('day', $2, 'UTC') AND block.start_at < $3
      AND block.stop_at >= $2
      AND piece.quarter >= CASE WHEN block.start_at < $2 THEN floor(extract(epoch FROM $2) / 900)::bigint % 96 ELSE 0 END
      AND piece.quarter < CASE WHEN block.stop_at >= $3 THEN floor(extract(epoch FROM $3) / 900)::bigint % 96 ELSE 96 END
    GROUP BY 1, 2
$function$;
REVOKE EXECUTE ON FUNCTION signal.measure_quarters_within(integer,timestamp with time zone,timestamp with time zone,timestamp with time zone,timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.measure_quarters_within(integer,timestamp with time zone,timestamp with time zone,timestamp with time zone,timestamp with time zone) TO healthtrack_ingest, healthtrack_migrator, healthtrack_roller;

-- The rollups of some series on a UTC day as they are when their blocks go to the archive.
CREATE OR REPLACE FUNCTION signal.measure_rolled(series_ids integer[], rolled_on date)
 RETURNS SETOF signal.rollup_day
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET jit TO 'off'
AS $function$
DECLARE
    day_at  constant timestamptz := $2::timestamp AT TIME ZONE 'UTC';
    next_at constant timestamptz := ($2 + 1)::timestamp AT TIME ZONE 'UTC';
    settled integer[];
    others  integer[];
BEGIN
    SELECT coalesce(array_agg(r.series_id), '{}') INTO settled
    FROM signal.rollup_day r
    WHERE r.series_id = ANY ($1) AND r.day = $2 AND NOT r.is_archived
      AND (SELECT h.closed_until FROM signal.rollup_horizon h) >= next_at
      AND r.series_id NOT IN (SELECT u.series_id FROM signal.unsettled_rollups() AS u WHERE u.day = $2);
    SELECT coalesce(array_agg(one.series_id), '{}') INTO others
    FROM unnest($1) AS one (series_id) WHERE one.series_id <> ALL (settled);
    RETURN QUERY
    SELECT newest.last_at, newest.last_span_us, newest.last_value, made.sum, made.least, made.greatest, made.first,
           made.last, made.series_id, made.day, made.count, made.below, made.above, newest.last_flags,
           made.first_quarter, true, made.quarters, made.counts, made.belows, made.aboves, made.sums, made.leasts,
           made.greatests, made.firsts, made.lasts, made.split, made.head, made.tail
    FROM (SELECT r.* FROM signal.rollup_day r WHERE r.series_id = ANY (settled) AND r.day = $2 AND NOT r.is_archived
          UNION ALL
          SELECT * FROM signal.pack_rollups(others, array_fill(day_at, ARRAY[cardinality(others)]),
                                            array_fill(next_at, ARRAY[cardinality(others)]))) AS made
    CROSS JOIN LATERAL (
        SELECT b.stop_at AS last_at, coalesce(b.span_us, b.spans_us[cardinality(b.values)]) AS last_span_us,
               b.values[cardinality(b.values)] AS last_value,
               coalesce(b.flags[cardinality(b.values)], 0::smallint) AS last_flags
        FROM signal.block b
        WHERE b.series_id = made.series_id AND b.start_at >= day_at AND b.start_at < next_at
        ORDER BY b.start_at DESC LIMIT 1
    ) AS newest;
END $function$;
REVOKE EXECUTE ON FUNCTION signal.measure_rolled(integer[],date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.measure_rolled(integer[],date) TO healthtrack_roller;

-- Moves a lane on whatever source has lost a right: for programs that do not tell sources apart.
CREATE OR REPLACE FUNCTION signal.move_writer(ownership uuid, writer_lane integer, from_attempt bigint, to_attempt bigint, committed bigint[])
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
BEGIN
    FOR place IN 1 .. cardinality(committed) LOOP
        CONTINUE WHEN place = writer_lane + 1;
        PERFORM FROM signal.ingest_writer
        WHERE ownership_id = ownership AND lane = place - 1 AND attempt >= committed[place] LIMIT 1;
        IF NOT FOUND THEN
            RETURN false;
        END IF;
    END LOOP;
    UPDATE signal.ingest_writer SET attempt = to_attempt
    WHERE ownership_id = ownership AND lane = writer_lane AND attempt >= from_attempt AND attempt < to_attempt;
    RETURN FOUND;
END $function$;
REVOKE EXECUTE ON FUNCTION signal.move_writer(uuid,integer,bigint,bigint,bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.move_writer(uuid,integer,bigint,bigint,bigint[]) TO healthtrack_ingest;

-- Moves a lane on to to_attempt from one that is no older than from_attempt; false where the database has forgotten what was committed, or a source has lost a right since that revision.
CREATE OR REPLACE FUNCTION signal.move_writer(ownership uuid, writer_lane integer, from_attempt bigint, to_attempt bigint, committed bigint[], revision bigint)
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
BEGIN
    FOR place IN 1 .. cardinality(committed) LOOP
        CONTINUE WHEN place = writer_lane + 1;
        PERFORM FROM signal.ingest_writer
        WHERE ownership_id = ownership AND lane = place - 1 AND attempt >= committed[place] LIMIT 1;
        IF NOT FOUND THEN
            RETURN false;
        END IF;
    END LOOP;
    UPDATE signal.ingest_writer SET attempt = to_attempt
    WHERE ownership_id = ownership AND lane = writer_lane AND attempt >= from_attempt AND attempt < to_attempt
      AND source_revision = revision;
    RETURN FOUND;
END $function$;
REVOKE EXECUTE ON FUNCTION signal.move_writer(uuid,integer,bigint,bigint,bigint[],bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.move_writer(uuid,integer,bigint,bigint,bigint[],bigint) TO healthtrack_ingest;

-- The newest hot sample of a series in a block that begins in [low, high); nothing where one of them is null.
CREATE OR REPLACE FUNCTION signal.newest_within(series integer, low timestamp with time zone, high timestamp with time zone)
 RETURNS TABLE(start_at timestamp with time zone, span_us bigint, value double precision, flags smallint)
 LANGUAGE plpgsql
 STABLE STRICT SECURITY DEFINER ROWS 1
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET jit TO 'off'
AS $function$
#variable_conflict use_column
BEGIN
    RETURN QUERY
        SELECT b.stop_at, coalesce(b.span_us, b.spans_us[cardinality(b.values)]), b.values[cardinality(b.values)],
               coalesce(b.flags[cardinality(b.values)], 0::smallint)
        FROM signal.block b
        WHERE b.series_id = $1 AND b.start_at >= $2 AND b.start_at < $3 ORDER BY b.start_at DESC LIMIT 1;
END $function$;
REVOKE EXECUTE ON FUNCTION signal.newest_within(integer,timestamp with time zone,timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.newest_within(integer,timestamp with time zone,timestamp with time zone) TO healthtrack_ingest, healthtrack_migrator, healthtrack_roller;

-- Adds to the feed of changes what this transaction does: of each change the series, the starts of its first and last sample, how many, and its kind (1 stored, 2 superseded, 3 erased; null where all were stored).
CREATE OR REPLACE FUNCTION signal.note_changes(series_ids integer[], first_ats timestamp with time zone[], last_ats timestamp with time zone[], counts integer[], kinds smallint[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
    -- Before the number is drawn: who gives places lets a missing number go once all transactions of its time ended.
    PERFORM pg_current_xact_id();
    INSERT INTO signal.change_commit (entries, series_ids, first_ats, last_ats, counts, kinds)
    VALUES (cardinality($1), $1, $2, $3, $4, $5);
END $function$;
REVOKE EXECUTE ON FUNCTION signal.note_changes(integer[],timestamp with time zone[],timestamp with time zone[],integer[],smallint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.note_changes(integer[],timestamp with time zone[],timestamp with time zone[],integer[],smallint[]) TO healthtrack_ingest, healthtrack_roller;

-- Lets the daemon of the shard know that a source may no longer speak for a device.
CREATE OR REPLACE FUNCTION signal.note_disallowed_source()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    UPDATE signal.ingest_writer SET source_revision = source_revision + 1
    WHERE shard IN (SELECT device.shard FROM gone JOIN signal.device USING (device_key));
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION signal.note_disallowed_source() FROM PUBLIC;

-- Adds to the feed of changes that a device was erased as a whole; its name is not kept, only the digest of it.
CREATE OR REPLACE FUNCTION signal.note_erased_device(device_sha256 text)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM pg_current_xact_id();
    INSERT INTO signal.change_commit (entries, device_sha256, series_ids, first_ats, last_ats, counts, kinds)
    VALUES (1, $1, '{NULL}', '{-infinity}', '{infinity}', '{NULL}', '{3}');
END $function$;
REVOKE EXECUTE ON FUNCTION signal.note_erased_device(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.note_erased_device(text) TO healthtrack_ingest, healthtrack_roller;

-- The name of the present copy of the database; notes a new one where it is another, or has forgotten.
CREATE OR REPLACE FUNCTION signal.note_incarnation(has_forgotten boolean)
 RETURNS uuid
 LANGUAGE plpgsql
AS $function$
DECLARE
    here record;
    last record;
    is_same boolean;
    noted uuid;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('healthtrack.incarnation', 0));
    SELECT * INTO here FROM signal.database_here();
    SELECT * INTO last FROM signal.incarnation ORDER BY begun_at DESC LIMIT 1;
    is_same := (here.system_identifier, here.database_oid, here.timeline)
               IS NOT DISTINCT FROM (last.system_identifier, last.database_oid, last.timeline);
    IF is_same AND NOT has_forgotten THEN
        RETURN last.incarnation_id;
    END IF;
    INSERT INTO signal.incarnation (begun_at, system_identifier, database_oid, timeline, incarnation_id, cause)
    VALUES (clock_timestamp(), here.system_identifier, here.database_oid, here.timeline, gen_random_uuid(),
            CASE WHEN last.incarnation_id IS NULL THEN 'created' WHEN is_same THEN 'forgotten' ELSE 'moved' END)
    RETURNING incarnation_id INTO noted;
    RETURN noted;
END $function$;
REVOKE EXECUTE ON FUNCTION signal.note_incarnation(boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.note_incarnation(boolean) TO healthtrack_ingest;

-- Trigger after a file is recorded or superseded: notes that its samples are to be rolled up, or no longer.
CREATE OR REPLACE FUNCTION signal.note_rollup_due()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF NEW.superseded_at IS NOT NULL THEN
        DELETE FROM signal.rollup_due d WHERE d.name = NEW.name;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO signal.rollup_due (first_on, last_on, metric, name)
        VALUES ((NEW.first_start_at AT TIME ZONE 'UTC')::date, (NEW.last_start_at AT TIME ZONE 'UTC')::date, NEW.metric,
                NEW.name);
    END IF;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION signal.note_rollup_due() FROM PUBLIC;

-- Gives places to changes that are committed and have none, 1,000 transactions at most, and wakes who listens to healthtrack_changes: the last place. known_to is a place that the caller knows to be given; where it is not there, the database has lost it.
CREATE OR REPLACE FUNCTION signal.number_changes(known_to bigint DEFAULT 0)
 RETURNS bigint
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
DECLARE
    commits_max constant integer := 1000;
    hole        constant bigint := 4294967296;
    last     signal.change_batch;
    present  uuid;
    oldest   xid8;
    base     bigint;
    seen     bigint;
    ids      bigint[];
    sizes    bigint[];
    met      int8multirange;
    open     int8multirange;
    younger  int8multirange;
    before   xid8;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = 'changes_are_numbered_by_what_is_committed',
            MESSAGE = 'Number changes in a transaction that is read committed.';
    END IF;
    -- Whoever had the lock has committed; each statement from here on sees what was committed before it.
    PERFORM pg_advisory_xact_lock(hashtextextended('signal.number_changes', 0));
    SELECT * INTO last FROM signal.change_batch ORDER BY last_change DESC LIMIT 1;
    SELECT incarnation_id INTO present FROM signal.incarnation ORDER BY begun_at DESC LIMIT 1;
    oldest := pg_snapshot_xmin(pg_current_snapshot());
    base := greatest(last.last_change, known_to, 0);
    open := coalesce(last.open_ids, '{}');
    younger := coalesce(last.younger_ids, '{}');
    before := last.open_before;
    IF last.incarnation_id IS DISTINCT FROM present AND last.last_change IS NOT NULL THEN
        -- No transaction of the former copy goes on in this one: what it has committed is there.
        base := base + hole;
        before := NULL;
    ELSIF known_to > coalesce(last.last_change, 0) THEN
        base := base + hole;
    END IF;

    SELECT array_agg(found.commit_id ORDER BY found.commit_id), array_agg(found.entries ORDER BY found.commit_id)
    INTO ids, sizes
    FROM (SELECT c.commit_id, c.entries
          FROM unnest(open + younger) AS missing (ids)
          JOIN signal.change_commit c ON c.commit_id >= lower(missing.ids) AND c.commit_id < upper(missing.ids)
          UNION ALL
          (SELECT c.commit_id, c.entries FROM signal.change_commit c
           WHERE c.commit_id > coalesce(last.seen_to, 0) ORDER BY c.commit_id LIMIT commits_max)) AS found;
    IF ids IS NULL THEN
        -- Whoever is told less than it knows would not notice the next time that places were lost.
        RETURN greatest(last.last_change, known_to, 0);
    END IF;

    seen := greatest(last.seen_to, ids[cardinality(ids)]);
    SELECT range_agg(int8range(id, id, '[]')) INTO met FROM unnest(ids) AS one (id);
    open := open - met;
    younger := younger + int8multirange(int8range(coalesce(last.seen_to, 0) + 1, seen + 1)) - met;
    IF before IS NULL OR before <= oldest THEN
        open := younger;
        younger := '{}';
        before := CASE WHEN NOT isempty(open) THEN pg_current_xact_id() END;
    END IF;
    INSERT INTO signal.change_batch (first_change, last_change, seen_to, open_before, incarnation_id, commit_ids,
                                     last_changes, open_ids, younger_ids)
    SELECT base + 1, max(numbered.last_change), seen, before, present, ids,
           array_agg(numbered.last_change ORDER BY numbered.last_change), open, younger
    FROM (SELECT base + sum(size) OVER (ORDER BY place) AS last_change
          FROM unnest(sizes) WITH ORDINALITY AS one (size, place)) AS numbered
    RETURNING change_batch.last_change INTO base;
    PERFORM pg_notify('healthtrack_changes', '');
    RETURN base;
END $function$;
REVOKE EXECUTE ON FUNCTION signal.number_changes(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.number_changes(bigint) TO healthtrack_ingest;

-- What blocks give for days that are not closed, or have changed since.
CREATE OR REPLACE FUNCTION signal.open_rollups()
 RETURNS SETOF signal.rollup_day
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET jit TO 'off'
AS $function$
DECLARE
    known   signal.rollup_horizon;
    low     timestamptz;
    ids     integer[];
    from_at timestamptz[];
    to_at   timestamptz[];
BEGIN
    SELECT * INTO STRICT known FROM signal.rollup_horizon;
    low := date_trunc('day', known.closed_until, 'UTC');
    SELECT array_agg(open.series_id), array_agg(open.from_at), array_agg(open.to_at) INTO ids, from_at, to_at
    FROM (SELECT DISTINCT b.series_id,
                 greatest(known.closed_until, date_trunc('day', b.start_at, 'UTC')) AS from_at,
                 date_trunc('day', b.start_at, 'UTC') + INTERVAL '24 hours' AS to_at
          FROM signal.block b
          WHERE b.start_at >= low AND b.stop_at >= known.closed_until
          UNION ALL
          SELECT u.series_id, u.day::timestamp AT TIME ZONE 'UTC',
                 least((u.day + 1)::timestamp AT TIME ZONE 'UTC', known.closed_until)
          FROM signal.unsettled_rollups() AS u WHERE known.is_kept) AS open;
    RETURN QUERY SELECT * FROM signal.pack_rollups(ids, from_at, to_at);
END $function$;
REVOKE EXECUTE ON FUNCTION signal.open_rollups() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.open_rollups() TO healthtrack_ingest, healthtrack_migrator, healthtrack_roller;

-- The rows of signal.rollup_day that blocks of some series give, each series in its own time.
CREATE OR REPLACE FUNCTION signal.pack_rollups(series_ids integer[], from_ats timestamp with time zone[], to_ats timestamp with time zone[])
 RETURNS SETOF signal.rollup_day
 LANGUAGE sql
 STABLE
AS $function$
    SELECT NULL::timestamptz, NULL::bigint, NULL::double precision, p.sum, p.least, p.greatest,
           (array_remove(p.firsts, NULL))[1], p.all_lasts[cardinality(p.all_lasts)], p.series_id, p.day, p.count, p.below,
           p.above, NULL::smallint, p.first_quarter, false,
           CASE WHEN p.last_quarter - p.first_quarter >= p.pieces THEN p.quarters END,
           CASE WHEN p.pieces > 1 THEN p.counts END,
           CASE WHEN p.pieces > 1 AND p.below > 0 THEN p.belows END,
           CASE WHEN p.pieces > 1 AND p.above > 0 THEN p.aboves END,
           CASE WHEN p.pieces > 1 THEN p.sums END, CASE WHEN p.pieces > 1 THEN p.leasts END,
           CASE WHEN p.pieces > 1 THEN p.greatests END, CASE WHEN p.pieces > 1 THEN p.firsts END,
           CASE WHEN p.pieces > 1 THEN p.lasts END, NULL::smallint, NULL::double precision[], NULL::double precision[]
    FROM (SELECT piece.series_id, piece.day, pg_catalog.sum(piece.count)::integer AS count,
                 pg_catalog.sum(piece.below)::integer AS below, pg_catalog.sum(piece.above)::integer AS above,
                 pg_catalog.sum(piece.sum) AS sum, min(piece.least) AS least, max(piece.greatest) AS greatest,
                 min(piece.quarter) AS first_quarter, max(piece.quarter) AS last_quarter, pg_catalog.count(*) AS pieces,
                 array_agg(piece.quarter) AS quarters, array_agg(piece.count::integer) AS counts,
                 array_agg(piece.below::integer) AS belows, array_agg(piece.above::integer) AS aboves,
                 array_agg(piece.sum) AS sums, array_agg(piece.least) AS leasts, array_agg(piece.greatest) AS greatests,
                 array_agg(piece.first) AS firsts, array_agg(piece.last) AS lasts,
                 array_remove(array_agg(piece.last), NULL) AS all_lasts
          FROM (SELECT * FROM signal.measure_series($1, $2, $3) ORDER BY series_id, day, quarter) AS piece
          GROUP BY 1, 2) AS p
$function$;
REVOKE EXECUTE ON FUNCTION signal.pack_rollups(integer[],timestamp with time zone[],timestamp with time zone[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.pack_rollups(integer[],timestamp with time zone[],timestamp with time zone[]) TO healthtrack_ingest, healthtrack_migrator, healthtrack_roller;

-- Removes what was given its place before a time, batches_max batches at most: how many transactions. The newest batch stays.
CREATE OR REPLACE FUNCTION signal.prune_changes(before timestamp with time zone, batches_max integer DEFAULT 100)
 RETURNS bigint
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
DECLARE
    ids bigint[];
    pruned bigint;
BEGIN
    -- The last batch stays: it says how far was looked.
    WITH due AS MATERIALIZED (
        SELECT b.last_change, b.numbered_at FROM signal.change_batch b
        WHERE b.last_change < (SELECT max(last_change) FROM signal.change_batch)
        ORDER BY b.last_change LIMIT batches_max FOR UPDATE SKIP LOCKED
    ), gone AS (
        DELETE FROM signal.change_batch b USING due
        WHERE b.last_change = due.last_change AND due.numbered_at < before RETURNING b.commit_ids
    )
    SELECT array_agg(one.id) INTO ids FROM gone, unnest(gone.commit_ids) AS one (id);
    DELETE FROM signal.change_commit c USING unnest(ids) AS one (id) WHERE c.commit_id = one.id;
    GET DIAGNOSTICS pruned = ROW_COUNT;
    RETURN pruned;
END $function$;
REVOKE EXECUTE ON FUNCTION signal.prune_changes(timestamp with time zone,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.prune_changes(timestamp with time zone,integer) TO healthtrack_ingest;

-- Removes a page of what came before a time, in its order, and says where the next page begins: null at the end. Keeps what may be of a device that somebody under legal hold wore and, where that is asked for, contradictions that nobody has resolved.
CREATE OR REPLACE FUNCTION signal.purge_quarantine(received_before timestamp with time zone, of_reason text, only_resolved boolean, after_at timestamp with time zone, after_id bigint, rows_max integer, spare_open_conflicts boolean DEFAULT false, OUT last_at timestamp with time zone, OUT last_id bigint, OUT purged_rows bigint, OUT purged_bytes bigint, OUT held_rows bigint)
 RETURNS record
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    page   bigint[];
    locked bytea[];
BEGIN
    SELECT array_agg(quarantine_id), (array_agg(received_at ORDER BY received_at DESC, quarantine_id DESC))[1],
           (array_agg(quarantine_id ORDER BY received_at DESC, quarantine_id DESC))[1], array_agg(payload_sha256)
    INTO page, last_at, last_id, locked
    FROM (SELECT quarantine_id, received_at, payload_sha256 FROM signal.quarantine_rejection AS old
          WHERE (old.received_at, old.quarantine_id) > (after_at, after_id)
            AND signal.quarantine_is_due(old.received_at, old.last_received_at, old.resolved_at, old.reason,
                                         received_before, of_reason, only_resolved, spare_open_conflicts)
          ORDER BY received_at, quarantine_id LIMIT rows_max) AS found;
    -- Who deletes waits for nobody who writes: what is locked goes another time.
    SELECT coalesce(array_agg(payload_sha256), '{}'), coalesce(sum(payload_bytes), 0) INTO locked, purged_bytes
    FROM (SELECT payload_sha256, payload_bytes FROM signal.quarantine_payload WHERE payload_sha256 = ANY (locked)
          ORDER BY payload_sha256 FOR UPDATE SKIP LOCKED) AS free;
    DELETE FROM signal.quarantine_rejection AS old
    WHERE old.quarantine_id = ANY (page) AND old.payload_sha256 = ANY (locked)
      AND signal.quarantine_is_due(old.received_at, old.last_received_at, old.resolved_at, old.reason,
                                   received_before, of_reason, only_resolved, spare_open_conflicts)
      AND old.quarantine_id NOT IN (SELECT held FROM signal.quarantine_under_legal_hold(page) AS held);
    GET DIAGNOSTICS purged_rows = ROW_COUNT;
    SELECT count(*) INTO held_rows FROM signal.quarantine_rejection
    WHERE quarantine_id = ANY (page) AND payload_sha256 = ANY (locked);
    purged_bytes := purged_bytes - (SELECT coalesce(sum(payload_bytes), 0) FROM signal.quarantine_payload
                                    WHERE payload_sha256 = ANY (locked));
END $function$;
REVOKE EXECUTE ON FUNCTION signal.purge_quarantine(timestamp with time zone,text,boolean,timestamp with time zone,bigint,integer,boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.purge_quarantine(timestamp with time zone,text,boolean,timestamp with time zone,bigint,integer,boolean) TO healthtrack_ingest, healthtrack_migrator;

-- Those of some rejections that may be of somebody under legal hold: nobody may remove them.
CREATE OR REPLACE FUNCTION signal.quarantine_under_legal_hold(quarantine_ids bigint[])
 RETURNS SETOF bigint
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    WITH held AS MATERIALIZED (SELECT device_id, worn_during FROM signal.wear_under_legal_hold())
    SELECT quarantine_id FROM signal.quarantine_rejection JOIN signal.quarantine_payload USING (payload_sha256)
    WHERE quarantine_id = ANY (quarantine_ids)
      AND EXISTS (SELECT FROM held
                  WHERE signal.quarantine_may_be_of_wear(reason, received_at, last_received_at, held.worn_during)
                    AND signal.quarantine_names(topic, detail, payload, held.device_id))
$function$;
REVOKE EXECUTE ON FUNCTION signal.quarantine_under_legal_hold(bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.quarantine_under_legal_hold(bigint[]) TO healthtrack_ingest, healthtrack_migrator, healthtrack_roller;

-- A day before that up to which rollups are closed, as it was when the plan was made: for questions that are answered alike whatever it says.
CREATE OR REPLACE FUNCTION signal.recent_from()
 RETURNS timestamp with time zone
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT date_trunc('day', h.closed_until, 'UTC') - INTERVAL '24 hours' FROM signal.rollup_horizon h
$function$;
REVOKE EXECUTE ON FUNCTION signal.recent_from() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.recent_from() TO healthtrack_ingest, healthtrack_migrator, healthtrack_roller;

-- Trigger before a message gets other bytes: refuses it.
CREATE OR REPLACE FUNCTION signal.refuse_other_bytes()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = 'quarantine_payload_stays_as_it_came',
        MESSAGE = 'A message in quarantine stays as it came.';
END $function$;
REVOKE EXECUTE ON FUNCTION signal.refuse_other_bytes() FROM PUBLIC;

-- What devices measured in each hour or day of a zone that touches [from, to), in no order; null devices or metrics are all. Exact at every moment: what is closed is read, what is not, or has changed since, is computed. count counts values, below and above what lies beyond the sensor's range. not_measured is null: a slot that a source leaves empty is counted when it comes (healthtrack_ingest_not_measured_total) and not kept, so a delivery that is repeated, or a value that fills the slot later, could not be told from another empty slot. is_settled is false where late samples of an archived day are in it that the next roll compares with the archive, where a range of one was replaced since its file was made, and where a file of the archive is not rolled up yet: a late sample may be one that the archive has.
CREATE OR REPLACE FUNCTION signal.rollup(devices text[], metrics text[], every text, "from" timestamp with time zone, "to" timestamp with time zone, zone text DEFAULT 'UTC'::text)
 RETURNS TABLE(device_id text, metric text, statistic text, bucket_at timestamp with time zone, count bigint, sum double precision, mean double precision, "least" double precision, "greatest" double precision, first double precision, last double precision, not_measured bigint, below bigint, above bigint, first_code text, last_code text, unit text, is_settled boolean)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET jit TO 'off'
AS $function$
#variable_conflict use_column
DECLARE
    closed   timestamptz;
    changed  bigint;
    wanted   integer[];
    cut      record;
    from_on  date;
    to_on    date;
    starts   timestamptz[];
    stale_ids  integer[];
    stale_days date[];
    open_ids  integer[];
    open_from timestamptz[];
    open_to   timestamptz[];
BEGIN
    SELECT array_agg(b.bucket_at ORDER BY b.bucket_at) AS starts, min(b.bucket_at) AS low, max(b.stop_at) AS high
    INTO cut FROM signal.rollup_buckets($3, $4, $5, $6) AS b;
    from_on := (cut.low AT TIME ZONE 'UTC')::date;
    to_on := ((cut.high - INTERVAL '1 microsecond') AT TIME ZONE 'UTC')::date;
    SELECT coalesce(array_agg(s.series_id), '{}') INTO wanted
    FROM signal.series s JOIN signal.device d ON d.device_key = s.device_key
    JOIN signal.metric m ON m.metric_id = s.metric_id
    WHERE ($1 IS NULL OR d.device_id = ANY ($1)) AND ($2 IS NULL OR m.name = ANY ($2));
    SELECT h.closed_until, h.change INTO STRICT closed, changed FROM signal.rollup_horizon h;
    closed := least(closed, cut.high);
    IF closed > cut.low THEN
        SELECT array_agg(stale.series_id), array_agg(stale.day) INTO stale_ids, stale_days
        FROM (SELECT s.series_id, s.day FROM signal.rollup_stale s
              WHERE s.series_id = ANY (wanted) AND s.day BETWEEN from_on AND to_on
              UNION
              SELECT c.series_id, shown.at::date
              FROM signal.changed_ranges(changed, closed) AS c
              CROSS JOIN LATERAL generate_series(
                  greatest((greatest(c.first_at, cut.low) AT TIME ZONE 'UTC')::date, from_on)::timestamp,
                  least((least(c.last_at, cut.high) AT TIME ZONE 'UTC')::date, to_on)::timestamp, INTERVAL '1 day')
                  AS shown (at)
              WHERE c.series_id = ANY (wanted)) AS stale;
    END IF;
    open_ids := stale_ids;
    SELECT array_agg(greatest(one.day::timestamp AT TIME ZONE 'UTC', cut.low)),
           array_agg(least((one.day + 1)::timestamp AT TIME ZONE 'UTC', closed))
    INTO open_from, open_to FROM unnest(stale_days) AS one (day);
    IF closed < cut.high THEN
        open_ids := wanted || open_ids;
        open_from := array_fill(greatest(closed, cut.low), ARRAY[cardinality(wanted)]) || open_from;
        open_to := array_fill(cut.high, ARRAY[cardinality(wanted)]) || open_to;
    END IF;
    RETURN QUERY
    WITH bucket AS MATERIALIZED (
        SELECT b.at AS bucket_at, coalesce(lead(b.at) OVER (ORDER BY b.at), cut.high) AS stop_at
        FROM unnest(cut.starts) AS b (at)
    ), segment AS MATERIALIZED (
        -- The part of a UTC day that a bucket takes, in quarters.
        SELECT b.bucket_at, on_day.at::date AS day,
               greatest(extract(epoch FROM b.bucket_at - on_day.at AT TIME ZONE 'UTC') / 900, 0)::integer AS from_quarter,
               least(extract(epoch FROM b.stop_at - on_day.at AT TIME ZONE 'UTC') / 900, 96)::integer AS to_quarter
        FROM bucket b
        CROSS JOIN LATERAL (VALUES (0), (1)) AS after (days)
        CROSS JOIN LATERAL (
            SELECT date_trunc('day', b.bucket_at AT TIME ZONE 'UTC') + after.days * INTERVAL '1 day' AS at
        ) AS on_day
        WHERE on_day.at AT TIME ZONE 'UTC' < b.stop_at
    ), settled AS (
        SELECT r.*, coalesce(cardinality(r.counts), 1) AS pieces FROM signal.rollup_day r
        WHERE r.series_id = ANY (wanted) AND r.day BETWEEN from_on AND to_on
          AND (r.is_archived OR closed > cut.low AND (r.series_id, r.day) NOT IN (
                  SELECT stale.series_id, stale.day FROM unnest(stale_ids, stale_days) AS stale (series_id, day)))
    ), part AS (
        -- Days that lie in one bucket, and pieces that are alone, are told by their totals.
        SELECT r.series_id, s.bucket_at, r.is_archived, extract(epoch FROM r.day)::bigint + 900 * r.first_quarter AS at,
               extract(epoch FROM r.day)::bigint
                   + 900 * coalesce(r.quarters[r.pieces], r.first_quarter + r.pieces - 1) AS last_at,
               r.count::bigint, r.below::bigint, r.above::bigint, r.sum, r.least, r.greatest, r.first, r.last
        FROM settled r JOIN segment s ON s.day = r.day
        WHERE s.from_quarter = 0 AND s.to_quarter = 96
           OR r.pieces = 1 AND r.first_quarter >= s.from_quarter AND r.first_quarter < s.to_quarter
        UNION ALL
        -- Days that are parted where the wearer's begins.
        SELECT r.series_id, s.bucket_at, r.is_archived, extract(epoch FROM r.day)::bigint + 900 * s.from_quarter,
               extract(epoch FROM r.day)::bigint + 900 * s.from_quarter, half.part[1]::bigint, half.part[2]::bigint,
               half.part[3]::bigint, half.part[4], half.part[5], half.part[6], half.part[7], half.part[8]
        FROM settled r
        JOIN segment s ON s.day = r.day AND (s.from_quarter = 0 AND s.to_quarter = r.split
                                             OR s.from_quarter = r.split AND s.to_quarter = 96)
        CROSS JOIN LATERAL (SELECT CASE WHEN s.from_quarter = 0 THEN r.head ELSE r.tail END AS part) AS half
        WHERE $3 = 'day' AND r.pieces > 1 AND half.part[1] + half.part[2] + half.part[3] > 0
        UNION ALL
        SELECT r.series_id, r.bucket_at, r.is_archived,
               extract(epoch FROM r.day)::bigint + 900 * coalesce(r.quarters[r.skipped + 1], r.first_quarter + r.skipped),
               extract(epoch FROM r.day)::bigint + 900 * coalesce(r.quarters[r.taken], r.first_quarter + r.taken - 1),
               added.count, added.below, added.above, added.sum, added.least, added.greatest,
               (array_remove(r.firsts[r.skipped + 1 : r.taken], NULL))[1],
               (SELECT given.last[cardinality(given.last)]
                FROM (SELECT array_remove(r.lasts[r.skipped + 1 : r.taken], NULL) AS last) AS given)
        FROM (SELECT r.*, s.bucket_at,
                     CASE WHEN r.quarters IS NULL THEN greatest(s.from_quarter - r.first_quarter, 0)
                          ELSE (SELECT pg_catalog.count(*) FROM unnest(r.quarters) AS one (quarter)
                                WHERE one.quarter < s.from_quarter) END AS skipped,
                     CASE WHEN r.quarters IS NULL THEN least(s.to_quarter - r.first_quarter, r.pieces)
                          ELSE (SELECT pg_catalog.count(*) FROM unnest(r.quarters) AS one (quarter)
                                WHERE one.quarter < s.to_quarter) END AS taken
              FROM settled r JOIN segment s ON s.day = r.day
              WHERE $3 = 'day' AND r.pieces > 1 AND NOT (s.from_quarter = 0 AND s.to_quarter = 96)
                AND NOT coalesce(s.from_quarter = 0 AND s.to_quarter = r.split
                                 OR s.from_quarter = r.split AND s.to_quarter = 96, false) OFFSET 0) AS r
        CROSS JOIN LATERAL (
            SELECT pg_catalog.sum(piece.count) AS count, pg_catalog.sum(piece.below) AS below,
                   pg_catalog.sum(piece.above) AS above, pg_catalog.sum(piece.sum) AS sum, min(piece.least) AS least,
                   max(piece.greatest) AS greatest
            FROM unnest(r.counts[r.skipped + 1 : r.taken], r.belows[r.skipped + 1 : r.taken],
                        r.aboves[r.skipped + 1 : r.taken], r.sums[r.skipped + 1 : r.taken],
                        r.leasts[r.skipped + 1 : r.taken], r.greatests[r.skipped + 1 : r.taken])
                AS piece (count, below, above, sum, least, greatest)
        ) AS added
        WHERE r.skipped < r.taken
        UNION ALL
        SELECT r.series_id, s.bucket_at, r.is_archived, extract(epoch FROM r.day)::bigint + 900 * r.quarter,
               extract(epoch FROM r.day)::bigint + 900 * r.quarter, r.piece_count,
               r.piece_below, r.piece_above, r.piece_sum, r.piece_least, r.piece_greatest, r.piece_first, r.piece_last
        FROM (SELECT r.series_id, r.day, r.is_archived,
                     coalesce(piece.quarter, r.first_quarter + piece.place - 1) AS quarter,
                     piece.count AS piece_count, piece.below AS piece_below, piece.above AS piece_above,
                     piece.sum AS piece_sum, piece.least AS piece_least, piece.greatest AS piece_greatest,
                     piece.first AS piece_first, piece.last AS piece_last
              FROM settled r
              CROSS JOIN LATERAL unnest(r.counts, r.quarters, r.belows, r.aboves, r.sums, r.leasts, r.greatests, r.firsts,
                                        r.lasts) WITH ORDINALITY
                  AS piece (count, quarter, below, above, sum, least, greatest, first, last, place)
              WHERE $3 = 'hour' AND r.pieces > 1) AS r
        JOIN segment s ON s.day = r.day AND s.from_quarter <= r.quarter AND s.to_quarter > r.quarter
        UNION ALL
        SELECT piece.series_id, s.bucket_at, false, extract(epoch FROM piece.day)::bigint + 900 * piece.quarter,
               extract(epoch FROM piece.day)::bigint + 900 * piece.quarter,
               piece.count, piece.below, piece.above, piece.sum, piece.least, piece.greatest, piece.first, piece.last
        FROM signal.measure_series(open_ids, open_from, open_to) AS piece
        JOIN segment s ON s.day = piece.day AND piece.quarter >= s.from_quarter AND piece.quarter < s.to_quarter
    ), total AS (
        SELECT p.series_id, p.bucket_at, pg_catalog.sum(p.count)::bigint AS count,
               coalesce(pg_catalog.sum(p.below), 0)::bigint AS below, coalesce(pg_catalog.sum(p.above), 0)::bigint AS above,
               pg_catalog.sum(p.sum) AS sum, min(p.least) AS least, max(p.greatest) AS greatest,
               (min(ARRAY[p.at, p.first]) FILTER (WHERE p.count > 0))[2] AS first,
               (max(ARRAY[p.last_at, p.last]) FILTER (WHERE p.count > 0))[2] AS last,
               bool_and(p.is_archived) = bool_or(p.is_archived) AS is_settled
        FROM part p GROUP BY 1, 2
    ), due AS MATERIALIZED (
        SELECT NULL::integer AS series_id, f.metric, f.first_on, f.last_on FROM signal.rollup_due f
        WHERE f.first_on <= to_on AND f.last_on >= from_on
        UNION ALL
        SELECT r.series_id, f.metric, f.day, f.day FROM signal.replaced_range r
        JOIN signal.series s ON s.series_id = r.series_id
        JOIN signal.metric m ON m.metric_id = s.metric_id
        JOIN signal.archive_file f ON f.metric = m.name AND f.superseded_at IS NULL AND f.revised_to < r.range_id
            AND f.day::timestamp AT TIME ZONE 'UTC' < r.to_at AND (f.day + 1)::timestamp AT TIME ZONE 'UTC' > r.from_at
        WHERE r.series_id = ANY (wanted) AND r.to_at > cut.low AND r.from_at < cut.high
    )
    SELECT d.device_id, m.name, s.statistic, t.bucket_at, t.count,
           CASE WHEN m.codes IS NULL THEN t.sum END, CASE WHEN m.codes IS NULL THEN t.sum / nullif(t.count, 0) END,
           CASE WHEN m.codes IS NULL THEN t.least END, CASE WHEN m.codes IS NULL THEN t.greatest END,
           CASE WHEN m.codes IS NULL THEN t.first END, CASE WHEN m.codes IS NULL THEN t.last END,
           NULL::bigint, t.below, t.above, m.codes[t.first::integer + 1], m.codes[t.last::integer + 1], m.unit,
           t.is_settled AND NOT EXISTS (
               SELECT FROM due WHERE due.metric = m.name AND coalesce(due.series_id, t.series_id) = t.series_id AND due.first_on <= (t.bucket_at AT TIME ZONE 'UTC')::date + 1
                                 AND due.last_on >= (t.bucket_at AT TIME ZONE 'UTC')::date)
    FROM total t
    JOIN signal.series s ON s.series_id = t.series_id
    JOIN signal.device d ON d.device_key = s.device_key
    JOIN signal.metric m ON m.metric_id = s.metric_id;
END $function$;
REVOKE EXECUTE ON FUNCTION signal.rollup(text[],text[],text,timestamp with time zone,timestamp with time zone,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.rollup(text[],text[],text,timestamp with time zone,timestamp with time zone,text) TO healthtrack_ingest, healthtrack_migrator, healthtrack_roller;

-- Hot samples that begin in [from, to), whatever measured them; reads the chunks of that time alone, also where it is reckoned from now().
CREATE OR REPLACE FUNCTION signal.samples("from" timestamp with time zone, "to" timestamp with time zone)
 RETURNS SETOF signal.sample
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$
    SELECT found.device_id, found.metric, found.statistic, found.start_at, found.end_at, found.value, found.code, found.unit,
           found.flag_words, found.utc_offset_minutes, found.received_at, found.revision
    FROM signal.block_sample AS found
    WHERE found.block_start_at >= $1 - INTERVAL '24 hours' AND found.block_start_at < $2 AND found.block_stop_at >= $1
      AND (found.block_start_at >= $1 AND found.block_stop_at < $2 OR found.start_at >= $1 AND found.start_at < $2)
$function$;
REVOKE EXECUTE ON FUNCTION signal.samples(timestamp with time zone,timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.samples(timestamp with time zone,timestamp with time zone) TO healthtrack_ingest, healthtrack_migrator, healthtrack_roller;

-- Hot samples of one device and metric that begin in [from, to), in no order; reads only their chunks and blocks.
CREATE OR REPLACE FUNCTION signal.samples(device_id text, metric text, "from" timestamp with time zone, "to" timestamp with time zone)
 RETURNS SETOF signal.sample
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$
    SELECT found.device_id, found.metric, found.statistic, found.start_at, found.end_at, found.value, found.code, found.unit,
           found.flag_words, found.utc_offset_minutes, found.received_at, found.revision
    FROM signal.block_sample AS found
    WHERE found.device_id = $1 AND found.metric = $2
      AND found.block_start_at >= $3 - INTERVAL '24 hours' AND found.block_start_at < $4 AND found.block_stop_at >= $3
      AND (found.block_start_at >= $3 AND found.block_stop_at < $4 OR found.start_at >= $3 AND found.start_at < $4)
$function$;

-- Parts days of series where the day of whoever wore the device begins.
CREATE OR REPLACE FUNCTION signal.split_rollups(series_ids integer[], days date[])
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET jit TO 'off'
AS $function$
    UPDATE signal.rollup_day r SET split = parted.split, head = parted.head, tail = parted.tail
    FROM (
        SELECT one.series_id, one.day, one.is_archived, begins.split,
               ARRAY[coalesce(sum(piece.count) FILTER (WHERE is_before), 0),
                     coalesce(sum(piece.below) FILTER (WHERE is_before), 0),
                     coalesce(sum(piece.above) FILTER (WHERE is_before), 0), sum(piece.sum) FILTER (WHERE is_before),
                     min(piece.least) FILTER (WHERE is_before), max(piece.greatest) FILTER (WHERE is_before),
                     (min(ARRAY[piece.place, piece.first]) FILTER (WHERE is_before AND piece.count > 0))[2],
                     (max(ARRAY[piece.place, piece.last]) FILTER (WHERE is_before AND piece.count > 0))[2]] AS head,
               ARRAY[coalesce(sum(piece.count) FILTER (WHERE NOT is_before), 0),
                     coalesce(sum(piece.below) FILTER (WHERE NOT is_before), 0),
                     coalesce(sum(piece.above) FILTER (WHERE NOT is_before), 0), sum(piece.sum) FILTER (WHERE NOT is_before),
                     min(piece.least) FILTER (WHERE NOT is_before), max(piece.greatest) FILTER (WHERE NOT is_before),
                     (min(ARRAY[piece.place, piece.first]) FILTER (WHERE NOT is_before AND piece.count > 0))[2],
                     (max(ARRAY[piece.place, piece.last]) FILTER (WHERE NOT is_before AND piece.count > 0))[2]] AS tail
        FROM (SELECT DISTINCT * FROM unnest($1, $2) AS given (series_id, day)) AS asked
        JOIN signal.rollup_day one ON one.series_id = asked.series_id AND one.day = asked.day AND one.counts IS NOT NULL
        JOIN signal.series s ON s.series_id = one.series_id
        JOIN care.wear w ON w.device_key = s.device_key
         AND w.worn_during @> (one.day::timestamp AT TIME ZONE 'UTC' + INTERVAL '12 hours')
        JOIN care.patient p ON p.patient_id = w.patient_id
        CROSS JOIN LATERAL (
            SELECT (extract(epoch FROM shown.at - one.day::timestamp AT TIME ZONE 'UTC') / 900)::integer AS split
            FROM (SELECT (one.day + step)::timestamp AT TIME ZONE p.time_zone AS at FROM generate_series(0, 1) AS step) AS shown
            WHERE (shown.at AT TIME ZONE 'UTC')::date = one.day AND extract(epoch FROM shown.at)::bigint % 900 = 0
            LIMIT 1
        ) AS begins
        CROSS JOIN LATERAL unnest(one.counts, one.quarters, one.belows, one.aboves, one.sums, one.leasts, one.greatests,
                                  one.firsts, one.lasts) WITH ORDINALITY
            AS piece (count, quarter, below, above, sum, least, greatest, first, last, place)
        CROSS JOIN LATERAL (
            SELECT coalesce(piece.quarter, one.first_quarter + piece.place - 1) < begins.split AS is_before
        ) AS side
        WHERE begins.split > 0
        GROUP BY 1, 2, 3, 4
    ) AS parted
    WHERE r.series_id = parted.series_id AND r.day = parted.day AND r.is_archived = parted.is_archived
$function$;
REVOKE EXECUTE ON FUNCTION signal.split_rollups(integer[],date[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.split_rollups(integer[],date[]) TO healthtrack_ingest, healthtrack_roller;

-- The hot samples of a series, in branches of 256 days from November 2007 to November 2035, and two for all other times.
CREATE OR REPLACE FUNCTION signal.unpack(series integer)
 RETURNS TABLE(start_at timestamp with time zone, span_us bigint, flags smallint, value double precision, utc_offset_minutes smallint, received_at timestamp with time zone, revision bigint)
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$
    SELECT NULL::timestamptz, NULL::bigint, NULL::smallint, NULL::double precision, NULL::smallint,
                 NULL::timestamptz, NULL::bigint
    FROM signal.block WHERE false UNION ALL
    SELECT * FROM signal.unpack_before($1, 1194393600) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1194393600) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1216512000) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1238630400) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1260748800) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1282867200) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1304985600) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1327104000) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1349222400) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1371340800) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1393459200) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1415577600) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1437696000) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1459814400) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1481932800) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1504051200) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1526169600) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1548288000) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1570406400) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1592524800) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1614643200) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1636761600) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1658880000) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1680998400) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1703116800) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1725235200) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1747353600) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1769472000) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1791590400) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1813708800) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1835827200) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1857945600) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1880064000) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1902182400) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1924300800) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1946419200) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1968537600) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1990656000) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 2012774400) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 2034892800) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 2057011200) UNION ALL
    SELECT * FROM signal.unpack_after($1, 2079129600)
$function$;
REVOKE EXECUTE ON FUNCTION signal.unpack(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.unpack(integer) TO healthtrack_ingest, healthtrack_migrator, healthtrack_roller;

-- The samples of a series in blocks that begin in [low, high).
CREATE OR REPLACE FUNCTION signal.unpack_blocks(series integer, low timestamp with time zone, high timestamp with time zone)
 RETURNS TABLE(start_at timestamp with time zone, span_us bigint, flags smallint, value double precision, utc_offset_minutes smallint, received_at timestamp with time zone, revision bigint)
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$
    SELECT sample.start_at, sample.span_us, sample.flags, sample.value,
           coalesce(block.utc_offset_minutes, block.utc_offsets_minutes[sample.origin]),
           coalesce(block.received_at, block.received_ats[sample.origin]),
           coalesce(block.revision, block.revisions[sample.origin])
    FROM signal.block
    CROSS JOIN LATERAL (
        SELECT CASE WHEN block.origin_sizes IS NOT NULL
                    THEN (SELECT array_agg(run.place ORDER BY run.place)
                          FROM unnest(block.origin_sizes) WITH ORDINALITY AS run (size, place)
                          CROSS JOIN generate_series(1, run.size)) END AS places
    ) AS origin
    CROSS JOIN LATERAL (
        SELECT block.start_at + INTERVAL '1 microsecond' * (block.tick_us * (item.place - 1)) AS start_at,
               coalesce(block.span_us, item.span_us) AS span_us,
               coalesce(item.flags, 0::smallint) AS flags,
               item.value,
               item.origin
        FROM unnest(block.values, block.spans_us, block.flags, origin.places)
             WITH ORDINALITY AS item (value, span_us, flags, origin, place)
        WHERE block.gaps IS NULL
        UNION ALL
        SELECT block.start_at + INTERVAL '1 microsecond' * (block.tick_us * sum(item.gap) OVER (ORDER BY item.place)),
               coalesce(block.span_us, item.span_us),
               coalesce(item.flags, 0::smallint),
               item.value,
               item.origin
        FROM unnest(block.values, block.gaps, block.spans_us, block.flags, origin.places)
             WITH ORDINALITY AS item (value, gap, span_us, flags, origin, place)
        WHERE block.gaps IS NOT NULL
    ) AS sample
    WHERE block.series_id = $1 AND block.start_at >= $2 AND block.start_at < $3
    OFFSET 0
$function$;
REVOKE EXECUTE ON FUNCTION signal.unpack_blocks(integer,timestamp with time zone,timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.unpack_blocks(integer,timestamp with time zone,timestamp with time zone) TO healthtrack_ingest, healthtrack_migrator, healthtrack_roller;

-- Days of series that have changed since they were rolled up, noted or not.
CREATE OR REPLACE FUNCTION signal.unsettled_rollups()
 RETURNS TABLE(series_id integer, day date)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET jit TO 'off'
AS $function$
#variable_conflict use_column
DECLARE
    known signal.rollup_horizon;
BEGIN
    SELECT * INTO STRICT known FROM signal.rollup_horizon;
    RETURN QUERY
        SELECT s.series_id, s.day FROM signal.rollup_stale s
        UNION
        SELECT c.series_id, shown.at::date
        FROM signal.changed_ranges(known.change, known.closed_until) AS c
        CROSS JOIN LATERAL generate_series(
            greatest((c.first_at AT TIME ZONE 'UTC')::date,
                     (SELECT min(r.day) FROM signal.rollup_day r
                      WHERE r.series_id = c.series_id AND NOT isfinite(c.first_at)))::timestamp,
            (least(c.last_at, known.closed_until - INTERVAL '1 microsecond') AT TIME ZONE 'UTC')::date::timestamp,
            INTERVAL '1 day') AS shown (at)
        WHERE isfinite(c.first_at) OR EXISTS (SELECT FROM signal.rollup_day r WHERE r.series_id = c.series_id);
END $function$;
REVOKE EXECUTE ON FUNCTION signal.unsettled_rollups() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.unsettled_rollups() TO healthtrack_ingest, healthtrack_migrator, healthtrack_roller;
