"""From (model, images, targets) to raw, signed maps. `explain` is the one public call; the rest stands behind it."""
