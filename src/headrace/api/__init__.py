"""The API as it is declared and served; it knows no nouns."""
