"""Aliases: names by which objects are found, such as a template of a script by clients that know its name alone."""

from typing import Annotated, Literal

from msgspec import Meta

from headrace.api.resource import Resource
from headrace.dialects.civis.codec import Wire
from headrace.dialects.civis.fields import Id, several
from headrace.dialects.civis.traits.sharing import shares_of
from headrace.dialects.civis.traits.transfer import given_away
from headrace.model.alias import Alias as Kept
from headrace.model.object import TYPES
from headrace.model.page import Page, Slice
from headrace.services import aliases
from headrace.services.call import Call

Type = Annotated[
    str,
    Meta(
        pattern=f"^({'|'.join(TYPES)})$",
        examples=["template_script"],
        description=f"The type of the object: {', '.join(TYPES)}.",
    ),
]
AliasName = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$",
        examples=["rain-report"],
        description="The alias. Of one type, no two objects have the same.",
    ),
]
DisplayName = Annotated[str, Meta(max_length=200, description="The name to show; the object's unless told.")]


class AliasPage(Page, frozen=True, kw_only=True):
    """A page of aliases."""

    limit: Annotated[int, Meta(ge=1, le=1000, description="Number of results to return.")] = 50
    order: Annotated[Literal["id", "object_type"], Meta(description="The field on which to order.")] = "id"  # type: ignore[assignment]
    order_dir: Annotated[Literal["asc", "desc"], Meta(description="Direction in which to sort.")] = "asc"


class Alias(Wire, frozen=True, kw_only=True):
    """A name of an object."""

    id: int
    object_id: int
    object_type: str
    alias: str
    user_id: Annotated[int, Meta(description="The user whose alias it is.")]
    display_name: str


class AliasPut(Wire, frozen=True, kw_only=True):
    """What to call which object."""

    object_id: Annotated[Id, Meta(description="The ID of the object.")]
    object_type: Type
    alias: AliasName
    display_name: DisplayName | None = None


class AliasChange(Wire, frozen=True, kw_only=True):
    """What to change of an alias; null is no change."""

    object_id: Annotated[Id | None, Meta(description="The ID of the object.")] = None
    object_type: Type | None = None
    alias: AliasName | None = None
    display_name: DisplayName | None = None


# An alias is seen, shared and unshared as the object that it names: a name of what one may not see tells of it.
resource = Resource(
    "/aliases",
    Alias,
    traits=[shares_of(aliases.object_of), given_away(aliases.list_dependencies, aliases.transfer)],
)


@resource.get()
def list_aliases(
    call: Call,
    page: AliasPage,
    object_type: Annotated[str, several(TYPES, "Only aliases of these types, with commas between.")] | None = None,
) -> Slice[Alias]:
    """List the aliases of what you may see."""
    found = aliases.list_aliases(call, None if object_type is None else object_type.replace(" ", "").split(","), page)
    return Slice([_shown(one) for one in found.items], found.total)


@resource.post(status=201)
def create_alias(call: Call, body: AliasPut) -> Alias:
    """Call an object by an alias."""
    return _shown(
        aliases.create_alias(
            call,
            object_type=body.object_type,
            object_id=body.object_id,
            alias=body.alias,
            display_name=body.display_name,
        )
    )


@resource.get("/{id}")
def get_alias(call: Call, id: Id) -> Alias:
    """Get an alias."""
    return _shown(aliases.get_alias(call, id))


@resource.get("/{object_type}/{alias}")
def find_alias(call: Call, object_type: Type, alias: str) -> Alias:
    """Get the alias of that name."""
    return _shown(aliases.find_alias(call, object_type, alias))


@resource.put("/{id}")
def replace_alias(call: Call, id: Id, body: AliasPut) -> Alias:
    """Replace everything of an alias."""
    return _shown(
        aliases.update_alias(
            call,
            id,
            object_type=body.object_type,
            object_id=body.object_id,
            alias=body.alias,
            display_name=body.display_name or "",
        )
    )


@resource.patch("/{id}")
def update_alias(call: Call, id: Id, body: AliasChange) -> Alias:
    """Update some of an alias."""
    return _shown(
        aliases.update_alias(
            call,
            id,
            object_type=body.object_type,
            object_id=body.object_id,
            alias=body.alias,
            display_name=body.display_name,
        )
    )


@resource.delete("/{id}")
def delete_alias(call: Call, id: Id) -> None:
    """Delete an alias; the object stays."""
    aliases.delete_alias(call, id)


def _shown(kept: Kept) -> Alias:
    return Alias(
        id=kept.id,
        object_id=kept.object_id,
        object_type=kept.object_type,
        alias=kept.alias,
        user_id=kept.owner_id,
        display_name=kept.display_name,
    )
