//! `/patients/{id}/questionnaires`: what was answered, a table for each questionnaire, with score and band over time,
//! and which are to be answered; `/patients/{id}/questionnaires/{response}`: the answers of one occasion.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use jiff::tz::TimeZone;

use super::record_view::{Banner, banner};
use crate::model::people::{PatientId, TaskKind};
use crate::portal::answer::page;
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::{day_of, number, sentence};
use crate::portal::visit::Visit;
use crate::portal::words::chart::{CHART, ChartWords};
use crate::store::care::questionnaire::{AnsweredQuestion, QuestionnaireResponse, answers, responses};
use crate::store::care::record::read_summary;
use crate::store::care::task::{PatientTask, of_patient};

const TASKS: u16 = 200;

#[derive(Template)]
#[template(path = "pages/chart/questionnaires.html", config = "src/portal/askama.toml")]
struct QuestionnairesPage {
    shell: Shell,
    words: &'static ChartWords,
    banner: Banner,
    /// What is to be answered, and until when.
    due: Vec<(String, Option<String>)>,
    /// Each questionnaire with what was answered, the latest first.
    asked: Vec<(String, Vec<LineOfResponse>)>,
    is_own: bool,
    tab: &'static str,
}

#[derive(Template)]
#[template(path = "pages/chart/questionnaire.html", config = "src/portal/askama.toml")]
struct QuestionnairePage {
    shell: Shell,
    words: &'static ChartWords,
    banner: Banner,
    title: String,
    line: LineOfResponse,
    answers: Vec<AnsweredQuestion>,
    is_own: bool,
    tab: &'static str,
}

struct LineOfResponse {
    key: uuid::Uuid,
    when: String,
    /// What is not completed.
    status: Option<String>,
    score: Option<String>,
    band: String,
    /// Whether an answer is to be looked at whatever the score is.
    is_to_look_at: bool,
    is_kept_apart: bool,
}

fn line(response: &QuestionnaireResponse, zone: &TimeZone) -> LineOfResponse {
    let score = response.score.map(|score| match response.highest {
        Some(highest) => format!("{} {} {}", number(score), CHART.of, number(highest)),
        None => number(score),
    });
    LineOfResponse {
        key: response.key,
        when: day_of(response.completed_at.unwrap_or(response.began_at), zone),
        status: (response.status != "completed").then(|| sentence(&response.status)),
        score,
        band: match &response.band {
            Some(band) => sentence(band),
            None if response.status == "completed" && response.highest.is_some() => {
                CHART.questionnaire_uncounted.to_owned()
            }
            None => String::new(),
        },
        is_to_look_at: !response.look_at.is_empty(),
        is_kept_apart: response.sensitivity.is_some(),
    }
}

/// What a questionnaire is called among those who use it.
fn title_of(response: &QuestionnaireResponse) -> String {
    match response.name.as_str() {
        "phq9" => CHART.questionnaire_phq9.to_owned(),
        "gad7" => CHART.questionnaire_gad7.to_owned(),
        _ => response.title.clone(),
    }
}

fn due(tasks: &[PatientTask], zone: &TimeZone) -> Vec<(String, Option<String>)> {
    let open = tasks.iter().filter(|task| task.kind == TaskKind::CompleteForm && task.ended_at.is_none());
    open.map(|task| (task.title.clone(), task.due_at.map(|at| day_of(at, zone)))).collect()
}

/// Shows them.
pub(super) async fn get(visit: Visit, Path(patient): Path<String>) -> Result<Response, PageError> {
    let patient: PatientId = patient.parse().map_err(|_| PageError::NotFound)?;
    let now = visit.portal.clock.now();
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let record = read_summary(&mut actor, patient).await?.ok_or(PageError::NotFound)?;
    let all = responses(&mut actor, patient).await?;
    let tasks = of_patient(&mut actor, patient, TASKS).await?;
    let mut asked: Vec<(String, Vec<LineOfResponse>)> = Vec::new();
    for response in &all {
        let title = title_of(response);
        let shown = line(response, &viewer.zone);
        match asked.iter_mut().find(|(known, _)| *known == title) {
            Some((_, lines)) => lines.push(shown),
            None => asked.push((title, vec![shown])),
        }
    }
    page(&QuestionnairesPage {
        shell: viewer.shell(CHART.questionnaires_title),
        words: &CHART,
        banner: banner(&record, now, &viewer.zone),
        due: due(&tasks, &viewer.zone),
        asked,
        is_own: false,
        tab: "questionnaires",
    })
}

/// Shows the answers of one occasion.
pub(super) async fn get_one(visit: Visit, Path(keys): Path<(String, String)>) -> Result<Response, PageError> {
    let patient: PatientId = keys.0.parse().map_err(|_| PageError::NotFound)?;
    let key: uuid::Uuid = keys.1.parse().map_err(|_| PageError::NotFound)?;
    let now = visit.portal.clock.now();
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let record = read_summary(&mut actor, patient).await?.ok_or(PageError::NotFound)?;
    let all = responses(&mut actor, patient).await?;
    let response = all.iter().find(|response| response.key == key).ok_or(PageError::NotFound)?;
    let title = title_of(response);
    page(&QuestionnairePage {
        shell: viewer.shell(&title),
        words: &CHART,
        banner: banner(&record, now, &viewer.zone),
        title,
        line: line(response, &viewer.zone),
        answers: answers(&mut actor, patient, key).await?,
        is_own: false,
        tab: "questionnaires",
    })
}
