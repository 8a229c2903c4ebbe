"""Statements held against limits: the verdict of a study, and the checks of params.yaml."""
