//! What the gates promise and what they cost: how often a healthy campaign is paused, and how many devices a bad release
//! reaches before it is.
//!
//! A campaign is [`DEVICES`] outcomes, one a device, looked at after every one; it ends at the first look that pauses it. The
//! peer is what people use today, a fixed share of failures after a fixed number of outcomes. All gates see the same
//! outcomes. A device counts as exposed when its outcome is known, so the figures leave out what is under way.
//!
//! Asking the gates themselves a thousand million times would take minutes. For each number of outcomes, the smallest number
//! of failures that pauses is looked up from the real gate once ([`Boundaries`]), and the campaigns are run against that.

use std::{hint::black_box, time::Instant};

use fleetfold_core::gate::{
    confident,
    rates::Rates,
    sprt::{Sprt, Verdict},
    threshold,
};
use fleetfold_schemas::campaign::BasisPoints;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use super::gate_health;
use crate::Failure;

/// Outcomes of a campaign.
const DEVICES: u16 = 2_000;
/// The failure rate that is normal.
const NORMAL: f64 = 0.02;
/// The one that [`Sprt`] tells it from, and with what probability it may miss it.
const BAD: f64 = 0.10;
const BETA: f64 = 0.10;
/// The probability of pausing a healthy campaign, at most.
const ALPHA: f64 = 0.05;
/// Failure rates of releases that should be paused, in percent.
const FAILING: [u32; 4] = [5, 10, 20, 50];

/// Simulated campaigns for each failure rate.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    pub campaigns: u32,
}

impl Effort {
    pub const FULL: Self = Self { campaigns: 100_000 };
    /// So many that a gate at twice its stated probability could not pass by luck.
    pub const QUICK: Self = Self { campaigns: 10_000 };
}

/// Returns one JSON object a figure; see [`check`].
pub fn run(effort: Effort) -> Result<Vec<Value>, Failure> {
    let gates = gates()?;
    let healthy = Tried::new(&gates, NORMAL, effort);
    let mut figures = Vec::new();
    for (gate, tally) in gates.iter().zip(&healthy.tallies) {
        figures.push(gate.false_pause(*tally, effort));
    }
    for percent in FAILING {
        let tried = Tried::new(&gates, f64::from(percent) / 100.0, effort);
        let peer = &tried.tallies[gates.len() - 1];
        for (gate, tally) in gates.iter().zip(&tried.tallies) {
            figures.push(gate.exposed(*tally, percent, *peer, effort));
        }
        tried.tell(&gates, percent, effort);
    }
    // Each of these takes a thousand looks by the gate itself.
    figures.extend(gate_health::figures(effort.campaigns / 10));
    figures.push(look());
    Ok(figures)
}

/// Whether every gate that states a probability keeps to it.
pub fn check(figures: &[Value]) -> Result<(), Failure> {
    for figure in figures {
        if let (Some(value), Some(limit)) = (figure["value"].as_f64(), figure["limit"].as_f64())
            && value > limit
        {
            return Err(format!("{} is {value}, above {limit}", figure["figure"]).into());
        }
    }
    Ok(())
}

/// The gates in the order in which they are printed, the peer last.
fn gates() -> Result<[Gate; 4], Failure> {
    let sprt = Rates::new(NORMAL, BAD)
        .and_then(|rates| Sprt::new(rates, ALPHA, BETA))
        .ok_or("the rates and errors of the ratio test are out of order")?;
    let fixed = |percent, sample_min| {
        let limit = BasisPoints::from_percent(percent);
        Boundaries::new(
            move |failed, n| threshold::pauses(failed, n, limit, sample_min, u64::from(DEVICES)),
            |_, _| false,
        )
    };
    Ok([
        Gate {
            name: "confident",
            alpha: Some(ALPHA),
            boundaries: Boundaries::new(
                |failed, n| confident::pauses(failed, n - failed, NORMAL, ALPHA),
                |_, _| false,
            ),
        },
        Gate {
            name: "sprt",
            alpha: Some(ALPHA),
            boundaries: Boundaries::new(
                |failed, n| sprt.verdict(failed, n - failed) == Verdict::Pause,
                |failed, n| sprt.verdict(failed, n - failed) == Verdict::Promote,
            ),
        },
        Gate {
            name: "fixed-20-after-100",
            alpha: None,
            boundaries: fixed(20, 100),
        },
        Gate {
            name: "fixed-10-after-20",
            alpha: None,
            boundaries: fixed(10, 20),
        },
    ])
}

