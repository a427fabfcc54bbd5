//! The wire format of protobuf.

/// A field of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field<'a> {
    pub number: u64,
    /// What is in it, where it is a message, a text or bytes; else empty.
    pub content: &'a [u8],
    /// What is in it, where it is a number without a fixed length; else 0.
    pub integer: u64,
    /// All of it as it stands in the message.
    pub whole: &'a [u8],
}

/// The fields of a message. An item is none where the message is broken, and the last.
pub(super) struct Fields<'a>(pub &'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Option<Field<'a>>;

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
    fn field(&mut self) -> Option<Field<'a>> {
        let before = self.0;
        let key = self.varint()?;
        let (mut content, mut integer): (&[u8], u64) = (&[], 0);
        match key & 7 {
            0 => integer = self.varint()?,
            1 => _ = self.take(8)?,
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                content = self.take(length)?;
            }
            5 => _ = self.take(4)?,
            _ => return None,
        }
        Some(Field {
            number: key >> 3,
            content,
            integer,
            whole: before.get(..before.len() - self.0.len())?,
        })
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

/// The integers of a repeated field, in either of the two ways in which they may be written; none where
/// they are broken.
pub(super) fn integers(message: &[u8], number: u64) -> Option<Vec<i64>> {
    let mut integers = Vec::new();
    for field in Fields(message) {
        let field = field?;
        if field.number != number {
            continue;
        }
        // The kind of a field is in its first byte. A single number is of kind 0.
        if field.whole.first()? & 7 == 0 {
            integers.push(field.integer.cast_signed());
        }
        let mut packed = Fields(field.content);
        while !packed.0.is_empty() {
            integers.push(packed.varint()?.cast_signed());
        }
    }
    Some(integers)
}

/// Adds a field with a message, a text or bytes.
pub(super) fn put(message: &mut Vec<u8>, number: u64, content: &[u8]) {
    put_varint(message, (number << 3) | 2);
    put_varint(message, content.len() as u64);
    message.extend_from_slice(content);
}

/// Adds a field with a number.
pub(super) fn put_integer(message: &mut Vec<u8>, number: u64, integer: i64) {
    put_varint(message, number << 3);
    put_varint(message, integer.cast_unsigned());
}

fn put_varint(message: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        message.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    message.push(value as u8);
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
        let fields = fields.unwrap();
        let found: Vec<_> = fields
            .iter()
            .map(|field| (field.number, field.content, field.integer))
            .collect();
        let expected: [(u64, &[u8], u64); 4] =
            [(1, b"", 150), (2, b"hi", 0), (3, b"", 0), (4, b"", 0)];
        assert_eq!(found, expected);
        // Put one after the other as they stand, they are the message.
        let wholes: Vec<&[u8]> = fields.iter().map(|field| field.whole).collect();
        assert_eq!(wholes.concat(), message);
    }

    #[test]
    fn what_is_put_is_read() {
        let mut message = Vec::new();
        for integer in [0, 127, 128, -1, i64::MIN, i64::MAX] {
            put_integer(&mut message, 1, integer);
        }
        put(&mut message, 500, &[7; 300]);
        let all = integers(&message, 1).unwrap();
        assert_eq!(all, [0, 127, 128, -1, i64::MIN, i64::MAX]);
        let last = Fields(&message).last().unwrap().unwrap();
        assert_eq!((last.number, last.content), (500, &[7; 300][..]));
    }

    #[test]
    fn packed_integers_are_read_as_well() {
        let packed = [0x3a, 0x03, 0x01, 0x96, 0x01];
        assert_eq!(integers(&packed, 7).unwrap(), [1, 150]);
        assert_eq!(integers(&[0x3a, 0x00], 7).unwrap(), [0_i64; 0]);
        assert_eq!(integers(&[0x3a, 0x01, 0x96], 7), None);
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
