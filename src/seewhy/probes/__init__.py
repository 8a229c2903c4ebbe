"""What the audit asks of a study's model: many forward passes, a table of answers each; figures are made in `audit`."""
