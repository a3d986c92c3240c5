//! A bar for what takes long enough to be watched.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Smaller files are done before a bar is of use, bytes.
const LARGE: u64 = 16 << 20;

/// A bar over `bytes`, hidden for small files and where standard output is no terminal.
pub(crate) fn bar(doing: &'static str, bytes: u64) -> ProgressBar {
    if bytes < LARGE || !std::io::stdout().is_terminal() {
        return ProgressBar::hidden();
    }
    let target = ProgressDrawTarget::stdout();
    let bar = ProgressBar::with_draw_target(Some(bytes), target).with_message(doing);
    let template = "  {msg:10} {bar:24} {decimal_bytes} of {decimal_total_bytes}, {eta} left";
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
