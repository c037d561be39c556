"""Convert coordinates to GCJ-02, the system that Chinese maps use."""

from __future__ import annotations

from math import cos, pi, radians, sin, sqrt

SEMI_MAJOR_M = 6_378_245.0
ECCENTRICITY_SQUARED = 0.00669342162296594323


def gcj02(lon: float, lat: float) -> tuple[float, float]:
    """Convert a point from CGCS2000 to GCJ-02 (both in degrees), which is some hundred metres off.

    Source: the published form of the offset, as map libraries have it.
    """
    x, y = lon - 105.0, lat - 35.0
    waves = (20 * sin(6 * x * pi) + 20 * sin(2 * x * pi)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x)) + waves
    east += (20 * sin(x * pi) + 40 * sin(x / 3 * pi)) * 2 / 3 + (150 * sin(x / 12 * pi) + 300 * sin(x / 30 * pi)) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x)) + waves
    north += (20 * sin(y * pi) + 40 * sin(y / 3 * pi)) * 2 / 3 + (160 * sin(y / 12 * pi) + 320 * sin(y * pi / 30)) * 2 / 3
    magic = 1 - ECCENTRICITY_SQUARED * sin(radians(lat)) ** 2
    d_lat = north * 180 / (SEMI_MAJOR_M * (1 - ECCENTRICITY_SQUARED) / (magic * sqrt(magic)) * pi)
    d_lon = east * 180 / (SEMI_MAJOR_M / sqrt(magic) * cos(radians(lat)) * pi)
    return lon + d_lon, lat + d_lat
