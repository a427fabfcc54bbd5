//! The similarity of every pair of photos.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::thread;

use anyhow::{Context, Result, anyhow};

use super::photos::Featured;
use super::rates::Rates;

/// The cosine of two features of length 1.
fn similarity(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// Each pair of photos once, in their order.
fn pairs(photos: &[Featured]) -> impl Iterator<Item = (&Featured, &Featured)> {
    photos
        .iter()
        .enumerate()
        .flat_map(|(index, a)| photos.iter().skip(index + 1).map(move |b| (a, b)))
}

/// Compares all pairs, on `threads` threads.
pub fn compare(photos: &[Featured], threads: usize) -> Result<Rates> {
    let threads = threads.max(1);
    let (mut same, mut different) = (Vec::new(), Vec::new());
    thread::scope(|scope| {
        // Every thread takes each n-th row, as rows become shorter.
        let row_of = |first: usize| {
            let (mut same, mut different) = (Vec::new(), Vec::new());
            for (index, a) in photos.iter().enumerate().skip(first).step_by(threads) {
                for b in photos.iter().skip(index + 1) {
                    let list = if a.person == b.person {
                        &mut same
                    } else {
                        &mut different
                    };
                    list.push(similarity(&a.feature, &b.feature));
                }
            }
            (same, different)
        };
        let workers: Vec<_> = (0..threads)
            .map(|first| scope.spawn(move || row_of(first)))
            .collect();
        for worker in workers {
            let (some_same, some_different) = worker.join().map_err(|_| {
                anyhow!("a thread that compared photos failed; this is an error in footlight")
            })?;
            same.extend(some_same);
            different.extend(some_different);
        }
        anyhow::Ok(())
    })?;
    Ok(Rates::new(same, different))
}

/// Writes all pairs as CSV (RFC 4180): `a,b,same,similarity`.
pub fn write_csv(photos: &[Featured], file: &Path) -> Result<()> {
    let write = || -> std::io::Result<()> {
        let mut out = BufWriter::new(File::create(file)?);
        out.write_all(b"a,b,same,similarity\r\n")?;
        for (a, b) in pairs(photos) {
            let same = a.person == b.person;
            let similarity = similarity(&a.feature, &b.feature);
            write!(
                out,
                "{},{},{same},{similarity:.6}\r\n",
                quoted(&a.name),
                quoted(&b.name)
            )?;
        }
        out.flush()
    };
    write().with_context(|| format!("cannot write {}", file.display()))
}

/// A field of a CSV file, in quotes where it needs them.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn photo(person: usize, name: &str, feature: [f32; 2]) -> Featured {
        Featured {
            person,
            name: name.to_owned(),
            feature: feature.to_vec(),
        }
    }

    fn photos() -> Vec<Featured> {
        vec![
            photo(0, "a/1.jpg", [1.0, 0.0]),
            photo(0, "a/2,\"x\".jpg", [0.6, 0.8]),
            photo(1, "b/1.jpg", [0.0, 1.0]),
            photo(1, "b/2.jpg", [0.0, -1.0]),
        ]
    }

    #[test]
    fn every_pair_is_compared_once_however_many_threads_there_are() {
        for threads in [0, 1, 2, 7] {
            let rates = compare(&photos(), threads).unwrap();
            assert_eq!(rates.same(), [-1.0, 0.6]);
            assert_eq!(rates.different(), [-0.8, 0.0, 0.0, 0.8]);
        }
    }

    #[test]
    fn the_csv_has_a_line_a_pair() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("scores.csv");
        write_csv(&photos(), &file).unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 1 + 6);
        assert_eq!(lines[0], "a,b,same,similarity");
        assert_eq!(lines[1], "a/1.jpg,\"a/2,\"\"x\"\".jpg\",true,0.600000");
        assert_eq!(lines[6], "b/1.jpg,b/2.jpg,true,-1.000000");
    }

    #[test]
    fn a_file_that_cannot_be_written_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("missing/scores.csv");
        assert!(
            write_csv(&photos(), &file)
                .unwrap_err()
                .to_string()
                .contains("scores.csv")
        );
    }
}
