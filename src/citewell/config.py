"""Configuration: frozen, every value knows its origin, unknown keys are refused.

A value is taken from the first that has it: a flag, the environment (`CITEWELL_SECTION_KEY`), a file
(`citewell.toml`), the default. The file is the one named by `--config` or `CITEWELL_CONFIG`, else the
`citewell.toml` in the working folder or the nearest folder above it. Secrets are never in it: settings
that end in `key_env` hold the *name* of an environment variable.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, fields, replace
from pathlib import Path
from typing import Any

from citewell.declared import declared
from citewell.errors import BadInput, NotFound
from citewell.settings import (
    LIBRARY_FOLDER,
    Config,
)

FILE_NAME = "citewell.toml"
SECRET = re.compile(
    r"://[^/@]*:[^/@]+@|[?&](?:password|passwd|api_?key|key|token|sslpassword)=", re.IGNORECASE
)
"""What a password looks like in an address."""
TRUE, FALSE = ("true", "1", "yes", "on"), ("false", "0", "no", "off")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration, and for each "section.key" its origin: flag, environment, file:PATH or default."""

    config: Config
    origins: Mapping[str, str]
    file: Path | None = None


SECTIONS: Mapping[str, type] = {
    section.name: type(section.default) for section in fields(Config) if section.name != "sources"
}
KEYS: Mapping[str, Field[Any]] = {
    f"{section}.{key.name}": key for section, kind in SECTIONS.items() for key in fields(kind)
}
"""Every setting by its "section.key"."""


def load(flags: Mapping[str, Any], environ: Mapping[str, str], file: Path | None = None) -> Loaded:
    """Read the configuration; `flags` maps "section.key" to a value, None meaning that it was not given.

    Relative paths of the file and of defaults start at the file's folder, others at the working folder.
    Raises BadInput for an unknown key or a wrong value, NotFound when a file that was named is not there.
    """
    named = file or (Path(environ["CITEWELL_CONFIG"]) if environ.get("CITEWELL_CONFIG") else None)
    found = named or find()
    folder = found.absolute().parent if found else Path.cwd()
    values: dict[str, Any] = {}
    origins: dict[str, str] = dict.fromkeys(KEYS, "default")
    for origin, where, layer in _layers(flags, environ, found):
        for name, value in layer.items():
            values[name] = _converted(
                name, value, where, folder if origin.startswith("file:") else Path.cwd()
            )
            origins[name] = origin
    if origins["library.path"] == "default":
        values["library.path"] = folder / LIBRARY_FOLDER
    _refuse_unknown_variables(environ, values)
    sources = declared(_read(found).get("sources", []), str(found), folder) if found else ()
    return Loaded(replace(_built(values), sources=sources), origins, found)


def find(start: Path | None = None) -> Path | None:
    """Return the `citewell.toml` in `start` (default: the working folder) or the nearest folder above it."""
    first = (start or Path.cwd()).absolute()
    return next((path for folder in (first, *first.parents) if (path := folder / FILE_NAME).is_file()), None)


def values_of(config: Config) -> dict[str, Any]:
    """Return each "section.key" with its value; paths are text."""
    pairs = {name: getattr(getattr(config, name.split(".")[0]), KEYS[name].name) for name in KEYS}
    return {name: str(value) if isinstance(value, Path) else value for name, value in pairs.items()}


def template(chosen: Mapping[str, Any] | None = None) -> str:
    """Return a `citewell.toml` that explains every setting; `chosen` ones are set, the rest commented out."""
    from json import dumps

    lines = ["# Citewell. What is commented out is the default; `citewell config` shows what is in force."]
    for section, kind in SECTIONS.items():
        lines += ["", f"[{section}]  # {(kind.__doc__ or '').strip().rstrip('.')}"]
        for key in fields(kind):
            name = f"{section}.{key.name}"
            value = (chosen or {}).get(name)
            shown = key.default if value is None else value
            text = dumps(str(shown or "") if isinstance(shown, Path | None) else shown, ensure_ascii=False)
            lines.append(f"{'# ' if value is None else ''}{key.name} = {text}  # {key.metadata['about']}")
    lines += [
        "",
        "# Places that documents come from by themselves: a [[sources]] table each, see docs/sources.md.",
    ]
    return "\n".join(lines) + "\n"


def _layers(
    flags: Mapping[str, Any], environ: Mapping[str, str], file: Path | None
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (origin, words for messages, values) with the weakest first."""
    if file is not None:
        yield f"file:{file}", str(file), _settings(file)
    variables = {name: variable_of(name) for name in KEYS}
    set_there = {name: environ[variable] for name, variable in variables.items() if variable in environ}
    yield "environment", "the environment", set_there
    given = {name: value for name, value in flags.items() if value is not None}
    for name in given:
        _known(name, "the flags")
    yield "flag", "the flags", given


def variable_of(name: str) -> str:
    """Return the environment variable of a "section.key"."""
    return f"CITEWELL_{name.replace('.', '_').upper()}"


def _read(file: Path) -> dict[str, Any]:
    """Return a file's tables as they are."""
    import tomllib

    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotFound(f"no configuration file {str(file)!r}: name another, or run citewell init") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"cannot read {str(file)!r}: {error}; check the file") from error
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{file} is not valid TOML: {error}; correct it there") from error


