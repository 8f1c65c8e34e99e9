"""Words of the Fused protocol that tests of it share."""

RUN = "/server/v1/realtime/local/api/v1/run/udf"

TABLE = """
@fused.udf
def udf(lat: float = 1.5, lon: float = 2.5):
    import pandas as pd
    print("counted")
    return pd.DataFrame({"lat": [lat], "lon": [lon]})
"""


def body_of(code: str, entrypoint: str = "udf", **more) -> dict:
    return {"type": "geopandas_v2", "name": "udf", "code": code, "entrypoint": entrypoint, **more}


def detail(answer) -> str:
    """The sentence of an error, in the one form that both generations of the client read."""
    assert answer.headers["content-type"] == "application/json"
    return answer.json()["detail"]
