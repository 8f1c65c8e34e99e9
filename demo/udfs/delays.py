@fused.udf
def udf(path: str, at_least: int = 1000):
    """Mean delay on arrival by destination, over the destinations with so many flights."""
    import zipfile

    import duckdb
    import pyarrow.csv

    with zipfile.ZipFile(path) as archive, archive.open("flights.csv") as file:
        flights = pyarrow.csv.read_csv(file)
    return duckdb.sql(
        "select dest, count(*) as flights, round(avg(arr_delay), 1) as minutes_late "
        f"from flights group by dest having count(*) >= {at_least:d} order by minutes_late desc"
    ).df()
