"""Serves it."""

import asyncio
import os
import secrets
import signal
import sys
import tempfile
from pathlib import Path

import numpy as np
from fastapi import FastAPI, HTTPException, Request

from faces import arguments, detection, gallery, openvino_model

# Ray reads these when it is imported: no reports to its makers, no token file in the home, patience on a busy machine.
os.environ |= {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": secrets.token_hex(32),
    "RAY_raylet_start_wait_time_s": "120",
}

import ray  # noqa: E402
from ray import serve  # noqa: E402
from ray.serve.handle import DeploymentHandle  # noqa: E402

# Ray reserves a core for each replica; here there may be fewer cores than stages.
stage = serve.deployment(ray_actor_options={"num_cpus": 0})
app = FastAPI()


@stage
class Detection:
    def __init__(self, model: Path, threads: int) -> None:
        self.detection = detection.Detection(openvino_model.detector(model, threads))

    def __call__(self, photo: bytes) -> list[detection.Face]:
        return self.detection.faces(photo)


@stage
class Features:
    def __init__(self, model: Path, threads: int) -> None:
        self.feature = openvino_model.features(model, threads)

    def __call__(self, crop: np.ndarray) -> np.ndarray:
        return self.feature(crop)


@stage
class Verification:
    def __init__(self) -> None:
        self.gallery = gallery.Gallery()

    def __call__(self, feature: np.ndarray) -> dict[str, object]:
        return self.gallery.verdict(feature)

    def enroll(self, name: str, feature: np.ndarray) -> None:
        self.gallery.enroll(name, feature)


@stage
@serve.ingress(app)
class Entry:
    async def __init__(
        self,
        detect: DeploymentHandle,
        features: DeploymentHandle,
        verify: DeploymentHandle,
        members: list[tuple[str, Path]],
    ) -> None:
        self.detect, self.features, self.verify = detect, features, verify
        for name, photo in members:
            face, *_ = await detect.remote(photo.read_bytes())
            await verify.enroll.remote(name, features.remote(face.crop))

    @app.post("/frame")
    async def frame(self, request: Request) -> dict[str, object]:
        try:
            faces = await self.detect.remote(await request.body())
        except ValueError as error:
            raise HTTPException(400, "not a picture") from error
        # A feature goes from the stage that makes it to the stage that takes it, not by way of this one.
        verdicts = await asyncio.gather(*(self.verify.remote(self.features.remote(face.crop)) for face in faces))
        return {"faces": [{"box": face.box, "verdict": said} for face, said in zip(faces, verdicts)]}

    @app.get("/readyz")
    async def readyz(self) -> None:
        """Answers once everything is loaded and enrolled, as there is no route to a replica before."""


given = arguments.read("ray_serve")
with tempfile.TemporaryDirectory(prefix="ray-") as logs:
    ray.init(include_dashboard=False, log_to_driver=False, _temp_dir=logs)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    try:
        serve.start(http_options={"host": "127.0.0.1", "port": given.port})
        detect = Detection.bind(given.detector, given.threads)
        features = Features.bind(given.features, given.threads)
        serve.run(Entry.bind(detect, features, Verification.bind(), given.enroll), name="members")
        signal.pause()
    finally:
        ray.shutdown()
