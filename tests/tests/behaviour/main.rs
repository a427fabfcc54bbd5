//! What users of Footlight see: the built binary serves pipelines with temporary files and galleries, and
//! is spoken to over HTTP. Everything that the tests need is made by `cargo xtask test`; what lacks
//! something is reported as ignored, with the reason.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod accuracy;
mod apart;
mod apart_hostile;
mod apart_in_order;
mod apart_in_trouble;
mod authoring;
mod backends;
mod bad_input;
mod boundary;
mod catalogue;
mod client;
mod command_line;
mod compiled;
mod devices;
mod doctor;
mod enrolment;
mod file;
mod galleries;
mod galleries_on_the_way;
mod gallery_file;
mod host;
mod hostile;
mod inference;
mod jpeg;
mod killed;
mod languages;
mod memory;
mod needs;
mod on_a_cluster;
mod openapi;
mod operation;
mod page;
mod photos;
mod pictures;
mod pipeline_files;
mod places;
mod published;
mod registry;
mod shutdown;
mod signed;
mod site;
mod streams;
mod supply;
mod swap;
mod tags;
mod told;
mod versions;
mod versions_of_members;
mod versions_under_load;
mod wasi;

use libtest_mimic::{Arguments, Trial};

fn main() {
    let mut arguments = Arguments::from_args();
    // Memory and counters of a host are compared: no other test may use it meanwhile.
    arguments.test_threads.get_or_insert(1);
    let groups: [Vec<Trial>; 16] = [
        [operation::trials(), command_line::trials()]
            .into_iter()
            .flatten()
            .collect(),
        catalogue::trials(),
        openapi::trials(),
        bad_input::trials(),
        pictures::trials(),
        [pipeline_files::trials(), boundary::trials()]
            .into_iter()
            .flatten()
            .collect(),
        [devices::trials(), doctor::trials(), on_a_cluster::trials()]
            .into_iter()
            .flatten()
            .collect(),
        hostile::trials(),
        [wasi::trials(), inference::trials()]
            .into_iter()
            .flatten()
            .collect(),
        [authoring::trials(), languages::trials()]
            .into_iter()
            .flatten()
            .collect(),
        enrolment::trials(),
        [
            gallery_file::trials(),
            galleries::trials(),
            galleries_on_the_way::trials(),
        ]
        .into_iter()
        .flatten()
        .collect(),
        [
            versions::trials(),
            versions_of_members::trials(),
            versions_under_load::trials(),
        ]
        .into_iter()
        .flatten()
        .collect(),
        [
            swap::trials(),
            shutdown::trials(),
            compiled::trials(),
            published::trials(),
            page::trials(),
            supply::trials(),
            signed::trials(),
            tags::trials(),
            killed::trials(),
        ]
        .into_iter()
        .flatten()
        .collect(),
        [
            streams::trials(),
            apart::trials(),
            apart_in_trouble::trials(),
            apart_in_order::trials(),
            apart_hostile::trials(),
        ]
        .into_iter()
        .flatten()
        .collect(),
        [accuracy::trials(), backends::trials(), memory::trials()]
            .into_iter()
            .flatten()
            .collect(),
    ];
    let conclusion = libtest_mimic::run(&arguments, groups.into_iter().flatten().collect());
    host::stop_shared();
    conclusion.exit();
}
