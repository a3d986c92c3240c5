//! The SDK through its public interface, against consortia in this process.
#![cfg(feature = "in-process")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unreachable_pub,
    reason = "tests fail by panicking, and share their helpers as modules"
)]

mod absence;
mod attacker;
mod attribute_keys;
mod backup;
mod clocks;
mod contacts;
mod contents;
mod damage;
mod disks;
mod distrust;
mod early_damage;
mod ended_access;
mod enrolment;
mod epochs;
mod founding;
mod hanging;
mod health;
mod idempotency;
mod interposer;
mod kept_sessions;
mod key_stores;
mod labels;
mod late_release;
mod limits;
mod lists;
mod load;
mod logs;
mod lost_keys;
mod lost_state;
mod lost_votes;
mod misuse;
mod named_files;
mod never_open;
mod one_member;
mod own_records;
mod policies;
mod rebuild;
mod receipts;
mod refusals;
mod resilience;
mod restart;
mod sizes;
mod stopped;
mod stores;
mod support;
mod sweeping;
mod texts;
mod two_applications;
mod uses;
mod warnings;
