"""What the user brings: checkpoints, architectures, datasets and images. Everything is hostile until checked here."""
