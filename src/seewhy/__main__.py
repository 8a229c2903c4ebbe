"""`python -m seewhy`: the verbs of `seewhy.cli`."""

from seewhy.cli import main

if __name__ == "__main__":
    main()
