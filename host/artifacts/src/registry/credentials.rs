//! Who asks: the accounts in docker's configuration, and the programs that it gets them from.

use std::fs::File;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use docker_credential::{CredentialRetrievalError, DockerCredential, get_credential_from_reader};

use crate::Error;

/// The account for one registry.
pub(super) struct Credentials {
    account: Option<DockerCredential>,
    /// Where they are from, or why there are none: the end of "asked ..".
    used: String,
}

impl Credentials {
    /// What docker's configuration has for this registry. No configuration and no account are no error.
    pub fn find(folder: Option<&Path>, host: &str) -> Result<Self, Error> {
        let none = |why: String| Self {
            account: None,
            used: format!("without credentials, as {why}"),
        };
        let Some(path) = config(folder) else {
            return Ok(none(
                "there is no home folder to look for docker's in".to_owned(),
            ));
        };
        let fails = |detail: String| Error::Credentials {
            host: host.to_owned(),
            detail: format!("{} {detail}", path.display()),
        };
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(none(format!("there is no {}", path.display())));
            }
            Err(error) => return Err(fails(format!("cannot be opened ({error})"))),
        };
        let account = match get_credential_from_reader(file, server(host)) {
            Ok(account) => account,
            Err(CredentialRetrievalError::NoCredentialConfigured) => {
                return Ok(none(format!("{} has none for {host}", path.display())));
            }
            // What docker's helpers say of a registry that they do not know.
            Err(CredentialRetrievalError::HelperFailure { helper, stdout, .. })
                if stdout.contains("credentials not found") =>
            {
                return Ok(none(format!("{helper} has none for {host}")));
            }
            Err(CredentialRetrievalError::HelperFailure {
                helper,
                stdout,
                stderr,
            }) => {
                let said = format!("{} {}", stdout.trim(), stderr.trim());
                return Err(fails(format!(
                    "names the helper {helper}, which fails: {}",
                    said.trim()
                )));
            }
            Err(CredentialRetrievalError::HelperCommunicationError) => {
                return Err(fails(
                    "names a credential helper that cannot be started: install docker-credential-NAME in the PATH, \
                     or take it out of `credsStore` and `credHelpers`"
                        .to_owned(),
                ));
            }
            Err(error) => return Err(fails(format!("cannot be used: {error}"))),
        };
        let used = match &account {
            DockerCredential::UsernamePassword(name, _) => {
                format!("as `{name}` of {}", path.display())
            }
            DockerCredential::IdentityToken(_) => {
                format!("with the identity token of {}", path.display())
            }
        };
        Ok(Self {
            account: Some(account),
            used,
        })
    }

    /// Which credentials were used, for people.
    pub fn used(&self) -> &str {
        &self.used
    }

    /// Whether there are none.
    pub fn is_anonymous(&self) -> bool {
        self.account.is_none()
    }

    /// The token that stands for the account, where it is such.
    pub fn identity_token(&self) -> Option<&str> {
        match &self.account {
            Some(DockerCredential::IdentityToken(token)) => Some(token),
            _ => None,
        }
    }

    /// The value of an `Authorization` that gives name and password.
    pub fn basic(&self) -> Option<String> {
        match &self.account {
            Some(DockerCredential::UsernamePassword(name, password)) => Some(format!(
                "Basic {}",
                STANDARD.encode(format!("{name}:{password}"))
            )),
            _ => None,
        }
    }
}

fn config(folder: Option<&Path>) -> Option<PathBuf> {
    let folder = match folder {
        Some(folder) => folder.to_owned(),
        None => match std::env::var_os("DOCKER_CONFIG").filter(|folder| !folder.is_empty()) {
            Some(folder) => folder.into(),
            None => std::env::home_dir()?.join(".docker"),
        },
    };
    Some(folder.join("config.json"))
}

/// What docker's configuration calls a registry.
fn server(host: &str) -> &str {
    match host {
        "docker.io" => "https://index.docker.io/v1/",
        host => host,
    }
}
