"""Detection: a photo in; each face goes to the next service, whose answer is the face's verdict."""

import asyncio
from argparse import Namespace
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import uvicorn
from fastapi import FastAPI, HTTPException, Request
from starlette.concurrency import run_in_threadpool

from faces import opencv_detector
from faces.detection import Detection, Face


def serve(given: Namespace, features: str) -> None:
    """Serves until the process is told to end; `features` is the address of the next service."""
    detection = Detection(opencv_detector.load(given.detector, given.threads))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with aiohttp.ClientSession(features, raise_for_status=True) as app.state.next:
            for name, photo in given.enroll:
                await verdict(detection.faces(photo.read_bytes())[0], {"enroll": name})
            yield

    app = FastAPI(lifespan=lifespan)

    async def verdict(face: Face, query: dict[str, str] | None = None) -> object:
        async with app.state.next.post("/face", data=face.crop.tobytes(), params=query) as response:
            return await response.json()

    @app.post("/frame")
    async def frame(request: Request) -> dict[str, object]:
        try:
            faces = await run_in_threadpool(detection.faces, await request.body())
        except ValueError as error:
            raise HTTPException(400, str(error)) from error
        verdicts = await asyncio.gather(*map(verdict, faces))
        return {"faces": [{"box": face.box, "verdict": said} for face, said in zip(faces, verdicts)]}

    @app.get("/readyz")
    async def readyz() -> None:
        """Answers once everything is loaded and enrolled, as the server starts only then."""

    uvicorn.run(app, host="127.0.0.1", port=given.port, log_level="warning")
