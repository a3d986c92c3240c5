//! Serde for preambles and audit paths (feature `serde`), as [`medshare_types::serde`] describes.

use crate::audit::AuditPath;
use crate::preamble::Preamble;

medshare_types::opaque_serde!(Preamble AuditPath);
