//! Signed heads on their way out: into a bucket and to a syslog daemon, which fail and are sent what they lack later.

use std::os::unix::net::UnixDatagram;
use std::process::Output;

use super::heads::{APPEND, Shipping, all};
use crate::support::s3::{Asked, BUCKET, Fault, S3, SECRET};

/// Ships into the bucket, and verifies what is there.
struct Bucket {
    shipping: Shipping,
    store: S3,
}

impl Bucket {
    async fn new() -> Bucket {
        Bucket { shipping: Shipping::new().await, store: S3::start().await }
    }

    fn url() -> String {
        format!("s3://{BUCKET}/heads/main")
    }

    /// Ships the heads after one more event.
    async fn ship(&mut self) -> Output {
        self.shipping.network.run(APPEND).await;
        let mut command = self.shipping.verb();
        self.store.show(&mut command);
        command.env("HEALTHTRACK__AUDIT__BUCKET", Bucket::url()).arg("ship").output().unwrap()
    }

    fn verify(&self) -> (bool, String) {
        let mut command = self.shipping.verb();
        self.store.show(&mut command);
        command.args(["verify", "--shipped", &Bucket::url(), "--public-key"]).arg(self.shipping.path("heads.pub"));
        let output = command.output().unwrap();
        (output.status.success(), all(&output))
    }

    /// The objects by name.
    fn objects(&self) -> Vec<std::path::PathBuf> {
        let entries = std::fs::read_dir(self.store.bucket().join("heads/main")).unwrap();
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_gets_each_record_once_with_the_right_to_put_alone() {
    let mut bucket = Bucket::new().await;
    bucket.store.fail(|_| Some(Fault::Answer(403)));
    let refused = bucket.ship().await;
    let said = all(&refused);
    assert!(
        !refused.status.success() && said.contains("record 1 is not in s3://") && said.contains("it refuses"),
        "{said}"
    );
    assert!(!said.contains(SECRET), "{said}");
    assert_eq!(bucket.shipping.lines().len(), 1, "it is in the file");
    // What it lacks comes with the next record, though an answer is lost on the way.
    bucket.store.take_asked();
    let mut lost = 0;
    bucket.store.fail(move |_| {
        lost += 1;
        (lost == 1).then_some(Fault::LoseAnswer)
    });
    for _ in 0..3 {
        let shipped = bucket.ship().await;
        assert!(shipped.status.success(), "{}", all(&shipped));
    }
    let asked = bucket.store.take_asked();
    assert_eq!(asked.len(), 5, "four records, one of them twice: {asked:?}");
    let puts = |asked: &Asked| asked.method == "PUT" && asked.query.is_empty() && asked.creates_with_checksum;
    assert!(asked.iter().all(puts), "{asked:?}");
    let (intact, said) = bucket.verify();
    assert!(intact && said.contains("4 signed records in order"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_was_removed_or_altered_is_found() {
    let mut bucket = Bucket::new().await;
    for _ in 0..3 {
        assert!(bucket.ship().await.status.success());
    }
    let objects = bucket.objects();
    let [second, third] = [1, 2].map(|object: usize| std::fs::read_to_string(&objects[object]).unwrap());
    std::fs::write(&objects[1], second.replacen("/2:", "/1:", 1)).unwrap();
    let (intact, said) = bucket.verify();
    assert!(!intact && said.contains("object 0000000002-") && said.contains("was altered"), "{said}");
    for (what, told) in
        [(String::new(), "is empty or holds a part of a record"), ("x".repeat(70_000), "is too long for a record")]
    {
        std::fs::write(&objects[2], what).unwrap();
        let (intact, said) = bucket.verify();
        assert!(!intact && said.contains("object 0000000003-") && said.contains(told), "{said}");
    }
    std::fs::write(&objects[2], &third).unwrap();
    std::fs::remove_file(&objects[1]).unwrap();
    let (intact, said) = bucket.verify();
    assert!(!intact && said.contains("record 2 is missing"), "{said}");
    bucket.store.fail(|_| Some(Fault::Answer(403)));
    let (intact, said) = bucket.verify();
    assert!(!intact && said.contains("cannot list s3://") && !said.contains(SECRET), "{said}");
}

#[tokio::test]
async fn a_syslog_daemon_gets_what_it_lacks_and_its_file_is_verified_as_it_is() {
    let mut shipping = Shipping::new().await;
    let socket = shipping.path("log");
    let address = format!("unix://{}", socket.display());
    let ship = |shipping: &Shipping| {
        shipping.verb().env("HEALTHTRACK__AUDIT__SYSLOG", &address).args(["ship", "--json"]).output().unwrap()
    };
    shipping.network.run(APPEND).await;
    let refused = ship(&shipping);
    assert!(!refused.status.success() && all(&refused).contains("cannot send to audit.syslog"), "{}", all(&refused));
    let daemon = UnixDatagram::bind(&socket).unwrap();
    daemon.set_nonblocking(true).unwrap();
    let shipped = ship(&shipping);
    assert!(shipped.status.success() && all(&shipped).contains("\":2}"), "{}", all(&shipped));
    assert!(ship(&shipping).status.success());
    let mut logged = String::new();
    let mut message = vec![0; 9_000];
    let mut log = |logged: &mut String| {
        while let Ok(length) = daemon.recv(&mut message) {
            let text = std::str::from_utf8(&message[..length]).unwrap();
            logged.push_str(&format!("Nov 28 10:00:00 host {text}\n"));
        }
        logged.lines().count()
    };
    assert_eq!(log(&mut logged), 3, "{logged}");
    // Where it was forgotten that they were sent they stand there twice.
    std::fs::remove_file(shipping.path("heads.sent")).unwrap();
    assert!(ship(&shipping).status.success());
    assert_eq!(log(&mut logged), 7, "{logged}");
    for (lines, said_of_them) in [(3, "3 signed records in order"), (7, "3 lines are copies of records before them")] {
        let lines: Vec<String> = logged.lines().take(lines).map(str::to_owned).collect();
        shipping.write(&lines);
        let (intact, said) = shipping.verify(&[]);
        assert!(intact && said.contains(said_of_them), "{said}");
    }
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_by_name() {
    let shipping = Shipping::new().await;
    for (key, value, words) in [
        ("SYSLOG", "logs.example.org", "audit.syslog must be unix:///dev/log"),
        ("BUCKET", "file:///tmp", "audit.bucket must be s3://"),
        ("BUCKET", "s3://user@bucket", "audit.bucket must be s3://"),
    ] {
        let refused = shipping.verb().env(format!("HEALTHTRACK__AUDIT__{key}"), value).arg("ship").output().unwrap();
        assert!(!refused.status.success() && all(&refused).contains(words), "{}", all(&refused));
    }
    assert!(!shipping.path("heads").exists());
}
