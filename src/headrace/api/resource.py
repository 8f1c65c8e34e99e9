"""A noun of the API."""
