//! Chromium by its DevTools protocol: JSON, ended by a zero byte, on two pipes that are its files 3 and 4.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::support::program::Program;

/// How long anything is waited for, whatever the browser says meanwhile; a busy machine starts it slowly.
const WAIT_MAX: Duration = Duration::from_secs(120);
/// The pipes that a shell gives to a program become its files 3 and 4.
const PIPES: &str = r#"exec "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1"#;
/// Nothing is asked of the network, and nothing is shown; tests may run as root, where there is no sandbox.
const ARGUMENTS: [&str; 9] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
];

/// A page that is laid aside, with the cookies of whoever sits before it.
pub(super) struct Window {
    session: String,
    context: String,
}

/// A browser that shows one page at a time.
pub(super) struct Chromium {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    /// What it said without being asked.
    said: Vec<Value>,
    asked: u64,
    session: String,
    context: String,
    _profile: TempDir,
}

impl Chromium {
    /// Starts one, or says loudly that the machine has none.
    pub(super) async fn start() -> Option<Chromium> {
        let program = Program::installed(&["chromium", "chromium-headless-shell"], "chromium")?;
        let profile = tempfile::tempdir().unwrap();
        let mut command = Command::new("/bin/sh");
        command.args(["-c", PIPES, "sh"]).arg(program).args(ARGUMENTS);
        command.arg(format!("--user-data-dir={}", profile.path().display())).arg("about:blank");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let (to, from) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let (said, session, context) = (Vec::new(), String::new(), String::new());
        let mut chromium = Chromium { child, to, from, said, asked: 0, session, context, _profile: profile };
        chromium.forget().await;
        Some(chromium)
    }

    /// A page without cookies, history or anything that was kept before.
    pub(super) async fn forget(&mut self) {
        let old = std::mem::take(&mut self.context);
        self.session.clear();
        if !old.is_empty() {
            self.call("Target.disposeBrowserContext", json!({ "browserContextId": old })).await;
        }
        let context = self.call("Target.createBrowserContext", json!({})).await;
        self.context = text(&context["browserContextId"]);
        let blank = json!({ "url": "about:blank", "browserContextId": self.context });
        let target = self.call("Target.createTarget", blank).await;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        self.session = text(&self.call("Target.attachToTarget", attach).await["sessionId"]);
        for area in ["Page", "Runtime", "Log", "Network"] {
            self.call(&format!("{area}.enable"), json!({})).await;
        }
        self.call("Page.setLifecycleEventsEnabled", json!({ "enabled": true })).await;
        self.said.clear();
    }

    /// Opens a page of somebody else's, without cookies, and gives the one before.
    pub(super) async fn another(&mut self) -> Window {
        let nobody = Window { session: String::new(), context: String::new() };
        let before = self.turn_to(nobody);
        self.forget().await;
        before
    }

    /// Turns to a page that was laid aside, and gives the one before.
    pub(super) fn turn_to(&mut self, window: Window) -> Window {
        let session = std::mem::replace(&mut self.session, window.session);
        Window { session, context: std::mem::replace(&mut self.context, window.context) }
    }

    /// Asks for something that must be done.
    pub(super) async fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.try_call(method, parameters).await.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    async fn try_call(&mut self, method: &str, parameters: Value) -> Result<Value, Value> {
        self.asked += 1;
        let mut message = json!({ "id": self.asked, "method": method, "params": parameters });
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.to.write_all(&bytes).await.unwrap();
        let begun = Instant::now();
        loop {
            let mut heard = self.hear(begun).await;
            if heard["id"] != self.asked {
                self.said.push(heard);
            } else if heard["error"].is_null() {
                return Ok(heard["result"].take());
            } else {
                return Err(heard["error"].take());
            }
        }
    }

    /// What it says next, within what is left of a wait.
    async fn hear(&mut self, begun: Instant) -> Value {
        let mut bytes = Vec::new();
        let left = WAIT_MAX.saturating_sub(begun.elapsed());
        let heard = timeout(left, self.from.read_until(0, &mut bytes)).await;
        assert!(heard.expect("the browser answers").unwrap() > 0, "the browser has ended");
        serde_json::from_slice(bytes.strip_suffix(&[0]).unwrap()).unwrap()
    }

    /// Sets a cookie, `name=value`, as its portal would.
    pub(super) async fn keep(&mut self, origin: &str, cookie: &str) {
        let (name, value) = cookie.split_once('=').unwrap();
        let cookie = json!({ "name": name, "value": value, "url": origin, "httpOnly": true, "sameSite": "Lax" });
        self.call("Network.setCookie", cookie).await;
    }

