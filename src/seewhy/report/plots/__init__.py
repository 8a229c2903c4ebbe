"""Figures and tables, drawn from arrays. They know no study."""
