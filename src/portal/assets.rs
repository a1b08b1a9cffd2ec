//! Assets: within the binary, under names that change with what is in them, so that a browser keeps each for ever.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// A file that pages refer to.
struct Asset {
    bytes: &'static [u8],
    kind: &'static str,
    /// `style-0123456789ab.css`.
    name: String,
}

impl Asset {
    fn of(stem: &str, ending: &str, kind: &'static str, bytes: &'static [u8]) -> Asset {
        let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
        let hash: String = hex::encode(digest.as_ref()).chars().take(12).collect();
        Asset { bytes, kind, name: format!("{stem}-{hash}.{ending}") }
    }
}

static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::of("style", "css", "text/css; charset=utf-8", include_bytes!("assets/style.css")));
static SCRIPT: LazyLock<Asset> =
    LazyLock::new(|| Asset::of("live", "js", "text/javascript; charset=utf-8", include_bytes!("assets/live.js")));
static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::of("icon", "svg", "image/svg+xml", include_bytes!("assets/icon.svg")));

/// The path of the stylesheet.
pub(super) fn style() -> String {
    format!("/assets/{}", STYLE.name)
}

/// The path of the script.
pub(super) fn script() -> String {
    format!("/assets/{}", SCRIPT.name)
}

/// The path of the icon.
pub(super) fn icon() -> String {
    format!("/assets/{}", ICON.name)
}

/// Gives an asset by its name.
pub(super) async fn get(Path(name): Path<String>) -> Response {
    match [&*STYLE, &*SCRIPT, &*ICON].into_iter().find(|asset| asset.name == name) {
        Some(asset) => {
            let kept = "public, max-age=31536000, immutable";
            ([(header::CONTENT_TYPE, asset.kind), (header::CACHE_CONTROL, kept)], asset.bytes).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
