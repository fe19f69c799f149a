"""TGI's generate request: what may stand in it, what is refused and in which order, and what it asks of the engine."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from firstbyte.containers.tgi.changes import ADAPTERS, LIMITS_FOLLOW_MODEL
from firstbyte.containers.tgi.decoding import Field, read_members
from firstbyte.containers.tgi.failures import ValidationFailed
from firstbyte.containers.tgi.grammars import read_grammar
from firstbyte.containers.tgi.options import Limits, TgiOptions
from firstbyte.containers.versions import Version
from firstbyte.engine.requests import GenerateRequest, Sampling
from firstbyte.engine.tokenizer import Tokenizer
from firstbyte.engine.watermark import Watermark

DEFAULT_NEW_TOKENS = 100

BODY_FIELDS = {
    "inputs": Field("string", default=..., is_nullable=False),
    "parameters": Field("any", is_nullable=False),
    "stream": Field("bool", default=False, is_nullable=False),
}
PARAMETER_FIELDS = {
    "best_of": Field("usize"),
    "temperature": Field("f32"),
    "repetition_penalty": Field("f32"),
    "frequency_penalty": Field("f32"),
    "top_k": Field("i32"),
    "top_p": Field("f32"),
    "typical_p": Field("f32"),
    "do_sample": Field("bool", default=False, is_nullable=False),
    "max_new_tokens": Field("u32"),
    "return_full_text": Field("bool"),
    "stop": Field("strings", default=(), is_nullable=False),
    "truncate": Field("usize"),
    "watermark": Field("bool", default=False, is_nullable=False),
    "details": Field("bool", default=False, is_nullable=False),
    "decoder_input_details": Field("bool", default=False, is_nullable=False),
    "seed": Field("u64"),
    "top_n_tokens": Field("u32"),
    "grammar": Field("grammar"),
    "adapter_id": Field("string"),
}


@dataclass(frozen=True, slots=True)
class Parameters:
    """`GenerateParameters`, each member as given."""

    best_of: int | None = None
    temperature: float | None = None
    repetition_penalty: float | None = None
    frequency_penalty: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    typical_p: float | None = None
    do_sample: bool = False
    max_new_tokens: int | None = None
    return_full_text: bool | None = None
    stop: tuple[str, ...] = ()
    truncate: int | None = None
    watermark: bool = False
    details: bool = False
    decoder_input_details: bool = False
    seed: int | None = None
    top_n_tokens: int | None = None
    grammar: Any = None
    adapter_id: str | None = None

    @property
    def is_sampling(self) -> bool:
        """As the router asks before the engine does: any warper that is given, even a neutral one, counts."""
        warpers = (self.temperature, self.top_k, self.top_p, self.typical_p)
        return self.do_sample or any(warper is not None for warper in warpers)


@dataclass(frozen=True, slots=True)
class GenerateBody:
    """A generate request of the right shape, its values not yet checked."""

    inputs: str
    parameters: Parameters
    stream: bool
    add_special_tokens: bool = True


@dataclass(frozen=True, slots=True)
class Bounds:
    """Everything that a request's values are checked against."""

    options: TgiOptions
    limits: Limits


def read_generate_body(value: Any, version: Version, type_name: str = "CompatGenerateRequest") -> GenerateBody:
    """Give the parsed JSON of a request its type. Without `parameters` the request samples, with them only if asked.

    `type_name` is what TGI calls the type on the request's route.

    Raises:
        ExtractionFailed: a member is missing or of another type.
    """
    body = read_members(value, BODY_FIELDS, type_name)
    default_new_tokens = DEFAULT_NEW_TOKENS if version < LIMITS_FOLLOW_MODEL else None
    if "parameters" not in value:
        return GenerateBody(
            body["inputs"], Parameters(do_sample=True, max_new_tokens=default_new_tokens), body["stream"]
        )
    members = read_members(body["parameters"], PARAMETER_FIELDS, "GenerateParameters", ("parameters",))
    if "max_new_tokens" not in body["parameters"]:
        members["max_new_tokens"] = default_new_tokens
    if version < ADAPTERS:
        members["adapter_id"] = None  # an unknown member, which serde ignores
    return GenerateBody(body["inputs"], Parameters(**members), body["stream"])


Check = tuple[Callable[[Parameters, Bounds], bool], str]
"""When it applies, and what TGI says: `{p}` are the parameters, `{o}` the options, `{n_stop}` a count."""

CHECKS: tuple[Check, ...] = (
    (lambda p, _: (p.best_of or 1) > 1 and not p.is_sampling, "you must use sampling when `best_of` is > 1"),
    (lambda p, _: p.temperature is not None and p.temperature <= 0, "`temperature` must be strictly positive"),
    (
        lambda p, _: p.repetition_penalty is not None and p.repetition_penalty <= 0,
        "`repetition_penalty` must be strictly positive",
    ),
    (
        lambda p, _: p.frequency_penalty is not None and not -2.0 <= p.frequency_penalty <= 2.0,
        "`frequency_penalty` must be >= -2.0 and <= 2.0",
    ),
    (lambda p, _: p.top_p is not None and not 0 < p.top_p < 1, "`top_p` must be > 0.0 and < 1.0"),
    (lambda p, _: p.typical_p is not None and not 0 < p.typical_p < 1, "`typical_p` must be > 0.0 and < 1.0"),
    (lambda p, _: p.top_k is not None and p.top_k <= 0, "`top_k` must be strictly positive"),
    (lambda p, _: p.max_new_tokens == 0, "`max_new_tokens` must be strictly positive"),
    (
        lambda p, b: len(p.stop) > b.options.max_stop_sequences,
        "`stop` supports up to {o.max_stop_sequences} stop sequences. Given: {n_stop}",
    ),
    (lambda p, _: (p.best_of or 1) > 1 and p.seed is not None, "`seed` must not be set when `best_of` > 1"),
    (
        lambda p, b: (p.top_n_tokens or 0) > b.options.max_top_n_tokens,
        "`top_n_tokens` must be >= 0 and <= {o.max_top_n_tokens}. Given: {p.top_n_tokens}",
    ),
)


