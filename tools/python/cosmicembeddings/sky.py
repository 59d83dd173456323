"""specs/sky.md: the stamp of a moment, with or without a place. `check_form` and `check_positions` judge both."""
import hashlib
import json
import math
import struct
from functools import lru_cache
from pathlib import Path

from .errors import Refused
from .fields import number

TOLERANCE_ARCSEC = 120
DUSK_DEG = -6
LIGHT_AU_A_DAY = 173.1446326846693
BODIES = ("Sun", "Moon", "Mercury", "Venus", "Mars", "Jupiter", "Saturn", "Uranus", "Neptune")


def check_place(header):
    place = header.get("observer_location")
    if "observer_location" in header:
        fits = (
            isinstance(place, dict)
            and {"lat", "lon", "elevation"} <= set(place) <= {"lat", "lon", "elevation", "grid"}
            and number(place["lat"], -90_000_000, 90_000_000)
            and number(place["lon"], -180_000_000, 180_000_000)
            and number(place["elevation"], -12_000_000, 1_000_000_000)
            and ("grid" not in place or (number(place["grid"], 1, 90_000_000) and place["lat"] % place["grid"] == 0 and place["lon"] % place["grid"] == 0))
        )
        if not fits:
            raise Refused("sky.place_invalid", "lat, lon in microdegrees, elevation in millimetres, whole and in range, on their own grid")


def check_form(header):
    """Time, place, and the stamp's own form and hash; the positions need an ephemeris."""
    if not number(header["timestamp"], -631152000000, 4102444799999):
        raise Refused("sky.time_out_of_span", "")
    check_place(header)
    place = header.get("observer_location")
    stamp = header["cosmic_signature"]
    frame = "radec" if place is None else "altaz"
    keys = {"version", "label", "hash", frame}
    if not isinstance(stamp, dict) or not keys <= set(stamp) <= (keys | {"star"} if place is not None else keys) or stamp["version"] != "sky/1":
        raise Refused("sky.malformed", "keys")
    numbers = stamp[frame]
    if not isinstance(numbers, list) or len(numbers) != 18 or not all(number(one, -90_000_000, 359_999_999) for one in numbers):
        raise Refused("sky.malformed", frame)
    hashed = list(numbers)
    if "star" in stamp:
        star = stamp["star"]
        if not isinstance(star, list) or len(star) != 3 or star[0] not in bright_stars() or not all(number(one, -90_000_000, 359_999_999) for one in star[1:]):
            raise Refused("sky.malformed", "star")
        hashed += star[1:]
    if stamp["hash"] != name_hash(frame, hashed):
        raise Refused("sky.malformed", "hash")


def name_hash(frame, integers):
    return hashlib.sha256(b"sky/1/" + frame.encode() + b"".join(struct.pack(">i", one) for one in integers)).digest()[:8].hex()


def label_of(constellation, angle_e6):
    tenths = (angle_e6 + 50_000) // 100_000 % 3600
    return f"{constellation}-{tenths // 10}.{tenths % 10}"


def stamp(time_ms, place=None):
    """
    The stamp of a moment, milliseconds since 1970: geocentric, or over a place {lat, lon, elevation} in microdegrees and
    millimetres. Over a place by night it names the highest bright star.
    """
    if not -631152000000 <= time_ms < 4102444800000:
        raise Refused("sky.time_out_of_span", str(time_ms))
    if place is None:
        directions = bodies_of(time_ms)
        numbers = [one for ra, dec in directions for one in (e6(ra) % 360_000_000, e6(dec))]
        return {"version": "sky/1", "radec": numbers, "label": label_of(constellation(time_ms, *directions[1]), numbers[2]), "hash": name_hash("radec", numbers)}
    directions = horizon_of(time_ms, place)
    numbers = [one for azimuth, altitude in directions for one in (e6(altitude), e6(azimuth) % 360_000_000)]
    if directions[0][1] > DUSK_DEG:
        name = constellation_over(time_ms, place, *directions[0])
        return {"version": "sky/1", "altaz": numbers, "label": label_of(name, numbers[1]), "hash": name_hash("altaz", numbers)}
    star, azimuth, altitude = highest_star(time_ms, place)
    seen = [e6(altitude), e6(azimuth) % 360_000_000]
    return {"version": "sky/1", "altaz": numbers, "star": [star, *seen], "label": label_of(bright_stars()[star][0], seen[1]), "hash": name_hash("altaz", numbers + seen)}


