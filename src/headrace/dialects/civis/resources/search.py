"""Searching everything that one may see, whatever it is."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from headrace.api.resource import Resource
from headrace.dialects.civis.codec import Wire
from headrace.dialects.civis.fields import Archived, is_archived, several
from headrace.dialects.civis.shapes import authors
from headrace.dialects.civis.traits.runs import State
from headrace.model.object import TYPES
from headrace.model.search import Hit
from headrace.services import search
from headrace.services.call import Call


class SearchResult(Wire, frozen=True, kw_only=True):
    """An object that was found."""

    score: Annotated[float, Meta(description="1 where it is called so, less where its name only begins so or has it.")]
    type: Annotated[str, Meta(description="One of `/search/types`.")]
    id: int
    name: str
    type_name: Annotated[str, Meta(description="Its type, for people.")]
    updated_at: datetime
    owner: Annotated[str, Meta(description="The name of its owner.")]
    use_count: Annotated[int | None, Meta(description="Not counted here.")] = None
    last_run_id: int | None = None
    last_run_state: str | None = None
    last_run_start: datetime | None = None
    last_run_finish: datetime | None = None
    public: Annotated[bool, Meta(description="Whether everybody may see it.")]
    last_run_exception: str | None = None
    auto_share: Annotated[bool | None, Meta(description="Of a project, whether it shares what is in it.")] = None


class SearchResults(Wire, frozen=True, kw_only=True):
    """What was found, and how much of each sort there is."""

    total_results: int
    aggregations: Annotated[
        dict[str, dict[str, int]],
        Meta(description="Numbers by `owner`, `archived` and `type`, each as if the search did not ask for it."),
    ]
    results: list[SearchResult]


class SearchType(Wire, frozen=True, kw_only=True):
    """A type of objects that can be searched."""

    type: str


resource = Resource("/search", SearchResults)


@resource.get()
def find(
    call: Call,
    query: Annotated[str, Meta(max_length=200, description="Words that are all in the name.")] = "",
    type: Annotated[str, several(TYPES, "Of these types alone, with commas between.")] | None = None,
    offset: Annotated[int, Meta(ge=0, le=1_000_000, description="How many results to leave out.")] = 0,
    order: Annotated[
        Literal["score", "updated_at", "name"], Meta(description="The best first, the latest change first, or by name.")
    ] = "score",
    owner: Annotated[
        str | None, Meta(description="`mine`, `all`, or users: ids, usernames or e-mails, with commas between.")
    ] = None,
    limit: Annotated[int, Meta(ge=1, le=1000, description="Number of results to return.")] = 10,
    archived: Archived = "",
    last_run_state: Annotated[State | None, Meta(description="Only jobs whose last run is in this state.")] = None,
) -> SearchResults:
    """Search everything that you may see."""
    found = search.search(
        call,
        query,
        types=type,
        owner=owner,
        archived=is_archived(archived),
        state=last_run_state,
        order=order,
        offset=offset,
        limit=limit,
    )
    people = authors(call, {hit.owner_id for hit in found.hits})
    results = [_shown(hit, people[hit.owner_id].name) for hit in found.hits]
    return SearchResults(total_results=found.total, aggregations=found.counts, results=results)


@resource.get("/types")
def list_search_types(call: Call) -> list[SearchType]:
    """List the types of objects that can be searched."""
    return [SearchType(type=word) for word in TYPES]


def _shown(hit: Hit, owner: str) -> SearchResult:
    word, run = TYPES[hit.type].word, hit.last_run
    return SearchResult(
        score=hit.score,
        type=hit.type,
        id=hit.id,
        name=hit.name,
        type_name=word[0].upper() + word[1:],
        updated_at=hit.updated_at,
        owner=owner,
        last_run_id=run.id if run else None,
        last_run_state=run.state.value if run else None,
        last_run_start=run.started_at if run else None,
        last_run_finish=run.finished_at if run else None,
        public=hit.public,
        last_run_exception=run.error if run else None,
        auto_share=hit.auto_share,
    )
