//! User: accounts that may sign in to the portal, and the link by which one sets its password.

use anyhow::Context as _;
use serde::Serialize;

use super::common::Common;
use super::report::{print, print_json};
use crate::store::care::context::Operator;
use crate::store::care::error::RuleCatalogue;
use crate::store::care::session::SessionToken;
use crate::store::care::sign_in::invite;

/// Lets people sign in to the portal.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Example:
  healthtrack user invite ada.okafor@example.org")]
pub struct Args {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Action {
    /// Print a link by which an account sets its password, once; whoever has the link can, so give it to that person
    /// alone
    #[command(after_help = "Examples:
  healthtrack user invite ada.okafor@example.org
  healthtrack user invite desk-1 --hours 4 --json")]
    Invite {
        /// The login: access.account.login
        #[arg(value_name = "LOGIN")]
        login: String,
        /// How many hours it is of use
        #[arg(long, default_value_t = 72, value_parser = clap::value_parser!(u16).range(1..=744))]
        hours: u16,
    },
}

#[derive(Debug, Serialize)]
struct Invitation {
    login: String,
    link: String,
    until: String,
}

/// Runs it.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let Action::Invite { login, hours } = &args.action;
    let database = args.common.database()?;
    let mut connection = database.ready().await?;
    let rules = RuleCatalogue::read(&mut connection).await?;
    let token = SessionToken::generate().context("this machine has no randomness for a link")?;
    let until = invite(&mut Operator::on(&mut connection).with_rules(&rules), login, &token, *hours).await?;
    let link = format!("{}/invite/{}", database.config.portal.origin, token.expose());
    if args.common.json {
        return print_json(&Invitation { login: login.clone(), link, until: until.to_string() });
    }
    print(&format!("{link}\nof use once, until {until}: {login} sets a password there"))
}
