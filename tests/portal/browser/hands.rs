//! What people do at a browser: they fill in fields, choose from lists, and press what bears a name. Each waits for the
//! page that comes of it, and says what is shown where it does not come.

use serde_json::json;

use super::chromium::Chromium;
use super::stage::Stage;
use crate::house::PASSWORD;

/// A link, a button or a summary that is shown, by the name that is read aloud; of a page before that of the menu.
const NAMED: &str = "[...document.querySelectorAll('main :is(a[href], button, summary)'),
    ...document.querySelectorAll('a[href], button, summary')]
    .find((it) => it.checkVisibility() && (it.getAttribute('aria-label') || it.innerText).trim() === NAME)";
/// The summary of the closed group of a menu that holds a link of a name.
const GROUP: &str = "[...document.querySelectorAll('details:not([open]) a[href]')]
    .find((it) => it.textContent.trim() === NAME)?.closest('details').querySelector('summary')";
/// More than any list of the portal has.
const CHOICES_MAX: usize = 60;

impl Chromium {
    /// Signs in, at a page that has asked for it or at the sign-in page.
    pub(super) async fn signs_in(&mut self, stage: &Stage, login: &str) {
        if self.evaluate("!document.querySelector('#login')").await == true {
            self.is_well();
            self.forget().await;
            self.go(&stage.url("/sign-in")).await;
        }
        self.fills("#login", login).await;
        self.fills("#password", PASSWORD).await;
        self.presses("Sign in").await;
        self.shows("Sign out").await;
        if self.path().await == "/" {
            self.presses("Continue").await;
        }
    }

    /// Presses what bears a name, in a group of the menu that is opened for it where it is in one, and waits until
    /// another page has come.
    pub(super) async fn presses(&mut self, name: &str) {
        let [named, group] = [NAMED, GROUP].map(|find| find.replace("NAME", &json!(name).to_string()));
        if self.evaluate(&format!("!({named}) && !!({group})")).await == true {
            self.click_on(&group).await;
            self.wait_until(&format!("!!({named})")).await;
        }
        if self.evaluate(&format!("!({named})")).await == true {
            panic!("nothing is called {name}: {}", self.shown().await);
        }
        self.evaluate("window.isBefore = true").await;
        self.click_on(&named).await;
        self.wait_until("!window.isBefore && document.readyState === 'complete'").await;
    }

    /// Types into a field, in the place of what stands there.
    pub(super) async fn fills(&mut self, field: &str, text: &str) {
        self.click(field).await;
        self.evaluate("document.activeElement.select()").await;
        self.types(text).await;
    }

    /// Chooses what begins so from a list, by keys.
    pub(super) async fn chooses(&mut self, list: &str, begins: &str) {
        let list = format!("document.querySelector({})", json!(list));
        let chosen = format!("{list}.selectedOptions[0].text.startsWith({})", json!(begins));
        self.evaluate(&format!("{list}.focus()")).await;
        self.press("Home").await;
        for _ in 0..CHOICES_MAX {
            if self.evaluate(&chosen).await == true {
                return;
            }
            self.press("ArrowDown").await;
        }
        panic!("no choice begins with {begins}: {}", self.evaluate(&format!("{list}.innerText")).await);
    }

    /// What stands on the page.
    pub(super) async fn shown(&mut self) -> String {
        self.evaluate("document.body.innerText").await.as_str().unwrap_or_default().to_owned()
    }

    /// Says so where something does not stand on the page.
    pub(super) async fn shows(&mut self, words: &str) {
        let shown = self.shown().await;
        assert!(shown.contains(words), "{words} is not shown: {shown}");
    }

    /// Says so where the console complains of something else than that a form was refused.
    pub(super) fn is_well(&mut self) {
        let mut complaints = self.complaints();
        complaints.retain(|line| !line.contains("422"));
        assert!(complaints.is_empty(), "{complaints:?}");
    }

    /// Where it is, without what is behind the path.
    pub(super) async fn path(&mut self) -> String {
        self.evaluate("location.pathname").await.as_str().unwrap_or_default().to_owned()
    }
}
