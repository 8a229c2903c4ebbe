"""`seewhy init`: a project of one's own from the installed package, and its upgrade."""
