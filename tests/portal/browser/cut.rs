//! A wire between browser and portal that is cut while one looks at live values: what is shown is grey until it is whole
//! again, and then the page says that it has missed something.

use std::net::Ipv4Addr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use super::chromium::Chromium;
use super::stage::Stage;
use crate::pages::Clinic;

const SHOWN: &str = "document.querySelector('#tile-heart_rate .value').textContent";
const IS_GREY: &str = "document.querySelector('#tile-heart_rate').classList.contains('stale')";

/// Carries bytes between browser and portal until it is cut.
struct CutWire {
    origin: String,
    is_cut: watch::Sender<bool>,
    _carrier: AbortOnDropHandle<()>,
}

impl CutWire {
    async fn to(stage: &Stage) -> CutWire {
        let portal = stage.origin.strip_prefix("http://").unwrap().to_owned();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let (is_cut, seen) = watch::channel(false);
        let carrier = tokio::spawn(async move {
            loop {
                let (mut browser, _) = listener.accept().await.unwrap();
                let (portal, mut seen) = (portal.clone(), seen.clone());
                tokio::spawn(async move {
                    if *seen.borrow_and_update() {
                        return;
                    }
                    let mut portal = TcpStream::connect(portal).await.unwrap();
                    tokio::select! {
                        _ = copy_bidirectional(&mut browser, &mut portal) => {}
                        _ = seen.changed() => {}
                    }
                });
            }
        });
        CutWire { origin, is_cut, _carrier: AbortOnDropHandle::new(carrier) }
    }
}

#[tokio::test]
async fn live_values_are_grey_while_the_wire_is_cut_and_what_was_missed_is_told() {
    let Some(mut web) = Chromium::start().await else { return };
    let mut clinic = Clinic::open().await;
    clinic.measured(-4, 90).await;
    let own = clinic.house.signed_in(clinic.own).await;
    let stage = Stage::open(&clinic.house.network).await;
    let wire = CutWire::to(&stage).await;
    web.keep(&wire.origin, own.cookie.as_ref().unwrap()).await;
    web.go(&format!("{}/me", wire.origin)).await;
    web.wait_until(&format!("{SHOWN} === '90' && !{IS_GREY}")).await;
    // Until the stream has told something, the page has heard nothing that it could miss.
    clinic.measured(-3, 91).await;
    web.wait_until(&format!("{SHOWN} === '91'")).await;

    wire.is_cut.send_replace(true);
    web.wait_until(IS_GREY).await;
    clinic.measured(-2, 97).await;
    clinic.measured(-1, 98).await;
    assert_eq!(web.evaluate(SHOWN).await, "91");

    wire.is_cut.send_replace(false);
    web.wait_until(&format!("{SHOWN} === '98' && !{IS_GREY}")).await;
    web.shows("More was measured while this page was cut off").await;
    web.close().await;
}
