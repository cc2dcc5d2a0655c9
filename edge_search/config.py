"""Settings: one frozen object, read once. Argument > environment > config.toml > default."""

from __future__ import annotations

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
    log_days: float = Field(90, gt=0, description="forget entries of the change log after this many days")
    lock_timeout_s: float = Field(30, gt=0, le=3600, description="wait this long for the writer lock")

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
    return f"{place} = {item['input']!r}: {item['msg'].lower()}"
