//! One line of a story, understood.

use fleetfold_core::fact::Role;
use fleetfold_schemas::{
    campaign::{Hours, Moment},
    command::Lifecycle,
    device::{ErrorClass, Stage, Waiting},
};

use super::agent::{Deed, Figure, Traits};

#[derive(Debug)]
pub enum Line<'a> {
    Fleet {
        count: u32,
        model: &'a str,
        running: Option<&'a str>,
        traits: Traits,
    },
    /// Devices say in a new hello what they are like now.
    Become(Vec<&'a str>, Traits),
    /// A name, a role, and the tenants that it is there for.
    Operator(&'a str, Role, Option<&'a str>),
    Release(Release<'a>),
    Delta {
        to: &'a str,
        from: &'a str,
        is_built: bool,
    },
    /// `create` and what follows the campaign's name.
    Campaign(&'a str, &'a str),
    /// The same of a campaign that is there.
    Edit(&'a str, &'a str),
    /// `start`, `pause` and whatever else is about a campaign that is there.
    Verb(&'a str, Vec<&'a str>),
    Lifecycle(Vec<&'a str>, Lifecycle),
    Send(&'a str, &'a str),
    Devices {
        who: Vec<&'a str>,
        deed: Deed,
        nth: Option<usize>,
    },
    Wait(u64),
    /// To a point in time, RFC 3339.
    Until(u64),
    Step,
    /// MiB free, MiB that should be.
    Room(u64, u64),
    /// What the configuration says of campaigns.
    Defaults(&'a str),
    /// The same of approvals.
    Approvals(&'a str),
    Status(&'a str),
    Report(&'a str),
    Show(&'a str),
    /// Of one campaign, or of all.
    Explain(&'a str, Option<&'a str>),
    /// What alerts are raised and what tickets are open.
    Troubles,
    /// The ticket about a device, or about all further ones of a campaign.
    CloseTicket(&'a str, &'a str),
    Restart,
}

#[derive(Debug)]
pub struct Release<'a> {
    pub version: &'a str,
    pub model: Option<&'a str>,
    pub sequence: Option<u64>,
    /// The versions it has signed ways back to, in the order of their sequence numbers.
    pub back_to: Vec<&'a str>,
    pub security: bool,
    pub advisories: Vec<&'a str>,
    pub requires: Option<&'a str>,
    pub hardware: Vec<&'a str>,
    pub flaw: Option<Flaw<'a>>,
}

#[derive(Debug, Clone, Copy)]
pub enum Flaw<'a> {
    Unsigned,
    Stranger,
    ImageMissing,
    ImageEdited,
    LabelledAs(&'a str),
    MadeFor(&'a str),
    Ways(WaysFlaw),
}

/// What is wrong with the ways back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum WaysFlaw {
    /// By a key that nobody trusts.
    Unsigned,
    /// Their sequence numbers are those of releases before.
    Below,
    /// They have the same sequence number.
    Alike,
    /// They say the new version, of the old image.
    Mislabelled,
    /// They are about other bytes.
    Edited,
}

pub fn parse(line: &str) -> Line<'_> {
    let words: Vec<_> = line.split_whitespace().collect();
    let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
    match words.as_slice() {
        ["fleet", count, model] => Line::Fleet {
            count: number(count),
            model,
            running: None,
            traits: Traits::default(),
        },
        ["fleet", count, model, "running", version, traits @ ..] => Line::Fleet {
            count: number(count),
            model,
            running: Some(version),
            traits: parse_traits(traits),
        },
        [who @ .., "become", traits] => Line::Become(who.to_vec(), parse_traits(&[traits])),
        [who @ .., "become", first, second] => {
            Line::Become(who.to_vec(), parse_traits(&[first, second]))
        }
        ["operator", name, role] => Line::Operator(name, parse_role(role), None),
        ["operator", name, role, "of", tenants] => {
            Line::Operator(name, parse_role(role), Some(tenants))
        }
        ["release", version, flags @ ..] => Line::Release(release(version, flags)),
        ["delta", to, "from", from, how] => Line::Delta {
            to,
            from,
            is_built: *how == "built",
        },
        ["edit", name, ..] => Line::Edit(name, rest.trim_start()[name.len()..].trim_start()),
        ["campaign", name, ..] => {
            Line::Campaign(name, rest.trim_start()[name.len()..].trim_start())
        }
        [
            "start" | "pause" | "resume" | "cancel" | "advance" | "archive" | "retry" | "exclude"
            | "expedite" | "promote" | "approve" | "decline",
            arguments @ ..,
        ] => Line::Verb(first, arguments.to_vec()),
        ["roll", "back", arguments @ ..] => Line::Verb("rollback", arguments.to_vec()),
        ["maintain", who @ ..] => Line::Lifecycle(who.to_vec(), Lifecycle::Maintenance),
        ["activate", who @ ..] => Line::Lifecycle(who.to_vec(), Lifecycle::Active),
        ["retire", who @ ..] => Line::Lifecycle(who.to_vec(), Lifecycle::Retired),
        ["send", "as", who, ..] => {
            let json = rest.find(who).expect("it is there") + who.len();
            Line::Send(who, rest[json..].trim_start())
        }
        ["send", ..] => Line::Send("ann", rest),
        ["wait", duration] => Line::Wait(span(duration)),
        ["wait", "until", moment] => {
            let moment: Moment = serde_json::from_value((*moment).into()).unwrap();
            Line::Until(moment.ms())
        }
        ["step"] => Line::Step,
        ["room", free, "MiB", "of", floor] => Line::Room(number(free), number(floor)),
        ["defaults", ..] => Line::Defaults(rest),
        ["approvals", ..] => Line::Approvals(rest),
        ["status", campaign] => Line::Status(campaign),
        ["report", campaign] => Line::Report(campaign),
        ["show", device] => Line::Show(device),
        ["explain", device] => Line::Explain(device, None),
        ["explain", device, "in", campaign] => Line::Explain(device, Some(campaign)),
        ["troubles"] => Line::Troubles,
        ["close", "ticket", device, "in", campaign] => Line::CloseTicket(device, campaign),
        ["restart"] => Line::Restart,
        words => devices(words).unwrap_or_else(|| panic!("what does this mean? {line}")),
    }
}

/// `region=eu tag=test tag=beta hardware=2 tenant=acme site=north`
fn parse_traits(words: &[&str]) -> Traits {
    let mut traits = Traits::default();
    for word in words {
        let (key, value) = word.split_once('=').expect("a trait is key=value");
        match key {
            "region" => traits.region = Some(value.parse().unwrap()),
            "tenant" => traits.tenant = Some(value.parse().unwrap()),
            "hardware" => traits.hardware = Some(value.parse().unwrap()),
            "can" => traits.capabilities.push(value.parse().unwrap()),
            "zone" => traits.time_zone = Some(value.parse().unwrap()),
            "tag" => traits.tags.push(value.parse().unwrap()),
            key => drop((traits.attributes).insert(key.parse().unwrap(), value.into())),
        }
    }
    traits
}

/// A duration as campaigns write it.
pub fn span(text: &str) -> u64 {
    let hours: Hours = serde_json::from_value(text.into()).unwrap_or_else(|_| panic!("{text}"));
    hours.ms()
}

fn number<N: std::str::FromStr>(text: &str) -> N {
    text.parse()
        .unwrap_or_else(|_| panic!("{text} is no number"))
}

fn parse_role(text: &str) -> Role {
    match text {
        "viewer" => Role::Viewer,
        "operator" => Role::Operator,
        "approver" => Role::Approver,
        "admin" => Role::Admin,
        _ => panic!("no role {text}"),
    }
}

fn release<'a>(version: &'a str, mut flags: &[&'a str]) -> Release<'a> {
    let mut release = Release {
        version,
        model: None,
        sequence: None,
        back_to: Vec::new(),
        security: false,
        advisories: Vec::new(),
        requires: None,
        hardware: Vec::new(),
        flaw: None,
    };
    while !flags.is_empty() {
        flags = match flags {
            ["for", model, rest @ ..] => {
                release.model = Some(model);
                rest
            }
            ["sequence", sequence, rest @ ..] => {
                release.sequence = Some(number(sequence));
                rest
            }
            ["security", rest @ ..] => {
                release.security = true;
                rest
            }
            ["requires", versions, rest @ ..] => {
                release.requires = Some(versions);
                rest
            }
            ["hardware", revision, rest @ ..] => {
                release.hardware.push(revision);
                rest
            }
            ["repairs", advisory, rest @ ..] => {
                release.advisories.push(advisory);
                rest
            }
            ["back", "to", version, rest @ ..] => {
                release.back_to.push(version);
                rest
            }
            _ => {
                release.flaw = Some(flaw(flags));
                break;
            }
        };
    }
    release
}

fn flaw<'a>(words: &[&'a str]) -> Flaw<'a> {
    match words {
        ["unsigned"] => Flaw::Unsigned,
        ["by", "a", "stranger"] => Flaw::Stranger,
        ["image", "missing"] => Flaw::ImageMissing,
        ["image", "edited"] => Flaw::ImageEdited,
        ["labelled", version] => Flaw::LabelledAs(version),
        ["made", "for", model] => Flaw::MadeFor(model),
        ["ways", flaw] => Flaw::Ways(match *flaw {
            "unsigned" => WaysFlaw::Unsigned,
            "below" => WaysFlaw::Below,
            "alike" => WaysFlaw::Alike,
            "mislabelled" => WaysFlaw::Mislabelled,
            "edited" => WaysFlaw::Edited,
            flaw => panic!("no such flaw of ways back: {flaw}"),
        }),
        _ => panic!("no such flaw: {words:?}"),
    }
}

fn devices<'a>(words: &[&'a str]) -> Option<Line<'a>> {
    let (words, nth) = match words {
        [words @ .., "at", "job", nth] => (words, Some(number(nth))),
        _ => (words, None),
    };
    let verb = (1..words.len()).find(|at| deed(&words[*at..]).is_some())?;
    Some(Line::Devices {
        who: words[..verb].to_vec(),
        deed: deed(&words[verb..])?,
        nth,
    })
}

