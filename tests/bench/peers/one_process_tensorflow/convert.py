"""Makes a SavedModel of an ONNX file: python convert.py MODEL FOLDER SIDE, for pictures of SIDE x SIDE.

It is done where an image is built, and not in it. Of ONNX it knows the operators that RetinaFace and fr-feature consist of.
What depends on nothing but shapes is computed here, once.
"""

import sys

import numpy as np
import onnx
import tensorflow as tf
from onnx import helper, numpy_helper

file, folder, side = sys.argv[1:]
graph = onnx.load(file).graph
weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}


def conv(x, weight, bias, *, kernel_shape, pads, strides, dilations, group):
    """TensorFlow's convolutions on a processor take the channels last."""
    assert dilations == [1, 1] and group in (1, x.shape[1]), (dilations, group)
    top, left, bottom, right = pads
    x = tf.pad(tf.transpose(x, [0, 2, 3, 1]), [[0, 0], [top, bottom], [left, right], [0, 0]])
    steps = [1, *strides, 1]
    if group == 1:
        y = tf.nn.conv2d(x, weight.transpose(2, 3, 1, 0), steps, "VALID")
    else:
        each = weight.reshape(group, -1, *kernel_shape)
        y = tf.nn.depthwise_conv2d(x, each.transpose(2, 3, 0, 1), steps, "VALID")
    return tf.transpose(y + bias, [0, 3, 1, 2])


def resize(x, _roi, _scales, sizes, **how):
    """The nearest pixel above and to the left, a whole number of times."""
    assert how["mode"] == b"nearest" and how["nearest_mode"] == b"floor", how
    down, across = sizes[2] // x.shape[2], sizes[3] // x.shape[3]
    assert (x.shape[2] * down, x.shape[3] * across) == (sizes[2], sizes[3])
    return tf.repeat(tf.repeat(x, down, axis=2), across, axis=3)


def reshape(x, shape):
    return tf.reshape(x, [x.shape[at] if size == 0 else int(size) for at, size in enumerate(shape)])


def concat(*parts, axis):
    known = all(isinstance(part, np.ndarray) for part in parts)
    return np.concatenate(parts, axis) if known else tf.concat(parts, axis)


OPERATORS = {
    "Add": lambda x, y: x + y,
    "Cast": lambda x, to: x.astype(helper.tensor_dtype_to_np_dtype(to)),
    "Concat": concat,
    "Constant": lambda value: numpy_helper.to_array(value),
    "Conv": conv,
    "Gather": lambda x, index, axis: np.take(x, index, axis),
    "Identity": lambda x: x,
    "LeakyRelu": lambda x, alpha: tf.nn.leaky_relu(x, alpha),
    "PRelu": lambda x, slope: tf.maximum(x, 0.0) + slope * tf.minimum(x, 0.0),
    "Relu": tf.nn.relu,
    "Reshape": reshape,
    "Resize": resize,
    "Shape": lambda x: np.array(x.shape, np.int64),
    "Slice": lambda x, begin, end, axes: x[int(begin[0]) : int(end[0])],
    "Softmax": lambda x, axis: tf.nn.softmax(x, axis),
    "Transpose": lambda x, perm: tf.transpose(x, perm),
    "Unsqueeze": lambda x, axes: np.expand_dims(x, tuple(axes)),
}


@tf.function(input_signature=[tf.TensorSpec([1, 3, int(side), int(side)], tf.float32)])
def run(picture):
    values = {**weights, graph.input[0].name: picture, "": None}
    for node in graph.node:
        given = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
        values[node.output[0]] = OPERATORS[node.op_type](*(values[name] for name in node.input), **given)
    return {output.name: values[output.name] for output in graph.output}


module = tf.Module()
module.run = run
tf.saved_model.save(module, folder)
