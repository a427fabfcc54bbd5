"""All stages in one Python process: OpenCV, OpenVINO and NumPy behind one HTTP server."""
