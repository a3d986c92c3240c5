//! Preambles and audit paths in serde's formats (feature `serde`), as [`medshare_types::serde`] says.

use crate::audit::AuditPath;
use crate::preamble::Preamble;

medshare_types::opaque_serde!(Preamble AuditPath);
