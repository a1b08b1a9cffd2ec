//! What a visit to come would cost its patient: charges of the price list under one coverage or two, as a form asks and
//! a table tells. Nothing is written, so a form that is sent twice asks twice.

use super::charges::prices;
use crate::model::people::CoverageId;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::money::money;
use crate::portal::shown::sentence;
use crate::portal::words::WORDS;
use crate::portal::words::bills::BILLS;
use crate::store::care::actor::Actor;
use crate::store::care::benefit::{EstimateRequest, EstimatedCharge, estimate};
use crate::store::care::claim::PatientCoverage;
use crate::store::care::drafting::{PriceLine, VisitBilled};

/// Fields of further charges, and of how many.
const MORE: [(&str, &str); 2] = [("code_two", "quantity_two"), ("code_three", "quantity_three")];

/// An estimate as a table.
pub(super) struct EstimateTable {
    pub(super) lines: Vec<EstimateLine>,
    /// What the patient pays of all.
    pub(super) total: String,
    /// Whether limits of the plan count what was used elsewhere, too.
    pub(super) counts_elsewhere: bool,
}

/// A charge of it.
pub(super) struct EstimateLine {
    pub(super) what: String,
    pub(super) price: String,
    pub(super) deductible: String,
    pub(super) copay: String,
    pub(super) insurer: String,
    pub(super) patient: String,
    pub(super) is_covered: bool,
}

/// What a form asks that shows one; `None` where nothing is covered on the day.
pub(super) fn asking(
    form: Form,
    read: &VisitBilled,
    list: &[PriceLine],
    coverages: &[PatientCoverage],
) -> Option<Form> {
    let is_valid = |line: &&PatientCoverage| {
        line.from_on <= read.served_on && line.until_on.is_none_or(|until| read.served_on < until)
    };
    let name = |line: &PatientCoverage| {
        (line.coverage.to_string(), format!("{} {}, {}", line.insurer, line.plan_name, sentence(&line.rank)))
    };
    let coverages: Vec<(String, String)> = coverages.iter().filter(is_valid).map(name).collect();
    let (first, _) = coverages.first().cloned()?;
    let usual = read.usual_code.clone().unwrap_or_default();
    let mut form = form
        .with(FormField::choice("code", BILLS.what, prices(list)).of(usual).required())
        .with(FormField::number("quantity", BILLS.quantity, "1").of(1).required());
    for (code, quantity) in MORE {
        form = form.with(FormField::choice(code, BILLS.what, prices(list))).with(FormField::number(
            quantity,
            BILLS.quantity,
            "1",
        ));
    }
    let form = form.with(FormField::choice("coverage", BILLS.coverage_first, coverages.clone()).of(first).required());
    Some(form.with(FormField::choice("coverage_two", BILLS.coverage_second, coverages)))
}

/// What is asked for.
pub(super) async fn ask(
    actor: &mut Actor<'_>,
    read: &VisitBilled,
    list: &[PriceLine],
    typed: &Typed,
) -> Result<EstimateTable, Problem> {
    let (mut codes, mut quantities) = (vec![typed.required("code")?], vec![typed.number("quantity")?]);
    for (code, quantity) in MORE {
        let Some(named) = typed.some(code) else { continue };
        codes.push(named);
        quantities.push(typed.some(quantity).map_or(Ok(1), |_| typed.number(quantity))?);
    }
    let mut coverages: Vec<CoverageId> = vec![typed.one("coverage")?];
    coverages.extend(typed.maybe::<CoverageId>("coverage_two")?);
    if quantities.iter().any(|quantity| !(1..=10_000).contains(quantity)) {
        return Err(Problem::at("quantity", WORDS.field_number));
    }
    let request = EstimateRequest {
        patient: read.visit.patient,
        facility: read.facility,
        served_on: read.served_on,
        coverages: &coverages,
        codes: &codes,
        quantities: &quantities,
    };
    let charges = estimate(actor, &request).await?;
    let currency = charges.first().map(|charge| charge.currency.clone()).unwrap_or_default();
    Ok(EstimateTable {
        total: money(charges.iter().map(|charge| charge.patient_pays_cents).sum(), &currency),
        counts_elsewhere: charges.iter().all(|charge| charge.elsewhere_counts),
        lines: charges.into_iter().map(|charge| line(charge, list)).collect(),
    })
}

fn line(charge: EstimatedCharge, list: &[PriceLine]) -> EstimateLine {
    let amount = |cents| money(cents, &charge.currency);
    let named = list.iter().find(|line| line.charge_code == charge.charge_code).map(|line| line.title.clone());
    EstimateLine {
        price: amount(charge.billed_cents),
        deductible: amount(charge.deductible_cents),
        copay: amount(charge.copay_cents + charge.coinsurance_cents),
        insurer: amount(charge.first_pays_cents + charge.second_pays_cents),
        patient: amount(charge.patient_pays_cents),
        is_covered: charge.covered,
        what: named.unwrap_or(charge.charge_code),
    }
}
