"""The last step of a network that answers with probabilities: taken off, so that its scores are explained.

A sigmoid near 1 is exactly 1 in single precision and passes no gradient on: of the surest answers there would be no
map. The scores before it lead to the same probabilities, and have one.
"""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from seewhy.config.params import Output
from seewhy.engine.modules import eval_mode
from seewhy.engine.targets import output_of
from seewhy.errors import SeewhyError

MODULES: dict[Output, type[nn.Module]] = {"sigmoid": nn.Sigmoid, "softmax": nn.Softmax}
FUNCTIONS: dict[Output, set[Callable[..., Any]]] = {
    "sigmoid": {torch.sigmoid, Tensor.sigmoid, torch.special.expit},  # functional.sigmoid calls the second
    "softmax": {torch.softmax, Tensor.softmax, torch.special.softmax, nn.functional.softmax},
}


def class_probabilities(scores: Float[Tensor, "n classes"], ending: Output) -> Float[Tensor, "n classes"]:
    """What the network says of each class, 0 to 1, in double precision: with a sigmoid each class for itself."""
    return scores.double().sigmoid() if ending == "sigmoid" else scores.double().softmax(1)


def remove_known_activation(model: nn.Module, ending: Output, image: Float[Tensor, "1 c h w"], where: str) -> nn.Module:
    """`model` without its last step where it is a module of that kind; as it is where it ends in scores, or where what
    ends it is none of these and may be anything."""
    try:
        return remove_activation(model, ending, image, where)
    except SeewhyError:
        return model


def remove_activation(model: nn.Module, ending: Output, image: Float[Tensor, "1 c h w"], where: str) -> nn.Module:
    """`model` without the module or function of that kind whose output is its answer; as it is where it ends in scores
    already.

    Found by watching one pass. Raises SeewhyError where the answer lies between 0 and 1 and neither makes it.
    """
    made: dict[str, object] = {}
    handles = [
        module.register_forward_hook(lambda _module, _args, output, name=name: made.update({name: output}))
        for name, module in model.named_modules()
        if name and isinstance(module, MODULES[ending])
    ]
    recorded = CallRecorder(FUNCTIONS[ending])
    try:
        with eval_mode(model), torch.no_grad(), recorded:
            answer = output_of(model(image))
    finally:
        for handle in handles:
            handle.remove()
    last = next((name for name, output in made.items() if output is answer), None)
    if last is not None:
        model.set_submodule(last, nn.Identity())
    elif recorded.scores_of(answer) is not None:
        return_scores(model, ending)
    elif answer.min() >= 0 and answer.max() <= 1:
        raise SeewhyError(
            f"{where}: found '{ending}', but no nn.{MODULES[ending].__name__} or torch.{ending} makes the network's "
            "answer; allowed: a network that ends in one, or whose forward returns the scores before it"
        )
    return model


class CallRecorder(TorchFunctionMode):
    """Keeps the last call of some functions: what it was given and what it returned."""

    def __init__(self, functions: set[Callable[..., Any]]):
        super().__init__()
        self.functions = functions
        self.last: tuple[Any, Any] = (None, None)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = kwargs or {}
        result = func(*args, **given)
        if func in self.functions:
            self.last = (args[0] if args else given.get("input"), result)
        return result

    def scores_of(self, answer: object) -> Tensor | None:
        """What the answer was made of by the last call; None where that call did not make it."""
        given, result = self.last
        return given if result is answer else None


def return_scores(model: nn.Module, ending: Output) -> None:
    """From now on the model returns what its last sigmoid or softmax, a function in its `forward`, was given."""
    passes: list[CallRecorder] = []

    def begin_pass(_module: nn.Module, _args: Any) -> None:
        passes.append(CallRecorder(FUNCTIONS[ending]))
        passes[-1].__enter__()

    def end_pass(_module: nn.Module, _args: Any, output: Any) -> Any:
        recorded = passes.pop()
        recorded.__exit__(None, None, None)
        scores = recorded.scores_of(output)
        return output if scores is None else scores

    model.register_forward_pre_hook(begin_pass)
    model.register_forward_hook(end_pass, always_call=True)
