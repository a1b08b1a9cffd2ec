//! Forms: what is asked, what was typed, and what is wrong with it, beside the field that it is about.
//!
//! A page says what it asks as data and draws it by one template, so that each field has its label, its hint and its
//! error in the same way. What was typed is kept as text until it is read, so nothing is lost where a field is wrong:
//! the form comes back with all of it.
//!
//! ```text
//! GET   Form (values as stored)                                   → page
//! POST  Typed → read fields → function of the actor → commit      → Redirect to `…?done=saved`
//!                           ↘ Problem → form.filled(&typed).told() → the same page, 422
//! ```

/// What was typed.
mod typed;

/// What is wrong with it.
mod problem;

pub(super) use problem::Problem;
pub(super) use typed::Typed;

use std::fmt;

use askama::Template;

use super::page_error::PageError;
use super::shown::sentence;
use super::words::{WORDS, Words};

/// A form, to be drawn by `{{ form|safe }}`: its template escapes what is in it.
#[derive(Clone, Debug, Template)]
#[template(path = "forms/form.html", config = "src/portal/askama.toml")]
pub(super) struct Form {
    /// Unlike every other form of the page; fields are called after it.
    id: String,
    /// Where it is sent.
    action: String,
    form_token: String,
    fields: Vec<FormField>,
    /// On its button.
    submit: &'static str,
    /// A field by which something is found without sending the rest, and what its button says.
    finds: Option<(&'static str, &'static str)>,
    /// What is wrong with it as a whole.
    wrong: Option<String>,
    /// Whether its button does what cannot be undone.
    is_grave: bool,
    words: &'static Words,
}

/// A field of a form.
#[derive(Clone, Debug)]
pub(super) struct FormField {
    name: &'static str,
    label: &'static str,
    kind: Kind,
    value: String,
    hint: Option<&'static str>,
    wrong: Option<String>,
    /// What is stored by now, where somebody else has changed it.
    now: Option<String>,
    is_required: bool,
    /// What a browser may fill in: a token of HTML.
    autocomplete: &'static str,
    chars_max: usize,
}

