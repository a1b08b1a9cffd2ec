//! Every page of the table of URLs, with keys in it, as each part that may read it.

use axum::http::header;
use healthtrack::model::people::Role;

use super::axe::axe;
use super::chromium::Chromium;
use super::examine::examine;
use super::stage::Stage;
use crate::cast::Cast;
use crate::cells;

#[tokio::test]
async fn every_page_is_open_to_everybody_who_may_read_it() {
    let Some(axe) = axe() else { return };
    let Some(mut chromium) = Chromium::start().await else { return };
    let cast = Cast::new().await;
    let stage = Stage::open(&cast.house.network).await;
    let mut wrong = Vec::new();
    for path in ["/", "/sign-in", "/nowhere"] {
        let found = examine(&mut chromium, axe, &stage.url(path)).await;
        // The browser tells of each page that is not there.
        let found = found.into_iter().filter(|line| path != "/nowhere" || !line.contains("404"));
        wrong.extend(found.map(|line| format!("{path}: {line}")));
    }
    let mut pages = 0;
    for (at, role) in Role::ALL.iter().enumerate() {
        let browser = cast.browser(*role).await;
        chromium.forget().await;
        chromium.keep(&stage.origin, browser.cookie.as_ref().unwrap()).await;
        for (url, method, cells) in cells::all() {
            let own = cells.chars().skip(2);
            // What several may read is the same page; of a menu each has its own.
            let is_first = own.clone().position(|cell| cell == 'y') == Some(at) || url == "/account";
            if method != "GET" || own.clone().nth(at) != Some('y') || !is_first {
                continue;
            }
            let path = cast.path(url);
            let answer = browser.response("GET", &path, &[], &[]).await;
            if !answer.headers()[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/html") {
                continue;
            }
            pages += 1;
            let found = examine(&mut chromium, axe, &stage.url(&path)).await;
            wrong.extend(found.into_iter().map(|line| format!("{role} {url}: {line}")));
        }
    }
    chromium.close().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(pages > Role::ALL.len(), "{pages} pages were looked at");
}