def _settings(file: Path) -> dict[str, Any]:
    """Return a file's settings by "section.key"."""
    values: dict[str, Any] = {}
    for section, keys in _read(file).items():
        if section == "sources":
            continue
        if section not in SECTIONS:
            raise BadInput(f"unknown section {section!r} in {file}{_near(section, SECTIONS)}")
        if not isinstance(keys, dict):
            raise BadInput(f"{section!r} in {file} is a section: write [{section}] and its keys under it")
        for key, value in keys.items():
            values[_known(f"{section}.{key}", str(file))] = value
    return values


def _known(name: str, where: str) -> str:
    if name in KEYS:
        return name
    section, _, key = name.partition(".")
    siblings = [field.name for field in fields(SECTIONS[section])] if section in SECTIONS else []
    hint = _near(key, siblings) if siblings else _near(section, SECTIONS)
    raise BadInput(f"unknown setting {name!r} in {where}{hint}")


def _near(word: str, words: Any) -> str:
    from difflib import get_close_matches

    near = get_close_matches(word, list(words), n=1, cutoff=0.55)
    return f"; did you mean {near[0]!r}?" if near else f"; known here: {', '.join(words)}"


def _refuse_unknown_variables(environ: Mapping[str, str], values: Mapping[str, Any]) -> None:
    """A typo in a variable must not be a silent default. Variables that hold keys may have any name."""
    secrets = {values.get(name, key.default) for name, key in KEYS.items() if key.metadata.get("variable")}
    known = {variable_of(name) for name in KEYS} | secrets
    for variable in sorted(environ.keys() - known):
        if variable.startswith(tuple(f"CITEWELL_{section.upper()}_" for section in SECTIONS)):
            raise BadInput(f"unknown environment variable {variable!r}{_near(variable, sorted(known))}")


def _converted(name: str, value: Any, where: str, folder: Path) -> Any:
    """Return `value` in the setting's type and inside its bounds; text is accepted for numbers."""
    rules, default = KEYS[name].metadata, KEYS[name].default
    if rules.get("path"):
        if value in rules.get("names", ()):
            return value
        if value == "" and default is None:
            return None
        if not isinstance(value, str | Path) or value == "":
            raise BadInput(f"{name} is {value!r} in {where}; it must be a path")
        return folder / Path(value).expanduser()
    if isinstance(default, bool):
        return _truth(name, value, where)
    if isinstance(default, int | float):
        return _number(name, value, where)
    if not isinstance(value, str):
        raise BadInput(f"{name} is {value!r} in {where}; it must be text")
    if value not in rules.get("choices", (value,)):
        raise BadInput(f"{name} is {value!r} in {where}; it must be one of {', '.join(rules['choices'])}")
    if rules.get("variable") and value != default and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", value):
        # The value is not repeated: it may be the secret itself, pasted by mistake.
        raise BadInput(
            f"{name} in {where} is not the name of an environment variable; put the name, not the key"
        )
    if rules.get("address") and SECRET.search(value):
        # Nor is this, for the same reason.
        section = name.split(".")[0]
        raise BadInput(
            f"{name} in {where} has a password or key in it; put that into an environment variable, and the "
            f"variable's name into {section}.{'password_env' if section == 'catalog' else 'key_env'}"
        )
    return value


def _truth(name: str, value: Any, where: str) -> bool:
    word = str(value).strip().lower()
    found = {**dict.fromkeys(TRUE, True), **dict.fromkeys(FALSE, False)}.get(word)
    if found is None:
        raise BadInput(f"{name} is {value!r} in {where}; it must be true or false")
    return found


def _number(name: str, value: Any, where: str) -> int | float:
    rules = KEYS[name].metadata
    kind: type[int] | type[float] = int if isinstance(KEYS[name].default, int) else float
    words = "a whole number" if kind is int else "a number"
    try:
        number: int | float = kind(value)
        wrong = isinstance(value, bool) or number != number or (kind is int and float(value) != number)
    except (TypeError, ValueError, OverflowError):
        wrong, number = True, 0
    if wrong or not rules.get("least", number) <= number <= rules.get("most", number):
        bounds = f" from {rules['least']}" + (f" to {rules['most']}" if "most" in rules else " up")
        raise BadInput(f"{name} is {value!r} in {where}; it must be {words}{bounds}")
    return number


def _built(values: Mapping[str, Any]) -> Config:
    sections = {
        section: kind(**{k.name: values[n] for k in fields(kind) if (n := f"{section}.{k.name}") in values})
        for section, kind in SECTIONS.items()
    }
    return Config(**sections)
