"""Starts the three services; this process is the first of them, detection."""

import signal
import subprocess
import sys
from socket import socket

from faces import arguments
from three_services import detection


def start(module: str, *args: object) -> tuple[subprocess.Popen[bytes], str]:
    """Starts a service on a port of its own. What is sent before it is ready waits in the port's queue."""
    with socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        command = [sys.executable, "-m", f"three_services.{module}", listener.fileno(), *args]
        return subprocess.Popen(list(map(str, command)), pass_fds=[listener.fileno()]), url


given = arguments.read("three_services")
# Once it has shut down, the HTTP server raises the signal again: that must not end this process before its children.
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
verification, verification_url = start("verification")
features, features_url = start("features", verification_url, given.features, given.threads)
try:
    detection.serve(given, features_url)
finally:
    for service in (features, verification):
        service.terminate()
        service.wait()