struct Gate {
    name: &'static str,
    /// The probability of a false pause that it states.
    alpha: Option<f64>,
    boundaries: Boundaries,
}

impl Gate {
    fn false_pause(&self, tally: Tally, effort: Effort) -> Value {
        let share = tally.paused_share(effort);
        eprintln!("healthy, {}: {:.2} % paused", self.name, share * 100.0);
        let mut figure = json!({
            "bench": "gate",
            "figure": format!("false_pause_{}", self.name.replace('-', "_")),
            "value": share,
            "unit": "share of healthy campaigns",
            "campaigns": effort.campaigns,
        });
        if let Some(alpha) = self.alpha {
            figure["limit"] = alpha.into();
        }
        figure
    }

    fn exposed(&self, tally: Tally, percent: u32, peer: Tally, effort: Effort) -> Value {
        let (value, peer_value) = (tally.exposed_mean(effort), peer.exposed_mean(effort));
        json!({
            "bench": "gate",
            "figure": format!("exposed-{}-{percent}", self.name),
            "value": rounded(value, 10.0),
            "unit": "devices",
            "peer": "pause above 10 % failed, from 20 outcomes on",
            "peer_value": rounded(peer_value, 10.0),
            "ratio": rounded(value / peer_value, 1000.0),
            "paused": tally.paused_share(effort),
        })
    }
}

/// A gate's answers, by number of outcomes.
#[derive(Debug)]
struct Boundaries {
    /// The smallest number of failures that pauses; above any that can be if none does.
    pauses_from: Vec<u16>,
    /// The number of failures below which the campaign is promoted, and the gate asked no more.
    promotes_below: Vec<u16>,
}

impl Boundaries {
    /// From what the gate says of (failed, outcomes). More failures never speak for a release, so the boundary is found by
    /// bisection.
    fn new(pauses: impl Fn(u64, u64) -> bool, promotes: impl Fn(u64, u64) -> bool) -> Self {
        let first = |n: u16, is_beyond: &dyn Fn(u64) -> bool| {
            let (mut low, mut high) = (0, n + 1);
            while low < high {
                let middle = u16::midpoint(low, high);
                if is_beyond(middle.into()) {
                    high = middle;
                } else {
                    low = middle + 1;
                }
            }
            low
        };
        let outcomes = 1..=DEVICES;
        Self {
            pauses_from: outcomes
                .clone()
                .map(|n| first(n, &|failed| pauses(failed, n.into())))
                .collect(),
            promotes_below: outcomes
                .map(|n| first(n, &|failed| !promotes(failed, n.into())))
                .collect(),
        }
    }

    /// How a campaign goes that has had so many failures after each outcome.
    fn end(&self, failed: &[u16]) -> End {
        let boundaries = self.pauses_from.iter().zip(&self.promotes_below);
        let decided = failed
            .iter()
            .zip(boundaries)
            .position(|(failed, (pauses, promotes))| failed >= pauses || failed < promotes);
        match decided {
            Some(at) if failed[at] >= self.pauses_from[at] => End::Paused {
                exposed: at as u64 + 1,
            },
            Some(_) | None => End::Completed,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Paused { exposed: u64 },
    Completed,
}

#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    paused: u32,
    exposed: u64,
}

impl Tally {
    fn add(&mut self, end: End) {
        match end {
            End::Paused { exposed } => {
                self.paused += 1;
                self.exposed += exposed;
            }
            End::Completed => self.exposed += u64::from(DEVICES),
        }
    }

