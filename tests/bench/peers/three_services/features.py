"""Features: a crop in; its feature goes to the next service, whose answer is passed back."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import numpy as np
import uvicorn
from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from faces import openvino_model
from faces.detection import CROP

listener, verification, model, threads = sys.argv[1:]
feature = openvino_model.features(Path(model), int(threads))


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with aiohttp.ClientSession(verification, raise_for_status=True) as app.state.next:
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/face")
async def face(request: Request) -> Response:
    crop = np.frombuffer(await request.body(), np.uint8).reshape(CROP, CROP, 3)
    vector = await run_in_threadpool(feature, crop)
    async with app.state.next.post("/feature", data=vector.tobytes(), params=request.query_params) as response:
        return Response(await response.read(), media_type="application/json")


uvicorn.run(app, fd=int(listener), log_level="warning")
