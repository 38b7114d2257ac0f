//! Hashing and checking passwords, which takes 19 MiB and tens of milliseconds by design.

use std::{
    sync::{Arc, Mutex},
    thread,
};

use argon2::{
    Algorithm, Argon2, Block, Params, PasswordHasher, Version,
    password_hash::phc::{Output, PasswordHash as Phc},
};
use fleetfold_schemas::{
    code::{Code, Rejection},
    password::{Password, PasswordHash},
};
use tokio::sync::{mpsc, oneshot};

/// More at once would let strangers stop the engine with logins.
const HASHERS: usize = 2;

/// What a hash is made in, kept from one to the next.
type Memory = Vec<Block>;
type Work = Box<dyn FnOnce(&mut Memory) + Send>;

/// Passwords are hashed on threads of their own, never on the owner's. They are always the same few, and each keeps the memory
/// that it hashes in: an allocator would keep some multiple of it, for every thread that ever hashed. Clones share them.
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
                let mut memory = Memory::new();
                while let Some(work) = next(&taken) {
                    work(&mut memory);
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
        self.run(move |memory| {
            Phc::new(&stored).is_ok_and(|hash| verify(&password, &hash, memory).unwrap_or(false))
        })
        .await
    }

    /// What goes on record instead of the password.
    pub async fn hash(&self, password: Password) -> Result<PasswordHash, Rejection> {
        let hashed = self.run(move |_| hash(password.reveal())).await;
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
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, Unavailable> {
        let (tell, done) = oneshot::channel();
        let work = Box::new(move |memory: &mut Memory| {
            // Whoever asked may have gone.
            let _gone = tell.send(work(memory));
        });
        self.work.send(work).await.map_err(|_| Unavailable)?;
        done.await.map_err(|_| Unavailable)
    }
}

/// Whether the password is the one of the hash, if that is one of Argon2.
fn verify(password: &[u8], hash: &Phc, memory: &mut Memory) -> Option<bool> {
    let (salt, expected) = (hash.salt.as_ref()?, hash.hash.as_ref()?);
    let algorithm = Algorithm::try_from(hash.algorithm.as_str()).ok()?;
    let version = hash
        .version
        .map_or(Ok(Version::default()), Version::try_from);
    let params = Params::try_from(hash).ok()?;
    memory.resize(memory.len().max(params.block_count()), Block::default());
    let mut output = vec![0; expected.len()];
    Argon2::new(algorithm, version.ok()?, params)
        .hash_password_into_with_memory(password, salt, &mut output, memory.as_mut_slice())
        .ok()?;
    // Outputs are compared in constant time.
    Some(Output::new(&output).ok()? == *expected)
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

    /// Of the reference implementation, through Python's argon2-cffi 25.1.
    const BY_REFERENCE: [&str; 3] = [
        "$argon2id$v=19$m=19456,t=2,p=1$Zmlyc3Qgc2FsdA$pHpDhURK1aV6PFX2++ZfgeT6f1atOFJCOUT6wXfhvKg",
        "$argon2id$v=19$m=65536,t=3,p=4$c2Vjb25kIHNhbHQ$lALtEZ3p2s95yKroyb/ClMkSgELuPlJDnE2VdsmpdLU",
        "$argon2id$v=19$m=7168,t=5,p=1$dGhpcmQgc2FsdA$GVXaJk9kKa+hkN7NxTvcCfESJz8kPMgvpo/G3wycaW8",
    ];

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

    /// Of the strengths that are allowed: each in the memory that the last one left.
    #[tokio::test]
    async fn hashes_of_other_programs_and_strengths_are_checked_one_after_the_other() {
        let passwords = Passwords::default();
        for stored in BY_REFERENCE {
            for _ in 0..HASHERS + 1 {
                for (given, is_right) in
                    [("correct horse battery staple", true), ("another", false)]
                {
                    let answer = passwords.is_right(given.into(), stored.to_owned()).await;
                    assert_eq!(answer.unwrap(), is_right, "{given}: {stored}");
                }
            }
        }
        for stored in [
            "",
            "$argon2id$",
            "$scrypt$ln=16$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo",
        ] {
            let answer = passwords
                .is_right(b"another".to_vec(), stored.to_owned())
                .await;
            assert!(!answer.unwrap(), "{stored}");
        }
    }
}
