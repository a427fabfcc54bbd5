//! Deadlines, failures and panics, and devices that are not fit for batches.

use std::sync::Arc;
use std::time::{Duration, Instant};

use footlight_nn::{Batched, ErrorKind, Graph};

use crate::device::{BAD, Defect, Device, FATAL, Infos, info};
use crate::{LONG, ask, batched, caller, options, rows, soon};

#[test]
fn a_deadline_ends_only_the_wait_of_whoever_has_it() {
    let (device, graph) = batched(Device::default(), 3, LONG);
    std::thread::scope(|scope| {
        device.hold();
        let late = soon(1000);
        // Whichever of them comes first.
        let hasty = [
            caller(scope, &graph, 1.0, late),
            caller(scope, &graph, 2.0, late),
        ];
        let patient = caller(scope, &graph, 3.0, None);
        for hasty in hasty {
            let error = hasty.join().unwrap().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Deadline);
        }
        // They did not wait for the device, which is still at it.
        assert!(!patient.is_finished());
        device.release();
        assert_eq!(patient.join().unwrap().unwrap(), [7.0]);
    });
    let seen = device.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(
        (&seen[0].numbers[..], seen[0].deadline),
        (&[1.0, 2.0, 3.0][..], None)
    );
}

#[test]
fn a_batch_has_until_the_latest_deadline() {
    let (device, graph) = batched(Device::default(), 3, LONG);
    let deadlines = [soon(100_000), soon(300_000), soon(200_000)];
    std::thread::scope(|scope| {
        for deadline in deadlines {
            caller(scope, &graph, 1.0, deadline);
        }
    });
    assert_eq!(device.seen()[0].deadline, deadlines[1]);
}

#[test]
fn when_the_latest_deadline_is_over_it_is_over_for_all() {
    let (device, graph) = batched(Device::default(), 2, LONG);
    std::thread::scope(|scope| {
        device.hold();
        let callers = [
            caller(scope, &graph, 1.0, soon(900)),
            caller(scope, &graph, 2.0, soon(1000)),
        ];
        std::thread::sleep(Duration::from_millis(1100));
        device.release();
        for caller in callers {
            let error = caller.join().unwrap().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Deadline);
        }
    });
    assert_eq!((device.seen().len(), graph.stats().retried), (1, 0));
}

#[test]
fn who_gives_up_while_waiting_is_not_computed() {
    let (device, graph) = batched(Device::default(), 8, Duration::ZERO);
    std::thread::scope(|scope| {
        device.hold();
        let first = caller(scope, &graph, 0.0, None);
        // It would be the one to run the next batch, until it is not there any more.
        let hasty = caller(scope, &graph, 1.0, soon(600));
        let hasty_as_well = caller(scope, &graph, 2.0, soon(700));
        let patient = caller(scope, &graph, 3.0, soon(100_000));
        for hasty in [hasty, hasty_as_well] {
            let error = hasty.join().unwrap().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Deadline);
        }
        assert_eq!(graph.stats().waiting, 1);
        device.release();
        assert_eq!(first.join().unwrap().unwrap(), [1.0]);
        assert_eq!(patient.join().unwrap().unwrap(), [7.0]);
    });
    let numbers: Vec<_> = device.seen().into_iter().map(|seen| seen.numbers).collect();
    assert_eq!(numbers, [[0.0], [3.0]]);
    assert_eq!(graph.stats().callers, 2);
}

#[test]
fn when_all_give_up_the_next_one_is_served() {
    let (_, graph) = batched(Device::default(), 8, LONG);
    let began = Instant::now();
    let error = ask(&graph, rows(1, &[1.0]), soon(20)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Deadline);
    assert!(began.elapsed() < LONG);
    assert_eq!(graph.stats().waiting, 0);
    std::thread::scope(|scope| {
        let one = caller(scope, &graph, 2.0, None);
        let rest = ask(&graph, rows(1, &[5.0; 7]), None).unwrap();
        assert_eq!(one.join().unwrap().unwrap(), [5.0]);
        assert_eq!(rest, [11.0; 7]);
    });
}

