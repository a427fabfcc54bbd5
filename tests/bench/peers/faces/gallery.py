"""Who is a member."""

import numpy as np

THRESHOLD = 0.42


class Gallery:
    """Members by their features, each 512 floats of length 1."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.templates = np.empty((0, 512), np.float32)

    def enroll(self, name: str, feature: np.ndarray) -> None:
        self.names.append(name)
        self.templates = np.vstack([self.templates, feature])

    def verdict(self, feature: np.ndarray) -> dict[str, object]:
        """Whether it is a member's, whose, and its cosine with the most similar template."""
        if not self.names:
            return {"member": False, "similarity": 0.0}
        similarities = self.templates @ feature
        best = int(similarities.argmax())
        similarity = float(similarities[best])
        if similarity < THRESHOLD:
            return {"member": False, "similarity": similarity}
        return {"member": True, "id": self.names[best], "similarity": similarity}
