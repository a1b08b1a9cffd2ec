//! `/`: what this is; in the demo, who can be played, and becoming one of them.

use askama::Template;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::confirm::on;
use crate::model::people::Role;
use crate::portal::answer::page;
use crate::portal::edge::sent::Sent;
use crate::portal::page_error::PageError;
use crate::portal::shell::{Shell, part_of};
use crate::portal::state::Portal;
use crate::portal::urls::home_of;
use crate::portal::visit::{Visit, cookie};
use crate::portal::words::WORDS;
use crate::store::care::context::SignIn;
use crate::store::care::session::{self, SessionToken};
use crate::store::care::sign_in::Player;

#[derive(Template)]
#[template(path = "pages/door/home.html", config = "src/portal/askama.toml")]
struct HomePage {
    shell: Shell,
    /// Where who is signed in goes on.
    go_on: Option<&'static str>,
    /// Outside the demo nobody can be played.
    players: Option<Vec<PlayerLine>>,
}

struct PlayerLine {
    login: String,
    name: String,
    part: &'static str,
    /// What they see first.
    sees: &'static str,
}

/// Shows it.
pub(in crate::portal) async fn get(visit: Visit) -> Result<Response, PageError> {
    let players = match &visit.portal.playbill {
        Some(playbill) => Some(playbill.players().await?.into_iter().map(line).collect()),
        None => None,
    };
    let mut home = HomePage { shell: Shell::plain(WORDS.home_title), go_on: None, players };
    // A cookie of a session that is over is as good as none here.
    if visit.token.is_some() {
        let mut seat = visit.seat().await?;
        match seat.enter().await {
            Ok((actor, viewer)) => {
                home.go_on = Some(home_of(actor.role()));
                home.shell = viewer.shell(WORDS.home_title);
            }
            Err(PageError::SignIn(_)) => {}
            Err(error) => return Err(error),
        }
    }
    page(&home)
}

fn line(player: Player) -> PlayerLine {
    let (part, sees) = player.part.parse().map_or(("", ""), |role| (part_of(role), seen_by(role)));
    PlayerLine { login: player.login, name: player.name, part, sees }
}

fn seen_by(role: Role) -> &'static str {
    match role {
        Role::Patient => WORDS.play_patient,
        Role::Provider => WORDS.play_provider,
        Role::FrontDesk => WORDS.play_front_desk,
        Role::Biller => WORDS.play_biller,
        Role::Moderator => WORDS.play_moderator,
        Role::FacilityManager => WORDS.play_facility_manager,
        Role::Analyst | Role::ClinicalQuality => WORDS.play_figures,
        Role::PrivacyOfficer => WORDS.play_privacy_officer,
        Role::Operator => WORDS.play_operator,
        Role::NetworkAdmin => WORDS.play_network_admin,
    }
}

/// Whom a visitor wants to be.
#[derive(Debug, Deserialize)]
pub(in crate::portal) struct Played {
    login: String,
}

/// Becomes somebody of the playbill; there is no such URL where there is no playbill.
pub(in crate::portal) async fn play(
    State(portal): State<Portal>,
    Sent(played): Sent<Played>,
) -> Result<Response, PageError> {
    let Some(playbill) = &portal.playbill else { return Err(PageError::NotFound) };
    let players = playbill.players().await?;
    let player = players.iter().find(|player| player.login == played.login).ok_or(PageError::NotFound)?;
    let token = SessionToken::generate().ok_or(PageError::Unavailable)?;
    let mut connection = portal.connect_sign_in().await?;
    session::open(&mut SignIn::on(&mut connection), &player.login, &token, portal.limits).await?;
    let home = player.part.parse().map_or("/account", home_of);
    Ok(([(SET_COOKIE, cookie(Some(&token), portal.is_secure))], Redirect::to(home)).into_response())
}

/// Where somebody who is played goes on, and with what.
#[derive(Debug, Deserialize)]
pub(in crate::portal) struct PlayedProof {
    #[serde(default)]
    next: String,
    #[serde(default)]
    carried: String,
}

/// Confirms a session of somebody who is played: nobody of the demo has a password.
pub(in crate::portal) async fn confirm(visit: Visit, Sent(sent): Sent<PlayedProof>) -> Result<Response, PageError> {
    let visit = visit.of_the_demo();
    let (Some(playbill), Some(token)) = (&visit.portal.playbill, &visit.token) else { return Err(PageError::NotFound) };
    let viewer = {
        let mut seat = visit.seat().await?;
        seat.enter().await?.1
    };
    playbill.confirm(&viewer.profile.login, token).await?;
    on(&visit, token, &sent.next, &sent.carried)
}
