"""Makes sky/1 stamps with PyEphem instead of astronomy-engine, from specs/sky.md alone: evidence that the page suffices.

Usage: python3 tools/sky/pyephem_stamps.py 500 | node tools/sky/check-lines.mjs      (needs: pip install ephem)
Prints JSON Lines {"at": …, "stamp": …} for random moments and places, one in four geocentric.
"""
import hashlib
import json
import math
import random
import re
import sys
from pathlib import Path

import ephem

BODIES = [ephem.Sun, ephem.Moon, ephem.Mercury, ephem.Venus, ephem.Mars, ephem.Jupiter, ephem.Saturn, ephem.Uranus, ephem.Neptune]
IAU = {"Serpens Caput": "Serpens", "Serpens Cauda": "Serpens"}
TABLE = Path(__file__).parents[2] / "sdk/src/sky/stars/table.ts"


def bright_stars():
    """The rows of the frozen list of magnitude 2.00 or brighter, as PyEphem bodies."""
    rows = re.findall(r"\['([^']+)', '(\w+)', (-?\d+), (-?\d+), (-?\d+), (-?\d+), (-?\d+)\]", TABLE.read_text())
    stars = []
    for name, _, ra, dec, pm_ra, pm_dec, magnitude in rows:
        if int(magnitude) > 200:
            continue
        star = ephem.FixedBody()
        star._ra, star._dec = math.radians(int(ra) / 1e6), math.radians(int(dec) / 1e6)
        star._pmra, star._pmdec = int(pm_ra) / 1e3, int(pm_dec) / 1e3
        star.name = name
        stars.append(star)
    return stars


def microdegrees(angle, circle=False):
    value = round(math.degrees(float(angle)) * 1e6)
    return value % 360_000_000 if circle else value


def label(constellation, angle_e6):
    tenths = (angle_e6 + 50_000) // 100_000 % 3600
    return f"{constellation}-{tenths // 10}.{tenths % 10}"


def name_hash(frame, integers):
    data = f"sky/1/{frame}".encode() + b"".join(i.to_bytes(4, "big", signed=True) for i in integers)
    return hashlib.sha256(data).hexdigest()[:16]


def constellation(body):
    name = ephem.constellation(body)[1]
    return IAU.get(name, name)


def geocentric(date):
    bodies = [make() for make in BODIES]
    for body in bodies:
        body.compute(date)
    radec = [n for b in bodies for n in (microdegrees(b.g_ra, True), microdegrees(b.g_dec))]
    return {"version": "sky/1", "radec": radec, "label": label(constellation(bodies[1]), radec[2]), "hash": name_hash("radec", radec)}


def topocentric(date, place, stars):
    there = ephem.Observer()
    there.lat, there.lon = math.radians(place["lat"] / 1e6), math.radians(place["lon"] / 1e6)
    there.elevation, there.pressure, there.date = place["elevation"] / 1e3, 0, date
    bodies = [make() for make in BODIES]
    for body in bodies + stars:
        body.compute(there)
    pair = lambda body: (microdegrees(body.alt), microdegrees(body.az, True))
    altaz = [n for body in bodies for n in pair(body)]
    stamp = {"version": "sky/1", "altaz": altaz}
    if altaz[0] > -6_000_000:
        return {**stamp, "label": label(constellation(bodies[0]), altaz[1]), "hash": name_hash("altaz", altaz)}
    highest = max(stars, key=lambda star: float(star.alt))
    alt, az = pair(highest)
    return {**stamp, "star": [highest.name, alt, az], "label": label(constellation(highest), az), "hash": name_hash("altaz", altaz + [alt, az])}


def main(count):
    dice = random.Random(1)
    stars = bright_stars()
    for i in range(count):
        time_ms = dice.randrange(-631_152_000_000, 4_102_444_800_000)
        date = ephem.Date(ephem.Date("1970/1/1") + time_ms / 86_400_000)
        if i % 4 == 3:
            print(json.dumps({"at": {"timeMs": time_ms}, "stamp": geocentric(date)}))
            continue
        lat = microdegrees(math.asin(dice.uniform(-1, 1)))
        place = {"lat": lat, "lon": dice.randrange(-180_000_000, 180_000_001), "elevation": dice.randrange(0, 3_000_000)}
        print(json.dumps({"at": {"timeMs": time_ms, "place": place}, "stamp": topocentric(date, place, stars)}))


main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
