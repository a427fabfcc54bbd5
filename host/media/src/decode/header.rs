//! A JPEG's segments, read before it is decoded: ISO/IEC 10918-1, annex B.

use image::metadata::Orientation;

use crate::DecodeError;

/// What is known of a JPEG without decoding it.
#[derive(Debug)]
pub(super) struct Header {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The number of colour components.
    pub components: u8,
    /// The Adobe segment, where there is one.
    pub adobe: Option<Adobe>,
    /// How the pixels are to be turned, from the EXIF segment.
    pub orientation: Orientation,
    /// Whether all pixels are in one baseline scan, as in most files.
    pub one_scan: bool,
    /// Where the marker at the end of the image stands.
    pub end: usize,
}

/// The Adobe segment (APP14), which says how colours are stored.
#[derive(Clone, Copy, Debug)]
pub(super) struct Adobe {
    /// 0: RGB or CMYK as they are; 1: YCbCr; 2: YCCK.
    pub transform: u8,
    /// Where the segment's name stands in the file.
    pub name_at: usize,
}

/// Markers: the second byte, after 0xFF.
mod marker {
    pub const TEM: u8 = 0x01;
    pub const DHT: u8 = 0xC4;
    pub const JPG: u8 = 0xC8;
    pub const DAC: u8 = 0xCC;
    pub const RST0: u8 = 0xD0;
    pub const RST7: u8 = 0xD7;
    pub const SOI: u8 = 0xD8;
    pub const EOI: u8 = 0xD9;
    pub const SOS: u8 = 0xDA;
    pub const APP1: u8 = 0xE1;
    pub const APP14: u8 = 0xEE;
}

/// Walks over the bytes of a JPEG.
struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Walk<'a> {
    /// The next marker, over anything before it.
    fn marker(&mut self) -> Option<u8> {
        loop {
            let rest = self.bytes.get(self.at..)?;
            self.at += rest.iter().position(|byte| *byte == 0xFF)? + 1;
            // Any number of 0xFF may stand before a marker; 0xFF 0x00 is a byte of data.
            while *self.bytes.get(self.at)? == 0xFF {
                self.at += 1;
            }
            let marker = *self.bytes.get(self.at)?;
            self.at += 1;
            if marker != 0 {
                return Some(marker);
            }
        }
    }

    /// What a segment holds, and where that begins. The walk stands behind it then.
    fn segment(&mut self) -> Option<(usize, &'a [u8])> {
        let length = self.bytes.get(self.at..)?.first_chunk::<2>()?;
        let end = self
            .at
            .checked_add(usize::from(u16::from_be_bytes(*length)).max(2))?;
        let begin = self.at + 2;
        let content = self.bytes.get(begin..end)?;
        self.at = end;
        Some((begin, content))
    }
}

impl Header {
    /// Reads all segments up to the end of the image, and makes sure that the end is there: a decoder
    /// would fill what is missing with grey.
    ///
    /// The size is given to `check` as soon as it is known.
    pub(super) fn read(
        bytes: &[u8],
        check: impl Fn(u32, u32) -> Result<(), DecodeError>,
    ) -> Result<Self, DecodeError> {
        let cut = |what: &str| DecodeError::Truncated(format!("it ends {what}"));
        let mut header = Self {
            width: 0,
            height: 0,
            components: 0,
            adobe: None,
            orientation: Orientation::NoTransforms,
            one_scan: false,
            end: 0,
        };
        let mut baseline = false;
        let mut scans = 0_usize;
        // The start of the image stands before everything; whoever called has seen it.
        let mut walk = Walk { bytes, at: 2 };
        loop {
            let Some(marker) = walk.marker() else {
                return Err(cut(match (header.components, scans) {
                    (0, _) => "before its size is stated",
                    (_, 0) => "before its pixels begin",
                    _ => "within its pixels",
                }));
            };
            match marker {
                marker::EOI if scans > 0 => {
                    header.end = walk.at - 2;
                    return Ok(header);
                }
                marker::EOI => {
                    return Err(DecodeError::Broken("it holds no pixels".to_owned()));
                }
                marker::TEM | marker::SOI | marker::RST0..=marker::RST7 => continue,
                _ => {}
            }
            let (begin, content) = walk.segment().ok_or_else(|| cut("within a header"))?;
            match marker {
                marker::DHT | marker::JPG | marker::DAC => {}
                0xC0..=0xCF if header.components == 0 => {
                    header.frame(marker, content)?;
                    baseline = marker != 0xC2;
                    check(header.width, header.height)?;
                }
                0xC0..=0xCF => {
                    return Err(DecodeError::Broken("it states its size twice".to_owned()));
                }
                marker::SOS if header.components == 0 => {
                    return Err(DecodeError::Broken(
                        "its pixels begin before its size is stated".to_owned(),
                    ));
                }
                marker::SOS => {
                    scans += 1;
                    let complete = content.first() == Some(&header.components);
                    header.one_scan = baseline && complete && scans == 1;
                }
                marker::APP1 if scans == 0 => {
                    if let Some(exif) = content.strip_prefix(b"Exif\0\0")
                        && let Some(orientation) = Orientation::from_exif_chunk(exif)
                    {
                        header.orientation = orientation;
                    }
                }
                marker::APP14 if scans == 0 => {
                    if content.starts_with(b"Adobe")
                        && let Some(transform) = content.get(11)
                    {
                        header.adobe = Some(Adobe {
                            transform: *transform,
                            name_at: begin,
                        });
                    }
                }
                _ => {}
            }
        }
    }

    /// Takes the size and the components from a frame header, and refuses processes that are not read.
    fn frame(&mut self, marker: u8, content: &[u8]) -> Result<(), DecodeError> {
        let process = match marker {
            0xC0..=0xC2 => None,
            0xC3 | 0xC7 | 0xCB | 0xCF => Some("a lossless JPEG"),
            0xC5 | 0xC6 => Some("a hierarchical JPEG"),
            _ => Some("a JPEG with arithmetic coding"),
        };
        if let Some(process) = process {
            return Err(DecodeError::Unsupported(process.to_owned()));
        }
        let &[precision, h0, h1, w0, w1, components, ..] = content else {
            return Err(DecodeError::Broken(
                "its frame header is too short".to_owned(),
            ));
        };
        if precision != 8 {
            return Err(DecodeError::Unsupported(format!(
                "a JPEG of {precision} bits a component"
            )));
        }
        if !matches!(components, 1 | 3 | 4) {
            return Err(DecodeError::Unsupported(format!(
                "a JPEG of {components} colour components"
            )));
        }
        self.height = u32::from(u16::from_be_bytes([h0, h1]));
        self.width = u32::from(u16::from_be_bytes([w0, w1]));
        self.components = components;
        Ok(())
    }
}
