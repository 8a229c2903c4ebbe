"""Pages: figures, words and HTML made from what was measured."""
