"""Every setting of the host, read once: from options, FIRSTBYTE_* variables, config.toml in the home, or its default.

A setting is one dataclass field, its help the string beneath it (`settings.sections`, and each room's own section);
`render_reference` makes docs/settings.md of the same fields.
"""

import ast
import dataclasses
import difflib
import inspect
import itertools
import os
import tomllib
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from firstbyte.settings.sections import DEFAULT_HOME, Settings, SettingsError

ENVIRONMENT_PREFIX = "FIRSTBYTE_"
CONFIG_FILE = "config.toml"

_TRUE = ("1", "true", "yes", "on")
_FALSE = ("0", "false", "no", "off")


@dataclass(frozen=True, slots=True)
class Setting:
    """One key: where it goes and what may be written about it."""

    key: str
    section: str
    type: Any
    default: Any

    @property
    def variable(self) -> str:
        """The environment variable of the setting."""
        return ENVIRONMENT_PREFIX + self.key.upper()


def load_settings(options: Mapping[str, Any] | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """Read every setting; `options` are those given on the command line, where None counts as not given.

    Raises SettingsError for a key that does not exist, naming the nearest one that does, and for an impossible value.
    """
    known = {setting.key: setting for setting in list_settings()}
    given = {key: value for key, value in (options or {}).items() if value is not None}
    variables = _read_environment(os.environ if environment is None else environment)
    _refuse_unknown(given, known, "option --{}", dashed=True)
    _refuse_unknown(variables, known, ENVIRONMENT_PREFIX + "{}", upper=True)
    home = _convert(known["home"], given.get("home", variables.get("home", DEFAULT_HOME)))
    written = _read_config(home / CONFIG_FILE)
    _refuse_unknown(written, known, "key {} of " + str(home / CONFIG_FILE))
    return _compose({**written, **variables, **given, "home": home}, known)


def list_settings() -> Iterator[Setting]:
    """Give every setting in the order of the sections, leaving out the folders that follow from the home."""
    for section in dataclasses.fields(Settings):
        kind = _section_type(section.name)
        hints = typing.get_type_hints(kind)
        for field in dataclasses.fields(kind):
            if field.name not in _FOLDERS:
                yield Setting(field.name, section.name, hints[field.name], _default(field))


def read_environment() -> Mapping[str, str]:
    """Give this process's environment, for those who start processes: it is read here and nowhere else.

    Relative entries of PYTHONPATH are made absolute, since what is started runs in another folder.
    """
    environment = dict(os.environ)
    if entries := environment.get("PYTHONPATH"):
        environment["PYTHONPATH"] = os.pathsep.join(str(Path(entry).absolute()) for entry in entries.split(os.pathsep))
    return types.MappingProxyType(environment)


def render_reference() -> str:
    """Write docs/settings.md."""
    helps = {
        section.name: _read_attribute_docstrings(_section_type(section.name))
        for section in dataclasses.fields(Settings)
    }
    rows = [
        f"| `{setting.key}` | `{setting.variable}` | {_show(setting.default)} | {helps[setting.section][setting.key]} |"
        for setting in list_settings()
    ]
    return "\n".join([_REFERENCE_HEAD, *rows, ""])


_REFERENCE_HEAD = """# Settings

Made from the fields of the settings by `firstbyte.settings.render_reference`; a test checks that this page is current.

A setting is taken from the command line where `firstbyte up` has an option for it, else from the environment
(`FIRSTBYTE_MAX_BODY_BYTES=1000`), else from `config.toml` in the home (`max_body_bytes = 1000`), else its default
holds. A key that does not exist is an error. `AWS_ENDPOINT_URL_S3` in the host's environment is a `s3_endpoint_url`.

| key | environment variable | default | what it is |
|---|---|---|---|"""

_FOLDERS: Mapping[str, str] = types.MappingProxyType({"instances_dir": "instances"})
"""Fields of rooms' sections that follow from the home, and the folder in it."""


def _read_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    aws = {"s3_endpoint_url": url} if (url := environment.get("AWS_ENDPOINT_URL_S3")) else {}
    return aws | {
        name.removeprefix(ENVIRONMENT_PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(ENVIRONMENT_PREFIX)
    }


def _read_config(file: Path) -> dict[str, Any]:
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} cannot be read: {error}") from error
    try:
        written = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file} is not TOML: {error}") from error
    if "home" in written:
        raise SettingsError(f"{file} cannot say where the home is, since it lies in it; set {ENVIRONMENT_PREFIX}HOME")
    return written


