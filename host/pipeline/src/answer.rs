//! From all items of a frame to what is told of it.

use crate::run::Node;
use footlight_sandbox::Payload;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// One list for each entry of `[answer]`, with an object for each item of its class: the item's
/// attributes, and every document that was made from it, under the name of the document's class (a list
/// of them where there is more than one).
pub(crate) fn answer(lists: &BTreeMap<String, String>, nodes: &[Node]) -> Map<String, Value> {
    let list = |class: &String| {
        let entries = nodes.iter().enumerate();
        entries
            .filter(|(_, node)| node.item.class == *class)
            .map(|(place, node)| Value::Object(entry(place, node, nodes)))
            .collect()
    };
    lists
        .iter()
        .map(|(name, class)| (name.clone(), list(class)))
        .collect()
}

fn entry(place: usize, node: &Node, nodes: &[Node]) -> Map<String, Value> {
    let mut entry = node.item.attributes.to_json();
    if let Payload::Document(fields) = &node.item.payload {
        entry.extend(fields.to_json());
    }
    let mut documents: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for made in nodes.iter().filter(|made| descends(made, place, nodes)) {
        if let Payload::Document(fields) = &made.item.payload {
            let mut document = made.item.attributes.to_json();
            document.extend(fields.to_json());
            documents
                .entry(&made.item.class)
                .or_default()
                .push(Value::Object(document));
        }
    }
    for (class, mut found) in documents {
        let value = match (found.pop(), found.is_empty()) {
            (Some(only), true) => only,
            (last, _) => {
                found.extend(last);
                Value::Array(found)
            }
        };
        entry.insert(class.to_owned(), value);
    }
    entry
}

/// Whether an item was made, by however many stages, from the one at `ancestor`.
fn descends(node: &Node, ancestor: usize, nodes: &[Node]) -> bool {
    let mut parent = node.parent;
    while let Some(place) = parent {
        if place == ancestor {
            return true;
        }
        parent = nodes.get(place).and_then(|node| node.parent);
    }
    false
}
