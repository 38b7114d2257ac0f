//! What the configuration says of campaigns and of approvals becomes facts, so that no replay depends on a file.

use fleetfold_core::{Answer, Request, State, may_approve};
use fleetfold_schemas::{approval::ApprovalPolicy, campaign::CampaignDefaults};
use tokio::sync::oneshot;

use super::{
    ServerError,
    inbox::{AnswerTo, Inbox, Message, Pending},
};

/// Returns once they are on record, which they may have been since an earlier start.
pub async fn hand_over(
    defaults: CampaignDefaults,
    approvals: ApprovalPolicy,
    inbox: &Inbox,
) -> Result<(), ServerError> {
    let refused = |why: &str| ServerError::Campaigns(why.to_owned());
    record(Request::SetCampaignDefaults(defaults), inbox, refused).await?;
    let refused = |why: &str| ServerError::Approvals(why.to_owned());
    record(Request::SetApprovalPolicy(approvals), inbox, refused).await
}

async fn record(
    request: Request,
    inbox: &Inbox,
    refused: impl Fn(&str) -> ServerError,
) -> Result<(), ServerError> {
    let (answer, answered) = oneshot::channel();
    let pending = Pending {
        request,
        answer_to: AnswerTo::Caller(answer),
    };
    let ended = "the engine ended before it had recorded them";
    let sent = inbox.send(Message::Requests(vec![pending])).await;
    sent.map_err(|_| refused(ended))?;
    match answered.await.map_err(|_| refused(ended))? {
        Answer::Accepted | Answer::Told(_) | Answer::Duplicate => Ok(()),
        Answer::Rejected(rejection) => Err(refused(&rejection.message)),
    }
}

/// What a policy asks for that nobody could get: who asks is never one of those who approve.
pub fn lint(approvals: &ApprovalPolicy, state: &State) -> Vec<String> {
    // Before the first start nobody is there but the admin to come.
    let approvers = state.operators.values().filter(|row| may_approve(row));
    let approvers = approvers.count().max(1);
    let counts = approvals.counts().into_iter();
    let short = counts.filter(|(_, needed)| *needed > 0 && approvers <= usize::from(*needed));
    let text = |(key, needed)| {
        format!(
            "approvals.{key}: {needed} approvals are asked for by others than whoever asks, and {approvers} may approve; \
             what an approver asks for cannot be approved until there are more"
        )
    };
    short.map(text).collect()
}

#[cfg(test)]
mod tests {
    use fleetfold_core::Core;
    use fleetfold_schemas::operator::Role;

    use super::*;

    #[test]
    fn a_policy_that_nobody_could_meet_is_told_of() {
        let mut core = Core::default();
        let policy = ApprovalPolicy {
            start: 1,
            rollback: 2,
            ..ApprovalPolicy::default()
        };
        let told = |core: &Core| lint(&policy, core.state()).len();
        assert_eq!(told(&core), 2);
        for (operator, role, expected) in [
            ("ann", Role::Admin, 2),
            ("olga", Role::Operator, 2),
            ("bea", Role::Approver, 1),
            ("cleo", Role::Approver, 0),
        ] {
            let request = Request::AddOperator {
                operator: operator.parse().unwrap(),
                role,
                password_hash: "none".to_owned(),
            };
            core.step(0, &[request]);
            assert_eq!(told(&core), expected, "with {operator}");
        }
        assert!(lint(&ApprovalPolicy::default(), core.state()).is_empty());
    }
}
