//! Person: a patient's samples of both tiers: what each device measured while the patient wore it.
//!
//! # Why
//! The portal's login sees neither the archive nor who wore what, so two connections are at work: in the name of an
//! account the database decides, audits, and gives what is hot (`access.samples`); only then the keeper's connection,
//! which has the role `healthtrack_roller`, reads both tiers by the periods of wear. What is hot is read twice: a week,
//! unless rolls are behind.

use sqlx::PgConnection;

use crate::archive::read::{SampleChunk, read};
use crate::archive::{Archive, ArchiveError};
use crate::model::ids::PatientId;
use crate::model::metric::{Catalogue, Metric};
use crate::store::archive::{WearFilter, WearPeriod, worn};
use crate::store::care::acting::Acting;
use crate::store::care::samples::{self as hot, Answer, SAMPLES_MAX, Sample, Wanted};
use crate::store::hot::Filter;

/// What is asked for, once for each period in which the patient wore something; none where nothing was worn.
///
/// # Errors
/// The database's.
pub async fn while_worn(
    connection: &mut PgConnection,
    patient: &PatientId,
    asked: &Filter,
) -> Result<Vec<Filter>, ArchiveError> {
    let worn = worn(connection, WearFilter { patient: Some(patient), from: asked.from, to: asked.to }).await?;
    let within = |worn: WearPeriod| Filter {
        from: Some(asked.from.map_or(worn.from, |from| from.max(worn.from))),
        to: [asked.to, worn.to].into_iter().flatten().min(),
        device: Some(worn.device),
        metric: asked.metric,
    };
    Ok(worn.into_iter().map(within).collect())
}

/// Why reading ends early.
enum Stop {
    Archive(ArchiveError),
    TooMany,
}

impl From<ArchiveError> for Stop {
    fn from(error: ArchiveError) -> Stop {
        Stop::Archive(error)
    }
}

/// Reads a patient's samples of both tiers, as somebody in the portal may see them, and commits the audit of it.
///
/// # Errors
/// The rules of `access.samples`, and those of the database and the archive.
pub async fn read_samples(
    acting: Acting<'_>,
    keeper: &mut PgConnection,
    archive: &Archive,
    catalogue: &Catalogue,
    wanted: &Wanted,
) -> Result<Answer, ArchiveError> {
    let answer = hot::read_samples(acting, wanted).await?;
    let (Answer::Samples(_), Some(metric)) = (&answer, catalogue.by_name(&wanted.metric)) else { return Ok(answer) };
    let asked = Filter { device: None, metric: Some(metric.id), from: Some(wanted.from), to: Some(wanted.to) };
    let mut samples = Vec::new();
    for filter in while_worn(keeper, &PatientId(wanted.patient), &asked).await? {
        let take = |stretch: SampleChunk| {
            samples.extend(shown(stretch, metric));
            if samples.len() > SAMPLES_MAX { Err(Stop::TooMany) } else { Ok(()) }
        };
        match read(keeper, Some(archive), catalogue, &filter, take).await {
            Ok(()) => {}
            Err(Stop::TooMany) => return Ok(Answer::TooMany),
            Err(Stop::Archive(error)) => return Err(error),
        }
    }
    samples.sort_by(|one, next| {
        let key = |sample: &Sample| (sample.start_at, sample.statistic.is_none());
        key(one).cmp(&key(next)).then_with(|| (&one.statistic, &one.device).cmp(&(&next.statistic, &next.device)))
    });
    Ok(Answer::Samples(samples))
}

/// The samples of a stretch as the portal shows them.
fn shown(stretch: SampleChunk, metric: &Metric) -> impl Iterator<Item = Sample> {
    let SampleChunk { device, statistic, samples, .. } = stretch;
    samples.into_iter().map(move |sample| Sample {
        start_at: sample.start,
        end_at: sample.end(),
        value: metric.number_of(sample.value),
        statistic: statistic.text(),
        code: metric.code_of(sample.value).map(str::to_owned),
        unit: metric.unit.clone(),
        device: device.as_str().to_owned(),
    })
}
