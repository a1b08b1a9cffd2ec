//! Newcomers: devices that a lane does not remember, looked up; and those that nobody knows, added with what they
//! measure.
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

use sqlx::{Connection as _, PgConnection};

use super::StoreError;
use super::directory::{Known, SeriesKey, SeriesState, add_devices, resolve_devices};
use super::moment::Moment;
use super::shard::{Ownership, fence};
use crate::model::ids::{DeviceId, DeviceKey, MetricId, SeriesId};
use crate::model::statistic::Statistic;
use crate::model::time::Timestamp;

/// What added a device that was heard before anybody named it, in `signal.device.added_by`.
const ENROLMENT: &str = "enrolment";

/// Devices by name, and what they measure; each once, and in order.
#[derive(Clone, Debug, Default)]
pub struct Newcomers {
    devices: Vec<DeviceId>,
    series: Vec<NewSeries>,
}

#[derive(Copy, Clone, Debug)]
struct NewSeries {
    /// The place of its device.
    device: usize,
    metric: MetricId,
    statistic: Statistic,
}

/// What became of them.
#[derive(Debug, Default)]
pub struct TakenUp {
    /// Each device, in order.
    pub devices: Vec<(DeviceId, Known)>,
    /// The series that were made.
    pub series: Vec<(SeriesKey, SeriesState)>,
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

impl Newcomers {
    /// Of devices and what they measure.
    pub fn new(mut heard: Vec<(&DeviceId, MetricId, Statistic)>) -> Newcomers {
        heard.sort_unstable();
        heard.dedup();
        let mut new = Newcomers { devices: Vec::with_capacity(heard.len()), series: Vec::with_capacity(heard.len()) };
        for (device, metric, statistic) in heard {
            if new.devices.last() != Some(device) {
                new.devices.push(device.clone());
            }
            new.series.push(NewSeries { device: new.devices.len() - 1, metric, statistic });
        }
        new
    }

    /// True where there is none.
    pub fn is_empty(&self) -> bool {
        self.devices.is_empty()
    }

    /// The devices.
    pub fn devices(self) -> impl Iterator<Item = DeviceId> {
        self.devices.into_iter()
    }

    /// Two halves; `Err` where there is but one device.
    pub fn halve(mut self) -> Result<[Newcomers; 2], Newcomers> {
        let middle = self.devices.len() / 2;
        if middle == 0 {
            return Err(self);
        }
        let devices = self.devices.split_off(middle);
        let mut series = self.series.split_off(self.series.partition_point(|one| one.device < middle));
        series.iter_mut().for_each(|one| one.device -= middle);
        Ok([self, Newcomers { devices, series }])
    }
}

/// Looks devices up for a shard's owner and binds those that no shard has yet; those that nobody knows are added where
/// `enrols`, with their series.
pub async fn take_up(
    connection: &mut PgConnection,
    own: &Ownership,
    newcomers: &Newcomers,
    enrols: bool,
    now: Timestamp,
) -> Result<TakenUp, StoreError> {
    let adding = if enrols { Adding::Together } else { Adding::Never };
    match attempt(connection, own, newcomers, adding, now).await {
        Err(error) if enrols && error.is_duplicate() => attempt(connection, own, newcomers, Adding::First, now).await,
        done => done,
    }
}

async fn attempt(
    connection: &mut PgConnection,
    own: &Ownership,
    newcomers: &Newcomers,
    adding: Adding,
    now: Timestamp,
) -> Result<TakenUp, StoreError> {
    let mut transaction = connection.begin().await.map_err(StoreError::at("beginning a transaction"))?;
    fence(&mut transaction, own).await?;
    let mut taken = TakenUp::default();
    if adding == Adding::First {
        taken.added = add_devices(&mut *transaction, &newcomers.devices, ENROLMENT, now).await?;
    }
    let mut known = resolve_devices(&mut transaction, own, &newcomers.devices).await?;
    if adding == Adding::Together && known.contains(&Known::Unknown) {
        (taken.added, taken.series) = add_together(&mut transaction, own, newcomers, &mut known, now).await?;
    }
    transaction.commit().await.map_err(StoreError::at("committing"))?;
    taken.devices = newcomers.devices.iter().cloned().zip(known).collect();
    Ok(taken)
}

/// Adds the unknown devices with their series.
async fn add_together(
    transaction: &mut PgConnection,
    own: &Ownership,
    newcomers: &Newcomers,
    known: &mut [Known],
    now: Timestamp,
) -> Result<(u64, Vec<(SeriesKey, SeriesState)>), StoreError> {
    let step = StoreError::at("adding devices");
    let is_unknown: Vec<bool> = known.iter().map(|known| *known == Known::Unknown).collect();
    let is_new = |one: &&NewSeries| is_unknown.get(one.device) == Some(&true);
    let new: Vec<&NewSeries> = newcomers.series.iter().filter(is_new).collect();
    let names: Vec<&str> =
        newcomers.devices.iter().zip(&is_unknown).filter(|(_, is)| **is).map(|(device, _)| device.as_str()).collect();
    let (device_keys, series_ids): (Vec<i32>, Vec<i32>) = sqlx::query_as(
        "SELECT ARRAY(SELECT nextval('signal.device_device_key_seq')::integer FROM generate_series(1, $1)),
                ARRAY(SELECT nextval('signal.series_series_id_seq')::integer FROM generate_series(1, $2))",
    )
    .bind(i32::try_from(names.len()).unwrap_or(i32::MAX))
    .bind(i32::try_from(new.len()).unwrap_or(i32::MAX))
    .fetch_one(&mut *transaction)
    .await
    .map_err(&step)?;
    let unknown = known.iter_mut().filter(|known| **known == Known::Unknown);
    unknown.zip(&device_keys).for_each(|(known, key)| *known = Known::Ours(DeviceKey(*key)));
    let key_of = |one: &NewSeries| match known.get(one.device) {
        Some(Known::Ours(device)) => Some(SeriesKey { device: *device, metric: one.metric, statistic: one.statistic }),
        _ => None,
    };
    let keys: Vec<SeriesKey> = new.into_iter().filter_map(key_of).collect();
    sqlx::query(
        "WITH added AS (
             INSERT INTO signal.device (device_key, added_at, device_id, added_by, shard) OVERRIDING SYSTEM VALUE
             SELECT device_key, $3, device_id, $4, $5
             FROM unnest($1::integer[], $2::text[]) AS new (device_key, device_id))
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
    .execute(transaction)
    .await
    .map_err(&step)?;
    let state = |id: i32| SeriesState { id: SeriesId(id), last: None };
    let added = u64::try_from(names.len()).unwrap_or(u64::MAX);
    Ok((added, keys.into_iter().zip(series_ids.into_iter().map(state)).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_keep_each_device_with_what_it_measures() {
        let names = ["c", "a", "b", "a"].map(|name| DeviceId::parse(name).unwrap());
        let heard = names.iter().zip([1, 2, 3, 2]).map(|(name, metric)| (name, MetricId(metric), Statistic::NONE));
        let mut left = vec![Newcomers::new(heard.collect())];
        let mut alone = Vec::new();
        while let Some(some) = left.pop() {
            let metrics: Vec<i16> = some.series.iter().map(|one| one.metric.0).collect();
            match some.halve() {
                Ok([first, second]) => left.extend([second, first]),
                Err(one) => alone.push((one.devices().next().unwrap().to_string(), metrics)),
            }
        }
        assert_eq!(alone, [("a".to_owned(), vec![2]), ("b".to_owned(), vec![3]), ("c".to_owned(), vec![1])]);
    }
}
