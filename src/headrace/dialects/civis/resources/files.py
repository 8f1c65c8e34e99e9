"""Files under a number (Civis protocol notes 4.1, 5.3, 6.11). No document lists them; projects and `/search` do."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from headrace.api.operation import Later
from headrace.api.resource import Resource
from headrace.dialects.civis import PREFIX
from headrace.dialects.civis.codec import Wire
from headrace.dialects.civis.fields import BLANK, Id, LevelWord, Moment, moment
from headrace.dialects.civis.handover import download_path, upload_path
from headrace.dialects.civis.shapes import Author, authors
from headrace.dialects.civis.traits.membership import in_projects
from headrace.dialects.civis.traits.sharing import shares
from headrace.dialects.civis.traits.transfer import transferable
from headrace.model.object import Level
from headrace.model.upload import MOST_PARTS, Upload
from headrace.services import objects, uploads
from headrace.services.call import Call
from headrace.services.handover import key_field
from headrace.services.previews import Table
from headrace.services.uploads import FILE, Progress

FileName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=1000,
        pattern=rf"^[^\x00-\x1f]*[^{BLANK}][^\x00-\x1f]*$",
        description="The file name.",
        examples=["cities.csv"],
    ),
]
Description = Annotated[str, Meta(max_length=512, description="The user-defined description of the file.")]
ExpiresAt = Annotated[
    Moment | None,
    Meta(description="When the file expires. Without it, in 30 days (FILE_DAYS of the server); null is never."),
]
Delimiter = Annotated[Literal["comma", "tab", "pipe"], Meta(description="Found out, where it is not given.")]
Header = Annotated[bool, Meta(description="Whether the first row is a header; found out, where it is not given.")]

PREPROCESSING = (
    "CSV files are not preprocessed yet: that comes with imports. `GET /files/{id}/preview` shows what a file holds."
)


class TableColumn(Wire, frozen=True, kw_only=True):
    """A column of a table in a file."""

    name: str
    sql_type: str


class DetectedInfo(Wire, frozen=True, kw_only=True):
    """What preprocessing found in a file; null what it has not looked for."""

    include_header: bool | None = None
    column_delimiter: str | None = None
    compression: str | None = None
    table_columns: list[TableColumn] = []


class File(Wire, frozen=True, kw_only=True):
    """A file."""

    id: int
    name: str
    created_at: datetime
    file_size: Annotated[int, Meta(description="Its bytes; 0 until they have come.")]
    expires_at: Annotated[datetime | None, Meta(description="When it expires; null is never.")]
    description: str | None
    author: Author
    download_url: Annotated[str | None, Meta(description="The same as `fileUrl`.")]
    file_url: Annotated[
        str | None, Meta(description="A URL that anyone reads the file by for a while; null without bytes.")
    ]
    detected_info: DetectedInfo
    my_permission_level: LevelWord


class FileCreate(Wire, frozen=True, kw_only=True):
    """A file to be uploaded."""

    name: FileName
    expires_at: ExpiresAt | UnsetType = UNSET
    description: Description | None = None


class FileMultipartCreate(Wire, frozen=True, kw_only=True):
    """A file to be uploaded in parts."""

    name: FileName
    num_parts: Annotated[int, Meta(ge=1, le=MOST_PARTS, description="In how many parts the file comes.")]
    expires_at: ExpiresAt | UnsetType = UNSET
    description: Description | None = None


class FileReplacement(Wire, frozen=True, kw_only=True):
    """A file as it is to be; its bytes stay."""

    name: FileName
    expires_at: ExpiresAt
    description: Description | None = None


class FileChange(Wire, frozen=True, kw_only=True):
    """What to change of a file; null is no change, but of `expiresAt`, where it is never."""

    name: FileName | None = None
    expires_at: ExpiresAt | UnsetType = UNSET
    description: Description | None = None


class FilePost(Wire, frozen=True, kw_only=True):
    """A file that was announced, and how to upload it."""

    id: int
    name: str
    created_at: datetime
    file_size: int
    expires_at: datetime | None
    description: str | None
    upload_url: Annotated[str, Meta(description="Post a form here: the fields below, and last a part `file`.")]
    upload_fields: Annotated[dict[str, str], Meta(description="The fields of the form.")]
    my_permission_level: LevelWord


class FileMultipartPost(Wire, frozen=True, kw_only=True):
    """A file that was announced in parts, and how to upload each."""

    id: int
    name: str
    created_at: datetime
    file_size: int
    expires_at: datetime | None
    description: str | None
    upload_urls: Annotated[list[str], Meta(description="PUT the bytes of a part to each, in any order.")]


class FilePart(Wire, frozen=True, kw_only=True):
    """A part that has come."""

    number: Annotated[int, Meta(description="From 1, in the order of the file.")]
    size: int
    etag: str


class FileMultipart(Wire, frozen=True, kw_only=True):
    """How far the upload of a file in parts is."""

    id: int
    name: str
    state: Annotated[Literal["partial", "whole", "expired"], Meta(description="How far the upload is.")]
    num_parts: int
    parts: Annotated[list[FilePart], Meta(description="The parts that are there.")]
    missing: Annotated[list[int], Meta(description="The numbers of those that are not.")]
    upload_urls: Annotated[list[str], Meta(description="Fresh URLs for every part, in order; none once it is whole.")]


class FilePreview(Wire, frozen=True, kw_only=True):
    """The first rows of a file that is a table."""

    columns: list[TableColumn]
    rows: list[list[str]]
    column_delimiter: Annotated[str | None, Meta(description="comma, tab or pipe; null of an empty file.")]
    include_header: bool


class Preprocess(Wire, frozen=True, kw_only=True):
    """A job that makes a CSV file ready to be imported."""

    id: int
    file_id: int
    in_place: bool
    detect_table_columns: bool
    force_character_set_conversion: bool
    include_header: bool | None
    column_delimiter: str | None
    hidden: bool


class PreprocessCreate(Wire, frozen=True, kw_only=True):
    """Such a job, to be made."""

    file_id: Id
    in_place: Annotated[bool, Meta(description="Whether the file itself is changed, or another is made.")] = True
    detect_table_columns: bool = False
    force_character_set_conversion: bool = False
    include_header: Header | None = None
    column_delimiter: Delimiter | None = None
    hidden: bool = False


class PreprocessReplacement(Wire, frozen=True, kw_only=True):
    """Such a job, as it is to be."""

    file_id: Id
    in_place: bool = True
    detect_table_columns: bool = False
    force_character_set_conversion: bool = False
    include_header: Header | None = None
    column_delimiter: Delimiter | None = None


class PreprocessChange(Wire, frozen=True, kw_only=True):
    """What to change of such a job; null is no change."""

    file_id: Id | None = None
    in_place: bool | None = None
    detect_table_columns: bool | None = None
    force_character_set_conversion: bool | None = None
    include_header: Header | None = None
    column_delimiter: Delimiter | None = None


class PreprocessStatus(Wire, frozen=True, kw_only=True):
    """On which shelf such a job is to be."""

    status: Annotated[bool, Meta(description="The desired archived status of the object.")]


resource = Resource("/files", File, traits=[shares(FILE), in_projects(FILE), transferable(FILE)])


@resource.post(status=201)
def create_file(call: Call, body: FileCreate) -> FilePost:
    """Initiate an upload of a file into the platform.

    The file can be read as soon as its form has been posted. The form may be posted again until its URL expires; what
    comes last is the file.
    """
    made = uploads.announce(
        call, name=body.name, description=body.description, expires_at=_expiry(call, body.expires_at)
    )
    return FilePost(
        **_brief(made),
        upload_url=_url(call, upload_path(uploads.sign_form(call, made))),
        upload_fields={"key": key_field(made)},
        my_permission_level="manage",
    )


@resource.post("/multipart", status=201)
def create_multipart(call: Call, body: FileMultipartCreate) -> FileMultipartPost:
    """Initiate a multipart upload.

    Parts come in any order and may be sent again; the file can be read once it has been completed.
    """
    made = uploads.announce(
        call,
        name=body.name,
        description=body.description,
        expires_at=_expiry(call, body.expires_at),
        parts=body.num_parts,
    )
    return FileMultipartPost(**_brief(made), upload_urls=list(uploads.sign_parts(call, made, _part_url(call))))


@resource.get("/multipart/{id}")
def get_multipart(call: Call, id: Id) -> FileMultipart:
    """Get which parts of a multipart upload have come, and fresh URLs to send the others by."""
    return _progress(uploads.get_progress(call, id, _part_url(call)))


@resource.post("/multipart/{id}/complete")
def complete_multipart(call: Call, id: Id) -> None:
    """Complete a multipart upload.

    Answers 409 and names the parts that are missing, where some are. Completing twice does no harm.
    """
    uploads.complete(call, id)


@resource.post("/preprocess/csv", status=201, later=PREPROCESSING)
def create_preprocess(call: Call, body: PreprocessCreate) -> Later[Preprocess]:
    """Create a Preprocess CSV."""
    objects.level(call, FILE, body.file_id)


@resource.get("/preprocess/csv/{id}", later=PREPROCESSING)
def get_preprocess(call: Call, id: Id) -> Later[Preprocess]:
    """Get a Preprocess CSV."""


@resource.put("/preprocess/csv/{id}", later=PREPROCESSING)
def replace_preprocess(call: Call, id: Id, body: PreprocessReplacement) -> Later[Preprocess]:
    """Replace all attributes of this Preprocess CSV."""


@resource.patch("/preprocess/csv/{id}", later=PREPROCESSING)
def update_preprocess(call: Call, id: Id, body: PreprocessChange) -> Later[Preprocess]:
    """Update some attributes of this Preprocess CSV."""


@resource.delete("/preprocess/csv/{id}", later=PREPROCESSING)
def delete_preprocess(call: Call, id: Id) -> None:
    """Archive a Preprocess CSV, as `PUT .../archive` does."""


@resource.put("/preprocess/csv/{id}/archive", later=PREPROCESSING)
def archive_preprocess(call: Call, id: Id, body: PreprocessStatus) -> Later[Preprocess]:
    """Update the archive status of this object."""


@resource.get("/{id}")
def get_file(
    call: Call,
    id: Id,
    link_expires_at: Annotated[
        Moment | None, Meta(description="When `fileUrl` is to expire: between now and 36 hours from now.")
    ] = None,
    inline: Annotated[bool, Meta(description="Whether browsers are to show the file where they can.")] = False,
) -> File:
    """Get details about a file."""
    until = None if link_expires_at is None else moment("link_expires_at", link_expires_at)
    return _shown(call, uploads.get_file(call, id), until, inline=inline)


@resource.put("/{id}")
def replace_file(call: Call, id: Id, body: FileReplacement) -> File:
    """Update details about a file."""
    expires_at = None if body.expires_at is None else moment("expiresAt", body.expires_at)
    changed = uploads.update_file(call, id, name=body.name, expires_at=expires_at, description=body.description)
    return _shown(call, changed)


@resource.patch("/{id}")
def update_file(call: Call, id: Id, body: FileChange) -> File:
    """Update details about a file."""
    given = {"name": body.name, "description": body.description}
    values: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if not isinstance(body.expires_at, UnsetType):
        values["expires_at"] = None if body.expires_at is None else moment("expiresAt", body.expires_at)
    return _shown(call, uploads.update_file(call, id, **values))


@resource.delete("/{id}")
def delete_file(call: Call, id: Id) -> None:
    """Delete a file and its bytes."""
    uploads.delete_file(call, id)


@resource.get("/{id}/preview")
def preview_file(
    call: Call, id: Id, column_delimiter: Delimiter | None = None, include_header: Header | None = None
) -> FilePreview:
    """Get a column and row preview of a file.

    The first 100 rows of what its first 64 KiB hold, as they are or in gzip.
    """
    return _previewed(uploads.preview(call, id, column_delimiter, header=include_header))


def _shown(call: Call, upload: Upload, until: datetime | None = None, *, inline: bool = False) -> File:
    signature = uploads.sign_download(call, upload, until, inline=inline)
    url = _url(call, download_path(signature, upload.name)) if signature else None
    return File(
        **_brief(upload),
        author=authors(call, [upload.owner_id])[upload.owner_id],
        download_url=url,
        file_url=url,
        detected_info=DetectedInfo(**(upload.detected or {})),
        my_permission_level=_word(objects.level(call, FILE, upload.id)),
    )


def _brief(upload: Upload) -> dict[str, Any]:
    same = {name: getattr(upload, name) for name in ("id", "name", "created_at", "expires_at", "description")}
    return {**same, "file_size": upload.size}


def _progress(progress: Progress) -> FileMultipart:
    upload = progress.upload
    return FileMultipart(
        id=upload.id,
        name=upload.name,
        state=upload.state.value,  # type: ignore[arg-type]
        num_parts=upload.parts or 0,
        parts=[FilePart(number=part.number, size=part.size, etag=part.etag) for part in progress.parts],
        missing=list(progress.missing),
        upload_urls=list(progress.urls),
    )


def _previewed(table: Table) -> FilePreview:
    return FilePreview(
        columns=[TableColumn(name=column.name, sql_type=column.sql_type) for column in table.columns],
        rows=[list(row) for row in table.rows],
        column_delimiter=table.delimiter,
        include_header=table.header,
    )


def _expiry(call: Call, given: str | UnsetType | None) -> datetime | None:
    if isinstance(given, UnsetType):
        return uploads.default_expiry(call)
    return None if given is None else moment("expiresAt", given)


def _part_url(call: Call) -> Callable[[str], str]:
    return lambda signature: _url(call, upload_path(signature))


def _url(call: Call, path: str) -> str:
    return f"{call.platform.settings.url}{PREFIX}{path}"


def _word(level: Level) -> Literal["read", "write", "manage"]:
    return level.word  # type: ignore[return-value]
