//! Newcomers: devices and sources that a lane does not remember, looked up; and devices that nobody knows, added with
//! what they measure.
//!
//! # Why
//! A fleet that is heard for the first time is a million devices in a few seconds, so what is new costs one statement
//! for all of it: the numbers are taken from the sequences beforehand, so that devices and series go in together and
//! nothing is read back, and a series that is made here has no stored sample, so its end is not looked for. The names
//! are in order: neighbours in an index are met together, and two transactions that add the same names wait for one
//! another instead of each for the other.
//!
//! Nothing says in advance that a name is free. Where somebody else adds one meanwhile, the whole is done again in the
//! way that expects it.
//!
//! Who names a new device first may speak for it, and is recorded by the statement that adds the device: whoever adds
//! it was the first. So of two that name one at once, one is.

/// What messages say of them.
mod heard;

use sqlx::PgConnection;

use heard::NewSeries;
pub use heard::{Heard, Newcomers};

use super::StoreError;
use super::directory::{Known, SeriesKey, SeriesState, resolve_devices};
use super::moment::Moment;
use super::shard::Ownership;
use super::source;
use super::writer::Writer;
use crate::config::DeviceSources;
use crate::model::ids::{DeviceId, DeviceKey, SeriesId};
use crate::model::time::Timestamp;

/// What added a device that was heard before anybody named it, in `signal.device.added_by`.
const ENROLMENT: &str = "enrolment";

/// What becomes of what nobody knows.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct DevicePolicy {
    /// Whether unknown devices are added.
    pub enrols: bool,
    /// Who may speak for a device besides itself.
    pub sources: DeviceSources,
}

/// What became of them.
#[derive(Debug, Default)]
pub struct TakenUp {
    /// Each device, in order.
    pub devices: Vec<(DeviceId, Known)>,
    /// The series that were made.
    pub series: Vec<(SeriesKey, SeriesState)>,
    /// Sources other than the device itself that may speak for a device.
    pub allowed: Vec<(DeviceKey, Box<str>)>,
    /// How many devices were added.
    pub added: u64,
}

/// How unknown devices are added.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Adding {
    /// Not at all.
    Never,
    /// All at once, with their series.
    Together,
    /// Before they are looked up, and where the name is still free.
    First,
}

/// Looks devices up for a shard's owner and binds those that no shard has yet, and the sources that speak for them;
/// devices that nobody knows are added where it is so, with their series.
pub async fn take_up(
    connection: &mut PgConnection,
    writer: &mut Writer,
    newcomers: &Newcomers,
    policy: DevicePolicy,
    now: Timestamp,
) -> Result<TakenUp, StoreError> {
    let adding = if policy.enrols { Adding::Together } else { Adding::Never };
    match attempt(connection, writer, newcomers, policy.sources, adding, now).await {
        Err(error) if policy.enrols && error.is_duplicate() => {
            attempt(connection, writer, newcomers, policy.sources, Adding::First, now).await
        }
        done => done,
    }
}

async fn attempt(
    connection: &mut PgConnection,
    writer: &mut Writer,
    newcomers: &Newcomers,
    sources: DeviceSources,
    adding: Adding,
    now: Timestamp,
) -> Result<TakenUp, StoreError> {
    let own = writer.own().clone();
    let mut transaction = writer.begin(connection).await?;
    let mut taken = TakenUp::default();
    if adding == Adding::First {
        taken.added = add_first(transaction.connection(), &new_devices(newcomers, sources), now).await?;
    }
    let mut known = resolve_devices(transaction.connection(), &own, &newcomers.devices).await?;
    if adding == Adding::Together && known.contains(&Known::Unknown) {
        let new = new_devices(newcomers, sources);
        (taken.added, taken.series) =
            add_together(transaction.connection(), &own, &newcomers.series, &new, &mut known, now).await?;
    }
    if sources == DeviceSources::First {
        claim(transaction.connection(), newcomers, &known, now).await?;
    }
    if sources != DeviceSources::Any {
        taken.allowed = allowed(transaction.connection(), newcomers, &known).await?;
    }
    transaction.commit().await?;
    taken.devices = newcomers.devices.iter().cloned().zip(known).collect();
    Ok(taken)
}

