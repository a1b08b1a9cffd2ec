//! Hosts: the servers that one URL names, of which one takes writes.
//!
//! # Why
//! After a failover another server is the primary. libpq takes several hosts in one URL and asks each until one is as
//! `target_session_attrs` wishes; the driver knows neither, so the URL is taken apart here, into one for each host.

use super::StoreError;

/// The name of the wish, as libpq spells it.
const WISH: &str = "target_session_attrs";

/// What a URL names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hosts {
    /// A URL for each host, in order.
    pub(super) urls: Vec<String>,
    /// Whether only the one that takes writes will do.
    pub(super) read_write: bool,
}

impl Hosts {
    /// Takes a URL apart. Several hosts are named to find the one that takes writes, so that is the wish unless another
    /// is said.
    pub(super) fn of(url: &str) -> Result<Hosts, StoreError> {
        let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", url));
        let (authority, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let (login, hosts) = match authority.rsplit_once('@') {
            Some((login, hosts)) => (format!("{login}@"), hosts),
            None => (String::new(), authority),
        };
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (wishes, others): (Vec<&str>, Vec<&str>) = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .partition(|pair| pair.split_once('=').is_some_and(|(key, _)| key == WISH));
        if others.iter().any(|pair| pair.starts_with("host=") && (pair.contains(',') || pair.contains("%2C"))) {
            return Err(StoreError::Hosts);
        }
        let hosts: Vec<&str> = hosts.split(',').collect();
        let read_write = match wishes.last().and_then(|pair| pair.split_once('=')).map(|(_, wish)| wish) {
            None => hosts.len() > 1,
            Some("read-write" | "primary") => true,
            Some("any") => false,
            Some(_) => return Err(StoreError::SessionAttributes),
        };
        let query = if others.is_empty() { String::new() } else { format!("?{}", others.join("&")) };
        let urls = hosts.into_iter().map(|host| format!("{scheme}://{login}{host}{path}{query}")).collect();
        Ok(Hosts { urls, read_write })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(url: &str) -> (Vec<String>, bool) {
        let Hosts { urls, read_write } = Hosts::of(url).unwrap();
        (urls, read_write)
    }

    #[test]
    fn each_host_has_a_url_with_the_same_login_database_and_parameters() {
        let (urls, read_write) = hosts("postgres://me:a,b@one:5433,two,[::1]:5434/db?sslmode=require");
        let expected = ["one:5433", "two", "[::1]:5434"];
        assert_eq!(urls, expected.map(|host| format!("postgres://me:a,b@{host}/db?sslmode=require")));
        assert!(read_write);
    }

    #[test]
    fn the_wish_is_taken_out_and_one_host_is_taken_as_it_is() {
        assert_eq!(hosts("postgres://one/db"), (vec!["postgres://one/db".to_owned()], false));
        assert_eq!(hosts("postgres://one"), (vec!["postgres://one".to_owned()], false));
        let wished = "postgres://one/db?target_session_attrs=read-write&sslmode=disable";
        assert_eq!(hosts(wished), (vec!["postgres://one/db?sslmode=disable".to_owned()], true));
        assert!(hosts("postgres://one,two/db?target_session_attrs=primary").1);
        assert!(!hosts("postgres://one,two/db?target_session_attrs=any").1);
    }

    #[test]
    fn what_cannot_be_kept_is_refused() {
        let refused = |url: &str| Hosts::of(url).unwrap_err().to_string();
        assert!(refused("postgres://one,two/db?target_session_attrs=standby").contains("target_session_attrs"));
        assert!(refused("postgres:///db?host=one,two").contains("postgres://user:password@first:5432,second:5432"));
    }
}
