"""A study of what lives in a notebook: a network, images and labels in memory, and no project around them."""