    /// Goes to a page and waits until it has loaded.
    pub(super) async fn go(&mut self, url: &str) {
        let went = self.call("Page.navigate", json!({ "url": url })).await;
        assert!(went["errorText"].is_null(), "{url}: {went}");
        // The page before it may tell that it has loaded, too.
        let is_loaded = |event: &Value| {
            let of = &event["params"];
            event["method"] == "Page.lifecycleEvent" && of["name"] == "load" && of["loaderId"] == went["loaderId"]
        };
        let begun = Instant::now();
        while !self.said.iter().any(is_loaded) {
            let heard = self.hear(begun).await;
            self.said.push(heard);
        }
    }

    /// What an expression in the page comes to, once it is kept.
    pub(super) async fn evaluate(&mut self, expression: &str) -> Value {
        self.try_evaluate(expression).await.unwrap_or_else(|error| panic!("{expression:.200}: {error}"))
    }

    async fn try_evaluate(&mut self, expression: &str) -> Result<Value, Value> {
        let asked = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let mut found = self.try_call("Runtime.evaluate", asked).await?;
        if found["exceptionDetails"].is_null() {
            Ok(found["result"]["value"].take())
        } else {
            Err(found["exceptionDetails"].take())
        }
    }

    /// Waits until an expression is true, whatever page comes meanwhile; gives how long that took.
    pub(super) async fn wait_until(&mut self, expression: &str) -> Duration {
        let begun = Instant::now();
        while !self.try_evaluate(expression).await.is_ok_and(|value| value == true) {
            if begun.elapsed() > WAIT_MAX {
                let shown = self.evaluate("location.href + ' ' + document.body.innerText").await;
                panic!("never: {expression}: {shown}, and {:?}", self.complaints());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        begun.elapsed()
    }

    /// Presses a key, as it is named in an event of the page.
    pub(super) async fn press(&mut self, key: &str) {
        let (code, text) = match key {
            "Tab" => (9, ""),
            "Enter" => (13, "\r"),
            "Home" => (36, ""),
            "ArrowDown" => (40, ""),
            other => panic!("{other} has no number here"),
        };
        let down = if text.is_empty() { "rawKeyDown" } else { "keyDown" };
        let key =
            |kind: &str| json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text });
        self.call("Input.dispatchKeyEvent", key(down)).await;
        self.call("Input.dispatchKeyEvent", key("keyUp")).await;
    }

    /// Types into what has the focus.
    pub(super) async fn types(&mut self, text: &str) {
        self.call("Input.insertText", json!({ "text": text })).await;
    }

    /// Clicks in the middle of the first thing that a selector names.
    pub(super) async fn click(&mut self, selector: &str) {
        self.click_on(&format!("document.querySelector({})", json!(selector))).await;
    }

    /// Clicks in the middle of what an expression comes to.
    pub(super) async fn click_on(&mut self, element: &str) {
        let middle = format!(
            "(() => {{ const it = {element}; it.scrollIntoView({{ block: 'center' }});
               const box = it.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; }})()"
        );
        let at = self.evaluate(&middle).await;
        for kind in ["mousePressed", "mouseReleased"] {
            let mouse = json!({ "type": kind, "x": at[0], "y": at[1], "button": "left", "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", mouse).await;
        }
    }

    /// What the console was told since this was asked: errors, warnings, and what the page's policy stopped.
    pub(super) fn complaints(&mut self) -> Vec<String> {
        let said = std::mem::take(&mut self.said);
        said.iter().filter_map(complaint).collect()
    }

    /// Ends it.
    pub(super) async fn close(mut self) {
        self.session.clear();
        self.call("Browser.close", json!({})).await;
        timeout(WAIT_MAX, self.child.wait()).await.expect("the browser ends").unwrap();
    }
}

fn complaint(event: &Value) -> Option<String> {
    let parameters = &event["params"];
    match event["method"].as_str()? {
        "Runtime.exceptionThrown" => Some(parameters["exceptionDetails"].to_string()),
        "Runtime.consoleAPICalled" if ["error", "warning"].contains(&parameters["type"].as_str()?) => {
            Some(parameters["args"].to_string())
        }
        "Log.entryAdded" if ["error", "warning"].contains(&parameters["entry"]["level"].as_str()?) => {
            Some(parameters["entry"]["text"].to_string())
        }
        _ => None,
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
