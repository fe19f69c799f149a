from pathlib import Path

import pytest

from firstbyte.containers.errors import StartupFailed
from firstbyte.containers.lmi.secure_mode import CONTROLS, check_security


def secured(*controls: str) -> dict[str, str]:
    return {"SAGEMAKER_SECURE_MODE": "True", "SAGEMAKER_SECURITY_CONTROLS": ", ".join(controls)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("model.py", "requirements.txt", "deep/weights.bin"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "tokenizer_config.json").write_text('{"chat_template": "{{ messages }}"}')
    return tmp_path


@pytest.mark.parametrize(
    ("control", "found"),
    [
        ("DISALLOW_CUSTOM_INFERENCE_SCRIPTS", "model.py"),
        ("DISALLOW_TRUST_REMOTE_CODE", "option.trust_remote_code=true"),
        ("DISALLOW_PICKLE_FILES", "deep/weights.bin"),
        ("DISALLOW_CHAT_TEMPLATE", "the chat_template of tokenizer_config.json"),
        ("DISALLOW_REQUIREMENTS_TXT", "requirements.txt"),
    ],
)
def test_what_a_control_disallows(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, control: str, found: str
) -> None:
    properties = {"trust_remote_code": "true"}
    with pytest.raises(StartupFailed) as failure:
        check_security(secured(control), (folder,), properties)
    assert str(failure.value) == f"{control}: {found} is not allowed in secure mode"
    check_security(secured(control), (tmp_path_factory.mktemp("empty"),), {})
    check_security(secured(*(set(CONTROLS) - {control})), (), properties)


def test_entry_point_is_a_script_too(tmp_path: Path) -> None:
    control = secured("DISALLOW_CUSTOM_INFERENCE_SCRIPTS")
    with pytest.raises(StartupFailed, match=r"option\.entryPoint=mine\.py"):
        check_security(control, (tmp_path,), {"entryPoint": "mine.py"})
    check_security(control, (tmp_path,), {"entryPoint": "djl_python.huggingface"})


def test_template_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "chat_template.jinja").touch()
    with pytest.raises(StartupFailed, match=r"chat_template\.jinja"):
        check_security(secured("DISALLOW_CHAT_TEMPLATE"), (tmp_path,), {})


def test_nothing_is_checked_without_the_mode(folder: Path) -> None:
    check_security({"SAGEMAKER_SECURITY_CONTROLS": ",".join(CONTROLS)}, (folder,), {})
    check_security({"SAGEMAKER_SECURE_MODE": "true"}, (folder,), {})


def test_unknown_control_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StartupFailed, match="DISALLOW_ALL is none of DISALLOW_CUSTOM_INFERENCE_SCRIPTS"):
        check_security(secured("DISALLOW_ALL"), (tmp_path,), {})
