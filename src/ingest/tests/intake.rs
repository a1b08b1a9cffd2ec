//! What the intake does with all that a decoder may return, shown with a format that exists only here: its decoder
//! remembers how many messages it has read, answers each of them, and takes each payload for a clinical resource.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use rumqttc::v5::mqttbytes::v5::Packet;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::formats::delivery::Delivery;
use crate::formats::{ClinicalResource, Decoded, Decoder, Decoders, Format, Reply};
use crate::ingest::Intake;
use crate::ingest::ack::Acks;
use crate::ingest::queue::{Lanes, Limits};
use crate::ingest::session::{Session, SessionContext};
use crate::ingest::validate::{ValidationLimits, Validator};
use crate::model::metric::Catalogue;
use crate::model::reason::{Reason, Rejection};
use crate::model::time::SystemClock;
use crate::model::unit::Units;
use crate::mqtt::connect::Connected;
use crate::mqtt::packet::{Publish, next_packet};
use crate::telemetry::Telemetry;

static CLINICAL: Format = Format {
    word: "clinical",
    title: "Clinical resources, answered",
    content_types: &["application/json"],
    decoder: || Box::new(ClinicalDecoder::default()),
    write: |_, _| {},
};

#[derive(Debug, Default)]
struct ClinicalDecoder {
    messages: usize,
}

impl Decoder for ClinicalDecoder {
    fn decode<'a>(&mut self, delivery: &'a Delivery) -> Result<Decoded<'a>, Rejection> {
        self.messages += 1;
        let resource = || ClinicalResource { kind: "Patient".into(), body: (&delivery.payload[..]).into() };
        let answers = ["answer", "not/#/a/topic"];
        Ok(Decoded {
            resources: vec![resource(), resource()],
            replies: answers
                .map(|topic| Reply { topic: topic.to_owned(), payload: self.messages.to_string().into() })
                .to_vec(),
            ..Decoded::default()
        })
    }
}

/// One lane whose batches are full with a message each.
fn one_lane() -> Lanes {
    Lanes::new(1, 1, 1 << 20, Limits { samples_max: 1, bytes_max: 1 << 20, age_max: Duration::from_secs(60) })
}

fn connected(pipe: DuplexStream) -> Connected {
    Connected {
        socket: Box::new(pipe),
        rest: BytesMut::new(),
        session_present: true,
        receive_max: 100,
        packet_bytes_max: 1_000,
        qos_max: 2,
        ping_every: Duration::from_secs(60),
    }
}

/// Publishes two messages as a broker does, and returns the payloads of the answers to both.
async fn publish_two(mut broker: DuplexStream) -> Vec<String> {
    let mut bytes = BytesMut::new();
    for packet_id in [1, 2] {
        let (topic, payload) = (b"ht/1/main/clinic/clinical".as_slice(), b"{}".as_slice());
        let packet_id = Some(packet_id);
        Publish { topic, content_type: None, published_at_ms: None, payload, packet_id }.put(&mut bytes);
    }
    broker.write_all(&bytes).await.unwrap();
    bytes.clear();
    let mut answers = Vec::new();
    while answers.len() < 2 {
        match next_packet(&mut bytes, 1 << 20).unwrap() {
            Some(Packet::Publish(publish)) => {
                assert_eq!((&publish.topic[..], publish.qos as u8, publish.retain), (b"answer".as_slice(), 0, false));
                answers.push(String::from_utf8(publish.payload.to_vec()).unwrap());
            }
            Some(_) => {}
            None => assert!(broker.read_buf(&mut bytes).await.unwrap() > 0, "the session goes on"),
        }
    }
    answers
}

#[tokio::test]
async fn replies_are_published_and_clinical_resources_go_to_quarantine() {
    let config = Config::read(None, std::iter::empty()).unwrap();
    let (lanes, acks) = (one_lane(), Arc::new(Acks::default()));
    let telemetry = Arc::new(Telemetry::new().unwrap());
    let limits = ValidationLimits { future_max_us: 0, past_max_us: 0, span_max_us: 0 };
    let validator =
        Validator::new(Arc::new(Catalogue::builtin().unwrap()), Arc::new(Units::builtin().unwrap()), limits);
    let around = SessionContext {
        telemetry: Arc::clone(&telemetry),
        state: Arc::default(),
        clock: Arc::new(SystemClock),
        stop_reading: CancellationToken::new(),
        close: CancellationToken::new(),
        readers: Arc::new(Semaphore::new(1)),
    };
    let decoders = Decoders::new(&[&CLINICAL]);
    let mut intake = Intake::new(0, decoders, validator, lanes.clone(), Arc::clone(&acks), Arc::clone(&telemetry), 100);
    let session = Session::new(&config.mqtt, 0, acks, around).unwrap();
    let (ours, theirs) = tokio::io::duplex(4_096);
    let mut permit = None;
    let answers = tokio::select! {
        ended = session.serve(connected(ours), &mut intake, &mut permit) => panic!("the session has ended: {ended:?}"),
        answers = publish_two(theirs) => answers,
    };
    assert_eq!(answers, ["1", "2"], "one decoder reads all messages of its connection");
    let scrape = telemetry.render();
    assert!(scrape.contains("healthtrack_mqtt_replies_total 2"), "{scrape}");
    assert!(scrape.contains("healthtrack_mqtt_dropped_replies_total 2"), "{scrape}");

    let mut batch = Vec::new();
    assert!(lanes.queues[0].next_batch(&mut batch).await);
    let [rejection] = batch[0].rejections.as_slice() else { panic!("{:?}", batch[0].rejections) };
    assert_eq!((rejection.reason, rejection.samples), (Reason::UnsupportedResource, 2));
    assert!(rejection.detail.contains("Patient"), "{}", rejection.detail);
    assert_eq!((batch[0].samples, &batch[0].payload[..], batch[0].device.is_none()), (2, &b"{}"[..], true));
}
