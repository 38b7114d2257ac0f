//! Hashing and checking passwords, which takes 19 MiB and tens of milliseconds by design.

use std::{
    sync::{Arc, Mutex},
    thread,
};

use argon2::{Argon2, PasswordHasher, PasswordVerifier, password_hash::phc::PasswordHash as Phc};
use fleetfold_schemas::{
    code::{Code, Rejection},
    password::{Password, PasswordHash},
};
use tokio::sync::{mpsc, oneshot};

/// More at once would let strangers stop the engine with logins.
const HASHERS: usize = 2;

type Work = Box<dyn FnOnce() + Send>;

/// Passwords are hashed on threads of their own, never on the owner's. They are always the same few: an allocator keeps what a
/// thread has freed for that thread, so hashing on whichever is idle would cost 19 MiB and more for each there ever was.
/// Clones share them.
#[derive(Debug, Clone)]
pub struct Passwords {
    work: mpsc::Sender<Work>,
}

/// The process is ending.
#[derive(Debug, thiserror::Error)]
#[error("passwords can't be checked now")]
pub struct Unavailable;

impl Default for Passwords {
    fn default() -> Self {
        let (work, taken) = mpsc::channel(1);
        let taken = Arc::new(Mutex::new(taken));
        for _ in 0..HASHERS {
            let taken = Arc::clone(&taken);
            let hasher = thread::Builder::new().name("passwords".to_owned());
            let hasher = hasher.spawn(move || {
                while let Some(work) = next(&taken) {
                    work();
                }
            });
            // Without any, nobody takes work, which is said to whoever gives it.
            if let Err(error) = hasher {
                tracing::error!(%error, "cannot start a thread for passwords");
            }
        }
        Self { work }
    }
}

/// Waits for work; `None` when there will be no more.
fn next(taken: &Mutex<mpsc::Receiver<Work>>) -> Option<Work> {
    taken.lock().ok()?.blocking_recv()
}

impl Passwords {
    /// Whether the password is the one that was hashed.
    pub async fn is_right(&self, password: Vec<u8>, stored: String) -> Result<bool, Unavailable> {
        self.run(move || {
            Phc::new(&stored)
                .is_ok_and(|hash| Argon2::default().verify_password(&password, &hash).is_ok())
        })
        .await
    }

    /// What goes on record instead of the password.
    pub async fn hash(&self, password: Password) -> Result<PasswordHash, Rejection> {
        let hashed = self.run(move || hash(password.reveal())).await;
        let failed = |why: String| {
            let message = format!("the password could not be hashed: {why}");
            Rejection::new(Code::PasswordRefused, message)
        };
        let text = hashed
            .map_err(|error| failed(error.to_string()))?
            .map_err(failed)?;
        PasswordHash::parse(&text)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Unavailable> {
        let (tell, done) = oneshot::channel();
        let work = Box::new(move || {
            // Whoever asked may have gone.
            let _gone = tell.send(work());
        });
        self.work.send(work).await.map_err(|_| Unavailable)?;
        done.await.map_err(|_| Unavailable)
    }
}

/// Argon2id in PHC format, with a new salt.
pub fn hash(password: &str) -> Result<String, String> {
    Argon2::default()
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_hashed_here_is_taken_as_a_hash_and_opens_to_its_password_alone() {
        let passwords = Passwords::default();
        let secret = "correct horse battery staple";
        let hash = passwords
            .hash(Password::new(secret).unwrap())
            .await
            .unwrap();
        for (given, is_right) in [(secret, true), ("correct horse battery stable", false)] {
            let stored = hash.as_str().to_owned();
            let answer = passwords.is_right(given.as_bytes().to_vec(), stored).await;
            assert_eq!(answer.unwrap(), is_right, "{given}");
        }
    }
}
