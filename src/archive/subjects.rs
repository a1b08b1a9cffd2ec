//! Subjects: whom samples are about: the patient who wore the device at the sample's start, by pseudonym.
//!
//! # Why
//! *Each generation decides anew* for all its rows, old and new: so within one file a person has one name, made with
//! one key from one state of `care.wear`, and the manifest needs one key and one number to say which. A file whose key
//! or wear has changed since becomes its own next generation (`relabel`), a bounded number a roll.
//!
//! *From a person to a name and never back*: a name is an HMAC (`security::pseudonym`), so nothing in the archive leads
//! to a person. Whoever must go back, as when a study finds what its subject ought to know, needs the database and the
//! key: `healthtrack archive subject` gives a patient's names, and only who may read `care.patient` knows the patients.
//!
//! *In memory*: the wear of one day, some 150 bytes a device that is worn.

use std::collections::HashMap;

use sqlx::PgConnection;

use super::error::ArchiveError;
use super::file::{KeyId, RowSlice};
use crate::model::ids::{DeviceId, SubjectId};
use crate::model::time::Timestamp;
use crate::security::pseudonym::Pseudonyms;
use crate::store::archive::{WearFilter, WearPeriod, worn};

/// Who is meant by the samples of a time.
#[derive(Clone, Debug, Default)]
pub struct Subjects {
    /// The key that made the names; `None` where there is none, and nobody has a name.
    pub key: Option<KeyId>,
    periods: HashMap<DeviceId, Vec<(WearPeriod, SubjectId)>>,
}

impl Subjects {
    /// Names those who wore something.
    pub fn of(pseudonyms: &Pseudonyms, worn: Vec<WearPeriod>) -> Subjects {
        let mut periods: HashMap<DeviceId, Vec<_>> = HashMap::new();
        for worn in worn {
            if let Some(name) = pseudonyms.name(&worn.patient) {
                periods.entry(worn.device.clone()).or_default().push((worn, name));
            }
        }
        Subjects { key: pseudonyms.key().cloned(), periods }
    }

    /// Names those who wore something within a time; nobody where there are no pseudonyms.
    pub async fn within(
        connection: &mut PgConnection,
        pseudonyms: Option<&Pseudonyms>,
        (from, to): (Option<Timestamp>, Option<Timestamp>),
    ) -> Result<Subjects, ArchiveError> {
        let Some(pseudonyms) = pseudonyms else { return Ok(Subjects::default()) };
        let worn = worn(connection, WearFilter { patient: None, from, to }).await?;
        Ok(Subjects::of(pseudonyms, worn))
    }

    /// Who wore a device at a moment; `None` where nobody did, or nobody has a name.
    pub fn at(&self, device: &DeviceId, moment: Timestamp) -> Option<&SubjectId> {
        let periods = self.periods.get(device)?;
        periods.iter().find(|(worn, _)| worn.holds(moment)).map(|(_, name)| name)
    }

    /// Hands on rows with their subjects: cut where somebody began or ended to wear their device.
    pub(super) fn named<E>(
        &self,
        slice: &RowSlice<'_>,
        mut give: impl FnMut(RowSlice<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(periods) = self.periods.get(slice.device) else {
            return give(RowSlice { subject: None, ..*slice });
        };
        let bounds = periods.iter().flat_map(|(worn, _)| [Some(worn.from), worn.to]).flatten();
        slice.cut_at(bounds, |piece, first| give(RowSlice { subject: self.at(slice.device, first), ..piece }))
    }
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::super::file::OriginSlice;
    use super::*;
    use crate::model::people::PatientId;
    use crate::model::statistic::Statistic;
    use crate::security::keyring::KeyRing;

    fn second(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000).unwrap()
    }

    #[test]
    fn a_sample_belongs_to_whoever_wore_its_device_at_its_start() {
        let key = SecretString::from("2026:bmV3ZXItbmV3ZXItbmV3ZXItbmV3ZXItbmV3ZXItMDI=");
        let pseudonyms = Pseudonyms::of(&KeyRing::load("some.key", "", &[key]).unwrap()).unwrap();
        let device = DeviceId::parse("watch-7").unwrap();
        let patient = |number| PatientId(uuid::Uuid::from_bytes([number; 16]));
        let worn = |number, from, to: Option<i64>| WearPeriod {
            device: device.clone(),
            patient: patient(number),
            from: second(from),
            to: to.map(second),
        };
        let subjects = Subjects::of(&pseudonyms, vec![worn(1, 10, Some(20)), worn(2, 20, Some(30)), worn(1, 40, None)]);
        let name = |number| pseudonyms.name(&patient(number)).unwrap();
        let expected = [(9, None), (10, Some(1)), (19, Some(1)), (20, Some(2)), (30, None), (99, Some(1))];
        let starts = expected.map(|(at, _)| second(at));
        let before = name(9);
        let slice = RowSlice {
            device: &device,
            subject: Some(&before),
            statistic: Statistic::NONE,
            starts: &starts,
            ends: None,
            values: &[60.0; 6],
            flags: &[],
            origins: OriginSlice::default(),
        };
        let mut found = Vec::new();
        let named: Result<(), ()> = subjects.named(&slice, |slice| {
            found.extend(slice.rows().map(|row| (row.start, row.subject)));
            Ok(())
        });
        named.unwrap();
        let expected = expected.map(|(at, number)| (second(at), number.map(name)));
        assert_eq!(found, expected, "what it said before does not count");
        assert_eq!(subjects.at(&DeviceId::parse("other").unwrap(), second(15)), None);
    }
}
