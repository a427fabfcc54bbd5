//! What a stage implements, and how it becomes the component's export.

use crate::{Failure, Item};

/// A stage: what [`export!`](crate::export!) makes a component of.
pub trait Stage {
    /// Works on one item, and yields any number of items.
    ///
    /// The pipeline file says what class of items comes in and which classes may go out; the host
    /// checks both. By default each call finds a fresh instance, so a `static` keeps nothing from
    /// one item to the next.
    ///
    /// Before the first frame the host tries every stage on an item without meaning: a grey picture,
    /// a tensor of zeros, an empty document. Yielding nothing passes, and so does
    /// [`Failure::Unsuitable`]; a host whose stage fails in another way does not become ready.
    ///
    /// # Errors
    ///
    /// [`Failure::Unsuitable`] if the item is not one that this stage can work on,
    /// [`Failure::Failed`] if something else that it needs is not there or does not work.
    fn process(input: Item) -> Result<Vec<Item>, Failure>;
}

/// Makes a type that implements [`Stage`] what the component exports. Once in a crate, whose
/// `crate-type` is `cdylib`.
///
/// ```
/// use footlight_stage::{Failure, Item, Stage, export};
///
/// /// Yields what it is given.
/// struct Echo;
///
/// impl Stage for Echo {
///     fn process(input: Item) -> Result<Vec<Item>, Failure> {
///         Ok(vec![input])
///     }
/// }
///
/// export!(Echo);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! export {
    ($stage:ty) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            struct Exported;

            impl $crate::bindings::exports::footlight::stage::processing::Guest for Exported {
                fn process(
                    input: $crate::Item,
                ) -> ::core::result::Result<::std::vec::Vec<$crate::Item>, $crate::Failure>
                {
                    $crate::run::<$stage>(input)
                }
            }

    $crate::bindings::export_stage!(Exported with_types_in $crate::bindings);
        };

        // A native linker takes no name with a colon in it; there only the type is checked.
        #[cfg(not(target_arch = "wasm32"))]
        const _: fn(
            $crate::Item,
        ) -> ::core::result::Result<::std::vec::Vec<$crate::Item>, $crate::Failure> =
            <$stage as $crate::Stage>::process;
    };
}

/// Runs a stage on an item, with a panic's message sent to the host's log: a trap alone would say
/// nothing but `unreachable`.
#[doc(hidden)]
pub fn run<S: Stage>(input: Item) -> Result<Vec<Item>, Failure> {
    #[cfg(target_arch = "wasm32")]
    std::panic::set_hook(Box::new(|panic| crate::log::error(panic.to_string())));
    S::process(input)
}
