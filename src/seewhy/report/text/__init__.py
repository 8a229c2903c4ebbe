"""The sentences of pages. Every word follows from a status or an interval."""
