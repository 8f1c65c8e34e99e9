"""What is declared in full and not served yet: imports, models, predictions, queries, reports, notebooks."""

import pytest

SYNC = {"source": {"path": "a.b"}, "destination": {"database_table": {"schema": "s", "table": "t"}}}
CSV = {"fileIds": [1]}, {"schema": "s", "table": "t", "remote_host_id": 1, "credential_id": 2}
REQUESTS = [
    ("GET", "/imports?type=Dbsync,AutoImport&archived=all&order=last_run.updated_at&limit=50", None),
    ("POST", "/imports", {"name": "Loading", "sync_type": "Dbsync", "isOutbound": False, "source": None}),
    ("POST", "/imports/7/syncs", SYNC),
    ("PUT", "/imports/7/syncs/8", SYNC),
    ("POST", "/imports/7/runs", {}),
    ("POST", "/imports/7/cancel", {}),
    ("PUT", "/imports/7/archive", {"status": True}),
    ("PUT", "/imports/7/shares/users", {"user_ids": [1], "permission_level": "read"}),
    ("PUT", "/imports/7/projects/8", {}),
    ("POST", "/imports/files", {"schema": "s", "name": "t", "remote_host_id": 1, "credential_id": 2, "distkey": None}),
    ("DELETE", "/imports/files/7/runs/8", {}),
    ("POST", "/imports/files/csv", {"source": CSV[0], "destination": CSV[1], "first_row_is_header": True}),
    ("POST", "/imports/batches", {"file_ids": [1], "schema": "s", "table": "t", "remoteHostId": 1, "credentialId": 2}),
    ("GET", "/models?model_name=rain&limit=50", None),
    ("POST", "/models", {}),
    ("PATCH", "/models/7", {"limiting_sql": "rain > 0", "cross_validation_parameters": {"max_depth": [1, 2]}}),
    ("DELETE", "/models/7/builds/8", {}),
    ("PUT", "/models/7/predictions", {"table_name": "s.t", "primary_key": ["id"], "limitingSQL": "true"}),
    ("PATCH", "/predictions/7", {"limiting_sql": None}),
    (
        "PUT",
        "/predictions/7/schedules",
        {"schedule": {"scheduled": True, "scheduledDays": [1], "scheduled_hours": [4]}},
    ),
    ("POST", "/queries", {"database": 1, "sql": "select 1", "preview_rows": 10, "credential": None, "hidden": True}),
    ("GET", "/queries?state[]=failed&state[]=succeeded&created_before=2026-01-31", None),
    ("PUT", "/queries/7/scripts/8", {}),
    ("POST", "/reports", {"provide_api_key": True, "app_state": {"someKey": 1}}),
    ("PATCH", "/reports/7", {"provideAPIKey": False}),
    ("POST", "/reports/7/grants", {}),
    ("POST", "/reports/7/snapshots", {"width": 600, "height": 900}),
    ("POST", "/notebooks", {"language": "python3"}),
    ("POST", "/notebooks/7/deployments", {}),
]


@pytest.mark.parametrize(("method", "path", "body"), REQUESTS)
def test_a_right_request_is_answered_with_what_it_waits_for(ask, method, path, body):
    answer = ask(method, path, json=body)
    assert answer.status_code == 501, answer.text
    assert answer.json()["error"] == "not_served"
    assert answer.json()["errorDescription"].endswith(".")
    assert ask(method, path, json=body, key=None).status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "body", "word"),
    [
        ("GET", "/imports?limit=51", None, "limit"),
        ("GET", "/queries?state=lost", None, "state"),
        ("GET", "/models?order=colour", None, "order"),
        ("POST", "/imports", {"name": "Loading", "sync_type": "Dbsync"}, "isOutbound"),
        ("POST", "/imports/files", {"schema": "s", "name": "t"}, "remoteHostId"),
        ("POST", "/queries", {"database": 1, "sql": "select 1", "preview_rows": 1001}, "previewRows"),
        ("PATCH", "/models/7", {"colour": "red"}, "colour"),
        ("PUT", "/models/7/schedules", {"schedule": {"scheduledHours": [24]}}, r"scheduledHours\[0\]"),
        ("PATCH", "/reports/7/snapshots", {"width": 599}, "width"),
    ],
)
def test_a_wrong_request_is_told_so_and_not_to_wait(ask, method, path, body, word):
    answer = ask(method, path, json=body)
    assert answer.status_code == 422
    assert word.replace("\\", "") in answer.json()["errorDescription"]


