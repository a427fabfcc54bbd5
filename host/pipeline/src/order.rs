//! The order in which stages run, and what a file gets wrong about it.

use crate::error::OpenError;
use crate::file::PipelineFile;
use std::collections::BTreeSet;

/// The names of the stages, each after those that yield its input.
///
/// # Errors
/// A class that is not declared, a stage whose input nobody yields, a cycle.
pub(crate) fn order(file: &PipelineFile) -> Result<Vec<String>, OpenError> {
    check_names(file)?;
    let mut order = Vec::new();
    let mut left: BTreeSet<&str> = file.stages.keys().map(String::as_str).collect();
    while !left.is_empty() {
        let ready = left.iter().copied().find(|name| {
            file.stages.get(*name).is_some_and(|stage| {
                // Ready once no stage that is left yields what it takes.
                !left.iter().any(|other| yields(file, other, &stage.input))
            })
        });
        let Some(ready) = ready else {
            let names: Vec<_> = left.iter().map(|name| format!("`{name}`")).collect();
            return Err(OpenError::new(format!(
                "the stages {} form a cycle: each takes a class that another of them, or itself, yields",
                names.join(", ")
            )));
        };
        left.remove(ready);
        order.push(ready.to_owned());
    }
    Ok(order)
}

/// Of an order, the stages that are needed for the items of a class.
pub(crate) fn needed_for(file: &PipelineFile, order: &[String], class: &str) -> Vec<String> {
    let mut classes = BTreeSet::from([class]);
    let mut needed: Vec<String> = Vec::new();
    for name in order.iter().rev() {
        let Some(stage) = file.stages.get(name) else {
            continue;
        };
        if stage
            .yields
            .iter()
            .any(|class| classes.contains(class.as_str()))
        {
            classes.insert(&stage.input);
            needed.push(name.clone());
        }
    }
    needed.reverse();
    needed
}

fn yields(file: &PipelineFile, stage: &str, class: &str) -> bool {
    file.stages
        .get(stage)
        .is_some_and(|stage| stage.yields.iter().any(|yielded| yielded == class))
}

fn check_names(file: &PipelineFile) -> Result<(), OpenError> {
    let valid = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    if file.name.is_empty() || file.name.len() > 64 || !file.name.bytes().all(valid) {
        return Err(OpenError::new(format!(
            "the name `{}` is not 1 to 64 characters of a-z, 0-9 and -",
            file.name
        )));
    }
    let declared = |class: &str, place: &str| {
        if file.classes.contains_key(class) {
            return Ok(());
        }
        Err(OpenError::new(format!(
            "{place} names the class `{class}`, which is not declared: add [classes.{class}]"
        )))
    };
    declared(&file.source, "`source`")?;
    if !matches!(
        file.classes.get(&file.source),
        Some(crate::Class::Image { .. })
    ) {
        return Err(OpenError::new(format!(
            "the class `{}` is the source, and only an image can be sent: declare it with kind = \"image\"",
            file.source
        )));
    }
    for (name, stage) in &file.stages {
        let place = format!("[stages.{name}]");
        declared(&stage.input, &place)?;
        for class in &stage.yields {
            declared(class, &place)?;
        }
        let fed = stage.input == file.source
            || file
                .stages
                .keys()
                .any(|other| yields(file, other, &stage.input));
        if !fed {
            return Err(OpenError::new(format!(
                "{place} takes the class `{}`, which no stage yields and which is not the source",
                stage.input
            )));
        }
    }
    for (list, class) in &file.answer {
        declared(class, &format!("`{list}` in [answer]"))?;
        if matches!(
            list.as_str(),
            "pipeline" | "version" | "frame" | "width" | "height" | "milliseconds"
        ) {
            return Err(OpenError::new(format!(
                "[answer] has a list `{list}`, and every answer has something else under that name: call it otherwise"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(stages: &str) -> PipelineFile {
        let text = format!(
            "name = \"test\"\nsource = \"frame\"\n\
             [classes]\nframe = {{kind = \"image\"}}\na = {{kind = \"document\"}}\nb = {{kind = \"document\"}}\n{stages}"
        );
        PipelineFile::parse(&text).unwrap_or_else(|error| panic!("{error}"))
    }

    fn stage(name: &str, input: &str, yields: &str) -> String {
        format!(
            "[stages.{name}]\ncomponent = \"{name}.wasm\"\ninput = \"{input}\"\nyields = [{yields}]\n"
        )
    }

    #[test]
    fn stages_run_after_those_that_feed_them() {
        let text = stage("first-by-name", "b", "")
            + &stage("middle", "a", "\"b\"")
            + &stage("z", "frame", "\"a\"");
        let file = file(&text);
        let order = order(&file).unwrap();
        assert_eq!(order, ["z", "middle", "first-by-name"]);
        assert_eq!(needed_for(&file, &order, "b"), ["z", "middle"]);
        assert_eq!(needed_for(&file, &order, "frame"), [] as [&str; 0]);
    }

    #[test]
    fn a_cycle_is_named() {
        let text =
            stage("x", "frame", "\"a\"") + &stage("y", "a", "\"b\"") + &stage("z", "b", "\"a\"");
        let error = order(&file(&text)).unwrap_err().to_string();
        assert!(
            error.contains("`y`, `z`") && error.contains("cycle"),
            "{error}"
        );
        let own = stage("x", "frame", "\"frame\"");
        assert!(
            order(&file(&own))
                .unwrap_err()
                .to_string()
                .contains("cycle")
        );
    }

    #[test]
    fn what_is_not_declared_or_not_fed_is_named() {
        let unknown = order(&file(&stage("x", "frame", "\"c\"")))
            .unwrap_err()
            .to_string();
        assert!(unknown.contains("[classes.c]"), "{unknown}");
        let unfed = order(&file(&stage("x", "a", "\"b\"")))
            .unwrap_err()
            .to_string();
        assert!(
            unfed.contains("[stages.x]") && unfed.contains("`a`"),
            "{unfed}"
        );
    }

    #[test]
    fn a_wrong_key_is_named_with_its_line() {
        let text = "name = \"x\"\nsource = \"frame\"\nclasses = {}\nstages = {}\nstagess = {}\n";
        let error = PipelineFile::parse(text).unwrap_err().to_string();
        assert!(
            error.contains("stagess") && error.contains("line 5"),
            "{error}"
        );
    }
}
