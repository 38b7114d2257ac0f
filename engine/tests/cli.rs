//! What an operator types, and what it is told, against the real server.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that fails is a test that fails"
)]

mod serving;

use std::{fs, net::SocketAddr, path::Path, process::Command};

use fleetfold::server::ADMIN_PASSWORD_FILE;

use self::serving::serve;

/// Commands, each with what it says.
const STORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli.story");

/// An operator at the command line, in a directory of its own.
struct Operator<'a> {
    directory: &'a Path,
    broker: SocketAddr,
}

impl Operator<'_> {
    /// What a command says, on either output, with the positions in the log left out.
    fn types(&self, line: &str) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_fleetfold"))
            .args(line.split_whitespace())
            .current_dir(self.directory)
            .env("FLEETFOLD_BROKER", self.broker.to_string())
            .env("FLEETFOLD_PASSWORD_FILE", ADMIN_PASSWORD_FILE)
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8(text).unwrap();
        let words = text.split(' ').map(|word| {
            let number =
                word.trim_end_matches(|end: char| end.is_ascii_punctuation() || end == '\n');
            match number.parse::<u64>() {
                Ok(_) => word.replace(number, "N"),
                Err(_) => word.to_owned(),
            }
        });
        words.collect::<Vec<_>>().join(" ").trim().to_owned()
    }

    /// The same of what has to go well, whatever it says.
    fn does(&self, line: &str) {
        let said = self.types(line);
        assert!(!said.starts_with("error"), "{line}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_can_be_done_to_a_campaign_can_be_typed() {
    let data = tempfile::tempdir().unwrap();
    let server = serve(data.path()).await;
    let ann = Operator {
        directory: data.path(),
        broker: server.address,
    };

    let image: Vec<_> = (0..4_000_u32).flat_map(u32::to_le_bytes).collect();
    fs::write(data.path().join("v2.bin"), image).unwrap();
    ann.does("keys new --out keys --name release");
    ann.does("keys trust keys/release.pub --name release");
    ann.does(
        "release sign v2.bin --key keys/release.key --vendor acme.example --model sensor_v2 \
         --version 2.0.0 --number 2 -o v2.suit",
    );
    ann.does(
        "release publish v2.bin --manifest v2.suit --vendor acme.example --model sensor_v2 \
         --version 2.0.0",
    );
    for number in 1..=4 {
        ann.does(&format!(
            "device register d{number} --model sensor_v2 --new-token"
        ));
    }
    let describe = |share: u32| {
        let text = format!(
            "id: spring\nrelease: {{model: sensor_v2, version: 2.0.0}}\nphases:\n\
             - {{name: canary, percentage: {share}, duration_hours: 1h}}\n\
             - {{name: full, percentage: 100, duration_hours: 1h}}\n"
        );
        fs::write(data.path().join("spring.yaml"), text).unwrap();
    };
    describe(25);
    ann.does("campaign create spring.yaml");
    describe(50);
    let told = fs::read_to_string(STORY).unwrap_or_default();
    let lines = told.lines().filter(|line| line.starts_with("$ "));
    let tell = |line: &str| {
        let said = ann.types(line.trim_start_matches("$ "));
        format!("{line}\n{said}\n")
    };
    let now: String = tokio::task::block_in_place(|| lines.map(tell).collect());
    if std::env::var_os("UPDATE_STORIES").is_some() {
        fs::write(STORY, &now).unwrap();
    } else {
        assert_eq!(now, told, "UPDATE_STORIES=1 accepts what differs");
    }
    server.stop().await.unwrap();
}
