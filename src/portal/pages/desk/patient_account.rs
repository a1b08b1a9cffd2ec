//! A patient's account, opened at the desk, with the one-time link by which the patient sets the first password.
//!
//! A link is shown once, in the answer to the form that made it: where the form is sent twice, the newer one is of use,
//! and it is the one that is shown.

use crate::model::people::PatientId;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::one_time::{LinkShown, Purpose, link, token};
use crate::portal::page_error::PageError;
use crate::portal::visit::{Seat, Viewer, Visit};
use crate::portal::words::desk::DESK;
use crate::store::care::account::{make_patient_link, open_for_patient};
use crate::store::care::desk::person;

/// Which field a rule is about.
const AT: &[(&str, &str)] = &[
    ("account_login_is_a_name", "login"),
    ("account_login_is_unique", "login"),
    ("patients_account_keeps_its_login", "login"),
];

/// What can be done with a patient's account.
pub(super) struct AccountCard {
    pub(super) open: Form,
    pub(super) again: Form,
    /// What was just made.
    pub(super) link: Option<LinkShown>,
}

impl AccountCard {
    /// Of a patient.
    pub(super) fn of(patient: PatientId, viewer: &Viewer) -> AccountCard {
        let form = |word: &'static str, name| {
            Form::new(word, format!("/schedule/book/{patient}"), &viewer.form_token, name)
                .with(FormField::hidden("do", word))
        };
        let login = FormField::line("login", DESK.account_login).required().hint(DESK.account_hint).at_most(191);
        AccountCard {
            open: form("account", DESK.account_open).with(login),
            again: form("link", DESK.account_link_again),
            link: None,
        }
    }

    /// The same with what came of a form.
    pub(super) fn told(mut self, typed: &Typed, came: Result<LinkShown, Problem>) -> Result<AccountCard, PageError> {
        let is_again = typed.text("do") == "link";
        self.open = if is_again { self.open } else { self.open.filled(typed) };
        match came {
            Ok(link) => self.link = Some(link),
            Err(problem) if is_again => self.again = self.again.told(problem, &[])?,
            Err(problem) => self.open = self.open.told(problem, AT)?,
        }
        Ok(self)
    }
}

/// Opens it, where it is not there yet by that name, and makes a link: two steps, since the second may be a
/// colleague's.
pub(super) async fn given(
    seat: &mut Seat,
    visit: &Visit,
    patient: PatientId,
    typed: &Typed,
) -> Result<LinkShown, Problem> {
    if typed.text("do") == "account" {
        let (mut actor, _) = seat.enter_confirmed().await?;
        person(&mut actor, patient).await?.ok_or(PageError::NotFound)?;
        open_for_patient(&mut actor, patient, typed.required("login")?).await?;
        actor.commit().await?;
    }
    let (mut actor, viewer) = seat.enter_confirmed().await?;
    person(&mut actor, patient).await?.ok_or(PageError::NotFound)?;
    let made = token()?;
    let until = make_patient_link(&mut actor, patient, &made).await?;
    actor.commit().await?;
    Ok(link(&visit.portal, Purpose::Invite, &made, until, &viewer))
}
