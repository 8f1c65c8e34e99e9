"""A document of operations such as another server has (Civis protocol notes 2.6): what ours does not declare."""


def parameter(name, place="query", type_="integer", *, required=False, **more):
    return {"name": name, "in": place, "required": required, "type": type_, **more}


def operation(summary, parameters=(), schema=None, **more):
    answer = {"description": "success"} | ({"schema": schema} if schema else {})
    return {"summary": summary, "parameters": list(parameters), "responses": {"200": answer}, **more}


def listed(name):
    return {"type": "array", "items": {"$ref": f"#/definitions/{name}"}}


def body(name):
    return {"name": "Body", "in": "body", "required": True, "schema": {"$ref": f"#/definitions/{name}"}}


ID = parameter("id", "path", required=True)
PAGE = [parameter("limit", default=20), parameter("page_num", default=1)]
SCRIPT = {"$ref": "#/definitions/Script"}

DOCUMENT = {
    "swagger": "2.0",
    "paths": {
        "/scripts/": {"get": operation("List scripts", [parameter("type", type_="string"), *PAGE], listed("Script"))},
        "/scripts/{id}": {"get": operation("Get a script", [ID], SCRIPT)},
        "/scripts/python3": {"post": operation("Create a script", [body("ScriptCreate")], SCRIPT)},
        "/scripts/python3/{id}": {"put": operation("Replace a script", [ID, body("ScriptCreate")], SCRIPT)},
        "/scripts/python3/{id}/shares": {"get": operation("List shares", [ID], {"type": "object"})},
        "/scripts/python3/{id}/runs/{run_id}": {
            "delete": operation("Cancel a run", [ID, parameter("run_id", "path", required=True)])
        },
        "/scripts/{id}/cancel": {"post": operation("Cancel (DEPRECATED)", [ID])},
        "/scripts/old": {"get": operation("Old ones", (), listed("Script"), **{"x-deprecation-warning": "Use list."})},
        "/databases/{id}/table_privileges/{schema_name}/{table_name}": {
            "get": operation(
                "Show privileges",
                [
                    ID,
                    parameter("schema_name", "path", "string", required=True),
                    parameter("table_name", "path", "string", required=True),
                ],
                {"type": "object", "properties": {"ok": {"type": "boolean"}}},
            )
        },
        "/json-values/{id}": {"get": operation("Get a value", [ID], {"$ref": "#/definitions/JSONValue"})},
        "/users/me": {"get": operation("Who am I", (), {"$ref": "#/definitions/Me"})},
        "/tags/{id}": {
            "put": operation("Set a tag", [ID, body("Tag"), parameter("from", type_="array", items={"type": "string"})])
        },
        "/credentials": {
            "get": operation(
                "List credentials",
                [parameter("type", type_="string"), parameter("default", type_="boolean"), *PAGE],
                listed("Credential"),
            )
        },
        "/databases": {"get": operation("List databases", (), listed("Named"))},
        "/storage_hosts": {"get": operation("List storage hosts", (), listed("Named"))},
        "/tables": {
            "get": operation(
                "List tables",
                [
                    parameter("database_id"),
                    parameter("schema", type_="string"),
                    parameter("name", type_="string"),
                    *PAGE,
                ],
                listed("Table"),
            )
        },
    },
    "definitions": {
        "Script": {
            "type": "object",
            "properties": {
                "id": {"type": "integer", "description": "The ID of the script."},
                "name": {"type": "string"},
                "createdAt": {"type": "string", "format": "date-time"},
                "provideAPIKey": {"type": "boolean"},
                "arguments": {"type": "object"},
                "anythingElse": {"type": "object", "description": "A map of its writer's."},
                "schedule": {"$ref": "#/definitions/Schedule"},
                "notes": {"type": "array", "items": {"$ref": "#/definitions/Schedule"}},
                "parent": {"$ref": "#/definitions/Script"},
            },
        },
        "Schedule": {
            "type": "object",
            "properties": {
                "scheduledDays": {"type": "array", "items": {"type": "integer"}},
                "timeZone": {"type": "string", "x-nullable": True},
            },
        },
        "ScriptCreate": {
            "type": "object",
            "required": ["source", "name"],
            "properties": {
                "name": {"type": "string", "description": "The name of the script."},
                "parentId": {"type": "integer", "x-nullable": True},
                "source": {"type": "string"},
                "arguments": {"type": "object"},
                "schedule": {"$ref": "#/definitions/Schedule"},
            },
        },
        "Tag": {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}},
        "JSONValue": {
            "type": "object",
            "properties": {"id": {"type": "integer"}, "value": {"type": "object"}},
        },
        "Me": {
            "type": "object",
            "properties": {"username": {"type": "string"}, "featureFlags": {"type": "object"}},
        },
        "Named": {"type": "object", "properties": {"id": {"type": "integer"}, "name": {"type": "string"}}},
        "Credential": {
            "type": "object",
            "properties": {
                "id": {"type": "integer"},
                "name": {"type": "string"},
                "username": {"type": "string"},
                "owner": {"type": "string"},
                "remoteHostId": {"type": "integer"},
                "remoteHostName": {"type": "string"},
            },
        },
        "Table": {
            "type": "object",
            "properties": {"id": {"type": "integer"}, "schema": {"type": "string"}, "name": {"type": "string"}},
        },
    },
}
