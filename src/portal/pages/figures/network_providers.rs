//! `/network/providers`: who gives care, found and added; `/network/providers/{colleague}`: one of them: what the
//! directory says, and degrees and licences with whether they were verified and how long they hold.
//!
//! A second click does nothing more: an identifier and a qualification are known once, and what is changed, verified
//! or ended is so as the version that was read.

use axum::extract::Path;
use axum::response::Response;

use super::network::{LineAct, ListLine, ListPage, again};
use super::network_credentials::{asking, credential, told_of};
use crate::model::people::ProviderId;
use crate::model::time::Day;
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shown::sentence;
use crate::portal::visit::{Seat, Visit};
use crate::portal::words::network::NETWORK;
use crate::store::care::actor::Actor;
use crate::store::care::administration::{ProviderEntry, ProviderWords, keep_provider, read_provider, retire_provider};
use crate::store::care::credential::{QualificationLine, add_qualification, list_qualifications, verify_qualification};
use crate::store::care::directory::{ProviderNamed, find_providers_by_name};

/// Which field a rule is about.
const AT: &[(&str, &str)] = &[
    ("provider_npi_is_unique", "npi"),
    ("provider_npi_is_ten_digits", "npi"),
    ("provider_name_is_some", "family"),
    ("provider_speaks_something", "languages"),
    ("phone_is_e164", "phone"),
    ("email_has_one_at", "email"),
    ("qualification_is_not_repeated", "title"),
    ("qualification_title_is_some", "title"),
    ("qualification_license_is_unique_with_its_issuer", "license_number"),
    ("qualification_license_has_number_and_period", "license_number"),
    ("qualification_license_has_a_jurisdiction", "country"),
    ("qualification_country_is_iso_3166", "country"),
    ("qualification_state_is_iso_3166", "state"),
    ("qualification_license_begins", "stop_on"),
    ("qualification_year_is_believable", "awarded_year"),
];

fn describing(form: Form, known: Option<&ProviderEntry>) -> Form {
    let text = |of: fn(&ProviderEntry) -> Option<String>| known.and_then(of).unwrap_or_default();
    let languages = known.map_or_else(|| "en".to_owned(), |known| known.languages.join(", "));
    form.with(FormField::hidden("version", known.map_or(0, |known| known.version)))
        .with(FormField::line("family", NETWORK.family).of(text(|known| Some(known.family.clone()))).required())
        .with(FormField::line("given", NETWORK.given).of(text(|known| Some(known.given.clone()))).required())
        .with(FormField::line("npi", NETWORK.npi).of(text(|known| known.npi.clone())).at_most(10))
        .with(FormField::typed("email", NETWORK.email, "email").of(text(|known| Some(known.email.clone()))).required())
        .with(
            FormField::typed("phone", NETWORK.phone, "tel")
                .of(text(|known| known.phone.clone()))
                .hint(NETWORK.phone_hint),
        )
        .with(FormField::line("languages", NETWORK.languages).of(languages).required().hint(NETWORK.languages_hint))
}

/// Shows them.
pub(super) async fn get_providers(visit: Visit) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    page(&providers(&mut seat, "", Ok).await?)
}

async fn providers(
    seat: &mut Seat,
    begins: &str,
    adding_as: impl FnOnce(Form) -> Result<Form, PageError>,
) -> Result<ListPage, PageError> {
    let (mut actor, viewer) = seat.enter().await?;
    let found = find_providers_by_name(&mut actor, begins).await?;
    let line = |found: &ProviderNamed| ListLine {
        title: found.name.clone(),
        detail: [found.specialties.iter().map(|word| sentence(word)).collect(), found.facilities.clone()]
            .concat()
            .join(", "),
        path: Some(format!("/network/providers/{}", found.provider_id)),
        acts: Vec::new(),
    };
    let form = |id, submit| Form::new(id, "/network/providers", &viewer.form_token, submit);
    let finding = form("find", NETWORK.show)
        .with(FormField::hidden("action", "list"))
        .with(FormField::line("begins", NETWORK.name_begins).of(begins));
    let adding = describing(form("add", NETWORK.add_provider), None);
    Ok(ListPage {
        shell: viewer.shell(NETWORK.providers),
        words: &NETWORK,
        tab: "providers",
        text: NETWORK.providers_text,
        none: NETWORK.providers_none,
        lines: found.iter().map(line).collect(),
        forms: vec![(NETWORK.find_provider, finding), (NETWORK.add_provider, adding_as(adding)?)],
    })
}

/// Adds one, or finds others.
pub(super) async fn post_providers(visit: Visit, Sent(typed): Sent<Typed>) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    if typed.text("action") == "list" {
        return page(&providers(&mut seat, typed.text("begins"), Ok).await?);
    }
    let (mut actor, _) = seat.enter().await?;
    let problem = match keep(&mut actor, None, &typed).await {
        Ok(key) => {
            actor.commit().await?;
            return Ok(done(&format!("/network/providers/{key}"), "saved"));
        }
        Err(problem) => problem,
    };
    drop(actor);
    refused(&providers(&mut seat, "", |form| form.filled(&typed).told(problem, AT)).await?)
}

