//! `fleetfold release`

mod rollback;

use std::{
    fs,
    io::{IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Subcommand};
use ed25519_dalek::SigningKey;
use fleetfold_schemas::{
    campaign::VersionRequirement,
    command::{Command, PublishRelease},
    cose::KeyId,
    id::{Digest, ModelId, Name, Sha256, Version},
    status::{DeltaState, ReleaseStatus},
    suit::{self, Manifest},
    topic::filter,
};

use super::{
    connection::Connection,
    failure::Failure,
    key_file,
    output::{self, Table, bytes, done, print},
};
use crate::client::OperatorClient;

/// Release N has sequence 10 N, which leaves room for the manifests that go back from it.
const SEQUENCE_STEP: u64 = 10;

#[derive(Debug, Subcommand)]
pub enum ReleaseCommand {
    /// Sign an image: write its manifest
    ///
    /// The manifest is a SUIT envelope (draft-ietf-suit-manifest) that says for which vendor and model the image is, its
    /// SHA-256 and size, and its place in the order of releases. Nothing is sent anywhere.
    Sign(Sign),
    /// Print an image's BLAKE3 digest, by which uploads and commands name it
    Digest {
        #[arg(value_name = "IMAGE")]
        image: PathBuf,
    },
    /// Upload an image and make it a release
    Publish(Publish),
    /// List the releases there are
    List {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        connection: Connection,
    },
}

#[derive(Debug, Args)]
pub struct Of {
    /// The DNS domain of the devices' maker, as in acme.example
    #[arg(long, value_name = "DOMAIN", value_parser = domain)]
    vendor: String,
    /// The device model that the image is for
    #[arg(long)]
    model: ModelId,
    /// The image's version
    #[arg(long)]
    version: Version,
}

#[derive(Debug, Args)]
pub struct Sign {
    image: PathBuf,
    /// The secret key, NAME.key
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    #[command(flatten)]
    of: Of,
    /// The number of this release of the model: above that of every earlier one
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=u64::MAX / SEQUENCE_STEP))]
    number: u64,
    /// Where to write the manifest
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

#[derive(Debug, Args)]
pub struct Publish {
    image: PathBuf,
    /// The manifest that `release sign` wrote
    #[arg(long, value_name = "FILE")]
    manifest: PathBuf,
    /// The secret key, NAME.key: signs the ways back from this release to the three before it, for rollbacks
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Sign a way back to this version, not to the three before; may be repeated
    #[arg(long = "rollback-to", value_name = "VERSION", requires = "key")]
    rollback_to: Vec<Version>,
    /// It repairs what others could abuse: `report compliance` says who lacks it
    #[arg(long)]
    security: bool,
    /// What it repairs, such as CVE-2026-1234; may be repeated
    #[arg(long = "advisory", value_name = "ID", requires = "security")]
    advisories: Vec<Name>,
    /// What a device must run before it may install this, such as '>=2.0.0'; others are first given what leads there
    #[arg(long, value_name = "VERSIONS", value_parser = requirement)]
    requires: Option<VersionRequirement>,
    /// A hardware revision that it is for; may be repeated [default: all]
    #[arg(long, value_name = "REVISION")]
    hardware: Vec<Version>,
    #[command(flatten)]
    of: Of,
    #[command(flatten)]
    connection: Connection,
}

fn requirement(text: &str) -> Result<VersionRequirement, String> {
    let expected = || "expected versions as Cargo writes them, like '>=1.2, <2'".to_owned();
    VersionRequirement::parse(text).ok_or_else(expected)
}

/// A DNS name as RFC 1123 section 2.1 has it, in lower case: the vendor's id is computed from its letters.
fn domain(text: &str) -> Result<String, String> {
    let is_label = |label: &str| {
        let all = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        (1..=63).contains(&label.len()) && label.bytes().all(all) && !label.starts_with('-')
    };
    if text.len() <= 253 && text.split('.').all(is_label) {
        Ok(text.to_owned())
    } else {
        Err("expected a domain in lower case, as in acme.example".to_owned())
    }
}

