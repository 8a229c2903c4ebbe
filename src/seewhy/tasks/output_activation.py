"""The last step of a network that answers with probabilities: taken off, so that its scores are explained.

A sigmoid near 1 is exactly 1 in single precision and passes no gradient on: of the surest answers there would be no
map. The scores before it lead to the same probabilities, and have one.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from seewhy.config.params import Output
from seewhy.engine.modules import eval_mode
from seewhy.engine.targets import output_of
from seewhy.errors import SeewhyError

MODULES: dict[Output, type[nn.Module]] = {"sigmoid": nn.Sigmoid, "softmax": nn.Softmax}


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
    """`model` without the module of that kind whose output is its answer; as it is where it ends in scores already.

    Found by watching one pass. Raises SeewhyError where the answer lies between 0 and 1 and no such module makes it.
    """
    made: dict[str, object] = {}
    handles = [
        module.register_forward_hook(lambda _module, _args, output, name=name: made.update({name: output}))
        for name, module in model.named_modules()
        if name and isinstance(module, MODULES[ending])
    ]
    try:
        with eval_mode(model), torch.no_grad():
            answer = output_of(model(image))
    finally:
        for handle in handles:
            handle.remove()
    last = next((name for name, output in made.items() if output is answer), None)
    if last is not None:
        model.set_submodule(last, nn.Identity())
    elif answer.min() >= 0 and answer.max() <= 1:
        raise SeewhyError(
            f"{where}: found '{ending}', but no nn.{MODULES[ending].__name__} module makes the network's answer; "
            "allowed: a network that ends in one, or whose forward returns the scores before it"
        )
    return model
