//! An operator's client against the real server, through a proxy that cuts the line.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that fails is a test that fails"
)]

mod serving;

use std::{
    net::SocketAddr,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use fleetfold::{
    client::{ConnectError, ConnectOptions, LoginRefusal, OperatorClient, UPLOAD_PIECE_BYTES},
    server::{ADMIN, ADMIN_PASSWORD_FILE},
};
use fleetfold_schemas::{
    DeviceId, Digest, ModelId, OperatorId,
    command::{Command, Credential, RegisterDevice},
    topic::filter,
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use self::serving::{ANY_PORT, serve};

fn login(data: &Path, broker: SocketAddr) -> ConnectOptions {
    let password = std::fs::read_to_string(data.join(ADMIN_PASSWORD_FILE)).unwrap();
    let operator = OperatorId::parse(ADMIN).unwrap();
    ConnectOptions::new(broker.to_string(), operator, password.trim())
}

/// A line to a server that can be cut, and led to another server.
struct Line {
    address: SocketAddr,
    to: Arc<Mutex<SocketAddr>>,
    connections: Arc<Mutex<JoinSet<()>>>,
    made: Arc<AtomicUsize>,
}

impl Line {
    async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind(ANY_PORT).await.unwrap();
        let line = Self {
            address: listener.local_addr().unwrap(),
            to: Arc::new(Mutex::new(server)),
            connections: Arc::default(),
            made: Arc::default(),
        };
        let (to, connections) = (Arc::clone(&line.to), Arc::clone(&line.connections));
        let made = Arc::clone(&line.made);
        tokio::spawn(async move {
            loop {
                let (mut near, _) = listener.accept().await.unwrap();
                let server = *to.lock().unwrap();
                made.fetch_add(1, Ordering::Relaxed);
                connections.lock().unwrap().spawn(async move {
                    if let Ok(mut far) = TcpStream::connect(server).await {
                        let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                    }
                });
            }
        });
        line
    }

    fn cut(&self) {
        self.connections.lock().unwrap().abort_all();
    }

    fn lead_to(&self, server: SocketAddr) {
        *self.to.lock().unwrap() = server;
    }
}

fn registrations(count: usize) -> impl Iterator<Item = Command> {
    (0..count).map(|index| {
        Command::RegisterDevice(RegisterDevice {
            tenant: None,
            device: DeviceId::parse(&format!("d-{index:05}")).unwrap(),
            model: ModelId::parse("sensor-a").unwrap(),
            credential: Credential::TokenSha256([1; 32]),
        })
    })
}

#[tokio::test]
async fn a_command_is_answered_with_its_position_or_refused_with_a_code_and_words() {
    let data = tempfile::tempdir().unwrap();
    let server = serve(data.path()).await;
    let client = OperatorClient::connect(login(data.path(), server.address));
    let client = client.await.unwrap();

    let mut twice = registrations(1).chain(registrations(1));
    let accepted = client.command(twice.next().unwrap(), None).await.unwrap();
    assert!(accepted.position > 0);
    let refused = client
        .command(twice.next().unwrap(), None)
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Some("device_exists"));
    assert!(refused.to_string().contains("d-00000"), "{refused}");
    client.close().await;
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_login_that_is_refused_says_why() {
    let data = tempfile::tempdir().unwrap();
    let server = serve(data.path()).await;
    let mut options = login(data.path(), server.address);
    options.password = "guessed".to_owned();
    let refused = OperatorClient::connect(options).await.unwrap_err();
    assert!(
        matches!(
            &refused,
            ConnectError::Refused {
                refusal: LoginRefusal::BadCredentials,
                ..
            }
        ),
        "{refused}"
    );
    let options = login(data.path(), server.address);
    server.stop().await.unwrap();
    let nobody = OperatorClient::connect(options).await.unwrap_err();
    assert!(
        matches!(&nobody, ConnectError::Unreachable { .. }),
        "{nobody}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_is_carried_out_once_though_the_line_is_cut_and_the_server_restarts() {
    const COUNT: usize = 3_000;
    let data = tempfile::tempdir().unwrap();
    let first = serve(data.path()).await;
    let line = Line::to(first.address).await;
    let client = OperatorClient::connect(login(data.path(), line.address))
        .await
        .unwrap();

    let (halfway, reached) = tokio::sync::oneshot::channel();
    let mut halfway = Some(halfway);
    let commands = client.commands(registrations(COUNT), |answered| {
        if answered.is_multiple_of(COUNT / 10) {
            line.cut();
        }
        if answered == COUNT / 2
            && let Some(halfway) = halfway.take()
        {
            halfway.send(()).unwrap();
        }
    });
    let restart = async {
        reached.await.unwrap();
        first.stop().await.unwrap();
        let second = serve(data.path()).await;
        line.lead_to(second.address);
        second
    };
    let (answers, second) = tokio::join!(commands, restart);

    // Had one been carried out twice, the second time would have been refused: the device exists.
    let positions: Vec<_> = answers
        .into_iter()
        .map(|answer| answer.unwrap().position)
        .collect();
    assert_eq!(positions.len(), COUNT);
    assert!(
        positions.is_sorted_by(|a, b| a < b),
        "in the order in which they were given"
    );
    assert!(line.made.load(Ordering::Relaxed) > 5, "the line was cut");

    let statuses = client
        .collect_retained(filter::every_device_status())
        .await
        .unwrap();
    assert_eq!(statuses.len(), COUNT);
    assert!(statuses.iter().all(|status| status.retained));
    second.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_goes_on_where_the_line_was_cut() {
    let data = tempfile::tempdir().unwrap();
    let server = serve(data.path()).await;
    let line = Line::to(server.address).await;
    let client = OperatorClient::connect(login(data.path(), line.address))
        .await
        .unwrap();
    let mut image = vec![0; 20 * UPLOAD_PIECE_BYTES + 17];
    blake3::Hasher::new().finalize_xof().fill(&mut image);

    let mut told = Vec::new();
    let progress = |safe| {
        told.push(safe);
        if told.len().is_multiple_of(4) {
            line.cut();
        }
    };
    let digest = client.upload(image.clone(), progress).await.unwrap();
    assert_eq!(digest, Digest::of(&image));
    assert!(told.is_sorted());
    assert_eq!(told.last(), Some(&(image.len() as u64)));
    assert!(line.made.load(Ordering::Relaxed) > 3, "the line was cut");

    // What is there already is no trouble.
    assert_eq!(client.upload(image, |_| {}).await, Ok(digest));
    server.stop().await.unwrap();
}
