"""What a model relies on where nobody marked anything: transfers between pictures, ranked for a person to judge."""
