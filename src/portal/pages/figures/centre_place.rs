//! Departments, rooms, equipment and outages: what each is called, what a form asks of one, and how it is kept.

use uuid::Uuid;

use super::centre::STALE;
use crate::model::people::{DepartmentId, EquipmentId, EquipmentOutageId, FacilityId, RoomId};
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shown::{formatted, sentence};
use crate::portal::visit::Viewer;
use crate::portal::words::WORDS;
use crate::portal::words::centre::CENTRE;
use crate::store::care::actor::Actor;
use crate::store::care::catalogue::WordList;
use crate::store::care::error::BrokenRule;
use crate::store::care::upkeep::keep_room;
use crate::store::care::upkeep_department::{
    DepartmentWords, EquipmentWords, keep_department, keep_equipment, keep_outage, place_room,
};
use crate::store::care::upkeep_read::PremisesRow;

/// A kind of what is at a facility.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Departments,
    Rooms,
    Equipment,
    Outages,
}

/// What stands at a facility, and the words of its kinds.
pub(super) struct Stood {
    pub(super) all: Vec<PremisesRow>,
    pub(super) kinds: Vec<(String, String)>,
}

impl Stood {
    /// What a kind is called.
    pub(super) fn kind(&self, kind: &str) -> String {
        let known = self.kinds.iter().find(|(word, _)| word == kind);
        known.map_or_else(|| sentence(kind), |(_, title)| title.clone())
    }

    /// One of them.
    pub(super) fn row(&self, place: Place, key: Uuid) -> Option<&PremisesRow> {
        self.all.iter().find(|row| row.relation == place.relation() && row.row_id == key)
    }

    /// Those of a kind, to choose from.
    fn choice(&self, place: Place) -> Vec<(String, String)> {
        let rows = self.all.iter().filter(|row| row.relation == place.relation());
        rows.map(|row| (row.row_id.to_string(), row.name.clone())).collect()
    }
}

impl Place {
    pub(super) fn of(word: &str) -> Result<Place, PageError> {
        let places = [Place::Departments, Place::Rooms, Place::Equipment, Place::Outages];
        places.into_iter().find(|place| place.word() == word).ok_or(PageError::NotFound)
    }

    /// In URLs.
    pub(super) fn word(self) -> &'static str {
        match self {
            Place::Departments => "departments",
            Place::Rooms => "rooms",
            Place::Equipment => "equipment",
            Place::Outages => "outages",
        }
    }

    /// Its table.
    pub(super) fn relation(self) -> &'static str {
        match self {
            Place::Departments => "department",
            Place::Rooms => "room",
            Place::Equipment => "equipment",
            Place::Outages => "equipment_outage",
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Place::Departments => CENTRE.departments,
            Place::Rooms => CENTRE.rooms,
            Place::Equipment => CENTRE.equipment,
            Place::Outages => CENTRE.outages,
        }
    }

    /// On the form for another.
    pub(super) fn add(self) -> &'static str {
        match self {
            Place::Departments => CENTRE.add_department,
            Place::Rooms => CENTRE.add_room,
            Place::Equipment => CENTRE.add_equipment,
            Place::Outages => CENTRE.add_outage,
        }
    }

    /// The list that its kinds are of.
    pub(super) fn kinds(self) -> Option<WordList> {
        match self {
            Place::Departments => Some(WordList::DepartmentKind),
            Place::Equipment => Some(WordList::ResourceKind),
            Place::Rooms | Place::Outages => None,
        }
    }

    /// A form with what is asked of one.
    pub(super) fn asking(self, form: Form, stood: &Stood, viewer: &Viewer, known: Option<&PremisesRow>) -> Form {
        let text = |of: fn(&PremisesRow) -> Option<String>| known.and_then(of).unwrap_or_default();
        let name = FormField::line("name", CENTRE.name).of(known.map_or("", |row| &row.name)).required();
        let version = FormField::hidden("version", known.map_or(0, |row| row.version));
        let kind = || {
            let kinds = stood.kinds.iter().filter(|(word, _)| word != "room").cloned().collect();
            FormField::choice("kind", CENTRE.kind, kinds).of(text(|row| row.kind.clone())).required()
        };
        let stop_on = FormField::day("stop_on", CENTRE.stop_on).of(text(|row| row.stop_on.map(|on| on.to_string())));
        match self {
            Place::Departments => form
                .with(version)
                .with(name)
                .with(kind())
                .with(
                    FormField::typed("phone", CENTRE.phone, "tel")
                        .of(text(|row| row.phone.clone()))
                        .hint(CENTRE.phone_hint),
                )
                .with(stop_on),
            Place::Rooms => form.with(FormField::hidden("was", known.map_or("", |row| &row.name))).with(name).with(
                FormField::choice("department", CENTRE.department, stood.choice(Place::Departments))
                    .of(text(|row| row.part_of.map(|whole| whole.to_string()))),
            ),
            Place::Equipment => form
                .with(version)
                .with(name)
                .with(kind())
                .with(
                    FormField::day("first_on", CENTRE.first_on)
                        .of(text(|row| row.first_on.map(|on| on.to_string())))
                        .required(),
                )
                .with(stop_on),
            Place::Outages => {
                let local = |at| formatted(at, &viewer.zone, "%Y-%m-%dT%H:%M");
                let since = known.and_then(|row| row.since).map(local).unwrap_or_default();
                let until = known.and_then(|row| row.until).map(local).unwrap_or_default();
                let form = form.with(version);
                // An outage stays with what is out of service.
                let form = match known {
                    Some(_) => form,
                    None => form
                        .with(FormField::choice("equipment", CENTRE.which, stood.choice(Place::Equipment)).required()),
                };
                form.with(FormField::line("name", CENTRE.outage_why).of(known.map_or("", |row| &row.name)).required())
                    .with(FormField::moment("since", CENTRE.starts).of(since).required())
                    .with(FormField::moment("until", CENTRE.ends).of(until).hint(CENTRE.ends_hint))
            }
        }
    }
}

