"""HTML pages: the corpus report, the disagreements explorer and feedback for annotators."""
