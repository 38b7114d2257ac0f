//! What whoever starts a campaign should know before: findings about its description and the fleet as known.
//!
//! One pass over the devices, in which those that are alike are judged once.

mod calendar;
mod gates;
mod survey;

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use fleetfold_schemas::{
    Name,
    campaign::{CampaignDraft, DAY_MS, human_duration},
    code::Rejection,
    rehearsal::{Finding, Severity},
};

use self::survey::{Images, Survey};
use crate::{
    CampaignIx, State, Timestamp,
    accept::{described, resolved},
    decide::precedence,
    membership::takers,
    state::{Campaign, group_order},
};

/// A device that has said nothing for so long may well say nothing to an update.
pub const SILENT_MS: u64 = 7 * DAY_MS;

/// About a campaign, as if it started now.
#[must_use]
pub fn lint(state: &State, ix: CampaignIx, now: Timestamp) -> Vec<Finding> {
    Lint::of(state, state.campaigns.get(ix), ix, now).findings(now)
}

/// About a description that nobody has handed in yet.
///
/// # Errors
/// It would be refused.
pub fn lint_description(
    state: &State,
    draft: &CampaignDraft,
    now: Timestamp,
) -> Result<Vec<Finding>, Rejection> {
    let spec = resolved(state, draft)?;
    let described = described(state, &spec)?;
    let releases = core::iter::once(described.first)
        .chain(described.others)
        .collect();
    let mut campaign = Campaign::new(spec, releases, now);
    campaign.compare_with(&described.other_arm);
    Ok(Lint::of(state, &campaign, state.campaigns.len(), now).findings(now))
}

struct Lint<'s> {
    state: &'s State,
    campaign: &'s Campaign,
    ix: CampaignIx,
    survey: Survey,
    found: Vec<Finding>,
}

/// A finding about neither a group nor devices.
fn finding(severity: Severity, key: &str, text: String, advice: &str) -> Finding {
    Finding {
        severity,
        key: key.to_string(),
        group: None,
        devices: None,
        bytes: None,
        text,
        advice: advice.to_string(),
    }
}

fn devices(count: u64) -> String {
    let noun = if count == 1 { "device" } else { "devices" };
    format!("{count} {noun}")
}

impl<'s> Lint<'s> {
    fn of(state: &'s State, campaign: &'s Campaign, ix: CampaignIx, now: Timestamp) -> Self {
        Self {
            state,
            campaign,
            ix,
            survey: Survey::of(state, campaign, now),
            found: Vec::new(),
        }
    }

    /// The worst first.
    fn findings(mut self, now: Timestamp) -> Vec<Finding> {
        self.groups();
        self.images();
        self.contact();
        self.conflicts();
        self.durations();
        self.calendar(now);
        let devices = &self.state.devices;
        gates::look(self.campaign, &self.survey.roster, devices, &mut self.found);
        self.found.sort_by_key(|finding| finding.severity);
        self.found
    }

    /// A finding about devices, if there are any.
    fn about(&mut self, severity: Severity, key: &str, count: u64, text: String, advice: &str) {
        if count > 0 {
            self.found.push(Finding {
                devices: Some(count),
                ..finding(severity, key, text, advice)
            });
        }
    }

    fn groups(&mut self) {
        if self.survey.members.is_empty() {
            self.found.push(finding(
                Severity::Error,
                "nobody",
                "no device takes part: the campaign would be over at once".into(),
                "check the criteria, and that the devices are registered and not retired",
            ));
        }
        let names: Vec<(usize, Name)> = group_order(&self.campaign.spec)
            .map(|(at, _)| self.campaign.spec.groups[usize::from(at)].name.clone())
            .enumerate()
            .collect();
        for (at, name) in names {
            let group = &self.survey.groups[at];
            if group.members == 0 && !self.survey.members.is_empty() {
                let why = match group.taken {
                    0 => "no device fits it".to_string(),
                    taken => format!("{} that fit it belong to groups before it", devices(taken)),
                };
                self.found.push(Finding {
                    group: Some(name.clone()),
                    ..finding(
                        Severity::Warning,
                        "empty_group",
                        format!("group {name} is empty: {why}"),
                        "correct its criteria or its rollout_order, or leave it out",
                    )
                });
            }
            self.models_without_release(at, &name);
        }
        let several = self.survey.in_several;
        let text = format!(
            "{} fit several groups, and belong to the first by rollout_order, then priority",
            devices(several)
        );
        let advice = "nothing, if that is how it is meant; else make the criteria exclude each other with `not`";
        self.about(Severity::Info, "overlapping_groups", several, text, advice);
    }

