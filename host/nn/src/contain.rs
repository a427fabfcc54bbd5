//! Panics of a library end where they began.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::Error;

/// Does something with a library that is written in Rust. It may panic at what it was not made for, and
/// both the models and the tensors that reach it come from others, who must not end the host with
/// them: the panic becomes an error. What was being worked on is given up; whoever calls this keeps
/// nothing that the library was changing.
pub(crate) fn contain<T>(
    library: &str,
    work: impl FnOnce() -> Result<T, Error>,
) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        Err(Error::runtime(format!(
            "{library} met something that it was not made for: {}",
            words(&*panic)
        )))
    })
}

fn words(panic: &(dyn Any + Send)) -> String {
    const LONGEST: usize = 500;
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("it says nothing more");
    text.chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn a_panic_is_an_error_with_its_words() {
        let number = 7;
        for (panic, word) in [
            (contain("it", || panic!("just so")), "just so"),
            (contain("it", || panic!("number {number}")), "number 7"),
        ] {
            let error: Error = Result::<(), Error>::unwrap_err(panic);
            assert_eq!(error.kind(), ErrorKind::Runtime);
            assert!(error.to_string().contains(word), "{error}");
        }
        assert_eq!(contain("it", || Ok(1)).unwrap(), 1);
    }
}
