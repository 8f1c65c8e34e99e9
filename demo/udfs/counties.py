@fused.udf
def udf(path: str, bounds: fused.types.Bounds = None, state: str = ""):
    """Counties of the United States (3,221 polygons), those in the bounds or the state."""
    import geopandas

    counties = geopandas.read_file(path, bbox=tuple(bounds) if bounds else None)
    counties = counties.to_crs(4326)[["NAME", "STATE", "geometry"]]
    return counties[state == counties.STATE] if state else counties
