//! Kinds of rows that a facility keeps: what they are called, and the forms by which one is added, ended or
//! cancelled.

use crate::portal::forms::{Form, FormField};
use crate::portal::page_error::PageError;
use crate::portal::visit::Viewer;
use crate::portal::words::centre::CENTRE;
use crate::store::care::upkeep::KeptRow;

/// A kind of rows.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum KeptPart {
    Services,
    Staff,
    Programmes,
    Sessions,
}

impl KeptPart {
    pub(super) fn of(word: &str) -> Result<KeptPart, PageError> {
        let parts = [KeptPart::Services, KeptPart::Staff, KeptPart::Programmes, KeptPart::Sessions];
        parts.into_iter().find(|part| part.word() == word).ok_or(PageError::NotFound)
    }

    /// In URLs.
    pub(super) fn word(self) -> &'static str {
        match self {
            KeptPart::Services => "services",
            KeptPart::Staff => "staff",
            KeptPart::Programmes => "programmes",
            KeptPart::Sessions => "sessions",
        }
    }

    /// Its table.
    pub(super) fn relation(self) -> &'static str {
        match self {
            KeptPart::Services => "facility_service",
            KeptPart::Staff => "affiliation",
            KeptPart::Programmes => "programme",
            KeptPart::Sessions => "programme_session",
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            KeptPart::Services => CENTRE.services,
            KeptPart::Staff => CENTRE.staff,
            KeptPart::Programmes => CENTRE.programmes,
            KeptPart::Sessions => CENTRE.sessions,
        }
    }

    /// What is done with one of them.
    pub(super) fn act(self) -> &'static str {
        match self {
            KeptPart::Services => CENTRE.withdraw,
            KeptPart::Staff => CENTRE.end_work,
            KeptPart::Programmes => CENTRE.add_session,
            KeptPart::Sessions => CENTRE.cancel_session,
        }
    }

    /// The form for another one.
    pub(super) fn adding(self, viewer: &Viewer) -> Option<(&'static str, Form)> {
        let form = |submit| Form::new("add", format!("/centre/{}", self.word()), &viewer.form_token, submit);
        match self {
            KeptPart::Services => Some((
                CENTRE.offer,
                form(CENTRE.offer)
                    .with(FormField::line("name", CENTRE.service_name).required())
                    .with(FormField::number("minutes", CENTRE.service_minutes, "1"))
                    .with(FormField::number("capacity", CENTRE.service_capacity, "1"))
                    .with(FormField::lines("detail", CENTRE.service_detail).at_most(2_000)),
            )),
            KeptPart::Staff => Some((
                CENTRE.add_staff,
                form(CENTRE.add_staff)
                    .with(FormField::line("name", CENTRE.staff_name).required())
                    .with(FormField::line("role", CENTRE.staff_role).required().hint(CENTRE.staff_role_hint))
                    .with(FormField::day("first_on", CENTRE.first_on).required()),
            )),
            KeptPart::Programmes | KeptPart::Sessions => None,
        }
    }

    /// The form for one of them.
    pub(super) fn changing(self, viewer: &Viewer, row: &KeptRow) -> Form {
        let action = format!("/centre/{}/{}", self.word(), row.row_id);
        let form = Form::new("change", action, &viewer.form_token, self.act());
        match self {
            KeptPart::Services | KeptPart::Staff => form
                .with(FormField::hidden("version", row.version))
                .with(FormField::day("stop_on", CENTRE.stop_on).required()),
            KeptPart::Programmes => form
                .with(FormField::line("title", CENTRE.session_title).required())
                .with(FormField::moment("starts", CENTRE.starts).required())
                .with(FormField::moment("ends", CENTRE.ends).required()),
            KeptPart::Sessions => form.with(FormField::hidden("version", row.version)).grave(),
        }
    }
}
