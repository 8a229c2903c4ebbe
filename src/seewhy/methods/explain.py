"""The one public call: maps of any model for any batch; all CAMs and all targets from one forward pass."""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from seewhy.engine.evidence import Evidence, visit_evidence
from seewhy.engine.layers import calls_of, last_layer
from seewhy.engine.modules import RepeatedError, check_device_and_type, eval_mode, find_layer
from seewhy.engine.outputs import SeveralError, look_once, single_output
from seewhy.engine.recorded import with_hooks
from seewhy.engine.rerun import RERUNS, Heads
from seewhy.engine.targets import Score, Targets, check_scores, output_of, resolve_targets, two_sided
from seewhy.errors import SeewhyError, unknown_name
from seewhy.methods import (  # noqa: F401  (imported to register their methods)
    ablation,
    attention,
    gradients,
    guided,
    partition,
    perturbation,
    scorecam,
)
from seewhy.methods.call_forms import Transform, as_batch, layer_name, method_name, method_names, with_indices
from seewhy.methods.cam import CAMS, CLASS_FREE, PAPERS
from seewhy.methods.pixels import LAYERED, PIXELS, index_chunks
from seewhy.methods.shapley import BASELINES, additivity_errors

INPUT = "input"  # where the maps of a method are that looks at no layer
Options = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Explanation:
    """Raw, signed float32 maps by method name, n images and t targets: (n, t, h, w), of pixel methods (n, t, c, H, W).

    With several layers they are read as `result[method, layer]`; `layer` is then the list of them. It is "input" where
    no method looked at a layer. `provenance` has each method's paper and options, torch's version and, for methods that
    give SHAP values, how far these miss to add up ("additivity": mean and max, shares of the mean gain).
    """

    maps: dict[tuple[str, str], Float[Tensor, "n t ..."]]
    scores: Float[Tensor, "n t"]
    predictions: Int[Tensor, " n"] | None
    layer: str | list[str]
    provenance: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, key: str | tuple[str, str]) -> Float[Tensor, "n t ..."]:
        """The maps of a method (at the input or the only layer), or of a method at a layer."""
        key = (method_name(key[0]), key[1]) if isinstance(key, tuple) else method_name(key)
        pair = key if isinstance(key, tuple) else (key, INPUT)
        if pair not in self.maps and isinstance(key, str):
            if not isinstance(self.layer, str):
                raise SeewhyError(f"this explanation has several layers; read it as result['{key}', layer]")
            pair = (key, self.layer)
        if pair not in self.maps:
            found = pair if isinstance(key, tuple) else key
            raise unknown_name("map", found, dict.fromkeys(method for method, _ in self.maps), "explanation")
        return self.maps[pair]


def explain(
    model: nn.Module,
    images: Any,
    *,
    methods: str | Sequence[str],
    targets: Targets = None,
    layer: str | nn.Module | Sequence[str | nn.Module] | None = None,
    options: Options | None = None,
    classes: Sequence[str] | None = None,
    transform: Transform | None = None,
) -> Explanation:
    """Maps of `methods` for every image and target.

    `images`: floats (n, c, h, w) as the model takes them, one image without its batch, arrays, channels last, a list;
    with `transform`, the function that makes the model's input of an image, whatever that takes. `targets`: None (the
    predicted class), a class (its index, or its name in `classes`), one class an image, several an image, "all", or
    callables from output to (n,) scores; one output is two classes, 0 for minus its value. `layer`: a module, its
    dotted name, several of them, or None (the last one with a spatial output that the prediction depends on, looked
    for only where a method needs one); of one that is called more than once `name#2` is the second call, and `name` the
    sum of all. `options`: settings of a method by its name, {"rise": {"samples": 4000}}. Of several outputs one is
    taken (`provenance["output"]`). The model is left as it was found. Raises SeewhyError for an unknown method, option,
    layer or class and for targets that do not fit.
    """
    model = with_hooks(model)
    methods = method_names(methods)
    images = as_batch(images, model, transform)
    targets = with_indices(targets, classes)
    options = {method_name(name): given for name, given in (options or {}).items()}
    _check_request(model, images, methods)
    try:
        return _explain_output(model, images, methods, targets, layer, options)
    except (SeveralError, RepeatedError):  # what only few models do costs a pass more, once
        look_once(model, images)
        return _explain_output(model, images, methods, targets, layer, options)


def _explain_output(model: nn.Module, images: Tensor, *asked: Any) -> Explanation:
    with single_output(model) as choice:
        found = _explain_targets(model, images, *asked)
    if choice is not None and choice.key is not None:
        found.provenance["output"] = {"taken": choice.key, "others": list(choice.others)}
    return found


