"""The runtimes: what each does with the catalog's bundle on this machine, and which one is used."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from edge_search.encoder.bundle import Bundle
from edge_search.encoder.runtime import RUNTIMES, RuntimeChoice
from edge_search.errors import EdgeSearchError
from edge_search.maintenance.finding import Finding
from edge_search.maintenance.trial import Trial, try_runtime

__all__ = ["check_runtimes"]

_MUCH_FASTER, _WORTH_IT_MS = 1.5, 2.0  # a difference that is no accident of a short measurement

Attempt = Callable[[Path, str, Sequence[int]], Trial]


def check_runtimes(
    find: Callable[[], Bundle], chosen: RuntimeChoice, cores: int, attempt: Attempt = try_runtime
) -> list[Finding]:
    """Try each runtime with the bundle that ``find`` returns, on one thread and on ``cores``.

    ``chosen`` is the setting; ``attempt`` is a parameter for tests.
    """
    try:
        bundle = find()
    except EdgeSearchError as error:
        missing = Finding("encoder", "bad", str(error), "no photo can be searched or added until its bundle is there")
        return [missing, *(Finding(name, "note", "not tried: there is no bundle to load") for name in RUNTIMES)]
    side = bundle.recipe.side
    encoder = Finding("encoder", "good", f"{bundle.name} ({bundle.fingerprint}), {side} x {side} px, {bundle.path}")
    trials = {name: attempt(bundle.path, name, sorted({1, cores})) for name in RUNTIMES}
    used = _used(trials, chosen)
    return [encoder, *(_finding(trial, chosen, used) for trial in trials.values()), _choice(trials, chosen, used)]


def _used(trials: dict[str, Trial], chosen: RuntimeChoice) -> Trial | None:
    for name in RUNTIMES if chosen == "auto" else (chosen,):
        if trials[name].fatal:
            return None
        if not trials[name].error:
            return trials[name]
    return None


def _finding(trial: Trial, chosen: RuntimeChoice, used: Trial | None) -> Finding:
    if not trial.error:
        times = ", ".join(f"{ms:.1f} ms on {count} thread{'s'[: count > 1]}" for count, ms in trial.ms.items())
        return Finding(
            trial.runtime,
            "good",
            f"{trial.version.split('-')[0]}, {trial.precision}, canary right, one encode: {times}",
        )
    if used is not None or chosen not in {"auto", trial.runtime}:
        return Finding(trial.runtime, "note", trial.error)
    advice = f"if the bundle is whole ('edge-search model verify'): pip install --force-reinstall {trial.runtime}"
    return Finding(trial.runtime, "bad", trial.error, advice)


def _choice(trials: dict[str, Trial], chosen: RuntimeChoice, used: Trial | None) -> Finding:
    good = [trial for trial in trials.values() if not trial.error]
    if used is None:
        advice = "nothing can be searched or added until one of them works"
        if good:
            advice = f'{good[0].runtime} works here: set runtime = "{good[0].runtime}" in config.toml'
        return Finding(
            "runtime", "bad", "none works" if chosen == "auto" and not good else f"{chosen} can't be used", advice
        )
    value = f"{chosen} picks {used.runtime}" if chosen == "auto" else f"{used.runtime}, as set"
    fastest = min(good, key=lambda trial: min(trial.ms.values()))
    slow, fast = min(used.ms.values()), min(fastest.ms.values())
    if slow > _MUCH_FASTER * fast and slow - fast > _WORTH_IT_MS:
        advice = f'{fastest.runtime} is faster here: set runtime = "{fastest.runtime}" in config.toml'
        return Finding("runtime", "note", value, advice)
    return Finding("runtime", "good", value)
