"""FastAPI and pandas, as most people would write it: a frame made for the request, in the format that was asked for."""

import io

import numpy as np
import pandas as pd
from fastapi import FastAPI, Response

app = FastAPI()


def frame(rows: int) -> pd.DataFrame:
    n = np.arange(rows)
    return pd.DataFrame({
        "id": n,
        "group": n % 97,
        "value": n * 0.37,
        "share": (n % 1000) / 1000,
        "word": np.array(["north", "south", "east", "west"])[n % 4],
        "code": np.char.add("c", (n % 5000).astype(str)),
        "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(n % 366, "D"),
        "flag": n % 3 == 0,
    })  # fmt: skip


def parquet(table: pd.DataFrame) -> bytes:
    file = io.BytesIO()
    table.to_parquet(file)
    return file.getvalue()


def feather(table: pd.DataFrame) -> bytes:
    file = io.BytesIO()
    table.to_feather(file)
    return file.getvalue()


WRITERS = {
    "csv": lambda table: table.to_csv(index=False).encode(),
    "json": lambda table: table.to_json(orient="records", date_format="iso").encode(),
    "parquet": parquet,
    "feather": feather,
}


@app.get("/health")
def healthy() -> Response:
    return Response(b"ok")


@app.get("/rows")
def rows(format: str, n: int = 1_000_000) -> Response:
    return Response(WRITERS[format](frame(n)))
