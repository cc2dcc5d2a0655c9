"""Settings: one frozen object, read once. Argument > environment > config.toml > default."""

from __future__ import annotations

import difflib
import os
import sys
from pathlib import Path
from typing import Any, ClassVar, Literal

from platformdirs import user_data_path
from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from edge_search.errors import SettingsError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["CONFIG_FILE", "ENV_PREFIX", "Settings", "default_home", "load_settings", "origins"]

CONFIG_FILE = "config.toml"
ENV_PREFIX = "EDGE_SEARCH_"
# Not settings: where the home is, how errors are shown, and what the tests ask for.
_OTHER_VARIABLES = {f"{ENV_PREFIX}{name}" for name in ("HOME", "DEBUG", "COMPLETE", "GROCERY", "FAULTS", "LEASH")}
_MUST = {
    "greater_than_equal": "must be at least {ge:g}",
    "greater_than": "must be above {gt:g}",
    "less_than_equal": "must be at most {le:g}",
    "less_than": "must be below {lt:g}",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a number, not infinite",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be a text in quotation marks",
    "literal_error": "must be one of {expected}",
}
_COLOR = r"^#[0-9a-fA-F]{6}$"
_LANGUAGE = r"^(en|es|de|fr|zh)$"
_LANGUAGES = r"^(en|es|de|fr|zh)(,(en|es|de|fr|zh))*$"


class Settings(BaseSettings):
    """Every setting, its unit in its name, its default and its limits."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, frozen=True, extra="forbid")
    file_values: ClassVar[dict[str, Any]] = {}

    model: str = Field("", description="encoder bundle by name; empty: the catalog's own, else the shipped one")
    runtime: Literal["auto", "openvino", "onnxruntime"] = Field(
        "auto",
        description="what executes the network; auto: OpenVINO, else ONNX Runtime "
        "(for one `search` the other way round: it is ready sooner)",
    )
    threads: int = Field(0, ge=0, le=256, description="cores to use; 0: all this process may use")
    compiled_cache: bool = Field(True, description="keep networks as OpenVINO compiled them, for a quick start")
    hits: int = Field(5, ge=1, le=1000, description="products an answer names when -k is not given")
    rerank: Literal["auto", "off"] = Field(
        "auto", description="compare details (local features); auto: where they were seen to help this catalog"
    )
    local_bytes: int = Field(16384, ge=1024, le=65536, description="bytes kept of each photo for that, at most")
    previews: bool = Field(True, description="keep a small copy of every photo in the home")
    preview_side_px: int = Field(480, ge=64, le=2048, description="long side of those copies")
    max_photo_mb: int = Field(64, ge=1, le=1024, description="photo files over this are skipped")
    max_photo_megapixels: int = Field(100, ge=1, le=1000, description="photos over this are skipped, undecoded")
    hold_share: float = Field(
        0.2, ge=0, le=1, description="hold a deletion of more than this share of a source's products ..."
    )
    hold_products: int = Field(20, ge=0, description="... if it is also more than this many products")
    reserve_mb: int = Field(
        64, ge=0, description="stop taking photos below this much free space (at most 5 % of the disk is asked for)"
    )
    snapshot_hours: float = Field(
        24, ge=0, description="keep a copy of the database in the home, at most this old after an index; 0: none"
    )
    media_roots: str = Field(
        "/media:/run/media:/mnt", description="what is mounted below these folders is offered for import"
    )
    log_days: float = Field(90, gt=0, description="forget entries of the change log after this many days")
    adapt: Literal["auto", "off"] = Field(
        "auto",
        description="fit to a catalog of 100 photos or more when a fifth of it is new; off: when told",
    )
    wrong_match: float = Field(
        0.02,
        gt=0,
        le=0.5,
        description="share of all questions that may get a wrong `match`; what the fit to the catalog promises",
    )
    settle_s: float = Field(0.5, gt=0, le=60, description="`watch` takes a file when it did not change for this long")
    scan_minutes: float = Field(
        10, gt=0, le=1440, description="`watch` looks at everything this often, whatever events said"
    )
    poll_seconds: float = Field(
        30, ge=1, le=3600, description="... and this often where no events come: network mounts, inotify's limits"
    )
    watch_cores: int = Field(0, ge=0, le=256, description="cores `watch` may use; 0: half of them, at least one")
    quiet_hours: str = Field(
        "",
        pattern=r"^(([01]?\d|2[0-3]):[0-5]\d\s*-\s*(([01]?\d|2[0-3]):[0-5]\d|24:00))?$",
        description="part of the day in which `watch` takes nothing in, such as 09:00-20:00 (local time)",
    )
    lock_timeout_s: float = Field(30, gt=0, le=3600, description="wait this long for the writer lock")
    host: str = Field("127.0.0.1", description="address that `serve` listens on; any but loopback needs tokens")
    port: int = Field(8620, ge=0, le=65535, description="port that `serve` listens on; 0: any free one")
    tls_cert: str = Field("", description="certificate file (PEM, with its chain) for HTTPS")
    tls_key: str = Field("", description="its private key file (PEM)")
    allowed_hosts: str = Field(
        "", description="further names browsers may call the box by (the Host header), separated by commas"
    )
    search_workers: int = Field(
        0, ge=0, le=64, description="photos searched at a time over HTTP; 0: one a core and one more"
    )
    search_queue: int = Field(32, ge=16, le=1024, description="photos that may wait for that; beyond, HTTP says 503")
    max_connections: int = Field(
        256, ge=16, le=4096, description="connections open at a time over HTTP; an eighth is kept for this machine"
    )
    max_connections_each: int = Field(64, ge=1, le=4096, description="... and of one address that is not this machine")
    isolate_decoding: bool = Field(
        True, description="photos that come over HTTP are decoded in processes that have little memory and no files"
    )
    journal_days: float = Field(90, gt=0, description="forget what was asked and answered over HTTP after so many days")
    keep_feedback_photos: bool = Field(False, description="keep the photo that comes with a correction")
    session_minutes: float = Field(30, gt=0, le=1440, description="staff are logged out after this long")
    shop_name: str = Field("", description="the shop's name on the kiosk page")
    shop_logo: str = Field("", description="its logo: a PNG, JPEG, WebP or SVG file, relative to the home")
    shop_color: str = Field("#1f5f4a", pattern=_COLOR, description="the page's main colour")
    shop_accent: str = Field("#c2541b", pattern=_COLOR, description="its second colour")
    shop_currency: str = Field("", max_length=8, description="shown with prices of products that name none")
    kiosk_languages: str = Field("en,es,de,fr,zh", pattern=_LANGUAGES, description="languages on the kiosk's button")
    kiosk_language: str = Field("en", pattern=_LANGUAGE, description="the one it starts with")
    kiosk_idle_seconds: int = Field(60, ge=10, le=3600, description="back to the start after so long untouched")
    kiosk_hands_free: bool = Field(False, description="take the photo by itself when the picture is steady")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources: argument, environment, file."""
        return init_settings, env_settings, InitSettingsSource(settings_cls, dict(cls.file_values))


