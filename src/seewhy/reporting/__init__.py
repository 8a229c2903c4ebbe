"""Reports: figures and galleries for notebooks, notebooks into pages, pages into a site. Imports no torch."""
