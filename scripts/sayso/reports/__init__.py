"""The corpus as one HTML page that needs nothing else: figures, claims, and every document with its readings."""