#[test]
fn a_bad_row_does_not_fail_its_neighbours() {
    let (device, graph) = batched(Device::default(), 3, LONG);
    std::thread::scope(|scope| {
        let callers = [1.0, BAD, 3.0].map(|number| caller(scope, &graph, number, None));
        let [one, bad, three] = callers.map(|caller| caller.join().unwrap());
        assert_eq!((one.unwrap(), three.unwrap()), (vec![3.0], vec![7.0]));
        assert!(bad.unwrap_err().to_string().contains("a bad number"));
    });
    let mut sizes: Vec<_> = device
        .seen()
        .iter()
        .map(|seen| seen.numbers.len())
        .collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [1, 1, 1, 3]);
    let stats = graph.stats();
    assert_eq!((stats.retried, stats.callers, stats.rows), (1, 3, 6));
}

#[test]
fn a_single_failure_is_not_tried_again() {
    let (device, graph) = batched(Device::default(), 3, Duration::ZERO);
    let error = ask(&graph, rows(1, &[BAD]), None).unwrap_err();
    assert!(error.to_string().contains("a bad number"));
    assert_eq!(device.seen().len(), 1);
    // What does not fit the model does not come so far.
    let error = ask(&graph, rows(2, &[]), None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert_eq!(device.seen().len(), 0);
}

#[test]
fn a_panic_is_told_to_all_and_the_next_batch_begins() {
    let (device, graph) = batched(Device::default(), 3, LONG);
    std::thread::scope(|scope| {
        device.hold();
        let callers = [1.0, FATAL, 3.0].map(|number| caller(scope, &graph, number, None));
        let next = [4.0, 5.0, 6.0].map(|number| caller(scope, &graph, number, None));
        device.release();
        let ends = callers.map(|caller| caller.join());
        // It panics in the thread that ran it, and nowhere else.
        assert_eq!(ends.iter().filter(|end| end.is_err()).count(), 1);
        for error in ends.into_iter().flatten() {
            let error = error.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Runtime);
            assert!(error.to_string().contains("broken off"), "{error}");
        }
        let next = next.map(|caller| caller.join().unwrap().unwrap());
        assert_eq!(next, [[9.0], [11.0], [13.0]]);
    });
    assert_eq!(graph.stats().waiting, 0);
}

#[test]
fn a_graph_whose_rows_are_not_computed_each_for_itself_is_refused() {
    let refused = |device: Device, words: &[&str]| {
        let error = Batched::new(Arc::new(device), &options(8, Duration::ZERO))
            .err()
            .unwrap();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        for word in words {
            assert!(error.to_string().contains(word), "{error}");
        }
    };
    let defect = |defect| Device {
        defect: Some(defect),
        ..Device::default()
    };
    refused(
        defect(Defect::Mixes),
        &["other numbers", "`y`", "turn batching off"],
    );
    refused(defect(Defect::Sums), &["3 rows", "`y`"]);
    let fixed = |inputs, outputs| Device {
        infos: Infos {
            inputs: vec![info("x", inputs)],
            outputs: vec![info("y", outputs)],
        },
        ..Device::default()
    };
    refused(
        fixed(&[Some(1), None], &[None, None]),
        &["input x f32 [1, ?]"],
    );
    refused(
        fixed(&[None, None], &[Some(1), None]),
        &["output y f32 [1, ?]"],
    );
    refused(fixed(&[None, None], &[]), &["output y f32 []"]);
}

#[test]
fn the_graph_is_described_as_the_one_inside() {
    let (device, graph) = batched(Device::default(), 8, Duration::ZERO);
    assert_eq!(graph.inputs(), device.inputs());
    assert_eq!(graph.outputs(), device.outputs());
    assert_eq!(graph.device(), "test");
}
