"""One file per version of the schema, each building on the one before."""
