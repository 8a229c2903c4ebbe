"""A study made ready from its settings, its samples and its maps, stored or made now; and two studies side by side."""
