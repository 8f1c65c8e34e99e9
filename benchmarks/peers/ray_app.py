"""Ray Serve: one deployment with two replicas, HTTP in front."""

import sys
import time

import ray
from ray import serve
from starlette.requests import Request


@serve.deployment(num_replicas=2, ray_actor_options={"num_cpus": 0.5}, max_ongoing_requests=16)
class Functions:
    async def __call__(self, request: Request):
        path, n = request.url.path, int(request.query_params.get("n", 3))
        if path.endswith("frame"):
            import pandas as pd

            return pd.DataFrame({"i": range(10), "v": [n * i for i in range(10)], "s": ["row"] * 10}).to_dict("records")
        return [{"i": i, "v": n * i, "s": "row"} for i in range(10)]


ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
serve.start(http_options={"host": "127.0.0.1", "port": int(sys.argv[1])})
serve.run(Functions.bind(), route_prefix="/")
while True:
    time.sleep(3600)
