"""Serves it."""

from one_process import server
from one_process_tensorflow import model

server.serve("one_process_tensorflow", model)
