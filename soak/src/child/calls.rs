//! The calls of the SDK behind each request.

use std::error::Error as _;
use std::io::Cursor;
use std::time::Duration;

use base64ct::{Base64, Encoding as _};
use medshare_sdk::local::{HolderConduct, LocalConsortium, Presence};
use medshare_sdk::{
    AccessPolicy, Consortium, Content, Error, Event, GrantId, GrantStatus, Height, MemberHealth,
    MemberState, Person, PersonId, RecordRef, Result, Window,
};

use crate::content;
use crate::protocol::{
    Answer, Call, Conduct, EventKind, Failure, Happened, ListedGrant, Member, SealCall, Who,
};

/// Contents from this length on are sealed and opened as streams.
const STREAMED_LEN: usize = 256 << 10;
/// Days of each grant: none lapses during a run.
const GRANT_DAYS: u32 = 365;
/// Time without a block after which the history is taken as read to its end.
const QUIET: Duration = Duration::from_millis(1_500);

pub(super) async fn perform(consortium: &LocalConsortium, call: Call) -> Result<Answer> {
    match call {
        Call::Enrol { who, attributes } => {
            let attributes: Vec<&str> = attributes.iter().map(String::as_str).collect();
            let organisation = consortium.organisation(&who.organisation)?;
            let person = organisation.enrol(&who.name, &attributes).await?;
            Ok(answer_of(&person))
        }
        Call::Person { who } => Ok(answer_of(&person(consortium, &who).await?)),
        Call::Seal(call) => seal(consortium, call).await,
        Call::Grant {
            patient,
            record,
            grantee,
            uses,
        } => {
            let record: RecordRef = parsed(&record)?;
            let grantee: PersonId = parsed(&grantee)?;
            let patient = person(consortium, &patient).await?;
            let mut request = patient.grant(record, grantee, Window::days(GRANT_DAYS));
            if let Some(uses) = uses {
                request = request.uses(uses);
            }
            let grant = request.await?.to_string();
            Ok(Answer::Granted { grant })
        }
        Call::Revoke { patient, grant } => {
            let patient = person(consortium, &patient).await?;
            patient.revoke(parsed(&grant)?).await?;
            Ok(Answer::Nothing)
        }
        Call::Open { reader, grant } => open(consortium, &reader, parsed(&grant)?).await,
        Call::Describe { reader, record } => {
            let record: RecordRef = parsed(&record)?;
            let reader = person(consortium, &reader).await?;
            let title = reader.describe(record).await?.title;
            Ok(Answer::Described { title })
        }
        Call::Patient { who } => lists_of(&person(consortium, &who).await?).await,
        Call::People { organisation } => {
            let mut people = consortium.organisation(&organisation)?.people().await?;
            let mut ids = Vec::new();
            while let Some(person) = people.next().await? {
                ids.push(person.id.to_string());
            }
            Ok(Answer::People { ids })
        }
        Call::Health => Ok(Answer::Health {
            members: health(consortium).await,
        }),
        Call::History => history(consortium).await,
        Call::Sweep {
            organisation,
            age_s,
        } => {
            let organisation = consortium.organisation(&organisation)?;
            organisation
                .sweep_orphans(Duration::from_secs(age_s))
                .await?;
            Ok(Answer::Nothing)
        }
        Call::Rebuild { organisation } => {
            consortium.rebuild(&organisation).await?;
            Ok(Answer::Nothing)
        }
        Call::Silence { .. } | Call::Conduct { .. } | Call::Clock { .. } => {
            inject(consortium, call)?;
            Ok(Answer::Nothing)
        }
    }
}

/// Makes a member misbehave, or behave again.
fn inject(consortium: &LocalConsortium, call: Call) -> Result<()> {
    match call {
        Call::Silence {
            organisation,
            silent,
        } => {
            let presence = if silent {
                Presence::Silent
            } else {
                Presence::Present
            };
            consortium.set_presence(&organisation, presence)
        }
        Call::Conduct {
            organisation,
            conduct,
        } => {
            let conduct = match conduct {
                Conduct::Honest => HolderConduct::Honest,
                Conduct::Refuse => HolderConduct::Refuse,
                Conduct::Lie => HolderConduct::Lie,
            };
            consortium.set_holder_conduct(&organisation, conduct)
        }
        Call::Clock {
            organisation,
            offset_ms,
        } => consortium.set_clock_offset(&organisation, offset_ms),
        _ => Ok(()),
    }
}

