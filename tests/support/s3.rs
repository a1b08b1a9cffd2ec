//! An object store within the test: s3s-fs, which keeps objects as files and checks signatures, behind a door that
//! fails as a test says.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(crate) const BUCKET: &str = "health";
pub(crate) const KEY_ID: &str = "tester";
/// What must be read in no output.
pub(crate) const SECRET: &str = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY";
/// Longer than any test waits for an answer.
const SILENCE: Duration = Duration::from_secs(120);

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Bucket and key.
    pub(crate) path: String,
    pub(crate) query: String,
    /// Bytes of the range that is asked for.
    pub(crate) range_bytes: Option<u64>,
    /// Whether it makes an object only where there is none, and tells the SHA-256 of what it sends.
    pub(crate) creates_with_checksum: bool,
}

impl Asked {
    pub(crate) fn is_part(&self) -> bool {
        self.method == "PUT" && self.query.contains("partNumber=")
    }

    pub(crate) fn is_completion(&self) -> bool {
        self.method == "POST" && self.query.contains("uploadId=")
    }

    pub(crate) fn is_write(&self) -> bool {
        self.method != "GET" && self.method != "HEAD"
    }
}

/// What the door does with a request.
#[derive(Copy, Clone, Debug)]
pub(crate) enum Fault {
    /// Answers this, and does nothing.
    Answer(u16),
    /// Does nothing, and never answers.
    Silence,
    /// Takes some of the body, and cuts the connection.
    Cut,
    /// Does it, and cuts the connection before the answer.
    LoseAnswer,
    /// Does it, and then flips a bit in the middle of the object.
    Spoil,
    /// Does it, and then takes the object's last byte.
    Shorten,
}

type Choice = Box<dyn FnMut(&Asked) -> Option<Fault> + Send>;

struct Door {
    service: S3Service,
    root: PathBuf,
    choose: Mutex<Choice>,
    asked: Mutex<Vec<Asked>>,
}

/// A store with one bucket; it ends with this.
#[derive(Clone)]
pub(crate) struct S3 {
    address: SocketAddr,
    door: Arc<Door>,
    _ends: Arc<Ends>,
}

struct Ends {
    task: JoinHandle<()>,
    _folder: tempfile::TempDir,
}

impl Drop for Ends {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl S3 {
    pub(crate) async fn start() -> S3 {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(BUCKET)).unwrap();
        let mut builder = S3ServiceBuilder::new(s3s_fs::FileSystem::new(folder.path()).unwrap());
        builder.set_auth(SimpleAuth::from_single(KEY_ID, SECRET));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let door = Arc::new(Door {
            service: builder.build(),
            root: folder.path().to_owned(),
            choose: Mutex::new(Box::new(|_| None)),
            asked: Mutex::default(),
        });
        let task = tokio::spawn(serve(listener, Arc::clone(&door)));
        S3 { address, door, _ends: Arc::new(Ends { task, _folder: folder }) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The folder in which the objects of the bucket lie.
    pub(crate) fn bucket(&self) -> PathBuf {
        self.door.root.join(BUCKET)
    }

    /// Parts that are kept of uploads that were neither completed nor ended.
    pub(crate) fn open_parts(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(&self.door.root).unwrap().flatten().map(|entry| entry.path());
        let is_upload = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with(".upload_id-");
        entries.filter(is_upload).collect()
    }

    /// Gives a program the way to this store, and no other.
    pub(crate) fn show(&self, command: &mut Command) {
        command
            .env("AWS_ACCESS_KEY_ID", KEY_ID)
            .env("AWS_SECRET_ACCESS_KEY", SECRET)
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ENDPOINT_URL", self.url())
            .env("AWS_ALLOW_HTTP", "true");
    }

    /// From now on each request meets what `choose` says.
    pub(crate) fn fail(&self, choose: impl FnMut(&Asked) -> Option<Fault> + Send + 'static) {
        *self.door.choose.lock().unwrap() = Box::new(choose);
    }

    /// From now on it does what it is asked for.
    pub(crate) fn heal(&self) {
        self.fail(|_| None);
    }

    /// Whether something of this kind was asked for.
    pub(crate) fn asked(&self, kind: impl Fn(&Asked) -> bool) -> bool {
        self.door.asked.lock().unwrap().iter().any(kind)
    }

    /// What was asked for since the last time that this was called.
    pub(crate) fn take_asked(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.door.asked.lock().unwrap())
    }
}

async fn serve(listener: TcpListener, door: Arc<Door>) {
    while let Ok((socket, _)) = listener.accept().await {
        let door = Arc::clone(&door);
        tokio::spawn(async move {
            let answer = |request| {
                let door = Arc::clone(&door);
                async move { answer(&door, request).await }
            };
            let service = hyper::service::service_fn(answer);
            // It ends in an error where the door cuts it.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service).await;
        });
    }
}

async fn answer(door: &Door, request: Request<Incoming>) -> Result<Response<s3s::Body>, std::io::Error> {
    let range = request.headers().get("range").and_then(|range| range.to_str().ok()?.strip_prefix("bytes="));
    let range_bytes = range.and_then(|range| {
        let (from, to) = range.split_once('-')?;
        Some(to.parse::<u64>().ok()? + 1 - from.parse::<u64>().ok()?)
    });
    let has = |name: &str| request.headers().contains_key(name);
    let asked = Asked {
        method: request.method().to_string(),
        path: request.uri().path().trim_start_matches('/').replace("%3D", "="),
        query: request.uri().query().unwrap_or_default().to_owned(),
        range_bytes,
        creates_with_checksum: has("if-none-match") && has("x-amz-checksum-sha256"),
    };
    door.asked.lock().unwrap().push(asked.clone());
    let fault = (door.choose.lock().unwrap())(&asked);
    let cut = || std::io::Error::other("cut by the test");
    match fault {
        Some(Fault::Answer(status)) => {
            return Ok(Response::builder().status(status).body(s3s::Body::empty()).unwrap());
        }
        Some(Fault::Silence) => tokio::time::sleep(SILENCE).await,
        Some(Fault::Cut) => {
            let _ = request.into_body().frame().await;
            return Err(cut());
        }
        _ => {}
    }
    let done = door.service.call(request.map(s3s::Body::from)).await.map_err(|_| cut())?;
    if !done.status().is_success() {
        return Ok(done);
    }
    let (head, body) = done.into_parts();
    // All of it is done when all of the answer was given.
    let body = body.collect().await.map_err(|_| cut())?.to_bytes();
    match fault {
        Some(Fault::LoseAnswer) => return Err(cut()),
        Some(Fault::Spoil) => alter(&door.root.join(&asked.path), |bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
        }),
        Some(Fault::Shorten) => alter(&door.root.join(&asked.path), |bytes| {
            bytes.pop();
        }),
        _ => {}
    }
    Ok(Response::from_parts(head, s3s::Body::from(body)))
}

fn alter(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(path).unwrap();
    change(&mut bytes);
    std::fs::write(path, bytes).unwrap();
}
