"""Serves it."""

from faces import openvino_model
from one_process import server

server.serve("one_process", openvino_model)