def check_endpoint(parameters: Parameters, bounds: Bounds, *, is_streaming: bool) -> None:
    """Refuse what the route cannot do, before the values themselves are looked at.

    Raises:
        ValidationFailed: with TGI's message.
    """
    best_of, most = parameters.best_of, bounds.options.max_best_of
    if is_streaming:
        if best_of not in (None, 1):
            raise ValidationFailed("`best_of` != 1 is not supported when streaming tokens")
        if parameters.decoder_input_details:
            raise ValidationFailed("`decoder_input_details` == true is not supported when streaming tokens")
    elif best_of is not None and best_of > 1:
        if most == 1:
            raise ValidationFailed("`best_of` != 1 is not allowed for this endpoint")
        if best_of > most:
            raise ValidationFailed(f"`best_of` must be > 0 and <= {most}. Given: {best_of}")


def plan_generation(body: GenerateBody, bounds: Bounds, tokenizer: Tokenizer) -> tuple[GenerateRequest, ...]:
    """Check every value in TGI's order and say what the engine must do: one request, or `best_of` equal ones.

    Raises:
        ValidationFailed: with TGI's message.
    """
    parameters = body.parameters
    for applies, message in CHECKS:
        if applies(parameters, bounds):
            raise ValidationFailed(message.format(p=parameters, o=bounds.options, n_stop=len(parameters.stop)))
    prompt_ids = _tokenize(body, bounds.limits, tokenizer)
    max_new_tokens = _fit_new_tokens(len(prompt_ids), parameters.max_new_tokens, bounds.limits)
    grammar = read_grammar(parameters.grammar, is_supported=bounds.options.is_grammar_supported)
    _check_unsupported(parameters)
    request = GenerateRequest(
        prompt_ids=prompt_ids,
        max_new_tokens=max_new_tokens,
        sampling=_sampling(parameters, bounds.options.watermark),
        stop=parameters.stop,
        stop_anywhere=bounds.options.stops_anywhere,
        num_top_tokens=parameters.top_n_tokens or 0,
        prompt_logprobs=parameters.decoder_input_details,
        grammar=grammar,
    )
    return (request,) * max(1, parameters.best_of or 1)


def _tokenize(body: GenerateBody, limits: Limits, tokenizer: Tokenizer) -> tuple[int, ...]:
    if not body.inputs:
        raise ValidationFailed("`inputs` cannot be empty")
    truncate = body.parameters.truncate
    if truncate is not None and not 0 < truncate <= limits.max_input_tokens:
        raise ValidationFailed(
            f"`truncate` must be strictly positive and less than {limits.max_input_tokens}. Given: {truncate}"
        )
    ids = tokenizer.encode(body.inputs, add_special_tokens=body.add_special_tokens)
    return tuple(ids if truncate is None else ids[-truncate:])


def _fit_new_tokens(input_len: int, max_new_tokens: int | None, limits: Limits) -> int:
    total, max_input = limits.max_total_tokens, limits.max_input_tokens
    if max_new_tokens is None:
        max_new_tokens = max(0, total - input_len)
    if input_len + max_new_tokens > total:
        raise ValidationFailed(
            f"`inputs` tokens + `max_new_tokens` must be <= {total}. "
            f"Given: {input_len} `inputs` tokens and {max_new_tokens} `max_new_tokens`"
        )
    if input_len > max_input:
        raise ValidationFailed(f"`inputs` must have less than {max_input} tokens. Given: {input_len}")
    return max_new_tokens


def _check_unsupported(parameters: Parameters) -> None:
    # TGI serves the base model for an adapter that it has not loaded (its issue 2505), and no error says so. Here it
    # is refused, in the words that TGI has for a model without adapters.
    if parameters.adapter_id is not None:
        raise ValidationFailed("This model does not support adapter loading.")


def _sampling(parameters: Parameters, watermark: Watermark) -> Sampling:
    return Sampling(
        do_sample=parameters.do_sample,
        temperature=_or(parameters.temperature, 1.0),
        top_k=parameters.top_k or 0,
        top_p=_or(parameters.top_p, 1.0),
        typical_p=_or(parameters.typical_p, 1.0),
        repetition_penalty=_or(parameters.repetition_penalty, 1.0),
        frequency_penalty=_or(parameters.frequency_penalty, 0.0),
        seed=parameters.seed,
        watermark=watermark if parameters.watermark else None,
    )


def _or(value: float | None, neutral: float) -> float:
    return neutral if value is None else value