/// What a field asks for.
#[derive(Clone, Debug)]
enum Kind {
    Hidden,
    /// A line, by a type of HTML.
    Line(&'static str),
    /// Lines.
    Lines,
    /// A number with such a step.
    Number(&'static str),
    /// One of a list: values and what they are called.
    Choice(Vec<(String, String)>),
    /// Yes or no.
    Check,
}

/// Nobody writes more in a line.
const LINE_CHARS_MAX: usize = 200;
/// Nor in lines.
const LINES_CHARS_MAX: usize = 10_000;

impl Form {
    /// A form of a session, which is sent to a path.
    pub(super) fn new(id: &'static str, action: impl Into<String>, form_token: &str, submit: &'static str) -> Form {
        Form {
            id: id.to_owned(),
            action: action.into(),
            form_token: form_token.to_owned(),
            fields: Vec::new(),
            submit,
            finds: None,
            wrong: None,
            is_grave: false,
            words: &WORDS,
        }
    }

    /// The same with another field.
    pub(super) fn with(mut self, field: FormField) -> Form {
        self.fields.push(field);
        self
    }

    /// The same with a button beside a field, which sends `find`: something is found, and what was typed comes back.
    pub(super) fn finding(mut self, by: &'static str, submit: &'static str) -> Form {
        self.finds = Some((by, submit));
        self
    }

    /// The same, whose button does what cannot be undone.
    pub(super) fn grave(mut self) -> Form {
        self.is_grave = true;
        self
    }

    /// The same as one of several of its kind on a page: its name is made unlike theirs.
    pub(super) fn called(mut self, after: impl fmt::Display) -> Form {
        self.id = format!("{}-{after}", self.id);
        self
    }

    /// The same with what was typed, save for one field that says what the page knows by now.
    pub(super) fn filled_but(mut self, typed: &Typed, known: &str) -> Form {
        for field in self.fields.iter_mut().filter(|field| field.name != known) {
            // What is secret is typed again.
            let is_secret = matches!(field.kind, Kind::Line("password"));
            field.value = if is_secret { String::new() } else { typed.text(field.name).to_owned() };
        }
        self
    }

    /// The same with what was typed in the place of what was there.
    pub(super) fn filled(self, typed: &Typed) -> Form {
        self.filled_but(typed, "")
    }

    /// The same, telling what is wrong: at the field that the problem or `at` (rule, field) names, else above all.
    ///
    /// # Errors
    /// What is no matter of this form: the page is not shown.
    pub(super) fn told(mut self, problem: Problem, at: &[(&str, &str)]) -> Result<Form, PageError> {
        let (name, sentence) = match problem {
            Problem::At(name, sentence) => (Some(name), sentence),
            Problem::Rule(broken) => {
                let place = at.iter().find(|(rule, _)| *rule == broken.rule);
                (place.map(|(_, name)| *name), broken.sentence)
            }
            Problem::Page(error) => return Err(error),
        };
        match self.fields.iter_mut().find(|field| Some(field.name) == name) {
            Some(field) => field.wrong = Some(sentence),
            None => self.wrong = Some(sentence),
        }
        Ok(self)
    }

    /// The same where somebody else has changed the row since it was opened: what is stored stands beside what was
    /// typed, and sending it again is about the stored version.
    pub(super) fn against(mut self, stored: &Form) -> Form {
        self.wrong = Some(WORDS.form_stale.to_owned());
        for (field, stored) in self.fields.iter_mut().zip(&stored.fields) {
            if matches!(field.kind, Kind::Hidden) {
                field.value.clone_from(&stored.value);
            } else if field.value != stored.value {
                field.now = Some(stored.shown());
            }
        }
        self
    }
}

impl FormField {
    fn new(name: &'static str, label: &'static str, kind: Kind) -> FormField {
        let chars_max = if matches!(kind, Kind::Lines) { LINES_CHARS_MAX } else { LINE_CHARS_MAX };
        FormField {
            name,
            label,
            kind,
            value: String::new(),
            hint: None,
            wrong: None,
            now: None,
            is_required: false,
            autocomplete: "off",
            chars_max,
        }
    }

    /// What the page must know again, and nobody sees.
    pub(super) fn hidden(name: &'static str, value: impl fmt::Display) -> FormField {
        FormField { value: value.to_string(), ..FormField::new(name, "", Kind::Hidden) }
    }

    /// A line.
    pub(super) fn line(name: &'static str, label: &'static str) -> FormField {
        FormField::new(name, label, Kind::Line("text"))
    }

    /// A line of a type of HTML: `email`, `tel`, `password`, `search`, `time`.
    pub(super) fn typed(name: &'static str, label: &'static str, kind: &'static str) -> FormField {
        FormField::new(name, label, Kind::Line(kind))
    }

    /// A day.
    pub(super) fn day(name: &'static str, label: &'static str) -> FormField {
        FormField::new(name, label, Kind::Line("date"))
    }

    /// A day and a time, in the zone of who types.
    pub(super) fn moment(name: &'static str, label: &'static str) -> FormField {
        FormField::new(name, label, Kind::Line("datetime-local"))
    }

    /// A number with such a step: `1`, `0.01`, `any`.
    pub(super) fn number(name: &'static str, label: &'static str, step: &'static str) -> FormField {
        FormField::new(name, label, Kind::Number(step))
    }

    /// Lines.
    pub(super) fn lines(name: &'static str, label: &'static str) -> FormField {
        FormField::new(name, label, Kind::Lines)
    }

    /// One of a list: values and what they are called.
    pub(super) fn choice(name: &'static str, label: &'static str, of: Vec<(String, String)>) -> FormField {
        FormField::new(name, label, Kind::Choice(of))
    }

    /// A word of a list of the record, as people write it.
    pub(super) fn word<T: fmt::Display>(name: &'static str, label: &'static str, of: &[T]) -> FormField {
        let word = |word: &T| (word.to_string(), sentence(&word.to_string()));
        FormField::choice(name, label, of.iter().map(word).collect())
    }

    /// Yes or no: `on` where it is ticked.
    pub(super) fn check(name: &'static str, label: &'static str) -> FormField {
        FormField::new(name, label, Kind::Check)
    }

    /// The same with a value.
    pub(super) fn of(mut self, value: impl fmt::Display) -> FormField {
        self.value = value.to_string();
        self
    }

    /// The same with a hint.
    pub(super) fn hint(mut self, hint: &'static str) -> FormField {
        self.hint = Some(hint);
        self
    }

    /// The same, which must be filled in.
    pub(super) fn required(mut self) -> FormField {
        self.is_required = true;
        self
    }

    /// The same, which a browser may fill in: `current-password`, `one-time-code`.
    pub(super) fn known_as(mut self, autocomplete: &'static str) -> FormField {
        self.autocomplete = autocomplete;
        self
    }

    /// The same, of so many characters at most.
    pub(super) fn at_most(mut self, chars_max: usize) -> FormField {
        self.chars_max = chars_max;
        self
    }

    /// Its value as people read it.
    fn shown(&self) -> String {
        match &self.kind {
            Kind::Choice(of) => of.iter().find(|(value, _)| *value == self.value).map(|(_, name)| name.clone()),
            _ => None,
        }
        .unwrap_or_else(|| self.value.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> Form {
        Form::new("weigh", "/x", "t", "Save")
            .with(FormField::hidden("version", 3))
            .with(FormField::line("title", "Title").of("old").required())
            .with(FormField::choice("kind", "Kind", vec![("a".to_owned(), "First".to_owned())]).of("a"))
    }

    #[test]
    fn what_was_typed_comes_back_with_what_is_wrong_at_its_field() {
        let typed = Typed::of(&[("version", "3"), ("title", "<b>\"new\"</b>"), ("kind", "b")]);
        let told = form().filled(&typed).told(Problem::At("title", "Shorter, please.".to_owned()), &[]).unwrap();
        let drawn = told.to_string();
        assert!(drawn.contains("Shorter, please.") && drawn.contains("aria-invalid"), "{drawn}");
        assert!(!drawn.contains("<b>\"new\""), "{drawn}");
        assert!(drawn.contains("new"), "{drawn}");
    }

    #[test]
    fn the_second_editor_sees_both() {
        let typed = Typed::of(&[("version", "3"), ("title", "mine"), ("kind", "b")]);
        let stored = form().with(FormField::hidden("more", 1));
        let mut stored = stored;
        stored.fields.first_mut().unwrap().value = "4".to_owned();
        let drawn = form().filled(&typed).against(&stored).to_string();
        assert!(drawn.contains("mine") && drawn.contains("old") && drawn.contains("First"), "{drawn}");
        assert!(drawn.contains("value=\"4\""), "what is sent again is about the stored version: {drawn}");
    }
}
