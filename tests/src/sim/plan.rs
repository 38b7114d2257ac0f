//! What a seed decides beforehand: who is there, and how hard life is.

use fleetfold_schemas::campaign::{HOUR_MS, MINUTE_MS};

use super::{
    net::LinkWeather,
    random::{Chance, Stream},
};

/// One simulation.
#[derive(Debug, Clone)]
pub struct Plan {
    pub seed: u64,
    pub devices: usize,
    /// Devices that say whatever they like.
    pub liars: usize,
    /// Devices that are registered and never heard of: enough of them to reach the limit of starts in a step.
    pub ghosts: usize,
    pub models: usize,
    pub campaigns: usize,
    pub safety_ms: u64,
    pub weather: Weather,
}

/// How often what goes wrong.
#[derive(Debug, Clone, Copy, Default)]
pub struct Weather {
    pub link: LinkWeather,
    /// On average between two partitions.
    pub partition_every_ms: Option<u64>,
    /// For each turn of the engine.
    pub crash: Chance,
    /// For each time that it starts.
    pub crash_in_recovery: Chance,
    /// For each turn: the disk fails it.
    pub disk_error: Chance,
    /// On average between two crashes at no particular moment.
    pub crash_every_ms: Option<u64>,
    pub clock_step_every_ms: Option<u64>,
    pub clock_step_max_ms: u64,
    /// Before each thing that a device does.
    pub power_loss: Chance,
    /// For each piece of an image written.
    pub flash_flip: Chance,
    /// For each erase or write.
    pub flash_failure: Chance,
    pub install_failure: Chance,
    pub self_test_failure: Chance,
    pub device_skew_max_ms: u64,
    /// For each new connection: an old message comes again.
    pub echo: Chance,
    pub forge_every_ms: Option<u64>,
    /// For each time that an operator looks up from his work.
    pub chaos: Chance,
}

/// How hard life is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fury {
    Calm,
    Mild,
    Rough,
    Brutal,
}

impl Plan {
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut stream = Stream::of(seed, "plan");
        let fury = match stream.below(10) {
            0 => Fury::Calm,
            1..=3 => Fury::Mild,
            4..=7 => Fury::Rough,
            _ => Fury::Brutal,
        };
        let devices = stream.within(5..=60);
        let devices = usize::try_from(devices).expect("a small number");
        let liars = if stream.percent(40) {
            1 + stream.below(1 + devices / 8)
        } else {
            0
        };
        Self {
            seed,
            devices,
            liars,
            ghosts: if stream.percent(6) {
                1_001 + stream.below(300)
            } else {
                0
            },
            models: 1 + usize::from(stream.percent(40)),
            campaigns: 1 + stream.below(6),
            safety_ms: stream.within(8..=30) * HOUR_MS,
            weather: weather(fury, &mut Stream::of(seed, "weather")),
        }
    }
}

fn weather(fury: Fury, stream: &mut Stream) -> Weather {
    let strength = match fury {
        Fury::Calm => return Weather::default(),
        Fury::Mild => 1,
        Fury::Rough => 4,
        Fury::Brutal => 12,
    };
    // Each kind of fault is there or not, so that each is also seen without the others.
    let mut chance = |most: u32| {
        if stream.percent(70) {
            Chance(u32::try_from(stream.within(1..=u64::from(most * strength))).unwrap_or(u32::MAX))
        } else {
            Chance::NEVER
        }
    };
    let link = LinkWeather {
        loss: chance(1_500),
        delay: chance(4_000),
        delay_max_ms: 0,
        duplicate: chance(8_000),
        half_open: Chance::percent(40),
    };
    let mut weather = Weather {
        link,
        crash: chance(1_500),
        crash_in_recovery: chance(40_000),
        disk_error: chance(200),
        power_loss: chance(400),
        flash_flip: chance(2_000),
        flash_failure: chance(600),
        install_failure: chance(4_000),
        self_test_failure: chance(4_000),
        echo: chance(40_000),
        chaos: chance(15_000),
        ..Weather::default()
    };
    let mut every = |ms: u64| {
        stream
            .percent(60)
            .then(|| ms / u64::from(strength) + stream.within(0..=ms / u64::from(strength)))
    };
    weather.partition_every_ms = every(40 * HOUR_MS);
    weather.crash_every_ms = every(60 * HOUR_MS);
    weather.clock_step_every_ms = every(16 * HOUR_MS);
    weather.forge_every_ms = every(12 * HOUR_MS);
    weather.link.delay_max_ms = stream.pick(&[2_000, 15_000, 60_000, 4 * MINUTE_MS]);
    weather.clock_step_max_ms = stream.pick(&[1_000, 60_000, 15 * MINUTE_MS, 40 * MINUTE_MS]);
    weather.device_skew_max_ms = stream.pick(&[0, 1_000, 50_000, 20 * MINUTE_MS]);
    weather
}
