//! The wire format of protobuf.

/// The fields of a message: number and content, which is left empty for those that are numbers. An
/// item is none where the message is broken, and the last.
pub(super) struct Fields<'a>(pub &'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Option<(u64, &'a [u8])>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field)
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Option<(u64, &'a [u8])> {
        let key = self.varint()?;
        let value = match key & 7 {
            0 => self.varint().map(|_| &[][..])?,
            1 => self.take(8).map(|_| &[][..])?,
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                self.take(length)?
            }
            5 => self.take(4).map(|_| &[][..])?,
            _ => return None,
        };
        Some((key >> 3, value))
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = *self.take(1)?.first()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_every_kind_are_read() {
        let message = [
            0x08, 0x96, 0x01, // 1: the number 150
            0x12, 0x02, b'h', b'i', // 2: two bytes
            0x19, 0, 0, 0, 0, 0, 0, 0, 0, // 3: eight bytes, fixed
            0x25, 0, 0, 0, 0, // 4: four bytes, fixed
        ];
        let fields: Option<Vec<_>> = Fields(&message).collect();
        let expected: [(u64, &[u8]); 4] = [(1, &[]), (2, b"hi"), (3, &[]), (4, &[])];
        assert_eq!(fields.as_deref(), Some(&expected[..]));
    }

    #[test]
    fn a_broken_message_ends() {
        let broken: [&[u8]; 4] = [
            &[0x12, 0x05, b'h'],
            &[0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
            &[0xff; 11],
            &[0x0b],
        ];
        for message in broken {
            assert_eq!(Fields(message).collect::<Vec<_>>(), [None]);
        }
    }
}
