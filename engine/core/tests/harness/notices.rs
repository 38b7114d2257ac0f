//! What a webhook is told of the facts of a step is what the topics hold after it.

use fleetfold_core::{Fact, State, Timestamp, view};
use fleetfold_schemas::{AlertId, TicketId, status::AlertName, webhook::NoticeKind};

/// The last of the facts is the last that `state` has folded in.
pub fn check(state: &State, now: Timestamp, facts: &[Fact]) {
    let first = state.position + 1 - facts.len() as u64;
    for (position, fact) in (first..).zip(facts) {
        let notice = view::notice(state, position, now, fact);
        assert_eq!(notice.is_some(), view::is_notable(fact), "{fact:?}");
        let Some((kind, data)) = notice else {
            continue;
        };
        assert_eq!(data.position, position);
        match kind {
            NoticeKind::AlertRaised | NoticeKind::AlertCleared => {
                let id = AlertId::parse(&data.id).unwrap();
                let (campaign, alert) = AlertName::of(&id).unwrap();
                assert_eq!(campaign, data.campaign);
                let campaign = campaign.map(|id| state.campaigns.find(&id).unwrap());
                let is_over_at_once = data.alert.is_some()
                    && facts.iter().any(|later| match later {
                        Fact::AlertCleared(later) => {
                            (later.campaign, later.alert) == (campaign, alert)
                        }
                        _ => false,
                    });
                if !is_over_at_once {
                    assert_eq!(data.alert, view::alert(state, campaign, alert), "{id}");
                }
            }
            NoticeKind::TicketOpened | NoticeKind::TicketClosed => {
                let number = data.id.strip_prefix("t-").unwrap().parse().unwrap();
                assert_eq!(TicketId(number).to_string(), data.id);
                assert_eq!(data.ticket, view::ticket(state, number), "{}", data.id);
            }
        }
    }
}
