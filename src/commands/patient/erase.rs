//! Erase: what was measured first, then the rest by class of rows; one report for each person.

use std::path::Path;

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use crate::archive::erase::Eraser;
use crate::commands::archive::erase::erase_or_find;
use crate::commands::database::Database;
use crate::commands::report::{Column, counted, print, print_json, table};
use crate::model::people::{ErasureGround, PatientId};
use crate::store::archive::{ErasureCounts, ErasureTarget, is_patient};
use crate::store::care::context::Operator;
use crate::store::care::erasure::{CountsByClass, ErasureProof, FoundErasure, erase, find};
use crate::store::care::error::RuleCatalogue;

/// What is reported of a person.
#[derive(Debug, Serialize)]
struct Report {
    patient: PatientId,
    /// Whether it is done, or only would be.
    erased: bool,
    records: Vec<PatientId>,
    /// What was measured, for each of the records.
    measured: Vec<ErasureCounts>,
    classes: CountsByClass,
    proof: Option<ErasureProof>,
}

/// A line of `patient proofs --json`, as far as it is read.
#[derive(Debug, Deserialize)]
struct Proved {
    patient: PatientId,
}

/// The people whose erasure a file proves, each once, in its order.
pub(super) fn read_proofs(file: &Path) -> anyhow::Result<Vec<PatientId>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let proofs: Vec<Proved> = serde_json::from_str(&text)
        .with_context(|| format!("{} is not what `healthtrack patient proofs --json` writes", file.display()))?;
    let mut asked = Vec::new();
    for proof in proofs {
        if !asked.contains(&proof.patient) {
            asked.push(proof.patient);
        }
    }
    Ok(asked)
}

/// Erases the people who are asked for, or shows what would be erased.
pub(super) async fn run(
    database: &Database,
    connection: &mut PgConnection,
    asked: &[PatientId],
    ground: ErasureGround,
    yes: bool,
    json: bool,
) -> anyhow::Result<()> {
    let rules = RuleCatalogue::read(connection).await?;
    let eraser = Eraser { context: database.context()?, roller: crate::commands::roll::roller_of(database)? };
    let mut reports = Vec::new();
    for patient in asked {
        // Who came after the backup was made is not there to be erased again.
        if ground == ErasureGround::Replay && !is_patient(connection, patient).await? {
            continue;
        }
        let mut operator = Operator::on(connection).with_rules(&rules);
        let found = find(&mut operator, *patient).await?;
        ensure!(!found.held, "this person is under legal hold: nothing of theirs is erased until it ends");
        let granted = found.request.filter(|_| ground == ErasureGround::Request);
        ensure!(
            !yes || ground != ErasureGround::Request || granted.is_some(),
            "no request of this person is granted; a privacy officer grants it, or give another --ground"
        );
        let measured = measured(&eraser, &found, yes).await?;
        let proof = if yes { Some(erase(&mut operator, *patient, ground, granted).await?) } else { None };
        let classes = proof.as_ref().map_or(found.counts, |proof| proof.counts.clone());
        reports.push(Report { patient: *patient, erased: yes, records: found.records, measured, classes, proof });
    }
    if json {
        return print_json(&reports);
    }
    reports.iter().try_for_each(|report| print(&in_words(report)))
}

/// Erases what was measured on each record, or finds it.
async fn measured(eraser: &Eraser, found: &FoundErasure, yes: bool) -> anyhow::Result<Vec<ErasureCounts>> {
    let mut all = Vec::new();
    for record in &found.records {
        all.push(erase_or_find(eraser, &ErasureTarget::Patient(*record), yes, &mut |_| ()).await?);
    }
    Ok(all)
}

fn in_words(report: &Report) -> String {
    let columns = [Column::Left("class"), Column::Right("deleted"), Column::Right("anonymised"), Column::Right("kept")];
    let cells = report.classes.iter().map(|(class, counts)| {
        vec![class.clone(), counts.deleted.to_string(), counts.anonymised.to_string(), counts.kept.to_string()]
    });
    let samples = report.measured.iter().map(|counts| counts.hot_samples + counts.archived_samples).sum();
    let (whom, what) = (report.patient, counted(samples, "sample"));
    let first = match &report.proof {
        Some(proof) => format!("erased {whom} and {what}; proof {}", proof.proof),
        None => format!("would erase {whom} and {what}; --yes does it, and nothing undoes it"),
    };
    format!("{first}\n{}", table(&columns, &cells.collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_proofs_names_each_person_once() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("proofs.json");
        let person = "0e1f3c5a-7b9d-4e2f-8a1b-3c5d7e9f1a2b";
        std::fs::write(&file, format!(r#"[{{"patient":"{person}","ground":"request"}},{{"patient":"{person}"}}]"#))
            .unwrap();
        assert_eq!(read_proofs(&file).unwrap().len(), 1);
        std::fs::write(&file, "{}").unwrap();
        assert!(read_proofs(&file).unwrap_err().to_string().contains("patient proofs --json"));
    }
}
