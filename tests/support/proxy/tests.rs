//! The proxy before a peer that says everything back.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Instant;

use super::*;

/// Says back what it hears, to everybody, until the test's process ends.
fn echo() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.unwrap();
            std::thread::spawn(move || {
                let mut bytes = [0; 4_096];
                while let Ok(read @ 1..) = socket.read(&mut bytes) {
                    if socket.write_all(&bytes[..read]).is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

fn connect(proxy: &Proxy) -> TcpStream {
    let socket = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    socket
}

/// Says so many bytes and reads them back.
fn say(socket: &mut TcpStream, count: usize) -> std::io::Result<Vec<u8>> {
    socket.write_all(&vec![b'x'; count])?;
    let mut back = vec![0; count];
    socket.read_exact(&mut back)?;
    Ok(back)
}

#[test]
fn every_weather_but_flips_carries_each_byte_once_and_in_order() {
    let proxy = Proxy::start(echo(), Speaks::Secret);
    let mut socket = connect(&proxy);
    let slow = Weather { delay: Some(Duration::from_millis(50)), ..Weather::default() };
    let thin = Weather { bytes_per_s: Some(10_000), ..Weather::default() };
    let sliced = Weather { slices: true, ..Weather::default() };
    for (weather, least) in [(Weather::default(), 0), (slow, 90), (thin, 150), (sliced, 0)] {
        proxy.set(weather);
        let begun = Instant::now();
        assert_eq!(say(&mut socket, 2_000).unwrap(), vec![b'x'; 2_000]);
        assert!(begun.elapsed() >= Duration::from_millis(least), "{weather:?} took {:?}", begun.elapsed());
    }
    proxy.set(Weather { flip_every_bytes: Some(100), ..Weather::default() });
    let back = say(&mut socket, 2_000).unwrap();
    let spoilt = back.iter().filter(|byte| **byte != b'x').count();
    assert!((1..500).contains(&spoilt), "{spoilt} bytes of 2,000 are spoilt");
    assert_eq!(proxy.connections(), 1);
}

#[test]
fn silence_loses_nothing_and_a_reset_ends_both_sides() {
    let proxy = Proxy::start(echo(), Speaks::Secret);
    let mut socket = connect(&proxy);
    say(&mut socket, 1).unwrap();
    proxy.set(Weather { silent: true, ..Weather::default() });
    socket.write_all(b"waits").unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let mut back = [0; 5];
    assert!(socket.read_exact(&mut back).is_err(), "something passed in silence");
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    proxy.set(Weather::default());
    socket.read_exact(&mut back).unwrap();
    assert_eq!(&back, b"waits");
    proxy.reset();
    assert_eq!(socket.read(&mut back).unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    proxy.set(Weather { refuses: true, ..Weather::default() });
    let mut refused = connect(&proxy);
    assert!(say(&mut refused, 1).is_err());
}

#[test]
fn an_abandoned_connection_stays_open_and_silent() {
    let proxy = Proxy::start(echo(), Speaks::Secret);
    let mut socket = connect(&proxy);
    say(&mut socket, 1).unwrap();
    proxy.abandon();
    socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    assert_eq!(say(&mut socket, 1).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    assert!(say(&mut connect(&proxy), 1).is_ok(), "the next connection lives");
}

/// Method: PUBLISHes go to the daemon by way of the echo, so the daemon says them first.
#[test]
fn a_trap_lets_so_many_acknowledgements_pass_and_no_more() {
    let proxy = Proxy::start(echo(), Speaks::Mqtt);
    let mut socket = connect(&proxy);
    // PUBLISH, QoS 1, topic "t", packet 258, no properties, payload "p".
    let publish = [0x32, 7, 0, 1, b't', 1, 2, 0, b'p'];
    let mut back = [0; 9];
    socket.write_all(&publish).unwrap();
    socket.read_exact(&mut back).unwrap();
    let wire = &proxy.wires()[0];
    assert_eq!((wire.deliveries[0].packet_id, wire.deliveries[0].key), (258, key(b"t", b"p")));
    proxy.trap(Point::Pubacks(2), Then::Hold);
    let puback = [0x40, 2, 1, 2];
    socket.write_all(&[puback, puback, puback].concat()).unwrap();
    let mut two = [0; 8];
    socket.read_exact(&mut two).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    assert!(socket.read_exact(&mut [0]).is_err(), "a third acknowledgement has passed");
    assert_eq!((proxy.strikes(), proxy.wires()[0].pubacks.len()), (1, 2));
}

/// Method: what the echo says back is read as the database's answer, so a COMMIT is answered by "COMMIT", not by
/// ReadyForQuery.
#[test]
fn a_connection_that_ends_within_a_batch_or_its_commit_is_remembered_as_such() {
    let message = |letter: u8, body: &[u8]| {
        [&[letter][..], &(4 + u32::try_from(body.len()).unwrap()).to_be_bytes(), body].concat()
    };
    let startup = [&8_u32.to_be_bytes()[..], &[0, 3, 0, 0]].concat();
    for (point, cut) in [(Point::CopyBytes(5), Cut::InBatch), (Point::Commit, Cut::InCommit)] {
        let proxy = Proxy::start(echo(), Speaks::Postgres);
        let mut socket = connect(&proxy);
        proxy.trap(point, Then::Reset);
        let all = [startup.clone(), message(b'd', b"ten bytes!"), message(b'Q', b"COMMIT\0")].concat();
        socket.write_all(&all).unwrap();
        let mut all = Vec::new();
        assert!(socket.read_to_end(&mut all).is_err(), "the connection was not reset");
        assert_eq!(proxy.cuts().iter().map(|(_, cut)| *cut).collect::<Vec<_>>(), [cut]);
        assert_eq!(proxy.strikes(), 1);
    }
}
