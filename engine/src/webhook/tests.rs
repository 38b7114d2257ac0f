//! A webhook between a log and a real HTTP server, both at hand.

use std::{
    collections::VecDeque,
    ops::Range,
    path::Path,
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, Sender, channel},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State as Shared,
    http::{HeaderMap, StatusCode, header::LOCATION},
    response::{IntoResponse, Response},
    routing::post,
};
use fleetfold_core::{
    Core,
    fact::{StorageLow, StorageRecovered},
};
use fleetfold_schemas::{
    status::AlertKind,
    webhook::{Notice as Told, NoticeKind},
};
use tokio::{runtime::Runtime, sync::oneshot};

use super::*;
use crate::log::{Batch, Log, LogOptions};

/// Longer than anything here takes on a machine that does ten other things.
const PATIENCE: Duration = Duration::from_secs(60);
/// Of a request; short, because one test waits for it.
const TIMEOUT: Duration = Duration::from_secs(2);

enum Event {
    Asked(Query),
    Called(Box<Called>),
}

/// A request as the other side saw it.
#[derive(Debug)]
struct Called {
    id: String,
    told: Told,
}

/// What the other side does with a request.
enum Answer {
    Status(u16),
    /// Says that it has moved to where nobody is to follow.
    Moved,
    Hangs,
    /// Takes it when told to.
    Held(oneshot::Receiver<()>),
}

#[derive(Clone)]
struct Script {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    events: Sender<Event>,
}

/// Answers as its script says, and takes everything when that is over.
async fn called(Shared(script): Shared<Script>, headers: HeaderMap, body: Bytes) -> Response {
    let id = headers["webhook-id"].to_str().unwrap().to_owned();
    let told = serde_json::from_slice(&body).unwrap();
    let answer = script.answers.lock().unwrap().pop_front();
    // The test may be over.
    let _ = script
        .events
        .send(Event::Called(Box::new(Called { id, told })));
    match answer {
        None => StatusCode::NO_CONTENT.into_response(),
        Some(Answer::Status(status)) => StatusCode::from_u16(status).unwrap().into_response(),
        Some(Answer::Moved) => {
            (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, "/moved")]).into_response()
        }
        Some(Answer::Hangs) => std::future::pending().await,
        Some(Answer::Held(release)) => {
            let _ = release.await;
            StatusCode::NO_CONTENT.into_response()
        }
    }
}

/// The owner and the other side.
struct Bench {
    dir: tempfile::TempDir,
    log: Log,
    core: Core,
    webhook: Option<Webhook>,
    url: String,
    script: Script,
    events: Receiver<Event>,
    _server: Runtime,
}

fn open(dir: &Path) -> Log {
    Log::open(&log_dir(dir), &LogOptions::default()).unwrap().0
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (events, happened) = channel();
        let script = Script {
            answers: Arc::default(),
            events,
        };
        let app = Router::new().route("/hook", post(called));
        let app = app.with_state(script.clone());
        let server = Runtime::new().unwrap();
        let listener = server.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"));
        let listener = listener.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        server.spawn(async move { axum::serve(listener, app).await });
        Self {
            log: open(dir.path()),
            core: Core::default(),
            webhook: None,
            url,
            script,
            events: happened,
            dir,
            _server: server,
        }
    }

    fn will(&self, answers: impl IntoIterator<Item = Answer>) {
        self.script.answers.lock().unwrap().extend(answers);
    }

    fn start(&mut self) {
        let events = self.script.events.clone();
        let webhook = Webhook::start(
            Target::new(&self.url, TIMEOUT).unwrap(),
            &"here".parse().unwrap(),
            self.dir.path(),
            self.log.head(),
            move |query| events.send(Event::Asked(query)).is_ok(),
        );
        self.webhook = Some(webhook.unwrap());
    }

    /// Appends so many facts about the site's room as one batch: the even positions say that it is low.
    fn record(&mut self, count: u64) {
        let first = self.log.head().seq + 1;
        let at = 1_700_000_000_000 + first;
        let mut batch = Batch::new(first, at);
        let mut facts = Vec::new();
        for position in first..first + count {
            let fact: Fact = if position % 2 == 0 {
                StorageLow {
                    free_bytes: position,
                    floor_bytes: 1 << 40,
                }
                .into()
            } else {
                StorageRecovered {
                    free_bytes: position,
                }
                .into()
            };
            let mut record = Vec::new();
            fact.encode_into(&mut record);
            batch.push(&record).unwrap();
            self.core.replay(at, &fact);
            facts.push(fact);
        }
        let head = self.log.append(&batch).unwrap();
        if let Some(webhook) = &mut self.webhook {
            webhook.committed(self.core.state(), at, &facts, head);
        }
    }

    /// Does the owner's part until the other side is called.
    fn called(&mut self) -> Box<Called> {
        loop {
            let event = self.events.recv_timeout(PATIENCE);
            match event.expect("somebody is told within that time") {
                Event::Called(called) => return called,
                Event::Asked(query) => self.answer(query),
            }
        }
    }

    /// Until the worker has asked for what is recorded from then on.
    fn followed(&mut self) {
        while self.webhook.as_ref().unwrap().queue.is_none() {
            match self.events.recv_timeout(PATIENCE).unwrap() {
                Event::Asked(query) => self.answer(query),
                Event::Called(called) => panic!("nothing is to be told, and it was {called:?}"),
            }
        }
    }

    fn answer(&mut self, query: Query) {
        // An earlier one may have asked, and ended meanwhile.
        if let Some(webhook) = &mut self.webhook {
            webhook.answer(query, self.core.state(), self.log.head());
        }
    }

    /// The other side is told of these positions, of each once and in their order.
    fn is_told(&mut self, positions: Range<u64>) {
        for position in positions {
            assert_eq!(self.called().told.data.position, position);
        }
    }
}

