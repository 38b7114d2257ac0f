//! Who gets in, and what a device must say first.

use std::{net::SocketAddr, path::Path};

use fleetfold::{
    client::{ConnectError, ConnectOptions, LoginRefusal, OperatorClient},
    server::{ADMIN, wall_ms},
};
use fleetfold_schemas::{
    DeviceId, DeviceTopic, Digest, ModelId, OperatorId, Topic, Version,
    codec::encode_cbor,
    command::{Command, Lifecycle, SetLifecycle},
    device::{Hello, Report, Running, Slot},
    token::{DeviceToken, Lifetime},
};
use fleetfold_tests::{
    Failure,
    devices::{self, Device},
    hosted::{Hosted, bounded},
    mqtt::{self, ACCEPTED, BAD_CREDENTIALS, NOT_AUTHORIZED, Pubacks},
    recount::Recount,
    site,
};
use tokio::{io::AsyncWriteExt, net::TcpStream};

/// Two devices that sign their tokens and one that has a token.
struct Devices {
    model: ModelId,
    ann: Device,
    ben: Device,
    plain: DeviceId,
}

const TOKEN: &str = "correct horse battery staple";

impl Devices {
    async fn register(operator: &OperatorClient) -> Result<Self, Failure> {
        let devices = Self {
            model: ModelId::parse("sensor")?,
            ann: Device::new("ann", 1),
            ben: Device::new("ben", 1),
            plain: DeviceId::parse("plain")?,
        };
        let model = &devices.model;
        for registration in [
            devices.ann.registration(model),
            devices.ben.registration(model),
            devices::with_token(&devices.plain, model, TOKEN),
        ] {
            operator.command(registration, None).await?;
        }
        Ok(devices)
    }

    fn hello(&self, seq: u64) -> Vec<u8> {
        encode_cbor(&Hello {
            seq,
            ..devices::hello(&self.model, running())
        })
    }
}

fn running() -> Running {
    Running {
        slot: Slot::A,
        version: Version::parse("1.0.0").expect("our own versions are valid"),
        digest: Digest::of(b"image"),
    }
}

fn report(seq: u64) -> Vec<u8> {
    encode_cbor(&Report {
        epoch: 1,
        seq,
        running: running(),
        job: None,
        boot_ms: None,
        battery_drain_bp_per_day: None,
        unexpected_reboots: None,
    })
}

/// Signed by `signer` in the name of `device`.
fn token(signer: &Device, device: &DeviceId, counter: u64) -> String {
    let now_s = wall_ms() / 1000;
    DeviceToken {
        device,
        site: site::NAME,
        lifetime: Some(Lifetime {
            issued_s: now_s,
            expires_s: now_s + 60,
        }),
        counter,
        voucher: None,
    }
    .sign(&signer.key)
}

async fn code(
    address: SocketAddr,
    client_id: &DeviceId,
    username: &DeviceId,
    password: &str,
) -> Result<u8, Failure> {
    let (client_id, username) = (client_id.as_str(), username.as_str());
    let (_, code) = mqtt::try_login(address, client_id, username, password).await?;
    Ok(code)
}

/// An engine on whose record the devices are.
async fn start(dir: &Path) -> Result<(Hosted, Devices), Failure> {
    let engine = Hosted::start(dir, None).await?;
    let operator = engine.site.operator().await?;
    let devices = Devices::register(&operator).await?;
    operator.close().await;
    Ok((engine, devices))
}

