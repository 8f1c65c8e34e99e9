"""Favorites: what the caller marked to find it again, for each of four nouns the same five routes."""

from collections.abc import Callable, Iterator
from typing import Any

from headrace.api.operation import Operation, describe
from headrace.dialects.tiledb.arrays import ACTIONS, ArrayInfo, shown
from headrace.dialects.tiledb.codec import Wire
from headrace.dialects.tiledb.pages import ALL, PageNumber, PaginationMetadata, PerPage, paged
from headrace.model.page import Page
from headrace.services import favorites
from headrace.services.call import Call
from headrace.services.favorites import ARRAYS, MODELS, NOTEBOOKS, Marked


class ArrayFavorite(Wire, frozen=True, kw_only=True):
    """An array that is marked."""

    array_uuid: str
    namespace: str
    name: str


class ArrayFavoritesData(Wire, frozen=True, kw_only=True):
    """A page of arrays that are marked."""

    arrays: list[ArrayInfo]
    pagination_metadata: PaginationMetadata


class NotebookFavorite(Wire, frozen=True, kw_only=True):
    """A notebook that is marked."""

    notebook_uuid: str
    namespace: str
    name: str


class NotebookFavoritesData(Wire, frozen=True, kw_only=True):
    """A page of notebooks that are marked."""

    notebooks: list[ArrayInfo]
    pagination_metadata: PaginationMetadata


class MLModelFavorite(Wire, frozen=True, kw_only=True):
    """A model that is marked."""

    mlmodel_uuid: str
    namespace: str
    name: str


class MLModelFavoritesData(Wire, frozen=True, kw_only=True):
    """A page of models that are marked."""

    mlmodels: list[ArrayInfo]
    pagination_metadata: PaginationMetadata


class UDFFavorite(Wire, frozen=True, kw_only=True):
    """A registered function that is marked."""

    udf_uuid: str
    namespace: str
    name: str


class UDFFavoritesData(Wire, frozen=True, kw_only=True):
    """A page of registered functions that are marked."""

    udfs: list[ArrayInfo]
    pagination_metadata: PaginationMetadata


def operations() -> list[Operation]:
    """The routes of favorites."""
    return [
        *_of_arrays("arrays", ARRAYS, ArrayFavorite, ArrayFavoritesData),
        *_of_arrays("notebooks", NOTEBOOKS, NotebookFavorite, NotebookFavoritesData),
        *_of_arrays("ml_models", MODELS, MLModelFavorite, MLModelFavoritesData),
        *_of_functions(),
    ]


def _of_arrays(noun: str, file_type: str, one: type[Any], page_of: type[Any]) -> Iterator[Operation]:
    (uuid_field, *_), (items_field, *_) = one.__struct_fields__, page_of.__struct_fields__

    def favorite(array: ArrayInfo) -> Any:  # noqa: ANN401 - as `one` says
        return one(**{uuid_field: array.id}, namespace=array.namespace, name=array.name)

    def list_favorites(call: Call, page: PageNumber = 1, per_page: PerPage = 10):  # noqa: ANN202 - said below
        """A page of the caller's favorites, by name."""
        asked = Page(page_num=page, limit=per_page, order="name", order_dir="asc")
        found = favorites.list_arrays(call, file_type, asked)
        items = [shown(array) for array in found.items]
        return page_of(**{items_field: items}, pagination_metadata=paged(page, per_page, found.total))

    def list_favorite_uuids(call: Call):  # noqa: ANN202
        """The first 1,000 of the caller's favorites, by name and UUID."""
        return [favorite(shown(array)) for array in favorites.list_arrays(call, file_type, ALL).items]

    def get_favorite(call: Call, namespace: str, name: str):  # noqa: ANN202
        """One of the caller's favorites."""
        return favorite(shown(favorites.find_array(call, namespace, name, file_type)))

    def add_favorite(call: Call, namespace: str, name: str) -> None:
        """Mark one as a favorite of the caller's."""
        favorites.mark_array(call, namespace, name, file_type, marked=True)

    def delete_favorite(call: Call, namespace: str, name: str) -> None:
        """Mark one no longer."""
        favorites.mark_array(call, namespace, name, file_type, marked=False)

    yield from _routes(
        noun, one, page_of, list_favorites, list_favorite_uuids, get_favorite, add_favorite, delete_favorite
    )


def _of_functions() -> Iterator[Operation]:
    def list_favorites(call: Call, page: PageNumber = 1, per_page: PerPage = 10) -> UDFFavoritesData:
        """A page of the caller's favorites, by name."""
        asked = Page(page_num=page, limit=per_page, order="name", order_dir="asc")
        found = favorites.list_functions(call, asked)
        return UDFFavoritesData(
            udfs=[_as_array(one) for one in found.items], pagination_metadata=paged(page, per_page, found.total)
        )

    def list_favorite_uuids(call: Call) -> list[UDFFavorite]:
        """The first 1,000 of the caller's favorites, by name and UUID."""
        found = [one.function for one in favorites.list_functions(call, ALL).items]
        return [UDFFavorite(udf_uuid=one.uid, namespace=one.namespace, name=one.name) for one in found]

    def get_favorite(call: Call, namespace: str, name: str) -> UDFFavorite:
        """One of the caller's favorites."""
        found = favorites.find_function(call, namespace, name)
        return UDFFavorite(udf_uuid=found.uid, namespace=found.namespace, name=found.name)

    def add_favorite(call: Call, namespace: str, name: str) -> None:
        """Mark one as a favorite of the caller's."""
        favorites.mark_function(call, namespace, name, marked=True)

    def delete_favorite(call: Call, namespace: str, name: str) -> None:
        """Mark one no longer."""
        favorites.mark_function(call, namespace, name, marked=False)

    yield from _routes(
        "udfs", UDFFavorite, UDFFavoritesData, list_favorites, list_favorite_uuids, get_favorite, add_favorite,
        delete_favorite,
    )  # fmt: skip


def _routes(noun: str, one: type[Wire], page_of: type[Wire], *functions: Callable[..., Any]) -> Iterator[Operation]:
    base, tags = f"/v1/{noun}/favorites", ("favorites",)
    paths = (("GET", ""), ("GET", "/uuids"), *((verb, "/{namespace}/{name}") for verb in ("GET", "POST", "DELETE")))
    gives = (page_of, list[one], one, type(None), type(None))
    word = noun.removesuffix("s")
    for (verb, path), returns, function in zip(paths, gives, functions, strict=True):
        function.__annotations__["return"] = returns
        name = function.__name__.replace("favorite", f"{word}_favorite")
        yield describe(verb, base + path, function, name=name, tags=tags)


def _as_array(one: Marked) -> ArrayInfo:
    """A registered function as this wire lists it: the original keeps each in an array."""
    function = one.function
    address = f"tiledb://{function.namespace}/{function.name}"
    return ArrayInfo(
        id=function.uid,
        file_type="user_defined_function",
        file_properties={},
        uri=address,
        namespace=function.namespace,
        name=function.name,
        description=function.readme,
        allowed_actions=ACTIONS[one.level],
        share_count=0,
        public_share=False,
        namespace_subscribed=False,
        tiledb_uri=address,
        tags=function.tags,
        license_id=function.license_id,
        license_text=function.license_text,
        read_only=False,
        is_favorite=True,
        created_at=function.created_at,
        created_by=one.owner,
    )
