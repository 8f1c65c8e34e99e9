"""From a request's path to the operation that answers it."""
