//! `cargo xtask TASK`: see [`USAGE`].

use std::process::ExitCode;

use xtask::{Result, fuzz, measures, mutants, root};

const USAGE: &str = "\
cargo xtask TASK

fuzz [SECONDS] [PROPERTY...]             each property for SECONDS, or for a minute
measures [--report] [--list] [PATH...]   count what the style and the structure are held to
mutants [--check] [NAME...]              break the code; the tests must notice
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let Some((task, rest)) = arguments.split_first() else {
        return Err(USAGE.into());
    };
    match task.as_str() {
        "fuzz" => match rest.split_first() {
            None => fuzz::fuzz(60, &[]),
            Some((first, names)) => match first.parse() {
                Ok(seconds) => fuzz::fuzz(seconds, names),
                Err(_) => fuzz::fuzz(60, rest),
            },
        },
        "mutants" => {
            let (flags, names): (Vec<_>, Vec<_>) =
                rest.iter().cloned().partition(|word| word == "--check");
            mutants::mutants(&names, !flags.is_empty())
        }
        "measures" => {
            let (flags, paths): (Vec<_>, Vec<_>) = rest
                .iter()
                .cloned()
                .partition(|word| word.starts_with("--"));
            let options = measures::Options {
                report: flags.iter().any(|flag| flag == "--report"),
                list: flags.iter().any(|flag| flag == "--list"),
                paths,
            };
            measures::run(&root(), &options)
        }
        _ => Err(format!("no task is called {task}\n{USAGE}").into()),
    }
}
