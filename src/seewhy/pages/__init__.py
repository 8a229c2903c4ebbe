"""What pages show of studies: measured through attributions and audit, drawn by reporting. Notebooks import it."""
