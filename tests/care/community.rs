//! The community: names and not people, members alone, and moderation that knows no more than they do.

use healthtrack::model::people::{ReportReason, SpaceId, SpaceMemberId};
use healthtrack::model::time::Timestamp;
use healthtrack::store::care::actor::Actor;
use healthtrack::store::care::community;
use healthtrack::store::care::moderation::{self, Contribution, ModerationDecision};
use uuid::Uuid;

use super::network::Network;
use super::wellness::{act, race};

#[tokio::test]
async fn a_name_is_one_persons_in_its_space_and_a_person_has_one_name_there() {
    let mut world = World::new().await;
    let (owl, lark, space) = (world.people[0].account, world.people[1].account, world.space);
    let join = |name: &str| format!("SELECT care.join_space('{space}', '{name}')");
    world.network.act(owl).await;
    assert_eq!(world.network.refusal(&join("Night Owl")).await, "space_identity_is_one_a_space");
    world.network.run("SELECT care.leave_space(space_id) FROM care.space").await;
    world.network.act(lark).await;
    assert_eq!(world.network.one("SELECT care.leave_space(space_id)::text FROM care.space").await, "true");
    assert_eq!(world.network.refusal(&join("oWL")).await, "space_member_pseudonym_is_unique_in_its_space");
    assert_eq!(world.network.refusal(&join("ada@example.org")).await, "space_member_pseudonym_is_a_name");
    let member = world.people[1].member;
    assert_eq!(world.network.id(&join("Early Bird")).await, member, "who comes back is who has left");
    world.network.rest().await;
    world.network.run("UPDATE care.space SET closed_at = now()").await;
    world.network.act(owl).await;
    assert_eq!(world.network.refusal(&join("Owl")).await, "space_is_joined_by_patients_while_open");
}

#[tokio::test]
async fn of_eight_patients_who_want_one_name_at_once_one_gets_it() {
    let mut world = World::new().await;
    let mut clients = Vec::new();
    for _ in 0..8 {
        let patient = world.network.patient().await;
        let account = world.network.patient_account(patient).await;
        let mut sql = world.network.connection().await;
        act(&mut sql, account).await;
        clients.push((sql, format!("SELECT care.join_space('{}', 'Heron')::text", world.space)));
    }
    let given = race(clients).await;
    assert_eq!(given.iter().filter(|done| done.is_ok()).count(), 1);
    let refused = Err("space_member_pseudonym_is_unique_in_its_space".to_owned());
    assert_eq!(given.iter().filter(|done| **done == refused).count(), 7, "{given:?}");
}

