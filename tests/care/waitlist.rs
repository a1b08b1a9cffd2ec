//! The wait-list: a time that is given back goes to the next, by priority and then by who asked first; nobody waits for
//! ever.

use uuid::Uuid;

use super::practice::{Practice, hours_ahead, race};

impl Practice {
    /// Puts a patient on the list for any time of the coming month, as one who joined so many days ago.
    async fn wait(&mut self, patient: Uuid, days_ago: i32) -> Uuid {
        let facility = self.facility;
        let join = format!(
            "SELECT care.join_waitlist('{patient}', '{facility}', NULL, 30, tstzrange(now(), now() + INTERVAL '30 days'))"
        );
        let entry = self.network.id(&join).await;
        self.network
            .run(&format!(
                "UPDATE care.waitlist_entry SET joined_at = now() - INTERVAL '{days_ago} days'
                 WHERE waitlist_entry_id = '{entry}'"
            ))
            .await;
        entry
    }

    /// What became of an entry.
    async fn entry(&mut self, entry: Uuid) -> String {
        let status = format!("SELECT status FROM care.waitlist_entry WHERE waitlist_entry_id = '{entry}'");
        self.network.one(&status).await
    }

    /// Books and cancels a time, so that it is offered.
    pub(crate) async fn give_back(&mut self, hours: i32) {
        let patient = self.network.patient().await;
        let booked = self.taken_over(patient, &hours_ahead(hours, 30), "booked").await;
        self.network.run(&format!("SELECT care.cancel_appointment('{booked}')")).await;
    }
}

#[tokio::test]
async fn priority_goes_first_then_who_asked_first_and_who_waited_long_has_priority() {
    let mut practice = Practice::new().await;
    let (new_regular, patient_regular, old_premium, new_premium) = (
        practice.member("regular").await,
        practice.member("regular").await,
        practice.member("premium").await,
        practice.member("premium").await,
    );
    let waits = [
        (practice.wait(new_premium, 1).await, "new premium"),
        (practice.wait(new_regular, 10).await, "regular of 10 days"),
        (practice.wait(old_premium, 3).await, "premium of 3 days"),
        (practice.wait(patient_regular, 15).await, "regular of 15 days"),
    ];
    let mut order = Vec::new();
    for hours in 24..29 {
        practice.give_back(hours).await;
        for (entry, name) in waits {
            if !order.contains(&name) && practice.entry(entry).await == "offered" {
                order.push(name);
            }
        }
    }
    assert_eq!(order, ["regular of 15 days", "premium of 3 days", "new premium", "regular of 10 days"]);
    let left = "SELECT count(*)::text FROM care.appointment WHERE status = 'held'";
    assert_eq!(practice.network.one(left).await, "4", "the fifth time is open to all");
}

#[tokio::test]
async fn nobody_waits_for_ever_though_premium_members_come_each_day() {
    let mut practice = Practice::new().await;
    let regular = practice.member("regular").await;
    let entry = practice.wait(regular, 0).await;
    for day in 1.. {
        assert!(day <= 15, "a regular member waits longer than 14 days");
        practice.network.run("UPDATE care.waitlist_entry SET joined_at = joined_at - INTERVAL '1 day'").await;
        // Two newcomers and one time a day: the list of premium members never empties.
        for _ in 0..2 {
            let premium = practice.member("premium").await;
            practice.wait(premium, 0).await;
        }
        practice.give_back(24 + day).await;
        if practice.entry(entry).await == "offered" {
            assert!(day >= 14, "day {day}: not before premium members until then");
            break;
        }
    }
}

