//! Devices given to people, passed on and taken back: never two wearers, never a gap nobody asked for, every change kept.

use sqlx::{AssertSqlSafe, Executor as _};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::network::{Network, refused_by};

async fn with_watch() -> (Network, Uuid, Uuid) {
    let mut network = Network::new().await;
    network
        .run("INSERT INTO signal.device (device_id, added_at, added_by) VALUES ('watch-7', now(), 'operator')")
        .await;
    let (one, two) = (network.patient().await, network.patient().await);
    (network, one, two)
}

/// Who wore the watch, in the order of time.
async fn wears(network: &mut Network) -> Vec<String> {
    network
        .rows(
            "SELECT patient_id || ' ' || extract(epoch FROM lower(worn_during))::bigint
                      || coalesce(' ' || extract(epoch FROM upper(worn_during))::bigint, '')
               FROM care.wear ORDER BY lower(worn_during)",
        )
        .await
}

#[tokio::test]
async fn a_device_goes_from_one_patient_to_the_next_without_a_gap() {
    let (mut network, one, two) = with_watch().await;
    network.run(&format!("SELECT care.assign_device('watch-7', '{one}', to_timestamp(1000))")).await;
    network.run(&format!("SELECT care.hand_over_device('watch-7', '{two}', to_timestamp(2000))")).await;
    network.run("SELECT care.return_device('watch-7', to_timestamp(3000))").await;
    assert_eq!(wears(&mut network).await, [format!("{one} 1000 2000"), format!("{two} 2000 3000")]);
    let early = format!("SELECT care.assign_device('watch-7', '{one}', to_timestamp(2999))");
    assert_eq!(network.refusal(&early).await, "wear_device_is_exclusive");
    assert_eq!(network.refusal("SELECT care.return_device('watch-7')").await, "wear_is_open");
    assert_eq!(network.refusal("SELECT care.return_device('watch-8')").await, "wear_device_fkey");
    let events = "SELECT kind FROM care.wear_event ORDER BY wear_event_id";
    assert_eq!(network.rows(events).await, ["begun", "ended", "begun", "ended"]);
}

#[tokio::test]
async fn a_hand_over_that_is_refused_leaves_the_device_with_its_wearer() {
    let (mut network, one, two) = with_watch().await;
    network.run(&format!("SELECT care.assign_device('watch-7', '{one}', to_timestamp(1000))")).await;
    let nobody = Uuid::nil();
    let refused = format!("SELECT care.hand_over_device('watch-7', '{nobody}', to_timestamp(2000))");
    assert_eq!(network.refusal(&refused).await, "wear_patient_fkey");
    let before = format!("SELECT care.hand_over_device('watch-7', '{two}', to_timestamp(1000))");
    assert_eq!(network.refusal(&before).await, "wear_is_open", "a wear that ends as it begins is none");
    assert_eq!(wears(&mut network).await, [format!("{one} 1000")]);
}

#[tokio::test]
async fn eight_clerks_at_once_give_a_device_to_one_patient() {
    let (mut network, one, two) = with_watch().await;
    let mut clerks = JoinSet::new();
    for clerk in 0..8 {
        let (mut connection, patient) = (network.connection().await, if clerk % 2 == 0 { one } else { two });
        let give = format!("SELECT care.assign_device('watch-7', '{patient}', to_timestamp(1000))");
        clerks.spawn(async move {
            connection.execute(AssertSqlSafe(give.clone())).await.map_err(|error| refused_by::<()>(Err(error), &give))
        });
    }
    let answers = clerks.join_all().await;
    let refused: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().err()).collect();
    assert_eq!(refused, ["wear_device_is_exclusive"; 7]);
    assert_eq!(wears(&mut network).await.len(), 1);
}

