//! A patient's samples of both tiers: what each device measured while the patient wore it.
//!
//! # Why
//! The portal's login sees neither the archive nor who wore what, so two connections are used: in the name of an
//! account the database decides, audits, and gives what is hot (`access.samples`); only then a connection with the role
//! `healthtrack_roller` reads both tiers by the periods of wear. What is hot is read twice: a week, unless rolls are
//! behind.

use crate::archive::read::{SampleChunk, read};
use crate::archive::{Archive, ArchiveError};
use crate::model::metric::{Catalogue, Metric};
use crate::model::people::{AuditAction, PatientId};
use crate::store::archive::{WearFilter, WearPeriod, worn};
use crate::store::care::actor::Actor;
use crate::store::care::audit::append;
use crate::store::care::context::{Operator, SampleReader};
use crate::store::care::error::CareError;
use crate::store::care::samples::{self as hot, PatientSample, SAMPLES_MAX, SamplesAnswer, SamplesQuery};
use crate::store::hot::Filter;

/// Why a patient's samples cannot be given.
#[derive(Debug, thiserror::Error)]
pub enum SamplesError {
    /// A rule refuses the question, or the database cannot answer it.
    #[error(transparent)]
    Care(#[from] CareError),
    /// What is archived cannot be read.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

/// Audits the export of a patient's samples, and gives what is to be read for it: what is asked for, once for each
/// period in which the patient wore something; nothing where nothing was worn.
///
/// # Errors
/// The database's.
pub async fn begin_export(
    operator: &mut Operator<'_>,
    patient: PatientId,
    asked: &Filter,
) -> Result<Vec<Filter>, SamplesError> {
    append(operator, AuditAction::Export, patient, "signal.sample").await?;
    Ok(while_worn(&mut operator.sample_reader(), patient, asked).await?)
}

/// What is asked for, once for each period of wear. Who wore what is a person's data as well, so whoever calls this has
/// audited the question.
async fn while_worn(
    reader: &mut SampleReader<'_>,
    patient: PatientId,
    asked: &Filter,
) -> Result<Vec<Filter>, ArchiveError> {
    let filter = WearFilter { patient: Some(&patient), from: asked.from, to: asked.to };
    let worn = worn(reader.connection(), filter).await?;
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
    actor: Actor<'_>,
    reader: &mut SampleReader<'_>,
    archive: &Archive,
    catalogue: &Catalogue,
    query: &SamplesQuery,
) -> Result<SamplesAnswer, SamplesError> {
    let answer = hot::read_samples(actor, query).await?;
    let (SamplesAnswer::Samples(_), Some(metric)) = (&answer, catalogue.by_name(&query.metric)) else {
        return Ok(answer);
    };
    let asked = Filter { device: None, metric: Some(metric.id), from: Some(query.from), to: Some(query.to) };
    let mut samples = Vec::new();
    for filter in while_worn(reader, query.patient, &asked).await? {
        let take = |stretch: SampleChunk| {
            samples.extend(shown(stretch, metric));
            if samples.len() > SAMPLES_MAX { Err(Stop::TooMany) } else { Ok(()) }
        };
        match read(reader.connection(), Some(archive), catalogue, &filter, take).await {
            Ok(()) => {}
            Err(Stop::TooMany) => return Ok(SamplesAnswer::TooMany),
            Err(Stop::Archive(error)) => return Err(error.into()),
        }
    }
    samples.sort_by(|one, next| {
        let key = |sample: &PatientSample| (sample.start_at, sample.statistic.is_none());
        key(one).cmp(&key(next)).then_with(|| (&one.statistic, &one.device).cmp(&(&next.statistic, &next.device)))
    });
    Ok(SamplesAnswer::Samples(samples))
}

/// The samples of a stretch as the portal shows them.
fn shown(stretch: SampleChunk, metric: &Metric) -> impl Iterator<Item = PatientSample> {
    let SampleChunk { device, statistic, samples, .. } = stretch;
    samples.into_iter().map(move |sample| PatientSample {
        start_at: sample.start,
        end_at: sample.end(),
        value: metric.number_of(sample.value).filter(|_| !sample.flags.is_bound()),
        statistic: statistic.text(),
        code: metric.code_of(sample.value).map(str::to_owned),
        unit: metric.unit.clone(),
        device: device.as_str().to_owned(),
        flags: sample.flags,
        origin: sample.origin,
    })
}
