use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::measure::Spread;

/// One figure, or two of them and their ratio.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Row {
    /// The section that measured it.
    pub section: String,
    /// What was measured.
    pub name: String,
    /// The unit of `ours` and `theirs`.
    pub unit: String,
    /// Footlight's figure; none where it could not be measured.
    pub ours: Option<f64>,
    /// That of the other side, where there is one.
    pub theirs: Option<f64>,
    /// `ours / theirs`: the median of the rounds' ratios, where the sides took turns.
    pub ratio: Option<f64>,
    /// The quartiles of the rounds' ratios, or of the one figure where there is one side.
    pub spread: Option<[f64; 2]>,
    /// What it must be, in words.
    pub target: Option<String>,
    /// Whether it is.
    pub holds: Option<bool>,
    /// What one must know to read it.
    pub note: Option<String>,
}

impl Row {
    /// A figure of ours alone.
    pub fn alone(section: &str, name: impl Into<String>, unit: &str, ours: Spread) -> Row {
        Row {
            section: section.to_owned(),
            name: name.into(),
            unit: unit.to_owned(),
            ours: Some(ours.median),
            theirs: None,
            ratio: None,
            spread: Some([ours.low, ours.high]),
            target: None,
            holds: None,
            note: None,
        }
    }

    /// Both sides.
    pub fn both(
        section: &str,
        name: impl Into<String>,
        unit: &str,
        [ours, theirs, ratio]: [Spread; 3],
    ) -> Row {
        Row {
            theirs: Some(theirs.median),
            ratio: Some(ratio.median),
            spread: Some([ratio.low, ratio.high]),
            ..Row::alone(section, name, unit, ours)
        }
    }

    /// A figure of the other side alone.
    pub fn theirs(section: &str, name: impl Into<String>, unit: &str, theirs: Spread) -> Row {
        Row {
            ours: None,
            theirs: Some(theirs.median),
            ..Row::alone(section, name, unit, theirs)
        }
    }

    /// Something that could not be measured.
    pub fn failed(section: &str, name: impl Into<String>, why: impl Into<String>) -> Row {
        Row {
            section: section.to_owned(),
            name: name.into(),
            unit: String::new(),
            ours: None,
            theirs: None,
            ratio: None,
            spread: None,
            target: None,
            holds: None,
            note: Some(why.into()),
        }
    }

    /// With what the figure must be at most. It is judged by the ratio where there is one, else by
    /// `ours`.
    pub fn at_most(self, limit: f64) -> Row {
        let holds = self.judged().map(|value| value <= limit);
        Row {
            target: Some(format!("at most {limit}")),
            holds,
            ..self
        }
    }

    /// With what the figure must be at least, judged the same way.
    pub fn at_least(self, limit: f64) -> Row {
        let holds = self.judged().map(|value| value >= limit);
        Row {
            target: Some(format!("at least {limit}")),
            holds,
            ..self
        }
    }

    /// With what one must know to read it.
    pub fn noted(self, note: impl Into<String>) -> Row {
        Row {
            note: Some(note.into()),
            ..self
        }
    }

    fn judged(&self) -> Option<f64> {
        self.ratio.or(self.ours)
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "  {}:", self.name)?;
        if let Some(ours) = self.ours {
            write!(f, " {} {}", number(ours), self.unit)?;
        }
        match (self.ours, self.theirs) {
            (Some(_), Some(theirs)) => write!(f, " against {}", number(theirs))?,
            (None, Some(theirs)) => write!(f, " theirs {} {}", number(theirs), self.unit)?,
            _ => {}
        }
        if let Some(ratio) = self.ratio {
            write!(f, ", ratio {ratio:.3}")?;
        }
        if let Some([low, high]) = self.spread {
            write!(f, " (quartiles {} to {})", number(low), number(high))?;
        }
        match (&self.target, self.holds) {
            (Some(target), Some(true)) => write!(f, "; {target}: holds")?,
            (Some(target), _) => write!(f, "; {target}: DOES NOT HOLD")?,
            _ => {}
        }
        match &self.note {
            Some(note) => write!(f, "; {note}"),
            None => Ok(()),
        }
    }
}

/// A number with three digits that count.
pub fn number(value: f64) -> String {
    let size = value.abs();
    match size {
        _ if value == value.trunc() && size < 1e15 => format!("{value}"),
        _ if size >= 100.0 => format!("{value:.0}"),
        _ if size >= 10.0 => format!("{value:.1}"),
        _ if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// All sections as they were last measured, each with when and on what.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Results {
    /// When and on what each section was measured.
    pub runs: BTreeMap<String, Run>,
    /// The rows, in the order of the sections' names.
    pub rows: Vec<Row>,
}

/// When and on what a section was measured.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Run {
    /// The day, as 2026-01-31.
    pub date: String,
    /// Processor, cores, memory.
    pub machine: String,
    /// Versions of what took part.
    pub versions: Vec<String>,
    /// The command.
    pub command: String,
}

impl Results {
    /// Those of a file; none where there is no such file.
    pub fn read(file: &Path) -> Result<Results> {
        if !file.exists() {
            return Ok(Results::default());
        }
        let text = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        serde_json::from_slice(&text).with_context(|| {
            format!(
                "{} is not what was written there; remove it",
                file.display()
            )
        })
    }

    /// Puts a section's rows in place of those that it had.
    pub fn replace(&mut self, section: &str, rows: &[Row]) -> Result<()> {
        self.rows.retain(|row| row.section != section);
        self.rows.extend_from_slice(rows);
        self.rows.sort_by(|a, b| a.section.cmp(&b.section));
        self.runs.insert(section.to_owned(), Run::now(section)?);
        Ok(())
    }

    /// Writes them.
    pub fn write(&self, file: &Path) -> Result<()> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
    }
}

impl Run {
    /// Now, here.
    fn now(section: &str) -> Result<Run> {
        let say = |program: &str, arguments: &[&str]| -> Result<String> {
            let output = std::process::Command::new(program)
                .args(arguments)
                .output()?;
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        };
        let processor = fs::read_to_string("/proc/cpuinfo")?;
        let processor = processor
            .lines()
            .find_map(|line| line.strip_prefix("model name"))
            .and_then(|line| line.split_once(':'))
            .map_or("processor", |(_, name)| name.trim());
        let cores = std::thread::available_parallelism()?;
        let openvino = footlight_nn::OpenVino::load(None)?;
        Ok(Run {
            date: say("date", &["-u", "+%F"])?,
            machine: format!("{processor}, {cores} cores, {}", std::env::consts::ARCH),
            versions: vec![
                format!("footlight {}", env!("CARGO_PKG_VERSION")),
                format!("openvino {}", footlight_nn::Backend::version(&openvino)),
                say("rustc", &["--version"])?,
            ],
            command: format!("cargo xtask bench --only {section}"),
        })
    }
}