    fn models_without_release(&mut self, at: usize, name: &Name) {
        let spec = &self.campaign.spec;
        let order = group_order(spec).nth(at).map(|(at, _)| usize::from(at));
        let criteria = order.map(|at| &spec.groups[at].criteria);
        // Whoever names models means them; a group of everybody does not.
        let severity = match criteria.and_then(|criteria| criteria.device_type.as_ref()) {
            Some(_) => Severity::Warning,
            None => Severity::Info,
        };
        let unreleased = core::mem::take(&mut self.survey.groups[at].unreleased);
        for (model, count) in unreleased {
            self.found.push(Finding {
                group: Some(name.clone()),
                devices: Some(count),
                ..finding(
                    severity,
                    "no_release_for_model",
                    format!(
                        "{} of model {model} fit group {name} but are left out: the campaign has no release for them",
                        devices(count)
                    ),
                    "name a release for this model under `releases`, or leave the model out of the criteria",
                )
            });
        }
    }

    fn images(&mut self) {
        let images = core::mem::take(&mut self.survey.images);
        let text = format!(
            "{} run the target already and count as updated",
            devices(images.on_target)
        );
        let advice = "nothing";
        self.about(
            Severity::Info,
            "already_on_target",
            images.on_target,
            text,
            advice,
        );
        let text = format!(
            "{} run something newer than the target and are passed over: devices refuse to go back",
            devices(images.newer)
        );
        let advice = "target a newer release, or leave these devices out by `version`";
        self.about(Severity::Warning, "downgrade", images.newer, text, advice);
        self.ways(&images);
        let severity = match self.campaign.spec.failure_handling.auto_rollback_on_failure {
            true => Severity::Warning,
            false => Severity::Info,
        };
        let text = format!(
            "{} could not be sent back: the release brings no signed manifest for what they run",
            devices(images.without_way_back)
        );
        let advice = "publish the release with rollback manifests for the versions that run";
        self.about(
            severity,
            "no_rollback_image",
            images.without_way_back,
            text,
            advice,
        );
        for (key, severity, whole, why, advice) in [
            (
                "delta_missing",
                Severity::Warning,
                &images.without_delta,
                "there is no delta from it",
                "publish the release they run, or roll out in steps; or accept the bytes",
            ),
            (
                "delta_building",
                Severity::Info,
                &images.building,
                "its delta is still being built",
                "start in some minutes: the start waits for deltas no longer than ten",
            ),
        ] {
            for (version, (count, bytes)) in whole {
                self.found.push(Finding {
                    devices: Some(*count),
                    bytes: Some(*bytes),
                    ..finding(
                        severity,
                        key,
                        format!(
                            "{} that run {version} get the whole image, {bytes} bytes in all: {why}",
                            devices(*count)
                        ),
                        advice,
                    )
                });
            }
        }
    }

    /// What the releases ask for before they may be installed.
    fn ways(&mut self, images: &Images) {
        for (version, count) in &images.via {
            let text = format!("{} are given {version} first", devices(*count));
            let advice = "nothing; mind that these take two rounds or more";
            self.about(Severity::Info, "passes_through", *count, text, advice);
        }
        for (version, count) in &images.without_path {
            let text = format!(
                "{} that run {version} are passed over: the target requires another version, and no release leads there",
                devices(*count)
            );
            let advice = "publish a release that they may install and that the target may follow, or leave them out by `version`";
            self.about(self.severity_of(*count), "no_path", *count, text, advice);
        }
        for (revision, count) in &images.other_hardware {
            let whose = match revision.as_str() {
                "" => "that do not say which hardware they have".to_string(),
                revision => format!("of hardware {revision}"),
            };
            let text = format!(
                "{} {whose} are passed over: the target is for other revisions",
                devices(*count)
            );
            let advice = "publish a release for them, or leave them out by `hardware_revision`";
            self.about(
                self.severity_of(*count),
                "wrong_hardware",
                *count,
                text,
                advice,
            );
        }
    }

