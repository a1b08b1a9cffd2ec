//! What programmes that are over came to, against random participants counted by hand.

use healthtrack::store::care::outcome::programme_outcomes;
use uuid::Uuid;

use super::network::Network;
use super::outcome::Dice;

/// What a random participant did: state, which of ten sessions were attended, and what was noted of the own weight.
struct Participant {
    status: &'static str,
    attended: Vec<u64>,
    noted: Vec<f64>,
}

#[tokio::test]
async fn programmes_that_are_over_come_to_what_is_counted_by_hand() {
    let mut network = Network::new().await;
    let mut dice = Dice { seed: 20_260_103, thrown: 0 };
    let mut expected = Vec::new();
    for (title, until, sessions) in
        [("Over", "CURRENT_DATE", 10), ("Running", "CURRENT_DATE + 1", 10), ("Silent", "CURRENT_DATE", 0)]
    {
        let programme = network
            .id(&format!(
                "INSERT INTO care.programme (capacity, sessions_needed, enrolment_during, runs_during, topic, title, description)
                 VALUES (1000, 5, tstzrange(now() - interval '99 days', now()), daterange(CURRENT_DATE - 50, {until}), 'sleep',
                         '{title}', '') RETURNING programme_id"
            ))
            .await;
        network
            .run(&format!(
                "INSERT INTO care.programme_session (programme_id, during, title)
                 SELECT '{programme}', tstzrange(at, at + interval '1 hour'), n::text
                 FROM generate_series(1, {sessions}) n, LATERAL (SELECT now() - n * interval '2 days' AS at) t"
            ))
            .await;
        let mut participants = Vec::new();
        for _ in 0..60 {
            let status = dice.one_of(&["completed", "enrolled", "withdrawn", "waitlisted"]);
            let (mut attended, mut noted) = (Vec::new(), Vec::new());
            if status != "waitlisted" {
                attended = (1..=sessions).filter(|_| dice.throw(2) == 0).collect();
                noted = (0..dice.throw(4)).map(|_| 60.0 + dice.throw(400) as f64 / 10.0).collect();
            }
            participants.push(Participant { status, attended, noted });
        }
        take_part(&mut network, programme, &participants).await;
        if title != "Running" {
            expected.push(counted(title, sessions, &participants));
        }
    }
    let query = "SELECT title || ' ' || o.n || ' ' || completed || ' ' || withdrawn || ' ' || coalesce(attended_share::text, '-') || ' ' ||
                        c.n || ' ' || round(c.mean_change::numeric, 6) || ' ' || round(c.sd_change::numeric, 6)
                 FROM care.programme_outcome o JOIN care.programme_change c USING (programme_id) ORDER BY title";
    assert_eq!(network.rows(query).await, expected);
    let provider = network.provider().await;
    network
        .run(&format!(
            "INSERT INTO access.care_relationship (patient_id, provider_id, valid_during, basis)
             SELECT patient_id, '{provider}', tstzrange(now(), NULL), 'care_team' FROM care.patient"
        ))
        .await;
    let account = network.account("provider", Some(provider)).await;
    let told = network.does(account, async |actor| programme_outcomes(actor).await).await;
    assert_eq!(told.iter().map(|outcome| outcome.title.as_str()).collect::<Vec<_>>(), ["Over", "Silent"]);
    let rate = told[0].rate;
    assert!(rate.interval.0 < rate.rate && rate.rate < rate.interval.1);
    assert_eq!(told[1].attended_share, None);
}

/// Stores participants as they ended, past the steps by which they would have come there.
async fn take_part(network: &mut Network, programme: Uuid, participants: &[Participant]) {
    network
        .run("ALTER TABLE care.enrolment DISABLE TRIGGER USER; ALTER TABLE care.attendance DISABLE TRIGGER USER")
        .await;
    for Participant { status, attended, noted } in participants {
        let patient = network.patient().await;
        let enrolment = network
            .id(&format!(
                "INSERT INTO care.enrolment (patient_id, programme_id, status, admitted_at, completed_at)
                 VALUES ('{patient}', '{programme}', '{status}', CASE WHEN '{status}' <> 'waitlisted' THEN now() END,
                         CASE WHEN '{status}' = 'completed' THEN now() END) RETURNING enrolment_id"
            ))
            .await;
        let titles = attended.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
        let values = noted.iter().map(f64::to_string).collect::<Vec<_>>().join(",");
        network
            .run(&format!(
                "INSERT INTO care.attendance (patient_id, programme_id, enrolment_id, programme_session_id)
                 SELECT '{patient}', '{programme}', '{enrolment}', programme_session_id FROM care.programme_session
                 WHERE programme_id = '{programme}' AND title = ANY ('{{{titles}}}');
                 INSERT INTO care.progress_update (patient_id, enrolment_id, noted_at, value, measure, unit)
                 SELECT '{patient}', '{enrolment}', now() + n * interval '1 second', value, 'weight', 'kg'
                 FROM unnest('{{{values}}}'::float8[]) WITH ORDINALITY AS given (value, n)"
            ))
            .await;
    }
}

fn counted(title: &str, sessions: u64, participants: &[Participant]) -> String {
    let admitted: Vec<&Participant> = participants.iter().filter(|one| one.status != "waitlisted").collect();
    let of = |status: &str| admitted.iter().filter(|one| one.status == status).count();
    let attended = admitted.iter().map(|one| one.attended.len()).sum::<usize>() as f64;
    let share = match sessions {
        0 => "-".to_owned(),
        held => format!("{:.4}", attended / held as f64 / admitted.len() as f64),
    };
    let changes: Vec<f64> = admitted
        .iter()
        .filter(|one| one.noted.len() > 1)
        .map(|one| one.noted[one.noted.len() - 1] - one.noted[0])
        .collect();
    let n = changes.len() as f64;
    let mean = changes.iter().sum::<f64>() / n;
    let sd = (changes.iter().map(|change| (change - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    format!("{title} {} {} {} {share} {n} {mean:.6} {sd:.6}", admitted.len(), of("completed"), of("withdrawn"))
}
