"""Verification: a feature in, a verdict out."""

import sys

import numpy as np
import uvicorn
from fastapi import FastAPI, Request

from faces.gallery import Gallery

gallery = Gallery()
app = FastAPI()


@app.post("/feature")
async def feature(request: Request, enroll: str | None = None) -> dict[str, object]:
    vector = np.frombuffer(await request.body(), np.float32)
    if enroll is not None:
        gallery.enroll(enroll, vector)
    return gallery.verdict(vector)


uvicorn.run(app, fd=int(sys.argv[1]), log_level="warning")
