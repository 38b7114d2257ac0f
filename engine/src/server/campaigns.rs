//! What the configuration says of campaigns becomes a fact, so that no replay depends on a file.

use fleetfold_core::{Answer, Request};
use fleetfold_schemas::campaign::CampaignDefaults;
use tokio::sync::oneshot;

use super::{
    ServerError,
    inbox::{AnswerTo, Inbox, Message, Pending},
};

/// Returns once it is on record, which it may have been since an earlier start.
pub async fn hand_over(defaults: CampaignDefaults, inbox: &Inbox) -> Result<(), ServerError> {
    let (answer, answered) = oneshot::channel();
    let pending = Pending {
        request: Request::SetCampaignDefaults(defaults),
        answer_to: AnswerTo::Caller(answer),
    };
    let refused = |why: &str| ServerError::Campaigns(why.to_owned());
    let ended = "the engine ended before it had recorded them";
    let sent = inbox.send(Message::Requests(vec![pending])).await;
    sent.map_err(|_| refused(ended))?;
    match answered.await.map_err(|_| refused(ended))? {
        Answer::Accepted | Answer::Told(_) | Answer::Duplicate => Ok(()),
        Answer::Rejected(rejection) => Err(refused(&rejection.message)),
    }
}
