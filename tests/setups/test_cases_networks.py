"""Networks of libraries, each as a user has it: one line of `seewhy new`, and the predictions of the network itself."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import nn
from torchvision.models import segmentation

from seewhy import open_study
from seewhy.checks.summary import write_summary
from seewhy.config.project import find_project
from seewhy.pipeline.forked_kernels import kernel_template
from seewhy.pipeline.pages import execute_page, page_fingerprint
from tests.measure.conftest import SMALL
from tests.setups.made_b import fit, picture, save_picture

NAMES = ["disc", "bar"]
LINE = "T.Compose([T.Resize((64, 64)), T.ToTensor(), T.Normalize([0.5] * 3, [0.5] * 3)])"
PROCESSOR = {
    "do_resize": True, "size": {"height": 64, "width": 64}, "resample": 2, "do_rescale": True,
    "rescale_factor": 1 / 255, "do_normalize": True, "image_mean": [0.5] * 3, "image_std": [0.5] * 3,
    "image_processor_type": "ViTImageProcessor",
}  # fmt: skip


def batch_of(pictures: list[np.ndarray]) -> torch.Tensor:
    return (torch.tensor(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255 - 0.5) / 0.5


def save_folder(root: Any) -> Any:
    """A small ViT that was trained, in a folder as `save_pretrained` leaves it."""
    transformers = pytest.importorskip("transformers", reason="pip install transformers: an extra")
    torch.manual_seed(0)
    labels = {"id2label": dict(enumerate(NAMES)), "label2id": {name: k for k, name in enumerate(NAMES)}}
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    config = transformers.ViTConfig(**sizes, image_size=64, patch_size=16, num_labels=2, **labels)
    net = transformers.ViTForImageClassification(config)
    images = batch_of([picture(2 * kind, 100 + n, (64, 64)) for n in range(12) for kind in range(2)])
    loss = lambda out, true: nn.functional.cross_entropy(out.logits, true)  # noqa: E731
    fit(net, images, torch.tensor([0, 1] * 12), 40, loss)
    net.save_pretrained(root / "vit")
    (root / "vit/preprocessor_config.json").write_text(json.dumps(PROCESSOR))
    return net


def test_a_whole_study_from_a_folder_of_save_pretrained_alone(project: Any, cli: Any) -> None:
    net = save_folder(project.root)
    for kind, name in enumerate(NAMES):
        for number in range(6):
            save_picture(project.root / f"photos/{name}/{name}-{number}.png", 2 * kind, number, (64, 64))
    for section, settings in (
        SMALL | {"audit": {"methods": ["gradcam"], "steps": 4, "depths": 2, "work": 300}}
    ).items():
        project.set(section, settings)
    for words in (("new", "mine", "--data", "photos", "--checkpoint", "vit", "--only"), ("predict", "mine")):
        code, said = cli(*words)
        assert code == 0, said
    found = pd.read_csv(project.root / "reports/mine/predictions.csv")
    pictures = [np.asarray(Image.open(project.root / image)) for image in found["image"]]
    with torch.no_grad():
        scores = net(batch_of(pictures)).logits.softmax(1).numpy()
    np.testing.assert_allclose(found[["score_disc", "score_bar"]], scores, atol=1e-4)
    assert found["label"].eq(found["predicted"]).all()
    study = open_study("mine")
    assert study.layer.endswith("1.layernorm_before")
    for words in (("explain", "mine"), ("measure", "mine")):
        code, said = cli(*words)
        assert code == 0, said
    opened = find_project()
    write_summary(opened, "mine")
    serving = {one.stem: one for one in opened.notebooks_for("mine")}
    with kernel_template():
        for stem in ("02_grad_cam", "03_cam_variants"):
            execute_page(opened, "mine", serving[stem], page_fingerprint(opened, "mine", stem))
            assert "finding" in (project.root / f"data/pages/mine/{stem}.ipynb").read_text()


SEGMENTATION = [  # with an auxiliary head or without
    ("lraspp_mobilenet_v3_large", False),
    ("deeplabv3_mobilenet_v3_large", False),
    ("deeplabv3_mobilenet_v3_large", True),
    ("fcn_resnet50", False),
]


@pytest.mark.parametrize(("name", "aux"), SEGMENTATION)
def test_segmentation_networks_of_torchvision(project: Any, cli: Any, name: str, aux: bool) -> None:
    torch.manual_seed(0)
    options = {"weights": None, "weights_backbone": None, "num_classes": 2} | ({"aux_loss": True} if aux else {})
    net = getattr(segmentation, name)(**options)
    pictures = []
    for number in range(4):
        pictures.append(picture(0, number, (64, 64)))
        for folder, content in (("images", pictures[-1]), ("masks", (pictures[-1][..., 1] < 90) * np.uint8(255))):
            (project.root / "seg" / folder).mkdir(parents=True, exist_ok=True)
            Image.fromarray(content).save(project.root / f"seg/{folder}/{number}.png")
    images = batch_of(pictures)
    masks = torch.tensor(np.stack([one[..., 1] < 90 for one in pictures])).long()
    fit(net, images, masks, 3, lambda out, true: nn.functional.cross_entropy(out["out"], true))
    torch.save(net.state_dict(), project.root / "net.pth")
    words = ["--data", "seg", "--classes", "ground,thing", "--checkpoint", "net.pth", "--transform", LINE, "--only"]
    for call in (("new", "seg", *words, "--architecture", f"torchvision:{name}"), ("predict", "seg")):
        code, said = cli(*call)
        assert code == 0, said
    found = pd.read_csv(project.root / "reports/seg/predictions.csv").set_index("image")["predicted_share"]
    with torch.no_grad():
        shares = net(images)["out"].argmax(1).float().mean((1, 2)).numpy()
    for number, share in enumerate(shares):
        assert found.get(f"seg/images/{number}.png", 0.0) == pytest.approx(share, abs=1e-4)
    study = open_study(model=net, images=images, masks=masks.numpy().astype(np.uint8), task="segmentation")
    said = dict(zip(study.predictions["image"], study.predictions["predicted_share"], strict=True))
    assert sorted(said.values()) == pytest.approx(sorted(share for share in shares if share), abs=1e-3)
    assert study.model(images).shape == (4, 2, 64, 64)
