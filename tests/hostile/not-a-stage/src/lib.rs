//! A component, but not a stage: it exports something else than the world `stage`.

// What the macro writes is not ours to document.
#![allow(missing_docs)]

wit_bindgen::generate!({
    inline: "
        package example:other;
        world other {
            export greeting: func() -> string;
        }
    ",
});

struct Other;

impl Guest for Other {
    fn greeting() -> String {
        "good evening".to_owned()
    }
}

export!(Other);
