//! A mosquitto to compare with, given every advantage that its configuration offers.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use tokio::{net::TcpStream, time::sleep};

use crate::Failure;

/// Debian puts it where not every user's search path leads.
const ELSEWHERE: [&str; 2] = ["/usr/sbin", "/usr/local/sbin"];

#[derive(Debug, thiserror::Error)]
#[error(
    "mosquitto is not installed (Debian: apt-get install mosquitto); without it there is nothing to compare with"
)]
pub struct Missing;

/// A running broker. Dropping it ends it.
#[derive(Debug)]
pub struct Mosquitto {
    child: Child,
    pub address: SocketAddr,
    /// As it calls itself, like `mosquitto 2.0.11`.
    pub name: String,
}

impl Mosquitto {
    pub async fn start(below: &Path, address: SocketAddr) -> Result<Self, Failure> {
        let program = find().ok_or(Missing)?;
        let config = below.join("mosquitto.conf");
        std::fs::write(&config, configuration(address))?;
        let mut child = Command::new(&program)
            .arg("-c")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        while TcpStream::connect(address).await.is_err() {
            if let Some(status) = child.try_wait()? {
                return Err(format!("mosquitto ended: {status}").into());
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(Self {
            child,
            address,
            name: name(&program)?,
        })
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        // Either fails if it is gone already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Nothing is stored, nothing is logged, nothing waits, nothing is limited.
fn configuration(address: SocketAddr) -> String {
    let (port, ip) = (address.port(), address.ip());
    format!(
        "listener {port} {ip}\n\
         allow_anonymous true\n\
         persistence false\n\
         log_type none\n\
         sys_interval 0\n\
         set_tcp_nodelay true\n\
         max_inflight_messages 0\n\
         max_queued_messages 0\n"
    )
}

fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(ELSEWHERE.map(PathBuf::from))
        .map(|folder| folder.join("mosquitto"))
        .find(|program| program.is_file())
}

/// The first line of its help: there is no other way to ask for the version.
fn name(program: &Path) -> Result<String, Failure> {
    let output = Command::new(program).arg("-h").output()?;
    let help = String::from_utf8_lossy(&output.stdout);
    let line = help
        .lines()
        .next()
        .unwrap_or("mosquitto of unknown version");
    Ok(line.replace(" version ", " "))
}
