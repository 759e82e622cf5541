//! The `jeton` command.

use std::process::ExitCode;

use clap::Parser as _;
use jeton::Arguments;

#[tokio::main]
async fn main() -> ExitCode {
    match Arguments::parse().run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "the command's own message")]
            {
                eprintln!("jeton: {error}");
            }
            ExitCode::from(error.exit_code())
        }
    }
}
