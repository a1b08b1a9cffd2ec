//! A day's work through the wrappers of the store: something is asked, done, read, said and told.

use healthtrack::model::people::{
    Channel, FacilityId, MessageCategory, NotificationKind, PatientId, ProviderId, RecallStatus, RequestCategory,
    RequestIntent, RequestStatus, TaskKind, TaskStatus, Urgency,
};
use healthtrack::model::time::{Clock as _, DAY_US, SystemClock};
use healthtrack::store::care::actor::Actor;
use healthtrack::store::care::record::Edited;
use healthtrack::store::care::request::{self, DoneBy, NewServiceRequest};
use healthtrack::store::care::task::{self, TaskFor};
use healthtrack::store::care::{message, notification};
use uuid::Uuid;

use super::network::Network;

/// A patient in care of a provider, a facility, and the accounts.
struct Day {
    network: Network,
    patient: PatientId,
    provider: ProviderId,
    facility: FacilityId,
    own: Uuid,
    carer: Uuid,
    desk: Uuid,
}

impl Day {
    async fn begin() -> Day {
        let mut network = Network::owned().await;
        let (patient, provider) = (network.patient().await, network.provider().await);
        let facility = network.facility("IL", "clinic").await;
        network.put_in_care(patient, provider).await;
        let own = network.account("patient", Some(patient)).await;
        let carer = network.account("provider", Some(provider)).await;
        let desk = network.account("front_desk", Some(facility)).await;
        let (patient, provider, facility) = (PatientId(patient), ProviderId(provider), FacilityId(facility));
        Day { network, patient, provider, facility, own, carer, desk }
    }
}

const LIPIDS: NewServiceRequest<'static> = NewServiceRequest {
    encounter: None,
    category: RequestCategory::Laboratory,
    intent: RequestIntent::Order,
    urgency: Urgency::Routine,
    code: ("loinc", "24331-1"),
    title: "Lipids",
    reason_code: Some("I10"),
    reason: "Yearly check",
    performer: None,
    facility: None,
    specialty: Some("internal_medicine"),
    wanted_until: None,
    supersedes: None,
    is_draft: false,
    sensitivity: None,
};

#[tokio::test]
async fn what_is_asked_is_done_and_its_results_are_read() {
    let mut day = Day::begin().await;
    let (patient, carer) = (day.patient, day.carer);
    let asked = day.network.does(carer, async |actor| request::ask(actor, patient, &LIPIDS).await).await;
    let order = day.network.does(carer, async |actor| request::order_lab(actor, asked, "blood").await).await;
    let again =
        day.network.broken(carer, async |actor| request::fulfil(actor, asked, DoneBy::LabOrder(order)).await).await;
    assert!(again.rule.starts_with("service_request_fulfilment_"), "{again:?}");
    day.network
        .run(&format!(
            "UPDATE care.lab_order SET status = 'completed', collected_at = now();
             INSERT INTO care.lab_result (patient_id, lab_order_id, observed_at, loinc, title, status, value_number, unit)
             VALUES ('{patient}', '{order}', now(), '2093-3', 'Cholesterol', 'final', 200, 'mg/dL')"
        ))
        .await;
    let completed = async |version| {
        let change =
            async |actor: &mut Actor<'_>| request::change(actor, asked, version, RequestStatus::Completed, None).await;
        day.network.does(carer, change).await
    };
    assert_eq!((completed(1).await, completed(1).await), (Edited::Saved(2), Edited::Stale(2)));
    let listed = day.network.does(carer, async |actor| request::of_patient(actor, patient, 9).await).await;
    assert_eq!((listed[0].status, listed[0].requested_by), (RequestStatus::Completed, day.provider));
    assert_eq!(listed[0].done[0]["lab_order"], order.to_string());
    let inbox = day.network.does(carer, async |actor| task::inbox(actor, 9).await).await;
    assert_eq!((inbox.len(), inbox[0].kind, inbox[0].is_own), (1, TaskKind::ReviewResult, true));
    let (task, version) = (inbox[0].task_id, inbox[0].version);
    let read = async |actor: &mut Actor<'_>| task::end(actor, task, version, TaskStatus::Completed, Some("Read")).await;
    assert_eq!(day.network.does(carer, read).await, Edited::Saved(version + 1));
    assert_eq!(day.network.does(carer, async |actor| task::inbox(actor, 9).await).await, []);
}

