"""Points on the earth: the Chinese maps' offset undone, and distances on a sphere."""

from __future__ import annotations

from math import asin, cos, pi, radians, sin, sqrt

EARTH_M, NEAR_M = 6_371_008.8, 200
AXIS_M, ECCENTRICITY = 6_378_245.0, 0.00669342162296594323


def point(row: dict) -> tuple[float, float] | None:
    """Return the longitude and latitude of a row in CGCS2000, rounded as tables hold them; None where it has none."""
    if row["lon"] is None or row["lat"] is None:
        return None
    lon, lat = float(row["lon"]), float(row["lat"])
    if row["coord_sys"] == "GCJ02":
        lon, lat = unshifted(lon, lat)
    return round(lon, 7), round(lat, 7)


def unshifted(lon: float, lat: float) -> tuple[float, float]:
    """Return the point that the maps' offset moves to this one."""
    x, y = lon, lat
    for _ in range(20):
        east, north = shift(x, y)
        x, y = lon - east, lat - north
    return x, y


def shift(lon: float, lat: float) -> tuple[float, float]:
    """Return how many degrees to the east and the north the maps move a point of CGCS2000 (the published offset of GCJ-02)."""
    e, n = lon - 105, lat - 35
    both = 20 * sin(6 * pi * e) + 20 * sin(2 * pi * e)
    north_m = -100 + 2 * e + 3 * n + n * n / 5 + e * n / 10 + sqrt(abs(e)) / 5
    north_m += (both + 20 * sin(pi * n) + 40 * sin(pi * n / 3) + 160 * sin(pi * n / 12) + 320 * sin(pi * n / 30)) * 2 / 3
    east_m = 300 + e + 2 * n + e * e / 10 + e * n / 10 + sqrt(abs(e)) / 10
    east_m += (both + 20 * sin(pi * e) + 40 * sin(pi * e / 3) + 150 * sin(pi * e / 12) + 300 * sin(pi * e / 30)) * 2 / 3
    flat = 1 - ECCENTRICITY * sin(radians(lat)) ** 2
    meridian, parallel = AXIS_M * (1 - ECCENTRICITY) / flat**1.5, AXIS_M / sqrt(flat) * cos(radians(lat))
    return east_m * 180 / (parallel * pi), north_m * 180 / (meridian * pi)


def metres(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the great-circle distance of two points."""
    (lon, lat), (other_lon, other_lat) = [tuple(map(radians, at)) for at in (one, other)]
    half = sin((other_lat - lat) / 2) ** 2 + cos(lat) * cos(other_lat) * sin((other_lon - lon) / 2) ** 2
    return 2 * EARTH_M * asin(sqrt(half))


def nearest(here: tuple[float, float] | None, addresses: list[dict]) -> tuple[str | None, int | None]:
    """Return the text of the nearest address, of several the shortest, and its distance; None where none is near."""
    found = [
        (round(far), len(one["full_text"]), one["full_text"])
        for one in addresses
        if here and (there := point(one)) and (far := metres(here, there)) <= NEAR_M
    ]
    return (min(found)[2], min(found)[0]) if found else (None, None)
