"""What is there now? Sources list items and fetch them; the sync decides."""
