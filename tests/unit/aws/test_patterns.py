import re
import warnings

import pytest

from firstbyte.aws.patterns import compile_pattern, translate
from oracle import MODELS

SERVED = ["sagemaker", "sagemaker-runtime", "sts", "iam", "application-autoscaling", "logs", "ecr", "cloudwatch"]


@pytest.mark.parametrize(
    ("java", "yes", "no"),
    [
        (r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", ["a", "a-b", "a--b"], ["", "-a", "a-", "a_b", "a\n"]),
        (r"\d{12}", ["123456789012"], ["12345678901", "١٢٣٤٥٦٧٨٩٠١٢"]),
        (r"[\w-_]*", ["a-b_c", ""], ["é", "a b"]),
        (r"\p{ASCII}*", ["a\n~", ""], ["é"]),
        (r"\A\S[\p{Print}]*\z", ["a b", "x"], [" a", "a\tb", "aé", ""]),
        (r"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$", ["é ñ_1/2", "日本", "٣", ""], ["a;b", "a\nb"]),
        (r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+", ["a€!"], ["", " "]),
        (r"\P{Digit}+", ["abc"], ["a1"]),
        (r"\pL+", ["é"], ["1"]),
        (r"([a-z]*)${1,128}", ["abc"], ["A"]),
        (r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*", ["a😀\t", ""], ["\n", "\x00"]),
        (r"[a[b&&]+", ["a[b&"], ["c"]),
        (r"[]a]+", ["]a"], ["b"]),
        (r"[^]a]+", ["b"], ["]"]),
        (r"(?<name>a)(?<=a)(?<!b)c", ["ac"], ["bc"]),
        (r"(?!^[.-])^([a-zA-Z0-9-_.]+)", ["a.b"], [".a"]),
        (r"\[a\]\.\\", [r"[a].\ ".strip()], ["a"]),
    ],
)
def test_java_means_the_same_in_python(java: str, yes: list[str], no: list[str]) -> None:
    compiled = compile_pattern(java)
    assert compiled is not None
    assert [text for text in yes if not compiled.fullmatch(text)] == []
    assert [text for text in no if compiled.fullmatch(text)] == []


@pytest.mark.parametrize("service", SERVED)
def test_every_pattern_of_the_models_compiles_without_a_warning(service: str) -> None:
    model = MODELS.load(service)
    patterns = {model.shape_for(name).metadata.get("pattern", "") for name in model.shape_names}
    compile_pattern.cache_clear()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [pattern for pattern in patterns if compile_pattern(pattern) is None] == []


@pytest.mark.parametrize("java", [r"\p{InGreek}", r"[\P{L}]", r"(", r"[a"])
def test_what_python_cannot_express_constrains_nothing(java: str) -> None:
    assert compile_pattern(java) is None


def test_patterns_that_both_languages_share_stay_as_they_are() -> None:
    shared = r"arn:aws[a-z\-]*:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+"
    assert translate(shared) == shared
    assert re.fullmatch(translate(shared), "arn:aws:iam::123456789012:role/r", re.ASCII)