def default_home() -> Path:
    """Return the home when none is named: ``EDGE_SEARCH_HOME``, else the platform's user data folder."""
    named = os.environ.get(f"{ENV_PREFIX}HOME")
    return Path(named).expanduser() if named else user_data_path("edge-search", appauthor=False)


def load_settings(home: Path, **arguments: Any) -> Settings:
    """Read the settings of ``home``; arguments that are None count as not given.

    Raises:
        SettingsError: an unreadable file, an unknown name or a value out of range, named with its origin.
    """
    _unknown_variables()
    values = _read_file(home / CONFIG_FILE)
    given = {name: value for name, value in arguments.items() if value is not None}
    scoped = type("Settings", (Settings,), {"file_values": values, "__module__": __name__})
    try:
        settings: Settings = scoped(**given)
    except ValidationError as error:
        raise SettingsError("; ".join(_explain(home, values, given, item) for item in error.errors())) from None
    return settings


def origins(home: Path, **arguments: Any) -> dict[str, tuple[Any, str]]:
    """Return each setting's value and where it came from: argument, environment, file or default.

    Raises:
        SettingsError: as ``load_settings``.
    """
    settings = load_settings(home, **arguments)
    values = _read_file(home / CONFIG_FILE)
    given = {name: value for name, value in arguments.items() if value is not None}
    return {name: (value, _origin(name, values, given)) for name, value in settings.model_dump().items()}


def _read_file(path: Path) -> dict[str, Any]:
    try:
        values: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path}: not readable as TOML ({error}); correct it or remove it") from None
    return values


def _origin(name: str, values: dict[str, Any], given: dict[str, Any]) -> str:
    if name in given:
        return "argument"
    if f"{ENV_PREFIX}{name}".upper() in {key.upper() for key in os.environ}:
        return "environment"
    return "file" if name in values else "default"


def _explain(home: Path, values: dict[str, Any], given: dict[str, Any], item: Any) -> str:
    name = ".".join(str(part) for part in item["loc"])
    place = {
        "environment": f"environment variable {ENV_PREFIX}{name.upper()}",
        "file": f"{home / CONFIG_FILE}: {name}",
    }.get(_origin(name, values, given), name)
    if item["type"] == "extra_forbidden":
        return f"{place}: no such setting; see 'edge-search config show'"
    return f"{place} = {item['input']!r}: {_must(item)}"


def _must(item: Any) -> str:
    """Return what a value must be, in our own words where pydantic speaks of types."""
    limits = item.get("ctx", {})
    if item["type"] in _MUST:
        return _MUST[item["type"]].format(**limits)
    return f"can't be used ({item['msg'].lower()}); see 'edge-search config show'"


def _unknown_variables() -> None:
    """Refuse variables of the environment that look like settings and are none: a typing error changes nothing."""
    known = {f"{ENV_PREFIX}{name}".upper() for name in Settings.model_fields} | _OTHER_VARIABLES
    for name in sorted(os.environ):
        if name.upper().startswith(ENV_PREFIX) and name.upper() not in known:
            near = difflib.get_close_matches(name.lower().removeprefix(ENV_PREFIX.lower()), Settings.model_fields, 1)
            meant = f"; do you mean {ENV_PREFIX}{near[0].upper()}?" if near else "; see 'edge-search config show'"
            raise SettingsError(f"environment variable {name}: no such setting{meant}")
