//! What makes an uploaded image a release: a manifest signed by a trusted key, for exactly these bytes.

use alloc::{format, string::ToString, vec::Vec};

use fleetfold_schemas::{
    Version,
    code::{Code, Rejection},
    command::PublishRelease,
    suit::{self, Manifest, SuitError},
};

use crate::{
    Fact, ReleaseIx, State,
    fact::{DeltaRequested, ReleasePublished, RollbackAdded},
    request::StoredArtifact,
};

/// Deltas are built from this many releases before: devices further behind take the whole image, as no build time is
/// spent on the few of them.
const DELTA_SOURCES_MAX: usize = 3;

/// Release N has sequence 10 N, and its ways back the numbers up to the next release.
const ROLLBACKS_MAX: u64 = 9;

pub fn publish(
    state: &State,
    command: &PublishRelease,
    artifact: Option<&StoredArtifact>,
    facts: &mut Vec<Fact>,
) -> Result<(), Rejection> {
    if state
        .releases
        .find(&command.model, &command.version)
        .is_some()
    {
        return Err(Rejection::new(
            Code::ReleaseExists,
            format!(
                "{} {} has been published; a repair is a new version",
                command.model, command.version
            ),
        ));
    }
    check_lists(command)?;
    let verified =
        suit::verify(&command.manifest, &state.keys.trusted).map_err(|error| refusal(&error))?;
    let manifest = verified.manifest();
    check_manifest(manifest, command, &command.version)?;
    let Some(artifact) = artifact else {
        return Err(Rejection::new(
            Code::ImageMissing,
            format!("no complete upload of {}", command.image),
        ));
    };
    if artifact.sha256 != manifest.image_sha256 || artifact.bytes != manifest.image_size_bytes {
        return Err(Rejection::new(
            Code::ImageMismatch,
            "the uploaded image is not the one that the manifest was signed for",
        ));
    }
    check_sequence(state, manifest, command)?;
    let release = state.releases.len();
    let rollbacks = rollbacks(state, command, manifest.sequence)?;
    facts.push(
        ReleasePublished {
            release,
            model: command.model.clone(),
            version: command.version.clone(),
            vendor: command.vendor.clone(),
            sequence: manifest.sequence,
            image: command.image,
            image_sha256: artifact.sha256,
            image_bytes: artifact.bytes,
            manifest: command.manifest.clone(),
            key_id: verified.signer().0.to_vec(),
            advisories: command.security.then(|| command.advisories.clone()),
            requires: command.requires.clone(),
            hardware: command.hardware.clone(),
        }
        .into(),
    );
    facts.extend(rollbacks);
    let sources = state
        .releases
        .iter()
        .rev()
        .filter(|(_, earlier)| earlier.model == command.model && earlier.image != command.image)
        .take(DELTA_SOURCES_MAX);
    facts.extend(sources.map(|(from, _)| Fact::from(DeltaRequested { release, from })));
    Ok(())
}

/// So many can be told of in one line.
const ADVISORIES_MAX: usize = 32;

/// More than any model has.
const HARDWARE_MAX: usize = 32;

fn check_lists(command: &PublishRelease) -> Result<(), Rejection> {
    let problem = if command.advisories.len() > ADVISORIES_MAX {
        format!("advisories: at most {ADVISORIES_MAX} are possible")
    } else if command.hardware.len() > HARDWARE_MAX {
        format!("hardware: at most {HARDWARE_MAX} revisions are possible")
    } else if !command.security && !command.advisories.is_empty() {
        "advisories: only a security release has any; say \"security\": true".to_string()
    } else {
        return Ok(());
    };
    Err(Rejection::new(Code::Malformed, problem))
}

/// The manifest must be about what the command says.
fn check_manifest(
    manifest: &Manifest,
    command: &PublishRelease,
    version: &Version,
) -> Result<(), Rejection> {
    let vendor_id = suit::vendor_id(&command.vendor);
    if manifest.vendor_id != vendor_id
        || manifest.class_id != suit::class_id(vendor_id, &command.model)
    {
        return Err(Rejection::new(
            Code::ManifestMismatch,
            format!(
                "the manifest is not for {} of {}",
                command.model, command.vendor
            ),
        ));
    }
    if manifest.component.as_str() != suit::FIRMWARE || manifest.version != *version {
        return Err(Rejection::new(
            Code::ManifestMismatch,
            format!(
                "the manifest says {} {}, the command {} {version}",
                manifest.component,
                manifest.version,
                suit::FIRMWARE,
            ),
        ));
    }
    Ok(())
}

/// Devices refuse a lower sequence, so a release with one would reach nobody.
fn check_sequence(
    state: &State,
    manifest: &Manifest,
    command: &PublishRelease,
) -> Result<(), Rejection> {
    if let Some(newest) = state.releases.newest(&command.model)
        && manifest.sequence <= newest.sequence_max()
    {
        let highest = newest.sequence_max();
        let of = match highest == newest.sequence {
            true => "",
            false => "the ways back from ",
        };
        return Err(Rejection::new(
            Code::ReleaseSequence,
            format!(
                "sequence {} is not above {highest} of {of}{}",
                manifest.sequence, newest.version
            ),
        ));
    }
    Ok(())
}

/// The ways back, each verified as the release itself is: devices will obey them without asking again.
fn rollbacks(
    state: &State,
    command: &PublishRelease,
    sequence: u64,
) -> Result<Vec<Fact>, Rejection> {
    let release = state.releases.len();
    let mut known: Vec<(ReleaseIx, u64)> = Vec::new();
    let mut facts = Vec::new();
    for back in &command.rollbacks {
        let Some(to) = state.releases.find(&command.model, &back.to) else {
            return Err(Rejection::new(
                Code::UnknownRelease,
                format!("no release {} {} to go back to", command.model, back.to),
            ));
        };
        let verified =
            suit::verify(&back.manifest, &state.keys.trusted).map_err(|error| refusal(&error))?;
        let manifest = verified.manifest();
        check_manifest(manifest, command, &back.to)?;
        let image = state.releases.get(to);
        if manifest.image_sha256 != image.image_sha256
            || manifest.image_size_bytes != image.image_bytes
        {
            return Err(Rejection::new(
                Code::ImageMismatch,
                format!("the way back to {} was signed for another image", back.to),
            ));
        }
        let is_new =
            |(other, taken): &(ReleaseIx, u64)| *other != to && *taken != manifest.sequence;
        let last = sequence.saturating_add(ROLLBACKS_MAX);
        let is_after = sequence < manifest.sequence && manifest.sequence <= last;
        if !is_after || !known.iter().all(is_new) {
            return Err(Rejection::new(
                Code::ReleaseSequence,
                format!(
                    "the way back to {} has sequence {}: each has one of its own from {} to {last}",
                    back.to,
                    manifest.sequence,
                    sequence.saturating_add(1),
                ),
            ));
        }
        known.push((to, manifest.sequence));
        facts.push(
            RollbackAdded {
                release,
                to,
                sequence: manifest.sequence,
                manifest: back.manifest.clone(),
            }
            .into(),
        );
    }
    Ok(facts)
}

fn refusal(error: &SuitError) -> Rejection {
    let code = match error {
        SuitError::Digest => Code::ReleaseUnsigned,
        SuitError::Cose(error) if !error.is_unknown_vocabulary() => Code::ReleaseUnsigned,
        _ => Code::ManifestUnsupported,
    };
    Rejection::new(code, error.to_string())
}