#[tokio::test]
async fn hand_overs_at_once_form_one_chain_without_gap_or_overlap() {
    let (mut network, one, two) = with_watch().await;
    network.run(&format!("SELECT care.assign_device('watch-7', '{one}', to_timestamp(1000))")).await;
    let mut clerks = JoinSet::new();
    for clerk in 1..=8 {
        let (mut connection, patient) = (network.connection().await, if clerk % 2 == 0 { one } else { two });
        let give = format!("SELECT care.hand_over_device('watch-7', '{patient}', to_timestamp({}))", 1000 + clerk);
        clerks.spawn(async move {
            connection.execute(AssertSqlSafe(give.clone())).await.map_err(|error| refused_by::<()>(Err(error), &give))
        });
    }
    let answers = clerks.join_all().await;
    // A clerk whose moment lies before a hand-over that was quicker is told that nobody wears it then.
    assert!(answers.iter().flat_map(|answer| answer.as_ref().err()).all(|rule| rule == "wear_is_open"), "{answers:?}");
    let done = answers.iter().filter(|answer| answer.is_ok()).count();
    let gaps = "SELECT count(*)::text FROM care.wear w WHERE NOT upper_inf(worn_during)
                AND NOT EXISTS (SELECT FROM care.wear n WHERE lower(n.worn_during) = upper(w.worn_during))";
    assert_eq!((wears(&mut network).await.len(), network.one(gaps).await.as_str()), (1 + done, "0"));
}

#[tokio::test]
async fn a_correction_leaves_a_record_of_what_stood_there() {
    let (mut network, one, two) = with_watch().await;
    network.run(&format!("SELECT care.assign_device('watch-7', '{one}', to_timestamp(1000))")).await;
    network.run("UPDATE care.wear SET worn_during = tstzrange(to_timestamp(500), to_timestamp(900))").await;
    let move_it = format!("UPDATE care.wear SET patient_id = '{two}'");
    assert_eq!(network.refusal(&move_it).await, "wear_stays_with_its_patient");
    network.run("DELETE FROM care.wear").await;
    let events = "SELECT concat_ws(' ', kind, extract(epoch FROM lower(was_during))::bigint,
                                   extract(epoch FROM lower(is_during))::bigint)
                  FROM care.wear_event ORDER BY wear_event_id";
    assert_eq!(network.rows(events).await, ["begun 1000", "corrected 1000 500", "removed 500"]);
    assert_eq!(network.refusal("UPDATE care.wear_event SET kind = 'ended'").await, "wear_event_is_append_only");
}

#[tokio::test]
async fn a_device_has_one_serial_number_in_its_model_and_measures_known_metrics() {
    let (mut network, _, _) = with_watch().await;
    network
        .run("INSERT INTO signal.device (device_id, added_at, added_by) VALUES ('watch-8', now(), 'operator');
              INSERT INTO care.device_model (maker, model) VALUES ('Northwind', 'Pulse 3');
              INSERT INTO care.device_model_metric SELECT device_model_id, metric_id FROM care.device_model, signal.metric
              WHERE name = 'heart_rate';
              INSERT INTO care.device_detail (device_key, device_model_id, serial)
              SELECT device_key, device_model_id, 'NW-1' FROM signal.device, care.device_model WHERE device_id = 'watch-7'")
        .await;
    let again = "INSERT INTO care.device_detail (device_key, device_model_id, serial)
                 SELECT device_key, device_model_id, 'NW-1' FROM signal.device, care.device_model WHERE device_id = 'watch-8'";
    assert_eq!(network.refusal(again).await, "device_detail_serial_is_unique_in_its_model");
    let unknown = "INSERT INTO care.device_model_metric SELECT device_model_id, 32000 FROM care.device_model";
    assert_eq!(network.refusal(unknown).await, "device_model_metric_metric_fkey");
}

#[tokio::test]
async fn an_operator_gives_a_device_passes_it_on_and_takes_it_back() {
    let (mut network, one, two) = with_watch().await;
    let device = |arguments: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_healthtrack"));
        command.arg("device").args(arguments.split(' ')).env("HEALTHTRACK__STORE__URL", network.database.url());
        let done = command.output().unwrap();
        if done.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&done.stderr).into_owned()) }
    };
    device(&format!("assign watch-7 --patient {one} --at 1970-01-01T00:16:40Z")).unwrap();
    let taken = device(&format!("assign watch-7 --patient {two}")).unwrap_err();
    assert_eq!(taken, "healthtrack: Somebody else wears this device at that time: end that first.\n");
    device(&format!("assign watch-7 --patient {two} --hand-over --at 1970-01-01T00:33:20Z")).unwrap();
    device("return watch-7 --at 1970-01-01T00:50:00Z").unwrap();
    assert!(device("return watch-7").unwrap_err().contains("Nobody wears this device at that time."));
    assert_eq!(wears(&mut network).await, [format!("{one} 1000 2000"), format!("{two} 2000 3000")]);
}
