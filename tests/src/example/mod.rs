//! The campaign of `deploy/examples`, exactly as it is shipped, from its file to its report: the product's command line, a
//! server whose time runs fast, and a hundred devices over MQTT.
//!
//! What is expected is worked out from the words of the description, not by the engine.

mod fleet;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use fleetfold_core::Fact;
use fleetfold_device_sim::fleet::{Behaviour, DeviceState, Verdict};
use fleetfold_schemas::{
    CampaignId, DeviceId,
    campaign::{CampaignDefaults, DAY_MS, HOUR_MS},
    report::{CampaignReport, KpiName, Prices},
    status::{CampaignState, CampaignStatus, FleetSummary},
    topic::Topic,
};
use serde_json::json;

use self::fleet::{GROUPS, Placed, Product};
use crate::{
    Failure,
    hosted::{Configured, Hosted},
    recount::{Recorded, Recount},
};

/// What the example calls itself.
const CAMPAIGN: &str = "spring-2026";
/// Six hours of a campaign in a second.
const SPEED: u32 = 21_600;
/// The phases of the example: cumulative share in percent, and hours.
const PHASES: [(&str, usize, u64); 4] = [
    ("canary", 1, 24),
    ("early", 10, 24),
    ("broad", 30, 48),
    ("full", 100, 72),
];
/// Longer than all of it takes on a machine that does other things, too.
const PATIENCE: Duration = Duration::from_secs(180);
/// A phase passes when its time is over and its devices have succeeded; this is for a machine that is busy.
const LATE_MS_MAX: u64 = 36 * HOUR_MS;
const PRICES: Prices = Prices {
    per_gigabyte: 0.09,
    per_device_month: 0.02,
    operations_per_campaign: 12.0,
    per_support_ticket: 5.0,
};

/// One figure, as the other programs print theirs.
pub type Summary = serde_json::Value;

/// Runs it, and checks all that comes of it.
///
/// # Errors
/// What was not as expected, or what could not be done.
pub async fn run(description: &Path) -> Result<Summary, Failure> {
    let began = Instant::now();
    match tokio::time::timeout(PATIENCE, tell(description)).await {
        Ok(told) => {
            let (devices, updated) = told?;
            Ok(
                json!({"figure": "example", "devices": devices, "updated": updated,
                      "seconds": began.elapsed().as_secs()}),
            )
        }
        Err(_) => Err(format!("not over after {PATIENCE:?}").into()),
    }
}

/// Everything that came of the campaign.
struct Told {
    status: CampaignStatus,
    report: CampaignReport,
    log: Recount,
    devices: Vec<DeviceState>,
}

async fn tell(description: &Path) -> Result<(usize, u64), Failure> {
    let dir = tempfile::tempdir()?;
    let id = CampaignId::parse(CAMPAIGN)?;
    let products = fleet::products();
    let placed = fleet::devices();
    let groups = fleet::groups(&id, &placed);
    // One device fails for good, among the last of the largest group.
    let victim = groups["standard"]
        .last()
        .cloned()
        .ok_or("nobody is standard")?;

    let engine = start(dir.path()).await?;
    let operator = engine.site.operator().await?;
    operator.command(products[0].model.trust(), None).await?;
    for product in &products {
        for release in [&product.old, &product.new] {
            product.model.publish(&operator, release).await?;
        }
    }
    let registrations = placed.iter().map(|it| it.registration(&products));
    for answer in operator.commands(registrations, |_| {}).await {
        answer?;
    }
    let fleet = engine.site.fleet(
        &products[0].model,
        placed.iter().map(|it| it.switched_on(&products)).collect(),
        behaviour(&products, victim.clone()),
        engine.clock(),
        1,
    )?;
    wait_for(&operator, placed.len()).await?;

    let line = CommandLine::of(&engine)?;
    let file = description.to_str().ok_or("the file has a strange name")?;
    line.run(&["campaign", "create", file]).await?;
    line.run(&["campaign", "start", CAMPAIGN]).await?;
    // Ends with 0 when it has completed, and with something else for anything else.
    line.run(&["campaign", "watch", CAMPAIGN, "--json"]).await?;
    let status: CampaignStatus = serde_json::from_str(
        &line
            .run(&["campaign", "status", CAMPAIGN, "--json"])
            .await?,
    )?;
    let mut pages = BTreeMap::new();
    for format in ["json", "markdown", "html"] {
        let arguments = ["campaign", "report", CAMPAIGN, "--format", format];
        pages.insert(format, line.run(&arguments).await?);
    }
    operator.close().await;
    let devices = fleet.stop().await;
    engine.stop().await?;

    let told = Told {
        report: serde_json::from_str(&pages["json"])?,
        log: Recount::of(dir.path())?,
        status,
        devices,
    };
    check_end(&told, &groups, &victim)?;
    check_phases(&told, &groups)?;
    check_devices(&told, &products, &placed, &victim)?;
    check_figures(&told)?;
    check_pages(&told, &pages["markdown"], &pages["html"])?;
    Ok((placed.len(), told.status.totals.updated))
}

