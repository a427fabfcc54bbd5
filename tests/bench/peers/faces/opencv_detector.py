"""RetinaFace, run by OpenCV."""

from pathlib import Path
from threading import Lock

import cv2
import numpy as np

from faces.detection import SIDE, Infer


def load(model: Path, threads: int) -> Infer:
    """Loads it and runs it once."""
    cv2.setNumThreads(threads)
    net = cv2.dnn.readNetFromONNX(np.fromfile(model, np.uint8))
    # A net is for one thread at a time; decoding and cropping go on meanwhile.
    lock = Lock()

    def infer(blob: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        with lock:
            net.setInput(blob, "input")
            return net.forward(["loc", "conf", "landmarks"])

    infer(np.zeros((1, 3, SIDE, SIDE), np.float32))
    return infer