async fn person(consortium: &Consortium, who: &Who) -> Result<Person> {
    let organisation = consortium.organisation(&who.organisation)?;
    organisation.person(&who.name).await
}

fn answer_of(person: &Person) -> Answer {
    Answer::Person {
        id: person.id().to_string(),
    }
}

async fn seal(consortium: &Consortium, call: SealCall) -> Result<Answer> {
    let subject = person(consortium, &call.subject).await?;
    let policy: AccessPolicy = parsed(&call.policy)?;
    let bytes = content::bytes(call.length, call.seed);
    let content = if call.length < STREAMED_LEN {
        Content::from(bytes)
    } else {
        Content::reader(Cursor::new(bytes))
    };
    let organisation = consortium.organisation(&call.organisation)?;
    let mut seal = organisation
        .seal(content, &policy)
        .subject(&subject)
        .title(call.title);
    if let Some(key) = call.key {
        seal = seal.idempotency_key(key);
    }
    let record = seal.await?.record().to_string();
    Ok(Answer::Sealed { record })
}

async fn open(consortium: &Consortium, reader: &Who, grant: GrantId) -> Result<Answer> {
    let reader = person(consortium, reader).await?;
    let opened = reader.open(grant).await?;
    Ok(Answer::Opened {
        digest: content::digest(opened.bytes()),
        length: opened.access().length(),
        receipt: Base64::encode_string(&opened.receipt().to_bytes()),
    })
}

/// Records about a patient, and the grants given.
async fn lists_of(patient: &Person) -> Result<Answer> {
    let mut records = Vec::new();
    let mut listed = patient.records().await?;
    while let Some(info) = listed.next().await? {
        records.push(info.record.to_string());
    }
    let mut grants = Vec::new();
    let mut listed = patient.grants_given().await?;
    while let Some(info) = listed.next().await? {
        grants.push(ListedGrant {
            id: info.id.to_string(),
            revoked: matches!(info.status, GrantStatus::Revoked { .. }),
            uses_left: info.uses_left,
            tickets: info.tickets,
        });
    }
    Ok(Answer::Patient { records, grants })
}

/// Reads the chain from its beginning to the height of this moment.
async fn history(consortium: &Consortium) -> Result<Answer> {
    let members = health(consortium).await;
    let tip = members.iter().filter_map(|member| member.height).max();
    let mut watch = consortium.watch_from(Height(0));
    let mut events = Vec::new();
    while let Ok(next) = tokio::time::timeout(QUIET, watch.next()).await {
        let (height, event) = next?;
        if Some(height.0) > tip {
            break;
        }
        events.push(happened(height, &event));
    }
    Ok(Answer::History { events })
}

fn happened(height: Height, event: &Event) -> Happened {
    let (kind, of) = match event {
        Event::PersonEnrolled { person, .. } => (EventKind::Enrolled, person.to_string()),
        Event::RecordRegistered { record, version } => {
            let (id, version) = (*record, *version);
            (EventKind::Registered, RecordRef { id, version }.to_string())
        }
        Event::GrantGiven { grant } => (EventKind::Granted, grant.to_string()),
        Event::GrantRevoked { grant } => (EventKind::Revoked, grant.to_string()),
        Event::TicketIssued(ticket) => (EventKind::Ticket, ticket.grant.to_string()),
        other => (
            EventKind::Other,
            content::digest(format!("{other:?}").as_bytes()),
        ),
    };
    Happened {
        height: height.0,
        kind,
        of,
    }
}

/// The failure as the parent sees it, with the members' health at this moment.
pub(super) async fn failure(consortium: &Consortium, error: &Error) -> Failure {
    Failure {
        code: error.code().to_owned(),
        text: chain_of(error),
        health: health(consortium).await,
    }
}

/// The error's text and those of its sources, without repetitions.
pub(super) fn chain_of(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let next = error.to_string();
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        source = error.source();
    }
    text
}

async fn health(consortium: &Consortium) -> Vec<Member> {
    consortium.health().await.iter().map(member).collect()
}

fn member(health: &MemberHealth) -> Member {
    let height = match &health.state {
        MemberState::Running(running) => Some(running.height.0),
        _ => None,
    };
    Member {
        organisation: health.organisation.clone(),
        height,
        ended: matches!(health.state, MemberState::Ended { .. }),
        problem: health.problem(),
    }
}

/// The parent sends back what the SDK printed.
fn parsed<T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>>(
    text: &str,
) -> Result<T> {
    text.parse().map_err(|error| Error::Internal {
        source: Box::new(error),
    })
}
