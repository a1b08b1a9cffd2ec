//! An account of each part, a patient whom the provider cares for, and what URLs name: so that a page that is for a part
//! has something to show.

use std::collections::BTreeMap;

use healthtrack::model::people::Role;
use uuid::Uuid;

use crate::cells;
use crate::house::{Browser, House, KEYS};

/// Who is there.
pub(crate) struct Cast {
    pub(crate) house: House,
    pub(crate) patient: Uuid,
    pub(crate) provider: Uuid,
    pub(crate) facility: Uuid,
    accounts: BTreeMap<&'static str, Uuid>,
    /// What stands for `{id}` and the like in URLs.
    keys: Vec<(&'static str, String)>,
}

impl Cast {
    pub(crate) async fn new() -> Cast {
        Cast::of(House::at("http://127.0.0.1:8080", &[KEYS]).await, "Ruiz <b>").await
    }

    /// The same, and others in the same network, with whom none of the cast has to do.
    pub(crate) async fn beside_others(family: &str) -> (Cast, Others) {
        let others = Cast::of(House::at("http://127.0.0.1:8080", &[KEYS]).await, family).await;
        let Cast { house, patient, accounts, keys, .. } = others;
        (Cast::of(house, "Ruiz <b>").await, Others { patient, accounts, keys })
    }

    async fn of(mut house: House, family: &str) -> Cast {
        let (patient, provider) = (house.named_patient(family, "Ana").await, house.network.provider().await);
        let facility = house.network.facility("IL", "clinic").await;
        house.network.put_in_care(patient, provider).await;
        let mut accounts = BTreeMap::new();
        for role in Role::ALL {
            let whose = match role {
                Role::Patient => Some(patient),
                Role::Provider => Some(provider),
                Role::FrontDesk | Role::Biller | Role::FacilityManager => Some(facility),
                _ => None,
            };
            accounts.insert(role.as_str(), house.network.account(role.as_str(), whose).await);
        }
        let keys =
            vec![("{id}", patient.to_string()), ("{name}", "none.css".to_owned()), ("{token}", "none".to_owned())];
        let mut cast = Cast { house, patient, provider, facility, accounts, keys };
        for more in cells::keys(&mut cast).await {
            cast.keys.push(more);
        }
        cast
    }

    /// A browser in which an account of a part is signed in.
    pub(crate) async fn browser(&self, role: Role) -> Browser {
        self.house.signed_in(self.accounts[role.as_str()]).await
    }

    /// The account of a part.
    pub(crate) fn account(&self, role: Role) -> Uuid {
        self.accounts[role.as_str()]
    }

    /// A URL with keys in it.
    pub(crate) fn path(&self, url: &str) -> String {
        filled(url, &self.keys)
    }

    /// What stands for the keys in URLs.
    pub(crate) fn keys(&self) -> &[(&'static str, String)] {
        &self.keys
    }
}

/// A second cast, as far as the first one's network holds it.
pub(crate) struct Others {
    pub(crate) patient: Uuid,
    pub(crate) accounts: BTreeMap<&'static str, Uuid>,
    pub(crate) keys: Vec<(&'static str, String)>,
}

/// A URL with keys in it.
pub(crate) fn filled(url: &str, keys: &[(&'static str, String)]) -> String {
    let path = keys.iter().fold(url.to_owned(), |path, (place, key)| path.replace(place, key));
    path.replace("/live", "/live?until=1&proof=x")
}