#[tokio::test]
async fn members_alone_read_and_each_writes_under_the_own_name() {
    let mut world = World::new().await;
    let stranger = world.stranger().await;
    let post = world.post(0, "How do you sleep?").await;
    world.network.act(stranger).await;
    for relation in
        ["space_member", "space_identity", "post", "reply", "post_support", "content_report", "community_post"]
    {
        assert_eq!(world.network.one(&format!("SELECT count(*)::text FROM care.{relation}")).await, "0", "{relation}");
    }
    world.network.act(world.people[1].account).await;
    let feed = "SELECT concat_ws(', ', pseudonym, title, supports, replies, own) FROM care.community_post";
    assert_eq!(world.network.rows(feed).await, ["Owl, How do you sleep?, 0, 0, f"]);
    let (own, other, space) = (world.people[1].member, world.people[0].member, world.space);
    let write = |table: &str, member: Uuid| match table {
        "post" => format!(
            "INSERT INTO care.post (space_id, space_member_id, title, body) VALUES ('{space}', '{member}', 'x', 'x')"
        ),
        "reply" => format!(
            "INSERT INTO care.reply (space_id, post_id, space_member_id, body) VALUES ('{space}', '{post}', '{member}', 'x')"
        ),
        "post_support" => format!(
            "INSERT INTO care.post_support (space_id, post_id, space_member_id) VALUES ('{space}', '{post}', '{member}')"
        ),
        _ => format!(
            "INSERT INTO care.content_report (space_id, post_id, space_member_id, reason)
             VALUES ('{space}', '{post}', '{member}', 'spam')"
        ),
    };
    for table in ["post", "reply", "post_support", "content_report"] {
        assert_eq!(world.network.refusal(&write(table, other)).await, "42501", "in another's name: {table}");
        world.network.run(&write(table, own)).await;
    }
    assert_eq!(world.network.refusal(&write("post_support", own)).await, "post_support_is_one_a_member");
    assert_eq!(world.network.refusal(&write("content_report", own)).await, "content_report_is_once_a_member");
    for forged in [
        "UPDATE care.post SET hidden_at = now()",
        "UPDATE care.post SET created_at = '2020-01-01'",
        "UPDATE care.space_member SET pseudonym = 'Admin'",
        "UPDATE care.space_identity SET patient_id = patient_id",
        "INSERT INTO care.post (space_id, space_member_id, title, body, created_at) SELECT space_id, space_member_id, 'x',
         'x', '2020-01-01' FROM care.space_identity",
        "DELETE FROM care.post",
    ] {
        assert_eq!(world.network.refusal(forged).await, "42501", "{forged}");
    }
    let edit = format!("UPDATE care.post SET body = 'changed' WHERE post_id = '{post}' RETURNING body");
    assert_eq!(world.network.rows(&edit).await, [""; 0], "another's words stay");
    let elsewhere = world.other_space().await;
    world.network.act(world.people[1].account).await;
    let crossing = write("reply", own).replace(&space.to_string(), &elsewhere.to_string());
    assert_eq!(world.network.refusal(&crossing).await, "reply_post_fkey");
}

#[tokio::test]
async fn what_is_hidden_or_withdrawn_is_shown_to_no_member_but_its_author() {
    let mut world = World::new().await;
    let hidden = world.post(0, "Buy my pills").await;
    let withdrawn = world.post(1, "I take that back").await;
    let (owl, lark) = (world.people[0].account, world.people[1].account);
    let reply = format!(
        "INSERT INTO care.reply (space_id, post_id, space_member_id, body)
         VALUES ('{}', '{hidden}', '{}', 'No') RETURNING reply_id",
        world.space, world.people[1].member
    );
    world.network.act(lark).await;
    let reply = world.network.id(&reply).await;
    world.network.run(&format!("UPDATE care.post SET withdrawn_at = now() WHERE post_id = '{withdrawn}'")).await;
    let moderator = world.moderator;
    let decide = |action: &str, target: &str| {
        format!(
            "INSERT INTO care.moderation (space_id, account_id, action, reason, {})
             SELECT space_id, '{moderator}', '{action}', 'spam', {} FROM care.post WHERE post_id = '{hidden}'",
            target.split('=').next().unwrap(),
            target.split('=').nth(1).unwrap()
        )
    };
    let post = format!("post_id='{hidden}'");
    let seen = "SELECT (SELECT count(*) FROM care.community_post) || ' ' || (SELECT count(*) FROM care.community_reply)
                       || ' ' || (SELECT count(*) FROM care.post) || ' ' || (SELECT count(*) FROM care.reply)";
    assert_eq!(world.network.refusal(&decide("hide", &post)).await, "42501", "a member decides nothing");
    let mut looks = Vec::new();
    for action in ["hide", "show"] {
        world.network.act(moderator).await;
        world.network.run(&decide(action, &post)).await;
        for account in [owl, lark] {
            world.network.act(account).await;
            looks.push(world.network.one(seen).await);
        }
    }
    // Feed: posts and answers that are shown; tables: the same, and one's own.
    assert_eq!(looks, ["0 0 1 1", "0 0 1 0", "1 1 1 1", "1 1 2 1"]);
    world.network.act(moderator).await;
    world.network.run(&decide("hide", &format!("post_id, reply_id='{hidden}', '{reply}'"))).await;
    world.network.act(owl).await;
    assert_eq!(world.network.one(seen).await, "1 0 1 0");

    world.network.act(moderator).await;
    for (rule, statement) in [
        ("moderation_is_about_what_it_does", decide("ban", &post)),
        ("moderation_is_about_what_it_does", decide("praise", &post)),
        ("moderation_reason_is_some", decide("hide", &post).replace("'spam'", "' '")),
        ("42501", decide("hide", &post).replace(&moderator.to_string(), &owl.to_string())),
        ("42501", "UPDATE care.moderation SET reason = 'other'".to_owned()),
    ] {
        assert_eq!(world.network.refusal(&statement).await, rule, "{statement}");
    }
    world.network.rest().await;
    let rewritten = "UPDATE care.moderation SET reason = 'other'";
    assert_eq!(world.network.refusal(rewritten).await, "moderation_is_append_only");
    let by_owl = decide("hide", &post).replace(&moderator.to_string(), &owl.to_string());
    assert_eq!(world.network.refusal(&by_owl).await, "moderation_is_by_a_moderator");
}

