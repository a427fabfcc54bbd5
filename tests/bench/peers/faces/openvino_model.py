"""Models, run by OpenVINO on the processor."""

from pathlib import Path
from threading import local
from typing import Callable

import cv2
import numpy as np
import openvino

from faces.detection import CROP, SIDE, Infer


def _compile(model: Path, shape: list[int], threads: int) -> Callable[[np.ndarray], openvino.InferRequest]:
    """Compiles a model with one input and runs it once. The outputs are those of the calling thread's last run."""
    cv2.setNumThreads(threads)
    core = openvino.Core()
    network = core.read_model(model=model.read_bytes())
    network.reshape(shape)
    compiled = core.compile_model(network, "CPU", {"INFERENCE_NUM_THREADS": threads})
    mine = local()

    def run(blob: np.ndarray) -> openvino.InferRequest:
        if not hasattr(mine, "request"):
            mine.request = compiled.create_infer_request()
        # Not `infer`: that runs in the calling thread, and so in more threads than were asked for.
        mine.request.start_async({0: blob}, share_inputs=True)
        mine.request.wait()
        return mine.request

    run(np.zeros(shape, np.float32))
    return run


def detector(model: Path, threads: int) -> Infer:
    """RetinaFace."""
    run = _compile(model, [1, 3, SIDE, SIDE], threads)

    def infer(blob: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        request = run(blob)
        loc, conf, landmarks = (request.get_tensor(name).data for name in ("loc", "conf", "landmarks"))
        return loc, conf, landmarks

    return infer


def features(model: Path, threads: int) -> Callable[[np.ndarray], np.ndarray]:
    """fr-feature: from a crop, 112 x 112 x 3 bytes, to 512 floats of length 1."""
    run = _compile(model, [1, 3, CROP, CROP], threads)

    def feature(crop: np.ndarray) -> np.ndarray:
        blob = cv2.dnn.blobFromImage(crop, 1 / 128, mean=(127.5, 127.5, 127.5))
        output = run(blob).get_output_tensor().data[0]
        return output / np.linalg.norm(output)

    return feature
