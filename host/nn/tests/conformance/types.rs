//! wasi-nn 1, 2: only f32, and a panic for the rest. Every type goes in and comes out.

use footlight_nn::{ElementType, ErrorKind, Tensor};

use crate::onnx::{self, BOOL, Graph, constant, identity, node, number, value};
use crate::{Library, Subject, Test, assert_says, compile, floats, infer, output, refused};

pub const TESTS: &[Test] = &[
    ("every_type_goes_in_and_comes_out_bit_for_bit", every_type),
    ("whole_numbers_keep_all_their_bits", whole_numbers),
    (
        "a_whole_number_beyond_32_bits_is_kept_or_refused_and_not_cut_off",
        too_large_numbers,
    ),
    ("bytes_become_numbers_inside_of_the_model", cast),
    ("a_type_that_wasi_nn_lacks_is_refused", foreign_type),
    ("a_single_number_goes_in_and_comes_out", single),
    ("f32_is_not_reduced_to_half_precision", precision),
];

/// Numbers that every type can hold, so that no library may round them.
fn bytes(element: ElementType) -> Vec<u8> {
    let small = [0_u8, 1, 2, 3, 100, 127];
    small
        .iter()
        .flat_map(|n| match element {
            ElementType::U8 => vec![*n],
            ElementType::I32 => i32::from(*n).to_le_bytes().to_vec(),
            ElementType::I64 => i64::from(*n).to_le_bytes().to_vec(),
            ElementType::F32 => f32::from(*n).to_le_bytes().to_vec(),
            ElementType::F64 => f64::from(*n).to_le_bytes().to_vec(),
            ElementType::Bf16 => f32::from(*n).to_le_bytes()[2..].to_vec(),
            ElementType::F16 => {
                let half: u16 = match n {
                    0 => 0x0000,
                    1 => 0x3c00,
                    2 => 0x4000,
                    3 => 0x4200,
                    100 => 0x5640,
                    _ => 0x57f0,
                };
                half.to_le_bytes().to_vec()
            }
        })
        .collect()
}

fn every_type(subject: &Subject) {
    for element in ElementType::ALL {
        let model = identity(element, &[2, 3]);
        if (subject.library, element) == (Library::Tract, ElementType::Bf16) {
            let error = refused(subject, &model);
            assert_says(&error, ErrorKind::Unsupported, &["Bfloat16"]);
            continue;
        }
        let graph = compile(subject, &model);
        assert_eq!(
            graph.inputs()[0].to_string(),
            format!("given {element} [2, 3]")
        );
        let given = Tensor::new(vec![2, 3], element, bytes(element)).unwrap();
        let outputs = infer(&*graph, &[("given", given.clone())]).unwrap();
        assert_eq!(outputs, [("returned".to_owned(), given)], "{element}");
    }
}

fn whole_numbers(subject: &Subject) {
    let graph = compile(subject, &identity(ElementType::I32, &[3]));
    let numbers = [i32::MIN, 16_777_217, i32::MAX];
    let data: Vec<u8> = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
    let given = Tensor::new(vec![3], ElementType::I32, data).unwrap();
    let outputs = infer(&*graph, &[("given", given.clone())]).unwrap();
    assert_eq!(outputs[0].1, given);
}

/// OpenVINO would give back -1 for the first of these, and 0 for the second; the others have 64 bits.
fn too_large_numbers(subject: &Subject) {
    let graph = compile(subject, &identity(ElementType::I64, &[1]));
    for number in [i64::MAX, -(1 << 40)] {
        let given = Tensor::new(vec![1], ElementType::I64, number.to_le_bytes().to_vec()).unwrap();
        let outputs = infer(&*graph, &[("given", given.clone())]);
        match subject.library {
            Library::OpenVino => {
                let number = number.to_string();
                let words = ["`given`", &number];
                assert_says(&outputs.unwrap_err(), ErrorKind::Unsupported, &words);
            }
            Library::OnnxRuntime | Library::Tract => assert_eq!(outputs.unwrap()[0].1, given),
        }
    }
    for number in [i64::from(i32::MIN), i64::from(i32::MAX)] {
        let given = Tensor::new(vec![1], ElementType::I64, number.to_le_bytes().to_vec()).unwrap();
        let outputs = infer(&*graph, &[("given", given.clone())]).unwrap();
        assert_eq!(outputs[0].1, given);
    }
}