#[tokio::test]
async fn a_member_who_is_banned_reads_and_writes_nothing_until_readmitted() {
    let mut world = World::new().await;
    world.post(0, "Hello").await;
    let (lark, member, space) = (world.people[1].account, world.people[1].member, world.space);
    let moderator = world.moderator;
    let decide = |action: &str| {
        format!(
            "INSERT INTO care.moderation (space_id, account_id, action, reason, space_member_id)
             VALUES ('{space}', '{moderator}', '{action}', 'unkind', '{member}')"
        )
    };
    let read = "SELECT count(*)::text FROM care.community_post";
    let write = format!(
        "INSERT INTO care.post (space_id, space_member_id, title, body) VALUES ('{space}', '{member}', 'x', 'x')"
    );
    world.network.act(moderator).await;
    world.network.run(&decide("ban")).await;
    world.network.act(lark).await;
    assert_eq!(world.network.one(read).await, "0");
    assert_eq!(world.network.refusal(&write).await, "42501");
    let join = format!("SELECT care.join_space('{space}', 'Another Bird')");
    assert_eq!(world.network.refusal(&join).await, "space_member_is_welcome");
    world.network.act(moderator).await;
    world.network.run(&decide("readmit")).await;
    world.network.act(lark).await;
    assert_eq!(world.network.one(read).await, "1");
    world.network.run(&write).await;
}

#[tokio::test]
async fn a_moderator_sees_what_was_reported_and_by_what_name() {
    let mut world = World::new().await;
    let post = world.post(0, "Buy my pills").await;
    for (who, reason) in [(1, "spam"), (2, "dangerous_advice")] {
        world.network.act(world.people[who].account).await;
        let report = format!(
            "INSERT INTO care.content_report (space_id, post_id, space_member_id, reason)
             VALUES ('{}', '{post}', '{}', '{reason}')",
            world.space, world.people[who].member
        );
        world.network.run(&report).await;
        let own = "SELECT count(*)::text FROM care.content_report";
        assert_eq!(world.network.one(own).await, "1", "a member sees the own report alone");
    }
    let list = "SELECT concat_ws(' ', pseudonym, title, reports, reasons) FROM care.community_report";
    world.network.act(world.moderator).await;
    assert_eq!(world.network.rows(list).await, ["Owl Buy my pills 2 {dangerous_advice,spam}"]);
}

