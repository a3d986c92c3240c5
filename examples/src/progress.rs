//! Progress bars for work long enough to watch.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Smaller content is done before a bar is of use, bytes.
const MIN_LEN: u64 = 16 << 20;

/// A bar over `bytes`, hidden for small content and where standard output is not a terminal.
#[must_use]
pub fn bar(operation: &'static str, bytes: u64) -> ProgressBar {
    if bytes < MIN_LEN || !std::io::stdout().is_terminal() {
        return ProgressBar::hidden();
    }
    let template = "  {msg:10} {bar:24} {decimal_bytes} of {decimal_total_bytes}, {eta} left";
    let style = ProgressStyle::with_template(template);
    ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::stdout())
        .with_message(operation)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
