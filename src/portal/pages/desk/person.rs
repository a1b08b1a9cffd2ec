//! Who is meant by what is typed of somebody new: names with their parts, in a second script where there is one,
//! birth as far as it is known, and how the person is reached.

use crate::model::people::{AddressUse, BirthDate, ContactSystem, ContactUse, NameUse, Sex};
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::words::desk::DESK;
use crate::store::care::registration::{NewAddress, NewContact, NewName, NewPatient};

/// Every field of somebody new.
pub(super) const FIELDS: &[&str] = &[
    "given",
    "family",
    "born_on",
    "sex",
    "phone",
    "email",
    "street",
    "city",
    "state",
    "postal_code",
    "country",
    "usual",
    "other_given",
    "other_family",
    "language",
];

/// Which field a rule is about.
pub(super) const AT: &[(&str, &str)] = &[
    ("patient_name_is_some", "family"),
    ("patient_name_is_short", "family"),
    ("patient_name_language_is_bcp_47", "language"),
    ("patient_name_is_one_at_a_time", "other_family"),
    ("patient_birth_is_believable", "born_on"),
    ("patient_born_in_is_a_year_or_month", "born_on"),
    ("contact_point_value_fits_its_system", "phone"),
    ("address_is_some", "street"),
    ("address_country_is_iso_3166", "country"),
    ("address_postal_code_fits_its_country", "postal_code"),
];

/// What is asked of somebody new.
pub(super) fn asking(form: Form) -> Form {
    form.with(FormField::line("given", DESK.given).hint(DESK.given_hint))
        .with(FormField::line("family", DESK.family).hint(DESK.family_hint))
        .with(FormField::line("born_on", DESK.born_on).hint(DESK.born_hint).at_most(10))
        .with(FormField::word("sex", DESK.sex, Sex::ALL).required())
        .with(FormField::typed("phone", DESK.phone, "tel").hint(DESK.phone_hint))
        .with(FormField::typed("email", DESK.email, "email"))
        .with(FormField::line("street", DESK.street))
        .with(FormField::line("city", DESK.city))
        .with(FormField::line("state", DESK.state_code).at_most(40))
        .with(FormField::line("postal_code", DESK.postal_code).at_most(20))
        .with(FormField::line("country", DESK.country).hint(DESK.country_hint).at_most(2))
        .with(FormField::line("usual", DESK.usual).hint(DESK.usual_hint))
        .with(FormField::line("other_given", DESK.other_given).hint(DESK.other_hint))
        .with(FormField::line("other_family", DESK.other_family))
        .with(FormField::line("language", DESK.language).hint(DESK.language_hint).at_most(20))
}

/// Who that is.
pub(super) fn person(typed: &Typed, time_zone: &str) -> Result<NewPatient, Problem> {
    if typed.some("given").is_none() && typed.some("family").is_none() {
        return Err(Problem::at("family", DESK.name_missing));
    }
    let born_on: Option<BirthDate> = match typed.some("born_on").map(str::parse) {
        None => None,
        Some(Ok(born_on)) => Some(born_on),
        Some(Err(_)) => return Err(Problem::at("born_on", DESK.born_wrong)),
    };
    Ok(NewPatient {
        born_on,
        sex: typed.one::<Sex>("sex")?,
        time_zone: time_zone.to_owned(),
        names: names(typed),
        addresses: addresses(typed)?,
        contacts: contacts(typed),
        identifiers: Vec::new(),
    })
}

fn names(typed: &Typed) -> Vec<NewName> {
    let given = |name| typed.text(name).split_whitespace().collect::<Vec<_>>();
    let language = typed.some("language").map(str::to_owned);
    let official = NewName::of(NameUse::Official, typed.some("family"), &given("given"));
    let mut names = vec![NewName { preferred: true, ..official }];
    if typed.some("other_given").is_some() || typed.some("other_family").is_some() {
        let other = NewName::of(NameUse::Official, typed.some("other_family"), &given("other_given"));
        names.push(NewName { language, ..other });
    } else if let Some(official) = names.first_mut() {
        official.language = language;
    }
    if typed.some("usual").is_some() {
        names.push(NewName::of(NameUse::Usual, None, &given("usual")));
    }
    names
}

fn addresses(typed: &Typed) -> Result<Vec<NewAddress>, Problem> {
    let owned = |name| typed.some(name).map(str::to_owned);
    if ["street", "city", "state", "postal_code"].into_iter().all(|name| typed.some(name).is_none()) {
        return Ok(Vec::new());
    }
    Ok(vec![NewAddress {
        used: AddressUse::Home,
        lines: vec![typed.required("street")?.to_owned()],
        city: typed.required("city")?.to_owned(),
        state: owned("state"),
        postal_code: owned("postal_code"),
        country: owned("country").map(|country| country.to_uppercase()),
    }])
}

fn contacts(typed: &Typed) -> Vec<NewContact> {
    let contact = |name, system, used| {
        let value: String = typed.some(name)?.chars().filter(|letter| !" ()-".contains(*letter)).collect();
        let value = if system == ContactSystem::Phone { value } else { typed.text(name).to_owned() };
        Some(NewContact { system, used, value, preferred: true })
    };
    [
        contact("phone", ContactSystem::Phone, ContactUse::Mobile),
        contact("email", ContactSystem::Email, ContactUse::Home),
    ]
    .into_iter()
    .flatten()
    .collect()
}
