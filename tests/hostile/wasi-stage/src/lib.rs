//! A stage as one built for wasm32-wasip2 is: it imports WASI 0.2, behind which a host of stages has
//! clocks and randomness and nothing else.
//!
//! At frames of the width `at-width` it does what its setting `act` says: `report` what it sees of
//! the world, or `sleep` for the setting `milliseconds`. All other frames are answered at once.

use footlight_stage::{Failure, Fields, Item, Stage, export, settings};
use wasip2::cli::environment;
use wasip2::clocks::{monotonic_clock, wall_clock};
use wasip2::filesystem::preopens;
use wasip2::random::random;
use wasip2::sockets::{instance_network, ip_name_lookup};

struct OfWasi;

impl Stage for OfWasi {
    fn process(input: Item) -> Result<Vec<Item>, Failure> {
        let at_width: u32 = settings::require("at-width")?;
        if input.image()?.width() != at_width {
            return Ok(vec![Item::new(
                "note",
                Fields::new().with("did", "nothing"),
            )]);
        }
        let act: String = settings::require("act")?;
        let said = match act.as_str() {
            "report" => report(),
            "sleep" => sleep(settings::require("milliseconds")?),
            other => return Err(Failure::failed(format!("there is no act `{other}`"))),
        };
        Ok(vec![Item::new("note", said)])
    }
}

export!(OfWasi);

/// What a program sees of the world through WASI.
fn report() -> Fields {
    let before = monotonic_clock::now();
    let network = instance_network::instance_network();
    let looked_up = ip_name_lookup::resolve_addresses(&network, "localhost");
    let bytes = random::get_random_bytes(32);
    let hexadecimal: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Fields::new()
        .with("did", "report")
        .with("variables", count(environment::get_environment()))
        .with("arguments", count(environment::get_arguments()))
        .with("folder", environment::initial_cwd().unwrap_or_default())
        .with("folders", count(preopens::get_directories()))
        .with(
            "looks-up-names",
            looked_up.is_ok_and(|found| found.resolve_next_address().is_ok()),
        )
        .with("random", hexadecimal)
        .with("seconds", count_of(wall_clock::now().seconds))
        .with("clock-runs", monotonic_clock::now() > before)
}

fn sleep(milliseconds: i64) -> Fields {
    let nanoseconds = u64::try_from(milliseconds)
        .unwrap_or(0)
        .saturating_mul(1_000_000);
    monotonic_clock::subscribe_duration(nanoseconds).block();
    Fields::new().with("did", "sleep")
}

fn count<T>(list: Vec<T>) -> i64 {
    count_of(list.len() as u64)
}

fn count_of(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
