//! `/moderation/reviews`: reviews of visits that wait, which a moderator publishes, or refuses for a reason that its
//! author reads. Nobody learns here who wrote one.
//!
//! A review is decided as the version that was read, so a form that is sent twice, or by two, decides once.

use askama::Template;
use axum::response::Response;

use crate::model::people::{FacilityId, ProviderId, ReviewId};
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::month;
use crate::portal::visit::{Seat, Viewer, Visit};
use crate::portal::words::WORDS;
use crate::portal::words::share::{SHARE, ShareWords};
use crate::store::care::actor::Actor;
use crate::store::care::directory::provider_names;
use crate::store::care::directory_named::facility_names;
use crate::store::care::organisation::{
    REVIEWS_MAX, ReviewDecision, ReviewFound, ReviewQuery, list_reviews, moderate_review,
};

#[derive(Template)]
#[template(path = "pages/own/reviews.html", config = "src/portal/askama.toml")]
struct ReviewsPage {
    shell: Shell,
    words: &'static ShareWords,
    tab: &'static str,
    reviews: Vec<ReviewView>,
    /// Whether more wait than a page shows.
    is_cut: bool,
}

struct ReviewView {
    key: ReviewId,
    whom: String,
    written_in: String,
    stars: Vec<String>,
    body: Option<String>,
    publish: Form,
    refuse: Form,
}

fn view(review: ReviewFound, whom: String, viewer: &Viewer) -> ReviewView {
    let form = |word: &'static str, name| {
        Form::new(word, "/moderation/reviews", &viewer.form_token, name)
            .called(review.review_id)
            .with(FormField::hidden("do", word))
            .with(FormField::hidden("review", review.review_id))
            .with(FormField::hidden("version", review.version))
    };
    let stars = |name: &str, stars: Option<i16>| stars.map(|stars| format!("{name}: {stars} / 5"));
    let reason = FormField::line("reason", SHARE.review_reason).required();
    ReviewView {
        key: review.review_id,
        whom,
        written_in: month(review.written_in),
        stars: [
            stars(SHARE.review_of_provider, review.provider_stars),
            stars(SHARE.review_of_facility, review.facility_stars),
        ]
        .into_iter()
        .flatten()
        .collect(),
        publish: form("publish", SHARE.review_publish),
        refuse: form("refuse", SHARE.review_refuse).with(reason).grave(),
        body: review.body,
    }
}

/// Names of who is reviewed, and of where.
async fn names(
    actor: &mut Actor<'_>,
    found: &[ReviewFound],
) -> Result<(Vec<(ProviderId, String)>, Vec<(FacilityId, String)>), PageError> {
    let keys: Vec<ProviderId> = found.iter().map(|review| review.provider_id).collect();
    let providers = provider_names(actor, &keys).await?;
    let keys: Vec<FacilityId> = found.iter().map(|review| review.facility_id).collect();
    Ok((providers, facility_names(actor, &keys).await?))
}

async fn shown(seat: &mut Seat) -> Result<ReviewsPage, PageError> {
    let (mut actor, viewer) = seat.enter().await?;
    let waiting = ReviewQuery { state: Some("pending"), ..ReviewQuery::default() };
    let found = list_reviews(&mut actor, &waiting).await?;
    let (providers, facilities) = names(&mut actor, &found).await?;
    let is_cut = found.len() >= usize::from(REVIEWS_MAX);
    let shown = |review: ReviewFound| {
        let provider = providers.iter().find(|(key, _)| *key == review.provider_id).map(|(_, name)| name.as_str());
        let facility = facilities.iter().find(|(key, _)| *key == review.facility_id).map(|(_, name)| name.as_str());
        let whom: Vec<&str> = [provider, facility].into_iter().flatten().collect();
        let whom = whom.join(", ");
        view(review, whom, &viewer)
    };
    let reviews = found.into_iter().map(shown).collect();
    Ok(ReviewsPage { shell: viewer.shell(SHARE.reviews_title), words: &SHARE, tab: "reviews", reviews, is_cut })
}

/// Shows what waits.
pub(super) async fn get(visit: Visit) -> Result<Response, PageError> {
    page(&shown(&mut visit.seat().await?).await?)
}

/// Publishes one, or refuses it.
pub(super) async fn post(visit: Visit, Sent(typed): Sent<Typed>) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    let key: ReviewId = typed.one("review").map_err(|_| PageError::NotFound)?;
    let (mut actor, _) = seat.enter().await?;
    let problem = match decided(&mut actor, key, &typed).await {
        Ok(()) => {
            actor.commit().await?;
            return Ok(done("/moderation/reviews", "saved"));
        }
        Err(problem) => problem,
    };
    drop(actor);
    let mut again = shown(&mut seat).await?;
    let Some(review) = again.reviews.iter_mut().find(|review| review.key == key) else {
        return match problem {
            Problem::Page(error) => Err(error),
            Problem::At(_, sentence) => Err(PageError::Refused(sentence)),
            Problem::Rule(broken) => Err(PageError::Refused(broken.sentence)),
        };
    };
    let at = [("review_is_hidden_for_a_reason", "reason")];
    if typed.text("do") == "refuse" {
        review.refuse = review.refuse.clone().filled_but(&typed, "version").told(problem, &at)?;
    } else {
        review.publish = review.publish.clone().told(problem, &at)?;
    }
    refused(&again)
}

async fn decided(actor: &mut Actor<'_>, key: ReviewId, typed: &Typed) -> Result<(), Problem> {
    let decision = match typed.text("do") {
        "publish" => ReviewDecision::Publish,
        "refuse" => ReviewDecision::Refuse(typed.required("reason")?),
        _ => return Err(Problem::Page(PageError::Refused(WORDS.form_incomplete.to_owned()))),
    };
    Ok(moderate_review(actor, key, typed.number("version")?, decision).await?)
}
