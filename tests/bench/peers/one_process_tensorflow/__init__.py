"""All stages in one Python process, with TensorFlow in place of OpenVINO: what the paper's container images consist of."""
