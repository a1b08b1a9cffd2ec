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
use crate::ingest::ack::Acks;
use crate::ingest::queue::{Lanes, Limits};
use crate::ingest::session::{Session, SessionContext};
use crate::ingest::sessions::Sessions;
use crate::ingest::shards::{Shards, ShardsView};
use crate::ingest::validate::{ValidationLimits, Validator};
use crate::ingest::{Intake, Reader};
use crate::model::ids::ShardName;
use crate::model::metric::Catalogue;
use crate::model::reason::{Reason, Rejection};
use crate::model::time::SystemClock;
use crate::model::unit::Units;
use crate::mqtt::MqttError;
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

/// The broker's limit of a packet.
const PACKET_BYTES_MAX: usize = 1_000;
/// Pings come later than this, so an answer that waits for one is too late.
const TIMEOUT: Duration = Duration::from_secs(20);

#[derive(Debug, Default)]
struct ClinicalDecoder {
    messages: usize,
}

impl Decoder for ClinicalDecoder {
    fn decode<'a>(&mut self, delivery: &'a Delivery) -> Result<Decoded<'a>, Rejection> {
        self.messages += 1;
        let kind = format!("Patient{}", "-".repeat(1_000));
        let resource = || ClinicalResource { kind: kind.clone().into(), body: (&delivery.payload[..]).into() };
        let number = self.messages.to_string();
        let answers = [("answer", number.clone()), ("not/#/a/topic", number), ("answer", "x".repeat(PACKET_BYTES_MAX))];
        Ok(Decoded {
            resources: vec![resource(), resource()],
            replies: answers
                .map(|(topic, payload)| Reply { topic: topic.to_owned(), payload: payload.into() })
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
        session_expiry_s: 0,
        receive_max: 100,
        packet_bytes_max: PACKET_BYTES_MAX,
        qos_max: 2,
        ping_every: Duration::from_secs(60),
    }
}

/// A session, its intake, and what they fill.
struct Fixture {
    session: Session,
    intake: Intake,
    lanes: Lanes,
    telemetry: Arc<Telemetry>,
}

impl Fixture {
    fn new() -> Fixture {
        let config = Config::read(None, std::iter::empty()).unwrap();
        let (lanes, acks) = (one_lane(), Arc::new(Acks::default()));
        let telemetry = Arc::new(Telemetry::new().unwrap());
        let limits = ValidationLimits {
            future_max_us: 0,
            past_max_us: 0,
            span_max_us: 0,
            statistic_span_max_us: 0,
            device_age_max_us: 0,
        };
        let validator =
            Validator::new(Arc::new(Catalogue::builtin().unwrap()), Arc::new(Units::builtin().unwrap()), limits);
        let context = SessionContext {
            telemetry: Arc::clone(&telemetry),
            state: Arc::default(),
            clock: Arc::new(SystemClock),
            stop_reading: CancellationToken::new(),
            close: CancellationToken::new(),
            readers: Arc::new(Semaphore::new(1)),
        };
        let named = Arc::clone(&Sessions::of(&config.mqtt).wanted[0]);
        let shards = ShardsView::new(Arc::new(Shards::new(ShardName::parse("main").unwrap())));
        let reader = Reader { shards, decoders: Decoders::new(&[&CLINICAL]), validator };
        let (to_lanes, to_acks) = (lanes.clone(), Arc::clone(&acks));
        let intake = Intake::new(0, reader, to_lanes, to_acks, Arc::clone(&telemetry), 100);
        Fixture { session: Session::new(&config.mqtt, named, acks, context).unwrap(), intake, lanes, telemetry }
    }

    /// The answers of the session to the messages of one connection.
    async fn answers_to(&mut self, packet_ids: &[u16]) -> Vec<String> {
        let (ours, theirs) = tokio::io::duplex(4_096);
        let mut permit = None;
        let session = self.session.serve(connected(ours), &mut self.intake, &mut permit);
        let answers = tokio::time::timeout(TIMEOUT, async {
            tokio::select! {
                ended = session => panic!("the session has ended: {ended:?}"),
                answers = publish(theirs, packet_ids) => answers,
            }
        });
        answers.await.expect("every message is answered")
    }

    /// A connection that brings messages and ends before anything can be written to it.
    async fn lose(&mut self, packet_ids: &[u16]) {
        // The subscription does not fit, so the half that writes waits for the broker, which never reads.
        let (ours, mut theirs) = tokio::io::duplex(4);
        let broker = async {
            theirs.write_all(&messages(packet_ids)).await.unwrap();
            theirs.shutdown().await.unwrap();
        };
        let mut permit = None;
        let served = async { tokio::join!(self.session.serve(connected(ours), &mut self.intake, &mut permit), broker) };
        let (ended, ()) = tokio::time::timeout(TIMEOUT, served).await.expect("the connection ends");
        assert!(matches!(ended, Err(MqttError::Closed)), "{ended:?}");
    }
}

/// What a broker sends for messages of these packet identifiers.
fn messages(packet_ids: &[u16]) -> BytesMut {
    let mut bytes = BytesMut::new();
    for packet_id in packet_ids {
        let (topic, payload) = (b"ht/1/main/clinic/clinical".as_slice(), b"{}".as_slice());
        let packet_id = Some(*packet_id);
        Publish { topic, content_type: None, published_at_ms: None, payload, packet_id }.put(&mut bytes);
    }
    bytes
}

/// Publishes messages as a broker does, and returns the payloads of as many answers.
async fn publish(mut broker: DuplexStream, packet_ids: &[u16]) -> Vec<String> {
    broker.write_all(&messages(packet_ids)).await.unwrap();
    let (mut bytes, mut answers) = (BytesMut::new(), Vec::new());
    while answers.len() < packet_ids.len() {
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
    let mut fixture = Fixture::new();
    assert_eq!(fixture.answers_to(&[1, 2]).await, ["1", "2"], "one decoder reads all messages of its connection");
    let scrape = fixture.telemetry.render();
    assert!(scrape.contains("healthtrack_mqtt_replies_total 2"), "{scrape}");
    assert!(scrape.contains("healthtrack_mqtt_dropped_replies_total 4"), "two bad topics, two large packets: {scrape}");

    let mut batch = Vec::new();
    let next = tokio::time::timeout(TIMEOUT, fixture.lanes.queues[0].next_batch(&mut batch, Duration::ZERO));
    assert!(next.await.expect("the message is queued"));
    let [rejection] = batch[0].rejections.as_slice() else { panic!("{:?}", batch[0].rejections) };
    assert_eq!((rejection.reason, rejection.samples), (Reason::UnsupportedResource, 2));
    assert_eq!(rejection.reason.word(), "unsupported_resource");
    assert!(rejection.detail.contains("Patient") && rejection.detail.len() < 200, "{}", rejection.detail);
    assert_eq!((batch[0].samples, &batch[0].payload[..], batch[0].device.is_none()), (2, &b"{}"[..], true));
}

#[tokio::test]
async fn a_reply_goes_out_over_the_connection_of_its_message_or_not_at_all() {
    let mut fixture = Fixture::new();
    fixture.lose(&[1]).await;
    assert_eq!(fixture.answers_to(&[1]).await, ["2"], "the message came again, and its second reading is answered");
}
