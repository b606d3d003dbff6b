"""Which passages are near this vector, or hold these words? A disposable projection of the catalog."""