#[test]
fn what_is_recorded_is_told_in_its_order_and_what_was_before_is_not() {
    let mut bench = Bench::new();
    bench.record(1);
    bench.start();
    bench.followed();
    bench.record(2);
    let low = bench.called();
    assert_eq!(low.id, "here-2-1700000000002");
    assert_eq!(low.told.kind, NoticeKind::AlertRaised);
    assert_eq!(low.told.timestamp, "2023-11-14T22:13:20.002Z");
    assert_eq!(low.told.data.id, "storage_low");
    let alert = low.told.data.alert.unwrap();
    assert!(matches!(
        alert.kind,
        AlertKind::StorageLow { free_bytes: 2, .. }
    ));
    let recovered = bench.called();
    assert_eq!(recovered.told.kind, NoticeKind::AlertCleared);
    assert_eq!(recovered.told.data.id, "storage_low");
    assert_eq!(recovered.told.data.alert, None);
    bench.record(1);
    bench.is_told(4..5);
}

#[test]
fn what_is_not_taken_is_told_again_before_anything_else() {
    let mut bench = Bench::new();
    bench.start();
    bench.followed();
    bench.will([
        Answer::Status(503),
        Answer::Moved,
        Answer::Hangs,
        Answer::Status(204),
    ]);
    bench.record(2);
    let first = bench.called();
    for _ in 0..3 {
        let again = bench.called();
        assert_eq!((&again.id, &again.told), (&first.id, &first.told));
    }
    bench.is_told(2..3);
}

#[test]
fn a_restart_goes_on_where_the_other_side_was() {
    let mut bench = Bench::new();
    bench.start();
    bench.followed();
    let (_release, held) = oneshot::channel();
    bench.will([Answer::Status(204), Answer::Held(held)]);
    bench.record(2);
    bench.is_told(1..3);
    bench.webhook = None;
    // More in one batch than is read at once, and nobody to tell.
    bench.record(200);
    bench.start();
    // What was on its way may have been taken.
    bench.is_told(2..203);
    bench.record(1);
    bench.is_told(203..204);
}

#[test]
fn the_owner_never_waits_and_nothing_is_left_out() {
    let mut bench = Bench::new();
    bench.start();
    bench.followed();
    let (release, held) = oneshot::channel();
    bench.will([Answer::Held(held)]);
    bench.record(1);
    assert_eq!(bench.called().told.data.position, 1);
    let count = 2 * QUEUE_MAX as u64;
    for _ in 0..count {
        bench.record(1);
    }
    assert!(bench.webhook.as_ref().unwrap().queue.is_none());
    release.send(()).unwrap();
    bench.is_told(2..count + 2);
    bench.record(1);
    bench.is_told(count + 2..count + 3);
}

#[test]
fn a_log_that_was_put_back_is_followed_from_where_it_stands() {
    let mut bench = Bench::new();
    bench.record(1);
    let earlier = tempfile::tempdir().unwrap();
    bench.start();
    bench.followed();
    bench.record(4);
    bench.is_told(2..6);
    bench.webhook = None;
    // The same site, of which a copy was left that ends sooner and goes on otherwise.
    let cursor = bench.dir.path().join(CURSOR_FILE);
    std::fs::copy(cursor, earlier.path().join(CURSOR_FILE)).unwrap();
    bench.log = open(earlier.path());
    bench.core = Core::default();
    bench.dir = earlier;
    bench.record(2);
    bench.start();
    bench.followed();
    bench.record(1);
    bench.is_told(3..4);
}
