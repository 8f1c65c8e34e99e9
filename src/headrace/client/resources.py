"""The resources of a client as its attributes. Editors read `resources.pyi`, which is made of the declaration.

What is there at run time is what the server says, so that a client fits servers older and newer than itself.
"""

from typing import Any

from headrace.client.specification import Specification


class Resources:
    """`client.users` is the resource `users` of the server's document."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - a resource
        # Notebooks and copies ask for names such as `_repr_html_`: no resource is called so, and no server is asked.
        if name.startswith("_"):
            raise AttributeError(name)
        return self.resource(name)

    def __dir__(self) -> list[str]:
        try:
            names = self.specification.resources
        except Exception:  # noqa: BLE001 - completion shows what there is without a server
            names = {}
        return sorted({*super().__dir__(), *names})

    @property
    def specification(self) -> Specification:
        """The document of the server's operations."""
        raise NotImplementedError

    def resource(self, name: str) -> Any:  # noqa: ANN401
        """The resource of that name."""
        raise NotImplementedError
