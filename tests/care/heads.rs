//! Signed heads: whatever the database's owner does to the audit, and whoever touches what was shipped, is found.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

use super::network::Network;
use crate::support::daemon::TIMEOUT;
use crate::support::wait::wait_until;

/// Which chain it goes to is chance.
pub(crate) const APPEND_ANYWHERE: &str = "SELECT access.audit('read', NULL, 'care.patient', 'allowed', 'own')";
/// Goes to the same chain each time, where nobody holds it, and else to the next.
pub(crate) const APPEND: &str =
    "SELECT setseed(0.5); SELECT access.audit('read', NULL, 'care.patient', 'allowed', 'own')";

/// A network whose heads are shipped into a file, with an auditor's login.
pub(crate) struct Shipping {
    pub(crate) network: Network,
    pub(crate) folder: tempfile::TempDir,
}

impl Shipping {
    /// With a key, and nothing shipped yet.
    pub(crate) async fn new() -> Shipping {
        let shipping = Shipping { network: Network::owned().await, folder: tempfile::tempdir().unwrap() };
        shipping.make_key("heads");
        shipping
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Makes `NAME.key` and `NAME.pub`.
    pub(crate) fn make_key(&self, name: &str) {
        let made = self.verb().args(["key", "new"]).arg(self.path(&format!("{name}.key"))).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        std::fs::write(self.path(&format!("{name}.pub")), made.stdout).unwrap();
    }

    pub(crate) fn verb(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_healthtrack"));
        command
            .env("HEALTHTRACK__STORE__URL", self.network.database.url_as("auditor"))
            .env("HEALTHTRACK__AUDIT__KEY_FILE", self.path("heads.key"))
            .env("HEALTHTRACK__AUDIT__FILE", self.path("heads"))
            .arg("audit");
        command
    }

    /// Ships once, which must succeed.
    pub(crate) fn ship(&self) {
        let output = self.verb().arg("ship").output().unwrap();
        assert!(output.status.success(), "{}", all(&output));
    }

    /// What `verify` says of the file, and whether it found nothing wrong.
    pub(crate) fn verify(&self, arguments: &[&str]) -> (bool, String) {
        let mut command = self.verb();
        command.arg("verify").arg("--shipped").arg(self.path("heads"));
        let output = command.arg("--public-key").arg(self.path("heads.pub")).args(arguments).output().unwrap();
        (output.status.success(), all(&output))
    }

    /// Something wrong is found, and told in these words.
    pub(crate) fn finds(&self, what: &str, words: &[&str]) {
        let (intact, said) = self.verify(&[]);
        assert!(!intact, "{what}: {said}");
        words.iter().for_each(|words| assert!(said.contains(words), "{what}: {words} is not in:\n{said}"));
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        std::fs::read_to_string(self.path("heads")).unwrap().lines().map(str::to_owned).collect()
    }

    pub(crate) fn write(&self, lines: &[String]) {
        std::fs::write(self.path("heads"), lines.join("\n") + "\n").unwrap();
    }
}

pub(crate) fn all(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The statements by which the owner of the tables changes an event and all that follows it in its chain, so that the
/// chain proves itself.
fn rewrite(chain: i16, seq: i64) -> String {
    format!(
        "GRANT ALL ON access.audit_event TO ht_test_owner;
         ALTER TABLE access.audit_event DISABLE TRIGGER USER;
         ALTER TABLE access.audit_event DISABLE ROW LEVEL SECURITY;
         DO $$
         DECLARE
             event  access.audit_event;
             before bytea;
         BEGIN
             FOR event IN SELECT * FROM access.audit_event WHERE chain = {chain} AND seq >= {seq} ORDER BY seq LOOP
                 event.outcome := CASE event.seq WHEN {seq} THEN 'denied' ELSE event.outcome END;
                 event.prev_hash := coalesce(before, event.prev_hash);
                 event.hash := access.audit_digest(event);
                 before := event.hash;
                 UPDATE access.audit_event
                 SET outcome = event.outcome, prev_hash = event.prev_hash, hash = event.hash
                 WHERE chain = event.chain AND seq = event.seq;
             END LOOP;
         END $$;
         ALTER TABLE access.audit_event ENABLE ROW LEVEL SECURITY;
         ALTER TABLE access.audit_event ENABLE TRIGGER USER"
    )
}

#[tokio::test]
async fn a_chain_that_its_owner_wrote_anew_is_found_by_what_was_shipped() {
    let mut shipping = Shipping::new().await;
    // Two chains: one is held while another connection appends.
    let mut other = shipping.network.login("care").await;
    for _ in 0..3 {
        let mut transaction = shipping.network.sql.begin().await.unwrap();
        transaction.execute(APPEND).await.unwrap();
        other.execute(APPEND).await.unwrap();
        transaction.commit().await.unwrap();
        shipping.ship();
    }
    let (intact, said) = shipping.verify(&["--max-age-min", "15"]);
    assert!(intact && said.contains("6 events follow") && said.contains("3 signed records in order"), "{said}");
    assert!(said.contains("the newest record, 3, is 0 minutes old"), "{said}");
    let chains = shipping.network.rows("SELECT DISTINCT chain::text FROM access.audit_event ORDER BY 1").await;
    assert_eq!(chains.len(), 2);
    let mut owner = shipping.network.login("owner").await;
    owner.execute(AssertSqlSafe(rewrite(chains[1].parse().unwrap(), 2))).await.unwrap();
    let alone = shipping.verb().arg("verify").output().unwrap();
    assert!(alone.status.success(), "by itself the chain tells nothing: {}", all(&alone));
    shipping.finds(
        "written anew",
        &[
            &format!("chain {} was written anew: its event 2, signed as its head in record 2 of 20", chains[1]),
            "is another now, and so is 1 head after it; its event 1, signed in record 1, still stands",
            "3 signed records, and 1 finding:",
        ],
    );
    // It is told at the next record as well, which is signed all the same.
    let shipped = shipping.verb().arg("ship").output().unwrap();
    assert!(!shipped.status.success() && all(&shipped).contains("1 head of the record before no more"), "{shipped:?}");
    assert_eq!(shipping.lines().len(), 4);
    shipping.finds("written anew, and shipped since", &["4 signed records, and 1 finding:"]);
}

#[tokio::test]
async fn a_chain_that_was_cut_and_a_backup_that_was_restored_are_told() {
    let mut shipping = Shipping::new().await;
    shipping.network.run(APPEND).await;
    shipping.ship();
    let backup = shipping.network.database.copy().await;
    shipping.network.sql = shipping.network.connection().await;
    for _ in 0..2 {
        shipping.network.run(APPEND).await;
        shipping.ship();
    }
    let cut = "SET session_replication_role = replica; DELETE FROM access.audit_event WHERE (chain, seq) IN
                   (SELECT chain, max(seq) FROM access.audit_event GROUP BY chain HAVING max(seq) > 1);
               SET session_replication_role = origin";
    shipping.network.run(cut).await;
    let alone = shipping.verb().arg("verify").output().unwrap();
    assert!(alone.status.success(), "by itself the chain does not know its end: {}", all(&alone));
    shipping
        .finds("cut", &["the database is older than record 3", "was cut off: its event", "is not there; its event"]);
    shipping.network.sql = {
        shipping.network.database.close().await;
        shipping.network.database.restore(&backup).await;
        shipping.network.connection().await
    };
    shipping.finds("restored", &["the database is older than record 2 of 20", "it was restored from a backup"]);
}

#[tokio::test]
async fn records_that_were_altered_removed_moved_or_are_anothers_are_found() {
    let mut shipping = Shipping::new().await;
    for _ in 0..4 {
        shipping.network.run(APPEND).await;
        shipping.ship();
    }
    let lines = shipping.lines();
    let mut swapped = lines.clone();
    swapped.swap(1, 2);
    let mut altered = lines.clone();
    altered[1] = altered[1].replacen("/2:", "/1:", 1);
    for (what, lines, words) in [
        ("altered", altered, "line 2 was altered"),
        ("removed", [&lines[..1], &lines[2..]].concat(), "record 2 is missing"),
        ("swapped", swapped, "record 2 stands after record 3"),
        ("emptied", vec![], "there is no record"),
    ] {
        shipping.write(&lines);
        shipping.finds(what, &[words]);
    }
    // Older ones may be kept elsewhere.
    shipping.write(&lines[2..]);
    assert!(shipping.verify(&["--from", "3"]).0);
    // A line that a crash has cut off is no fault, and the next record stands below it.
    shipping.write(&lines);
    let torn = format!("{}\n{}", lines[..3].join("\n"), &lines[3][..100]);
    std::fs::write(shipping.path("heads"), torn).unwrap();
    shipping.ship();
    let (intact, said) = shipping.verify(&[]);
    assert!(intact && said.contains("4 signed records") && said.contains("line 4 was cut off"), "{said}");
    shipping.make_key("other");
    std::fs::rename(shipping.path("other.key"), shipping.path("heads.key")).unwrap();
    shipping.ship();
    shipping.finds("another key", &["line 6 is signed with key", "which is not among the public keys"]);
    let both = ["heads.pub", "other.pub"].map(|name| std::fs::read_to_string(shipping.path(name)).unwrap()).concat();
    std::fs::write(shipping.path("heads.pub"), both).unwrap();
    assert!(shipping.verify(&[]).0, "a key that is changed is no fault where both are known");
}

#[tokio::test]
async fn records_of_another_database_are_neither_gone_on_with_nor_taken_for_this_ones() {
    let (mut one, mut other) = (Shipping::new().await, Shipping::new().await);
    for shipping in [&mut one, &mut other] {
        shipping.network.run(APPEND).await;
        shipping.ship();
    }
    for file in ["heads", "heads.pub", "heads.key"] {
        std::fs::copy(one.path(file), other.path(file)).unwrap();
    }
    other.finds("another database", &["the records are of database", "and this is", "moved, or another"]);
    let refused = other.verb().arg("ship").output().unwrap();
    assert!(!refused.status.success() && all(&refused).contains("name a new file in audit.file"), "{refused:?}");
    assert_eq!(other.lines().len(), 1);
}

/// Method: the recipe of deploy/audit.md, by a shell.
#[tokio::test]
async fn openssl_verifies_a_record_without_this_program() {
    if Command::new("openssl").arg("version").output().is_err() {
        return crate::support::skip("openssl is not installed; apt-get install openssl");
    }
    let mut shipping = Shipping::new().await;
    for _ in 0..2 {
        shipping.network.run(APPEND).await;
        shipping.ship();
    }
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/audit.md")).unwrap();
    let (_, recipe) = page.split_once("```sh\n").unwrap();
    let (recipe, _) = recipe.split_once("```").unwrap();
    let by_hand = || Command::new("sh").args(["-euc", recipe]).current_dir(shipping.folder.path()).output().unwrap();
    let done = by_hand();
    assert!(done.status.success() && all(&done).contains("Signature Verified Successfully"), "{}", all(&done));
    let mut lines = shipping.lines();
    lines[1] = lines[1].replacen("/2:", "/1:", 1);
    shipping.write(&lines);
    let done = by_hand();
    assert!(!done.status.success() && all(&done).contains("Signature Verification Failure"), "{}", all(&done));
}

#[tokio::test]
async fn shipping_goes_on_until_a_signal_and_says_what_is_not_set() {
    let shipping = Shipping::new().await;
    for (variable, name) in
        [("HEALTHTRACK__AUDIT__FILE", "audit.file"), ("HEALTHTRACK__AUDIT__KEY_FILE", "audit.key_file")]
    {
        let output = shipping.verb().env(variable, "").arg("ship").output().unwrap();
        assert!(!output.status.success() && all(&output).contains(&format!("set {name}")), "{}", all(&output));
    }
    let mut going_on = shipping.verb().args(["ship", "--every-s", "1"]).stdout(Stdio::null()).spawn().unwrap();
    wait_until(TIMEOUT, "two records are there", async || {
        std::fs::read_to_string(shipping.path("heads")).is_ok_and(|text| text.lines().count() >= 2)
    })
    .await;
    let pid = going_on.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert!(going_on.wait().unwrap().success());
    assert!(shipping.verify(&[]).0);
}
