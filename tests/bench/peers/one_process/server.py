"""All stages behind one HTTP server, whatever runs the models."""

from types import ModuleType

import uvicorn
from fastapi import FastAPI, HTTPException, Request
from starlette.concurrency import run_in_threadpool

from faces import arguments
from faces.detection import Detection
from faces.gallery import Gallery


def serve(name: str, models: ModuleType) -> None:
    """Serves until the process is told to end; `models` has what loads the detector and the features."""
    given = arguments.read(name)
    detection = Detection(models.detector(given.detector, given.threads))
    feature = models.features(given.features, given.threads)
    gallery = Gallery()
    for member, photo in given.enroll:
        gallery.enroll(member, feature(detection.faces(photo.read_bytes())[0].crop))

    def answer(photo: bytes) -> dict[str, object]:
        faces = detection.faces(photo)
        return {"faces": [{"box": face.box, "verdict": gallery.verdict(feature(face.crop))} for face in faces]}

    app = FastAPI()

    @app.post("/frame")
    async def frame(request: Request) -> dict[str, object]:
        try:
            return await run_in_threadpool(answer, await request.body())
        except ValueError as error:
            raise HTTPException(400, str(error)) from error

    @app.get("/readyz")
    async def readyz() -> None:
        """Answers once everything is loaded and enrolled, as the server starts only then."""

    uvicorn.run(app, host="127.0.0.1", port=given.port, log_level="warning")