/// The devices that may be added where they are unknown, each with the source that may speak for it from then on;
/// `None` where nobody who names it may add it.
fn new_devices(newcomers: &Newcomers, sources: DeviceSources) -> Vec<Option<(&str, &str)>> {
    let names = newcomers.devices.iter().map(DeviceId::as_str);
    match sources {
        DeviceSources::Own => {
            names.zip(newcomers.speak_for_themselves()).map(|(name, is_own)| is_own.then_some((name, name))).collect()
        }
        DeviceSources::First | DeviceSources::Any => names.zip(newcomers.first_speakers()).map(Some).collect(),
    }
}

/// Adds devices where their names are free; returns how many were.
async fn add_first(
    transaction: &mut PgConnection,
    new: &[Option<(&str, &str)>],
    now: Timestamp,
) -> Result<u64, StoreError> {
    let (names, sources): (Vec<&str>, Vec<&str>) = new.iter().flatten().copied().unzip();
    let added: i64 = sqlx::query_scalar(
        "WITH named AS (SELECT * FROM unnest($1::text[], $2::text[]) AS named (device_id, source)),
              added AS (
                  INSERT INTO signal.device (added_at, device_id, added_by)
                  SELECT $3, device_id, $4 FROM named
                  -- Each row that is tried takes a number, also where it conflicts.
                  WHERE NOT EXISTS (SELECT FROM signal.device AS there WHERE there.device_id = named.device_id)
                  ON CONFLICT (device_id) DO NOTHING RETURNING device_key, device_id),
              spoken_for AS (
                  INSERT INTO signal.device_source (allowed_at, device_key, source, allowed_by)
                  SELECT $3, device_key, source, $4 FROM added JOIN named USING (device_id) WHERE source <> device_id)
         SELECT count(*) FROM added",
    )
    .bind(names)
    .bind(sources)
    .bind(Moment(now))
    .bind(ENROLMENT)
    .fetch_one(transaction)
    .await
    .map_err(StoreError::at("adding devices"))?;
    Ok(u64::try_from(added).unwrap_or(0))
}

