//! What somebody who looks for a time asks for: read from the form, and drawn into it again.

use jiff::tz::TimeZone;

use super::open_times::{start_of, today};
use crate::model::people::{FacilityId, ProviderId, TelehealthRule, VisitMode};
use crate::model::time::Timestamp;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::shown::sentence;
use crate::portal::visit::Viewer;
use crate::portal::words::WORDS;
use crate::portal::words::own::OWN;
use crate::store::care::appointment_type::AppointmentType;
use crate::store::care::practice::{Practice, PracticeQuery};

/// How long a visit of no kind is.
pub(super) const MINUTES: u16 = 30;

/// What is asked for.
#[derive(Clone, Debug)]
pub(super) struct SlotAsked {
    /// A kind of visit; `None` for one of `MINUTES`.
    pub(super) kind: Option<String>,
    pub(super) specialty: Option<String>,
    /// Code of a state and name of a city.
    pub(super) place: Option<(String, String)>,
    pub(super) mode: VisitMode,
    pub(super) since: Timestamp,
    /// Only this provider there: whose later times are wanted, or whose time could not be had.
    pub(super) only: Option<(ProviderId, FacilityId)>,
    /// So many people who might have a time were looked at before.
    pub(super) skip: usize,
}

/// What the form offers.
pub(super) struct Offered {
    pub(super) kinds: Vec<AppointmentType>,
    pub(super) specialties: Vec<String>,
    /// Code of a state and name of a city.
    pub(super) places: Vec<(String, String)>,
}

impl SlotAsked {
    /// Reads it; what is left empty does not matter.
    pub(super) fn read(typed: &Typed, offered: &Offered, zone: &TimeZone) -> Result<SlotAsked, Problem> {
        let kind = typed.some("kind");
        if kind.is_some() && !offered.kinds.iter().any(|known| Some(known.appointment_type.as_str()) == kind) {
            return Err(Problem::at("kind", WORDS.field_choice));
        }
        let place = typed.some("place").map(place_of).transpose()?;
        let later = typed.maybe("later")?.and_then(|later| Timestamp::from_micros(later).ok());
        let only = match later {
            Some(_) => Some((typed.one("provider")?, typed.one("facility")?)),
            None => None,
        };
        Ok(SlotAsked {
            kind: kind.map(str::to_owned),
            specialty: typed.some("specialty").map(str::to_owned),
            place,
            mode: typed.one("mode")?,
            since: later.unwrap_or(start_of(typed.day("from_on")?, zone)),
            only,
            skip: typed.maybe("skip")?.unwrap_or(0),
        })
    }
}

impl Offered {
    /// The form, as of a moment.
    pub(super) fn form(&self, viewer: &Viewer, now: Timestamp) -> Form {
        let kinds = self
            .kinds
            .iter()
            .map(|kind| (kind.appointment_type.clone(), format!("{}, {} {}", kind.title, kind.minutes, OWN.minutes)));
        let specialties = self.specialties.iter().map(|word| (word.clone(), sentence(word)));
        let modes = vec![
            (VisitMode::InPerson.to_string(), sentence(OWN.in_person)),
            (VisitMode::Telehealth.to_string(), sentence(OWN.by_video)),
        ];
        Form::new("find", "/me/appointments/find", &viewer.form_token, OWN.find)
            .with(FormField::choice("kind", OWN.kind, kinds.collect()).hint(OWN.kind_hint))
            .with(FormField::choice("specialty", OWN.specialty, specialties.collect()))
            .with(FormField::choice("place", OWN.place, choices_of(&self.places)))
            .with(FormField::choice("mode", OWN.mode, modes).of(VisitMode::InPerson).required())
            .with(FormField::day("from_on", OWN.from_on).of(today(now, &viewer.zone)).required())
            .with(FormField::line("reason", OWN.your_reason))
    }

    fn kind(&self, asked: &SlotAsked) -> Option<&AppointmentType> {
        self.kinds.iter().find(|kind| Some(&kind.appointment_type) == asked.kind.as_ref())
    }

    /// What a provider must practise: what was asked for, else what the kind is for; nothing where neither says.
    pub(super) fn wanted(&self, asked: &SlotAsked) -> Option<Vec<String>> {
        let asked_for = asked.specialty.iter().cloned().collect::<Vec<_>>();
        let of_kind = self.kind(asked).map(|kind| kind.specialties.clone()).unwrap_or_default();
        [asked_for, of_kind].into_iter().find(|words| !words.is_empty())
    }

    /// Whether somebody may have such a time there.
    pub(super) fn fits(&self, practice: &Practice, asked: &SlotAsked) -> bool {
        let has = |word: &String| practice.specialties.contains(word);
        let kind = self.kind(asked);
        let is_of_kind = kind.is_none_or(|kind| {
            let practises = kind.specialties.is_empty() || kind.specialties.iter().any(has);
            practises && kind.telehealth != never(asked.mode)
        });
        is_of_kind && asked.only.is_none_or(|only| only == (practice.provider, practice.facility))
    }
}

/// Places as a form offers them.
pub(super) fn choices_of(places: &[(String, String)]) -> Vec<(String, String)> {
    places.iter().map(|(state, city)| (format!("{state}:{city}"), format!("{city}, {state}"))).collect()
}

/// A place as a form sends it.
pub(super) fn place_of(text: &str) -> Result<(String, String), Problem> {
    let (state, city) = text.split_once(':').ok_or_else(|| Problem::at("place", WORDS.field_choice))?;
    Ok((state.to_owned(), city.to_owned()))
}

/// Where to look, as the directory is asked.
pub(super) fn query<'a>(wanted: Option<&'a [String]>, place: Option<&'a (String, String)>) -> PracticeQuery<'a> {
    PracticeQuery { specialties: wanted, place: place.map(|(state, city)| (state.as_str(), city.as_str())) }
}

/// The rule of a kind that does not go with a way to meet.
fn never(mode: VisitMode) -> TelehealthRule {
    match mode {
        VisitMode::InPerson => TelehealthRule::Only,
        VisitMode::Telehealth => TelehealthRule::Never,
    }
}
