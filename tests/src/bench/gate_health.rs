//! The same of health gates: how often a release that changes nothing is paused, and how soon one that does.
//!
//! A campaign is [`DEVICES`] devices that bring a figure of each measure one after the other, looked at after every one.
//! Figures are as devices bring them: boot times that differ widely between devices and a little from boot to boot, battery
//! drain with a heavy tail, rare reboots counted over a longer time before the update than after it. There is no margin, so
//! the stated probability has nothing to hide behind.

use fleetfold_core::gate::{
    health::{Assessment, Figures, Margin, Observed},
    measure::Measure,
    split,
};
use fleetfold_schemas::campaign::Against;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

/// That bring their figures.
const DEVICES: u32 = 1_000;
const MEASURES: [Measure; 3] = [
    Measure::BootTime,
    Measure::BatteryDrain,
    Measure::RebootRate,
];
/// The probability of pausing a release that changes nothing, at most.
const ALPHA: f64 = 0.05;

pub fn figures(campaigns: u32) -> Vec<Value> {
    let healthy = Tried::new(campaigns, 1.0);
    let slower = Tried::new(campaigns.div_ceil(10), 1.2);
    eprintln!(
        "healthy, by health: {:.2} % paused; 20 % slower and hungrier: {:.2} %, after {:.1} devices",
        healthy.paused_share() * 100.0,
        slower.paused_share() * 100.0,
        slower.exposed_mean(),
    );
    vec![
        json!({
            "bench": "gate",
            "figure": "false_pause_health",
            "value": healthy.paused_share(),
            "unit": "share of campaigns of a release that changes nothing",
            "campaigns": campaigns,
            "limit": ALPHA,
        }),
        json!({
            "bench": "gate",
            "figure": "exposed-health-20",
            "value": (slower.exposed_mean() * 10.0).round() / 10.0,
            "unit": "devices",
            "paused": slower.paused_share(),
        }),
    ]
}

struct Tried {
    campaigns: u32,
    paused: u32,
    exposed: u64,
}

impl Tried {
    /// `worse`: how many times as long boots take, and as fast batteries run down, after the update.
    fn new(campaigns: u32, worse: f64) -> Self {
        /// Any will do; the same figures come out every time.
        const SEED: u64 = 5;
        let mut random = ChaCha8Rng::seed_from_u64(SEED);
        let mut tried = Self {
            campaigns,
            paused: 0,
            exposed: 0,
        };
        for campaign in 0..campaigns {
            // Either comparison alone, for both together are less likely to pause.
            let against = [Against::OwnPast, Against::NotUpdated][campaign as usize % 2];
            let exposed = exposed(&mut random, against, worse);
            tried.paused += u32::from(exposed.is_some());
            tried.exposed += u64::from(exposed.unwrap_or(DEVICES));
        }
        tried
    }

    fn paused_share(&self) -> f64 {
        f64::from(self.paused) / f64::from(self.campaigns)
    }

    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    fn exposed_mean(&self) -> f64 {
        self.exposed as f64 / f64::from(self.campaigns)
    }
}

/// How many devices had brought their figures when the campaign paused, if it did.
fn exposed(random: &mut ChaCha8Rng, against: Against, worse: f64) -> Option<u32> {
    let mut figures = [Figures::default(); MEASURES.len()];
    (1..=DEVICES).find(|_| {
        for (figures, measure) in figures.iter_mut().zip(MEASURES) {
            let [before, after] = device(random, measure, worse);
            let [partner_before, partner_after] = device(random, measure, 1.0);
            let others = i64::from(partner_after) - i64::from(partner_before);
            figures.push(before, after, Some(others));
        }
        figures.iter().zip(MEASURES).any(|(figures, measure)| {
            let observed = Observed {
                measure,
                against,
                margin: Margin {
                    share: 0.0,
                    least: 0.0,
                },
                figures,
            };
            let alpha = split(ALPHA, MEASURES.len());
            matches!(observed.assess(alpha), Assessment::Worse(_))
        })
    })
}

/// A device's figure before and after.
fn device(random: &mut ChaCha8Rng, measure: Measure, worse: f64) -> [u32; 2] {
    /// In a day: a device in five, over a week before and six hours after.
    const REBOOTS: f64 = 0.2;
    const DAYS: [f64; 2] = [7.0, 0.25];
    let mut uniform = || random.random::<f64>();
    match measure {
        Measure::BootTime => {
            let usual = 5_000.0 + 20_000.0 * uniform();
            let mut boot = || usual * (0.9 + 0.2 * uniform());
            [boot(), boot() * worse].map(whole)
        }
        Measure::BatteryDrain => {
            let usual = 200.0 + 400.0 * uniform();
            // Most days are alike, and now and then one is not.
            let mut day = || usual * (0.8 - 0.2 * (1.0 - uniform()).ln());
            [day(), day() * worse].map(whole)
        }
        Measure::RebootRate | Measure::HealthScore => DAYS.map(|days| {
            let reboots = poisson(REBOOTS * days, &mut uniform);
            whole(f64::from(reboots) / days * 1e6)
        }),
    }
}

/// By Knuth's method.
fn poisson(mean: f64, uniform: &mut impl FnMut() -> f64) -> u32 {
    let (floor, mut product, mut events) = ((-mean).exp(), uniform(), 0);
    while product > floor {
        product *= uniform();
        events += 1;
    }
    events
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "figures are above zero and far below 2^32"
)]
fn whole(figure: f64) -> u32 {
    figure.round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_nothing_is_seldom_paused_and_what_does_soon() {
        let healthy = Tried::new(200, 1.0);
        assert!(healthy.paused_share() <= 2.0 * ALPHA);
        let slower = Tried::new(20, 1.2);
        assert_eq!(slower.paused, 20);
        assert!(slower.exposed_mean() < 200.0);
    }
}
