"""A study measured: metrics over its images, methods and baselines, into tables."""
