"""Starts the three services; this process is the first of them, detection."""

import signal
import subprocess
import sys
from socket import socket

from faces import arguments
from three_services import detection

services: list[subprocess.Popen[bytes]] = []


def start(module: str, *args: object) -> str:
    """Starts a service, and gives its address. What is sent there before it is ready waits in the port's queue."""
    with socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        command = [sys.executable, "-m", f"three_services.{module}", listener.fileno(), *args]
        services.append(subprocess.Popen(list(map(str, command)), pass_fds=[listener.fileno()]))
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


given = arguments.read("three_services")
# Once it has shut down, the HTTP server raises the signal again: that must not end this process before its children.
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
try:
    verification = start("verification")
    features = start("features", verification, given.features, given.threads)
    detection.serve(given, features)
finally:
    for service in services:
        service.terminate()
        service.wait()
