//! What is wrong with a page: without its script, on a wide light screen, and on a narrow dark one.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::chromium::Chromium;

const EXAMINE: &str = include_str!("examine.js");
/// Looks at how far Tab has come after so many.
const TABS_AT_ONCE: u64 = 25;

/// A screen: how wide, and which colours its owner likes.
#[derive(Copy, Clone)]
pub(super) struct Screen {
    pub(super) width: u32,
    pub(super) scheme: &'static str,
}

const DESK: Screen = Screen { width: 1280, scheme: "light" };
const PHONE: Screen = Screen { width: 360, scheme: "dark" };

/// What is wrong with the page at a URL, each in a line.
pub(super) async fn examine(chromium: &mut Chromium, axe: &str, url: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    chromium.complaints();
    on(chromium, DESK, 900).await;
    chromium.call("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await;
    chromium.go(url).await;
    chromium.evaluate(EXAMINE).await;
    let plain = chromium.evaluate("examine.text()").await;
    chromium.call("Emulation.setScriptExecutionDisabled", json!({ "value": false })).await;

    chromium.go(url).await;
    chromium.evaluate(axe).await;
    chromium.evaluate(EXAMINE).await;
    wrong.extend(lines(&chromium.evaluate("examine.axe()").await));
    wrong.extend(tabs(chromium).await);
    on(chromium, PHONE, 740).await;
    wrong.extend(lines(&chromium.evaluate("examine.wide()").await));
    wrong.extend(lines(&chromium.evaluate("examine.axe()").await).into_iter().map(|line| format!("dark: {line}")));
    on(chromium, DESK, 900).await;
    let text = chromium.evaluate("examine.text()").await;
    if plain != text {
        wrong.push(format!("without its script it shows {plain}, with it {text}"));
    }
    wrong.extend(chromium.complaints());
    wrong.sort();
    wrong.dedup();
    wrong
}

/// Has the page shown on a screen.
async fn on(chromium: &mut Chromium, screen: Screen, height: u64) {
    let size = json!({ "width": screen.width, "height": height, "deviceScaleFactor": 1, "mobile": false });
    chromium.call("Emulation.setDeviceMetricsOverride", size).await;
    let likes = json!({ "features": [{ "name": "prefers-color-scheme", "value": screen.scheme }] });
    chromium.call("Emulation.setEmulatedMedia", likes).await;
}

/// What Tab does not come to.
async fn tabs(chromium: &mut Chromium) -> Vec<String> {
    let stops = chromium.evaluate("examine.stops()").await.as_u64().unwrap();
    for pressed in 1..=stops {
        chromium.press("Tab").await;
        if pressed % TABS_AT_ONCE == 0 && lines(&chromium.evaluate("examine.missed()").await).is_empty() {
            break;
        }
    }
    let mut wrong = lines(&chromium.evaluate("examine.missed()").await);
    wrong.extend(lines(&chromium.evaluate("examine.unseen()").await));
    wrong
}

/// Takes a picture of the whole page at a URL.
pub(super) async fn picture(chromium: &mut Chromium, url: &str, screen: Screen, file: &Path) {
    on(chromium, screen, 900).await;
    chromium.go(url).await;
    let height = chromium.evaluate("Math.max(300, document.documentElement.scrollHeight)").await;
    on(chromium, screen, height.as_u64().unwrap()).await;
    let taken = chromium.call("Page.captureScreenshot", json!({ "format": "png" })).await;
    std::fs::write(file, STANDARD.decode(taken["data"].as_str().unwrap()).unwrap()).unwrap();
}

fn lines(found: &Value) -> Vec<String> {
    found.as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_owned()).collect()
}