# Notes 5.14, of 2017 and since.
FIELDS = {
    (
        "GET",
        "/imports/{id}",
    ): "name syncType source destination schedule notifications parentId id isOutbound syncs state "
    "createdAt updatedAt lastRun user runningAs nextRunAt timeZone hidden archived jobType myPermissionLevel",
    (
        "GET",
        "/imports",
    ): "name syncType source destination schedule id isOutbound state createdAt updatedAt lastRun user "
    "timeZone archived jobType",
    ("POST", "/imports/files"): "id uploadUri runUri uploadFields",
    (
        "GET",
        "/imports/files/{id}/runs/{run_id}",
    ): "id importId state isCancelRequested startedAt finishedAt error createdAt",
    ("GET", "/imports/{id}/runs"): "id state createdAt startedAt finishedAt error importId isCancelRequested",
    ("GET", "/imports/batches/{id}"): "id schema table remoteHostId state startedAt finishedAt error hidden",
    ("GET", "/models/{id}"): "id tableName databaseId credentialId modelName description interactionTerms "
    "boxCoxTransformation modelTypeId primaryKey dependentVariable dependentVariableOrder excludedColumns limitingSQL "
    "activeBuildId crossValidationParameters numberOfFolds notifications schedule parentId runningAs timeZone lastRun "
    "hidden user createdAt updatedAt currentBuildState currentBuildException builds predictions lastOutputLocation "
    "archived",
    ("GET", "/models/{id}/builds/{build_id}"): "id state error name createdAt description rootMeanSquaredError "
    "rSquaredError rocAuc transformationMetadata output outputLocation",
    ("GET", "/models/types"): "id algorithm dvType fintAllowed",
    ("GET", "/predictions/{id}"): "id modelId scoredTableId scoredTableName outputTableName state error startedAt "
    "finishedAt lastRun scoredTables schedule limitingSQL primaryKey",
    ("GET", "/predictions/{id}/runs/{run_id}"): "id predictionId state exception name createdAt scoreStats",
    (
        "GET",
        "/queries/{id}",
    ): "id database sql credential resultRows resultColumns scriptId exception createdAt updatedAt "
    "finishedAt state lastRunId hidden name author startedAt reportId error archived",
    ("GET", "/queries"): "id database sql credential resultRows resultColumns scriptId exception createdAt updatedAt "
    "finishedAt state lastRunId previewRows startedAt reportId error archived",
    ("POST", "/queries"): "id database sql credential resultRows resultColumns scriptId exception createdAt updatedAt "
    "finishedAt state lastRunId hidden interactive previewRows includeHeader compression columnDelimiter unquoted "
    "filenamePrefix startedAt reportId error archived myPermissionLevel",
    ("GET", "/queries/{id}/runs/{run_id}"): "id queryId state isCancelRequested startedAt finishedAt error createdAt",
    ("GET", "/reports/{id}"): "id name user createdAt updatedAt projects state finishedAt vizUpdatedAt script jobPath "
    "tableauId templateId authThumbnailUrl lastRun archived hidden authDataUrl authCodeUrl config validOutputFile "
    "provideAPIKey apiKey apiKeyId appState type description myPermissionLevel useViewersTableauUsername",
    (
        "GET",
        "/reports/{id}/snapshots",
    ): "id state finishedAt sendEmailOnCompletion emailTemplate recipientEmailAddresses "
    "emailSubject height width schedule parentId",
}


def test_what_will_be_answered_has_every_field_of_the_protocol(ask):
    document = ask("GET", "/endpoints").json()

    def fields(schema):
        if "$ref" in schema:
            schema = document["definitions"][schema["$ref"].rpartition("/")[2]]
        return fields(schema["items"]) if schema["type"] == "array" else {*schema["properties"]}

    found = {
        (method, path): fields(next(iter(document["paths"][path][method.lower()]["responses"].values()))["schema"])
        for method, path in FIELDS
    }
    assert found == {where: {*names.split()} for where, names in FIELDS.items()}
