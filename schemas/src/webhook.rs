//! What a webhook is told: the JSON body of one request, in the form of Standard Webhooks 1.0 (type, timestamp, data).

use alloc::string::String;

use serde::{Deserialize, Serialize};

use crate::{
    id::{CampaignId, OperatorId},
    status::{Alert, Ticket},
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    #[serde(rename = "type")]
    pub kind: NoticeKind,
    /// When it was recorded, in RFC 3339.
    pub timestamp: String,
    pub data: NoticeData,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoticeKind {
    #[serde(rename = "alert.raised")]
    AlertRaised,
    #[serde(rename = "alert.cleared")]
    AlertCleared,
    #[serde(rename = "ticket.opened")]
    TicketOpened,
    #[serde(rename = "ticket.closed")]
    TicketClosed,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoticeData {
    /// Of the fact in the log. Notices come in the order of their positions.
    pub position: u64,
    /// The last level of the topic below `alerts/` or `tickets/`: what was raised and what is cleared have the same.
    pub id: String,
    /// That it is about; absent: the site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<CampaignId>,
    /// With `alert.raised`: what the topic holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert: Option<Alert>,
    /// With `ticket.opened`: likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<Ticket>,
    /// With `ticket.closed`; absent: the device has succeeded after all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_by: Option<OperatorId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