#[tokio::test]
async fn a_task_is_opened_for_a_desk_taken_and_given_on() {
    let day = Day::begin().await;
    let (patient, carer, desk) = (day.patient, day.carer, day.desk);
    let call = async |actor: &mut Actor<'_>| {
        let whom = TaskFor::FrontDesk(day.facility);
        task::open(actor, patient, TaskKind::CallPatient, "Find a time", Urgency::Urgent, None, whom).await
    };
    let opened = day.network.does(carer, call).await;
    assert_eq!(day.network.does(desk, async |actor| task::take(actor, opened, 1).await).await, Edited::Saved(2));
    let back = async |actor: &mut Actor<'_>| task::give(actor, opened, 2, TaskFor::Provider(day.provider)).await;
    assert_eq!(day.network.does(desk, back).await, Edited::Saved(3));
    let inbox = day.network.does(carer, async |actor| task::inbox(actor, 9).await).await;
    assert_eq!(inbox.iter().map(|line| line.task_id).collect::<Vec<_>>(), [opened]);
}

#[tokio::test]
async fn what_is_said_is_told_and_read_and_who_is_to_come_back_is_noted() {
    let day = Day::begin().await;
    let (patient, own, carer, now) = (day.patient, day.own, day.carer, SystemClock.now());
    let wants = async |actor: &mut Actor<'_>| {
        notification::set_quiet_hours(actor, patient, "22:00", "07:00").await?;
        notification::choose_channel(actor, patient, Channel::Email, NotificationKind::Message, true).await
    };
    day.network.does(own, wants).await;
    let begin = async |actor: &mut Actor<'_>| {
        message::begin(actor, patient, None, MessageCategory::Medical, "Cough", "Come in", &[]).await
    };
    let thread = day.network.does(carer, begin).await;
    let answer = day.network.does(own, async |actor| message::write(actor, thread, "I cannot", &[]).await).await;
    let until = now.plus_micros(DAY_US);
    assert_eq!(day.network.does(own, async |actor| message::note_read(actor, thread, until).await).await, 1);
    assert!(day.network.does(own, async |actor| message::retract(actor, answer, "I can").await).await);
    assert!(day.network.does(carer, async |actor| message::close(actor, thread).await).await);
    let read = day.network.does(own, async |actor| message::of_thread(actor, patient, thread, 9).await).await;
    let bodies: Vec<_> = read.iter().map(|one| (one.is_own, one.body.as_deref())).collect();
    assert_eq!(bodies, [(true, None), (false, Some("Come in"))]);

    let told = day.network.does(own, async |actor| notification::of_patient(actor, patient, 9).await).await;
    assert_eq!(told.len(), 2, "in the portal, and by mail");
    let portal = told.iter().find(|line| line.channel == Channel::Portal).unwrap().notification_id;
    assert!(day.network.does(own, async |actor| notification::see(actor, portal).await).await);
    assert!(!day.network.does(own, async |actor| notification::see(actor, portal).await).await);

    let plan = async |actor: &mut Actor<'_>| {
        notification::plan_recall(actor, patient, until.day(), "diabetes_review", "Eyes, feet and kidneys").await
    };
    let recall = day.network.does(carer, plan).await;
    let declined = async |actor: &mut Actor<'_>| {
        notification::change_recall(actor, recall, 1, RecallStatus::Declined, Some("No"), None).await
    };
    assert_eq!(day.network.does(carer, declined).await, Edited::Saved(2));
    let due = async |actor: &mut Actor<'_>| notification::vaccinations_due(actor, patient, now.day()).await;
    let due = day.network.does(own, due).await;
    assert!(due.iter().any(|one| one.target == "influenza" && one.dose_number == 1), "{due:?}");
}