fn cast(subject: &Subject) {
    let model = Graph {
        nodes: vec![
            node("Cast", &["bytes"], &["numbers"]).with("to", 1),
            node("Cast", &["numbers"], &["rows"]).with("to", 7),
        ],
        inputs: vec![value("bytes", number(ElementType::U8), &[0])],
        outputs: vec![
            value("numbers", number(ElementType::F32), &[0]),
            value("rows", number(ElementType::I64), &[0]),
        ],
        ..Graph::default()
    };
    let graph = compile(subject, &model.file());
    let given = Tensor::new(vec![2], ElementType::U8, vec![7, 255]).unwrap();
    let outputs = infer(&*graph, &[("bytes", given)]).unwrap();
    assert_eq!(output(&outputs, "numbers"), [7.0, 255.0]);
    let rows: Vec<u8> = [7_i64, 255].iter().flat_map(|n| n.to_le_bytes()).collect();
    assert_eq!(
        outputs[1].1,
        Tensor::new(vec![2], ElementType::I64, rows).unwrap()
    );
}

fn foreign_type(subject: &Subject) {
    let model = Graph {
        nodes: vec![node("Not", &["no"], &["yes"])],
        inputs: vec![value("no", BOOL, &[1])],
        outputs: vec![value("yes", BOOL, &[1])],
        ..Graph::default()
    };
    let error = refused(subject, &model.file());
    assert_says(&error, ErrorKind::Unsupported, &["`no`", "bool"]);
}

fn single(subject: &Subject) {
    let model = Graph {
        nodes: vec![node("Mul", &["numbers", "factor"], &["products"])],
        inputs: vec![value("numbers", 1, &[2]), value("factor", 1, &[])],
        outputs: vec![value("products", 1, &[2])],
        ..Graph::default()
    };
    let graph = compile(subject, &model.file());
    assert_eq!(graph.inputs()[1].to_string(), "factor f32 []");
    // Both ways to write it, and with another number each time.
    for (shape, factor) in [(&[][..], 2.0), (&[1], 3.0), (&[], 4.0)] {
        let inputs = [
            ("numbers", floats(&[2], &[1.0, 10.0])),
            ("factor", floats(shape, &[factor])),
        ];
        let outputs = infer(&*graph, &inputs).unwrap();
        assert_eq!(output(&outputs, "products"), [factor, factor * 10.0]);
    }
    let graph = compile(subject, &identity(ElementType::I64, &[]));
    let given = Tensor::new(vec![], ElementType::I64, 7_i64.to_le_bytes().to_vec()).unwrap();
    let outputs = infer(&*graph, &[("given", given.clone())]).unwrap();
    assert_eq!(outputs[0].1, given);
}

/// On a processor with instructions for bf16, OpenVINO would use them by itself, and similarities that
/// a threshold was chosen for would shift from one machine to the next.
fn precision(subject: &Subject) {
    let side = 64;
    // 1 + 2^-12 is exact in f32, and 1 in bf16 and f16.
    let odd = 1.0 + 1.0 / 4096.0;
    let mut diagonal = vec![0.0; side * side];
    diagonal.iter_mut().step_by(side + 1).for_each(|n| *n = odd);
    let sides = [side as i64; 2];
    let model = Graph {
        nodes: vec![node("MatMul", &["given", "weights"], &["product"])],
        constants: vec![constant("weights", &sides, &diagonal)],
        inputs: vec![value("given", onnx::number(ElementType::F32), &sides)],
        outputs: vec![value("product", onnx::number(ElementType::F32), &sides)],
        ..Graph::default()
    };
    let graph = compile(subject, &model.file());
    let given = floats(&[side as u32; 2], &vec![1.0; side * side]);
    let outputs = infer(&*graph, &[("given", given)]).unwrap();
    assert_eq!(output(&outputs, "product"), vec![odd; side * side]);
}
