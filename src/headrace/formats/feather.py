"""Being written by the formats part."""
