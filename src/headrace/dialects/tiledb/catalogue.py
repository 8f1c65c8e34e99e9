"""Lists of arrays: the caller's own, those shared with them, those open to all, and the same as assets."""

from datetime import datetime
from typing import Literal

from headrace.api.operation import Operation, describe
from headrace.dialects.tiledb.arrays import ArrayInfo, shown
from headrace.dialects.tiledb.codec import Wire
from headrace.dialects.tiledb.pages import ALL, PageNumber, PaginationMetadata, PerPage, ordered, paged
from headrace.errors import Invalid
from headrace.model.object import Level
from headrace.model.page import Page
from headrace.services import arrays
from headrace.services.arrays import Shelf, Shown, Wanted
from headrace.services.call import Call

Words = list[str] | None
ORDERS = {"name": "name", "created_at": "created_at", "last_accessed": "last_accessed_at", "namespace": "namespace"}
ASSET_ORDERS = {"created_at": "created_at", "name": "name", "asset_type": "file_type"}


class ArrayBrowserData(Wire, frozen=True, kw_only=True):
    """A page of arrays."""

    arrays: list[ArrayInfo]
    pagination_metadata: PaginationMetadata


class ArrayBrowserSidebar(Wire, frozen=True, kw_only=True):
    """How many arrays there are, by namespace."""

    namespaces: list[str]
    result_count_for_all: int
    result_count_by_namespace: dict[str, int]


class LastAccessedArray(Wire, frozen=True, kw_only=True):
    """An array that the caller did something with."""

    array_id: str
    array_name: str
    namespace: str
    accessed_time: float
    access_type: str


class AssetInfo(Wire, frozen=True, kw_only=True):
    """An array as an asset."""

    uuid: str
    asset_type: str
    asset_backing_type: Literal["array"]
    asset_ownership_level: Literal["owned", "shared"]
    namespace_name: str
    name: str
    created_at: datetime


class AssetListResponse(Wire, frozen=True, kw_only=True):
    """A page of assets."""

    data: list[AssetInfo]
    pagination_metadata: PaginationMetadata


def browse_owned(
    call: Call,
    page: PageNumber = 1,
    per_page: PerPage = 10,
    search: str | None = None,
    namespace: str | None = None,
    orderby: str | None = None,
    permissions: str | None = None,
    tag: Words = None,
    exclude_tag: Words = None,
    file_type: Words = None,
    exclude_file_type: Words = None,
    file_property: Words = None,
) -> ArrayBrowserData:
    """The arrays in the caller's namespaces: their own and those of their organizations."""
    wanted = _wanted(namespace, search, permissions, tag, exclude_tag, file_type, exclude_file_type, file_property)
    return _browse(call, Shelf.OWNED, wanted, page, per_page, orderby)


def browse_shared(
    call: Call,
    page: PageNumber = 1,
    per_page: PerPage = 10,
    search: str | None = None,
    namespace: str | None = None,
    orderby: str | None = None,
    permissions: str | None = None,
    tag: Words = None,
    exclude_tag: Words = None,
    file_type: Words = None,
    exclude_file_type: Words = None,
    file_property: Words = None,
    shared_to: Words = None,
) -> ArrayBrowserData:
    """The arrays of others that are shared with the caller or an organization of theirs."""
    wanted = _wanted(
        namespace, search, permissions, tag, exclude_tag, file_type, exclude_file_type, file_property, shared_to
    )
    return _browse(call, Shelf.SHARED, wanted, page, per_page, orderby)


def browse_public(
    call: Call,
    page: PageNumber = 1,
    per_page: PerPage = 10,
    search: str | None = None,
    namespace: str | None = None,
    orderby: str | None = None,
    permissions: str | None = None,
    tag: Words = None,
    exclude_tag: Words = None,
    file_type: Words = None,
    exclude_file_type: Words = None,
    file_property: Words = None,
) -> ArrayBrowserData:
    """The arrays that everybody may read."""
    wanted = _wanted(namespace, search, permissions, tag, exclude_tag, file_type, exclude_file_type, file_property)
    return _browse(call, Shelf.PUBLIC, wanted, page, per_page, orderby)


def count_owned(
    call: Call, file_type: Words = None, exclude_file_type: Words = None, file_property: Words = None
) -> ArrayBrowserSidebar:
    """How many arrays there are in the caller's namespaces."""
    return _counted(call, Shelf.OWNED, file_type, exclude_file_type, file_property)


def count_shared(
    call: Call,
    file_type: Words = None,
    exclude_file_type: Words = None,
    file_property: Words = None,
    shared_to: Words = None,
) -> ArrayBrowserSidebar:
    """How many arrays are shared with the caller, by the namespace that they are in."""
    return _counted(call, Shelf.SHARED, file_type, exclude_file_type, file_property, shared_to)


def count_public(
    call: Call, file_type: Words = None, exclude_file_type: Words = None, file_property: Words = None
) -> ArrayBrowserSidebar:
    """How many arrays everybody may read, by the namespace that they are in."""
    return _counted(call, Shelf.PUBLIC, file_type, exclude_file_type, file_property)


def get_all_array_metadata(call: Call, public_share: Literal["exclude", "only"] | None = None) -> list[ArrayInfo]:
    """The first 1,000 arrays that the caller may see, by name; with what is public, without it, or that alone."""
    wanted = Wanted(public=None if public_share is None else public_share == "only")
    return [shown(one) for one in arrays.browse(call, Shelf.ALL, wanted, ALL).items]


