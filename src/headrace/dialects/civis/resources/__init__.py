"""One module per noun, each with its `resource`."""
