//! Writes good inputs of every kind into `corpus/`, from which the fuzzer makes others.

use std::fs;
use std::path::Path;

use medshare_fuzz::{properties::PROPERTIES, seeds::seeds};

fn main() -> std::io::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (target, _) in PROPERTIES {
        let folder = corpus.join(target);
        fs::create_dir_all(&folder)?;
        for (number, seed) in seeds(target).iter().enumerate() {
            fs::write(folder.join(format!("seed-{number}")), seed)?;
        }
    }
    Ok(())
}
