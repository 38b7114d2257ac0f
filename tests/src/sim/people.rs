//! Those whose approval others need, and what the site's configuration says of it.

use fleetfold_schemas::{
    Digest, TicketId,
    approval::ApprovalPolicy,
    campaign::{Hours, MINUTE_MS},
    command::{
        ApproveCampaign, CampaignCommand, ChangeOperator, CloseTicket, Command, DeclineCampaign,
        EditCampaign,
    },
    operator::Role,
};

use super::{
    invariants::Status,
    operator::{ROOT, STAFF},
    random::Stream,
    world::Sim,
};

#[derive(Debug)]
pub struct People {
    /// Whether anything needs approval here at all.
    is_careful: bool,
    policy: Option<ApprovalPolicy>,
    stream: Stream,
}

impl People {
    #[must_use]
    pub fn new(mut stream: Stream) -> Self {
        Self {
            is_careful: stream.percent(40),
            policy: None,
            stream,
        }
    }

    /// What the configuration says at a start: mostly what it said at the last.
    pub fn policy(&mut self) -> ApprovalPolicy {
        if !self.is_careful {
            return ApprovalPolicy::default();
        }
        let stream = &mut self.stream;
        let is_changed = self.policy.is_none() || stream.percent(15);
        if is_changed {
            self.policy = Some(ApprovalPolicy {
                start: stream.pick(&[0, 1, 1, 2]),
                advance: stream.pick(&[0, 1, 1, 2]),
                resume: stream.pick(&[0, 1, 1, 2]),
                rollback: stream.pick(&[0, 1, 1, 2]),
                expires_hours: Hours::from_ms(stream.pick(&[10, 30, 120, 7 * 24 * 60]) * MINUTE_MS),
            });
        }
        self.policy.clone().unwrap_or_default()
    }
}

impl Sim {
    /// Looks at what waits for approval, and says yes, no or nothing.
    pub fn review(&mut self, at: usize) {
        let open = self.book.approvals.open();
        if open.is_empty() || self.operators[at].open_orders() > 0 {
            return;
        }
        let own = &self.operators[at].id;
        let is_up_to_no_good = self.people.stream.percent(10);
        let may: Vec<_> = open
            .iter()
            .filter(|(_, asked)| is_up_to_no_good || asked.by != *own && !asked.given.contains(own))
            .collect();
        if may.is_empty() || !is_up_to_no_good && STAFF[at].1 < Role::Approver {
            return;
        }
        let stream = &mut self.people.stream;
        let (request, asked) = stream.pick(&may);
        let campaign = self.book.campaign(asked.campaign).id().clone();
        let request = stream.percent(80).then_some(*request);
        let digest = match stream.below(10) {
            0..4 => None,
            4 => Some(Digest([7; 32])),
            _ => Some(asked.digest),
        };
        // People take their time.
        let (refusals, answers) = if self.is_peaceful { (2, 80) } else { (4, 30) };
        let command = match stream.below(100) {
            answer if answer < refusals => Command::DeclineCampaign(DeclineCampaign {
                campaign,
                request,
                reason: None,
            }),
            answer if answer < answers => Command::ApproveCampaign(ApproveCampaign {
                campaign,
                request,
                digest,
                reason: None,
            }),
            _ => return,
        };
        self.command(at, command, true);
    }

    /// Somebody has seen to a device, now and then before it has succeeded after all.
    pub fn close_tickets(&mut self) {
        if self.operators[ROOT].open_orders() > 0 || self.people.stream.below(40) != 0 {
            return;
        }
        let open: Vec<_> = self.book.open_tickets().collect();
        if open.is_empty() {
            return;
        }
        let ticket = TicketId(self.people.stream.pick(&open));
        let reason = None;
        let command = Command::CloseTicket(CloseTicket { ticket, reason });
        self.command(ROOT, command, true);
    }

    /// What waits for its start is described otherwise after all, or called off.
    pub fn have_second_thoughts(&mut self) {
        if self.is_peaceful || self.operators[ROOT].open_orders() > 0 {
            return;
        }
        let waiting = self
            .book
            .approvals
            .open()
            .values()
            .find(|asked| self.book.campaign(asked.campaign).status == Status::Draft);
        let Some(asked) = waiting.filter(|_| self.people.stream.below(100) == 0) else {
            return;
        };
        let mut spec = self.book.campaign(asked.campaign).spec.clone();
        let command = if self.people.stream.percent(30) {
            Command::CancelCampaign(CampaignCommand {
                campaign: spec.id,
                reason: None,
            })
        } else {
            spec.priority = self.people.stream.pick(&[1, 50, 150]);
            let campaign = spec.into();
            Command::EditCampaign(EditCampaign { campaign })
        };
        self.command(ROOT, command, true);
    }

    /// Somebody gets another role for a while.
    pub fn change_staff(&mut self) {
        if !self.people.is_careful || self.operators[ROOT].open_orders() > 0 {
            return;
        }
        let moved = (1..STAFF.len()).find(|at| {
            let own = &self.operators[*at].id;
            self.book.approvals.role(own) != Some(STAFF[*at].1)
        });
        let stream = &mut self.people.stream;
        let (at, role) = match moved {
            Some(at) if self.is_peaceful || stream.below(120) == 0 => (at, STAFF[at].1),
            None if !self.is_peaceful && stream.below(120) == 0 => {
                let role = stream.pick(&[Role::Viewer, Role::Operator, Role::Approver]);
                (1 + stream.below(STAFF.len() - 1), role)
            }
            _ => return,
        };
        let command = Command::ChangeOperator(ChangeOperator {
            operator: self.operators[at].id.clone(),
            role: Some(role),
            tenants: None,
        });
        self.command(ROOT, command, true);
    }
}
