"""Dagster: one asset, as `dagster dev` wants something to serve."""

import dagster


@dagster.asset
def one() -> int:
    return 1


defs = dagster.Definitions(assets=[one])
