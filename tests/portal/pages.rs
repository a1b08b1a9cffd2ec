//! What pages show: the record with its banner, vitals with their gaps, who looked, and the own sessions.

use axum::http::StatusCode;
use uuid::Uuid;

use crate::house::House;

/// A patient in the care of a provider, who wears a watch that measured for an hour, with ten minutes' silence in it.
pub(crate) struct Clinic {
    pub(crate) house: House,
    pub(crate) patient: Uuid,
    pub(crate) own: Uuid,
    pub(crate) carer: Uuid,
}

impl Clinic {
    pub(crate) async fn open() -> Clinic {
        let mut house = House::new().await;
        let (patient, provider) = (house.named_patient("Ruiz", "Ana").await, house.network.provider().await);
        house.network.put_in_care(patient, provider).await;
        house
            .network
            .run(&format!(
                "INSERT INTO signal.device (device_id, added_at, added_by) VALUES ('watch', now(), 'operator');
                 INSERT INTO signal.series (device_key, metric_id) SELECT device_key, metric_id FROM signal.device, signal.metric
                 WHERE name = 'heart_rate';
                 SELECT signal.ensure_chunk((now() - INTERVAL '1 hour')::date), signal.ensure_chunk(current_date);
                 INSERT INTO care.wear (patient_id, device_key, worn_during)
                 SELECT '{patient}', device_key, tstzrange(now() - INTERVAL '1 day', NULL) FROM signal.device"
            ))
            .await;
        let own = house.network.account("patient", Some(patient)).await;
        let carer = house.network.account("provider", Some(provider)).await;
        let mut clinic = Clinic { house, patient, own, carer };
        clinic.measured(-40, 60).await;
        clinic.measured(-10, 80).await;
        clinic
    }

    /// Five minutes of a heart rate that began so many minutes from now.
    pub(crate) async fn measured(&mut self, minutes: i32, rate: i32) {
        let begins = format!("date_trunc('second', now()) + {minutes} * INTERVAL '1 minute'");
        self.house
            .network
            .run(&format!(
                "INSERT INTO signal.block (start_at, stop_at, tick_us, series_id, values)
                 SELECT {begins}, {begins} + 59 * INTERVAL '5 seconds', 5000000, series_id,
                        array_fill({rate}::double precision, ARRAY[60])
                 FROM signal.series"
            ))
            .await;
    }
}