/// With the example's own time limits for one device left to the site, and prices, so that there are costs.
async fn start(data: &Path) -> Result<Hosted, Failure> {
    // At this speed a device that is not scheduled for a second has not been heard of for six hours.
    let campaigns: CampaignDefaults =
        serde_json::from_value(json!({"timeouts": {"contact_hours": 72, "execution_hours": 48}}))?;
    let configured = Configured {
        campaigns,
        prices: Some(PRICES),
        ..Configured::default()
    };
    Ok(Hosted::start_configured(data, Some(SPEED), configured).await?)
}

fn behaviour(products: &[Product], victim: DeviceId) -> Behaviour {
    let new: Vec<_> = products.iter().map(|it| it.new.digest()).collect();
    Behaviour {
        verdict: Verdict::fails_when(move |device, image| *device == victim && new.contains(image)),
        ..Behaviour::fair()
    }
}

/// Groups are made of what devices have said of themselves.
async fn wait_for(
    operator: &fleetfold::client::OperatorClient,
    devices: usize,
) -> Result<(), Failure> {
    let mut summaries = operator.subscribe(Topic::FleetSummary.to_string()).await?;
    loop {
        let summary: FleetSummary = serde_json::from_slice(&summaries.next().await?.payload)?;
        if summary.devices.get("active").copied() == Some(devices as u64) {
            return Ok(());
        }
    }
}

/// The product's command line, as an operator's shell has it.
struct CommandLine {
    program: PathBuf,
    broker: String,
    password: String,
}

impl CommandLine {
    fn of(engine: &Hosted) -> Result<Self, Failure> {
        let program = std::env::current_exe()?.with_file_name("fleetfold");
        if !program.is_file() {
            let program = program.display();
            return Err(format!("{program} is not there; `cargo build --release` makes it").into());
        }
        let file = engine
            .site
            .data
            .join(fleetfold::server::ADMIN_PASSWORD_FILE);
        Ok(Self {
            program,
            broker: engine.site.address.to_string(),
            password: std::fs::read_to_string(file)?.trim().to_owned(),
        })
    }

    /// What it prints.
    async fn run(&self, arguments: &[&str]) -> Result<String, Failure> {
        let mut command = std::process::Command::new(&self.program);
        command
            .args(arguments)
            .env("FLEETFOLD_BROKER", &self.broker)
            .env("FLEETFOLD_OPERATOR", fleetfold::server::ADMIN)
            .env("FLEETFOLD_PASSWORD", &self.password);
        let output = tokio::task::spawn_blocking(move || command.output()).await??;
        if !output.status.success() {
            let (out, said) = (&output.stdout, &output.stderr);
            let last = String::from_utf8_lossy(out);
            let last = last.lines().last().unwrap_or_default();
            let said = String::from_utf8_lossy(said);
            let status = output.status;
            return Err(format!("fleetfold {arguments:?}: {status}: {said}{last}").into());
        }
        Ok(String::from_utf8(output.stdout)?)
    }
}

fn expect<T: PartialEq + std::fmt::Debug>(what: &str, found: T, wanted: T) -> Result<(), Failure> {
    if found == wanted {
        return Ok(());
    }
    Err(format!("{what}: {found:?}, expected {wanted:?}").into())
}

type Groups = BTreeMap<&'static str, Vec<DeviceId>>;

