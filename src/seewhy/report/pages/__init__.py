"""What each page shows: tables and pictures of a study, made ready for figures."""