pub(super) async fn run(command: ReleaseCommand) -> Result<ExitCode, Failure> {
    match command {
        ReleaseCommand::Sign(sign) => {
            let key = key_file::read_secret(&sign.key)?;
            let image = read_image(&sign.image)?;
            let manifest = manifest(&image, &sign.of, sign.number);
            write_new(&sign.output, &manifest.sign(&key))?;
            done(&summary(&manifest, &image, &key))
        }
        ReleaseCommand::Digest { image } => done(&Digest::of(&read_image(&image)?).to_string()),
        ReleaseCommand::Publish(publish) => publish.run().await,
        ReleaseCommand::List { json, connection } => {
            let client = connection.open().await?;
            let values = client.collect_retained(filter::every_release()).await?;
            client.close().await;
            let mut text = String::new();
            let mut table = Table::new(&[
                "MODEL",
                "VERSION",
                "SEQUENCE",
                "SIZE",
                "SIGNED BY",
                "DELTAS",
                "BACK TO",
                "PUBLISHED",
                "IMAGE",
            ]);
            for value in values {
                if json {
                    text.push_str(&output::json_line(&value.payload)?);
                } else {
                    let release = serde_json::from_slice(&value.payload);
                    table.row(row(&release.map_err(output::unreadable)?));
                }
            }
            print(&if json { text } else { table.to_string() })?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn manifest(image: &[u8], of: &Of, number: u64) -> Manifest {
    let vendor_id = suit::vendor_id(&of.vendor);
    Manifest {
        sequence: SEQUENCE_STEP * number,
        vendor_id,
        class_id: suit::class_id(vendor_id, &of.model),
        component: Name::parse(suit::FIRMWARE).expect("our own name is valid"),
        image_sha256: Sha256::of(image),
        image_size_bytes: image.len() as u64,
        version: of.version.clone(),
        uri: format!("blake3:{}", Digest::of(image)),
    }
}

fn summary(manifest: &Manifest, image: &[u8], key: &SigningKey) -> String {
    format!(
        "image     {}\nsha256    {}\nsize      {} bytes\nsequence  {}\nkey id    {}",
        Digest::of(image),
        manifest.image_sha256,
        manifest.image_size_bytes,
        manifest.sequence,
        KeyId::of(&key.verifying_key()),
    )
}

fn read_image(path: &Path) -> Result<Vec<u8>, Failure> {
    let image = fs::read(path).map_err(|error| Failure::of_file("read the image", path, error))?;
    if image.is_empty() {
        return Err(Failure::new(format!(
            "the image {} is empty",
            path.display()
        )));
    }
    Ok(image)
}

/// Writes a file that must not exist, unless with the same content: signing twice gives the same bytes.
fn write_new(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let created = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path);
    match created.and_then(|mut file| file.write_all(content)) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            if fs::read(path).is_ok_and(|old| old == content) {
                return Ok(());
            }
            Err(
                Failure::new(format!("{} exists and is something else", path.display()))
                    .advise("give another file with -o, or remove it"),
            )
        }
        Err(error) => Err(Failure::of_file("write", path, error)),
    }
}

impl Publish {
    async fn run(self) -> Result<ExitCode, Failure> {
        let image = read_image(&self.image)?;
        let manifest = fs::read(&self.manifest)
            .map_err(|error| Failure::of_file("read the manifest", &self.manifest, error))?;
        let key = self.key.as_deref().map(key_file::read_secret).transpose()?;
        let client = self.connection.open().await?;
        let rollbacks = match key {
            Some(key) => {
                let values = client.collect_retained(filter::every_release()).await?;
                let releases: Result<Vec<ReleaseStatus>, _> = values
                    .iter()
                    .map(|value| serde_json::from_slice(&value.payload))
                    .collect();
                let releases = releases.map_err(output::unreadable)?;
                rollback::ways_back(&manifest, &key, &self.of, &releases, &self.rollback_to)?
            }
            None => Vec::new(),
        };
        let ways: Vec<_> = rollbacks.iter().map(|way| way.to.to_string()).collect();
        let size = image.len() as u64;
        let digest = upload(&client, image).await?;
        let command = Command::PublishRelease(PublishRelease {
            vendor: self.of.vendor,
            model: self.of.model.clone(),
            version: self.of.version.clone(),
            image: digest,
            manifest,
            security: self.security,
            advisories: self.advisories,
            requires: self.requires,
            hardware: self.hardware,
            rollbacks,
        });
        let accepted = client.command(command, None).await?;
        client.close().await;
        let back = match ways.as_slice() {
            [] => "no way back".to_owned(),
            ways => format!("ways back to {}", ways.join(", ")),
        };
        done(&format!(
            "{} {} is published at position {}: {}, image {digest}, {back}",
            self.of.model,
            self.of.version,
            accepted.position,
            bytes(size)
        ))
    }
}

