//! Which devices a story means.

use fleetfold_core::DeviceIx;
use fleetfold_schemas::job::{Job, JobKind};

use super::{World, agent::Deed};

impl World {
    /// The agents that a story's words mean.
    pub(super) fn select(&self, who: &[&str], deed: Option<&Deed>) -> Vec<usize> {
        match who {
            ["all"] => self.ready(0..u32::try_from(self.agents.len()).unwrap(), deed),
            [count, "of", phase] => {
                let mut chosen = self.phase(phase, deed);
                let count: usize = count.parse().unwrap();
                assert!(
                    chosen.len() >= count,
                    "only {} of {phase} have a job",
                    chosen.len()
                );
                chosen.truncate(count);
                chosen
            }
            names => names
                .iter()
                .flat_map(|name| self.named(name, deed))
                .collect(),
        }
    }

    fn named(&self, name: &str, deed: Option<&Deed>) -> Vec<usize> {
        let number = |name: &str| name.strip_prefix('d').and_then(|n| n.parse::<usize>().ok());
        if let Some((first, last)) = name.split_once("..") {
            return (number(first).unwrap() - 1..number(last).unwrap()).collect();
        }
        match number(name) {
            Some(number) => vec![number - 1],
            None => self.phase(name, deed),
        }
    }

    fn phase(&self, name: &str, deed: Option<&Deed>) -> Vec<usize> {
        if let Some(version) = name.strip_prefix('@') {
            return self.offered(version, deed);
        }
        let (campaign, phase) = match name.split_once('/') {
            Some((campaign, phase)) => (Some(campaign), phase),
            None => (None, name),
        };
        for (_, row) in self.core.state().campaigns.iter() {
            if campaign.is_some_and(|campaign| campaign != row.id().as_str()) {
                continue;
            }
            let Some(at) = row
                .spec
                .phases
                .iter()
                .position(|spec| spec.name.as_str() == phase)
            else {
                continue;
            };
            let members = row.roster.all().iter();
            let own = members.filter(|member| usize::from(member.place.phase) == at);
            return self.ready(own.map(|member| member.device), deed);
        }
        panic!("no phase {name}")
    }

    /// Those whose job is to install this version.
    fn offered(&self, version: &str, deed: Option<&Deed>) -> Vec<usize> {
        let state = self.core.state();
        let is_wanted = |job: &Job| match &job.kind {
            JobKind::Install(installation) | JobKind::Rollback(installation) => {
                state.releases.iter().any(|(_, row)| {
                    row.image == installation.target && row.version.as_str() == version
                })
            }
            JobKind::Cancel { .. } => false,
        };
        let wanted = self.topics.iter().filter(|(_, job)| is_wanted(job));
        self.ready(wanted.map(|(ix, _)| *ix), deed)
    }

    /// Those with a job on their topic, where the deed is about one; to be accepted, one that they have not taken yet.
    fn ready(&self, devices: impl Iterator<Item = DeviceIx>, deed: Option<&Deed>) -> Vec<usize> {
        let needs_none =
            |deed: &Deed| matches!(deed, Deed::Boots(_) | Deed::Drains(_) | Deed::Crashes(_));
        if deed.is_some_and(needs_none) {
            return devices.map(|ix| ix as usize).collect();
        }
        let accepts = deed.is_some_and(|deed| matches!(deed, Deed::Take | Deed::Work(..)));
        devices
            .map(|ix| ix as usize)
            .filter(|at| {
                let job = self.topics.get(&u32::try_from(*at).unwrap());
                job.is_some_and(|job| !(accepts && self.agents[*at].knows(job)))
            })
            .collect()
    }
}
