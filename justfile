# Commands for everyday work. `just` lists them; https://just.systems says how to install it.

[private]
default:
    @{{just_executable()}} --list --unsorted

# Before a commit: format, lints, and the unit tests without the model checker
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --locked -- -D warnings
    cargo test --workspace --lib --locked --quiet -- --skip ::model::

# All tests, over the embedded DynamoDB; a filter names some: just test rights::
test *ARGUMENTS:
    cargo test --workspace --locked -- {{ARGUMENTS}}

# The gate, which every change must pass
ci:
    .ci/run

# Slower proofs, before a release
slow:
    .ci/slow

# The benchmarks, on a machine that does nothing else; or one of them: just bench lambda --help
bench *ARGUMENTS:
    tests/bench/run {{ARGUMENTS}}

# Hostile input to all targets or to some: just fuzz all --seconds 3600
fuzz *ARGUMENTS:
    tests/fuzz/run {{ARGUMENTS}}

# The files of a release: just release DIR [PART]...
release *ARGUMENTS:
    .ci/release {{ARGUMENTS}}

# The local server: just serve --demo
serve *ARGUMENTS:
    cargo run --locked -- serve {{ARGUMENTS}}

# Writes docs/commands.md from the command's parser
docs:
    JETON_WRITE_DOCS=1 cargo test --locked -p jeton --test http -- docs
