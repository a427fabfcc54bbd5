//! Who shares an inference with whom.

use std::time::{Duration, Instant};

use footlight_nn::{Buffer, ElementType, Graph, Tensor};

use crate::device::Device;
use crate::{LONG, ask, batched, caller, rows, until};

#[test]
fn rows_go_back_to_who_sent_them() {
    let slow = Device {
        takes: Duration::from_micros(200),
        ..Device::default()
    };
    let (device, graph) = batched(slow, 8, Duration::ZERO);
    std::thread::scope(|scope| {
        for worker in 0..16_u16 {
            let graph = &graph;
            scope.spawn(move || {
                for round in 0..200_u16 {
                    let length = 1 + usize::from(worker) % 2;
                    let count = 1 + usize::from(round) % 3;
                    let numbers: Vec<f32> = (0..length * count)
                        .map(|n| f32::from(worker) * 1000.0 + f32::from(round) + n as f32 / 8.0)
                        .collect();
                    let expected: Vec<f32> = numbers.iter().map(|n| 2.0 * n + 1.0).collect();
                    assert_eq!(ask(graph, rows(length, &numbers), None).unwrap(), expected);
                }
            });
        }
    });
    let seen = device.seen();
    assert!(seen.iter().all(|seen| seen.shape[0] <= 8));
    let stats = graph.stats();
    assert_eq!((stats.callers, stats.waiting), (16 * 200, 0));
    assert_eq!(stats.inferences as usize, seen.len());
    assert_eq!(
        stats.rows,
        seen.iter()
            .map(|seen| u64::from(seen.shape[0]))
            .sum::<u64>()
    );
    assert!(
        stats.inferences < stats.callers / 2,
        "{} inferences for {} callers",
        stats.inferences,
        stats.callers
    );
    assert!(stats.waited > Duration::ZERO);
}

#[test]
fn those_who_come_while_the_device_is_busy_are_the_next_batch() {
    let (device, graph) = batched(Device::default(), 8, Duration::ZERO);
    std::thread::scope(|scope| {
        device.hold();
        let first = caller(scope, &graph, 0.0, None);
        let others: Vec<_> = (1..6_u8)
            .map(|n| caller(scope, &graph, n.into(), None))
            .collect();
        until(|| device.busy() == 1);
        assert_eq!(graph.stats().waiting, 5);
        device.release();
        assert_eq!(first.join().unwrap().unwrap(), [1.0]);
        for (n, other) in (1..6_u8).zip(others) {
            assert_eq!(other.join().unwrap().unwrap(), [2.0 * f32::from(n) + 1.0]);
        }
    });
    let numbers: Vec<_> = device.seen().into_iter().map(|seen| seen.numbers).collect();
    assert_eq!(numbers, [vec![0.0], vec![1.0, 2.0, 3.0, 4.0, 5.0]]);
}

#[test]
fn no_more_rows_than_allowed_go_together() {
    let (device, graph) = batched(Device::default(), 4, Duration::ZERO);
    std::thread::scope(|scope| {
        device.hold();
        caller(scope, &graph, 0.0, None);
        for n in 1..8_u8 {
            caller(scope, &graph, n.into(), None);
        }
        // One who brings more than may go together does not wait for anyone.
        scope.spawn(|| ask(&graph, rows(1, &[9.0; 5]), None).unwrap());
        until(|| device.busy() == 2);
        device.release();
    });
    let mut sizes: Vec<_> = device
        .seen()
        .iter()
        .map(|seen| seen.numbers.len())
        .collect();
    assert_eq!(sizes[..2], [1, 5]);
    sizes.sort_unstable();
    assert_eq!(sizes, [1, 3, 4, 5]);
}

#[test]
fn different_shapes_do_not_go_together() {
    let (device, graph) = batched(Device::default(), 8, Duration::ZERO);
    std::thread::scope(|scope| {
        device.hold();
        caller(scope, &graph, 0.0, None);
        for n in 1..4_u8 {
            caller(scope, &graph, n.into(), None);
        }
        // Of another shape, it does not wait for these.
        scope.spawn(|| ask(&graph, rows(2, &[7.0, 8.0]), None).unwrap());
        until(|| device.busy() == 2);
        scope.spawn(|| ask(&graph, rows(2, &[5.0; 4]), None).unwrap());
        until(|| graph.stats().waiting == 4);
        device.release();
    });
    let mut shapes: Vec<_> = device.seen().into_iter().map(|seen| seen.shape).collect();
    shapes.sort();
    assert_eq!(shapes, [[1, 1], [1, 2], [2, 2], [3, 1]]);
}

#[test]
fn the_first_waits_for_others_until_there_are_enough() {
    let (device, graph) = batched(Device::default(), 2, LONG);
    std::thread::scope(|scope| {
        let first = caller(scope, &graph, 1.0, None);
        assert_eq!((graph.stats().waiting, device.busy()), (1, 0));
        let second = caller(scope, &graph, 2.0, None);
        assert_eq!(first.join().unwrap().unwrap(), [3.0]);
        assert_eq!(second.join().unwrap().unwrap(), [5.0]);
    });
    assert_eq!(device.seen()[0].numbers, [1.0, 2.0]);
}

#[test]
fn the_first_waits_for_others_no_longer_than_it_was_told() {
    let wait = Duration::from_millis(50);
    let (device, graph) = batched(Device::default(), 8, wait);
    let began = Instant::now();
    assert_eq!(ask(&graph, rows(1, &[1.0]), None).unwrap(), [3.0]);
    assert!(began.elapsed() >= wait && began.elapsed() < LONG);
    assert_eq!(device.seen().len(), 1);
    assert!(graph.stats().waited >= wait);
}

#[test]
fn a_single_callers_tensor_is_handed_on_as_it_is() {
    let (device, graph) = batched(Device::default(), 8, Duration::ZERO);
    let mut memory: Buffer = graph.memory(ElementType::F32, &[1, 1]).unwrap();
    memory.copy_from_slice(&3.0_f32.to_le_bytes());
    let place = memory.as_ptr().addr();
    let tensor = Tensor::new(vec![1, 1], ElementType::F32, memory).unwrap();
    assert_eq!(ask(&graph, tensor, None).unwrap(), [7.0]);
    let heap = rows(1, &[4.0]);
    let other = heap.data.as_ptr().addr();
    ask(&graph, heap, None).unwrap();
    let seen: Vec<_> = device.seen().iter().map(|s| (s.place, s.own)).collect();
    assert_eq!(seen, [(place, true), (other, false)]);
}

#[test]
fn a_batch_is_put_together_in_the_devices_memory() {
    let (device, graph) = batched(Device::default(), 2, LONG);
    std::thread::scope(|scope| {
        caller(scope, &graph, 1.0, None);
        caller(scope, &graph, 2.0, None);
    });
    assert!(device.seen()[0].own);
}
