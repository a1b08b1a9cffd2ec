//! A page with a fault of each kind: each is found, so that a page without any says something.

use std::net::Ipv4Addr;

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse as _;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

use super::axe::axe;
use super::chromium::Chromium;
use super::examine::examine;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'";
const PAGE: &str = r##"<!DOCTYPE html><html lang="en"><head><title>Faults</title>
    <link rel="stylesheet" href="/a.css"/><script src="/a.js" defer="defer"></script></head><body><main><h1>Faults</h1>
    <p class="pale">Pale in the dark</p> <p class="wide">Wide</p> <p style="color: red">Stopped</p>
    <button type="button" tabindex="-1" class="far">Out of reach</button>
    <a class="bare" href="#here">Without a focus</a> <input type="text"/></main></body></html>"##;
const STYLE: &str = "body { background: #fff; color: #000; } .wide { width: 500px; } .bare:focus { outline: none; }
    @media (prefers-color-scheme: dark) { .pale { color: #ccc; } }";
const SCRIPT: &str = "document.querySelector('h1').textContent = 'Other faults'; console.error('a fault is told');";

#[tokio::test]
async fn a_fault_of_each_kind_is_found() {
    let Some(axe) = axe() else { return };
    let Some(mut chromium) = Chromium::start().await else { return };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let of = |kind: &'static str, text: &'static str| {
        get(async move || {
            ([(header::CONTENT_TYPE, kind), (header::CONTENT_SECURITY_POLICY, POLICY)], text).into_response()
        })
    };
    let router = Router::new()
        .route("/", of("text/html; charset=utf-8", PAGE))
        .route("/a.css", of("text/css", STYLE))
        .route("/a.js", of("text/javascript", SCRIPT));
    let _server = AbortOnDropHandle::new(tokio::spawn(async move { axum::serve(listener, router).await.unwrap() }));
    let found = examine(&mut chromium, axe, &url).await;
    chromium.close().await;
    for fault in [
        "label: <input",
        "dark: color-contrast: <p class=\"pale\"",
        "wide on a screen of 360: <p class=\"wide\"",
        "no key leads to <button",
        "one does not see the focus of <a class=\"bare\"",
        "without its script",
        "a fault is told",
        "inline style",
    ] {
        assert!(found.iter().any(|line| line.contains(fault)), "{fault}: {found:#?}");
    }
    assert!(!found.iter().any(|line| line.starts_with("color-contrast")), "light is well: {found:#?}");
}
