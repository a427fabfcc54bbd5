"""Makes fr-feature-int8.onnx of fr-feature: most of its weights and activations as 8-bit integers.

    python -m venv venv && venv/bin/pip install --no-deps -r requirements.txt
    venv/bin/python quantize.py MODEL PHOTOS OUT

MODEL is the file of fr-feature, PHOTOS the cache's folder of photos, OUT the file to write. The last line printed is
OUT's SHA-256. Everything that the file depends on is fixed: versions of packages, photos, landmarks, order; and what is
measured by inference is rounded, so that another processor makes the same file (inputs shaken by 2e-6 of their size do).
"""

import hashlib
import logging
import sys
from pathlib import Path

import nncf
import numpy as np
import onnx
from nncf.quantization.advanced_parameters import AdvancedQuantizationParameters
from onnx import numpy_helper, version_converter
from PIL import Image

# Of each photo the landmarks of its face, in pixels: eyes, nose, corners of the mouth. They were found by the
# project's detector, and are written down so that this does not depend on how a detector is run.
FACES = {
    "others/astronaut.png": [(204, 102), (246, 104), (223, 129), (204, 142), (241, 144)],
    "people/biden.jpg": [(526, 332), (653, 341), (596, 408), (522, 458), (625, 466)],
    "people/obama.jpg": [(440, 211), (550, 213), (494, 275), (441, 314), (548, 316)],
    "people/obama2.jpg": [(249, 370), (371, 378), (284, 440), (253, 523), (350, 529)],
    "people/obama3.jpg": [(728, 376), (869, 387), (807, 439), (731, 510), (851, 519)],
    "people/obama_partial_face.jpg": [(20, 211), (135, 214), (83, 278), (20, 310), (135, 312)],
    "people/obama_partial_face2.jpg": [(447, 209), (544, 210), (504, 270), (451, 318), (538, 319)],
}
TEMPLATE = np.array(
    [38.2946 + 51.6963j, 73.5318 + 51.5014j, 56.0252 + 71.7366j, 41.5493 + 92.3655j, 70.7299 + 92.2041j]
)
SIDE = 112
# So few photos stand for all that a camera sees: each is also turned, moved, scaled, darkened and lightened.
PLACES = [(1, 0), (1.05 * np.exp(0.14j), 2 + 0j), (0.95 * np.exp(-0.14j), -3 + 2j), (1.12, 4 - 2j)]
LIGHTS = [(1, 0), (0.6, 0), (1.25, 15)]


def crop(photo: np.ndarray, landmarks: np.ndarray, turn: complex, move: complex) -> np.ndarray:
    """The face aligned to the template (Umeyama), then turned and moved: [112, 112, 3], bilinear, 0 beyond."""
    middle, target = landmarks.mean(), TEMPLATE.mean()
    way = np.vdot(TEMPLATE - target, landmarks - middle) / np.vdot(TEMPLATE - target, TEMPLATE - target)
    y, x = np.mgrid[:SIDE, :SIDE]
    at = middle + way * ((x + 1j * y - target - move) / turn)
    padded = np.pad(photo.astype(np.float64), ((1, 2), (1, 2), (0, 0)))
    height, width = photo.shape[:2]
    x, y = np.clip(at.real, -1, width) + 1, np.clip(at.imag, -1, height) + 1
    left, top = x.astype(int), y.astype(int)
    right, below = (x - left)[..., None], (y - top)[..., None]
    upper = padded[top, left] * (1 - right) + padded[top, left + 1] * right
    lower = padded[top + 1, left] * (1 - right) + padded[top + 1, left + 1] * right
    return np.rint(upper * (1 - below) + lower * below)


def crops(photos: Path) -> list[np.ndarray]:
    """What the model is tried with: as it sees faces, [1, 3, 112, 112]."""
    made = []
    for name, points in FACES.items():
        with Image.open(photos / name) as image:
            photo = np.asarray(image.convert("RGB"))[..., ::-1]
        landmarks = np.array([complex(x, y) for x, y in points])
        for turn, move in PLACES:
            face = crop(photo, landmarks, turn, move)
            for gain, lift in LIGHTS:
                lit = np.clip(np.rint(face * gain + lift), 0, 255)
                blob = ((lit - 127.5) / 128).astype(np.float32).transpose(2, 0, 1)[None]
                made += [blob, blob[..., ::-1].copy()]
    return made


def prepared(model: Path) -> onnx.ModelProto:
    """The model for any number of faces at a time, in an operator set that has integers for each channel."""
    network = onnx.load_model_from_string(model.read_bytes())
    reshape = next(node for node in network.graph.node if node.op_type == "Reshape")
    shape = next(value for value in network.graph.initializer if value.name == reshape.input[1])
    shape.CopyFrom(numpy_helper.from_array(np.array([-1, 512]), shape.name))
    for value in (*network.graph.input, *network.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "batch"
    return version_converter.convert_version(network, 13)


def exempt(network: onnx.ModelProto) -> list[str]:
    """The convolutions that stay floats: the first, of three colours, and those of each channel by itself. They have
    little of the work, and as integers they cost accuracy and save no time."""
    inputs = {value.name: value.dims[1] for value in network.graph.initializer if len(value.dims) == 4}
    convolutions = [node for node in network.graph.node if node.op_type == "Conv"]
    return [node.name for node in convolutions if inputs[node.input[1]] in (1, 3)]


def rounded(network: onnx.ModelProto) -> onnx.ModelProto:
    """Scales of activations to three digits: measured by inference, they differ in the seventh between processors."""
    # Only activations have nodes that quantize; weights are integers already.
    scales = {node.input[1] for node in network.graph.node if node.op_type == "QuantizeLinear"}
    for value in network.graph.initializer:
        if value.name in scales:
            scale = float(numpy_helper.to_array(value))
            value.CopyFrom(numpy_helper.from_array(np.float32(f"{scale:.2e}"), value.name))
    return network


def main(model: Path, photos: Path, out: Path) -> None:
    nncf.set_log_level(logging.ERROR)
    network, samples = prepared(model), crops(photos)
    quantized = nncf.quantize(
        network,
        nncf.Dataset([{network.graph.input[0].name: sample} for sample in samples]),
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(samples),
        ignored_scope=nncf.IgnoredScope(names=exempt(network)),
        # Corrected biases are thousands of measured numbers, which no rounding makes the same everywhere.
        advanced_parameters=AdvancedQuantizationParameters(disable_bias_correction=True),
    )
    written = rounded(quantized).SerializeToString(deterministic=True)
    out.write_bytes(written)
    print(hashlib.sha256(written).hexdigest())


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*map(Path, sys.argv[1:]))
