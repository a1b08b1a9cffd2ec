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
        let mut house = House::at("http://127.0.0.1:8080", &[KEYS]).await;
        let (patient, provider) = (house.named_patient("Ruiz <b>", "Ana").await, house.network.provider().await);
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
        let mut path = url.to_owned();
        for (place, key) in &self.keys {
            path = path.replace(place, key);
        }
        path.replace("/live", "/live?until=1&proof=x")
    }
}