def _explain_targets(
    model: nn.Module,
    images: Float[Tensor, "n c h w"],
    methods: list[str],
    targets: Targets,
    layer: Any,
    options: Options,
) -> Explanation:
    settings = _method_settings(methods, options)
    cams, reruns = ([method for method in methods if method in known] for known in (CAMS, RERUNS))
    many = isinstance(layer, Sequence) and not isinstance(layer, str)
    wanted: list[Any] = list(layer) if many else [layer]  # type: ignore[arg-type]
    needed = layer is not None or cams or any(method in LAYERED for method in methods)
    asked = [_find_layer_name(model, images, one) for one in wanted] if needed else []
    places = calls_of(model, asked)
    layers = [place for name in asked for place in places[name]]
    heads = {name: Heads(model, images, name) for name in layers} if reruns else {}
    maps, output = (
        _cam_maps(model, images, cams, layers, targets) if cams else ({}, _model_output(model, images, heads))
    )
    scores = resolve_targets(targets, output)
    values = [score(output).float() for score in scores]
    check_scores(values, len(images))
    for method, given in settings.items():
        for place in layers if method in LAYERED else [INPUT]:
            look = heads[place] if method in RERUNS else None if place == INPUT else place
            maps[method, place] = _method_maps(method, model, images, scores, look, given)
    maps = _sum_calls(maps, places)
    gaps = {
        method: additivity_errors(method, model, images, scores, maps[method, INPUT], **given)
        for method, given in settings.items()
        if method in BASELINES
    }
    return Explanation(
        maps,
        torch.stack(values, 1),
        two_sided(output).argmax(1) if output.ndim == 2 else None,
        asked if many else asked[0] if asked else INPUT,
        {**_provenance_facts(methods, settings), "additivity": gaps},
    )


def _sum_calls(maps: dict[tuple[str, str], Tensor], places: Mapping[str, list[str]]) -> dict[tuple[str, str], Tensor]:
    """Maps of all calls of a layer as one: their sum."""
    found = dict(maps)
    for name, calls in places.items():
        for method in {method for method, place in maps if place in calls} if len(calls) > 1 else ():
            found[method, name] = torch.stack([found.pop((method, place)) for place in calls]).sum(0)
    return found


def _check_request(model: nn.Module, images: Tensor, methods: Sequence[str]) -> None:
    check_device_and_type(model, images)
    for method in methods:
        if method not in CAMS and method not in PIXELS:
            raise unknown_name("method", method, [*CAMS, *PIXELS])


def _method_settings(methods: Sequence[str], options: Options) -> dict[str, dict[str, Any]]:
    """The options of each method that has any: its defaults and, over them, what the caller gave."""
    settings = {}
    for method in methods:
        if method in PIXELS:
            written = inspect.signature(PIXELS[method]).parameters.values()
            chosen = [one for one in written if one.default is not one.empty and not one.name.startswith("_")]
            settings[method] = {one.name: one.default for one in chosen}
    for method, given in options.items():
        if method not in settings:
            raise unknown_name("method", method, settings, "options")
        for option in given:
            if option not in settings[method]:
                raise unknown_name("option", option, settings[method], f"method '{method}'")
        settings[method].update(given)
    return settings


def _provenance_facts(methods: Sequence[str], settings: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the maps rest on; a tensor among the options by its shape."""
    plain = {
        method: {name: list(value.shape) if isinstance(value, Tensor) else value for name, value in given.items()}
        for method, given in settings.items()
    }
    papers = {method: PAPERS[method] for method in methods}
    return {"methods": papers, "options": plain, "torch": torch.__version__}


def _cam_maps(
    model: nn.Module, images: Tensor, methods: list[str], layers: list[str], targets: Targets
) -> tuple[dict[tuple[str, str], Float[Tensor, "n t h w"]], Tensor]:
    """Maps of the CAMs at every layer, and the model's output, from one pass."""
    maps: dict[tuple[str, str], Tensor] = {}

    def keep_maps(layer: str, index: int, count: int, evidence: Evidence) -> None:
        for method in methods:
            if method in CLASS_FREE and index:
                maps[method, layer][:, index] = maps[method, layer][:, 0]
                continue
            found = CAMS[method](evidence).float()
            if not index:  # room for all targets in one piece: small tensors between gradients would scatter the heap
                maps[method, layer] = found.new_empty(len(found), count, *found.shape[1:])
            maps[method, layer][:, index] = found

    return maps, visit_evidence(model, images, layers, targets, keep_maps)


def _model_output(model: nn.Module, images: Tensor, heads: Mapping[str, Heads]) -> Tensor:
    """The model's output: from a pass that was made for something else, if there is one."""
    for seen in heads.values():
        return seen.output
    with eval_mode(model), torch.inference_mode(False), torch.no_grad():
        return torch.cat([output_of(model(images[list(part)].clone())) for part in index_chunks(len(images))])


def _method_maps(
    method: str, model: nn.Module, images: Tensor, scores: list[Score], look: Heads | str | None, given: dict[str, Any]
) -> Float[Tensor, "n t ..."]:
    """Maps of a method that asks the model itself, for every score: behind heads, at a layer or at the input."""
    if isinstance(look, Heads):
        return RERUNS[method](look, scores, **given).float()
    return PIXELS[method](model, images, scores, look, **given).float()


def _find_layer_name(model: nn.Module, images: Tensor, layer: str | nn.Module | None) -> str:
    if layer is None:
        return last_layer(model, images)
    if isinstance(layer, str):
        find_layer(model, layer_name(layer))
        return layer_name(layer)
    for name, module in model.named_modules():
        if module is layer:
            return name
    raise SeewhyError(f"the layer {type(layer).__name__} given to explain is not a module of this model")
