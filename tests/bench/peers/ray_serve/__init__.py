"""The stages as deployments of Ray Serve, each in a process of its own, called through handles."""
