//! Operators come and go while the engine runs: what they may do, and when their sessions end.

use fleetfold::{
    client::{ConnectError, ConnectOptions, LoginRefusal, OperatorClient},
    server::ADMIN,
};
use fleetfold_core::Fact;
use fleetfold_device_sim::fleet::{Behaviour, Fleet};
use fleetfold_schemas::{
    CampaignId, OperatorId, OperatorTopic, Topic,
    approval::ApprovalPolicy,
    command::{
        AddOperator, ApproveCampaign, ChangeOperator, Command, CommandMessage, ListOperators,
        RevokeOperator, SetPassword, TrustKey,
    },
    operator::{OperatorList, Role, Tenants},
    password::{NewPassword, Password},
    status::CampaignState,
};
use fleetfold_tests::{
    Failure,
    devices::Device,
    firmware::{Model, Release},
    hosted::{Hosted, bounded},
    mqtt::{self, Pubacks},
    recount::Recount,
    site,
};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const FIRST: &str = "correct horse battery staple";
const SECOND: &str = "staple battery horse correct";

fn named(name: &str) -> OperatorId {
    OperatorId::parse(name).expect("our own names are valid")
}

fn new_password(text: &str) -> NewPassword {
    NewPassword::Plain(Password::new(text).expect("our own passwords are long"))
}

fn add(name: &str, role: Role) -> Command {
    Command::AddOperator(AddOperator {
        operator: named(name),
        role,
        tenants: Tenants::All,
        password: new_password(FIRST),
    })
}

fn password(name: &str, text: &str) -> Command {
    Command::SetPassword(SetPassword {
        operator: named(name),
        password: new_password(text),
    })
}

fn revoke(name: &str) -> Command {
    Command::RevokeOperator(RevokeOperator {
        operator: named(name),
        reason: None,
    })
}

async fn log_in(
    engine: &Hosted,
    name: &str,
    password: &str,
) -> Result<OperatorClient, ConnectError> {
    let address = engine.site.address.to_string();
    OperatorClient::connect(ConnectOptions::new(address, named(name), password)).await
}

