"""Models, run by TensorFlow on the processor."""

from pathlib import Path
from typing import Callable

import cv2
import numpy as np
import tensorflow as tf

from faces.detection import CROP, SIDE, Infer


def _load(model: Path, shape: list[int], threads: int) -> Callable[[np.ndarray], dict[str, tf.Tensor]]:
    """Loads a SavedModel with one input and runs it once."""
    cv2.setNumThreads(threads)
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    run = tf.saved_model.load(model).run
    run(np.zeros(shape, np.float32))
    return run


def detector(model: Path, threads: int) -> Infer:
    """RetinaFace."""
    run = _load(model, [1, 3, SIDE, SIDE], threads)

    def infer(blob: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        said = run(blob)
        loc, conf, landmarks = (said[name].numpy() for name in ("loc", "conf", "landmarks"))
        return loc, conf, landmarks

    return infer


def features(model: Path, threads: int) -> Callable[[np.ndarray], np.ndarray]:
    """fr-feature: from a crop, 112 x 112 x 3 bytes, to 512 floats of length 1."""
    run = _load(model, [1, 3, CROP, CROP], threads)

    def feature(crop: np.ndarray) -> np.ndarray:
        blob = cv2.dnn.blobFromImage(crop, 1 / 128, mean=(127.5, 127.5, 127.5))
        output = run(blob)["output"].numpy()[0]
        return output / np.linalg.norm(output)

    return feature