/// Adds the unknown devices with their series, and who may speak for them.
async fn add_together(
    transaction: &mut PgConnection,
    own: &Ownership,
    series: &[NewSeries],
    new: &[Option<(&str, &str)>],
    known: &mut [Known],
    now: Timestamp,
) -> Result<(u64, Vec<(SeriesKey, SeriesState)>), StoreError> {
    let step = StoreError::at("adding devices");
    let is_unknown = known.iter().map(|known| *known == Known::Unknown);
    let new: Vec<_> = new.iter().zip(is_unknown).map(|(new, is_unknown)| new.filter(|_| is_unknown)).collect();
    let is_new = |one: &&NewSeries| new.get(one.device).is_some_and(Option::is_some);
    let series: Vec<&NewSeries> = series.iter().filter(is_new).collect();
    let (names, sources): (Vec<&str>, Vec<&str>) = new.iter().flatten().copied().unzip();
    if names.is_empty() {
        return Ok((0, Vec::new()));
    }
    let (device_keys, series_ids): (Vec<i32>, Vec<i32>) = sqlx::query_as(
        "SELECT ARRAY(SELECT nextval('signal.device_device_key_seq')::integer FROM generate_series(1, $1)),
                ARRAY(SELECT nextval('signal.series_series_id_seq')::integer FROM generate_series(1, $2))",
    )
    .bind(i32::try_from(names.len()).unwrap_or(i32::MAX))
    .bind(i32::try_from(series.len()).unwrap_or(i32::MAX))
    .fetch_one(&mut *transaction)
    .await
    .map_err(&step)?;
    let added = known.iter_mut().zip(&new).filter(|(_, new)| new.is_some());
    added.zip(&device_keys).for_each(|((known, _), key)| *known = Known::Ours(DeviceKey(*key)));
    let key_of = |one: &NewSeries| match known.get(one.device) {
        Some(Known::Ours(device)) => Some(SeriesKey { device: *device, metric: one.metric, statistic: one.statistic }),
        _ => None,
    };
    let keys: Vec<SeriesKey> = series.into_iter().filter_map(key_of).collect();
    sqlx::query(
        "WITH added AS (
             INSERT INTO signal.device (device_key, added_at, device_id, added_by, shard) OVERRIDING SYSTEM VALUE
             SELECT device_key, $3, device_id, $4, $5
             FROM unnest($1::integer[], $2::text[]) AS new (device_key, device_id)),
         spoken_for AS (
             INSERT INTO signal.device_source (allowed_at, device_key, source, allowed_by)
             SELECT $3, device_key, source, $4
             FROM unnest($1::integer[], $2::text[], $10::text[]) AS new (device_key, device_id, source)
             WHERE source <> device_id)
         INSERT INTO signal.series (series_id, device_key, metric_id, statistic) OVERRIDING SYSTEM VALUE
         SELECT * FROM unnest($6::integer[], $7::integer[], $8::smallint[], $9::text[])",
    )
    .bind(&device_keys)
    .bind(&names)
    .bind(Moment(now))
    .bind(ENROLMENT)
    .bind(own.shard.as_str())
    .bind(&series_ids)
    .bind(keys.iter().map(|key| key.device.0).collect::<Vec<_>>())
    .bind(keys.iter().map(|key| key.metric.0).collect::<Vec<_>>())
    .bind(keys.iter().map(|key| key.statistic.text()).collect::<Vec<_>>())
    .bind(&sources)
    .execute(transaction)
    .await
    .map_err(&step)?;
    let state = |id: i32| SeriesState { id: SeriesId(id), last: None };
    let added = u64::try_from(names.len()).unwrap_or(u64::MAX);
    Ok((added, keys.into_iter().zip(series_ids.into_iter().map(state)).collect()))
}

/// Gives those that wait for a source to the first that speaks for each.
async fn claim(
    transaction: &mut PgConnection,
    newcomers: &Newcomers,
    known: &[Known],
    now: Timestamp,
) -> Result<(), StoreError> {
    let first = newcomers.first_speakers().zip(known);
    let unclaimed = first.filter_map(|(source, known)| match known {
        Known::Unclaimed(device) => Some((*device, source)),
        Known::Ours(_) | Known::Elsewhere(_) | Known::Unknown => None,
    });
    let (devices, sources): (Vec<DeviceKey>, Vec<&str>) = unclaimed.unzip();
    if devices.is_empty() {
        return Ok(());
    }
    source::claim(transaction, &devices, &sources, now).await
}

/// Which sources may speak for other devices than themselves.
async fn allowed(
    transaction: &mut PgConnection,
    newcomers: &Newcomers,
    known: &[Known],
) -> Result<Vec<(DeviceKey, Box<str>)>, StoreError> {
    let foreign = newcomers.foreign_speakers().filter_map(|(place, source)| match known.get(place) {
        Some(Known::Ours(device) | Known::Unclaimed(device)) => Some((*device, source)),
        _ => None,
    });
    let (devices, sources): (Vec<DeviceKey>, Vec<&str>) = foreign.unzip();
    if devices.is_empty() {
        return Ok(Vec::new());
    }
    let places = source::allowed(transaction, &devices, &sources).await?;
    let pair = |place: usize| Some((*devices.get(place)?, Box::from(*sources.get(place)?)));
    Ok(places.into_iter().filter_map(pair).collect())
}