/// Completed, with everybody but the one; each group as large as the words of the description make it.
fn check_end(told: &Told, groups: &Groups, victim: &DeviceId) -> Result<(), Failure> {
    let status = &told.status;
    let members: usize = groups.values().map(Vec::len).sum();
    expect("the end", status.status, CampaignState::Completed)?;
    expect("members", status.devices, members as u64)?;
    expect("updated", status.totals.updated, members as u64 - 1)?;
    expect("failed", status.totals.failed, 1)?;
    let sizes: Vec<_> = status
        .groups
        .iter()
        .map(|it| (it.name.as_str(), it.devices))
        .collect();
    let wanted: Vec<_> = GROUPS
        .map(|group| (group, groups[group].len() as u64))
        .into();
    expect("groups in the order of offers", sizes, wanted)?;
    let campaign = &told.log.campaigns[0];
    expect(
        "the status beside the log",
        status.totals,
        campaign.tally(None),
    )?;
    let failed = &campaign.executions[victim];
    // The first attempt and the two retries that the description allows.
    expect(
        "attempts that failed",
        (failed.queued, failed.failed),
        (3, 3),
    )?;
    let others = campaign.executions.iter().filter(|(id, _)| *id != victim);
    let again: Vec<_> = others.filter(|(_, it)| it.succeeded != 1).collect();
    if !again.is_empty() {
        return Err(format!("updated not once: {again:?}").into());
    }
    Ok(())
}

/// The phases follow each other in the order of the description, each after its time, with its share of each group; within
/// each, groups are offered the update in their order.
fn check_phases(told: &Told, groups: &Groups) -> Result<(), Failure> {
    let names: Vec<_> = told
        .status
        .phases
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    expect("phases", names, PHASES.map(|(name, ..)| name).to_vec())?;
    let facts = &told.log.facts;
    let mut began: Vec<u64> = times(facts, |fact| matches!(fact, Fact::PhaseStarted(_)));
    expect("phases that began", began.len(), PHASES.len())?;
    began.extend(times(facts, |fact| {
        matches!(fact, Fact::CampaignCompleted(_))
    }));
    let mut before = 0;
    for (number, (name, percent, hours)) in PHASES.into_iter().enumerate() {
        let took_ms = began[number + 1] - began[number];
        if !(hours * HOUR_MS..hours * HOUR_MS + LATE_MS_MAX).contains(&took_ms) {
            let took = took_ms / HOUR_MS;
            return Err(format!("{name} took {took} hours instead of {hours}").into());
        }
        let share = |members: &Vec<DeviceId>| (members.len() * percent).div_ceil(100);
        let devices: usize = groups.values().map(share).sum();
        let found = told.status.phases[number].devices;
        expect(
            &format!("devices of {name}"),
            found,
            (devices - before) as u64,
        )?;
        before = devices;
    }
    check_offers(told, groups)
}

fn times(facts: &[Recorded], is_meant: impl Fn(&Fact) -> bool) -> Vec<u64> {
    let meant = facts.iter().filter(|it| is_meant(&it.fact));
    meant.map(|it| it.at_ms).collect()
}

/// First offers of each phase: those whose rank is in its share, group by group.
fn check_offers(told: &Told, groups: &Groups) -> Result<(), Failure> {
    let mut phase = 0;
    let mut offered: Vec<Vec<&DeviceId>> = Vec::new();
    for Recorded { fact, .. } in &told.log.facts {
        match fact {
            Fact::PhaseStarted(_) => offered.push(Vec::new()),
            Fact::ExecutionQueued(fact) if fact.attempt == 1 => {
                let device = &told.log.devices[fact.device as usize];
                offered
                    .last_mut()
                    .ok_or("an offer before any phase")?
                    .push(device);
            }
            _ => {}
        }
    }
    let mut begun: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, percent, _) in PHASES {
        let mut wanted = Vec::new();
        for group in GROUPS {
            let members = &groups[group];
            let from = begun.entry(group).or_default();
            let to = (members.len() * percent).div_ceil(100);
            wanted.extend(&members[*from..to]);
            *from = to;
        }
        expect(&format!("offers of {name}"), &offered[phase], &wanted)?;
        phase += 1;
    }
    Ok(())
}

/// Members run the new release of their model, the one that fails and all others what they came with.
fn check_devices(
    told: &Told,
    products: &[Product],
    placed: &[Placed],
    victim: &DeviceId,
) -> Result<(), Failure> {
    for it in placed {
        let id = &it.device.id;
        let product = &products[it.model];
        let is_updated = it.group().is_some() && id != victim;
        let wanted = if is_updated {
            &product.new
        } else {
            &product.old
        };
        let state = told.devices.iter().find(|state| state.id == *id);
        let state = state.ok_or_else(|| format!("{id} is gone"))?;
        expect(id.as_str(), state.running.digest, wanted.digest())?;
        if it.group().is_none() {
            expect(&format!("boots of {id}"), state.boots, 1)?;
        }
    }
    Ok(())
}

