"""Capabilities that many nouns have, each written once: a function of a noun that gives a trait of its resource."""