async fn is_refused(engine: &Hosted, name: &str, password: &str) -> bool {
    let refused = log_in(engine, name, password).await;
    matches!(
        refused,
        Err(ConnectError::Refused {
            refusal: LoginRefusal::BadCredentials,
            ..
        })
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_is_added_gets_another_password_and_is_revoked() {
    bounded(async {
        let dir = tempfile::tempdir()?;
        let engine = Hosted::start(dir.path(), None).await?;
        let admin = engine.site.operator().await?;
        admin.command(add("vera", Role::Viewer), None).await?;

        // A viewer may set its own password, and nothing else.
        let vera = log_in(&engine, "vera", FIRST).await?;
        let refused = vera.command(add("eve", Role::Admin), None).await;
        assert_eq!(refused.unwrap_err().code(), Some("not_authorized"));
        vera.command(password("vera", SECOND), None).await?;
        drop(vera);
        assert!(is_refused(&engine, "vera", FIRST).await);
        log_in(&engine, "vera", SECOND).await?.close().await;

        // Whoever is revoked is shown out, and stays out over a restart.
        let address = engine.site.address;
        let mut session = mqtt::login(address, "vera", SECOND).await?;
        admin.command(revoke("vera"), None).await?;
        assert_eq!(session.read(&mut [0; 1]).await?, 0, "the session is closed");
        assert!(is_refused(&engine, "vera", SECOND).await);
        admin.close().await;
        engine.stop().await?;

        let engine = Hosted::start(dir.path(), None).await?;
        assert!(is_refused(&engine, "vera", SECOND).await);
        let admin = engine.site.operator().await?;
        let answer = admin.command(Command::ListOperators(ListOperators {}), None);
        let list: OperatorList = serde_json::from_value(answer.await?.result.unwrap_or_default())?;
        let told = list.operators.iter();
        let told: Vec<_> = told
            .map(|operator| (operator.operator.as_str(), operator.revoked_ms.is_some()))
            .collect();
        assert_eq!(told, [(ADMIN, false), ("vera", true)]);
        admin.close().await;
        engine.stop().await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_with_the_rights_it_was_opened_with() {
    bounded(async {
        let dir = tempfile::tempdir()?;
        let engine = Hosted::start(dir.path(), None).await?;
        let admin = engine.site.operator().await?;
        admin.command(add("bea", Role::Operator), None).await?;
        let mut session = mqtt::login(engine.site.address, "bea", FIRST).await?;
        let change = Command::ChangeOperator(ChangeOperator {
            operator: named("bea"),
            role: Some(Role::Admin),
            tenants: None,
        });
        admin.command(change, None).await?;
        assert_eq!(session.read(&mut [0; 1]).await?, 0, "the session is closed");
        let bea = log_in(&engine, "bea", FIRST).await?;
        // Now there are two, so either may go; the one that is left may not.
        bea.command(revoke(ADMIN), None).await?;
        let last = bea.command(revoke("bea"), None).await.unwrap_err();
        assert_eq!(last.code(), Some("last_admin"));
        bea.close().await;
        engine.stop().await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_password_is_in_the_log() {
    bounded(async {
        let dir = tempfile::tempdir()?;
        let engine = Hosted::start(dir.path(), None).await?;
        let admin = engine.site.operator().await?;
        admin.command(add("bea", Role::Operator), None).await?;
        admin.command(password("bea", SECOND), None).await?;
        admin.close().await;
        let mut log = Vec::new();
        for recorded in Recount::of(&engine.site.data)?.facts {
            recorded.fact.encode_into(&mut log);
        }
        let has = |text: &str| log.windows(text.len()).any(|part| part == text.as_bytes());
        assert!(
            has("bea") && has("$argon2id$"),
            "what is looked for can be found"
        );
        assert!(!has(FIRST) && !has(SECOND), "a password is in the log");
        engine.stop().await
    })
    .await;
}

/// Someone who subscribes to a broker with a retained command on it would give that command again at every connection.
#[tokio::test(flavor = "multi_thread")]
async fn a_retained_command_is_refused_and_leaves_no_trace() {
    bounded(async {
        let dir = tempfile::tempdir()?;
        let engine = Hosted::start(dir.path(), None).await?;
        let admin = engine.site.operator().await?;
        admin.command(add("bea", Role::Admin), None).await?;
        let topic = Topic::Operator(named("bea"), OperatorTopic::Command).to_string();
        let trust = |name: &str| {
            let command = Command::TrustKey(TrustKey {
                name: name.parse().expect("our own names are valid"),
                public_key: ed25519_dalek::SigningKey::from_bytes(&[name.len() as u8; 32])
                    .verifying_key()
                    .to_bytes(),
            });
            let message = CommandMessage {
                id: None,
                expected_version: None,
                command,
            };
            message.encode()
        };
        let mut stream = mqtt::login(engine.site.address, "bea", FIRST).await?;
        let mut retained = mqtt::publish(&topic, 1, &trust("retained"));
        retained[0] |= 1;
        stream.write_all(&retained).await?;
        stream
            .write_all(&mqtt::publish(&topic, 2, &trust("plain")))
            .await?;
        let (mut pubacks, mut answered) = (Pubacks::default(), Vec::new());
        while answered.len() < 2 {
            answered.extend(pubacks.read(&mut stream).await?);
        }
        assert_eq!(answered, [1, 2]);
        drop(stream);
        let facts = Recount::of(&engine.site.data)?.facts;
        let trusted = facts.iter().filter_map(|recorded| match &recorded.fact {
            Fact::KeyTrusted(fact) => Some(fact.name.as_str()),
            _ => None,
        });
        assert_eq!(trusted.collect::<Vec<_>>(), ["plain"]);
        admin.close().await;
        engine.stop().await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_waits_for_another_person_and_over_a_restart() {
    bounded(async {
        let dir = tempfile::tempdir()?;
        let approvals = ApprovalPolicy {
            start: 1,
            ..ApprovalPolicy::default()
        };
        let engine = Hosted::start_asking(dir.path(), approvals.clone()).await?;
        let admin = engine.site.operator().await?;
        let (model, release) = (Model::new("sensor", 7), Release::first(7, 64 * 1024));
        admin.command(model.trust(), None).await?;
        model.publish(&admin, &release).await?;
        let campaign = CampaignId::parse("spring")?;
        let spec = json!({
            "id": campaign,
            "release": {"model": model.id, "version": release.version},
        });
        let spec = serde_json::from_value(spec)?;
        admin.command(site::create(spec), None).await?;
        let start = || Command::StartCampaign(site::of(&campaign));
        // Nobody is there who could approve it.
        let refused = admin.command(start(), None).await.unwrap_err();
        assert_eq!(refused.code(), Some("too_few_approvers"));
        admin.command(add("bea", Role::Approver), None).await?;
        let asked = admin
            .command(start(), None)
            .await?
            .result
            .unwrap_or_default();
        assert_eq!(
            (&asked["approval"], &asked["needed"]),
            (&json!("pending"), &json!(1))
        );
        let approve = Command::ApproveCampaign(ApproveCampaign {
            campaign: campaign.clone(),
            request: None,
            digest: None,
            reason: None,
        });
        let own = admin.command(approve.clone(), None).await.unwrap_err();
        assert_eq!(own.code(), Some("not_authorized"));
        admin.close().await;
        engine.stop().await?;

        let engine = Hosted::start_asking(dir.path(), approvals).await?;
        let bea = log_in(&engine, "bea", FIRST).await?;
        let waiting = site::until(&bea, &campaign, |_| true).await?;
        assert_eq!(waiting.status, CampaignState::Draft);
        assert_eq!(
            waiting.hold.map(|hold| hold.kind).as_deref(),
            Some("approval")
        );
        assert_eq!(json!(waiting.approvals[0].request), asked["request"]);
        bea.command(approve, None).await?;
        let started = site::until(&bea, &campaign, |status| status.started_ms.is_some());
        assert!(started.await?.approvals.is_empty());
        bea.close().await;
        engine.stop().await
    })
    .await;
}

/// Two devices of two tenants, a campaign for each of them and one for both.
async fn two_tenants(engine: &Hosted, admin: &OperatorClient) -> Result<Fleet, Failure> {
    let (model, release) = (Model::new("sensor", 7), Release::first(7, 64 * 1024));
    admin.command(model.trust(), None).await?;
    model.publish(admin, &release).await?;
    let mut devices = Vec::new();
    for tenant in ["acme", "beta"] {
        let device = Device::new(&format!("{tenant}-1"), 7);
        let mut register = device.registration(&model.id);
        if let Command::RegisterDevice(register) = &mut register {
            register.tenant = Some(tenant.parse()?);
        }
        admin.command(register, None).await?;
        devices.push(device.running(&model.id, &release));
    }
    for (campaign, tenants) in [("of-acme", "acme"), ("of-beta", "beta"), ("of-both", "*")] {
        let spec = json!({
            "id": campaign,
            "release": {"model": model.id, "version": release.version},
            "groups": [{"name": "all", "criteria": {"tenant": tenants}}],
        });
        let create = site::create(serde_json::from_value(spec)?);
        admin.command(create, None).await?;
    }
    engine
        .site
        .fleet(&model, devices, Behaviour::fair(), engine.clock(), 7)
}

async fn seen(who: &OperatorClient, filter: &str) -> Result<Vec<String>, Failure> {
    let values = who.collect_retained(format!("fleet/v1/{filter}")).await?;
    let topics = values.into_iter().map(|value| {
        let topic = value.topic.strip_prefix("fleet/v1/").map(str::to_owned);
        topic.unwrap_or_default()
    });
    Ok(topics.collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_of_a_tenant_sees_and_commands_what_is_its_own() {
    bounded(async {
        let dir = tempfile::tempdir()?;
        let engine = Hosted::start(dir.path(), None).await?;
        let admin = engine.site.operator().await?;
        let of = |tenant: &str| Tenants::Only(vec![tenant.parse().expect("it is a name")]);
        let mut tess = add("tess", Role::Operator);
        if let Command::AddOperator(command) = &mut tess {
            command.tenants = of("acme");
        }
        admin.command(tess, None).await?;
        let tess = log_in(&engine, "tess", FIRST).await?;
        let mut everything = tess.subscribe("fleet/v1/#").await?;
        let fleet = two_tenants(&engine, &admin).await?;

        // Both come online; one of them is seen to.
        let mut presence = admin.subscribe("fleet/v1/devices/+/presence").await?;
        let mut online = std::collections::BTreeSet::new();
        while online.len() < 2 {
            online.insert(presence.next().await?.topic);
        }
        let mut heard = std::collections::BTreeSet::new();
        while !heard.contains("fleet/v1/devices/acme-1/presence") {
            heard.insert(everything.next().await?.topic);
        }
        let foreign = heard
            .iter()
            .find(|topic| topic.contains("bet") || topic.contains("both"));
        assert_eq!(foreign, None);
        for (filter, own) in [
            ("devices/+/status", "devices/acme-1/status"),
            ("devices/+/presence", "devices/acme-1/presence"),
            ("campaigns/+/status", "campaigns/of-acme/status"),
            ("campaigns/of-both/status", ""),
            ("devices/beta-1/status", ""),
        ] {
            let own: Vec<_> = [own].into_iter().filter(|own| !own.is_empty()).collect();
            assert_eq!(seen(&tess, filter).await?, own, "{filter}");
        }
        assert_eq!(seen(&admin, "devices/+/status").await?.len(), 2);

        let pause = |name: &str| -> Result<_, Failure> {
            Ok(Command::CancelCampaign(site::of(&CampaignId::parse(name)?)))
        };
        for others in ["of-beta", "of-both"] {
            let refused = tess.command(pause(others)?, None).await.unwrap_err();
            assert_eq!(refused.code(), Some("not_authorized"), "{others}");
        }
        tess.command(pause("of-acme")?, None).await?;

        // Another scope is another session.
        let change = Command::ChangeOperator(ChangeOperator {
            operator: named("tess"),
            role: None,
            tenants: Some(of("beta")),
        });
        admin.command(change, None).await?;
        drop(tess);
        let tess = log_in(&engine, "tess", FIRST).await?;
        assert_eq!(
            seen(&tess, "devices/+/status").await?,
            ["devices/beta-1/status"]
        );
        tess.command(pause("of-beta")?, None).await?;
        tess.close().await;
        admin.close().await;
        fleet.stop().await;
        engine.stop().await
    })
    .await;
}