#[tokio::test]
async fn an_offer_is_taken_or_passes_to_the_next_and_is_nobody_elses_meanwhile() {
    let mut practice = Practice::new().await;
    let (first, second) = (practice.member("premium").await, practice.member("premium").await);
    let (one, two) = (practice.wait(first, 2).await, practice.wait(second, 1).await);
    practice.give_back(24).await;
    assert_eq!((practice.entry(one).await.as_str(), practice.entry(two).await.as_str()), ("offered", "waiting"));
    let other = practice.network.patient().await;
    let hold = practice.hold(other, &hours_ahead(24, 30));
    assert_eq!(practice.network.refusal(&hold).await, "appointment_provider_is_free");

    practice.network.run("UPDATE care.appointment SET expires_at = now() WHERE status = 'held'").await;
    assert_eq!(practice.network.one("SELECT care.expire_holds()::text").await, "1");
    assert_eq!((practice.entry(one).await.as_str(), practice.entry(two).await.as_str()), ("lapsed", "offered"));
    let offered = practice.network.id("SELECT appointment_id FROM care.appointment WHERE status = 'held'").await;
    let account = practice.account("patient", Some(second)).await;
    practice.portal(account, &format!("SELECT care.confirm_appointment('{offered}')")).await;
    assert_eq!(practice.entry(two).await, "taken");
}

#[tokio::test]
async fn a_time_goes_to_the_first_who_may_have_it() {
    let mut practice = Practice::new().await;
    practice.network.run("UPDATE care.availability SET reserved_hours = 48").await;
    let (regular, busy, premium) =
        (practice.member("regular").await, practice.member("premium").await, practice.member("premium").await);
    let entries = [practice.wait(regular, 20).await, practice.wait(busy, 3).await, practice.wait(premium, 1).await];
    let elsewhere = practice.provider().await;
    let here = std::mem::replace(&mut practice.provider, elsewhere);
    practice.taken_over(busy, &hours_ahead(72, 30), "booked").await;
    practice.provider = here;
    practice.give_back(72).await;
    let mut states = Vec::new();
    for entry in entries {
        states.push(practice.entry(entry).await);
    }
    assert_eq!(states, ["waiting", "waiting", "offered"], "reserved from the first, the second is busy");

    let (first, second) = (practice.member("regular").await, practice.member("regular").await);
    let wanted = |patient, provider: &str, minutes: i32, from: i32, to: i32| {
        format!(
            "SELECT care.join_waitlist('{patient}', '{}', {provider}, {minutes},
                                       tstzrange(now() + INTERVAL '{from} hours', now() + INTERVAL '{to} hours'))",
            practice.facility
        )
    };
    let here = format!("'{here}'");
    let wishes = [
        wanted(first, &here, 45, 1, 40),
        wanted(first, &format!("'{elsewhere}'"), 30, 1, 40),
        wanted(second, &here, 30, 30, 40),
    ];
    practice.network.run("UPDATE care.waitlist_entry SET status = 'left' WHERE status = 'waiting'").await;
    for wish in wishes {
        practice.network.id(&wish).await;
    }
    practice.give_back(25).await;
    let offered = "SELECT count(*)::text FROM care.waitlist_entry WHERE status = 'offered'";
    assert_eq!(practice.network.one(offered).await, "1", "too short, another provider, another time");
    practice.give_back(35).await;
    let offered = "SELECT minutes::text FROM care.waitlist_entry WHERE status = 'offered' AND wanted_during <@ tstzrange(now(), now() + INTERVAL '41 hours')";
    assert_eq!(practice.network.rows(offered).await, ["30"]);
}

#[tokio::test]
async fn the_last_who_waits_gets_one_of_two_times_that_come_at_once() {
    let mut practice = Practice::new().await;
    // At two providers, since one's cancellations wait for one another anyway.
    let providers = [practice.provider, practice.provider().await];
    for round in 0..6 {
        let waiting = practice.member("premium").await;
        let entry = practice.wait(waiting, 1).await;
        let mut cancels = Vec::new();
        for (half, provider) in (0..).zip(providers) {
            practice.provider = provider;
            let patient = practice.network.patient().await;
            let booked = practice.taken_over(patient, &hours_ahead(24 + 2 * round + half, 30), "booked").await;
            cancels.push(format!("SELECT care.cancel_appointment('{booked}')::text"));
        }
        let results = race(&practice.network, cancels).await;
        assert!(results.iter().all(Result::is_ok), "{results:?}");
        assert_eq!(practice.entry(entry).await, "offered");
        let held =
            format!("SELECT count(*)::text FROM care.appointment WHERE patient_id = '{waiting}' AND status = 'held'");
        assert_eq!(practice.network.one(&held).await, "1");
    }
}

