//! Questions to the API server, and what became of them.

use std::fmt::Debug;

use k8s_openapi::NamespaceResourceScope;
use kube::api::ListParams;
use kube::{Api, Client, Error, Resource};
use serde::de::DeserializeOwned;

use super::{Finding, LABEL, NAME, Section};

/// What became of a question.
#[derive(Debug)]
pub enum Answer<T> {
    /// This is it.
    Is(T),
    /// There is nothing of that name or kind.
    Nothing,
    /// It cannot be told: the caller may not know it, or the server did not say.
    Untold(String),
}

impl<T> Answer<T> {
    fn of(result: Result<T, Error>) -> Self {
        match result {
            Ok(it) => Self::Is(it),
            Err(Error::Api(status)) if status.code == 404 => Self::Nothing,
            Err(error) => Self::Untold(why(&error)),
        }
    }

    /// What is there, if anything; the finding that it could not be told.
    pub fn told(&self, section: Section, name: &str) -> Result<Option<&T>, Finding> {
        match self {
            Self::Is(it) => Ok(Some(it)),
            Self::Nothing => Ok(None),
            Self::Untold(why) => Err(Finding::unchecked(section, name, why)),
        }
    }
}

/// Why there is no answer, in a few words.
pub fn why(error: &Error) -> String {
    match error {
        Error::Api(status) if status.code == 403 => format!("you may not: {}", status.message),
        Error::Api(status) => status.message.clone(),
        other => {
            // What went wrong is the last in the chain; the others say that something did.
            let mut cause: &dyn std::error::Error = other;
            while let Some(next) = cause.source() {
                cause = next;
            }
            cause.to_string()
        }
    }
}

/// The object of a name.
pub async fn get<K>(api: &Api<K>, name: &str) -> Answer<K>
where
    K: Clone + Debug + DeserializeOwned,
{
    Answer::of(api.get(name).await)
}

/// All objects.
pub async fn list<K>(api: &Api<K>) -> Answer<Vec<K>>
where
    K: Clone + Debug + DeserializeOwned,
{
    let list = api.list(&ListParams::default()).await;
    Answer::of(list.map(|list| list.items))
}

/// Those that are the hosts' by their label.
pub async fn list_of_hosts<K>(client: &Client, namespace: &str) -> Answer<Vec<K>>
where
    K: Resource<Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
    K::DynamicType: Default,
{
    let api: Api<K> = Api::namespaced(client.clone(), namespace);
    let ours = ListParams::default().labels(&format!("{LABEL}={NAME}"));
    Answer::of(api.list(&ours).await.map(|list| list.items))
}
