"""Graphs for tests: functions pickled as clients pickle them, nodes, and runs that are waited for."""

import base64
import pickle
import sys
from uuid import uuid4

import cloudpickle

from conftest import wait_until

VERSION = "{}.{}.{}".format(*sys.version_info)
FINAL = {"succeeded", "failed", "cancelled", "abandoned"}


def pickled(source: str) -> str:
    """The last function of some source, pickled by value, in base64."""
    namespace: dict = {"__name__": "__main__"}
    exec(source, namespace)
    function = [value for value in namespace.values() if callable(value)][-1]
    return base64.b64encode(cloudpickle.dumps(function, protocol=4)).decode()


def node(source: str, *arguments, id: str | None = None, parents=(), result_format="json", environment=None, **more):
    """A node that calls a function; `arguments` are tagged JSON."""
    return {
        "client_node_id": id or str(uuid4()),
        "name": more.pop("name", None),
        "depends_on": list(parents),
        "udf_node": {
            "executable_code": pickled(source),
            "source_text": source,
            "environment": {"language": "python", "language_version": VERSION, **(environment or {})},
            "arguments": [{"name": None, "value": value} for value in arguments],
            "result_format": result_format,
        },
        **more,
    }


def output(of: dict) -> dict:
    """An argument that is the output of a node."""
    return {"__tdbudf__": "node_output", "client_node_id": of["client_node_id"]}


class Run:
    """A run of a graph that the server drives."""

    def __init__(self, web, base: str, *nodes: dict, **graph) -> None:
        self.web, self.base = web, base
        made = web.post(f"{base}/graphs", json={"name": None, "nodes": list(nodes), **graph})
        assert made.status_code == 201, made.text
        self.graph_uid = made.json()["uuid"]
        begun = web.post(f"{base}/graphs/{self.graph_uid}/submit")
        assert begun.status_code == 202, begun.text
        self.uid = begun.json()["uuid"]

    def log(self) -> dict:
        return self.web.get(f"{self.base}/logs/{self.uid}").json()

    def wait(self, *statuses: str, seconds: float = 60) -> dict:
        """The log once the run has ended, or is in one of these."""
        wanted = set(statuses) or FINAL
        wait_until(lambda: self.log()["status"] in wanted, seconds)
        return self.log()

    def say(self, what: str):
        return self.web.post(f"{self.base}/executions/{self.uid}/{what}")

    def states(self) -> list[str]:
        return [one.get("status") for one in self.log()["nodes"]]

    def of(self, one: dict) -> dict:
        """A node as the log has it."""
        return next(each for each in self.log()["nodes"] if each["client_node_uuid"] == one["client_node_id"])

    def result(self, one: dict):
        """The value of a node's latest task."""
        task = self.of(one)["executions"][-1]["id"]
        answer = self.web.get(f"/v1/task/{task}/result")
        assert answer.status_code == 200, answer.text
        kind = answer.headers["content-type"]
        return pickle.loads(answer.content) if kind == "application/vnd.tiledb.python-pickle" else answer.json()
