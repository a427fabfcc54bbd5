"""The paper's way: detection, features and verification are services of their own, which speak HTTP."""
