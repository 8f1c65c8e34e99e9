"""The SDK: a client of a Headrace server, light enough to import anywhere; nothing of the server is in it."""

from headrace.client.client import Client
from headrace.client.result import Failed, Result, SharedUdf

__all__ = ["Client", "Failed", "Result", "SharedUdf"]