fn deed(words: &[&str]) -> Option<Deed> {
    Some(match words {
        ["take" | "takes"] => Deed::Take,
        ["boot" | "boots", "in", time, rest @ ..] => Deed::Boots(figure(span(time), rest)),
        ["drain" | "drains", percent, "a", "day", rest @ ..] => {
            let percent: f64 = number(percent.trim_end_matches('%'));
            Deed::Drains(figure((percent * 100.0).round() as u64, rest))
        }
        ["crash" | "crashes", times, "times"] => Deed::Crashes(number(times)),
        ["accept" | "accepts"] => Deed::Work(Stage::Downloading, None),
        ["is" | "are", stage, progress @ ..] => {
            let percent = progress
                .first()
                .map(|text| number(text.trim_end_matches('%')));
            Deed::Work(parse_stage(stage), percent)
        }
        ["wait" | "waits", "for", what, more @ ..] => Deed::Wait(waiting(what, more)),
        ["give" | "gives", "up", code] => Deed::GiveUp((*code).into()),
        ["succeed" | "succeeds"] => Deed::Succeed,
        ["fail" | "fails", class, restored @ ..] => {
            Deed::Fail(parse_class(class), restored == ["restored"])
        }
        ["reject" | "rejects"] => Deed::Reject,
        ["claim" | "claims", "success"] => Deed::ClaimSuccess,
        ["cancel" | "cancels"] => Deed::Cancel,
        ["fall" | "falls", "back"] => Deed::FallBack,
        ["greet" | "greets"] => Deed::Greet,
        ["report" | "reports"] => Deed::Report,
        ["repeat" | "repeats"] => Deed::Repeat,
        ["contradict" | "contradicts"] => Deed::Contradict,
        ["look" | "looks", "back"] => Deed::LookBack,
        ["lose" | "loses", "epoch"] => Deed::LoseEpoch,
        _ => return None,
    })
}

/// `more or less`
fn figure(usual: u64, words: &[&str]) -> Figure {
    let varies = words == ["more", "or", "less"];
    Figure { usual, varies }
}

/// `battery`, `consent postponed 2 for 4h`, `start until zero`; a time that is not zero counts from when it is said.
fn waiting(what: &str, more: &[&str]) -> Waiting {
    let what = serde_json::from_value(what.into()).unwrap();
    let (postponed, more) = match more {
        ["postponed", times, more @ ..] => (number(times), more),
        more => (0, more),
    };
    let until_ms = match more {
        ["for", "ever"] => Some(u64::MAX),
        ["until", "zero"] => Some(0),
        ["for", time] => Some(span(time)),
        [] => None,
        more => panic!("how long? {more:?}"),
    };
    Waiting {
        what,
        until_ms,
        postponed,
    }
}

fn parse_stage(text: &str) -> Stage {
    serde_json::from_value(text.into()).unwrap_or_else(|_| panic!("no stage {text}"))
}

fn parse_class(text: &str) -> ErrorClass {
    serde_json::from_value(text.into()).unwrap_or_else(|_| panic!("no error class {text}"))
}