/// Adds one, or changes the one that is known.
pub(super) async fn keep(
    actor: &mut Actor<'_>,
    (place, own, known): (Place, FacilityId, Option<&PremisesRow>),
    viewer: &Viewer,
    typed: &Typed,
) -> Result<(), Problem> {
    let name = typed.required("name")?;
    let version = || typed.number::<i32>("version");
    let known = known.map(|row| (row.row_id, row));
    match place {
        Place::Departments => {
            let known = known.map(|(key, _)| Ok::<_, Problem>((DepartmentId(key), version()?))).transpose()?;
            let words = DepartmentWords {
                kind: typed.required("kind")?,
                name,
                phone: typed.some("phone"),
                closed_on: typed.maybe_day("stop_on")?,
            };
            keep_department(actor, own, known, &words).await?;
        }
        Place::Rooms => {
            if known.is_some_and(|(_, row)| row.name != typed.text("was")) {
                let (rule, sentence) = (STALE.to_owned(), WORDS.form_stale.to_owned());
                return Err(Problem::Rule(BrokenRule { rule, sentence }));
            }
            let department = typed.maybe::<DepartmentId>("department")?;
            let room = keep_room(actor, own, known.map(|(key, _)| RoomId(key)), name).await?;
            place_room(actor, own, room, department).await?;
        }
        Place::Equipment => {
            let known = known.map(|(key, _)| Ok::<_, Problem>((EquipmentId(key), version()?))).transpose()?;
            let words = EquipmentWords {
                kind: typed.required("kind")?,
                name,
                first_on: typed.day("first_on")?,
                stop_on: typed.maybe_day("stop_on")?,
            };
            keep_equipment(actor, own, known, &words).await?;
        }
        Place::Outages => {
            let during = (typed.moment("since", &viewer.zone)?, typed.maybe_moment("until", &viewer.zone)?);
            let of = known.and_then(|(_, row)| row.part_of).map(EquipmentId);
            let equipment = match of {
                Some(equipment) => equipment,
                None => typed.one("equipment")?,
            };
            let known = known.map(|(key, _)| Ok::<_, Problem>((EquipmentOutageId(key), version()?))).transpose()?;
            keep_outage(actor, equipment, known, during, name).await?;
        }
    }
    Ok(())
}
