//! What the tests of observations share: a patient, providers in care and not, and findings.

use healthtrack::model::people::{ObservationCategory, ObservationId, ObservationStatus, PatientId};
use healthtrack::model::time::Timestamp;
use healthtrack::store::care::actor::Actor;
use healthtrack::store::care::error::BrokenRule;
use healthtrack::store::care::observation::{self, Asked, Component, NewObservation, ObservationLine, Observed};
use healthtrack::store::care::record::Edited;
use sqlx::{AssertSqlSafe, Executor as _};
use uuid::Uuid;

use super::network::{Network, refused_by};

/// A patient in care of two providers and not of a third, with their accounts.
pub(crate) struct Observing {
    pub(crate) network: Network,
    pub(crate) patient: PatientId,
    pub(crate) own: Uuid,
    pub(crate) carer: Uuid,
    pub(crate) colleague: Uuid,
    pub(crate) stranger: Uuid,
}

impl Observing {
    pub(crate) async fn begin() -> Observing {
        let mut network = Network::owned().await;
        let patient = network.patient().await;
        let mut accounts = Vec::new();
        for in_care in [true, true, false] {
            let provider = network.provider().await;
            if in_care {
                network.put_in_care(patient, provider).await;
            }
            accounts.push(network.account("provider", Some(provider)).await);
        }
        let own = network.account("patient", Some(patient)).await;
        let [carer, colleague, stranger] = accounts[..] else { unreachable!() };
        Observing { network, patient: PatientId(patient), own, carer, colleague, stranger }
    }

    pub(crate) async fn notes(&self, account: Uuid, finding: &NewObservation) -> ObservationId {
        let patient = self.patient;
        self.network.does(account, async |actor| observation::note(actor, patient, finding).await).await
    }

    pub(crate) async fn refused(&self, account: Uuid, finding: &NewObservation) -> String {
        let patient = self.patient;
        let note = async |actor: &mut Actor<'_>| observation::note(actor, patient, finding).await;
        self.network.broken(account, note).await.rule
    }

    pub(crate) async fn amends(&self, account: Uuid, former: ObservationId, finding: &NewObservation) -> ObservationId {
        let becomes = ObservationStatus::Corrected;
        let amend = async |actor: &mut Actor<'_>| observation::amend(actor, former, finding, becomes).await;
        self.network.does(account, amend).await
    }

    pub(crate) async fn not_amended(
        &self,
        account: Uuid,
        former: ObservationId,
        finding: &NewObservation,
    ) -> BrokenRule {
        let becomes = ObservationStatus::Corrected;
        let amend = async |actor: &mut Actor<'_>| observation::amend(actor, former, finding, becomes).await;
        self.network.broken(account, amend).await
    }

    pub(crate) async fn takes_back(&self, account: Uuid, one: ObservationId, version: i32) -> Edited {
        let back = async |actor: &mut Actor<'_>| observation::take_back(actor, one, version).await;
        self.network.does(account, back).await
    }

    pub(crate) async fn not_taken_back(&self, account: Uuid, one: ObservationId) -> String {
        let back = async |actor: &mut Actor<'_>| observation::take_back(actor, one, 1).await;
        self.network.broken(account, back).await.rule
    }

    pub(crate) async fn reads(&self, account: Uuid, asked: Asked<'_>) -> Vec<ObservationLine> {
        let patient = self.patient;
        self.network.does(account, async |actor| observation::read(actor, patient, asked).await).await
    }

    /// What a call of `api` with the token of an account is refused by.
    pub(crate) async fn refuses(&self, account: Uuid, call: &str) -> String {
        let (mut portal, token) = (self.network.login("portal").await, self.network.token(account).await);
        let call = call.replace("{token}", token.expose()).replace("{patient}", &self.patient.to_string());
        refused_by(portal.execute(AssertSqlSafe(call.clone())).await, &call)
    }
}

fn at(text: &str) -> Option<Timestamp> {
    Some(Timestamp::parse_rfc3339(text).unwrap())
}

pub(crate) fn number(number: f64, unit: &str) -> Observed {
    Observed::Number { number, unit: unit.to_owned(), comparator: None }
}

pub(crate) fn finding(loinc: &str, title: &str, moment: &str, value: Option<Observed>) -> NewObservation {
    NewObservation {
        loinc: Some(loinc.to_owned()),
        title: Some(title.to_owned()),
        category: Some(ObservationCategory::VitalSigns),
        observed_at: at(moment),
        value,
        ..NewObservation::default()
    }
}

pub(crate) fn weight(pounds: f64, moment: &str) -> NewObservation {
    finding("29463-7", "Body weight", moment, Some(number(pounds, "[lb_av]")))
}

pub(crate) fn pressure(systolic: f64, diastolic: f64, moment: &str) -> NewObservation {
    let part = |loinc: &str, title: &str, value: f64| Component {
        loinc: loinc.to_owned(),
        title: title.to_owned(),
        value: number(value, "mm[Hg]"),
        interpretation: None,
        reference_low: None,
        reference_high: None,
    };
    let components = vec![part("8462-4", "Diastolic", diastolic), part("8480-6", "Systolic", systolic)];
    NewObservation { components, ..finding("85354-9", "Blood pressure", moment, None) }
}
