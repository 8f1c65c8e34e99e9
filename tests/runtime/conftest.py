"""Who else is there."""

import pytest


@pytest.fixture(scope="session")
def stranger(server):
    """Another user of the server, whose workers are others."""
    with server.client() as admin:
        user = admin.post("/api/users", json={"name": "Stranger", "email": "stranger@example.org"}).json()
        key = admin.post(f"/api/users/{user['id']}/api_keys", json={"name": "tests", "expiresIn": 9000}).json()["token"]
    with server.client(key) as client:
        yield client
