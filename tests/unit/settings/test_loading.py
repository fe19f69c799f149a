"""Settings: where they come from, what wins, and what is refused."""

import re
from pathlib import Path
from typing import Any

import pytest

from firstbyte.settings import SettingsError, load_settings, render_reference
from scenarios.conftest import RunningHost


@pytest.fixture
def home(tmp_path: Path) -> Any:
    return tmp_path / "home"


def load(home: Path, options: Any = None, **environment: Any) -> Any:
    variables = {f"FIRSTBYTE_{name}": value for name, value in environment.items()}
    return load_settings(options, {"FIRSTBYTE_HOME": str(home), "PATH": "/bin", **variables})


def write_config(home: Path, text: str) -> None:
    home.mkdir()
    (home / "config.toml").write_text(text)


def test_defaults_hold_where_nothing_is_said(home: Path) -> None:
    settings = load(home)

    assert (settings.server.host, settings.server.port, settings.server.auth) == ("127.0.0.1", 8770, True)
    assert (settings.hosting.region, settings.hosting.account_id) == ("us-east-1", "123456789012")
    assert (
        settings.hosting.max_body_bytes,
        settings.hosting.invoke_timeout_s,
        settings.hosting.stream_timeout_s,
    ) == (25 * 1024 * 1024, 60, 480)


def test_options_win_over_the_environment_and_that_over_the_file(home: Path) -> None:
    write_config(home, 'port = 1\nregion = "eu-west-1"\naccount_id = "000000000001"\n')

    settings = load(home, {"port": 3}, PORT="2", REGION="us-west-2")

    assert settings.server.port == 3
    assert settings.hosting.region == "us-west-2"
    assert settings.hosting.account_id == "000000000001"


def test_the_address_of_another_s3_may_be_told_in_aws_s_own_way(home: Path) -> None:
    aws = {"AWS_ENDPOINT_URL_S3": "http://minio:9000"}
    assert load_settings({"home": home}, aws).models.s3_endpoint_url == "http://minio:9000"
    own = {**aws, "FIRSTBYTE_S3_ENDPOINT_URL": "http://ceph:9000"}
    assert load_settings({"home": home}, own).models.s3_endpoint_url == "http://ceph:9000"
    assert load_settings({"home": home}, {"AWS_ENDPOINT_URL_S3": ""}).models.s3_endpoint_url is None


def test_an_option_that_was_not_given_does_not_count(home: Path) -> None:
    assert load(home, {"port": None}, PORT="2").server.port == 2


def test_folders_follow_from_the_home(home: Path) -> None:
    settings = load(home)

    assert home / "instances" == settings.hosting.instances_dir
    assert home / "state.sqlite" == settings.state_file
    assert home / "objects" == settings.objects_dir


@pytest.mark.parametrize(
    ("options", "environment", "message"),
    [
        ({"prot": 1}, {}, "option --prot is no setting; the nearest is option --port"),
        ({}, {"REGOIN": "x"}, "FIRSTBYTE_REGOIN is no setting; the nearest is FIRSTBYTE_REGION"),
        ({"max_bodybytes": 1}, {}, "option --max-bodybytes is no setting; the nearest is option --max-body-bytes"),
    ],
)
def test_an_unknown_key_is_an_error_that_names_the_nearest(
    home: Path, options: Any, environment: Any, message: str
) -> None:
    with pytest.raises(SettingsError, match=f"^{re.escape(message)}$"):
        load(home, options, **environment)


def test_an_unknown_key_of_the_file_is_an_error_too(home: Path) -> None:
    write_config(home, "potr = 1\n")

    with pytest.raises(SettingsError, match=r"^key potr of .*config\.toml is no setting; the nearest is key port of"):
        load(home)


def test_the_file_cannot_move_the_home_it_lies_in(home: Path) -> None:
    write_config(home, 'home = "/elsewhere"\n')

    with pytest.raises(SettingsError, match="cannot say where the home is"):
        load(home)


def test_a_file_that_is_no_toml_is_an_error(home: Path) -> None:
    write_config(home, "port 1\n")

    with pytest.raises(SettingsError, match=r"config\.toml is not TOML"):
        load(home)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("PORT", "many"),
        ("PORT", "70000"),
        ("AUTH", "perhaps"),
        ("LOG_FORMAT", "xml"),
        ("STREAM_TIMEOUT_S", "soon"),
    ],
)
def test_an_impossible_value_is_an_error_that_names_the_setting(home: Path, key: str, value: str) -> None:
    with pytest.raises(SettingsError, match=key.lower()):
        load(home, **{key: value})


@pytest.mark.parametrize("text", ["0", "false", "No", "OFF"])
def test_switches_are_read_generously(home: Path, text: str) -> None:
    assert load(home, AUTH=text).server.auth is False


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.9.9.9"])
def test_signatures_may_go_unchecked_on_loopback(home: Path, host: RunningHost) -> None:
    assert load(home, {"auth": False, "host": host}).server.auth is False


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.1", "example.com", "::"])
def test_signatures_may_not_go_unchecked_elsewhere(home: Path, host: RunningHost) -> None:
    with pytest.raises(SettingsError, match="signatures must be checked when the host listens on"):
        load(home, {"auth": False, "host": host})


def test_the_reference_page_is_current() -> None:
    page = Path(__file__).parents[3] / "docs" / "settings.md"

    assert page.read_text(encoding="utf-8") == render_reference(), (
        "run: python -c 'import firstbyte.settings as s; print(s.render_reference(), end=\"\")' > docs/settings.md"
    )


def test_every_setting_says_what_it_is() -> None:
    rows = [line for line in render_reference().splitlines() if line.startswith("| `")]

    assert [row for row in rows if row.endswith("|  |")] == []


def test_a_home_that_is_a_file_is_refused(home: Path) -> None:
    home.write_text("not a folder")

    with pytest.raises(SettingsError, match="cannot be read"):
        load(home)