def get_arrays_in_namespace(call: Call, namespace: str) -> list[ArrayInfo]:
    """The first 1,000 arrays of a namespace that the caller may see, by name."""
    return [shown(one) for one in arrays.browse(call, Shelf.ALL, Wanted(namespace=namespace), ALL).items]


def get_last_accessed_arrays(call: Call) -> list[LastAccessedArray]:
    """The 20 arrays that the caller did something with last."""
    return [
        LastAccessedArray(
            array_id=array.uid,
            array_name=array.name,
            namespace=array.namespace,
            accessed_time=at.timestamp(),
            access_type=event,
        )
        for array, at, event in arrays.list_last_accessed(call)
    ]


def list_assets(
    call: Call,
    namespace: str,
    asset_type: str | None = None,
    ownership_level: Literal["owned", "shared"] | None = None,
    search: str | None = None,
    page: PageNumber = 1,
    per_page: PerPage = 10,
    order_by: str | None = None,
) -> AssetListResponse:
    """The assets of a namespace of the caller's, and what is shared with it. Of assets, arrays are kept here."""
    shelf = Shelf.MINE if ownership_level is None else Shelf.OWNED if ownership_level == "owned" else Shelf.SHARED
    return _assets(
        call, shelf, asset_type, search, ordered(page, per_page, order_by, ASSET_ORDERS, "order_by"), namespace
    )


def list_public_assets(
    call: Call,
    asset_type: str | None = None,
    search: str | None = None,
    page: PageNumber = 1,
    per_page: PerPage = 10,
    order_by: str | None = None,
) -> AssetListResponse:
    """The assets that everybody may read."""
    return _assets(call, Shelf.PUBLIC, asset_type, search, ordered(page, per_page, order_by, ASSET_ORDERS, "order_by"))


def operations() -> list[Operation]:
    """The routes of lists."""
    tags = ("arrays",)
    base = "/v1/arrays/browser"
    return [
        describe("GET", f"{base}/owned", browse_owned, name="arrays_browser_owned", tags=tags),
        describe("GET", f"{base}/shared", browse_shared, name="arrays_browser_shared", tags=tags),
        describe("GET", f"{base}/public", browse_public, name="arrays_browser_public", tags=tags),
        describe("GET", f"{base}/owned/sidebar", count_owned, name="arrays_browser_owned_sidebar", tags=tags),
        describe("GET", f"{base}/shared/sidebar", count_shared, name="arrays_browser_shared_sidebar", tags=tags),
        describe("GET", f"{base}/public/sidebar", count_public, name="arrays_browser_public_sidebar", tags=tags),
        describe("GET", "/v1/arrays", get_all_array_metadata, tags=tags),
        describe("GET", "/v1/arrays/last_accessed", get_last_accessed_arrays, tags=tags),
        describe("GET", "/v1/arrays/{namespace}", get_arrays_in_namespace, tags=tags),
        describe("GET", "/v1/assets/{namespace}", list_assets, tags=("assets",)),
        describe("GET", "/v1/public_assets", list_public_assets, tags=("assets",)),
    ]


def _wanted(
    namespace: str | None,
    search: str | None,
    permissions: str | None,
    tag: Words,
    exclude_tag: Words,
    file_type: Words,
    exclude_file_type: Words,
    file_property: Words,
    shared_to: Words = None,
) -> Wanted:
    levels = {"read": Level.READ, "write": Level.WRITE, "edit": Level.MANAGE}
    asked = [word.strip().lower() for word in (permissions or "read").split(",")]
    if not set(asked) <= levels.keys():
        raise Invalid(f"`permissions` wants one of {', '.join(levels)}.")
    return Wanted(
        namespace=namespace,
        search=search,
        permission=max(levels[word] for word in asked),
        tags=tag or (),
        without_tags=exclude_tag or (),
        file_types=file_type or (),
        without_file_types=exclude_file_type or (),
        file_properties=file_property or (),
        shared_to=shared_to or (),
    )


def _browse(
    call: Call, shelf: Shelf, wanted: Wanted, page: int, per_page: int, orderby: str | None
) -> ArrayBrowserData:
    found = arrays.browse(call, shelf, wanted, ordered(page, per_page, orderby, ORDERS))
    return ArrayBrowserData(
        arrays=[shown(one) for one in found.items], pagination_metadata=paged(page, per_page, found.total)
    )


def _counted(
    call: Call, shelf: Shelf, file_type: Words, exclude_file_type: Words, file_property: Words, shared_to: Words = None
) -> ArrayBrowserSidebar:
    wanted = _wanted(None, None, None, None, None, file_type, exclude_file_type, file_property, shared_to)
    counts = arrays.count_by_namespace(call, shelf, wanted)
    return ArrayBrowserSidebar(
        namespaces=list(counts), result_count_for_all=sum(counts.values()), result_count_by_namespace=counts
    )


def _assets(
    call: Call, shelf: Shelf, asset_type: str | None, search: str | None, page: Page, namespace: str | None = None
) -> AssetListResponse:
    plain = asset_type == "array"
    types = [""] if plain else [asset_type] if asset_type else ()
    found = arrays.browse(call, shelf, Wanted(within=namespace, search=search, file_types=types), page)
    return AssetListResponse(
        data=[_asset(one) for one in found.items],
        pagination_metadata=paged(page.page_num, page.limit, found.total),
    )


def _asset(one: Shown) -> AssetInfo:
    return AssetInfo(
        uuid=one.array.uid,
        asset_type=one.array.file_type or "array",
        asset_backing_type="array",
        asset_ownership_level="owned" if one.own else "shared",
        namespace_name=one.array.namespace,
        name=one.array.name,
        created_at=one.array.created_at,
    )