#[tokio::test]
async fn two_who_wait_get_one_each_of_two_times_that_come_at_once_at_two_providers() {
    let mut practice = Practice::new().await;
    let (here, there) = (practice.provider, practice.provider().await);
    for round in 0..6 {
        let (one, two) = (practice.member("premium").await, practice.member("premium").await);
        let entries = [practice.wait(one, 2).await, practice.wait(two, 1).await];
        let mut cancels = Vec::new();
        for provider in [here, there] {
            let patient = practice.network.patient().await;
            practice.provider = provider;
            let booked = practice.taken_over(patient, &hours_ahead(24 + round, 30), "booked").await;
            cancels.push(format!("SELECT care.cancel_appointment('{booked}')::text"));
        }
        let results = race(&practice.network, cancels).await;
        assert!(results.iter().all(Result::is_ok), "{results:?}");
        for entry in entries {
            assert_eq!(practice.entry(entry).await, "offered");
        }
    }
}

#[tokio::test]
async fn who_waits_says_what_for_and_cannot_say_since_when() {
    let mut practice = Practice::new().await;
    let (patient, other) = (practice.member("regular").await, practice.member("regular").await);
    let (facility, provider) = (practice.facility, practice.provider);
    let account = practice.account("patient", Some(patient)).await;
    let join = |patient, minutes: i32, during: &str| {
        format!("SELECT care.join_waitlist('{patient}', '{facility}', NULL, {minutes}, {during})")
    };
    let week = "tstzrange(now(), now() + INTERVAL '7 days')";
    practice.portal(account, &join(patient, 30, week)).await;
    for (bad, rule) in [
        (join(patient, 60, week), "waitlist_entry_is_one"),
        (join(other, 30, week), "42501"),
        (
            format!(
                "INSERT INTO care.waitlist_entry (patient_id, facility_id, provider_id, minutes, wanted_during, joined_at)
                 VALUES ('{patient}', '{facility}', '{provider}', 30, {week}, '2020-01-01')"
            ),
            "42501",
        ),
        ("UPDATE care.waitlist_entry SET joined_at = '2020-01-01'".to_owned(), "42501"),
    ] {
        assert_eq!(practice.portal_refusal(account, &bad).await, rule, "{bad}");
    }
    for (bad, rule) in [
        (join(other, 4, week), "waitlist_entry_wants_some_minutes"),
        (join(other, 30, "tstzrange(now(), NULL)"), "waitlist_entry_wants_a_time"),
        (join(other, 30, "'empty'"), "waitlist_entry_wants_a_time"),
        (join(other, 30, "tstzrange(now(), now() + INTERVAL '20 minutes')"), "waitlist_entry_wants_a_time"),
        ("UPDATE care.waitlist_entry SET status = 'offered'".to_owned(), "waitlist_entry_is_offered_a_visit"),
    ] {
        assert_eq!(practice.network.refusal(&bad).await, rule, "{bad}");
    }
    let foreign = practice.taken_over(other, &hours_ahead(24, 30), "booked").await;
    let stolen = format!("UPDATE care.waitlist_entry SET status = 'offered', appointment_id = '{foreign}'");
    assert_eq!(practice.network.refusal(&stolen).await, "waitlist_entry_is_offered_a_visit_of_its_patient");
    let unknown = stolen.replace("'offered'", "'x'");
    assert_eq!(practice.network.refusal(&unknown).await, "waitlist_entry_status_is_known");

    let entry = practice.network.id("SELECT waitlist_entry_id FROM care.waitlist_entry").await;
    let leave = format!("SELECT care.leave_waitlist('{entry}')");
    let stranger = practice.account("patient", Some(other)).await;
    assert_eq!(practice.portal_refusal(stranger, &leave).await, "waitlist_entry_is_waiting");
    practice.portal(account, &leave).await;
    assert_eq!(practice.portal_refusal(account, &leave).await, "waitlist_entry_is_waiting");
}
