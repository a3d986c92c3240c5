//! `cargo xtask TASK`: see [`USAGE`].

use std::process::ExitCode;

use xtask::{Result, api, bench, ci, deny, fuzz, measures, mutants, root};

const USAGE: &str = "\
cargo xtask TASK

ci                                       everything that must hold before a change lands
test [ARGUMENT...]                       cargo test on the whole workspace
measures [--report] [--list] [PATH...]   count what the style and the structure are held to
deny                                     licences, sources, versions of dependencies; the compiler
api [--bless]                            compare the public interfaces with docs/api, or write them
mutants [--check] [NAME...]              break the code; the tests must notice
swarm [FROM [COUNT]]                     simulate the consensus, 1000 seeds, mostly on test signatures
fuzz [SECONDS] [PROPERTY...]             fuzz each property for SECONDS, or for a minute
vectors                                  compute the test vectors again in Python
bench [abe|payload|gate [ROW...]]        measure speed, and write target/bench.json
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
    let flag = |name: &str| rest.iter().any(|word| word == name);
    let names: Vec<String> = rest
        .iter()
        .filter(|word| !word.starts_with("--"))
        .cloned()
        .collect();
    match task.as_str() {
        "ci" => ci::ci(),
        "test" => ci::test(rest),
        "measures" => {
            let options = measures::Options {
                report: flag("--report"),
                list: flag("--list"),
                paths: names,
            };
            measures::run(&root(), &options)
        }
        "deny" => deny::check(),
        "api" => api::check(flag("--bless")),
        "mutants" => mutants::mutants(&names, flag("--check")),
        "fuzz" => match names
            .split_first()
            .map(|(first, rest)| (first.parse(), rest))
        {
            Some((Ok(seconds), rest)) => fuzz::fuzz(seconds, rest),
            _ => fuzz::fuzz(60, &names),
        },
        "swarm" => ci::swarm(&names),
        "vectors" => ci::vectors(),
        "bench" => match rest.split_first() {
            Some((binary, rows)) => bench::bench(Some(binary), rows),
            None => bench::bench(None, &[]),
        },
        _ => Err(format!("no task is called {task}\n\n{USAGE}").into()),
    }
}
