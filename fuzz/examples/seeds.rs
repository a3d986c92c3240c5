//! Writes valid inputs of each property into `corpus/`, and prints the properties' names.

use std::fs;
use std::path::Path;

use medshare_fuzz::{properties::PROPERTIES, seeds::seeds};

fn main() -> std::io::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (name, _) in PROPERTIES {
        let folder = corpus.join(name);
        fs::create_dir_all(&folder)?;
        for (number, seed) in seeds(name).iter().enumerate() {
            fs::write(folder.join(format!("seed-{number}")), seed)?;
        }
        println!("{name}");
    }
    Ok(())
}
