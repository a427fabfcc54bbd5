"""The detector as `wasmtime serve` takes it: a folder with `model.xml` and `model.bin`.

python convert.py MODEL FOLDER
"""

import sys
from io import BytesIO
from pathlib import Path

import openvino

model, folder = map(Path, sys.argv[1:])
# With the only shape that the guest asks for, and simplified as far as that goes: this is done again for each
# instance if it is not done here.
network = openvino.convert_model(BytesIO(model.read_bytes()), input=[1, 3, 320, 320])
# Not halved to 16 bits, as it would be by itself.
openvino.save_model(network, folder / "model.xml", compress_to_fp16=False)
