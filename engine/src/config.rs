//! `fleetfold.yaml`: what an operator may configure, each with its default.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use fleetfold_schemas::Name;
use serde::Deserialize;

use crate::yaml::{self, YamlError};

/// Read from the working directory if it is there and nothing else is named.
pub const FILE: &str = "fleetfold.yaml";

/// All keys may be left out; unknown ones are refused.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The directory that holds everything the engine keeps. Default: `fleetfold-data`.
    pub data: PathBuf,
    /// The name of this installation, which device tokens name as their audience. It is fixed by the first start.
    /// Default: `fleetfold`.
    pub site: Name,
    /// Address and port for MQTT. Default: `127.0.0.1:1883`. Beyond loopback needs TLS, which is not there yet, and is
    /// refused.
    pub listen: SocketAddr,
    /// Address and port for `/metrics` and `/healthz`. Default: `127.0.0.1:9464`. Loopback only, as above.
    pub metrics_listen: SocketAddr,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from("fleetfold-data"),
            site: Name::parse("fleetfold").expect("our own names are valid"),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 1883)),
            metrics_listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 9464)),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read {}", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error(transparent)]
    Yaml(#[from] YamlError),
    #[error(
        "{key}: {address} is not a loopback address, and nothing here is encrypted yet; use 127.0.0.1 or [::1]"
    )]
    NotLoopback {
        key: &'static str,
        address: SocketAddr,
    },
}

impl Config {
    /// Reads the named file, or `fleetfold.yaml` if it is there, or takes the defaults.
    pub fn load(named: Option<&Path>) -> Result<Self, ConfigError> {
        let path = named.unwrap_or(Path::new(FILE));
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(yaml::read(&text, &path.display().to_string())?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && named.is_none() => {
                Ok(Self::default())
            }
            Err(source) => Err(ConfigError::Read {
                path: path.to_owned(),
                source,
            }),
        }
    }

    /// Passwords and tokens would cross the network in the clear.
    pub fn check(&self) -> Result<(), ConfigError> {
        for (key, address) in [
            ("listen", self.listen),
            ("metrics_listen", self.metrics_listen),
        ] {
            if !address.ip().is_loopback() {
                return Err(ConfigError::NotLoopback { key, address });
            }
        }
        Ok(())
    }
}
