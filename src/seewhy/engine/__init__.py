"""One forward pass and what can be had from it; the user's model stays as it was."""
