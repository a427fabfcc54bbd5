"""From the bytes of a photo to aligned faces."""

from typing import Callable, NamedTuple

import cv2
import numpy as np

SIDE = 320
MEAN = (104, 117, 127)
MIN_SCORE = 0.6
IOU = 0.4
CROP = 112
TEMPLATE = np.array(
    [38.2946 + 51.6963j, 73.5318 + 51.5014j, 56.0252 + 71.7366j, 41.5493 + 92.3655j, 70.7299 + 92.2041j]
)

# NCHW floats in; `loc` [1, N, 4], `conf` [1, N, 2] and `landmarks` [1, N, 10] out.
Infer = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]


class Face(NamedTuple):
    """A face: x, y, width and height in pixels of the photo, and 112 x 112 x 3 bytes, blue, green, red."""

    box: list[float]
    crop: np.ndarray


def _anchors() -> np.ndarray:
    """Centre x, centre y and side of each anchor, in the order of the detector's outputs: [N, 3]."""
    levels = []
    for stride, sides in ((8, (16, 32)), (16, (64, 128)), (32, (256, 512))):
        centres = (np.arange(SIDE // stride) + 0.5) * stride
        y, x, side = np.meshgrid(centres, centres, sides, indexing="ij")
        levels.append(np.stack([x, y, side], axis=-1).reshape(-1, 3))
    return np.concatenate(levels).astype(np.float32)


class Detection:
    """Finds faces with RetinaFace, whatever runs it."""

    def __init__(self, infer: Infer) -> None:
        self.infer = infer
        self.anchors = _anchors()

    def faces(self, photo: bytes) -> list[Face]:
        """The faces in a JPEG or PNG file, the most certain first. ValueError where it is none."""
        frame = cv2.imdecode(np.frombuffer(photo, np.uint8), cv2.IMREAD_COLOR) if photo else None
        if frame is None:
            raise ValueError("not a picture")
        boxes, landmarks = self._detect(frame)
        return [
            Face(box.tolist(), cv2.warpAffine(frame, _to_template(points), (CROP, CROP)))
            for box, points in zip(boxes, landmarks)
        ]

    def _detect(self, frame: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        height, width = frame.shape[:2]
        ratio = min(SIDE / width, SIDE / height)
        # By ratio, not to a size in whole pixels: that would move landmarks by a pixel of a large photo.
        how = cv2.INTER_AREA if ratio <= 0.5 else cv2.INTER_LINEAR
        small = cv2.resize(frame, None, fx=ratio, fy=ratio, interpolation=how)
        canvas = np.zeros((SIDE, SIDE, 3), np.uint8)
        canvas[: small.shape[0], : small.shape[1]] = small
        loc, conf, landmarks = self.infer(cv2.dnn.blobFromImage(canvas, mean=MEAN))

        score = conf[0, :, 1]
        seen = np.flatnonzero(score >= MIN_SCORE)
        centre, side = self.anchors[seen, :2], self.anchors[seen, 2:]
        loc = loc[0, seen]
        extent = side * np.exp(loc[:, 2:] * 0.2)
        middle = centre + loc[:, :2] * 0.1 * side
        boxes = np.hstack([middle - extent / 2, extent]) / ratio
        points = (centre[:, None] + landmarks[0, seen].reshape(-1, 5, 2) * 0.1 * side[:, None]) / ratio
        inside = ((middle / ratio >= 0) & (middle / ratio < (width, height))).all(axis=1)
        boxes, points, score = boxes[inside], points[inside], score[seen][inside]
        kept = np.asarray(cv2.dnn.NMSBoxes(boxes, score, MIN_SCORE, IOU), int)
        return boxes[kept], points[kept]


def _to_template(landmarks: np.ndarray) -> np.ndarray:
    """The similarity (Umeyama, no reflection) that lays five points [5, 2] on the template, [2, 3]."""
    points = landmarks[:, 0] + 1j * landmarks[:, 1].astype(np.float64)
    middle, target = points.mean(), TEMPLATE.mean()
    turn = np.vdot(points - middle, TEMPLATE - target) / np.vdot(points - middle, points - middle)
    move = target - turn * middle
    return np.array([[turn.real, -turn.imag, move.real], [turn.imag, turn.real, move.imag]])
