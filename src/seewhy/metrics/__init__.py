"""Metrics as plain functions on arrays, one file for each family. They know no study and no file."""
