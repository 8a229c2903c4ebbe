"""The stages: which notebooks there are, and how everything is built in order."""