#[tokio::test]
async fn a_record_shows_who_it_is_and_what_nobody_may_overlook() {
    let mut clinic = Clinic::open().await;
    let patient = clinic.patient;
    clinic
        .house
        .network
        .run(&format!(
            "INSERT INTO care.allergy (patient_id, category, substance, criticality, clinical_status, verification_status)
             VALUES ('{patient}', 'medication', 'Penicillin', 'high', 'active', 'confirmed');
             INSERT INTO care.lab_result (patient_id, observed_at, loinc, title, status, value_number, unit, reference_high)
             VALUES ('{patient}', now() - INTERVAL '30 days', '4548-4', 'HbA1c', 'final', 8.5, '%', 5.7)"
        ))
        .await;
    let carer = clinic.house.signed_in(clinic.carer).await;
    let found = carer.post("/patients", &[("name", "ru")]).await.body;
    assert!(found.contains(&format!("<a href=\"/patients/{patient}\">Ruiz, Ana</a>")), "{found}");
    assert!(carer.post("/patients", &[("name", "zz")]).await.body.contains("Nobody in your care is found so."));
    let page = carer.get(&format!("/patients/{patient}")).await.body;
    for shown in ["Ruiz, Ana", "17 May 1980", "years", "Female", "Penicillin", "high risk", "HbA1c", "8.5", "↑", "High"]
    {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    let own = clinic.house.signed_in(clinic.own).await.get("/me").await.body;
    assert!(own.contains("Penicillin") && own.contains("Heart rate") && own.contains(">80<"), "{own}");
}

#[tokio::test]
async fn vitals_show_values_in_their_unit_and_silence_as_a_gap() {
    let clinic = Clinic::open().await;
    let carer = clinic.house.signed_in(clinic.carer).await;
    let hour = carer.get(&format!("/patients/{}/vitals?span=hour", clinic.patient)).await.body;
    assert_eq!(hour.matches("class=\"line\"").count(), 2, "two runs with silence between: {hour}");
    assert!(hour.contains("Least 60 per min, greatest 80 per min, 120 samples."), "{hour}");
    assert!(hour.contains("Usual range 60 – 100 per min") && hour.contains("Numbers as a table"), "{hour}");
    assert!(hour.contains("last heard 5 min ago"), "{hour}");
    for span in ["day", "week", "month", "year"] {
        let page = carer.get(&format!("/patients/{}/vitals?span={span}", clinic.patient)).await;
        assert_eq!(page.status, StatusCode::OK, "{span}");
        assert!(page.body.contains("Least 60 per min, greatest 80 per min, 120 samples."), "{span}: {}", page.body);
    }
    let before = carer.get(&format!("/patients/{}/vitals?span=hour&to=1700000000", clinic.patient)).await.body;
    assert!(before.contains("Nothing was measured in this time."), "{before}");
}

#[tokio::test]
async fn another_wearer_of_a_device_is_shown_their_own_part_alone() {
    let mut clinic = Clinic::open().await;
    let next = clinic.house.named_patient("Nakamura", "Kenji").await;
    clinic
        .house
        .network
        .run(&format!(
            "UPDATE care.wear SET worn_during = tstzrange(lower(worn_during), now() - INTERVAL '20 minutes');
             INSERT INTO care.wear (patient_id, device_key, worn_during)
             SELECT '{next}', device_key, tstzrange(now() - INTERVAL '20 minutes', NULL) FROM signal.device"
        ))
        .await;
    let account = clinic.house.network.account("patient", Some(next)).await;
    let (first, next) = (clinic.house.signed_in(clinic.own).await, clinic.house.signed_in(account).await);
    for span in ["hour", "day", "week", "month", "year"] {
        let path = format!("/me/vitals?span={span}");
        let (first, next) = (first.get(&path).await.body, next.get(&path).await.body);
        assert!(first.contains("Least 60 per min, greatest 60 per min, 60 samples."), "{span}: {first}");
        assert!(next.contains("Least 80 per min, greatest 80 per min, 60 samples."), "{span}: {next}");
    }
}

#[tokio::test]
async fn a_patient_sees_who_looked_and_every_page_about_them_was_recorded_before() {
    let clinic = Clinic::open().await;
    let (own, carer) = (clinic.house.signed_in(clinic.own).await, clinic.house.signed_in(clinic.carer).await);
    assert!(own.get("/me/access").await.body.contains("Nobody else has looked at your record yet."));
    carer.get(&format!("/patients/{}", clinic.patient)).await;
    carer.get(&format!("/patients/{}/vitals", clinic.patient)).await;
    let log = own.get("/me/access").await.body;
    for told in ["Ada Okafor", "Provider", "Read: record", "Read: vitals", "In care"] {
        assert!(log.contains(told), "{told}: {log}");
    }
}

#[tokio::test]
async fn a_page_whose_look_cannot_be_recorded_shows_nothing() {
    let mut clinic = Clinic::open().await;
    let carer = clinic.house.signed_in(clinic.carer).await;
    clinic
        .house
        .network
        .run("ALTER TABLE access.audit_event ADD CONSTRAINT none CHECK (action <> 'read') NOT VALID")
        .await;
    let page = carer.get(&format!("/patients/{}", clinic.patient)).await;
    assert_ne!(page.status, StatusCode::OK);
    assert!(!page.body.contains("Ruiz"), "{}", page.body);
}

#[tokio::test]
async fn an_account_sees_its_sessions_and_ends_one() {
    let clinic = Clinic::open().await;
    let (here, there) = (clinic.house.signed_in(clinic.own).await, clinic.house.signed_in(clinic.own).await);
    let stranger = clinic.house.signed_in(clinic.carer).await;
    let page = here.get("/account").await.body;
    assert_eq!(page.matches("This one").count(), 1, "{page}");
    let session = page.split("name=\"session\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let refused = stranger.post("/account/end-session", &[("session", session)]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("There is no such session of yours"), "{}", refused.body);
    assert_eq!(there.get("/me").await.status, StatusCode::OK);
    assert_eq!(here.post("/account/end-session", &[("session", session)]).await.location(), "/account");
    assert_eq!(there.get("/me").await.status, StatusCode::SEE_OTHER);
    assert_eq!(here.get("/me").await.status, StatusCode::OK);
}
