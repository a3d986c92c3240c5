//! The fixture of the SDK's tests: a consortium of four with a patient and a doctor.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use medshare_sdk::keystore::PassphraseCost;
use medshare_sdk::local::{LocalBuilder, LocalConsortium};
use medshare_sdk::{
    AccessPolicy, Content, GrantId, Organisation, Person, RecordRef, Timestamp, Window,
};

/// The members' names, in the order of their seats. The first is the primary.
pub const MEMBERS: [&str; 4] = ["st-mary", "charite", "north-general", "riverside"];
/// Bytes of a sealed segment that is not the last.
pub const SEALED_SEGMENT: usize = (1 << 16) + 16;
/// A cost that does not resist guessing.
pub const CHEAP: PassphraseCost = PassphraseCost {
    memory_kib: 64,
    passes: 1,
};
pub const PATIENT: &str = "Ada Quimby-Fernsby";
pub const DOCTOR: &str = "Dr Ignatius Lee-Okonkwo";

/// A running consortium, and two people that its first member enrolled.
pub struct Fixture {
    pub consortium: LocalConsortium,
    pub st_mary: Organisation,
    pub patient: Person,
    pub doctor: Person,
    pub policy: AccessPolicy,
}

impl Fixture {
    /// Founds a consortium in a temporary folder.
    pub async fn open() -> Self {
        Self::found(LocalBuilder::new(4).with_passphrase_cost(CHEAP)).await
    }

    /// Founds a consortium in a lasting folder.
    pub async fn open_in(folder: &Path) -> Self {
        Self::found(in_folder(folder)).await
    }

    pub async fn found(builder: LocalBuilder) -> Self {
        let consortium = builder.start().await.unwrap();
        let st_mary = consortium.organisation(MEMBERS[0]).unwrap();
        let patient = st_mary.enrol(PATIENT, &[]).await.unwrap();
        let doctor = st_mary.enrol(DOCTOR, &["role:medic"]).await.unwrap();
        Self {
            consortium,
            st_mary,
            patient,
            doctor,
            policy: policy(),
        }
    }

    /// Opens the same consortium again.
    pub async fn reopen(folder: &Path) -> Self {
        let consortium = in_folder(folder).start().await.unwrap();
        let st_mary = consortium.organisation(MEMBERS[0]).unwrap();
        Self {
            patient: st_mary.person(PATIENT).await.unwrap(),
            doctor: st_mary.person(DOCTOR).await.unwrap(),
            consortium,
            st_mary,
            policy: policy(),
        }
    }

    /// Seals a record about the patient that the doctor's attributes open.
    pub async fn seal(&self, content: impl Into<Content>) -> RecordRef {
        let seal = self.st_mary.seal(content, &self.policy);
        seal.subject(&self.patient).await.unwrap().record()
    }

    /// Grants the doctor a day, for treatment.
    pub async fn grant(&self, record: impl Into<RecordRef>) -> GrantId {
        let grant = self.patient.grant(record, &self.doctor, Window::days(1));
        grant.await.unwrap()
    }

    pub async fn sealed_and_granted(&self, content: impl Into<Content>) -> (RecordRef, GrantId) {
        let record = self.seal(content).await;
        (record, self.grant(record).await)
    }

    /// The files of the record's payload, one in each of its stores.
    pub fn payloads(&self, record: impl Into<RecordRef>) -> [PathBuf; 2] {
        let files = self.consortium.payload_files(record);
        files.try_into().unwrap()
    }

    pub async fn close(self) {
        self.consortium.shut_down().await.unwrap();
    }
}

pub fn in_folder(folder: &Path) -> LocalBuilder {
    LocalBuilder::new(4)
        .with_folder(folder)
        .with_passphrase(PASSPHRASE)
        .with_passphrase_cost(CHEAP)
}

pub const PASSPHRASE: &str = "correct horse battery staple";

fn policy() -> AccessPolicy {
    "role:medic".parse().unwrap()
}

/// Bytes without repetition, a different sequence for every seed.
pub fn bytes(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut out = Vec::with_capacity(length + 8);
    while out.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out.extend_from_slice(&state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes());
    }
    out.truncate(length);
    out
}

pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap())
}

/// All files under a folder, at any depth.
pub fn files_under(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_under(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// The files of a store in a folder that are objects of records, or were to become some.
pub fn objects_in(store: &Path) -> Vec<PathBuf> {
    let records = store.join("records");
    if records.exists() {
        files_under(&records)
    } else {
        Vec::new()
    }
}

/// Exchanges the first two sealed segments of a stored payload.
pub fn swap_segments(file: &Path) {
    let mut stored = std::fs::read(file).unwrap();
    let (first, rest) = stored.split_at_mut(SEALED_SEGMENT);
    first.swap_with_slice(&mut rest[..SEALED_SEGMENT]);
    std::fs::write(file, stored).unwrap();
}
