//! An insurer's answer to a claim, as it is typed: of each charge what is paid, and codes with what each takes off; and
//! what is wrong with it, at the very field.

use crate::portal::forms::{Problem, Typed};
use crate::portal::money::{cents, money};
use crate::portal::page_error::PageError;
use crate::portal::words::WORDS;
use crate::portal::words::bills::BILLS;
use crate::store::care::claim::{Adjustment, ClaimLine, LineAnswer};
use crate::store::care::error::CareError;

/// How many codes a charge's answer has room for.
const CODES: usize = 2;

/// Why what was typed was not taken.
pub(super) enum Wrong {
    /// A field by its id on the page.
    Field(String, String),
    /// The whole.
    Form(String),
    /// What is no matter of the form.
    Page(PageError),
}

impl From<Problem> for Wrong {
    fn from(problem: Problem) -> Wrong {
        match problem {
            Problem::At(_, sentence) => Wrong::Form(sentence),
            Problem::Rule(broken) => Wrong::Form(broken.sentence),
            Problem::Page(error) => Wrong::Page(error),
        }
    }
}

impl From<CareError> for Wrong {
    fn from(error: CareError) -> Wrong {
        Problem::from(error).into()
    }
}

/// A field of a charge's answer.
#[derive(Clone, Debug)]
pub(super) struct AnswerField {
    pub(super) id: String,
    pub(super) value: String,
    pub(super) wrong: Option<String>,
}

/// The fields of a charge's answer.
pub(super) struct AnswerFields {
    pub(super) paid: AnswerField,
    /// A code and what it takes off.
    pub(super) codes: Vec<(AnswerField, AnswerField)>,
}

/// The fields of the charge at a place, with what was typed and what is wrong.
pub(super) fn fields(place: usize, refused: Option<(&Typed, &Wrong)>) -> AnswerFields {
    let field = |name: &str, id: String, nth: usize| {
        let value = refused.and_then(|(typed, _)| typed.all(name).nth(nth).map(str::to_owned)).unwrap_or_default();
        let wrong = refused.and_then(|(_, wrong)| match wrong {
            Wrong::Field(field, sentence) if *field == id => Some(sentence.clone()),
            _ => None,
        });
        AnswerField { id, value, wrong }
    };
    let code = |each: usize| {
        let nth = place * CODES + each;
        (field("code", id("code", place, each), nth), field("off", id("off", place, each), nth))
    };
    AnswerFields { paid: field("paid", paid_id(place), place), codes: (0..CODES).map(code).collect() }
}

fn paid_id(place: usize) -> String {
    format!("paid-{}", place + 1)
}

fn id(name: &str, place: usize, each: usize) -> String {
    format!("{name}-{}-{}", place + 1, each + 1)
}

/// What was typed of each charge; an amount without a code is told, and so is what does not add up.
pub(super) fn answers(typed: &Typed, lines: &[ClaimLine]) -> Result<Vec<LineAnswer>, Wrong> {
    let (paid, codes): (Vec<&str>, Vec<&str>) = (typed.all("paid").collect(), typed.all("code").collect());
    let off: Vec<&str> = typed.all("off").collect();
    let mut answers = Vec::new();
    for (place, charge) in typed.all("charge").enumerate() {
        let unknown = || Wrong::Form(WORDS.form_incomplete.to_owned());
        let line = lines.iter().find(|line| line.charge.to_string() == charge).ok_or_else(unknown)?;
        let amount =
            |id: String, text: &str| cents(text).ok_or_else(|| Wrong::Field(id, BILLS.amount_wrong.to_owned()));
        let paid = paid.get(place).copied().unwrap_or_default();
        let paid_cents = if paid.is_empty() { 0 } else { amount(paid_id(place), paid)? };
        let mut adjustments = Vec::new();
        for each in 0..CODES {
            let nth = place * CODES + each;
            let text = |of: &[&str]| of.get(nth).map(|text| (*text).to_owned()).unwrap_or_default();
            let (code, off) = (text(&codes), text(&off));
            match (code.split_once(' '), off.is_empty()) {
                (None, true) => {}
                (None, false) => return Err(Wrong::Field(id("code", place, each), BILLS.code_missing.to_owned())),
                (Some((group, code)), _) => {
                    let cents = amount(id("off", place, each), &off)?;
                    adjustments.push(Adjustment { group: group.to_owned(), code: code.to_owned(), cents });
                }
            }
        }
        let told: i64 = paid_cents + adjustments.iter().map(|taken| taken.cents).sum::<i64>();
        if told != line.asked_cents {
            let sum = |cents| money(cents, &line.currency);
            let sentence =
                format!("{} {}; {} {}.", BILLS.adds_up_to, sum(told), BILLS.was_asked, sum(line.asked_cents));
            return Err(Wrong::Field(paid_id(place), sentence));
        }
        answers.push(LineAnswer { charge: line.charge, paid_cents, adjustments });
    }
    Ok(answers)
}
