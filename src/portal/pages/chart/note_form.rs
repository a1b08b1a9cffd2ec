//! What is asked of a note: what it is called, its sections, and who is to sign it too.

use super::colleague;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::words::WORDS;
use crate::portal::words::chart::CHART;
use crate::store::care::actor::Actor;
use crate::store::care::note::{Note, NoteSection, NoteWords};

/// Kinds of notes by LOINC.
fn kinds() -> Vec<(String, String)> {
    let kinds = [
        ("11506-3", CHART.note_progress),
        ("34117-2", CHART.note_history),
        ("11488-4", CHART.note_consult),
        ("18842-5", CHART.note_discharge),
    ];
    kinds.map(|(loinc, title)| (loinc.to_owned(), title.to_owned())).into()
}

/// Sections that are asked for: field, LOINC, heading.
fn sections() -> [(&'static str, &'static str, &'static str); 4] {
    [
        ("subjective", "61150-9", CHART.note_subjective),
        ("objective", "61149-1", CHART.note_objective),
        ("assessment", "51848-0", CHART.note_assessment),
        ("plan", "18776-5", CHART.note_plan),
    ]
}

/// Which field a rule is about.
pub(super) const AT: &[(&str, &str)] = &[
    ("note_title_is_some", "title"),
    ("note_cosigner_is_another", "cosigner"),
    ("note_kind_is_loinc", "kind"),
    ("note_says_something_once_signed", "subjective"),
];

/// The form for a draft: a new one, or one that is there.
pub(super) async fn drafting(
    actor: &mut Actor<'_>,
    action: &str,
    token: &str,
    (note, typed): (Option<&Note>, Option<&Typed>),
) -> Result<Form, PageError> {
    let cosigner = note.and_then(|note| note.cosigner_id);
    let chosen = typed.map_or(cosigner, |typed| typed.maybe("cosigner").ok().flatten());
    let signers = colleague::providers(actor, typed.and_then(colleague::sought), chosen).await?;
    let signers = signers.into_iter().map(|(key, name)| (key.to_string(), name)).collect();
    let mut form = Form::new("note", action, token, CHART.save).finding(colleague::SOUGHT, CHART.find);
    form = match note {
        None => form.with(FormField::choice("kind", CHART.note_kind, kinds()).of("11506-3").required()),
        Some(note) => form.with(FormField::hidden("act", "save")).with(FormField::hidden("version", note.version)),
    };
    form = form.with(FormField::line("title", CHART.note_title).of(note.map_or("", |note| &note.title)).required());
    for (field, loinc, title) in sections() {
        let body = note.and_then(|note| note.sections.iter().find(|section| section.loinc == loinc));
        form = form.with(FormField::lines(field, title).of(body.map_or("", |section| &section.body)));
    }
    form = form.with(colleague::asking(CHART.note_cosigner_begins)).with(
        FormField::choice("cosigner", CHART.note_cosigner, signers)
            .of(cosigner.map(|key| key.to_string()).unwrap_or_default()),
    );
    Ok(if note.is_some() {
        form.with(FormField::check("sign", CHART.note_sign_now).hint(CHART.note_sign_hint))
    } else {
        form
    })
}

/// What a search for a co-signer came to; `None` where nothing was searched for.
pub(super) async fn searched(actor: &mut Actor<'_>, typed: &Typed) -> Result<Option<Option<Problem>>, PageError> {
    if !typed.is_checked("find") {
        return Ok(None);
    }
    let Some(begins) = colleague::sought(typed) else {
        return Ok(Some(Some(Problem::at(colleague::SOUGHT, WORDS.field_missing))));
    };
    let found = colleague::providers(actor, Some(begins), None).await?;
    Ok(Some(colleague::none_found(found.is_empty())))
}

/// What was typed of a note; sections that the form does not ask for stay as they are.
pub(super) fn words_of<'a>(typed: &'a Typed, stored: &'a [NoteSection]) -> Result<NoteWords<'a>, Problem> {
    let asked = sections().into_iter().filter_map(|(field, loinc, title)| Some((loinc, title, typed.some(field)?)));
    let others = stored.iter().filter(|part| !sections().iter().any(|(_, loinc, _)| *loinc == part.loinc));
    let others = others.map(|part| (part.loinc.as_str(), part.title.as_str(), part.body.as_str()));
    Ok(NoteWords {
        title: typed.required("title")?,
        cosigner: typed.maybe("cosigner")?,
        sections: asked.chain(others).collect(),
    })
}

/// What was typed into sections, as one text.
pub(super) fn typed_words(typed: &Typed) -> String {
    let typed = sections().into_iter().filter_map(|(field, _, title)| Some(format!("{title}: {}", typed.some(field)?)));
    typed.collect::<Vec<String>>().join("\n")
}
