//! Virtual retained values: rendered from the state when somebody subscribes, stored nowhere.

use bytes::Bytes;
use ed25519_dalek::SigningKey;
use fleetfold_broker::Identity;
use fleetfold_core::{CampaignIx, DeviceIx, ReleaseIx, State, Timestamp, view};
use fleetfold_schemas::{
    DeviceTopic, TicketId, Topic,
    codec::encode_json,
    operator::Tenants,
    status::AlertName,
    topic::{self, CampaignTopic},
};

use super::{reports::Reports, scope::concerns};

/// Values rendered at once. A page takes the owner about a millisecond, which a report can wait for.
const PAGE_ROWS_MAX: usize = 500;

/// A report looks at so many members in the time that a row of a page takes.
const MEMBERS_A_ROW: usize = 20;

/// The summary, the alerts and the tickets. All alerts are one entry, and so are all tickets: they come and go, and a page
/// that ended among them could pass some over. There are few, and tickets are bounded for each campaign.
const BEFORE_CAMPAIGNS: usize = 3;

/// The current values of the retained topics that a filter matches.
#[derive(Debug)]
pub struct RetainedPage {
    pub values: Vec<(Topic, Bytes)>,
    /// Where the next page begins.
    pub next: Option<usize>,
}

/// Renders what topics should hold.
#[derive(Debug)]
pub struct Renderer<'a> {
    pub state: &'a State,
    pub job_key: &'a SigningKey,
    pub reports: &'a Reports,
    pub now: Timestamp,
}

