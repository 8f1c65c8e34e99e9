"""Files under a number, as their URLs ask for them: without a key, as any program would."""

from typing import Self

import httpx

API = "/api"


class Uploader:
    """Somebody who uploads with a key of their own."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http
        self.open = httpx.Client(timeout=60)  # no key

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.open.close()

    def announce(self, name: str = "f.bin", **fields: object) -> dict:
        answer = self.http.post(f"{API}/files", json={"name": name, **fields})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def announce_parts(self, count: int, name: str = "f.bin", **fields: object) -> dict:
        answer = self.http.post(f"{API}/files/multipart", json={"name": name, "num_parts": count, **fields})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def post(self, announced: dict, data: bytes, url: str | None = None, **fields: str) -> httpx.Response:
        return self.open.post(
            url or announced["uploadUrl"], data=announced["uploadFields"] | fields, files={"file": ("temporary", data)}
        )

    def put(self, url: str, data: bytes = b"", **more: object) -> httpx.Response:
        return self.open.put(url, content=data, **more)

    def complete(self, number: int, key: str | None = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {key}"} if key else None
        return self.http.post(f"{API}/files/multipart/{number}/complete", json={}, headers=headers)

    def get(self, number: int, **query: object) -> dict:
        answer = self.http.get(f"{API}/files/{number}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def progress(self, number: int) -> dict:
        return self.http.get(f"{API}/files/multipart/{number}").json()

    def upload(self, data: bytes, name: str = "f.bin", **fields: object) -> int:
        announced = self.announce(name, **fields)
        answer = self.post(announced, data)
        assert answer.status_code == 204, answer.text
        return announced["id"]

    def upload_parts(self, *parts: bytes, name: str = "f.bin", **fields: object) -> int:
        announced = self.announce_parts(len(parts), name, **fields)
        for url, data in zip(announced["uploadUrls"], parts, strict=True):
            assert self.put(url, data).status_code == 200
        assert self.complete(announced["id"]).status_code == 204
        return announced["id"]

    def read(self, number: int, **more: object) -> httpx.Response:
        return self.open.get(self.get(number)["fileUrl"], follow_redirects=True, **more)
