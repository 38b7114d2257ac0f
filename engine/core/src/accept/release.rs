//! What makes an uploaded image a release: a manifest signed by a trusted key, for exactly these bytes.

use alloc::{format, string::ToString, vec::Vec};

use fleetfold_schemas::{
    code::{Code, Rejection},
    command::PublishRelease,
    suit::{self, Manifest, SuitError},
};

use crate::{
    Fact, State,
    fact::{DeltaRequested, ReleasePublished},
    request::StoredArtifact,
};

/// Deltas are built from this many releases before: devices further behind take the whole image, as no build time is
/// spent on the few of them.
const DELTA_SOURCES_MAX: usize = 3;

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
    let verified =
        suit::verify(&command.manifest, &state.keys.trusted).map_err(|error| refusal(&error))?;
    let manifest = verified.manifest();
    check_manifest(manifest, command)?;
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
        }
        .into(),
    );
    let sources = state
        .releases
        .iter()
        .rev()
        .filter(|(_, earlier)| earlier.model == command.model && earlier.image != command.image)
        .take(DELTA_SOURCES_MAX);
    facts.extend(sources.map(|(from, _)| Fact::from(DeltaRequested { release, from })));
    Ok(())
}

/// The manifest must be about what the command says.
fn check_manifest(manifest: &Manifest, command: &PublishRelease) -> Result<(), Rejection> {
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
    if manifest.component.as_str() != suit::FIRMWARE || manifest.version != command.version {
        return Err(Rejection::new(
            Code::ManifestMismatch,
            format!(
                "the manifest says {} {}, the command {} {}",
                manifest.component,
                manifest.version,
                suit::FIRMWARE,
                command.version
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
        && manifest.sequence <= newest.sequence
    {
        return Err(Rejection::new(
            Code::ReleaseSequence,
            format!(
                "sequence {} is not above {} of {}",
                manifest.sequence, newest.sequence, newest.version
            ),
        ));
    }
    Ok(())
}

fn refusal(error: &SuitError) -> Rejection {
    let code = match error {
        SuitError::Digest => Code::ReleaseUnsigned,
        SuitError::Cose(error) if !error.is_unknown_vocabulary() => Code::ReleaseUnsigned,
        _ => Code::ManifestUnsupported,
    };
    Rejection::new(code, error.to_string())
}