impl Renderer<'_> {
    /// The signed job, or nothing.
    #[must_use]
    pub fn job(&self, ix: DeviceIx) -> Bytes {
        view::job(self.state, ix).map_or_else(Bytes::new, |job| job.sign(self.job_key).into())
    }

    #[must_use]
    pub fn device(&self, ix: DeviceIx) -> Bytes {
        encode_json(&view::device(self.state, ix)).into()
    }

    #[must_use]
    pub fn campaign(&self, ix: CampaignIx) -> Bytes {
        encode_json(&view::campaign(self.state, ix, self.now)).into()
    }

    /// Of a large campaign, as it was when one was made last; `None`: one is wanted first.
    #[must_use]
    pub fn report(&self, ix: CampaignIx) -> Option<Bytes> {
        self.reports.payload(self.state, ix, self.now)
    }

    #[must_use]
    pub fn release(&self, ix: ReleaseIx) -> Bytes {
        encode_json(&view::release(self.state, ix)).into()
    }

    #[must_use]
    pub fn fleet(&self) -> Bytes {
        encode_json(&view::fleet(self.state)).into()
    }

    /// The topic of an alert.
    #[must_use]
    pub fn alert_topic(&self, campaign: Option<CampaignIx>, alert: AlertName) -> Topic {
        let campaign = campaign.map(|ix| self.state.campaigns.get(ix).id());
        Topic::Alert(alert.id(campaign))
    }

    /// The alert, or nothing when all is well.
    #[must_use]
    pub fn alert(&self, campaign: Option<CampaignIx>, alert: AlertName) -> Bytes {
        let alert = view::alert(self.state, campaign, alert);
        alert.map_or_else(Bytes::new, |alert| encode_json(&alert).into())
    }

    /// The ticket, or nothing once it is closed.
    #[must_use]
    pub fn ticket(&self, number: u64) -> Bytes {
        let ticket = view::ticket(self.state, number);
        ticket.map_or_else(Bytes::new, |ticket| encode_json(&ticket).into())
    }

    /// One page of the values that a filter matches, for someone whose role may read them: the broker checks that. Whose
    /// they are is looked at here.
    #[must_use]
    pub fn page(&self, who: &Identity, filter: &str, cursor: usize) -> RetainedPage {
        let values = match who {
            Identity::Device { id, .. } => self.of_device(id, filter),
            Identity::Operator { tenants, .. } => match Topic::parse(filter) {
                Ok(topic) => self
                    .seen_by(tenants, &topic)
                    .map(|value| (topic, value))
                    .into_iter()
                    .collect(),
                Err(_) => return self.matching(tenants, filter, cursor),
            },
        };
        RetainedPage { values, next: None }
    }

    fn of_device(&self, id: &fleetfold_schemas::DeviceId, filter: &str) -> Vec<(Topic, Bytes)> {
        let Some(ix) = self.state.devices.find(id) else {
            return Vec::new();
        };
        let mut values = Vec::new();
        let job = Topic::Device(id.clone(), DeviceTopic::Job);
        if topic::matches(filter, &job.to_string()) {
            let payload = self.job(ix);
            // An empty value is no value.
            if !payload.is_empty() {
                values.push((job, payload));
            }
        }
        let status = Topic::Device(id.clone(), DeviceTopic::Status);
        if topic::matches(filter, &status.to_string()) {
            values.push((status, self.device(ix)));
        }
        values
    }

    /// What operators of these tenants are given.
    fn seen_by(&self, tenants: &Tenants, topic: &Topic) -> Option<Bytes> {
        match topic {
            _ if tenants.is_all() => self.exact(topic),
            Topic::FleetSummary => Some(encode_json(&view::fleet_of(self.state, tenants)).into()),
            _ if concerns(self.state, topic, tenants) => self.exact(topic),
            _ => None,
        }
    }

    fn exact(&self, topic: &Topic) -> Option<Bytes> {
        match topic {
            Topic::Device(id, DeviceTopic::Status) => {
                Some(self.device(self.state.devices.find(id)?))
            }
            Topic::Campaign(id, CampaignTopic::Status) => {
                Some(self.campaign(self.state.campaigns.find(id)?))
            }
            Topic::Campaign(id, CampaignTopic::Report) => {
                self.report(self.state.campaigns.find(id)?)
            }
            Topic::Release(model, version) => {
                Some(self.release(self.state.releases.find(model, version)?))
            }
            Topic::FleetSummary => Some(self.fleet()),
            Topic::Alert(id) => {
                let (campaign, alert) = AlertName::of(id)?;
                let ix = match campaign {
                    Some(campaign) => Some(self.state.campaigns.find(&campaign)?),
                    None => None,
                };
                Some(self.alert(ix, alert)).filter(|alert| !alert.is_empty())
            }
            Topic::Ticket(id) => Some(self.ticket(id.0)).filter(|ticket| !ticket.is_empty()),
            // Not of the state: whoever rehearses has it.
            Topic::Campaign(_, CampaignTopic::Rehearsal) => None,
            Topic::Device(..) | Topic::Operator(..) | Topic::LogFacts => None,
        }
    }

    /// Walks summary, alerts, tickets, campaigns, their reports, releases and devices as one list, so that a cursor is one
    /// number.
    fn matching(&self, tenants: &Tenants, filter: &str, cursor: usize) -> RetainedPage {
        let state = self.state;
        let (campaigns, releases) = (
            state.campaigns.len() as usize,
            state.releases.len() as usize,
        );
        let before_devices = BEFORE_CAMPAIGNS + 2 * campaigns + releases;
        // The third level says whether devices can match at all: nobody walks a million of them for the campaigns.
        let wants_devices = matches!(filter.split('/').nth(2), None | Some("devices" | "+" | "#"));
        let end = if wants_devices {
            before_devices + state.devices.len() as usize
        } else {
            before_devices
        };
        let mut values = Vec::new();
        let (mut page_end, mut work) = (cursor, 0);
        while page_end < end && work < PAGE_ROWS_MAX {
            for topic in self.topics_at(page_end, campaigns, before_devices) {
                work += 1;
                if topic::matches(filter, &topic.to_string()) {
                    work += self.further_work(&topic);
                    // There may be no report yet, and what there is may be somebody else's.
                    values.extend(self.seen_by(tenants, &topic).map(|value| (topic, value)));
                }
            }
            page_end += 1;
        }
        RetainedPage {
            values,
            next: (page_end < end).then_some(page_end),
        }
    }

    /// What rendering takes beyond a row's time, in rows.
    fn further_work(&self, topic: &Topic) -> usize {
        match topic {
            Topic::Campaign(id, CampaignTopic::Report) => {
                let ix = self.state.campaigns.find(id);
                ix.map_or(0, |ix| {
                    self.state.campaigns.get(ix).roster.len() as usize / MEMBERS_A_ROW
                })
            }
            _ => 0,
        }
    }

    fn topics_at(&self, at: usize, campaigns: usize, before_devices: usize) -> Vec<Topic> {
        match at {
            0 => vec![Topic::FleetSummary],
            1 => view::alerts(self.state)
                .into_iter()
                .map(|(campaign, alert)| self.alert_topic(campaign, alert))
                .collect(),
            2 => {
                let open = self.state.tickets.iter();
                open.map(|(number, _)| Topic::Ticket(TicketId(number)))
                    .collect()
            }
            _ => vec![self.topic_at(at, campaigns, before_devices)],
        }
    }

    fn topic_at(&self, at: usize, campaigns: usize, before_devices: usize) -> Topic {
        let row = |at: usize| u32::try_from(at).expect("rows are numbered by u32");
        let at_campaign = at - BEFORE_CAMPAIGNS;
        if at_campaign < campaigns {
            let campaign = self.state.campaigns.get(row(at_campaign));
            return Topic::Campaign(campaign.id().clone(), CampaignTopic::Status);
        }
        if at_campaign < 2 * campaigns {
            let campaign = self.state.campaigns.get(row(at_campaign - campaigns));
            return Topic::Campaign(campaign.id().clone(), CampaignTopic::Report);
        }
        if at < before_devices {
            let release = self.state.releases.get(row(at_campaign - 2 * campaigns));
            return Topic::Release(release.model.clone(), release.version.clone());
        }
        let device = self.state.devices.get(row(at - before_devices));
        Topic::Device(device.id(), DeviceTopic::Status)
    }
}