    /// A campaign that leads nobody anywhere is an error.
    fn severity_of(&self, passed_over: u64) -> Severity {
        if passed_over == self.survey.members.len() as u64 {
            Severity::Error
        } else {
            Severity::Warning
        }
    }

    fn contact(&mut self) {
        let (never, silent, kept_out) = (
            self.survey.never_heard_of,
            self.survey.silent,
            self.survey.in_maintenance,
        );
        let text = format!("{} have never been heard of", devices(never));
        let advice =
            "they count as not contacted unless they turn up; leave them out, or mind the quorum";
        self.about(Severity::Warning, "never_heard_of", never, text, advice);
        let text = format!(
            "{} have said nothing for {} or longer",
            devices(silent),
            human_duration(SILENT_MS)
        );
        self.about(Severity::Warning, "silent", silent, text, advice);
        let unable = self.survey.images.without_conditions;
        let text = format!(
            "{} do not say that they know how to wait for preconditions",
            devices(unable)
        );
        let advice = "they are removed; leave them out, or the preconditions";
        self.about(
            Severity::Warning,
            "conditions_unsupported",
            unable,
            text,
            advice,
        );
        let flagged = self.survey.flagged;
        let text = format!(
            "{} are flagged, for their executions keep failing, and are passed over",
            devices(flagged)
        );
        let advice = "look at them; `device.unflag` takes it back";
        self.about(Severity::Warning, "flagged", flagged, text, advice);
        let text = format!("{} are in maintenance and wait", devices(kept_out));
        let advice = "`device.lifecycle` makes them active again";
        self.about(Severity::Info, "in_maintenance", kept_out, text, advice);
    }

    /// Other campaigns that are under way on the same devices.
    fn conflicts(&mut self) {
        let mut ours = alloc::vec![false; self.state.devices.len() as usize];
        for device in &self.survey.members {
            ours[*device as usize] = true;
        }
        let own = precedence(self.campaign, self.ix);
        let state = self.state;
        for ix in state.campaigns.active() {
            if ix == self.ix {
                continue;
            }
            let other = state.campaigns.get(ix);
            let is_ours = |device: &u32| ours[*device as usize];
            // Before its start a campaign has no members yet.
            let shared = if other.started_at.is_none() {
                let takers = takers(state, other).map(|(device, _)| device);
                takers.filter(is_ours).count()
            } else {
                let members = other.roster.all().iter().map(|member| member.device);
                members.filter(is_ours).count()
            };
            let goes_first = if precedence(other, ix) < own {
                format!("{} goes first", other.id())
            } else {
                "this one goes first".to_string()
            };
            let text = format!(
                "{} are in campaign {} as well; where both want a device, {goes_first}",
                devices(shared as u64),
                other.id()
            );
            let advice = "wait until it is over, or set `priority`";
            self.about(Severity::Warning, "conflict", shared as u64, text, advice);
        }
    }

    /// How long the campaign takes at least.
    fn phases_ms(&self) -> u64 {
        let spec = &self.campaign.spec;
        // Each track of groups goes through all phases.
        let tracks = group_order(spec).last().map_or(1, |(_, track)| track + 1);
        let phases: u64 = spec
            .phases
            .iter()
            .map(|phase| phase.duration_hours.ms())
            .sum();
        phases * u64::from(tracks)
    }

    fn durations(&mut self) {
        let spec = &self.campaign.spec;
        let (phases, limit) = (self.phases_ms(), spec.max_rollout_days.ms());
        if phases > limit {
            self.found.push(finding(
                Severity::Error,
                "phases_too_long",
                format!(
                    "the phases take {} at least, and the campaign must be over after {}",
                    human_duration(phases),
                    human_duration(limit)
                ),
                "shorten the phases or raise max_rollout_days",
            ));
        }
    }
}