/// Publishes and waits for the PUBACK, which a client of MQTT 3.1.1 gets for a refused message, too.
async fn publish(
    stream: &mut TcpStream,
    device: &DeviceId,
    topic: DeviceTopic,
    payload: &[u8],
) -> Result<(), Failure> {
    let topic = Topic::Device(device.clone(), topic).to_string();
    stream.write_all(&mqtt::publish(&topic, 1, payload)).await?;
    assert_eq!(Pubacks::default().read(stream).await?, [1]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_needs_the_right_password_and_a_name_on_record() {
    bounded(async {
        let dir = tempfile::tempdir()?;
        let engine = Hosted::start(dir.path(), None).await?;
        for (name, password) in [(ADMIN, "wrong"), (ADMIN, ""), ("nobody", "wrong")] {
            let operator = OperatorId::parse(name)?;
            let options = ConnectOptions::new(engine.site.address.to_string(), operator, password);
            match OperatorClient::connect(options).await {
                Err(ConnectError::Refused { refusal, .. }) => {
                    assert_eq!(refusal, LoginRefusal::BadCredentials, "{name}");
                }
                other => panic!("{name}: {other:?}"),
            }
        }
        engine.site.operator().await?.close().await;
        engine.stop().await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_logs_in_with_its_own_token_only() {
    bounded(async {
        let dir = tempfile::tempdir()?;
        let (engine, devices) = start(dir.path()).await?;
        let (ann, ben, plain) = (&devices.ann, &devices.ben, &devices.plain);
        let stranger = Device::new("stranger", 1);
        let mut damaged = token(ann, &ann.id, 1);
        damaged.truncate(damaged.len() - 1);
        let at = engine.site.address;
        for (what, client_id, username, password) in [
            ("ben's token", &ann.id, &ann.id, token(ben, &ben.id, 1)),
            ("ben's signature", &ann.id, &ann.id, token(ben, &ann.id, 1)),
            ("ben's client id", &ben.id, &ann.id, token(ann, &ann.id, 1)),
            ("a damaged token", &ann.id, &ann.id, damaged),
            (
                "nobody's token",
                &stranger.id,
                &stranger.id,
                token(&stranger, &stranger.id, 1),
            ),
            ("another's plain token", &ann.id, &ann.id, TOKEN.to_owned()),
            ("a wrong plain token", plain, plain, "wrong".to_owned()),
        ] {
            let code = code(at, client_id, username, &password).await?;
            assert_eq!(code, BAD_CREDENTIALS, "{what}");
        }
        let own = token(ann, &ann.id, 1);
        assert_eq!(code(at, &ann.id, &ann.id, &own).await?, ACCEPTED);
        assert_eq!(code(at, plain, plain, TOKEN).await?, ACCEPTED);
        engine.stop().await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_token_is_good_for_one_connection_even_after_a_restart() {
    bounded(async {
        let dir = tempfile::tempdir()?;
        let (engine, devices) = start(dir.path()).await?;
        let ann = &devices.ann;
        let (fifth, sixth) = (token(ann, &ann.id, 5), token(ann, &ann.id, 6));
        let earlier = token(ann, &ann.id, 4);
        let mut stream = mqtt::login(engine.site.address, ann.id.as_str(), &fifth).await?;
        publish(&mut stream, &ann.id, DeviceTopic::Hello, &devices.hello(1)).await?;
        for used in [&fifth, &earlier] {
            let code = code(engine.site.address, &ann.id, &ann.id, used).await?;
            assert_eq!(code, BAD_CREDENTIALS);
        }
        engine.stop().await?;

        let engine = Hosted::start(dir.path(), None).await?;
        let at = engine.site.address;
        assert_eq!(code(at, &ann.id, &ann.id, &fifth).await?, BAD_CREDENTIALS);
        assert_eq!(code(at, &ann.id, &ann.id, &sixth).await?, ACCEPTED);
        engine.stop().await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_device_says_before_its_hello_is_not_heard() {
    bounded(async {
        let dir = tempfile::tempdir()?;
        let (engine, devices) = start(dir.path()).await?;
        let device = &devices.plain;
        let mut stream = mqtt::login(engine.site.address, device.as_str(), TOKEN).await?;
        publish(&mut stream, device, DeviceTopic::Report, &report(1)).await?;
        publish(&mut stream, device, DeviceTopic::Hello, &devices.hello(2)).await?;
        publish(&mut stream, device, DeviceTopic::Report, &report(3)).await?;
        let recount = Recount::of(&engine.site.data)?;
        let heard: Vec<_> = recount.messages[device].iter().copied().collect();
        assert_eq!(heard, [(1, 2), (1, 3)]);
        engine.stop().await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retired_device_is_shown_out_and_stays_out() {
    bounded(async {
        let dir = tempfile::tempdir()?;
        let (engine, devices) = start(dir.path()).await?;
        let device = &devices.plain;
        let mut stream = mqtt::login(engine.site.address, device.as_str(), TOKEN).await?;
        publish(&mut stream, device, DeviceTopic::Hello, &devices.hello(1)).await?;
        let retire = Command::SetLifecycle(SetLifecycle {
            device: device.clone(),
            lifecycle: Lifecycle::Retired,
        });
        engine.site.operator().await?.command(retire, None).await?;
        // The end of its connection.
        Pubacks::default().read(&mut stream).await.unwrap_err();
        let code = code(engine.site.address, device, device, TOKEN).await?;
        assert_eq!(code, NOT_AUTHORIZED);
        engine.stop().await
    })
    .await;
}