def _refuse_unknown(values: Mapping[str, Any], known: Mapping[str, Setting], wording: str, **style: bool) -> None:
    """Raise for the first key that is no setting. `wording` says where it stood; `style` how keys are written there."""

    def write(key: str) -> str:
        key = key.replace("_", "-") if style.get("dashed") else key
        return wording.format(key.upper() if style.get("upper") else key)

    for key in values:
        if key not in known:
            nearest = difflib.get_close_matches(key, known, n=1, cutoff=0.0)[0]
            raise SettingsError(f"{write(key)} is no setting; the nearest is {write(nearest)}")


def _compose(values: Mapping[str, Any], known: Mapping[str, Setting]) -> Settings:
    """Build the sections, each from the values of its own settings."""
    sections = {}
    for section in dataclasses.fields(Settings):
        kind = _section_type(section.name)
        own = {key: _convert(known[key], value) for key, value in values.items() if known[key].section == section.name}
        names = {field.name for field in dataclasses.fields(kind)}
        folders = {name: values["home"] / folder for name, folder in _FOLDERS.items() if name in names}
        sections[section.name] = kind(**own, **folders)
    return Settings(**sections)


def _convert(setting: Setting, value: Any) -> Any:
    """Make of `value`, a text or what TOML knows, one of the setting's type."""
    try:
        return _convert_to(setting.type, value)
    except (TypeError, ValueError) as error:
        raise SettingsError(f"{setting.key} cannot be {value!r}: {error}") from error


def _convert_to(kind: Any, value: Any) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        return (
            None
            if value in ("", None)
            else _convert_to(next(kind for kind in arguments if kind is not type(None)), value)
        )
    if origin is Literal:
        return _choose(value, arguments)
    if origin is not None and issubclass(origin, Mapping):
        return _read_mapping(value)
    if kind is bool:
        return _read_bool(value)
    if kind is Path:
        return Path(value).expanduser().absolute()
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError(f"expected {kind.__name__}")
    return kind(value)


def _choose(value: Any, choices: tuple[Any, ...]) -> Any:
    if value not in choices:
        raise ValueError("expected one of " + ", ".join(choices))
    return value


def _read_bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).lower() in _TRUE:
        return True
    if str(value).lower() in _FALSE:
        return False
    raise ValueError("expected true or false")


def _read_mapping(value: Any) -> Mapping[str, str]:
    """Read `a=b,c=d`, a list of `a=b`, or a table."""
    if isinstance(value, str):
        value = [pair for pair in value.split(",") if pair]
    if not isinstance(value, Mapping):
        pairs = [pair.partition("=") for pair in value]
        if any(not separator for _, separator, _ in pairs):
            raise ValueError("expected PATTERN=MODEL")
        value = {name.strip(): text.strip() for name, _, text in pairs}
    if not all(isinstance(text, str) for text in value.values()):
        raise TypeError("expected text on the right")
    return types.MappingProxyType(dict(value))


def _section_type(name: str) -> Any:
    return typing.get_type_hints(Settings)[name]


def _default(field: "dataclasses.Field[Any]") -> Any:
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()


def _read_attribute_docstrings(kind: type) -> dict[str, str]:
    """Give the string beneath each field of a class, "" where there is none."""
    body = ast.parse(inspect.getsource(kind)).body[0]
    assert isinstance(body, ast.ClassDef), "sections are classes"
    found = {field.name: "" for field in dataclasses.fields(kind)}
    for statement, following in itertools.pairwise(body.body):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            match following:
                case ast.Expr(ast.Constant(str(text))):
                    found[statement.target.id] = " ".join(text.split())
    return found


def _show(default: Any) -> str:
    if default is None or default == {}:
        return "none"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"
