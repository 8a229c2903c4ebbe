"""What a model's output means. A task runs the model over a dataset and names the targets. One file a task."""
