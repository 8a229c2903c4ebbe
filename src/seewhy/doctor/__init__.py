"""What is wrong or odd about a study, before anything long runs."""
