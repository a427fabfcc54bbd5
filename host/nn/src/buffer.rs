//! Where a tensor's bytes lie.

use std::any::Any;
use std::fmt;
use std::ops::{Deref, DerefMut};

/// Memory that an inference library gave out, for a tensor that comes back to it.
pub trait Memory: Any + Send + Sync {
    /// The bytes.
    fn bytes(&self) -> &[u8];

    /// The bytes, to be written.
    fn bytes_mut(&mut self) -> &mut [u8];
}

/// The bytes of a tensor: on the heap, or in memory of the library that is going to compute with them,
/// which then need not copy them. Either is read and written as a slice.
pub struct Buffer(Place);

enum Place {
    Heap(Vec<u8>),
    Library(Box<dyn Memory>),
}

impl Buffer {
    /// Memory of a library.
    pub fn of_library(memory: impl Memory) -> Buffer {
        Buffer(Place::Library(Box::new(memory)))
    }

    /// The memory, where it is of the kind `M`.
    ///
    /// # Errors
    ///
    /// The buffer as it was, where it is not.
    pub fn claim<M: Memory>(self) -> Result<M, Buffer> {
        match self.0 {
            Place::Library(memory) if (&*memory as &dyn Any).is::<M>() => {
                let memory: Box<dyn Any> = memory;
                match memory.downcast::<M>() {
                    Ok(memory) => Ok(*memory),
                    Err(_) => Err(Buffer::from(Vec::new())),
                }
            }
            other => Err(Buffer(other)),
        }
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Place::Heap(bytes) => bytes,
            Place::Library(memory) => memory.bytes(),
        }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        match &mut self.0 {
            Place::Heap(bytes) => bytes,
            Place::Library(memory) => memory.bytes_mut(),
        }
    }
}

impl From<Vec<u8>> for Buffer {
    fn from(bytes: Vec<u8>) -> Buffer {
        Buffer(Place::Heap(bytes))
    }
}

impl From<Buffer> for Vec<u8> {
    /// The bytes; those in a library's memory are copied.
    fn from(buffer: Buffer) -> Vec<u8> {
        match buffer.0 {
            Place::Heap(bytes) => bytes,
            Place::Library(memory) => memory.bytes().to_vec(),
        }
    }
}

/// The copy lies on the heap.
impl Clone for Buffer {
    fn clone(&self) -> Buffer {
        Buffer::from(self.to_vec())
    }
}

impl PartialEq for Buffer {
    fn eq(&self, other: &Buffer) -> bool {
        **self == **other
    }
}

impl Eq for Buffer {}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Lent(Vec<u8>);

    impl Memory for Lent {
        fn bytes(&self) -> &[u8] {
            &self.0
        }

        fn bytes_mut(&mut self) -> &mut [u8] {
            &mut self.0
        }
    }

    struct Other(Lent);

    impl Memory for Other {
        fn bytes(&self) -> &[u8] {
            self.0.bytes()
        }

        fn bytes_mut(&mut self) -> &mut [u8] {
            self.0.bytes_mut()
        }
    }

    #[test]
    fn a_librarys_memory_is_written_and_comes_back_as_what_it_was() {
        let mut buffer = Buffer::of_library(Lent(vec![0; 3]));
        buffer.copy_from_slice(&[1, 2, 3]);
        assert_eq!(buffer, Buffer::from(vec![1, 2, 3]));
        assert_eq!(buffer.claim::<Lent>().unwrap().0, [1, 2, 3]);
    }

    #[test]
    fn memory_of_another_kind_is_kept_as_it_is() {
        let buffer = Buffer::of_library(Lent(vec![4, 5]));
        let buffer = buffer.claim::<Other>().err().unwrap();
        assert_eq!(*buffer, [4, 5]);
        let heap = Buffer::from(vec![6]).claim::<Lent>().err().unwrap();
        assert_eq!(Vec::from(heap), [6]);
    }
}
