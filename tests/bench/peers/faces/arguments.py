"""The command line that all peers have."""

from argparse import ArgumentParser, Namespace
from pathlib import Path


def _member(text: str) -> tuple[str, Path]:
    name, sign, photo = text.partition("=")
    if not (name and sign and photo):
        raise ValueError(text)
    return name, Path(photo)


def read(name: str) -> Namespace:
    """Reads it; ends the process with a usage message where it is wrong."""
    parser = ArgumentParser(prog=f"python -m {name}")
    parser.add_argument("--port", type=int, required=True, help="listens on this port of 127.0.0.1")
    parser.add_argument("--threads", type=int, default=1, help="of each inference runtime and of OpenCV")
    parser.add_argument("--detector", type=Path, required=True, help="the ONNX file of RetinaFace")
    parser.add_argument("--features", type=Path, required=True, help="the ONNX file of fr-feature")
    parser.add_argument("--enroll", type=_member, action="append", default=[], metavar="NAME=PHOTO")
    return parser.parse_args()