def check_positions(header):
    """Every direction within 120 arc seconds of the computed one, and the label's number its own."""
    said, place, when = header["cosmic_signature"], header.get("observer_location"), header["timestamp"]
    claimed = said["radec" if place is None else "altaz"]
    computed = bodies_of(when) if place is None else horizon_of(when, place)
    for i, (lon, lat) in enumerate(computed):
        first, second = claimed[2 * i] / 1e6, claimed[2 * i + 1] / 1e6
        off = separation(lon, lat, *((first, second) if place is None else (second, first)))
        if off > TOLERANCE_ARCSEC:
            raise Refused("sky.mismatch", f"{BODIES[i]} is {off:.0f} arc seconds off")
    angle = claimed[2] if place is None else said["star"][2] if "star" in said else claimed[1]
    name, _, degrees = said["label"].rpartition("-")
    if said["label"] != label_of(name, angle):
        raise Refused("sky.malformed", "label")
    sun = computed[0][1] * 3600 if place is not None else 0
    if place is not None and not (sun <= DUSK_DEG * 3600 + TOLERANCE_ARCSEC if "star" in said else sun >= DUSK_DEG * 3600 - TOLERANCE_ARCSEC):
        raise Refused("sky.mismatch", "the Sun is on the other side of -6 degrees")
    if "star" in said:
        check_star(said["star"], name, when, place)
    else:
        # The direction may lie on a boundary: around it, too.
        source = computed[0] if place is not None else computed[1]
        within = (lambda ra, dec: constellation(when, ra, dec)) if place is None else (lambda azimuth, altitude: constellation_over(when, place, azimuth, altitude))
        around = [(0, 0), *((radius, angle) for radius in (60, 120) for angle in range(0, 16))]
        if all(within(*moved(source, radius, 22.5 * angle)) != name for radius, angle in around):
            raise Refused("sky.mismatch", f"the label names {name}")


def check_star(claimed, name, when, place):
    star, altitude, azimuth = claimed
    if bright_stars()[star][0] != name:
        raise Refused("sky.malformed", "label")
    seen = stars_over(when, place)
    here = seen[star]
    off = separation(*here, azimuth / 1e6, altitude / 1e6)
    if off > TOLERANCE_ARCSEC:
        raise Refused("sky.mismatch", f"{star} is {off:.0f} arc seconds off")
    if here[1] * 3600 < -TOLERANCE_ARCSEC or max(each[1] for each in seen.values()) - here[1] > 2 * TOLERANCE_ARCSEC / 3600:
        raise Refused("sky.mismatch", f"{star} is not the highest bright star")


def e6(degrees):
    return round(degrees * 1e6)


def separation(lon1, lat1, lon2, lat2):
    a, b = unit(lon1, lat1), unit(lon2, lat2)
    cross = math.dist((0, 0, 0), (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]))
    return math.degrees(math.atan2(cross, sum(x * y for x, y in zip(a, b)))) * 3600


def unit(lon, lat):
    lon, lat = math.radians(lon), math.radians(lat)
    return (math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat))


def moved(direction, arcsec, angle):
    lon, lat = direction
    step, turn = arcsec / 3600, math.radians(angle)
    return lon + step * math.sin(turn) / max(1e-6, math.cos(math.radians(lat))), lat + step * math.cos(turn)


def astronomy():
    # Loaded with the first stamp: whoever only reads bytes does not wait for it.
    import astronomy as library

    return library