#[tokio::test]
async fn the_community_through_the_store() {
    let mut world = World::new().await;
    let far = Timestamp::parse_rfc3339("2199-01-01T00:00:00Z").unwrap();
    let long_ago = Timestamp::parse_rfc3339("2000-01-01T00:00:00Z").unwrap();
    let stranger = world.stranger().await;
    let (space, moderator) = (SpaceId(world.space), world.moderator);
    let (owl, lark) = (&world.people[0], &world.people[1]);
    let (network, lark_member) = (&world.network, SpaceMemberId(lark.member));
    let post = async |actor: &mut Actor<'_>| community::write(actor, space, "How do you sleep?", "I do not.").await;
    let post = network.does(owl.account, post).await;
    let reply = network.does(lark.account, async |actor| community::reply(actor, post, "Like a log").await).await;
    for given in [false, true, true, false, true] {
        network.does(lark.account, async |actor| community::support(actor, post, given).await).await;
    }
    let read = async |actor: &mut Actor<'_>| community::feed(actor, space, far).await;
    let feed = network.does(lark.account, read).await;
    let seen: Vec<_> =
        feed.iter().map(|post| (post.pseudonym.as_str(), post.supports, post.replies, post.own)).collect();
    assert_eq!(seen, [("Owl", 1, 1, false)]);
    let replies = async |actor: &mut Actor<'_>| community::replies(actor, post, long_ago).await;
    let seen = network.does(lark.account, replies).await;
    assert_eq!((seen[0].pseudonym.as_str(), seen[0].body.as_str(), seen[0].own), ("Lark", "Like a log", true));

    let whole = Contribution { post, reply: None };
    let hide = ModerationDecision::Hide(whole);
    for refused in [
        network.broken(stranger, async |actor| community::write(actor, space, "x", "x").await).await,
        network.broken(stranger, async |actor| community::reply(actor, post, "x").await).await,
        network.broken(stranger, async |actor| community::support(actor, post, true).await).await,
        network.broken(stranger, async |actor| moderation::report(actor, whole, ReportReason::Spam).await).await,
        network.broken(stranger, async |actor| moderation::decide(actor, space, hide, "x").await).await,
    ] {
        assert_eq!(refused.rule, "row_is_within_rights");
    }
    assert!(!network.does(stranger, async |actor| community::leave(actor, space).await).await);
    let taken = network.told(stranger, async |actor| community::join(actor, space, "OWL").await).await;
    assert_eq!(taken, "Somebody has that name here: choose another.");

    let target = Contribution { post, reply: Some(reply) };
    network.does(owl.account, async |actor| moderation::report(actor, target, ReportReason::Unkind).await).await;
    let reported = network.does(moderator, async |actor| moderation::reported(actor, space, None).await).await;
    assert_eq!((reported[0].target, reported[0].member, reported[0].reports), (target, lark_member, 1));
    assert_eq!(reported[0].reasons, [ReportReason::Unkind]);
    for decision in [ModerationDecision::Hide(target), ModerationDecision::Ban(lark_member)] {
        network.does(moderator, async |actor| moderation::decide(actor, space, decision, "unkind").await).await;
    }
    assert_eq!(network.does(owl.account, replies).await, []);
    assert_eq!(network.does(lark.account, read).await, []);
}

/// Everything that the portal may read of the community, as each of the people in it, searched for each other person.
#[tokio::test]
async fn nothing_that_others_read_of_the_community_names_a_person() {
    let mut world = World::new().await;
    let post = world.post(0, "How do you sleep?").await;
    world.fill(post).await;
    assert_eq!(world.leaks().await, [""; 0]);
    // Planted: a view that joins the names to their people with its owner's rights.
    world
        .network
        .run(
            "CREATE VIEW care.community_author AS SELECT pseudonym, patient_id
              FROM care.space_member JOIN care.space_identity USING (space_member_id);
              GRANT SELECT ON care.community_author TO healthtrack_care",
        )
        .await;
    let leaks = world.leaks().await;
    assert!(
        leaks.contains(&"community_author tells Lark of the patient Owl".to_owned()),
        "it sees what it should: {leaks:?}"
    );
    // Planted: a table that says who last changed it.
    world
        .network
        .run(
            "DROP VIEW care.community_author;
              ALTER TABLE care.space_member ADD updated_by text;
              UPDATE care.space_member SET updated_by = account_id::text
              FROM care.space_identity i JOIN access.account a USING (patient_id)
              WHERE i.space_member_id = space_member.space_member_id",
        )
        .await;
    let leaks = world.leaks().await;
    assert!(leaks.contains(&"space_member tells moderator of the account Owl".to_owned()), "nor an account: {leaks:?}");
}

struct Person {
    name: &'static str,
    patient: Uuid,
    account: Uuid,
    member: Uuid,
}

/// A space with three members and a moderator.
struct World {
    network: Network,
    space: Uuid,
    people: Vec<Person>,
    moderator: Uuid,
}

