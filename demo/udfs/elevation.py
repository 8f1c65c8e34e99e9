@fused.udf
def udf(path: str, bounds: fused.types.Bounds = None, size: int = 256):
    """Shaded elevation of the Sierra Nevada (SRTM, 90 m, public domain), as a picture or a map tile."""
    import numpy as np
    import rasterio
    from rasterio.enums import Resampling
    from rasterio.transform import from_bounds
    from rasterio.vrt import WarpedVRT
    from rasterio.warp import transform_bounds

    with rasterio.open(path) as file:
        # Map tiles are squares of Web Mercator; the picture as a whole lies in degrees, as the file does.
        crs, box = (
            ("EPSG:3857", transform_bounds("EPSG:4326", "EPSG:3857", *bounds)) if bounds else (file.crs, file.bounds)
        )
        place = {"transform": from_bounds(*box, size, size), "width": size, "height": size}
        with WarpedVRT(file, crs=crs, resampling=Resampling.bilinear, nodata=-1, **place) as map_:
            height = map_.read(1).astype(float)
    north, west = np.gradient(height)
    light = np.clip(0.7 + (west - north) / 400, 0.2, 1.2)
    share = np.clip(height / 4000, 0, 1)
    stops = np.array([[66, 110, 84], [196, 186, 134], [150, 112, 84], [250, 250, 250]], float)
    at = share * 3
    low = np.clip(at.astype(int), 0, 2)
    mix = (at - low)[..., None]
    colour = (stops[low] * (1 - mix) + stops[low + 1] * mix) * light[..., None]
    alpha = np.where(height < 0, 0, 255)[..., None]
    picture = np.moveaxis(np.concatenate([np.clip(colour, 0, 255), alpha], axis=-1).astype("uint8"), -1, 0)
    return picture if bounds else (picture, list(box))
