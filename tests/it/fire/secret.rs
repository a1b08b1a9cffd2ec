//! Spoilt bytes: with TLS each is noticed and ends the connection, so nothing false is ever stored.
//!
//! Without TLS they cannot be noticed, and no test pretends otherwise: MQTT has no checksum of its own, TCP's sixteen
//! bits catch what a wire spoils and not what a middle box rewrites, and a heart rate of 61 that left as 60 is as
//! believable as before. Whoever does not trust the network says `mqtts://` and `sslmode=verify-full`.

use super::stack::{MIX, Setup, TIMEOUT, TestStack, has_program};
use crate::support::mosquitto::{Mosquitto, MosquittoOptions};
use crate::support::proxy::{Proxy, Speaks, Weather};
use crate::support::wait::wait_until;
use std::path::Path;
use std::process::{Command, Stdio};

/// An authority, and a certificate of it for 127.0.0.1.
const CERTIFY: &str = r#"
set -e
cd "$1"
printf 'subjectAltName=IP:127.0.0.1,DNS:localhost\nbasicConstraints=CA:FALSE\n' >leaf.ext
key="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
openssl req -x509 $key -keyout ca.key -out ca.pem -days 2 -subj "/CN=test authority"
openssl req $key -keyout server.key -out server.csr -subj "/CN=localhost"
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -days 2 -extfile leaf.ext
"#;

fn certify(folder: &Path) -> bool {
    let made = Command::new("/bin/sh").args(["-c", CERTIFY, "sh"]).arg(folder).stdin(Stdio::null()).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    made.status.success()
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_spoilt_on_a_tls_wire_end_the_connection_and_are_never_believed() {
    if !has_program("openssl") {
        crate::support::skip("openssl is not installed; apt-get install openssl");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    certify(folder.path());
    let file = |name: &str| folder.path().join(name).display().to_string();
    let port = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let more = vec![
        format!("listener {port} 127.0.0.1"),
        format!("cafile {}", file("ca.pem")),
        format!("certfile {}", file("server.pem")),
        format!("keyfile {}", file("server.key")),
    ];
    let broker = MosquittoOptions { more, ..MosquittoOptions::default() };
    let Some(mosquitto) = Mosquitto::start(&broker) else { return };
    let broker_side = Proxy::start(format!("127.0.0.1:{port}"), Speaks::Secret);
    let url = format!("mqtts://127.0.0.1:{}", broker_side.port());
    let setup = Setup { keys: vec![("MQTT__TLS_CA_FILE", file("ca.pem"))], ..Setup::new(11) };
    let mut stack = TestStack::build_around(setup, mosquitto, broker_side, url).await;
    stack.load(1_200, 200, MIX);
    stack.wait_for_more(100).await;
    for every_bytes in [5_000, 1_000] {
        let connections = stack.broker_side.connections();
        stack.broker_side.set(Weather { flip_every_bytes: Some(every_bytes), ..Weather::default() });
        stack.note(format!("one bit in {every_bytes} bytes is turned"));
        wait_until(TIMEOUT, "spoilt bytes end connections", || async {
            stack.broker_side.connections() >= connections + 2
        })
        .await;
        stack.heal();
        stack.daemon.wait_ready().await;
    }
    stack.judge().await.must_hold();
}
