"""The demonstration: real photos, real aerial tiles and really trained checkpoints, in the formats that users bring.

Each recipe is a module with `build(entry, root)`: an entry of `demo:` in params.yaml becomes what it names as `out`.
Nothing else in seewhy knows of this room; `demo: {}` switches it off.
"""