/// The report's figures, worked out again.
fn check_figures(told: &Told) -> Result<(), Failure> {
    let Told { report, status, .. } = told;
    expect("the report's totals", report.totals, status.totals)?;
    let rows = report.progress.iter();
    let places: Vec<_> = rows
        .map(|it| (it.group.as_str(), it.phase.as_str()))
        .collect();
    let wanted = GROUPS
        .iter()
        .flat_map(|group| PHASES.map(|(phase, ..)| (*group, phase)));
    expect("rows of progress", places, wanted.collect())?;
    let devices: u64 = report.progress.iter().map(|it| it.devices).sum();
    expect("devices in all rows", devices, status.devices)?;
    let failures = &report.failures;
    expect("devices that failed", failures.failed, 1)?;
    let attempts: u64 = failures.attempts.iter().map(|it| it.attempts).sum();
    expect("attempts that failed", attempts, 3)?;

    let kpi = |name: KpiName| report.kpis.iter().find(|it| it.kpi == name);
    let value = |name| kpi(name).and_then(|it| it.value);
    let close = |what: &str, found: Option<f64>, wanted: f64| match found {
        Some(found) if (found - wanted).abs() <= 1e-9 * wanted.abs().max(1.0) => Ok(()),
        _ => Err(format!("{what}: {found:?}, expected {wanted}")),
    };
    let (updated, all) = (float(status.totals.updated), float(status.devices));
    close(
        "the success rate",
        value(KpiName::SuccessRate),
        updated / all,
    )?;
    close("the failure rate", value(KpiName::FailureRate), 1.0 / all)?;
    close("rolled back", value(KpiName::CampaignRollbackRate), 0.0)?;
    for name in [KpiName::SuccessRate, KpiName::FailureRate] {
        expect(
            "a target that is met",
            kpi(name).and_then(|it| it.is_met),
            Some(true),
        )?;
    }
    // Half of the devices are in the last phase, which begins on the fifth day; nearly all are through on the same day.
    let to_95_ms = report
        .milestones
        .to_95_percent_ms
        .ok_or("95 % were never reached")?;
    if !(4 * DAY_MS..7 * DAY_MS).contains(&to_95_ms) {
        return Err(format!("95 % after {} hours", to_95_ms / HOUR_MS).into());
    }
    expect("all of them", report.milestones.to_100_percent_ms, None)?;
    if !value(KpiName::BytesOffered).is_some_and(|bytes| bytes > 0.0) {
        return Err("nothing was sent".into());
    }
    let cost = report.cost.ok_or("there are prices, and no cost")?;
    close(
        "operations",
        Some(cost.operations),
        PRICES.operations_per_campaign,
    )?;
    close("support", Some(cost.support), PRICES.per_support_ticket)?;
    let total = cost.infrastructure + cost.operations + cost.support;
    close(
        "the cost of a device",
        value(KpiName::CostPerDevice),
        total / updated,
    )?;
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a hundred devices")]
fn float(count: u64) -> f64 {
    count as f64
}

/// Pages for people say the same, and the one for browsers needs nothing else.
fn check_pages(told: &Told, markdown: &str, html: &str) -> Result<(), Failure> {
    let updated = told.status.totals.updated.to_string();
    let words = [
        CAMPAIGN,
        "canary",
        "early",
        "broad",
        "full",
        "critical",
        updated.as_str(),
    ];
    for (what, page) in [("the Markdown page", markdown), ("the HTML page", html)] {
        if let Some(word) = words.iter().find(|word| !page.contains(*word)) {
            return Err(format!("{what} does not say {word}").into());
        }
    }
    if !markdown.starts_with("# ") || !html.trim_end().ends_with("</html>") {
        return Err("the pages are no pages".into());
    }
    let outside = [
        "src=\"http",
        "href=\"http",
        "<script",
        "@import",
        "url(http",
    ];
    match outside.iter().find(|text| html.contains(**text)) {
        Some(text) => Err(format!("the HTML page wants something from outside: {text}").into()),
        None => Ok(()),
    }
}
