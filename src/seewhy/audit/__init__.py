"""Figures that say whether maps can be trusted, each with its interval and its controls."""
