//! What a page shows of a record: the banner that never leaves the screen, and the sections below it.

use jiff::tz::TimeZone;

use crate::model::people::{AllergyCriticality, LabFlag, LabResultStatus};
use crate::model::time::Timestamp;
use crate::portal::shown::{age, birth, day, day_of, list_name, moment, sentence, sex, unit};
use crate::portal::words::WORDS;
use crate::portal::words::chart::CHART;
use crate::portal::words::share::SHARE;
use crate::store::care::record::{FlagLine, RecordFlag, RecordSummary, ResultLine};

/// Who it is, and what nobody may overlook.
pub(in crate::portal) struct Banner {
    pub(in crate::portal) key: String,
    pub(in crate::portal) name: String,
    /// The official name in other scripts.
    pub(in crate::portal) also: Vec<String>,
    pub(in crate::portal) born: String,
    pub(in crate::portal) age: Option<String>,
    pub(in crate::portal) sex: String,
    pub(in crate::portal) deceased: bool,
    /// What else holds of the record, and whether it is grave.
    pub(in crate::portal) flags: Vec<(String, bool)>,
    /// What, and whether it is dangerous.
    pub(in crate::portal) allergies: Vec<(String, bool)>,
}

impl Banner {
    /// The pages of a record: behind which path, what they are called, and their key.
    pub(in crate::portal) fn tabs(&self) -> Vec<(&'static str, &'static str, &'static str)> {
        vec![
            ("", WORDS.open_record, "record"),
            ("/vitals", WORDS.open_vitals, "vitals"),
            ("/problems", CHART.problems_title, "problems"),
            ("/allergies", WORDS.allergies, "allergies"),
            ("/medications", CHART.medications_title, "medications"),
            ("/results", CHART.results_title, "results"),
            ("/procedures", CHART.procedures_title, "procedures"),
            ("/questionnaires", CHART.questionnaires_title, "questionnaires"),
            ("/documents", CHART.documents_title, "documents"),
            ("/notes", CHART.notes_title, "notes"),
            ("/visits", WORDS.visits, "visits"),
            ("/plan", CHART.plan_tab, "plan"),
            ("/summary", CHART.summary, "summary"),
            ("/messages", SHARE.messages_title, "messages"),
            ("/journal", SHARE.journal_title, "journal"),
        ]
    }
}

/// The sections.
pub(in crate::portal) struct Sections {
    pub(in crate::portal) problems: Vec<LineOfRecord>,
    pub(in crate::portal) medicines: Vec<LineOfRecord>,
    pub(in crate::portal) results: Vec<LineOfResult>,
    pub(in crate::portal) visits: Vec<LineOfVisit>,
}

/// A problem or a medicine.
pub(in crate::portal) struct LineOfRecord {
    pub(in crate::portal) title: String,
    pub(in crate::portal) note: String,
    /// Since or until when.
    pub(in crate::portal) day: Option<String>,
    pub(in crate::portal) is_kept_apart: bool,
}