async fn keep(actor: &mut Actor<'_>, known: Option<ProviderId>, typed: &Typed) -> Result<ProviderId, Problem> {
    let known = known.map(|known| Ok::<_, Problem>((known, typed.number("version")?))).transpose()?;
    let languages = typed.required("languages")?.to_lowercase();
    let languages: Vec<&str> = languages.split([',', ' ', ';']).filter(|word| !word.is_empty()).collect();
    let words = ProviderWords {
        family: typed.required("family")?,
        given: typed.required("given")?,
        npi: typed.some("npi"),
        phone: typed.some("phone"),
        email: typed.required("email")?,
        languages: &languages,
    };
    Ok(keep_provider(actor, known, &words).await?)
}

/// Shows one.
pub(super) async fn get_provider(visit: Visit, Path(key): Path<String>) -> Result<Response, PageError> {
    let key = key.parse().map_err(|_| PageError::NotFound)?;
    let mut seat = visit.seat().await?;
    page(&provider(&mut seat, key, visit.portal.clock.now().day(), |_| Ok(())).await?)
}

async fn provider(
    seat: &mut Seat,
    key: ProviderId,
    today: Day,
    instead: impl FnOnce(&mut [(&'static str, Form); 3]) -> Result<(), PageError>,
) -> Result<ListPage, PageError> {
    let (mut actor, viewer) = seat.enter().await?;
    let entry = read_provider(&mut actor, key).await?.ok_or(PageError::NotFound)?;
    let found = list_qualifications(&mut actor, key).await?;
    let path = format!("/network/providers/{key}");
    let line = |line: &QualificationLine| ListLine {
        title: format!("{}, {}", line.title, line.issuer),
        detail: told_of(line, today),
        path: None,
        acts: if line.verified {
            Vec::new()
        } else {
            let fields = vec![("row", line.qualification_id.to_string()), ("version", line.version.to_string())];
            vec![LineAct { path: path.clone(), word: "verify", name: NETWORK.verify, fields }]
        },
    };
    let form = |word: &'static str, submit| {
        Form::new(word, &path, &viewer.form_token, submit).with(FormField::hidden("action", word))
    };
    let retired_on = entry.retired_on.map(|on| on.to_string()).unwrap_or_default();
    let retire = form("retire", NETWORK.retire)
        .with(FormField::hidden("version", entry.version))
        .with(FormField::day("retired_on", NETWORK.retired_on).of(retired_on).hint(NETWORK.retired_hint))
        .grave();
    let mut forms = [
        (NETWORK.describe, describing(form("change", NETWORK.save), Some(&entry))),
        (NETWORK.qualify, asking(form("qualify", NETWORK.qualify))),
        (NETWORK.retire, retire),
    ];
    instead(&mut forms)?;
    Ok(ListPage {
        shell: viewer.shell(&format!("{} {}", entry.given, entry.family)),
        words: &NETWORK,
        tab: "providers",
        text: NETWORK.credentials_text,
        none: NETWORK.credentials_none,
        lines: found.iter().map(line).collect(),
        forms: forms.into(),
    })
}

/// Changes what is known of one; where somebody was faster, both are shown.
pub(super) async fn post_provider(
    visit: Visit,
    Path(key): Path<String>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let key: ProviderId = key.parse().map_err(|_| PageError::NotFound)?;
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter().await?;
    read_provider(&mut actor, key).await?.ok_or(PageError::NotFound)?;
    let problem = match change(&mut actor, key, &typed).await {
        Ok(()) => {
            actor.commit().await?;
            return Ok(done(&format!("/network/providers/{key}"), "saved"));
        }
        Err(problem) => problem,
    };
    drop(actor);
    let place = ["change", "qualify", "retire"].iter().position(|word| *word == typed.text("action"));
    let instead = |forms: &mut [(&'static str, Form); 3]| {
        // What was verified meanwhile is told above the first form.
        let Some((_, form)) = forms.get_mut(place.unwrap_or(0)) else { return Err(PageError::NotFound) };
        *form = match place {
            Some(_) => again(form.clone(), &typed, problem, AT)?,
            None => form.clone().told(problem, &[])?,
        };
        Ok(())
    };
    refused(&provider(&mut seat, key, visit.portal.clock.now().day(), instead).await?)
}

async fn change(actor: &mut Actor<'_>, key: ProviderId, typed: &Typed) -> Result<(), Problem> {
    match typed.text("action") {
        "change" => keep(actor, Some(key), typed).await.map(drop),
        "qualify" => {
            add_qualification(actor, key, &credential(typed)?).await?;
            Ok(())
        }
        "verify" => {
            let row = typed.one("row")?;
            // Of this provider, and of nobody else.
            let is_own = list_qualifications(actor, key).await?.iter().any(|line| line.qualification_id == row);
            if !is_own {
                return Err(PageError::NotFound.into());
            }
            Ok(verify_qualification(actor, row, typed.number("version")?).await?)
        }
        "retire" => {
            retire_provider(actor, key, typed.number("version")?, typed.maybe_day("retired_on")?).await?;
            Ok(())
        }
        _ => Err(PageError::NotFound.into()),
    }
}
