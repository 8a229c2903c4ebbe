"""The demonstration: real photos, real aerial tiles and really trained checkpoints, in the formats that users bring.

Each recipe is a module with `build(entry, root)`: a dataset's `demo:`, or an entry of `demo:` in params.yaml, becomes
what it names as `out`. seewhy knows nothing of this package, and it is not installed with it.

    python -m demo NAME         # a checkpoint, or the files of a dataset, by its name in params.yaml
"""
