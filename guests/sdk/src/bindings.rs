//! What `wit-bindgen` makes of the contract in `wit/`: every type and function under its own path.
//!
//! The crate's root re-exports what a stage needs under short names. The rest is here for what the
//! helpers do not cover.

wit_bindgen::generate!({
    path: "../../wit",
    world: "footlight:stage/stage",
    generate_all,
    pub_export_macro: true,
    export_macro_name: "export_stage",
    default_bindings_module: "footlight_stage::bindings",
    additional_derives: [PartialEq],
    // These hold resources, which are not compared.
    additional_derives_ignore: ["item", "payload"],
});
