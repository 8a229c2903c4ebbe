"""What params.yaml says, checked, and where files live: read by every other room, reads none."""
