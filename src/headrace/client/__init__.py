"""The SDK: a client of a Headrace server, light enough to import anywhere. It knows nothing of the server's own code."""

from headrace.client.client import Client, Failed, Result, SharedUdf

__all__ = ["Client", "Failed", "Result", "SharedUdf"]
