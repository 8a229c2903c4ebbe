"""A study measured: metrics over its images, methods and baselines, into tables.

Families of metrics are registered when their modules are imported, in this order.
"""