impl World {
    async fn new() -> World {
        let mut network = Network::new().await;
        let space =
            "INSERT INTO care.space (name, topic, rules) VALUES ('Sleep', 'Sleep', 'Be kind') RETURNING space_id";
        let space = network.id(space).await;
        let mut people = Vec::new();
        for name in ["Owl", "Lark", "Wren"] {
            let patient = network.patient().await;
            let account = network.patient_account(patient).await;
            network.act(account).await;
            let member = network.id(&format!("SELECT care.join_space('{space}', '{name}')")).await;
            network.rest().await;
            people.push(Person { name, patient, account, member });
        }
        let moderator = network.staff_account("moderator", None).await;
        World { network, space, people, moderator }
    }

    async fn stranger(&mut self) -> Uuid {
        let patient = self.network.patient().await;
        self.network.patient_account(patient).await
    }

    async fn other_space(&mut self) -> Uuid {
        self.network.rest().await;
        let space = "INSERT INTO care.space (name, topic, rules) VALUES ('Food', 'Food', 'Be kind') RETURNING space_id";
        self.network.id(space).await
    }

    async fn post(&mut self, who: usize, title: &str) -> Uuid {
        let person = &self.people[who];
        self.network.act(person.account).await;
        let insert = format!(
            "INSERT INTO care.post (space_id, space_member_id, title, body)
             VALUES ('{}', '{}', '{title}', 'words') RETURNING post_id",
            self.space, person.member
        );
        let post = self.network.id(&insert).await;
        self.network.rest().await;
        post
    }

    /// Something of each person in every table, as the portal writes it.
    async fn fill(&mut self, post: Uuid) {
        for person in &self.people {
            self.network.act(person.account).await;
            let (space, member) = (self.space, person.member);
            let statements = format!(
                "INSERT INTO care.reply (space_id, post_id, space_member_id, body) VALUES ('{space}', '{post}', '{member}', 'x');
                 INSERT INTO care.post_support (space_id, post_id, space_member_id) VALUES ('{space}', '{post}', '{member}');
                 INSERT INTO care.content_report (space_id, post_id, space_member_id, reason)
                 VALUES ('{space}', '{post}', '{member}', 'other');
                 UPDATE care.reply SET body = 'changed' WHERE space_member_id = '{member}'"
            );
            self.network.run(&statements).await;
        }
        self.network.act(self.moderator).await;
        let decide = format!(
            "INSERT INTO care.moderation (space_id, account_id, post_id, action, reason)
             VALUES ('{}', '{}', '{post}', 'show', 'harmless')",
            self.space, self.moderator
        );
        self.network.run(&decide).await;
        self.network.rest().await;
    }

    /// Where a reader is told the patient or the account of somebody else.
    async fn leaks(&mut self) -> Vec<String> {
        let relations =
            "SELECT relname::text FROM pg_class WHERE relnamespace = 'care'::regnamespace AND relkind IN ('r', 'v')
                         AND (relname ~ '^(space|post|reply|support|report|moderation|community)')
                         AND has_any_column_privilege('healthtrack_care', oid, 'SELECT') ORDER BY 1";
        let relations = self.network.rows(relations).await;
        assert!(relations.len() >= 10, "the community is there: {relations:?}");
        let mut readers: Vec<(&str, Uuid)> = self.people.iter().map(|person| (person.name, person.account)).collect();
        readers.push(("moderator", self.moderator));
        let mut leaks = Vec::new();
        for (reader, account) in readers {
            self.network.act(account).await;
            for relation in &relations {
                let told = self.network.rows(&format!("SELECT r::text FROM care.{relation} AS r")).await.join("\n");
                for person in self.people.iter().filter(|person| person.name != reader) {
                    for (what, id) in [("patient", person.patient), ("account", person.account)] {
                        if told.contains(&id.to_string()) {
                            leaks.push(format!("{relation} tells {reader} of the {what} {}", person.name));
                        }
                    }
                }
            }
            self.network.rest().await;
        }
        leaks
    }
}