    fn paused_share(&self, effort: Effort) -> f64 {
        f64::from(self.paused) / f64::from(effort.campaigns)
    }

    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    fn exposed_mean(&self, effort: Effort) -> f64 {
        self.exposed as f64 / f64::from(effort.campaigns)
    }
}

/// What all gates made of the same campaigns.
struct Tried {
    tallies: Vec<Tally>,
}

impl Tried {
    fn new(gates: &[Gate], rate: f64, effort: Effort) -> Self {
        /// Any will do; the same figures come out every time.
        const SEED: u64 = 4;
        let mut random = ChaCha8Rng::seed_from_u64(SEED);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rate is below one"
        )]
        let below = (rate * f64::from(u32::MAX)) as u32;
        let mut tallies = vec![Tally::default(); gates.len()];
        let mut failed = vec![0; DEVICES.into()];
        for _ in 0..effort.campaigns {
            let mut sum = 0;
            for failed in &mut failed {
                sum += u16::from(random.random::<u32>() < below);
                *failed = sum;
            }
            for (tally, gate) in tallies.iter_mut().zip(gates) {
                tally.add(gate.boundaries.end(&failed));
            }
        }
        Self { tallies }
    }

    fn tell(&self, gates: &[Gate], percent: u32, effort: Effort) {
        let each: Vec<_> = gates
            .iter()
            .zip(&self.tallies)
            .map(|(gate, tally)| format!("{} {:.1}", gate.name, tally.exposed_mean(effort)))
            .collect();
        eprintln!("failing at {percent} %, exposed: {}", each.join(", "));
    }
}

/// How long `confident` takes to look at a million outcomes, near its boundary, where it is slowest.
fn look() -> Value {
    const OUTCOMES: u64 = 1_000_000;
    let (from, to) = (20_000, 21_500);
    let started = Instant::now();
    for failed in from..to {
        black_box(confident::pauses(
            black_box(failed),
            OUTCOMES - failed,
            NORMAL,
            ALPHA,
        ));
    }
    let us = started.elapsed().as_secs_f64() * 1e6;
    json!({
        "bench": "gate",
        "figure": "look-confident",
        "value": rounded(us / (to - from) as f64, 1000.0),
        "unit": "us a look at a million outcomes",
    })
}

fn rounded(value: f64, steps: f64) -> f64 {
    (value * steps).round() / steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boundaries_say_what_the_gates_say() {
        let gates = gates().expect("they can be made");
        let sprt = Rates::new(NORMAL, BAD)
            .and_then(|rates| Sprt::new(rates, ALPHA, BETA))
            .expect("in order");
        for n in [1, 2, 19, 20, 27, 100, 500, 2_000] {
            let at = usize::from(n) - 1;
            for failed in 0..=n.min(60) {
                let (f, s) = (u64::from(failed), u64::from(n - failed));
                let [confident, ratio, ..] = &gates;
                assert_eq!(
                    failed >= confident.boundaries.pauses_from[at],
                    confident::pauses(f, s, NORMAL, ALPHA)
                );
                let by_table = if failed >= ratio.boundaries.pauses_from[at] {
                    Verdict::Pause
                } else if failed < ratio.boundaries.promotes_below[at] {
                    Verdict::Promote
                } else {
                    Verdict::Undecided
                };
                assert_eq!(by_table, sprt.verdict(f, s), "{failed} of {n}");
            }
        }
    }

    #[test]
    fn a_campaign_ends_at_the_first_look_that_decides() {
        let gates = gates().expect("they can be made");
        let always: Vec<u16> = (1..=DEVICES).collect();
        let never = vec![0; DEVICES.into()];
        // One failure of one device is 25 times likelier at rates above normal, and that is evidence enough.
        let exposed = [1, 2, 100, 20];
        for (gate, exposed) in gates.iter().zip(exposed) {
            assert_eq!(gate.boundaries.end(&always), End::Paused { exposed });
            assert_eq!(gate.boundaries.end(&never), End::Completed);
        }
        // The ratio test promotes after 27 successes, and what follows is not looked at.
        let late: Vec<u16> = (1..=DEVICES).map(|n| n.saturating_sub(27)).collect();
        assert_eq!(gates[1].boundaries.end(&late), End::Completed);
        assert!(matches!(gates[0].boundaries.end(&late), End::Paused { .. }));
    }

    #[test]
    fn a_gate_above_its_stated_probability_fails_the_benchmark() {
        let figure = |value| json!({ "figure": "false_pause_sprt", "value": value, "limit": 0.05 });
        assert!(check(&[figure(0.05)]).is_ok());
        assert!(check(&[figure(0.03), figure(0.051)]).is_err());
        assert!(check(&[json!({ "figure": "exposed-sprt-5", "value": 9.0 })]).is_ok());
    }
}