def vectors_of(time_ms):
    """Geocentric apparent positions of the bodies, equator J2000."""
    library = astronomy()
    when = library.Time((time_ms - 946728000000) / 86_400_000)
    bodies = [getattr(library.Body, name) for name in BODIES]
    return when, [library.GeoMoon(when) if body == library.Body.Moon else library.GeoVector(body, when, True) for body in bodies]


def spherical(vector):
    return math.degrees(math.atan2(vector.y, vector.x)) % 360, math.degrees(math.atan2(vector.z, math.hypot(vector.x, vector.y)))


def bodies_of(time_ms):
    """(right ascension, declination) of date of each body, degrees."""
    when, vectors = vectors_of(time_ms)
    turn = astronomy().Rotation_EQJ_EQD(when)
    return [spherical(astronomy().RotateVector(turn, vector)) for vector in vectors]


def observer_at(place):
    return astronomy().Observer(place["lat"] / 1e6, place["lon"] / 1e6, place["elevation"] / 1000)


def local(turn, vector):
    """(azimuth, altitude) of a direction J2000, degrees, without refraction."""
    azimuth, altitude = spherical(astronomy().RotateVector(turn, vector))
    # The library counts from north through west.
    return -azimuth % 360, altitude


def horizon_of(time_ms, place):
    """(azimuth, altitude) of each body over a place."""
    library = astronomy()
    when, vectors = vectors_of(time_ms)
    observer = observer_at(place)
    here = library.ObserverVector(when, observer, False)
    turn = library.Rotation_EQJ_HOR(when, observer)
    return [local(turn, library.Vector(vector.x - here.x, vector.y - here.y, vector.z - here.z, when)) for vector in vectors]


@lru_cache(maxsize=None)
def bright_stars():
    """The 45 bright stars of specs/vectors/sky-tables.json, brightest first: name → (constellation, direction and motion)."""
    rows = json.loads((Path(__file__).parent / "stars.json").read_text("utf-8"))
    return {name: (constellation_name, numbers) for name, constellation_name, *numbers in rows}


def stars_over(time_ms, place):
    """(azimuth, altitude) of each bright star over a place: proper motion, annual aberration, precession, nutation."""
    library = astronomy()
    when = library.Time((time_ms - 946728000000) / 86_400_000)
    turn = library.Rotation_EQJ_HOR(when, observer_at(place))
    earth = library.BaryState(library.Body.Earth, when)
    years = when.ut / 365.25
    seen = {}
    for name, (_, (ra, dec, motion_ra, motion_dec)) in bright_stars().items():
        dec_rad = math.radians(dec / 1e6)
        x, y, z = unit(ra / 1e6 + years * motion_ra / 3.6e9 / math.cos(dec_rad), dec / 1e6 + years * motion_dec / 3.6e9)
        apparent = library.Vector(x + earth.vx / LIGHT_AU_A_DAY, y + earth.vy / LIGHT_AU_A_DAY, z + earth.vz / LIGHT_AU_A_DAY, when)
        seen[name] = local(turn, apparent)
    return seen


def highest_star(time_ms, place):
    """(name, azimuth, altitude); of equals the brighter."""
    seen = stars_over(time_ms, place)
    name = max(seen, key=lambda one: seen[one][1])
    return name, *seen[name]


def constellation_over(time_ms, place, azimuth, altitude):
    """Name of the constellation of a direction over a place."""
    library = astronomy()
    when = library.Time((time_ms - 946728000000) / 86_400_000)
    x, y, z = unit(-azimuth, altitude)
    direction = library.EquatorFromVector(library.RotateVector(library.Rotation_HOR_EQJ(when, observer_at(place)), library.Vector(x, y, z, when)))
    return library.Constellation(direction.ra, direction.dec).name


def constellation(time_ms, ra, dec):
    """Name of the constellation of a direction of date, degrees."""
    library = astronomy()
    when = library.Time((time_ms - 946728000000) / 86_400_000)
    x, y, z = unit(ra, dec)
    direction = library.EquatorFromVector(library.RotateVector(library.Rotation_EQD_EQJ(when), library.Vector(x, y, z, when)))
    return library.Constellation(direction.ra, direction.dec).name
