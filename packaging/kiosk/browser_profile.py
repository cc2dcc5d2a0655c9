"""Chromium's profile folder: the camera allowed for the box's own page alone, and no questions after a crash."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

__all__ = ["prepare_profile"]

_ALLOW = 1


def prepare_profile(folder: Path, origin: str) -> None:
    """Make the profile ready for a start; what else is in it stays.

    The camera is allowed for ``origin`` (``http://127.0.0.1:8620``) and for nobody else: Chromium keeps that as a
    content setting of the profile, which needs no root and no managed policy. A profile that says it was left
    properly shows no "restore pages?" bubble, however it really ended.
    """
    path = folder / "Default" / "Preferences"
    path.parent.mkdir(parents=True, exist_ok=True)
    preferences = _read(path)
    profile = preferences.setdefault("profile", {})
    profile["exit_type"] = "Normal"
    profile["exited_cleanly"] = True
    exceptions = profile.setdefault("content_settings", {}).setdefault("exceptions", {})
    exceptions["media_stream_camera"] = {f"{origin},*": {"setting": _ALLOW}}
    preferences.setdefault("translate", {})["enabled"] = False
    preferences["credentials_enable_service"] = False
    preferences.setdefault("autofill", {}).update(profile_enabled=False, credit_card_enabled=False)
    temp = path.with_name("Preferences.new")
    temp.write_text(json.dumps(preferences), encoding="utf-8")
    temp.replace(path)


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        # Not there yet, or half written when the power went: Chromium would start anew as well.
        return {}
    return found if isinstance(found, dict) else {}
