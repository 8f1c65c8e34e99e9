"""BentoML: one service with two worker processes."""

import bentoml


@bentoml.service(workers=2)
class Functions:
    @bentoml.api
    def rows(self, n: int = 3) -> list[dict]:
        return [{"i": i, "v": n * i, "s": "row"} for i in range(10)]

    @bentoml.api
    def frame(self, n: int = 3) -> list[dict]:
        import pandas as pd

        return pd.DataFrame({"i": range(10), "v": [n * i for i in range(10)], "s": ["row"] * 10}).to_dict("records")