/// A result.
pub(in crate::portal) struct LineOfResult {
    pub(in crate::portal) title: String,
    pub(in crate::portal) value: String,
    pub(in crate::portal) unit: String,
    /// A class of the stylesheet, a sign and a word: never a colour alone.
    pub(in crate::portal) flag: Option<(&'static str, &'static str, &'static str)>,
    /// What is not final.
    pub(in crate::portal) status: Option<String>,
    pub(in crate::portal) taken: String,
    pub(in crate::portal) is_kept_apart: bool,
}

/// A visit.
pub(in crate::portal) struct LineOfVisit {
    pub(in crate::portal) when: String,
    pub(in crate::portal) kind: String,
    pub(in crate::portal) reason: String,
}

/// The banner of a record.
pub(in crate::portal) fn banner(record: &RecordSummary, now: Timestamp, zone: &TimeZone) -> Banner {
    let shown = |name: &crate::store::care::record::NameLine| list_name(name.family.as_deref(), &name.given);
    let name = record.name.as_ref().map(shown).unwrap_or_default();
    let mut also: Vec<String> = record.names.iter().map(shown).filter(|other| *other != name).collect();
    also.dedup();
    Banner {
        key: record.patient_id.to_string(),
        name,
        also,
        born: birth(record.born_on.as_ref()),
        age: age(record.born_on.as_ref(), now, zone),
        sex: sex(record.sex),
        deceased: record.deceased,
        flags: record.flags.iter().map(|line| flag_of_record(line, zone)).collect(),
        allergies: record
            .allergies
            .iter()
            .map(|line| (line.substance.clone(), line.criticality == AllergyCriticality::High))
            .collect(),
    }
}

/// What a flag of a record says, and whether it is grave.
fn flag_of_record(line: &FlagLine, zone: &TimeZone) -> (String, bool) {
    let (text, is_grave) = match line.flag {
        RecordFlag::Emergency => (CHART.flag_emergency, true),
        RecordFlag::Joined => (CHART.flag_joined, true),
        RecordFlag::ErasureRequested => (CHART.flag_erasure_requested, false),
        RecordFlag::ErasureGranted => (CHART.flag_erasure_granted, true),
        RecordFlag::ConsentsParent => (CHART.flag_consents_parent, false),
        RecordFlag::ConsentsGuardian => (CHART.flag_consents_guardian, false),
        RecordFlag::ConsentsConservator => (CHART.flag_consents_conservator, false),
        RecordFlag::ConsentsPowerOfAttorney => (CHART.flag_consents_attorney, false),
        RecordFlag::ConsentsAppointed => (CHART.flag_consents_appointed, false),
    };
    let until = line.until_at.map(|at| format!(" {} {}", CHART.flag_until, moment(at, zone)));
    (format!("{text}{}", until.unwrap_or_default()), is_grave)
}

/// The sections of a record.
pub(in crate::portal) fn sections(record: &RecordSummary, zone: &TimeZone) -> Sections {
    let problems = record.conditions.iter().map(|line| LineOfRecord {
        title: line.title.clone(),
        note: sentence(line.clinical_status.as_str()),
        day: line.onset_on.map(day),
        is_kept_apart: line.sensitivity.is_some(),
    });
    let medicines = record.prescriptions.iter().map(|line| LineOfRecord {
        title: line.name.clone(),
        note: line.instructions.clone(),
        day: Some(day(line.ends_on)),
        is_kept_apart: line.sensitivity.is_some(),
    });
    let visits = record.encounters.iter().map(|line| LineOfVisit {
        when: moment(line.began_at, zone),
        kind: sentence(line.class.as_str()),
        reason: line.reason.clone().unwrap_or_default(),
    });
    Sections {
        problems: problems.collect(),
        medicines: medicines.collect(),
        results: record.results.iter().map(|line| result(line, zone)).collect(),
        visits: visits.collect(),
    }
}

/// Newest results beyond which somebody must act.
pub(in crate::portal) fn critical(record: &RecordSummary, zone: &TimeZone) -> Vec<LineOfResult> {
    let is_critical = |line: &&ResultLine| matches!(line.flag, Some(LabFlag::CriticallyLow | LabFlag::CriticallyHigh));
    record.results.iter().filter(is_critical).map(|line| result(line, zone)).collect()
}

/// A number without the zeros that its column adds at the end; words as they are.
fn without_zeros(value: &str) -> String {
    let is_number = value.contains('.') && value.parse::<f64>().is_ok();
    if is_number { value.trim_end_matches('0').trim_end_matches('.').to_owned() } else { value.to_owned() }
}

/// What a flag is shown as: a class of the stylesheet, a sign and a word.
pub(in crate::portal) fn flag(flag: Option<LabFlag>) -> Option<(&'static str, &'static str, &'static str)> {
    match flag? {
        LabFlag::CriticallyLow => Some(("critical", "⇊", CHART.critically_low)),
        LabFlag::Low => Some(("low", "↓", CHART.low)),
        LabFlag::High => Some(("high", "↑", CHART.high)),
        LabFlag::CriticallyHigh => Some(("critical", "⇈", CHART.critically_high)),
        LabFlag::Normal => None,
    }
}

fn result(line: &ResultLine, zone: &TimeZone) -> LineOfResult {
    LineOfResult {
        title: line.title.clone(),
        value: without_zeros(&line.value),
        unit: line.unit.as_deref().map(unit).unwrap_or_default().to_owned(),
        flag: flag(line.flag),
        status: (line.status != LabResultStatus::Final).then(|| sentence(line.status.as_str())),
        taken: day_of(line.observed_at, zone),
        is_kept_apart: line.sensitivity.is_some(),
    }
}