/// Uploads, with the progress on stderr if a person looks at it.
async fn upload(client: &OperatorClient, image: Vec<u8>) -> Result<Digest, Failure> {
    let total = image.len() as u64;
    let is_shown = std::io::stderr().is_terminal();
    let show = |safe: u64| {
        if is_shown {
            let percent = safe * 100 / total;
            eprint!(
                "\ruploading {percent:>3} %, {} of {}\x1b[K",
                bytes(safe),
                bytes(total)
            );
        }
    };
    show(0);
    let uploaded = client.upload(image, show).await;
    if is_shown {
        eprintln!();
    }
    Ok(uploaded?)
}

fn row(release: &ReleaseStatus) -> Vec<String> {
    let ready = |state: &DeltaState| matches!(state, DeltaState::Ready { .. });
    let deltas = release.deltas.iter().filter(|delta| ready(&delta.state));
    let building = release.deltas.iter();
    let building = building.filter(|delta| matches!(delta.state, DeltaState::Building));
    let deltas = match (deltas.count(), building.count()) {
        (ready, 0) => format!("{ready}"),
        (ready, building) => format!("{ready}, {building} building"),
    };
    vec![
        release.model.to_string(),
        release.version.to_string(),
        release.sequence.to_string(),
        bytes(release.image_bytes),
        release.signed_by.clone(),
        deltas,
        back_to(release),
        output::time(release.published_ms),
        release.image.to_string(),
    ]
}

fn back_to(release: &ReleaseStatus) -> String {
    if release.rollbacks.is_empty() {
        return "-".to_owned();
    }
    let versions = release.rollbacks.iter().map(|way| way.to.to_string());
    versions.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use fleetfold_schemas::{cose::TrustedKeys, suit::Target};

    use super::*;

    #[test]
    fn a_signed_image_is_accepted_by_a_device_of_its_model_and_by_no_other() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let of = Of {
            vendor: domain("acme.example").unwrap(),
            model: ModelId::parse("sensor-a").unwrap(),
            version: Version::parse("2.0.0").unwrap(),
        };
        let image = b"firmware";
        let signed = manifest(image, &of, 3).sign(&key);
        assert_eq!(
            signed,
            manifest(image, &of, 3).sign(&key),
            "the same bytes again"
        );

        let keys: TrustedKeys = [key.verifying_key()].into_iter().collect();
        let verified = suit::verify(&signed, &keys).unwrap();
        assert_eq!(verified.manifest().sequence, 30);
        assert_eq!(verified.manifest().image_sha256, Sha256::of(image));
        assert_eq!(verified.manifest().image_size_bytes, 8);
        let vendor_id = suit::vendor_id("acme.example");
        let mut target = Target {
            vendor_id,
            class_id: suit::class_id(vendor_id, &of.model),
            component: "fw",
            installed_sequence: 20,
        };
        assert_eq!(verified.check_for(&target), Ok(()));
        target.class_id = suit::class_id(vendor_id, &ModelId::parse("sensor-b").unwrap());
        assert!(verified.check_for(&target).is_err());
        assert!(suit::verify(&signed, &TrustedKeys::new()).is_err());
    }

    #[test]
    fn a_vendor_is_a_domain_in_lower_case() {
        for good in ["acme.example", "a-1.b", "localhost"] {
            assert!(domain(good).is_ok(), "{good}");
        }
        for bad in ["", "Acme.example", "acme..example", "-a.b", "a b", "a/b"] {
            assert!(domain(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_manifest_does_not_replace_another_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("m.suit");
        write_new(&path, b"one").unwrap();
        write_new(&path, b"one").unwrap();
        assert!(write_new(&path, b"two").is_err());
        assert_eq!(fs::read(&path).unwrap(), b"one");
    }
}
