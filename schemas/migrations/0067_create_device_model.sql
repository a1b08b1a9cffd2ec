-- What a device is: its model, its serial number, and what its model measures.
--
-- `signal.device` stays as small as the hot path wants it; what a person needs to know of a device stands here, found by
-- the same key. New tables; foreign keys lock their targets for an instant. Undo: drop them.
CREATE TABLE care.device_model (
    device_model_id integer  NOT NULL GENERATED ALWAYS AS IDENTITY,
    maker           text     NOT NULL,
    model           text     NOT NULL,

    CONSTRAINT device_model_pkey PRIMARY KEY (device_model_id),
    CONSTRAINT device_model_name_is_unique UNIQUE (maker, model),
    CONSTRAINT device_model_name_is_some CHECK (maker ~ '\S' AND model ~ '\S')
);
COMMENT ON TABLE  care.device_model                 IS 'Model of a device, by its maker.';
COMMENT ON COLUMN care.device_model.device_model_id IS 'Key.';
COMMENT ON COLUMN care.device_model.maker           IS 'Who makes it.';
COMMENT ON COLUMN care.device_model.model           IS 'What the maker calls it.';
COMMENT ON CONSTRAINT device_model_pkey ON care.device_model IS 'This model is known already.';
COMMENT ON CONSTRAINT device_model_name_is_unique ON care.device_model IS 'This maker has a model of that name already.';
COMMENT ON CONSTRAINT device_model_name_is_some ON care.device_model IS 'Give the model a maker and a name.';

CREATE TABLE care.device_model_metric (
    device_model_id integer  NOT NULL,
    metric_id       smallint NOT NULL,

    CONSTRAINT device_model_metric_pkey PRIMARY KEY (device_model_id, metric_id),
    CONSTRAINT device_model_metric_model_fkey FOREIGN KEY (device_model_id)
        REFERENCES care.device_model (device_model_id),
    CONSTRAINT device_model_metric_metric_fkey FOREIGN KEY (metric_id) REFERENCES signal.metric (metric_id)
);
CREATE INDEX device_model_metric_metric_idx ON care.device_model_metric (metric_id);
COMMENT ON TABLE  care.device_model_metric                 IS 'What a model measures.';
COMMENT ON COLUMN care.device_model_metric.device_model_id IS 'Which model.';
COMMENT ON COLUMN care.device_model_metric.metric_id       IS 'A metric that it measures.';
COMMENT ON CONSTRAINT device_model_metric_pkey ON care.device_model_metric IS 'This model is known to measure that already.';
COMMENT ON CONSTRAINT device_model_metric_model_fkey ON care.device_model_metric IS 'Add the model first.';
COMMENT ON CONSTRAINT device_model_metric_metric_fkey ON care.device_model_metric IS 'Choose one of the known metrics.';

CREATE TABLE care.device_detail (
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    device_key      integer     NOT NULL,
    device_model_id integer     NOT NULL,
    version         integer     NOT NULL DEFAULT 1,
    serial          text        NOT NULL,
    firmware        text,
    updated_by      text        NOT NULL DEFAULT session_user,

    CONSTRAINT device_detail_pkey PRIMARY KEY (device_key),
    CONSTRAINT device_detail_device_fkey FOREIGN KEY (device_key) REFERENCES signal.device (device_key),
    CONSTRAINT device_detail_model_fkey FOREIGN KEY (device_model_id) REFERENCES care.device_model (device_model_id),
    CONSTRAINT device_detail_serial_is_unique_in_its_model UNIQUE (device_model_id, serial),
    CONSTRAINT device_detail_serial_is_some CHECK (serial ~ '^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$')
);
CREATE TRIGGER device_detail_is_touched BEFORE UPDATE ON care.device_detail
    FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.device_detail                 IS 'What a person needs to know of a device.';
COMMENT ON COLUMN care.device_detail.created_at      IS 'When the row was made.';
COMMENT ON COLUMN care.device_detail.updated_at      IS 'When it was last changed.';
COMMENT ON COLUMN care.device_detail.device_key      IS 'The device.';
COMMENT ON COLUMN care.device_detail.device_model_id IS 'Its model.';
COMMENT ON COLUMN care.device_detail.version         IS 'Raised by each change.';
COMMENT ON COLUMN care.device_detail.serial          IS 'Serial number, unique in its model.';
COMMENT ON COLUMN care.device_detail.firmware        IS 'Version of its own program; null where nobody knows.';
COMMENT ON COLUMN care.device_detail.updated_by      IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT device_detail_pkey ON care.device_detail IS 'This device is described already.';
COMMENT ON CONSTRAINT device_detail_device_fkey ON care.device_detail IS 'Add the device first.';
COMMENT ON CONSTRAINT device_detail_model_fkey ON care.device_detail IS 'Choose one of the known models.';
COMMENT ON CONSTRAINT device_detail_serial_is_unique_in_its_model ON care.device_detail IS 'A device of that model has this serial number already.';
COMMENT ON CONSTRAINT device_detail_serial_is_some ON care.device_detail IS 'A serial number has 1 to 64 letters, digits, full stops, colons, hyphens and underscores.';

CALL access.guard('care.device_model', 'directory');
CALL access.guard('care.device_model_metric', 'directory');
CALL access.guard('care.device_detail', 'directory');
